//! What is said of a submission: outcomes, findings with their evidence, a recommendation. Data alone; reports print it.

pub(crate) mod public;

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Weight};
use crate::memory::answers::{Answer, Verdict};
use crate::memory::decisions::Determination;
use crate::pack::{Audience, Basis, Chart, Layout, Reading, Severity, Verification};
use crate::submission::Input;
use crate::value::{Date, Decimal, Value};

/// What a rule says of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The test holds, whatever is missing.
    Pass,
    /// The test does not hold, whatever is missing.
    Fail,
    /// It cannot be told.
    Unknown,
    /// The rule does not apply.
    NotApplicable,
}

impl Outcome {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Unknown => "unknown",
            Outcome::NotApplicable => "not-applicable",
        }
    }
}

/// How many subjects had each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Passed.
    pub pass: usize,
    /// Failed.
    pub fail: usize,
    /// Could not be told.
    pub unknown: usize,
    /// Not applicable.
    pub not_applicable: usize,
}

impl Tally {
    /// Counts one more outcome.
    pub fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Pass => self.pass += 1,
            Outcome::Fail => self.fail += 1,
            Outcome::Unknown => self.unknown += 1,
            Outcome::NotApplicable => self.not_applicable += 1,
        }
    }

    /// The count of outcomes.
    pub fn of(outcomes: &[Outcome]) -> Self {
        // As many as a byte counts, so that many are compared at once.
        let count = |of: Outcome| {
            let some = outcomes.chunks(255).map(|some| {
                let ones = some.iter().map(|outcome| u8::from(*outcome == of));
                usize::from(ones.fold(0, u8::wrapping_add))
            });
            some.sum()
        };
        Tally {
            pass: count(Outcome::Pass),
            fail: count(Outcome::Fail),
            unknown: count(Outcome::Unknown),
            not_applicable: count(Outcome::NotApplicable),
        }
    }

    /// Adds another count.
    pub fn add_all(&mut self, other: Tally) {
        self.pass += other.pass;
        self.fail += other.fail;
        self.unknown += other.unknown;
        self.not_applicable += other.not_applicable;
    }

    /// How many subjects were judged.
    pub fn subjects(&self) -> usize {
        self.pass + self.fail + self.unknown + self.not_applicable
    }

    /// The worst outcome counted: fail, unknown, pass, not applicable.
    pub fn worst(&self) -> Outcome {
        match self {
            Tally { fail: 1.., .. } => Outcome::Fail,
            Tally { unknown: 1.., .. } => Outcome::Unknown,
            Tally { pass: 1.., .. } => Outcome::Pass,
            _ => Outcome::NotApplicable,
        }
    }
}

/// What a person is advised to do; a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recommendation {
    /// Nothing above a note.
    Approve,
    /// Conditions.
    ApproveWithConditions,
    /// The plan goes back.
    ReturnForRevision,
    /// The head of the agency decides.
    Escalate,
}

impl Recommendation {
    /// All of them, from the mildest.
    pub const ALL: [Recommendation; 4] = [
        Recommendation::Approve,
        Recommendation::ApproveWithConditions,
        Recommendation::ReturnForRevision,
        Recommendation::Escalate,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Recommendation::Approve => "approve",
            Recommendation::ApproveWithConditions => "approve-with-conditions",
            Recommendation::ReturnForRevision => "return-for-revision",
            Recommendation::Escalate => "escalate-to-commissioner",
        }
    }

    /// What the worst severity among the findings leads to.
    pub fn of(worst: Option<Severity>) -> Self {
        match worst {
            None | Some(Severity::Note) => Recommendation::Approve,
            Some(Severity::Condition) => Recommendation::ApproveWithConditions,
            Some(Severity::Return) => Recommendation::ReturnForRevision,
            Some(Severity::Escalate) => Recommendation::Escalate,
        }
    }
}

/// The review of one submission.
#[derive(Debug, Clone)]
pub struct Review {
    /// Its path within the batch.
    pub path: String,
    /// The district's code, if it can be told.
    pub district_code: Option<String>,
    /// The district's name, if it can be told.
    pub district: Option<String>,
    /// The fiscal year, if it can be told.
    pub fiscal_year: Option<i64>,
    /// The number of the revision, if the submission has one.
    pub revision: Option<Decimal>,
    /// What is advised; `None` when nothing could be judged.
    pub recommendation: Option<Recommendation>,
    /// The recommendation in the pack's words, or why there is none.
    pub wording: String,
    /// The files it was read from.
    pub inputs: Vec<Input>,
    /// It is one page of a plan, and never the whole.
    pub page: bool,
    /// Its district's code and name are those of two districts.
    pub doubtful: bool,
    /// What a letter about it needs to know.
    pub letter: Letter,
    /// What was wrong with them.
    pub diagnostics: Vec<Diagnostic>,
    /// Every rule in force, with how many subjects it judged.
    pub rules: Vec<RuleTally>,
    /// What failed or could not be told, worst first.
    pub findings: Vec<Finding>,
    /// What others than the submitter owe.
    pub undecided: Vec<Undecided>,
    /// The pack's tables.
    pub tables: Vec<SummaryTable>,
    /// The pack's tables that are shown across years, where they were asked for.
    pub history: Vec<SummaryTable>,
    /// It is a copy for the public: working papers are left out, and no recommendation is shown.
    pub public: bool,
    /// What people made of it, where their answers or determinations were given.
    pub memory: Option<Memory>,
}

/// What people made of a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// The day at which answers are judged.
    pub as_of: Date,
    /// What is advised after the answers, and in the pack's words; `None`: no answers were given, or nothing could be judged.
    pub after_answers: Option<(Recommendation, String)>,
    /// What was decided on the plan, the last first.
    pub determinations: Vec<Determination>,
    /// What is to be told of answers on it.
    pub told: Vec<Diagnostic>,
}

impl Review {
    /// The counts of all rules together.
    pub fn outcomes(&self) -> Tally {
        let mut all = Tally::default();
        self.rules.iter().for_each(|r| all.add_all(r.tally));
        all
    }

    /// Who submitted it: the code, or the name where the pack has no codes.
    pub fn submitter(&self) -> Option<String> {
        self.district_code.clone().or_else(|| self.district.clone())
    }

    /// What is advised after people's answers; without any, what is advised.
    pub fn advised(&self) -> Option<Recommendation> {
        let after = self.memory.as_ref().and_then(|m| m.after_answers.as_ref());
        after.map_or(self.recommendation, |(after, _)| Some(*after))
    }

    /// The worst severity among the findings that still count after people's answers.
    pub fn still_worst(&self) -> Option<Severity> {
        self.findings.iter().filter_map(Finding::weighs).max()
    }

    /// The worst severity among the findings.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|f| f.severity).max()
    }
}

impl Review {
    /// How many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings
            .iter()
            .filter(|f| f.severity == severity)
            .count()
    }

    /// How many mistakes its files have, notices apart.
    pub fn mistakes(&self) -> usize {
        self.diagnostics
            .iter()
            .filter(|d| d.weight > Weight::Notice)
            .count()
    }
}

impl Finding {
    /// What it does to the recommendation after an answer; `None`: it no longer counts.
    pub fn weighs(&self) -> Option<Severity> {
        match self.answer.as_ref().map(|answer| answer.verdict) {
            None => Some(self.severity),
            Some(Verdict::Accepted | Verdict::Waived) => None,
            Some(Verdict::Condition) => Some(Severity::Condition),
            Some(Verdict::ChangeRequired) => Some(self.severity.max(Severity::Return)),
        }
    }

    /// Whether a person must decide it: it is put as a question, and is no failure.
    pub fn is_question(&self) -> bool {
        self.basis == Basis::Judgement
    }

    /// What to do first. A rule's advice presumes that its test failed; where a cell stopped it, that cell comes first.
    pub fn next_step(&self) -> String {
        match (self.outcome, self.missing.as_slice()) {
            (Outcome::Unknown, [first]) => format!("Fill in or correct {first}, and check again."),
            (Outcome::Unknown, [first, rest @ ..]) => {
                format!(
                    "Fill in or correct {first} and {} more, and check again.",
                    rest.len()
                )
            }
            _ => self.advice.clone(),
        }
    }
}

/// What a letter about a submission needs to know beside its findings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Letter {
    /// The name of whoever gets it, where the submission says so.
    pub to: Option<String>,
    /// The day on which the submission came in, where it is known.
    pub received_on: Option<Date>,
}

/// A rule in force and its outcomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTally {
    /// The rule.
    pub rule: Arc<str>,
    /// Its code in the inventory.
    pub code: Arc<str>,
    /// Its title.
    pub title: Arc<str>,
    /// Where it gets its force.
    pub basis: Basis,
    /// Who is shown it.
    pub audience: Audience,
    /// Its outcomes.
    pub tally: Tally,
    /// The outcome of each subject, where that was asked for.
    pub subjects: Vec<Judged>,
}

impl RuleTally {
    /// The worst outcome as people are shown it: what a person must decide has not failed, it is open.
    pub fn shown(&self) -> Outcome {
        match self.tally.worst() {
            Outcome::Fail if self.basis == Basis::Judgement => Outcome::Unknown,
            worst => worst,
        }
    }
}

/// What a rule said of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// The subject's row as a spreadsheet counts it; `None`: the submission, or a table that is not there.
    pub row: Option<u32>,
    /// The subject's row among those of its table.
    pub line: Option<usize>,
    /// The outcome.
    pub outcome: Outcome,
}

/// A rule that failed or could not be told for one subject.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule.
    pub rule: String,
    /// Its code in the inventory.
    pub code: String,
    /// Its title.
    pub title: String,
    /// `Fail` or `Unknown`.
    pub outcome: Outcome,
    /// What it does to the recommendation.
    pub severity: Severity,
    /// Where the rule gets its force.
    pub basis: Basis,
    /// Who is shown it.
    pub audience: Audience,
    /// The place of the subject's row.
    pub subject: Option<String>,
    /// The subject's row as a spreadsheet counts it.
    pub row: Option<u32>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// What the rule cites.
    pub cites: Vec<Cite>,
    /// By how much it falls short.
    pub gap: Option<Gap>,
    /// What decided.
    pub evidence: Vec<Evidence>,
    /// What was assumed.
    pub assumptions: Vec<Evidence>,
    /// The places that made it unknown.
    pub missing: Vec<String>,
    /// What others than the submitter owe, where that alone made it unknown.
    pub owed: Vec<Undecided>,
    /// The cells that decided, as they are written in the submission.
    pub cells: Vec<DrawnCell>,
    /// The rows of the submission that it rests on, whole, where that was asked for.
    pub rows: Vec<DrawnRow>,
    /// How many more such rows there are.
    pub more_rows: usize,
    /// What the deciding comparison needs, in words.
    pub needs: Option<String>,
    /// By what it is known again, where that was asked for.
    pub mark: Option<Mark>,
    /// What a person answered, where an answer counts.
    pub answer: Option<Answer>,
    /// Why earlier answers do not count, in words.
    pub not_counting: Vec<String>,
    /// One way among others to make it pass by amounts alone, where that was asked for and is quickly found.
    pub repair: Option<String>,
    /// The tests that decided: the number of the expression and of the piece.
    pub(crate) decided: Vec<(usize, usize)>,
}

/// Whose plan a review was of, as a record of it tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whose {
    /// The path of the submission.
    pub path: String,
    /// The district's code.
    pub district_code: Option<String>,
    /// The district's name.
    pub district: Option<String>,
    /// The fiscal year.
    pub fiscal_year: Option<i64>,
    /// The number of the revision, as it is written.
    pub revision: Option<String>,
}

/// By what a finding is known again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The row that it is about, by a name that lasts when rows move; empty where it is about the whole submission.
    pub subject: String,
    /// The digest of the rule, the row, the outcome and the cells and figures that it rests on.
    pub digest: String,
}

/// A cited clause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cite {
    /// Its key in the pack.
    pub key: String,
    /// How it is cited.
    pub citation: String,
    /// It is a text that says what somebody shall, may or is, and no mere document or data file.
    pub is_clause: bool,
    /// How far its text was checked.
    pub verification: Verification,
    /// Who read its text, as an office says.
    pub reading: Option<Reading>,
}

/// By how much a comparison falls short; positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// The least shortfall.
    pub value: Decimal,
    /// The currency's code, `days` or `number`.
    pub unit: String,
    /// It is the difference of two percentages, 0.01 a point.
    pub is_share: bool,
}

/// A sub-expression that decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// The expression, as its author wrote it.
    pub expression: String,
    /// Its value.
    pub value: Value,
    /// The cells that it rests on.
    pub cells: Vec<String>,
}

/// One cell of the submission, as its author sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnCell {
    /// The file and row: `windham/budget.csv:17`.
    pub row: String,
    /// The field's label.
    pub label: String,
    /// What stands there.
    pub written: String,
    /// Whether it is a gap.
    pub missing: bool,
}

/// One row of a table of the submission, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnRow {
    /// The table's label.
    pub table: String,
    /// The file and row: `windham/budget.csv:17`.
    pub place: String,
    /// Its cells, in the schema's order, those of which the file has no column left out.
    pub cells: Vec<RowCell>,
}

/// One cell of a row that is drawn whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCell {
    /// The field's label.
    pub label: Arc<str>,
    /// What stands there; a long text is cut.
    pub written: String,
    /// What it has to do with the finding.
    pub mark: CellMark,
}

/// What a cell has to do with a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CellMark {
    /// Nothing.
    None,
    /// It decides.
    Decides,
    /// It is a gap.
    Missing,
}

/// A check that waits for somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// The rule.
    pub rule: String,
    /// Who owes the data.
    pub owed_by: String,
    /// What is missing.
    pub message: String,
}

/// A table of the pack, filled in for one submission.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryTable {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The headers.
    pub columns: Vec<String>,
    /// The rows: each value for programs and in words.
    pub rows: Vec<Vec<(Value, String)>>,
    /// How it is shown where there is room.
    pub shown: Shown,
}

/// How a table of the pack is shown where there is room for it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    /// How it is laid out.
    pub layout: Layout,
    /// It is too long for a terminal.
    pub long: bool,
    /// The columns that the page of a batch shows side by side.
    pub compare: Vec<usize>,
    /// How it is drawn.
    pub chart: Option<Chart>,
    /// What belongs to each row, where that was asked for.
    pub cards: Vec<Card>,
    /// How many more rows there are than the table holds.
    pub more_rows: usize,
    /// How many rows may belong to the table, which cannot be told: it holds none of them.
    pub unsure_rows: usize,
}

/// What belongs to one row of a table of the pack.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Card {
    /// The places of its row and of the rows of its tables, in the submission.
    pub places: Vec<String>,
    /// The tables of the row.
    pub tables: Vec<SummaryTable>,
}

impl SummaryTable {
    /// Whether it is left to pages, workbooks and programs.
    pub fn is_long(&self) -> bool {
        self.shown.long || self.shown.layout == Layout::Cards
    }
}
