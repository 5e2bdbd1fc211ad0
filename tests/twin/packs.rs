//! What the properties share: the pack, how plans are read, and how many cases are tried.

use std::path::Path;
use std::sync::OnceLock;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{TestCaseError, TestError, TestRunner};

use super::generate::Plan;
use crate::pack::{Files, InForce, Pack, load};
use crate::read::{File, read_folder};
use crate::submission::Submission;

const YEAR: i64 = 2026;

/// The pack of these tests; `told`: with every figure that the state owes.
pub(crate) fn pack(told: bool) -> &'static Pack {
    static PACKS: [OnceLock<Pack>; 2] = [OnceLock::new(), OnceLock::new()];
    PACKS[usize::from(told)].get_or_init(|| {
        let mut files = pack_files();
        if told {
            for (path, from, to) in [
                ("schema.toml", "owed_by", "complete = true\nowed_by"),
                ("data/areas.csv", "*", "2"),
                ("data/rates.csv", "*", "25%"),
            ] {
                let file = files.get_mut(path).expect("it is there");
                *file = String::from_utf8_lossy(file).replace(from, to).into_bytes();
            }
        }
        load("twin", &files).expect("it loads")
    })
}

/// The same in the year of these tests.
pub(crate) fn in_force(told: bool) -> &'static InForce<'static> {
    static YEARS: [OnceLock<InForce<'static>>; 2] = [OnceLock::new(), OnceLock::new()];
    YEARS[usize::from(told)].get_or_init(|| InForce::new(pack(told), YEAR))
}

/// Its files, to which rules can be added.
pub(crate) fn pack_files() -> Files {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/twin");
    [
        "pack.toml",
        "schema.toml",
        "params.toml",
        "sources.toml",
        "data/areas.csv",
        "data/rates.csv",
    ]
    .map(|path| (path.to_owned(), std::fs::read(root.join(path)).expect(path)))
    .into_iter()
    .collect()
}

/// A plan as the readers read it.
pub(crate) fn read(pack: &Pack, plan: &Plan) -> Submission {
    let files = plan.files().into_iter().map(|(name, text)| File {
        path: format!("plan/{name}"),
        bytes: text.into_bytes(),
    });
    read_folder(&pack.schema, "plan", &files.collect::<Vec<_>>())
}

/// How many expressions or rules each property looks at: more by `ACCORDANT_CASES`.
pub(crate) fn cases() -> u32 {
    let told = std::env::var("ACCORDANT_CASES").ok();
    told.and_then(|n| n.parse().ok()).unwrap_or(1_000)
}

/// How many expressions are tried over one plan, which takes longer to read than they to evaluate; indexes that one of
/// them makes serve the next.
pub(crate) const A_PLAN: u16 = 5;

/// Tries a property on lists of choices; one that fails is made simpler, and told.
///
/// `a_case`: how many expressions or rules one list makes.
pub(crate) fn try_choices(
    a_case: u16,
    property: impl Fn(&[u16]) -> Result<(), TestCaseError>,
    tell: impl Fn(&[u16]) -> String,
) {
    let config = ProptestConfig {
        cases: cases().div_ceil(u32::from(a_case)),
        failure_persistence: None,
        max_shrink_iters: 5_000,
        ..ProptestConfig::default()
    };
    let numbers = prop::collection::vec(any::<u16>(), 0..300 * usize::from(a_case));
    match TestRunner::new(config).run(&numbers, |numbers| property(&numbers)) {
        Ok(()) => {}
        Err(TestError::Abort(why)) => panic!("{why}"),
        Err(TestError::Fail(why, numbers)) => panic!("{why}\n{}", tell(&numbers)),
    }
}

/// Some lists of choices, always the same.
pub(crate) fn some_choices(n: usize) -> Vec<Vec<u16>> {
    let mut runner = TestRunner::deterministic();
    let numbers = prop::collection::vec(any::<u16>(), 1_000..4_500);
    let one = |_| {
        numbers
            .new_tree(&mut runner)
            .expect("there is one")
            .current()
    };
    (0..n).map(one).collect()
}
