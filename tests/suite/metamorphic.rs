//! What must stay when something else changes: properties of whole reviews, which need no right answer to be known.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use accordant::batch::{Options, Reviewer};
use accordant::pack::{Files, Pack, load};
use accordant::report::json;
use accordant::review::{Evidence, Finding, Outcome, Review};
use accordant::value::{Decimal, Type, Value, parse_decimal, parse_figure, say};
use proptest::prelude::*;

use super::plans::{Place, Plan, edit, shuffle};
use super::{cases, pack_files, project, set_aside_files, shipped};

static ALLIANCE: LazyLock<Pack> = LazyLock::new(|| shipped("alliance"));

/// The plans of `fixtures/defects`, each with one defect.
static DEFECTS: LazyLock<Vec<Plan>> = LazyLock::new(|| {
    let mut names: Vec<String> = std::fs::read_dir(project("fixtures/defects"))
        .expect("it is a folder")
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| format!("defects/{}", entry.file_name().to_string_lossy()))
        .collect();
    names.sort();
    names.iter().map(|name| Plan::of_folder(name)).collect()
});

fn review(pack: &Pack, plan: &Plan) -> Review {
    Reviewer::new(pack, Options::default()).review(&plan.read(pack))
}

fn config(usual: u32) -> ProptestConfig {
    ProptestConfig {
        cases: cases(usual),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..ProptestConfig::default()
    }
}

// --- generated packs and plans

/// What an amount of money in a generated rule may read.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reads {
    /// Whatever there is.
    All,
    /// The same, but no filter that reads an amount.
    Steady,
    /// Sums of lines by their area, and the plan: nothing that tells one line from two.
    Sums,
    /// The same, added and subtracted alone: nothing that bounds could decide while a part is not known.
    Linear,
}

fn money(reads: Reads, line: bool) -> BoxedStrategy<String> {
    let mut leaves = vec![
        "sum(budget.amount)",
        "sum(budget[area = \"reading\"].amount)",
        "plan.award",
        "assume(plan.reserve, sum(budget.amount))",
        "param.least_award",
        "sum(areas.cap)",
    ];
    if matches!(reads, Reads::All | Reads::Steady) {
        leaves.extend(["max(budget.amount)", "min(budget[area = \"music\"].amount)"]);
    }
    if reads == Reads::All {
        leaves.push("sum(budget[amount > 100 * param.cent].amount)");
    }
    if line {
        leaves.extend([
            "line.amount",
            "lookup(areas, line.area).cap",
            "sum(budget[area = line.area].amount)",
        ]);
    }
    let leaf = prop::sample::select(leaves).prop_map(str::to_owned);
    leaf.prop_recursive(2, 6, 2, move |inner| {
        let (a, b) = (inner.clone(), inner.clone());
        let linear = prop_oneof![
            (a.clone(), b.clone()).prop_map(|(a, b)| format!("({a} + {b})")),
            (a.clone(), b.clone()).prop_map(|(a, b)| format!("({a} - {b})")),
            inner.prop_map(|a| format!("{a} * 10%")),
        ];
        if reads == Reads::Linear {
            return linear.boxed();
        }
        let choice = (a.clone(), b).prop_map(|(a, b)| format!("(if {a} > {b} then {a} else {b})"));
        prop_oneof![3 => linear, 1 => a.prop_map(|a| format!("abs({a})")), 1 => choice].boxed()
    })
    .boxed()
}

fn test(reads: Reads, line: bool) -> BoxedStrategy<String> {
    let compare = (
        money(reads, line),
        prop::sample::select(vec!["<=", "<", ">=", ">", "="]),
        money(reads, line),
    );
    let mut leaves = vec![
        compare
            .prop_map(|(a, op, b)| format!("{a} {op} {b}"))
            .boxed(),
        Just("plan.reserve != null".to_owned()).boxed(),
    ];
    if matches!(reads, Reads::All | Reads::Steady) {
        let quantified = (
            prop::sample::select(vec!["some", "every"]),
            prop::sample::select(vec!["budget", "budget[area = \"reading\"]"]),
            money(reads, line),
        );
        leaves.push(
            quantified
                .prop_map(|(q, list, m)| format!("({q} l in {list} satisfies l.amount <= {m})"))
                .boxed(),
        );
        leaves.push(
            Just("count(budget[area = \"music\"]) <= count(budget[area = \"reading\"])".to_owned())
                .boxed(),
        );
        leaves.push(Just("count(distinct values(budget.area)) = 2".to_owned()).boxed());
        leaves.push(Just("(every l in budget satisfies l.pupils >= count(budget) and l.amount >= plan.award)".to_owned()).boxed());
    }
    prop::strategy::Union::new(leaves)
        .prop_recursive(2, 4, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} and {b})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} or {b})")),
                inner.clone().prop_map(|a| format!("not({a})")),
            ]
        })
        .boxed()
}

/// Rules as lines of TOML: some over the whole plan, some over its lines.
fn rules(reads: Reads) -> impl Strategy<Value = Vec<String>> {
    let whole = test(reads, false).prop_map(|require| format!("require = '{require}'\n"));
    let each = (
        prop::sample::select(vec!["budget", "budget[area = \"music\"]"]),
        test(reads, true),
    )
        .prop_map(|(list, require)| format!("for = 'line in {list}'\nrequire = '{require}'\n"));
    prop::collection::vec(prop_oneof![2 => whole, 1 => each], 1..4)
}

/// The small pack with these rules alone, and every figure of money as many times as large.
fn pack_of(rules: &[String], times: u32) -> Pack {
    let mut files = set_aside_files();
    files.remove("rules/budget/reading-reserved.toml");
    let mut change = |path: &str, from: &str, to: &str| {
        let text = String::from_utf8(files[path].clone()).expect("it is text");
        assert!(text.contains(from), "{path}: {from}");
        files.insert(path.to_owned(), text.replace(from, to).into_bytes());
    };
    change(
        "schema.toml",
        "starts_on = { type = \"date\" }",
        "starts_on = { type = \"date\" }\nreserve = { type = \"money\" }",
    );
    change(
        "schema.toml",
        "label = { type = \"text\" } }",
        "label = { type = \"text\" }, cap = { type = \"money\" } }",
    );
    change(
        "sources.toml",
        "modality = \"shall\"",
        "modality = \"shall\"\nno_rule = \"its rules are generated\"",
    );
    let caps = format!(
        "slug,label,cap\nreading,Reading,{}\nmusic,Music,{}\n",
        300 * times,
        45 * times
    );
    files.insert("data/areas.csv".to_owned(), caps.into_bytes());
    let params = files.get_mut("params.toml").expect("it is there");
    for (name, cents) in [("least_award", 25_000), ("cent", 1)] {
        let value = Decimal::new(cents, 2) * Decimal::from(times);
        params.extend(format!("\n[{name}]\ntitle = \"x\"\ntype = \"money\"\nvalues = [{{ from = 2020, value = \"{value}\", source = \"handbook\" }}]\n").bytes());
    }
    for (n, rule) in rules.iter().enumerate() {
        let head = "code = \"X\"\ntitle = \"x\"\nbasis = \"data\"\ncites = [\"handbook\"]\nseverity = \"note\"\nmessage = \"x\"\n";
        files.insert(
            format!("rules/budget/rule-{n}.toml"),
            format!("{head}{rule}").into_bytes(),
        );
    }
    load("set-aside", &files).unwrap_or_else(|refused| panic!("{rules:?}: {refused:?}"))
}

/// A small plan: an award, perhaps a reserve, and lines of one area or the other.
fn small_plan() -> impl Strategy<Value = Plan> {
    let cents = || {
        prop_oneof![
            1_i64..100_000,
            prop::sample::select(vec![100, 25_000, 30_000, 4_500])
        ]
    };
    let line = (any::<bool>(), cents(), 0_u8..12);
    (
        cents(),
        prop::option::of(cents()),
        prop::collection::vec(line, 1..6),
    )
        .prop_map(|(award, reserve, lines)| {
            let text = |cents: i64| Decimal::new(cents, 2).to_string();
            let reserve = reserve.map(text).unwrap_or_default();
            let row = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
            let plan = vec![
                row(&["applicant", "fiscal_year", "award", "reserve"]),
                row(&["A", "2027", &text(award), &reserve]),
            ];
            let mut budget = vec![row(&["line_id", "area", "amount", "pupils"])];
            for (n, (reading, amount, pupils)) in lines.into_iter().enumerate() {
                let area = if reading { "reading" } else { "music" };
                budget.push(row(&[
                    &format!("L{n}"),
                    area,
                    &text(amount),
                    &pupils.to_string(),
                ]));
            }
            let tables = [("plan".to_owned(), plan), ("budget".to_owned(), budget)];
            Plan {
                path: "small".to_owned(),
                tables: tables.into(),
            }
        })
}

/// A plan that has a defect, changed in a few cells.
fn changed_plan(most: usize) -> impl Strategy<Value = Plan> {
    (
        any::<prop::sample::Index>(),
        prop::collection::vec(edit(), 0..=most),
    )
        .prop_map(|(at, edits)| {
            let mut plan = at.get(&DEFECTS).clone();
            for edit in edits {
                edit.apply(&mut plan, is_free);
            }
            plan
        })
}

/// What an edit may change without making it another plan: an id that is blank is the row's number, and a plan of no year or district is
/// judged by no rule.
fn is_free((table, _, field): &Place) -> bool {
    let field = field.as_deref().unwrap_or_default();
    !(field.ends_with("_id")
        || (table == "plan" && ["district_code", "district", "fiscal_year"].contains(&field)))
}

// --- order

/// The order of rule files, of input files and of plans, and the number of threads, change no byte.
#[test]
fn order_and_threads_change_no_byte() {
    let plans: Vec<&Plan> = DEFECTS.iter().step_by(9).collect();
    let files: Vec<_> = plans.iter().map(|plan| plan.files()).collect();
    let reviewer = Reviewer::new(
        &ALLIANCE,
        Options {
            expects_all: true,
            ..Options::default()
        },
    );
    let run = |threads: usize, seed: u64| {
        let sources: Vec<usize> = shuffle(plans.len(), seed);
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("it is made");
        let read = |at: &usize| {
            let mut found = Vec::new();
            for from in shuffle(files[*at].len(), seed) {
                found.push(files[*at][from].clone());
            }
            vec![accordant::read::read_folder(
                &ALLIANCE.schema,
                &plans[*at].path,
                &found,
            )]
        };
        json::write(&pool.install(|| reviewer.review_all(&sources, read)))
    };
    let first = run(1, 0);
    assert!(first.matches("\"rule\":").count() > 100);
    for (threads, seed) in [(2, 1), (8, 2), (8, 3)] {
        assert!(
            run(threads, seed) == first,
            "{threads} threads, order {seed}"
        );
    }
}

#[test]
fn the_order_of_rule_files_changes_no_byte() {
    let (mut one, mut other) = (Files::new(), Files::new());
    for (path, bytes) in pack_files("alliance") {
        let parts: Vec<&str> = path.split('/').collect();
        match parts.as_slice() {
            ["rules", _, name] => {
                let turned: String = name
                    .bytes()
                    .map(|b| char::from(b'a' + b'z' - b.clamp(b'a', b'z')))
                    .collect();
                one.insert(format!("rules/one/{name}"), bytes.clone());
                other.insert(format!("rules/{turned}/{name}"), bytes);
            }
            _ => {
                one.insert(path.clone(), bytes.clone());
                other.insert(path, bytes);
            }
        }
    }
    let told = |files: &Files| {
        let pack = load("alliance", files).expect("it loads");
        let reviewer = Reviewer::new(&pack, Options::default());
        let plans: Vec<&Plan> = DEFECTS.iter().step_by(14).collect();
        let batch = reviewer.review_all(&plans, |plan| vec![plan.read(&pack)]);
        json::write(&batch).replace(&pack.digest, "")
    };
    assert_eq!(told(&one), told(&other));
}

#[test]
fn the_order_of_arguments_changes_no_byte() {
    let run = |threads: &str, paths: [&str; 3]| {
        let output = Command::new(env!("CARGO_BIN_EXE_accordant"))
            .args(["review", "--format", "json"])
            .args(paths)
            .env("RAYON_NUM_THREADS", threads)
            .current_dir(project("fixtures/defects"))
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(1));
        output.stdout
    };
    let [a, b, c] = ["amount-positive", "plan-signed", "portion-exists"];
    let first = run("1", [a, b, c]);
    assert!(first.len() > 10_000);
    assert!(run("2", [c, a, b]) == first && run("8", [b, c, a]) == first);
}

/// A finding in words that do not depend on the order of rows, its places as `before` has them.
fn told(plan: &Plan, f: &Finding, before: &BTreeMap<(String, usize), usize>) -> String {
    let places = |places: &[String]| -> BTreeSet<Place> {
        let all = places.iter().flat_map(|place| plan.named(place));
        all.map(|(table, row, field)| {
            let row = row.map(|row| before.get(&(table.clone(), row)).copied().unwrap_or(row));
            (table, row, field)
        })
        .collect()
    };
    let evidence = |list: &[Evidence]| {
        let mut list: Vec<String> = list
            .iter()
            .map(|e| {
                format!(
                    "{} = {}, {:?}",
                    e.expression,
                    unordered(&e.value, &places),
                    places(&e.cells)
                )
            })
            .collect();
        list.sort();
        list.join("\n    ")
    };
    let mut words: Vec<&str> = f.message.split([' ', ',']).collect();
    words.sort_unstable();
    format!(
        "{} {:?} {:?} {:?}\n  {words:?}\n  {:?} {:?}\n    {}\n    {}\n  {:?}",
        f.rule,
        f.outcome,
        f.severity,
        f.subject.as_ref().map(|s| places(std::slice::from_ref(s))),
        f.gap.as_ref().map(|gap| (gap.value.normalize(), &gap.unit)),
        f.needs,
        evidence(&f.evidence),
        evidence(&f.assumptions),
        places(&f.missing)
    )
}

/// A value: lists by their items alone, rows by their places.
fn unordered(value: &Value, places: &dyn Fn(&[String]) -> BTreeSet<Place>) -> String {
    match value {
        Value::List(items) => {
            let mut items: Vec<String> = items.iter().map(|item| unordered(item, places)).collect();
            items.sort();
            format!("{items:?}")
        }
        Value::Row(place) => format!("{:?}", places(std::slice::from_ref(place))),
        other => say(other, "USD"),
    }
}

fn all_told(
    plan: &Plan,
    review: &Review,
    before: &BTreeMap<(String, usize), usize>,
) -> Vec<String> {
    let mut all: Vec<String> = review
        .findings
        .iter()
        .map(|f| told(plan, f, before))
        .collect();
    all.extend(
        review
            .rules
            .iter()
            .map(|r| format!("{} {:?}", r.rule, r.tally)),
    );
    for table in &review.tables {
        let words =
            |row: &Vec<(Value, String)>| row.iter().map(|(_, w)| w.clone()).collect::<Vec<_>>();
        all.extend(
            table
                .rows
                .iter()
                .map(|row| format!("{}: {:?}", table.id, words(row))),
        );
    }
    all.sort();
    all
}

fn assert_rows_move(pack: &Pack, plan: &Plan, seed: u64) -> Result<(), TestCaseError> {
    let (moved, before) = plan.shuffled(seed);
    let first = all_told(plan, &review(pack, plan), &BTreeMap::new());
    let second = all_told(&moved, &review(pack, &moved), &before);
    for (a, b) in first.iter().zip(&second) {
        prop_assert_eq!(a, b);
    }
    prop_assert_eq!(first.len(), second.len());
    Ok(())
}

#[test]
fn of_two_rows_with_one_measure_neither_is_taken_for_the_other() {
    let mut plan = DEFECTS[0].clone();
    let rows = plan.tables.get_mut("prior_targets").expect("it is there");
    let (header, first) = (rows[0].clone(), rows[1].clone());
    let column = |name: &str| header.iter().position(|h| h == name).expect("it is there");
    let mut second = first;
    second[column("target")] = "72.9".to_owned();
    second[column("actual")] = "72.7".to_owned();
    rows.push(second);
    for seed in 0..4 {
        assert_rows_move(&ALLIANCE, &plan, seed).expect("rows have no order");
    }
}

#[test]
fn the_order_of_rows_changes_their_numbers_alone() {
    proptest!(config(6), |(plan in changed_plan(4), seed in any::<u64>())| {
        assert_rows_move(&ALLIANCE, &plan, seed)?;
    });
    proptest!(config(150), |(rules in rules(Reads::All), plan in small_plan(), edits in prop::collection::vec(edit(), 0..3), seed in any::<u64>())| {
        let mut plan = plan;
        for edit in &edits {
            edit.apply(&mut plan, is_free);
        }
        assert_rows_move(&pack_of(&rules, 1), &plan, seed)?;
    });
}

// --- splitting a line

/// The plan with a line of its budget split in two that share the codes: a part of the amount in each, the rest in the first.
fn split(plan: &Plan, at: prop::sample::Index, share: u8) -> Plan {
    let mut plan = plan.clone();
    let rows = plan.tables.get_mut("budget").expect("it has one");
    let at = 1 + at.index(rows.len() - 1);
    let column = |name: &str| rows[0].iter().position(|n| n == name);
    let (id, amount) = (
        column("line_id").expect("it is there"),
        column("amount").expect("it is there"),
    );
    let rest: Vec<usize> = ["quantity", "unit_cost", "fte", "pupils"]
        .into_iter()
        .filter_map(column)
        .collect();
    let mut second = rows[at].clone();
    second[id].push_str("-b");
    for column in rest {
        second[column].clear();
    }
    if let Some(whole) = parse_decimal(&rows[at][amount]) {
        let part = (whole * Decimal::new(share.into(), 2))
            .round_dp_with_strategy(2, rust_decimal::RoundingStrategy::ToZero);
        rows[at][amount] = (whole - part).to_string();
        second[amount] = part.to_string();
    }
    rows.push(second);
    plan
}

/// What the rules over the whole plan say: how often each outcome, and by how much money each falls short.
fn of_whole_plan(pack: &Pack, review: &Review) -> Vec<String> {
    let whole = |id: &str| pack.rule(id).is_some_and(|r| r.subjects.is_none());
    let rules = review
        .rules
        .iter()
        .filter(|r| whole(&r.rule))
        .map(|r| format!("{}: {:?}", r.rule, r.tally));
    let findings = review.findings.iter().filter(|f| whole(&f.rule));
    let gaps = findings.filter_map(|f| {
        f.gap
            .as_ref()
            .filter(|g| g.unit == "USD")
            .map(|g| format!("{} {}", f.rule, g.value.normalize()))
    });
    rules.chain(gaps).collect()
}

#[test]
fn a_line_split_in_two_changes_no_rule_of_the_whole_plan() {
    let share = || (any::<prop::sample::Index>(), 1_u8..100);
    proptest!(config(6), |(plan in changed_plan(2), (at, share) in share())| {
        prop_assume!(plan.tables.contains_key("budget"));
        let before = of_whole_plan(&ALLIANCE, &review(&ALLIANCE, &plan));
        prop_assert_eq!(before, of_whole_plan(&ALLIANCE, &review(&ALLIANCE, &split(&plan, at, share))));
    });
    proptest!(config(150), |(rules in rules(Reads::Sums), plan in small_plan(), (at, share) in share())| {
        let pack = pack_of(&rules, 1);
        let before = of_whole_plan(&pack, &review(&pack, &plan));
        prop_assert_eq!(before, of_whole_plan(&pack, &review(&pack, &split(&plan, at, share))));
    });
}

// --- scaling money

fn scaled(text: &str, times: u32) -> String {
    match parse_figure(text) {
        Some((x, false)) if !text.is_empty() => (x * Decimal::from(times)).to_string(),
        _ => text.to_owned(),
    }
}

/// A plan with every amount of money so many times as large.
fn scaled_plan(pack: &Pack, plan: &Plan, times: u32) -> Plan {
    let mut plan = plan.clone();
    for (name, rows) in &mut plan.tables {
        let Some(table) = pack
            .schema
            .table(name)
            .and_then(|id| pack.schema.tables.get(id))
        else {
            continue;
        };
        let is_money = |field: &String| {
            table
                .field(field)
                .is_some_and(|f| table.fields[f].ty == Type::Money)
        };
        let columns: Vec<usize> = (0..rows[0].len())
            .filter(|c| is_money(&rows[0][*c]))
            .collect();
        for row in &mut rows[1..] {
            for column in &columns {
                row[*column] = scaled(&row[*column], times);
            }
        }
    }
    plan
}

/// The `alliance` pack with its money so many times as large: parameters and published figures.
fn scaled_alliance(times: u32) -> Pack {
    let mut files = pack_files("alliance");
    let text =
        |files: &Files, path: &str| String::from_utf8(files[path].clone()).expect("it is text");
    let mut params: toml::Table = text(&files, "params.toml").parse().expect("it is TOML");
    for (_, param) in params
        .iter_mut()
        .filter(|(_, p)| p["type"].as_str() == Some("money"))
    {
        for dated in param["values"].as_array_mut().expect("it is a list") {
            if let Some(value) = dated.get_mut("value").filter(|v| v.is_str()) {
                *value = toml::Value::String(scaled(value.as_str().unwrap_or_default(), times));
            }
        }
    }
    files.insert("params.toml".to_owned(), params.to_string().into_bytes());
    let schema: toml::Table = text(&files, "schema.toml").parse().expect("it is TOML");
    let mut found = 0;
    for (name, table) in schema["reference"].as_table().expect("it is a table") {
        let Some(path) = table.get("file").and_then(toml::Value::as_str) else {
            continue;
        };
        let table = &ALLIANCE.schema.tables[ALLIANCE.schema.table(name).expect("it has it")];
        let mut plan = Plan {
            path: String::new(),
            tables: BTreeMap::new(),
        };
        plan.tables.insert(
            table.name.clone(),
            super::plans::rows_of(&text(&files, path)),
        );
        let plan = scaled_plan(&ALLIANCE, &plan, times);
        found += usize::from(table.fields.iter().any(|f| f.ty == Type::Money));
        files.insert(
            path.to_owned(),
            super::plans::csv_of(&plan.tables[&table.name]).into_bytes(),
        );
    }
    assert!(found > 0, "some figures are published");
    load("alliance", &files).expect("it loads")
}

/// Outcomes and gaps, those in money so many times as large.
fn gaps(review: &Review, times: u32) -> Vec<String> {
    // It asks for whole cents, and ten times half a cent is one.
    let kept = |rule: &str| rule != "amount-positive";
    let rules = review
        .rules
        .iter()
        .filter(|r| kept(&r.rule))
        .map(|r| format!("{}: {:?}", r.rule, r.tally));
    let gap = |f: &Finding| {
        let gap = f.gap.as_ref()?;
        let times = if gap.unit == "USD" { times } else { 1 };
        Some((gap.value * Decimal::from(times)).normalize().to_string() + &gap.unit)
    };
    let findings = review
        .findings
        .iter()
        .filter(|f| kept(&f.rule))
        .map(|f| format!("{} {:?} {:?}", f.rule, f.subject, gap(f)));
    rules.chain(findings).collect()
}

#[test]
fn money_times_ten_makes_gaps_times_ten() {
    let ten = scaled_alliance(10);
    proptest!(config(6), |(plan in changed_plan(2))| {
        let before = gaps(&review(&ALLIANCE, &plan), 10);
        prop_assert_eq!(before, gaps(&review(&ten, &scaled_plan(&ten, &plan, 10)), 1));
    });
    proptest!(config(150), |(rules in rules(Reads::All), plan in small_plan(), times in prop::sample::select(vec![2, 10, 1000]))| {
        let (one, many) = (pack_of(&rules, 1), pack_of(&rules, times));
        let before = gaps(&review(&one, &plan), times);
        prop_assert_eq!(before, gaps(&review(&many, &scaled_plan(&many, &plan, times)), 1));
    });
}

// --- evidence

/// The cells that a finding's evidence and its gaps name.
fn named(plan: &Plan, f: &Finding) -> BTreeSet<Place> {
    let pieces = f
        .evidence
        .iter()
        .chain(&f.assumptions)
        .flat_map(|e| &e.cells);
    pieces
        .chain(&f.missing)
        .flat_map(|place| plan.named(place))
        .collect()
}

fn same_subject<'r>(review: &'r Review, f: &Finding) -> Option<&'r Finding> {
    review
        .findings
        .iter()
        .find(|g| g.rule == f.rule && g.subject == f.subject)
}

/// A piece that decides has its value from the cells that it names alone: where it still decides and still names the same cells, the value is the
/// same whatever else changed.
fn assert_pieces_keep(
    plan: &Plan,
    before: &Review,
    after: &Review,
    changed: &Place,
) -> Result<(), TestCaseError> {
    for f in &before.findings {
        let Some(g) = same_subject(after, f) else {
            continue;
        };
        for piece in f.evidence.iter().chain(&f.assumptions) {
            let cells: BTreeSet<Place> = piece.cells.iter().flat_map(|c| plan.named(c)).collect();
            let whole_row = (changed.0.clone(), changed.1, None);
            if cells.contains(changed) || cells.contains(&whole_row) {
                continue;
            }
            let same = |e: &&Evidence| e.expression == piece.expression && e.cells == piece.cells;
            for other in g.evidence.iter().chain(&g.assumptions).filter(same) {
                prop_assert_eq!(
                    &other.value,
                    &piece.value,
                    "{}: {} rests on {:?} alone, and {:?} changed",
                    f.rule,
                    piece.expression,
                    piece.cells,
                    changed
                );
            }
        }
    }
    Ok(())
}

#[test]
fn evidence_rests_on_the_cells_that_it_names_alone() {
    proptest!(config(10), |(plan in changed_plan(2), edit in edit())| {
        let mut other = plan.clone();
        let Some(changed) = edit.apply(&mut other, is_free) else { return Ok(()) };
        assert_pieces_keep(&plan, &review(&ALLIANCE, &plan), &review(&ALLIANCE, &other), &changed)?;
    });
    proptest!(config(200), |(rules in rules(Reads::All), plan in small_plan(), edit in edit())| {
        let pack = pack_of(&rules, 1);
        let mut other = plan.clone();
        let Some(changed) = edit.apply(&mut other, is_free) else { return Ok(()) };
        assert_pieces_keep(&plan, &review(&pack, &plan), &review(&pack, &other), &changed)?;
    });
}

/// A cell that no filter reads and that a failure does not name cannot save it.
#[test]
fn a_cell_that_is_not_named_saves_no_plan() {
    let figure = |place: &Place| {
        place
            .2
            .as_deref()
            .is_some_and(|f| ["amount", "award", "reserve", "pupils"].contains(&f))
    };
    proptest!(config(200), |(rules in rules(Reads::Steady), plan in small_plan(), edit in edit())| {
        let pack = pack_of(&rules, 1);
        let mut other = plan.clone();
        let Some(changed) = edit.apply(&mut other, figure) else { return Ok(()) };
        let (before, after) = (review(&pack, &plan), review(&pack, &other));
        for f in before.findings.iter().filter(|f| f.outcome == Outcome::Fail && !named(&plan, f).contains(&changed)) {
            let still = same_subject(&after, f).map(|g| g.outcome);
            prop_assert_eq!(still, Some(Outcome::Fail), "{}: {:?} changed, and {:?} decided", f.rule, changed, f.evidence);
        }
    });
}

/// The cells that a failure rests on. A test of several operands, such as `some`, names all that it looked at, and may be decided
/// without a cell of it: it is left out. So is what a filter of several tests looked at beside its rows, wherever it is named: a row
/// that one of them leaves out may be left out by the next.
fn decisive(plan: &Plan, f: &Finding) -> BTreeSet<Place> {
    let is_one = |e: &&Evidence| !matches!(e.value, Value::Bool(_)) || !e.expression.contains(' ');
    let is_filter = |e: &&Evidence| {
        let inside = e.expression.split_once('[').map(|(_, rest)| rest);
        matches!(e.value, Value::List(_)) && inside.is_some_and(|tests| tests.contains(" and "))
    };
    let named = |e: &Evidence| {
        let places: Vec<Place> = e.cells.iter().flat_map(|cell| plan.named(cell)).collect();
        places
    };
    let filters: BTreeSet<Place> = f
        .evidence
        .iter()
        .filter(is_filter)
        .flat_map(named)
        .collect();
    let cells = f.evidence.iter().filter(is_one).flat_map(named);
    cells.filter(|place| !filters.contains(place)).collect()
}

/// A cell that a failure rests on and that nobody can read leaves nothing as it was.
fn assert_named_cells_matter(
    pack: &Pack,
    plan: &Plan,
    at: prop::sample::Index,
) -> Result<(), TestCaseError> {
    let before = review(pack, plan);
    let failed: Vec<(&Finding, Place)> = before
        .findings
        .iter()
        .filter(|f| f.outcome == Outcome::Fail)
        .flat_map(|f| decisive(plan, f).into_iter().map(move |place| (f, place)))
        .collect();
    if failed.is_empty() {
        return Ok(());
    }
    let (f, place) = at.get(&failed);
    let mut other = plan.clone();
    let Some(cell) = other.cell(place) else {
        return Ok(());
    };
    "*".clone_into(cell);
    let after = review(pack, &other);
    if let Some(g) = same_subject(&after, f) {
        prop_assert!(
            (g.outcome, &g.evidence) != (f.outcome, &f.evidence),
            "{}: {:?} is named and cannot be read, and still {:?}",
            f.rule,
            place,
            g.evidence
        );
    }
    Ok(())
}

#[test]
fn a_named_cell_that_cannot_be_read_changes_the_finding() {
    proptest!(config(10), |(plan in changed_plan(2), at in any::<prop::sample::Index>())| {
        assert_named_cells_matter(&ALLIANCE, &plan, at)?;
    });
    proptest!(config(200), |(rules in rules(Reads::Linear), plan in small_plan(), at in any::<prop::sample::Index>())| {
        assert_named_cells_matter(&pack_of(&rules, 1), &plan, at)?;
    });
}

// --- the required figure

/// A failed comparison of one cell of money with a figure that does not rest on it: the cell, the word for the comparison, the figure as printed.
fn required<'f>(plan: &Plan, f: &'f Finding) -> Option<(Place, &'f str, &'f str)> {
    let [cell, figure, ..] = f.evidence.as_slice() else {
        return None;
    };
    let (Value::Money(_), [place]) = (&cell.value, cell.cells.as_slice()) else {
        return None;
    };
    let place = plan.named(place).pop_first()?;
    let is_cell = cell
        .expression
        .split_once('.')
        .is_some_and(|(_, field)| Some(field) == place.2.as_deref());
    let rests = |e: &Evidence| e.cells.iter().any(|c| plan.named(c).contains(&place));
    if !is_cell
        || f.evidence
            .iter()
            .filter(|e| e.expression == cell.expression)
            .count()
            > 1
        || rests(figure)
    {
        return None;
    }
    let (words, printed) = f.needs.as_ref()?.rsplit_once(' ')?;
    Some((place, words, printed))
}

/// Whether a plan with a figure typed in at a place still fails by the comparison that a finding tells of.
fn still_fails(pack: &Pack, plan: &Plan, f: &Finding, place: &Place, typed: &str) -> bool {
    let mut other = plan.clone();
    typed.clone_into(other.cell(place).expect("it is there"));
    let sides = |f: &Finding| {
        f.evidence
            .iter()
            .take(2)
            .map(|e| e.expression.clone())
            .collect::<Vec<_>>()
    };
    same_subject(&review(pack, &other), f).is_some_and(|g| sides(f) == sides(g))
}

fn assert_figure_passes(pack: &Pack, plan: &Plan) -> Result<usize, TestCaseError> {
    let mut tried = 0;
    for f in &review(pack, plan).findings {
        let Some((place, words, printed)) = required(plan, f) else {
            continue;
        };
        let (figure, _) = parse_figure(printed).expect("it is a figure");
        let cent = Decimal::new(1, 2);
        // The cent that is nearest to the limit and passes, and the next one, which does not.
        let (passes, fails) = match words {
            "less than" => (figure - cent, figure),
            "more than" => (figure + cent, figure),
            "at least" => (figure, figure - cent),
            _ => (figure, figure + cent),
        };
        for (typed, fails) in [(passes, false), (fails, true)] {
            if !typed.is_sign_negative() {
                let still = still_fails(pack, plan, f, &place, &typed.to_string());
                prop_assert_eq!(
                    still,
                    fails,
                    "{}: needs {} {}, {} typed in",
                    f.rule,
                    words,
                    printed,
                    typed
                );
                tried += 1;
            }
        }
        let shown = say(&f.evidence[1].value, "USD");
        if ["at most", "at least", "exactly"].contains(&words) && !shown.starts_with('-') {
            let still = still_fails(pack, plan, f, &place, &shown);
            prop_assert!(!still, "{}: {} is what a message prints", f.rule, shown);
        }
    }
    Ok(tried)
}

#[test]
fn the_required_figure_typed_in_passes() {
    let mut tried = 0;
    for plan in DEFECTS.iter() {
        tried +=
            assert_figure_passes(&ALLIANCE, plan).unwrap_or_else(|e| panic!("{}: {e}", plan.path));
    }
    assert!(tried > 0, "some rule compares a cell with a figure");
    let compare = |cell: &'static str| {
        (
            prop::sample::select(vec!["<=", "<", ">=", ">", "="]),
            money(Reads::Sums, false),
        )
            .prop_map(move |(op, figure)| format!("{cell} {op} {figure}"))
    };
    let rule = prop_oneof![
        compare("plan.award").prop_map(|test| format!("require = '{test}'\n")),
        compare("plan.reserve")
            .prop_map(|test| format!("when = 'plan.reserve != null'\nrequire = '{test}'\n")),
        compare("line.amount")
            .prop_map(|test| format!("for = 'line in budget'\nrequire = '{test}'\n")),
    ];
    proptest!(config(200), |(rules in prop::collection::vec(rule, 1..4), plan in small_plan())| {
        assert_figure_passes(&pack_of(&rules, 1), &plan)?;
    });
}
