//! `edges`: cases at the edges of a rule's comparisons, to be read and pasted into its file.

use clap::Args;

use accordant::author::edges;
use accordant::diagnostic::suggest;
use accordant::neutral::clean;
use accordant::pack::{Body, Pack, Rule};
use accordant::report::edges as report;

use super::{Common, Format, Status, complain, pack, print};

/// Print cases at, under and over the edge of each comparison of a rule, to be pasted into its file
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
        let year = self.common.year;
        if let Some(why) = year.and_then(|year| why_not_asked(&pack, rule, year)) {
            complain(&format!("error: {why}"));
            return Ok(Status::CouldNotCheck);
        }
        print(&report::text(rule, &edges::of(&pack, rule, year)))?;
        Ok(Status::Clean)
    }
}

/// Why a rule has no test in a year.
fn why_not_asked(pack: &Pack, rule: &Rule, year: i64) -> Option<String> {
    if !pack.covers(year) {
        return Some(pack.why_not_covered(year));
    }
    match rule.body_in(year) {
        Some(Body::Test(_)) => None,
        Some(Body::NotApplicable(why)) => Some(format!(
            "`{}` asks nothing in fiscal year {year}: {}",
            rule.id,
            clean(why)
        )),
        None => Some(format!(
            "`{}` is not in force in fiscal year {year}",
            rule.id
        )),
    }
}
