//! Statewide tables: the rows of many plans in one file a table, told apart by their key. One pass finds which bytes are
//! whose; the plans are then read one by one, so that memory does not grow with their number.

mod index;
mod key;

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read, Seek};
use std::ops::Range;

use self::index::{Found, Pass, Run, Window};
pub(crate) use self::key::Key;
use self::key::Keys;
pub use self::key::PlanKey;
use super::File;
use super::batch::{is_toml, table_of};
use super::csv::{HAS_NUL, Records, decode, is_wide, with_line_feeds};
use super::header::Header;
use super::limits::{SUBMISSION, count, too_large};
use super::lines::{At, Form, Lines, PLAN, Shapes, no_header, report_missing, vertical_columns};
use super::records::{Manner, Splitter};
use super::scan::Nature;
use crate::diagnostic::Diagnostic;
use crate::schema::{Schema, Table, TableId};
use crate::submission::{Input, Submission};
use crate::table::{Layout, Rows};

/// How much of a file is read to find its header.
const HEAD: usize = 1 << 16;

/// A file that can be read from any of its bytes.
pub trait Seekable: Read + Seek {}

impl<T: Read + Seek> Seekable for T {}

/// Opens a file of a batch by its path, as often as it is asked.
pub type Open<'a> = dyn Fn(&str) -> io::Result<Box<dyn Seekable + 'a>> + Sync + 'a;

/// The bytes of the least part of a file that is passed over beside others.
const PART: u64 = 4 << 20;

/// The beginning of a file, enough to tell what its columns are.
pub fn head_of(file: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.take(HEAD as u64).read_to_end(&mut head)?;
    if head.len() == HEAD && !is_wide(&head) {
        let end = memchr::memrchr(b'\n', &head).map_or(head.len(), |at| at + 1);
        head.truncate(end);
    }
    Ok(head)
}

/// Whether a table's header has the columns of the key, as the beginning of its file shows.
pub(crate) fn is_statewide(schema: &Schema, key: PlanKey, table: &Table, head: &[u8]) -> bool {
    let Some(text) = decode("", head, &mut Vec::new()) else {
        return false;
    };
    let records = Records::head(table, &key.headers(schema), &text, SUBMISSION);
    let header = key.find_header(schema, table, &records.grid());
    header.is_some_and(|header| has_key(&header))
}

/// Whether a table holds more than one row, as the beginning of its file shows.
pub(crate) fn has_rows(schema: &Schema, key: PlanKey, table: &Table, head: &[u8]) -> bool {
    let Some(text) = decode("", head, &mut Vec::new()) else {
        return false;
    };
    let records = Records::head(table, &key.headers(schema), &text, SUBMISSION);
    let grid = records.grid();
    let header = key.find_header(schema, table, &grid);
    let header = header.filter(|_| vertical_columns(table, &grid).is_none());
    header.is_some_and(|header| {
        let below = grid.rows.iter().filter(|row| row.number > header.number);
        below.filter(|row| !row.is_blank()).nth(1).is_some()
    })
}

fn has_key(header: &Header) -> bool {
    header.keys.iter().take(2).all(Option::is_some)
}

/// Reads all plans of statewide tables, in the order of their keys, and what was wrong with the tables as a whole.
pub fn read_statewide(
    schema: &Schema,
    key: PlanKey,
    files: &[File],
) -> (Vec<Submission>, Vec<Diagnostic>) {
    let open = |path: &str| -> io::Result<Box<dyn Seekable + '_>> {
        let file = files.iter().find(|file| file.path == path);
        let bytes = file.map(|file| file.bytes.as_slice());
        Ok(Box::new(Cursor::new(bytes.ok_or(io::ErrorKind::NotFound)?)))
    };
    let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
    let mut tables = Statewide::open(schema, key, &paths, &open);
    let mut plans = tables.read_all(open);
    plans.append(&mut tables.untold);
    (plans, tables.diagnostics)
}

/// The tables of many plans, passed over once.
pub struct Statewide<'s> {
    schema: &'s Schema,
    key: PlanKey,
    folder: String,
    /// The tables that have a file, in the order of reading.
    tables: Vec<(TableId, Source)>,
    keys: Keys,
    /// The plans in the order of their keys, by those numbers.
    plans: Vec<u32>,
    /// A plan names itself otherwise than its key does, or may.
    is_other_than_key: bool,
    /// Plans of which it cannot be told whose they are: they count, and are judged by nothing.
    pub untold: Vec<Submission>,
    /// What was wrong with the tables as a whole.
    pub diagnostics: Vec<Diagnostic>,
}

/// A table's file.
enum Source {
    Lost(String),
    There(Box<There>),
}

struct There {
    form: Form,
    header: Header,
    shapes: Shapes,
    delimiter: u8,
    /// The file is read as Windows-1252.
    is_latin: bool,
    /// The whole text, of a file that must be changed before its records can be told apart.
    held: Option<Vec<u8>>,
    /// Where the rows of each plan are, in the order of plans.
    runs: Vec<Run>,
}

impl There {
    /// The runs of some plans.
    fn runs_of(&self, plans: Range<usize>) -> &[Run] {
        let place = |plan: usize| {
            let stands_before = |run: &Run| usize::try_from(run.of).is_ok_and(|of| of < plan);
            self.runs.partition_point(stands_before)
        };
        let runs = place(plans.start)..place(plans.end);
        self.runs.get(runs).unwrap_or_default()
    }

    fn manner(&self) -> Manner<'_> {
        Manner {
            form: &self.form,
            shapes: &self.shapes,
            delimiter: self.delimiter,
        }
    }
}

impl<'s> Statewide<'s> {
    /// Passes over the tables at `paths`.
    pub fn open(schema: &'s Schema, key: PlanKey, paths: &[String], open: &Open<'_>) -> Self {
        let folder = paths.first().and_then(|path| path.rsplit_once('/'));
        let mut all = Statewide {
            schema,
            key,
            folder: folder.map_or(String::new(), |(folder, _)| format!("{folder}/")),
            tables: Vec::new(),
            keys: Keys::default(),
            plans: Vec::new(),
            is_other_than_key: false,
            untold: Vec::new(),
            diagnostics: Vec::new(),
        };
        for (id, path) in all.chosen(paths) {
            let Some(table) = schema.tables.get(id) else {
                continue;
            };
            let there = all.pass_over(table, &path, open).unwrap_or_else(|error| {
                let message = format!("the file cannot be read: {error}");
                all.diagnostics.push(Diagnostic::fatal(&*path, message));
                None
            });
            let source = there.map_or(Source::Lost(path), |there| Source::There(Box::new(there)));
            all.tables.push((id, source));
        }
        all.tell_missing();
        all
    }

    fn tell_missing(&mut self) {
        for (id, table) in self.schema.submission_tables().iter().enumerate() {
            if table.required && !self.tables.iter().any(|(held, _)| *held == id) {
                let place = format!("{}{}.csv", self.folder, table.name);
                let message = format!("the table `{}` is missing", table.name);
                self.diagnostics.push(Diagnostic::error(place, message));
            }
        }
    }

    /// One file a table, the plans first; the others are told.
    fn chosen(&mut self, paths: &[String]) -> Vec<(TableId, String)> {
        let plan = self.schema.table(PLAN);
        let mut sorted: Vec<(TableId, &String)> = paths
            .iter()
            .filter_map(|path| Some((table_of(self.schema, path)?, path)))
            .collect();
        sorted.sort_by_key(|(id, path)| (Some(*id) != plan, *path));
        let mut seen: BTreeMap<TableId, String> = BTreeMap::new();
        let mut chosen = Vec::new();
        for (id, path) in sorted {
            let name = self.schema.tables.get(id).map_or("", |t| &t.name);
            let message = if let Some(first) = seen.get(&id) {
                format!("`{first}` holds the table `{name}` already: this file was not read")
            } else if is_toml(path) {
                "statewide tables have the plans in `plan.csv`: this file was not read".to_owned()
            } else {
                seen.insert(id, path.clone());
                chosen.push((id, path.clone()));
                continue;
            };
            self.diagnostics.push(Diagnostic::error(path, message));
        }
        chosen
    }

    /// Finds a table's header and which of its records are whose; `None` when nothing of it can be read.
    fn pass_over(
        &mut self,
        table: &Table,
        path: &str,
        open: &Open<'_>,
    ) -> io::Result<Option<There>> {
        let head = head_of(open(path)?)?;
        let whole = || -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            open(path)?
                .take(SUBMISSION.file + 1)
                .read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        if is_wide(&head) {
            return self.pass_over_whole(table, path, &whole()?);
        }
        let Some(mut there) = self.header_of(table, path, &head) else {
            return Ok(None);
        };
        let again = || open(path);
        let parts = rayon::current_num_threads();
        let (found, nature) = self.pass(table, &there, |pass, keys| {
            pass.run_in_parts(&again, parts, PART, keys)
        })?;
        if nature.has_bare_returns {
            return self.pass_over_whole(table, path, &whole()?);
        }
        there.is_latin = nature.is_latin;
        if there.is_latin {
            let message = "the file is not UTF-8: it was read as Windows-1252";
            self.diagnostics.push(Diagnostic::notice(path, message));
        }
        Ok(self.take(table, there, found, nature))
    }

    /// The same of a file whose text must be held and changed first: of wide characters, or with lines that end otherwise.
    fn pass_over_whole(
        &mut self,
        table: &Table,
        path: &str,
        bytes: &[u8],
    ) -> io::Result<Option<There>> {
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if found > SUBMISSION.file {
            return Err(io::Error::other(format!(
                "{}; save it as UTF-8 with plain line ends, then any size will do",
                too_large(found, SUBMISSION.file)
            )));
        }
        let Some(text) = decode(path, bytes, &mut self.diagnostics) else {
            return Ok(None);
        };
        let text = with_line_feeds(&text).into_owned().into_bytes();
        let Some(mut there) = self.header_of(table, path, &head_of(text.as_slice())?) else {
            return Ok(None);
        };
        let (found, nature) = self.pass(table, &there, |pass, keys| {
            pass.run(&mut text.as_slice(), keys)
        })?;
        there.held = Some(text);
        Ok(self.take(table, there, found, nature))
    }

    fn pass(
        &mut self,
        table: &Table,
        there: &There,
        run: impl FnOnce(&Pass<'_>, &mut Keys) -> io::Result<(Found, Nature)>,
    ) -> io::Result<(Found, Nature)> {
        let mut keys = std::mem::take(&mut self.keys);
        let pass = Pass {
            schema: self.schema,
            key: self.key,
            table,
            header: &there.header,
            form: &there.form,
            delimiter: there.delimiter,
            is_plan: table.name == PLAN,
        };
        let passed = run(&pass, &mut keys);
        self.keys = keys;
        passed
    }

    fn header_of(&mut self, table: &Table, path: &str, head: &[u8]) -> Option<There> {
        let form = Form::Csv(path.to_owned());
        let mut told = Vec::new();
        let Some(text) = decode(path, head, &mut told) else {
            self.diagnostics.append(&mut told);
            return None;
        };
        let records = Records::head(table, &self.key.headers(self.schema), &text, SUBMISSION);
        if records.tell_trouble(&form, &mut self.diagnostics) {
            return None;
        }
        let grid = records.grid();
        let Some(mut header) = self.key.find_header(self.schema, table, &grid) else {
            self.diagnostics.push(no_header(table, &grid, &form));
            return None;
        };
        if table.name == PLAN {
            self.fill_from_key(&mut header);
        }
        self.report_header(table, &header, &form);
        has_key(&header).then_some(There {
            form,
            header,
            shapes: Shapes::of(table),
            delimiter: records.delimiter,
            is_latin: false,
            held: None,
            runs: Vec::new(),
        })
    }

    fn fill_from_key(&self, header: &mut Header) {
        for (field, key) in [(self.key.code, 0), (self.key.year, 1)] {
            let column = header.keys.get(key).copied().flatten();
            if let Some(slot @ None) = field.and_then(|field| header.columns.get_mut(field)) {
                *slot = column;
            }
        }
    }

    fn report_header(&mut self, table: &Table, header: &Header, form: &Form) {
        header.report(table, form, &mut self.diagnostics);
        let names = self.key.names(self.schema);
        for (name, _) in names
            .iter()
            .zip(&header.keys)
            .take(2)
            .filter(|(_, column)| column.is_none())
        {
            let place = form.place(At::Header(header.number, 0, name));
            let message = format!(
                "the column `{name}` is missing, which tells the plans of statewide tables apart"
            );
            self.diagnostics.push(Diagnostic::error(place, message));
        }
        let mut lacks = Vec::new();
        report_missing(table, &Lines::new(table, header, form).rows, &mut lacks);
        self.diagnostics
            .extend(lacks.into_iter().filter(|d| d.place != form.path()));
    }

    /// Gives what a pass found to the plans; `None` when the table could not be passed over to its end.
    fn take(
        &mut self,
        table: &Table,
        mut there: There,
        mut found: Found,
        nature: Nature,
    ) -> Option<There> {
        let form = &there.form;
        if let Some(row) = nature.unclosed {
            self.diagnostics.push(super::unclosed(form, row));
        }
        if let Some(row) = nature.nul {
            self.diagnostics
                .push(Diagnostic::fatal(form.place(At::Row(row)), HAS_NUL));
            return None;
        }
        if let Some(row) = nature.too_long {
            let message = "this row is longer than any that is read: is a quote never closed? the table was not read";
            self.diagnostics
                .push(Diagnostic::fatal(form.place(At::Row(row)), message));
            return None;
        }
        self.diagnostics.append(&mut found.told);
        self.untold.append(&mut found.untold);
        self.is_other_than_key |= found.is_other_than_key;
        there.runs = if table.name == PLAN {
            self.start_plans(form, found.runs)
        } else {
            self.share_out(form, found.runs)
        };
        Some(there)
    }

    /// A plan for each key of `plan.csv`; of several rows of one key the first is read.
    fn start_plans(&mut self, form: &Form, mut runs: Vec<Run>) -> Vec<Run> {
        runs.sort_unstable_by(|a, b| {
            let (one, other) = (self.keys.get(a.of), self.keys.get(b.of));
            one.cmp(&other).then(a.from.cmp(&b.from))
        });
        runs.retain_mut(|run| {
            if self.plans.last() == Some(&run.of) {
                let path = self.keys.get(run.of).map_or_else(String::new, |key| key.path());
                let message = format!(
                    "the plan `{path}` has a row above already: which counts? their lines cannot be told apart"
                );
                let place = form.place(At::Row(run.number));
                self.diagnostics.push(Diagnostic::fatal(place, message));
                return false;
            }
            let plan = u32::try_from(self.plans.len()).unwrap_or(u32::MAX);
            self.plans.push(std::mem::replace(&mut run.of, plan));
            true
        });
        runs.shrink_to_fit();
        runs
    }

    /// Gives the runs of a table to the plans; those that fit none are told of once a key.
    fn share_out(&mut self, form: &Form, mut runs: Vec<Run>) -> Vec<Run> {
        let plans: Vec<Option<usize>> = self.keys.iter().map(|key| self.plan_of(&key)).collect();
        // Of the rows of each key: the first, and how many they are.
        let mut strays: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
        runs.retain_mut(|run| {
            let key = usize::try_from(run.of).unwrap_or(usize::MAX);
            let plan = plans.get(key).copied().flatten();
            if let Some(plan) = plan.and_then(|plan| u32::try_from(plan).ok()) {
                run.of = plan;
                return true;
            }
            let (_, rows) = strays.entry(run.of).or_insert((run.number, 0));
            *rows += run.rows;
            false
        });
        runs.sort_unstable_by_key(|run| (run.of, run.from));
        runs.shrink_to_fit();
        let mut strays: Vec<_> = strays.into_iter().collect();
        strays.sort_by_key(|(_, (row, _))| *row);
        for (number, (row, count)) in strays {
            let rows = if count == 1 {
                "this row was".to_owned()
            } else {
                format!("{count} rows, this one first, were")
            };
            let Some(key) = self.keys.get(number) else {
                continue;
            };
            let several = !self.same(&key).is_empty() && key.revision.is_none();
            let lack = if several {
                "several revisions of the"
            } else {
                "no"
            };
            let message = format!(
                "the table `plan` has {lack} plan `{}`: {rows} not read",
                key.path()
            );
            self.diagnostics
                .push(Diagnostic::error(form.place(At::Row(row)), message));
        }
        runs
    }

    /// The plans of the code and year of a key.
    fn same(&self, key: &Key<'_>) -> Range<usize> {
        let wanted = Some((&key.code, key.year));
        let of = |plan: &u32| {
            let key = self.keys.get(*plan);
            key.as_ref().map(|key| (&key.code, key.year)).cmp(&wanted)
        };
        let from = self.plans.partition_point(|plan| of(plan).is_lt());
        let to = self.plans.partition_point(|plan| of(plan).is_le());
        from..to
    }

    /// The plan that a key means: itself, or without a revision the only one of its code and year.
    fn plan_of(&self, key: &Key<'_>) -> Option<usize> {
        let same = self.same(key);
        let mut plans = self.plans.get(same.clone())?.iter();
        let exactly = plans.position(|plan| self.keys.get(*plan).as_ref() == Some(key));
        match exactly {
            Some(at) => Some(same.start + at),
            None => (key.revision.is_none() && same.len() == 1).then_some(same.start),
        }
    }

    /// How many plans there are.
    pub fn len(&self) -> usize {
        self.plans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.plans.is_empty()
    }

    /// Whether there are plans, all of different districts or years, that stand in the order of their paths: none of them can be
    /// another revision of one before.
    pub fn are_apart(&self) -> bool {
        let are_apart = |a: &u32, b: &u32| {
            let keys = self.keys.get(*a).zip(self.keys.get(*b));
            keys.is_some_and(|(a, b)| (&a.code, a.year) != (&b.code, b.year) && a.path() < b.path())
        };
        !self.is_other_than_key
            && self.untold.is_empty()
            && !self.plans.is_empty()
            && self.plans.is_sorted_by(are_apart)
    }

    /// Some of the plans, each read when it is asked for.
    pub fn plans<'a, 'o: 'a>(
        &'a self,
        plans: Range<usize>,
        open: impl Fn(&str) -> io::Result<Box<dyn Seekable + 'o>> + 'a,
    ) -> Plans<'a, 'o> {
        let window = |(_, source): &(_, Source)| match source {
            Source::There(there) => {
                let runs = there.runs_of(plans.clone());
                Window::of(runs.iter().copied())
            }
            Source::Lost(_) => Window::of(std::iter::empty()),
        };
        Plans {
            all: self,
            windows: self.tables.iter().map(window).collect(),
            left: plans.start..plans.end.min(self.len()),
            open: Box::new(open),
            splitters: self.tables.iter().map(|_| Splitter::default()).collect(),
            held: self.nothing(),
        }
    }

    /// Reads all plans.
    pub fn read_all<'a, 'o: 'a>(
        &'a self,
        open: impl Fn(&str) -> io::Result<Box<dyn Seekable + 'o>> + 'a,
    ) -> Vec<Submission> {
        let mut plans = self.plans(0..self.len(), open);
        let mut all = Vec::with_capacity(self.len());
        while plans.read_next().is_some() {
            all.push(std::mem::replace(&mut plans.held, self.nothing()));
        }
        all
    }

    /// A plan of which nothing is read yet.
    fn nothing(&self) -> Submission {
        let place = |name: &str| format!("{}{name}.csv", self.folder);
        Submission::empty(self.schema, "", place)
    }
}

/// Some plans of statewide tables, read one after the other, each into the memory of the one before.
pub struct Plans<'a, 'o> {
    all: &'a Statewide<'a>,
    left: Range<usize>,
    open: Box<dyn Fn(&str) -> io::Result<Box<dyn Seekable + 'o>> + 'a>,
    /// One for each table.
    windows: Vec<Window<'o>>,
    splitters: Vec<Splitter>,
    held: Submission,
}

impl Plans<'_, '_> {
    /// The next plan, until another is asked for.
    pub fn read_next(&mut self) -> Option<&Submission> {
        let all = self.all;
        let plan = self.left.next()?;
        let held = &mut self.held;
        held.path = all.keys.get(*all.plans.get(plan)?)?.path();
        held.texts.clear();
        held.inputs.clear();
        held.diagnostics.clear();
        let means = self.windows.iter_mut().zip(&mut self.splitters);
        for ((id, source), (window, splitter)) in all.tables.iter().zip(means) {
            let Some(table) = all.schema.tables.get(*id) else {
                continue;
            };
            let before = held.tables.get_mut(*id).map(Rows::take);
            let rows = match source {
                Source::Lost(path) => Rows::lost(table, path.clone()),
                Source::There(there) => {
                    splitter.renumber();
                    let mut reader = PlanReader {
                        table,
                        there,
                        open: &mut || (self.open)(there.form.path()),
                        window,
                        splitter,
                    };
                    let runs = there.runs_of(plan..plan + 1);
                    reader.read(before, runs, held).unwrap_or_else(|why| {
                        held.diagnostics.push(why);
                        Rows::lost(table, there.form.path().to_owned())
                    })
                }
            };
            if let Some(slot) = held.tables.get_mut(*id) {
                *slot = rows;
            }
        }
        Some(held)
    }
}

/// Reads the rows of one plan in one table.
struct PlanReader<'r, 'o> {
    table: &'r Table,
    there: &'r There,
    open: &'r mut dyn FnMut() -> io::Result<Box<dyn Seekable + 'o>>,
    window: &'r mut Window<'o>,
    splitter: &'r mut Splitter,
}

impl PlanReader<'_, '_> {
    /// The rows, in the memory of those of the plan before; or why none can be read.
    fn read(
        &mut self,
        before: Option<Rows>,
        runs: &[Run],
        submission: &mut Submission,
    ) -> Result<Rows, Diagnostic> {
        let (table, there) = (self.table, self.there);
        let expected: usize = runs
            .iter()
            .map(|run| usize::try_from(run.rows).unwrap_or(usize::MAX))
            .sum();
        if expected > SUBMISSION.rows {
            let why = format!(
                "the plan has {} rows in this table: at most {} are read",
                count(expected),
                count(SUBMISSION.rows)
            );
            let row = runs.first().map_or(0, |run| run.number);
            return Err(Diagnostic::fatal(there.form.place(At::Row(row)), why));
        }
        let mut lines = match before.filter(|rows| matches!(rows.layout, Layout::Csv(_))) {
            Some(mut rows) => {
                rows.clear();
                Lines::into_rows(rows, table, &there.header, &there.form)
            }
            None => Lines::new(table, &there.header, &there.form),
        };
        lines.rows.reserve(expected);
        for run in runs {
            self.take_run(*run, &mut lines, submission)?;
        }
        let mut found = Vec::new();
        let rows = lines.finish(&mut found);
        submission.inputs.push(Input {
            path: there.form.path().to_owned(),
            rows: rows.len(),
            sha256: None,
        });
        if table.required && rows.is_empty() {
            let message = format!("the table `{}` has no rows of this plan", table.name);
            found.push(Diagnostic::error(there.form.path(), message));
        }
        submission.diagnostics.append(&mut found);
        Ok(rows)
    }

    fn take_run(
        &mut self,
        run: Run,
        lines: &mut Lines<'_>,
        submission: &mut Submission,
    ) -> Result<(), Diagnostic> {
        let there = self.there;
        let cannot = |error: io::Error| {
            let why = format!("the file cannot be read: {error}");
            Diagnostic::fatal(there.form.path(), why)
        };
        let bytes = match &there.held {
            Some(held) => {
                let at = |place: u64| usize::try_from(place).unwrap_or(usize::MAX);
                held.get(at(run.from)..at(run.to())).unwrap_or_default()
            }
            None => self.window.bytes(run, &mut self.open).map_err(cannot)?,
        };
        let text = super::csv::text_of(bytes, there.is_latin);
        let text = with_line_feeds(&text);
        let told = (&mut submission.texts, &mut submission.diagnostics);
        self.splitter
            .take_text(there.manner(), run.number, &text, lines, told)
    }
}

/// A plan of which it cannot be told whose it is.
fn untold(schema: &Schema, path: &str, why: Diagnostic) -> Submission {
    let mut plan = Submission::empty(schema, path, |name| format!("{name}.csv"));
    plan.diagnostics.push(why);
    plan
}

#[cfg(test)]
mod tests {
    use super::super::scan::lines_of;
    use super::super::testing::{CELLS, everything};
    use super::*;
    use crate::read::testing::{lines, schema, told};

    fn read(files: &[(&str, &str)]) -> (Vec<Submission>, Vec<String>) {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File {
                path: (*path).into(),
                bytes: text.as_bytes().to_vec(),
            })
            .collect();
        let (plans, diagnostics) = read_statewide(
            &schema(),
            PlanKey {
                code: Some(0),
                name: None,
                year: Some(1),
            },
            &files,
        );
        (plans, told(&diagnostics))
    }

    fn rows_of(plan: &Submission, table: usize) -> Vec<String> {
        lines(&schema().tables[table], &plan.tables[table], &plan.texts)
    }

    const PLANS: &str = "district_code,plan_year,revision,allocation\n1630011,FY27,,100\n20011,2027,2,lots\n20011,2027,1,50\n";

    /// Whether plans of these keys, of which the last may be unreadable, are apart.
    fn are_apart(header: &str, keys: &[&str]) -> bool {
        let key = PlanKey {
            code: None,
            name: None,
            year: Some(1),
        };
        let text = format!("{header}\n{}\n", keys.join("\n"));
        let open = |_: &str| -> io::Result<Box<dyn Seekable>> {
            Ok(Box::new(Cursor::new(text.clone().into_bytes())))
        };
        let paths = ["plan.csv".to_owned()];
        Statewide::open(&schema(), key, &paths, &open).are_apart()
    }

    #[test]
    fn plans_are_apart_where_none_can_replace_another() {
        const HEADER: &str = "district_code,plan_year,revision";
        for (keys, wanted) in [
            (&["12,2027,", "13,2027,"][..], true),
            (&["13,2027,", "12,2027,"], true),
            (&["12,2026,", "12,2027,"], true),
            (&["12,2027,1", "12,2027,2"], false),
            (&["12,2027,", "12,2027,"], true),
            // One path stands before the other, and its key behind it.
            (&["12,2027,", "12-1,2027,"], false),
            (&["12,2027,", "13,soon,"], false),
            (&[], false),
        ] {
            assert_eq!(are_apart(HEADER, keys), wanted, "{keys:?}");
        }
        let own_year = "district_code,plan_year,fiscal_year";
        assert!(!are_apart(own_year, &["12,2026,2027", "12,2027,2027"]));
        assert!(are_apart(own_year, &["12,2026,2026", "12,2027, 2027"]));
        assert!(!are_apart(own_year, &["12,2026,2026", "12,2027,FY27"]));
        assert!(!are_apart(own_year, &["12,2026,2026", "12,2027"]));
    }

    #[test]
    fn a_submission_for_each_plan() {
        let budget = "district_code,plan_year,revision,strategy_id,object_code,description,amount\n\
            1630011,2027,,1,111,Coach,60\n0020011,2027,2,1,111,Coach,7\n1630011,2027,,1,111,Books,-40\n";
        let (plans, told) = read(&[("s/budget.csv", budget), ("s/plan.csv", PLANS)]);
        assert_eq!(told, Vec::<String>::new());
        let paths: Vec<_> = plans.iter().map(|plan| plan.path.as_str()).collect();
        assert_eq!(
            paths,
            ["0020011-2027-r1", "0020011-2027-r2", "1630011-2027"]
        );
        assert_eq!(
            rows_of(&plans[2], 0),
            ["2: district_code=1630011 fiscal_year=2027 allocation=100"]
        );
        let want = [
            "2: strategy_id=1 object_code=111 description=Coach amount=60",
            "4: strategy_id=1 object_code=111 description=Books amount=-40",
        ];
        assert_eq!(rows_of(&plans[2], 1), want);
        assert_eq!(
            crate::read::testing::told(&plans[2].diagnostics),
            ["E s/budget.csv:4:amount `-40` is below the least allowed, 0"]
        );
        let wanted = ["E s/plan.csv:3:allocation `lots` is not an amount such as `$1,234.50`"];
        assert_eq!(crate::read::testing::told(&plans[1].diagnostics), wanted);
        let wanted = ["E s/budget.csv the table `budget` has no rows of this plan"];
        assert_eq!(crate::read::testing::told(&plans[0].diagnostics), wanted);
        assert_eq!(
            plans[2].inputs[1],
            Input {
                path: "s/budget.csv".into(),
                rows: 2,
                sha256: None
            }
        );
        assert_eq!(plans[2].tables[2].layout.path(), "s/notes.csv");
    }

    #[test]
    fn rows_that_fit_no_plan_are_told() {
        let budget = "district_code,plan_year,strategy_id,object_code,description,amount\n\
            5,2027,1,111,Coach,60\n5,2027,1,111,Coach,6\n1630011,soon,1,111,Coach,7\n20011,2027,1,111,Coach,7\n\
            ,2027,1,111,Coach,7\n,,,,Total,999\nTotal,,,,,999\n";
        let (_, told) = read(&[
            ("plan.csv", &format!("{PLANS}1630011,2027,,7\n")),
            ("budget.csv", budget),
        ]);
        let want = [
            "F plan.csv:5 the plan `1630011-2027` has a row above already: which counts? their lines cannot be told apart",
            "E budget.csv:4:plan_year `soon` is not a fiscal year such as `2027`",
            "E budget.csv:6:district_code `district_code` is missing: this row was not read",
            "E budget.csv:2 the table `plan` has no plan `0000005-2027`: 2 rows, this one first, were not read",
            "E budget.csv:5 the table `plan` has several revisions of the plan `0020011-2027`: this row was not read",
        ];
        assert_eq!(told, want);
    }

    #[test]
    fn the_code_may_have_the_name_that_the_plan_gives_it() {
        let mut schema = schema();
        "grantee".clone_into(&mut schema.tables[0].fields[0].name);
        let key = PlanKey {
            code: Some(0),
            name: None,
            year: Some(1),
        };
        for own in ["grantee", "district_code"] {
            let plan = format!("{own},plan_year,allocation\n20011,2027,100\n");
            let budget =
                format!("{own},plan_year,strategy_id,amount\n20011,2027,1,60\n,2027,1,60\n");
            let file = |path: &str, text: &str| File {
                path: path.into(),
                bytes: text.into(),
            };
            let files = [file("plan.csv", &plan), file("budget.csv", &budget)];
            let is_key =
                |at: usize| is_statewide(&schema, key, &schema.tables[at], &files[at].bytes);
            assert!(is_key(0) && is_key(1), "{own}");
            let (plans, diagnostics) = read_statewide(&schema, key, &files);
            assert_eq!(plans[0].path, "0020011-2027");
            let amounts = lines(&schema.tables[1], &plans[0].tables[1], &plans[0].texts);
            assert_eq!(amounts, ["2: strategy_id=1 amount=60"]);
            let told = told(&diagnostics);
            let missing = "E budget.csv:3:grantee `grantee` is missing: this row was not read";
            assert_eq!(told.last().map(String::as_str), Some(missing), "{told:?}");
        }
    }

    #[test]
    fn neighbouring_rows_of_a_plan_are_one_run_wherever_their_key_stands() {
        let schema = schema();
        let key = PlanKey::default();
        for header in [
            "district_code,plan_year,strategy_id,description",
            "strategy_id,district_code,description,plan_year",
            "description,strategy_id,plan_year,district_code",
        ] {
            for quote in ["", "\""] {
                let mut text = format!("{header}\n");
                for row in 0..30 {
                    let cell = |name: &str| match name {
                        "district_code" => format!("00200{}1", row / 10),
                        "plan_year" => "2027".to_owned(),
                        "strategy_id" => row.to_string(),
                        _ => "\"a, \"\"b\"\"\"".to_owned(),
                    };
                    let cells = header.split(',').map(|name| match cell(name) {
                        quoted if quoted.starts_with('"') => quoted,
                        bare => format!("{quote}{bare}{quote}"),
                    });
                    text += &cells.collect::<Vec<_>>().join(",");
                    text.push('\n');
                }
                let plans = "district_code,plan_year\n0020001,2027\n0020011,2027\n0020021,2027\n";
                let open = |path: &str| -> io::Result<Box<dyn Seekable + '_>> {
                    let text = if path == "plan.csv" { plans } else { &text };
                    Ok(Box::new(Cursor::new(text.as_bytes())))
                };
                let paths = ["plan.csv", "budget.csv"].map(str::to_owned);
                let all = Statewide::open(&schema, key, &paths, &open);
                let (_, Source::There(there)) = &all.tables[1] else {
                    panic!("{text}");
                };
                let rows: Vec<u32> = there.runs.iter().map(|run| run.rows).collect();
                assert_eq!(rows, [10, 10, 10], "{text}");
            }
        }
    }

    #[test]
    fn tables_without_their_key_are_lost_and_missing_ones_told() {
        let (plans, told) = read(&[("plan.csv", PLANS), ("notes.csv", "note\nx\n")]);
        assert!(plans.iter().all(|plan| plan.tables[2].lost));
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(told[2], "E budget.csv the table `budget` is missing");
    }

    #[test]
    fn the_order_of_rows_and_the_kind_of_text_change_nothing() {
        let plain = "district_code,plan_year,strategy_id,object_code,description,amount\n\
            1630011,2027,1,111,\"Coach, \"\"lead\"\"\",60\n1630011,2027,1,111,Books,40\n20011,2027,1,111,Coach,7\n";
        let plans =
            "district_code,plan_year,revision,allocation\n1630011,FY27,,100\n20011,2027,,50\n";
        let of = |budget: &[u8]| {
            let file = |path: &str, bytes: &[u8]| File {
                path: path.into(),
                bytes: bytes.to_vec(),
            };
            let files = [
                file("plan.csv", plans.as_bytes()),
                file("budget.csv", budget),
            ];
            let key = PlanKey {
                code: Some(0),
                name: None,
                year: Some(1),
            };
            let (plans, told) = read_statewide(&schema(), key, &files);
            let rows: Vec<Vec<String>> = plans.iter().map(|plan| rows_of(plan, 1)).collect();
            (rows, crate::read::testing::told(&told))
        };
        let (want, told) = of(plain.as_bytes());
        assert_eq!(told, Vec::<String>::new());
        assert_eq!(
            want[1][0],
            "2: strategy_id=1 object_code=111 description=Coach, \"lead\" amount=60"
        );
        let wide: Vec<u8> = format!("\u{feff}{plain}")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let mixed = plain.replacen(
            "1630011,2027,1,111,Books,40\n20011,2027,1,111,Coach,7",
            "20011,2027,1,111,Coach,7\n1630011,2027,1,111,Books,40",
            1,
        );
        for other in [
            plain.replace('\n', "\r\n").into_bytes(),
            plain.replace('\n', "\r").into_bytes(),
            format!("\u{feff}{plain}").into_bytes(),
            wide,
        ] {
            assert_eq!(of(&other).0, want);
        }
        let bare = |rows: &[Vec<String>]| -> Vec<Vec<String>> {
            rows.iter()
                .map(|rows| {
                    rows.iter()
                        .map(|row| row.split_once(": ").unwrap().1.to_owned())
                        .collect()
                })
                .collect()
        };
        assert_eq!(bare(&of(mixed.as_bytes()).0), bare(&want));
        let latin = plain.replace("Books", "Caf\u{e9}");
        let latin: Vec<u8> = latin
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap())
            .collect();
        let (rows, told) = of(&latin);
        assert!(rows[1][1].contains("Café"), "{rows:?}");
        assert_eq!(
            told,
            ["N budget.csv the file is not UTF-8: it was read as Windows-1252"]
        );
        let (rows, told) = of(plain.replace("Books", "Bo\0ks").as_bytes());
        assert!(
            rows[1].is_empty() && told[0].starts_with("F budget.csv:3 the file is not text"),
            "{told:?}"
        );
    }

    /// The columns of a budget: without one of them, with all in the schema's order, and in another.
    const COLUMNS: [&str; 3] = [
        "line_id,strategy_id,object_code,description,justification,quantity,amount",
        "line_id,strategy_id,object_code,description,justification,quantity,share,amount",
        "line_id,strategy_id,object_code,description,amount,justification,quantity,share",
    ];

    /// Every record of a budget as a line, read where it stands or with every care.
    fn read_lines(columns: &str, text: &str, with_care: bool) -> (Vec<String>, Vec<String>) {
        let (schema, key) = (schema(), PlanKey::default());
        let table = &schema.tables[1];
        let mut all = Statewide::open(&schema, key, &[], &|_| Err(io::ErrorKind::NotFound.into()));
        let header = format!("district_code,plan_year,{columns}\n");
        let there = all.header_of(table, "b.csv", header.as_bytes()).unwrap();
        let mut lines = Lines::new(table, &there.header, &there.form);
        let mut plan = Submission::empty(&schema, "p", str::to_owned);
        let mut splitter = Splitter::default();
        let to = (&mut plan.texts, &mut plan.diagnostics);
        if with_care {
            for (number, line) in (2..).zip(lines_of(text, b',')) {
                let to = (&mut *to.0, &mut *to.1);
                let taken = splitter.take_line(there.manner(), number, line, &mut lines, to);
                taken.unwrap();
            }
        } else {
            let taken = splitter.take_text(there.manner(), 2, text, &mut lines, to);
            taken.unwrap();
        }
        let rows = lines.finish(&mut plan.diagnostics);
        let read = everything(table, &rows, &plan.texts);
        (read, told(&plan.diagnostics))
    }

    #[test]
    fn plain_records_are_read_as_all_others_are() {
        use proptest::prelude::*;
        let config = ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        };
        // A total among lines of which one has an odd id.
        let text = ",,Total\n,,7\n,,07";
        let one = COLUMNS[0];
        assert_eq!(read_lines(one, text, false), read_lines(one, text, true));
        let columns = prop::sample::select(&COLUMNS[..]);
        let cell = prop::sample::select(&CELLS[..]);
        let width = prop_oneof![1..11_usize, Just(10)];
        let record = width.prop_flat_map(move |width| prop::collection::vec(cell.clone(), width));
        let record = record.prop_map(|cells| cells.join(","));
        proptest!(config, |(columns in columns, records in prop::collection::vec(record, 0..12))| {
            let text = records.join("\n");
            prop_assert_eq!(read_lines(columns, &text, false), read_lines(columns, &text, true));
        });
    }
}
