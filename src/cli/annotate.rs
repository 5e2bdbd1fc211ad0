//! `check --annotate`: the workbook that was checked, written anew with what was found at its cells.

use std::path::{Path, PathBuf};

use anyhow::Context;

use accordant::batch::BatchReview;
use accordant::read::limits::FOREIGN;
use accordant::read::sha256;
use accordant::workbook::annotate::annotate;

use super::{Common, complain, disk};

/// Refuses what has no annotated copy, before anything is checked.
pub(super) fn refuse(out: &Path, submissions: &[PathBuf]) -> anyhow::Result<()> {
    let [only] = submissions else {
        anyhow::bail!(
            "`--annotate` writes one workbook, and {} submissions are named: check one at a time",
            submissions.len()
        );
    };
    let ending = ending(only);
    if only.is_dir() || !matches!(ending.as_str(), "xlsx" | "xlsm") {
        let what = match ending.as_str() {
            _ if only.is_dir() => "a folder".to_owned(),
            "" => "no workbook".to_owned(),
            ending => format!("a .{ending} file"),
        };
        let instead = match ending.as_str() {
            "ods" | "xls" | "xlsb" if !only.is_dir() => "save it as .xlsx and check that",
            _ => "`accordant intake SUBMISSION --out plan.xlsx` makes a workbook of it",
        };
        anyhow::bail!(
            "`--annotate` copies a workbook of Excel (.xlsx, .xlsm), and {} is {what}: {instead}",
            only.display()
        );
    }
    if self::ending(out) != ending {
        anyhow::bail!(
            "`--annotate` writes a copy of {}, which ends in .{ending}: {} must end so too",
            only.display(),
            out.display()
        );
    }
    disk::refuse_input(out, submissions)
}

fn ending(path: &Path) -> String {
    let ending = path.extension().unwrap_or_default();
    ending.to_string_lossy().to_ascii_lowercase()
}

/// Writes the copy of what was checked.
pub(super) fn write(
    out: &Path,
    submission: &Path,
    batch: &BatchReview,
    common: &Common,
) -> anyhow::Result<()> {
    let not_written = || format!("{} was not written", out.display());
    let review = match batch.reviews.as_slice() {
        [only] => only,
        reviews => anyhow::bail!(
            "{}: {} holds {} submissions, and a copy shows what was found in one",
            not_written(),
            submission.display(),
            reviews.len()
        ),
    };
    let bytes = disk::read(submission, FOREIGN.file).with_context(not_written)?;
    let known = review.inputs.iter().find_map(|input| input.sha256.as_ref());
    if known.is_some_and(|known| *known != sha256(&bytes)) {
        anyhow::bail!(
            "{}: {} was changed while it was checked: check it again",
            not_written(),
            submission.display()
        );
    }
    let copy = annotate(&bytes, review, &batch.diagnostics).with_context(not_written)?;
    disk::write_whole(out, &copy.bytes)?;
    if !common.quiet {
        let notices = copy.notices.iter();
        notices.for_each(|notice| complain(&format!("{}: {notice}", out.display())));
    }
    Ok(())
}
