//! The empty workbook: what the readers say of it, of one that was filled in, and what `LibreOffice` works out in it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;

use accordant::evaluate::Evaluator;
use accordant::pack::{InForce, Pack};
use accordant::read::{self, File};
use accordant::review::Review;
use accordant::schema::{Field, Table};
use accordant::submission::Submission;
use accordant::table::{Cell, Rows};
use accordant::value::{Type, from_days, plain};
use accordant::workbook::template::{Asked, Last, make};
use calamine::{Data, Reader};

use super::{project, shipped};

const YEAR: i64 = 2027;

fn template(pack: &Pack, asked: Asked<'_>) -> Vec<u8> {
    let in_force = InForce::new(pack, YEAR);
    make(&in_force, asked).expect("it can be written").bytes
}

fn windham() -> Asked<'static> {
    Asked {
        code: Some("1630011"),
        name: Some("Windham"),
        last: None,
    }
}

/// What is told of a workbook, the lack of rows and of required values apart.
fn told(pack: &Pack, bytes: &[u8]) -> Vec<String> {
    let taken = pack.forms().read_workbook("t.xlsx", bytes);
    let [(submission, _)] = taken.plans.as_slice() else {
        panic!("it is one submission");
    };
    let lacks = |message: &str| message.ends_with("has no rows") || message.contains("is blank");
    let all = taken.diagnostics.iter().chain(&submission.diagnostics);
    let told = all.filter(|d| !lacks(&d.message));
    told.map(|d| format!("{}: {}", d.place, d.message))
        .collect()
}

fn read_back(pack: &Pack, bytes: &[u8]) -> Submission {
    let mut plans = pack.forms().read_workbook("t.xlsx", bytes).plans;
    plans.pop().expect("it is one submission").0
}

fn plan_of(pack: &Pack, folder: &str) -> Submission {
    changed_plan(pack, folder, &[])
}

/// A plan with some texts of its files replaced: the file, what stands in it, and what is to stand there.
fn changed_plan(pack: &Pack, folder: &str, changes: &[(&str, &str, &str)]) -> Submission {
    let root = project("fixtures").join(folder);
    let name = root.file_name().expect("it has a name").to_string_lossy();
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&root).expect("it is a folder") {
        let path = entry.expect("it can be read").path();
        let own = path.file_name().expect("it has a name").to_string_lossy();
        let mut text = std::fs::read_to_string(&path).expect("it is a text");
        for (_, from, to) in changes.iter().filter(|(file, ..)| *file == own) {
            assert!(text.contains(from), "{own} has no {from}");
            text = text.replacen(from, to, 1);
        }
        files.push(File {
            path: format!("{name}/{own}"),
            bytes: text.into_bytes(),
        });
    }
    read::read_folder(&pack.schema, &name, &files)
}

/// The files of a workbook by name.
fn parts(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("it is a zip");
    let mut parts = BTreeMap::new();
    for at in 0..zip.len() {
        let mut file = zip.by_index(at).expect("it is there");
        let name = file.name().expect("it is UTF-8").into_owned();
        let mut text = String::new();
        file.read_to_string(&mut text).expect("it is a text");
        parts.insert(name, text);
    }
    parts
}

fn zipped(parts: &BTreeMap<String, String>) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(name, options).expect("it has room");
        zip.write_all(text.as_bytes()).expect("it has room");
    }
    zip.finish().expect("it is whole").into_inner()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A cell as a person would leave it behind: figures as figures, codes as the list shows them.
fn cell(
    in_force: &InForce<'_>,
    field: &Field,
    (rows, row, id): (&Rows, usize, usize),
    submission: &Submission,
    at: &str,
    style: &str,
) -> String {
    let text = match rows.cell(row, id, &submission.texts) {
        Cell::Blank => return String::new(),
        Cell::Number(x) if field.ty == Type::Date => {
            let days = i64::try_from(x.mantissa()).expect("it is small");
            let since = days - accordant::value::to_days(jiff::civil::date(1899, 12, 30));
            assert!(from_days(days).is_some());
            return format!("<c r=\"{at}\"{style}><v>{since}</v></c>");
        }
        Cell::Number(x) => return format!("<c r=\"{at}\"{style}><v>{}</v></c>", plain(x)),
        Cell::Bool(truth) => if truth { "yes" } else { "no" }.to_owned(),
        Cell::NotApplicable => "n/a".to_owned(),
        Cell::Suppressed => "*".to_owned(),
        Cell::Unreadable => rows.raw(row, id).to_owned(),
        Cell::Text(text) => {
            let mut codes = in_force.codes(field).into_iter();
            let label = codes.find(|(code, _)| code == text);
            let shown = label.map(|(code, label)| accordant::schema::spoken(&code, &label));
            shown.unwrap_or_else(|| text.to_owned())
        }
    };
    let text = escaped(&text);
    format!(
        "<c r=\"{at}\"{style} t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>"
    )
}

fn column(mut at: usize) -> String {
    let mut name = String::new();
    loop {
        name.insert(
            0,
            char::from(b'A' + u8::try_from(at % 26).expect("it is a letter")),
        );
        if at < 26 {
            return name;
        }
        at = at / 26 - 1;
    }
}

/// The style that a new cell of each column takes on, as an attribute; columns count from 1.
fn column_styles(sheet: &str) -> BTreeMap<usize, String> {
    let columns = sheet.split("<col ").skip(1).map(|of| {
        let value = |name: &str| {
            let from = of.split(&format!("{name}=\"")).nth(1)?;
            from.split('"').next()?.parse::<usize>().ok()
        };
        let style = of.split("/>").next().filter(|of| of.contains("style"));
        let style = style.and_then(|_| value("style"));
        let style = style.map_or_else(String::new, |n| format!(" s=\"{n}\""));
        let ends = (
            value("min").expect("it starts"),
            value("max").expect("it ends"),
        );
        (ends, style)
    });
    columns
        .flat_map(|((min, max), style)| (min..=max).map(move |n| (n, style.clone())))
        .collect()
}

/// The rows of a table below its header, as a person would fill them in.
fn rows_of(
    in_force: &InForce<'_>,
    table: &Table,
    rows: &Rows,
    submission: &Submission,
    (first, sheet): (usize, &str),
) -> String {
    let styles = column_styles(sheet);
    let mut xml = String::new();
    for row in 0..rows.len() {
        let number = first + row;
        let _ = write!(xml, "<row r=\"{number}\">");
        for (id, field) in table.fields.iter().enumerate() {
            let at = format!("{}{number}", column(id));
            let style = styles.get(&(id + 1)).map_or("", String::as_str);
            xml += &cell(in_force, field, (rows, row, id), submission, &at, style);
        }
        xml += "</row>";
    }
    xml
}

/// A template with a submission written into it.
fn filled(pack: &Pack, bytes: &[u8], submission: &Submission) -> Vec<u8> {
    let in_force = InForce::new(pack, YEAR);
    let mut parts = parts(bytes);
    let tables = pack.schema.submission_tables().iter();
    for (n, (table, rows)) in tables.zip(&submission.tables).enumerate() {
        let sheet = parts
            .get_mut(&format!("xl/worksheets/sheet{}.xml", n + 2))
            .expect("each table has a sheet behind the instructions");
        if table.name == "plan" {
            for (id, field) in table.fields.iter().enumerate() {
                let at = format!("B{}", id + 4);
                let from = sheet.find(&format!("<c r=\"{at}\"")).expect("it is there");
                let style_end = sheet[from..].find('>').expect("it ends") + from;
                let style = sheet[from..style_end]
                    .split(" s=\"")
                    .nth(1)
                    .expect("it has one");
                let style = format!(" s=\"{}\"", style.split('"').next().expect("it ends"));
                let until = if sheet[..style_end].ends_with('/') {
                    style_end + 1
                } else {
                    from + sheet[from..].find("</c>").expect("it ends") + 4
                };
                let new = cell(&in_force, field, (rows, 0, id), submission, &at, &style);
                if !new.is_empty() && !sheet[from..until].contains("<f") {
                    sheet.replace_range(from..until, &new);
                }
            }
            continue;
        }
        let first = if table.fields.iter().any(|f| f.total) {
            5
        } else {
            4
        };
        let xml = rows_of(&in_force, table, rows, submission, (first, sheet));
        *sheet = sheet.replace("</sheetData>", &format!("{xml}</sheetData>"));
    }
    zipped(&parts)
}

/// A workbook as `LibreOffice` writes it, with every formula worked out.
fn through_libreoffice(bytes: &[u8]) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("there is room");
    let (from, out) = (folder.path().join("t.xlsx"), folder.path().join("out"));
    std::fs::write(&from, bytes).expect("there is room");
    let profile = format!(
        "-env:UserInstallation=file://{}",
        folder.path().join("profile").display()
    );
    let run = Command::new("soffice")
        .args(["--headless", &profile, "--convert-to", "xlsx", "--outdir"])
        .args([out.as_path(), from.as_path()])
        .output()
        .expect("LibreOffice is installed: run .ci/programs");
    assert!(run.status.success(), "{run:?}");
    std::fs::read(out.join("t.xlsx")).expect("LibreOffice wrote it")
}

/// The results of the sheet of checks: the title, the result, how many rows are to be looked at, and the first.
fn checks(bytes: &[u8]) -> BTreeMap<String, (String, String, String)> {
    let mut book: calamine::Xlsx<_> =
        calamine::open_workbook_from_rs(Cursor::new(bytes)).expect("it opens");
    let range = book.worksheet_range("Checks").expect("it is there");
    let text = |row: u32, column: u32| range.get_value((row, column)).map(ToString::to_string);
    let number = |row: u32, column: u32| match range.get_value((row, column)) {
        Some(Data::Float(x)) => x.to_string(),
        Some(Data::Int(x)) => x.to_string(),
        other => panic!("row {row}: {other:?}"),
    };
    let end = range.end().expect("it is not empty").0;
    (5..=end)
        .map(|row| {
            let title = text(row, 1).expect("it has a title");
            let result = text(row, 0).expect("it has a result");
            (
                title,
                (result, number(row, 3), text(row, 4).unwrap_or_default()),
            )
        })
        .collect()
}

fn review(pack: &Pack, submission: &Submission) -> Review {
    let in_force = InForce::new(pack, YEAR);
    Evaluator::new(&in_force).review(submission)
}

#[test]
fn nothing_is_wrong_with_an_empty_template() {
    for id in ["alliance", "resc-accord"] {
        let pack = shipped(id);
        let bytes = template(&pack, Asked::default());
        assert_eq!(told(&pack, &bytes), Vec::<String>::new(), "{id}");
        assert_eq!(
            bytes,
            template(&pack, Asked::default()),
            "{id}: not the same bytes"
        );
    }
    let pack = shipped("alliance");
    assert_eq!(
        told(&pack, &template(&pack, windham())),
        Vec::<String>::new()
    );
}

#[test]
fn what_is_known_of_a_district_is_filled_in() {
    let pack = shipped("alliance");
    let submission = read_back(&pack, &template(&pack, windham()));
    let plan = &pack.schema.tables[0];
    let value = |name: &str| {
        let field = plan.field(name).expect("it is a field");
        match submission.tables[0].cell(0, field, &submission.texts) {
            Cell::Number(x) => plain(x),
            Cell::Text(text) => text.to_owned(),
            other => format!("{other:?}"),
        }
    };
    let names = [
        "district_code",
        "fiscal_year",
        "stated_allocation",
        "budget_total",
        "stage",
    ];
    let want = ["1630011", "2027", "9659546", "Blank", "Blank"];
    assert_eq!(names.map(value), want);
    let targets = pack.schema.table("targets").expect("it is a table");
    assert!(submission.tables[targets].len() > 20);
}

#[test]
fn a_template_that_was_filled_in_is_read_as_the_plan_that_was_written_into_it() {
    let pack = shipped("alliance");
    let plan = plan_of(&pack, "fy2027/windham");
    let empty = template(&pack, Asked::default());
    let by_hand = filled(&pack, &empty, &plan);
    let worked_out = through_libreoffice(&by_hand);
    let results = checks(&worked_out);
    assert!(
        results.values().all(|(result, ..)| result != "LOOK AT"),
        "{results:#?}"
    );
    for bytes in [&by_hand, &worked_out] {
        assert_eq!(told(&pack, bytes), Vec::<String>::new());
        let back = read_back(&pack, bytes);
        for ((table, old), new) in pack
            .schema
            .submission_tables()
            .iter()
            .zip(&plan.tables)
            .zip(&back.tables)
        {
            assert_eq!(old.len(), new.len(), "{}", table.name);
            for row in 0..old.len() {
                for (id, field) in table.fields.iter().enumerate() {
                    let (old, new) = (
                        old.cell(row, id, &plan.texts),
                        new.cell(row, id, &back.texts),
                    );
                    if field.name != "budget_total" {
                        assert_eq!(old, new, "{}.{} in row {row}", table.name, field.name);
                    }
                }
            }
        }
    }
}

#[test]
fn the_same_findings_come_of_a_template_and_of_a_folder() {
    let pack = shipped("alliance");
    let plan = plan_of(&pack, "fy2027/windham");
    let back = read_back(
        &pack,
        &filled(&pack, &template(&pack, Asked::default()), &plan),
    );
    let found = |submission: &Submission| {
        let findings = review(&pack, submission).findings;
        let told = findings
            .iter()
            .map(|f| format!("{} {:?} {}", f.rule, f.outcome, f.message));
        told.filter(|told| !told.starts_with("budget-total-ties"))
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&plan), found(&back));
}

/// Checks results of the sheet of checks for the plan of Windham with changes, as `LibreOffice` works them out.
#[track_caller]
fn assert_checks(changes: &[(&str, &str, &str)], want: &[(&str, &str, &str, &str)]) {
    let pack = shipped("alliance");
    let plan = changed_plan(&pack, "fy2027/windham", changes);
    let bytes = filled(&pack, &template(&pack, Asked::default()), &plan);
    let got = checks(&through_libreoffice(&bytes));
    let wrong: Vec<(&str, &str, &str, &str)> = got
        .iter()
        .filter(|(_, (result, ..))| result == "LOOK AT")
        .map(|(title, (result, count, first))| {
            (
                title.as_str(),
                result.as_str(),
                count.as_str(),
                first.as_str(),
            )
        })
        .collect();
    assert_eq!(wrong, want);
    let asked = got.values().filter(|(result, ..)| result == "OK").count();
    assert!(asked > 15, "{got:#?}");
}

#[test]
fn the_sheet_of_checks_finds_what_is_wrong() {
    let changes = [
        ("budget.csv", "15,500.00,7500.00", "15,500.00,7600.00"),
        (
            "budget.csv",
            "2,2027,1.1,talent,580,Travel,\"Travel to",
            "2,2027,1.1,talent,5809,Travel,\"Travel to",
        ),
        (
            "prior_spending.csv",
            "26-001,1.1,111B,1785220.00,1683463.00",
            "26-001,1.1,111B,1785220.00,1785221.00",
        ),
        (
            "strategies.csv",
            "2.1,Every child reads well by the end of grade three,",
            "2.1,,",
        ),
        (
            "plan.toml",
            "prior_closing_balance = \"565320.00\"",
            "prior_closing_balance = \"5320.00\"",
        ),
    ];
    assert_checks(
        &changes,
        &[
            (
                "Budget: every value is of its kind and within its bounds",
                "LOOK AT",
                "1",
                "row 6",
            ),
            ("Last year's balances add up", "LOOK AT", "1", ""),
            (
                "Nothing was spent beyond what was approved",
                "LOOK AT",
                "1",
                "row 5",
            ),
            (
                "Quantity times unit cost is the amount of the line",
                "LOOK AT",
                "1",
                "row 5",
            ),
            (
                "Strategies: what is required is filled in",
                "LOOK AT",
                "1",
                "row 5",
            ),
            (
                "The Alliance lines stay within the allocation and the carry-forward",
                "LOOK AT",
                "1",
                "",
            ),
            (
                "The lines of each strategy add up to its subtotal",
                "LOOK AT",
                "1",
                "row 4",
            ),
        ],
    );
}

#[test]
fn drop_downs_hold_the_codes_of_the_year() {
    let pack = shipped("alliance");
    for year in [2014, 2027] {
        let in_force = InForce::new(&pack, year);
        let bytes = make(&in_force, Asked::default())
            .expect("it can be written")
            .bytes;
        let mut book: calamine::Xlsx<_> =
            calamine::open_workbook_from_rs(Cursor::new(bytes.as_slice())).expect("it opens");
        let lists = book.worksheet_range("Lists").expect("it is there");
        let parts = parts(&bytes);
        for (n, table) in pack.schema.submission_tables().iter().enumerate() {
            let sheet = &parts[&format!("xl/worksheets/sheet{}.xml", n + 2)];
            for (id, field) in table
                .fields
                .iter()
                .enumerate()
                .filter(|(_, f)| f.ty == Type::Code)
            {
                let first = if table.fields.iter().any(|f| f.total) {
                    5
                } else {
                    4
                };
                let at = if table.name == "plan" {
                    format!("\"B{}\"", id + 4)
                } else {
                    format!("\"{}{first}:", column(id))
                };
                let rule = sheet
                    .split("<dataValidation ")
                    .find(|rule| rule.contains(&format!("sqref={at}")))
                    .unwrap_or_else(|| panic!("{}.{} has no list", table.name, field.name));
                assert!(rule.contains("type=\"list\""), "{rule}");
                let formula = rule.split("<formula1>").nth(1).expect("it has a formula");
                let range = formula.split("</formula1>").next().expect("it ends");
                let got = choices(&lists, range);
                let mut want: Vec<String> = in_force
                    .codes(field)
                    .into_iter()
                    .map(|(code, _)| code)
                    .collect();
                if field.not_applicable {
                    want.push("not applicable".to_owned());
                }
                assert_eq!(got, want, "{}.{} in {year}", table.name, field.name);
            }
        }
    }
}

/// The codes beside the choices of a range such as `Lists!$A$6:$A$8`.
fn choices(lists: &calamine::Range<Data>, range: &str) -> Vec<String> {
    let cells = range
        .rsplit('!')
        .next()
        .expect("it has cells")
        .replace('$', "");
    let (first, last) = cells.split_once(':').expect("it has two ends");
    let column = first.trim_end_matches(|c: char| c.is_ascii_digit());
    let row = |cell: &str| cell[column.len()..].parse::<u32>().expect("it is a number");
    let letters = column
        .bytes()
        .fold(0, |n, b| n * 26 + u32::from(b - b'A') + 1);
    (row(first)..=row(last))
        .map(|row| {
            let code = lists.get_value((row - 1, letters)).expect("it has a code");
            code.to_string()
        })
        .collect()
}

#[test]
fn last_years_plan_is_carried_over() {
    let pack = shipped("alliance");
    let changes = [
        ("plan.toml", "fiscal_year = 2027", "fiscal_year = 2026"),
        (
            "strategies.csv",
            "\"Hire early, mentor",
            "\"=cmd|'/c calc'!A1 Hire early, mentor",
        ),
    ];
    let last = changed_plan(&pack, "fy2027/windham", &changes);
    let asked = Asked {
        last: Some(Last {
            submission: &last,
            name: "=cmd|'/c calc'!A1.xlsx",
            year: Some(2026),
        }),
        ..windham()
    };
    let bytes = template(&pack, asked);
    let new = read_back(&pack, &bytes);
    let rows = |of: &Submission, name: &str| {
        of.tables[pack.schema.table(name).expect("it is a table")].len()
    };
    for (from, to) in [
        ("strategies", "strategies"),
        ("targets", "targets"),
        ("budget", "budget"),
        ("budget", "prior_spending"),
        ("targets", "prior_targets"),
    ] {
        assert_eq!(rows(&last, from), rows(&new, to), "{from}");
    }
    let column = |of: &Submission, table: &str, name: &str| {
        let id = pack.schema.table(table).expect("it is a table");
        let field = pack.schema.tables[id].field(name).expect("it is a field");
        let rows = &of.tables[id];
        let cell = |row| format!("{:?}", rows.cell(row, field, &of.texts));
        (0..rows.len()).map(cell).collect::<Vec<_>>()
    };
    assert_eq!(
        column(&last, "strategies", "title"),
        column(&new, "strategies", "title")
    );
    assert_eq!(
        column(&last, "budget", "amount"),
        column(&new, "prior_spending", "approved")
    );
    for (table, name) in [
        ("budget", "amount"),
        ("plan", "superintendent_signed_on"),
        ("plan", "board_vote_on"),
        ("prior_spending", "expended"),
        ("prior_targets", "actual"),
        ("prior_targets", "status"),
    ] {
        assert!(
            column(&new, table, name).iter().all(|cell| cell == "Blank"),
            "{table}.{name}"
        );
    }
    let parts = parts(&bytes);
    let formulas = parts.values().flat_map(|xml| xml.split("<f").skip(1));
    assert!(formulas.filter(|f| f.contains("cmd|")).count() == 0);
    assert!(parts["xl/worksheets/sheet1.xml"].contains("<row"));
    assert!(parts["xl/sharedStrings.xml"].contains("'=cmd|"));
    let lacks = told(&pack, &bytes);
    assert_eq!(lacks, Vec::<String>::new());
}

#[test]
fn foreign_forms_are_carried_over_too() {
    let pack = shipped("alliance");
    let path = "fixtures/forms/consolidated/Windham_AD-PSD_Consolidated_2026-27.xlsx";
    let bytes = std::fs::read(project(path)).expect("it is there");
    let mut plans = pack
        .forms()
        .read_workbook(
            Path::new(path)
                .file_name()
                .expect("it has a name")
                .to_str()
                .expect("it is a text"),
            &bytes,
        )
        .plans;
    let last = plans.pop().expect("it is a plan").0;
    let asked = Asked {
        last: Some(Last {
            submission: &last,
            name: path,
            year: None,
        }),
        ..Asked::default()
    };
    let bytes = template(&pack, asked);
    assert_eq!(told(&pack, &bytes), Vec::<String>::new());
    let budget = pack.schema.table("budget").expect("it is a table");
    assert_eq!(
        read_back(&pack, &bytes).tables[budget].len(),
        last.tables[budget].len()
    );
}
