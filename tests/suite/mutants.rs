//! Small changes of the rules of the packs: a case notices each, or a reason says why none can.

use accordant::author::mutate::{self, Survivor};
use accordant::author::prepared;
use accordant::pack::{Pack, load};

use super::{set_aside_files, shipped};

#[track_caller]
fn nothing_goes_unnoticed(pack: &Pack) {
    let mutation = mutate::run(pack, prepared::all(pack), &[], false);
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

/// The small pack, with marks at the end of its rule; whether anything is left that nothing notices, and the stale marks.
fn marked(mutants: &[&str]) -> (Vec<String>, Vec<String>) {
    let mut files = set_aside_files();
    let rule = files
        .get_mut("rules/budget/reading-reserved.toml")
        .expect("it is there");
    for mutant in mutants {
        let mark = format!("\n[[equivalent]]\nmutant = '{mutant}'\nwhy = \"a test says so\"\n");
        rule.extend(mark.into_bytes());
    }
    let pack = load("set-aside", &files).expect("it loads");
    let mutation = mutate::run(&pack, prepared::all(&pack), &[], false);
    let left = mutation.all().flat_map(|m| &m.survivors);
    let stale = mutation.stale.iter().map(|[.., mutant]| mutant.clone());
    (left.map(Survivor::mutant).collect(), stale.collect())
}

#[test]
fn a_mark_takes_away_its_own_change_alone_and_a_stale_one_is_told() {
    const OWN: &str = "effective.from: 2020 → 2021";
    let (left, stale) = marked(&[]);
    assert!(left.iter().any(|m| m == OWN), "{left:?}");
    assert!(stale.is_empty(), "{stale:?}");
    let (fewer, stale) = marked(&[OWN, "effective.from: 2020 → 2031"]);
    assert_eq!(stale, ["effective.from: 2020 → 2031"]);
    let others: Vec<String> = left.into_iter().filter(|m| m != OWN).collect();
    assert_eq!(fewer, others);
}

/// The small pack, whose rule sums the areas of a list; the changes that nothing notices.
fn unnoticed_of(list: &str, params: &str) -> Vec<String> {
    let mut files = set_aside_files();
    let rule = files
        .get_mut("rules/budget/reading-reserved.toml")
        .expect("it is there");
    let text = String::from_utf8(rule.clone()).expect("it is UTF-8");
    let with_list = text.replace(
        "area = \"reading\"",
        &format!("list contains({list}, area)"),
    );
    *rule = with_list.into_bytes();
    let all_params = files.get_mut("params.toml").expect("it is there");
    all_params.extend(params.bytes());
    let pack = load("set-aside", &files).expect("it loads");
    let mutation = mutate::run(&pack, prepared::all(&pack), &[], false);
    let left = mutation.all().flat_map(|m| &m.survivors);
    left.map(Survivor::mutant).collect()
}

#[test]
fn a_word_of_a_list_is_left_out() {
    const PARAM: &str = "
[reserved_areas]
title = \"areas that count as reading\"
type = \"text list\"
values = [{ from = 2020, value = [\"reading\", \"music\"], source = \"handbook\" }]
";
    let left = unnoticed_of("[\"reading\", \"music\"]", "");
    let is_word = |m: &&String| m.contains("left out");
    let words: Vec<&String> = left.iter().filter(is_word).collect();
    assert_eq!(words, ["let reserved: \"music\" → left out"]);
    let left = unnoticed_of("param.reserved_areas", PARAM);
    let words: Vec<&String> = left.iter().filter(is_word).collect();
    assert_eq!(
        words,
        ["param.reserved_areas from 2020: \"music\" → left out"]
    );
}
