//! Office files: what they lay over a pack, what is told of them, and every mistake in them at once.

use accordant::batch::{Options, Reviewer};
use accordant::pack::{Files, Office, Pack, Severity, Verification, apply_office, new_office};
use accordant::read::{self, File};
use accordant::report::text::Text;
use accordant::report::{missing, mistake};
use accordant::review::Review;

use super::{project, shipped};

fn files(texts: &[(&str, &str)]) -> Files {
    let file = |(path, text): &(&str, &str)| ((*path).to_owned(), text.as_bytes().to_vec());
    texts.iter().map(file).collect()
}

#[track_caller]
fn laid(texts: &[(&str, &str)]) -> Pack {
    match apply_office(shipped("alliance"), "office", &files(texts)) {
        Ok(pack) => pack,
        Err(refused) => panic!("{}", mistake::refused(&refused, false)),
    }
}

#[track_caller]
fn refused(texts: &[(&str, &str)]) -> String {
    let refused =
        apply_office(shipped("alliance"), "office", &files(texts)).expect_err("it has mistakes");
    mistake::refused(&refused, false)
}

fn office(pack: &Pack) -> &Office {
    pack.office.as_ref().expect("an office was laid over it")
}

/// The review of a plan under fixtures/defects, its plan.toml changed.
fn review(pack: &Pack, plan: &str, change: (&str, &str)) -> Review {
    let folder = project("fixtures/defects").join(plan);
    let read_one = |entry: std::fs::DirEntry| {
        let bytes = std::fs::read(entry.path()).expect("it is a file");
        let text = String::from_utf8(bytes).expect("it is UTF-8");
        File {
            path: format!("{plan}/{}", entry.file_name().to_string_lossy()),
            bytes: text.replace(change.0, change.1).into_bytes(),
        }
    };
    let files: Vec<File> = std::fs::read_dir(folder)
        .expect("it is a folder")
        .map(|entry| read_one(entry.expect("it can be read")))
        .collect();
    Reviewer::new(pack, Options::default()).review(&read::read_folder(&pack.schema, plan, &files))
}

fn text(pack: &Pack, review: &Review) -> String {
    Text {
        colour: false,
        currency: "USD",
        office: pack.office.as_ref(),
    }
    .review(review)
}

const READ: &str = "[verified.cgs-10-262u-g]\nby = \"A. Reader\"\non = 2026-09-01\ntext = \"chapter 172, revised to 2025\"\n";

#[test]
fn every_mistake_of_an_office_is_told_at_once() {
    let toml = r#"
titel = "Office of Example"
due_on = "2027-05-31"
resubmit_by = "in July"
years = { from = 2028, until = 2028 }
contact = { name = "Desk", email = "desk", fax = "none" }

[param.dollar_tolerance]
value = "five"

[param.small_count]
values = [{ from = 2027, value = "20" }, { from = 2028, value = "10" }]

[param.team_mentor_stipend]
value = "600.00"

[param.due_date]
value = "2027-05-31"

[reference.allocation]
csv = "district_code,fiscal_year\n"

[reference.designations]
file = "designated.csv"

[reference.focus_areas]
csv = """
slug,label,from
talent,Talent,soon
"""

[[received]]
district_code = "1630011"
plan_year = 2028
recieved_on = "2027-05-25"

[[received]]
district_code = "1630011"
received_on = "yesterday"

[verified.cgs-10-262u-g]
by = " "
on = "2026-13-01"

[verified.cgs-10-262u-z]
by = "A. Reader"
on = "2026-09-01"
text = "chapter 172"

[verified.cgs-10-262u-h]
by = "A. Reader"
on = "2026-09-01"
text = "chapter 172"
verification = "unconfirmed"
"#;
    let allocations = "district_code,district,fiscal_year,alliance,as_of,status,note
1630011,Windham,2028,a million,2027-02-01,preliminary,
1630011,Windham,2028,9900000,2027-02-01,preliminary,
1640011,Windsor,2028,600000,,early,
9990011,Nowhere,2028,1,,,
0020011,Windham,2028,1,,,
Windham,Windham,2028,1,,,
";
    let received = "district_code,plan_year,revision,received_on
1640011,2028,,2027-05-01
1640011,2028,,2027-05-02
1640011,2028,2,2027-06-02
1650011,2031,,2027-05-02
";
    insta::assert_snapshot!(refused(&[
        ("office.toml", toml),
        ("allocations.csv", allocations),
        ("received.csv", received),
        ("recieved.csv", received),
        ("more.toml", "years = { from = 2029 }\n"),
    ]));
}

#[test]
fn years_of_two_rows_do_not_overlap() {
    let designations = "district_code,from,until\n1630011,2026,2028\n";
    let told = refused(&[("office.toml", ""), ("designations.csv", designations)]);
    assert!(
        told.contains("the key `1630011` stands in alliance/data/designations.csv:98 already"),
        "{told}"
    );
}

#[test]
fn a_clause_that_was_read_lifts_the_cap_of_its_rule() {
    let rule = "expenditure-report-received";
    let plan = "team-mentor-stipend";
    let records =
        "[[received]]\ndistrict_code = \"1630011\"\nplan_year = 2027\nreceived_on = 2026-05-11\n";
    let recorded = laid(&[("office.toml", records)]);
    let before = review(&recorded, plan, ("", ""));
    let pack = laid(&[("office.toml", &format!("{READ}{records}"))]);
    let after = review(&pack, plan, ("", ""));
    let of = |review: &Review| {
        let finding = review
            .findings
            .iter()
            .find(|f| f.rule == rule)
            .expect("it is found");
        (
            finding.severity,
            finding.cites.first().expect("it cites").verification,
        )
    };
    assert_eq!(
        of(&before),
        (Severity::Condition, Verification::Unconfirmed)
    );
    assert_eq!(of(&after), (Severity::Return, Verification::TextRead));
    let text = text(&pack, &after);
    assert!(text.contains("(read by A. Reader on 2026-09-01)"), "{text}");
    assert!(
        text.contains("With the office file office (sha256:"),
        "{text}"
    );
}

#[test]
fn a_plan_that_goes_back_is_told_by_when_and_to_whom() {
    let contact = "resubmit_by = \"2028-03-01\"\ncontact = { name = \"Review desk\", email = \"desk@example.org\" }\n";
    let pack = laid(&[("office.toml", contact)]);
    let returned = text(&pack, &review(&pack, "budget-total-ties", ("", "")));
    let by = "Return for revision\nResubmit by 1 March 2028 to Review desk, desk@example.org.\n";
    assert!(returned.contains(by), "{returned}");
    let note = text(&pack, &review(&pack, "team-mentor-stipend", ("", "")));
    assert!(
        note.contains("\nQuestions: Review desk, desk@example.org.\n"),
        "{note}"
    );
}

#[test]
fn the_vintage_in_force_is_used_and_named() {
    let allocations = "district_code,fiscal_year,alliance,as_of,status
1630011,2027,8000000,2026-05-01,preliminary
1630011,2027,8100000,2026-04-01,preliminary
";
    let empty = ("office.toml", "");
    // The pack's own figure is final, and stays.
    let pack = laid(&[empty, ("allocations.csv", allocations)]);
    let plan = "budget-within-funds";
    let told = text(&pack, &review(&pack, plan, ("", "")));
    assert!(
        told.contains("lookup(allocations, plan.district_code, year).alliance is $9,659,546.00"),
        "{told}"
    );
    assert!(!told.contains("preliminary"), "{told}");
    // A later final figure takes its place.
    let with_final = format!("{allocations}1630011,2027,9000000,2026-06-15,final\n");
    let pack = laid(&[empty, ("allocations.csv", &with_final)]);
    let told = text(&pack, &review(&pack, plan, ("", "")));
    let figure = "lookup(allocations, plan.district_code, year).alliance is $9,000,000.00";
    assert!(told.contains(figure), "{told}");
    let vintage = "lookup(allocations, plan.district_code, year) is final, as of 2026-06-15 (office/allocations.csv:4)";
    assert!(told.contains(vintage), "{told}");
}

#[test]
fn what_a_revision_leaves_blank_stands_in_the_row_for_all() {
    let received = "district_code,plan_year,revision,received_on,approved_carryforward
1630011,2027,2,2026-06-01,
1630011,2027,3,2026-07-01,30000
1630011,2027,,2026-05-01,20000
";
    let pack = laid(&[("office.toml", ""), ("received.csv", received)]);
    let plan = "budget-within-funds";
    let cells = |revision: &str| {
        let change = (
            "district = ",
            &*format!("revision = {revision}\ndistrict = "),
        );
        let review = review(&pack, plan, change);
        let finding = review
            .findings
            .iter()
            .find(|f| f.rule == plan)
            .expect("it is found");
        let asked = |e: &&accordant::review::Evidence| e.expression.starts_with("assume(");
        let evidence = finding.evidence.iter().find(asked).expect("it is told");
        let from = evidence
            .cells
            .iter()
            .filter(|c| c.starts_with("office"))
            .cloned();
        (
            format!("{:?}", evidence.value),
            from.collect::<Vec<_>>().join(" "),
        )
    };
    let one = |value: &str, from: &str| (format!("Money({value})"), from.to_owned());
    assert_eq!(cells("1"), one("20000", "office/received.csv:4"));
    assert_eq!(cells("2"), one("20000", "office/received.csv:4"));
    assert_eq!(cells("3"), one("30000", "office/received.csv:3"));
}

#[test]
fn a_new_office_file_loads_and_lacks_what_a_person_must_fill_in() {
    for name in ["office-2028", "office-2028.toml"] {
        let written = new_office(&shipped("alliance"), 2028, name);
        assert_eq!(written, new_office(&shipped("alliance"), 2028, name));
        let pack = apply_office(shipped("alliance"), name, &written).expect("it loads");
        let lacking = pack.lacking(2028);
        assert!(!lacking.years && lacking.params.is_empty());
        let tables: Vec<_> = lacking
            .tables
            .iter()
            .map(|t| (&*t.name, t.districts.len()))
            .collect();
        assert_eq!(tables, [("designations", 36), ("allocations", 36)]);
        assert_eq!(office(&pack).warnings.len(), 3);
        assert!(!pack.covers(2028), "nobody is designated yet");
    }
}

#[test]
fn a_new_office_file_that_is_filled_in_covers_its_year() {
    let mut written = new_office(&shipped("alliance"), 2028, "office-2028");
    let mut fill = |path: &str, from: &str, to: &str| {
        let text = String::from_utf8(written.get(path).expect("it is written").clone())
            .expect("it is UTF-8");
        assert!(text.contains(from), "{text}");
        written.insert(path.to_owned(), text.replace(from, to).into_bytes());
    };
    fill("designations.csv", ",,,,,\n", ",2013,2012,2028,2032,\n");
    fill(
        "allocations.csv",
        "1630011,Windham,2028,,,,,,",
        "1630011,Windham,2028,34069717,9900000,,24169717,2027-02-01,preliminary",
    );
    fill(
        "office.toml",
        "# title = \"\"",
        "title = \"Office of Example\"",
    );
    let pack = apply_office(shipped("alliance"), "office-2028", &written).expect("it loads");
    assert!(pack.covers(2028));
    let lacking = pack.lacking(2028);
    let tables: Vec<_> = lacking
        .tables
        .iter()
        .map(|t| (&*t.name, t.districts.len()))
        .collect();
    assert_eq!(tables, [("allocations", 35)]);
}

#[test]
fn what_a_year_lacks_is_told_to_programs() {
    let pack = laid(&[
        ("office.toml", "years = { from = 2028 }\n"),
        (
            "designations.csv",
            "district_code,from\n1630011,2028\n1640011,2028\n",
        ),
        (
            "allocations.csv",
            "district_code,fiscal_year,alliance\n1630011,2028,9900000\n",
        ),
    ]);
    let json = missing::json(&pack, &pack.lacking(2028));
    let digest = json.lines().filter(|l| !l.contains("sha256:"));
    insta::assert_snapshot!("missing-json", digest.collect::<Vec<_>>().join("\n"));
}

/// The office file of fixtures/offices that sets every threshold.
fn strict() -> Pack {
    let toml = std::fs::read_to_string(project("fixtures/offices/strict.toml"));
    laid(&[("office.toml", &toml.expect("it is there"))])
}

#[track_caller]
fn found_by_the_office_alone(strict: &Pack, rule: &str, plan: &str, change: (&str, &str)) {
    let finds = |pack: &Pack| {
        let review = review(pack, plan, change);
        review.findings.iter().any(|f| f.rule == rule)
    };
    assert!(!finds(&shipped("alliance")), "{rule}: the pack finds it");
    assert!(finds(strict), "{rule}: the office does not find it");
}

#[test]
fn an_office_tightens_every_threshold() {
    let strict = strict();
    let same = ("", "");
    for (rule, plan, change) in [
        ("administration-share", "team-mentor-stipend", same),
        (
            "property-share",
            "magnet-tuition-permitted",
            (",560,Tuition,", ",734,Technology hardware,"),
        ),
        ("benefits-share", "team-mentor-stipend", same),
        (
            "questioned-items",
            "team-mentor-stipend",
            ("Literacy coach", "Travel of the literacy coach"),
        ),
        ("received-in-time", "team-mentor-stipend", same),
        ("line-described", "description-long-enough", same),
        (
            "description-long-enough",
            "team-mentor-stipend",
            (
                "TEAM mentor stipends for mentors of beginning teachers",
                "Stipends for TEAM mentors",
            ),
        ),
        (
            "funds-budgeted",
            "team-mentor-stipend",
            (
                "stated_carryforward = \"565320.00\"",
                "stated_carryforward = \"565420.00\"",
            ),
        ),
        (
            "budget-total-ties",
            "team-mentor-stipend",
            (
                "budget_total = \"10224866.00\"",
                "budget_total = \"10224866.50\"",
            ),
        ),
        (
            "baseline-as-published",
            "team-mentor-stipend",
            (",51.3,2024-25", ",51.4,2024-25"),
        ),
        ("smarter-balanced-used", "team-mentor-stipend", same),
        ("evaluation-plan-approved", "team-mentor-stipend", same),
        ("k3-curriculum-confirmed", "team-mentor-stipend", same),
        ("board-vote-before-receipt", "team-mentor-stipend", same),
    ] {
        found_by_the_office_alone(&strict, rule, plan, change);
    }
}

#[test]
fn the_strict_office_sets_what_the_pack_leaves_off() {
    let (pack, strict) = (shipped("alliance"), strict());
    for (param, set) in pack.params.iter().zip(&strict.params) {
        let off = param.policy
            && param
                .value_in(2027)
                .is_some_and(|v| v.value == accordant::value::Value::Null);
        let set = set.value_in(2027).is_some_and(|v| v.by_office);
        assert!(!off || set, "`{}` is off", param.name);
    }
}
