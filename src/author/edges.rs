//! The cases at the edges of a rule: for each comparison one where its sides are equal, one a unit under, one a unit over,
//! solved from the rule's own cases and judged by the rule.

use std::collections::BTreeMap;

use super::draft::Draft;
use super::prepared::Years;
use super::vary::Varier;
use crate::expr::tree::Kind;
use crate::pack::{Comparison, Edition, Pack, Rule, Test};
use crate::review::Outcome;

/// One comparison of a rule, and the cases at its edge.
#[derive(Debug, Clone)]
pub struct Edge {
    /// The comparison: `budgeted <= funds + param.dollar_tolerance`.
    pub comparison: String,
    /// Cases a unit under, at and a unit over the edge, as TOML; fewer where fewer were found.
    pub cases: Vec<String>,
    /// Why one of them is missing.
    pub why_not: Option<&'static str>,
}

/// Cases a unit under, at and a unit over an edge, and what the rule says of each.
type Three<'p> = [Option<(Draft<'p>, Option<Outcome>)>; 3];

/// The edges of a rule's comparisons of numbers, amounts and dates: of all its editions, or of the one in force in a year.
pub fn of(pack: &Pack, rule: &Rule, year: Option<i64>) -> Vec<Edge> {
    let years = Years::of(pack);
    let prepared: Vec<_> = rule.cases.iter().map(|c| years.prepare(rule, c)).collect();
    let drafts: Vec<Draft<'_>> = prepared.iter().map(Draft::of).collect();
    let solver = Solver {
        pack,
        years: &years,
        rule,
        varier: Varier::new(pack, &years, rule),
    };
    let mut found = BTreeMap::new();
    for draft in &drafts {
        solver.solve(draft, &mut found);
    }
    let is_asked = |edition: &Edition| year.is_none_or(|year| edition.covers(year));
    let editions = rule.editions.iter().enumerate();
    let editions = editions.filter(|(_, edition)| is_asked(edition));
    let tests = editions.filter_map(|(at, edition)| Some((at, edition.body.test()?)));
    tests
        .flat_map(|(at, test)| edges(pack, at, test, &mut found))
        .collect()
}

/// The edges of one edition's comparisons.
fn edges(
    pack: &Pack,
    edition: usize,
    test: &Test,
    found: &mut BTreeMap<(usize, usize), Three<'_>>,
) -> Vec<Edge> {
    let comparisons = test.comparisons().into_iter().enumerate();
    comparisons
        .map(|(no, comparison)| {
            let three = found.remove(&(edition, no)).unwrap_or_default();
            edge(pack, &comparison, three)
        })
        .collect()
}

fn edge(pack: &Pack, comparison: &Comparison<'_>, three: Three<'_>) -> Edge {
    let [left, right] = comparison
        .sides
        .map(|side| comparison.expr.text_of(&side.span));
    let unit = comparison.unit(pack).1;
    let names = [
        format!("{left} {unit} under {right}"),
        format!("{left} exactly {right}"),
        format!("{left} {unit} over {right}"),
    ];
    let sign = match comparison.node.kind {
        Kind::Compare(op, ..) => op.sign(),
        _ => "",
    };
    let missing = three.iter().filter(|one| one.is_none()).count();
    let found = three.into_iter().zip(names);
    let cases = found.filter_map(|(one, name)| {
        let (draft, outcome) = one?;
        Some(draft.toml(&name, pack, outcome, true))
    });
    Edge {
        comparison: format!("{left} {sign} {right}"),
        cases: cases.collect(),
        why_not: match missing {
            0 => None,
            3 => Some("no single cell of the rule's cases brings its sides together"),
            _ => Some("its sides cannot stand at the others by one cell of the rule's cases"),
        },
    }
}

struct Solver<'a, 'p> {
    pack: &'p Pack,
    years: &'a Years<'p>,
    rule: &'p Rule,
    varier: Varier<'a, 'p>,
}

impl<'p> Solver<'_, 'p> {
    /// Sets one cell of a case after the other, and keeps for each comparison the best three cases at its edge.
    fn solve(&self, draft: &Draft<'p>, found: &mut BTreeMap<(usize, usize), Three<'p>>) {
        let wrong = draft.read(self.years).wrong;
        for edits in self.varier.solutions(draft) {
            let mut here: BTreeMap<(usize, usize), Three<'p>> = BTreeMap::new();
            self.try_one(draft, wrong, &mut here);
            for edit in &edits {
                if let Some(draft) = draft.with(edit, self.pack) {
                    self.try_one(&draft, wrong, &mut here);
                }
            }
            for (key, three) in here {
                let held = found.entry(key).or_default();
                if worth(&three) > worth(held) {
                    *held = three;
                }
            }
        }
    }

    /// Keeps a draft for each comparison at whose edge it stands.
    fn try_one(
        &self,
        draft: &Draft<'p>,
        wrong: usize,
        here: &mut BTreeMap<(usize, usize), Three<'p>>,
    ) {
        let tried = draft.read(self.years);
        let year = tried.in_force.year;
        let edition = self.rule.editions.iter().position(|e| e.covers(year));
        let Some(edition) = edition.filter(|_| tried.wrong <= wrong) else {
            return;
        };
        let outcome = tried.outcome(self.rule);
        for (compared, side) in self.varier.sides(&tried) {
            let at = match side.difference {
                x if x == -side.unit => 0,
                x if x.is_zero() => 1,
                x if x == side.unit => 2,
                _ => continue,
            };
            if let Some(slot) = here
                .entry((edition, compared.comparison))
                .or_default()
                .get_mut(at)
            {
                slot.get_or_insert_with(|| (draft.clone(), outcome));
            }
        }
    }
}

/// Three cases are worth most where the comparison decides what the rule says, then where they are all there.
fn worth(three: &Three<'_>) -> (bool, usize) {
    let outcomes: Vec<_> = three
        .iter()
        .flatten()
        .map(|(_, outcome)| *outcome)
        .collect();
    let decides = outcomes.windows(2).any(|pair| pair.first() != pair.last());
    (decides, outcomes.len())
}
