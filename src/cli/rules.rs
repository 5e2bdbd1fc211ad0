//! `rules`: those in force, or one in full.

use clap::Args;

use accordant::diagnostic::suggest;
use accordant::pack::{InForce, Pack};
use accordant::report::{missing, rules};

use super::{Common, Format, PLAIN, Status, complain, pack, print};

/// List the rules in force, or show one in full: its sources, its test, its cases, its history.
#[derive(Args)]
pub(super) struct Rules {
    /// The id or the code of a rule
    #[arg(conflicts_with = "missing")]
    rule: Option<String>,
    /// List what the fiscal year still lacks instead, who owes it, and how to supply it
    #[arg(long)]
    missing: bool,
    #[command(flatten)]
    common: Common,
}

impl Rules {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("rules", &PLAIN)?;
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        if let Some(wanted) = &self.rule {
            let found: Vec<_> = pack
                .rules
                .iter()
                .filter(|r| r.id == *wanted || r.code.eq_ignore_ascii_case(wanted))
                .collect();
            if found.is_empty() {
                let help = suggest(wanted, pack.rules.iter().map(|r| r.id.as_str()));
                complain(&format!("error: there is no rule `{wanted}`; {help}"));
                return Ok(Status::CouldNotCheck);
            }
            let text = match self.common.format {
                Format::Json => rules::json(&pack, found.into_iter()),
                _ => found
                    .into_iter()
                    .map(|r| rules::one(&pack, r))
                    .collect::<Vec<_>>()
                    .join("\n"),
            };
            print(&text)?;
            return Ok(Status::Clean);
        }
        let year = self.common.year.unwrap_or(pack.years.1);
        if self.missing {
            return self.print_missing(&pack, year);
        }
        if !pack.covers(year) {
            complain(&format!("error: {}", pack.why_not_covered(year)));
            return Ok(Status::CouldNotCheck);
        }
        let in_force = InForce::new(&pack, year);
        print(&match self.common.format {
            Format::Json => rules::json(&pack, in_force.rules.iter().map(|c| c.rule)),
            _ => rules::list(&in_force),
        })?;
        Ok(Status::Clean)
    }

    fn print_missing(&self, pack: &Pack, year: i64) -> anyhow::Result<Status> {
        let lacking = pack.lacking(year);
        print(&match self.common.format {
            Format::Json => missing::json(pack, &lacking),
            _ => missing::text(pack, &lacking),
        })?;
        Ok(if lacking.is_empty() {
            Status::Clean
        } else {
            Status::Found
        })
    }
}
