//! What a test asks of amounts: sums of cells with fixed weights, compared with nought, joined by `and` and `or`.

use std::collections::BTreeMap;

use crate::value::Decimal;

/// The number of a cell that a repair may change.
pub(super) type Var = usize;

/// A constant, cells with their weights, and the greatest of some sums with theirs.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Sum {
    pub(super) constant: Decimal,
    pub(super) terms: BTreeMap<Var, Decimal>,
    /// Each is a weight and the sums of which the greatest is meant; those hold no such parts themselves.
    pub(super) greatest: Vec<(Decimal, Vec<Sum>)>,
    /// It is one side of a difference that is to be no greater than something.
    pub(super) is_tie: bool,
    /// How much of the constant is a tolerance: without it figures agree exactly.
    pub(super) slack: Decimal,
}

impl Sum {
    pub(super) fn constant(x: Decimal) -> Self {
        Sum {
            constant: x,
            ..Sum::default()
        }
    }

    pub(super) fn cell(var: Var) -> Self {
        Sum {
            terms: BTreeMap::from([(var, Decimal::ONE)]),
            ..Sum::default()
        }
    }

    /// Whether no cell has a part in it.
    pub(super) fn is_constant(&self) -> bool {
        self.terms.is_empty() && self.greatest.is_empty()
    }

    pub(super) fn plus(mut self, other: &Sum) -> Option<Sum> {
        self.constant = self.constant.checked_add(other.constant)?;
        for (var, weight) in &other.terms {
            let held = self.terms.entry(*var).or_default();
            *held = held.checked_add(*weight)?;
        }
        self.terms.retain(|_, weight| !weight.is_zero());
        self.greatest.extend(other.greatest.iter().cloned());
        Some(self)
    }

    pub(super) fn times(mut self, by: Decimal) -> Option<Sum> {
        if by.is_zero() {
            return Some(Sum::default());
        }
        self.constant = self.constant.checked_mul(by)?;
        for weight in self.terms.values_mut() {
            *weight = weight.checked_mul(by)?;
        }
        for (weight, _) in &mut self.greatest {
            *weight = weight.checked_mul(by)?;
        }
        Some(self)
    }

    pub(super) fn minus(self, other: &Sum) -> Option<Sum> {
        self.plus(&other.clone().times(-Decimal::ONE)?)
    }

    /// The greatest of sums; `None` where one has such a part itself.
    pub(super) fn greatest_of(sums: Vec<Sum>) -> Option<Sum> {
        if sums.iter().any(|sum| !sum.greatest.is_empty()) {
            return None;
        }
        if sums.iter().all(Sum::is_constant) {
            let greatest = sums.iter().map(|sum| sum.constant).max()?;
            return Some(Sum::constant(greatest));
        }
        Some(Sum {
            greatest: vec![(Decimal::ONE, sums)],
            ..Sum::default()
        })
    }

    /// Its value where the cells hold these amounts.
    pub(super) fn at(&self, amounts: &[Decimal]) -> Option<Decimal> {
        let mut value = self.constant;
        for (var, weight) in &self.terms {
            value = value.checked_add(weight.checked_mul(*amounts.get(*var)?)?)?;
        }
        for (weight, sums) in &self.greatest {
            let values: Option<Vec<Decimal>> = sums.iter().map(|sum| sum.at(amounts)).collect();
            value = value.checked_add(weight.checked_mul(values?.into_iter().max()?)?)?;
        }
        Some(value)
    }

    /// The greatest figure that has a part in it.
    pub(super) fn greatest_figure(&self, amounts: &[Decimal]) -> Option<Decimal> {
        let terms = self.terms.iter();
        let figures = terms.map(|(var, weight)| weight.checked_mul(*amounts.get(*var)?));
        let figures: Option<Vec<Decimal>> = figures.chain([Some(self.constant)]).collect();
        figures?.iter().map(Decimal::abs).max()
    }

    /// Half a cent, as often as the heaviest cell counts: whole cents may come no nearer to a value.
    fn half_a_step(&self) -> Decimal {
        let most = self.terms.values().map(Decimal::abs).max();
        let half = Decimal::new(5, 3).checked_mul(most.unwrap_or_default());
        half.unwrap_or_default()
    }

    /// The cells that have a part in it.
    pub(super) fn cells(&self) -> impl Iterator<Item = Var> {
        let inner = self.greatest.iter().flat_map(|(_, sums)| sums);
        let inner = inner.flat_map(|sum| sum.terms.keys());
        self.terms.keys().chain(inner).copied()
    }

    /// How fine its values are where all amounts are whole cents: the least by which two of them differ is ten to the power
    /// of less this.
    fn places(&self) -> u32 {
        let weights = self
            .terms
            .values()
            .chain(self.greatest.iter().map(|(w, _)| w));
        let finest = weights
            .map(|w| w.normalize().scale() + 2)
            .max()
            .unwrap_or(0);
        let inner = self.greatest.iter().flat_map(|(w, sums)| {
            let scale = w.normalize().scale();
            sums.iter().map(move |sum| sum.places() + scale)
        });
        inner.fold(finest.max(self.constant.normalize().scale()), u32::max)
    }
}

/// What is asked of amounts.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked {
    /// It holds, whatever the amounts are.
    Holds,
    /// It does not, whatever they are.
    Fails,
    /// A sum is nought or less.
    AtMostNought(Sum),
    And(Vec<Asked>),
    Or(Vec<Asked>),
}

impl Asked {
    pub(super) fn of(holds: bool) -> Asked {
        if holds { Asked::Holds } else { Asked::Fails }
    }

    /// That a sum is nought or less, or less than nought.
    pub(super) fn at_most_nought(sum: Sum, strictly: bool) -> Asked {
        let sum = if strictly {
            let places = sum.places().min(20);
            match sum.plus(&Sum::constant(Decimal::new(1, places))) {
                Some(sum) => sum,
                None => return Asked::Fails,
            }
        } else {
            sum
        };
        if sum.is_constant() {
            return Asked::of(sum.constant <= Decimal::ZERO);
        }
        match sum.greatest.as_slice() {
            [] => Asked::AtMostNought(sum),
            [(weight, parts)] => {
                let is_tie = match parts.as_slice() {
                    [a, b] => b.clone().times(-Decimal::ONE).as_ref() == Some(a),
                    _ => false,
                };
                let each = parts.iter().map(|part| {
                    let rest = Sum {
                        greatest: Vec::new(),
                        ..sum.clone()
                    };
                    let whole = part
                        .clone()
                        .times(*weight)
                        .and_then(|part| rest.plus(&part));
                    let whole = whole.map(|sum| Sum { is_tie, ..sum });
                    whole.map_or(Asked::Fails, |sum| Asked::at_most_nought(sum, false))
                });
                // The greatest is small when all are, and great when one is.
                if *weight > Decimal::ZERO {
                    Asked::all(each)
                } else {
                    Asked::any(each)
                }
            }
            many if many.iter().all(|(weight, _)| *weight > Decimal::ZERO) => {
                Asked::AtMostNought(sum)
            }
            _ => Asked::Fails,
        }
    }

    pub(super) fn all(parts: impl IntoIterator<Item = Asked>) -> Asked {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Asked::Holds => {}
                Asked::Fails => return Asked::Fails,
                Asked::And(mut inner) => kept.append(&mut inner),
                part => kept.push(part),
            }
        }
        match kept.len() {
            0 => Asked::Holds,
            1 => kept.pop().unwrap_or(Asked::Holds),
            _ => Asked::And(kept),
        }
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Asked>) -> Asked {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Asked::Fails => {}
                Asked::Holds => return Asked::Holds,
                Asked::Or(mut inner) => kept.append(&mut inner),
                part => kept.push(part),
            }
        }
        match kept.len() {
            0 => Asked::Fails,
            1 => kept.pop().unwrap_or(Asked::Fails),
            _ => Asked::Or(kept),
        }
    }

    /// The ways in which it can hold, each a list of sums that are nought or less; no more than so many.
    pub(super) fn ways(&self, most: usize) -> Vec<Vec<Sum>> {
        match self {
            Asked::Holds => vec![Vec::new()],
            Asked::Fails => Vec::new(),
            Asked::AtMostNought(sum) => vec![vec![sum.clone()]],
            Asked::And(parts) => {
                let mut ways: Vec<Vec<Sum>> = vec![Vec::new()];
                for part in parts {
                    let of_part = part.ways(most);
                    let joined = ways.iter().flat_map(|way| {
                        of_part.iter().map(|more| {
                            let mut way = way.clone();
                            way.extend(more.iter().cloned());
                            way
                        })
                    });
                    ways = joined.take(most).collect();
                }
                ways
            }
            Asked::Or(parts) => {
                let ways = parts.iter().flat_map(|part| part.ways(most));
                ways.take(most).collect()
            }
        }
    }

    /// The way in which it holds for these amounts.
    pub(super) fn way_at(&self, amounts: &[Decimal]) -> Option<Vec<Sum>> {
        match self {
            Asked::Holds => Some(Vec::new()),
            Asked::Fails => None,
            Asked::AtMostNought(sum) => {
                let holds = sum.at(amounts).is_some_and(|x| x <= Decimal::ZERO);
                holds.then(|| vec![sum.clone()])
            }
            Asked::And(parts) => {
                let ways: Option<Vec<_>> = parts.iter().map(|part| part.way_at(amounts)).collect();
                Some(ways?.into_iter().flatten().collect())
            }
            Asked::Or(parts) => parts.iter().find_map(|part| part.way_at(amounts)),
        }
    }
}

/// Sums without their tolerances, or with as little of them as whole cents need, and how much is taken away in all.
pub(super) fn without_slack(rows: &[Sum], with_cents: bool) -> (Vec<Sum>, Decimal) {
    let mut room = Decimal::ZERO;
    let without = |row: &Sum| {
        let left = if with_cents {
            row.half_a_step()
        } else {
            Decimal::ZERO
        };
        let taken = (row.slack - left).max(Decimal::ZERO);
        // The two sides of a difference have one tolerance.
        room += if row.is_tie {
            taken / Decimal::TWO
        } else {
            taken
        };
        Sum {
            constant: row.constant + taken,
            slack: row.slack - taken,
            ..row.clone()
        }
    };
    let rows = rows.iter().map(without).collect();
    (rows, room)
}

/// What keeps differences from becoming greater than they are: a total that agrees goes on to agree.
pub(super) fn no_wider(mut rows: Vec<Sum>, held: &[Decimal]) -> Vec<Sum> {
    for at in 1..rows.len() {
        let Some([a, b]) = rows.get_mut(at - 1..=at) else {
            continue;
        };
        let (Some(x), Some(y)) = (a.at(held), b.at(held)) else {
            continue;
        };
        let are_sides = a.is_tie
            && b.is_tie
            && a.clone().plus(b).is_some_and(|both| both.is_constant())
            && x <= Decimal::ZERO
            && y <= Decimal::ZERO;
        if are_sides {
            let room = (-x).min(-y);
            (a.constant, b.constant) = (a.constant + room, b.constant + room);
            (a.is_tie, b.is_tie) = (false, false);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(constant: i64, terms: &[(Var, i64)]) -> Sum {
        Sum {
            constant: Decimal::from(constant),
            terms: terms.iter().map(|(v, w)| (*v, Decimal::from(*w))).collect(),
            ..Sum::default()
        }
    }

    #[test]
    fn a_difference_within_a_tolerance_is_two_sums() {
        let difference = sum(-100, &[(0, 1), (1, 1)]);
        let negative = difference.clone().times(-Decimal::ONE).unwrap();
        let size = Sum::greatest_of(vec![difference, negative]).unwrap();
        let within = size.clone().plus(&Sum::constant(-Decimal::ONE)).unwrap();
        assert_eq!(Asked::at_most_nought(within, false).ways(9).len(), 1);
        let beyond = Sum::constant(Decimal::ONE).minus(&size).unwrap();
        assert_eq!(Asked::at_most_nought(beyond, false).ways(9).len(), 2);
    }

    #[test]
    fn less_than_is_at_most_a_cent_less() {
        let Asked::AtMostNought(strict) = Asked::at_most_nought(sum(0, &[(0, -1)]), true) else {
            panic!("one sum");
        };
        assert_eq!(strict.at(&[Decimal::new(1, 2)]), Some(Decimal::ZERO));
    }

    #[test]
    fn without_its_tolerance_a_difference_is_nought() {
        let difference = sum(-100, &[(0, 3)]);
        let negative = difference.clone().times(-Decimal::ONE).unwrap();
        let size = Sum::greatest_of(vec![difference, negative]).unwrap();
        let within = Sum {
            slack: Decimal::TEN,
            ..size.plus(&Sum::constant(-Decimal::TEN)).unwrap()
        };
        let rows = Asked::at_most_nought(within, false).ways(1).remove(0);
        let holds = |rows: &[Sum], x: &str| {
            let at = |row: &Sum| row.at(&[x.parse().unwrap()]).unwrap() <= Decimal::ZERO;
            rows.iter().all(at)
        };
        assert!(holds(&rows, "31") && !holds(&rows, "29.99"));
        let (exact, room) = without_slack(&rows, false);
        assert!(!holds(&exact, "33.33") && room == Decimal::TEN);
        // Whole cents come no nearer to a hundred.
        let (exact, room) = without_slack(&rows, true);
        assert!(holds(&exact, "33.33") && !holds(&exact, "33.34"));
        assert_eq!(room, Decimal::new(9985, 3));
    }

    #[test]
    fn a_difference_is_not_to_become_greater() {
        let difference = sum(-100, &[(0, 1)]);
        let negative = difference.clone().times(-Decimal::ONE).unwrap();
        let size = Sum::greatest_of(vec![difference, negative]).unwrap();
        let within = size.plus(&Sum::constant(-Decimal::TEN)).unwrap();
        let rows = Asked::at_most_nought(within, false).ways(1).remove(0);
        let rows = no_wider(rows, &[Decimal::from(103)]);
        let holds = |x: i64| {
            let at = |row: &Sum| row.at(&[Decimal::from(x)]).unwrap() <= Decimal::ZERO;
            rows.iter().all(at)
        };
        assert_eq!([96, 97, 103, 104].map(holds), [false, true, true, false]);
    }
}
