//! The traps of real spreadsheets: files as several programs write them, what is read of them and what is told.

use std::sync::LazyLock;

use accordant::diagnostic::{Diagnostic, Weight};
use accordant::pack::Pack;
use accordant::read::{read_csv, read_workbook};
use accordant::submission::Submission;
use accordant::table::{Data, Rows, State, Texts};
use accordant::value::{Type, from_days, plain};

use super::{project, shipped};

static PACK: LazyLock<Pack> = LazyLock::new(|| shipped("alliance"));

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(project("tests/traps").join(name)).expect("it is there")
}

/// One table of a file: its lines as `row: field=value`, `?` for what cannot be read, and then what is told of it.
fn read(name: &str, table: &str) -> Vec<String> {
    let schema = &PACK.schema;
    let id = schema.table(table).expect("the pack has it");
    if name.ends_with(".csv") {
        let (mut texts, mut diagnostics) = (Texts::default(), Vec::new());
        let rows = read_csv(
            &schema.tables[id],
            table,
            &bytes(name),
            &mut texts,
            &mut diagnostics,
        );
        return written_down(id, &rows, &texts, &diagnostics);
    }
    let book: Submission = read_workbook(schema, "w", &bytes(name));
    let of_table = |d: &&Diagnostic| {
        d.place
            .strip_prefix("w!")
            .is_some_and(|at| at.starts_with(table))
    };
    let told: Vec<_> = book.diagnostics.iter().filter(of_table).cloned().collect();
    written_down(id, &book.tables[id], &book.texts, &told)
}

fn written_down(id: usize, rows: &Rows, texts: &Texts, told: &[Diagnostic]) -> Vec<String> {
    let fields = || PACK.schema.tables[id].fields.iter().zip(&rows.columns);
    let line = |row: usize| {
        let cells = fields().filter_map(|(field, column)| {
            let column = column.as_ref()?;
            let value = match (column.state(row), &column.data) {
                (State::Blank, _) => return None,
                (State::Value, Data::Nums(nums)) if field.ty == Type::Date => {
                    let days = plain(nums.get(row)).parse().ok()?;
                    from_days(days)?.to_string()
                }
                (State::Value, Data::Nums(nums)) => plain(nums.get(row)),
                (State::Value, Data::Bools(bools)) => bools[row].to_string(),
                (State::Value, Data::Texts(ids)) => texts.get(ids[row]).to_owned(),
                (State::NotApplicable, _) => "n/a".to_owned(),
                _ => "?".to_owned(),
            };
            Some(format!(" {}={value}", field.name))
        });
        format!("{}:{}", rows.numbers[row], cells.collect::<String>())
    };
    let told = told.iter().map(|d| {
        let weight = match d.weight {
            Weight::Notice => "notice",
            Weight::Error => "error",
            Weight::Fatal => "fatal",
        };
        format!("{weight} {} {}", d.place, d.message)
    });
    (0..rows.len()).map(line).chain(told).collect()
}

#[track_caller]
fn assert_reads(name: &str, table: &str, want: &[&str]) {
    assert_eq!(read(name, table), want, "{name}");
}

/// Checks what is told of a table of which all lines are read.
#[track_caller]
fn assert_tells(name: &str, table: &str, lines: usize, want: &[&str]) {
    let read = read(name, table);
    assert_eq!(read[lines..], *want, "{name}: {read:?}");
    assert!(
        !read[..lines].iter().any(|line| line.contains("=?")),
        "{read:?}"
    );
}

#[test]
fn every_program_writes_the_same_sheet() {
    let plan = [
        "1: district_code=1630011 district=Windham fiscal_year=2027 superintendent_signed_on=2026-07-01 \
         board_approved=true board_vote_on=2026-06-09 stated_allocation=9659546.1",
        "notice w!plan!B7 `46204` was read as the date 2026-07-01",
        "error w!plan:stage the field `stage` is missing",
    ];
    let budget = [
        "2: line_id=1 strategy_id=1.10 object_code=100 description=Coach fte=0.5 unit_cost=0 amount=1234.5 \
         funding_portion=alliance",
        "3: line_id=2 strategy_id=1.10 object_code=100 description=Books for “Reading” fte=n/a amount=1234.5 \
         funding_portion=carryforward",
        "4: line_id=3 strategy_id=1.10 object_code=100 description=Bus\npasses amount=0.3 funding_portion=alliance",
    ];
    let targets = ["2: metric=local group=all baseline=79.5 target=81.5 target_on=2027-06-30"];
    for name in [
        "excel.xlsx",
        "inline.xlsx",
        "google.xlsx",
        "openpyxl.xlsx",
        "libreoffice.xlsx",
        "libreoffice.ods",
    ] {
        assert_reads(name, "plan", &plan);
        assert_reads(name, "budget", &budget);
        assert_reads(name, "targets", &targets);
    }
}

#[test]
fn what_is_hidden_is_read_and_told() {
    let told = [
        "notice w!budget rows 4-5 and 8 are hidden: they were read all the same",
        "notice w!budget columns E-F are hidden: they were read all the same",
    ];
    let sheet = ["notice w!targets this sheet is hidden: it was read all the same"];
    for name in ["hidden.xlsx", "hidden.ods"] {
        assert_tells(name, "budget", 8, &told);
        assert_tells(name, "targets", 1, &sheet);
    }
    let filter =
        ["notice w!budget the table is filtered: the rows that it hides were read all the same"];
    for name in [
        "filtered.xlsx",
        "filtered.ods",
        "filtered-by-libreoffice.xlsx",
    ] {
        assert_tells(name, "budget", 6, &filter);
    }
}

#[test]
fn merged_cells_hold_what_is_seen_and_figures_count_once() {
    let want = [
        "3: line_id=1 strategy_id=1.10 object_code=100 description=Coach fte=1 unit_cost=5 amount=250 funding_portion=alliance",
        "4: line_id=2 strategy_id=1.10 object_code=100 description=Aide fte=1 unit_cost=5 amount=? funding_portion=alliance",
        "5: line_id=3 strategy_id=1.2 object_code=100 description=Books fte=1 unit_cost=5 amount=10 funding_portion=alliance",
        "error w!budget!G4 the cell is merged with G3: write each line's own figure",
    ];
    for name in ["merged.xlsx", "merged.ods"] {
        assert_reads(name, "budget", &want);
    }
}

#[test]
fn errors_and_formulas_without_a_stored_value_are_told() {
    let lines = |name| {
        let read = read(name, "budget");
        read.into_iter()
            .filter(|line| line.starts_with("error"))
            .collect::<Vec<_>>()
    };
    let shown = [
        "error w!budget!G2 the cell shows `#DIV/0!`",
        "error w!budget!G3 the cell shows `#REF!`",
        "error w!budget!H3 the cell shows `#N/A`",
    ];
    for name in ["errors.xlsx", "errors.ods"] {
        assert_eq!(lines(name), shown, "{name}");
    }
    let no_value = "the formula has no stored value: open the workbook in Excel and save it again";
    let want = [
        format!("error w!budget!G2 {no_value}"),
        "error w!budget!G3 the cell shows `#REF!`".to_owned(),
        format!("error w!budget!H4 {no_value}"),
    ];
    assert_eq!(lines("formulas.xlsx"), want);
}

#[test]
fn dates_that_count_from_1904() {
    let want = [
        "2: metric=local group=all baseline=1 target=2 target_on=2026-07-01",
        "3: metric=local group=all baseline=1 target=2 target_on=2026-07-01",
        "notice w!targets!E3 `44742` was read as the date 2026-07-01",
    ];
    assert_reads("from-1904.xlsx", "targets", &want);
}

#[test]
fn dates_in_many_spellings() {
    let told = [
        "8: metric=local group=all baseline=1 target=2 target_on=?",
        "notice targets:7:target_on `46204` was read as the date 2026-07-01",
        "error targets:8:target_on `13/5/2026` is not a date such as `2026-07-01` or `7/1/2026`",
    ];
    let read = read("dates.csv", "targets");
    assert_eq!(read[6..], told);
    assert!(
        read[..6]
            .iter()
            .all(|line| line.ends_with("target_on=2026-07-01")),
        "{read:?}"
    );
}

#[test]
fn numbers_that_lost_their_zero_are_asked_about() {
    let lost = "that lost its zero: format the column as text and write it anew";
    let told = [
        format!("error w!strategies!A5 reads `1.1`, as row 2 does already; after `1.9` it is probably `1.10` {lost}"),
        format!("error w!strategies!A8 reads `1.2`, as row 3 does already; after `1.19` it is probably `1.20` {lost}"),
        "notice w!strategies!A11 `07` here and `7` in row 10 were read as two: write them alike if they are one".to_owned(),
    ];
    assert_eq!(read("numbering.xlsx", "strategies")[10..], told);
    let want = format!(
        "error strategies:5:strategy_id reads `1.1`, as row 2 does already; after `1.9` it is probably `1.10` {lost}"
    );
    assert_eq!(read("numbering.csv", "strategies")[5..], [want]);
}

#[test]
fn what_stands_below_the_table_is_told() {
    let told = [
        "notice w!budget!4 this row tells more of the headers: it was not read as a line",
        "notice w!budget!9 this is a note below the table: it was not read as a line",
        "notice w!budget!10 this is a note below the table: it was not read as a line",
        "error w!budget!12 another table begins here: nothing from this row on was read; give each table its own sheet",
    ];
    assert_tells("below.xlsx", "budget", 2, &told);
}

#[test]
fn text_files_of_every_kind() {
    let half = "2: line_id=1 strategy_id=1.10 object_code=100 description=Coach, half time amount=1234.5 funding_portion=alliance";
    assert_reads("semicolons.csv", "budget", &[half]);
    assert_reads("tabs.csv", "budget", &[half]);
    let windows = [
        "2: line_id=1 strategy_id=1.10 object_code=100 description=Café at Peña’s amount=1234.5 funding_portion=alliance",
        "notice budget the file is not UTF-8: it was read as Windows-1252",
    ];
    assert_reads("windows-1252.csv", "budget", &windows);
    let marked = [
        "2: line_id=1 strategy_id=1.10 object_code=100 description=Coach amount=-1234.5 funding_portion=alliance",
        "3: line_id=2 strategy_id=1.10 object_code=100 description=Aide amount=0 funding_portion=alliance",
        "error budget:2:amount `$ (1,234.50)` is below the least allowed, 0",
    ];
    assert_reads("bom.csv", "budget", &marked);
    let curly = [
        "2: line_id=1 strategy_id=1.10 object_code=100 description=Peña’s “Café” amount=1234.5 funding_portion=carryforward",
        "notice budget:1:“Line number” the column `“Line number”` is not used",
    ];
    assert_reads("quotes.csv", "budget", &curly);
}

#[test]
fn many_columns_are_told_at_once() {
    let want = [
        "2: line_id=1 strategy_id=1.10 object_code=100 description=Coach amount=5 funding_portion=alliance",
        "notice budget:1 288 columns are not used: `Q1`, `Q2`, `Q3`, `Q4`, `Q5`, `Q6`, `Q7`, `Q8`, … (288 in all)",
    ];
    assert_reads("wide.csv", "budget", &want);
}

#[test]
fn what_cannot_be_read_says_what_to_do() {
    let told = |name| {
        let book = read_workbook(&PACK.schema, "w", &bytes(name));
        assert!(book.tables.iter().all(|table| table.lost));
        let told = book
            .diagnostics
            .into_iter()
            .filter(|d| d.weight == Weight::Fatal);
        told.map(|d| d.message).collect::<Vec<_>>()
    };
    let old = "this is an old .xls workbook: open it in Excel and save it as .xlsx";
    assert_eq!(told("old.xls"), [old]);
    let protected = "the workbook is protected by a password: remove the password in Excel and save it as .xlsx";
    assert_eq!(told("protected.xlsx"), [protected]);
}
