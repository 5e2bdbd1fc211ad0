//! Statewide tables: the rows of many plans in one file a table, told apart by their key.

use std::collections::BTreeMap;

use super::File;
use super::batch::{is_toml, table_of};
use super::cell::{Read, quoted, read_cell};
use super::csv::{Records, decode};
use super::grid::{Grid, GridRow, Written};
use super::header::Header;
use super::limits::STATEWIDE;
use super::lines::{At, Form, Lines, PLAN, is_total, no_header, report_missing};
use crate::diagnostic::Diagnostic;
use crate::schema::{Field, FieldId, Schema, Table, TableId};
use crate::submission::{Input, Submission};
use crate::table::{Cell, Rows};
use crate::value::{parse_decimal, parse_year};

/// The columns of the key, which every table has; the last may be absent. The first may also have the name of the plan's
/// own field for it.
const KEYS: [&str; 3] = ["district_code", "plan_year", "revision"];

/// The fields of the table `plan` that the key's columns fill when no other column does.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlanKey {
    /// The field of the district's code, by whose digits and names the code of every row is understood.
    pub code: Option<FieldId>,
    /// The field of the district's name.
    pub name: Option<FieldId>,
    /// The field of the fiscal year.
    pub year: Option<FieldId>,
}

impl PlanKey {
    /// The field of the code, if the plan has one.
    fn code_field(self, schema: &Schema) -> Option<&Field> {
        let plan = schema.tables.get(schema.table(PLAN)?)?;
        plan.fields.get(self.code?)
    }

    /// The names of the key's columns as places and messages write them.
    fn names(self, schema: &Schema) -> [&str; 3] {
        let [code, year, revision] = KEYS;
        let own = self.code_field(schema).map(|field| field.name.as_str());
        [own.unwrap_or(code), year, revision]
    }

    /// Every name that a column of the key may have: the plan's own name for the code comes last.
    fn headers(self, schema: &Schema) -> [&str; 4] {
        let [code, year, revision] = KEYS;
        let [own, ..] = self.names(schema);
        [code, year, revision, own]
    }

    fn find_header(self, schema: &Schema, table: &Table, grid: &Grid<'_>) -> Option<Header> {
        let mut header = Header::find(table, &self.headers(schema), grid)?;
        let own = header.keys.pop().flatten();
        if let Some(code) = header.keys.first_mut() {
            *code = code.or(own);
        }
        Some(header)
    }
}

/// Which plan a row belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    code: String,
    year: i64,
    revision: Option<i64>,
}

impl Key {
    /// The key in the cells of code, year and revision; or which of them cannot be read and why.
    pub(crate) fn read(
        schema: &Schema,
        key: PlanKey,
        cells: [&Written<'_>; 3],
    ) -> Result<Self, (usize, String)> {
        let year = cells[1].shown();
        let year = parse_year(year).ok_or_else(|| {
            (
                1,
                format!("{} is not a fiscal year such as `2027`", quoted(year)),
            )
        })?;
        let revision = cells[2].shown();
        let revision = if revision.is_empty() {
            None
        } else {
            Some(whole(revision).ok_or_else(|| not_whole(revision))?)
        };
        Ok(Key {
            code: code_of(schema, key, cells[0])?,
            year,
            revision,
        })
    }

    /// The path of a plan that has no file of its own: `1630011-2027`, `1630011-2027-r2`.
    pub(crate) fn path(&self) -> String {
        let revision = self
            .revision
            .map_or(String::new(), |revision| format!("-r{revision}"));
        format!("{}-{}{revision}", self.code, self.year)
    }
}

/// Whether a table's header has the columns of the key.
pub(crate) fn is_statewide(schema: &Schema, key: PlanKey, table: &Table, bytes: &[u8]) -> bool {
    let Some(text) = decode("", bytes, &mut Vec::new()) else {
        return false;
    };
    let records = Records::head(table, &key.headers(schema), &text, STATEWIDE);
    let header = key.find_header(schema, table, &records.grid());
    header.is_some_and(|header| has_key(&header))
}

fn has_key(header: &Header) -> bool {
    header.keys.iter().take(2).all(Option::is_some)
}

/// Reads statewide tables: a submission for each row of `plan.csv`, in the order of their keys, and what was wrong with
/// the tables as a whole.
pub fn read_statewide(
    schema: &Schema,
    key: PlanKey,
    files: &[File],
) -> (Vec<Submission>, Vec<Diagnostic>) {
    let mut reader = Statewide {
        schema,
        key,
        plans: BTreeMap::new(),
        untold: Vec::new(),
        diagnostics: Vec::new(),
    };
    let plan = schema.table(PLAN);
    let mut seen: Vec<Option<&str>> = vec![None; schema.submission_tables().len()];
    let mut sorted: Vec<(TableId, &File)> = files
        .iter()
        .filter_map(|file| Some((table_of(schema, &file.path)?, file)))
        .collect();
    sorted.sort_by(|(a, x), (b, y)| (Some(*a) != plan, &x.path).cmp(&(Some(*b) != plan, &y.path)));
    for (id, file) in sorted {
        let Some((slot, table)) = seen.get_mut(id).zip(schema.tables.get(id)) else {
            continue;
        };
        if let Some(first) = slot {
            let message = format!(
                "`{first}` holds the table `{}` already: this file was not read",
                table.name
            );
            reader
                .diagnostics
                .push(Diagnostic::error(&*file.path, message));
        } else if is_toml(&file.path) {
            let message = "statewide tables have the plans in `plan.csv`: this file was not read";
            reader
                .diagnostics
                .push(Diagnostic::error(&*file.path, message));
        } else {
            *slot = Some(&file.path);
            if reader.read_table(id, table, file).is_none() {
                reader.lose(id, table, &file.path);
            }
        }
    }
    for (table, _) in schema
        .submission_tables()
        .iter()
        .zip(&seen)
        .filter(|(t, s)| t.required && s.is_none())
    {
        let place = format!("{}{}.csv", folder_of(files), table.name);
        reader.diagnostics.push(Diagnostic::error(
            place,
            format!("the table `{}` is missing", table.name),
        ));
    }
    let plans = reader.plans.into_values().chain(reader.untold);
    (plans.collect(), reader.diagnostics)
}

fn folder_of(files: &[File]) -> String {
    let path = files.first().map_or("", |file| file.path.as_str());
    path.rsplit_once('/')
        .map_or(String::new(), |(folder, _)| format!("{folder}/"))
}

struct Statewide<'s> {
    schema: &'s Schema,
    key: PlanKey,
    plans: BTreeMap<Key, Submission>,
    untold: Vec<Submission>,
    diagnostics: Vec<Diagnostic>,
}

impl Statewide<'_> {
    /// Reads one table; `None` when nothing of it could be read.
    fn read_table(&mut self, id: TableId, table: &Table, file: &File) -> Option<()> {
        let form = Form::Csv(file.path.clone());
        let text = decode(&file.path, &file.bytes, &mut self.diagnostics)?;
        let records = Records::read(table, &self.key.headers(self.schema), &text, STATEWIDE);
        if records.tell_trouble(&form, &mut self.diagnostics) {
            return None;
        }
        let grid = records.grid();
        super::report_unclosed(&records, &form, &mut self.diagnostics);
        let Some(mut header) = self.key.find_header(self.schema, table, &grid) else {
            self.diagnostics.push(no_header(table, &grid, &form));
            return None;
        };
        let is_plan = table.name == PLAN;
        if is_plan {
            self.fill_from_key(&mut header);
        }
        self.report_header(table, &header, &form);
        if !has_key(&header) {
            return None;
        }
        let rows = grid.rows.get(header.at + 1..).unwrap_or_default();
        if is_plan {
            self.start_plans(table, file, &header, rows);
        }
        self.share_out(id, table, &header, &form, rows);
        Some(())
    }

    fn lose(&mut self, id: TableId, table: &Table, path: &str) {
        for slot in self
            .plans
            .values_mut()
            .filter_map(|plan| plan.tables.get_mut(id))
        {
            *slot = Rows::lost(table, path.to_owned());
        }
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

    /// A submission for each row of `plan.csv`.
    fn start_plans(&mut self, table: &Table, file: &File, header: &Header, rows: &[GridRow<'_>]) {
        let form = Form::Csv(file.path.clone());
        let folder = file
            .path
            .rsplit_once('/')
            .map_or(String::new(), |(folder, _)| format!("{folder}/"));
        for row in rows
            .iter()
            .filter(|row| !is_passed_over(table, header, row))
        {
            let Ok(key) = self.key_of(header, row) else {
                continue;
            };
            let path = key.path();
            if self.plans.contains_key(&key) {
                let place = form.place(At::Row(row.number));
                let message = format!(
                    "the plan `{path}` has a row above already: which counts? their lines cannot be told apart"
                );
                self.diagnostics.push(Diagnostic::fatal(place, message));
                continue;
            }
            let submission =
                Submission::empty(self.schema, &path, |name| format!("{folder}{name}.csv"));
            self.plans.insert(key, submission);
        }
    }

    /// Gives every row to its plan. Rows that fit none are told of once a key.
    fn share_out(
        &mut self,
        id: TableId,
        table: &Table,
        header: &Header,
        form: &Form,
        rows: &[GridRow<'_>],
    ) {
        let mut lines: BTreeMap<Key, Lines<'_>> = BTreeMap::new();
        let mut strays: BTreeMap<Key, (u32, usize)> = BTreeMap::new();
        for row in rows
            .iter()
            .filter(|row| !is_passed_over(table, header, row))
        {
            let key = match self.key_of(header, row) {
                Ok(key) => key,
                Err((column, message)) => {
                    let names = self.key.names(self.schema);
                    let name = names.get(column).copied().unwrap_or_default();
                    let at = header
                        .keys
                        .get(column)
                        .copied()
                        .flatten()
                        .unwrap_or_default();
                    let place = form.place(At::Cell(row.number, at, name));
                    if table.name == PLAN {
                        self.untold(row, form, Diagnostic::fatal(place, message));
                    } else {
                        self.diagnostics.push(Diagnostic::error(place, message));
                    }
                    continue;
                }
            };
            let Some(key) = self.plan_of(&key) else {
                strays.entry(key).or_insert((row.number, 0)).1 += 1;
                continue;
            };
            let Some(plan) = self.plans.get_mut(&key) else {
                continue;
            };
            let lines = lines
                .entry(key)
                .or_insert_with(|| Lines::new(table, header, form));
            if table.name != PLAN || lines.rows.is_empty() {
                lines.take(row, &mut plan.texts, &mut plan.diagnostics);
            }
        }
        self.report_strays(form, strays);
        for (key, plan) in &mut self.plans {
            let mut found = Vec::new();
            let rows = lines.remove(key).map(|lines| lines.finish(&mut found));
            let rows = rows.unwrap_or_else(|| Lines::new(table, header, form).rows);
            plan.inputs.push(Input {
                path: form.path().to_owned(),
                rows: rows.len(),
                sha256: None,
            });
            if table.required && rows.is_empty() {
                let message = format!("the table `{}` has no rows of this plan", table.name);
                found.push(Diagnostic::error(form.path(), message));
            }
            plan.diagnostics.extend(found);
            if let Some(slot) = plan.tables.get_mut(id) {
                *slot = rows;
            }
        }
    }

    /// A plan of which it cannot be told whose it is: it counts, and is judged by nothing.
    fn untold(&mut self, row: &GridRow<'_>, form: &Form, why: Diagnostic) {
        let path = form.place(At::Row(row.number));
        let mut plan = Submission::empty(self.schema, &path, |name| format!("{name}.csv"));
        plan.diagnostics.push(why);
        self.untold.push(plan);
    }

    fn report_strays(&mut self, form: &Form, strays: BTreeMap<Key, (u32, usize)>) {
        let mut strays: Vec<_> = strays.into_iter().collect();
        strays.sort_by_key(|(_, (row, _))| *row);
        for (key, (row, count)) in strays {
            let rows = if count == 1 {
                "this row was".to_owned()
            } else {
                format!("{count} rows, this one first, were")
            };
            let several = self
                .plans
                .keys()
                .any(|plan| plan.code == key.code && plan.year == key.year);
            let lack = if several && key.revision.is_none() {
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
    }

    /// The plan that a key means: itself, or without a revision the only one of its district and year.
    fn plan_of(&self, key: &Key) -> Option<Key> {
        if self.plans.contains_key(key) {
            return Some(key.clone());
        }
        if key.revision.is_some() {
            return None;
        }
        let mut same = self
            .plans
            .keys()
            .filter(|plan| plan.code == key.code && plan.year == key.year);
        let only = same.next()?;
        same.next().is_none().then(|| only.clone())
    }

    /// The key of a row, or which of its columns cannot be read and why.
    fn key_of(&self, header: &Header, row: &GridRow<'_>) -> Result<Key, (usize, String)> {
        let cell = |key: usize| {
            let column = header.keys.get(key).copied().flatten();
            column.map_or(&Written::BLANK, |column| row.cell(column))
        };
        Key::read(self.schema, self.key, [cell(0), cell(1), cell(2)])
    }
}

fn code_of(
    schema: &Schema,
    key: PlanKey,
    written: &Written<'_>,
) -> Result<String, (usize, String)> {
    let field = key.code_field(schema);
    let read = field.map_or(Read::BLANK, |field| read_cell(field, written));
    match read.cell() {
        Cell::Text(code) => Ok(code.to_owned()),
        _ if field.is_none() && !written.is_blank() => Ok(written.shown().to_owned()),
        _ => Err((
            0,
            read.message.unwrap_or_else(|| {
                let [name, ..] = key.names(schema);
                format!("`{name}` is missing: this row was not read")
            }),
        )),
    }
}

fn whole(text: &str) -> Option<i64> {
    let x = parse_decimal(text)?.normalize();
    (x.scale() == 0).then(|| i64::try_from(x.mantissa()).ok())?
}

fn not_whole(text: &str) -> (usize, String) {
    (2, format!("{} is not a whole number", quoted(text)))
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
    fn tables_without_their_key_are_lost_and_missing_ones_told() {
        let (plans, told) = read(&[("plan.csv", PLANS), ("notes.csv", "note\nx\n")]);
        assert!(plans.iter().all(|plan| plan.tables[2].lost));
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(told[2], "E budget.csv the table `budget` is missing");
    }
}
