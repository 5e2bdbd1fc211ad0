//! The sheet of instructions: what the workbook is, how it is filled in and checked, and where what stands in it comes from.

use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::Asked;
use super::content::{Contents, Origin};
use super::help::is_required;
use super::layout::Layout;
use super::styles::Styles;
use crate::neutral::{cell, clean};
use crate::read::NOT_READ;
use crate::schema::Table;
use crate::value::{Value, say};

/// A line of the sheet.
enum Line {
    Section(&'static str),
    Prose(String),
    Blank,
}

/// Writes the sheet of instructions.
pub(super) fn write(
    sheet: &mut Worksheet,
    layout: &Layout<'_>,
    contents: &Contents,
    asked: Asked<'_>,
    styles: &Styles,
) -> Result<(), XlsxError> {
    let [name, ..] = &layout.own;
    sheet.set_name(name)?;
    sheet.set_column_width(0, 100)?;
    let who = asked.name.or(asked.code);
    let who = who.map_or_else(String::new, |who| format!(", {}", clean(who)));
    let year = layout.in_force.year;
    let title = format!(
        "{}, fiscal year {year}{who}",
        clean(&layout.in_force.pack.title)
    );
    sheet.write_string_with_format(0, 0, cell(&title), &styles.title)?;
    sheet.write_string_with_format(1, 0, NOT_READ, &styles.quiet)?;
    let lines = [
        about(layout),
        how(layout),
        marks(layout),
        checking(layout),
        sheets(layout),
        filled_in(layout, contents),
        carried_over(layout, contents, asked),
        sources(layout, contents),
    ];
    for (row, line) in (3..).zip(lines.into_iter().flatten()) {
        let (text, format): (String, &Format) = match line {
            Line::Section(text) => (text.to_owned(), &styles.section),
            Line::Prose(text) => (text, &styles.prose),
            Line::Blank => continue,
        };
        let text = clean(&text);
        sheet.set_row_height(row, super::sheets::height([(text.as_str(), 98)]))?;
        sheet.write_string_with_format(row, 0, cell(&text), format)?;
    }
    super::sheets::print_set_up(sheet, 1, None)
}

/// What is told on the command line.
pub(super) fn told(layout: &Layout<'_>, contents: &Contents, asked: Asked<'_>) -> Vec<String> {
    let lines = filled_in(layout, contents)
        .into_iter()
        .chain(carried_over(layout, contents, asked));
    let prose = lines.filter_map(|line| match line {
        Line::Prose(text) => Some(text),
        Line::Section(_) | Line::Blank => None,
    });
    prose.collect()
}

fn section(title: &'static str, prose: Vec<String>) -> Vec<Line> {
    if prose.is_empty() {
        return Vec::new();
    }
    let prose = prose.into_iter().map(Line::Prose);
    [Line::Section(title)]
        .into_iter()
        .chain(prose)
        .chain([Line::Blank])
        .collect()
}

fn about(layout: &Layout<'_>) -> Vec<Line> {
    let pack = &layout.in_force.pack;
    let (submission, authority) = (&pack.words.submission, &pack.authority);
    let of = if authority.is_empty() {
        String::new()
    } else {
        format!(", {authority}")
    };
    let contact = pack.office.as_ref().and_then(|o| o.contact.as_ref());
    let ask = contact.map_or_else(
        || {
            "Whom to ask: the office that sent you this workbook; its address was not given."
                .to_owned()
        },
        |contact| format!("Whom to ask: {contact}."),
    );
    let due = pack.office.as_ref().and_then(|o| o.office.as_ref());
    let mut prose = vec![
        format!(
            "A workbook to write one {submission} in for fiscal year {}: {}{of}.",
            layout.in_force.year, pack.title
        ),
        "accordant checks what is written here and advises; a person decides.".to_owned(),
    ];
    prose.extend(due.map(|office| format!("It is sent to {office}.")));
    prose.push(ask);
    section("What this is", prose)
}

fn how(layout: &Layout<'_>) -> Vec<Line> {
    let [_, _, lists] = &layout.own;
    let prose = [
        "Each sheet behind this one holds one table. Write one row for each thing, from the row below the headers; the rows \
         above the headers are not read."
            .to_owned(),
        "Point at a header: its comment says what may stand there.".to_owned(),
        format!(
            "Where a cell has a list, choose from it; the sheet {lists} shows all lists with their codes, which may be \
             written too."
        ),
        "Leave blank what you do not know. Write n/a only where the comment allows it.".to_owned(),
        "Numbers of lines and codes are kept as text, so that 1.10 and 0020011 stay as they are written.".to_owned(),
        "When you paste from elsewhere, paste values only: other cells bring their own formats and lose the lists."
            .to_owned(),
        "Do not rename sheets or headers, and put no second table on a sheet. Columns that are optional may be left out."
            .to_owned(),
    ];
    section("How to fill it in", prose.into())
}

fn marks(layout: &Layout<'_>) -> Vec<Line> {
    let mut prose = vec![
        "* behind a header, and the word required above it: a blank there will be asked about."
            .to_owned(),
        "optional: fill it in where it applies. or n/a: write n/a where it does not apply."
            .to_owned(),
    ];
    if layout.places.iter().any(|place| place.totals.is_some()) {
        prose.push(
            "Total, in the row under a sheet's title: it adds itself up, and is not read."
                .to_owned(),
        );
    }
    let schema = &layout.in_force.pack.schema;
    let plan = schema.tables.get(layout.in_force.pack.identity.table);
    let formulas = layout.in_force.pack.template().formulas.iter();
    let names: Vec<&str> = formulas
        .filter_map(|(field, _)| Some(plan?.fields.get(*field)?.label.as_str()))
        .collect();
    if let Some(plan) = plan.filter(|_| !names.is_empty()) {
        prose.push(format!(
            "A grey cell on the sheet {} adds itself up from other sheets: {}.",
            plan.label,
            names.join(", ")
        ));
    }
    section("What the marks mean", prose)
}

fn checking(layout: &Layout<'_>) -> Vec<Line> {
    let [_, checks, _] = &layout.own;
    let submission = &layout.in_force.pack.words.submission;
    let prose = [
        format!(
            "The sheet {checks} works itself out as you write. OK: nothing is wrong. LOOK AT: so many rows, and the first of \
             them. EMPTY: there is nothing to look at yet."
        ),
        "It knows this workbook alone, and not what is published: save the workbook, then run `accordant check` on it to see \
         every finding that the rules for submitters give."
            .to_owned(),
        format!("A {submission} may be sent with checks that say LOOK AT: say why in it."),
    ];
    section("How to check it", prose.into())
}

fn sheets(layout: &Layout<'_>) -> Vec<Line> {
    let tables = layout.tables().map(|(_, table, place)| {
        let needed = if table.required {
            "required"
        } else {
            "optional"
        };
        let fields = table.fields.iter().filter(|f| is_required(f));
        let fields: Vec<&str> = fields.map(|f| f.label.as_str()).collect();
        let fields = if fields.is_empty() {
            String::new()
        } else {
            format!(" Required in it: {}.", fields.join(", "))
        };
        format!("{} ({needed}).{fields}", place.sheet)
    });
    section("The sheets", tables.collect())
}

/// What the year's tables gave for the submitter.
fn filled_in(layout: &Layout<'_>, contents: &Contents) -> Vec<Line> {
    let mut prose = Vec::new();
    for ((_, table, place), content) in layout.tables().zip(&contents.tables) {
        for (field, origin) in &content.origins {
            let value = content.rows.first().and_then(|row| row.get(*field));
            let Some((field, value)) = table.fields.get(*field).zip(value) else {
                continue;
            };
            if *origin != Origin::Carried {
                let value = shown(layout, value);
                prose.push(format!("{}, {}: {value}.", place.sheet, field.label));
            }
        }
        if content.origin == Some(Origin::Given) {
            prose.push(format!(
                "{}: {} from what is published. Delete the rows that you do not use.",
                place.sheet,
                rows(content.rows.len())
            ));
        }
        if content.origin != Some(Origin::Carried) {
            prose.extend(unknown(table, &place.sheet, &content.unknown));
        }
    }
    section("What is filled in already: check it", prose)
}

/// What last year's submission gave.
fn carried_over(layout: &Layout<'_>, contents: &Contents, asked: Asked<'_>) -> Vec<Line> {
    let Some(last) = asked.last else {
        return Vec::new();
    };
    let year = last
        .year
        .map_or_else(String::new, |year| format!(" (fiscal year {year})"));
    let mut prose = vec![format!(
        "From {}{year}. Nothing that came of it, no signature and no date was carried over; amounts are for you to write.",
        clean(last.name)
    )];
    for ((_, table, place), content) in layout.tables().zip(&contents.tables) {
        let fields = content.origins.iter();
        let fields = fields.filter(|(_, origin)| *origin == Origin::Carried);
        for (field, _) in fields {
            let value = content.rows.first().and_then(|row| row.get(*field));
            if let Some((field, value)) = table.fields.get(*field).zip(value) {
                let value = shown(layout, value);
                prose.push(format!("{}, {}: {value}.", place.sheet, field.label));
            }
        }
        if content.origin == Some(Origin::Carried) {
            prose.push(format!("{}: {}.", place.sheet, rows(content.rows.len())));
            prose.extend(unknown(table, &place.sheet, &content.unknown));
        }
    }
    section("What is carried over from last year: check it", prose)
}

fn unknown(table: &Table, sheet: &str, unknown: &[(usize, usize)]) -> Vec<String> {
    let fields = unknown.iter();
    let said = fields.filter_map(|(field, count)| {
        let label = &table.fields.get(*field)?.label;
        let rows = if table.name == crate::read::lines::PLAN {
            String::new()
        } else {
            format!(" in {}", rows(*count))
        };
        Some(format!("{sheet}, {label}: not known{rows}, left blank."))
    });
    said.collect()
}

fn rows(count: usize) -> String {
    match count {
        1 => "1 row".to_owned(),
        n => format!("{n} rows"),
    }
}

fn shown(layout: &Layout<'_>, value: &Value) -> String {
    say(value, &layout.in_force.pack.schema.currency)
}

/// Where the year's facts come from, and what made the workbook.
fn sources(layout: &Layout<'_>, contents: &Contents) -> Vec<Line> {
    let pack = &layout.in_force.pack;
    let tables = contents.sources.iter();
    let tables = tables.filter_map(|id| pack.schema.tables.get(*id));
    let said = tables.filter_map(|table| {
        let key = &table.reference.as_ref()?.source;
        let source = pack.sources.iter().find(|source| source.key == *key)?;
        Some(format!(
            "{}: {} ({}).",
            table.label,
            source.citation,
            source.verification.name()
        ))
    });
    let mut prose: Vec<String> = said.collect();
    prose.push(format!(
        "Made with accordant {}, {} {}, {}.",
        env!("CARGO_PKG_VERSION"),
        pack.id,
        pack.version,
        pack.digest
    ));
    if let Some(office) = &pack.office {
        prose.push(format!(
            "With the office file {}, {}.",
            office.name, office.digest
        ));
    }
    section("Where this comes from", prose)
}
