//! What the paths of a run hold: its submissions, read and given to workers, and what is wrong with it as a whole.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;

use accordant::batch::BatchReview;
use accordant::diagnostic::Diagnostic;
use accordant::intake::reading::Reading;
use accordant::pack::Pack;
use accordant::read::limits::{self, FOREIGN, SUBMISSION};
use accordant::read::{self, Batch, File, Source, Statewide};
use accordant::submission::Submission;
use accordant::table::Rows;

use super::in_turn::each_in_turn;
use super::{Common, disk};

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
    Told(Box<Submission>),
}

/// How many reports may wait for the one whose turn it is, on few processors.
const AHEAD: usize = 96;

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
        plans.chain(tables.untold.iter().cloned().map(Box::new).map(Work::Told))
    }

    /// How many submissions are known to be in it.
    fn len(&self) -> usize {
        match self {
            Work::Plans(_, _, plans) => plans.len(),
            Work::One(_) | Work::Told(_) => 1,
        }
    }

    /// Lets `look` at its submissions, one after the other; what is wrong with it as a whole.
    fn each(&self, pack: &Pack, mut look: impl FnMut(&Submission)) -> Vec<Diagnostic> {
        match self {
            Work::One(found) => {
                let (plans, wrong) = read_source(pack, found);
                plans.into_iter().for_each(|(plan, _)| look(&plan));
                wrong
            }
            Work::Plans(tree, tables, plans) => {
                let mut plans = tables.plans(plans.clone(), |path| tree.open(path));
                while let Some(plan) = plans.read_next() {
                    look(plan);
                }
                Vec::new()
            }
            Work::Told(plan) => {
                look(plan);
                Vec::new()
            }
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

/// Everything that the paths of a run hold, ready to be read.
pub(super) struct Sources<'w> {
    pack: &'w Pack,
    works: Vec<Work<'w>>,
    /// They are those of statewide tables, none of which can replace another or come twice, in the order of their paths.
    pub(super) are_apart: bool,
    bar: ProgressBar,
    diagnostics: Vec<Diagnostic>,
    not_read: Vec<(String, String)>,
}

impl Sources<'_> {
    /// What `make` makes of each submission of a work, and what is wrong with the work as a whole.
    fn made<T>(
        &self,
        work: &Work<'_>,
        make: impl Fn(&Submission) -> T,
    ) -> (Vec<T>, Vec<Diagnostic>) {
        let known = work.len();
        let mut made = Vec::with_capacity(known);
        let wrong = work.each(self.pack, |plan| {
            made.push(make(plan));
            self.bar.inc(u64::from(made.len() <= known));
        });
        (made, wrong)
    }

    /// What `make` makes of each submission.
    pub(super) fn gather<T: Send>(mut self, make: impl Fn(&Submission) -> T + Sync) -> Gathered<T> {
        let problems = Mutex::new(Vec::new());
        let made = self.works.par_iter().flat_map_iter(|work| {
            let (made, mut wrong) = self.made(work, &make);
            if !wrong.is_empty() {
                let mut all = problems.lock().unwrap_or_else(PoisonError::into_inner);
                all.append(&mut wrong);
            }
            made
        });
        let made = made.collect();
        self.bar.finish_and_clear();
        let problems = problems.into_inner();
        let problems = problems.unwrap_or_else(PoisonError::into_inner);
        self.diagnostics.extend(problems);
        Gathered {
            made,
            diagnostics: self.diagnostics,
            not_read: self.not_read,
        }
    }

    /// How many submissions are known to be among them.
    pub(super) fn len(&self) -> usize {
        self.works.iter().map(Work::len).sum()
    }

    /// What is known of the batch before any of its submissions is read.
    pub(super) fn tell_in<K>(&self, batch: BatchReview<K>) -> BatchReview<K> {
        let gathered = Gathered {
            made: Vec::<()>::new(),
            diagnostics: self.diagnostics.clone(),
            not_read: self.not_read.clone(),
        };
        gathered.tell_in(batch)
    }

    /// Gives `take` what `make` makes of each submission, in the order of the submissions, which are [apart](Self::are_apart):
    /// nothing is wrong with them as a whole that is not known. Fails where `take` does.
    pub(super) fn take_in_turn<T: Send>(
        &self,
        make: impl Fn(&Submission) -> T + Sync,
        take: impl FnMut(T) -> io::Result<()> + Send,
    ) -> io::Result<()> {
        if io::stdout().is_terminal() {
            self.bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let made = |work: &Work<'_>| self.made(work, &make).0;
        let longest = self.works.iter().map(Work::len).max().unwrap_or(1);
        // One of many processors seldom waits for another.
        let ahead = (AHEAD / longest.max(1)).max(2 * rayon::current_num_threads());
        let taken = each_in_turn(&self.works, ahead, made, take);
        self.bar.finish_and_clear();
        taken
    }
}

/// Reads everything that the paths hold, and gives what `make` makes of each submission.
pub(super) fn gather<T: Send>(
    common: &Common,
    pack: &Pack,
    paths: &[PathBuf],
    make: impl Fn(&Submission) -> T + Sync,
) -> anyhow::Result<Gathered<T>> {
    open(common, pack, paths, |sources| Ok(sources.gather(make)))
}

/// Gives `then` everything that the paths hold.
pub(super) fn open<R>(
    common: &Common,
    pack: &Pack,
    paths: &[PathBuf],
    then: impl FnOnce(Sources<'_>) -> anyhow::Result<R>,
) -> anyhow::Result<R> {
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
    let are_apart = found.is_empty() && matches!(&*statewide, [(_, tables)] if tables.are_apart());
    let works: Vec<Work<'_>> = found.into_iter().map(Work::One).chain(plans).collect();
    let office = common
        .office
        .as_ref()
        .and_then(|o| std::fs::canonicalize(o).ok());
    not_read.retain(|(path, _)| {
        !trees
            .iter()
            .any(|tree| office.is_some() && tree.full(path) == office)
    });
    then(Sources {
        pack,
        bar: progress(common, pack, works.iter().map(Work::len).sum()),
        works,
        are_apart,
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
        pack.key(),
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
            let plans = tables.read_all(|path| one.tree.open(path));
            let mut plans: Vec<_> = plans.into_iter().map(own).collect();
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
    Statewide::open(&pack.schema, pack.key(), paths, &|path| one.tree.open(path))
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
