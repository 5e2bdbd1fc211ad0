//! What the author of a pack should look at: what nothing uses, what passes unseen, what reads badly. Each finding has a
//! name and a thing that it is about, by which it can be accepted with a reason.

mod blank;
mod reads;
mod runs;
mod style;
mod unused;

use std::ops::Range;

pub use runs::Runs;

use crate::diagnostic::{Level, Lint, Mistake};
use crate::pack::{Accept, Files, Pack, Places, Rule};

/// What was found in a pack.
#[derive(Debug)]
pub struct Linted<'p> {
    /// The pack.
    pub pack: &'p Pack,
    /// What nobody accepted, in the order of files and places.
    pub findings: Vec<Found>,
    /// What its author accepted, and found again.
    pub accepted: Vec<&'p Accept>,
}

/// One finding.
#[derive(Debug, Clone)]
pub struct Found {
    /// Which lint.
    pub lint: Lint,
    /// What it is about, in a word.
    pub at: String,
    /// What is told, and where.
    pub mistake: Mistake,
}

/// Looks at the text of a pack, and at what its rules said of submissions.
pub fn lint<'p>(pack: &'p Pack, files: &Files, runs: &Runs) -> Linted<'p> {
    let places = Places::new(&pack.id, files);
    let looker = Looker { pack, places };
    let mut mistakes = pack.warnings.clone();
    mistakes.extend(unused::look(looker));
    mistakes.extend(blank::look(looker));
    mistakes.extend(style::look(looker));
    mistakes.extend(runs.look(looker));
    let found = mistakes
        .into_iter()
        .filter_map(|mistake| looker.found(mistake));
    let mut found: Vec<Found> = found.collect();
    let is_of = |accept: &Accept, found: &Found| accept.lint == found.lint && accept.at == found.at;
    let (accepted, mut stale): (Vec<&Accept>, Vec<&Accept>) =
        (pack.accepted.iter()).partition(|accept| found.iter().any(|found| is_of(accept, found)));
    // What goldens would show is not known without them.
    stale.retain(|accept| runs.has_goldens() || !accept.lint.rests_on_runs());
    found.retain(|found| !accepted.iter().any(|accept| is_of(accept, found)));
    found.extend(stale.into_iter().map(|accept| looker.stale(accept)));
    found.sort_by(|a, b| order(a).cmp(&order(b)));
    Linted {
        pack,
        findings: found,
        accepted,
    }
}

/// Findings stand in the order of files and places.
fn order(found: &Found) -> (&str, Option<usize>, Lint, &str) {
    let mistake = &found.mistake;
    let start = mistake.span.as_ref().map(|span| span.start);
    (mistake.path(), start, found.lint, &mistake.message)
}

/// A pack, and where in its files things stand.
#[derive(Clone, Copy)]
struct Looker<'a> {
    pack: &'a Pack,
    places: Places<'a>,
}

impl Looker<'_> {
    fn found(&self, mistake: Mistake) -> Option<Found> {
        let Level::Lint(lint) = mistake.level else {
            return None;
        };
        let at = self.places.thing(&mistake);
        Some(Found { lint, at, mistake })
    }

    fn stale(&self, accept: &Accept) -> Found {
        let lint = accept.lint.name();
        let message = format!(
            "`{lint}` is accepted at `{}`, and not found there",
            accept.at
        );
        let mistake = Mistake {
            level: Level::Lint(Lint::StaleAcceptance),
            file: self.places.file("pack.toml"),
            span: Some(accept.span.clone()),
            message,
            label: String::new(),
            help: "take it away".to_owned(),
        };
        Found {
            lint: Lint::StaleAcceptance,
            at: accept.at.clone(),
            mistake,
        }
    }

    /// A finding in one of the pack's own files.
    fn mistake(
        &self,
        lint: Lint,
        place: (&str, Range<usize>),
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Mistake {
        let (path, span) = place;
        Mistake {
            level: Level::Lint(lint),
            file: self.places.file(path),
            span: Some(span),
            message: message.into(),
            label: String::new(),
            help: help.into(),
        }
    }

    /// A finding in a rule's file.
    fn of_rule(
        &self,
        lint: Lint,
        place: (&Rule, Range<usize>),
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Mistake {
        let (rule, span) = place;
        let mistake = self.mistake(lint, ("", span), message, help);
        Mistake {
            file: rule.file.clone(),
            ..mistake
        }
    }
}

/// Where a part of an edition stands in its rule's file: `["require"]`, or `["edition", "1", "require"]`.
fn keys<'k>(rule: &Rule, edition: &'k str, part: &[&'k str]) -> Vec<&'k str> {
    // A rule without editions has one, without a place of its own.
    let alone = rule.editions.iter().all(|e| e.span.is_empty());
    let before = if alone {
        Vec::new()
    } else {
        vec!["edition", edition]
    };
    before.into_iter().chain(part.iter().copied()).collect()
}
