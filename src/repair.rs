//! "What would I have to change?": the least change of amounts with which the findings of a submission pass and nothing else
//! becomes worse, and the cells that are to be filled in. Found from the typed tests, and judged again by all rules.

mod blanks;
mod cells;
mod conflict;
mod form;
mod model;
mod search;
mod solve;
mod walk;
mod wish;
mod words;

use crate::pack::{InForce, Severity};
use crate::review::{Finding, Outcome, Review};
use crate::schema::{FieldId, TableId};
use crate::submission::Submission;
use crate::value::Decimal;

pub use blanks::{Blank, Fill};
pub use conflict::{Against, Conflict};
pub use wish::{Held, Wish};
pub use words::one_way;

use cells::Cells;
use model::Model;
use search::Search;
use solve::Effort;

/// What can be done about the findings of a submission above a note.
#[derive(Debug, Clone)]
pub struct Repairs {
    /// What the rules say of the submission as it is.
    pub before: Review,
    /// Changes of amounts, each with the findings that it cures. All of them together were judged.
    pub ways: Vec<Way>,
    /// The submission with all of them, and what the rules say of it.
    pub after: Option<(Submission, Review)>,
    /// Cells that are to be filled in.
    pub fills: Vec<Fill>,
    /// Findings for which there are no amounts, with the rules that stand against each other.
    pub conflicts: Vec<Conflict>,
    /// Findings for which no amounts were found within the effort that is made.
    pub not_found: Vec<usize>,
    /// Findings that a change of amounts does not cure: a person does.
    pub by_people: Vec<usize>,
}

/// Changes that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The findings that pass with them: places in the review's list.
    pub cures: Vec<usize>,
    /// The changes, in the order of their rows.
    pub changes: Vec<Change>,
}

impl Way {
    /// How many dollars it changes, raises and cuts added up.
    pub fn cost(&self) -> Decimal {
        self.changes.iter().map(|change| change.by().abs()).sum()
    }
}

/// One amount that is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its table.
    pub table: TableId,
    /// Its row among those of the table.
    pub row: usize,
    /// Its field.
    pub field: FieldId,
    /// Its place.
    pub place: String,
    /// The place of its row.
    pub row_place: String,
    /// By what its row is known, if it has a key.
    pub key: Option<String>,
    /// Its rows are added up: it is money that is spent.
    pub is_line: bool,
    /// The amount that it holds.
    pub from: Decimal,
    /// The amount that it is to hold.
    pub to: Decimal,
}

impl Change {
    /// By how much it is raised; negative where it is lowered.
    pub fn by(&self) -> Decimal {
        self.to - self.from
    }
}

/// Of how many findings a way is looked for in passing.
const MOST_TOLD: usize = 20;

/// Tells of the first findings above a note of a review one way to make it pass by amounts alone, where one is quickly found.
pub fn tell(in_force: &InForce<'_>, submission: &Submission, review: &mut Review) {
    if review.worst() <= Some(Severity::Note) {
        return;
    }
    let before = crate::evaluate::Evaluator::new(in_force)
        .noting_subjects()
        .review(submission);
    let schema = &in_force.pack.schema;
    let cells = Cells::of(schema, submission, &Wish::default());
    let model = Model::of(in_force, submission, &cells);
    let subjects = search::subjects(&before);
    let search = Search::new(in_force, submission, &cells, &model, &before);
    let mut left = MOST_TOLD;
    for finding in &mut review.findings {
        if left == 0 {
            break;
        }
        if finding.severity == Severity::Note || !is_open_to_repair(finding) {
            continue;
        }
        let same = |f: &&Finding| {
            (&f.rule, f.row, &f.message) == (&finding.rule, finding.row, &finding.message)
        };
        let at = before.findings.iter().position(|f| same(&f));
        let subject = at.and_then(|at| subjects.get(at)?.as_ref());
        let ask = subject.and_then(|subject| model.find(subject));
        if let Some(ask) = ask.filter(|ask| search.can_cure(ask)) {
            left -= 1;
            let way = search.alone(ask, &mut Effort::quick());
            finding.repair = way.map(|way| one_way(schema, &way).join(", and "));
        }
    }
}

/// Whether a change of amounts is looked for: it fails, and nobody is asked.
fn is_open_to_repair(finding: &Finding) -> bool {
    !finding.is_question() && finding.outcome == Outcome::Fail
}

impl Repairs {
    /// What can be done about the findings of a submission, with what is held fixed.
    pub fn of(in_force: &InForce<'_>, submission: &Submission, wish: &Wish) -> Repairs {
        let before = crate::evaluate::Evaluator::new(in_force)
            .noting_subjects()
            .review(submission);
        Self::after(in_force, submission, wish, before)
    }

    /// The same, where the submission is judged already, with the outcome of each subject.
    pub fn after(
        in_force: &InForce<'_>,
        submission: &Submission,
        wish: &Wish,
        before: Review,
    ) -> Repairs {
        let cells = Cells::of(&in_force.pack.schema, submission, wish);
        let model = Model::of(in_force, submission, &cells);
        let found = search::subjects(&before);
        let mut search = Search::new(in_force, submission, &cells, &model, &before);
        let (mut by_people, mut fills, mut sought) = (Vec::new(), Vec::new(), Vec::new());
        for (at, finding) in before.findings.iter().enumerate() {
            if finding.severity == Severity::Note {
                continue;
            }
            let ask = found
                .get(at)
                .and_then(|subject| model.find(subject.as_ref()?));
            match ask {
                Some(ask) if is_open_to_repair(finding) && search.can_cure(ask) => {
                    sought.push((at, ask));
                }
                _ if finding.outcome == Outcome::Unknown && !finding.missing.is_empty() => {
                    let subject = found.get(at).and_then(Option::as_ref);
                    let fill = blanks::fill(in_force, submission, &before, (at, subject));
                    blanks::put_to(&mut fills, fill);
                }
                _ => by_people.push(at),
            }
        }
        let mut effort = Effort::default();
        let result = search.all(&sought, &mut effort);
        let ways = search.ways(&result.cured, &result.amounts);
        let after = (!ways.is_empty()).then(|| search.changed(&result.amounts));
        Repairs {
            ways,
            after,
            fills,
            conflicts: result.conflicts,
            not_found: result.not_found,
            by_people,
            before,
        }
    }
}
