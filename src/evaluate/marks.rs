//! By what a finding is known again: the row it is about, by a name that lasts when rows move, and a digest of what it rests on, which lasts as
//! long as the same cells hold the same values.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::Subject;
use crate::evidence::{Cell as Place, Story};
use crate::expr::eval::Machine;
use crate::neutral::clean;
use crate::review::{Mark, Outcome};
use crate::schema::{FieldId, Table, TableId};
use crate::table::{Cell, Rows};
use crate::value::{Type, Value, feel, plain};

/// How many characters of a row's own words name it.
const LONGEST: usize = 80;

/// The names of the rows of one submission, worked out when they are first asked for.
#[derive(Debug, Default)]
pub(super) struct Marks {
    names: RefCell<BTreeMap<TableId, Rc<Vec<String>>>>,
}

impl Marks {
    /// Forgets the rows of the last submission.
    pub(super) fn clear(&self) {
        self.names.borrow_mut().clear();
    }

    /// The mark of a finding.
    pub(super) fn mark(
        &self,
        machine: &Machine<'_>,
        rule: &str,
        subject: Subject,
        outcome: Outcome,
        story: &Story,
    ) -> Mark {
        let subject = match subject {
            Subject::Row(table, row) | Subject::Uncertain(table, row) => {
                self.name(machine, table, usize::try_from(row).ok())
            }
            Subject::Whole | Subject::Table(_) => String::new(),
        };
        let mut lines: Vec<String> = (story.rests.iter())
            .map(|place| self.line(machine, place))
            .collect();
        lines.sort();
        lines.dedup();
        let mut digest = Sha256::new();
        let mut take = |text: &str| {
            digest.update(text.as_bytes());
            digest.update([0]);
        };
        [rule, &subject, outcome.name()]
            .into_iter()
            .for_each(&mut take);
        lines.iter().for_each(|line| take(line));
        let told = story.evidence.iter().chain(&story.assumptions);
        // Rows that move change the order in which they are told, and no figure.
        let mut figures: Vec<String> = told.map(|evidence| figure(&evidence.value)).collect();
        figures.sort();
        figures.iter().for_each(|figure| take(figure));
        story.gap.iter().for_each(|gap| take(&plain(gap.value)));
        let bytes = digest.finalize();
        let short = bytes.iter().take(8).map(|byte| format!("{byte:02x}"));
        Mark {
            subject,
            // Begun with a letter, no spreadsheet takes it for a figure.
            digest: format!("f{}", short.collect::<String>()),
        }
    }

    /// A cell with the name of its row and what it holds.
    fn line(&self, machine: &Machine<'_>, place: Place) -> String {
        let Some(table) = machine.schema.tables.get(place.table()) else {
            return String::new();
        };
        let row = self.name(machine, place.table(), place.row());
        let field = place.field().and_then(|field| table.fields.get(field));
        let field = field.map_or("", |f| f.name.as_str());
        let held = match (place.row(), place.field()) {
            (Some(row), Some(field)) => held(machine, place.table(), row, field),
            _ => String::new(),
        };
        format!("{}\u{1}{row}\u{1}{field}\u{1}{held}", table.name)
    }

    /// The name of a row; of none where there is no such row.
    fn name(&self, machine: &Machine<'_>, table: TableId, row: Option<usize>) -> String {
        let known = self.names.borrow().get(&table).cloned();
        let names = known.unwrap_or_else(|| {
            let names = Rc::new(names_of(machine, table));
            self.names.borrow_mut().insert(table, Rc::clone(&names));
            names
        });
        row.and_then(|row| names.get(row).cloned())
            .unwrap_or_default()
    }
}

/// A value without the places of rows, which move; their cells are told by themselves.
fn figure(value: &Value) -> String {
    match value {
        Value::Row(_) => String::new(),
        Value::List(items) => {
            let mut items: Vec<String> = items.iter().map(figure).collect();
            items.sort();
            format!("[{}]", items.join(", "))
        }
        other => feel(other),
    }
}

/// The names of a table's rows. Of rows with the same name each also has a part of the digest of its cells, and of equal rows a number.
fn names_of(machine: &Machine<'_>, id: TableId) -> Vec<String> {
    let (Some(table), Some(rows)) = (machine.schema.tables.get(id), machine.submission.table(id))
    else {
        return Vec::new();
    };
    let first: Vec<String> = (0..rows.len())
        .map(|row| format!("{}:{}", table.name, own_name(machine, (table, rows), row)))
        .collect();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &first {
        *counts.entry(name).or_default() += 1;
    }
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let name = |(row, name): (usize, &String)| {
        if counts.get(name.as_str()) == Some(&1) && !name.ends_with(':') {
            return name.clone();
        }
        let cells = (0..table.fields.len()).map(|field| held(machine, id, row, field));
        let cells: Vec<String> = cells.collect();
        let digest = crate::read::sha256(cells.join("\u{1}").as_bytes());
        let name = format!("{name}~{}", digest.get(..6).unwrap_or_default());
        let times = taken.entry(name.clone()).or_default();
        *times += 1;
        if *times > 1 {
            return format!("{name}#{times}");
        }
        name
    };
    first.iter().enumerate().map(name).collect()
}

/// What a row is called: its key, or else the texts and codes that it must have.
fn own_name(machine: &Machine<'_>, (table, rows): (&Table, &Rows), row: usize) -> String {
    let words = |field: FieldId| match rows.cell(row, field, &machine.submission.texts) {
        Cell::Text(text) => Some(text.to_owned()),
        Cell::Number(x) => Some(plain(x)),
        _ => None,
    };
    if let Some(key) = table.key().and_then(words) {
        return short(&key);
    }
    let fields = table.fields.iter().enumerate();
    let named = fields.filter(|(_, f)| f.required && matches!(f.ty, Type::Text | Type::Code));
    let named: Vec<String> = named.filter_map(|(field, _)| words(field)).collect();
    short(&named.join(" / "))
}

/// Words on one line, as far as they fit.
fn short(words: &str) -> String {
    let words = clean(words);
    let words: Vec<&str> = words.split_whitespace().collect();
    words.join(" ").chars().take(LONGEST).collect()
}

/// What a cell holds, however it is written.
fn held(machine: &Machine<'_>, table: TableId, row: usize, field: FieldId) -> String {
    let Some(rows) = machine.submission.table(table) else {
        return String::new();
    };
    if machine.is_small_count(table, row, field) {
        return "*".to_owned();
    }
    match rows.cell(row, field, &machine.submission.texts) {
        Cell::Blank => String::new(),
        Cell::NotApplicable => "n/a".to_owned(),
        Cell::Suppressed => "*".to_owned(),
        Cell::Unreadable => format!("?{}", rows.raw(row, field)),
        Cell::Number(x) => plain(x),
        Cell::Bool(yes) => yes.to_string(),
        Cell::Text(text) => format!("\"{text}"),
    }
}
