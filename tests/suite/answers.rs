//! A working year of answers: which count, which lapse, which contradict one another; questions; determinations; records.

use accordant::batch::{BatchReview, Options, Reviewer};
use accordant::memory::answers::{self, Answers};
use accordant::memory::decisions::{self, Condition, Decision, Decisions, Determination};
use accordant::memory::record;
use accordant::pack::{Pack, load};
use accordant::read::{self, File};
use accordant::report::{csv, html, json, junit, markdown, mistake, sarif, text::Text};
use accordant::review::{Finding, Recommendation, Review, Whose};
use accordant::submission::Submission;
use accordant::value::{Date, date};

use super::{project, set_aside_files, shipped, submission};

const OVER: &str = "budget-within-funds";

fn day(month: i64, day: i64) -> Date {
    date(2026, month, day).expect("it is a date")
}

/// A plan under fixtures/defects, a text of one of its files changed.
fn plan(pack: &Pack, name: &str, change: (&str, &str, &str)) -> Submission {
    let (of, old, new) = change;
    let mut files: Vec<File> = std::fs::read_dir(project("fixtures/defects").join(name))
        .expect("it is a folder")
        .map(|entry| {
            let entry = entry.expect("it can be read");
            let file = entry.file_name().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(entry.path()).expect("it is UTF-8");
            let text = if file == of {
                text.replace(old, new)
            } else {
                text
            };
            File {
                path: format!("{name}/{file}"),
                bytes: text.into_bytes(),
            }
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    read::read_folder(&pack.schema, name, &files)
}

const AS_IT_IS: (&str, &str, &str) = ("", "", "");

fn batch(pack: &Pack, plan: &Submission, files: &[(&str, &str)], as_of: Date) -> BatchReview {
    let files: Vec<_> = (files.iter())
        .map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()))
        .collect();
    let answers = Answers::read(pack, &files, as_of);
    let reviewer = Reviewer::new(pack, Options::default()).with_answers(Some(&answers));
    reviewer.batch_of(vec![reviewer.enter(plan)])
}

/// What is advised after answers, and what is told of them.
fn after(
    pack: &Pack,
    plan: &Submission,
    files: &[(&str, &str)],
    as_of: Date,
) -> (Recommendation, Vec<String>) {
    let batch = batch(pack, plan, files, as_of);
    let told = batch.diagnostics.iter();
    let told = told
        .map(|d| format!("{}: {}", d.place, d.message))
        .collect();
    (only(&batch).advised().expect("it can be checked"), told)
}

fn only(batch: &BatchReview) -> &Review {
    batch.reviews.first().expect("there is one")
}

#[track_caller]
fn finding<'r>(review: &'r Review, rule: &str) -> &'r Finding {
    let mut found = review.findings.iter();
    found.find(|f| f.rule == rule).expect("it is found")
}

const HEAD: &str = "district_code,plan_year,revision,rule,subject,finding,answer,reason,by,approved_by,on,until,closed_on\n";

/// A row that answers what a rule found first; `rest` begins with the answer.
fn row(review: &Review, rule: &str, rest: &str) -> String {
    let finding = finding(review, rule);
    let mark = finding.mark.as_ref().expect("it is marked");
    format!(
        "1630011,2027,,{rule},{},{},{rest}\n",
        mark.subject, mark.digest
    )
}

struct Year {
    pack: Pack,
    plan: Submission,
    review: Review,
}

impl Year {
    fn of(name: &str) -> Self {
        let pack = shipped("alliance");
        let plan = plan(&pack, name, AS_IT_IS);
        let review = only(&batch(&pack, &plan, &[], day(11, 1))).clone();
        Year { pack, plan, review }
    }

    fn rows(&self, rests: &[&str]) -> String {
        let rows = rests.iter().map(|rest| row(&self.review, OVER, rest));
        HEAD.to_owned() + &rows.collect::<String>()
    }

    #[track_caller]
    fn assert_after(&self, rests: &[&str], as_of: Date, want: Recommendation, told: &[&str]) {
        let text = self.rows(rests);
        let found = after(&self.pack, &self.plan, &[("answers.csv", &text)], as_of);
        let told: Vec<String> = told.iter().map(|t| (*t).to_owned()).collect();
        assert_eq!(found, (want, told), "{text}");
    }
}

#[test]
fn an_answer_weighs_what_it_says() {
    let year = Year::of(OVER);
    let on = day(11, 2);
    assert_eq!(
        year.review.advised(),
        Some(Recommendation::ReturnForRevision)
    );
    let cases = [
        (
            "accepted,paid otherwise,R. Doe,,2026-11-01,,",
            Recommendation::Approve,
        ),
        (
            "condition,cut by May,R. Doe,,11/1/2026,,",
            Recommendation::ApproveWithConditions,
        ),
        (
            "change-required,too much,R. Doe,,2026-11-01,,",
            Recommendation::ReturnForRevision,
        ),
        (
            "waived,once,R. Doe,A. Roe,2026-11-01,,",
            Recommendation::Approve,
        ),
    ];
    for (rest, want) in cases {
        year.assert_after(&[rest], on, want, &[]);
    }
}

#[test]
fn an_answer_counts_through_its_last_day_and_until_it_is_closed() {
    let year = Year::of(OVER);
    let back = Recommendation::ReturnForRevision;
    let until = ["accepted,fine,R. Doe,,2026-11-01,2026-11-20,"];
    let told =
        |why: &str| format!("answers.csv:2:answer: the answer to `{OVER}` does not count: {why}");
    let early = told("it is of 2026-11-01, after 2026-10-31");
    let late = told("it was good until the end of 2026-11-20");
    year.assert_after(&until, day(10, 31), back, &[&early]);
    year.assert_after(&until, day(11, 1), Recommendation::Approve, &[]);
    year.assert_after(&until, day(11, 20), Recommendation::Approve, &[]);
    year.assert_after(&until, day(11, 21), back, &[&late]);
    let replaced = [
        "accepted,fine,R. Doe,,2026-11-01,,2026-11-10",
        "condition,not fine,R. Doe,,2026-11-10,,",
    ];
    year.assert_after(&replaced[..1], day(11, 9), Recommendation::Approve, &[]);
    year.assert_after(
        &replaced,
        day(11, 10),
        Recommendation::ApproveWithConditions,
        &[],
    );
}

#[test]
fn two_must_agree_to_waive_what_would_return_a_plan() {
    let year = Year::of(OVER);
    for alone in [
        "waived,once,R. Doe,,2026-11-01,,",
        "waived,once,R. Doe, r. doe,2026-11-01,,",
    ] {
        let told = format!(
            "answers.csv:2:answer: the answer to `{OVER}` does not count: a waiver of `return` needs `approved_by`, somebody else than `by`"
        );
        year.assert_after(
            &[alone],
            day(11, 2),
            Recommendation::ReturnForRevision,
            &[&told],
        );
    }
}

#[test]
fn an_answer_lapses_with_its_cells_and_figures_alone() {
    let year = Year::of(OVER);
    let text = year.rows(&["accepted,fine,R. Doe,,2026-11-01,,"]);
    let files = [("answers.csv", text.as_str())];
    let on = day(11, 2);
    // The rows of the budget in another order, and a figure written in another way.
    let budget = std::fs::read_to_string(project("fixtures/defects").join(OVER).join("budget.csv"))
        .expect("it is there");
    let mut lines: Vec<&str> = budget.lines().collect();
    lines[1..].reverse();
    let moved = lines.join("\n");
    let moved = plan(&year.pack, OVER, ("budget.csv", &budget, &moved));
    assert_eq!(
        after(&year.pack, &moved, &files, on),
        (Recommendation::Approve, Vec::new())
    );
    let (raised, dearer) = (",15,500.00,7500.00,", ",15,500.00,7600.00,");
    assert!(budget.contains(raised));
    let changed = plan(&year.pack, OVER, ("budget.csv", raised, dearer));
    let (advised, told) = after(&year.pack, &changed, &files, on);
    assert_eq!(advised, Recommendation::ReturnForRevision);
    let want = format!(
        "answers.csv:2:answer: the answer to `{OVER}` does not count: it has lapsed, as the finding rests on other cells or figures now"
    );
    assert!(told.contains(&want), "{told:?}");
}

#[test]
fn a_finding_is_known_again_in_another_file_and_another_order() {
    let pack = shipped("alliance");
    let uses = |name: &str| {
        let path = project("fixtures/defects").join(name).join("data_use.csv");
        std::fs::read_to_string(path).expect("it is there")
    };
    let digest = |name: &str, change: (&str, &str, &str)| {
        let batch = batch(&pack, &plan(&pack, name, change), &[], day(11, 1));
        finding(only(&batch), "data-use-strategic").mark.clone()
    };
    let text = uses(OVER);
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1..].reverse();
    let moved = lines.join("\n");
    let here = digest(OVER, AS_IT_IS);
    assert_eq!(here, digest(OVER, ("data_use.csv", &text, &moved)));
    assert_eq!(text, uses("line-described"));
    assert_eq!(here, digest("line-described", AS_IT_IS));
    assert_ne!(
        here,
        digest(OVER, ("data_use.csv", "Teachers", "Some teachers"))
    );
}

#[test]
fn answers_that_contradict_one_another_are_told_with_both_lines() {
    let year = Year::of(OVER);
    let one = year.rows(&["accepted,fine,R. Doe,,2026-11-01,,"]);
    let other = year.rows(&["change-required,no,J. Poe,,2026-11-01,,"]);
    let on = day(11, 2);
    let (advised, told) = after(
        &year.pack,
        &year.plan,
        &[("a.csv", &one), ("b.csv", &other)],
        on,
    );
    assert_eq!(advised, Recommendation::ReturnForRevision);
    let want = format!(
        "a.csv:2:answer: the answers to `{OVER}` do not count: a.csv:2:answer and b.csv:2:answer contradict one another: none counts until one is closed"
    );
    assert_eq!(told, [want]);
    // The same answer twice is one.
    let (advised, told) = after(
        &year.pack,
        &year.plan,
        &[("a.csv", &one), ("b.csv", &one)],
        on,
    );
    assert_eq!((advised, told), (Recommendation::Approve, Vec::new()));
}

#[test]
fn an_answer_that_matches_nothing_is_told() {
    let year = Year::of(OVER);
    let text = format!(
        "{HEAD}1630011,2027,,line-described,budget:99,f0,accepted,x,R. Doe,,2026-11-01,,\n\
         1510011,2027,,line-described,budget:1,f0,accepted,x,R. Doe,,2026-11-01,,\n"
    );
    let (_, told) = after(&year.pack, &year.plan, &[("a.csv", &text)], day(11, 2));
    assert_eq!(
        told,
        [
            "a.csv:2:answer: the answer matches nothing: `line-described` finds nothing of `budget:99` now",
            "a.csv:3:answer: the answer matches nothing: 1510011, fiscal year 2027, is not here",
        ]
    );
}

#[test]
fn every_mistake_of_a_file_is_told_at_once_and_what_is_open_is_none() {
    let year = Year::of(OVER);
    let text = "BY,Answer,Rule,Plan Year,district_code,finding,on,subject,reason,until\n\
                R. Doe,agreed,line-described,2027,1630011,f0,2026-11-01,budget:1,x,\n\
                R. Doe,accepted,line-describd,2027,1630011,f0,2026-11-01,budget:1,x,\n\
                ,accepted,line-described,2027,1630011,f0,2026-11-01,budget:1,,\n\
                R. Doe,accepted,line-described,2027,1630011,f0,2026-11-01,budget:1,x,some day\n\
                ,,line-described,2027,1630011,f0,,budget:1,,\n";
    let (_, told) = after(&year.pack, &year.plan, &[("a.csv", text)], day(11, 2));
    let places: Vec<&str> = told.iter().filter_map(|t| t.split(": ").next()).collect();
    assert_eq!(
        places,
        [
            "a.csv:2:answer",
            "a.csv:3:rule",
            "a.csv:4:by",
            "a.csv:4:reason",
            "a.csv:5:answer",
            "a.csv:5:until"
        ],
        "{told:#?}"
    );
    assert!(
        told[1].contains("did you mean `line-described`?"),
        "{told:#?}"
    );
}

#[test]
fn the_order_of_answers_changes_no_byte() {
    let year = Year::of(OVER);
    let rows = [
        row(&year.review, OVER, "condition,cut it,R. Doe,,2026-11-01,,"),
        row(
            &year.review,
            "data-use-strategic",
            "accepted,it does,J. Poe,,2026-11-01,,",
        ),
    ];
    let text = |rows: &[&String]| rows.iter().fold(HEAD.to_owned(), |text, row| text + row);
    let reports = |text: &str| {
        let batch = batch(&year.pack, &year.plan, &[("a.csv", text)], day(11, 2));
        let review = only(&batch);
        let as_text = Text {
            colour: false,
            currency: "USD",
            office: None,
        }
        .review(review);
        let pages = html::alone(&batch, review);
        let tables = String::from_utf8(csv::batch(&batch)).expect("it is UTF-8");
        let page = markdown::review(&batch.pack, review);
        [
            as_text,
            json::write(&batch),
            pages,
            tables,
            page,
            junit::batch(&batch),
            sarif::batch(&batch),
        ]
    };
    let (first, second) = (text(&[&rows[0], &rows[1]]), text(&[&rows[1], &rows[0]]));
    let found = reports(&first);
    assert_eq!(found, reports(&second));
    for report in &found[..1] {
        assert!(
            report.contains("answer: condition by R. Doe, 1 November 2026: cut it"),
            "{report}"
        );
        assert!(
            report.contains("After answers, as of 2 November 2026: Approve with conditions"),
            "{report}"
        );
        assert!(
            report.contains("note[data-use-strategic]: question: "),
            "{report}"
        );
    }
    assert!(found[1].contains("\"after_answers\": \"approve-with-conditions\""));
    assert!(found[2].contains("condition by R. Doe"));
    assert!(
        found[3].contains(",question,data-use-strategic,"),
        "{}",
        found[3]
    );
    assert!(found[3].contains("condition by R. Doe"));
    assert!(found[4].contains("Question: "));
}

#[test]
fn a_row_is_added_and_all_else_stays() {
    let year = Year::of(OVER);
    let file = "answer;rule;by;reason;on;district_code;plan_year;finding;subject;approved_by\r\n;;\"a;b\";;;;;;;";
    let answer = Year::answer(&year, "-1 is =fine");
    let row = |reason: &str| {
        let mut row = answers::row_of(&year.review, finding(&year.review, OVER), "");
        row.extend(answers::row_of_answer(
            &accordant::memory::answers::Answer {
                reason: reason.to_owned(),
                ..answer.clone()
            },
        ));
        row
    };
    let bytes = answers::append(&year.pack, "a.csv", file.as_bytes(), &row("=1+1"));
    let text = String::from_utf8(bytes.expect("it can be added to")).expect("it is UTF-8");
    let digest = &answer.finding;
    let want =
        format!("{file}\r\naccepted;{OVER};R. Doe;'=1+1;2026-11-01;1630011;2027;{digest};;\r\n");
    assert_eq!(text, want);
    let (advised, told) = after(&year.pack, &year.plan, &[("a.csv", &text)], day(11, 2));
    assert_eq!((advised, told), (Recommendation::Approve, Vec::new()));
    let lacking = "answer,rule,by\n";
    let why = answers::append(&year.pack, "a.csv", lacking.as_bytes(), &row("x"));
    assert_eq!(
        why,
        Err("a.csv has no column `district_code`: add it to its header".to_owned())
    );
}

impl Year {
    fn answer(&self, reason: &str) -> accordant::memory::answers::Answer {
        let mark = finding(&self.review, OVER)
            .mark
            .as_ref()
            .expect("it is marked");
        accordant::memory::answers::Answer {
            verdict: accordant::memory::answers::Verdict::Accepted,
            finding: mark.digest.clone(),
            reason: reason.to_owned(),
            by: "R. Doe".to_owned(),
            approved_by: None,
            on: day(11, 1),
            until: None,
            closed_on: None,
        }
    }
}

#[test]
fn a_determination_is_shown_and_a_later_one_wins() {
    let year = Year::of(OVER);
    let whose = Whose {
        path: OVER.to_owned(),
        district_code: Some("1630011".to_owned()),
        district: Some("Windham".to_owned()),
        fiscal_year: Some(2027),
        revision: None,
    };
    let decided = |decision, on, conditions| Determination {
        decision,
        revision: None,
        by: "A. Roe".to_owned(),
        on,
        reason: None,
        record: Some("sha256:00".to_owned()),
        conditions,
    };
    let condition = Condition {
        text: "Report on reading, each quarter: the total".to_owned(),
        due_on: date(2027, 10, 1),
        at: None,
    };
    let first = decided(Decision::Return, day(11, 3), Vec::new());
    let second = decided(Decision::ApproveWithConditions, day(12, 1), vec![condition]);
    let file = decisions::append(&year.pack, ("d.csv", b""), &whose, &first).expect("it is new");
    let file = decisions::append(&year.pack, ("d.csv", &file), &whose, &second).expect("it is one");
    let known = Decisions::read(&year.pack, &[("d.csv".to_owned(), file)]);
    assert_eq!(known.diagnostics, []);
    let shown = |as_of| {
        let reviewer = Reviewer::new(&year.pack, Options::default());
        let review = reviewer
            .with_decisions(Some((&known, as_of)))
            .review(&year.plan);
        assert_eq!(review.advised(), review.recommendation);
        Text {
            colour: false,
            currency: "USD",
            office: None,
        }
        .review(&review)
    };
    let text = shown(day(12, 1));
    assert!(text.contains("\nDecided: approved with conditions by A. Roe, 1 December 2026, on the record sha256:00\n\
        Condition: Report on reading, each quarter: the total, by 1 October 2027\n\
        Decided before, and superseded: returned by A. Roe, 3 November 2026, on the record sha256:00\n"), "{text}");
    assert!(shown(day(11, 30)).contains("\nDecided: returned by"));
    let next = decisions::prior_conditions(&known.conditions(2027, Some("1630011")), None);
    assert_eq!(
        String::from_utf8(next).expect("it is UTF-8"),
        "\u{feff}condition,due_on,met,evidence\n\"Report on reading, each quarter: the total\",2027-10-01,,\n"
    );
}

#[test]
fn a_record_tells_each_byte_that_was_altered() {
    let year = Year::of(OVER);
    let batch = batch(&year.pack, &year.plan, &[], day(11, 2));
    let name = record::PackName {
        id: batch.pack.id.clone(),
        version: batch.pack.version.clone(),
        digest: batch.pack.digest.clone(),
    };
    let mut basis = record::Basis::new(name, None, "2026-11-02".to_owned(), None);
    let input = |path: &str, digest: &str| record::Input {
        path: path.to_owned(),
        sha256: Some(digest.to_owned()),
    };
    basis.inputs = vec![input("a", "1"), input("b", "2")];
    let text = basis.record(&json::write(&batch));
    assert!(record::read(&text).expect("it is one").is_intact);
    assert_eq!(record::differences(&text, &text), [""; 0]);
    for at in (0..text.len())
        .step_by(997)
        .filter(|at| text.is_char_boundary(*at) && text.is_char_boundary(at + 1))
    {
        let mut altered = text.clone().into_bytes();
        altered[at] = if altered[at] == b'x' { b'y' } else { b'x' };
        let altered = String::from_utf8_lossy(&altered).into_owned();
        let told = record::differences(&altered, &text);
        assert!(
            told.iter()
                .any(|t| t.starts_with("the record itself was altered")),
            "{at}: {told:?}"
        );
    }
    let mut other = basis.clone();
    other.inputs = vec![input("a", "9"), input("c", "3")];
    other.pack.digest = "sha256:0".to_owned();
    let told = record::differences(&text, &other.record(&json::write(&batch)));
    let digest = &basis.pack.digest;
    assert_eq!(
        told,
        [
            format!("the digest of the pack differs: {digest} in the record, sha256:0 now"),
            "the input `a` was altered".to_owned(),
            "the input `b` is missing now".to_owned(),
            "the input `c` was added".to_owned(),
        ]
    );
}

const QUESTION: &str = r#"
code = "SA-2"
title = "What is spent on music is reasonable"
basis = "judgement"
cites = ["handbook"]
severity = "condition"
for = 'line in budget[area = "music"]'
when = 'line.amount > 0'
question = "line {line.line_id} is {line.amount}: is that reasonable?"
"#;

fn with_question(change: (&str, &str)) -> Result<Pack, String> {
    let mut files = set_aside_files();
    let rule = QUESTION.replace(change.0, change.1);
    files.insert(
        "rules/budget/music-reasonable.toml".to_owned(),
        rule.into_bytes(),
    );
    load("set-aside", &files).map_err(|refused| mistake::refused(&refused, false))
}

#[test]
fn a_question_is_open_with_what_it_reads() {
    let pack = with_question(("", "")).expect("it loads");
    let plan = "applicant = \"A\"\nfiscal_year = 2027\naward = \"100.00\"\n";
    let budget = "line_id,area,amount\nR,reading,90.00\nM,music,10.00\nN,music,0\nO,music,\n";
    let plan = submission(&pack, plan, budget);
    let review = Reviewer::new(&pack, Options::default()).review(&plan);
    let asked: Vec<_> = (review.findings.iter())
        .filter(|f| f.rule == "music-reasonable")
        .map(|f| {
            (
                f.outcome.name(),
                f.row,
                f.missing.clone(),
                f.evidence.len(),
                f.is_question(),
            )
        })
        .collect();
    let missing = vec!["plan/budget.csv:5:amount".to_owned()];
    assert_eq!(
        asked,
        [
            ("unknown", Some(3), Vec::new(), 2, true),
            ("unknown", Some(5), missing, 1, true)
        ]
    );
    assert_eq!(
        review.recommendation,
        Some(Recommendation::ApproveWithConditions)
    );
    assert!(review.findings[0].next_step().is_empty());
}

#[test]
fn a_question_has_no_test_and_rests_on_judgement() {
    let refused = |from: &str, to: &str| with_question((from, to)).expect_err("it is wrong");
    let text = refused(
        "question =",
        "require = 'true'\nmessage = \"m\"\nquestion =",
    );
    assert!(
        text.contains("a rule with a `question` has no `require`"),
        "{text}"
    );
    assert!(
        text.contains("a rule with a `question` has no `message`"),
        "{text}"
    );
    let text = refused("\"judgement\"", "\"policy\"");
    assert!(
        text.contains("a question rests on judgement, not on `policy`"),
        "{text}"
    );
    let text = refused("line.amount}", "line.amuont}");
    assert!(text.contains("did you mean `amount`?"), "{text}");
}
