//! The sheet that lists what was found, with links to the cells.

use std::fmt::Write as _;

use super::package::Package;
use super::places::{Part, Spot, name};
use super::sheet::Cell;
use super::styles::{Own, Styles};
use super::xml::{Doc, Edits, RELATIONS, STRICT_RELATIONS, escaped, text};
use super::{Book, Problem, Remark};
use crate::neutral;
use crate::neutral::clean;
use crate::read::workbook::ANNOTATION;
use crate::report::words::{ADVICE, named};
use crate::review::Review;

/// The heads of the table, and how many letters wide its columns are.
const COLUMNS: [(&str, u32); 6] = [
    ("What", 12),
    ("Rule", 32),
    ("Place", 26),
    ("Message", 60),
    ("What to do", 48),
    ("Source", 44),
];

/// The row of the heads: above it stands what the table is about.
const HEAD: usize = 6;

/// Excel takes no more characters in a cell, and no more links on a sheet.
const CELL: usize = 32_000;
const LINKS: usize = 65_000;

/// Adds the sheet to the workbook, behind its others.
pub(super) fn add(
    package: &mut Package<'_>,
    book: &Book,
    review: &Review,
    remarks: &[Remark],
    styles: &mut Styles,
) -> Result<(), Problem> {
    let part = package.free_name(
        &format!("{}worksheets/sheet", super::package::folder(&book.part)),
        ".xml",
    );
    package.put(&part, sheet(book, review, remarks, styles));
    package.declare(
        &part,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml",
    )?;
    let id = package.relate(&book.part, &book.kind("worksheet"), &part)?;
    let workbook = package.text(&book.part)?;
    let listed = listed(&workbook, book, &id, HEAD + remarks.len());
    package.put(
        &book.part,
        listed.ok_or_else(|| Problem::damaged(&book.part))?,
    );
    Ok(())
}

/// A name that no sheet has: `Findings`, else `Findings (2)`.
fn free_name(book: &Book) -> String {
    let taken = |name: &String| {
        let mut names = book.sheets.iter().map(|sheet| sheet.name.to_lowercase());
        names.any(|other| other == name.to_lowercase())
    };
    let numbered = (2_usize..).map(|n| format!("Findings ({n})"));
    let mut names = std::iter::once("Findings".to_owned()).chain(numbered);
    names.find(|name| !taken(name)).unwrap_or_default()
}

/// The workbook's part with the sheet in its list, and the area that the sheet's filter spans.
fn listed(xml: &str, book: &Book, id: &str, last: usize) -> Option<String> {
    const ORDER: [&str; 11] = [
        "fileVersion",
        "fileSharing",
        "workbookPr",
        "workbookProtection",
        "bookViews",
        "sheets",
        "functionGroups",
        "externalReferences",
        "definedNames",
        "calcPr",
        "extLst",
    ];
    let doc = Doc::parse(xml, 3)?;
    let sheets = doc.top("sheets")?;
    let numbers = doc
        .children(sheets)
        .filter_map(|sheet| sheet.attribute("sheetId"));
    let most = numbers
        .filter_map(|id| id.parse::<u32>().ok())
        .max()
        .unwrap_or_default();
    let number = most.checked_add(1)?;
    let p = doc.prefix();
    let name = free_name(book);
    let relations = if book.is_strict {
        STRICT_RELATIONS
    } else {
        RELATIONS
    };
    let sheet = format!(
        "<{p}sheet xmlns:r=\"{relations}\" name=\"{name}\" sheetId=\"{number}\" r:id=\"{id}\"/>"
    );
    let mut edits: Edits = sheets.append(&sheet, &[]);
    let area = format!(
        "<{p}definedName name=\"_xlnm._FilterDatabase\" localSheetId=\"{}\" hidden=\"1\">'{name}'!$A${HEAD}:$F${last}</{p}definedName>",
        book.sheets.len()
    );
    edits.extend(match doc.top("definedNames") {
        Some(names) => names.append(&area, &[]),
        None => {
            let names = format!("<{p}definedNames>{area}</{p}definedNames>");
            doc.insert_in_order(&names, "definedNames", &ORDER)?
        }
    });
    edits.apply(xml)
}

fn sheet(book: &Book, review: &Review, remarks: &[Remark], styles: &mut Styles) -> String {
    let mut rows = String::new();
    let (who, which) = named(review);
    let above = [
        ANNOTATION.to_owned(),
        format!("{who}{which}"),
        clean(&review.wording),
        ADVICE.to_owned(),
    ];
    for (row, words) in (1..).zip(above) {
        let style = styles.own(if row == 1 { Own::Title } else { Own::Plain });
        let _ = write!(
            rows,
            "<row r=\"{row}\">{}</row>",
            cell((row, 0), &words, style)
        );
    }
    let head = styles.own(Own::Head);
    let heads = (0..)
        .zip(COLUMNS)
        .map(|(column, (words, _))| cell((6, column), words, head));
    let _ = write!(
        rows,
        "<row r=\"{HEAD}\">{}</row>",
        heads.collect::<String>()
    );
    let mut links = String::new();
    for (row, remark) in (7..).zip(remarks) {
        let target = remark.spot.as_ref().filter(|_| row < LINKS);
        let target = target.and_then(|spot| target_of(spot, book));
        let link = styles.own(if target.is_some() {
            Own::Link
        } else {
            Own::Wrapped
        });
        let wrapped = styles.own(Own::Wrapped);
        let (message, sources) = (remark.message(), remark.sources.join("\n"));
        let cells = [
            (&remark.word, styles.severity(remark.colour)),
            (&remark.rule, wrapped),
            (&remark.place, link),
            (&message, wrapped),
            (&remark.to_do, wrapped),
            (&sources, wrapped),
        ];
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        let high = height(cells.map(|(words, _)| words.as_str()));
        let cells = (0..)
            .zip(cells)
            .map(|(column, (words, style))| cell((row, column), words, style));
        let cells = cells.collect::<String>();
        let _ = write!(rows, "<row r=\"{row}\" ht=\"{high}\">{cells}</row>");
        if let Some(target) = target {
            let at = name((row, 2));
            let _ = write!(
                links,
                "<hyperlink ref=\"{at}\" location=\"{}\"/>",
                escaped(&target)
            );
        }
    }
    let links = if links.is_empty() {
        links
    } else {
        format!("<hyperlinks>{links}</hyperlinks>")
    };
    let widths = (1..).zip(COLUMNS).map(|(column, (_, width))| {
        format!("<col min=\"{column}\" max=\"{column}\" width=\"{width}\" customWidth=\"1\"/>")
    });
    let (last, below) = (HEAD + remarks.len(), HEAD + 1);
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<worksheet xmlns=\"{}\"><sheetPr><pageSetUpPr fitToPage=\"1\"/></sheetPr>\
         <dimension ref=\"A1:F{last}\"/><sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"{HEAD}\" topLeftCell=\"A{below}\" \
         activePane=\"bottomLeft\" state=\"frozen\"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight=\"15\"/><cols>{}</cols>\
         <sheetData>{rows}</sheetData><autoFilter ref=\"A{HEAD}:F{last}\"/>{links}<pageMargins left=\"0.5\" right=\"0.5\" top=\"0.5\" \
         bottom=\"0.5\" header=\"0.3\" footer=\"0.3\"/><pageSetup orientation=\"landscape\" fitToHeight=\"0\"/></worksheet>",
        book.main_namespace(),
        widths.collect::<String>(),
    )
}

/// The points that a row needs for the words of its columns; Excel takes 409.
fn height(words: [&str; COLUMNS.len()]) -> u32 {
    let lines = words.iter().zip(COLUMNS).map(|(words, (_, width))| {
        let lines = words.split('\n').map(|line| {
            let length = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
            length.div_ceil(width).max(1)
        });
        lines.fold(0, u32::saturating_add)
    });
    lines.max().unwrap_or(1).saturating_mul(15).min(409)
}

/// A cell with words, which no program takes for a formula.
fn cell(at: Cell, words: &str, style: usize) -> String {
    let words: String = neutral::cell(words).chars().take(CELL).collect();
    let at = name(at);
    if words.is_empty() {
        return format!("<c r=\"{at}\" s=\"{style}\"/>");
    }
    format!(
        "<c r=\"{at}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
        text(&words)
    )
}

/// A spot as a link leads to it: `'Cover page'!B5`.
fn target_of(spot: &Spot, book: &Book) -> Option<String> {
    let sheet = book.sheets.get(spot.sheet)?.name.replace('\'', "''");
    let cells = match spot.part {
        Part::Cells((top, bottom), (left, right)) if (top, left) == (bottom, right) => {
            name((top, left))
        }
        Part::Cells((top, bottom), (left, right)) => {
            format!("{}:{}", name((top, left)), name((bottom, right)))
        }
        Part::Row(row) | Part::Header(row) => name((row, 0)),
        Part::Sheet => "A1".to_owned(),
    };
    Some(format!("'{sheet}'!{cells}"))
}
