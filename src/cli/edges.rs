//! `edges`: cases at the edges of a rule's comparisons, to be read and pasted into its file.

use clap::Args;

use accordant::author::edges;
use accordant::diagnostic::suggest;
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
        let Some(rule) = pack.rule(&self.rule) else {
            let help = suggest(&self.rule, pack.rules.iter().map(|r| r.id.as_str()));
            complain(&format!("error: there is no rule `{}`; {help}", self.rule));
            return Ok(Status::CouldNotCheck);
        };
        print(&report::text(rule, &edges::of(&pack, rule)))?;
        Ok(Status::Clean)
    }
}
