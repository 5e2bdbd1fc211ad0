//! `impact`: what a change of rules changes, submission by submission.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use accordant::author::impact::{self, Side, Unchanged};
use accordant::batch::{BatchReview, Options, Reviewer};
use accordant::diagnostic::Weight;
use accordant::neutral::clean;
use accordant::pack::{Pack, embedded_ids};
use accordant::read::limits::PACK;
use accordant::report::impact::{Acceptance, accepted, json, markdown, text};

use super::{Common, Format, Status, archive, batch, complain, disk, git, pack, print, sources};

/// Show what a change of rules changes: which recommendations, for which districts, because of which rule.
#[derive(Args)]
pub(super) struct Impact {
    /// The pack before: the id of one that is built in, a pack's folder, git:REV (the other's folder as of a commit) or
    /// git:REV:FOLDER
    #[arg(long, value_name = "PACK")]
    from: String,
    /// The pack after: the same forms
    #[arg(long, value_name = "PACK")]
    to: String,
    /// The office file of the pack before, where it has one of its own
    #[arg(long, value_name = "FILE|DIR")]
    from_office: Option<PathBuf>,
    /// The office file of the pack after, where it has one of its own
    #[arg(long, value_name = "FILE|DIR")]
    to_office: Option<PathBuf>,
    /// A difference that was accepted, as JSON: with exactly that the exit status is 0
    #[arg(long, value_name = "FILE", conflicts_with = "write_accept")]
    accept: Option<PathBuf>,
    /// Write the difference to be accepted; read it before you commit it
    #[arg(long, value_name = "FILE")]
    write_accept: Option<PathBuf>,
    /// A folder of submissions as mail leaves it, or of statewide tables; or an archive (.sqlite) that keeps its files
    #[arg(required = true, value_name = "BATCH")]
    batches: Vec<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl Impact {
    pub(super) fn run(mut self) -> anyhow::Result<Status> {
        let formats = [Format::Text, Format::Markdown, Format::Json];
        self.common.has_format("impact", &formats)?;
        let before = self.load(&self.from, &self.to, self.from_office.as_deref())?;
        let after = self.load(&self.to, &self.from, self.to_office.as_deref())?;
        let (Some(before), Some(after)) = (before, after) else {
            return Ok(Status::CouldNotCheck);
        };
        // The folders are gone when what holds them is.
        let (batches, _folders) = archive::unpacked(std::mem::take(&mut self.batches))?;
        self.batches = batches;
        let (from, to) = self.review(&before, &after)?;
        if from.reviews.is_empty() && to.reviews.is_empty() {
            batch::no_submission(&after, &to);
            return Ok(Status::CouldNotCheck);
        }
        let side = |pack, batch| Side { pack, batch };
        let impact = impact::Impact::new(side(&before, &from), side(&after, &to));
        let acceptance = self.acceptance(&impact)?;
        print(&match self.common.format {
            Format::Markdown => markdown(&impact, acceptance.as_ref()),
            Format::Json => json(&impact),
            _ => text(&impact),
        })?;
        if let Some(acceptance) = &acceptance {
            self.tell(acceptance);
        }
        let lost = [&from, &to]
            .into_iter()
            .flat_map(|batch| &batch.diagnostics);
        let mut lost: Vec<_> = lost
            .filter(|d| d.weight == Weight::Fatal)
            .cloned()
            .collect();
        lost.dedup();
        batch::tell(&lost, &self.common);
        if let Some(file) = &self.write_accept {
            disk::write_whole(file, json(&impact).as_bytes())?;
            complain(&format!("written: {}", file.display()));
            return Ok(Status::Clean);
        }
        Ok(status(&impact, acceptance.as_ref(), !lost.is_empty()))
    }

    /// Loads one of both packs, with its office file.
    fn load(&self, name: &str, other: &str, office: Option<&Path>) -> anyhow::Result<Option<Pack>> {
        let loaded = match name.strip_prefix("git:") {
            Some(at) => self.load_from_git(at, other)?,
            None => pack::load_pack(&self.common, name)?,
        };
        let Some(loaded) = loaded else {
            complain(&format!("error: the pack `{name}` was not loaded"));
            return Ok(None);
        };
        match office.or(self.common.office.as_deref()) {
            Some(office) => pack::lay_office(&self.common, loaded, office),
            None => Ok(Some(loaded)),
        }
    }

    fn load_from_git(&self, at: &str, other: &str) -> anyhow::Result<Option<Pack>> {
        let (name, files) = match at.split_once(':') {
            Some((rev, path)) => git::pack_at(rev, Path::new("."), Some(path))?,
            None if other.starts_with("git:") || embedded_ids().any(|id| id == other) => bail!(
                "`git:{}` does not say which folder, and the other pack is none: write `git:{}:FOLDER`",
                clean(at),
                clean(at)
            ),
            None => git::pack_at(at, Path::new(other), None)?,
        };
        Ok(pack::load_files(&self.common, &name, &files))
    }

    /// The batch as both packs review it; read once where both read it alike.
    fn review(&self, before: &Pack, after: &Pack) -> anyhow::Result<(BatchReview, BatchReview)> {
        let options = Options {
            expects_all: true,
            year: self.common.year,
            ..Options::default()
        };
        let from = Reviewer::new(before, options).noting_subjects();
        let to = Reviewer::new(after, options).noting_subjects();
        if !before.reads_as(after) {
            return Ok((self.review_by(before, &from)?, self.review_by(after, &to)?));
        }
        let unchanged = Unchanged::of(before, after);
        let both = |plan: &_| {
            let old = from.enter(plan);
            let new = to.enter_after(plan, unchanged.settled(&old.1));
            (old, new)
        };
        let mut read = sources::gather(&self.common, after, &self.batches, both)?;
        let (old, new): (Vec<_>, Vec<_>) = std::mem::take(&mut read.made).into_iter().unzip();
        let (old, new) = rayon::join(|| from.batch_of(old), || to.batch_of(new));
        Ok((read.tell_in(old), read.tell_in(new)))
    }

    fn review_by(&self, pack: &Pack, reviewer: &Reviewer<'_>) -> anyhow::Result<BatchReview> {
        let review = |plan: &_| reviewer.enter(plan);
        let mut read = sources::gather(&self.common, pack, &self.batches, review)?;
        let reviews = std::mem::take(&mut read.made);
        Ok(read.tell_in(reviewer.batch_of(reviews)))
    }

    /// How the difference agrees with the accepted one, if there is one.
    fn acceptance(&self, impact: &impact::Impact<'_>) -> anyhow::Result<Option<Acceptance>> {
        let Some(file) = &self.accept else {
            return Ok(None);
        };
        let shown = file.display();
        let bytes = disk::read(file, PACK).with_context(|| format!("cannot read {shown}"))?;
        let text = String::from_utf8_lossy(&bytes);
        match accepted(&text, &json(impact)) {
            Ok(acceptance) => Ok(Some(acceptance)),
            Err(why) => bail!("{shown} is no accepted difference: {why}"),
        }
    }

    /// Says whether what is there is what was accepted.
    fn tell(&self, acceptance: &Acceptance) {
        if acceptance.is_exact() {
            if !self.common.quiet {
                complain("this is exactly what was accepted");
            }
            return;
        }
        complain("this is not what was accepted:");
        let parts = [
            ("accepted, and no longer there", &acceptance.gone),
            ("new", &acceptance.new),
            ("otherwise than accepted", &acceptance.other),
        ];
        for (what, names) in parts {
            names
                .iter()
                .for_each(|name| complain(&format!("  {what}: {name}")));
        }
    }
}

/// 0 where nothing changed or exactly what was accepted, 2 where something could not be compared, 1 otherwise.
fn status(impact: &impact::Impact<'_>, acceptance: Option<&Acceptance>, lost: bool) -> Status {
    match acceptance {
        _ if lost => Status::CouldNotCheck,
        Some(acceptance) if acceptance.is_exact() => Status::Clean,
        _ if !impact.unchecked.is_empty() => Status::CouldNotCheck,
        Some(_) => Status::Found,
        None if impact.is_change() => Status::Found,
        None => Status::Clean,
    }
}
