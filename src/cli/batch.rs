//! `check` and `review`: submissions in, reports out.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use accordant::batch::{BatchReview, Options, Reviewer};
use accordant::diagnostic::{Diagnostic, Weight};
use accordant::intake::reading::Reading;
use accordant::pack::{Pack, Severity};
use accordant::read::{self, File, Source};
use accordant::report::json;
use accordant::report::text::Text;
use accordant::review;
use accordant::submission::Submission;
use accordant::table::Rows;

use super::{Common, Format, PLAIN, Status, complain, disk, pack, print};

/// Check one's own plan before submitting it: every mistake, where it is, what to do.
#[derive(Args)]
pub(super) struct Check {
    /// A folder with plan.toml and CSV tables, a workbook, or an export in a known form
    #[arg(required = true, value_name = "SUBMISSION")]
    submissions: Vec<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Review a batch of plans: one table, and a report for each with --out.
#[derive(Args)]
pub(super) struct Review {
    /// A folder of submissions as mail leaves it, or of statewide tables
    #[arg(required = true, value_name = "BATCH")]
    batches: Vec<PathBuf>,
    /// Write a report for each submission into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("check", &PLAIN)?;
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let options = Options {
            for_districts: true,
            expects_all: false,
            year: self.common.year,
        };
        let batch = review_paths(&self.common, &pack, &self.submissions, options)?;
        if batch.reviews.is_empty() {
            no_submission(&pack, &batch);
        }
        match self.common.format {
            Format::Json => print(&json::write(&batch))?,
            _ => {
                let text = Text {
                    colour: self.common.colour_out(),
                    currency: &batch.pack.currency,
                    office: batch.pack.office.as_ref(),
                };
                tell(&batch.diagnostics, &self.common);
                let reports: Vec<String> = batch.reviews.iter().map(|r| text.review(r)).collect();
                print(&reports.join("\n"))?;
            }
        }
        Ok(status(&batch))
    }
}

impl Review {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("review", &PLAIN)?;
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let options = Options {
            for_districts: false,
            expects_all: true,
            year: self.common.year,
        };
        let batch = review_paths(&self.common, &pack, &self.batches, options)?;
        if batch.reviews.is_empty() {
            no_submission(&pack, &batch);
        }
        match self.common.format {
            Format::Json => print(&json::write(&batch))?,
            _ => {
                tell(&batch.diagnostics, &self.common);
                let fatal = batch.reviews.iter().flat_map(|r| &r.diagnostics);
                fatal
                    .filter(|d| d.weight == Weight::Fatal)
                    .for_each(complain_of);
                let text = Text {
                    colour: self.common.colour_out(),
                    currency: &batch.pack.currency,
                    office: batch.pack.office.as_ref(),
                };
                print(&text.batch(&batch))?;
            }
        }
        if let Some(out) = &self.out {
            write_reports(out, &batch, self.common.format)?;
        }
        Ok(status(&batch))
    }
}

/// Nothing was found to check: say so, and what would be.
fn no_submission(pack: &Pack, batch: &BatchReview) {
    let tables: Vec<String> = pack
        .schema
        .submission_tables()
        .iter()
        .filter(|t| t.required)
        .map(|t| format!("{}.csv", t.name))
        .collect();
    complain(&format!(
        "error: no submission was found there: one is a folder with plan.toml and tables ({}), a workbook (.xlsx, .ods), or an \
         export in a known form",
        tables.join(", ")
    ));
    for (path, why) in &batch.not_read {
        complain(&format!("  not read: {path}: {why}"));
    }
}

/// Where one source of a run stands.
struct Found<'a> {
    tree: &'a disk::Tree,
    source: Source,
}

/// Reads and reviews everything that the paths hold.
pub(super) fn review_paths(
    common: &Common,
    pack: &Pack,
    paths: &[PathBuf],
    options: Options,
) -> anyhow::Result<BatchReview> {
    let (mut found, mut not_read, mut diagnostics) = (Vec::new(), Vec::new(), Vec::new());
    let mut trees = Vec::new();
    for path in paths {
        match tree_of(path) {
            Ok(tree) => trees.push(tree),
            // One bad path never stops the others.
            Err(error) if paths.len() > 1 => {
                diagnostics.push(Diagnostic::fatal(
                    path.display().to_string(),
                    format!("{error:#}"),
                ));
            }
            Err(error) => return Err(error),
        }
    }
    for tree in &trees {
        let bytes = |path: &str| tree.read(path).ok();
        let is_form = |path: &str, bytes: &[u8]| pack.forms().knows_text(path, bytes);
        let batch = read::sort_batch(&pack.schema, &tree.name, &tree.paths, &bytes, &is_form);
        not_read.extend(
            batch
                .not_read
                .into_iter()
                .map(|n| (n.path, n.why.to_owned())),
        );
        not_read.extend(tree.not_read.iter().cloned());
        diagnostics.extend(
            tree.closed
                .iter()
                .map(|(path, why)| Diagnostic::fatal(path, why)),
        );
        found.extend(
            batch
                .submissions
                .into_iter()
                .map(|source| Found { tree, source }),
        );
    }
    let bar = progress(common, found.len());
    let problems = std::sync::Mutex::new(Vec::new());
    let reviewer = Reviewer::new(pack, options);
    let mut batch = reviewer.review_all(&found, |one: &Found<'_>| {
        let (plans, mut wrong) = read_source(pack, one);
        if !wrong.is_empty()
            && let Ok(mut all) = problems.lock()
        {
            all.append(&mut wrong);
        }
        bar.inc(1);
        plans
            .into_iter()
            .map(|(submission, _)| submission)
            .collect()
    });
    bar.finish_and_clear();
    diagnostics.extend(problems.into_inner().unwrap_or_default());
    diagnostics.append(&mut batch.diagnostics);
    diagnostics.sort_by(|a: &Diagnostic, b| (&a.place, &a.message).cmp(&(&b.place, &b.message)));
    let office = common
        .office
        .as_ref()
        .and_then(|o| std::fs::canonicalize(o).ok());
    not_read.retain(|(path, _)| {
        !trees
            .iter()
            .any(|tree| office.is_some() && tree.full(path) == office)
    });
    not_read.append(&mut batch.not_read);
    not_read.sort();
    batch.diagnostics = diagnostics;
    batch.not_read = not_read;
    Ok(batch)
}

fn tree_of(path: &Path) -> anyhow::Result<disk::Tree> {
    if path.is_dir() {
        return disk::Tree::of_folder(path);
    }
    disk::Tree::of_file(path)
}

/// A bar on a terminal; nothing elsewhere.
fn progress(common: &Common, n: usize) -> ProgressBar {
    if common.quiet || n < 2 || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(n).unwrap_or(0));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} plans") {
        bar.set_style(style);
    }
    bar
}

/// The submissions of one source, each with what was understood, and what is wrong with the source as a whole.
fn read_source(pack: &Pack, one: &Found<'_>) -> (Vec<(Submission, Reading)>, Vec<Diagnostic>) {
    let schema = &pack.schema;
    let mut wrong = Vec::new();
    let mut bytes = |path: &str| match one.tree.read(path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            wrong.push(Diagnostic::fatal(
                path,
                format!("the file cannot be read: {error}"),
            ));
            None
        }
    };
    let mut files_of = |paths: &[String]| -> Vec<File> {
        paths
            .iter()
            .filter_map(|p| {
                bytes(p).map(|bytes| File {
                    path: p.clone(),
                    bytes,
                })
            })
            .collect()
    };
    let own = |submission: Submission| {
        let reading = Reading::own(schema, &submission);
        (submission, reading)
    };
    match &one.source {
        Source::Folder { path, files } => {
            let found = files_of(files);
            let mut submission = read::read_folder(schema, path, &found);
            lose(pack, &mut submission, files, &found);
            submission.diagnostics.splice(0..0, wrong);
            (vec![own(submission)], Vec::new())
        }
        Source::Workbook { path } | Source::Export { path } => {
            let files = files_of(std::slice::from_ref(path));
            let bytes = files.first().map_or(&[][..], |f| &f.bytes);
            let forms = pack.forms();
            let taken = match &one.source {
                Source::Export { .. } => forms.read_text(path, bytes).unwrap_or_default(),
                _ => forms.read_workbook(path, bytes),
            };
            wrong.extend(taken.diagnostics);
            (taken.plans, wrong)
        }
        Source::Statewide { files } => {
            let files = files_of(files);
            let key = pack.forms().key;
            let (submissions, mut diagnostics) = read::read_statewide(schema, key, &files);
            diagnostics.append(&mut wrong);
            (submissions.into_iter().map(own).collect(), diagnostics)
        }
    }
}

/// Marks the tables whose files could not be read: they are not missing, and what rests on them is unknown.
fn lose(pack: &Pack, submission: &mut Submission, files: &[String], found: &[File]) {
    for path in files
        .iter()
        .filter(|p| !found.iter().any(|f| f.path == **p))
    {
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let Some(id) = pack.schema.find_table(stem) else {
            continue;
        };
        if let (Some(slot), Some(table)) =
            (submission.tables.get_mut(id), pack.schema.tables.get(id))
        {
            let place = format!("{}/{name}", submission.path);
            let missing = slot.layout.path().to_owned();
            submission.diagnostics.retain(|d| d.place != missing);
            *slot = Rows::lost(table, place);
        }
    }
}

/// The submissions that a path holds, each with what was understood; and what is wrong with the path as a whole.
pub(super) fn read_path(
    pack: &Pack,
    path: &Path,
) -> anyhow::Result<(Vec<(Submission, Reading)>, Vec<Diagnostic>)> {
    let tree = tree_of(path)?;
    let bytes = |path: &str| tree.read(path).ok();
    let is_form = |path: &str, bytes: &[u8]| pack.forms().knows_text(path, bytes);
    let batch = read::sort_batch(&pack.schema, &tree.name, &tree.paths, &bytes, &is_form);
    let (mut plans, mut wrong) = (Vec::new(), Vec::new());
    for source in batch.submissions {
        let tree = &tree;
        let (mut of, mut told) = read_source(pack, &Found { tree, source });
        plans.append(&mut of);
        wrong.append(&mut told);
    }
    let not_read = batch.not_read.into_iter();
    wrong.extend(not_read.map(|n| Diagnostic::notice(n.path, format!("not read: {}", n.why))));
    Ok((plans, wrong))
}

/// Tells what is wrong with the batch as a whole on standard error.
pub(super) fn tell(diagnostics: &[Diagnostic], common: &Common) {
    diagnostics
        .iter()
        .filter(|d| !common.quiet || d.weight > Weight::Notice)
        .for_each(complain_of);
}

fn complain_of(diagnostic: &Diagnostic) {
    complain(&format!("{}: {}", diagnostic.place, diagnostic.message));
}

/// One report a submission.
fn write_reports(out: &Path, batch: &BatchReview, format: Format) -> anyhow::Result<()> {
    std::fs::create_dir_all(out)
        .with_context(|| format!("cannot make the folder {}", out.display()))?;
    let stems = disk::names(batch.reviews.iter().map(|r| r.path.as_str()));
    for (review, stem) in batch.reviews.iter().zip(stems) {
        let (name, bytes) = match format {
            Format::Json => {
                let alone = BatchReview {
                    reviews: vec![review.clone()],
                    diagnostics: Vec::new(),
                    not_received: Vec::new(),
                    superseded: Vec::new(),
                    not_read: Vec::new(),
                    pack: batch.pack.clone(),
                };
                (format!("{stem}.json"), json::write(&alone))
            }
            _ => {
                let text = Text {
                    colour: false,
                    currency: &batch.pack.currency,
                    office: batch.pack.office.as_ref(),
                };
                (format!("{stem}.txt"), text.review(review))
            }
        };
        disk::write_whole(&out.join(name), bytes.as_bytes())?;
    }
    Ok(())
}

/// 2 when something could not be checked, 1 when something was found, 0 otherwise.
fn status(batch: &BatchReview) -> Status {
    let all = batch
        .reviews
        .iter()
        .flat_map(|r| &r.diagnostics)
        .chain(&batch.diagnostics);
    let worst = all.map(|d| d.weight).max();
    let unchecked = batch.reviews.is_empty()
        || batch
            .reviews
            .iter()
            .any(|r: &review::Review| r.recommendation.is_none());
    if unchecked || worst == Some(Weight::Fatal) {
        return Status::CouldNotCheck;
    }
    let found = batch.reviews.iter().filter_map(review::Review::worst).max() > Some(Severity::Note);
    if found || worst == Some(Weight::Error) {
        Status::Found
    } else {
        Status::Clean
    }
}
