//! What the author of a pack is warned of, by name: what loads and judges, and is probably not meant.

/// A warning that the author of a pack may accept with a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lint {
    /// Advice that is no order.
    AdviceStyle,
    /// A figure in a rule that has no source.
    BareNumber,
    /// A test by `!=` that passes when the cell is blank.
    BlankPasses,
    /// Two rules that always fail together.
    FailTogether,
    /// A percent above 1 without its sign.
    LargeShare,
    /// A message that is no phrase.
    MessageStyle,
    /// A rule that applies to no case and no golden.
    NeverApplies,
    /// A rule that is in force in no year of the pack.
    NeverInForce,
    /// A year in which a rule tests something and nothing that it cites is in force.
    NothingInForce,
    /// An acceptance of what is not found.
    StaleAcceptance,
    /// A reason why a clause has no rule, and a rule.
    StaleReason,
    /// What reading a reference table tells.
    TableNotice,
    /// A title that is no statement.
    TitleStyle,
    /// A closed list of codes that nothing reads.
    UnusedCodes,
    /// A field that nothing reads.
    UnusedField,
    /// A parameter that nothing uses.
    UnusedParameter,
    /// A document or data file that nothing cites.
    UnusedSource,
    /// A table that nothing reads.
    UnusedTable,
}

impl Lint {
    const NAMES: [(&'static str, Lint); 18] = [
        ("advice-style", Lint::AdviceStyle),
        ("bare-number", Lint::BareNumber),
        ("blank-passes", Lint::BlankPasses),
        ("fail-together", Lint::FailTogether),
        ("large-share", Lint::LargeShare),
        ("message-style", Lint::MessageStyle),
        ("never-applies", Lint::NeverApplies),
        ("never-in-force", Lint::NeverInForce),
        ("nothing-in-force", Lint::NothingInForce),
        ("stale-acceptance", Lint::StaleAcceptance),
        ("stale-reason", Lint::StaleReason),
        ("table-notice", Lint::TableNotice),
        ("title-style", Lint::TitleStyle),
        ("unused-codes", Lint::UnusedCodes),
        ("unused-field", Lint::UnusedField),
        ("unused-parameter", Lint::UnusedParameter),
        ("unused-source", Lint::UnusedSource),
        ("unused-table", Lint::UnusedTable),
    ];

    /// Its name in packs and reports.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, lint)| *lint == self)
            .map_or("", |(name, _)| name)
    }

    /// The lint of a name.
    pub fn of(name: &str) -> Option<Lint> {
        Self::NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, lint)| *lint)
    }

    /// The names of all.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::NAMES.iter().map(|(name, _)| *name)
    }

    /// Whether it looks at what the rules said of cases and goldens, and not at the pack's text alone.
    pub fn rests_on_runs(self) -> bool {
        matches!(self, Lint::FailTogether | Lint::NeverApplies)
    }
}
