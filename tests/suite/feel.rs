//! Plain FEEL gives FEEL's answer, or is refused: the tables of `tests/feel`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::catch_unwind;

use accordant::expr;
use accordant::pack::{InForce, Pack};
use accordant::submission::Submission;
use accordant::value::feel;

use super::{project, set_aside, shipped};

/// Headings, each with its cases: an expression, and what is said of it.
type Table = BTreeMap<String, Vec<[String; 2]>>;

fn table(name: &str) -> Table {
    let path = project("tests/feel").join(name);
    let text = std::fs::read_to_string(&path).expect("it is there");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The answer in FEEL's notation, or every complaint.
fn answer(pack: &Pack, expression: &str) -> Result<String, String> {
    if let Some(subjects) = expression.strip_prefix("for each ") {
        let faults = expr::check_for(subjects, &pack.scope()).expect_err(subjects);
        return Err(faults.into_iter().map(|f| f.message).collect());
    }
    let (expr, _) = expr::check(expression, &pack.scope()).map_err(|faults| {
        let told = faults.iter().map(|f| format!("{} ({})", f.message, f.help));
        told.collect::<Vec<_>>().join("; ")
    })?;
    let nothing = Submission::empty(&pack.schema, "", str::to_owned);
    Ok(feel(&InForce::new(pack, 2027).evaluate(&expr, &nothing)))
}

/// Tells of every case that is not as it should be, all at once.
fn hold(name: &str, is_right: impl Fn(&Result<String, String>, &str) -> bool) {
    let pack = set_aside();
    let (mut wrong, mut all) = (String::new(), 0);
    for (heading, cases) in table(name) {
        for [expression, wanted] in cases {
            all += 1;
            let got = catch_unwind(|| answer(&pack, &expression))
                .unwrap_or_else(|_| Err("it panics".to_owned()));
            if !is_right(&got, &wanted) {
                let _ = writeln!(
                    wrong,
                    "{heading}: {expression}\n   wanted {wanted}\n   got {got:?}"
                );
            }
        }
    }
    assert!(wrong.is_empty(), "of {all} cases in {name}:\n{wrong}");
}

#[test]
fn plain_feel_gives_the_answer_of_feel() {
    hold("answers.toml", |got, wanted| got.as_deref() == Ok(wanted));
}

#[test]
fn the_answers_of_the_technology_compatibility_kit_are_ours() {
    hold("tck.toml", |got, wanted| got.as_deref() == Ok(wanted));
}

#[test]
fn what_is_not_taken_is_refused() {
    hold("refused.toml", |got, wanted| {
        got.as_ref().is_err_and(|told| told.contains(wanted))
    });
}

/// Every complaint about an expression, with what it underlines and what would be right.
fn complaints(expression: &str, scope: &expr::Scope<'_>) -> String {
    let faults = match expression.strip_prefix("for each ") {
        Some(subjects) => expr::check_for(subjects, scope).err(),
        None => expr::check(expression, scope).err(),
    };
    let mut out = format!("{expression:?}\n");
    for fault in faults.expect(expression) {
        let marked = expression
            .get(fault.span.clone())
            .unwrap_or("beyond the text");
        let _ = writeln!(out, "  {:?} {marked:?}: {}", fault.span, fault.message);
        if !fault.help.is_empty() {
            let _ = writeln!(out, "    {}", fault.help);
        }
    }
    out
}

#[test]
fn complaints_mark_what_is_wrong_and_say_what_would_be_right() {
    let pack = set_aside();
    let cases = table("refused.toml").into_values().flatten();
    let told: String = cases
        .filter(|[expression, _]| expression.len() < 200)
        .map(|[expression, _]| complaints(&expression, &pack.scope()))
        .collect();
    insta::assert_snapshot!("complaints-about-expressions", told);
}

#[test]
fn the_examples_of_the_manual_give_what_it_says() {
    let manual = std::fs::read_to_string(project("docs/language.md")).expect("it is there");
    let pack = shipped("alliance");
    let (mut examples, mut wrong) = (0, String::new());
    let mut in_table = false;
    for line in manual.lines() {
        let mut cells = line.split(" | ").map(|c| c.trim_matches(['|', ' ']));
        let (first, second) = (cells.next().unwrap_or(""), cells.next().unwrap_or(""));
        in_table =
            line.starts_with('|') && (in_table || (first, second) == ("expression", "answer"));
        if let (true, Some(expression)) = (in_table, first.strip_prefix('`')) {
            examples += 1;
            let got = answer(&pack, expression.trim_end_matches('`'));
            if got.as_deref() != Ok(second.trim_matches('`')) {
                let _ = writeln!(wrong, "{line}\n   got {got:?}");
            }
        }
    }
    assert!(examples > 80, "{examples} examples are found");
    assert!(wrong.is_empty(), "{wrong}");
}

/// The same on a thread with room: a build that is not optimised takes more stack than a test's thread has.
fn roomy(expression: &str) -> Result<String, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(1 << 24);
        let answering = thread.spawn_scoped(scope, || answer(&set_aside(), expression));
        answering.expect("it starts").join().expect("it ends")
    })
}

/// A long or deep expression is answered, or refused with the limit; and nothing is left that takes long to drop.
#[track_caller]
fn assert_bounded(expression: &str, wanted: &str) {
    let shown: String = expression.chars().take(60).collect();
    match roomy(expression) {
        Ok(got) => assert!(got.starts_with(wanted), "{shown}: {got:.60}"),
        Err(told) => assert!(told.contains(wanted), "{shown}: {told:.200}"),
    }
}

const FAR: usize = 100_000;
const DEEP: &str = "at most 200 levels";

#[test]
fn depth_is_refused_with_the_limit() {
    for (open, core, close) in [
        ("(", "1", ")"),
        ("-", "1", ""),
        ("- ", "null", ""),
        ("not(", "true", ")"),
        ("[", "1", "]"),
        ("abs(", "1", ")"),
        ("if true then 1 else ", "1", ""),
        ("if ", "true", " then true else false"),
        ("for x in [1] return ", "1", ""),
        ("some x in [true] satisfies ", "true", ""),
        ("1 in (", "1", ")"),
        ("1 in [", "1", "]"),
        ("[1][", "1", "]"),
        ("1 + (", "1", ")"),
    ] {
        let text = format!("{}{core}{}", open.repeat(FAR), close.repeat(FAR));
        assert_bounded(&text, DEEP);
        let unclosed = roomy(&open.repeat(FAR));
        assert!(unclosed.is_err(), "{open}: {unclosed:?}");
    }
    assert_bounded(&format!("[1]{}", "[1]".repeat(FAR)), DEEP);
    assert_bounded(&format!("plan{}", ".award".repeat(FAR)), DEEP);
}

#[test]
fn long_chains_are_refused_with_the_limit() {
    for (term, sign) in [
        ("1", " + "),
        ("1", " - "),
        ("1", " * "),
        ("1", " / "),
        ("true", " and "),
        ("false", " or "),
        ("\"a\"", " + "),
    ] {
        assert_bounded(&vec![term; FAR].join(sign), DEEP);
    }
}

#[test]
fn what_keeps_to_the_limits_is_answered() {
    let nested = |open: &str, core: &str, close: &str| {
        let depth = if open == "[" { 50 } else { 198 };
        format!("{}{core}{}", open.repeat(depth), close.repeat(depth))
    };
    assert_bounded(&nested("(", "1", ")"), "1");
    assert_bounded(&nested("not(", "true", ")"), "true");
    assert_bounded(&nested("[", "1", "]"), "[");
    assert_bounded(&nested("if false then 1 else ", "2", ""), "2");
    assert_bounded(&vec!["1"; 199].join(" + "), "199");
    assert_bounded(&vec!["false"; 199].join(" or "), "false");
    let many = vec!["1"; 30_000].join(", ");
    assert_bounded(&format!("count([{many}])"), "30000");
    assert_bounded(&format!("2 in ({many})"), "false");
    assert_bounded(&format!("2 in [{many}]"), "false");
}

#[test]
fn length_is_refused_with_the_limit() {
    let many = |item: &str| vec![item; FAR].join(", ");
    for text in [
        format!("[{}]", many("1")),
        format!("1 in ({})", many("1")),
        format!("1 in ({})", many("< 1")),
        format!("1 in [{}]", many("[1..2]")),
    ] {
        assert_bounded(&text, "at most 100000 parts");
    }
    assert_bounded(&format!("sum({})", many("1")), "too long");
    let many = vec!["1"; 40_000].join(", ");
    assert_bounded(&format!("[{many}][1] in ({many})"), "name it with `let`");
}

#[test]
fn a_value_that_is_asked_of_twice_does_not_double_at_every_level() {
    for test in ["between 0 and 2", "in (0, 2)", "in [0..2]"] {
        let mut text = "1".to_owned();
        for _ in 0..30 {
            text = format!("(if {text} {test} then 1 else 2)");
        }
        assert_bounded(&text, "name it with `let`");
    }
}
