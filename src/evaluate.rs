//! The rules of a year over one submission: one outcome for each rule and subject, findings with their evidence, a
//! recommendation. Pure; cannot fail.

mod drawn;
mod marks;
mod rows;
mod summary;
mod watched;

pub use drawn::Drawing;
use marks::Marks;
pub(crate) use watched::{Asked, Seen, Truths};

use std::collections::BTreeSet;

use crate::diagnostic::{Diagnostic, Weight};
use crate::evidence::{Owed, Story, Teller};
use crate::expr::Expr;
use crate::expr::cells::is_not_applicable;
use crate::expr::eval::{MAIN, Machine, Notebook, Noted, RowsOf, WORK};
use crate::expr::tree::{Kind, Node, Ty};
use crate::expr::vector::{ListVec, NULL_ID, Num, NumVec, Vector, truth};
use crate::pack::{
    Audience, Current, InForce, Part, Rule, Severity, Source, Subjects, Template, Test,
};
use crate::read::limits::count;
use crate::review::{
    Cite, Finding, Judged, Letter, Outcome, Recommendation, Review, RuleTally, SummaryTable, Tally,
    Undecided,
};
use crate::schema::{FieldId, TableId};
use crate::submission::Submission;
use crate::table::{State, Values};
use crate::value::{Decimal, Value, say};

/// A phrase as it stands inside a sentence.
pub(crate) fn inside(phrase: &str) -> String {
    let mut letters = phrase.chars();
    let first = letters.next();
    // `CREC agrees` begins with a name.
    let is_name = letters.clone().next().is_none_or(char::is_uppercase);
    match first {
        Some(first) if !is_name => first.to_lowercase().chain(letters).collect(),
        _ => phrase.to_owned(),
    }
}

/// A recommendation in the pack's words.
pub(crate) fn wording(
    steps: &[String; 4],
    recommendation: Recommendation,
    undecided: usize,
) -> String {
    let [approve, conditions, back, escalate] = steps;
    match recommendation {
        Recommendation::Approve if undecided > 0 => {
            let checks = if undecided == 1 { "check" } else { "checks" };
            format!("{}; {undecided} {checks} undecided", inside(approve))
        }
        Recommendation::Approve => approve.clone(),
        Recommendation::ApproveWithConditions => conditions.clone(),
        Recommendation::ReturnForRevision => back.clone(),
        Recommendation::Escalate => escalate.clone(),
    }
}

/// How many pairs of rows are looked at together when a rule compares each of its rows with all of a table.
const AT_ONCE: usize = 4_000_000;

fn too_much(path: &str, what: &str) -> Diagnostic {
    let message = format!(
        "{what}: it takes more than {} values to work out and to explain; fewer rows take less",
        count(WORK)
    );
    Diagnostic::fatal(path, message)
}

/// What need not be judged again: the review of the same submission by a pack that says the same of it.
#[derive(Debug, Clone, Copy)]
pub struct Settled<'a> {
    /// The review, with as much noted of each subject as is to be noted again.
    pub review: &'a Review,
    /// The ids of the rules that both packs judge alike.
    pub rules: &'a BTreeSet<String>,
    /// Whether the tables of both reports are the same.
    pub tables: bool,
}

impl Settled<'_> {
    /// What the rule came to, if that is settled.
    fn judged(&self, rule: &str) -> Option<(RuleTally, Vec<Finding>, Vec<Undecided>)> {
        let is_known = self.rules.contains(rule);
        let mut tallies = self.review.rules.iter().filter(|_| is_known);
        let tally = tallies.find(|t| &*t.rule == rule)?;
        let findings = self.review.findings.iter().filter(|f| f.rule == rule);
        let undecided = self.review.undecided.iter().filter(|u| u.rule == rule);
        Some((
            tally.clone(),
            findings.cloned().collect(),
            undecided.cloned().collect(),
        ))
    }
}

/// Judges submissions by the rules of one fiscal year.
pub struct Evaluator<'p> {
    in_force: &'p InForce<'p>,
    audience: Option<Audience>,
    notes_subjects: bool,
    keeps_history: bool,
    settled: Option<Settled<'p>>,
    /// The names of rows, where findings are to be known again.
    marks: Option<Marks>,
    draws_rows: bool,
}

impl<'p> Evaluator<'p> {
    /// Judges by all rules in force.
    pub fn new(in_force: &'p InForce<'p>) -> Self {
        Evaluator {
            in_force,
            audience: None,
            notes_subjects: false,
            keeps_history: false,
            settled: None,
            marks: None,
            draws_rows: false,
        }
    }

    /// Takes what is settled as it is, and judges the rest.
    #[must_use]
    pub fn after(mut self, settled: Settled<'p>) -> Self {
        // A review that broke off says less of its rules than it would have said.
        let is_whole = |d: &Diagnostic| d.weight != Weight::Fatal;
        self.settled = Some(settled).filter(|s| s.review.diagnostics.iter().all(is_whole));
        self
    }

    /// Judges by the rules that a district is shown, alone.
    #[must_use]
    pub fn for_districts(mut self) -> Self {
        self.audience = Some(Audience::District);
        self
    }

    /// Notes the outcome of each subject, and not only how many had each.
    #[must_use]
    pub fn noting_subjects(mut self) -> Self {
        self.notes_subjects = true;
        self
    }

    /// Works out the tables that are shown across years.
    #[must_use]
    pub fn keeping_history(mut self) -> Self {
        self.keeps_history = true;
        self
    }

    /// Notes by what each finding is known again.
    #[must_use]
    pub fn marking_findings(mut self) -> Self {
        self.marks = Some(Marks::default());
        self
    }

    /// Draws whole rows: those that a finding rests on, and those of a table's rows.
    #[must_use]
    pub fn drawing_rows(mut self) -> Self {
        self.draws_rows = true;
        self
    }

    /// The review of a submission: what the rules say of it. Who it is from is filled in by [`crate::batch::identify`].
    pub fn review(&mut self, submission: &Submission) -> Review {
        let pack = self.in_force.pack;
        self.marks.iter().for_each(Marks::clear);
        let mut machine = Machine::new(&pack.schema, &self.in_force.world, submission);
        let mut review = Review {
            page: submission.page,
            doubtful: false,
            path: submission.path.clone(),
            district_code: None,
            district: None,
            fiscal_year: Some(self.in_force.year),
            revision: None,
            recommendation: None,
            wording: String::new(),
            inputs: submission.inputs.clone(),
            letter: Letter::default(),
            diagnostics: submission.diagnostics.clone(),
            rules: Vec::new(),
            findings: Vec::new(),
            undecided: Vec::new(),
            tables: Vec::new(),
            history: Vec::new(),
            memory: None,
            public: false,
        };
        let asked = |r: &Current<'p>| self.audience.is_none_or(|a| a == r.rule.audience);
        let rules = self.in_force.rules.iter().zip(&*self.in_force.names);
        for (current, names) in rules.filter(|(current, _)| asked(current)) {
            let settled = self.settled.and_then(|s| s.judged(&current.rule.id));
            let (tally, findings, undecided) = settled
                .unwrap_or_else(|| self.judged_anew(&mut machine, current, names, &mut review));
            review.rules.push(tally);
            review.findings.extend(findings);
            for one in undecided {
                if !review.undecided.contains(&one) {
                    review.undecided.push(one);
                }
            }
        }
        review
            .findings
            .sort_by(|a, b| (b.severity, &a.rule, a.row).cmp(&(a.severity, &b.rule, b.row)));
        let settled = self.settled.filter(|s| s.tables);
        match settled {
            Some(settled) => review.tables.clone_from(&settled.review.tables),
            None => review.tables = self.tables(&mut machine, &mut review, Option::is_none),
        }
        if self.keeps_history {
            review.history = self.tables(&mut machine, &mut review, Option::is_some);
        }
        review.letter = Self::letter(&mut machine, &pack.letter);
        let recommendation = Recommendation::of(review.worst());
        review.wording = self.wording(recommendation, review.undecided.len());
        review.recommendation = Some(recommendation);
        review
    }

    /// The pack's tables on a submission: those of reports, or those that are shown across years.
    fn tables<'s>(
        &'s self,
        machine: &mut Machine<'s>,
        review: &mut Review,
        asked: impl Fn(&Option<Vec<String>>) -> bool,
    ) -> Vec<SummaryTable> {
        let summaries = self.in_force.pack.summaries.iter();
        let mut tables = Vec::new();
        for summary in summaries.filter(|summary| asked(&summary.history)) {
            machine.start_count();
            tables.push(self.summary(machine, summary));
            if machine.is_exhausted() {
                let what = format!("the table `{}` was not worked out", summary.id);
                review.diagnostics.push(too_much(&review.path, &what));
            }
        }
        tables
    }

    /// One rule over all its subjects, told if that is too much work.
    fn judged_anew<'s>(
        &'s self,
        machine: &mut Machine<'s>,
        current: &Current<'s>,
        names: &RuleTally,
        review: &mut Review,
    ) -> (RuleTally, Vec<Finding>, Vec<Undecided>) {
        let mut subjects = Vec::new();
        let (tally, findings, undecided) = self.judge(machine, current, &mut subjects);
        if machine.is_exhausted() {
            let what = format!("the rule `{}` was not judged", current.rule.id);
            review.diagnostics.push(too_much(&review.path, &what));
        }
        let tally = RuleTally {
            tally,
            subjects,
            ..names.clone()
        };
        (tally, findings, undecided)
    }

    /// The outcome of each subject of each rule in force, without what is found.
    pub(crate) fn outcomes_of(&self, submission: &Submission) -> Vec<Vec<Judged>> {
        let mut machine = self.machine(submission);
        let of_rule = |current: &Current<'p>| {
            let whole = |outcome| {
                vec![Judged {
                    row: None,
                    line: None,
                    outcome,
                }]
            };
            if current.test.is_none() {
                return whole(Outcome::NotApplicable);
            }
            let Some((found, outcomes)) = Self::judged(&mut machine, current) else {
                return whole(Outcome::Unknown);
            };
            let outcomes = outcomes.into_iter().enumerate();
            let judged = outcomes.map(|(at, outcome)| {
                let subject = found.subject(at);
                Judged {
                    row: row_of(&machine, subject),
                    line: subject.line(),
                    outcome,
                }
            });
            judged.collect()
        };
        self.in_force.rules.iter().map(of_rule).collect()
    }

    /// How many subjects of a rule had each outcome, be it one of the pack or a changed one; `None` when it is not in force.
    pub fn tally_of(&self, submission: &Submission, rule: &Rule) -> Option<Tally> {
        let mut machine = self.machine(submission);
        let current = self.current(rule)?;
        let mut tally = Tally::default();
        match (current.test, Self::judged(&mut machine, &current)) {
            (None, _) => tally.add(Outcome::NotApplicable),
            (Some(_), None) => tally.add(Outcome::Unknown),
            (Some(_), Some((_, outcomes))) => tally = Tally::of(&outcomes),
        }
        Some(tally)
    }

    /// The same, with what is found.
    pub fn judge_rule(
        &self,
        submission: &Submission,
        rule: &Rule,
    ) -> Option<(Tally, Vec<Finding>)> {
        self.marks.iter().for_each(Marks::clear);
        let mut machine = self.machine(submission);
        let (tally, findings, _) = self.judge(&mut machine, &self.current(rule)?, &mut Vec::new());
        Some((tally, findings))
    }

    /// The two sides of each comparison of figures in a rule's test, for its first subjects and, within an iteration, for its
    /// first items, and by how much they differ.
    pub(crate) fn sides(&self, submission: &Submission, rule: &Rule) -> Vec<(Compared, Decimal)> {
        const SUBJECTS: usize = 4;
        let mut machine = self.machine(submission);
        let Some((current, test)) = self.current(rule).and_then(|c| Some((c.clone(), c.test?)))
        else {
            return Vec::new();
        };
        machine.start_count();
        let subjects = match &current.rule.subjects {
            None => vec![None],
            Some(subjects) => match find_subjects(&mut machine, subjects) {
                Found::Rows(table, rows, _) => {
                    let first = rows.into_iter().take(SUBJECTS);
                    first.map(|row| Some((table, Values::One(row)))).collect()
                }
                Found::Whole | Found::NoTable(_) => Vec::new(),
            },
        };
        let mut found = Vec::new();
        for (subject, rows) in subjects.into_iter().enumerate() {
            machine.notebook = Some(Notebook::default());
            machine.begin(test.lets.iter().map(|(_, e)| e).collect(), rows);
            found.extend(compared(&mut machine, test, subject));
        }
        found
    }

    fn machine<'s>(&'s self, submission: &'s Submission) -> Machine<'s> {
        Machine::new(&self.in_force.pack.schema, &self.in_force.world, submission)
    }

    fn current<'r>(&self, rule: &'r Rule) -> Option<Current<'r>> {
        Current::of(rule, self.in_force.year, &self.in_force.pack.schema)
    }

    fn wording(&self, recommendation: Recommendation, undecided: usize) -> String {
        wording(&self.in_force.pack.steps, recommendation, undecided)
    }

    /// One rule over all its subjects.
    fn judge<'s>(
        &'s self,
        machine: &mut Machine<'s>,
        current: &Current<'s>,
        noted: &mut Vec<Judged>,
    ) -> (Tally, Vec<Finding>, Vec<Undecided>) {
        let mut tally = Tally::default();
        let (mut findings, mut undecided) = (Vec::new(), Vec::new());
        let Some(test) = current.test else {
            tally.add(Outcome::NotApplicable);
            self.note(noted, (None, None), Outcome::NotApplicable);
            return (tally, findings, undecided);
        };
        let Some((found, outcomes)) = Self::judged(machine, current) else {
            return self.not_judged(current.rule, noted);
        };
        machine.start_count();
        tally = Tally::of(&outcomes);
        if tally.subjects() == tally.pass + tally.not_applicable && !self.notes_subjects {
            return (tally, findings, undecided);
        }
        for (at, outcome) in outcomes.into_iter().enumerate() {
            if self.notes_subjects {
                let subject = found.subject(at);
                self.note(noted, (row_of(machine, subject), subject.line()), outcome);
            }
            if matches!(outcome, Outcome::Fail | Outcome::Unknown) {
                let subject = found.subject(at);
                let (finding, owed) = self.finding(machine, current.rule, test, subject, outcome);
                if machine.is_exhausted() {
                    return self.not_judged(current.rule, noted);
                }
                undecided.extend(owed);
                findings.push(finding);
            }
        }
        (tally, findings, undecided)
    }

    /// The subjects of a rule that tests something, and the outcome of each; `None` when that is too much work.
    fn judged<'s>(
        machine: &mut Machine<'s>,
        current: &Current<'s>,
    ) -> Option<(Found, Vec<Outcome>)> {
        let test = current.test?;
        machine.start_count();
        let found = match &current.rule.subjects {
            None => Found::Whole,
            Some(subjects) => find_subjects(machine, subjects),
        };
        let outcomes = Self::outcomes(machine, current, test, &found);
        (!machine.is_exhausted()).then_some((found, outcomes))
    }

    /// A rule that is too much work for a submission: it cannot be told whether it holds.
    fn not_judged(
        &self,
        rule: &Rule,
        noted: &mut Vec<Judged>,
    ) -> (Tally, Vec<Finding>, Vec<Undecided>) {
        let mut tally = Tally::default();
        tally.add(Outcome::Unknown);
        noted.clear();
        self.note(noted, (None, None), Outcome::Unknown);
        let finding = Finding {
            rule: rule.id.clone(),
            code: rule.code.clone(),
            title: rule.title.clone(),
            outcome: Outcome::Unknown,
            severity: rule.severity,
            basis: rule.basis,
            audience: rule.audience,
            subject: None,
            row: None,
            message: "the rule was not judged: it compares too many rows with one another"
                .to_owned(),
            advice: "Split the tables, or write fewer rows.".to_owned(),
            cites: self.cites(rule),
            gap: None,
            evidence: Vec::new(),
            assumptions: Vec::new(),
            missing: Vec::new(),
            owed: Vec::new(),
            cells: Vec::new(),
            rows: Vec::new(),
            more_rows: 0,
            needs: None,
            mark: None,
            answer: None,
            not_counting: Vec::new(),
            repair: None,
            decided: Vec::new(),
        };
        (tally, vec![finding], Vec::new())
    }

    /// Notes the outcome of a subject, where that is asked for.
    fn note(
        &self,
        noted: &mut Vec<Judged>,
        (row, line): (Option<u32>, Option<usize>),
        outcome: Outcome,
    ) {
        if self.notes_subjects {
            noted.push(Judged { row, line, outcome });
        }
    }

    fn cites(&self, rule: &Rule) -> Vec<Cite> {
        let sources = rule.cites.iter();
        let sources = sources.filter_map(|&at| self.in_force.pack.sources.get(at));
        let cite = |s: &Source| Cite {
            key: s.key.clone(),
            citation: s.citation.clone(),
            is_clause: s.is_clause(),
            verification: s.verification,
            reading: s.reading.clone(),
        };
        sources.map(cite).collect()
    }

    /// The outcome of each subject.
    fn outcomes<'s>(
        machine: &mut Machine<'s>,
        current: &Current<'s>,
        test: &'s Test,
        found: &Found,
    ) -> Vec<Outcome> {
        let (table, rows, maybe) = match found {
            Found::NoTable(_) => return vec![Outcome::Unknown],
            Found::Whole => return Self::test_rows(machine, current, test, None),
            Found::Rows(table, rows, maybe) => (*table, rows, maybe),
        };
        let of_table = machine.rows(table).map_or(0, crate::table::Rows::len);
        let most = (AT_ONCE / of_table.max(1)).clamp(16, 65_536);
        let mut outcomes = Vec::with_capacity(rows.len());
        for part in rows.chunks(most) {
            let part = if part.len() == rows.len() {
                rows.clone()
            } else {
                part.to_vec().into()
            };
            let mut judged = Self::test_rows(machine, current, test, Some((table, part)));
            outcomes.append(&mut judged);
        }
        for (outcome, maybe) in outcomes.iter_mut().zip(maybe.iter().flatten()) {
            if *maybe {
                *outcome = Outcome::Unknown;
            }
        }
        outcomes
    }

    /// Evaluates `when` and `require` for the given rows, or for the submission.
    fn test_rows<'s>(
        machine: &mut Machine<'s>,
        current: &Current<'s>,
        test: &'s Test,
        rows: Option<RowsOf>,
    ) -> Vec<Outcome> {
        let n = rows.as_ref().map_or(1, |(_, rows)| rows.len());
        let exempt = not_applicable(machine, &current.may_not_apply, rows.as_ref(), n);
        machine.begin(test.lets.iter().map(|(_, e)| e).collect(), rows);
        let when = test
            .when
            .as_ref()
            .map(|when| machine.run(when).into_bools());
        if when
            .as_ref()
            .is_some_and(|w| w.iter().all(|&t| t == truth::FALSE))
        {
            return vec![Outcome::NotApplicable; n];
        }
        let require = match (&test.require, &when) {
            (Some(require), Some(when)) => Self::require_of(machine, require, when, n),
            (Some(require), None) => machine.run(require).into_bools(),
            // Nothing but a person's answer settles a question.
            (None, _) => Values::repeat(truth::UNKNOWN, n),
        };
        if when.is_none() && exempt.is_empty() {
            return require.iter().map(|held| outcome_of(*held)).collect();
        }
        let outcome = |i: usize| {
            let asked = when
                .as_ref()
                .map_or(truth::TRUE, |w| w.get(i).copied().unwrap_or(truth::NULL));
            let held = require.get(i).copied().unwrap_or(truth::NULL);
            match (exempt.get(i).copied().unwrap_or(false), asked) {
                (true, _) | (_, truth::FALSE) => Outcome::NotApplicable,
                (_, truth::TRUE) => outcome_of(held),
                _ => Outcome::Unknown,
            }
        };
        (0..n).map(outcome).collect()
    }

    /// What is required of each of the subjects, of which `when` is true of some: where it is of few, the others are not looked at.
    fn require_of<'s>(
        machine: &mut Machine<'s>,
        require: &'s Expr,
        when: &[u8],
        n: usize,
    ) -> Values<u8> {
        let asked: Vec<usize> = (0..n)
            .filter(|i| when.get(*i) == Some(&truth::TRUE))
            .collect();
        if asked.len() > n / 2 || !machine.narrow(&asked) {
            return machine.run(require).into_bools();
        }
        let mut held = Values::repeat(truth::UNKNOWN, n);
        let of_asked = machine.run(require).into_bools();
        for (i, truth) in asked.into_iter().zip(&of_asked) {
            if let Some(slot) = held.get_mut(i) {
                *slot = *truth;
            }
        }
        held
    }

    /// Evaluates one subject again with everything noted, and tells its story.
    fn finding<'s>(
        &'s self,
        machine: &mut Machine<'s>,
        rule: &'s Rule,
        test: &'s Test,
        subject: Subject,
        outcome: Outcome,
    ) -> (Finding, Vec<Undecided>) {
        machine.start_notes();
        let rows = match subject {
            Subject::Row(table, row) | Subject::Uncertain(table, row) => {
                Some((table, Values::One(row)))
            }
            Subject::Whole | Subject::Table(_) => None,
        };
        let lets: Vec<&'s Expr> = test.lets.iter().map(|(_, e)| e).collect();
        let mut story = Self::story(machine, rule, test, &lets, subject, outcome);
        machine.notebook = None;
        let from_state =
            outcome == Outcome::Unknown && story.missing.is_empty() && !story.owed.is_empty();
        let no_row = matches!(subject, Subject::Table(_));
        if matches!(subject, Subject::Uncertain(..)) {
            machine.begin(lets.clone(), rows.clone());
        }
        let message = if no_row {
            missing_table(machine, subject)
        } else {
            Self::fill(machine, &test.message, &lets, rows.as_ref())
        };
        let advice = match &test.advice {
            // What others owe, the submitter cannot mend.
            _ if from_state => String::new(),
            Some(advice) if !no_row => Self::fill(machine, advice, &lets, rows.as_ref()),
            _ if no_row => "Add the table.".to_owned(),
            _ => String::new(),
        };
        let undecided = if from_state {
            self.undecided(rule, &story)
        } else {
            Vec::new()
        };
        let marks = self.marks.as_ref();
        let mark = marks.map(|marks| marks.mark(machine, &rule.id, subject, outcome, &story));
        let place = rows.as_ref().and_then(|(table, rows)| {
            let at = usize::try_from(*rows.first()?).ok()?;
            let data = machine.rows(*table)?;
            Some((data.row_place(at), data.numbers.get(at).copied()))
        });
        let (drawn, more_rows) = if self.draws_rows {
            rows::drawn(machine, subject, &story.marked)
        } else {
            (Vec::new(), 0)
        };
        let finding = Finding {
            rule: rule.id.clone(),
            code: rule.code.clone(),
            title: rule.title.clone(),
            outcome,
            severity: if from_state {
                Severity::Note
            } else {
                rule.severity
            },
            basis: rule.basis,
            audience: rule.audience,
            subject: place.as_ref().map(|(place, _)| place.clone()),
            row: place.and_then(|(_, number)| number),
            message,
            advice,
            cites: self.cites(rule),
            gap: story.gap.take(),
            evidence: story.evidence,
            assumptions: story.assumptions,
            missing: story.missing,
            owed: undecided.clone(),
            cells: story.cells,
            rows: drawn,
            more_rows,
            needs: story.needs,
            mark,
            answer: None,
            not_counting: Vec::new(),
            repair: None,
            decided: story.decided,
        };
        (finding, undecided)
    }

    fn story<'s>(
        machine: &mut Machine<'s>,
        rule: &'s Rule,
        test: &'s Test,
        lets: &[&'s Expr],
        subject: Subject,
        outcome: Outcome,
    ) -> Story {
        match subject {
            Subject::Table(table) => {
                let notebook = machine.notebook.take().unwrap_or_default();
                let mut teller = Teller::new(machine, &notebook, &[]);
                teller.tell_table(table);
                teller.finish()
            }
            Subject::Uncertain(table, row) => {
                let Some(subjects) = &rule.subjects else {
                    return Story::default();
                };
                machine.begin(Vec::new(), None);
                machine.run(&subjects.rows);
                let notebook = machine.notebook.take().unwrap_or_default();
                let mut teller = Teller::new(machine, &notebook, &[]);
                teller.tell_item(&subjects.rows, table, row);
                teller.finish()
            }
            Subject::Row(..) | Subject::Whole => {
                let rows = match subject {
                    Subject::Row(table, row) => Some((table, Values::One(row))),
                    _ => None,
                };
                machine.begin(lets.to_vec(), rows.clone());
                let asked = test
                    .when
                    .as_ref()
                    .map(|when| (when, machine.run(when).into_bools()));
                let undecided = asked.filter(|(_, t)| t.first() != Some(&truth::TRUE));
                let (expr, held) = match (undecided, &test.require) {
                    (Some((when, t)), _) => (when, t),
                    (None, Some(require)) => (require, machine.run(require).into_bools()),
                    (None, None) => return Self::asked(machine, test, lets, rows.as_ref()),
                };
                debug_assert!(
                    machine.is_exhausted()
                        || (outcome == Outcome::Fail)
                            == (held.first() == Some(&truth::FALSE)
                                && test.require.as_ref().is_some_and(|r| std::ptr::eq(expr, r))),
                    "{}: one subject alone is judged as it was among all",
                    rule.id
                );
                let notebook = machine.notebook.take().unwrap_or_default();
                let mut teller = Teller::new(machine, &notebook, lets);
                teller.tell(expr, outcome == Outcome::Unknown);
                let story = teller.finish();
                machine.forget_notes(notebook);
                story
            }
        }
    }

    /// The story of an open question: what made it arise, and the figures that it names.
    fn asked<'s>(
        machine: &mut Machine<'s>,
        test: &'s Test,
        lets: &[&'s Expr],
        rows: Option<&RowsOf>,
    ) -> Story {
        let named = test.message.parts.iter().filter_map(|part| match part {
            Part::Value(expr) => Some(expr),
            Part::Text(_) => None,
        });
        let mut story = Story::default();
        for expr in test.when.iter().chain(named) {
            machine.notebook = Some(Notebook::default());
            machine.begin(lets.to_vec(), rows.cloned());
            machine.run(expr);
            let notebook = machine.notebook.take().unwrap_or_default();
            let mut teller = Teller::new(machine, &notebook, lets);
            teller.tell(expr, false);
            story.take_in(teller.finish());
        }
        story
    }

    fn undecided(&self, rule: &Rule, story: &Story) -> Vec<Undecided> {
        let tables = &self.in_force.pack.schema.tables;
        let one = |owed: &Owed| {
            let (Owed::Row(table, _) | Owed::Figure(table, ..)) = owed;
            let table = tables.get(*table);
            let label = table.map_or("", |t| t.label.as_str());
            let what = match owed {
                Owed::Row(_, key) => format!("there is no row of \"{label}\" for {key}"),
                Owed::Figure(_, field, place) => {
                    let field = table.and_then(|t| t.fields.get(*field));
                    let field = field.map_or("", |f| f.label.as_str());
                    format!("\"{label}\" gives no \"{field}\" at {place}")
                }
            };
            let reference = table.and_then(|t| t.reference.as_ref());
            Undecided {
                rule: rule.id.clone(),
                owed_by: reference.map_or_else(String::new, |r| r.owed_by.clone()),
                message: format!("{}: {what}", rule.title),
            }
        };
        story.owed.iter().map(one).collect()
    }

    /// A template with its values filled in for one subject.
    /// The machine has begun on the subject: what a `let` gave when the subject was judged is kept.
    fn fill<'s>(
        machine: &mut Machine<'s>,
        template: &'s Template,
        lets: &[&'s Expr],
        rows: Option<&RowsOf>,
    ) -> String {
        let mut text = String::new();
        for part in &template.parts {
            match part {
                Part::Text(words) => text.push_str(words),
                Part::Value(expr) => {
                    let counts = reads_counts(machine, expr, lets);
                    if counts {
                        machine.notebook = Some(Notebook::default());
                        machine.begin(lets.to_vec(), rows.cloned());
                    }
                    let vector = machine.run(expr);
                    let small = machine.notebook.take().is_some_and(|notebook| {
                        Teller::new(machine, &notebook, lets).rests_on_small_count(expr)
                    });
                    let value = if small {
                        Value::Suppressed
                    } else {
                        Self::shown(machine, expr, &vector, rows)
                    };
                    text.push_str(&say(&value, &machine.schema.currency));
                }
            }
        }
        text
    }

    /// A value as a message shows it: codes by their labels, marks by their names.
    fn shown(machine: &Machine<'_>, expr: &Expr, vector: &Vector, rows: Option<&RowsOf>) -> Value {
        if let Kind::Field(of, table, field) = &expr.root.kind {
            let row = match of.kind {
                Kind::Var(1) => rows.and_then(|(_, rows)| rows.first().copied()),
                Kind::Plan(_) => Some(0),
                _ => None,
            };
            for (state, value) in [
                (State::Suppressed, Value::Suppressed),
                (State::NotApplicable, Value::NotApplicable),
            ] {
                if machine.is_marked(*table, *field, row.as_ref(), state) {
                    return value;
                }
            }
        }
        labelled(
            machine,
            machine.value(vector, 0, expr.ty()).settled(),
            expr.ty(),
        )
    }

    fn letter<'s>(machine: &mut Machine<'s>, of: &'s crate::pack::Letter) -> Letter {
        let mut value = |expr: &'s Option<Expr>| {
            let expr = expr.as_ref()?;
            machine.start_count();
            machine.begin(Vec::new(), None);
            let vector = machine.run(expr);
            Some(machine.value(&vector, 0, expr.ty()).settled())
        };
        let to = value(&of.to).and_then(|value| match value {
            Value::Text(name) => Some(name),
            _ => None,
        });
        let received_on = value(&of.received_on).and_then(|value| match value {
            Value::Date(day) => Some(day),
            _ => None,
        });
        Letter { to, received_on }
    }
}

/// Whether an expression reads, itself or through a `let`, a field that may hold small counts.
fn reads_counts(machine: &Machine<'_>, expr: &Expr, lets: &[&Expr]) -> bool {
    fn walk(node: &Node, machine: &Machine<'_>, lets: &[&Expr]) -> bool {
        let here = match &node.kind {
            Kind::Field(_, table, field) => machine.may_be_small_count(*table, *field),
            Kind::Let(at) => lets
                .get(*at)
                .is_some_and(|named| walk(&named.root, machine, lets)),
            _ => false,
        };
        here || node.parts().any(|part| walk(part, machine, lets))
    }
    walk(&expr.root, machine, lets)
}

/// Codes by their labels.
fn labelled(machine: &Machine<'_>, value: Value, ty: &Ty) -> Value {
    let origin = match ty {
        Ty::Text(Some(origin)) => Some(*origin),
        Ty::List(item) => match **item {
            Ty::Text(Some(origin)) => Some(origin),
            _ => None,
        },
        _ => None,
    };
    let Some((table, field)) = origin else {
        return value;
    };
    let codes = machine
        .schema
        .tables
        .get(table)
        .and_then(|t| t.fields.get(field))
        .and_then(|f| f.codes.as_ref());
    let label = |text: String| match codes.and_then(|c| c.label(&text)) {
        Some(label) => Value::Text(label.to_owned()),
        None => Value::Text(text),
    };
    match value {
        Value::Text(text) => label(text),
        Value::List(items) => Value::List(
            items
                .into_iter()
                .map(|v| if let Value::Text(t) = v { label(t) } else { v })
                .collect(),
        ),
        other => other,
    }
}

/// What was noted while a rule judged all its subjects at once.
pub(crate) struct NotedRule {
    /// The subjects' rows; `None`: the submission.
    pub(crate) lines: Vec<Option<usize>>,
    /// Those of which a cell is not applicable, if any.
    pub(crate) exempt: Vec<bool>,
    /// What was noted of `when`, by the number of the piece.
    pub(crate) when: crate::hash::Map<usize, Noted>,
    /// What was noted of `require`, and of the `let`s.
    pub(crate) book: Notebook,
}

/// Judges all subjects of a rule at once and notes everything; `None` where there is no subject, nothing to require, or too
/// much of it.
pub(crate) fn noted<'s>(machine: &mut Machine<'s>, current: &Current<'s>) -> Option<NotedRule> {
    let test = current.test?;
    let require = test.require.as_ref()?;
    machine.start_count();
    machine.notebook = None;
    let (lines, rows) = match current.rule.subjects.as_ref() {
        None => (vec![None], None),
        Some(subjects) => match find_subjects(machine, subjects) {
            Found::Rows(table, rows, _) if !rows.is_empty() => {
                let lines = rows.iter().map(|row| usize::try_from(*row).ok());
                (lines.collect(), Some((table, rows)))
            }
            _ => return None,
        },
    };
    let exempt = not_applicable(machine, &current.may_not_apply, rows.as_ref(), lines.len());
    machine.notebook = Some(Notebook::default());
    machine.begin(test.lets.iter().map(|(_, e)| e).collect(), rows);
    if let Some(when) = &test.when {
        machine.run(when);
    }
    let mut book = machine.notebook.take().unwrap_or_default();
    let of_when: Vec<usize> = book
        .keys()
        .filter(|(of, _)| *of == MAIN)
        .map(|k| k.1)
        .collect();
    let when = of_when
        .into_iter()
        .filter_map(|id| Some((id, book.remove(&(MAIN, id))?)));
    let when = when.collect();
    machine.notebook = Some(book);
    machine.run(require);
    let book = machine.notebook.take().unwrap_or_default();
    (!machine.is_exhausted()).then_some(NotedRule {
        lines,
        exempt,
        when,
        book,
    })
}

/// How many pairs of one comparison are looked at.
const ITEMS: usize = 6;

/// Two sides that are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Compared {
    /// The number of the comparison, in the order of [`Test::roots`].
    pub(crate) comparison: usize,
    /// The number of the rule's subject.
    subject: usize,
    /// The number of the item, within an iteration.
    item: usize,
}

/// Works a test out for one subject, and tells by how much the sides of its comparisons differ.
fn compared<'s>(
    machine: &mut Machine<'s>,
    test: &'s Test,
    subject: usize,
) -> Vec<(Compared, Decimal)> {
    let mut noted = crate::hash::Map::default();
    for expr in test.when.iter().chain(&test.require) {
        let held = machine.run(expr).into_bools();
        let whole = machine.notebook.iter_mut().flat_map(|notebook| {
            let own: Vec<_> = notebook
                .keys()
                .filter(|(of, _)| *of == MAIN)
                .copied()
                .collect();
            own.into_iter()
                .filter_map(|key| Some((key.1, notebook.remove(&key)?.value)))
        });
        noted.insert(
            &raw const expr.root,
            whole.collect::<crate::hash::Map<_, _>>(),
        );
        // What `when` keeps from being asked is not compared.
        if held.first() != Some(&truth::TRUE) {
            break;
        }
    }
    let mut found = Vec::new();
    for (no, of) in test.comparisons().into_iter().enumerate() {
        let [a, b] = of.sides;
        let value = |node: &Node| match of.of_let {
            Some(at) => Some(&machine.notebook.as_ref()?.get(&(at, node.id))?.value),
            None => noted.get(&(&raw const of.expr.root))?.get(&node.id),
        };
        let (Some(Vector::Nums(a)), Some(Vector::Nums(b))) = (value(a), value(b)) else {
            continue;
        };
        let one = |side: &NumVec, item: usize| match side.at(item) {
            Num::Known(x) => Some(x),
            _ => None,
        };
        for item in 0..a.len().max(b.len()).min(ITEMS) {
            let pair = one(a, item).zip(one(b, item));
            let difference = pair.and_then(|(a, b)| a.checked_sub(b));
            let here = Compared {
                comparison: no,
                subject,
                item,
            };
            found.extend(difference.map(|x| (here, x)));
        }
    }
    found
}

/// The subjects of a rule.
enum Found {
    Whole,
    /// A required table that is not there.
    NoTable(TableId),
    /// Rows, and which of them may not belong, if any.
    Rows(TableId, Values<u32>, Option<Vec<bool>>),
}

impl Found {
    /// The subject of the outcome at a place.
    fn subject(&self, at: usize) -> Subject {
        match self {
            Found::Whole => Subject::Whole,
            Found::NoTable(table) => Subject::Table(*table),
            Found::Rows(table, rows, maybe) => {
                let row = rows.get(at).copied().unwrap_or(NULL_ID);
                let maybe = maybe.as_ref().and_then(|maybe| maybe.get(at));
                if maybe.copied().unwrap_or(false) {
                    Subject::Uncertain(*table, row)
                } else {
                    Subject::Row(*table, row)
                }
            }
        }
    }
}

/// What one outcome is about.
#[derive(Debug, Clone, Copy)]
enum Subject {
    Whole,
    Table(TableId),
    Row(TableId, u32),
    /// A row of which it cannot be told whether the rule judges it.
    Uncertain(TableId, u32),
}

impl Subject {
    /// Its row among those of its table.
    fn line(self) -> Option<usize> {
        match self {
            Subject::Row(_, row) | Subject::Uncertain(_, row) => usize::try_from(row).ok(),
            Subject::Whole | Subject::Table(_) => None,
        }
    }
}

/// The number of a subject's row.
fn row_of(machine: &Machine<'_>, subject: Subject) -> Option<u32> {
    match subject {
        Subject::Row(table, row) | Subject::Uncertain(table, row) => {
            let at = usize::try_from(row).ok()?;
            machine.rows(table)?.numbers.get(at).copied()
        }
        Subject::Whole | Subject::Table(_) => None,
    }
}

fn find_subjects<'s>(machine: &mut Machine<'s>, subjects: &'s Subjects) -> Found {
    machine.begin(Vec::new(), None);
    let lists: ListVec = machine.run(&subjects.rows).into_lists();
    if lists.state(0) != truth::TRUE {
        return Found::NoTable(subjects.table);
    }
    let range = lists.range(0);
    let rows = match &*lists.items {
        Vector::Rows(_, rows) if range == (0..rows.len()) => rows.clone().shared(),
        Vector::Rows(_, rows) => {
            Values::from(rows.get(range.clone()).unwrap_or_default().to_vec()).shared()
        }
        _ => Values::new(),
    };
    let maybe = lists.maybe.as_ref();
    let maybe = maybe.map(|maybe| maybe.get(range).unwrap_or_default().to_vec());
    let real = !rows.contains(&NULL_ID);
    if real {
        Found::Rows(subjects.table, rows, maybe)
    } else {
        Found::NoTable(subjects.table)
    }
}

/// The outcome of a subject that a rule asks about.
fn outcome_of(held: u8) -> Outcome {
    match held {
        truth::TRUE => Outcome::Pass,
        truth::FALSE => Outcome::Fail,
        _ => Outcome::Unknown,
    }
}

/// Which subjects read, through their row or `plan`, a cell that is not applicable; none when no such cell may be.
fn not_applicable(
    machine: &Machine<'_>,
    cells: &[(bool, TableId, FieldId)],
    rows: Option<&RowsOf>,
    n: usize,
) -> Vec<bool> {
    let cells = cells.iter().filter_map(|(by_row, table, field)| {
        let states = machine.not_applicable(*table, *field)?;
        Some((*by_row, states))
    });
    let cells: Vec<(bool, &[State])> = cells.collect();
    if cells.is_empty() {
        return Vec::new();
    }
    let row = |i: usize| rows.and_then(|(_, rows)| rows.get(i));
    let marked = |i: usize| {
        let mut cells = cells.iter();
        cells.any(|(by_row, states)| {
            is_not_applicable(states, if *by_row { row(i) } else { Some(&0) })
        })
    };
    (0..n).map(marked).collect()
}

fn missing_table(machine: &Machine<'_>, subject: Subject) -> String {
    let label = match subject {
        Subject::Table(table) => machine
            .schema
            .tables
            .get(table)
            .map_or("", |t| t.label.as_str()),
        _ => "",
    };
    format!("the table \"{label}\" is missing or empty, so this cannot be checked")
}

#[cfg(test)]
mod tests {
    use super::{inside, wording};
    use crate::review::Recommendation;

    #[test]
    fn an_approval_says_how_many_checks_are_undecided() {
        let steps = ["Approve", "With conditions", "Return", "Escalate"].map(str::to_owned);
        let words = |recommendation, undecided| wording(&steps, recommendation, undecided);
        assert_eq!(words(Recommendation::Approve, 0), "Approve");
        assert_eq!(
            words(Recommendation::Approve, 1),
            "approve; 1 check undecided"
        );
        assert_eq!(
            words(Recommendation::Approve, 2),
            "approve; 2 checks undecided"
        );
        assert_eq!(words(Recommendation::ReturnForRevision, 2), "Return");
    }

    #[test]
    fn a_phrase_inside_a_sentence_begins_small_unless_with_a_name() {
        assert_eq!(
            inside("Nothing found against it"),
            "nothing found against it"
        );
        assert_eq!(inside("CREC agrees"), "CREC agrees");
        assert_eq!(inside("A"), "A");
        assert_eq!(inside(""), "");
    }
}
