//! A case that is being thought of: an existing one, varied cell by cell, read and written as TOML.

use std::fmt::Write as _;
use std::sync::Arc;

use super::prepared::{Prepared, Years};
use crate::diagnostic::{Diagnostic, Weight};
use crate::pack::{Case, CaseKind, Expected, InForce, Pack, Rule};
use crate::review::Outcome;
use crate::schema::TableId;
use crate::value::{Decimal, Value, plain, plain_money};

/// A case in the making.
#[derive(Debug, Clone)]
pub(crate) struct Draft<'p> {
    pub(crate) case: Case,
    /// The fields of `plan`, each with its value as TOML writes it.
    pub(crate) plan: Vec<(String, String)>,
    pub(crate) sheets: Vec<Sheet>,
    /// The rules over its reference rows and parameters, while nothing of those is varied.
    in_force: Option<Arc<InForce<'p>>>,
}

/// A table of a case.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sheet {
    pub(crate) name: String,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// One variation of a draft.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edit {
    /// A field of `plan` gets a value, as TOML writes it; none: it is left out.
    Plan(String, Option<String>),
    /// A cell: the sheet, the row, the column, and what stands in it.
    Cell(usize, usize, String, String),
    /// A row is left out.
    Drop(usize, usize),
    /// A row is written twice.
    Copy(usize, usize),
    /// Another fiscal year.
    Year(i64),
}

impl<'p> Draft<'p> {
    /// An existing case, to be varied.
    pub(crate) fn of(prepared: &Prepared<'p>) -> Self {
        let case = prepared.case;
        let plan = case.plan.iter().flat_map(|plan| plan.lines());
        let plan = plan.filter_map(|line| line.split_once(" = "));
        let sheets = case
            .tables
            .iter()
            .map(|(name, text)| Sheet::read(name, text));
        Draft {
            plan: plan.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            sheets: sheets.collect(),
            case: case.clone(),
            in_force: Some(Arc::clone(&prepared.in_force)),
        }
    }

    /// The draft with a variation made; `None` when it has nothing to vary there.
    pub(crate) fn with(&self, edit: &Edit, pack: &Pack) -> Option<Self> {
        let mut draft = self.clone();
        match edit {
            Edit::Plan(field, value) => {
                draft.plan.retain(|(name, _)| name != field);
                let value = value.iter().map(|value| (field.clone(), value.clone()));
                draft.plan.extend(value);
            }
            Edit::Cell(sheet, row, column, text) => {
                draft.sheets.get_mut(*sheet)?.set(*row, column, text)?;
                draft.touch(*sheet, pack);
            }
            Edit::Drop(sheet, row) => {
                let rows = &mut draft.sheets.get_mut(*sheet)?.rows;
                (*row < rows.len()).then(|| rows.remove(*row))?;
                draft.touch(*sheet, pack);
            }
            Edit::Copy(sheet, row) => {
                let rows = &mut draft.sheets.get_mut(*sheet)?.rows;
                rows.push(rows.get(*row)?.clone());
                draft.touch(*sheet, pack);
            }
            Edit::Year(year) => {
                draft.case.year = Some(*year);
                draft.in_force = None;
            }
        }
        Some(draft)
    }

    fn touch(&mut self, sheet: usize, pack: &Pack) {
        let name = self.sheets.get(sheet).map(|s| s.name.as_str());
        let is_own = |id: TableId| id < pack.schema.submission;
        if !name
            .and_then(|name| pack.schema.table(name))
            .is_some_and(is_own)
        {
            self.in_force = None;
        }
    }

    /// The case that it is.
    fn written(&self) -> Case {
        let lines = self
            .plan
            .iter()
            .map(|(field, value)| format!("{field} = {value}\n"));
        let lines: String = lines.collect();
        let stands = |sheet: &&Sheet| !sheet.header.is_empty();
        let sheets = self.sheets.iter().filter(stands);
        Case {
            plan: (self.case.plan.is_some() || !lines.is_empty()).then_some(lines),
            tables: sheets.map(|s| (s.name.clone(), s.write())).collect(),
            ..self.case.clone()
        }
    }

    /// Reads it as a case is read.
    pub(crate) fn read(&self, years: &Years<'p>) -> Tried<'p> {
        let (submission, in_force, diagnostics) =
            years.read(self.in_force.as_ref(), &self.written());
        Tried {
            wrong: diagnostics.len()
                + submission
                    .diagnostics
                    .iter()
                    .filter(|d| is_wrong(d))
                    .count(),
            submission,
            in_force,
        }
    }

    /// The case as TOML, ready to be pasted into the rule's file.
    pub(crate) fn toml(
        &self,
        name: &str,
        pack: &Pack,
        outcome: Option<Outcome>,
        edge: bool,
    ) -> String {
        let mut text = String::from("[[case]]\n");
        let _ = writeln!(text, "name = {}", quoted(name));
        let kind = match outcome {
            _ if edge => CaseKind::Edge,
            Some(Outcome::Fail) => CaseKind::Fail,
            Some(Outcome::Unknown) => CaseKind::Missing,
            _ => CaseKind::Pass,
        };
        let _ = writeln!(text, "kind = \"{}\"", kind.name());
        let _ = writeln!(text, "expect = \"{}\"", Expected::of(outcome).name());
        if let Some(year) = self.case.year {
            let _ = writeln!(text, "year = {year}");
        }
        let params = self.case.params.iter();
        let params: Vec<String> = params
            .filter_map(|(at, value)| {
                let name = &pack.params.get(*at)?.name;
                Some(format!("{name} = {}", param(value)))
            })
            .collect();
        if !params.is_empty() {
            let _ = writeln!(text, "param = {{ {} }}", params.join(", "));
        }
        let plan = self
            .plan
            .iter()
            .map(|(field, value)| format!("{field} = {value}"));
        let plan: Vec<String> = plan.collect();
        if !plan.is_empty() {
            let _ = writeln!(text, "plan = {{ {} }}", plan.join(", "));
        }
        for sheet in self.sheets.iter().filter(|s| !s.header.is_empty()) {
            let _ = writeln!(
                text,
                "{} = \"\"\"\n{}\"\"\"",
                sheet.name,
                escaped(&sheet.write())
            );
        }
        text
    }
}

/// A draft, read.
pub(crate) struct Tried<'p> {
    pub(crate) submission: crate::submission::Submission,
    pub(crate) in_force: Arc<InForce<'p>>,
    /// How many mistakes its cells have.
    pub(crate) wrong: usize,
}

fn is_wrong(diagnostic: &Diagnostic) -> bool {
    diagnostic.weight > Weight::Notice
}

impl Tried<'_> {
    /// What a rule says of it.
    pub(crate) fn outcome(&self, rule: &Rule) -> Option<Outcome> {
        let tally =
            crate::evaluate::Evaluator::new(&self.in_force).tally_of(&self.submission, rule)?;
        Some(tally.worst())
    }
}

impl Sheet {
    fn read(name: &str, text: &str) -> Self {
        let text = text.trim_start_matches(['\r', '\n']);
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let cells = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
        let mut rows = reader.records().filter_map(Result::ok).map(cells);
        let header: Vec<String> = rows.next().unwrap_or_default();
        let width = header.len();
        let mut rows: Vec<Vec<String>> = rows.collect();
        rows.iter_mut()
            .for_each(|row| row.resize(width, String::new()));
        Sheet {
            name: name.to_owned(),
            header,
            rows,
        }
    }

    fn write(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.header).chain(&self.rows) {
            // Memory does not fail to be written to.
            let _ = writer.write_record(row);
        }
        let bytes = writer.into_inner().unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The cell of a row and a column.
    pub(crate) fn cell(&self, row: usize, column: &str) -> Option<&str> {
        let at = self.header.iter().position(|name| name == column)?;
        self.rows.get(row)?.get(at).map(String::as_str)
    }

    /// Writes a cell; a column that was not there is added.
    fn set(&mut self, row: usize, column: &str, text: &str) -> Option<()> {
        let at = match self.header.iter().position(|name| name == column) {
            Some(at) => at,
            None => {
                self.header.push(column.to_owned());
                self.rows.iter_mut().for_each(|row| row.push(String::new()));
                self.header.len() - 1
            }
        };
        if row == self.rows.len() {
            self.rows.push(vec![String::new(); self.header.len()]);
        }
        let cell = self.rows.get_mut(row)?.get_mut(at)?;
        text.clone_into(cell);
        Some(())
    }
}

/// A text as TOML writes it.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |c: char| c != '\'' && !c.is_control();
    if text.contains(['"', '\\']) && text.chars().all(is_plain) {
        return format!("'{text}'");
    }
    format!("\"{}\"", escaped(text).replace('"', "\\\""))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"")
}

/// A parameter's value as TOML writes it.
fn param(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Number(x) => format!("\"{}\"", plain(*x)),
        Value::Money(x) => format!("\"{}\"", plain_money(*x)),
        Value::Percent(x) => format!("\"{}%\"", plain(*x * Decimal::ONE_HUNDRED)),
        Value::Date(d) => format!("\"{d}\""),
        Value::Text(t) => quoted(t),
        Value::Null => "{ off = true }".to_owned(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(param).collect();
            format!("[{}]", items.join(", "))
        }
        _ => "\"\"".to_owned(),
    }
}
