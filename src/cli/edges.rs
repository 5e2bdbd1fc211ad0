//! `edges`: cases at the edges of a rule's comparisons, to be read and pasted into its file.

use clap::Args;

use accordant::author::edges;
use accordant::diagnostic::suggest;
use accordant::pack::Rule;
use accordant::report::edges as report;

use super::{Common, Format, Status, complain, pack, print};

/// Print cases at, under and over the edge of each comparison of a rule, solved from its test.
#[derive(Args)]
pub(super) struct Edges {
    /// The rule
    #[arg(value_name = "RULE")]
    rule: String,
    #[command(flatten)]
    common: Common,
}

impl Edges {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("edges", &[Format::Text])?;
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let by_code = |rule: &&Rule| rule.code.eq_ignore_ascii_case(&self.rule);
        let found = pack
            .rule(&self.rule)
            .or_else(|| pack.rules.iter().find(by_code));
        let Some(rule) = found else {
            let help = suggest(&self.rule, pack.rules.iter().map(|r| r.id.as_str()));
            complain(&format!("error: there is no rule `{}`; {help}", self.rule));
            return Ok(Status::CouldNotCheck);
        };
        print(&report::text(rule, &edges::of(&pack, rule)))?;
        Ok(Status::Clean)
    }
}
