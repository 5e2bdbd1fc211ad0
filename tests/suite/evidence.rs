//! What a finding rests on: the tests that decided, their cells, the gap, and what is missing, for every way a test can be written.

use std::fmt::Write as _;

use accordant::evaluate::{Evaluator, Settled};
use accordant::pack::{Files, InForce, Pack, load};
use accordant::review::{Evidence, Finding, Recommendation, Review, Undecided};
use accordant::submission::Submission;
use accordant::value::{Value, feel};

use super::{files_under, project, set_aside_files, submission, submission_of};

const PLAN: &str =
    "applicant = \"A\"\nfiscal_year = 2027\naward = \"1000.00\"\nstarts_on = 2026-07-01\n";
const BUDGET: &str = "line_id,area,amount,pupils\n1,reading,100.00,12\n2,music,250.00,*\n3,reading,,7\n4,music,50.00,30\n5,,75.00,\n";

/// The small pack with this instead of its rule's test and words.
fn with_rule(test: &str) -> Pack {
    with_test("set-aside", set_aside_files(), "act-1", test)
}

/// A pack of those files with one rule, which has this test and words and cites a clause.
fn with_test(id: &str, mut files: Files, clause: &str, test: &str) -> Pack {
    let (mut basis, mut words) = ("data", "message = \"no\"\n");
    if test.contains("message") {
        words = "";
    }
    if test.contains("question") {
        (basis, words) = ("judgement", "");
    }
    let rule = format!(
        "code = \"T\"\ntitle = \"A test\"\nbasis = \"{basis}\"\ncites = [\"{clause}\"]\nseverity = \"condition\"\n\
         effective = {{ from = 2021 }}\n{test}\n{words}"
    );
    files.retain(|path, _| !path.starts_with("rules/"));
    files.insert("rules/budget/a-test.toml".to_owned(), rule.into_bytes());
    load(id, &files).unwrap_or_else(|refused| {
        let mistakes = refused.mistakes.iter().map(|m| format!("\n{}", m.message));
        panic!("{test}{}", mistakes.collect::<String>())
    })
}

fn write_evidence(out: &mut String, heading: &str, evidence: &[Evidence]) {
    for one in evidence {
        let value = feel(&one.value);
        let _ = writeln!(
            out,
            "  {heading}: {} is {value}, of {}",
            one.expression,
            one.cells.join(" ")
        );
    }
}

fn write_finding(out: &mut String, finding: &Finding) {
    let (at, row) = (finding.subject.as_deref().unwrap_or("-"), finding.row);
    let _ = writeln!(
        out,
        "  {:?} {:?} at {at} {row:?}: {} | {}",
        finding.outcome, finding.severity, finding.message, finding.advice
    );
    if let Some(gap) = &finding.gap {
        let _ = writeln!(out, "  gap: {} {} {}", gap.value, gap.unit, gap.is_share);
    }
    if let Some(needs) = &finding.needs {
        let _ = writeln!(out, "  needs: {needs}");
    }
    write_evidence(out, "evidence", &finding.evidence);
    write_evidence(out, "assumed", &finding.assumptions);
    if !finding.missing.is_empty() {
        let _ = writeln!(out, "  missing: {}", finding.missing.join(" "));
    }
    for cell in &finding.cells {
        let gap = if cell.missing { " (a gap)" } else { "" };
        let _ = writeln!(
            out,
            "  cell: {} {}: {}{gap}",
            cell.row, cell.label, cell.written
        );
    }
    for row in &finding.rows {
        let cells = row
            .cells
            .iter()
            .map(|c| format!("{}={:?}", c.label, c.mark));
        let cells: Vec<_> = cells.collect();
        let _ = writeln!(
            out,
            "  row: {} {}: {}",
            row.table,
            row.place,
            cells.join(" ")
        );
    }
}

fn write_review(out: &mut String, review: &Review) {
    for rule in &review.rules {
        let tally = rule.tally;
        let _ = writeln!(
            out,
            "  {} pass, {} fail, {} unknown, {} not applicable",
            tally.pass, tally.fail, tally.unknown, tally.not_applicable
        );
        for judged in &rule.subjects {
            let _ = writeln!(
                out,
                "  {:?} {:?}: {:?}",
                judged.row, judged.line, judged.outcome
            );
        }
    }
    review.findings.iter().for_each(|f| write_finding(out, f));
    for one in &review.undecided {
        let _ = writeln!(out, "  owed by {}: {}", one.owed_by, one.message);
    }
}

/// What a review says of the budget by a rule with this test.
fn told(test: &str, budget: &str) -> String {
    let pack = with_rule(test);
    let plan = submission(&pack, PLAN, budget);
    told_of(test, &pack, &plan)
}

fn told_of(test: &str, pack: &Pack, plan: &Submission) -> String {
    let in_force = InForce::new(pack, 2027);
    let review = Evaluator::new(&in_force)
        .noting_subjects()
        .drawing_rows()
        .review(plan);
    let mut out = format!("{test}\n");
    write_review(&mut out, &review);
    out + "\n"
}

fn all_told(tests: &[&str], budget: &str) -> String {
    tests.iter().map(|test| told(test, budget)).collect()
}

#[test]
fn every_finding_tells_what_decided() {
    let tests = std::fs::read_to_string(project("tests/feel/evidence.txt")).expect("it is there");
    let tests: Vec<&str> = tests.split("\n\n").map(str::trim).collect();
    insta::assert_snapshot!("what-decided", all_told(&tests, BUDGET));
}

#[test]
fn cells_that_are_marked_or_stand_in_for_others_and_rows_that_are_owed_are_told() {
    let files = [
        (
            "plan.toml",
            "applicant = \"A\"\nfiscal_year = 2027\naward = \"1000.00\"\nmentors = 3\nvendor = \"n/a\"\nstage = \"late\"\n",
        ),
        (
            "budget.csv",
            "line_id,part,year,area,amount,fte,kind\n1,p1,,,100.00,n/a,staff\n2,p2,2026,music,250.00,2,other\n\
             3,p3,,sport,,1,\n4,p9,,,75.00,.,staff\n5,,2026,,50.00,,\n",
        ),
        ("parts.csv", "part,area\np1,reading\np2,music\np3,\n"),
    ];
    let tests = std::fs::read_to_string(project("tests/feel/owed.txt")).expect("it is there");
    let told = tests.split("\n\n").map(str::trim).map(|test| {
        let pack = files_under(&project("tests/packs/owed"));
        let pack = with_test("owed", pack, "handbook", test);
        told_of(test, &pack, &submission_of(&pack, &files))
    });
    insta::assert_snapshot!("marked-and-owed", told.collect::<String>());
}

/// A value with its bounds, where it is not known.
fn bounded(value: &Value) -> String {
    let bound = |bound: &Option<Box<Value>>| bound.as_ref().map_or("?".to_owned(), |v| feel(v));
    match value {
        Value::Unknown { min, max } => format!("{} to {}", bound(min), bound(max)),
        Value::List(items) => format!(
            "[{}]",
            items.iter().map(bounded).collect::<Vec<_>>().join(", ")
        ),
        Value::Money(x) => format!("{x} of money"),
        known => feel(known),
    }
}

#[test]
fn what_is_not_known_is_bounded() {
    let pack = with_rule(ENOUGH);
    let in_force = InForce::new(&pack, 2027);
    let plan = submission(&pack, PLAN, BUDGET);
    let expressions =
        std::fs::read_to_string(project("tests/feel/unknown.txt")).expect("it is there");
    let told = all_bounded(&in_force, &plan, expressions.lines());
    insta::assert_snapshot!("what-is-not-known", told);
}

/// What one expression gives.
fn given(in_force: &InForce<'_>, plan: &Submission, expression: &str) -> String {
    match accordant::expr::check(expression, &in_force.pack.scope()) {
        Ok((expr, _)) => bounded(&in_force.evaluate(&expr, plan)),
        Err(faults) => panic!("{expression}: {faults:?}"),
    }
}

/// Expressions, each with what it gives.
fn all_bounded<'e>(
    in_force: &InForce<'_>,
    plan: &Submission,
    expressions: impl Iterator<Item = &'e str>,
) -> String {
    expressions
        .map(|expression| {
            let value = given(in_force, plan, expression);
            [expression, "\n  ", &value, "\n"].concat()
        })
        .collect()
}

#[test]
fn a_table_of_one_row_and_one_without_rows_are_joined_as_any_is() {
    let pack = with_rule(ENOUGH);
    let in_force = InForce::new(&pack, 2027);
    let plan = |rows: &str| submission(&pack, PLAN, &format!("line_id,area,amount,pupils\n{rows}"));
    let one = "for n in [0, 1, 30] return count(budget[line_id = \"1\" and pupils > n])";
    assert_eq!(
        given(&in_force, &plan("1,music,10.00,12\n"), one),
        "[1, 1, 0]"
    );
    let none = "for a in areas return count(budget[area = a.slug])";
    assert_eq!(given(&in_force, &plan(""), none), "[? to ?, ? to ?]");
}

/// The small pack with two reference tables of dated rows, which take what they leave blank from the plan.
fn with_dated_tables() -> Pack {
    let mut files = set_aside_files();
    let schema = files.get_mut("schema.toml").expect("it is there");
    let mut text = String::from_utf8_lossy(schema).into_owned();
    text.truncate(text.find("[reference.areas]").expect("it is there"));
    for name in ["areas", "others"] {
        let _ = write!(
            text,
            "[reference.{name}]\nfile = \"data/areas.csv\"\nsource = \"handbook\"\nkey = [\"slug\"]\ncomplete = true\n\
             dated = [\"from\", \"until\"]\nfields = {{ slug = {{ type = \"text\", required = true }}, \
             label = {{ type = \"text\", else = \"plan.applicant\" }}, from = {{ type = \"year\" }}, until = {{ type = \"year\" }} }}\n"
        );
    }
    *schema = text.into_bytes();
    let areas = "slug,label,from,until\nmusic,Music,2020,2024\nmusic,,2025,\nreading,B,2020,\n";
    files.insert("data/areas.csv".to_owned(), areas.as_bytes().to_vec());
    with_test("set-aside", files, "act-1", ENOUGH)
}

#[test]
fn rows_that_are_not_in_force_are_joined_with_nothing() {
    let pack = with_dated_tables();
    let in_force = InForce::new(&pack, 2027);
    let plan = submission(&pack, PLAN, BUDGET);
    for table in ["areas", "others"] {
        let joined =
            format!("for x in [\"music\", \"music\", \"reading\"] return count({table}[slug = x])");
        assert_eq!(given(&in_force, &plan, &joined), "[1, 1, 1]", "{table}");
    }
}

#[test]
fn what_a_reference_table_takes_from_one_plan_is_not_kept_for_the_next() {
    let pack = with_dated_tables();
    let in_force = InForce::new(&pack, 2027);
    for (plan, count) in [
        (PLAN, "1"),
        (&PLAN.replace("\"A\"", "\"B\""), "2"),
        (PLAN, "1"),
    ] {
        let plan = submission(&pack, plan, BUDGET);
        let same = "count(areas[label = plan.applicant])";
        assert_eq!(given(&in_force, &plan, same), count);
    }
}

#[test]
fn cells_with_a_stand_in_and_cells_that_are_not_applicable_are_told() {
    let files = files_under(&project("tests/packs/twin"));
    let written = [
        ("plan.toml", PLAN),
        (
            "lines.csv",
            "line_id,party_id,branch,amount,size,order\n,a,,n/a,,\nx,b,,5.00,,7\ny,,,3000.00,4,\n",
        ),
        (
            "parties.csv",
            "party_id,weight,home\na,2,reading\nb,3,music\n",
        ),
    ];
    let tests = [
        "for = 'l in lines'\nrequire = 'l.branch = \"art\"'",
        "for = 'l in lines'\nrequire = 'l.amount > plan.award'",
    ];
    let told = tests.map(|test| {
        let pack = with_test("twin", files.clone(), "handbook", test);
        told_of(test, &pack, &submission_of(&pack, &written))
    });
    let expressions = [
        "lines.line_id",
        "lines.order",
        "lines.branch",
        "lines.size",
        "lines.amount",
        "sum(lines.amount)",
        "count(lines[amount > plan.award])",
        "for l in lines return is not applicable(l.amount)",
    ];
    let pack = with_test("twin", files, "handbook", tests[0]);
    let plan = submission_of(&pack, &written);
    let given = all_bounded(&InForce::new(&pack, 2027), &plan, expressions.into_iter());
    insta::assert_snapshot!("stand-ins", told.concat() + &given);
}

#[test]
fn a_table_that_is_not_there_is_told() {
    let empty = "line_id,area,amount,pupils\n";
    let tests = [
        "for = 'b in budget'\nrequire = 'b.amount > plan.award'\nadvice = \"More.\"",
        "for = 'b in budget[area = \"music\"]'\nrequire = 'b.amount > plan.award'",
        "require = 'sum(budget.amount) >= plan.award'",
        "require = 'count(budget) > 0'",
        "require = 'some b in budget satisfies b.amount = plan.award'",
    ];
    insta::assert_snapshot!("without-a-table", all_told(&tests, empty));
}

#[test]
fn a_small_count_is_told_nowhere() {
    let budget = "line_id,area,amount,pupils\n1,reading,100.00,3\n2,music,250.00,*\n";
    let tests = [
        "for = 'b in budget'\nrequire = 'b.pupils > 40'\nmessage = \"{b.pupils} pupils\"",
        "let = { few = 'budget[1].pupils' }\nrequire = 'count(budget) > 10'\nmessage = \"{few}, {budget[2].pupils}\"",
        "let = { few = 'budget[1].pupils + 40' }\nrequire = 'few > 100'\nmessage = \"{few}\"",
        "let = { few = 'budget[1].pupils', twice = 'few * 2' }\nrequire = 'count(budget) > 10'\nmessage = \"{twice}\"",
        "require = 'sum(budget[area = \"reading\"].pupils) > 100'\nmessage = \"{sum(budget.pupils)} and {sum(budget.amount)}\"",
    ];
    insta::assert_snapshot!("small-counts", all_told(&tests, budget));
}

#[test]
fn a_count_at_the_threshold_is_told() {
    let test = "for = 'b in budget'\nrequire = 'b.pupils > 40'\nmessage = \"{b.pupils} pupils\"";
    let told = |pupils: &str| {
        told(
            test,
            &format!("line_id,area,amount,pupils\n1,reading,100.00,{pupils}\n"),
        )
    };
    assert!(told("6").contains("6 pupils"));
    assert!(!told("5").contains("5 pupils"));
}

const ENOUGH: &str = "require = 'sum(budget.amount) >= plan.award'";

#[test]
fn what_is_settled_is_taken_as_it_was() {
    let pack = with_rule(ENOUGH);
    let in_force = InForce::new(&pack, 2027);
    let plan = submission(&pack, PLAN, "line_id,area,amount\n1,reading,10.00\n");
    let mut earlier = Evaluator::new(&in_force).review(&plan);
    let [finding] = &mut *earlier.findings else {
        panic!("{:#?}", earlier.findings)
    };
    finding.title = "settled".to_owned();
    let mut other = finding.clone();
    other.rule = "another".to_owned();
    earlier.findings.insert(0, other);
    earlier.rules[0].tally.pass = 7;
    let open = |rule: &str| Undecided {
        rule: rule.to_owned(),
        owed_by: "state".to_owned(),
        message: String::new(),
    };
    earlier.undecided = vec![open("another"), open(&earlier.rules[0].rule)];
    earlier.tables.clear();
    let rules = [earlier.rules[0].rule.to_string()].into();
    let review = |earlier: &Review, rules, tables| {
        let settled = Settled {
            review: earlier,
            rules,
            tables,
        };
        let review = Evaluator::new(&in_force).after(settled).review(&plan);
        let titles: Vec<_> = review.findings.iter().map(|f| f.title.clone()).collect();
        let undecided = review.undecided.iter().all(|u| u.rule != "another");
        (
            titles.join(", "),
            review.rules[0].tally.pass,
            review.tables.len(),
            undecided.then_some(review.undecided.len()),
        )
    };
    assert_eq!(
        review(&earlier, &rules, true),
        ("settled".to_owned(), 7, 0, Some(1))
    );
    assert_eq!(
        review(&earlier, &rules, false),
        ("settled".to_owned(), 7, 1, Some(1))
    );
    let none = std::collections::BTreeSet::new();
    assert_eq!(
        review(&earlier, &none, true),
        ("A test".to_owned(), 0, 0, Some(0))
    );
    // A review that broke off says less of its rules than it would have said.
    earlier
        .diagnostics
        .push(accordant::diagnostic::Diagnostic::fatal(
            "plan",
            "it broke off",
        ));
    assert_eq!(
        review(&earlier, &rules, true),
        ("A test".to_owned(), 0, 1, Some(0))
    );
}

#[test]
fn one_rule_is_judged_alone_as_among_all() {
    let pack = with_rule(ENOUGH);
    let rule = &pack.rules[0];
    let plan = submission(&pack, PLAN, "line_id,area,amount\n1,reading,10.00\n");
    let in_force = InForce::new(&pack, 2027);
    let evaluator = Evaluator::new(&in_force);
    let tally = evaluator.tally_of(&plan, rule).expect("it is in force");
    assert_eq!(
        (tally.pass, tally.fail, tally.unknown, tally.not_applicable),
        (0, 1, 0, 0)
    );
    let (tally, findings) = evaluator.judge_rule(&plan, rule).expect("it is in force");
    assert_eq!((tally.pass, tally.fail), (0, 1));
    assert_eq!(findings.len(), 1);
    let before = InForce::new(&pack, 2020);
    assert!(Evaluator::new(&before).tally_of(&plan, rule).is_none());
    assert!(Evaluator::new(&before).judge_rule(&plan, rule).is_none());
    assert_eq!(
        Evaluator::new(&before).review(&plan).recommendation,
        Some(Recommendation::Approve)
    );
}

#[test]
fn what_is_required_is_asked_of_few_rows_as_of_all() {
    let count = |test: &str| {
        let pack = with_rule(test);
        let rows = (1..=40).map(|n| format!("{n},reading,{n}.00,{}\n", 10 + n % 7));
        let plan = submission(
            &pack,
            PLAN,
            &format!("line_id,area,amount,pupils\n{}", rows.collect::<String>()),
        );
        let in_force = InForce::new(&pack, 2027);
        let review = Evaluator::new(&in_force).review(&plan);
        let told = review.findings.iter().map(|f| (f.row, f.message.clone()));
        (review.rules[0].tally, told.collect::<Vec<_>>())
    };
    for (when, require) in [
        ("line.pupils = 13", "line.amount <= plan.award * 1.5%"),
        ("line.pupils != 13", "line.amount <= plan.award * 1.5%"),
        (
            "line.pupils = 13",
            "line.amount * 300% <= sum(budget[pupils = line.pupils].amount)",
        ),
        (
            "line.amount > plan.award * 3% and line.pupils = 13",
            "some b in budget satisfies b.amount > line.amount",
        ),
        ("twice > plan.award * 7%", "twice <= plan.award * 7.5%"),
        ("line.amount > plan.award * 10%", "line.pupils = 11"),
    ] {
        let named = "for = 'line in budget'\nmessage = \"{line.amount}\"\n";
        let named = format!("let = {{ twice = 'line.amount * 200%' }}\n{named}");
        let guarded = count(&format!("{named}when = '{when}'\nrequire = '{require}'"));
        let whole = count(&format!("{named}require = 'not({when}) or ({require})'"));
        assert_eq!(guarded.1, whole.1, "{when}: {require}");
        assert_eq!(guarded.0.fail, whole.0.fail);
    }
}

#[test]
fn of_many_items_that_decide_the_first_are_told_and_all_as_one() {
    let test = "for = 'line in budget'\nrequire = 'not(some b in budget satisfies b.amount = line.amount and b.line_id != line.line_id)'";
    let pack = with_rule(test);
    let rows = |n: usize| {
        let rows = (1..=n).map(|n| format!("{n},reading,5.00,12\n"));
        format!("line_id,area,amount,pupils\n{}", rows.collect::<String>())
    };
    let in_force = InForce::new(&pack, 2027);
    let pieces = |n: usize| {
        let plan = submission(&pack, PLAN, &rows(n));
        let review = Evaluator::new(&in_force).review(&plan);
        assert_eq!(review.findings.len(), n);
        let last = review.findings.into_iter().next_back();
        last.map(|finding| finding.evidence).unwrap_or_default()
    };
    let own = 2;
    assert_eq!(pieces(20).len(), own + 2 * 19);
    assert_eq!(pieces(51).len(), own + 2 * 50);
    let many = pieces(200);
    assert_eq!(many.len(), own + 2 * 50 + 1);
    let all = many.last().expect("there is one");
    assert!(
        all.expression.starts_with("some b in budget"),
        "{}",
        all.expression
    );
    assert!(
        all.cells
            .contains(&"plan/budget.csv:2-201:amount".to_owned()),
        "{:?}",
        all.cells
    );
    // How far it falls short is that of the worst item, told or not.
    let pack = with_rule(
        "for = 'line in budget'\nrequire = 'every b in budget satisfies b.amount <= plan.award * 0.1%'",
    );
    let mut budget = rows(99);
    budget.push_str("100,reading,9.00,12\n");
    let plan = submission(&pack, PLAN, &budget);
    let review = Evaluator::new(&InForce::new(&pack, 2027)).review(&plan);
    let gap = review.findings[0]
        .gap
        .as_ref()
        .map(|gap| gap.value.normalize().to_string());
    assert_eq!(gap.as_deref(), Some("8"));
    assert_eq!(review.findings[0].evidence.len(), 50 + 2);
}

/// How often a rule with this test passes, fails, is unknown and is not applicable, where the first line has no count of pupils and
/// the plan no beginning.
fn tally_without(test: &str) -> [usize; 4] {
    let mut files = set_aside_files();
    let schema = files.get_mut("schema.toml").expect("it is there");
    let text = String::from_utf8(schema.clone()).expect("it is UTF-8");
    let text = text.replace("number\", min", "number\", not_applicable = true, min");
    let text = text.replace("date\" }", "date\", not_applicable = true }");
    *schema = text.into_bytes();
    let pack = with_test("set-aside", files, "act-1", test);
    let plan = submission(
        &pack,
        "applicant = \"A\"\nfiscal_year = 2027\naward = \"1000.00\"\nstarts_on = \"n/a\"\n",
        "line_id,area,amount,pupils\n1,reading,100.00,n/a\n2,music,250.00,12\n3,reading,50.00,7\n",
    );
    let in_force = InForce::new(&pack, 2027);
    let evaluator = Evaluator::new(&in_force);
    let tally = evaluator
        .tally_of(&plan, &pack.rules[0])
        .expect("it is in force");
    [tally.pass, tally.fail, tally.unknown, tally.not_applicable]
}

#[test]
fn a_cell_that_is_not_applicable_exempts_its_own_row_and_is_left_out_of_lists() {
    for (test, tally) in [
        (
            "for = 'b in budget'\nrequire = 'b.pupils > 5'",
            [2, 0, 0, 1],
        ),
        ("require = 'plan.starts_on.year = 2026'", [0, 0, 0, 1]),
        (
            "require = 'every b in budget satisfies b.pupils > 5'",
            [1, 0, 0, 0],
        ),
        ("require = 'count(budget[pupils > 5]) = 2'", [1, 0, 0, 0]),
        (
            "for = 'b in budget'\nrequire = 'every o in budget satisfies o.pupils > 5'",
            [3, 0, 0, 0],
        ),
    ] {
        assert_eq!(tally_without(test), tally, "{test}");
    }
}
