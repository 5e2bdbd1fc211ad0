//! `intake`: what is understood of a file, before anything is judged.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use accordant::diagnostic::{Diagnostic, Weight};
use accordant::intake::reading::Reading;
use accordant::pack::Pack;
use accordant::report::intake::{json, text};
use accordant::submission::Submission;
use accordant::workbook::own;

use super::{Common, Format, PLAIN, Status, batch, disk, pack, print, sources};

/// Show what is understood of a file before anything is judged; with --out, write it in the pack's own form
#[derive(Args)]
pub(super) struct Intake {
    /// Workbooks, exports, folders of tables
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write each submission in the pack's own form: into this folder, or into this workbook (.xlsx) when there is one
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl Intake {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("intake", &PLAIN)?;
        if let Some(out) = &self.out {
            disk::refuse_input(out, &self.files)?;
        }
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let (mut plans, mut wrong) = (Vec::new(), Vec::new());
        for path in &self.files {
            match sources::read_path(&pack, path) {
                Ok((mut of, mut told)) => {
                    plans.append(&mut of);
                    wrong.append(&mut told);
                }
                Err(error) => {
                    let path = path.display().to_string();
                    wrong.push(Diagnostic::fatal(path, format!("{error:#}")));
                }
            }
        }
        batch::tell(&wrong, &self.common);
        match self.common.format {
            Format::Json => print(&json(&pack.schema, &plans))?,
            _ => {
                let texts = plans.iter().map(|(s, r)| text(&pack.schema, s, r));
                print(&texts.collect::<Vec<_>>().join("\n"))?;
            }
        }
        if let Some(out) = &self.out {
            write(&pack, out, &plans)?;
        }
        Ok(status(&plans, &wrong))
    }
}

/// Nothing understood or something unreadable as a whole: 2; a cell that is wrong or missing: 1.
fn status(plans: &[(Submission, Reading)], wrong: &[Diagnostic]) -> Status {
    let told = plans.iter().flat_map(|(s, _)| &s.diagnostics);
    let worst = told.chain(wrong).map(|d| d.weight).max();
    let unknown = |(_, reading): &(Submission, Reading)| reading.parts.is_empty();
    match worst {
        _ if plans.is_empty() || plans.iter().any(unknown) => Status::CouldNotCheck,
        Some(Weight::Fatal) => Status::CouldNotCheck,
        Some(Weight::Error) => Status::Found,
        _ => Status::Clean,
    }
}

/// One submission into the folder or workbook itself, several into a folder each.
fn write(pack: &Pack, out: &Path, plans: &[(Submission, Reading)]) -> anyhow::Result<()> {
    let is_workbook = out
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
    match plans {
        [] => Ok(()),
        [(one, _)] if is_workbook => {
            let bytes = own::workbook(&pack.schema, one).context("cannot write the workbook")?;
            disk::write_whole(out, &bytes)
        }
        [(one, _)] => write_folder(pack, out, one),
        several if !is_workbook => {
            let names = disk::names(several.iter().map(|(s, _)| s.path.as_str()));
            for ((submission, _), name) in several.iter().zip(names) {
                write_folder(pack, &out.join(name), submission)?;
            }
            Ok(())
        }
        several => anyhow::bail!(
            "{} submissions do not go into one workbook: name a folder",
            several.len()
        ),
    }
}

fn write_folder(pack: &Pack, out: &Path, submission: &Submission) -> anyhow::Result<()> {
    // What another plan left there would become a part of this one.
    if std::fs::read_dir(out).is_ok_and(|mut files| files.next().is_some()) {
        anyhow::bail!("{} is not empty: name a new folder", out.display());
    }
    let files = own::folder(&pack.schema, submission);
    let files = files.iter().map(|file| (&*file.path, &*file.bytes));
    disk::write_folder(out, files)
}
