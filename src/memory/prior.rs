//! What an approved submission of before already says, laid into the tables that repeat it: a table that was left out is
//! filled, a blank is filled, and what was typed otherwise is told at its cell with both places.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::compare::{Half, cell_side};
use super::key::{Key, values};
use super::link::{Drawn, drawn};
use crate::batch::{Identified, identify};
use crate::diagnostic::Diagnostic;
use crate::pack::{Link, Pack};
use crate::schema::{FieldId, Table};
use crate::submission::Submission;
use crate::table::{Cell, Laid, Layout, Rows, State, Texts};
use crate::value::Decimal;

/// Approved submissions, by whose they are and their fiscal year.
#[derive(Debug, Default)]
pub struct Shelf {
    /// Where they stand, as it was named.
    name: String,
    plans: BTreeMap<(String, i64), Submission>,
}

/// Approved submissions from before, and what of them goes into others.
#[derive(Debug)]
pub struct Before<'p> {
    pack: &'p Pack,
    /// Those of the year before.
    prior: Option<Shelf>,
    /// Those of the same year.
    approved: Option<Shelf>,
}

impl Shelf {
    /// The last revision of each submission; and what is wrong with the others.
    pub fn new(pack: &Pack, name: &str, plans: Vec<Submission>) -> (Self, Vec<Diagnostic>) {
        let mut found: BTreeMap<(String, i64), Vec<(Decimal, Submission)>> = BTreeMap::new();
        let mut told = Vec::new();
        for plan in plans {
            let who = identify(pack, &plan);
            match whose(&who).zip(who.year) {
                Some(key) => {
                    let revision = who.revision.unwrap_or_default();
                    found.entry(key).or_default().push((revision, plan));
                }
                None => told.push(Diagnostic::error(
                    plan.path,
                    format!(
                        "whose this is, or of which year, cannot be told: it is no approved {}",
                        pack.words.submission
                    ),
                )),
            }
        }
        let mut plans = BTreeMap::new();
        for (key, mut revisions) in found {
            revisions.sort_by(|(a, x), (b, y)| (a, &x.path).cmp(&(b, &y.path)));
            let Some((last, plan)) = revisions.pop() else {
                continue;
            };
            match revisions.pop().filter(|(revision, _)| *revision == last) {
                Some((_, other)) => {
                    let message = format!(
                        "`{}` is of the same {} and year, with the same revision number: which was approved? neither was used",
                        plan.path, pack.words.submitter
                    );
                    told.push(Diagnostic::error(other.path, message));
                }
                None => {
                    plans.insert(key, plan);
                }
            }
        }
        let name = name.to_owned();
        (Shelf { name, plans }, told)
    }
}

fn whose(who: &Identified) -> Option<String> {
    who.code.clone().or_else(|| who.name.clone())
}

impl<'p> Before<'p> {
    /// What of these goes into the submissions of a pack.
    pub fn new(pack: &'p Pack, prior: Option<Shelf>, approved: Option<Shelf>) -> Self {
        Before {
            pack,
            prior,
            approved,
        }
    }

    /// A submission with what is known of it from before.
    pub fn lay<'s>(&self, plan: &'s Submission) -> Cow<'s, Submission> {
        if self.prior.is_none() && self.approved.is_none() {
            return Cow::Borrowed(plan);
        }
        let who = identify(self.pack, plan);
        let mut plan = plan.clone();
        let Some((whose, year)) = whose(&who).zip(who.year) else {
            return Cow::Owned(plan);
        };
        let links = &self.pack.links;
        let shelves = [
            (&self.prior, year.saturating_sub(1), &links.prior),
            (&self.approved, year, &links.approved),
        ];
        for (shelf, year, links) in shelves {
            let Some(shelf) = shelf else { continue };
            match shelf.plans.get(&(whose.clone(), year)) {
                Some(source) if !is_same(source, &plan) => {
                    for link in links {
                        let laying = Laying::new(self.pack, link, source, year);
                        laying.into_iter().for_each(|laying| laying.lay(&mut plan));
                    }
                    plan.inputs.extend(source.inputs.iter().cloned());
                }
                _ => plan
                    .diagnostics
                    .push(self.not_there(&plan.path, shelf, year)),
            }
        }
        Cow::Owned(plan)
    }

    fn not_there(&self, path: &str, shelf: &Shelf, year: i64) -> Diagnostic {
        let words = &self.pack.words;
        let message = format!(
            "no other {} of this {} for fiscal year {year} is in {}: nothing was taken from it",
            words.submission, words.submitter, shelf.name
        );
        Diagnostic::notice(path, message)
    }
}

/// Whether both were read from the same bytes.
fn is_same(a: &Submission, b: &Submission) -> bool {
    let digests = |plan: &Submission| -> Option<Vec<String>> {
        let inputs = plan.inputs.iter();
        inputs.map(|input| input.sha256.clone()).collect()
    };
    let first = digests(a).filter(|digests| !digests.is_empty());
    first.is_some_and(|first| Some(first) == digests(b))
}

/// One table of an approved submission, to be laid into another.
struct Laying<'a> {
    pack: &'a Pack,
    link: &'a Link,
    table: &'a Table,
    source: &'a Submission,
    year: i64,
    drawn: Option<Drawn>,
}

/// The rows of a key.
type Index<'a> = BTreeMap<Vec<Key<'a>>, Vec<usize>>;

impl<'a> Laying<'a> {
    fn new(pack: &'a Pack, link: &'a Link, source: &'a Submission, year: i64) -> Option<Self> {
        Some(Laying {
            pack,
            link,
            table: pack.schema.tables.get(link.to)?,
            source,
            year,
            drawn: drawn(pack, link, source),
        })
    }

    /// What the approved submission is called in messages.
    fn of_it(&self) -> String {
        format!(
            "the {} approved for fiscal year {}",
            self.pack.words.submission, self.year
        )
    }

    fn lay(&self, plan: &mut Submission) {
        let Some(own) = plan.table(self.link.to).filter(|rows| !rows.lost) else {
            return;
        };
        let path = own.layout.path().to_owned();
        let Some(drawn) = &self.drawn else {
            let from = self.source.table(self.link.from);
            let from = from.map_or("", |rows| rows.layout.path());
            let message = format!(
                "`{}` could not be held against {}: {from} is not there or cannot be read",
                self.table.name,
                self.of_it()
            );
            plan.diagnostics.push(Diagnostic::error(path, message));
            return;
        };
        if own.is_empty() {
            if !drawn.rows.is_empty() {
                self.fill(plan, drawn, path);
            }
            return;
        }
        let (matches, told) = self.matched(plan, own, drawn);
        let rows = self.filled(own, &plan.texts, drawn, &matches);
        plan.diagnostics.extend(told);
        if let Some((rows, texts)) = rows {
            plan.texts = texts;
            if let Some(slot) = plan.tables.get_mut(self.link.to) {
                *slot = rows;
            }
        }
    }

    /// Fills a table that was left out.
    fn fill(&self, plan: &mut Submission, drawn: &Drawn, path: String) {
        let Layout::Laid(laid) = &drawn.rows.layout else {
            return;
        };
        let layout = Layout::Laid(Box::new(laid.within(Layout::Absent(path.clone()))));
        let mut rows = Rows::new(self.table, layout, &self.link.all_fields());
        for row in 0..drawn.rows.len() {
            rows.begin_row(drawn.rows.numbers.get(row).copied().unwrap_or(1));
            for field in 0..self.table.fields.len() {
                let cell = drawn.rows.cell(row, field, &drawn.texts);
                rows.push_cell(field, &cell, drawn.rows.raw(row, field), &mut plan.texts);
            }
        }
        let from = self.source.table(self.link.from);
        let from = from.map_or("", |rows| rows.layout.path());
        let count = rows.len();
        let lines = if count == 1 { "row" } else { "rows" };
        let message = format!(
            "`{}` holds nothing: {count} {lines} of {} were taken from {from}",
            self.table.name,
            self.of_it()
        );
        plan.diagnostics.push(Diagnostic::notice(path, message));
        if let Some(slot) = plan.tables.get_mut(self.link.to) {
            *slot = rows;
        }
    }

    /// Which row of the approved one each row is, and what is otherwise than there.
    fn matched(
        &self,
        plan: &Submission,
        own: &Rows,
        drawn: &Drawn,
    ) -> (Vec<Option<usize>>, Vec<Diagnostic>) {
        let key = self.link.key();
        let (here, there) = (
            index(own, &key, &plan.texts),
            index(&drawn.rows, &key, &drawn.texts),
        );
        let mut matches = vec![None; own.len()];
        let mut told: Vec<(usize, Diagnostic)> = Vec::new();
        for (of, rows) in &here {
            let Some(&first) = rows.first() else { continue };
            match (rows.as_slice(), there.get(of).map(Vec::as_slice)) {
                (_, None) => {
                    told.extend(rows.iter().map(|&row| (row, self.not_approved(own, row))));
                }
                ([row], Some([other])) => {
                    if let Some(slot) = matches.get_mut(*row) {
                        *slot = Some(*other);
                    }
                    let differences = self.differences(plan, own, (*row, *other), drawn);
                    told.extend(differences.into_iter().map(|of| (first, of)));
                }
                (rows, Some([other])) => {
                    let sums = self.sums(own, rows, (*other, drawn));
                    told.extend(sums.into_iter().map(|of| (first, of)));
                }
                (_, Some(_)) => told.push((first, self.ambiguous(own, first))),
            }
        }
        told.sort_by_key(|(row, _)| *row);
        let mut told: Vec<Diagnostic> = told.into_iter().map(|(_, told)| told).collect();
        let left_out = there.iter().filter(|(of, _)| !here.contains_key(*of));
        let mut left_out: Vec<usize> = left_out.flat_map(|(_, rows)| rows).copied().collect();
        left_out.sort_unstable();
        told.extend(
            left_out
                .into_iter()
                .map(|row| self.left_out(own, row, drawn)),
        );
        let unnamed: Vec<usize> = (0..own.len())
            .filter(|&row| values(own, row, &key, &plan.texts).is_none())
            .collect();
        told.extend(unnamed.first().map(|&row| {
            let message = format!(
                "{} of the rows here do not say {}: they were not held against {}",
                unnamed.len(),
                self.names(),
                self.of_it()
            );
            Diagnostic::notice(own.row_place(row), message)
        }));
        (matches, told)
    }

    /// The fields that tell rows apart.
    fn names(&self) -> String {
        let fields = self.link.by.iter();
        let names = fields.filter_map(|(own, _)| self.table.fields.get(*own));
        let names: Vec<String> = names.map(|field| format!("`{}`", field.name)).collect();
        names.join(" and ")
    }

    fn ambiguous(&self, own: &Rows, row: usize) -> Diagnostic {
        let message = format!(
            "several rows of {} are {}: which is this cannot be told",
            self.of_it(),
            self.by()
        );
        Diagnostic::notice(own.row_place(row), message)
    }

    fn by(&self) -> String {
        format!("of the same {}", self.names())
    }

    fn not_approved(&self, own: &Rows, row: usize) -> Diagnostic {
        let message = format!("{} has no row of this {}", self.of_it(), self.names());
        Diagnostic::error(own.row_place(row), message)
    }

    fn left_out(&self, own: &Rows, row: usize, drawn: &Drawn) -> Diagnostic {
        let half = Half {
            rows: &drawn.rows,
            texts: &drawn.texts,
            plan: self.source,
            year: Some(self.year),
        };
        let fields = self.link.by.iter();
        let words = fields.filter_map(|(field, _)| {
            let name = &self.table.fields.get(*field)?.name;
            let side = cell_side(self.pack, self.table, *field, half, row)?;
            Some(format!("`{name}` {}", side.words))
        });
        let words: Vec<String> = words.collect();
        let message = format!(
            "the row of {} with {} ({}) is not here",
            self.of_it(),
            words.join(", "),
            drawn.rows.row_place(row)
        );
        Diagnostic::error(own.layout.path(), message)
    }

    /// The cells of a row that are otherwise than the approved ones.
    fn differences(
        &self,
        plan: &Submission,
        own: &Rows,
        (row, other): (usize, usize),
        drawn: &Drawn,
    ) -> Vec<Diagnostic> {
        let here = Half {
            rows: own,
            texts: &plan.texts,
            plan,
            year: Some(self.year),
        };
        let there = Half {
            rows: &drawn.rows,
            texts: &drawn.texts,
            plan: self.source,
            year: Some(self.year),
        };
        let fields = self.link.fields.iter().chain(&self.link.sums);
        let told = fields.filter_map(|(field, _)| {
            let mine = Key::of(own, row, *field, &plan.texts);
            let other_key = Key::of(&drawn.rows, other, *field, &drawn.texts);
            if mine == Key::Blank || mine == other_key {
                return None;
            }
            let side = |half, row| cell_side(self.pack, self.table, *field, half, row);
            let (mine, theirs) = (side(here, row)?, side(there, other)?);
            let message = format!(
                "`{}` is {} here, and {} in {} ({})",
                self.table.fields.get(*field)?.name,
                mine.words,
                theirs.words,
                self.of_it(),
                theirs.place
            );
            Some(Diagnostic::error(mine.place, message))
        });
        told.collect()
    }

    /// The sums of several rows that are one row of the approved one.
    fn sums(&self, own: &Rows, rows: &[usize], (other, drawn): (usize, &Drawn)) -> Vec<Diagnostic> {
        let told = self.link.sums.iter().filter_map(|(field, _)| {
            let figures = rows.iter().map(|&row| {
                let held = own.state(row, *field) == State::Value;
                own.number(row, *field).filter(|_| held)
            });
            let sum = figures
                .into_iter()
                .try_fold(Decimal::ZERO, |sum, x| sum.checked_add(x?))?;
            let theirs = Key::of(&drawn.rows, other, *field, &drawn.texts);
            if theirs == Key::Number(sum.normalize()) {
                return None;
            }
            let there = Half {
                rows: &drawn.rows,
                texts: &drawn.texts,
                plan: self.source,
                year: Some(self.year),
            };
            let theirs = cell_side(self.pack, self.table, *field, there, other)?;
            let first = *rows.first()?;
            let message = format!(
                "`{}` of the {} rows {} adds up to {} here, and is {} in {} ({})",
                self.table.fields.get(*field)?.name,
                rows.len(),
                self.by(),
                sum.normalize(),
                theirs.words,
                self.of_it(),
                theirs.place
            );
            Some(Diagnostic::error(
                own.place(self.table, first, *field),
                message,
            ))
        });
        told.collect()
    }

    /// The rows with what was left blank filled in; `None` where nothing was.
    fn filled(
        &self,
        own: &Rows,
        known: &Texts,
        drawn: &Drawn,
        matches: &[Option<usize>],
    ) -> Option<(Rows, Texts)> {
        let mut texts = known.clone();
        let fields = self.link.fields.iter().chain(&self.link.sums);
        let fields: Vec<FieldId> = fields.map(|(field, _)| *field).collect();
        let source = |row: usize, field: FieldId| {
            let other = matches.get(row).copied().flatten()?;
            let fits = fields.contains(&field)
                && own.state(row, field) == State::Blank
                && drawn.rows.state(other, field) == State::Value;
            fits.then_some(other)
        };
        let mut columns: Vec<FieldId> = (0..self.table.fields.len()).collect();
        columns.retain(|&field| {
            own.columns.get(field).is_some_and(Option::is_some)
                || (0..own.len()).any(|row| source(row, field).is_some())
        });
        let mut laid = Laid::new(own.layout.clone());
        let mut rows = Rows::new(self.table, own.layout.clone(), &columns);
        let mut filled = false;
        for row in 0..own.len() {
            rows.begin_row(own.numbers.get(row).copied().unwrap_or(1));
            for field in 0..self.table.fields.len() {
                match source(row, field) {
                    Some(other) => {
                        filled = true;
                        laid.lay(row, field, drawn.rows.place(self.table, other, field));
                        let cell = drawn.rows.cell(other, field, &drawn.texts);
                        rows.push_cell(field, &cell, drawn.rows.raw(other, field), &mut texts);
                    }
                    None => {
                        let cell: Cell<'_> = own.cell(row, field, known);
                        rows.push_cell(field, &cell, own.raw(row, field), &mut texts);
                    }
                }
            }
        }
        rows.layout = Layout::Laid(Box::new(laid));
        filled.then_some((rows, texts))
    }
}

fn index<'a>(rows: &'a Rows, key: &[FieldId], texts: &'a Texts) -> Index<'a> {
    let mut index: Index<'a> = BTreeMap::new();
    for row in 0..rows.len() {
        if let Some(of) = values(rows, row, key, texts) {
            index.entry(of).or_default().push(row);
        }
    }
    index
}
