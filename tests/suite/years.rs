//! The pack in other years than the last, and the state's own figures, recomputed in the expression language.

use accordant::batch::{Options, Reviewer};
use accordant::expr;
use accordant::pack::{Files, InForce, Pack, Severity, apply_office};
use accordant::read::{self, File};
use accordant::review::Review;
use accordant::value::feel;

use super::{project, shipped};

/// What an expression over the reference tables gives in a year, as FEEL writes it.
#[track_caller]
fn value(pack: &Pack, year: i64, expression: &str) -> String {
    let none = read::read_folder(&pack.schema, "plan", &[]);
    let (expr, _) = expr::check(expression, &pack.scope()).expect(expression);
    feel(&InForce::new(pack, year).evaluate(&expr, &none))
}

/// The review of a plan of a few cells.
fn small(pack: &Pack, year: i64, code: &str, more: &str, tables: &[(&str, &str)]) -> Review {
    let plan = format!("district_code = \"{code}\"\nfiscal_year = {year}\n{more}");
    let files: Vec<File> = std::iter::once(("plan.toml", plan.as_str()))
        .chain(tables.iter().copied())
        .map(|(name, text)| File {
            path: format!("plan/{name}"),
            bytes: text.as_bytes().to_vec(),
        })
        .collect();
    Reviewer::new(pack, Options::default()).review(&read::read_folder(&pack.schema, "plan", &files))
}

/// The review of a plan under fixtures, some of its plan.toml changed.
fn fixture(pack: &Pack, folder: &str, change: (&str, &str)) -> Review {
    let files: Vec<File> = std::fs::read_dir(project("fixtures").join(folder))
        .expect("it is a folder")
        .filter_map(Result::ok)
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).expect("it is a text");
            File {
                path: format!("plan/{}", entry.file_name().to_string_lossy()),
                bytes: text.replace(change.0, change.1).into_bytes(),
            }
        })
        .collect();
    Reviewer::new(pack, Options::default()).review(&read::read_folder(&pack.schema, "plan", &files))
}

/// How one rule came out for its subjects: pass, fail, unknown, not applicable. `None`: not in force.
fn tally(review: &Review, rule: &str) -> Option<[usize; 4]> {
    let found = review.rules.iter().find(|r| &*r.rule == rule)?;
    let tally = found.tally;
    Some([tally.pass, tally.fail, tally.unknown, tally.not_applicable])
}

/// Rules with findings above a note, in the order of the report.
fn above_note(review: &Review) -> Vec<&str> {
    let above = review
        .findings
        .iter()
        .filter(|f| f.severity > Severity::Note);
    above.map(|f| f.rule.as_str()).collect()
}

/// The points of a published row by its own rates, less the published points.
const DIFFERENCE: &str = "(sum(for f in accountability_points return sum(for r in indicators[district_code = a.district_code and school_year = a.school_year and metric = f.metric and value != null].value return max(0, min(1, (r - f.zero_at) / (f.full_at - f.zero_at))) * f.points * (if f.participation = null then 1 else max(participation_tiers[from_rate <= max(indicators[district_code = a.district_code and school_year = a.school_year and metric = f.participation].value)].factor)))) - a.total_points)";

#[test]
fn the_points_of_every_published_row_recompute() {
    let pack = shipped("alliance");
    assert_eq!(value(&pack, 2027, "count(accountability)"), "144");
    let agreeing = format!("count(for a in accountability return {DIFFERENCE})");
    assert_eq!(value(&pack, 2027, &agreeing), "144");
    let apart =
        format!("every a in accountability satisfies abs({DIFFERENCE}) <= param.points_tolerance");
    assert_eq!(value(&pack, 2027, &apart), "true");
    // The largest difference is of a rate that was published with three decimals.
    let largest = format!("max(for a in accountability return abs({DIFFERENCE})) < 0.06");
    assert_eq!(value(&pack, 2027, &largest), "true");
    let index = "every a in accountability satisfies abs(a.total_points / a.possible_points * 100 - a.accountability_index) <= 0.1";
    assert_eq!(value(&pack, 2027, index), "true");
}

#[test]
fn not_applicable_capped_and_tiered_indicators_are_among_the_rows() {
    let pack = shipped("alliance");
    for (what, expected, expression) in [
        (
            "Norwich, possible points",
            "1150.0",
            "lookup(accountability, \"1040011\", \"2024-25\").possible_points",
        ),
        (
            "Winchester, possible points",
            "950.0",
            "lookup(accountability, \"1620011\", \"2024-25\").possible_points",
        ),
        (
            "Norwich has no graduation",
            "true",
            "is not applicable(lookup(indicators, \"1040011\", \"2024-25\", \"grad_4yr_rate_pct_nextgen\").value)",
        ),
        // A rate beyond the one with all points earns no more than all.
        (
            "capped",
            "true",
            "count(for f in accountability_points[zero_at < full_at] return indicators[metric = f.metric and value > f.full_at]) > 0 and count(indicators[metric = \"arts_access_pct\" and value > 60]) > 0",
        ),
        (
            "beyond a hundred took part in the fitness test",
            "true",
            "count(indicators[metric = \"fitness_participation_pct\" and value > 100]) > 0",
        ),
        (
            "exactly seventy percent took part",
            "1",
            "count(indicators[metric = \"fitness_participation_pct\" and value = 70])",
        ),
        (
            "fewer than half took part",
            "1",
            "count(indicators[metric = \"fitness_participation_pct\" and value < 50 and value > 0 and school_year = \"2022-23\"])",
        ),
    ] {
        assert_eq!(value(&pack, 2027, expression), expected, "{what}");
    }
}

#[test]
fn the_rule_itself_passes_for_every_district_and_published_year() {
    let pack = shipped("alliance");
    let codes: Vec<String> = value(&pack, 2027, "for d in districts return d.district_code")
        .trim_matches(['[', ']'])
        .split(", ")
        .map(|code| code.trim_matches('"').to_owned())
        .collect();
    assert_eq!(codes.len(), 36);
    // The plans whose latest scores are those of 2018-19, 2022-23, 2023-24 and 2024-25.
    for year in [2021, 2025, 2026, 2027] {
        for code in &codes {
            let review = small(&pack, year, code, "", &[]);
            for rule in [
                "accountability-points-recompute",
                "accountability-index-recompute",
            ] {
                assert_eq!(
                    tally(&review, rule),
                    Some([1, 0, 0, 0]),
                    "{rule}, {code}, {year}"
                );
            }
        }
    }
}

#[test]
fn the_education_diversity_portion_is_a_tenth_of_an_earlier_increase_in_two_years() {
    let pack = shipped("alliance");
    for year in [2024, 2025] {
        let expected = "(lookup(allocations, a.district_code, 2021).ecs - lookup(allocations, a.district_code, 2020).ecs) * 10%";
        let agrees = format!(
            "every a in allocations[fiscal_year = year] satisfies a.diversity <= a.alliance + a.diversity and (if a.alliance + a.diversity > 0 and {expected} > 0 then abs(a.diversity - {expected}) <= param.dollar_tolerance else a.diversity = 0)"
        );
        assert_eq!(value(&pack, year, &agrees), "true", "{year}");
        let count = "count(allocations[fiscal_year = year and diversity > 0])";
        assert_eq!(value(&pack, year, count), "25", "{year}");
        let sum = "sum(allocations[fiscal_year = year].diversity)";
        assert_eq!(value(&pack, year, sum), "4281133", "{year}");
    }
    let elsewhere =
        "count(allocations[fiscal_year != 2024 and fiscal_year != 2025 and diversity != null])";
    assert_eq!(value(&pack, 2027, elsewhere), "0");
    let line = [(
        "budget.csv",
        "line_id,funding_portion,amount\n1,diversity,61024.00\n",
    )];
    for (year, fails) in [(2023, 1), (2024, 0), (2025, 0), (2026, 1)] {
        let review = small(&pack, year, "0020011", "", &line);
        assert_eq!(
            tally(&review, "portion-exists"),
            Some([1 - fails, fails, 0, 0]),
            "{year}"
        );
    }
}

#[test]
fn plans_of_past_years_have_nothing_above_a_note() {
    let pack = shipped("alliance");
    let mut plans = 0;
    for year in ["fy2013", "fy2018", "fy2024", "fy2025"] {
        let batch = format!("history/{year}");
        for entry in std::fs::read_dir(project("fixtures").join(&batch)).expect("it is there") {
            let plan = entry.expect("it can be read").file_name();
            let folder = format!("{batch}/{}", plan.to_string_lossy());
            let review = fixture(&pack, &folder, ("", ""));
            assert_eq!(above_note(&review), [""; 0], "{folder}");
            assert!(
                review.undecided.is_empty(),
                "{folder}: {:?}",
                review.undecided
            );
            // Whether a report came is a fact of the office, and there is none here.
            let open = |rule| tally(&review, rule).map_or(0, |[_, _, unknown, _]| unknown);
            // Questions are a person's to answer.
            let asked = [
                "data-use-strategic",
                "supplanting-answered",
                "costs-reasonable",
            ];
            let asked: usize = asked.into_iter().map(open).sum();
            let open = open("expenditure-report-recorded") + asked;
            assert_eq!(review.outcomes().unknown, open, "{folder}");
            plans += 1;
        }
    }
    assert_eq!(plans, 17);
}

#[test]
fn what_a_year_did_not_have_is_not_asked() {
    let pack = shipped("alliance");
    for (year, rule, asked) in [
        (2013, "expenditure-report-recorded", false),
        (2014, "expenditure-report-recorded", true),
        (2022, "residency-partner-named", false),
        (2023, "residency-partner-named", true),
        (2017, "smarter-balanced-used", false),
        (2018, "smarter-balanced-used", true),
        (2023, "frc-cost-reported", false),
        (2024, "frc-cost-reported", true),
    ] {
        let review = small(&pack, year, "1630011", "", &[]);
        let tally = tally(&review, rule);
        let in_force = tally.is_some_and(|[pass, fail, unknown, _]| pass + fail + unknown > 0);
        let no_subject = tally == Some([0; 4]);
        assert_eq!(in_force || no_subject, asked, "{rule} in {year}: {tally:?}");
    }
}

#[test]
fn each_year_has_its_own_designations() {
    let pack = shipped("alliance");
    // Windham from the first term on, Torrington from the second, Stratford from the third, West Hartford never.
    for (code, since) in [
        ("1630011", 2013),
        ("1430011", 2018),
        ("1380011", 2023),
        ("1550011", 9999),
    ] {
        for year in [2013, 2017, 2018, 2022, 2023, 2024, 2026, 2027] {
            let review = small(&pack, year, code, "", &[]);
            let expected = if year >= since {
                [1, 0, 0, 0]
            } else {
                [0, 1, 0, 0]
            };
            assert_eq!(
                tally(&review, "designated"),
                Some(expected),
                "{code} in {year}"
            );
        }
        let beyond = small(&pack, 2028, code, "", &[]);
        assert_eq!(beyond.recommendation, None, "{code}");
        for owed in ["designations", "allocations"] {
            assert!(beyond.wording.contains(owed), "{}", beyond.wording);
        }
    }
}

#[test]
fn a_focus_area_is_known_from_its_first_year_on() {
    let pack = shipped("alliance");
    let budget = "line_id,focus_area,amount\n1,family_resource_centers,100.00\n";
    for (year, known) in [(2017, false), (2023, false), (2024, true), (2027, true)] {
        let review = small(&pack, year, "1630011", "", &[("budget.csv", budget)]);
        let told = review
            .findings
            .iter()
            .any(|f| f.rule == "outside-focus-areas-explained");
        assert_eq!(told, !known, "{year}");
    }
}

#[test]
fn estimates_are_notes_and_closeouts_are_judged() {
    let pack = shipped("alliance");
    let balances = "prior_opening_balance = \"0\"\nprior_allocation = \"100000\"\nprior_expended = \"60000\"\nprior_closing_balance = \"40000\"\n";
    for (stage, figures, judged) in [
        ("submitted", "estimated", false),
        ("submitted", "to-date", false),
        ("submitted", "final", true),
        ("amendment", "estimated", false),
        ("closeout", "estimated", true),
        ("closeout", "final", true),
    ] {
        let more = format!("stage = \"{stage}\"\nprior_figures = \"{figures}\"\n{balances}");
        let review = small(&pack, 2027, "1630011", &more, &[]);
        let (fails, none) = (Some([0, 1, 0, 0]), Some([0, 0, 0, 1]));
        let (as_final, as_estimate) = if judged { (fails, none) } else { (none, fails) };
        assert_eq!(
            tally(&review, "unspent-balance-not-high"),
            as_final,
            "{stage}, {figures}"
        );
        assert_eq!(
            tally(&review, "unspent-estimate-not-high"),
            as_estimate,
            "{stage}, {figures}"
        );
    }
}

#[test]
fn an_amendment_is_compared_with_thresholds_that_the_office_sets() {
    let amendment = "history/fy2025/vernon";
    let pack = shipped("alliance");
    assert_eq!(above_note(&fixture(&pack, amendment, ("", ""))), [""; 0]);
    let office = r#"
[param.amendment_added_amount]
value = "100.00"
[param.amendment_dropped_amount]
value = "100.00"
[param.amendment_line_amount]
value = "1000.00"
[param.amendment_share]
value = "0.01%"
"#;
    let files: Files = [("office.toml".to_owned(), office.as_bytes().to_vec())]
        .into_iter()
        .collect();
    let strict = apply_office(pack, "office", &files).expect("it has no mistake");
    let review = fixture(&strict, amendment, ("", ""));
    assert_eq!(
        above_note(&review),
        [
            "added-lines-within-limit",
            "dropped-lines-within-limit",
            "line-changes-within-limit",
            "line-changes-within-limit",
            "moved-share-within-limit",
        ]
    );
    // Before it is an amendment there is nothing to compare.
    let submitted = fixture(
        &strict,
        amendment,
        ("stage = \"amendment\"", "stage = \"submitted\""),
    );
    assert_eq!(above_note(&submitted), [""; 0]);
}

#[test]
fn implementation_and_performance_are_shown_together() {
    let pack = shipped("alliance");
    let review = fixture(&pack, "defects/prior-result-as-published", ("", ""));
    for id in ["prior-year", "prior-targets"] {
        let table = review.tables.iter().find(|t| t.id == id).expect(id);
        let rows = table.rows.iter().map(|row| {
            let cells: Vec<&str> = row.iter().map(|(_, shown)| shown.as_str()).collect();
            cells.join(" | ")
        });
        let lines: Vec<String> = std::iter::once(table.columns.join(" | "))
            .chain(rows)
            .collect();
        insta::assert_snapshot!(format!("table_{id}"), lines.join("\n"));
    }
    let amended = fixture(&pack, "history/fy2025/vernon", ("", ""));
    let changed = amended
        .tables
        .iter()
        .find(|t| t.id == "changed-lines")
        .expect("it is shown");
    assert_eq!(changed.rows.len(), 3);
    let dropped = amended
        .tables
        .iter()
        .find(|t| t.id == "dropped-lines")
        .expect("it is shown");
    assert_eq!(dropped.rows.len(), 1);
}
