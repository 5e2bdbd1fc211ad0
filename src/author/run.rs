//! Everything that one run of a pack's tests found.

use super::cases::{CaseResult, Lacking};
use super::coverage::Coverage;
use super::goldens::Golden;
use crate::pack::Pack;

/// What one run found.
#[derive(Debug, Clone)]
pub struct Run<'p> {
    /// The pack.
    pub pack: &'p Pack,
    /// What came of each case.
    pub cases: Vec<CaseResult>,
    /// The rules without cases that they should have.
    pub lacking: Vec<Lacking>,
    /// The goldens that were compared; `None` where none was asked for.
    pub goldens: Option<Vec<Golden>>,
    /// Whether the goldens that differ were written anew.
    pub blessed: bool,
    /// How much was tried, where that was asked for.
    pub coverage: Option<Coverage<'p>>,
}

impl Run<'_> {
    /// The cases that do not hold.
    pub fn failed(&self) -> impl Iterator<Item = &CaseResult> {
        self.cases.iter().filter(|case| !case.holds())
    }

    /// The goldens that differ.
    pub fn changed(&self) -> impl Iterator<Item = &Golden> {
        let goldens = self.goldens.iter().flatten();
        goldens.filter(|golden| golden.change.is_some())
    }

    /// Whether no case was run.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// Whether all is as expected.
    pub fn holds(&self) -> bool {
        let goldens_hold = self.blessed || self.changed().next().is_none();
        self.failed().next().is_none()
            && self.lacking.is_empty()
            && goldens_hold
            && !self.is_empty()
    }
}
