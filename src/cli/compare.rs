//! `compare`: two submissions, held against each other.

use std::path::{Path, PathBuf};

use clap::Args;

use accordant::diagnostic::{Diagnostic, Weight};
use accordant::memory::compare::{Comparison, Side};
use accordant::pack::{Pack, Severity};
use accordant::report::compare::{html, json, markdown, text};
use accordant::review::Review;
use accordant::submission::Submission;

use super::{Common, Format, Status, batch, before, complain, one, pack, print};

/// Compare two submissions: what was added, dropped and changed, where money went, which findings are cured.
#[derive(Args)]
pub(super) struct Compare {
    /// The earlier submission: a folder with plan.toml and CSV tables, a workbook, or an export in a known form
    old: PathBuf,
    /// The later one: a revision, an amendment, a closeout, or the next year's
    new: PathBuf,
    #[command(flatten)]
    common: Common,
}

impl Compare {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        let formats = [Format::Text, Format::Markdown, Format::Json, Format::Html];
        self.common.has_format("compare", &formats)?;
        let Some(pack) = pack::load_to_judge(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let (old, new) = (self.read(&pack, &self.old), self.read(&pack, &self.new));
        let (Some(old), Some(new)) = (old, new) else {
            return Ok(Status::CouldNotCheck);
        };
        let reviewer = one::reviewer(&self.common, &pack);
        let (was, is) = (reviewer.review(&old), reviewer.review(&new));
        let comparison = Comparison::new(&pack, side(&old, &was), side(&new, &is));
        print(&match self.common.format {
            Format::Markdown => markdown(&comparison),
            Format::Json => json(&comparison),
            Format::Html => html(&comparison),
            _ => text(&comparison),
        })?;
        let lost = [&was, &is].map(|review| self.tell_lost(review));
        Ok(status(
            &is,
            was.recommendation.is_none() || lost.contains(&true),
        ))
    }

    /// The one submission that a path holds; why there is none is told, so that both paths are looked at.
    fn read(&self, pack: &Pack, path: &Path) -> Option<Submission> {
        match one::read(&self.common, pack, path) {
            Ok(plan) => Some(before::from_here(path, plan)),
            Err(error) => {
                complain(&format!("error: {error:#}"));
                None
            }
        }
    }

    /// Tells what of a submission could not be read at all; whether there is any.
    fn tell_lost(&self, review: &Review) -> bool {
        let lost = review.diagnostics.iter();
        let lost: Vec<Diagnostic> = lost
            .filter(|d| d.weight == Weight::Fatal)
            .cloned()
            .collect();
        batch::tell(&lost, &self.common);
        !lost.is_empty()
    }
}

fn side<'a>(plan: &'a Submission, review: &'a Review) -> Side<'a> {
    Side { plan, review }
}

/// 0 where nothing above a note is found in the later one, 2 where one of both was not read or judged, 1 otherwise.
fn status(new: &Review, lost: bool) -> Status {
    if lost || new.recommendation.is_none() {
        Status::CouldNotCheck
    } else if new.worst() > Some(Severity::Note) {
        Status::Found
    } else {
        Status::Clean
    }
}
