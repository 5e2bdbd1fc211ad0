//! A small schema for the readers' tests, and how their answers are written down.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Weight};
use crate::schema::{Codes, Field, Schema, Table};
use crate::table::{Cell, Data, Rows, State, Texts};
use crate::value::{Type, parse_decimal, plain};

pub(crate) fn field(name: &str, ty: Type) -> Field {
    Field {
        name: name.to_owned(),
        label: String::new(),
        also: Vec::new(),
        ty,
        required: false,
        not_applicable: false,
        key: false,
        total: false,
        min: None,
        max: None,
        digits: None,
        otherwise: None,
        codes: None,
        suppress: None,
        asked_for: false,
        repair: None,
        codes_of: None,
    }
}

fn codes(entries: &[(&str, &str)]) -> Codes {
    let mut codes = Codes::default();
    for (code, label) in entries {
        codes.add(code, label, []);
    }
    codes
}

fn required(name: &str, ty: Type) -> Field {
    Field {
        required: true,
        ..field(name, ty)
    }
}

pub(crate) fn schema() -> Schema {
    let plan = vec![
        Field {
            digits: Some(7),
            label: "District code".into(),
            ..required("district_code", Type::Text)
        },
        Field {
            also: vec!["Plan year".into()],
            ..required("fiscal_year", Type::Year)
        },
        field("revision", Type::Number),
        Field {
            label: "Award".into(),
            ..required("allocation", Type::Money)
        },
        field("signed_on", Type::Date),
        field("approved", Type::Boolean),
    ];
    let budget = vec![
        Field {
            key: true,
            ..field("line_id", Type::Text)
        },
        Field {
            also: vec!["Strategy 1".into()],
            ..required("strategy_id", Type::Text)
        },
        Field {
            label: "Object code".into(),
            codes: Some(Arc::new(codes(&[
                ("111", "Teachers"),
                ("500", "Other services"),
                ("culture-climate", "Culture and climate"),
            ]))),
            ..required("object_code", Type::Code)
        },
        Field {
            also: vec!["1st description".into()],
            ..required("description", Type::Text)
        },
        Field {
            not_applicable: true,
            ..field("justification", Type::Text)
        },
        field("quantity", Type::Number),
        Field {
            max: parse_decimal("1"),
            ..field("share", Type::Percent)
        },
        Field {
            total: true,
            ..required("amount", Type::Money)
        },
    ];
    let table =
        |name: &str, fields| Table::new(name.into(), String::new(), Vec::new(), true, fields);
    let notes = Table::new(
        "notes".into(),
        "Notes of the board".into(),
        Vec::new(),
        false,
        vec![field("note", Type::Text)],
    );
    Schema {
        tables: vec![table("plan", plan), table("budget", budget), notes],
        submission: 3,
        currency: "USD".into(),
    }
}

pub(crate) fn budget() -> Table {
    schema().tables.remove(1)
}

/// The lines of a table: `number: field=value …`, with `?` for unreadable, `*` and `n/a`; blanks left out.
pub(crate) fn lines(table: &Table, rows: &Rows, texts: &Texts) -> Vec<String> {
    (0..rows.len())
        .map(|row| {
            let cells = table
                .fields
                .iter()
                .zip(&rows.columns)
                .enumerate()
                .filter_map(|(id, (field, column))| {
                    let column = column.as_ref()?;
                    let value = match (column.state(row), &column.data) {
                        (State::Blank, _) => return None,
                        (State::Unreadable, _) => "?".to_owned(),
                        (State::Suppressed, _) => "*".to_owned(),
                        (State::NotApplicable, _) => "n/a".to_owned(),
                        (State::Value, Data::Nums(nums)) => plain(nums.get(row)),
                        (State::Value, Data::Bools(bools)) => bools[row].to_string(),
                        (State::Value, Data::Texts(_)) => match rows.cell(row, id, texts) {
                            Cell::Text(text) => text.to_owned(),
                            other => format!("{other:?}"),
                        },
                    };
                    Some(format!(" {}={value}", field.name))
                });
            format!("{}:{}", rows.numbers[row], cells.collect::<String>())
        })
        .collect()
}

/// The same with what was written in each cell, and with the states and figures of all columns.
pub(crate) fn everything(table: &Table, rows: &Rows, texts: &Texts) -> Vec<String> {
    let mut all = lines(table, rows, texts);
    let raw = |row: usize| (0..table.fields.len()).map(move |field| rows.raw(row, field));
    all.extend((0..rows.len()).flat_map(raw).map(str::to_owned));
    for column in rows.columns.iter().flatten() {
        // The numbers of texts tell in which order they were read.
        let numbers = Some(&column.data).filter(|data| !matches!(data, Data::Texts(_)));
        all.push(format!("{:?} {numbers:?}", column.states));
    }
    all
}

/// Cells as people write them, most of them odd.
pub(crate) const CELLS: [&str; 48] = [
    "",
    "",
    "",
    "1",
    "2",
    "07",
    "7",
    "1.9",
    "1.1",
    "0",
    "-0",
    "5",
    "5.5",
    "-3",
    "1e3",
    "2027",
    ".",
    "*",
    "n/a",
    "N.A.",
    "Not applicable",
    "Nurses",
    "=1",
    "'=1",
    "Coach",
    "Total",
    "Grand total:",
    "Budget",
    "pens",
    " x",
    "y ",
    " ",
    "\"a, b\"",
    "\"a \"\"b\"\"\"",
    "\"\"",
    "\"x\"y",
    "5\" pipe",
    "\"two\nlines\"",
    "Café",
    "École",
    "111",
    "Teachers",
    "$1,5",
    "1000000000000",
    "1000000000000.01",
    "123456789012345678",
    "0.0000001",
    "\"",
];

/// The diagnostics: `E place message`.
pub(crate) fn told(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics
        .iter()
        .map(|d| {
            let weight = match d.weight {
                Weight::Notice => 'N',
                Weight::Error => 'E',
                Weight::Fatal => 'F',
            };
            format!("{weight} {} {}", d.place, d.message)
        })
        .collect()
}

/// A budget read from a text: its lines and its diagnostics.
pub(crate) fn read_budget(bytes: impl AsRef<[u8]>) -> (Vec<String>, Vec<String>) {
    let (table, mut texts, mut diagnostics) = (budget(), Texts::default(), Vec::new());
    let rows = super::read_csv(
        &table,
        "b.csv",
        bytes.as_ref(),
        &mut texts,
        &mut diagnostics,
    );
    (lines(&table, &rows, &texts), told(&diagnostics))
}

/// Checks the lines and diagnostics of a budget.
#[track_caller]
pub(crate) fn assert_budget(bytes: impl AsRef<[u8]>, want: &[&str], want_told: &[&str]) {
    let (lines, told) = read_budget(bytes);
    assert_eq!((lines, told), (to_strings(want), to_strings(want_told)));
}

pub(crate) fn to_strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// A zip archive with its files uncompressed.
pub(crate) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let size = u32::try_from(content.len()).unwrap().to_le_bytes();
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];
        common.extend(crc32(content.as_bytes()).to_le_bytes());
        common.extend([size, size].concat());
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        directory.extend([b"PK\x01\x02\x14\x00".as_slice(), &common, &[0; 10]].concat());
        directory.extend(u32::try_from(out.len()).unwrap().to_le_bytes());
        directory.extend(name.as_bytes());
        out.extend(
            [
                b"PK\x03\x04".as_slice(),
                &common,
                name.as_bytes(),
                content.as_bytes(),
            ]
            .concat(),
        );
    }
    let count = u16::try_from(files.len()).unwrap().to_le_bytes();
    let (start, size) = (out.len(), directory.len());
    out.extend(directory);
    out.extend([b"PK\x05\x06\0\0\0\0".as_slice(), &count, &count].concat());
    out.extend(u32::try_from(size).unwrap().to_le_bytes());
    out.extend(u32::try_from(start).unwrap().to_le_bytes());
    out.extend([0, 0]);
    out
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
