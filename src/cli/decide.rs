//! `decide`: what a person decided on a plan, and the conditions that the next plan must account for.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use accordant::memory::decisions::{self, Condition, Decision, Decisions, Determination};
use accordant::memory::record;
use accordant::neutral::clean;
use accordant::review::Whose;
use accordant::value::{Date, Decimal};

use super::{Common, Format, Status, batch, complain, disk, memory, pack, print_bytes, verify};

/// Record what was decided on a plan; with --conditions, print the conditions for the next plan.
#[derive(Args)]
pub(super) struct Decide {
    /// The file of determinations; a row is added to it
    #[arg(long, required = true, value_name = "FILE.csv")]
    decisions: PathBuf,
    /// The record that was decided on
    #[arg(long, value_name = "FILE.json", required_unless_present = "conditions")]
    record: Option<PathBuf>,
    /// Whose plan: the district's name or code, or the plan's path
    #[arg(long, value_name = "NAME", required_unless_present = "conditions")]
    district: Option<String>,
    /// What was decided
    #[arg(long, required_unless_present = "conditions")]
    decision: Option<Say>,
    /// Who decided
    #[arg(long, value_name = "NAME", required_unless_present = "conditions")]
    by: Option<String>,
    /// When it was decided
    #[arg(long, value_name = "DATE", value_parser = memory::date, required_unless_present = "conditions")]
    on: Option<Date>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// A condition; each with its --due
    #[arg(long, value_name = "TEXT", conflicts_with = "conditions")]
    condition: Vec<String>,
    /// By when a condition must be met: one for each --condition, in their order
    #[arg(long, value_name = "DATE", value_parser = memory::date, requires = "condition")]
    due: Vec<Date>,
    /// Print the conditions of last year's determinations as the table `prior_conditions` of the plan for --year
    #[arg(long, requires = "year")]
    conditions: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum)]
enum Say {
    Approve,
    ApproveWithConditions,
    Return,
    NotApprove,
}

impl Say {
    fn decision(self) -> Decision {
        match self {
            Say::Approve => Decision::Approve,
            Say::ApproveWithConditions => Decision::ApproveWithConditions,
            Say::Return => Decision::Return,
            Say::NotApprove => Decision::NotApprove,
        }
    }
}

impl Decide {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("decide", &[Format::Text])?;
        let Some(pack) = pack::load_to_judge(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let bytes = if self.conditions {
            memory::read_file(&self.decisions)?.1
        } else {
            memory::read_or_none(&self.decisions)?
        };
        let name = memory::name_of(&self.decisions);
        let file = (name.clone(), bytes);
        let known = Decisions::read(&pack, std::slice::from_ref(&file));
        batch::tell(&known.diagnostics, &self.common);
        if self.conditions {
            return self.print_conditions(&known);
        }
        let (whose, determination) = self.determination()?;
        let (_, bytes) = &file;
        let bytes = decisions::append(&pack, (&name, bytes), &whose, &determination);
        disk::write_whole(&self.decisions, &bytes.map_err(anyhow::Error::msg)?)?;
        for condition in known.replaced_by(&whose, &determination) {
            complain(&format!(
                "warning: the condition `{}` of the approval before is not repeated, and stands no longer: decide again with it if it does",
                clean(&condition.text)
            ));
        }
        if !self.common.quiet {
            let whose = whose.district.as_deref().unwrap_or(&whose.path);
            let words = determination.decision.words();
            complain(&format!(
                "recorded: {whose}: {words} by {}",
                determination.by
            ));
        }
        Ok(Status::Clean)
    }

    fn print_conditions(&self, known: &Decisions) -> anyhow::Result<Status> {
        let Some(next) = self.common.year else {
            bail!("say for which plan with --year");
        };
        let code = self.district.as_ref().map(|name| known.code_of(name));
        let code = code.map(|code| code.context("no determination is on a plan of that district"));
        let code = code.transpose()?;
        let found = known.conditions(next - 1, code.as_deref());
        let keys = code.is_none().then_some(next);
        print_bytes(&decisions::prior_conditions(&found, keys))?;
        Ok(Status::Clean)
    }

    /// The plan of the record, and what the arguments say of it.
    fn determination(&self) -> anyhow::Result<(Whose, Determination)> {
        let (Some(path), Some(name), Some(decision), Some(by), Some(on)) = (
            &self.record,
            &self.district,
            self.decision,
            &self.by,
            self.on,
        ) else {
            bail!("a determination needs --record, --district, --decision, --by and --on");
        };
        let decision = decision.decision();
        let read = record::read(&verify::text_of(path)?).map_err(anyhow::Error::msg);
        let read = read.with_context(|| format!("{} cannot be decided on", path.display()))?;
        if !read.is_intact {
            bail!("the record was altered after it was written: nothing can be decided on it");
        }
        if self.condition.len() != self.due.len() {
            bail!("each --condition has a --due, in the same order");
        }
        if (decision == Decision::ApproveWithConditions) == self.condition.is_empty() {
            bail!(
                "conditions go with `approve-with-conditions`, and with nothing else: --condition TEXT --due DATE"
            );
        }
        let whose = read
            .whose(name)
            .with_context(|| format!("the record has no plan of `{name}`"))?;
        let conditions = self.condition.iter().zip(&self.due);
        let conditions = conditions.map(|(text, due)| Condition {
            text: text.clone(),
            due_on: Some(*due),
            at: None,
        });
        let determination = Determination {
            decision,
            revision: whose
                .revision
                .as_ref()
                .and_then(|r| r.parse::<Decimal>().ok()),
            by: by.clone(),
            on,
            reason: self.reason.clone(),
            record: Some(read.digest.clone()),
            conditions: conditions.collect(),
        };
        Ok((whose, determination))
    }
}
