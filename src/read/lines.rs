//! From the rows of a grid to the lines of a table: cells, totals rows, rows that are too long.

mod plain;

use std::borrow::Cow;

pub(crate) use self::plain::{Shapes, Split};
use super::cell::{Read, quoted, read_cell, read_cell_since};
use super::grid::{Grid, GridRow, Written};
use super::header::{Header, bare, not_used as not_used_columns};
use super::ids::lost_zero;
use crate::diagnostic::{Diagnostic, Weight, fold};
use crate::hash::Map;
use crate::schema::{FieldId, Table};
use crate::table::{Cell, Layout, Rows, State, Texts, column_name};
use crate::value::{Decimal, Type, money, plain, trim};

/// The table of one row.
pub(crate) const PLAN: &str = "plan";

/// What the grid was, with its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Form {
    /// A text file: `windham/budget.csv`.
    Csv(String),
    /// A sheet: `windham.xlsx!budget`.
    Sheet(String),
}

/// A part of a grid.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At<'a> {
    /// A row.
    Row(u32),
    /// A cell of the header, with its column and its text.
    Header(u32, usize, &'a str),
    /// A cell below the header, with its column and its field's name.
    Cell(u32, usize, &'a str),
}

impl Form {
    /// The path of the file or sheet.
    pub(crate) fn path(&self) -> &str {
        match self {
            Form::Csv(path) | Form::Sheet(path) => path,
        }
    }

    /// A place as people look it up.
    pub(crate) fn place(&self, at: At<'_>) -> String {
        match (self, at) {
            (Form::Csv(path), At::Row(row)) => format!("{path}:{row}"),
            (Form::Csv(path), At::Header(row, _, name) | At::Cell(row, _, name)) => {
                format!("{path}:{row}:{name}")
            }
            (Form::Sheet(path), At::Row(row)) => format!("{path}!{row}"),
            (Form::Sheet(path), At::Header(row, column, _) | At::Cell(row, column, _)) => {
                format!("{path}!{}{row}", letter(column))
            }
        }
    }

    fn layout(&self, header: &Header) -> Layout {
        match self {
            Form::Csv(path) => Layout::Csv(path.clone()),
            Form::Sheet(path) => Layout::Sheet {
                path: path.clone(),
                columns: header
                    .columns
                    .iter()
                    .map(|c| c.and_then(|c| u32::try_from(c).ok()))
                    .collect(),
                header: header.number,
            },
        }
    }
}

/// The name of a column, `A` for 0.
pub(crate) fn letter(column: usize) -> String {
    column_name(u32::try_from(column).unwrap_or(u32::MAX))
}

/// Reads a table from a grid with a row a line, its header among the first rows. The header of one of `tables` further
/// down ends it.
pub(crate) fn rows_of(
    table: &Table,
    tables: &[Table],
    grid: &Grid<'_>,
    form: &Form,
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rows {
    let Some(header) = Header::find(table, &[], grid) else {
        diagnostics.push(no_header(table, grid, form));
        let path = form.path().to_owned();
        let empty = grid.rows.iter().all(GridRow::is_blank);
        return if empty {
            Rows::absent(table, path)
        } else {
            Rows::lost(table, path)
        };
    };
    header.report(table, form, diagnostics);
    let mut lines = Lines::new(table, &header, form);
    lines.from_1904 = grid.from_1904;
    let below = grid.rows.get(header.at + 1..).unwrap_or_default();
    let end = rows_before_another(table, tables, &header, below);
    let (below, rest) = below.split_at_checked(end).unwrap_or((below, &[]));
    let is_line = |row: &GridRow<'_>| header.held(row).nth(1).is_some();
    let last = below.iter().rposition(is_line);
    let is_data = table.reference.is_some();
    for (at, row) in below.iter().enumerate() {
        let mut pass_over = |message: &str| {
            diagnostics.push(Diagnostic::notice(form.place(At::Row(row.number)), message));
        };
        if !is_data && at == 0 && is_second_header(row) {
            pass_over("this row tells more of the headers: it was not read as a line");
        } else if !is_data && last.is_some_and(|last| at > last) && is_note(row) {
            pass_over("this is a note below the table: it was not read as a line");
        } else {
            let row = as_seen(table, &header, grid, row);
            lines.take(&row, texts, diagnostics);
        }
    }
    diagnostics.extend(rest.first().map(|row| another_table(form, row.number)));
    lines.finish(diagnostics)
}

/// How many rows stand above another table: above its header, or the title over that.
fn rows_before_another(
    table: &Table,
    tables: &[Table],
    header: &Header,
    below: &[GridRow<'_>],
) -> usize {
    let is_another = |row: &GridRow<'_>| header.is_followed_by_another(table, tables, row);
    let Some(at) = below.iter().position(is_another) else {
        return below.len();
    };
    let above = below.get(..at).unwrap_or_default();
    let title = above.iter().rposition(|row| !row.is_blank());
    title
        .filter(|&title| above.get(title).and_then(only_text).is_some())
        .unwrap_or(at)
}

/// The text of a row that holds nothing else.
fn only_text<'r>(row: &'r GridRow<'_>) -> Option<&'r str> {
    let mut held = row.cells.iter().filter(|cell| !cell.is_blank());
    match (held.next(), held.next()) {
        (Some(cell @ Written::Text(_)), None) => Some(cell.shown()),
        _ => None,
    }
}

fn another_table(form: &Form, row: u32) -> Diagnostic {
    let own = match form {
        Form::Csv(_) => "file",
        Form::Sheet(_) => "sheet",
    };
    let message = format!(
        "another table begins here: nothing from this row on was read; give each table its own {own}"
    );
    Diagnostic::error(form.place(At::Row(row)), message)
}

/// Whether a row below the header goes on with it, as in `(a)`, `(b)` or `($)`.
fn is_second_header(row: &GridRow<'_>) -> bool {
    let mut held = row.cells.iter().filter(|cell| !cell.is_blank());
    let goes_on = |cell: &Written<'_>| {
        let text = cell.shown();
        matches!(cell, Written::Text(_))
            && text.len() <= 16
            && text.starts_with('(')
            && text.ends_with(')')
    };
    held.clone().nth(1).is_some() && held.all(goes_on)
}

/// Whether a row holds one text alone that is marked as a note. Without a mark it may be a line of which the rest is
/// blank.
fn is_note(row: &GridRow<'_>) -> bool {
    only_text(row).is_some_and(is_marked_as_note)
}

/// Whether a text says that it is a note: `* estimate`, `Note: …`, `Source: …`.
pub(crate) fn is_marked_as_note(text: &str) -> bool {
    const WORDS: [&str; 4] = ["note", "notes", "source", "sources"];
    let word = text.split_once(':').map_or("", |(word, _)| trim(word));
    let is_worded = WORDS.iter().any(|w| word.eq_ignore_ascii_case(w));
    is_worded || text.strip_prefix('*').is_some_and(|more| !more.is_empty())
}

/// The row with what a person sees in cells that are merged with one above. A figure counts once: in the first row.
fn as_seen<'r, 'g>(
    table: &Table,
    header: &Header,
    grid: &Grid<'g>,
    row: &'r GridRow<'g>,
) -> Cow<'r, GridRow<'g>> {
    let mut seen = Cow::Borrowed(row);
    if grid.merges.is_empty() || header.held(row).next().is_none() {
        return seen;
    }
    for (field, column) in table.fields.iter().zip(&header.columns) {
        let merge = column.filter(|c| row.cell(*c).is_blank());
        let merge = merge.and_then(|column| Some((column, grid.merge_over(row.number, column)?)));
        let Some((column, merge)) =
            merge.filter(|(column, m)| m.columns.0 == *column && m.rows.0 > header.number)
        else {
            continue;
        };
        let first = grid.seen(row.number, column);
        if first.is_blank() {
            continue;
        }
        let is_figure = field.ty.is_figure();
        let written = if is_figure {
            let first = format!("{}{}", letter(column), merge.rows.0);
            Written::Bad(format!(
                "the cell is merged with {first}: write each line's own figure"
            ))
        } else {
            first.clone()
        };
        seen.to_mut().put(column, written);
    }
    seen
}

/// What to say when no row names the fields of the table.
pub(crate) fn no_header(table: &Table, grid: &Grid<'_>, form: &Form) -> Diagnostic {
    if grid.rows.iter().all(GridRow::is_blank) {
        let message = format!("the table `{}` is empty", table.name);
        let tell = if table.required {
            Diagnostic::error
        } else {
            Diagnostic::notice
        };
        return tell(form.path().to_owned(), message);
    }
    let names: Vec<_> = table
        .fields
        .iter()
        .map(|field| format!("`{}`", field.name))
        .collect();
    let message = format!(
        "no row of headers was found; the table `{}` has the columns {}",
        table.name,
        names.join(", ")
    );
    Diagnostic::error(form.path(), message)
}

/// Says what a required table or column lacks; nothing of a table of which an error was told already.
pub(crate) fn report_missing(table: &Table, rows: &Rows, diagnostics: &mut Vec<Diagnostic>) {
    let path = rows.layout.path();
    if rows.is_absent() || rows.is_empty() {
        let told = diagnostics
            .iter()
            .any(|d| d.place == path && d.weight != Weight::Notice);
        if table.required && !told {
            let lack = if rows.is_absent() {
                "is missing"
            } else {
                "has no rows"
            };
            diagnostics.push(Diagnostic::error(
                path,
                format!("the table `{}` {lack}", table.name),
            ));
        }
    }
    if rows.is_absent() {
        return;
    }
    let what = if matches!(rows.layout, Layout::Toml(_) | Layout::Vertical { .. }) {
        "field"
    } else {
        "column"
    };
    for (id, field) in table.fields.iter().enumerate() {
        let has_column = rows.columns.get(id).is_some_and(Option::is_some);
        if field.required && field.otherwise.is_none() && !has_column {
            let message = format!("the {what} `{}` is missing", field.name);
            diagnostics.push(Diagnostic::error(rows.place(table, 0, id), message));
        }
    }
}

/// The sums of a field that a totals row is checked against; `None` where a line cannot be read. They are worked out when
/// such a row comes.
struct Sum {
    field: FieldId,
    all: Option<Decimal>,
    since: Option<Decimal>,
    /// How many lines are in them.
    counted: usize,
}

impl Sum {
    /// Adds the lines that are not in yet.
    fn catch_up(&mut self, rows: &Rows, required: bool) {
        for line in self.counted..rows.len() {
            let x = match rows.state(line, self.field) {
                State::Value => rows.number(line, self.field),
                State::Blank if required => None,
                State::Blank | State::NotApplicable => Some(Decimal::ZERO),
                State::Suppressed | State::Unreadable => None,
            };
            for sum in [&mut self.all, &mut self.since] {
                *sum = sum.zip(x).and_then(|(sum, x)| sum.checked_add(x));
            }
        }
        self.counted = rows.len();
    }
}

/// The lines of a table on their way in.
pub(crate) struct Lines<'t> {
    table: &'t Table,
    header: &'t Header,
    form: &'t Form,
    /// What was read so far.
    pub rows: Rows,
    /// Whether dates that are plain numbers count from 1904.
    pub from_1904: bool,
    sums: Vec<Sum>,
    /// The field that names the lines, where it is a text as written, and its column.
    id: Option<(FieldId, usize)>,
    headless: Vec<usize>,
    /// The first lines of the numbers of which an id is not written plainly, such as `07`.
    odd_ids: Map<String, usize>,
    /// The columns of which no cell is read.
    not_read: Vec<usize>,
    /// The first column, where those of all fields stand side by side in the schema's order.
    first_column: Option<usize>,
    /// Where all rows of a file are taken: the tables whose headers may follow.
    among: Option<&'t [Table]>,
}

impl<'t> Lines<'t> {
    /// No lines yet, under a header.
    pub(crate) fn new(table: &'t Table, header: &'t Header, form: &'t Form) -> Self {
        let rows = Rows::new(table, form.layout(header), &header.fields());
        Lines::into_rows(rows, table, header, form)
    }

    /// The same, where there are rows of such a table, none yet.
    pub(crate) fn into_rows(
        rows: Rows,
        table: &'t Table,
        header: &'t Header,
        form: &'t Form,
    ) -> Self {
        let fields = header.fields();
        let has_total = |id: &FieldId| {
            table
                .fields
                .get(*id)
                .is_some_and(|f| f.total && f.ty.is_numeric())
        };
        let sums = fields.iter().copied().filter(has_total);
        let sums = sums
            .map(|field| Sum {
                field,
                all: Some(Decimal::ZERO),
                since: Some(Decimal::ZERO),
                counted: 0,
            })
            .collect();
        Lines {
            table,
            header,
            form,
            rows,
            from_1904: false,
            sums,
            id: id_of(table, header),
            headless: Vec::new(),
            odd_ids: Map::default(),
            not_read: (0..header.width)
                .filter(|column| !header.columns.contains(&Some(*column)))
                .collect(),
            first_column: header.first_of_all(),
            among: None,
        }
    }

    /// All lines of a file, one after another; in it another of `tables` may follow, or a note.
    pub(crate) fn all_among(mut self, tables: &'t [Table]) -> Self {
        self.among = Some(tables);
        self
    }

    /// Whether they are all lines of a file.
    pub(crate) fn is_all(&self) -> bool {
        self.among.is_some()
    }

    /// Whether what a row of a file is may rest on the rows around it, as [`rows_of`] looks at them.
    pub(crate) fn rests_on_others(&self, row: &GridRow<'_>) -> bool {
        let is_other = |tables: &[Table]| {
            self.header.is_followed_by_another(self.table, tables, row)
                || (self.table.reference.is_none() && (is_second_header(row) || is_note(row)))
        };
        self.among.is_some_and(is_other)
    }

    /// Takes a row below the header: a line, a totals row, or nothing.
    pub(crate) fn take(
        &mut self,
        row: &GridRow<'_>,
        texts: &mut Texts,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        if row.is_blank() || self.header.is_repeated_by(self.table, row) {
            return;
        }
        if let Some(word) = self.total_word(row) {
            self.check_total(row, word, diagnostics);
            return;
        }
        let doubtful = self.is_too_long(row, diagnostics);
        let held = |column: &Option<usize>| column.is_some_and(|c| !row.cell(c).is_blank());
        let place = || self.form.place(At::Row(row.number));
        if !self.header.columns.iter().any(held) {
            let message =
                "this row has nothing in the columns that are read: it was not read as a line";
            diagnostics.push(Diagnostic::notice(place(), message));
            return;
        }
        if self.table.name == PLAN && !self.rows.is_empty() {
            diagnostics.push(Diagnostic::error(
                place(),
                "the table `plan` has one row: this one was not read",
            ));
            return;
        }
        self.take_line(row, doubtful, texts, diagnostics);
    }

    fn take_line(
        &mut self,
        row: &GridRow<'_>,
        doubtful: bool,
        texts: &mut Texts,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let id = self.id.filter(|_| !doubtful);
        let mut id = id.map(|(key, column)| (key, self.read_id(key, row.cell(column))));
        self.rows.begin_row(row.number);
        for (field, (f, column)) in self
            .table
            .fields
            .iter()
            .zip(&self.header.columns)
            .enumerate()
        {
            let read = match column.map(|column| row.cell(column)) {
                None => Read::BLANK,
                Some(written) if doubtful => Read::doubtful(written),
                Some(written) => match id.take_if(|(key, _)| *key == field) {
                    Some((_, read)) => read,
                    None => read_cell_since(f, written, self.from_1904),
                },
            };
            self.push(field, &read, texts, diagnostics);
        }
    }

    /// Adds the next cell of a line, and tells what is wrong with it.
    fn push(
        &mut self,
        field: FieldId,
        read: &Read<'_>,
        texts: &mut Texts,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        self.rows.push_cell(field, &read.cell(), read.raw, texts);
        if read.message.is_some() {
            let line = self.rows.len().saturating_sub(1);
            diagnostics.extend(read.told(|| self.rows.place(self.table, line, field)));
        }
    }

    /// An id as read: refused where it lost its last zero, and told of where it reads like another.
    fn read_id<'r>(&mut self, key: FieldId, written: &'r Written<'_>) -> Read<'r>
    where
        't: 'r,
    {
        let table: &'t Table = self.table;
        let Some(field) = table.fields.get(key) else {
            return Read::BLANK;
        };
        let mut read = read_cell_since(field, written, self.from_1904);
        if let Some(why) = self.lost_zero(key, written) {
            read = Read::refused(written, why);
        } else if read.message.is_none() {
            read.message = self.reads_alike(key, written);
            read.weight = Weight::Notice;
        }
        read
    }

    /// Why an id that reads as one above is probably another: `1.1` behind `1.9` is `1.10`, stored as a number.
    fn lost_zero(&self, key: FieldId, written: &Written<'_>) -> Option<String> {
        let last = self.rows.len().checked_sub(1)?;
        let may_lose = matches!(written, Written::Number { .. })
            || matches!((self.form, written), (Form::Csv(_), Written::Text(_)));
        let shown = Some(written.shown()).filter(|_| may_lose)?;
        // Few ids end in nine; only behind those is it worth looking for another that reads the same.
        let before = self.rows.raw(last, key);
        (before.ends_with('9') && before.contains('.')).then_some(())?;
        let first = (0..=last).find(|&line| self.rows.raw(line, key) == shown)?;
        let number = *self.rows.numbers.get(first)?;
        lost_zero(before, shown, number)
    }

    /// What to say of an id that is the same number as one above and reads otherwise, such as `07` and `7`.
    fn reads_alike(&mut self, key: FieldId, written: &Written<'_>) -> Option<String> {
        let shown = written.shown();
        let alike = match written {
            Written::Number { value, .. } => Cow::Owned(plain(*value)),
            Written::Text(_) if is_plain_number(shown) => match shown.trim_start_matches('0') {
                "" => Cow::Borrowed("0"),
                digits => Cow::Borrowed(digits),
            },
            _ => return None,
        };
        let line = self.rows.len();
        let first = if alike == shown {
            *self.odd_ids.get(shown)?
        } else {
            let plain = || (0..line).find(|&line| self.rows.raw(line, key) == alike);
            let held = self.odd_ids.get(&*alike).copied().or_else(plain);
            *self
                .odd_ids
                .entry(alike.into_owned())
                .or_insert(held.unwrap_or(line))
        };
        let other = self.rows.raw(first, key);
        (first != line && other != shown).then_some(())?;
        Some(format!(
            "{} here and {} in row {} were read as two: write them alike if they are one",
            quoted(shown),
            quoted(other),
            self.rows.numbers.get(first)?,
        ))
    }

    /// Whether a row of a text file is longer than the header: a comma is not quoted, and its cells stand anywhere.
    fn is_too_long(&mut self, row: &GridRow<'_>, diagnostics: &mut Vec<Diagnostic>) -> bool {
        let width = row
            .cells
            .iter()
            .rposition(|cell| !cell.is_blank())
            .map_or(0, |last| last + 1);
        let too_long = matches!(self.form, Form::Csv(_)) && width > self.header.width;
        if too_long {
            let message = format!(
                "this row has {width} cells, the header {}: is a comma unquoted? none of its cells was read",
                self.header.width
            );
            diagnostics.push(Diagnostic::error(
                self.form.place(At::Row(row.number)),
                message,
            ));
            return true;
        }
        for column in self.header.named..width {
            if !row.cell(column).is_blank() && !self.headless.contains(&column) {
                self.headless.push(column);
            }
        }
        false
    }

    /// The word by which a row is known as a total, in any column. A row of which the other cells that a line must have
    /// (texts, codes, dates; not figures) are more than half filled is a line all the same. Reference tables have no totals.
    fn total_word<'r>(&self, row: &'r GridRow<'_>) -> Option<&'r str> {
        if self.table.reference.is_some() {
            return None;
        }
        let at = row
            .cells
            .iter()
            .position(|cell| matches!(cell, Written::Text(t) if is_total(t)))?;
        let columns = |required: bool| {
            self.table
                .fields
                .iter()
                .zip(&self.header.columns)
                .filter_map(move |(field, column)| {
                    let counts = !field.ty.is_figure();
                    column.filter(|c| *c != at && counts && (field.required || !required))
                })
        };
        let required = columns(true).count() > 0;
        let (all, filled) = columns(required).fold((0, 0), |(all, filled), column| {
            (all + 1, filled + usize::from(!row.cell(column).is_blank()))
        });
        (filled * 2 <= all).then(|| row.cell(at).shown())
    }

    /// Compares a totals row with the lines since the last one, or with all of them.
    fn check_total(&mut self, row: &GridRow<'_>, word: &str, diagnostics: &mut Vec<Diagnostic>) {
        for sum in &mut self.sums {
            let field = self.table.fields.get(sum.field);
            sum.catch_up(&self.rows, field.is_some_and(|f| f.required));
            let since = sum.since.replace(Decimal::ZERO);
            let column = self.header.columns.get(sum.field).copied().flatten();
            let Some(((field, column), (all, since))) = field.zip(column).zip(sum.all.zip(since))
            else {
                continue;
            };
            let read = read_cell(field, row.cell(column));
            let Cell::Number(said) = read.cell() else {
                continue;
            };
            if said != all && said != since {
                let add = if fold(word).starts_with("sub") {
                    since
                } else {
                    all
                };
                let print = |x| {
                    if field.ty == Type::Money {
                        amount(x)
                    } else {
                        plain(x)
                    }
                };
                diagnostics.push(Diagnostic::error(
                    self.form.place(At::Cell(row.number, column, &field.name)),
                    format!(
                        "the total says {}, the lines above add to {}",
                        print(said),
                        print(add)
                    ),
                ));
            }
        }
    }

    /// The rows, once all lines are in.
    pub(crate) fn finish(mut self, diagnostics: &mut Vec<Diagnostic>) -> Rows {
        self.rows.share();
        self.headless.sort_unstable();
        let names: Vec<_> = self.headless.iter().map(|c| quoted(&letter(*c))).collect();
        if let Some(message) = not_used_columns(&names, "have no header and are not used") {
            let place = self.form.place(At::Row(self.header.number));
            diagnostics.push(Diagnostic::notice(place, message));
            return self.rows;
        }
        for column in &self.headless {
            let name = letter(*column);
            let place = self
                .form
                .place(At::Header(self.header.number, *column, &name));
            diagnostics.push(Diagnostic::notice(
                place,
                format!("the column `{name}` has no header and is not used"),
            ));
        }
        self.rows
    }
}

/// The field that names the lines, where it is a text as written, and its column.
fn id_of(table: &Table, header: &Header) -> Option<(FieldId, usize)> {
    let key = table.key()?;
    let field = table.fields.get(key)?;
    let column = header.columns.get(key).copied().flatten()?;
    (field.ty == Type::Text && field.digits.is_none()).then_some((key, column))
}

/// Whether a text is digits with at most one point between them.
fn is_plain_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && text.bytes().filter(|&b| b == b'.').count() <= 1
}

/// An amount without the sign of its currency.
fn amount(x: Decimal) -> String {
    money(x, "").replacen(' ', "", 1)
}

/// Whether a text reads as the label of a totals row: `Total`, `Grand total`, `Strategy 1.1 total`, `Sum`.
pub(crate) fn is_total(shown: &str) -> bool {
    const LONGEST: usize = 60;
    const WORDS: [&str; 9] = [
        "sub_total",
        "total_budget",
        "sum",
        "sum_total",
        "grand_sum",
        "sums",
        "ttl",
        "total",
        "totals",
    ];
    const ENDS: [&str; 6] = ["total", "totals", "sum", "sums", "ttl", "budget"];
    if !may_end_total(shown.as_bytes()) {
        return false;
    }
    let text = shown.trim_end_matches([':', ' ', '\u{a0}']).as_bytes();
    let ends = |word: &&str| {
        let tail = text
            .len()
            .checked_sub(word.len())
            .and_then(|from| text.get(from..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(word.as_bytes()))
    };
    if text.len() > LONGEST || !ENDS.iter().any(ends) {
        return false;
    }
    let words = fold(shown.trim_end_matches([':', ' ', '\u{a0}']));
    let last = words.rsplit('_').next().unwrap_or_default();
    WORDS.contains(&words.as_str()) || matches!(last, "total" | "totals" | "subtotal" | "subtotals")
}

/// Whether a text may end as the label of a totals row does. Nearly no cell does: its last two letters tell that cheaply.
fn may_end_total(text: &[u8]) -> bool {
    match text {
        [.., b':' | b' ' | 0xa0] => true,
        [.., before, last] => matches!(
            (before | 0x20, last | 0x20),
            (b'a' | b't', b'l') | (b'l' | b'm', b's') | (b'u', b'm') | (b'e', b't')
        ),
        _ => false,
    }
}

/// Reads a table of one row that is written with a field a line, under the headers `field` and `value`; `None` when it is
/// not written so.
pub(crate) fn vertical_rows(
    table: &Table,
    grid: &Grid<'_>,
    form: &Form,
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Rows> {
    let (at, names, values) = vertical_columns(table, grid)?;
    let mut cells: Vec<Option<&Written<'_>>> = vec![None; table.fields.len()];
    let mut places = vec![None; table.fields.len()];
    for row in grid.rows.iter().skip(at) {
        let (name, written) = (row.cell(names).shown(), row.cell(values));
        let place = form.place(At::Cell(row.number, values, name));
        let slot = table.find_field(bare(name));
        match slot.and_then(|id| cells.get_mut(id).zip(places.get_mut(id))) {
            Some((cell @ None, slot)) => {
                *cell = Some(written);
                *slot = u32::try_from(values)
                    .ok()
                    .map(|column| (column, row.number));
            }
            Some(_) => {
                let message = format!(
                    "{} stands here for the second time: the first was read",
                    quoted(name)
                );
                diagnostics.push(Diagnostic::error(place, message));
            }
            None if name.is_empty() || written.is_blank() => {}
            None => diagnostics.push(not_used(table, place, name)),
        }
    }
    let layout = match form {
        Form::Csv(path) => Layout::Toml(path.clone()),
        Form::Sheet(path) => Layout::Vertical {
            path: path.clone(),
            cells: places,
        },
    };
    Some(record(
        table,
        layout,
        &cells,
        grid.from_1904,
        texts,
        diagnostics,
    ))
}

/// The first row of fields and the columns of their names and values: told by the headers, or by two names in a column.
pub(crate) fn vertical_columns(table: &Table, grid: &Grid<'_>) -> Option<(usize, usize, usize)> {
    let across = Header::find(table, &[], grid).map_or(0, |header| header.known);
    let find = |row: &GridRow<'_>, name: &str| {
        row.cells.iter().position(|cell| fold(cell.shown()) == name)
    };
    for (at, row) in grid.rows.iter().enumerate().take(20) {
        if let Some((names, values)) = find(row, "field").zip(find(row, "value")) {
            return Some((at + 1, names, values));
        }
    }
    let named = |row: &&GridRow<'_>, column: usize| {
        table.find_field(bare(row.cell(column).shown())).is_some()
    };
    let down = |column: usize| grid.rows.iter().filter(|row| named(row, column)).count();
    (0..3_usize)
        .find(|&column| down(column) >= 2 && down(column) > across)
        .map(|column| (0, column, column + 1))
}

/// One row from what is written for each field; fields for which nothing is written have no column.
pub(crate) fn record(
    table: &Table,
    layout: Layout,
    written: &[Option<&Written<'_>>],
    from_1904: bool,
    texts: &mut Texts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Rows {
    let fields: Vec<FieldId> = written
        .iter()
        .enumerate()
        .filter_map(|(id, w)| w.map(|_| id))
        .collect();
    let mut rows = Rows::new(table, layout, &fields);
    let reads: Vec<Read<'_>> = table
        .fields
        .iter()
        .zip(written)
        .map(|(field, written)| {
            written.map_or(Read::BLANK, |w| read_cell_since(field, w, from_1904))
        })
        .collect();
    let cells: Vec<_> = reads.iter().map(|read| (read.cell(), read.raw)).collect();
    rows.push(1, &cells, texts);
    for (field, read) in reads.iter().enumerate() {
        diagnostics.extend(read.told(|| rows.place(table, 0, field)));
    }
    rows
}

/// Says that a key is no field of the table.
pub(crate) fn not_used(table: &Table, place: String, name: &str) -> Diagnostic {
    let names = table
        .fields
        .iter()
        .flat_map(|field| [field.name.as_str(), field.label.as_str()]);
    let meant = crate::diagnostic::nearest(name, names.filter(|name| !name.is_empty()));
    match meant
        .and_then(|name| table.find_field(name))
        .and_then(|id| table.fields.get(id))
    {
        Some(field) => Diagnostic::notice(
            place,
            format!(
                "{} is not used: did you mean `{}`?",
                quoted(name),
                field.name
            ),
        ),
        None => Diagnostic::notice(place, format!("{} is not used", quoted(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::csv::Records;
    use crate::read::grid::Merge;
    use crate::read::testing::{
        assert_budget, budget, lines, read_budget, schema, to_strings, told,
    };

    const HEADER: &str = "line_id,strategy_id,object_code,description,amount,Notes\n";

    #[track_caller]
    fn assert_rows(rows: &str, count: usize, want_told: &[&str]) {
        let (lines, told) = read_budget(format!("{HEADER}{rows}"));
        assert_eq!(told[1..], *want_told, "{lines:?}");
        assert_eq!(lines.len(), count, "{lines:?}");
    }

    #[test]
    fn totals_rows_are_no_lines() {
        let lines = "1,1.1,111,Coach,100,\n2,1.1,111,Coach,50.5,\n";
        assert_rows(&format!("{lines},,,Total,150.50,\n"), 2, &[]);
        assert_rows(&format!("{lines}TOTAL:,,,,,\n"), 2, &[]);
        assert_rows(
            &format!("{lines},,,,\"$1,150.50\",grand total\n"),
            2,
            &["E b.csv:4:amount the total says 1,150.50, the lines above add to 150.50"],
        );
        assert_rows(
            &format!("{lines}Total,,,,150.5,\n3,1.1,111,Coach,1,\n"),
            3,
            &[],
        );
    }

    #[test]
    fn subtotals_count_from_the_last() {
        let rows = "1,1.1,111,Coach,100,\n,1.1,,Subtotal,100,\n2,1.2,111,Coach,50,\n,,,Sub-total,51,\n,,,Total,150,\n";
        assert_rows(
            rows,
            2,
            &["E b.csv:5:amount the total says 51.00, the lines above add to 50.00"],
        );
    }

    #[test]
    fn lines_that_speak_of_totals_are_lines() {
        assert_rows(
            "1,1.1,111,Total Quality training,100,\n2,1.1,111,Total,5,\n3,1.1,111,Books,5,total\n",
            3,
            &[],
        );
    }

    #[test]
    fn unreadable_lines_leave_a_total_unchecked() {
        let rows = "1,1.1,111,Coach,abc,\n,,,Total,150,\n";
        assert_rows(
            rows,
            1,
            &["E b.csv:2:amount `abc` is not an amount such as `$1,234.50`"],
        );
    }

    #[test]
    fn ragged_rows() {
        let told = [
            "E b.csv:3 this row has 3 cells, the header 2: is a comma unquoted? none of its cells was read",
        ];
        assert_budget(
            "line_id,amount\n1\n2,$1,234\n3,5,,\n",
            &[
                "2: line_id=1",
                "3: line_id=? amount=?",
                "4: line_id=3 amount=5",
            ],
            &told,
        );
        let told = ["N b.csv:1:C the column `C` has no header and is not used"];
        assert_budget(
            "line_id,amount,\n1,5,x\n",
            &["2: line_id=1 amount=5"],
            &told,
        );
    }

    #[test]
    fn rows_outside_the_columns_are_told() {
        let told = [
            "N b.csv:1:x the column `x` is not used",
            "N b.csv:2 this row has nothing in the columns that are read: it was not read as a line",
        ];
        assert_budget("line_id,amount,x\n,,note\n", &[], &told);
    }

    /// Checks the lines of a sheet: its cells as in a text file, and its merged cells.
    #[track_caller]
    fn assert_sheet(
        text: &str,
        merges: &[((u32, u32), (usize, usize))],
        want: &[&str],
        want_told: &[&str],
    ) {
        let (table, mut texts, mut diagnostics) = (budget(), Texts::default(), Vec::new());
        let merges = merges
            .iter()
            .map(|&(rows, columns)| Merge { rows, columns });
        let records = Records::read(&table, &[], text, crate::read::limits::SUBMISSION);
        let grid = records.grid().with_merges(merges.collect());
        let form = Form::Sheet("w!b".to_owned());
        let tables = schema().tables;
        let rows = rows_of(&table, &tables, &grid, &form, &mut texts, &mut diagnostics);
        assert_eq!(
            (lines(&table, &rows, &texts), told(&diagnostics)),
            (to_strings(want), to_strings(want_told))
        );
    }

    #[test]
    fn merged_cells_hold_what_is_seen_and_figures_once() {
        let text = "line_id,strategy_id,object_code,description,amount\n1,1.1,111,Coach,100\n2,,,Books,\n,,,,5\n";
        let down = [
            ((2, 3), (1, 1)),
            ((2, 3), (2, 2)),
            ((2, 3), (4, 4)),
            ((1, 4), (0, 0)),
        ];
        assert_sheet(
            text,
            &down,
            &[
                "2: line_id=1 strategy_id=1.1 object_code=111 description=Coach amount=100",
                "3: line_id=2 strategy_id=1.1 object_code=111 description=Books amount=?",
                "4: amount=5",
            ],
            &["E w!b!E3 the cell is merged with E2: write each line's own figure"],
        );
        let across = "line_id,strategy_id,description,amount\n1,Talent,,5\n,,,\n3,,,6\n";
        assert_sheet(
            across,
            &[((2, 4), (1, 2))],
            &[
                "2: line_id=1 strategy_id=Talent amount=5",
                "4: line_id=3 strategy_id=Talent amount=6",
            ],
            &[],
        );
    }

    #[test]
    fn headers_merged_over_two_rows() {
        let text = "line_id,description,Money,\n,,quantity,amount\n1,Coach,2,5\n";
        let merges = [((1, 2), (0, 0)), ((1, 2), (1, 1)), ((1, 1), (2, 3))];
        let want = ["3: line_id=1 description=Coach quantity=2 amount=5"];
        assert_sheet(text, &merges, &want, &[]);
    }

    #[test]
    fn rows_that_hold_merged_cells_alone_are_no_lines() {
        let text = "line_id,description,amount,Notes\n1,Coach,5,a\n,,,b\n";
        let told = [
            "N w!b!D1 the column `Notes` is not used",
            "N w!b!3 this row has nothing in the columns that are read: it was not read as a line",
        ];
        let down = [((2, 3), (0, 0)), ((2, 3), (1, 1)), ((2, 3), (2, 2))];
        assert_sheet(
            text,
            &down,
            &["2: line_id=1 description=Coach amount=5"],
            &told,
        );
    }

    #[test]
    fn notes_below_the_table_are_no_lines() {
        let note = |row: u32| {
            format!("N b.csv:{row} this is a note below the table: it was not read as a line")
        };
        let text = "line_id,description,amount\n1,Coach,5\n,*,\n,,\n* estimate,,\nNote: x,,\nSource: the office,,\n";
        let want = [
            "2: line_id=1 description=Coach amount=5",
            "3: description=*",
        ];
        let (lines, told) = read_budget(text);
        assert_eq!(lines, to_strings(&want));
        assert_eq!(told, [5, 6, 7].map(note));
        let above = "line_id,description,amount\n,Note: talent,\n1,Coach,5\n";
        assert_eq!(read_budget(above).0.len(), 2);
    }

    #[test]
    fn a_last_line_with_one_text_is_a_line() {
        for text in ["Dredging of the inlet", "Notebooks", "Source", "Two words"] {
            let rows = format!("line_id,description,amount\n1,Coach,5\n,{text},\n");
            let want = [
                "2: line_id=1 description=Coach amount=5".to_owned(),
                format!("3: description={text}"),
            ];
            assert_eq!(read_budget(rows), (want.to_vec(), Vec::new()));
        }
    }

    #[test]
    fn every_row_of_a_reference_table_is_one() {
        let mut table = budget();
        table.reference = Some(crate::schema::Reference::default());
        let (mut texts, mut diagnostics) = (Texts::default(), Vec::new());
        let text = "line_id,description,amount\n(a),(b),\n1,Coach,5\n,Total,\n,Note: the rest,\n";
        let bytes = text.as_bytes();
        let rows = crate::read::read_csv(&table, "b.csv", bytes, &mut texts, &mut diagnostics);
        assert_eq!(rows.len(), 4, "{:?}", lines(&table, &rows, &texts));
        assert_eq!(told(&diagnostics), Vec::<String>::new());
    }

    #[test]
    fn a_second_header_row_is_no_line() {
        let told = ["N b.csv:2 this row tells more of the headers: it was not read as a line"];
        assert_budget(
            "line_id,quantity,amount\n(a),(1),($)\n1,2,(5)\n",
            &["3: line_id=1 quantity=2 amount=-5"],
            &[
                told[0],
                "E b.csv:3:amount `(5)` is below the least allowed, 0",
            ],
        );
    }

    #[test]
    fn another_table_below_is_not_read() {
        let text =
            "line_id,description,amount\n1,Coach,5\n\nBy object,,\nAmount,Object code,\n5,111,\n";
        let told = [
            "E w!b!4 another table begins here: nothing from this row on was read; give each table its own sheet",
        ];
        let want = ["2: line_id=1 description=Coach amount=5"];
        assert_sheet(text, &[], &want, &told);
        let other =
            "line_id,description,amount\n1,Coach,5\nDistrict code,Award,approved\n1,2,yes\n";
        let told = [
            "E w!b!3 another table begins here: nothing from this row on was read; give each table its own sheet",
        ];
        assert_sheet(other, &[], &want, &told);
        let again = "line_id,description,amount\n1,Coach,5\n,Description,Amount\n2,Books,6\n";
        assert_eq!(read_budget(again).0.len(), 3);
    }

    #[test]
    fn ids_that_lost_their_zero_are_asked_about() {
        let (lines, told) = read_budget(
            "line_id,amount\n1.1,5\n1.2,5\n1.9,5\n1.1,5\n1.11,5\n1.19,5\n1.2,5\n1.2,5\n",
        );
        assert_eq!(lines[3], "5: line_id=? amount=5");
        assert_eq!(lines[6], "8: line_id=? amount=5");
        assert_eq!(lines[7], "9: line_id=1.2 amount=5");
        let lost = |row: u32, shown: &str, first: u32, before: &str, meant: &str| {
            format!(
                "E b.csv:{row}:line_id reads `{shown}`, as row {first} does already; after `{before}` it is probably \
                 `{meant}` that lost its zero: format the column as text and write it anew"
            )
        };
        assert_eq!(
            told[..2],
            [
                lost(5, "1.1", 2, "1.9", "1.10"),
                lost(8, "1.2", 3, "1.19", "1.20")
            ]
        );
    }

    #[test]
    fn ids_that_read_alike_are_told() {
        let told = [
            "N b.csv:4:line_id `07` here and `7` in row 2 were read as two: write them alike if they are one",
        ];
        let want = [
            "2: line_id=7 amount=5",
            "3: line_id=1.1 amount=5",
            "4: line_id=07 amount=5",
            "5: line_id=1.10 amount=5",
            "6: line_id=7 amount=5",
        ];
        assert_budget(
            "line_id,amount\n7,5\n1.1,5\n07,5\n1.10,5\n7,5\n",
            &want,
            &told,
        );
    }
}
