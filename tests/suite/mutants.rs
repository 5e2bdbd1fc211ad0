//! Small changes of the rules of the packs: a case notices each, or a reason says why none can.

use accordant::author::mutate;
use accordant::pack::Pack;

use super::shipped;

#[track_caller]
fn nothing_goes_unnoticed(pack: &Pack) {
    let mutation = mutate::run(pack, &[], false);
    let all: usize = mutation.all().map(|m| m.killed).sum();
    assert!(all > pack.rules.len() * 5, "{}: {all} changes", pack.id);
    let left = mutation.all().flat_map(|m| {
        let mutants = m.survivors.iter();
        mutants.map(|s| format!("{}: {}", m.name, s.mutant()))
    });
    let left: Vec<String> = left.collect();
    assert!(left.is_empty(), "{}: {left:#?}", pack.id);
    assert!(
        mutation.stale.is_empty(),
        "{}: {:#?}",
        pack.id,
        mutation.stale
    );
}

#[test]
fn no_change_of_the_accord_goes_unnoticed() {
    nothing_goes_unnoticed(&shipped("resc-accord"));
}

#[test]
fn no_change_of_the_grant_goes_unnoticed() {
    nothing_goes_unnoticed(&shipped("alliance"));
}
