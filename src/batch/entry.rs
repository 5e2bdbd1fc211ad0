//! What a batch knows of a review, wherever the review itself is: who it is of, what it recommends, how much was found.

use crate::diagnostic::{Diagnostic, Weight};
use crate::pack::Severity;
use crate::review::{Recommendation, Review};
use crate::value::{Decimal, plain};

/// What a batch knows of a review.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The submission's path within the batch.
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
    /// How many findings have each severity that some have, worst first.
    pub severities: Vec<(Severity, usize)>,
    /// How many mistakes its files have, notices apart.
    pub mistakes: usize,
    /// The worst of what was wrong with its files.
    pub weight: Option<Weight>,
    /// What is advised after people's answers, in the pack's words; `None`: none were given.
    pub after_answers: Option<String>,
    /// What was decided last, in words, and on which revision where that is another.
    pub decided: Option<String>,
    /// The worst severity among the findings that still count after people's answers.
    pub still_worst: Option<Severity>,
    /// What is to be told of answers on it.
    pub(super) told: Vec<Diagnostic>,
    /// What of its files could not be read at all.
    pub fatal: Vec<Diagnostic>,
    /// It is a copy for the public, without a recommendation.
    pub public: bool,
    /// It is one page of a plan, and never the whole.
    pub(super) page: bool,
    /// Its district's code and name are those of two districts.
    pub(super) doubtful: bool,
    /// The digests of its files, where all are known; else none.
    pub(super) digests: Vec<String>,
}

impl Entry {
    pub(super) fn of(review: &Review) -> Self {
        let severities = [
            Severity::Escalate,
            Severity::Return,
            Severity::Condition,
            Severity::Note,
        ];
        let counted = severities.map(|severity| (severity, review.count(severity)));
        let diagnostics = &review.diagnostics;
        let fatal = diagnostics.iter().filter(|d| d.weight == Weight::Fatal);
        let memory = review.memory.as_ref();
        let after = memory.and_then(|m| m.after_answers.as_ref());
        let decided = memory.and_then(|m| m.determinations.first());
        let digests = review.inputs.iter().map(|input| input.sha256.clone());
        Entry {
            path: review.path.clone(),
            district_code: review.district_code.clone(),
            district: review.district.clone(),
            fiscal_year: review.fiscal_year,
            revision: review.revision,
            recommendation: review.recommendation,
            wording: review.wording.clone(),
            severities: counted.into_iter().filter(|(_, n)| *n > 0).collect(),
            mistakes: review.mistakes(),
            weight: diagnostics.iter().map(|d| d.weight).max(),
            after_answers: after.map(|(_, words)| words.clone()),
            decided: decided.map(|of| match of.revision {
                Some(on) if !of.is_on(review.revision) => {
                    format!("revision {}: {}", plain(on), of.decision.words())
                }
                _ => of.decision.words().to_owned(),
            }),
            still_worst: review.still_worst(),
            told: memory.map_or_else(Vec::new, |m| m.told.clone()),
            fatal: fatal.cloned().collect(),
            public: review.public,
            page: review.page,
            doubtful: review.doubtful,
            digests: digests.collect::<Option<_>>().unwrap_or_default(),
        }
    }

    /// Whether it was judged.
    pub fn is_checked(&self) -> bool {
        self.recommendation.is_some() || self.public
    }

    /// How many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let found = self.severities.iter().find(|(of, _)| *of == severity);
        found.map_or(0, |(_, n)| *n)
    }

    /// The worst severity among the findings.
    pub fn worst(&self) -> Option<Severity> {
        self.severities.first().map(|(severity, _)| *severity)
    }
}

/// What the submissions of a batch come to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Totals {
    /// How many there are.
    pub submissions: usize,
    /// How many have each recommendation, from the mildest.
    pub recommendations: [usize; 4],
    /// How many could not be checked.
    pub unchecked: usize,
    /// The worst of what was wrong with their files.
    pub weight: Option<Weight>,
    /// The worst severity among the findings that still count after people's answers.
    pub still_worst: Option<Severity>,
}

impl Totals {
    /// Counts one more.
    pub fn add(&mut self, of: &Entry) {
        self.submissions += 1;
        let counts = self.recommendations.iter_mut().zip(Recommendation::ALL);
        for (count, recommendation) in counts {
            *count += usize::from(of.recommendation == Some(recommendation));
        }
        self.unchecked += usize::from(!of.is_checked());
        self.weight = self.weight.max(of.weight);
        self.still_worst = self.still_worst.max(of.still_worst);
    }
}
