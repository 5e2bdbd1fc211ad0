//! The variations of a case that are worth trying: cells set to edges of comparisons, to other codes, to nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, Edit, Tried};
use super::prepared::Years;
use crate::evaluate::{Compared, Evaluator};
use crate::expr::tree::{Kind, Node};
use crate::pack::{Pack, Rule, Test};
use crate::schema::{Field, FieldId, TableId};
use crate::value::{
    Date, Decimal, Type, Value, date, from_days, parse_figure, parse_iso_date, plain, plain_money,
    to_days,
};

/// How many words of a list are tried.
const WORDS: usize = 20;

/// What a rule reads, and the values that its text speaks of.
#[derive(Debug, Default)]
pub(crate) struct Reads {
    pub(crate) fields: BTreeSet<(TableId, FieldId)>,
    texts: BTreeSet<String>,
    numbers: BTreeSet<Decimal>,
    days: BTreeSet<i64>,
}

impl Reads {
    /// Of all editions of a rule.
    pub(crate) fn of(rule: &Rule, pack: &Pack) -> Self {
        let mut reads = Reads::default();
        for (_, expr) in rule.tests().flat_map(Test::roots) {
            reads.add(&expr.root, pack);
        }
        if let Some(subjects) = &rule.subjects {
            reads.add(&subjects.rows.root, pack);
        }
        reads
    }

    fn add(&mut self, node: &Node, pack: &Pack) {
        match &node.kind {
            Kind::Field(_, table, field) | Kind::Marked(_, _, table, field) => {
                self.fields.insert((*table, *field));
            }
            Kind::Const(value) => self.value(value),
            Kind::Param(at) => {
                let values = pack.params.get(*at).map_or(&[][..], |p| &p.values);
                values.iter().for_each(|dated| self.value(&dated.value));
            }
            Kind::Lookup(table, _) => {
                let reference = pack
                    .schema
                    .tables
                    .get(*table)
                    .and_then(|t| t.reference.as_ref());
                let key = reference.map_or(&[][..], |r| &r.key);
                self.fields.extend(key.iter().map(|field| (*table, *field)));
            }
            _ => {}
        }
        for part in node.parts() {
            self.add(part, pack);
        }
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Number(x) | Value::Percent(x) | Value::Money(x) => {
                self.numbers.insert(*x);
            }
            Value::Date(d) => {
                self.days.insert(to_days(*d));
            }
            Value::Text(t) => {
                self.texts.insert(t.clone());
            }
            Value::List(items) => items.iter().take(WORDS).for_each(|item| self.value(item)),
            _ => {}
        }
    }
}

/// One cell of a draft.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Plan(FieldId),
    Sheet(usize, usize, FieldId),
}

/// Finds the variations of drafts of one rule.
pub(crate) struct Varier<'a, 'p> {
    pub(crate) pack: &'p Pack,
    pub(crate) years: &'a Years<'p>,
    pub(crate) rule: &'p Rule,
    pub(crate) reads: Reads,
}

impl<'a, 'p> Varier<'a, 'p> {
    pub(crate) fn new(pack: &'p Pack, years: &'a Years<'p>, rule: &'p Rule) -> Self {
        let reads = Reads::of(rule, pack);
        Varier {
            pack,
            years,
            rule,
            reads,
        }
    }

    /// Every single variation of a draft, the likeliest to decide first.
    pub(crate) fn edits(&self, draft: &Draft<'p>) -> Vec<Edit> {
        let mut edits = Vec::new();
        let cells = self.cells(draft);
        for (table, field, cell) in &cells {
            edits.extend(self.solved(draft, *table, *field, cell));
        }
        for (table, field, cell) in &cells {
            let Some(field) = self.field(*table, *field) else {
                continue;
            };
            let values = self.values(draft, field);
            edits.extend(
                values
                    .into_iter()
                    .filter_map(|text| Self::edit(draft, cell, field, text)),
            );
        }
        for (sheet, held) in draft.sheets.iter().enumerate() {
            for row in 0..held.rows.len() {
                edits.extend([Edit::Drop(sheet, row), Edit::Copy(sheet, row)]);
            }
        }
        let (first, last) = self.pack.own_years();
        edits.extend((first..=last).rev().map(Edit::Year));
        let mut seen = BTreeSet::new();
        edits.retain(|edit| seen.insert(edit.clone()));
        edits
    }

    /// For each cell that holds a figure the variations that bring the sides of a comparison together.
    pub(crate) fn solutions(&self, draft: &Draft<'p>) -> Vec<Vec<Edit>> {
        let cells = self.cells(draft).into_iter();
        cells
            .map(|(table, field, cell)| self.solved(draft, table, field, &cell))
            .collect()
    }

    fn field(&self, table: TableId, field: FieldId) -> Option<&'p Field> {
        self.pack.schema.tables.get(table)?.fields.get(field)
    }

    /// The cells of a draft that the rule reads, those that are not written too.
    fn cells(&self, draft: &Draft<'_>) -> Vec<(TableId, FieldId, Cell)> {
        let mut cells = Vec::new();
        for &(table, field) in &self.reads.fields {
            let Some(name) = self.pack.schema.tables.get(table).map(|t| t.name.as_str()) else {
                continue;
            };
            if name == "plan" {
                cells.push((table, field, Cell::Plan(field)));
            }
            for (sheet, held) in draft
                .sheets
                .iter()
                .enumerate()
                .filter(|(_, s)| s.name == name)
            {
                let rows = 0..held.rows.len();
                cells.extend(rows.map(|row| (table, field, Cell::Sheet(sheet, row, field))));
            }
        }
        cells
    }

    /// An edit that writes a value into a cell, unless it stands there.
    fn edit(draft: &Draft<'_>, cell: &Cell, field: &Field, text: String) -> Option<Edit> {
        match cell {
            Cell::Plan(_) => {
                let bare = matches!(field.ty, Type::Boolean)
                    || text.parse::<i64>().is_ok() && field.ty == Type::Year;
                let value = if bare {
                    text.clone()
                } else {
                    super::draft::quoted(&text)
                };
                let value = (!text.is_empty()).then_some(value);
                let held = draft.plan.iter().find(|(name, _)| *name == field.name);
                (held.map(|(_, v)| v) != value.as_ref())
                    .then(|| Edit::Plan(field.name.clone(), value))
            }
            Cell::Sheet(sheet, row, _) => {
                let held = draft
                    .sheets
                    .get(*sheet)?
                    .cell(*row, &field.name)
                    .unwrap_or("");
                (held != text).then(|| Edit::Cell(*sheet, *row, field.name.clone(), text))
            }
        }
    }

    fn text_of(draft: &Draft<'_>, cell: &Cell, field: &Field) -> Option<String> {
        match cell {
            Cell::Plan(_) => {
                let (_, value) = draft.plan.iter().find(|(name, _)| *name == field.name)?;
                Some(value.trim_matches('"').to_owned())
            }
            Cell::Sheet(sheet, row, _) => Some(
                draft
                    .sheets
                    .get(*sheet)?
                    .cell(*row, &field.name)?
                    .to_owned(),
            ),
        }
    }

    /// What may stand in a cell of a field.
    fn values(&self, draft: &Draft<'_>, field: &Field) -> Vec<String> {
        let mut values: Vec<String> = match field.ty {
            Type::Boolean => vec!["true".to_owned(), "false".to_owned()],
            Type::Code => self.codes(draft, field),
            Type::Text => self.texts(draft),
            Type::Date => {
                let near = |d: i64| [d, d - 1, d + 1, d - 365, d + 365];
                let days = self.dates(draft).into_iter().flat_map(near);
                days.filter_map(from_days).map(|d| d.to_string()).collect()
            }
            Type::Year => {
                let years = self.pack.own_years();
                let year = draft.case.year.unwrap_or(years.1);
                (year - 2..=year + 1).rev().map(|y| y.to_string()).collect()
            }
            Type::Number | Type::Money | Type::Percent => self.figures(draft, field.ty),
        };
        values.push(String::new());
        if !matches!(field.ty, Type::Text | Type::Code) {
            values.push("*".to_owned());
        }
        if field.not_applicable {
            values.push("n/a".to_owned());
        }
        values
    }

    fn codes(&self, draft: &Draft<'_>, field: &Field) -> Vec<String> {
        let Some(codes) = &field.codes else {
            return self.texts(draft);
        };
        let spoken = self.reads.texts.iter().filter(|t| codes.has(t)).cloned();
        let held = Self::held(draft).into_iter().filter(|t| codes.has(t));
        spoken
            .chain(held)
            .chain(codes.names().take(30).map(str::to_owned))
            .collect()
    }

    fn texts(&self, draft: &Draft<'_>) -> Vec<String> {
        let spoken = self.reads.texts.iter().take(40).cloned();
        let other = ["other".to_owned()];
        spoken.chain(other).chain(Self::held(draft)).collect()
    }

    /// Every text of a draft.
    fn held(draft: &Draft<'_>) -> BTreeSet<String> {
        let cells = draft
            .sheets
            .iter()
            .flat_map(|s| s.rows.iter().flatten().cloned());
        let plan = draft
            .plan
            .iter()
            .map(|(_, v)| v.trim_matches('"').to_owned());
        cells.chain(plan).filter(|t| !t.is_empty()).collect()
    }

    fn dates(&self, draft: &Draft<'_>) -> BTreeSet<i64> {
        let held = Self::held(draft);
        let held = held.iter().filter_map(|t| parse_iso_date(t)).map(to_days);
        let year = draft.case.year.unwrap_or(self.pack.own_years().1);
        let turn = [date(year - 1, 7, 1), date(year, 7, 1)];
        let turn = turn.into_iter().flatten().map(to_days);
        held.chain(self.reads.days.iter().copied())
            .chain(turn)
            .collect()
    }

    fn figures(&self, draft: &Draft<'_>, ty: Type) -> Vec<String> {
        let held = Self::held(draft);
        let held = held.iter().filter_map(|t| parse_figure(t)).map(|(x, _)| x);
        let spoken = self.reads.numbers.iter().copied();
        let bases: BTreeSet<Decimal> = held
            .chain(spoken)
            .chain([Decimal::ZERO, Decimal::ONE])
            .collect();
        let unit = unit_of(ty);
        let near = |x: Decimal| [x, x - unit, x + unit];
        let near = bases.into_iter().take(10).flat_map(near);
        near.filter(|x| x.abs() < Decimal::new(1, 0) * crate::value::LIMIT)
            .map(|x| written(x, ty))
            .collect()
    }

    /// The values of a cell at which the sides of a comparison are equal, or differ by a unit.
    fn solved(&self, draft: &Draft<'p>, table: TableId, id: FieldId, cell: &Cell) -> Vec<Edit> {
        let Some(field) = self.field(table, id) else {
            return Vec::new();
        };
        if !matches!(
            field.ty,
            Type::Number | Type::Money | Type::Percent | Type::Date | Type::Year
        ) {
            return Vec::new();
        }
        let held = Self::text_of(draft, cell, field).unwrap_or_default();
        let now = figure(&held, field.ty).unwrap_or_default();
        let step = if field.ty == Type::Percent {
            Decimal::new(1, 2)
        } else {
            Decimal::ONE
        };
        let at = |x: Decimal| {
            let edit = Self::edit(draft, cell, field, written(x, field.ty));
            let draft =
                edit.map_or_else(|| Some(draft.clone()), |edit| draft.with(&edit, self.pack))?;
            Some(self.sides(&draft.read(self.years)))
        };
        let (Some(here), Some(there)) = (at(now), at(now + step)) else {
            return Vec::new();
        };
        let mut values = BTreeSet::new();
        for (key, one) in &here {
            let Some(other) = there.get(key) else {
                continue;
            };
            let slope = other.difference - one.difference;
            for target in [Decimal::ZERO, one.unit, -one.unit] {
                let solution = (target - one.difference)
                    .checked_mul(step)
                    .and_then(|x| x.checked_div(slope));
                let solution = solution.and_then(|x| x.checked_add(now));
                values.extend(solution.map(|x| rounded(x, field.ty)));
            }
        }
        let edits = values.into_iter().map(|x| written(x, field.ty));
        edits
            .filter_map(|text| Self::edit(draft, cell, field, text))
            .take(24)
            .collect()
    }

    /// By how much the sides of each comparison of the rule differ in a case, for the first of its subjects and rows.
    pub(crate) fn sides(&self, tried: &Tried<'p>) -> BTreeMap<Compared, Side> {
        let year = tried.in_force.year;
        let units: Vec<Decimal> = self.rule.test_in(year).map_or_else(Vec::new, |test| {
            let comparisons = test.comparisons().into_iter();
            comparisons.map(|c| c.unit(self.pack).0).collect()
        });
        let differences = Evaluator::new(&tried.in_force).sides(&tried.submission, self.rule);
        let side = |(key, difference): (Compared, Decimal)| {
            let unit = *units.get(key.comparison)?;
            Some((key, Side { difference, unit }))
        };
        differences.into_iter().filter_map(side).collect()
    }
}

/// By how much the sides of a comparison differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Side {
    pub(crate) difference: Decimal,
    pub(crate) unit: Decimal,
}

fn unit_of(ty: Type) -> Decimal {
    match ty {
        Type::Money => Decimal::new(1, 2),
        Type::Percent => Decimal::new(1, 3),
        _ => Decimal::ONE,
    }
}

fn rounded(x: Decimal, ty: Type) -> Decimal {
    let places = match ty {
        Type::Money => 2,
        Type::Percent | Type::Number => 4,
        _ => 0,
    };
    crate::value::round_half_up(x, places)
        .unwrap_or(x)
        .normalize()
}

/// A figure as it is written in a cell.
fn written(x: Decimal, ty: Type) -> String {
    match ty {
        Type::Money => plain_money(x),
        Type::Percent => format!("{}%", plain(x * Decimal::ONE_HUNDRED)),
        Type::Date => {
            let days = crate::value::round_half_up(x, 0);
            let days = days.and_then(|x| i64::try_from(x).ok());
            let date = days.and_then(from_days);
            date.map_or_else(String::new, |d: Date| d.to_string())
        }
        _ => plain(x),
    }
}

/// The figure that a cell holds.
fn figure(text: &str, ty: Type) -> Option<Decimal> {
    if ty == Type::Date {
        return parse_iso_date(text).map(|d| Decimal::from(to_days(d)));
    }
    let (x, percent) = parse_figure(text)?;
    Some(if percent { x / Decimal::ONE_HUNDRED } else { x })
}
