//! `compare`: every change is named once, at both places, and the order of rows decides nothing; and what an approved
//! submission says of the next.

use accordant::batch::{Options, Reviewer};
use accordant::memory::compare::{
    Comparison, Fate, How, MoneyDiff, Piece, RowDiff, RowKind, Side, Sums, TableDiff,
};
use accordant::memory::decisions::Decisions;
use accordant::memory::prior::{Before, Shelf};
use accordant::pack::{Pack, load};
use accordant::read::{self, File};
use accordant::report::compare::{json, markdown, text};
use accordant::submission::Submission;
use proptest::prelude::*;

use super::{cases, pack_files, set_aside_files, shipped};

/// The small pack, with a text and with tables that repeat another's.
fn pack() -> Pack {
    let mut files = set_aside_files();
    let add = |text: &[u8], more: &str| [text, more.as_bytes()].concat();
    let links = "
[compare]
money = [\"area\"]
[approved.approved]
from = \"budget\"
[prior.last]
from = \"budget\"
by = [\"area\"]
sums = { awarded = \"amount\" }
[prior.promised]
conditions = { what = \"condition\", by = \"due_on\" }
";
    let tables = "
[table.approved.fields]
line_id = { type = \"text\", key = true, else = \"row\" }
area = { type = \"code\", required = true, codes = \"areas\" }
amount = { type = \"money\", required = true, total = true }
what = { type = \"text\" }
[table.last.fields]
area = { type = \"code\", codes = \"areas\" }
awarded = { type = \"money\" }
[table.promised.fields]
what = { type = \"text\" }
by = { type = \"date\" }
met = { type = \"boolean\" }
";
    let schema = String::from_utf8(files["schema.toml"].clone()).expect("it is TOML");
    let schema = schema.replace(
        "pupils =",
        "what = { type = \"text\", not_applicable = true }\npupils =",
    );
    let schema = schema.replace("award =", "revision = { type = \"number\" }\naward =");
    files.insert("pack.toml".into(), add(&files["pack.toml"], links));
    files.insert("schema.toml".into(), add(schema.as_bytes(), tables));
    load("set-aside", &files).expect("it loads")
}

const PLAN: &str = "applicant = \"Hill School\"\nfiscal_year = 2027\naward = 1000\n";

fn plan(pack: &Pack, path: &str, tables: &[(&str, &str)]) -> Submission {
    let plan = tables.iter().find(|(name, _)| *name == "plan.toml");
    let own = ("plan.toml", PLAN);
    let files = tables
        .iter()
        .chain(plan.is_none().then_some(&own))
        .map(|(name, text)| File {
            path: format!("{path}/{name}"),
            bytes: text.as_bytes().to_vec(),
        });
    read::read_folder(&pack.schema, path, &files.collect::<Vec<_>>())
}

fn compared<T>(
    pack: &Pack,
    old: &Submission,
    new: &Submission,
    look: impl FnOnce(&Comparison<'_>) -> T,
) -> T {
    let reviewer = Reviewer::new(pack, Options::default()).noting_subjects();
    let (was, is) = (reviewer.review(old), reviewer.review(new));
    let side = |plan, review| Side { plan, review };
    look(&Comparison::new(pack, side(old, &was), side(new, &is)))
}

/// Compares two budgets.
#[track_caller]
fn budgets<T>(old: &str, new: &str, look: impl FnOnce(&Comparison<'_>, &TableDiff) -> T) -> T {
    let pack = pack();
    let (old, new) = (
        plan(&pack, "old", &[("budget.csv", old)]),
        plan(&pack, "new", &[("budget.csv", new)]),
    );
    let budget = pack.schema.table("budget").expect("it has one");
    compared(&pack, &old, &new, |all| {
        let table = all.tables.iter().find(|t| t.table == budget);
        look(all, table.expect("it was compared"))
    })
}

/// What is said of the cells of a row: `amount: $1.00 -> $2.00`.
fn cells(all: &Comparison<'_>, table: &TableDiff, row: &RowDiff) -> Vec<String> {
    let fields = &all.pack.schema.tables[table.table].fields;
    let words = row.cells.iter().map(|cell| {
        let side = |side: &Option<accordant::memory::compare::CellSide>| {
            side.as_ref().map_or("-".to_owned(), |s| s.words.clone())
        };
        let name = &fields[cell.field].name;
        format!("{name}: {} -> {}", side(&cell.old), side(&cell.new))
    });
    words.collect()
}

#[track_caller]
fn assert_changed(old: &str, new: &str, wanted: &[&str]) {
    budgets(old, new, |all, table| {
        let [row] = table.rows.as_slice() else {
            panic!("not one row: {:#?}", table.rows);
        };
        assert_eq!(row.kind, RowKind::Changed);
        assert_eq!(cells(all, table, row), wanted);
    });
}

const TWO: &str = "line_id,area,amount,what,pupils\n\
    a,reading,600,A coach for grade three,40\n\
    b,music,400,Drums and flutes,20\n";

#[test]
fn the_order_of_rows_is_no_change() {
    let other = "line_id,area,amount,what,pupils\n\
        b,music,400,Drums and flutes,20\n\
        a,reading,600,A coach for grade three,40\n";
    budgets(TWO, other, |all, table| {
        assert!(!all.is_change());
        assert_eq!((table.unchanged, table.moved), (2, 1));
        assert_eq!(table.matched.by_key, 2);
    });
    let without_keys = |text: &str| text.replace("\na,", "\n,").replace("\nb,", "\n,");
    budgets(&without_keys(TWO), &without_keys(other), |all, table| {
        assert!(!all.is_change());
        assert_eq!(table.matched.by_same_content, 2);
    });
}

#[test]
fn the_order_of_columns_is_no_change() {
    let other = "pupils,what,amount,area,line_id\n\
        40,A coach for grade three,600,reading,a\n20,Drums and flutes,\"$400.00\",music,b\n";
    budgets(TWO, other, |all, table| {
        assert!(!all.is_change(), "{:#?}", table.rows);
    });
}

#[test]
fn an_amount_is_told_with_its_difference_and_its_group() {
    let new = TWO.replace("600", "550").replace("400", "450");
    budgets(TWO, &new, |all, table| {
        let said: Vec<_> = table
            .rows
            .iter()
            .map(|row| cells(all, table, row))
            .collect();
        assert_eq!(
            said,
            [
                ["amount: $600.00 -> $550.00"],
                ["amount: $400.00 -> $450.00"]
            ]
        );
        let row = &table.rows[0];
        assert_eq!(row.old.as_deref(), Some("old/budget.csv:2"));
        let cell = &row.cells[0];
        assert_eq!(cell.change, Some((-50).into()));
        assert_eq!(cell.new.as_ref().unwrap().place, "new/budget.csv:2:amount");
        let money = &table.money[0];
        assert!(money.total.is_same());
        assert_eq!(money.groupings[0].moved, 50.into());
    });
}

#[test]
fn a_line_that_was_split_is_a_change_and_a_new_line() {
    let new = TWO.replace("a,reading,600", "a,reading,350")
        + "c,reading,250,A coach for grade three,40\n";
    budgets(TWO, &new, |_, table| {
        assert_eq!(table.count(RowKind::Changed), 1);
        assert_eq!(table.count(RowKind::Added), 1);
        assert!(table.money[0].total.is_same());
        assert_eq!(table.money[0].groupings[0].moved, 0.into());
    });
}

#[test]
fn a_dropped_line_is_told_with_what_it_held() {
    let new = "line_id,area,amount,what,pupils\na,reading,600,A coach for grade three,40\n";
    budgets(TWO, new, |all, table| {
        let [row] = table.rows.as_slice() else {
            panic!("not one row");
        };
        assert_eq!(row.kind, RowKind::Dropped);
        assert_eq!(row.name.as_deref(), Some("b"));
        assert_eq!(cells(all, table, row)[2], "amount: $400.00 -> -");
        assert_eq!(table.money[0].total.change(), (-400).into());
    });
}

#[test]
fn a_line_with_another_id_is_found_by_its_content() {
    assert_changed(TWO, &TWO.replace("\nb,", "\nb-2,"), &["line_id: b -> b-2"]);
    budgets(TWO, &TWO.replace("\nb,", "\nb-2,"), |_, table| {
        assert_eq!(table.rows[0].how, Some(How::Closest(1000)));
    });
}

#[test]
fn lines_of_one_id_are_told_apart_by_their_content() {
    let old = TWO.replace("\nb,", "\na,");
    let new = "line_id,area,amount,what,pupils\n\
        a,music,400,Drums and flutes,20\na,reading,650,A coach for grade three,40\n";
    assert_changed(&old, new, &["amount: $600.00 -> $650.00"]);
}

#[test]
fn lines_with_nothing_in_common_are_not_one_line() {
    let old = "line_id,area,amount,what\n,reading,600,A coach for grade three\n";
    let new = "line_id,area,amount,what\n,music,75,Drums\n";
    budgets(old, new, |_, table| {
        assert_eq!(table.count(RowKind::Added), 1);
        assert_eq!(table.count(RowKind::Dropped), 1);
    });
}

#[test]
fn what_is_missing_is_told_by_its_state() {
    let with = |amount: &str| TWO.replace(",400,", &format!(",{amount},"));
    assert_changed(&with(""), TWO, &["amount: blank -> $400.00"]);
    assert_changed(
        TWO,
        &with("some"),
        &["amount: $400.00 -> unreadable `some`"],
    );
    assert_changed(
        &with("some"),
        &with("few"),
        &["amount: unreadable `some` -> unreadable `few`"],
    );
    let what = |what: &str| TWO.replace("Drums and flutes", what);
    assert_changed(&what("n/a"), &what(""), &["what: n/a -> blank"]);
    let pupils = |pupils: &str| TWO.replace(",20\n", &format!(",{pupils}\n"));
    assert_changed(&pupils("*"), TWO, &["pupils: suppressed -> 20"]);
    budgets(&with("some"), &with("some"), |all, table| {
        assert!(!all.is_change());
        assert_eq!(table.unreadable, 1);
        assert!(text(all).contains("1 cell can be read in neither"));
        assert_eq!(table.money[0].total.new.missing, 1);
    });
}

#[test]
fn a_small_count_is_printed_nowhere() {
    let pupils = |pupils: &str| TWO.replace(",20\n", &format!(",{pupils}\n"));
    assert_changed(
        &pupils("3"),
        &pupils("5"),
        &["pupils: a small count -> a small count"],
    );
    budgets(&pupils("3"), &pupils("5"), |all, table| {
        assert_eq!(table.rows[0].cells[0].change, None);
        let all = json(all);
        assert!(!all.contains("\"value\": \"3\"") && !all.contains("\"value\": \"5\""));
    });
}

#[test]
fn a_text_is_told_word_by_word() {
    let new = TWO.replace("A coach for grade three", "Two coaches for grade three");
    budgets(TWO, &new, |_, table| {
        let wanted = [
            Piece::Gone("A coach".into()),
            Piece::New("Two coaches".into()),
            Piece::Same("for grade three".into()),
        ];
        assert_eq!(table.rows[0].cells[0].pieces, wanted);
    });
}

#[test]
fn a_table_that_cannot_be_read_is_not_compared() {
    budgets(TWO, "nothing,that,is,known\n1,2,3,4\n", |all, table| {
        assert!(table.rows.is_empty() && table.money.is_empty());
        assert!(text(all).contains("not compared"), "{}", text(all));
    });
}

#[test]
fn findings_are_cured_remain_and_are_new() {
    let fate = |old: &str, new: &str| {
        budgets(old, new, |all, _| {
            let [finding] = all.findings.as_slice() else {
                panic!("not one finding: {:#?}", all.findings);
            };
            (finding.fate, finding.is_met())
        })
    };
    let short = TWO.replace("600", "60");
    let unknown = TWO.replace("600", "some");
    assert_eq!(fate(&short, TWO), (Fate::Cured, Some(true)));
    assert_eq!(
        fate(&short, &TWO.replace("600", "61")),
        (Fate::Remaining, Some(false))
    );
    assert_eq!(fate(TWO, &short), (Fate::New, Some(false)));
    assert_eq!(fate(&short, &unknown), (Fate::Otherwise, None));
    assert_eq!(fate(&unknown, &short), (Fate::Otherwise, Some(false)));
}

#[test]
fn a_finding_follows_its_row() {
    let pack = shipped("alliance");
    let (folder, windham) = ("tables", super::project("fixtures/fy2027/windham"));
    let tables: Vec<(String, String)> = std::fs::read_dir(windham)
        .expect("it is there")
        .map(|entry| entry.expect("it can be read").path())
        .map(|path| {
            let name = path.file_name().expect("it has one").to_string_lossy();
            let text = std::fs::read_to_string(&path).expect("it is text");
            (name.into_owned(), text)
        })
        .collect();
    let with = |change: &dyn Fn(&str) -> String| {
        let changed = tables.iter().map(|(name, text)| {
            let text = if name == "budget.csv" {
                change(text)
            } else {
                text.clone()
            };
            File {
                path: format!("{folder}/{name}"),
                bytes: text.into_bytes(),
            }
        });
        read::read_folder(&pack.schema, folder, &changed.collect::<Vec<_>>())
    };
    let wrong = |text: &str| text.replacen(",15,500.00,7500.00,", ",14,500.00,7500.00,", 1);
    let old = with(&wrong);
    // The line stands last, and the note on another line stays away.
    let moved = with(&|text: &str| {
        let text = wrong(text);
        let mut lines: Vec<&str> = text.lines().collect();
        let line = lines.remove(1);
        lines.push(line);
        lines.join("\n") + "\n"
    });
    let dropped = with(&|text: &str| {
        let lines = text.lines().enumerate().filter(|(at, _)| *at != 1);
        let lines: Vec<&str> = lines.map(|(_, line)| line).collect();
        lines.join("\n") + "\n"
    });
    let fate = |new: &Submission| {
        compared(&pack, &old, new, |all| {
            let mut arithmetic = all
                .findings
                .iter()
                .filter(|f| f.latest().is_some_and(|f| f.rule == "line-arithmetic"));
            let found = arithmetic.next().expect("it is found");
            assert!(arithmetic.next().is_none());
            assert_eq!(found.name.as_deref(), Some("1"));
            found.fate
        })
    };
    assert_eq!(fate(&moved), Fate::Remaining);
    assert_eq!(fate(&dropped), Fate::Gone);
    assert_eq!(fate(&with(&str::to_owned)), Fate::Cured);
}

#[test]
fn whose_they_are_and_of_which_years_is_told() {
    let pack = pack();
    let of = |who: &str, year: i64| {
        let text = PLAN
            .replace("Hill School", who)
            .replace("2027", &year.to_string());
        plan(&pack, "plan", &[("plan.toml", &text), ("budget.csv", TWO)])
    };
    let notes = |old: &Submission, new: &Submission| {
        compared(&pack, old, new, |all| {
            let notes = all
                .notes
                .iter()
                .filter(|n| !n.words.contains("byte for byte"));
            notes.map(|n| (n.loud, n.words.clone())).collect::<Vec<_>>()
        })
    };
    let hill = of("Hill School", 2027);
    assert_eq!(notes(&hill, &hill), []);
    let other = notes(&hill, &of("Brook Academy", 2027));
    assert!(
        other[0].0 && other[0].1.contains("two districts"),
        "{other:?}"
    );
    let later = notes(&of("Hill School", 2026), &hill);
    assert_eq!(later.len(), 1);
    assert!(!later[0].0, "{later:?}");
    assert!(notes(&hill, &of("Hill School", 2026))[1].0);
}

#[test]
fn an_approved_budget_is_held_against_the_one_that_was_approved() {
    let pack = pack();
    let old = plan(&pack, "old", &[("budget.csv", TWO)]);
    let approved = "line_id,area,amount,what\n\
        a,reading,700,A coach for grade three\nb,music,400,Drums and flutes\n";
    let new = plan(
        &pack,
        "new",
        &[("budget.csv", TWO), ("approved.csv", approved)],
    );
    compared(&pack, &old, &new, |all| {
        let linked = all
            .tables
            .iter()
            .find(|t| t.from.is_some())
            .expect("it is there");
        assert_eq!((linked.unchanged, linked.rows.len()), (1, 1));
        let cell = &linked.rows[0].cells[0];
        assert_eq!(cell.old.as_ref().unwrap().place, "old/budget.csv:2:amount");
        assert_eq!(
            cell.new.as_ref().unwrap().place,
            "new/approved.csv:2:amount"
        );
        assert_eq!(linked.money[0].total.change(), 100.into());
    });
}

#[track_caller]
fn laid(old: &[(&str, &str)], new: &[(&str, &str)], prior: bool) -> Submission {
    let pack = pack();
    let last = PLAN.replace("2027", if prior { "2026" } else { "2027" });
    let old: Vec<_> = [("plan.toml", last.as_str())]
        .iter()
        .chain(old)
        .copied()
        .collect();
    let (shelf, told) = Shelf::new(&pack, "last", vec![plan(&pack, "last/hill", &old)]);
    assert_eq!(told, []);
    let before = if prior {
        Before::new(&pack, Some(shelf), None)
    } else {
        Before::new(&pack, None, Some(shelf))
    };
    before.lay(&plan(&pack, "hill", new)).into_owned()
}

fn told(plan: &Submission) -> Vec<String> {
    let all = plan.diagnostics.iter();
    all.map(|d| format!("{}: {}", d.place, d.message)).collect()
}

#[test]
fn a_table_that_was_left_out_is_filled_and_says_from_where() {
    let pack = pack();
    let now = TWO.replace("600", "700");
    let plan = laid(&[("budget.csv", TWO)], &[("budget.csv", &now)], false);
    let id = pack.schema.table("approved").expect("it has one");
    let (table, rows) = (&pack.schema.tables[id], &plan.tables[id]);
    assert_eq!(rows.len(), 2);
    let amount = table.field("amount").expect("it has one");
    assert_eq!(
        rows.place(table, 1, amount),
        "last/hill/budget.csv:3:amount"
    );
    assert_eq!(rows.row_place(1), "last/hill/budget.csv:3");
    assert_eq!(
        told(&plan),
        [
            "hill/approved.csv: `approved` holds nothing: 2 rows of the plan approved for fiscal year 2027 were taken from \
          last/hill/budget.csv"
        ]
    );
    assert!(
        plan.inputs
            .iter()
            .any(|input| input.path == "last/hill/budget.csv")
    );
}

#[test]
fn what_was_typed_otherwise_is_told_at_both_places() {
    let approved = "line_id,area,amount,what\na,reading,650,\nc,music,1,\n";
    let new = [("budget.csv", TWO), ("approved.csv", approved)];
    let plan = laid(&[("budget.csv", TWO)], &new, false);
    assert_eq!(
        told(&plan),
        [
            "hill/approved.csv:2:amount: `amount` is $650.00 here, and $600.00 in the plan approved for fiscal year 2027 \
             (last/hill/budget.csv:2:amount)",
            "hill/approved.csv:3: the plan approved for fiscal year 2027 has no row of this `line_id`",
            "hill/approved.csv: the row of the plan approved for fiscal year 2027 with `line_id` b (last/hill/budget.csv:3) is \
             not here",
        ]
    );
    // The district's own figure stays; the blank was filled.
    let pack = pack();
    let id = pack.schema.table("approved").expect("it has one");
    let (table, rows) = (&pack.schema.tables[id], &plan.tables[id]);
    let field = |name| table.field(name).expect("it has it");
    assert_eq!(rows.number(0, field("amount")), Some(650.into()));
    assert_eq!(rows.raw(0, field("what")), "A coach for grade three");
    assert_eq!(
        rows.place(table, 0, field("what")),
        "last/hill/budget.csv:2:what"
    );
    assert_eq!(
        rows.place(table, 0, field("amount")),
        "hill/approved.csv:2:amount"
    );
}

#[test]
fn last_years_lines_are_added_up() {
    let budget = TWO.to_owned() + "c,music,50,More drums,20\n";
    let last = "area,awarded\nreading,600\nmusic,400\nmusic,40\n";
    let new = [("budget.csv", TWO), ("last.csv", last)];
    let plan = laid(&[("budget.csv", &budget)], &new, true);
    assert_eq!(
        told(&plan),
        [
            "hill/last.csv:3:awarded: `awarded` of the 2 rows of the same `area` adds up to 440 here, and is $450.00 in the plan \
          approved for fiscal year 2026 (last/hill/budget.csv:3:amount and 1 more)"
        ]
    );
}

#[test]
fn a_plan_of_another_is_taken_for_nothing() {
    let pack = pack();
    let own = plan(&pack, "hill", &[("budget.csv", TWO)]);
    // The plan itself is not what was approved before it.
    let (shelf, _) = Shelf::new(&pack, "last", vec![own.clone()]);
    let laid = Before::new(&pack, None, Some(shelf)).lay(&own).into_owned();
    assert!(
        told(&laid)[0].contains("no other plan of this district"),
        "{:?}",
        told(&laid)
    );
    let twice = |budget: &str| {
        let other = plan(&pack, "hill-2", &[("budget.csv", budget)]);
        Shelf::new(&pack, "last", vec![own.clone(), other]).1
    };
    let wrong = twice(&TWO.replace("600", "700"));
    assert!(wrong[0].message.contains("which was approved?"));
    // The same files in two folders leave no doubt.
    assert_eq!(twice(TWO), []);
}

/// What was decided on last year's plan, laid into this year's.
#[track_caller]
fn promised(decisions: &str, own: Option<&str>, of_last: &[&str]) -> Submission {
    let pack = pack();
    let text =
        format!("district_code,plan_year,revision,decision,condition,due_on,by,on\n{decisions}");
    let file = ("decisions.csv".to_owned(), text.into_bytes());
    let known = Decisions::read(&pack, &[file]);
    assert_eq!(known.diagnostics, []);
    let last = of_last.iter().enumerate().map(|(at, revision)| {
        let of_plan = format!("{}{revision}", PLAN.replace("2027", "2026"));
        let path = format!("last/hill-{at}");
        plan(
            &pack,
            &path,
            &[("plan.toml", &of_plan), ("budget.csv", TWO)],
        )
    });
    let (shelf, told) = Shelf::new(&pack, "last", last.collect());
    assert_eq!(told, []);
    let as_of = jiff::civil::date(2026, 8, 1);
    let before = Before::new(&pack, Some(shelf), None).with_decisions(Some((&known, as_of)));
    let mut tables = vec![
        ("budget.csv", TWO),
        ("last.csv", "area,awarded\nreading,\nmusic,\n"),
    ];
    tables.extend(own.map(|own| ("promised.csv", own)));
    before.lay(&plan(&pack, "hill", &tables)).into_owned()
}

/// The rows of the table of conditions, each with its place.
fn rows_of(plan: &Submission) -> Vec<String> {
    let pack = pack();
    let id = pack.schema.table("promised").expect("it has one");
    let (table, rows) = (&pack.schema.tables[id], &plan.tables[id]);
    let field = |name| table.field(name).expect("it has it");
    let row = |row| {
        let [what, by, met] = ["what", "by", "met"].map(|name| rows.raw(row, field(name)));
        format!(
            "{what} | {by} | {met} | {}",
            rows.place(table, row, field("by"))
        )
    };
    (0..rows.len()).map(row).collect()
}

const TWO_CONDITIONS: &str = "Hill School,2026,,approve-with-conditions,,,A. Roe,2026-06-01
Hill School,2026,,condition,Report on reading.,2026-10-01,,
Hill School,2026,,condition,Name a lead,2026-11-01,,
";

#[test]
fn the_conditions_of_last_years_approval_are_laid_in() {
    let plan = promised(TWO_CONDITIONS, None, &[""]);
    let wanted = [
        "Report on reading. | 2026-10-01 |  | decisions.csv:3:due_on",
        "Name a lead | 2026-11-01 |  | decisions.csv:4:due_on",
    ];
    assert_eq!(rows_of(&plan), wanted);
    let wanted = "hill/promised.csv: `promised` holds nothing: 2 rows of the approval of the plan for fiscal year 2026 were taken from \
                  decisions.csv";
    assert_eq!(told(&plan), [wanted]);
    assert!(
        plan.inputs
            .iter()
            .any(|of| of.path == "decisions.csv" && of.sha256.is_some())
    );
}

#[test]
fn a_condition_that_the_plan_repeats_is_held_against_the_approval() {
    let own = "what,by,met\nreport on reading,2026-12-01,true\nName another lead,,true\n";
    let plan = promised(TWO_CONDITIONS, Some(own), &[""]);
    let wanted = [
        "report on reading | 2026-12-01 | true | hill/promised.csv:2:by",
        "Name another lead |  | true | hill/promised.csv:3:by",
        "Name a lead | 2026-11-01 |  | decisions.csv:4:due_on",
    ];
    assert_eq!(rows_of(&plan), wanted);
    assert_eq!(
        told(&plan),
        [
            "hill/promised.csv:2:by: `by` is 2026-12-01 here, and 2026-10-01 in the approval of the plan for fiscal year 2026 \
             (decisions.csv:3:due_on)",
            "hill/promised.csv:3: the approval of the plan for fiscal year 2026 has no row of this `what`",
            "hill/promised.csv: a row of the approval of the plan for fiscal year 2026 was laid in: `what` Name a lead (decisions.csv:4)",
        ]
    );
}

#[test]
fn the_approval_that_stands_is_the_one_that_counts() {
    let other = "Hill School,2026,,approve,,,A. Roe,2026-07-01\n";
    let plan = promised(&format!("{TWO_CONDITIONS}{other}"), None, &[""]);
    assert!(rows_of(&plan).is_empty());
    // What is taken back is no approval, and neither is what is decided later than the day.
    let taken_back = other.replace("approve", "return");
    let plan = promised(&format!("{TWO_CONDITIONS}{taken_back}"), None, &[""]);
    assert_eq!(
        told(&plan),
        [
            "hill: no approval of the plan of this district for fiscal year 2026 is in decisions.csv: no conditions were taken from there"
        ]
    );
    let later = other.replace("2026-07-01", "2026-09-01");
    let plan = promised(&format!("{TWO_CONDITIONS}{later}"), None, &[""]);
    assert_eq!(rows_of(&plan).len(), 2);
}

#[test]
fn the_revision_that_was_approved_is_the_one_that_is_taken() {
    let of_last = ["revision = 1\n", "revision = 2\n"];
    let decisions = "Hill School,2026,1,approve,,,A. Roe,2026-06-01\n";
    let taken =
        |plan: &Submission, path: &str| plan.inputs.iter().any(|of| of.path.starts_with(path));
    let plan = promised(decisions, None, &of_last);
    assert!(taken(&plan, "last/hill-0/") && !taken(&plan, "last/hill-1/"));
    assert_eq!(told(&plan), Vec::<String>::new());
    let plan = promised(&decisions.replace(",1,", ",3,"), None, &of_last);
    assert_eq!(
        told(&plan),
        [
            "hill: revision 3 was approved for fiscal year 2026, and `last/hill-1`, which was taken for it, is revision 2"
        ]
    );
}

#[track_caller]
fn assert_mistake(links: &str, wanted: &str) {
    let mut files = set_aside_files();
    let text = [files["pack.toml"].as_slice(), links.as_bytes()].concat();
    files.insert("pack.toml".into(), text);
    let refused = load("set-aside", &files).expect_err("it has a mistake");
    let said: Vec<_> = refused.mistakes.iter().map(|m| &m.message).collect();
    assert_eq!(said, [wanted]);
    assert!(refused.mistakes[0].span.is_some());
}

#[test]
fn mistakes_in_links_are_told_at_their_places() {
    let conditions = |fields: &str| format!("[prior.budget]\nconditions = {{ {fields} }}\n");
    assert_mistake(
        &conditions("line_id = \"text\""),
        "`text` is no column of a determination's conditions",
    );
    assert_mistake(
        &conditions("line_id = \"due_on\""),
        "`line_id` cannot hold `due_on`",
    );
    assert_mistake(
        &conditions(""),
        "the words of a condition stand in one field, and the day in another",
    );
    assert_mistake(
        "[approved.budget]\nconditions = { line_id = \"condition\" }\nfrom = \"budget\"\n",
        "there is no key `conditions` here",
    );
    assert_mistake(
        "[compare]\nmoney = [\"arae\"]\n",
        "`arae` is no text and no code of a table with a total of money",
    );
    assert_mistake(
        "[prior.plan]\nfrom = \"budgets\"\nby = [\"award\"]\n",
        "`budgets` is no table of a submission",
    );
    assert_mistake(
        "[prior.plan]\nfrom = \"budget\"\nby = [\"award\"]\n",
        "`award` is no field of `budget`",
    );
    assert_mistake(
        "[prior.budget]\nfrom = \"budget\"\nfields = { amount = \"area\" }\n",
        "`budget.amount` and `budget.area` are not of one type and one list",
    );
    assert_mistake(
        "[prior.budget]\nfrom = \"budget\"\nsums = { area = \"area\" }\n",
        "`area` is no figure that can be added up",
    );
}

#[test]
fn every_fixture_is_the_same_as_itself() {
    let pack = shipped("alliance");
    assert!(!pack.links.prior.is_empty() && pack_files("alliance").contains_key("pack.toml"));
    let path = super::project("fixtures/fy2027/bristol.xlsx");
    let bytes = std::fs::read(path).expect("it is there");
    let plan = read::read_workbook(&pack.schema, "bristol.xlsx", &bytes);
    compared(&pack, &plan, &plan, |all| {
        assert!(!all.is_change());
        assert!(markdown(all).contains("Nothing changed."));
        assert!(text(all).contains("byte for byte"));
    });
}

/// A line of a budget, perhaps with gaps.
fn line() -> impl Strategy<Value = String> {
    let id = prop_oneof![Just(String::new()), (1..6_u8).prop_map(|n| format!("L{n}"))];
    let area = prop_oneof![Just("reading"), Just("music"), Just(""), Just("chess")];
    let amount = prop_oneof![
        (0..500_u32).prop_map(|n| format!("{n}.{:02}", n % 100)),
        Just(String::new()),
        Just("some".to_owned()),
        Just("n/a".to_owned()),
    ];
    let what = "(a|coach|drums|for|grade){1}( (a|coach|drums|three)){0,3}";
    (id, area, amount, what, 0..30_u8).prop_map(|(id, area, amount, what, pupils)| {
        format!("{id},{area},{amount},{what},{pupils}\n")
    })
}

fn budget() -> impl Strategy<Value = String> {
    proptest::collection::vec(line(), 0..9)
        .prop_map(|lines| format!("line_id,area,amount,what,pupils\n{}", lines.concat()))
}

/// A row as it is seen from the other side.
fn mirrored(row: &RowDiff) -> RowDiff {
    let kind = match row.kind {
        RowKind::Added => RowKind::Dropped,
        RowKind::Dropped => RowKind::Added,
        RowKind::Changed => RowKind::Changed,
    };
    let cells = row.cells.iter().map(|cell| {
        let mut cell = cell.clone();
        std::mem::swap(&mut cell.old, &mut cell.new);
        cell.change = cell.change.map(|change| -change);
        cell.pieces.clear();
        cell
    });
    RowDiff {
        kind,
        name: None,
        old: row.new.clone(),
        new: row.old.clone(),
        how: row.how,
        cells: cells.collect(),
    }
}

/// Rows without what has no mirror: names, and words one by one.
fn plainly(row: &RowDiff) -> RowDiff {
    mirrored(&mirrored(row))
}

fn sorted(mut rows: Vec<RowDiff>) -> Vec<String> {
    rows.sort_by(|a, b| (a.kind, &a.old, &a.new).cmp(&(b.kind, &b.old, &b.new)));
    rows.iter().map(|row| format!("{row:?}")).collect()
}

fn agrees(money: &MoneyDiff) {
    for grouping in &money.groupings {
        let sum = |side: fn(&accordant::memory::compare::Sums) -> accordant::value::Decimal| {
            let sums = grouping.groups.iter().map(|(_, sums)| side(sums));
            sums.sum::<accordant::value::Decimal>()
        };
        assert_eq!(sum(|s| s.old.known), money.total.old.known);
        assert_eq!(sum(|s| s.new.known), money.total.new.known);
        assert_eq!(sum(Sums::change), money.total.change());
    }
}

/// The difference of two budgets, without the places of rows.
fn content(old: &str, new: &str) -> Vec<String> {
    budgets(old, new, |all, table| {
        let rows = table.rows.iter().map(|row| {
            let mut cells = cells(all, table, row);
            cells.insert(0, format!("{:?}", row.kind));
            cells.join(" ")
        });
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        rows
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(64)))]

    #[test]
    fn nothing_differs_from_itself(budget in budget()) {
        budgets(&budget, &budget, |all, table| {
            assert!(!all.is_change(), "{:#?}", table.rows);
            assert_eq!(table.moved, 0);
        });
    }

    #[test]
    fn both_ways_say_the_same(a in budget(), b in budget()) {
        let there = budgets(&a, &b, |_, table| {
            table.money.iter().for_each(agrees);
            (table.rows.iter().map(mirrored).collect::<Vec<_>>(), table.unchanged, table.moved)
        });
        let back = budgets(&b, &a, |_, table| {
            (table.rows.iter().map(plainly).collect::<Vec<_>>(), table.unchanged, table.moved)
        });
        // The folders are named after the sides.
        let folders = |rows: Vec<String>| -> Vec<String> {
            let rows = rows.iter().map(|r| r.replace("old/", "*/").replace("new/", "*/"));
            rows.collect()
        };
        prop_assert_eq!(folders(sorted(there.0)), folders(sorted(back.0)));
        prop_assert_eq!((there.1, there.2), (back.1, back.2));
    }

    #[test]
    fn the_order_of_rows_decides_nothing(a in budget(), b in budget(), turn in 0..9_usize) {
        let mut lines: Vec<&str> = b.lines().skip(1).collect();
        let by = turn.min(lines.len());
        lines.rotate_left(by);
        lines.reverse();
        let header = b.lines().next().unwrap_or_default();
        let other = format!("{header}\n{}\n", lines.join("\n"));
        prop_assert_eq!(content(&a, &b), content(&a, &other));
    }
}
