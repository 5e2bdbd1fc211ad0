//! The text report of each plan under fixtures/defects, one a rule.

use accordant::batch::{Options, Reviewer};
use accordant::pack::Severity;
use accordant::read::{self, File};
use accordant::report::text::Text;

use super::{project, set_aside, shipped, submission};

#[test]
fn each_defect_is_found_by_its_rule_alone() {
    let pack = shipped("alliance");
    let reviewer = Reviewer::new(&pack, Options::default());
    let mut folders: Vec<_> = std::fs::read_dir(project("fixtures/defects"))
        .expect("the fixtures are there")
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_dir())
        .collect();
    folders.sort_by_key(std::fs::DirEntry::file_name);
    assert!(folders.len() >= 30);
    for folder in folders {
        let rule = folder.file_name().to_string_lossy().into_owned();
        let mut files: Vec<File> = std::fs::read_dir(folder.path())
            .expect("it is a folder")
            .filter_map(Result::ok)
            .map(|e| File {
                path: format!("{rule}/{}", e.file_name().to_string_lossy()),
                bytes: std::fs::read(e.path()).expect("it is a file"),
            })
            .collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let review = reviewer.review(&read::read_folder(&pack.schema, &rule, &files));
        assert!(
            review.findings.iter().any(|f| f.rule == rule),
            "{rule} finds its defect"
        );
        let others = review
            .findings
            .iter()
            .filter(|f| f.severity > Severity::Note && f.rule != rule);
        let others: Vec<_> = others.map(|f| f.rule.as_str()).collect();
        // An object code that cannot be read leaves open whether the line repeats another, or is tuition, too.
        let known: &[&str] = if rule == "object-code-listed" {
            &["lines-not-repeated", "magnet-tuition-permitted"]
        } else {
            &[]
        };
        assert_eq!(others, known, "{rule}: nothing else above a note");
        insta::assert_snapshot!(
            rule.clone(),
            Text {
                colour: false,
                currency: "USD",
                office: None
            }
            .review(&review)
        );
    }
}

#[test]
fn small_counts_are_printed_nowhere() {
    let mut files = super::set_aside_files();
    let rule = r#"
code = "SA-2"
title = "No area has more than a pupil for each dollar"
basis = "data"
cites = ["handbook"]
severity = "note"
for = 'line in budget'
require = 'line.pupils <= sum(budget[line_id = line.line_id and pupils < 0].pupils)'
message = "line {line.line_id} has {line.pupils} pupils, twice that is {line.pupils + line.pupils}"
"#;
    files.insert(
        "rules/budget/few-pupils.toml".to_owned(),
        rule.as_bytes().to_vec(),
    );
    let pack = accordant::pack::load("set-aside", &files).expect("it loads");
    let plan = "applicant = \"A\"\nfiscal_year = 2027\naward = \"0\"\n";
    let one = submission(
        &pack,
        plan,
        "line_id,area,amount,pupils\n1,reading,10.00,4\n2,music,5.00,40\n",
    );
    let review = Reviewer::new(&pack, Options::default()).review(&one);
    let text = Text {
        colour: false,
        currency: "USD",
        office: None,
    }
    .review(&review);
    assert!(
        text.contains("line 1 has suppressed pupils, twice that is suppressed"),
        "{text}"
    );
    assert!(
        text.contains("line 2 has 40 pupils, twice that is 80"),
        "{text}"
    );
    let first = review.findings.first().expect("the small count is found");
    assert_eq!(first.gap, None);
    assert!(!format!("{first:?}").contains("Number(4)"), "{first:?}");
}

#[test]
fn a_required_figure_is_the_nearest_cent_that_passes() {
    let pack = set_aside();
    let plan = "applicant = \"A\"\nfiscal_year = 2027\naward = \"1234567.89\"\n";
    let short = submission(&pack, plan, "area,amount\nreading,123456.78\n");
    let review = Reviewer::new(&pack, Options::default()).review(&short);
    let finding = review.findings.first().expect("a cent short");
    assert_eq!(finding.needs.as_deref(), Some("at least $123,456.79"));
    let enough = submission(&pack, plan, "area,amount\nreading,123456.79\n");
    assert!(
        Reviewer::new(&pack, Options::default())
            .review(&enough)
            .findings
            .is_empty()
    );
}
