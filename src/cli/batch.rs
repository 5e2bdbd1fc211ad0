//! `check` and `review`: submissions in, reports out.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use accordant::batch::{BatchReview, Options, Reviewer, each};
use accordant::diagnostic::{Diagnostic, Weight};
use accordant::intake::reading::Reading;
use accordant::pack::{Pack, Severity};
use accordant::read::limits::{self, FOREIGN, SUBMISSION};
use accordant::read::{self, Batch, File, Source, Statewide};
use accordant::report::text::Text;
use accordant::report::{csv, github, html, json, junit, markdown, sarif, xlsx};
use accordant::review::SummaryTable;
use accordant::submission::Submission;
use accordant::table::Rows;

use super::annotate;
use super::aside::{Aside, Kept};
use super::before::{self, Before};
use super::memory::{Memory, Way};
use super::out;
use super::{
    Common, Format, Status, complain, disk, memory, pack, print, print_bytes, unless_gone,
};

/// The formats of `check` and `review`.
const FORMATS: [Format; 9] = [
    Format::Text,
    Format::Json,
    Format::Csv,
    Format::Markdown,
    Format::Html,
    Format::Xlsx,
    Format::Sarif,
    Format::Junit,
    Format::Github,
];

/// Check one's own submission before it is sent: every mistake, where it is, what to do.
#[derive(Args)]
pub(super) struct Check {
    /// A folder with plan.toml and CSV tables, a workbook, or an export in a known form
    #[arg(required = true, value_name = "SUBMISSION")]
    submissions: Vec<PathBuf>,
    /// Write a copy of the workbook, with what was found as comments and colours at its cells and a sheet that lists it
    #[arg(long, value_name = "OUT")]
    annotate: Option<PathBuf>,
    #[command(flatten)]
    before: before::Decided,
    /// Leave out working papers: rules for reviewers, questions of judgement, the recommendation
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    common: Common,
}

/// Review a batch of submissions: one table, and a report for each with --out.
#[derive(Args)]
pub(super) struct Review {
    /// A folder of submissions as mail leaves it, or of statewide tables
    #[arg(required = true, value_name = "BATCH")]
    batches: Vec<PathBuf>,
    /// Write everything that people open into this folder: pages, letters, a memo, a workbook; with another --format, that alone
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Leave out working papers: rules for reviewers, questions of judgement, the recommendation
    #[arg(long)]
    public: bool,
    #[command(flatten)]
    before: before::Args,
    #[command(flatten)]
    remembered: memory::Remembered,
    #[command(flatten)]
    common: Common,
}

impl Check {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("check", &FORMATS)?;
        if let Some(out) = &self.annotate {
            annotate::refuse(out, &self.submissions)?;
        }
        let Some(pack) = pack::load_to_judge(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let options = Options {
            for_districts: true,
            expects_all: false,
            year: self.common.year,
            draws_rows: self.common.format == Format::Html,
            public: self.public,
        };
        let memory = Memory::of(&pack, None, memory::as_of(&self.common)?);
        let memory = self.before.remember(&pack, memory)?;
        let before = self.before.read(&self.common, &pack, &memory)?;
        let mut reviewer = memory.reviewer(&pack, options);
        if matches!(self.common.format, Format::Text | Format::Html) {
            reviewer = reviewer.telling_repairs();
        }
        let batch = before.review(&self.common, &pack, &self.submissions, &reviewer)?;
        if batch.reviews.is_empty() {
            no_submission(&pack, &batch);
        }
        match self.common.format {
            Format::Markdown => print(&markdown::reviews(&batch))?,
            Format::Html => {
                let [only] = batch.reviews.as_slice() else {
                    anyhow::bail!(
                        "`--format html` shows one submission; `review --out DIR` writes the pages of many"
                    );
                };
                print(&html::alone(&batch, only))?;
            }
            Format::Text => {
                let text = Text {
                    colour: self.common.colour_out(),
                    currency: &batch.pack.currency,
                    office: batch.pack.office.as_ref(),
                };
                tell(&batch.diagnostics, &self.common);
                let reports: Vec<String> = batch.reviews.iter().map(|r| text.review(r)).collect();
                print(&reports.join("\n"))?;
            }
            format => print_for_programs(&batch, format)?,
        }
        if let (Some(out), [submission]) = (&self.annotate, &*self.submissions) {
            annotate::write(out, submission, &batch, &self.common)?;
        }
        Ok(status(&batch))
    }
}

impl Review {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("review", &FORMATS)?;
        if self.out.is_none() && self.common.format == Format::Html {
            anyhow::bail!("`--format html` writes many pages: say where with --out DIR");
        }
        for out in self.out.iter().chain(&self.remembered.record) {
            disk::refuse_input(out, &self.batches)?;
        }
        let Some(pack) = pack::load_to_judge(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let options = Options {
            for_districts: false,
            expects_all: true,
            year: self.common.year,
            draws_rows: self.out.is_some()
                && matches!(self.common.format, Format::Text | Format::Html),
            public: self.public,
        };
        let memory = self.remembered.load(&self.common, &pack)?;
        let keeps = self.remembered.record.is_some();
        let mut reviewer = memory.reviewer(&pack, options).keeping_history(keeps);
        if matches!(
            (self.common.format, &self.out),
            (Format::Text | Format::Html, Some(_))
        ) {
            reviewer = reviewer.telling_repairs();
        }
        let before = self.before.read(&self.common, &pack)?;
        let before = before.with_decisions(memory.decisions());
        let in_turn = matches!(
            (self.common.format, &self.out),
            (Format::Json | Format::Markdown, _) | (Format::Text, None)
        );
        let Some(record) = &self.remembered.record else {
            return if in_turn {
                self.run_in_turn(&pack, &reviewer, &before)
            } else {
                self.finish(&pack, &self.review_all(&pack, &reviewer, &before)?)
            };
        };
        let batch = self.review_all(&pack, &reviewer, &before)?;
        let by = Way {
            year: self.common.year,
            public: self.public,
            before: Some(&before),
        };
        let text = memory.record(&pack, &batch, &self.batches, &by)?;
        disk::write_whole(record, text.as_bytes())?;
        if !in_turn {
            return self.finish(&pack, &batch);
        }
        let aside = Aside::new(&pack, self.common.format, self.out.is_some());
        let kept: io::Result<Vec<_>> = batch.reviews.into_iter().map(|r| aside.keep(r)).collect();
        let batch = BatchReview {
            pack: batch.pack,
            diagnostics: batch.diagnostics,
            entries: batch.entries,
            reviews: kept.context(ASIDE)?,
            not_received: batch.not_received,
            superseded: batch.superseded,
            not_read: batch.not_read,
        };
        self.finish_in_turn(&pack, &aside, &batch)
    }

    fn review_all(
        &self,
        pack: &Pack,
        reviewer: &Reviewer<'_>,
        before: &Before<'_>,
    ) -> anyhow::Result<BatchReview> {
        before.review(&self.common, pack, &self.batches, reviewer)
    }

    /// Puts the report on each submission aside as soon as it is reviewed, and holds no review.
    fn run_in_turn(
        &self,
        pack: &Pack,
        reviewer: &Reviewer<'_>,
        before: &Before<'_>,
    ) -> anyhow::Result<Status> {
        let aside = Aside::new(pack, self.common.format, self.out.is_some());
        let mut gathered = gather(&self.common, pack, &self.batches, |plan| {
            let (entry, review) = reviewer.enter(&before.lay(plan));
            Ok((entry, aside.keep(review)?))
        })?;
        let kept: io::Result<Vec<_>> = std::mem::take(&mut gathered.made).into_iter().collect();
        let batch = before.tell_in(gathered.tell_in(reviewer.batch_of(kept.context(ASIDE)?)));
        self.finish_in_turn(pack, &aside, &batch)
    }

    /// Prints and writes what was put aside.
    fn finish_in_turn(
        &self,
        pack: &Pack,
        aside: &Aside,
        batch: &BatchReview<Kept>,
    ) -> anyhow::Result<Status> {
        // The tables of many would bury the table of them all: those stand in each one's own report.
        let tables = match batch.reviews.as_slice() {
            [only] => only.tables.as_slice(),
            _ => &[],
        };
        self.tell(pack, batch);
        match self.common.format {
            Format::Json => print_json(batch, |kept| aside.get(kept))?,
            Format::Markdown => print(&markdown::batch(batch, tables))?,
            _ => self.print_table(batch, tables)?,
        }
        if let Some(out) = &self.out {
            aside.write(out, batch, tables)?;
        }
        Ok(status(batch))
    }

    /// Reports that show submissions beside one another need all reviews.
    fn finish(&self, pack: &Pack, batch: &BatchReview) -> anyhow::Result<Status> {
        self.tell(pack, batch);
        match self.common.format {
            Format::Text | Format::Html => {
                let tables = match batch.reviews.as_slice() {
                    [only] => only.tables.as_slice(),
                    _ => &[],
                };
                self.print_table(batch, tables)?;
            }
            format => print_for_programs(batch, format)?,
        }
        if let Some(out) = &self.out {
            out::write(out, batch, self.common.format)?;
        }
        Ok(status(batch))
    }

    /// Tells on standard error what is wrong with the batch as a whole.
    fn tell<K>(&self, pack: &Pack, batch: &BatchReview<K>) {
        if batch.reviews.is_empty() {
            no_submission(pack, batch);
        }
        if matches!(self.common.format, Format::Text | Format::Html) {
            tell(&batch.diagnostics, &self.common);
            let fatal = batch.entries.iter().flat_map(|of| &of.fatal);
            fatal.for_each(complain_of);
        }
    }

    fn print_table<K>(
        &self,
        batch: &BatchReview<K>,
        tables: &[SummaryTable],
    ) -> anyhow::Result<()> {
        let text = Text {
            colour: self.common.colour_out(),
            currency: &batch.pack.currency,
            office: batch.pack.office.as_ref(),
        };
        print(&text.batch(batch, tables))
    }
}

/// Prints the report on a batch of any size, in a form for programs.
fn print_for_programs(batch: &BatchReview, format: Format) -> anyhow::Result<()> {
    match format {
        Format::Csv => print_bytes(&csv::batch(batch)),
        Format::Sarif => print(&sarif::batch(batch)),
        Format::Github => print(&github::batch(batch)),
        Format::Junit => print(&junit::batch(batch)),
        Format::Xlsx => print_bytes(&xlsx::batch(batch)?),
        _ => print_json(batch, |review| Ok(json::piece(review))),
    }
}

/// Prints the report on a batch of any size.
fn print_json<K>(
    batch: &BatchReview<K>,
    piece: impl FnMut(&K) -> io::Result<Vec<u8>>,
) -> anyhow::Result<()> {
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    unless_gone(json::write_to(batch, &mut out, piece).and_then(|()| out.flush()))
}

/// Nothing was found to check: say so, and what would be.
pub(super) fn no_submission<K>(pack: &Pack, batch: &BatchReview<K>) {
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

/// What one worker reads and reviews at once.
enum Work<'a> {
    One(Found<'a>),
    /// Some of the plans of statewide tables.
    Plans(&'a disk::Tree, &'a Statewide<'a>, Range<usize>),
    /// Plans that are told already.
    Told(Submission),
}

/// How many plans of statewide tables a worker takes at once: enough to be worth the opening of the tables, few enough that no
/// worker is left without.
fn together(plans: usize) -> usize {
    (plans / rayon::current_num_threads() / 8).clamp(1, 12)
}

impl<'a> Work<'a> {
    /// The plans of statewide tables, some at a time.
    fn of_tables(tree: &'a disk::Tree, tables: &'a Statewide<'a>) -> impl Iterator<Item = Self> {
        let together = together(tables.len());
        let starts = (0..tables.len()).step_by(together);
        let some = move |from: usize| from..tables.len().min(from + together);
        let plans = starts.map(move |from| Work::Plans(tree, tables, some(from)));
        plans.chain(tables.untold.iter().cloned().map(Work::Told))
    }

    /// How many submissions are known to be in it.
    fn len(&self) -> usize {
        match self {
            Work::Plans(_, _, plans) => plans.len(),
            Work::One(_) | Work::Told(_) => 1,
        }
    }

    /// Its submissions, and what is wrong with it as a whole.
    fn read(&self, pack: &Pack) -> (Box<dyn Iterator<Item = Submission> + '_>, Vec<Diagnostic>) {
        match self {
            Work::One(found) => {
                let (plans, wrong) = read_source(pack, found);
                let plans = plans.into_iter().map(|(submission, _)| submission);
                (Box::new(plans), wrong)
            }
            Work::Plans(tree, tables, plans) => {
                let plans = tables.read(plans.clone(), |path| tree.open(path));
                (Box::new(plans), Vec::new())
            }
            Work::Told(plan) => (Box::new(std::iter::once(plan.clone())), Vec::new()),
        }
    }
}

/// What was made of everything that the paths hold, and what was wrong with them as a whole.
pub(super) struct Gathered<T> {
    /// What was made of each submission.
    pub(super) made: Vec<T>,
    pub(super) diagnostics: Vec<Diagnostic>,
    not_read: Vec<(String, String)>,
}

impl<T> Gathered<T> {
    /// Tells in the review of the batch what was wrong with it as a whole.
    pub(super) fn tell_in<K>(&self, mut batch: BatchReview<K>) -> BatchReview<K> {
        batch.diagnostics.extend(self.diagnostics.iter().cloned());
        let by_place =
            |a: &Diagnostic, b: &Diagnostic| (&a.place, &a.message).cmp(&(&b.place, &b.message));
        batch.diagnostics.sort_by(by_place);
        batch.not_read.extend(self.not_read.iter().cloned());
        batch.not_read.sort();
        batch
    }
}

/// Reads and reviews everything that the paths hold.
pub(super) fn review_paths(
    common: &Common,
    pack: &Pack,
    paths: &[PathBuf],
    options: Options,
) -> anyhow::Result<BatchReview> {
    review_watched(common, pack, paths, options, |_| {})
}

/// The same, with a look at each submission.
pub(super) fn review_watched(
    common: &Common,
    pack: &Pack,
    paths: &[PathBuf],
    options: Options,
    watch: impl Fn(&Submission) + Sync,
) -> anyhow::Result<BatchReview> {
    review_by(common, pack, paths, &Reviewer::new(pack, options), watch)
}

/// The same, by a reviewer who may know what people answered.
pub(super) fn review_by(
    common: &Common,
    pack: &Pack,
    paths: &[PathBuf],
    reviewer: &Reviewer<'_>,
    watch: impl Fn(&Submission) + Sync,
) -> anyhow::Result<BatchReview> {
    let mut gathered = gather(common, pack, paths, |plan| {
        watch(plan);
        reviewer.enter(plan)
    })?;
    let reviews = std::mem::take(&mut gathered.made);
    Ok(gathered.tell_in(reviewer.batch_of(reviews)))
}

/// Reads everything that the paths hold, and gives what `make` makes of each submission.
pub(super) fn gather<T: Send>(
    common: &Common,
    pack: &Pack,
    paths: &[PathBuf],
    make: impl Fn(&Submission) -> T + Sync,
) -> anyhow::Result<Gathered<T>> {
    let (mut found, mut not_read, mut diagnostics) = (Vec::new(), Vec::new(), Vec::new());
    let mut trees = Vec::new();
    for path in paths {
        match disk::Tree::of(path) {
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
        let (batch, mut unread) = sort(pack, tree);
        diagnostics.append(&mut unread);
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
    let (statewide, found): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|one| matches!(one.source, Source::Statewide { .. }));
    let statewide: Vec<(&disk::Tree, Statewide<'_>)> = statewide
        .iter()
        .map(|one| (one.tree, open_tables(pack, one)))
        .collect();
    diagnostics.extend(
        statewide
            .iter()
            .flat_map(|(_, t)| t.diagnostics.iter().cloned()),
    );
    let plans = statewide
        .iter()
        .flat_map(|(tree, tables)| Work::of_tables(tree, tables));
    let works: Vec<Work<'_>> = found.into_iter().map(Work::One).chain(plans).collect();
    let bar = progress(common, pack, works.iter().map(Work::len).sum());
    let problems = std::sync::Mutex::new(Vec::new());
    let read = |work| {
        let (plans, mut wrong) = Work::read(work, pack);
        if !wrong.is_empty()
            && let Ok(mut all) = problems.lock()
        {
            all.append(&mut wrong);
        }
        let (bar, known) = (&bar, work.len());
        plans.enumerate().map(move |(at, plan)| {
            bar.inc(u64::from(at < known));
            plan
        })
    };
    let made = each(&works, read, make);
    bar.finish_and_clear();
    diagnostics.extend(problems.into_inner().unwrap_or_default());
    let office = common
        .office
        .as_ref()
        .and_then(|o| std::fs::canonicalize(o).ok());
    not_read.retain(|(path, _)| {
        !trees
            .iter()
            .any(|tree| office.is_some() && tree.full(path) == office)
    });
    Ok(Gathered {
        made,
        diagnostics,
        not_read,
    })
}

/// Sorts out what a folder holds. Of a text that cannot be read nobody knows whether it is a submission: that is told.
fn sort(pack: &Pack, tree: &disk::Tree) -> (Batch, Vec<Diagnostic>) {
    let unread = RefCell::new(BTreeMap::new());
    let bytes = |path: &str| match tree.read(path, FOREIGN.file) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            unread
                .borrow_mut()
                .insert(path.to_owned(), cannot_read(path, &error));
            None
        }
    };
    let is_form = |path: &str, bytes: &[u8]| {
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if found <= FOREIGN.file {
            return pack.forms().knows_text(path, bytes);
        }
        let why = Diagnostic::fatal(path, limits::too_large(found, FOREIGN.file));
        unread.borrow_mut().insert(path.to_owned(), why);
        false
    };
    let head = |path: &str| tree.open(path).and_then(read::head_of).ok();
    let mut batch = read::sort_batch(
        &pack.schema,
        pack.forms().key,
        &tree.name,
        &tree.paths,
        &head,
        &bytes,
        &is_form,
    );
    let unread = unread.into_inner();
    let not_read = batch.not_read.iter();
    let told = not_read.filter_map(|file| unread.get(&file.path).cloned());
    let told = told.collect();
    batch
        .not_read
        .retain(|file| !unread.contains_key(&file.path));
    (batch, told)
}

fn cannot_read(path: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::fatal(path, format!("the file cannot be read: {error}"))
}

/// A bar on a terminal; nothing elsewhere.
fn progress(common: &Common, pack: &Pack, n: usize) -> ProgressBar {
    if common.quiet || n < 2 || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(u64::try_from(n).unwrap_or(0));
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos} of {len} {msg}") {
        bar.set_style(style);
    }
    bar.set_message(pack.words.submissions());
    bar
}

/// The submissions of one source, each with what was understood, and what is wrong with the source as a whole.
fn read_source(pack: &Pack, one: &Found<'_>) -> (Vec<(Submission, Reading)>, Vec<Diagnostic>) {
    let schema = &pack.schema;
    let mut wrong = Vec::new();
    let most = match one.source {
        Source::Folder { .. } => SUBMISSION.file,
        Source::Statewide { .. } | Source::Workbook { .. } | Source::Export { .. } => FOREIGN.file,
    };
    let mut bytes = |path: &str| match one.tree.read(path, most) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            wrong.push(cannot_read(path, &error));
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
        Source::Statewide { .. } => {
            let mut tables = open_tables(pack, one);
            let plans = tables.read(0..tables.len(), |path| one.tree.open(path));
            let mut plans: Vec<_> = plans.map(own).collect();
            plans.extend(tables.untold.drain(..).map(own));
            (plans, tables.diagnostics)
        }
    }
}

/// Passes over the statewide tables of a source.
fn open_tables<'p>(pack: &'p Pack, one: &Found<'_>) -> Statewide<'p> {
    let paths = match &one.source {
        Source::Statewide { files } => files.as_slice(),
        _ => &[],
    };
    Statewide::open(&pack.schema, pack.forms().key, paths, &|path| {
        one.tree.open(path)
    })
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
    let tree = disk::Tree::of(path)?;
    let (batch, mut wrong) = sort(pack, &tree);
    let mut plans = Vec::new();
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

/// What fails when reports are put aside.
const ASIDE: &str = "the reports cannot be put aside";

/// The name of the report on a batch as a whole.
pub(super) const WHOLE: &str = "batch";

/// 2 when something could not be checked, 1 when something was found, 0 otherwise.
fn status<K>(batch: &BatchReview<K>) -> Status {
    let entries = || batch.entries.iter();
    let weights = entries().filter_map(|of| of.weight);
    let worst = weights
        .chain(batch.diagnostics.iter().map(|d| d.weight))
        .max();
    let unchecked = batch.entries.is_empty() || batch.unchecked().next().is_some();
    if unchecked || worst == Some(Weight::Fatal) {
        return Status::CouldNotCheck;
    }
    let found = entries().filter_map(|of| of.still_worst).max() > Some(Severity::Note);
    if found || worst == Some(Weight::Error) {
        Status::Found
    } else {
        Status::Clean
    }
}
