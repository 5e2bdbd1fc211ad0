//! An office file for one fiscal year that a person fills in: what is owed, by whom, from where, and what it was before.

use std::fmt::Write as _;

use crate::neutral::{cell, clean, is_command};
use crate::pack::lacking::{Capped, Lacking, LackingTable};
use crate::pack::reference::cell_text;
use crate::pack::{Files, Pack, Param};
use crate::schema::{Field, FieldId, Table};
use crate::value::{Decimal, Type, Value, plain, plain_money, say};

/// The files of an office file in which everything that a person must supply for a fiscal year is still blank: office.toml
/// with a CSV file for each table, or with the tables in it when it stands alone. `name` is how the file or folder is called.
pub fn new_office(pack: &Pack, year: i64, name: &str) -> Files {
    let lacking = pack.lacking(year);
    let alone = name.ends_with(".toml");
    let mut files = Files::new();
    let mut text = head(pack, &lacking, name);
    tables(&mut text, pack, &lacking, alone);
    for table in lacking
        .tables
        .iter()
        .chain(&lacking.facts)
        .filter(|_| !alone)
    {
        let path = format!("{}.csv", table.name);
        files.insert(path, rows(pack, table, year).into_bytes());
    }
    params(&mut text, pack, &lacking);
    for clause in &lacking.clauses {
        verified(&mut text, pack, clause);
    }
    files.insert("office.toml".to_owned(), text.into_bytes());
    files
}

fn head(pack: &Pack, lacking: &Lacking, name: &str) -> String {
    let year = lacking.year;
    let mut text = format!(
        "# What the reviewing office supplies for fiscal year {year}, laid over the pack {} {}: {}.\n\
         #\n\
         # A line that begins with `#` says nothing yet. Fill in what your office knows or decides, and take its `#` away.\n\
         # What is still lacking:  accordant rules --year {year} --missing --office {name}\n\
         # To review with it:      accordant review BATCH --office {name}\n\n",
        clean(&pack.id),
        clean(&pack.version),
        clean(&pack.title),
        name = clean(name)
    );
    if lacking.years {
        let _ = write!(
            text,
            "# The pack itself covers fiscal years {} to {}.\nyears = {{ from = {year}, until = {year} }}\n\n",
            pack.years.0, pack.years.1
        );
    }
    let (plan, plans, whose) = (
        &pack.words.submission,
        pack.words.submissions(),
        &pack.words.submitter,
    );
    let _ = write!(
        text,
        "# Whose file this is.\n\
         # title = \"\"\n\
         # office = \"\"\n\n\
         # The date by which a {plan} that goes back is sent again. Reports of such {plans} print it.\n\
         # resubmit_by = \"\"\n\n\
         # To whom letters and the memo go; absent: whom the pack names. Who gets copies, and who signs, line by line.\n\
         # addressee = \"\"\n\
         # memo_to = \"\"\n\
         # cc = [\"\"]\n\
         # signature = [\"\"]\n\n\
         # Whom a {whose} asks. Every report prints it.\n\
         # [contact]\n\
         # name = \"\"\n\
         # email = \"\"\n\
         # phone = \"\"\n\
         # address = \"\"\n",
    );
    text
}

/// What each table is, who owes it, where to look; and its rows, when there is no file beside this one.
fn tables(text: &mut String, pack: &Pack, lacking: &Lacking, alone: bool) {
    for (list, owed) in [(&lacking.tables, true), (&lacking.facts, false)] {
        for lack in list {
            let Some(table) = table_of(pack, lack) else {
                continue;
            };
            let place = if alone {
                String::new()
            } else {
                format!(", in {}.csv", lack.name)
            };
            let (label, owed) = (clean(&lack.label), clean(&owed_by(lack, owed)));
            let _ = writeln!(text, "\n# {label}{place}. {owed}.");
            if !lack.source.is_empty() {
                let source = clean(&lack.source);
                let source = source.trim_end_matches('.');
                let _ = writeln!(text, "# Rows of other years: {source}.");
            }
            for &id in &super::rows::figures(pack, table) {
                let _ = writeln!(text, "#   {}", column(table, id));
            }
            if let Some((as_of, status)) = table.reference.as_ref().and_then(|r| r.vintage) {
                let _ = writeln!(text, "#   {}", column(table, as_of));
                let _ = writeln!(text, "#   {}; blank is final", column(table, status));
            }
            text.push_str("# A row without its figures is not filled in yet, and is left out.\n");
            if alone {
                let csv = rows(pack, lack, lacking.year);
                let _ = writeln!(text, "[reference.{}]\ncsv = {}", lack.name, block(&csv));
            }
        }
    }
}

fn owed_by(lack: &LackingTable, owed: bool) -> String {
    match (lack.owed_by.as_str(), owed) {
        ("", _) => "Nothing says who owes it".to_owned(),
        (who, true) => format!("Owed by: {who}"),
        (who, false) => format!("Recorded by: {who}, as it comes in"),
    }
}

fn column(table: &Table, id: FieldId) -> String {
    let Some(Field {
        name,
        label,
        ty,
        required,
        codes,
        ..
    }) = table.fields.get(id)
    else {
        return String::new();
    };
    let kind = match codes {
        Some(codes) if *ty == Type::Code => codes.names().collect::<Vec<_>>().join(" or "),
        _ => kind(*ty).to_owned(),
    };
    let must = if *required { ", required" } else { "" };
    clean(&format!("{name}: {label} ({kind}{must})"))
}

/// Lines as TOML, as they stand where nothing in them would end them.
fn block(lines: &str) -> String {
    let stands = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
    if lines.contains("'''") || !lines.chars().all(stands) {
        return in_quotes(lines);
    }
    format!("'''\n{lines}'''")
}

fn kind(ty: Type) -> &'static str {
    match ty {
        Type::Money => "dollars and cents such as 500.00",
        Type::Percent => "a percentage such as 5%",
        Type::Date => "a date such as 2027-05-31",
        Type::Boolean => "true or false",
        Type::Year => "a fiscal year such as 2028",
        Type::Number => "a number",
        Type::Text | Type::Code => "text",
    }
}

fn table_of<'p>(pack: &'p Pack, lack: &LackingTable) -> Option<&'p Table> {
    pack.schema.tables.get(pack.schema.table(&lack.name)?)
}

/// A header and a row for each district that lacks one: its code, its name and the year stand there already.
fn rows(pack: &Pack, lack: &LackingTable, year: i64) -> String {
    let Some(table) = table_of(pack, lack) else {
        return String::new();
    };
    let header: Vec<&str> = table.fields.iter().map(|f| f.name.as_str()).collect();
    let mut csv = format!("{}\n", header.join(","));
    let keys = table.reference.as_ref().map_or(&[][..], |r| &r.key);
    for (code, _) in &lack.districts {
        let cells = table.fields.iter().enumerate().map(|(id, field)| {
            if keys.contains(&id) && field.ty == Type::Year {
                return year.to_string();
            }
            quoted_cell(&cell(&of_district(pack, code, &field.name)))
        });
        let _ = writeln!(csv, "{}", cells.collect::<Vec<_>>().join(","));
    }
    csv
}

/// What the directory says of a district in the field of that name; nothing when it has none.
fn of_district(pack: &Pack, code: &str, field: &str) -> String {
    let found = pack.identity.directory.and_then(|directory| {
        let table = pack.schema.tables.get(directory)?;
        let rows = pack.reference(directory)?;
        let key = *table.reference.as_ref()?.key.first()?;
        let wanted = table.field(field)?;
        let text = |row: usize, field| cell_text(rows, row, field, &pack.texts);
        let row = (0..rows.len()).find(|&row| text(row, key) == Some(code))?;
        text(row, wanted)
    });
    found.unwrap_or_default().to_owned()
}

fn quoted_cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// The parameters that have no value, and those that an office may set, with what they are.
fn params(text: &mut String, pack: &Pack, lacking: &Lacking) {
    let year = lacking.year;
    for param in &pack.params {
        let lacks = lacking.params.iter().any(|l| l.name == param.name);
        if !param.policy {
            if lacks {
                let _ = writeln!(
                    text,
                    "\n# {}: {}. It has no value for {year}, and is not for an office to set: a new version of the pack must give it.",
                    param.name,
                    clean(&param.title)
                );
            }
            continue;
        }
        let need = if lacks {
            " It has no value yet, and must have one."
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "\n# {}: {}. Decided by: the reviewing office.{need}\n# {}",
            param.name,
            clean(&param.title),
            clean(&before(pack, param, year))
        );
        let value = param
            .value_in(year)
            .map_or(&Value::Null, |dated| &dated.value);
        let _ = writeln!(
            text,
            "# [param.{}]\n# from = {year}\n# value = {}",
            param.name,
            in_toml(value)
        );
    }
}

/// What a parameter was in the last year before in which it had a value, and whether it stays so.
fn before(pack: &Pack, param: &Param, year: i64) -> String {
    let last = (pack.years.0..year)
        .rev()
        .find_map(|y| Some((y, param.value_in(y)?)));
    let Some((last, dated)) = last else {
        return "It never had a value.".to_owned();
    };
    let value = match &dated.value {
        Value::Null => "off".to_owned(),
        value => say(value, &pack.schema.currency),
    };
    let source = pack.sources.iter().find(|s| s.key == dated.source);
    let source = source.map_or_else(String::new, |s| format!(" ({})", s.citation));
    let stays = if dated.covers(year) {
        " It stays so unless it is set here."
    } else {
        ""
    };
    format!("Fiscal year {last}: {value}{source}.{stays}")
}

/// A value as office files write it; nothing in the quotes for none, so that it must be filled in.
fn in_toml(value: &Value) -> String {
    match value {
        Value::Number(x) => in_quotes(&plain(*x)),
        Value::Money(x) => in_quotes(&plain_money(*x)),
        Value::Percent(x) => {
            let hundred = x.checked_mul(Decimal::ONE_HUNDRED).unwrap_or(*x);
            in_quotes(&format!("{}%", plain(hundred)))
        }
        Value::Date(date) => in_quotes(&date.to_string()),
        Value::Bool(b) => b.to_string(),
        Value::Text(text) => in_quotes(text),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(in_toml).collect();
            format!("[{}]", items.join(", "))
        }
        _ => in_quotes(""),
    }
}

/// A text as TOML on one line, whatever it holds: it may stand in a comment.
fn in_quotes(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if is_command(c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A clause whose text a person should read, and the rules that would weigh more then.
fn verified(text: &mut String, pack: &Pack, clause: &Capped) {
    let source = pack.sources.iter().find(|s| s.key == clause.key);
    let says = source
        .and_then(|s| s.paraphrase.as_deref())
        .unwrap_or_default();
    let url = source.and_then(|s| s.url.as_deref());
    let _ = writeln!(text, "\n# {}: {}", clean(&clause.citation), clean(says));
    if let Some(url) = url {
        let _ = writeln!(text, "# {}", clean(url));
    }
    for (rule, now, then) in &clause.rules {
        let _ = writeln!(
            text,
            "# Nobody has confirmed this text. Until then the rule {rule} weighs {}; then {}.",
            now.name(),
            then.name()
        );
    }
    let _ = writeln!(
        text,
        "# Who read it, when, and which text:\n# [verified.{}]\n# by = \"\"\n# on = \"\"\n# text = \"\"",
        clean(&clause.key)
    );
}
