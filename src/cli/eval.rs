//! `eval`: the value of an expression, in FEEL's notation.

use std::path::PathBuf;

use clap::Args;

use accordant::batch::identify;
use accordant::diagnostic::Weight;
use accordant::expr;
use accordant::pack::InForce;
use accordant::report::mistake;
use accordant::submission::Submission;
use accordant::value::feel;

use super::{Common, Format, Status, one, pack, print, show};

/// Evaluate an expression, over a submission if one is given.
#[derive(Args)]
pub(super) struct Eval {
    /// A folder with plan.toml and CSV tables, or a workbook; of statewide tables their folder and the plan: `all/1630011-2027`
    submission: Option<PathBuf>,
    /// The expression
    #[arg(last = true, required = true)]
    expression: String,
    #[command(flatten)]
    common: Common,
}

impl Eval {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("eval", &[Format::Text])?;
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let scope = pack.scope();
        let checked = expr::check(&self.expression, &scope);
        let expression = match checked {
            Ok((expression, _)) => expression,
            Err(faults) => {
                show(&mistake::faults(
                    &self.expression,
                    &faults,
                    self.common.colour_err(),
                ));
                return Ok(Status::CouldNotCheck);
            }
        };
        let submission = match &self.submission {
            None => Submission::empty(&pack.schema, "", str::to_owned),
            Some(path) => {
                let one = one::read(&self.common, &pack, path)?;
                let fatal = one.diagnostics.iter().find(|d| d.weight == Weight::Fatal);
                if let Some(fatal) = fatal {
                    anyhow::bail!("{}: {}", fatal.place, fatal.message);
                }
                one
            }
        };
        let year = identify(&pack, &submission)
            .year
            .or(self.common.year)
            .unwrap_or(pack.years.1);
        let in_force = InForce::new(&pack, year);
        print(&format!(
            "{}\n",
            feel(&in_force.evaluate(&expression, &submission))
        ))?;
        Ok(Status::Clean)
    }
}
