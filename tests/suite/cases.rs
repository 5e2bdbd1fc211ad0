//! The cases that stand in the rules of the packs.

use accordant::author::cases;

use super::{set_aside, shipped};

#[test]
fn every_case_of_every_pack_holds() {
    for pack in accordant::pack::embedded_ids()
        .map(shipped)
        .chain([set_aside()])
    {
        let results = cases::run(&pack);
        assert!(
            results.len() >= pack.rules.len() * 3,
            "{}: every rule has its cases",
            pack.id
        );
        let failed: Vec<_> = results.iter().filter(|r| !r.holds()).collect();
        assert!(failed.is_empty(), "{}: {failed:#?}", pack.id);
    }
}

#[test]
fn shipped_packs_load_without_a_warning() {
    for pack in accordant::pack::embedded_ids().map(shipped) {
        assert!(
            pack.warnings.is_empty(),
            "{}: {:#?}",
            pack.id,
            pack.warnings
        );
    }
}
