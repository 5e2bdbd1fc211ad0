//! Approved submissions from before: `--prior` and `--approved`. They are told by their own folders, so that no place is that
//! of two files.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use anyhow::bail;

use accordant::batch::{BatchReview, Reviewer};
use accordant::diagnostic::Diagnostic;
use accordant::memory::decisions::Decisions;
use accordant::memory::prior::{self, Shelf};
use accordant::memory::record::{Basis, Earlier};
use accordant::neutral::clean;
use accordant::pack::Pack;
use accordant::submission::Submission;
use accordant::value::Date;

use super::memory::{self, Memory};
use super::{Common, batch, sources};

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

/// The same, where what was decided is asked for beside it alone.
#[derive(clap::Args)]
pub(super) struct Decided {
    #[command(flatten)]
    args: Args,
    /// What was decided on plans, as `decide` writes it, or an archive: the conditions of last year's approval stand for those that are
    /// left out
    #[arg(long, value_name = "FILE", requires = "prior")]
    decisions: Option<PathBuf>,
}

impl Decided {
    /// What is remembered, with what was decided.
    pub(super) fn remember(&self, pack: &Pack, memory: Memory) -> anyhow::Result<Memory> {
        Ok(match &self.decisions {
            Some(path) => memory.with_decisions(pack, vec![memory::read_decisions(pack, path)?]),
            None => memory,
        })
    }

    pub(super) fn read<'p>(
        &self,
        common: &Common,
        pack: &'p Pack,
        memory: &'p Memory,
    ) -> anyhow::Result<Before<'p>> {
        let before = self.args.read(common, pack)?;
        Ok(before.with_decisions(memory.decisions()))
    }
}

/// They, read.
pub(super) struct Before<'p> {
    shelves: prior::Before<'p>,
    diagnostics: Vec<Diagnostic>,
    /// What a record holds of them.
    pub(super) prior: Option<Earlier>,
    pub(super) approved: Option<Earlier>,
}

impl Args {
    pub(super) fn read<'p>(&self, common: &Common, pack: &'p Pack) -> anyhow::Result<Before<'p>> {
        self.read_as(common, pack, [None, None])
    }

    /// The same, where each is called by the name that a record has for it.
    pub(super) fn read_again<'p>(
        &self,
        common: &Common,
        pack: &'p Pack,
        basis: &Basis,
    ) -> anyhow::Result<Before<'p>> {
        let given = [&self.prior, &self.approved];
        let recorded = [&basis.prior, &basis.approved];
        for ((option, given), recorded) in ["prior", "approved"].iter().zip(given).zip(recorded) {
            match (given, recorded) {
                (None, Some(of)) => bail!(
                    "the review rests on `--{option} {}`: give it again with `--{option}`",
                    clean(&of.name)
                ),
                (Some(_), None) => bail!("the review rests on no `--{option}`: leave it out"),
                _ => {}
            }
        }
        let names = recorded.map(|of| of.as_ref().map(|of| of.name.as_str()));
        self.read_as(common, pack, names)
    }

    fn read_as<'p>(
        &self,
        common: &Common,
        pack: &'p Pack,
        names: [Option<&str>; 2],
    ) -> anyhow::Result<Before<'p>> {
        let mut diagnostics = Vec::new();
        let mut shelf = |option: &str, path: Option<&Path>, name: Option<&str>, has: bool| {
            let Some(path) = path else {
                return Ok((None, None));
            };
            if !has {
                bail!(
                    "the pack `{}` does not say what to take from `--{option}`: its pack.toml has no `[{option}.TABLE]`",
                    clean(&pack.id)
                );
            }
            let name = name.map_or_else(|| path.display().to_string(), str::to_owned);
            let (shelf, told) = read_shelf(common, pack, path, &name)?;
            diagnostics.extend(told);
            let inputs = memory::inputs(&[path.to_owned()])?;
            Ok((Some(shelf), Some(Earlier { name, inputs })))
        };
        let links = &pack.links;
        let has_prior = !(links.prior.is_empty() && links.conditions.is_empty());
        let [as_prior, as_approved] = names;
        let (prior, of_prior) = shelf("prior", self.prior.as_deref(), as_prior, has_prior)?;
        let has_approved = !links.approved.is_empty();
        let (approved, of_approved) = shelf(
            "approved",
            self.approved.as_deref(),
            as_approved,
            has_approved,
        )?;
        Ok(Before {
            shelves: prior::Before::new(pack, prior, approved),
            diagnostics,
            prior: of_prior,
            approved: of_approved,
        })
    }
}

fn read_shelf(
    common: &Common,
    pack: &Pack,
    path: &Path,
    name: &str,
) -> anyhow::Result<(Shelf, Vec<Diagnostic>)> {
    let paths = [path.to_owned()];
    let gathered = sources::gather(common, pack, &paths, Submission::clone)?;
    let plans = gathered.made.into_iter();
    let plans: Vec<Submission> = plans
        .map(|plan| called(path, Path::new(name), plan))
        .collect();
    if plans.is_empty() {
        batch::tell(&gathered.diagnostics, common);
        bail!(
            "{} holds no {}",
            path.display(),
            clean(&pack.words.submission)
        );
    }
    let (shelf, mut told) = Shelf::new(pack, name, plans);
    told.extend(gathered.diagnostics);
    Ok((shelf, told))
}

impl<'p> Before<'p> {
    /// With what was decided by a day on the submissions of the year before.
    pub(super) fn with_decisions(mut self, decided: Option<(&'p Decisions, Date)>) -> Self {
        self.shelves = self.shelves.with_decisions(decided);
        self
    }

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
        let mut gathered = sources::gather(common, pack, paths, enter)?;
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
    called(arg, arg, plan)
}

/// The same, where the path is called by another name.
fn called(arg: &Path, name: &Path, plan: Submission) -> Submission {
    let inside = arg.is_dir() && arg.join(&plan.path).exists();
    let folder = if inside { Some(name) } else { name.parent() };
    let folder = folder.map(|folder| folder.to_string_lossy().replace('\\', "/"));
    let folder = folder.as_deref().unwrap_or_default().trim_end_matches('/');
    match folder {
        "" | "." => plan,
        folder => plan.under(folder),
    }
}
