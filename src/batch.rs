//! A batch of submissions: who each is from, which revision counts, who has not submitted, and the review of each.

mod entry;
mod files;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::diagnostic::Diagnostic;
use crate::evaluate::{Evaluator, Settled};
use crate::memory::answers::Answers;
use crate::memory::decisions::Decisions;
use crate::pack::{InForce, LetterWords, Office, Pack, Words, cell_text};
use crate::read::cell::quoted;
use crate::repair::{self, Repairs, Wish};
use crate::review::public::CHECKED;
use crate::review::{Letter, Review};
use crate::schema::FieldId;
use crate::submission::Submission;
use crate::table::{Data, State};
use crate::value::{Date, Decimal};

pub use self::entry::{Entry, Totals};

/// How a batch is reviewed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// By the rules that a district is shown, alone.
    pub for_districts: bool,
    /// Lists the districts that are expected and did not submit.
    pub expects_all: bool,
    /// The fiscal year of a batch that states none.
    pub year: Option<i64>,
    /// Draws whole rows, for pages.
    pub draws_rows: bool,
    /// Leaves out what is not for the public: [`Review::for_the_public`].
    pub public: bool,
}

/// The review of a batch, with each submission's own, or with what is kept in its place.
#[derive(Debug, Clone)]
pub struct BatchReview<K = Review> {
    /// The pack: its id, version and digest, and that of the office file.
    pub pack: PackName,
    /// What was wrong with the batch as a whole.
    pub diagnostics: Vec<Diagnostic>,
    /// What is known of each submission, by path.
    pub entries: Vec<Entry>,
    /// The review of each, or what is kept in its place.
    pub reviews: Vec<K>,
    /// Who is expected and did not submit.
    pub not_received: Vec<NotReceived>,
    /// Submissions that a later revision replaces.
    pub superseded: Vec<String>,
    /// Files that were not read, and why.
    pub not_read: Vec<(String, String)>,
}

/// Which pack judged.
#[derive(Debug, Clone)]
pub struct PackName {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Whose policy it is.
    pub authority: String,
    /// Its version.
    pub version: String,
    /// The digest of its files.
    pub digest: String,
    /// The office file that overlays it.
    pub office: Option<Office>,
    /// The words of its four recommendations, from the mildest.
    pub steps: [String; 4],
    /// What it calls a submission and whoever submits it.
    pub words: Words,
    /// What it says of letters.
    pub letter: LetterWords,
    /// Whether its submissions say who submits them.
    pub names_submitters: bool,
    /// The code of its currency.
    pub currency: String,
}

impl PackName {
    /// What is told of a pack.
    pub fn of(pack: &Pack) -> Self {
        PackName {
            id: pack.id.clone(),
            title: pack.title.clone(),
            authority: pack.authority.clone(),
            version: pack.version.clone(),
            digest: pack.digest.clone(),
            office: pack.office.clone(),
            steps: pack.steps.clone(),
            words: pack.words.clone(),
            letter: pack.letter.words.clone(),
            names_submitters: pack.identity.names_submitters(),
            currency: pack.schema.currency.clone(),
        }
    }
}

/// A district that is expected and did not submit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotReceived {
    /// The fiscal year.
    pub fiscal_year: i64,
    /// The district's code.
    pub district_code: String,
    /// Its name.
    pub district: Option<String>,
}

/// Reviews submissions by one pack, each by the rules of its own year.
pub struct Reviewer<'p> {
    pack: &'p Pack,
    years: BTreeMap<i64, OnceLock<InForce<'p>>>,
    options: Options,
    notes_subjects: bool,
    keeps_history: bool,
    tells_repairs: bool,
    answers: Option<&'p Answers>,
    decisions: Option<(&'p Decisions, Date)>,
}

impl<'p> Reviewer<'p> {
    /// A reviewer for a pack.
    pub fn new(pack: &'p Pack, options: Options) -> Self {
        let years = (pack.years.0..=pack.years.1)
            .filter(|year| pack.covers(*year))
            .map(|year| (year, OnceLock::new()))
            .collect();
        Reviewer {
            pack,
            years,
            options,
            notes_subjects: false,
            keeps_history: false,
            tells_repairs: false,
            answers: None,
            decisions: None,
        }
    }

    /// Notes the outcome of each subject of each rule, and not only how many had each.
    #[must_use]
    pub fn noting_subjects(mut self) -> Self {
        self.notes_subjects = true;
        self
    }

    /// Works out the tables that an archive shows across years.
    #[must_use]
    pub fn keeping_history(mut self, keeps_history: bool) -> Self {
        self.keeps_history = keeps_history;
        self
    }

    /// Tells of each finding one way to make it pass by amounts alone, where one is quickly found.
    #[must_use]
    pub fn telling_repairs(mut self) -> Self {
        self.tells_repairs = true;
        self
    }

    /// Puts people's answers beside what it finds.
    #[must_use]
    pub fn with_answers(mut self, answers: Option<&'p Answers>) -> Self {
        self.answers = answers;
        self
    }

    /// Puts what was decided by a day beside what it advises.
    #[must_use]
    pub fn with_decisions(mut self, decisions: Option<(&'p Decisions, Date)>) -> Self {
        self.decisions = decisions;
        self
    }

    fn in_force(&self, year: i64) -> Option<&InForce<'p>> {
        self.years
            .get(&year)
            .map(|slot| slot.get_or_init(|| InForce::new(self.pack, year)))
    }

    /// The review of one submission.
    pub fn review(&self, submission: &Submission) -> Review {
        self.review_after(submission, None)
    }

    /// What can be done about the findings of a submission; `None` where it cannot be judged at all. The reviewer notes the
    /// subjects.
    pub fn repair(&self, submission: &Submission, wish: &Wish) -> Option<Repairs> {
        let in_force = self.in_force(identify(self.pack, submission).year?)?;
        let review = self.review(submission);
        review.recommendation?;
        Some(Repairs::after(in_force, submission, wish, review))
    }

    /// The same, where something is settled already.
    fn review_after(&self, submission: &Submission, settled: Option<Settled<'_>>) -> Review {
        let who = identify(self.pack, submission);
        let mut review = match (
            who.year.and_then(|year| self.in_force(year)),
            who.is_told(self.pack),
        ) {
            (Some(in_force), true) => {
                let mut evaluator = Evaluator::new(in_force);
                if self.options.for_districts {
                    evaluator = evaluator.for_districts();
                }
                if self.notes_subjects {
                    evaluator = evaluator.noting_subjects();
                }
                if self.keeps_history {
                    evaluator = evaluator.keeping_history();
                }
                if let Some(settled) = settled {
                    evaluator = evaluator.after(settled);
                }
                if self.answers.is_some() {
                    evaluator = evaluator.marking_findings();
                }
                if self.options.draws_rows {
                    evaluator = evaluator.drawing_rows();
                }
                let mut review = evaluator.review(submission);
                if self.tells_repairs {
                    repair::tell(in_force, submission, &mut review);
                }
                review
            }
            _ => could_not_check(self.pack, submission, &who),
        };
        if let Some(year) = who.year {
            review
                .diagnostics
                .extend(out_of_force(self.pack, submission, year));
        }
        if let Some(conflict) = conflict(self.pack, submission, &who) {
            review.diagnostics.push(conflict);
            review.doubtful = true;
        }
        review.district_code = who.code;
        review.district = who.name;
        review.fiscal_year = who.year;
        review.revision = who.revision;
        self.remember(&mut review);
        if self.options.public {
            review.for_the_public()
        } else {
            review
        }
    }

    fn remember(&self, review: &mut Review) {
        if let Some(answers) = self.answers {
            answers.apply(review);
        }
        if let Some((decisions, as_of)) = self.decisions {
            decisions.apply(review, as_of);
        }
    }

    /// What is to be told of the files of answers and of determinations.
    fn told_of_memory<K>(&self, reviews: &[(Entry, K)]) -> Vec<Diagnostic> {
        let mut told: Vec<Diagnostic> =
            reviews.iter().flat_map(|(of, _)| of.told.clone()).collect();
        if let Some(answers) = self.answers {
            let plan = |(of, _): &(Entry, K)| {
                let code = of.district_code.clone();
                (code.or_else(|| of.district.clone()), of.fiscal_year)
            };
            told.extend(answers.diagnostics.iter().cloned());
            told.extend(answers.about_others(&reviews.iter().map(plan).collect::<Vec<_>>()));
        }
        let decisions = self.decisions.iter();
        told.extend(decisions.flat_map(|(of, _)| of.diagnostics.iter().cloned()));
        told
    }

    /// The review of a batch. `read` reads one of its sources; submissions are read and judged on all cores, and the
    /// result is the same on any number of them.
    pub fn review_all<S: Sync>(
        &self,
        sources: &[S],
        read: impl Fn(&S) -> Vec<Submission> + Sync,
    ) -> BatchReview {
        self.batch_of(each(sources, read, |plan| self.enter(plan)))
    }

    /// What is known of a submission, and its review.
    pub fn enter(&self, submission: &Submission) -> (Entry, Review) {
        let review = self.review(submission);
        (Entry::of(&review), review)
    }

    /// The same, where something is settled already.
    pub fn enter_after(&self, submission: &Submission, settled: Settled<'_>) -> (Entry, Review) {
        let review = self.review_after(submission, Some(settled));
        (Entry::of(&review), review)
    }

    /// The batch of which these are the reviews, or what is kept in their place: doubles and revisions that a later one replaces are
    /// taken out.
    pub fn batch_of<K>(&self, mut reviews: Vec<(Entry, K)>) -> BatchReview<K> {
        reviews.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        let mut not_read = doubles(&mut reviews);
        let twice = not_read
            .iter()
            .map(|(path, why)| Diagnostic::notice(path, format!("this is {why}")));
        let mut diagnostics: Vec<Diagnostic> = twice.collect();
        not_read.append(&mut pages(&mut reviews, &self.pack.words));
        let (superseded, mut asked) = self.revisions(&mut reviews);
        diagnostics.append(&mut asked);
        diagnostics.append(&mut self.told_of_memory(&reviews));
        let received = if self.expects() {
            reviews.iter().map(|(of, _)| whose(of)).collect()
        } else {
            BTreeSet::new()
        };
        let not_received = self.not_received(&received);
        let (entries, reviews) = reviews.into_iter().unzip();
        BatchReview {
            pack: PackName::of(self.pack),
            diagnostics,
            entries,
            reviews,
            not_received,
            superseded,
            not_read,
        }
    }

    /// Takes out the reviews of revisions that a later one replaces; asks about two of one number.
    fn revisions<K>(&self, reviews: &mut Vec<(Entry, K)>) -> (Vec<String>, Vec<Diagnostic>) {
        let mut plans: BTreeMap<(String, i64), Vec<(Decimal, String)>> = BTreeMap::new();
        for (review, _) in reviews.iter() {
            // A plan of which it is not sure whose it is supersedes no other.
            let known = review.district_code.as_ref().filter(|_| !review.doubtful);
            if let (Some(code), Some(year)) = (known, review.fiscal_year) {
                let revision = review.revision.unwrap_or_default();
                plans
                    .entry((code.clone(), year))
                    .or_default()
                    .push((revision, review.path.clone()));
            }
        }
        let (mut superseded, mut diagnostics) = (Vec::new(), Vec::new());
        for ((code, year), revisions) in plans {
            let Some(last) = revisions.iter().map(|(r, _)| *r).max() else {
                continue;
            };
            let counting: Vec<&str> = revisions
                .iter()
                .filter(|(r, _)| *r == last)
                .map(|(_, p)| p.as_str())
                .collect();
            if let [first, rest @ ..] = counting.as_slice()
                && !rest.is_empty()
            {
                let (others, plan) = (rest.join(", "), &self.pack.words.submission);
                let message = format!(
                    "{others} is the same {plan}, {code} for fiscal year {year}, with the same revision number: which counts?"
                );
                diagnostics.push(Diagnostic::error(*first, message));
            }
            superseded.extend(
                revisions
                    .iter()
                    .filter(|(r, _)| *r < last)
                    .map(|(_, path)| path.clone()),
            );
        }
        superseded.sort();
        reviews.retain(|(of, _)| superseded.binary_search(&of.path).is_err());
        (superseded, diagnostics)
    }

    /// Whether it lists who is expected and did not submit.
    pub fn expects(&self) -> bool {
        self.options.expects_all && self.pack.expected.is_some()
    }

    /// Whether it tells of a submission nothing that rests on the others of its batch.
    pub fn takes_each_alone(&self) -> bool {
        self.answers.is_none() && self.decisions.is_none()
    }

    /// Who is expected and is not among those of whom something was [received](whose).
    pub fn not_received(&self, received: &BTreeSet<Whose>) -> Vec<NotReceived> {
        let Some(expected) = self.pack.expected.as_ref().filter(|_| self.expects()) else {
            return Vec::new();
        };
        let mut years: BTreeSet<i64> = received.iter().filter_map(|(year, _)| *year).collect();
        if years.is_empty() {
            years.extend(self.options.year);
        }
        let mut missing = Vec::new();
        for year in years {
            let Some(in_force) = self.in_force(year) else {
                continue;
            };
            for code in crate::expr::first_keys(expected, &self.pack.schema, &in_force.world) {
                let of = (Some(year), Some(code));
                if let (false, Some(code)) = (received.contains(&of), of.1) {
                    let district = self.pack.district_name(&code, Some(year));
                    missing.push(NotReceived {
                        fiscal_year: year,
                        district_code: code,
                        district,
                    });
                }
            }
        }
        missing.sort();
        missing
    }
}

/// The fiscal year and the district's code of a submission, as far as they can be told.
pub type Whose = (Option<i64>, Option<String>);

/// Whose a submission is.
pub fn whose(of: &Entry) -> Whose {
    (of.fiscal_year, of.district_code.clone())
}

/// What `make` makes of each submission that the sources hold, in their order, on all cores. `read` reads a source; of one
/// that is read bit by bit, one submission is held at a time.
fn each<'s, S: Sync, I: IntoIterator<Item = Submission>, T: Send>(
    sources: &'s [S],
    read: impl Fn(&'s S) -> I + Sync,
    make: impl Fn(&Submission) -> T + Sync,
) -> Vec<T> {
    let made = |source| read(source).into_iter().map(|plan| make(&plan));
    sources.par_iter().flat_map_iter(made).collect()
}

/// Takes out the reviews of files that came twice; each with the reason.
fn doubles<K>(reviews: &mut Vec<(Entry, K)>) -> Vec<(String, String)> {
    // Of `plan.xlsx` and `plan (1).xlsx` the shorter name is the file's own.
    let mut first: BTreeMap<Vec<String>, String> = BTreeMap::new();
    for (of, _) in reviews.iter().filter(|(of, _)| !of.digests.is_empty()) {
        let held = first
            .entry(of.digests.clone())
            .or_insert_with(|| of.path.clone());
        if (of.path.len(), &of.path) < (held.len(), held) {
            held.clone_from(&of.path);
        }
    }
    let mut taken = Vec::new();
    reviews.retain(|(of, _)| {
        let first = first.get(&of.digests).filter(|first| **first != of.path);
        let Some(first) = first else {
            return true;
        };
        taken.push((of.path.clone(), format!("the same file as `{first}`")));
        false
    });
    taken
}

/// Takes out the reviews of single pages of a plan that is there as a whole; each with the reason.
fn pages<K>(reviews: &mut Vec<(Entry, K)>, words: &Words) -> Vec<(String, String)> {
    let key = |of: &Entry| of.district_code.clone().zip(of.fiscal_year);
    let whole: BTreeMap<(String, i64), String> = reviews
        .iter()
        .filter(|(of, _)| !of.page)
        .filter_map(|(of, _)| Some((key(of)?, of.path.clone())))
        .collect();
    let mut taken = Vec::new();
    reviews.retain(|(of, _)| {
        let plan = key(of).filter(|_| of.page);
        let Some(whole) = plan.and_then(|key| whole.get(&key)) else {
            return true;
        };
        let plan = &words.submission;
        let why =
            format!("one page of the {plan} `{whole}`: the {plan} was checked, its page was not");
        taken.push((of.path.clone(), why));
        false
    });
    taken
}

/// Who a submission is from, and for which year, as far as it can be told.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Identified {
    /// The district's code.
    pub code: Option<String>,
    /// The district's name.
    pub name: Option<String>,
    /// The fiscal year.
    pub year: Option<i64>,
    /// The number of the revision.
    pub revision: Option<Decimal>,
}

impl Identified {
    /// Whether the district is told, where the pack asks for one.
    pub(crate) fn is_told(&self, pack: &Pack) -> bool {
        let asked = pack.identity.code.is_some() || pack.identity.name.is_some();
        !asked || self.code.is_some() || (pack.identity.code.is_none() && self.name.is_some())
    }
}

/// Reads who a submission is from: by its code, or by its name in the directory of districts.
pub fn identify(pack: &Pack, submission: &Submission) -> Identified {
    let identity = &pack.identity;
    let text = |field: Option<FieldId>| field.and_then(|f| plan_text(pack, submission, f));
    let number = |field: FieldId| plan_number(pack, submission, field);
    let stated = text(identity.name);
    let by_name = || {
        pack.directory()?
            .find(stated.as_deref()?)
            .map(str::to_owned)
    };
    let code = if identity.code.is_some() {
        text(identity.code).or_else(by_name)
    } else {
        None
    };
    let year = number(identity.year)
        .and_then(|y| i64::try_from(y.mantissa() / 10_i128.pow(y.scale())).ok());
    let listed = code
        .as_deref()
        .and_then(|code| pack.district_name(code, year));
    let revision = pack
        .schema
        .tables
        .get(identity.table)
        .and_then(|t| t.field("revision"));
    Identified {
        code,
        name: listed.or(stated),
        year,
        revision: revision.and_then(number),
    }
}

/// What to say when the district's name is that of another than its code.
fn conflict(pack: &Pack, submission: &Submission, who: &Identified) -> Option<Diagnostic> {
    let (code, name) = pack.identity.code.zip(pack.identity.name)?;
    let stated = plan_text(pack, submission, name)?;
    let own = who
        .code
        .as_deref()
        .filter(|_| plan_text(pack, submission, code).is_some())?;
    let directory = pack.directory()?;
    let named = directory.find(&stated).filter(|named| *named != own)?;
    let (plan, whose) = (&pack.words.submission, &pack.words.submitter);
    let other = pack.district_name(own, who.year);
    let other = other.unwrap_or_else(|| format!("no known {whose}"));
    let table = pack.schema.tables.get(pack.identity.table)?;
    let rows = submission.table(pack.identity.table)?;
    let message = format!(
        "the code {own} ({}) is {other}, the name `{stated}` ({}) is {named}: the {plan} was checked as that of {own}; correct one",
        rows.place(table, 0, code),
        rows.place(table, 0, name),
    );
    Some(Diagnostic::error(rows.place(table, 0, code), message))
}

/// What to say of codes that stand in their lists for other years only.
fn out_of_force(pack: &Pack, submission: &Submission, year: i64) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let mut seen = vec![false; submission.texts.len()];
    let tables = pack.schema.submission_tables().iter();
    for (table, rows) in tables.zip(&submission.tables) {
        for (id, field) in table.fields.iter().enumerate() {
            let is_dated = |list: &usize| {
                let list = pack.schema.tables.get(*list);
                let reference = list.and_then(|t| t.reference.as_ref());
                reference.is_some_and(|r| r.dated.is_some()) && rows.has_column(id)
            };
            let Some(list) = field.codes_of.filter(is_dated) else {
                continue;
            };
            let Some(Data::Texts(ids)) = rows.columns.get(id).and_then(|c| Some(&c.as_ref()?.data))
            else {
                continue;
            };
            // Codes always have numbers.
            seen.fill(false);
            for (row, number) in ids.iter().enumerate() {
                let number = usize::try_from(*number).unwrap_or(usize::MAX);
                let Some(is_seen @ false) = seen.get_mut(number) else {
                    continue;
                };
                let Some(code) = cell_text(rows, row, id, &submission.texts) else {
                    continue;
                };
                *is_seen = true;
                if let Some(years) = pack.years_in_list(list, code, year) {
                    let message = format!("{} is in the list {years}", quoted(rows.raw(row, id)));
                    told.push(Diagnostic::notice(rows.place(table, row, id), message));
                }
            }
        }
    }
    told
}

fn plan_text(pack: &Pack, submission: &Submission, field: FieldId) -> Option<String> {
    let column = submission
        .table(pack.identity.table)?
        .columns
        .get(field)?
        .as_ref()?;
    match &column.data {
        Data::Texts(ids) if column.state(0) == State::Value => {
            ids.first().map(|&id| submission.texts.get(id).to_owned())
        }
        _ => None,
    }
}

fn plan_number(pack: &Pack, submission: &Submission, field: FieldId) -> Option<Decimal> {
    let column = submission
        .table(pack.identity.table)?
        .columns
        .get(field)?
        .as_ref()?;
    match &column.data {
        Data::Nums(nums) if column.state(0) == State::Value => Some(nums.get(0)),
        _ => None,
    }
}

/// A review that judges nothing, and says why.
fn could_not_check(pack: &Pack, submission: &Submission, who: &Identified) -> Review {
    let plan = pack.schema.tables.get(pack.identity.table);
    let label = |field: FieldId| {
        plan.and_then(|t| t.fields.get(field))
            .map_or("", |f| f.label.as_str())
            .to_lowercase()
    };
    let why = match who.year {
        None => format!(
            "could not check: the {} cannot be told",
            label(pack.identity.year)
        ),
        Some(year) if !pack.covers(year) => {
            format!("could not check: {}", pack.why_not_covered(year))
        }
        Some(_) => format!(
            "could not check: the {} cannot be told",
            pack.identity
                .code
                .or(pack.identity.name)
                .map_or_else(|| pack.words.submitter.clone(), label)
        ),
    };
    let mut diagnostics = submission.diagnostics.clone();
    diagnostics.push(Diagnostic::fatal(&*submission.path, why.clone()));
    Review {
        page: submission.page,
        doubtful: false,
        path: submission.path.clone(),
        district_code: None,
        district: None,
        fiscal_year: None,
        revision: None,
        recommendation: None,
        wording: why,
        inputs: submission.inputs.clone(),
        letter: Letter::default(),
        diagnostics,
        rules: Vec::new(),
        findings: Vec::new(),
        undecided: Vec::new(),
        tables: Vec::new(),
        history: Vec::new(),
        memory: None,
        public: false,
    }
}

impl<K> BatchReview<K> {
    /// What its submissions come to.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.entries.iter().for_each(|of| totals.add(of));
        totals
    }

    /// How many submissions have each recommendation in the pack's words, from the mildest, those of one wording together;
    /// and how many could not be checked, if any. Copies for the public are counted under what stands in its place.
    pub fn steps(&self) -> Vec<(&str, usize)> {
        let totals = self.totals();
        let mut steps: Vec<(&str, usize)> = Vec::new();
        let public = self.entries.iter().filter(|of| of.public).count();
        if public > 0 {
            steps.push((CHECKED, public));
        }
        let words = self.pack.steps.iter().filter(|_| public == 0);
        for (words, count) in words.zip(totals.recommendations) {
            match steps.iter_mut().find(|(other, _)| other == words) {
                Some((_, sum)) => *sum += count,
                None => steps.push((words, count)),
            }
        }
        if totals.unchecked > 0 {
            steps.push(("could not be checked", totals.unchecked));
        }
        steps
    }

    /// What could not be checked.
    pub fn unchecked(&self) -> impl Iterator<Item = &Entry> {
        let all = self.entries.iter();
        all.filter(|of| !of.is_checked())
    }
}
