//! `check` and `review`: submissions in, reports out.

use std::collections::BTreeSet;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use accordant::batch::{BatchReview, Options, Reviewer, Totals, whose};
use accordant::diagnostic::{Diagnostic, Weight};
use accordant::pack::{Pack, Severity};
use accordant::report::text::Text;
use accordant::report::{csv, github, html, json, junit, markdown, sarif, xlsx};
use accordant::review::SummaryTable;
use accordant::submission::Submission;

use super::annotate;
use super::aside::{Aside, Kept};
use super::before::{self, Before};
use super::memory::{Memory, Way};
use super::out;
use super::sources::{self, Sources, gather};
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

    /// Holds no review: prints the report on each submission as soon as its turn comes, or puts it aside where what stands
    /// before it may rest on another.
    fn run_in_turn(
        &self,
        pack: &Pack,
        reviewer: &Reviewer<'_>,
        before: &Before<'_>,
    ) -> anyhow::Result<Status> {
        let prints_all = self.common.format == Format::Json && self.out.is_none();
        sources::open(&self.common, pack, &self.batches, |sources| {
            if prints_all && sources.are_apart && reviewer.takes_each_alone() {
                print_in_turn(&sources, reviewer, before)
            } else {
                self.put_aside(pack, sources, reviewer, before)
            }
        })
    }

    /// Puts the report on each submission aside as soon as it is reviewed.
    fn put_aside(
        &self,
        pack: &Pack,
        sources: Sources<'_>,
        reviewer: &Reviewer<'_>,
        before: &Before<'_>,
    ) -> anyhow::Result<Status> {
        let aside = Aside::new(pack, self.common.format, self.out.is_some());
        let mut gathered = sources.gather(|plan| {
            let (entry, review) = reviewer.enter(&before.lay(plan));
            Ok((entry, aside.keep(review)?))
        });
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

/// Prints the report on submissions that cannot replace one another, each as soon as its turn comes.
fn print_in_turn(
    sources: &Sources<'_>,
    reviewer: &Reviewer<'_>,
    before: &Before<'_>,
) -> anyhow::Result<Status> {
    let no_reviews: Vec<(_, ())> = Vec::new();
    let mut batch = before.tell_in(sources.tell_in(reviewer.batch_of(no_reviews)));
    let (mut totals, mut received) = (Totals::default(), BTreeSet::new());
    let out = io::BufWriter::with_capacity(1 << 16, io::stdout());
    let printed = json::Whole::begin(out, &batch).and_then(|mut whole| {
        let enter = |plan: &Submission| {
            let (entry, review) = reviewer.enter(&before.lay(plan));
            (entry, json::piece(&review))
        };
        sources.take_in_turn(enter, |(entry, piece)| {
            totals.add(&entry);
            if reviewer.expects() {
                received.insert(whose(&entry));
            }
            whole.add(&piece)
        })?;
        batch.not_received = reviewer.not_received(&received);
        whole.end(&totals, &batch)
    });
    unless_gone(printed)?;
    // Whoever reads it may be gone before all were judged.
    if totals.submissions < sources.len() {
        return Ok(Status::CouldNotCheck);
    }
    Ok(status_of(&totals, &batch.diagnostics))
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

/// What a batch comes to.
fn status<K>(batch: &BatchReview<K>) -> Status {
    status_of(&batch.totals(), &batch.diagnostics)
}

/// 2 when something could not be checked, 1 when something was found, 0 otherwise.
fn status_of(totals: &Totals, diagnostics: &[Diagnostic]) -> Status {
    let weights = diagnostics.iter().map(|d| d.weight);
    let worst = weights.max().max(totals.weight);
    let is_checked = totals.submissions > 0 && totals.unchecked == 0;
    if !is_checked || worst == Some(Weight::Fatal) {
        return Status::CouldNotCheck;
    }
    if totals.still_worst > Some(Severity::Note) || worst == Some(Weight::Error) {
        Status::Found
    } else {
        Status::Clean
    }
}
