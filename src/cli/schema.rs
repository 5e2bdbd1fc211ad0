//! `schema`: JSON Schemas for editors and programs.

use clap::Args;

use accordant::diagnostic::suggest;
use accordant::report::schemas;

use super::{Status, complain, print};

/// Write the JSON Schema of a file of a pack or of a report, for editors and programs.
#[derive(Args)]
pub(super) struct Schema {
    /// The name of a schema; without it, all are listed
    name: Option<String>,
}

impl Schema {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        let Some(name) = self.name else {
            let lines = schemas::names().map(|(name, of)| format!("{name:<12} {of}\n"));
            print(&lines.collect::<String>())?;
            return Ok(Status::Clean);
        };
        let Some(schema) = schemas::schema(&name) else {
            let help = suggest(&name, schemas::names().map(|(name, _)| name));
            complain(&format!("error: there is no schema `{name}`; {help}"));
            return Ok(Status::CouldNotCheck);
        };
        print(&schema)?;
        Ok(Status::Clean)
    }
}
