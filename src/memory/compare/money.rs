//! Where money went: the total of a table before and after, and by each group that the pack names.

use std::collections::BTreeMap;

use super::{Half, Pack};
use crate::memory::resolve::{At, Resolver};
use crate::schema::{FieldId, Table, TableId};
use crate::table::{Cell, State};
use crate::value::Decimal;

/// The money of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MoneyDiff {
    /// The field.
    pub field: FieldId,
    /// Its sums over all rows.
    pub total: Sums,
    /// The same by what another field says.
    pub groupings: Vec<Grouping>,
}

/// Money by what a field says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// The field.
    pub by: FieldId,
    /// How much left the groups that have less than before, and came to others: the lesser of both.
    pub moved: Decimal,
    /// The groups, in the order of their names.
    pub groups: Vec<(Group, Sums)>,
}

/// What a row says of the field by which money is grouped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// That, and what people call it.
    Named(String, Option<String>),
    /// Nothing.
    None,
    /// That cannot be told.
    Unknown,
}

/// A sum before and after.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// Before.
    pub old: Sum,
    /// After.
    pub new: Sum,
}

/// The sum of what is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// The sum.
    pub known: Decimal,
    /// How many rows hold no amount, and are not in it.
    pub missing: usize,
}

impl Sums {
    /// By how much it grew or shrank, as far as it is known.
    pub fn change(&self) -> Decimal {
        self.new.known.saturating_sub(self.old.known)
    }

    /// Whether both are the same and nothing is missing.
    pub fn is_same(&self) -> bool {
        self.change().is_zero() && self.old.missing == 0 && self.new.missing == 0
    }

    fn side(&mut self, is_old: bool) -> &mut Sum {
        if is_old { &mut self.old } else { &mut self.new }
    }
}

impl Sum {
    fn add(&mut self, amount: Option<Decimal>) {
        match amount.and_then(|amount| self.known.checked_add(amount)) {
            Some(sum) => self.known = sum,
            None => self.missing += 1,
        }
    }
}

/// The money of a table, of those of its fields that are compared.
pub(super) fn money(
    pack: &Pack,
    (id, from): (TableId, Option<TableId>),
    fields: &[FieldId],
    (old, new): (Half<'_>, Half<'_>),
) -> Vec<MoneyDiff> {
    let Some(table) = pack.schema.tables.get(id) else {
        return Vec::new();
    };
    let is_money = |field: &&FieldId| {
        let field = table.fields.get(**field);
        field.is_some_and(crate::schema::Field::is_summed_money)
    };
    let fields = fields.iter().filter(is_money);
    let found = fields.map(|&field| {
        let mut total = Sums::default();
        for (is_old, half) in [(true, old), (false, new)] {
            for row in 0..half.rows.len() {
                total.side(is_old).add(amount(half, row, field));
            }
        }
        let by = pack.links.money.iter();
        let by = by.filter_map(|name| table.field(name).filter(|by| *by != field));
        let groupings = by.map(|by| {
            let of = Of {
                pack,
                table: (id, table),
                drawn: from.is_some(),
                field,
                by,
            };
            of.grouping(old, new)
        });
        MoneyDiff {
            field,
            total,
            groupings: groupings.collect(),
        }
    });
    found.collect()
}

fn amount(half: Half<'_>, row: usize, field: FieldId) -> Option<Decimal> {
    let held = half.rows.state(row, field) == State::Value;
    half.rows.number(row, field).filter(|_| held)
}

/// One field of money by what another says.
struct Of<'a> {
    pack: &'a Pack,
    table: (TableId, &'a Table),
    /// The earlier rows were drawn from another table, and hold all that they say.
    drawn: bool,
    field: FieldId,
    by: FieldId,
}

impl Of<'_> {
    fn grouping(&self, old: Half<'_>, new: Half<'_>) -> Grouping {
        let mut groups: BTreeMap<Group, Sums> = BTreeMap::new();
        for (is_old, half) in [(true, old), (false, new)] {
            let resolver = (!(is_old && self.drawn))
                .then(|| Resolver::new(&self.pack.schema, half.plan, self.table.0, self.by));
            for row in 0..half.rows.len() {
                let group = self.group(half, resolver.as_ref(), row);
                let sums = groups.entry(group).or_default();
                sums.side(is_old).add(amount(half, row, self.field));
            }
        }
        let (mut less, mut more) = (Decimal::ZERO, Decimal::ZERO);
        for change in groups.values().map(Sums::change) {
            let side = if change.is_sign_negative() {
                &mut less
            } else {
                &mut more
            };
            *side = side.saturating_add(change.abs());
        }
        Grouping {
            by: self.by,
            moved: less.min(more),
            groups: groups.into_iter().collect(),
        }
    }

    /// What a row says of the group, itself or where it leaves that to another table.
    fn group(&self, half: Half<'_>, resolver: Option<&Resolver<'_>>, row: usize) -> Group {
        let cell = match resolver.map(|resolver| resolver.at(row)) {
            None => half.rows.cell(row, self.by, half.texts),
            Some(At::Cell(table, row, field)) => {
                let Some(rows) = half.plan.table(table) else {
                    return Group::Unknown;
                };
                rows.cell(row, field, &half.plan.texts)
            }
            Some(At::Nowhere) => Cell::Blank,
            Some(At::Unknown) => Cell::Unreadable,
        };
        match cell {
            Cell::Text(text) => Group::Named(text.to_owned(), self.label(text)),
            Cell::Blank | Cell::NotApplicable => Group::None,
            _ => Group::Unknown,
        }
    }

    fn label(&self, code: &str) -> Option<String> {
        let codes = self.table.1.fields.get(self.by)?.codes.as_ref()?;
        codes.label(code).map(str::to_owned)
    }
}
