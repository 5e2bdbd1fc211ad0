//! Which bytes of a statewide table hold the rows of which plan.

use std::io::{self, Read, SeekFrom};

use memchr::memchr;
use rayon::prelude::*;

use super::super::csv::{Cells, decode};
use super::super::grid::GridRow;
use super::super::header::Header;
use super::super::lines::{At, Form, is_total};
use super::super::scan::{Nature, Record, closing_quote, read_all, records};
use super::key::{Key, Keys, PlanKey};
use super::{Seekable, untold};
use crate::diagnostic::Diagnostic;
use crate::schema::{Schema, Table};
use crate::submission::Submission;

/// Records of one plan that follow one another in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Where the first begins.
    pub(super) from: u64,
    /// How many bytes they have.
    length: u32,
    /// The row of the first as a spreadsheet counts.
    pub(super) number: u32,
    /// How many they are.
    pub(super) rows: u32,
    /// The number of their key; of their plan, once the plans are known.
    pub(super) of: u32,
}

impl Run {
    /// Where the last ends.
    pub(super) fn to(&self) -> u64 {
        self.from + u64::from(self.length)
    }

    /// Lets it end there, with so many more records; `false`, and as it was, where it cannot be as long as that.
    fn lengthen(&mut self, to: u64, rows: u32) -> bool {
        let length = to
            .checked_sub(self.from)
            .and_then(|n| u32::try_from(n).ok());
        if let Some(length) = length {
            self.length = length;
            self.rows = self.rows.saturating_add(rows);
        }
        length.is_some()
    }
}

/// What one pass over a table found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// The runs in the order of the file.
    pub(super) runs: Vec<Run>,
    /// What was wrong with rows.
    pub(super) told: Vec<Diagnostic>,
    /// Plans of which it cannot be told whose they are.
    pub(super) untold: Vec<Submission>,
    /// A plan's own code or year is not written as that of its key is.
    pub(super) is_other_than_key: bool,
}

/// Opens a file again and again.
pub(super) type Again<'a, 'o> = dyn Fn() -> io::Result<Box<dyn Seekable + 'o>> + Sync + 'a;

/// One pass over the records of a table below its header.
pub(super) struct Pass<'p> {
    pub(super) schema: &'p Schema,
    pub(super) key: PlanKey,
    pub(super) table: &'p Table,
    pub(super) header: &'p Header,
    pub(super) form: &'p Form,
    pub(super) delimiter: u8,
    /// Whether each row is a plan of its own.
    pub(super) is_plan: bool,
}

impl Pass<'_> {
    /// Passes over a file, and numbers its keys.
    pub(super) fn run(
        &self,
        reader: &mut dyn Read,
        keys: &mut Keys,
    ) -> io::Result<(Found, Nature)> {
        let all = self.part(reader, 0, self.header.number, keys)?;
        Ok((all.found, all.nature))
    }

    /// The same of a file that may be opened several times: its parts at once, where it is large and nothing in them is odd.
    pub(super) fn run_in_parts(
        &self,
        open: &Again<'_, '_>,
        most: usize,
        least: u64,
        keys: &mut Keys,
    ) -> io::Result<(Found, Nature)> {
        let mut file = open()?;
        let starts = if self.is_plan {
            vec![0]
        } else {
            starts_of(&mut *file, most, least)?
        };
        if starts.len() > 1
            && let Some(found) = self.joined(open, &starts, keys)?
        {
            return Ok((found, Nature::default()));
        }
        file.seek(SeekFrom::Start(0))?;
        self.run(&mut file, keys)
    }

    /// What the parts of a file hold that begin at some bytes; `None` where they are no parts, or something is to be told of one.
    fn joined(
        &self,
        open: &Again<'_, '_>,
        starts: &[u64],
        keys: &mut Keys,
    ) -> io::Result<Option<Found>> {
        let part = |at: usize| -> io::Result<(Part, Keys)> {
            let from = starts.get(at).copied().unwrap_or(0);
            let to = starts.get(at + 1).copied().unwrap_or(u64::MAX);
            let mut file = open()?;
            file.seek(SeekFrom::Start(from))?;
            let above = if at == 0 { self.header.number } else { 0 };
            let mut keys = Keys::default();
            let part = self.part(&mut file.take(to - from), from, above, &mut keys)?;
            Ok((part, keys))
        };
        let parts = (0..starts.len()).into_par_iter().map(part);
        let parts: Vec<(Part, Keys)> = parts.collect::<io::Result<_>>()?;
        let last = parts.len().saturating_sub(1);
        let is_odd = |(at, (part, _)): (usize, &(Part, Keys))| {
            let Found { told, untold, .. } = &part.found;
            let is_cut = at < last && part.is_cut;
            is_cut || part.nature != Nature::default() || !told.is_empty() || !untold.is_empty()
        };
        if parts.iter().enumerate().any(is_odd) {
            return Ok(None);
        }
        let (mut all, mut rows) = (Found::default(), 0_u32);
        for (part, own) in parts {
            let numbers: Vec<u32> = own.iter().map(|key| keys.number(&key)).collect();
            for mut run in part.found.runs {
                let key = usize::try_from(run.of).ok();
                let key = key.and_then(|key| numbers.get(key));
                run.of = key.copied().unwrap_or(run.of);
                run.number = run.number.saturating_add(rows);
                self.note(&mut all, run);
            }
            rows = rows.saturating_add(part.records);
        }
        Ok(Some(all))
    }

    /// Passes over a part of a file that begins at a byte with a record, of which the first few stand above the lines.
    fn part(
        &self,
        reader: &mut dyn Read,
        at: u64,
        above: u32,
        keys: &mut Keys,
    ) -> io::Result<Part> {
        let mut found = Found::default();
        // The key of the record before, and how it is written.
        let mut last: Option<(Written, Run)> = None;
        let mut cells = Cells::default();
        let columns = self.key_columns();
        let mut here = Vec::new();
        let (mut count, mut is_cut) = (0, false);
        let nature = records(reader, at, self.delimiter, |record| {
            // A line end at the end of a record is one that a quote hides.
            (count, is_cut) = (record.number, record.bytes.ends_with(b"\n"));
            if record.number <= above {
                return;
            }
            if let Some((written, run)) = &mut last
                && !self.is_plan
                && self.is_same_key(&columns, record.bytes, written, &mut here)
                && run.lengthen(record.to, 1)
            {
                return;
            }
            if let Some((_, run)) = last.take() {
                self.note(&mut found, run);
            }
            if let Some(key) = self.key_of(&record, &mut cells, &mut found) {
                let mut written = Written {
                    prefix: self.prefix_of(&columns, record.bytes),
                    cells: Vec::new(),
                };
                if written.prefix.is_empty() {
                    self.take_cells(&columns, record.bytes, &mut written.cells);
                }
                let mut run = Run {
                    from: record.from,
                    length: 0,
                    number: record.number,
                    rows: 0,
                    of: keys.number(&key),
                };
                // A record as long as that is never read.
                run.lengthen(record.to, 1);
                last = Some((written, run));
            }
        })?;
        if let Some((_, run)) = last {
            self.note(&mut found, run);
        }
        Ok(Part {
            found,
            nature,
            records: count,
            is_cut,
        })
    }

    /// Adds a run, which goes on from the one before where it can.
    fn note(&self, found: &mut Found, run: Run) {
        let before = found.runs.last_mut().filter(|_| !self.is_plan);
        let before = before.filter(|last| last.of == run.of && last.to() == run.from);
        if !before.is_some_and(|last| last.lengthen(run.to(), run.rows)) {
            found.runs.push(run);
        }
    }

    /// Whose a record is; `None` of one that is passed over or cannot be told.
    fn key_of(
        &self,
        record: &Record<'_>,
        cells: &mut Cells,
        found: &mut Found,
    ) -> Option<Key<'static>> {
        let text = decode("", record.bytes, &mut Vec::new())?;
        let row = GridRow {
            number: record.number,
            cells: cells.split(&text, self.delimiter),
        };
        let key = if is_passed_over(self.table, self.header, &row) {
            None
        } else {
            self.read_key(&row, found)
        };
        cells.take_back(row.cells);
        key
    }

    fn read_key(&self, row: &GridRow<'_>, found: &mut Found) -> Option<Key<'static>> {
        let column = |key: usize| self.header.keys.get(key).copied().flatten();
        let cell = |key: usize| row.cell(column(key).unwrap_or(usize::MAX));
        match Key::read(self.schema, self.key, [cell(0), cell(1), cell(2)]) {
            Ok(key) => {
                found.is_other_than_key |= self.is_plan && self.names_itself_otherwise(row);
                Some(key)
            }
            Err((at, message)) => {
                let names = self.key.names(self.schema);
                let name = names.get(at).copied().unwrap_or_default();
                let at = At::Cell(row.number, column(at).unwrap_or_default(), name);
                let place = self.form.place(at);
                if self.is_plan {
                    let why = Diagnostic::fatal(place, message);
                    found.untold.push(untold(
                        self.schema,
                        &self.form.place(At::Row(row.number)),
                        why,
                    ));
                } else {
                    found.told.push(Diagnostic::error(place, message));
                }
                None
            }
        }
    }

    /// Whether the cells of a plan's own code and year say something else than those of its key.
    fn names_itself_otherwise(&self, row: &GridRow<'_>) -> bool {
        let own = [self.key.code, self.key.year].into_iter();
        own.zip(&self.header.keys).any(|(field, key)| {
            let column = field.and_then(|field| self.header.columns.get(field));
            column.is_some_and(|own| {
                let shown = |column: &Option<usize>| column.map(|column| row.cell(column).shown());
                own != key && shown(own) != shown(key)
            })
        })
    }

    /// The columns of the key, in order.
    fn key_columns(&self) -> Vec<usize> {
        let mut columns: Vec<usize> = self.header.keys.iter().flatten().copied().collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    /// Whether the key of a record is written as another is; there is room for how it is written.
    fn is_same_key(
        &self,
        columns: &[usize],
        record: &[u8],
        other: &Written,
        room: &mut Vec<u8>,
    ) -> bool {
        if !other.prefix.is_empty() {
            return record.starts_with(&other.prefix);
        }
        self.take_cells(columns, record, room);
        !room.is_empty() && *room == other.cells
    }

    /// How a record begins when its key stands in its first columns, as far as the sign behind it; empty when it does not.
    fn prefix_of(&self, columns: &[usize], record: &[u8]) -> Vec<u8> {
        let mut length = 0;
        for (at, column) in columns.iter().enumerate() {
            let rest = record.get(length..).unwrap_or_default();
            match memchr(self.delimiter, rest) {
                Some(end) if at == *column => length += end + 1,
                _ => return Vec::new(),
            }
        }
        let prefix = record.get(..length).unwrap_or_default();
        if prefix.contains(&b'"') {
            Vec::new()
        } else {
            prefix.to_vec()
        }
    }

    /// The cells of a record's key as they are written, each with a line end, which no cell without quotes holds; none where
    /// one is not there.
    fn take_cells(&self, columns: &[usize], record: &[u8], cells: &mut Vec<u8>) {
        cells.clear();
        let (mut columns, mut from) = (columns.iter().peekable(), 0);
        for column in 0.. {
            let cell = record.get(from..).unwrap_or_default();
            let end = cell_end(cell, self.delimiter);
            if columns.next_if_eq(&&column).is_some() {
                cells.extend_from_slice(cell.get(..end).unwrap_or_default());
                cells.push(b'\n');
            }
            if columns.peek().is_none() {
                return;
            }
            if end == cell.len() {
                return cells.clear();
            }
            from += end + 1;
        }
    }
}

/// What the pass over a part of a file found.
struct Part {
    found: Found,
    nature: Nature,
    /// How many records it has.
    records: u32,
    /// Its last record goes on behind it.
    is_cut: bool,
}

/// Where the parts of a file may begin that are passed over at once, each of so many bytes at least: behind a line end, which may yet
/// stand within a cell.
fn starts_of(mut file: &mut dyn Seekable, most: usize, least: u64) -> io::Result<Vec<u64>> {
    const AHEAD: usize = 1 << 12;
    let length = file.seek(SeekFrom::End(0))?;
    let parts = (length / least.max(1)).min(u64::try_from(most).unwrap_or(1));
    let mut starts = vec![0];
    for part in 1..parts {
        let from = length / parts * part;
        file.seek(SeekFrom::Start(from))?;
        let mut ahead = [0; AHEAD];
        let held = read_all(&mut file, &mut ahead)?;
        let ahead = ahead.get(..held).unwrap_or_default();
        if let Some(end) = memchr(b'\n', ahead) {
            starts.push(from + u64::try_from(end + 1).unwrap_or(0));
        }
    }
    starts.retain(|start| *start < length);
    starts.dedup();
    Ok(starts)
}

/// How the key of a record is written.
struct Written {
    /// At the beginning of its line, as far as the sign behind it; empty where it does not stand there alone.
    prefix: Vec<u8>,
    /// Elsewhere: its cells.
    cells: Vec<u8>,
}

/// Where the first cell of a part of a record ends; with it, where a quote that opens it is never closed.
fn cell_end(bytes: &[u8], delimiter: u8) -> usize {
    let behind = if bytes.first() == Some(&b'"') {
        closing_quote(bytes, 1).map(|(quote, _)| quote + 1)
    } else {
        Some(0)
    };
    let Some(behind) = behind else {
        return bytes.len();
    };
    let rest = bytes.get(behind..).unwrap_or_default();
    memchr(delimiter, rest).map_or(bytes.len(), |at| behind + at)
}

/// A piece of a file that is held while the plans in it are read.
pub(super) struct Window<'o> {
    file: Option<Box<dyn Seekable + 'o>>,
    from: u64,
    /// Room for bytes, of which so many are held.
    room: Vec<u8>,
    held: usize,
    /// Where the runs that are asked for begin and end, in the order of the file.
    asked_for: Vec<(u64, u64)>,
}

impl<'o> Window<'o> {
    /// For some runs of a file that is not open yet.
    pub(super) fn of(runs: impl Iterator<Item = Run>) -> Self {
        let mut asked_for: Vec<(u64, u64)> = runs.map(|run| (run.from, run.to())).collect();
        asked_for.sort_unstable();
        Window {
            file: None,
            from: 0,
            room: Vec::new(),
            held: 0,
            asked_for,
        }
    }

    /// The bytes of a run; those of its neighbours that are asked for, too, are held for the next, as many as there is room
    /// for.
    pub(super) fn bytes(
        &mut self,
        run: Run,
        open: impl FnOnce() -> io::Result<Box<dyn Seekable + 'o>>,
    ) -> io::Result<&[u8]> {
        let held = self.from + u64::try_from(self.held).unwrap_or(0);
        if run.from < self.from || run.to() > held {
            let most = usize::try_from(self.end_from(run) - run.from).unwrap_or(usize::MAX);
            let file = match &mut self.file {
                Some(file) => file,
                none => none.insert(open()?),
            };
            file.seek(SeekFrom::Start(run.from))?;
            (self.from, self.held) = (run.from, 0);
            if self.room.len() < most {
                self.room.resize(most, 0);
            }
            let free = self.room.get_mut(..most).unwrap_or_default();
            self.held = read_all(file, free)?;
        }
        let at =
            |place: u64| usize::try_from(place.saturating_sub(self.from)).unwrap_or(usize::MAX);
        let held = self.room.get(..self.held).unwrap_or_default();
        let bytes = held.get(at(run.from)..at(run.to()));
        bytes.ok_or_else(|| io::Error::other("it became shorter while it was read"))
    }

    /// Where what is read at once from a run on ends: with the last of its neighbours for which there is room.
    fn end_from(&self, run: Run) -> u64 {
        const ROOM: u64 = 1 << 16;
        let at = self.asked_for.partition_point(|(from, _)| *from < run.from);
        let mut end = run.to();
        for (from, to) in self.asked_for.get(at..).unwrap_or_default() {
            if *from > end || to.saturating_sub(run.from) > ROOM {
                break;
            }
            end = end.max(*to);
        }
        end
    }
}

/// Blank rows, repeated headers, and totals of the whole state.
fn is_passed_over(table: &Table, header: &Header, row: &GridRow<'_>) -> bool {
    let keyless = header
        .keys
        .iter()
        .take(2)
        .flatten()
        .any(|&column| row.cell(column).is_blank());
    let total = row.cells.iter().any(|cell| is_total(cell.shown()));
    let total_key = header
        .keys
        .iter()
        .flatten()
        .any(|&column| is_total(row.cell(column).shown()));
    row.is_blank() || header.is_repeated_by(table, row) || (keyless && total) || total_key
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::io::{Cursor, Seek};

    use proptest::prelude::*;

    use super::super::super::csv::Records;
    use super::super::super::limits::SUBMISSION;
    use super::*;
    use crate::read::testing::schema;

    proptest! {
        #[test]
        fn the_cells_of_a_record_end_where_they_are_split(
            cells in prop::collection::vec("([ab][ab\"]{0,2})?|\"([ab,\n]|\"\"){0,4}\"", 1..6)
        ) {
            let record = cells.join(",");
            let mut rest = record.as_bytes();
            for cell in &cells {
                let end = cell_end(rest, b',');
                prop_assert_eq!(&rest[..end], cell.as_bytes());
                rest = rest.get(end + 1..).unwrap_or_default();
            }
            let held = csv::ReaderBuilder::new().has_headers(false).from_reader(record.as_bytes()).records().next();
            let count = held.map_or(1, |held| held.map_or(0, |held| held.len()));
            prop_assert_eq!(count, cells.len().max(1));
        }
    }

    proptest! {
        /// The runs and keys of a file are the same in how many parts it is passed over.
        #[test]
        fn a_file_in_parts_is_as_in_one(
            rows in prop::collection::vec(
                (0..4_u32, prop_oneof![
                    20 => prop::sample::select(&["a", "", "\u{e9}", "5\" pipe"][..]),
                    2 => Just("\"b\n,c\""),
                    1 => prop::sample::select(&["\"d\"\"\n\"", "\"open\n", "x\r", "x\",\"0"][..]),
                ]),
                0..30,
            ),
            is_first in any::<bool>(),
            parts in 1_usize..6,
        ) {
            let header = if is_first { "district_code,plan_year,description\n" } else { "description,district_code,plan_year\n" };
            let rows = rows.into_iter().map(|(code, what)| {
                if is_first { format!("{code},2027,{what}\n") } else { format!("{what},{code},2027\n") }
            });
            let text = format!("{header}{}", rows.collect::<String>());
            let schema = schema();
            let table = &schema.tables[schema.table("budget").unwrap()];
            let key = PlanKey::default();
            let head = Records::head(table, &key.headers(&schema), &text, SUBMISSION);
            let header = key.find_header(&schema, table, &head.grid()).unwrap();
            let form = Form::Csv("budget.csv".to_owned());
            let pass = Pass {
                schema: &schema,
                key,
                table,
                header: &header,
                form: &form,
                delimiter: b',',
                is_plan: false,
            };
            let told = |(found, nature): (Found, Nature), keys: &Keys| {
                let keys: Vec<String> = keys.iter().map(|key| key.path()).collect();
                let told: Vec<String> = found.told.iter().map(|d| format!("{} {}", d.place, d.message)).collect();
                (found.runs, told, found.untold.len(), nature, keys)
            };
            let mut keys = Keys::default();
            let one = pass.run(&mut text.as_bytes(), &mut keys).unwrap();
            let one = told(one, &keys);
            prop_assert!(text.contains(['"', '\r']) || one.0.is_empty() == (text.lines().count() < 2));
            let again = || -> io::Result<Box<dyn Seekable + '_>> {
                Ok(Box::new(Cursor::new(text.as_bytes())))
            };
            let mut keys = Keys::default();
            let many = pass.run_in_parts(&again, parts, 8, &mut keys).unwrap();
            prop_assert_eq!(told(many, &keys), one);
            let starts = starts_of(&mut Cursor::new(text.as_bytes()), parts, 8).unwrap();
            let joined = pass.joined(&again, &starts, &mut Keys::default()).unwrap();
            // Only a quote that hides a line end, or an end that is none, keeps them from being parts.
            let is_plain = !text.contains(['"', '\r']);
            let has_parts = starts.get(1).is_some_and(|at| *at > 60);
            prop_assert!(joined.is_some() || !is_plain || !has_parts);
        }
    }

    #[test]
    fn a_cell_with_an_open_quote_takes_all() {
        assert_eq!(cell_end(b"\"a,b,c", b','), 6);
        assert_eq!(cell_end(b"\"a\"\",b", b','), 6);
        assert_eq!(cell_end(b"\"a,\"b,c", b','), 5);
    }

    /// A file that counts what is read of it.
    struct Counted<'c>(Cursor<Vec<u8>>, &'c Cell<usize>);

    impl Read for Counted<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(into)?;
            self.1.set(self.1.get() + read);
            Ok(read)
        }
    }

    impl Seek for Counted<'_> {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    #[test]
    fn a_run_is_no_longer_than_it_can_tell() {
        let mut run = Run {
            from: 10,
            length: 5,
            number: 1,
            rows: 1,
            of: 0,
        };
        let most = 10 + u64::from(u32::MAX);
        assert!(run.lengthen(most, 2));
        assert_eq!((run.to(), run.rows), (most, 3));
        assert!(!run.lengthen(most + 1, 1));
        assert_eq!((run.to(), run.rows), (most, 3));
        let next = Run { from: most, ..run };
        let (schema, key) = (schema(), PlanKey::default());
        let table = &schema.tables[schema.table("budget").unwrap()];
        let text = "district_code,plan_year,description\n";
        let head = Records::head(table, &key.headers(&schema), text, SUBMISSION);
        let pass = Pass {
            schema: &schema,
            key,
            table,
            header: &key.find_header(&schema, table, &head.grid()).unwrap(),
            form: &Form::Csv("budget.csv".to_owned()),
            delimiter: b',',
            is_plan: false,
        };
        let mut found = Found::default();
        pass.note(&mut found, run);
        pass.note(&mut found, next);
        assert_eq!(found.runs, [run, next]);
    }

    #[test]
    fn no_more_is_read_than_is_asked_for() {
        let run = |from: u64, to: u64| Run {
            from,
            length: u32::try_from(to - from).unwrap(),
            number: 1,
            rows: 1,
            of: 0,
        };
        let file: Vec<u8> = (0..=u8::MAX).cycle().take(300_000).collect();
        // Neighbours, one far off, one before it, one that is longer than what is read ahead, and neighbours that together are.
        let runs = [
            (0, 10),
            (10, 30),
            (30, 31),
            (500, 600),
            (450, 460),
            (1_000, 200_000),
            (210_000, 250_000),
            (250_000, 270_000),
            (270_000, 290_000),
        ];
        let runs = runs.map(|(from, to)| run(from, to));
        let count = Cell::new(0);
        let mut window = Window::of(runs.into_iter());
        let mut read = Vec::new();
        for run in runs {
            let open = || -> io::Result<Box<dyn Seekable + '_>> {
                Ok(Box::new(Counted(Cursor::new(file.clone()), &count)))
            };
            let bytes = window.bytes(run, open).unwrap();
            let place = |at: u64| usize::try_from(at).unwrap();
            assert_eq!(bytes, &file[place(run.from)..place(run.to())]);
            read.push(count.get());
        }
        assert_eq!(
            read,
            [31, 31, 31, 131, 141, 199_141, 259_141, 259_141, 279_141]
        );
        let late = window.bytes(
            run(299_990, 300_010),
            || Err(io::ErrorKind::NotFound.into()),
        );
        assert!(late.is_err(), "it ends before the run does");
    }
}
