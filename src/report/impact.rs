//! What a change of rules changes, for people and programs.

mod accept;
mod json;
mod markdown;
mod text;

pub use accept::{Acceptance, accepted};
pub use json::json;
pub(super) use json::schema;
pub use markdown::markdown;
pub use text::text;

use super::{counted, pack_name};
use crate::author::impact::{Counts, Example, Group, Impact, Move, Moved, Standing, Step};
use crate::neutral::clean;
use crate::pack::Pack;
use crate::report::words::{named, off_by};
use crate::review::{Finding, Recommendation};

/// A pack's name, and what tells it from another of the same version.
fn whole_name(pack: &Pack) -> String {
    let digest = pack.digest.strip_prefix("sha256:").unwrap_or(&pack.digest);
    let short = digest.get(..12).unwrap_or(digest);
    format!("{} ({short})", pack_name(pack))
}

/// How much changes, in one sentence.
fn sum(impact: &Impact<'_>) -> String {
    let Counts {
        submissions,
        changed,
        moved,
        outcomes_changed,
        outcomes_same,
    } = impact.counts;
    let plan = &impact.to.words.submission;
    format!(
        "{changed} of {}, {moved} of them in the recommendation; {outcomes_changed} of {}",
        counted(submissions, plan),
        counted(outcomes_changed + outcomes_same, "outcome")
    )
}

/// Where a subject stands: `fail (return)`.
fn standing(standing: Option<Standing>) -> String {
    let Some(standing) = standing else {
        return "not judged".to_owned();
    };
    let name = standing.outcome.name();
    match standing.severity {
        Some(severity) => format!("{name} ({})", severity.name()),
        None => name.to_owned(),
    }
}

/// How outcomes change: `pass -> fail (return)`.
fn change(group: &Group<'_>) -> String {
    if group.from != group.to {
        return format!("{} -> {}", standing(group.from), standing(group.to));
    }
    let other = group.wording.names().join(", ");
    format!("{}, said otherwise: {other}", standing(group.to))
}

/// In how many submissions outcomes change.
fn extent(impact: &Impact<'_>, group: &Group<'_>) -> String {
    let plan = &impact.to.words.submission;
    format!(
        "{} in {}",
        counted(group.count, "outcome"),
        counted(group.submissions, plan)
    )
}

/// How a recommendation changes, in the words of each pack.
fn step(impact: &Impact<'_>, of: &Move<'_>) -> String {
    let words = |pack: &Pack, step: Step| match step {
        Step::Advised(to) => {
            let at = Recommendation::ALL.iter().position(|r| *r == to);
            let words = at.and_then(|at| pack.steps.get(at));
            words.map_or_else(|| step.name().to_owned(), |w| clean(w))
        }
        Step::Unchecked | Step::NotReviewed => step.name().replace('-', " "),
    };
    let (from, to) = (words(impact.from, of.from), words(impact.to, of.to));
    format!("{from} -> {to}")
}

/// Whose submission it is.
fn whose(moved: &Moved<'_>) -> String {
    let (name, which) = named(moved.review);
    format!("{name}{which}")
}

/// The rules that lead to a changed recommendation.
fn because(moved: &Moved<'_>) -> String {
    if moved.rules.is_empty() {
        return clean(&moved.review.wording);
    }
    moved.rules.join(", ")
}

/// The place of an example, with whose it is.
fn subject(example: &Example<'_>) -> String {
    let (name, which) = named(example.review);
    match &example.subject {
        Some(subject) => format!("{name}{which}: {}", clean(subject)),
        None => format!("{name}{which}"),
    }
}

/// What is said of a finding: its message, and by how much it falls short.
fn said(finding: &Finding, advice: bool) -> String {
    let gap = finding.gap.as_ref();
    let gap = gap.map_or_else(String::new, |g| format!(" (off by {})", off_by(g)));
    let advice = if advice && !finding.advice.is_empty() {
        format!(" Do: {}", finding.advice)
    } else {
        String::new()
    };
    clean(&format!("{}{gap}{advice}", finding.message))
}
