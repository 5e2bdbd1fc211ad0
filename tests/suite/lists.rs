//! Lists that change over the years: what a name or a code is in the plan's own year, and what others owe.

use accordant::batch::{BatchReview, Options, Reviewer};
use accordant::diagnostic::Weight;
use accordant::pack::{Pack, load};
use accordant::report::text::Text;
use accordant::submission::Submission;

use super::{set_aside_files, submission};

const APPLICANTS: &str = "\n[reference.applicants]
file = \"data/applicants.csv\"
source = \"handbook\"
key = [\"applicant_no\"]
dated = [\"from\", \"until\"]
complete = true
fields = { applicant_no = { type = \"text\", required = true }, name = { type = \"text\" }, from = { type = \"year\" }, until = { type = \"year\" } }

[reference.grants]
key = [\"applicant_no\"]
owed_by = \"state\"
fields = { applicant_no = { type = \"text\", required = true }, award = { type = \"money\", required = true } }
";

const RULE: &str = "code = \"SA-2\"
title = \"The award is the one that was granted\"
basis = \"data\"
cites = [\"handbook\"]
severity = \"return\"
require = 'plan.award = lookup(grants, plan.applicant_no).award'
message = \"the award is {plan.award}\"
advice = \"Correct the award.\"
";

/// The small pack with a directory and codes that have years.
fn pack() -> Pack {
    let mut files = set_aside_files();
    let mut change = |path: &str, from: &str, to: &str| {
        let text = String::from_utf8(files[path].clone()).expect("it is UTF-8");
        assert!(text.contains(from), "`{from}` stands in {path}");
        files.insert(path.to_owned(), text.replacen(from, to, 1).into_bytes());
    };
    change(
        "pack.toml",
        "identity = {",
        "expected = 'a in applicants'\nidentity = { code = \"plan.applicant_no\", directory = \"applicants\",",
    );
    change(
        "schema.toml",
        "applicant = {",
        "applicant_no = { type = \"text\", required = true }\napplicant = {",
    );
    change(
        "schema.toml",
        "label = { type = \"text\" } }\n",
        &format!(
            "label = {{ type = \"text\" }}, also = {{ type = \"text\" }}, from = {{ type = \"year\" }}, until = {{ type = \"year\" }} }}\n{APPLICANTS}"
        ),
    );
    change(
        "schema.toml",
        "key = [\"slug\"]",
        "key = [\"slug\"]\ndated = [\"from\", \"until\"]",
    );
    change(
        "data/areas.csv",
        "slug,label\nreading,Reading\nmusic,Music\n",
        "slug,label,also,from,until\nreading,Reading,,,\nmusic,Music,MU,,2023\nmuseums,Museums,MU,2024,\n",
    );
    let list = "applicant_no,name,from,until\n1,Dune Island,,2024\n1,Dune and Elm Island,2025,2026\n2,Fern Inlet,,\n";
    files.insert("data/applicants.csv".to_owned(), list.into());
    files.insert("rules/budget/award-granted.toml".to_owned(), RULE.into());
    load("set-aside", &files).unwrap_or_else(|refused| panic!("{:?}", refused.mistakes))
}

fn plan(pack: &Pack, year: i64, budget: &str) -> Submission {
    let plan =
        format!("applicant_no = \"1\"\napplicant = \"Dune\"\nfiscal_year = {year}\naward = 5");
    submission(pack, &plan, budget)
}

const BUDGET: &str = "area,amount\nreading,5\n";

fn review(pack: &Pack, submission: &Submission) -> BatchReview {
    let options = Options {
        expects_all: true,
        ..Options::default()
    };
    Reviewer::new(pack, options).review_all(&[()], |()| vec![submission.clone()])
}

#[test]
fn a_submitter_has_the_name_of_the_year() {
    let pack = pack();
    for (year, name) in [
        (2024, "Dune Island"),
        (2026, "Dune and Elm Island"),
        (2027, "Dune and Elm Island"),
    ] {
        let batch = review(&pack, &plan(&pack, year, BUDGET));
        assert_eq!(batch.reviews[0].district.as_deref(), Some(name), "{year}");
        assert_eq!(
            batch.not_received[0].district.as_deref(),
            Some("Fern Inlet")
        );
    }
}

#[test]
fn codes_of_other_years_are_told() {
    let pack = pack();
    let told = |year: i64, area: &str| -> Vec<(Weight, String)> {
        let submission = plan(&pack, year, &format!("area,amount\n{area},5\n"));
        let review = review(&pack, &submission).reviews.remove(0);
        let told = review.diagnostics.into_iter();
        told.map(|d| (d.weight, format!("{} {}", d.place, d.message)))
            .collect()
    };
    let notice = |text: &str| vec![(Weight::Notice, format!("plan/budget.csv:2:area {text}"))];
    assert_eq!(told(2023, "music"), []);
    assert_eq!(
        told(2025, "Music"),
        notice("`Music` is in the list until 2023 only")
    );
    assert_eq!(
        told(2023, "museums"),
        notice("`museums` is in the list from 2024 on only")
    );
    let several = "plan/budget.csv:2:area `MU` means several codes of `area`: write the one that is meant, `music` or `museums`";
    assert_eq!(told(2023, "MU"), [(Weight::Error, several.to_owned())]);
}

#[test]
fn what_others_owe_is_not_for_the_submitter_to_do() {
    let pack = pack();
    let review = review(&pack, &plan(&pack, 2027, BUDGET)).reviews.remove(0);
    let finding = review.findings.iter().find(|f| f.rule == "award-granted");
    let finding = finding.expect("nobody supplied the grants");
    assert_eq!(finding.advice, "");
    let text = Text {
        colour: false,
        currency: "USD",
        office: None,
    };
    let mut out = String::new();
    text.finding(&mut out, finding);
    let owed = "   = owed by state: The award is the one that was granted: there is no row of \"Grants\" for 1\n";
    assert!(out.contains(owed) && !out.contains("do:"), "{out}");
}
