//! `trace`: which rules rest on which clause, and what a person with the official text must read.

use clap::Args;

use accordant::author;
use accordant::diagnostic::suggest;
use accordant::pack::Pack;
use accordant::report::trace;

use super::{Common, Format, Status, complain, pack, print};

/// Show which rules rest on which clause, with their cases, and why a clause has none.
#[derive(Args)]
pub(super) struct Trace {
    /// The key of a clause or another source, or the id or the code of a rule
    #[arg(value_name = "CLAUSE|RULE", conflicts_with = "verify")]
    name: Option<String>,
    /// List instead, as Markdown, what a person with the official text must read, and what each answer changes
    #[arg(long)]
    verify: bool,
    #[command(flatten)]
    common: Common,
}

impl Trace {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        if self.verify {
            let formats = [Format::Text, Format::Markdown];
            self.common.has_format("trace --verify", &formats)?;
        } else {
            let formats = [Format::Text, Format::Markdown, Format::Json];
            self.common.has_format("trace", &formats)?;
        }
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let whole = author::trace::Trace::new(&pack);
        if self.verify {
            print(&trace::verify(&whole))?;
            return Ok(Status::Clean);
        }
        let Some(name) = &self.name else {
            return self.print(&whole, trace::text);
        };
        let Some(part) = whole.about(name) else {
            complain(&unknown(&pack, name));
            return Ok(Status::CouldNotCheck);
        };
        self.print(&part, |part| trace::one(part, name))
    }

    fn print<'p>(
        &self,
        of: &author::trace::Trace<'p>,
        text: impl Fn(&author::trace::Trace<'p>) -> String,
    ) -> anyhow::Result<Status> {
        print(&match self.common.format {
            Format::Json => trace::json(of),
            Format::Markdown => trace::markdown(of),
            _ => text(of),
        })?;
        Ok(Status::Clean)
    }
}

fn unknown(pack: &Pack, name: &str) -> String {
    let keys = pack.sources.iter().map(|s| s.key.as_str());
    let ids = pack.rules.iter().map(|r| r.id.as_str());
    let help = suggest(name, keys.chain(ids));
    format!("error: there is no clause and no rule `{name}`; {help}")
}
