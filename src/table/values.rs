//! A value for each row of a set, or one that stands for them all.

use std::iter::Chain;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::{fmt, option, vec};

/// Values, read as a slice. A single one is held in place: most pieces of an expression come to one.
#[derive(Clone)]
pub enum Values<T> {
    /// One.
    One(T),
    /// Any number of them.
    Many(Vec<T>),
    /// Any number of them, which others may hold, too.
    Shared(Arc<Vec<T>>),
}

impl<T> Values<T> {
    /// How many are copied rather than shared.
    const FEW: usize = 16;

    /// None yet.
    pub const fn new() -> Self {
        Values::Many(Vec::new())
    }

    /// Lets copies hold the same memory, where that is worth it.
    pub fn share(&mut self) {
        if let Values::Many(values) = self
            && values.len() > Self::FEW
        {
            *self = Values::Shared(Arc::new(std::mem::take(values)));
        }
    }

    /// The same values, whose copies hold the same memory.
    #[must_use]
    pub fn shared(mut self) -> Self {
        self.share();
        self
    }
}

impl<T: Clone> Values<T> {
    /// Adds one at the end.
    #[inline]
    pub fn push(&mut self, value: T) {
        match self {
            Values::Many(values) => values.push(value),
            Values::One(_) | Values::Shared(_) => self.push_rarely(value),
        }
    }

    /// Adds one at the end of values that are seldom added to.
    #[cold]
    fn push_rarely(&mut self, value: T) {
        let held = std::mem::take(self).into_iter();
        *self = Values::Many(held.chain([value]).collect());
    }

    /// Makes room for so many more.
    pub fn reserve(&mut self, more: usize) {
        if let Values::Many(values) = self {
            values.reserve(more);
        }
    }

    /// Leaves none, and the memory for as many.
    pub fn clear(&mut self) {
        match self {
            Values::Many(values) => values.clear(),
            Values::One(_) => *self = Values::new(),
            Values::Shared(_) => {
                let shared = std::mem::take(self);
                if let Values::Shared(values) = shared
                    && let Ok(mut values) = Arc::try_unwrap(values)
                {
                    values.clear();
                    *self = Values::Many(values);
                }
            }
        }
    }

    /// Leaves so many.
    pub fn truncate(&mut self, len: usize) {
        match self {
            Values::Many(values) => values.truncate(len),
            Values::Shared(values) => Arc::make_mut(values).truncate(len),
            Values::One(_) if len == 0 => *self = Values::new(),
            Values::One(_) => {}
        }
    }

    /// The same value so many times.
    pub fn repeat(value: T, n: usize) -> Self {
        match n {
            1 => Values::One(value),
            n => Values::Many(vec![value; n]),
        }
    }
}

impl<T> Default for Values<T> {
    fn default() -> Self {
        Values::new()
    }
}

impl<T> Deref for Values<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Values::One(value) => std::slice::from_ref(value),
            Values::Many(values) => values,
            Values::Shared(values) => values,
        }
    }
}

impl<T: Clone> DerefMut for Values<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Values::One(value) => std::slice::from_mut(value),
            Values::Many(values) => values,
            Values::Shared(values) => Arc::make_mut(values).as_mut_slice(),
        }
    }
}

impl<T> From<Vec<T>> for Values<T> {
    fn from(values: Vec<T>) -> Self {
        Values::Many(values)
    }
}

impl<T> FromIterator<T> for Values<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        let mut values = values.into_iter();
        match values.size_hint() {
            (1, Some(1)) => values.next().map_or_else(Values::new, Values::One),
            _ => Values::Many(values.collect()),
        }
    }
}

impl<T: Clone> IntoIterator for Values<T> {
    type Item = T;
    type IntoIter = Chain<option::IntoIter<T>, vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, many) = match self {
            Values::One(value) => (Some(value), Vec::new()),
            Values::Many(values) => (None, values),
            Values::Shared(values) => (None, Arc::unwrap_or_clone(values)),
        };
        one.into_iter().chain(many)
    }
}

impl<'v, T> IntoIterator for &'v Values<T> {
    type Item = &'v T;
    type IntoIter = std::slice::Iter<'v, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: PartialEq> PartialEq for Values<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: fmt::Debug> fmt::Debug for Values<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_is_as_a_vector_of_one() {
        let mut one: Values<u8> = std::iter::once(7).collect();
        assert!(matches!(one, Values::One(7)));
        assert_eq!(one, Values::from(vec![7]));
        assert_eq!(format!("{one:?}"), "[7]");
        one.truncate(1);
        one.reserve(1);
        one.iter_mut().for_each(|value| *value += 1);
        one.push(9);
        assert_eq!(one.clone().into_iter().collect::<Vec<_>>(), [8, 9]);
        one.truncate(1);
        assert_eq!(one, Values::repeat(8, 1));
        let mut one = Values::One(1);
        one.truncate(0);
        assert!(one.is_empty());
        assert_eq!(Values::repeat(1, 2), Values::from(vec![1, 1]));
    }

    #[test]
    fn what_is_shared_changes_alone() {
        let all: Values<usize> = (0..100).collect();
        let mut one = all.clone().shared();
        assert!(matches!(one, Values::Shared(_)));
        let mut other = one.clone();
        other.push(100);
        one.truncate(99);
        one.iter_mut().for_each(|value| *value += 1);
        assert_eq!(other, (0..=100).collect());
        assert_eq!(one, (1..100).collect());
        let kept = one.clone();
        one.clear();
        one.push(7);
        assert_eq!((one, kept.into_iter().count()), (Values::One(7), 99));
        let mut alone = all.shared();
        alone.clear();
        assert!(alone.is_empty());
        assert!(matches!(Values::One(1).shared(), Values::One(1)));
    }
}
