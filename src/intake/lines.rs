//! From the rows below a header to lines: which rows are lines, which are headings, totals, notes or blank forms.

use std::borrow::Cow;

use super::book::Leaf;
use super::locate::Segment;
use super::map::Block;
use super::pattern::folded;
use super::reading::Origin;
use super::values::{numbered, spelled, understand};
use crate::diagnostic::Diagnostic;
use crate::read::cell::{quoted, read_cell};
use crate::read::grid::{GridRow, Written};
use crate::read::lines::{is_marked_as_note, is_total};
use crate::schema::{Field, FieldId, Table};
use crate::table::{Cell, Page, Spot, State};
use crate::value::{Decimal, Type, money, plain};

/// A cell on its way into a table.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    /// As the field has it.
    pub(crate) written: Written<'static>,
    /// As it stands in the file.
    pub(crate) raw: String,
    /// Where it stands, unless the map says it.
    pub(crate) spot: Option<Spot>,
}

/// A line on its way into a table: a cell for each field that it has.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// The sheet.
    pub(crate) page: usize,
    /// The row, as a spreadsheet counts.
    pub(crate) number: u32,
    /// Its cells, by field.
    pub(crate) cells: Vec<Option<Taken>>,
    /// The words that tell its plan: code, year, revision.
    pub(crate) key: [Written<'static>; 3],
}

/// The lines of one segment, and what became of its other rows.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// The lines, each with what is to be told of it.
    pub(crate) list: Vec<(Line, Vec<Diagnostic>)>,
    /// The rows, as places among the rows of the grid, of which something was read.
    pub(crate) used: Vec<usize>,
    /// How many totals rows were checked.
    pub(crate) totals: usize,
    /// What is wrong or was guessed.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The sums of its columns of figures.
    pub(crate) sums: Vec<(usize, Option<Decimal>)>,
}

/// A segment being read.
pub(crate) struct Reader<'a> {
    pub(crate) table: &'a Table,
    pub(crate) block: &'a Block,
    pub(crate) segment: &'a Segment,
    pub(crate) leaf: &'a Leaf,
    pub(crate) page: &'a Page,
    /// Lines go on below a total: those of the next plan.
    pub(crate) goes_on: bool,
    /// Sums of the same block further up on the sheet, which a grand total counts too; `None` where one is not known.
    pub(crate) above: Vec<(usize, Option<Decimal>)>,
    /// Values that hold for every line: constants and labels.
    pub(crate) common: Vec<(FieldId, Taken, Origin)>,
}

/// The sum of a column of figures; `None` once one of them cannot be read.
struct Sum {
    field: FieldId,
    column: usize,
    all: Option<Decimal>,
    since: Option<Decimal>,
}

impl Reader<'_> {
    /// Reads the rows of the segment.
    pub(crate) fn read(&self) -> Lines {
        let mut lines = Lines::default();
        lines.used.extend(self.segment.top..=self.segment.header);
        let mut sums = self.sums();
        let mut headings = self.headings_above(&mut lines.used);
        let last = self.last_line();
        let mut closed = false;
        let mut below = Vec::new();
        for (at, row) in self.rows() {
            if row.is_blank() {
                continue;
            }
            if self.is_hint(row) {
                lines.used.push(at);
            } else if self.is_sum(row, &sums) {
                lines.used.push(at);
                lines.totals += 1;
                let message = "this row has the sum of lines above and lacks what a line has: it was taken for a total";
                let place = self.page.row_place(row.number);
                lines.diagnostics.push(Diagnostic::notice(place, message));
                for sum in &mut sums {
                    sum.since = sum.since.and(Some(Decimal::ZERO));
                }
            } else if let Some(word) = self.total_word(row) {
                lines.used.push(at);
                let checked = self.check_total(row, &word, &mut sums, &mut lines.diagnostics);
                lines.totals += usize::from(checked);
                closed |= is_grand(&word) && !self.goes_on;
            } else if let Some((field, taken)) = self.heading(row) {
                lines.used.push(at);
                headings.retain(|(id, _)| *id != field);
                headings.push((field, taken));
            } else if self.is_outside(row, at, last, closed) {
                below.extend((closed && self.filled(row) > 1).then_some(row.number));
            } else {
                lines.used.push(at);
                if self.is_blank_form(row) {
                    continue;
                }
                if self.is_lone(row) {
                    lines.diagnostics.push(self.lone(row));
                    continue;
                }
                if let Some(told) = self.without_number(row) {
                    lines.diagnostics.push(told);
                    continue;
                }
                self.take(row, &headings, &mut sums, &mut lines);
            }
        }
        lines.sums = sums.iter().map(|sum| (sum.column, sum.all)).collect();
        lines.diagnostics.extend(self.below_total(&below));
        lines.diagnostics.extend(self.figures_not_read(&lines.list));
        lines
    }

    /// Columns of figures among those that are rows in truth, and that the map does not know: their money is not counted.
    fn figures_not_read(&self, list: &[(Line, Vec<Diagnostic>)]) -> Vec<Diagnostic> {
        let first = self.segment.spread.iter().map(|(_, column)| *column).min();
        let last = self.segment.spread.iter().map(|(_, column)| *column).max();
        let Some((first, last)) = first.zip(last) else {
            return Vec::new();
        };
        let behind = self.segment.total.unwrap_or(last + 2);
        let among = self.segment.unused.iter();
        let among = among.filter(|(column, _)| (first..behind).contains(column));
        let holds_figures = |column: usize| {
            let grid = self.leaf.grid();
            let cells = list
                .iter()
                .filter_map(|(line, _)| Some(grid.row(line.number)?.cell(column)));
            cells.into_iter().any(|cell| {
                let figure = matches!(cell, Written::Number { .. })
                    || crate::value::parse_figure(cell.shown()).is_some();
                figure && !is_nothing(cell)
            })
        };
        let header = self.leaf.grid().rows.get(self.segment.header);
        let number = header.map_or(1, |row| row.number);
        among
            .filter(|(column, _)| holds_figures(*column))
            .map(|(column, name)| {
                let column = u32::try_from(*column).unwrap_or(u32::MAX);
                let message = format!(
                    "the column {} holds figures that are not counted",
                    quoted(name)
                );
                Diagnostic::error(self.page.cell_place(column, number, name), message)
            })
            .collect()
    }

    /// Rows below the total that are no lines: signatures and the like, or lines that were added too low.
    fn below_total(&self, rows: &[u32]) -> Option<Diagnostic> {
        let (first, last) = rows.first().zip(rows.last())?;
        let words = if first == last {
            format!("row {first} stands")
        } else {
            format!("rows {first} to {last} stand")
        };
        let message = format!("{words} below the total and was not read");
        let message = if first == last {
            message
        } else {
            message.replace("was", "were")
        };
        Some(Diagnostic::notice(self.page.row_place(*first), message))
    }

    fn rows(&self) -> impl Iterator<Item = (usize, &GridRow<'static>)> {
        let rows = self.leaf.grid().rows.iter().enumerate();
        rows.skip(self.segment.header + 1)
            .take(self.segment.end - self.segment.header - 1)
    }

    /// Whether a row holds nothing but explanations of the form.
    fn is_hint(&self, row: &GridRow<'_>) -> bool {
        let hint = |cell: &Written<'_>| {
            let words = folded(cell.shown());
            self.block.hints.iter().any(|p| p.fits(&words))
        };
        let mut cells = row.cells.iter().filter(|cell| !cell.is_blank());
        !self.block.hints.is_empty() && cells.all(hint)
    }

    fn filled(&self, row: &GridRow<'_>) -> usize {
        let columns: std::collections::BTreeSet<usize> = self.segment.read_columns().collect();
        columns.iter().filter(|c| !row.cell(**c).is_blank()).count()
    }

    /// The last row that fills two of the columns that are read.
    fn last_line(&self) -> usize {
        let wanted = self.segment.read_columns().count().min(2);
        let full = self
            .rows()
            .filter(|(_, row)| self.filled(row) >= wanted && self.total_word(row).is_none());
        full.map(|(at, _)| at).last().unwrap_or(0)
    }

    /// Notes and signatures below the lines: below a grand total what has not every needed cell, elsewhere a lone text.
    fn is_outside(&self, row: &GridRow<'static>, at: usize, last: usize, closed: bool) -> bool {
        let filled = self.filled(row);
        let mut needs = self.block.needs.iter();
        filled == 0
            || (at > last
                && self.is_lone(row)
                && (self.is_title(row, at) || !self.may_be_line(row)))
            || (closed && !needs.all(|field| self.has(row, *field)))
    }

    /// Whether a column holds the number of one field and the words of another.
    fn is_shared(&self, column: usize) -> bool {
        let fields = self.segment.columns.iter().filter(|c| c.column == column);
        fields.count() > 1
    }

    /// Whether a row has a cell that reads as a value of the field.
    fn has(&self, row: &GridRow<'static>, id: FieldId) -> bool {
        let field = self.table.fields.get(id).zip(self.segment.column(id));
        field.is_some_and(|(field, column)| {
            let seen = self.seen(row, column);
            let (written, _) = understand(self.block, (id, field), seen, self.is_shared(column));
            read_cell(field, &written).cell().state() == State::Value
        })
    }

    /// Whether one text alone stands in a row of a table of several columns.
    fn is_lone(&self, row: &GridRow<'_>) -> bool {
        let mut cells = row.cells.iter().filter(|cell| !cell.is_blank());
        let text = matches!(cells.next(), Some(Written::Text(_)));
        text && cells.next().is_none() && self.segment.read_columns().count() > 2
    }

    /// Whether a row below which the next header follows stands apart from the lines above it: it is the title of what follows.
    fn is_title(&self, row: &GridRow<'_>, at: usize) -> bool {
        let rows = &self.leaf.grid().rows;
        let next = rows.iter().skip(at + 1).position(|row| !row.is_blank());
        let above = self.leaf.grid().row(row.number.saturating_sub(1));
        self.segment.end < rows.len()
            && next.is_none_or(|next| at + 1 + next >= self.segment.end)
            && above.is_none_or(GridRow::is_blank)
    }

    /// Whether a lone text, not marked as a note, stands where every line has a text: the line that it begins may be blank.
    fn may_be_line(&self, row: &GridRow<'_>) -> bool {
        let held = |column: usize| Some(row.cell(column)).filter(|cell| !cell.is_blank());
        self.segment.columns.iter().any(|c| {
            let field = self.table.fields.get(c.field);
            field.is_some_and(|f| f.required && !f.ty.is_figure())
                && held(c.column).is_some_and(|cell| !is_marked_as_note(cell.shown()))
        })
    }

    fn lone(&self, row: &GridRow<'_>) -> Diagnostic {
        let cell = row.cells.iter().find(|cell| !cell.is_blank());
        let words = quoted(cell.map_or("", Written::shown));
        Diagnostic::error(
            self.page.row_place(row.number),
            format!("{words} stands alone in this row: it was not read as a line"),
        )
    }

    /// What to say of a row whose key is no number where the form numbers its lines: a goal, or a note.
    fn without_number(&self, row: &GridRow<'static>) -> Option<Diagnostic> {
        let key = self
            .table
            .key()
            .filter(|key| self.block.leading.contains(key))?;
        let column = self.segment.column(key)?;
        let shown = self.seen(row, column).shown();
        let has_digit = shown.contains(|c: char| c.is_ascii_digit());
        (!shown.is_empty() && !has_digit).then(|| {
            let place = self.cell_place(row.number, column, key);
            let message = format!(
                "{} is no number: this row was not read as a line",
                quoted(shown)
            );
            Diagnostic::error(place, message)
        })
    }

    /// A row in which nothing stands but what is printed on the blank form, figures of zero aside.
    fn is_blank_form(&self, row: &GridRow<'_>) -> bool {
        if self.block.printed.is_empty() {
            return false;
        }
        let printed = self.block.printed.iter();
        let printed: Vec<usize> = printed.filter_map(|f| self.segment.column(*f)).collect();
        let mut others = self.segment.read_columns().filter(|c| !printed.contains(c));
        others.all(|column| is_nothing(row.cell(column)))
    }

    fn cell_place(&self, number: u32, column: usize, field: FieldId) -> String {
        let name = self.table.fields.get(field).map_or("", |f| f.name.as_str());
        let column = u32::try_from(column).unwrap_or(u32::MAX);
        self.page.cell_place(column, number, name)
    }

    // --- headings and totals

    /// The field that a row is the heading of: a row of one text, which is a value of the field.
    fn heading(&self, row: &GridRow<'static>) -> Option<(FieldId, Taken)> {
        if self.block.headings.is_empty() {
            return None;
        }
        let mut cells = row.cells.iter().enumerate();
        let (column, cell) = cells.find(|(_, cell)| !cell.is_blank())?;
        let first = cell.shown();
        // Merged cells whose words were copied into each are one.
        if cells.any(|(_, cell)| !cell.is_blank() && cell.shown() != first) {
            return None;
        }
        self.block.headings.iter().find_map(|&id| {
            let field = self.table.fields.get(id)?;
            let written = heading_value(self.block, id, field, first)?;
            let spot = spot(self.segment.sheet, column, row.number);
            let raw = first.to_owned();
            Some((id, Taken { written, raw, spot }))
        })
    }

    /// The headings that stand above the header and hold for the first lines.
    fn headings_above(&self, used: &mut Vec<usize>) -> Vec<(FieldId, Taken)> {
        let mut headings: Vec<(FieldId, Taken)> = Vec::new();
        if self.block.headings.is_empty() {
            return headings;
        }
        let rows = self.leaf.grid().rows.iter().enumerate();
        let above: Vec<_> = rows.take(self.segment.top).collect();
        for (at, row) in above.into_iter().rev() {
            if let Some((field, taken)) = self.heading(row)
                && !headings.iter().any(|(id, _)| *id == field)
            {
                used.push(at);
                headings.push((field, taken));
            }
        }
        headings
    }

    fn total_word(&self, row: &GridRow<'_>) -> Option<String> {
        let fits = |cell: &Written<'_>| {
            let text = matches!(cell, Written::Text(_));
            let words = || folded(cell.shown());
            text && (is_total(cell.shown()) || self.block.totals.iter().any(|p| p.fits(&words())))
        };
        let at = row.cells.iter().position(fits)?;
        let texts = self.segment.columns.iter().filter(|c| {
            let field = self.table.fields.get(c.field);
            c.column != at && field.is_some_and(|f| !f.ty.is_figure())
        });
        let (all, filled) = texts.fold((0, 0), |(all, filled), c| {
            (
                all + 1,
                filled + usize::from(!row.cell(c.column).is_blank()),
            )
        });
        (filled * 2 <= all).then(|| row.cell(at).shown().to_owned())
    }

    /// Whether a row without a total's words is one by its figures: each is the sum of lines above, and a text that a line
    /// needs is blank.
    fn is_sum(&self, row: &GridRow<'static>, sums: &[Sum]) -> bool {
        let mut needs = self.block.needs.iter().filter(|id| {
            let field = self.table.fields.get(**id);
            field.is_some_and(|f| !f.ty.is_figure())
        });
        let lacks = needs.any(|id| {
            let column = self.segment.column(*id);
            column.is_some_and(|column| self.seen(row, column).is_blank())
        });
        let mut figures = 0;
        lacks
            && self.total_word(row).is_none()
            && sums.iter().all(|sum| {
                let cell = row.cell(sum.column);
                if is_nothing(cell) {
                    return true;
                }
                figures += 1;
                let said = self.figure(sum.field, cell);
                said.is_some() && (said == sum.all || said == sum.since)
            })
            && figures > 0
    }

    fn sums(&self) -> Vec<Sum> {
        let start = |field, column| Sum {
            field,
            column,
            all: Some(Decimal::ZERO),
            since: Some(Decimal::ZERO),
        };
        let totalled = |field: FieldId| self.table.fields.get(field).is_some_and(|f| f.total);
        let columns = self.segment.columns.iter();
        let plain = columns.filter(|c| totalled(c.field));
        let mut sums: Vec<Sum> = plain.map(|c| start(c.field, c.column)).collect();
        if let Some(unpivot) = &self.block.unpivot {
            let spread = self.segment.spread.iter();
            sums.extend(spread.map(|(_, column)| start(unpivot.value, *column)));
            let total = self.segment.total;
            sums.extend(total.map(|column| start(unpivot.value, column)));
        }
        sums
    }

    fn figure(&self, field: FieldId, cell: &Written<'_>) -> Option<Decimal> {
        if cell.is_blank() {
            return Some(Decimal::ZERO);
        }
        let field = self.table.fields.get(field)?;
        match read_cell(field, cell).cell() {
            Cell::Number(x) => Some(x),
            _ => None,
        }
    }

    /// Compares a totals row with the lines since the last one, with all of them, and with those further up too. Whether it
    /// could be compared.
    fn check_total(
        &self,
        row: &GridRow<'_>,
        word: &str,
        sums: &mut [Sum],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> bool {
        let mut checked = false;
        for sum in sums {
            let since = sum.since.replace(Decimal::ZERO);
            let cell = row.cell(sum.column);
            let said = self.figure(sum.field, cell).filter(|_| !cell.is_blank());
            let Some((said, (all, since))) = said.zip(sum.all.zip(since)) else {
                continue;
            };
            checked = true;
            let above = self.above.iter().find(|(column, _)| *column == sum.column);
            let whole = above.map_or(Some(all), |(_, above)| {
                above.and_then(|a| a.checked_add(all))
            });
            if said == all || said == since || whole.is_none_or(|whole| said == whole) {
                continue;
            }
            let add = if is_grand(word) {
                whole.unwrap_or(all)
            } else {
                since
            };
            diagnostics.push(Diagnostic::error(
                self.cell_place(row.number, sum.column, sum.field),
                format!(
                    "the total says {}, the lines above add to {}",
                    self.amount(sum.field, said),
                    self.amount(sum.field, add)
                ),
            ));
        }
        checked
    }

    fn amount(&self, field: FieldId, x: Decimal) -> String {
        match self.table.fields.get(field).map(|f| f.ty) {
            Some(Type::Money) => money(x, "").replacen(' ', "", 1),
            _ => plain(x),
        }
    }

    // --- lines

    fn seen<'r>(&'r self, row: &'r GridRow<'static>, column: usize) -> &'r Written<'static> {
        let own = row.cell(column);
        if !own.is_blank() {
            return own;
        }
        let grid = self.leaf.grid();
        let merge = grid.merge_over(row.number, column);
        match merge.filter(|m| m.columns.0 == column && m.rows.0 < row.number) {
            Some(merge) => grid
                .row(merge.rows.0)
                .map_or(&Written::BLANK, |first| first.cell(column)),
            None => own,
        }
    }

    fn take(
        &self,
        row: &GridRow<'static>,
        headings: &[(FieldId, Taken)],
        sums: &mut [Sum],
        lines: &mut Lines,
    ) {
        for sum in sums.iter_mut() {
            let x = self.figure(sum.field, row.cell(sum.column));
            for sum in [&mut sum.all, &mut sum.since] {
                *sum = sum.zip(x).and_then(|(sum, x)| sum.checked_add(x));
            }
        }
        let mut told = Vec::new();
        let mut cells: Vec<Option<Taken>> = vec![None; self.table.fields.len()];
        let common = self.common.iter().map(|(field, taken, _)| (field, taken));
        let headings = headings.iter().map(|(field, taken)| (field, taken));
        for (field, taken) in common.chain(headings) {
            put(&mut cells, *field, taken.clone());
        }
        for column in &self.segment.columns {
            let taken = self.cell(row, column.column, column.field, &mut told);
            // What a heading or a label says holds where the line itself says nothing.
            let said = cells.get(column.field).is_some_and(Option::is_some);
            if !(said && taken.written.is_blank()) {
                put(&mut cells, column.field, taken);
            }
        }
        let key = self
            .segment
            .keys
            .map(|column| column.map_or(Written::BLANK, |c| row.cell(c).clone()));
        let line = Line {
            page: self.segment.sheet,
            number: row.number,
            cells,
            key,
        };
        self.spread(row, line, told, &mut lines.list);
    }

    fn cell(
        &self,
        row: &GridRow<'static>,
        column: usize,
        id: FieldId,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Taken {
        let seen = self.seen(row, column);
        let own_spot = spot(self.segment.sheet, column, row.number);
        let Some(field) = self.table.fields.get(id) else {
            return blank(own_spot);
        };
        // A figure is not said again in each of the rows over which its cell is merged.
        let merged = field.ty.is_figure() && row.cell(column).is_blank() && !seen.is_blank();
        if merged {
            let why = "the cell is merged with one above: write each line's own figure";
            return Taken {
                written: Written::Bad(why.to_owned()),
                raw: String::new(),
                spot: own_spot,
            };
        }
        let double = self.segment.doubles.iter().find(|(c, _)| *c == column);
        if let Some((_, why)) = double.filter(|_| field.ty.is_figure()) {
            return Taken {
                written: Written::Bad(why.clone()),
                raw: seen.shown().to_owned(),
                spot: own_spot,
            };
        }
        let (written, guess) = understand(self.block, (id, field), seen, self.is_shared(column));
        if let Some(guess) = guess {
            let place = self.cell_place(row.number, column, id);
            diagnostics.push(Diagnostic::notice(place, guess));
        }
        Taken {
            written,
            raw: seen.shown().to_owned(),
            spot: own_spot,
        }
    }

    /// One line for each filled column of figures; one without a figure when none is.
    fn spread(
        &self,
        row: &GridRow<'static>,
        line: Line,
        mut told: Vec<Diagnostic>,
        list: &mut Vec<(Line, Vec<Diagnostic>)>,
    ) {
        let Some(unpivot) = &self.block.unpivot else {
            list.push((line, told));
            return;
        };
        let filled: Vec<(usize, usize)> = self
            .segment
            .spread
            .iter()
            .copied()
            .filter(|(_, column)| {
                // A blank that is merged with a figure above is no blank.
                let own = row.cell(*column);
                !is_nothing(own) || (own.is_blank() && !self.seen(row, *column).is_blank())
            })
            .collect();
        self.check_across(row, unpivot.value, &filled, &mut told);
        let zero = self.segment.spread.iter().copied();
        let mut zero = zero.filter(|(_, column)| !row.cell(*column).is_blank());
        let filled = match zero.next().filter(|_| filled.is_empty()) {
            Some(zero) => vec![zero],
            None => filled,
        };
        if filled.is_empty() {
            let column = self.segment.spread.first().map_or(0, |(_, column)| *column);
            let mut line = line;
            let spot = spot(self.segment.sheet, column, row.number);
            put(&mut line.cells, unpivot.value, blank(spot));
            put(&mut line.cells, unpivot.name, blank(spot));
            list.push((line, told));
            return;
        }
        for (at, (value, column)) in filled.into_iter().enumerate() {
            let mut line = line.clone();
            if at > 0 {
                self.leave_figures(&mut line);
            }
            let figure = self.cell(row, column, unpivot.value, &mut told);
            put(&mut line.cells, unpivot.value, figure);
            let code = unpivot.columns.get(value).map_or("", |(code, _)| code);
            put(&mut line.cells, unpivot.name, said(code));
            list.push((line, std::mem::take(&mut told)));
        }
    }

    /// The other figures of a row, such as its positions, belong to the row as a whole: its first line has them.
    fn leave_figures(&self, line: &mut Line) {
        for (field, slot) in self.table.fields.iter().zip(&mut line.cells) {
            let Some(taken) = slot.as_mut().filter(|_| field.ty.is_figure()) else {
                continue;
            };
            let mark = if field.not_applicable { "n/a" } else { "" };
            taken.written = Written::Text(Cow::Borrowed(mark));
        }
    }

    /// Compares the column of sums with the figures of its row.
    fn check_across(
        &self,
        row: &GridRow<'_>,
        field: FieldId,
        filled: &[(usize, usize)],
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Some(column) = self.segment.total.filter(|c| !row.cell(*c).is_blank()) else {
            return;
        };
        let mut figures = filled
            .iter()
            .map(|(_, column)| self.figure(field, row.cell(*column)));
        let sum = figures.try_fold(Decimal::ZERO, |sum, x| sum.checked_add(x?));
        let said = self.figure(field, row.cell(column));
        if let (Some(sum), Some(said)) = (sum, said)
            && sum != said
        {
            let (said, sum) = (self.amount(field, said), self.amount(field, sum));
            diagnostics.push(Diagnostic::error(
                self.cell_place(row.number, column, field),
                format!("the total of this row says {said}, its columns add to {sum}"),
            ));
        }
    }
}

/// The value of a field in the words of a heading: the form's own spelling, a code, or a number for a field that takes one.
pub(crate) fn heading_value(
    block: &Block,
    id: FieldId,
    field: &Field,
    words: &str,
) -> Option<Written<'static>> {
    if let Some(known) = spelled(block, id, words) {
        return Some(known);
    }
    if field.ty == Type::Code {
        let codes = field.codes.as_ref()?;
        let code = codes.find(words)?;
        return Some(Written::Text(Cow::Owned(code.to_owned())));
    }
    let (number, _) = numbered(words);
    let is_number = block.leading.contains(&id) && number != words;
    is_number.then(|| Written::Text(Cow::Owned(number.to_owned())))
}

/// A value that the map says, and no cell.
pub(crate) fn said(text: &str) -> Taken {
    Taken {
        written: Written::Text(Cow::Owned(text.to_owned())),
        raw: text.to_owned(),
        spot: None,
    }
}

fn blank(spot: Option<Spot>) -> Taken {
    Taken {
        written: Written::BLANK,
        raw: String::new(),
        spot,
    }
}

pub(crate) fn put(cells: &mut [Option<Taken>], field: FieldId, taken: Taken) {
    if let Some(slot) = cells.get_mut(field) {
        *slot = Some(taken);
    }
}

pub(crate) fn spot(page: usize, column: usize, row: u32) -> Option<Spot> {
    let column = u32::try_from(column).ok()?;
    Some(Spot { page, column, row })
}

/// Nothing, a zero, or a dash for one.
fn is_nothing(cell: &Written<'_>) -> bool {
    match cell {
        Written::Number { value, .. } => value.is_zero(),
        Written::Bad(_) => false,
        other => {
            let text = other.shown();
            text.is_empty()
                || crate::value::parse_figure(text)
                    .is_some_and(|(x, percent)| x.is_zero() && !percent)
        }
    }
}

/// Whether a total is that of the whole table, and not of a part.
fn is_grand(word: &str) -> bool {
    let word = folded(word);
    is_total(&word) && !word.starts_with("sub")
        || word.contains("grand_total")
        || word.starts_with("total_budget")
}
