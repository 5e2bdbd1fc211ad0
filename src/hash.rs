//! Maps that are asked for their values and never walked through: their order shows nowhere.

use std::collections::{HashMap, HashSet};

/// A map by hashing.
pub(crate) type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
/// A set by hashing.
pub(crate) type Set<K> = HashSet<K, foldhash::fast::RandomState>;
