//! Approved submissions from before: `--prior` and `--approved`. They are told by their own folders, so that no place is that
//! of two files.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::bail;

use accordant::batch::{BatchReview, Reviewer};
use accordant::diagnostic::Diagnostic;
use accordant::memory::prior::{self, Shelf};
use accordant::neutral::clean;
use accordant::pack::{Link, Pack};
use accordant::submission::Submission;

use super::{Common, batch};

/// The options that name them.
#[derive(clap::Args)]
pub(super) struct Args {
    /// What was approved for the year before: its figures stand for those that are left out, and what was typed otherwise is
    /// told
    #[arg(long, value_name = "FILE|DIR")]
    prior: Option<PathBuf>,
    /// What an amendment or a closeout changes, as it was approved for the same year
    #[arg(long, value_name = "FILE|DIR")]
    approved: Option<PathBuf>,
}

/// They, read.
pub(super) struct Before<'p> {
    shelves: prior::Before<'p>,
    diagnostics: Vec<Diagnostic>,
}

impl Args {
    /// Whether one of them is named.
    pub(super) fn is_any(&self) -> bool {
        self.prior.is_some() || self.approved.is_some()
    }

    pub(super) fn read<'p>(&self, common: &Common, pack: &'p Pack) -> anyhow::Result<Before<'p>> {
        let mut diagnostics = Vec::new();
        let mut shelf = |option: &str, path: Option<&Path>, links: &[Link]| {
            let Some(path) = path else { return Ok(None) };
            if links.is_empty() {
                bail!(
                    "the pack `{}` does not say what to take from `--{option}`: its pack.toml has no `[{option}.TABLE]`",
                    clean(&pack.id)
                );
            }
            let (shelf, told) = read_shelf(common, pack, path)?;
            diagnostics.extend(told);
            Ok(Some(shelf))
        };
        let prior = shelf("prior", self.prior.as_deref(), &pack.links.prior)?;
        let approved = shelf("approved", self.approved.as_deref(), &pack.links.approved)?;
        Ok(Before {
            shelves: prior::Before::new(pack, prior, approved),
            diagnostics,
        })
    }
}

fn read_shelf(
    common: &Common,
    pack: &Pack,
    path: &Path,
) -> anyhow::Result<(Shelf, Vec<Diagnostic>)> {
    let paths = [path.to_owned()];
    let gathered = batch::gather(common, pack, &paths, Submission::clone)?;
    let plans = gathered.made.into_iter();
    let plans: Vec<Submission> = plans.map(|plan| from_here(path, plan)).collect();
    if plans.is_empty() {
        batch::tell(&gathered.diagnostics, common);
        bail!(
            "{} holds no {}",
            path.display(),
            clean(&pack.words.submission)
        );
    }
    let name = path.display().to_string();
    let (shelf, mut told) = Shelf::new(pack, &name, plans);
    told.extend(gathered.diagnostics);
    Ok((shelf, told))
}

impl Before<'_> {
    /// A submission with what is known of it from before.
    pub(super) fn lay<'s>(&self, plan: &'s Submission) -> Cow<'s, Submission> {
        self.shelves.lay(plan)
    }

    /// Reads and reviews everything that the paths hold.
    pub(super) fn review(
        &self,
        common: &Common,
        pack: &Pack,
        paths: &[PathBuf],
        reviewer: &Reviewer<'_>,
    ) -> anyhow::Result<BatchReview> {
        let enter = |plan: &Submission| reviewer.enter(&self.lay(plan));
        let mut gathered = batch::gather(common, pack, paths, enter)?;
        let reviews = std::mem::take(&mut gathered.made);
        Ok(self.tell_in(gathered.tell_in(reviewer.batch_of(reviews))))
    }

    /// Tells in the review of a batch what was wrong with them.
    pub(super) fn tell_in<K>(&self, mut batch: BatchReview<K>) -> BatchReview<K> {
        batch.diagnostics.extend(self.diagnostics.iter().cloned());
        batch
    }
}

/// A submission whose places are those that lead to it from here, and not from its batch.
pub(super) fn from_here(arg: &Path, plan: Submission) -> Submission {
    let inside = arg.is_dir() && arg.join(&plan.path).exists();
    let folder = if inside { Some(arg) } else { arg.parent() };
    let folder = folder.map(|folder| folder.to_string_lossy().replace('\\', "/"));
    let folder = folder.as_deref().unwrap_or_default().trim_end_matches('/');
    match folder {
        "" | "." => plan,
        folder => plan.under(folder),
    }
}
