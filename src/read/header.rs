//! The header row of a table: where it is, which column holds which field, and what is wrong with it.

use memchr::memchr_iter;

use super::cell::{quoted, short};
use super::grid::{Grid, GridRow, Written};
use super::lines::{At, Form};
use super::scan::lines_of;
use crate::diagnostic::{Diagnostic, fold, nearest};
use crate::schema::{Field, FieldId, Table};

/// How many rows that are not blank may stand above the header, itself included.
pub(crate) const DEPTH: usize = 20;

/// The words of a header without a colon, or the star by which forms mark what is required.
pub(crate) fn bare(text: &str) -> &str {
    text.trim_end_matches([':', '*', ' '])
}

/// Whether a row among which a header is sought could have so many cells. Of the lines that are `behind`, if there are any, one is
/// the first such row, and no other.
pub(crate) fn may_name(text: &str, delimiter: u8, behind: usize, cells: usize) -> bool {
    let mut filled = usize::from(behind > 0);
    for line in lines_of(text, delimiter).skip(behind) {
        if memchr_iter(delimiter, line.as_bytes()).count() + 1 >= cells {
            return true;
        }
        filled += usize::from(line.bytes().any(|byte| byte.is_ascii_alphanumeric()));
        if filled == DEPTH {
            break;
        }
    }
    false
}

/// A header row that was found.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    /// Its place among the rows of the grid.
    pub at: usize,
    /// Its number as a spreadsheet counts.
    pub number: u32,
    /// The column of each field of the table.
    pub columns: Vec<Option<usize>>,
    /// The column of each of the key names that were asked for.
    pub keys: Vec<Option<usize>>,
    /// How many columns it has, blank ones at the end included.
    pub width: usize,
    /// How many fields and keys it names.
    pub known: usize,
    /// How far to the right it has a name.
    pub named: usize,
    loose: Vec<(usize, String)>,
    doubles: Vec<(usize, FieldId, String)>,
}

impl Header {
    /// Finds the header: of the first rows the one that names the most fields, and of equals the uppermost. A row counts
    /// when it names two, or one beside at most one other cell. `keys` are names of columns that are
    /// known besides the fields.
    pub(crate) fn find(table: &Table, keys: &[&str], grid: &Grid<'_>) -> Option<Header> {
        let mut best: Option<Header> = None;
        for (at, row) in grid
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| !row.is_blank())
            .take(DEPTH)
        {
            let row = grid.seen_down(row);
            // No more can be known of a row than it has cells.
            let most = row.cells.iter().filter(|cell| !cell.is_blank()).count();
            if best.as_ref().is_some_and(|best| best.known >= most) {
                continue;
            }
            let header = Header::of_row(table, keys, at, &row);
            if header.counts() && best.as_ref().is_none_or(|best| header.known > best.known) {
                best = Some(header);
            }
        }
        best
    }

    /// Whether none of the rows below it in a text that are looked at could name more: none has more cells than it names.
    pub(crate) fn is_best_above(&self, text: &str, delimiter: u8) -> bool {
        let below = usize::try_from(self.number).unwrap_or(usize::MAX);
        !may_name(text, delimiter, below, self.known + 1)
    }

    fn counts(&self) -> bool {
        self.known >= 2 || (self.known == 1 && self.loose.len() <= 1)
    }

    fn of_row(table: &Table, keys: &[&str], at: usize, row: &GridRow<'_>) -> Header {
        let mut header = Header {
            at,
            number: row.number,
            columns: vec![None; table.fields.len()],
            keys: vec![None; keys.len()],
            width: row.cells.len(),
            known: 0,
            named: 0,
            loose: Vec::new(),
            doubles: Vec::new(),
        };
        for (column, cell) in row
            .cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| !cell.is_blank())
        {
            header.named = column + 1;
            header.take(table, keys, column, cell.shown());
        }
        header.known = header
            .columns
            .iter()
            .chain(&header.keys)
            .flatten()
            .collect::<std::collections::BTreeSet<_>>()
            .len();
        header
    }

    /// Takes one header cell. A key column stands for the field of its name too, unless another column does.
    fn take(&mut self, table: &Table, keys: &[&str], column: usize, text: &str) {
        let name = bare(text);
        let folded = if keys.is_empty() {
            String::new()
        } else {
            fold(name)
        };
        let key = keys.iter().position(|key| fold(key) == folded);
        let key = key
            .and_then(|key| self.keys.get_mut(key))
            .filter(|slot| slot.is_none());
        let is_key = key.is_some();
        if let Some(slot) = key {
            *slot = Some(column);
        }
        let Some(field) = table.find_field(name) else {
            if !is_key {
                self.loose.push((column, text.to_owned()));
            }
            return;
        };
        match self.columns.get_mut(field) {
            Some(slot @ None) => *slot = Some(column),
            Some(Some(held)) if self.keys.contains(&Some(*held)) && !is_key => *held = column,
            _ if is_key => {}
            _ => self.doubles.push((column, field, text.to_owned())),
        }
    }

    /// The column of the first field, where those of all others follow it one by one.
    pub(crate) fn first_of_all(&self) -> Option<usize> {
        let first = (*self.columns.first()?)?;
        let mut pairs = (first..).zip(&self.columns);
        pairs
            .all(|(at, column)| *column == Some(at))
            .then_some(first)
    }

    /// The fields that have a column.
    pub(crate) fn fields(&self) -> Vec<FieldId> {
        self.columns
            .iter()
            .enumerate()
            .filter_map(|(field, column)| column.map(|_| field))
            .collect()
    }

    /// The cells of a row in which something stands, of the columns that are read.
    pub(crate) fn held<'r, 'g>(
        &self,
        row: &'r GridRow<'g>,
    ) -> impl Iterator<Item = &'r Written<'g>> {
        let cells = self.columns.iter().flatten();
        cells
            .map(|&column| row.cell(column))
            .filter(|cell| !cell.is_blank())
    }

    /// Whether a row says the same again in every column that is read.
    pub(crate) fn is_repeated_by(&self, table: &Table, row: &GridRow<'_>) -> bool {
        let mut columns = self
            .columns
            .iter()
            .enumerate()
            .filter_map(|(field, column)| column.map(|c| (field, c)));
        self.known >= 2
            && columns.all(|(field, column)| {
                let text = row.cell(column).shown();
                !text.is_empty() && table.find_field(bare(text)) == Some(field)
            })
    }

    /// Whether a row below is the header of another table, or of this one in other columns: it names two fields, and more
    /// fields than anything else.
    pub(crate) fn is_followed_by_another(
        &self,
        table: &Table,
        tables: &[Table],
        row: &GridRow<'_>,
    ) -> bool {
        let held = || row.cells.iter().filter(|cell| !cell.is_blank());
        let may_be_name = |cell: &Written<'_>| {
            matches!(cell, Written::Text(_)) && !cell.shown().starts_with(|c: char| c.is_numeric())
        };
        let filled = held().count();
        filled >= 2
            && held().all(may_be_name)
            && tables.iter().any(|other| {
                let header = Header::of_row(other, &[], 0, row);
                let mut columns = header.columns.iter().zip(&self.columns);
                let repeats = other.name == table.name
                    && columns.all(|(here, above)| here.is_none() || here == above);
                header.known >= 2 && header.known * 2 > filled && !repeats
            })
    }

    /// Tells which columns are not used, and which say twice what they hold.
    pub(crate) fn report(&self, table: &Table, form: &Form, diagnostics: &mut Vec<Diagnostic>) {
        let mut plain = Vec::new();
        let mut told = Vec::new();
        for (column, text) in &self.loose {
            let meant = self.meant(table, text);
            if meant.is_none() {
                plain.push(quoted(text));
            }
            told.push((
                meant.is_some(),
                self.report_loose(form, *column, text, meant),
            ));
        }
        let many = not_used(&plain, "are not used");
        told.retain(|(is_slip, _)| *is_slip || many.is_none());
        diagnostics.extend(told.into_iter().map(|(_, diagnostic)| diagnostic));
        diagnostics.extend(
            many.map(|message| Diagnostic::notice(form.place(At::Row(self.number)), message)),
        );
        for (column, field, text) in &self.doubles {
            let first = self
                .columns
                .get(*field)
                .copied()
                .flatten()
                .unwrap_or_default();
            diagnostics.push(Diagnostic::error(
                form.place(At::Header(self.number, *column, &short(text))),
                format!(
                    "the column {} holds `{}`, as column {} does already: that one was read, this one not",
                    quoted(text),
                    table.fields.get(*field).map_or("", |f| &f.name),
                    super::lines::letter(first),
                ),
            ));
        }
    }

    /// The field without a column that the words of a header are a slip of.
    fn meant<'t>(&self, table: &'t Table, text: &str) -> Option<&'t Field> {
        let free = |field: &FieldId| self.columns.get(*field).is_some_and(Option::is_none);
        let names = table
            .fields
            .iter()
            .enumerate()
            .filter(|(id, _)| free(id))
            .flat_map(|(_, field)| {
                [field.name.as_str(), field.label.as_str()]
                    .into_iter()
                    .filter(|name| !name.is_empty())
            });
        nearest(text, names)
            .and_then(|name| table.find_field(name))
            .and_then(|id| table.fields.get(id))
    }

    fn report_loose(
        &self,
        form: &Form,
        column: usize,
        text: &str,
        meant: Option<&Field>,
    ) -> Diagnostic {
        let place = form.place(At::Header(self.number, column, &short(text)));
        let message = format!("the column {} is not used", quoted(text));
        match meant {
            None => Diagnostic::notice(place, message),
            Some(field) => {
                let message = format!("{message}: did you mean `{}`?", field.name);
                if field.required {
                    Diagnostic::error(place, message)
                } else {
                    Diagnostic::notice(place, message)
                }
            }
        }
    }
}

/// What to say of many columns at once: `288 columns are not used: …`; `None` of a few.
pub(crate) fn not_used(names: &[String], how: &str) -> Option<String> {
    const MOST: usize = 8;
    let count = names.len();
    let first = names.get(..MOST).filter(|_| count > MOST)?;
    Some(format!(
        "{count} columns {how}: {}, … ({count} in all)",
        first.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use crate::read::testing::{assert_budget, read_budget};

    #[test]
    fn headers_in_any_order_and_spelling() {
        assert_budget(
            "Amount *,OBJECT CODE:,line-id\n5,Teachers,1\n",
            &["2: line_id=1 object_code=111 amount=5"],
            &[],
        );
    }

    #[test]
    fn titles_above_the_header() {
        let text = "Budget of Windham,,\n,,\nPrepared in July,,\nline_id,amount,Notes\n1,5,x\n";
        assert_budget(
            text,
            &["5: line_id=1 amount=5"],
            &["N b.csv:4:Notes the column `Notes` is not used"],
        );
    }

    #[test]
    fn unknown_and_double_columns() {
        assert_budget(
            "line_id,amuont,quantty\n1,5,2\n",
            &[],
            &[
                "E b.csv no row of headers was found; the table `budget` has the columns `line_id`, `strategy_id`, \
               `object_code`, `description`, `justification`, `quantity`, `share`, `amount`",
            ],
        );
        let text = "line_id,description,amuont,quantty,Line ID\n1,a,5,2,3\n";
        let told = [
            "E b.csv:1:amuont the column `amuont` is not used: did you mean `amount`?",
            "N b.csv:1:quantty the column `quantty` is not used: did you mean `quantity`?",
            "E b.csv:1:Line ID the column `Line ID` holds `line_id`, as column A does already: that one was read, this one not",
        ];
        assert_budget(text, &["2: line_id=1 description=a"], &told);
    }

    #[test]
    fn many_unused_columns_are_told_at_once() {
        let more: Vec<String> = (1..=300).map(|n| format!("Field {n}")).collect();
        let text = format!("line_id,amount,quantty,{}\n1,5,2\n", more.join(","));
        let told = [
            "N b.csv:1:quantty the column `quantty` is not used: did you mean `quantity`?",
            "N b.csv:1 300 columns are not used: `Field 1`, `Field 2`, `Field 3`, `Field 4`, `Field 5`, `Field 6`, \
             `Field 7`, `Field 8`, … (300 in all)",
        ];
        assert_budget(text, &["2: line_id=1 amount=5"], &told);
        let text = format!("line_id,amount{}\n1,5{}\n", ",".repeat(9), ",x".repeat(9));
        let told = [
            "N b.csv:1 9 columns have no header and are not used: `C`, `D`, `E`, `F`, `G`, `H`, `I`, `J`, … (9 in all)",
        ];
        assert_budget(text, &["2: line_id=1 amount=5"], &told);
    }

    #[test]
    fn repeated_headers_are_no_lines() {
        assert_budget(
            "line_id,amount\n1,5\nline_id,amount\n2,6\n",
            &["2: line_id=1 amount=5", "4: line_id=2 amount=6"],
            &[],
        );
    }

    #[test]
    fn empty_files() {
        for text in ["", "\n\n", ",,\n"] {
            assert_eq!(read_budget(text).1, ["E b.csv the table `budget` is empty"]);
        }
    }
}
