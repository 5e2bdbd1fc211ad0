//! Foreign forms: what is read of the files that imitate them is what was put in, and the plan written anew is the same plan.
#![expect(
    clippy::unwrap_used,
    reason = "a file of the test that is not as it should be fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use accordant::batch::{Options, Reviewer};
use accordant::intake::reading::Reading;
use accordant::pack::{Pack, load_embedded};
use accordant::read;
use accordant::report::intake;
use accordant::submission::Submission;
use accordant::table::{Data, State};
use accordant::value::{Decimal, plain};
use accordant::workbook::own;
use rust_xlsxwriter::{Format, Workbook, Worksheet};
use serde_json::Value;

fn pack() -> Pack {
    load_embedded("alliance").unwrap().unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/forms")
}

/// The submissions of a file of `fixtures/forms`.
fn take(pack: &Pack, path: &str) -> Vec<(Submission, Reading)> {
    let bytes = fs::read(folder().join(path)).unwrap();
    let name = path.rsplit('/').next().unwrap();
    let is_text = [".csv", ".txt"].iter().any(|ending| name.ends_with(ending));
    let taken = if is_text {
        pack.forms().read_text(name, &bytes).unwrap_or_default()
    } else {
        pack.forms().read_workbook(name, &bytes)
    };
    taken.plans
}

/// Every cell of a table with a value, by the names of the fields; amounts and numbers without trailing zeros.
fn rows(pack: &Pack, submission: &Submission, table: &str) -> Vec<BTreeMap<String, String>> {
    let id = pack.schema.table(table).unwrap();
    let (of, rows) = (&pack.schema.tables[id], &submission.tables[id]);
    let cell = |row: usize, field: usize| {
        let column = rows.columns[field].as_ref()?;
        let text = match (&column.data, column.state(row)) {
            (_, State::Blank) => return None,
            (Data::Texts(ids), State::Value) => submission.texts.get(ids[row]).to_owned(),
            (Data::Bools(bools), State::Value) => bools[row].to_string(),
            (Data::Nums(nums), State::Value) => match of.fields[field].ty {
                accordant::value::Type::Date => {
                    let days = i64::try_from(nums.get(row).mantissa()).unwrap();
                    accordant::value::from_days(days).unwrap().to_string()
                }
                _ => plain(nums.get(row)),
            },
            _ => "?".to_owned(),
        };
        Some((of.fields[field].name.clone(), text))
    };
    (0..rows.len())
        .map(|row| (0..of.fields.len()).filter_map(|f| cell(row, f)).collect())
        .collect()
}

fn facts() -> Vec<Value> {
    let text = fs::read_to_string(folder().join("facts.json")).unwrap();
    let facts: Value = serde_json::from_str(&text).unwrap();
    facts["files"].as_array().unwrap().clone()
}

fn said(value: &Value) -> String {
    match value {
        Value::String(text) => text
            .parse::<Decimal>()
            .ok()
            .filter(|_| text.contains('.'))
            .map_or_else(|| text.clone(), plain),
        other => other.to_string(),
    }
}

fn sums(lines: &[BTreeMap<String, String>], by: &str) -> BTreeMap<String, Decimal> {
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for line in lines {
        let key = line.get(by).cloned().unwrap_or_default();
        *sums.entry(key).or_default() += line["amount"].parse::<Decimal>().unwrap();
    }
    sums
}

fn wanted_sums(of: &Value) -> BTreeMap<String, Decimal> {
    let object = of.as_object().unwrap().iter();
    object
        .map(|(key, sum)| (key.clone(), sum.as_str().unwrap().parse().unwrap()))
        .collect()
}

#[test]
fn what_was_put_into_a_form_is_read_from_it() {
    let pack = pack();
    let mut compared = BTreeSet::new();
    for file in facts() {
        let plans = file["plans"].as_array().cloned().unwrap_or_default();
        let path = file["path"].as_str().unwrap();
        if plans.is_empty() {
            continue;
        }
        let taken = take(&pack, path);
        assert_eq!(taken.len(), plans.len(), "{path}");
        let form = taken[0].1.id.as_deref();
        let want = file["form"].as_str().unwrap();
        assert!(
            path.starts_with("mail/")
                || form == Some(want)
                || (want, form) == ("export", Some("grants-export")),
            "{path}: {form:?}"
        );
        for (submission, _) in &taken {
            compare(&pack, path, submission, &plans);
        }
        compared.insert(form.unwrap().to_owned());
    }
    let all: BTreeSet<String> = pack.forms().maps.iter().map(|f| f.id.clone()).collect();
    assert_eq!(compared, all);
}

fn compare(pack: &Pack, path: &str, submission: &Submission, plans: &[Value]) {
    let plan = &rows(pack, submission, "plan")[0];
    let revision = plan.get("revision").map_or("0", String::as_str);
    let is_this = |facts: &&Value| {
        let wanted = facts["revision"].as_i64().unwrap_or(0).to_string();
        facts["district_code"].as_str() == plan.get("district_code").map(String::as_str)
            && wanted == revision
    };
    let facts = plans.iter().find(is_this);
    let facts = facts.unwrap_or_else(|| panic!("{path}: no facts for {plan:?}"));
    for (field, value) in facts["plan"].as_object().unwrap() {
        // The district is kept as it is written, and the page's own total is checked where it stands.
        if field == "district" || field == "budget_total" {
            continue;
        }
        assert_eq!(plan.get(field), Some(&said(value)), "{path}: {field}");
    }
    let budget = rows(pack, submission, "budget");
    assert_eq!(
        sums(&budget, "funding_portion"),
        wanted_sums(&facts["money"]),
        "{path}"
    );
    assert_eq!(
        sums(&budget, "object_code"),
        wanted_sums(&facts["money_by_object"]),
        "{path}"
    );
    let count = |table: &str| rows(pack, submission, table).len();
    for (table, wanted) in facts["rows"].as_object().unwrap() {
        assert_eq!(
            Some(count(table) as u64),
            wanted.as_u64(),
            "{path}: {table}"
        );
    }
    let is_doubtful = |id: &String| id == "1.10" && path.contains("ANSONIA");
    let strategies = rows(pack, submission, "strategies");
    let ids: Vec<Option<&String>> = strategies.iter().map(|s| s.get("strategy_id")).collect();
    let wanted = facts["strategies"].as_array().cloned().unwrap_or_default();
    let wanted: Vec<String> = wanted.iter().map(said_id).collect();
    let unknown = "?".to_owned();
    // The plain number 1.1 behind 1.9 is doubted aloud, not mended.
    let wanted = wanted
        .iter()
        .map(|id| Some(if is_doubtful(id) { &unknown } else { id }));
    assert_eq!(ids, wanted.collect::<Vec<_>>(), "{path}");
}

fn said_id(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[test]
fn what_is_understood_is_told() {
    let pack = pack();
    let mut by_form: BTreeMap<String, String> = BTreeMap::new();
    for file in facts() {
        let path = file["path"].as_str().unwrap();
        let form = file["form"].as_str().unwrap_or("other");
        let is_book = [".xlsx", ".ods", ".csv", ".txt"]
            .iter()
            .any(|e| path.ends_with(e));
        if path.starts_with("mail/") || !is_book {
            continue;
        }
        for (submission, reading) in take(&pack, path) {
            let text = intake::text(&pack.schema, &submission, &reading);
            let all = by_form.entry(form.to_owned()).or_default();
            all.push_str(&text);
            all.push('\n');
        }
    }
    assert!(by_form.len() >= 5, "{:?}", by_form.keys());
    for (form, text) in by_form {
        insta::assert_snapshot!(format!("intake_{form}"), text);
    }
}

/// The counts of outcomes of a review by rule, in which no place stands.
fn outcomes(pack: &Pack, submission: &Submission) -> Vec<String> {
    let options = Options::default();
    let review = Reviewer::new(pack, options).review(submission);
    let rules = review.rules.iter();
    rules
        .map(|rule| format!("{rule:?}"))
        .chain([format!("{:?}", review.recommendation)])
        .collect()
}

#[test]
fn a_plan_that_is_written_anew_is_judged_alike() {
    let pack = pack();
    let mut compared = 0;
    for file in facts() {
        let path = file["path"].as_str().unwrap();
        let holds_plans = file["plans"].as_array().is_some_and(|p| !p.is_empty());
        if !holds_plans || path.starts_with("mail/") {
            continue;
        }
        for (submission, _) in take(&pack, path) {
            let want = outcomes(&pack, &submission);
            let files = own::folder(&pack.schema, &submission);
            let again = read::read_folder(&pack.schema, "again", &files);
            assert_eq!(outcomes(&pack, &again), want, "{path}");
            let book = own::workbook(&pack.schema, &submission).unwrap();
            let again = read::read_workbook(&pack.schema, "again.xlsx", &book);
            assert_eq!(outcomes(&pack, &again), want, "{path}");
            compared += 1;
        }
    }
    assert!(compared > 15);
}

/// A consolidated application of two strategies, with a budget as `fill` writes it below its header of one row.
fn application(fill: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut book = Workbook::new();
    let cover = [
        ("District", "Derby Public Schools"),
        ("Fiscal year", "2027"),
        ("Superintendent", "Dr. Casey Example"),
        ("Alliance District allocation", "$500"),
    ];
    let strategies = [("#", "Strategy"), ("1.1", "Coaching"), ("1.2", "Tutors")];
    for (name, rows) in [("Cover", &cover[..]), ("Strategies", &strategies)] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        for (row, (left, right)) in (0_u32..).zip(rows) {
            sheet.write_string(row, 0, *left).unwrap();
            sheet.write_string(row, 1, *right).unwrap();
        }
    }
    fill(&mut book);
    book.save_to_buffer().unwrap()
}

const LINES: [(&str, &str, &str, u32); 3] = [
    ("1.1", "111B", "Literacy coach", 100),
    ("1.1", "111B", "Mathematics coach", 200),
    ("1.2", "321", "Tutors after school", 40),
];

fn budget<'b>(
    book: &'b mut Workbook,
    name: &str,
    lines: &[(&str, &str, &str, u32)],
) -> &'b mut Worksheet {
    let sheet = book.add_worksheet().set_name(name).unwrap();
    let header = [
        "Strategy #",
        "ED114 code",
        "Description",
        "Alliance District",
        "PSD",
    ];
    for (column, words) in (0_u16..).zip(header) {
        sheet.write_string(0, column, words).unwrap();
    }
    for (row, (strategy, code, words, amount)) in (1_u32..).zip(lines) {
        sheet.write_string(row, 0, *strategy).unwrap();
        sheet.write_string(row, 1, *code).unwrap();
        sheet.write_string(row, 2, *words).unwrap();
        sheet.write_number(row, 3, *amount).unwrap();
    }
    sheet
}

/// What is read of a workbook that is one application: its budget's amounts, and what is told.
fn read_application(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let taken = shared_pack().forms().read_workbook("a.xlsx", bytes);
    let (submission, reading) = taken.plans.first().unwrap();
    assert_eq!(reading.id.as_deref(), Some("consolidated"));
    let lines = rows(shared_pack(), submission, "budget");
    let amount = |line: &BTreeMap<String, String>| line.get("amount").cloned().unwrap_or_default();
    let told = submission.diagnostics.iter();
    let told =
        told.filter(|d| !d.message.contains("is missing") && !d.message.starts_with("the code of"));
    (
        lines.iter().map(amount).collect(),
        told.map(|d| format!("{} {}", d.place, d.message)).collect(),
    )
}

#[test]
fn a_budget_that_stands_twice_is_counted_once() {
    let older = LINES.map(|(strategy, code, words, amount)| (strategy, code, words, amount + 1));
    let bytes = application(|book| {
        budget(book, "Budget", &LINES);
        budget(book, "Budget 2", &older);
    });
    let (amounts, told) = read_application(&bytes);
    assert_eq!(amounts, ["100", "200", "40"]);
    let wanted = [
        "a.xlsx!Budget 2!1 most of these lines stand on the sheet `Budget` already: they were not read; take one of the two away",
        "a.xlsx!Budget 2 the sheet `Budget 2` is not used",
    ];
    assert_eq!(told, wanted);
}

#[test]
fn a_budget_of_another_year_or_a_draft_is_not_counted() {
    let other = [("1.2", "321", "Tutors in summer", 7)];
    for name in ["Budget FY26", "Budget (old)", "Budget DRAFT"] {
        let bytes = application(|book| {
            budget(book, name, &other);
            budget(book, "Budget FY27", &LINES);
        });
        let (amounts, told) = read_application(&bytes);
        assert_eq!(amounts, ["100", "200", "40"], "{name}");
        assert!(
            told[0].ends_with("the sheet `Budget FY27` holds the same table: it was not read"),
            "{told:?}"
        );
    }
}

#[test]
fn a_row_of_sums_is_no_line() {
    for word in ["Alliance total", "Sum", "All strategies", ""] {
        let bytes = application(|book| {
            let sheet = budget(book, "Budget", &LINES);
            sheet.write_string(4, 2, word).unwrap();
            sheet.write_number(4, 3, 340).unwrap();
        });
        assert_eq!(read_application(&bytes).0, ["100", "200", "40"], "{word}");
    }
    let bytes = application(|book| {
        let sheet = budget(book, "Budget", &LINES);
        sheet.write_string(4, 2, "of which for grade 3").unwrap();
        sheet.write_number(4, 3, 30).unwrap();
    });
    assert_eq!(read_application(&bytes).0, ["100", "200", "40", "30"]);
}

#[test]
fn two_columns_of_one_name_are_not_chosen_between() {
    let bytes = application(|book| {
        let sheet = book.add_worksheet().set_name("Budget").unwrap();
        sheet
            .merge_range(0, 3, 0, 4, "FY 2025-26 approved", &Format::new())
            .unwrap();
        sheet
            .merge_range(0, 5, 0, 6, "FY 2026-27 requested", &Format::new())
            .unwrap();
        let header = [
            "Strategy #",
            "ED114 code",
            "Description",
            "Alliance",
            "PSD",
            "Alliance",
            "PSD",
        ];
        for (column, words) in (0_u16..).zip(header) {
            sheet.write_string(1, column, words).unwrap();
        }
        for (column, words) in (0_u16..).zip(["1.1", "111B", "Coach"]) {
            sheet.write_string(2, column, words).unwrap();
        }
        sheet.write_number(2, 3, 66).unwrap();
        sheet.write_number(2, 5, 100).unwrap();
    });
    let (amounts, told) = read_application(&bytes);
    assert_eq!(amounts, ["?"]);
    assert!(
        told.iter()
            .any(|t| t.contains("which counts cannot be told")),
        "{told:?}"
    );
}

#[test]
fn a_code_and_a_name_of_two_districts_are_told() {
    let pack = shared_pack();
    let plan = "district_code = \"1620011\"\ndistrict = \"Derby\"\nfiscal_year = 2027\n";
    let files = [read::File {
        path: "w/plan.toml".into(),
        bytes: plan.into(),
    }];
    let submission = read::read_folder(&pack.schema, "w", &files);
    let options = Options::default();
    let review = Reviewer::new(pack, options).review(&submission);
    let told = review
        .diagnostics
        .iter()
        .find(|d| d.message.contains("is Winchester"));
    assert_eq!(told.unwrap().place, "w/plan.toml:district_code");
    assert!(review.doubtful);
}

#[test]
fn a_hidden_budget_counts_where_no_other_is() {
    let other = [("1.2", "321", "Tutors in summer", 7)];
    let bytes = application(|book| {
        budget(book, "Draft", &other).set_hidden(true);
        budget(book, "Budget", &LINES);
    });
    assert_eq!(read_application(&bytes).0, ["100", "200", "40"]);
    let bytes = application(|book| {
        budget(book, "Draft", &other).set_hidden(true);
    });
    let (amounts, told) = read_application(&bytes);
    assert_eq!(amounts, ["7"]);
    assert_eq!(
        told,
        ["a.xlsx!Draft this sheet is hidden: it was read all the same"]
    );
}

#[test]
fn a_merged_figure_is_counted_in_its_first_row() {
    let bytes = application(|book| {
        let sheet = budget(book, "Budget", &LINES);
        sheet.merge_range(1, 3, 2, 3, "", &Format::new()).unwrap();
        sheet.write_number(1, 3, 300).unwrap();
    });
    let (amounts, told) = read_application(&bytes);
    assert_eq!(amounts, ["300", "?", "40"]);
    let wanted = "a.xlsx!Budget!D3 the cell is merged with one above: write each line's own figure";
    assert_eq!(told, [wanted]);
}

#[test]
fn what_is_almost_a_form_is_told_what_it_lacks() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Page 1").unwrap();
    for (column, words) in (0_u16..).zip(["CODES", "DESCRIPTIONS", "FY27 $"]) {
        sheet.write_string(7, column, words).unwrap();
    }
    let bytes = book.save_to_buffer().unwrap();
    let taken = shared_pack().forms().read_workbook("a.xlsx", &bytes);
    let told = &taken.plans.first().unwrap().0.diagnostics;
    assert_eq!(told.len(), 1, "{told:?}");
    let wanted = "row 8 of the sheet `Page 1` is most like the `ED114-style budget page`, which has `BUDGET` too";
    assert!(told[0].message.ends_with(wanted), "{}", told[0].message);
}

/// Words of every form, and what stands beside them in files that nobody designed.
fn words(pack: &Pack) -> Vec<String> {
    let mut words: Vec<String> = [
        "",
        "",
        "",
        "1.1",
        "1.9",
        "1.10",
        "111B",
        "Teachers (111B)",
        "$1,234.50",
        "-",
        "x",
        "☒ Yes ☐ No",
        "Total",
        "Subtotal 1.1",
        "Domain 1: Talent",
        "Step 1: priorities",
        "Derby Public Schools",
        "FISCAL YEAR 2027",
        "037",
        "2027",
        "12/31/2026",
        "#REF!",
        "GRANT TITLE: ALLIANCE DISTRICT   TOWN CODE: 037",
        "accordant template",
        "* a note of several words",
        "____",
        "é\u{a0}—",
    ]
    .map(str::to_owned)
    .to_vec();
    for block in pack.forms().maps.iter().flat_map(|form| &form.blocks) {
        let spread = block.unpivot.iter().flat_map(|u| &u.columns);
        let names = block
            .columns
            .iter()
            .chain(&block.labels)
            .flat_map(|s| &s.names);
        let names = names.chain(spread.flat_map(|(_, names)| names));
        words.extend(names.map(|name| name.lower.written.replace('*', "2027")));
    }
    words
}

/// The header, or a label with its value, of one of the blocks of one of the forms.
fn header(pack: &Pack, seed: usize) -> Vec<String> {
    let blocks: Vec<_> = pack
        .forms()
        .maps
        .iter()
        .flat_map(|form| &form.blocks)
        .collect();
    let block = blocks[seed % blocks.len()];
    let spread = block.unpivot.iter().flat_map(|u| &u.columns);
    let columns = block.columns.iter().map(|s| &s.names);
    let columns = columns.chain(spread.map(|(_, names)| names));
    let names = columns.map(|names| names[0].lower.written.clone());
    match block.labels.get(seed % 7) {
        Some(label) if block.columns.is_empty() => {
            vec![label.names[0].lower.written.clone(), "2027".to_owned()]
        }
        _ => names.collect(),
    }
}

/// Of merges, as row, column and how far they go down and right, those of several cells that no earlier one overlaps.
fn apart(merges: &[(u32, u16, u32, u16)]) -> Vec<(u32, u16, u32, u16)> {
    let mut kept: Vec<(u32, u16, u32, u16)> = Vec::new();
    for &(row, column, down, right) in merges {
        let overlaps = kept.iter().any(|&(r, c, d, b)| {
            row <= r + d && r <= row + down && column <= c + b && c <= column + right
        });
        if !overlaps && down + u32::from(right) > 0 {
            kept.push((row, column, down, right));
        }
    }
    kept
}

/// A workbook of these cells; some are numbers, some merged.
fn workbook(sheets: &[Vec<Vec<String>>], merges: &[(u32, u16, u32, u16)]) -> Vec<u8> {
    let mut book = Workbook::new();
    for (at, rows) in sheets.iter().enumerate() {
        let name = ["Budget", "Cover", "Sheet1"][at % 3];
        let sheet = book
            .add_worksheet()
            .set_name(format!("{name}{at}"))
            .unwrap();
        for &(row, column, down, right) in &apart(merges) {
            let format = Format::new();
            let (last_row, last_column) = (row + down, column + right);
            sheet
                .merge_range(row, column, last_row, last_column, "", &format)
                .unwrap();
        }
        for (r, row) in (0_u32..).zip(rows) {
            for (c, cell) in (0_u16..).zip(row) {
                match cell.parse::<i32>() {
                    Ok(number) => sheet.write_number(r, c, number).unwrap(),
                    Err(_) => sheet.write_string(r, c, cell).unwrap(),
                };
            }
        }
    }
    book.save_to_buffer().unwrap()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(
        std::env::var("ACCORDANT_CASES").ok().and_then(|n| n.parse::<u32>().ok()).map_or(40, |n| n / 20)
    ))]

    /// However odd a file, it is read to its end, and every cell that is read has a place.
    #[test]
    fn no_file_breaks_the_forms(
        seeds in proptest::collection::vec(
            proptest::collection::vec(proptest::collection::vec(0_usize..4000, 1..9), 1..14), 1..3),
        merges in proptest::collection::vec((0_u32..12, 0_u16..8, 0_u32..3, 0_u16..3), 0..4),
    ) {
        let pack = shared_pack();
        let words = words(pack);
        let cell = |seed: &usize| words[seed % words.len()].clone();
        let sheets: Vec<Vec<Vec<String>>> = seeds
            .iter()
            .map(|rows| {
                let row = |row: &Vec<usize>| match row.first() {
                    Some(seed) if seed % 3 == 0 => header(pack, seed / 3),
                    _ => row.iter().map(cell).collect(),
                };
                rows.iter().map(row).collect()
            })
            .collect();
        let line = |row: &Vec<String>| format!("\"{}\"\n", row.join("\",\""));
        let text: String = sheets.concat().iter().map(line).collect();
        let from_text = pack.forms().read_text("odd.csv", text.as_bytes()).unwrap_or_default();
        let from_book = pack.forms().read_workbook("odd.xlsx", &workbook(&sheets, &merges));
        for (submission, reading) in from_text.plans.iter().chain(&from_book.plans) {
            let told = intake::text(&pack.schema, submission, reading);
            proptest::prop_assert!(told.starts_with(&submission.path));
            for (table, rows) in pack.schema.submission_tables().iter().zip(&submission.tables) {
                for (row, field) in (0..rows.len()).flat_map(|r| (0..table.fields.len()).map(move |f| (r, f))) {
                    proptest::prop_assert!(rows.place(table, row, field).starts_with("odd."));
                }
            }
            let _ = outcomes(pack, submission);
        }
    }
}

fn shared_pack() -> &'static Pack {
    static PACK: std::sync::OnceLock<Pack> = std::sync::OnceLock::new();
    PACK.get_or_init(pack)
}
