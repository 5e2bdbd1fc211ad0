//! A table drawn from another of an earlier submission, each cell with its place there.

use super::key::Key;
use super::resolve::{At, Resolver};
use crate::hash::Map;
use crate::pack::{Link, Pack};
use crate::schema::{FieldId, Table};
use crate::submission::Submission;
use crate::table::{Cell, Laid, Layout, Rows, State, Texts};
use crate::value::Decimal;

/// Rows of a table, drawn from another.
pub(super) struct Drawn {
    pub(super) rows: Rows,
    pub(super) texts: Texts,
}

impl Link {
    /// The fields that tell rows apart, here.
    pub(super) fn key(&self) -> Vec<FieldId> {
        self.by.iter().map(|(own, _)| *own).collect()
    }

    /// Every field that is repeated, here.
    pub(super) fn all_fields(&self) -> Vec<FieldId> {
        let mut all: Vec<FieldId> = [&self.by, &self.fields, &self.sums]
            .into_iter()
            .flatten()
            .map(|(own, _)| *own)
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

/// The rows of `link.to` as the earlier submission has them; `None` where its table is not there or cannot be read.
pub(super) fn drawn(pack: &Pack, link: &Link, plan: &Submission) -> Option<Drawn> {
    let table = pack.schema.tables.get(link.to)?;
    let source = plan.table(link.from)?;
    if source.lost || source.is_absent() {
        return None;
    }
    let copied = link.by.iter().chain(&link.fields);
    let cells: Vec<(FieldId, Resolver<'_>)> = copied
        .map(|(own, other)| {
            let resolver = Resolver::new(&pack.schema, plan, link.from, *other);
            (*own, resolver)
        })
        .collect();
    let own = Layout::Absent(source.layout.path().to_owned());
    let mut drawing = Drawing {
        pack,
        plan,
        table,
        laid: Laid::new(own.clone()),
        rows: Rows::new(table, own, &link.all_fields()),
        texts: Texts::default(),
    };
    for (group, first) in groups(link, &cells, plan, source) {
        drawing.draw(link, &cells, source, &group, first);
    }
    let Drawing {
        laid,
        mut rows,
        texts,
        ..
    } = drawing;
    rows.layout = Layout::Laid(Box::new(laid));
    Some(Drawn { rows, texts })
}

/// The rows of the source that are one row here, and the first of them.
fn groups(
    link: &Link,
    cells: &[(FieldId, Resolver<'_>)],
    plan: &Submission,
    source: &Rows,
) -> Vec<(Vec<usize>, usize)> {
    if link.sums.is_empty() {
        return (0..source.len()).map(|row| (vec![row], row)).collect();
    }
    let mut groups: Vec<(Vec<usize>, usize)> = Vec::new();
    let mut known: Map<Vec<Option<Key<'_>>>, usize> = Map::default();
    for row in 0..source.len() {
        let by = cells.iter().take(link.by.len());
        let key: Vec<Option<Key<'_>>> = by
            .map(|(_, resolver)| match resolver.at(row) {
                At::Cell(table, row, field) => {
                    let rows = plan.table(table)?;
                    Some(Key::of(rows, row, field, &plan.texts))
                }
                At::Nowhere | At::Unknown => None,
            })
            .collect();
        let at = *known.entry(key).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((rows, _)) => rows.push(row),
            None => groups.push((vec![row], row)),
        }
    }
    groups
}

/// A table while it is drawn.
struct Drawing<'a> {
    pack: &'a Pack,
    plan: &'a Submission,
    table: &'a Table,
    laid: Laid,
    rows: Rows,
    texts: Texts,
}

impl Drawing<'_> {
    fn draw(
        &mut self,
        link: &Link,
        cells: &[(FieldId, Resolver<'_>)],
        source: &Rows,
        group: &[usize],
        first: usize,
    ) {
        let at = self.rows.len();
        let number = source.numbers.get(first).copied().unwrap_or(1);
        self.laid.lay_row(at, source.row_place(first));
        self.rows.begin_row(number);
        for field in 0..self.table.fields.len() {
            let summed = link.sums.iter().find(|(own, _)| *own == field);
            if let Some((_, other)) = summed {
                self.sum(link, (at, field), source, group, *other);
                continue;
            }
            let copied = cells.iter().find(|(own, _)| *own == field);
            match copied.map(|(_, resolver)| resolver.at(first)) {
                Some(At::Cell(table, row, other)) => self.copy((at, field), (table, row, other)),
                Some(At::Unknown) => {
                    self.rows
                        .push_cell(field, &Cell::Unreadable, "", &mut self.texts);
                }
                Some(At::Nowhere) | None => {
                    self.rows
                        .push_cell(field, &Cell::Blank, "", &mut self.texts);
                }
            }
        }
    }

    fn copy(&mut self, (at, own): (usize, FieldId), (table, row, field): (usize, usize, FieldId)) {
        let schema = &self.pack.schema;
        let Some((of, rows)) = schema.tables.get(table).zip(self.plan.table(table)) else {
            self.rows.push_cell(own, &Cell::Blank, "", &mut self.texts);
            return;
        };
        let cell = rows.cell(row, field, &self.plan.texts);
        self.rows
            .push_cell(own, &cell, rows.raw(row, field), &mut self.texts);
        self.laid.lay(at, own, rows.place(of, row, field));
    }

    /// The sum of a field over the rows of the source; unreadable where one of them holds no figure.
    fn sum(
        &mut self,
        link: &Link,
        (at, own): (usize, FieldId),
        source: &Rows,
        group: &[usize],
        other: FieldId,
    ) {
        let figures = group.iter().map(|&row| {
            let held = source.state(row, other) == State::Value;
            source.number(row, other).filter(|_| held)
        });
        let sum = figures
            .into_iter()
            .try_fold(Decimal::ZERO, |sum, x| sum.checked_add(x?));
        match sum {
            Some(sum) => {
                let raw = sum.to_string();
                self.rows
                    .push_cell(own, &Cell::Number(sum), &raw, &mut self.texts);
            }
            None => self
                .rows
                .push_cell(own, &Cell::Unreadable, "", &mut self.texts),
        }
        let from = self.pack.schema.tables.get(link.from);
        if let Some((from, first)) = from.zip(group.first()) {
            let place = source.place(from, *first, other);
            let place = match group.len() {
                1 => place,
                n => format!("{place} and {} more", n - 1),
            };
            self.laid.lay(at, own, place);
        }
    }
}
