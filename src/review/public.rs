//! What of a review the public is shown: plans are published, working papers are not.

use super::{Review, RuleTally};
use crate::pack::{Audience, Basis};

/// What stands in the place of the recommendation.
pub(crate) const CHECKED: &str = "Checked; copy for the public";

impl Review {
    /// Whether it was judged. A copy for the public has been, and holds no recommendation.
    pub fn is_checked(&self) -> bool {
        self.recommendation.is_some() || self.public
    }

    /// The review without working papers: the recommendation, which is advice to a person, and what rules for reviewers and questions of
    /// judgement came to. Small counts are withheld from every review, wherever they would stand.
    #[must_use]
    pub fn for_the_public(mut self) -> Self {
        let rules = std::mem::take(&mut self.rules);
        let (rules, papers): (Vec<_>, Vec<_>) = rules.into_iter().partition(is_published);
        let is_paper = |rule: &str| papers.iter().any(|paper| &*paper.rule == rule);
        self.findings
            .retain(|f| f.audience == Audience::District && f.basis != Basis::Judgement);
        self.undecided.retain(|one| !is_paper(&one.rule));
        self.rules = rules;
        self.memory = None;
        self.history.clear();
        for finding in &mut self.findings {
            finding.answer = None;
        }
        if self.recommendation.take().is_some() {
            self.public = true;
            CHECKED.clone_into(&mut self.wording);
        }
        self
    }
}

fn is_published(tally: &RuleTally) -> bool {
    tally.audience == Audience::District && tally.basis != Basis::Judgement
}
