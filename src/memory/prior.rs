//! What an approved submission of before already says, laid into the tables that repeat it: a table that was left out is
//! filled, a blank is filled, and what was typed otherwise is told at its cell with both places.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::compare::{Half, cell_side};
use super::decisions::{Decisions, Determination};
use super::key::{Key, values};
use super::link::{Drawn, drawn};
use crate::batch::{Identified, identify};
use crate::diagnostic::Diagnostic;
use crate::pack::{Link, Pack};
use crate::schema::{FieldId, Table};
use crate::submission::Submission;
use crate::table::{Cell, Laid, Layout, Rows, State, Texts};
use crate::value::{Date, Decimal, plain, to_days};

/// Approved submissions, by whose they are and their fiscal year.
#[derive(Debug, Default)]
pub struct Shelf {
    /// Where they stand, as it was named.
    name: String,
    /// The revisions of each, in their order.
    plans: BTreeMap<(String, i64), Vec<(Decimal, Submission)>>,
}

/// Approved submissions from before, and what of them goes into others.
#[derive(Debug)]
pub struct Before<'p> {
    pack: &'p Pack,
    /// Those of the year before.
    prior: Option<Shelf>,
    /// Those of the same year.
    approved: Option<Shelf>,
    /// What was decided on those of the year before, by a day.
    decided: Option<(&'p Decisions, Date)>,
}

impl Shelf {
    /// The revisions of each submission; and what is wrong with the others.
    pub fn new(pack: &Pack, name: &str, plans: Vec<Submission>) -> (Self, Vec<Diagnostic>) {
        let mut shelf = Shelf {
            name: name.to_owned(),
            plans: BTreeMap::new(),
        };
        let mut told = Vec::new();
        for plan in plans {
            let who = identify(pack, &plan);
            match whose(&who).zip(who.year) {
                Some(key) => {
                    let revision = who.revision.unwrap_or_default();
                    shelf.plans.entry(key).or_default().push((revision, plan));
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
        for revisions in shelf.plans.values_mut() {
            revisions.sort_by(|(a, x), (b, y)| (a, &x.path).cmp(&(b, &y.path)));
            revisions.dedup_by(|(_, x), (_, y)| is_same(x, y));
            told.extend(leave_doubles(pack, revisions));
        }
        shelf.plans.retain(|_, revisions| !revisions.is_empty());
        (shelf, told)
    }

    /// What was approved: the revision that a person approved, and where nobody says which that is, the last.
    fn approved(
        &self,
        whose: &str,
        year: i64,
        approval: Option<&Determination>,
    ) -> Option<&(Decimal, Submission)> {
        let revisions = self.plans.get(&(whose.to_owned(), year))?;
        let named = approval.and_then(|of| of.revision);
        let named = named.and_then(|r| revisions.iter().find(|(revision, _)| *revision == r));
        named.or(revisions.last())
    }
}

/// Leaves out revisions of one number, of which it cannot be told which was approved.
fn leave_doubles(pack: &Pack, revisions: &mut Vec<(Decimal, Submission)>) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let mut doubles = Vec::new();
    for pair in revisions.windows(2) {
        if let [(a, other), (b, plan)] = pair
            && a == b
        {
            let message = format!(
                "`{}` is of the same {} and year, with the same revision number: which was approved? neither was used",
                plan.path, pack.words.submitter
            );
            told.push(Diagnostic::error(other.path.clone(), message));
            doubles.push(*a);
        }
    }
    revisions.retain(|(revision, _)| !doubles.contains(revision));
    told
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
            decided: None,
        }
    }

    /// With what was decided by a day on the submissions of the year before.
    #[must_use]
    pub fn with_decisions(mut self, decided: Option<(&'p Decisions, Date)>) -> Self {
        self.decided = decided;
        self
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
        if let Some(shelf) = &self.prior {
            let last = year.saturating_sub(1);
            let approvals = match self.decided {
                Some((decided, as_of)) => decided.approvals(&whose, last, as_of),
                None => Vec::new(),
            };
            let source = shelf.approved(&whose, last, approvals.first().copied());
            self.lay_from(&mut plan, shelf, (source, last), &links.prior);
            if let Some((decided, _)) = self.decided {
                self.lay_conditions(&mut plan, decided, &approvals, (source, last));
            }
        }
        if let Some(shelf) = &self.approved {
            let source = shelf.approved(&whose, year, None);
            self.lay_from(&mut plan, shelf, (source, year), &links.approved);
        }
        Cow::Owned(plan)
    }

    fn lay_from(
        &self,
        plan: &mut Submission,
        shelf: &Shelf,
        (source, year): (Option<&(Decimal, Submission)>, i64),
        links: &[Link],
    ) {
        match source {
            Some((_, source)) if !is_same(source, plan) => {
                for link in links {
                    let laying = Laying::of_plan(self.pack, link, source, year);
                    laying.into_iter().for_each(|laying| laying.lay(plan));
                }
                plan.inputs.extend(source.inputs.iter().cloned());
            }
            _ => plan
                .diagnostics
                .push(self.not_there(&plan.path, shelf, year)),
        }
    }

    /// The conditions on which the submission of the year before was approved.
    fn lay_conditions(
        &self,
        plan: &mut Submission,
        decided: &Decisions,
        approvals: &[&Determination],
        (source, year): (Option<&(Decimal, Submission)>, i64),
    ) {
        let words = &self.pack.words;
        let files: Vec<&str> = decided.inputs.iter().map(|of| of.path.as_str()).collect();
        let notice = |plan: &mut Submission, message: String| {
            let told = Diagnostic::notice(plan.path.clone(), message);
            plan.diagnostics.push(told);
        };
        let Some((approval, before)) = approvals.split_first() else {
            let message = format!(
                "no approval of the {} of this {} for fiscal year {year} is in {}: no conditions were taken from there",
                words.submission,
                words.submitter,
                files.join(" and ")
            );
            notice(plan, message);
            return;
        };
        if let Some(revision) = approval.revision
            && let Some((other, source)) = source.filter(|(other, _)| *other != revision)
        {
            let message = format!(
                "revision {} was approved for fiscal year {year}, and `{}`, which was taken for it, is revision {}",
                plain(revision),
                source.path,
                plain(*other)
            );
            notice(plan, message);
        }
        let is_repeated = |text: &str| approval.conditions.iter().any(|of| of.text == text);
        let replaced = before.iter().flat_map(|one| &one.conditions);
        for condition in replaced.filter(|of| !is_repeated(&of.text)) {
            let message = format!(
                "the condition `{}` of an earlier approval is not taken: that of {} stands in its place, without it",
                condition.text, approval.on
            );
            notice(plan, message);
        }
        for link in &self.pack.links.conditions {
            let laying = Laying::of_conditions(self.pack, link, approval, plan, year);
            laying.into_iter().for_each(|laying| laying.lay(plan));
        }
        plan.inputs.extend(decided.inputs.iter().cloned());
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

/// Rows from before, to be laid into a table.
struct Laying<'a> {
    pack: &'a Pack,
    link: &'a Link,
    table: &'a Table,
    /// What they are of, as messages call it.
    of_it: String,
    /// Where they stand.
    from: String,
    year: i64,
    drawn: Option<Drawn>,
    /// A row that is not repeated is laid in, and no mistake.
    adds: bool,
}

/// The rows of a key.
type Index<'a> = BTreeMap<Vec<Key<'a>>, Vec<usize>>;

impl<'a> Laying<'a> {
    /// A table of an approved submission.
    fn of_plan(pack: &'a Pack, link: &'a Link, source: &Submission, year: i64) -> Option<Self> {
        let from = source.table(link.from);
        Some(Laying {
            pack,
            link,
            table: pack.schema.tables.get(link.to)?,
            of_it: format!(
                "the {} approved for fiscal year {year}",
                pack.words.submission
            ),
            from: from.map_or("", |rows| rows.layout.path()).to_owned(),
            year,
            drawn: drawn(pack, link, source),
            adds: false,
        })
    }

    /// The conditions of an approval. Those that the submission has in the same words but for case and signs stand in its spelling.
    fn of_conditions(
        pack: &'a Pack,
        link: &'a Link,
        approval: &Determination,
        plan: &Submission,
        year: i64,
    ) -> Option<Self> {
        let table = pack.schema.tables.get(link.to)?;
        let from = approval.conditions.iter().find_map(|of| of.at.as_ref());
        Some(Laying {
            pack,
            link,
            table,
            of_it: format!(
                "the approval of the {} for fiscal year {year}",
                pack.words.submission
            ),
            from: from.map_or_else(String::new, |(path, _)| path.clone()),
            year,
            drawn: Some(conditions(table, link, approval, plan)),
            adds: true,
        })
    }

    fn lay(&self, plan: &mut Submission) {
        let Some(own) = plan.table(self.link.to).filter(|rows| !rows.lost) else {
            return;
        };
        let path = own.layout.path().to_owned();
        let Some(drawn) = &self.drawn else {
            let message = format!(
                "`{}` could not be held against {}: {} is not there or cannot be read",
                self.table.name, self.of_it, self.from
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
        let Matched {
            matches,
            left_out,
            told,
        } = self.matched(plan, own, drawn);
        let added = if self.adds { left_out } else { Vec::new() };
        let rows = self.filled((own, &plan.texts), drawn, &matches, &added);
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
        let count = match rows.len() {
            1 => "1 row".to_owned(),
            n => format!("{n} rows"),
        };
        let were = if rows.len() == 1 { "was" } else { "were" };
        let message = format!(
            "`{}` holds nothing: {count} of {} {were} taken from {}",
            self.table.name, self.of_it, self.from
        );
        plan.diagnostics.push(Diagnostic::notice(path, message));
        if let Some(slot) = plan.tables.get_mut(self.link.to) {
            *slot = rows;
        }
    }

    /// Which row of the approved one each row is, and what is otherwise than there.
    fn matched(&self, plan: &Submission, own: &Rows, drawn: &Drawn) -> Matched {
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
                    let sums = self.sums((plan, own), rows, (*other, drawn));
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
        let not_here = left_out.iter();
        told.extend(not_here.map(|&row| self.left_out(plan, own, row, drawn)));
        let unnamed: Vec<usize> = (0..own.len())
            .filter(|&row| values(own, row, &key, &plan.texts).is_none())
            .collect();
        told.extend(unnamed.first().map(|&row| {
            let message = format!(
                "{} of the rows here do not say {}: they were not held against {}",
                unnamed.len(),
                self.names(),
                self.of_it
            );
            Diagnostic::notice(own.row_place(row), message)
        }));
        Matched {
            matches,
            left_out,
            told,
        }
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
            self.of_it,
            self.by()
        );
        Diagnostic::notice(own.row_place(row), message)
    }

    fn by(&self) -> String {
        format!("of the same {}", self.names())
    }

    fn not_approved(&self, own: &Rows, row: usize) -> Diagnostic {
        let message = format!("{} has no row of this {}", self.of_it, self.names());
        Diagnostic::error(own.row_place(row), message)
    }

    fn left_out(&self, plan: &Submission, own: &Rows, row: usize, drawn: &Drawn) -> Diagnostic {
        let half = self.there(plan, drawn);
        let fields = self.link.by.iter();
        let words = fields.filter_map(|(field, _)| {
            let name = &self.table.fields.get(*field)?.name;
            let side = cell_side(self.pack, self.table, *field, half, row)?;
            Some(format!("`{name}` {}", side.words))
        });
        let words: Vec<String> = words.collect();
        let (words, place) = (words.join(", "), drawn.rows.row_place(row));
        let of_it = &self.of_it;
        if self.adds {
            let message = format!("a row of {of_it} was laid in: {words} ({place})");
            return Diagnostic::notice(own.layout.path(), message);
        }
        let message = format!("the row of {of_it} with {words} ({place}) is not here");
        Diagnostic::error(own.layout.path(), message)
    }

    /// The rows from before as one side of cells that are held against each other.
    fn there<'h>(&self, plan: &'h Submission, drawn: &'h Drawn) -> Half<'h> {
        Half {
            rows: &drawn.rows,
            texts: &drawn.texts,
            plan,
            year: Some(self.year),
        }
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
        let there = self.there(plan, drawn);
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
                self.of_it,
                theirs.place
            );
            Some(Diagnostic::error(mine.place, message))
        });
        told.collect()
    }

    /// The sums of several rows that are one row of the approved one.
    fn sums(
        &self,
        (plan, own): (&Submission, &Rows),
        rows: &[usize],
        (other, drawn): (usize, &Drawn),
    ) -> Vec<Diagnostic> {
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
            let there = self.there(plan, drawn);
            let theirs = cell_side(self.pack, self.table, *field, there, other)?;
            let first = *rows.first()?;
            let message = format!(
                "`{}` of the {} rows {} adds up to {} here, and is {} in {} ({})",
                self.table.fields.get(*field)?.name,
                rows.len(),
                self.by(),
                sum.normalize(),
                theirs.words,
                self.of_it,
                theirs.place
            );
            Some(Diagnostic::error(
                own.place(self.table, first, *field),
                message,
            ))
        });
        told.collect()
    }

    /// The rows with what was left blank filled in, and those that are added; `None` where nothing is.
    fn filled(
        &self,
        (own, known): (&Rows, &Texts),
        drawn: &Drawn,
        matches: &[Option<usize>],
        added: &[usize],
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
        let new = |field: FieldId| {
            let mut rows = added.iter();
            rows.any(|&row| drawn.rows.state(row, field) == State::Value)
        };
        let mut columns: Vec<FieldId> = (0..self.table.fields.len()).collect();
        columns.retain(|&field| {
            own.columns.get(field).is_some_and(Option::is_some)
                || (0..own.len()).any(|row| source(row, field).is_some())
                || new(field)
        });
        let mut laid = Laid::new(own.layout.clone());
        let mut rows = Rows::new(self.table, own.layout.clone(), &columns);
        let mut filled = !added.is_empty();
        let mut number = 1;
        for row in 0..own.len() {
            number = number.max(own.numbers.get(row).copied().unwrap_or(1));
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
        // An added row has a number of its own, so that no two rows are taken for one.
        for (&other, number) in added.iter().zip(number.saturating_add(1)..) {
            let row = rows.len();
            laid.lay_row(row, drawn.rows.row_place(other));
            rows.begin_row(number);
            for field in 0..self.table.fields.len() {
                let cell = drawn.rows.cell(other, field, &drawn.texts);
                if cell.state() == State::Value {
                    laid.lay(row, field, drawn.rows.place(self.table, other, field));
                }
                rows.push_cell(field, &cell, drawn.rows.raw(other, field), &mut texts);
            }
        }
        rows.layout = Layout::Laid(Box::new(laid));
        filled.then_some((rows, texts))
    }
}

/// What became of the rows of a table that was held against one from before.
struct Matched {
    /// Of each row, which it is there.
    matches: Vec<Option<usize>>,
    /// The rows there that are not here.
    left_out: Vec<usize>,
    told: Vec<Diagnostic>,
}

/// The conditions of an approval as rows of the table that repeats them.
fn conditions(table: &Table, link: &Link, approval: &Determination, plan: &Submission) -> Drawn {
    let path = approval.conditions.iter().find_map(|of| of.at.as_ref());
    let path = path.map_or("", |(path, _)| path.as_str());
    let own = Layout::Csv(path.to_owned());
    let mut laid = Laid::new(own.clone());
    let mut rows = Rows::new(table, own, &link.all_fields());
    let mut texts = Texts::default();
    let is_of = |pairs: &[(FieldId, FieldId)], field| pairs.iter().any(|(own, _)| *own == field);
    for (row, condition) in approval.conditions.iter().enumerate() {
        let (path, number) = condition.at.clone().unwrap_or_default();
        laid.lay_row(row, format!("{path}:{number}"));
        rows.begin_row(number);
        for field in 0..table.fields.len() {
            if is_of(&link.by, field) {
                laid.lay(row, field, format!("{path}:{number}:condition"));
                let text = own_spelling(plan, link, field, &condition.text);
                rows.push_cell(field, &Cell::Text(text), text, &mut texts);
            } else if let Some(due) = condition.due_on.filter(|_| is_of(&link.fields, field)) {
                laid.lay(row, field, format!("{path}:{number}:due_on"));
                let cell = Cell::Number(Decimal::from(to_days(due)));
                rows.push_cell(field, &cell, &due.to_string(), &mut texts);
            } else {
                rows.push_cell(field, &Cell::Blank, "", &mut texts);
            }
        }
    }
    rows.layout = Layout::Laid(Box::new(laid));
    Drawn { rows, texts }
}

/// The words of a condition as a submission spells them, where it has the same letters and digits.
fn own_spelling<'t>(plan: &'t Submission, link: &Link, field: FieldId, text: &'t str) -> &'t str {
    let bare = |text: &str| -> String {
        let kept = text.chars().filter(|c| c.is_alphanumeric());
        kept.flat_map(char::to_lowercase).collect()
    };
    let wanted = bare(text);
    let Some(own) = plan.table(link.to) else {
        return text;
    };
    let mut spelt = (0..own.len()).filter_map(|row| match own.cell(row, field, &plan.texts) {
        Cell::Text(own) => Some(own),
        _ => None,
    });
    spelt.find(|own| bare(own) == wanted).unwrap_or(text)
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
