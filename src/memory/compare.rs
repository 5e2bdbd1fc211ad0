//! Two submissions held against each other: rows added, dropped, changed and moved, money by its groups, findings cured and
//! new. It knows tables and fields, and no policy: a pack says by what its money is compared.

mod cells;
mod findings;
mod matching;
mod money;
mod notes;
mod rows;
mod words;

use crate::memory::link;
use crate::pack::Pack;
use crate::review::Review;
use crate::schema::{Table, TableId};
use crate::submission::Submission;
use crate::table::{Rows, Texts};

pub(super) use self::cells::side as cell_side;
pub use self::cells::{CellDiff, CellSide};
pub use self::findings::{Fate, FindingDiff};
pub use self::matching::How;
pub use self::money::{Group, Grouping, MoneyDiff, Sum, Sums};
pub use self::notes::Note;
pub use self::rows::{Matched, RowDiff, RowKind, Standing, TableDiff};
pub use self::words::Piece;

/// One of two submissions, with what the pack says of it.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The submission.
    pub plan: &'a Submission,
    /// Its review, with the outcome of each subject noted.
    pub review: &'a Review,
}

/// Two submissions, held against each other.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The pack that judged both, each by the rules of its own year.
    pub pack: &'a Pack,
    /// The earlier one.
    pub old: Side<'a>,
    /// The later one.
    pub new: Side<'a>,
    /// What to know of the two before reading on.
    pub notes: Vec<Note>,
    /// What became of the rows of each table that either has.
    pub tables: Vec<TableDiff>,
    /// What became of each finding.
    pub findings: Vec<FindingDiff<'a>>,
}

impl<'a> Comparison<'a> {
    /// Compares two submissions of one pack.
    pub fn new(pack: &'a Pack, old: Side<'a>, new: Side<'a>) -> Self {
        let own = pack.schema.submission_tables().iter().enumerate();
        let mut tables: Vec<TableDiff> = own
            .filter_map(|(id, table)| own_table(pack, (id, table), old, new))
            .collect();
        let findings = findings::findings(pack, old, new, &tables);
        tables.extend(linked_tables(pack, old, new));
        tables.retain(TableDiff::is_anything);
        Comparison {
            pack,
            old,
            new,
            notes: notes::notes(pack, old, new),
            tables,
            findings,
        }
    }

    /// Whether anything differs but the order of rows.
    pub fn is_change(&self) -> bool {
        self.tables.iter().any(TableDiff::is_change)
            || self.findings.iter().any(|f| f.fate != Fate::Remaining)
    }
}

/// The rows of one side of a table, and what is needed to read them.
#[derive(Clone, Copy)]
pub(super) struct Half<'a> {
    pub(super) rows: &'a Rows,
    pub(super) texts: &'a Texts,
    pub(super) plan: &'a Submission,
    pub(super) year: Option<i64>,
}

impl<'a> Half<'a> {
    fn of(side: Side<'a>, table: TableId) -> Option<Self> {
        Some(Half {
            rows: side.plan.table(table)?,
            texts: &side.plan.texts,
            plan: side.plan,
            year: side.review.fiscal_year,
        })
    }
}

fn own_table(
    pack: &Pack,
    (id, table): (TableId, &Table),
    old: Side<'_>,
    new: Side<'_>,
) -> Option<TableDiff> {
    let halves = (Half::of(old, id)?, Half::of(new, id)?);
    let fields: Vec<_> = (0..table.fields.len()).collect();
    let only = id == pack.identity.table;
    let key: Vec<_> = table.key().into_iter().collect();
    Some(rows::compare(pack, (id, None), &fields, &key, only, halves))
}

/// The tables of the later one that repeat what the earlier one holds, where the years say that they do.
fn linked_tables(pack: &Pack, old: Side<'_>, new: Side<'_>) -> Vec<TableDiff> {
    let years = old.review.fiscal_year.zip(new.review.fiscal_year);
    let links = match years {
        Some((old, new)) if old == new => &pack.links.approved,
        Some((old, new)) if old.checked_add(1) == Some(new) => &pack.links.prior,
        _ => return Vec::new(),
    };
    let compared = links.iter().filter_map(|link| {
        let later = Half::of(new, link.to)?;
        if later.rows.is_empty() {
            return None;
        }
        let drawn = link::drawn(pack, link, old.plan)?;
        let earlier = Half {
            rows: &drawn.rows,
            texts: &drawn.texts,
            plan: old.plan,
            year: old.review.fiscal_year,
        };
        let tables = (link.to, Some(link.from));
        let (fields, key) = (link.all_fields(), link.key());
        let halves = (earlier, later);
        Some(rows::compare(pack, tables, &fields, &key, false, halves))
    });
    compared.collect()
}
