//! Reports that people and programs open: pages whose links lead somewhere and that load nothing, tables and logs that hold every finding.

use std::collections::BTreeMap;

use accordant::batch::{BatchReview, Options, Reviewer};
use accordant::read::{self, File};
use accordant::report::{csv, github, html, sarif, xlsx};
use calamine::Reader as _;

use super::{project, set_aside, shipped, submission};

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
        let open = result["kind"] == "open";
        assert_eq!(result["level"] == "none", open, "{result}");
        let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert!(!uri.as_str().expect("a text").contains([' ', '<']), "{uri}");
    }
}
