//! Letters and the memo: what they say and never say, and that word processors open them.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use accordant::batch::{BatchReview, Options, PackName, Reviewer};
use accordant::pack::{Audience, Files, Pack, Verification, apply_office};
use accordant::read::{self, File};
use accordant::report::letter::{docx, html, letter, memo};
use accordant::review::Review;
use accordant::submission::Submission;

use super::{project, set_aside, shipped, submission};

/// What no letter says, in any form.
const NEVER: [&str; 3] = ["fail", "violat", "supplant"];

/// A plan among the fixtures.
fn plan(pack: &Pack, folder: &str) -> Submission {
    let name = folder.rsplit('/').next().expect("a name");
    let mut files: Vec<File> = std::fs::read_dir(project("fixtures").join(folder))
        .expect("the fixtures are there")
        .map(|entry| entry.expect("a file"))
        .map(|entry| File {
            path: format!("{name}/{}", entry.file_name().to_string_lossy()),
            bytes: std::fs::read(entry.path()).expect("it can be read"),
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    read::read_folder(&pack.schema, name, &files)
}

fn review(pack: &Pack, folder: &str) -> Review {
    Reviewer::new(pack, Options::default()).review(&plan(pack, folder))
}

fn batch(pack: &Pack, plans: &[Submission]) -> BatchReview {
    Reviewer::new(pack, Options::default()).review_all(plans, |plan| vec![plan.clone()])
}

/// The letter as a page, its style apart.
fn page(pack: &Pack, review: &Review) -> String {
    without_style(&html(&letter(&PackName::of(pack), review)))
}

fn without_style(page: &str) -> String {
    let (before, rest) = page.split_once("<style>").expect("a style");
    let (_, after) = rest.split_once("</style>").expect("an end of it");
    format!("{before}{after}")
}

/// An office that says all that letters ask for.
fn with_office() -> Pack {
    let office = r#"
office = "Example review desk"
addressee = "Superintendent of the Example Schools"
cc = ["Chair of the board", "File"]
signature = ["A. Reader", "Example review desk"]
contact = { name = "Example review desk", email = "desk@example.org" }
resubmit_by = "2026-07-15"
[[received]]
district_code = "0890011"
plan_year = 2027
received_on = "2026-05-25"
"#;
    let files = Files::from([("office.toml".to_owned(), office.into())]);
    let laid = apply_office(shipped("alliance"), "office.toml", &files);
    laid.unwrap_or_else(|refused| panic!("{:?}", refused.mistakes))
}

/// The parts of a `.docx`, each parsed as XML.
fn parts(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip");
    let mut parts = BTreeMap::new();
    for at in 0..zip.len() {
        let mut part = zip.by_index(at).expect("a part");
        let name = part.name().expect("a name").into_owned();
        let mut text = String::new();
        part.read_to_string(&mut text).expect("UTF-8");
        uppsala::parse(&text).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        parts.insert(name, text);
    }
    parts
}

#[track_caller]
fn says_nothing_of(name: &str, text: &str, never: &[&str]) {
    let text = text.to_lowercase();
    for word in never {
        assert!(!text.contains(word), "{name}: {word}");
    }
}

/// The folder of everything that `review --out` writes of fixtures.
fn written(fixtures: &'static str) -> PathBuf {
    static DONE: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = DONE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        for fixtures in ["fy2027", "defects"] {
            run(
                &project("fixtures").join(fixtures),
                &folder.path().join(fixtures),
            );
        }
        folder
    });
    folder.path().join(fixtures)
}

fn run(batch: &Path, out: &Path) {
    let run = Command::new(env!("CARGO_BIN_EXE_accordant"))
        .args(["review", "--quiet", "--out"])
        .args([out, batch])
        .output();
    let run = run.expect("it runs");
    assert!(
        out.join("review.json").is_file(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

fn files_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|e| e.expect("an entry").path());
    let files = paths.filter(|path| path.is_file());
    files
        .map(|path| {
            let name = path
                .file_name()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (name, std::fs::read(path).expect("it can be read"))
        })
        .collect()
}

#[test]
fn a_letter_with_required_changes() {
    let pack = with_office();
    insta::assert_snapshot!(page(&pack, &review(&pack, "fy2027/new-britain")));
}

#[test]
fn a_letter_about_a_plan_with_nothing_wrong_names_what_is_not_known() {
    let pack = shipped("alliance");
    let page = page(&pack, &review(&pack, "fy2027/windham"));
    for gap in [
        "[received on: to be filled in]",
        "[contact: to be filled in]",
        "[signature: to be filled in]",
        "[cc: to be filled in]",
        "[date: to be filled in]",
    ] {
        assert!(page.contains(gap), "{gap}");
    }
    assert!(page.contains("Dr. Morgan Placeholder"));
    assert!(page.contains("DRAFT for a person's decision; nothing in it is a decision."));
    assert!(page.contains("Checked and found in order"));
    assert!(!page.contains("Required changes") && !page.contains("Resubmit by"));
}

#[test]
fn a_letter_about_a_plan_that_could_not_be_checked_advises_nothing() {
    let pack = set_aside();
    let plan = submission(
        &pack,
        "applicant = \"Example\"\n",
        "line_id,area,amount,pupils\n",
    );
    let review = Reviewer::new(&pack, Options::default()).review(&plan);
    assert_eq!(review.recommendation, None);
    insta::assert_snapshot!(page(&pack, &review));
}

#[test]
fn what_is_for_the_reviewer_alone_enters_no_letter() {
    let pack = shipped("alliance");
    let mut met = 0;
    for folder in ["fy2027/windham", "fy2027/danbury", "fy2027/new-britain"] {
        let review = review(&pack, folder);
        let page = page(&pack, &review);
        let rules = review
            .rules
            .iter()
            .filter(|r| r.audience == Audience::Reviewer);
        for title in rules.map(|r| &*r.title) {
            assert!(!page.contains(title), "{folder}: {title}");
            met += 1;
        }
        let findings = review
            .findings
            .iter()
            .filter(|f| f.audience == Audience::Reviewer);
        for message in findings.map(|f| &f.message) {
            assert!(!page.contains(message), "{folder}: {message}");
        }
    }
    assert!(met > 0);
}

#[test]
fn law_that_nobody_read_is_not_cited() {
    let pack = shipped("alliance");
    let mut unread = 0;
    for folder in std::fs::read_dir(project("fixtures/defects")).expect("it is there") {
        let folder = folder.expect("an entry");
        if !folder.path().is_dir() {
            continue;
        }
        let name = format!("defects/{}", folder.file_name().to_string_lossy());
        let review = review(&pack, &name);
        let page = page(&pack, &review);
        let cites = review.findings.iter().flat_map(|f| &f.cites);
        let law = cites.filter(|c| c.is_clause && c.verification == Verification::Unconfirmed);
        for cite in law {
            let alone = [
                format!("<dd>{}<", cite.citation),
                format!("; {}<", cite.citation),
            ];
            assert!(
                !alone.iter().any(|c| page.contains(c)),
                "{name}: {}",
                cite.citation
            );
            unread += 1;
        }
    }
    assert!(unread > 0);
}

#[test]
fn no_letter_of_the_fixtures_says_what_a_letter_never_says() {
    for fixtures in ["fy2027", "defects"] {
        let folder = written(fixtures);
        let letters = files_in(&folder.join("letters"));
        assert!(letters.len() >= 72, "{fixtures}: {}", letters.len());
        let files = files_in(&folder);
        let memos = files
            .into_iter()
            .filter(|(name, _)| name.starts_with("memo."));
        for (name, bytes) in letters.into_iter().chain(memos) {
            if name.ends_with(".html") {
                let page = String::from_utf8(bytes).expect("UTF-8");
                says_nothing_of(&name, &page, &NEVER);
                // The engine and the pack have no word to leave out.
                assert!(name.starts_with("memo.") || !page.contains("[…]"), "{name}");
                continue;
            }
            for (part, text) in parts(&bytes) {
                says_nothing_of(&format!("{name}: {part}"), &text, &NEVER);
            }
        }
    }
}

#[test]
fn a_folder_holds_everything_that_people_open_and_each_link_leads_somewhere() {
    let folder = written("fy2027");
    let index = std::fs::read_to_string(folder.join("index.html")).expect("it is there");
    for name in ["memo.docx", "memo.html", "review.xlsx", "review.json"] {
        assert!(folder.join(name).is_file(), "{name}");
        assert!(index.contains(&format!("href=\"./{name}\"")), "{name}");
    }
    let page = std::fs::read_to_string(folder.join("windham.html")).expect("it is there");
    for name in ["letters/windham.docx", "letters/windham.html"] {
        assert!(folder.join(name).is_file(), "{name}");
        assert!(page.contains(&format!("href=\"./{name}\"")), "{name}");
    }
}

#[test]
fn the_same_review_gives_the_same_bytes() {
    let pack = shipped("alliance");
    let bytes = || {
        let batch = batch(&pack, &[plan(&pack, "fy2027/danbury")]);
        let letter = letter(&batch.pack, &batch.reviews[0]);
        let memo = memo(&batch);
        [&letter, &memo].map(|d| docx(d).expect("it is written"))
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn a_document_has_a_title_a_language_headings_and_marked_headers() {
    let pack = shipped("alliance");
    let review = review(&pack, "fy2027/new-britain");
    let document = letter(&PackName::of(&pack), &review);
    let parts = parts(&docx(&document).expect("it is written"));
    let core = &parts["docProps/core.xml"];
    assert!(
        core.contains("<dc:title>Draft letter: plan of New Britain, fiscal year 2027</dc:title>")
    );
    assert!(core.contains("<dc:language>en-US</dc:language>"));
    assert!(parts["word/styles.xml"].contains("<w:lang w:val=\"en-US\""));
    let body = &parts["word/document.xml"];
    for mark in [
        "w:val=\"Heading1\"",
        "w:val=\"Heading2\"",
        "<w:tblHeader/>",
        "<w:numPr>",
        "<w:tblCaption",
    ] {
        assert!(body.contains(mark), "{mark}");
    }
    let page = html(&document);
    for mark in [
        "lang=\"en-US\"",
        "<title>Draft",
        "<th scope=\"col\">",
        "<h1>",
        "<ol>",
    ] {
        assert!(page.contains(mark), "{mark}");
    }
}

#[test]
fn hostile_words_are_words() {
    let pack = set_aside();
    for name in [
        "=cmd|'/c calc'!A1",
        "<script>alert(1)</script>",
        "a\\u0001b\\uFFFEc\\u202E",
        "]]>&amp;",
    ] {
        let text = format!("applicant = \"{name}\"\nfiscal_year = 2027\naward = \"100.00\"\n");
        let plan = submission(
            &pack,
            &text,
            "line_id,area,amount,pupils\n=1+1,reading,1.00,\n",
        );
        let batch = batch(&pack, &[plan]);
        for document in [letter(&batch.pack, &batch.reviews[0]), memo(&batch)] {
            let page = html(&document);
            assert!(
                !page.contains("<script>") && !page.contains(['\u{1}', '\u{fffe}', '\u{202e}'])
            );
            for (part, text) in parts(&docx(&document).expect("it is written")) {
                assert!(!text.contains(['\u{1}', '\u{fffe}', '\u{202e}']), "{part}");
            }
        }
    }
}

#[test]
fn a_word_processor_opens_a_letter_and_the_memo() {
    let folder = written("fy2027");
    let out = tempfile::tempdir().expect("a folder");
    let profile = format!(
        "-env:UserInstallation=file://{}/profile",
        out.path().display()
    );
    let run = Command::new("soffice")
        .args([&profile, "--headless", "--convert-to", "pdf", "--outdir"])
        .args([
            out.path(),
            &folder.join("letters/danbury.docx"),
            &folder.join("memo.docx"),
        ])
        .output();
    let run = run.expect("soffice is there: .ci/programs installs it");
    for name in ["danbury.pdf", "memo.pdf"] {
        let bytes = std::fs::read(out.path().join(name));
        let bytes = bytes
            .unwrap_or_else(|e| panic!("{name}: {e}: {}", String::from_utf8_lossy(&run.stderr)));
        assert!(bytes.starts_with(b"%PDF"), "{name}");
    }
}

/// A letter about what its sender wrote with a word that letters do not use.
#[test]
fn a_submissions_own_words_are_left_out_where_a_letter_does_not_use_them() {
    let pack = shipped("alliance");
    let mut review = review(&pack, "defects/supplanting-explained");
    for finding in &mut review.findings {
        finding.message = format!("{} («fail-safe Violations»)", finding.message);
    }
    let page = page(&pack, &review);
    says_nothing_of("letter", &page, &NEVER);
    assert!(page.contains("«[…]-safe […]»") && page.contains("does not repeat"));
}

#[test]
fn a_rule_in_words_that_no_letter_uses_is_a_mistake_of_its_pack() {
    let mut files = super::pack_files("alliance");
    let path = "rules/budget/line-arithmetic.toml";
    let text = String::from_utf8(files[path].clone()).expect("UTF-8");
    let text = text.replace("title = \"", "title = \"No violation: ");
    files.insert(path.to_owned(), text.into_bytes());
    let refused = accordant::pack::load("alliance", &files).expect_err("it is refused");
    let told: Vec<&str> = refused
        .mistakes
        .iter()
        .map(|m| m.message.as_str())
        .collect();
    assert_eq!(
        told,
        ["`violation` is a word that no letter of this pack uses"]
    );
    assert!(refused.mistakes[0].span.is_some());
}
