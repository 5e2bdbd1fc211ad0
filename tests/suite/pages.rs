//! Reports that people and programs open: pages whose links lead somewhere and that load nothing, tables and logs that hold every finding.

use std::collections::BTreeMap;

use accordant::batch::{BatchReview, Options, Reviewer};
use accordant::read::{self, File};
use accordant::report::{csv, github, html, sarif, xlsx};
use accordant::review::CellMark;
use calamine::Reader as _;

use super::{project, set_aside, set_aside_files, shipped, submission};

/// The review of some of the defective plans, under names that mean something to browsers and spreadsheets.
fn defects() -> BatchReview {
    let pack = shipped("alliance");
    let names = ["budget-within-funds", "amount-positive", "line-arithmetic"];
    let plans: Vec<_> = names
        .iter()
        .map(|name| {
            let folder = project("fixtures/defects").join(name);
            let mut files: Vec<File> = std::fs::read_dir(folder)
                .expect("the fixtures are there")
                .map(|entry| entry.expect("a file"))
                .map(|entry| File {
                    path: format!("{name} <b>&/{}", entry.file_name().to_string_lossy()),
                    bytes: std::fs::read(entry.path()).expect("it can be read"),
                })
                .collect();
            files.sort_by(|a, b| a.path.cmp(&b.path));
            read::read_folder(&pack.schema, &format!("{name} <b>&"), &files)
        })
        .collect();
    let options = Options {
        expects_all: true,
        draws_rows: true,
        ..Options::default()
    };
    Reviewer::new(&pack, options).review_all(&plans, |plan| vec![plan.clone()])
}

/// What stands in each attribute of a name.
fn attributes<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!(" {name}=\"");
    let all = text.split(begin.as_str()).skip(1);
    all.filter_map(|rest| rest.split('"').next()).collect()
}

fn pages(batch: &BatchReview) -> BTreeMap<String, String> {
    let stems: Vec<String> = batch.reviews.iter().map(|r| r.path.clone()).collect();
    let pages = html::pages(batch, &stems);
    let n = pages.len();
    let pages: BTreeMap<_, _> = pages.into_iter().map(|p| (p.name, p.text)).collect();
    assert_eq!(pages.len(), n, "each page has its own name");
    pages
}

/// The workbook of a batch, opened again.
fn open(batch: &BatchReview) -> calamine::Xlsx<std::io::Cursor<Vec<u8>>> {
    let bytes = xlsx::batch(batch).expect("it fits");
    calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).expect("a workbook")
}

#[test]
fn every_link_of_the_pages_leads_somewhere() {
    let batch = defects();
    let pages = pages(&batch);
    let rules = batch.reviews.iter().flat_map(|r| &r.rules);
    let rules: std::collections::BTreeSet<_> = rules.map(|r| &r.rule).collect();
    assert_eq!(pages.len(), 1 + batch.reviews.len() + rules.len());
    let mut followed = 0;
    for (name, text) in &pages {
        for link in attributes(text, "href") {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = file.strip_prefix("./").unwrap_or(file);
            let file = file.replace("%20", " ").replace("%3C", "<");
            let file = file.replace("%3E", ">").replace("%26", "&");
            let to = if file.is_empty() {
                text
            } else {
                pages.get(&file).unwrap_or_else(|| panic!("{name}: {link}"))
            };
            // A rule that passed has no finding to lead to.
            let leads = anchor.is_empty() || attributes(to, "id").contains(&anchor);
            assert!(leads || name.starts_with("rule-"), "{name}: {link}");
            followed += 1;
        }
    }
    assert!(followed > 500, "{followed}");
}

#[test]
fn pages_load_nothing_and_run_nothing_of_a_submission() {
    let batch = defects();
    for (name, text) in pages(&batch) {
        // The name of a language, which is not fetched.
        let text = text.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        for loads in [
            "src=", "url(", "@import", "<link", "<iframe", "http://", "<b>",
        ] {
            assert!(!text.contains(loads), "{name}: {loads}");
        }
        let scripts = text.matches("<script").count();
        assert_eq!(scripts, usize::from(name == "index.html"), "{name}");
        assert!(
            text.contains("lang=\"en\"") && text.contains("<title>"),
            "{name}"
        );
    }
}

#[test]
fn a_hostile_name_is_text_everywhere() {
    let pack = set_aside();
    let plan = "applicant = \"<script>alert(1)</script>\\\" onload=x\"\nfiscal_year = 2027\naward = \"100.00\"\n";
    let plan = submission(
        &pack,
        plan,
        "line_id,area,amount,pupils\n=1+1,reading,1.00,\n",
    );
    let batch = Reviewer::new(&pack, Options::default()).review_all(&[()], |()| vec![plan.clone()]);
    for (name, text) in pages(&batch) {
        assert!(!text.contains("<script>alert"), "{name}");
        assert!(!text.contains("\" onload"), "{name}");
    }
    let table = String::from_utf8(csv::batch(&batch)).expect("UTF-8");
    assert!(!table.contains(",=") && !table.contains("\n="), "{table}");
    let mut book = open(&batch);
    for name in book.sheet_names() {
        let formulas = book.worksheet_formula(&name).expect("a sheet");
        assert!(formulas.used_cells().next().is_none(), "{name}");
    }
}

/// The small pack with everything that a table of a page can have.
fn laid_out() -> accordant::pack::Pack {
    let mut files = set_aside_files();
    let text = files.get_mut("pack.toml").expect("a pack");
    let more = r#"
compare = ["Dollars"]
chart = { kind = "bars", columns = ["Dollars"] }

[summary.lines]
title = "Area by area"
layout = "cards"
for = 'a in areas'
columns = [["Area", 'a.label'], ["Dollars", 'sum(budget[area = a.slug].amount)'], ["Blank", 'null']]

[summary.lines.each.lines]
title = "Lines"
for = 'b in budget[area = a.slug]'
columns = [["Line", 'b.line_id'], ["Pupils", 'b.pupils'], ["Amount", 'b.amount']]
"#;
    text.extend_from_slice(more.as_bytes());
    accordant::pack::load("set-aside", &files).expect("it loads")
}

const PLAN: &str = "applicant = \"Lakeside\"\nfiscal_year = 2027\naward = \"100.00\"\n";
const BUDGET: &str =
    "line_id,area,amount,pupils\n1,reading,10.00,40\n2,reading,5.00,3\n3,music,,\n";

fn of_one(pack: &accordant::pack::Pack, options: Options) -> BatchReview {
    let plan = submission(pack, PLAN, BUDGET);
    Reviewer::new(pack, options).review_all(&[()], |()| vec![plan.clone()])
}

#[test]
fn a_small_page_is_as_it_was() {
    let pack = laid_out();
    let options = Options {
        draws_rows: true,
        ..Options::default()
    };
    let pages = pages(&of_one(&pack, options));
    let page = pages.get("plan.html").expect("a page");
    let (_, body) = page.split_once("<main").expect("a body");
    let body = body.replace("><", ">\n<").replace(&pack.digest, "DIGEST");
    insta::assert_snapshot!("small-page", body);
}

#[test]
fn what_is_drawn_holds_no_small_count_and_is_drawn_only_where_it_is_asked_for() {
    let pack = laid_out();
    let drawn = of_one(
        &pack,
        Options {
            draws_rows: true,
            public: true,
            ..Options::default()
        },
    );
    let lines = &drawn.reviews[0].tables[1];
    assert_eq!(lines.shown.cards.len(), lines.rows.len());
    let cards = lines.shown.cards.iter().flat_map(|card| &card.tables);
    let cells: Vec<&str> = cards
        .flat_map(|table| &table.rows)
        .filter_map(|row| row.get(1))
        .map(|(_, words)| words.as_str())
        .collect();
    assert!(
        cells.contains(&"40") && cells.contains(&"suppressed"),
        "{cells:?}"
    );
    let bare = of_one(&pack, Options::default());
    assert!(bare.reviews[0].tables[1].shown.cards.is_empty());
    assert!(bare.reviews[0].findings.iter().all(|f| f.rows.is_empty()));
    let table = csv::batch(&drawn);
    assert!(!String::from_utf8_lossy(&table).contains("return-for-revision"));
}

#[test]
fn whole_rows_stand_beside_findings_with_what_decides_marked() {
    let batch = defects();
    let find = |rule: &str| {
        let all = batch.reviews.iter().flat_map(|r| &r.findings);
        let mut of = all.filter(|f| f.rule == rule);
        of.next()
            .unwrap_or_else(|| panic!("{rule} finds something"))
    };
    let finding = find("amount-positive");
    let row = finding.rows.first().expect("a row");
    assert_eq!(Some(&row.place), finding.subject.as_ref());
    let marked: Vec<&str> = row
        .cells
        .iter()
        .filter(|cell| cell.mark != CellMark::None)
        .map(|cell| &*cell.label)
        .collect();
    assert!(marked.contains(&"Amount"), "{marked:?}");
    assert!(row.cells.len() > marked.len() + 3, "the row is whole");
    // Of the one row of the plan, which is as long as a form, only what decides is drawn.
    let finding = find("budget-within-funds");
    for row in finding.rows.iter().filter(|row| row.table == "Plan") {
        assert!(row.cells.iter().all(|cell| cell.mark != CellMark::None));
    }
}

#[test]
fn what_is_at_fault_everywhere_makes_no_endless_page() {
    let pack = shipped("alliance");
    let folder = project("fixtures/fy2027/windham");
    let mut files: Vec<File> = std::fs::read_dir(folder)
        .expect("the fixtures are there")
        .map(|entry| entry.expect("a file"))
        .map(|entry| File {
            path: format!("windham/{}", entry.file_name().to_string_lossy()),
            bytes: std::fs::read(entry.path()).expect("it can be read"),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let budget = files.iter_mut().find(|f| f.path.ends_with("budget.csv"));
    let budget = budget.expect("a budget");
    let text = String::from_utf8(budget.bytes.clone()).expect("a text");
    let (head, _) = text.split_once('\n').expect("a header");
    let line = |n: usize| {
        format!("{n},2026,9.9,nothing,999,,x,,general,,-1,3,-2.50,{n}.005,alliance,,,,new,none,,\n")
    };
    let lines: String = (1..=400).map(line).collect();
    budget.bytes = format!("{head}\n{lines}").into_bytes();
    let plan = read::read_folder(&pack.schema, "windham", &files);
    let options = Options {
        draws_rows: true,
        ..Options::default()
    };
    let batch = Reviewer::new(&pack, options).review_all(&[()], |()| vec![plan.clone()]);
    assert!(batch.reviews[0].findings.len() > 2_000);
    for (name, text) in pages(&batch) {
        assert!(text.len() < 2_000_000, "{name}: {}", text.len());
    }
}

#[test]
fn every_format_holds_every_finding() {
    let batch = defects();
    let findings: usize = batch.reviews.iter().map(|r| r.findings.len()).sum();
    let mistakes: usize = batch.reviews.iter().map(|r| r.diagnostics.len()).sum();
    assert!(findings > 3);
    let table = csv::batch(&batch);
    let table = table.strip_prefix("\u{feff}".as_bytes()).expect("a mark");
    let mut reader = ::csv::Reader::from_reader(table);
    let head = reader.headers().expect("a header").clone();
    let kind = head.iter().position(|h| h == "kind").expect("a kind");
    let rows: Vec<_> = reader.records().map(|r| r.expect("a row")).collect();
    let of = |what: &str| rows.iter().filter(|r| r.get(kind) == Some(what)).count();
    assert_eq!(of("finding"), findings);
    assert_eq!(of("not-received"), batch.not_received.len());
    let mut book = open(&batch);
    let sheet = book.worksheet_range("Findings").expect("a sheet");
    assert_eq!(sheet.height(), 1 + findings + mistakes);
    assert_eq!(book.sheet_names().len(), 3 + batch.reviews.len());
    let annotations = github::batch(&batch);
    let all = findings + mistakes + batch.diagnostics.len();
    assert_eq!(annotations.lines().count(), all);
    assert!(annotations.lines().all(|l| l.starts_with("::")));
}

#[test]
fn logs_for_code_scanners_fit_the_official_schema() {
    let batch = defects();
    let text = sarif::batch(&batch);
    let log: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let schema = std::fs::read_to_string(project("tests/schemas/sarif-2.1.0.json"));
    // One of its patterns has a bracket too many, which is no regular expression.
    let schema = schema.expect("it is there").replace("{2}]?$\"", "{2}$\"");
    let schema = serde_json::from_str(&schema).expect("it is JSON");
    let validator = jsonschema::draft7::new(&schema).expect("it is a schema");
    let mistakes: Vec<String> = validator.iter_errors(&log).map(|m| m.to_string()).collect();
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let of_reviews = batch.reviews.iter();
    let all: usize = of_reviews
        .map(|r| r.findings.len() + r.diagnostics.len())
        .sum();
    assert_eq!(results.len(), all + batch.diagnostics.len());
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array();
    let rules = rules.expect("rules");
    for result in results {
        let number = result["ruleIndex"].as_u64().expect("a number");
        let number = usize::try_from(number).expect("a small one");
        assert_eq!(rules[number]["id"], result["ruleId"]);
        let open = result["kind"] == "open" || result["kind"] == "review";
        assert_eq!(result["level"] == "none", open, "{result}");
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert!(!uri.as_str().expect("a text").contains([' ', '<']), "{uri}");
    }
}
