//! What the sheets of a workbook say besides their cells: merged cells, and what they hide.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::read::grid::Merge;
use crate::read::parts::{Parts, attributes};
use crate::read::workbook::{Marks, Sheet, too_many_merges};

/// Gives the sheets their marks and merged cells. Where a part is missing or odd there are none.
pub(crate) fn mark(parts: &mut Parts<'_>, sheets: &mut [Sheet]) {
    let paths = paths(parts);
    for sheet in sheets {
        let path = paths.iter().find(|(name, _)| *name == sheet.name);
        let Some(xml) = path.and_then(|(_, path)| parts.text(path)) else {
            continue;
        };
        let (marks, merges) = marks_of(&xml);
        sheet.marks = marks;
        sheet.trouble = sheet.trouble.take().or(too_many_merges(merges.len()));
        sheet.grid = std::mem::take(&mut sheet.grid).with_merges(merges);
    }
}

/// The names of the sheets, each with its part.
fn paths(parts: &mut Parts<'_>) -> Vec<(String, String)> {
    let mut relations = Vec::new();
    let xml = parts.text("xl/_rels/workbook.xml.rels").unwrap_or_default();
    each_element(&xml, |element, _| {
        if element.local_name().into_inner() == "Relationship" {
            relations.extend(named(element, "Id").zip(named(element, "Target")));
        }
    });
    let mut paths = Vec::new();
    let xml = parts.text("xl/workbook.xml").unwrap_or_default();
    each_element(&xml, |element, _| {
        if element.local_name().into_inner() != "sheet" {
            return;
        }
        let id = named(element, "id");
        let target = relations
            .iter()
            .find(|(other, _)| Some(other) == id.as_ref());
        if let Some((name, (_, target))) = named(element, "name").zip(target) {
            let absolute = target.strip_prefix('/').map(str::to_owned);
            paths.push((name, absolute.unwrap_or_else(|| format!("xl/{target}"))));
        }
    });
    paths
}

/// The value of the attribute of that name, whatever its prefix.
fn named(element: &BytesStart<'_>, local: &str) -> Option<String> {
    let bare = |name: &str| name.rsplit(':').next() == Some(local);
    attributes(element).find_map(|(name, value)| bare(name).then(|| value.into_owned()))
}

/// Walks the elements of a part as far as it is sound; the second word says whether there is something in the element.
fn each_element(xml: &str, mut take: impl FnMut(&BytesStart<'_>, bool)) {
    let mut reader = Reader::from_str(xml);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element)) => take(&element, true),
            Ok(Event::Empty(element)) => take(&element, false),
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

fn marks_of(xml: &str) -> (Marks, Vec<Merge>) {
    let (mut marks, mut merges) = (Marks::default(), Vec::new());
    let mut last = 0_u32;
    each_element(xml, |element, has_inside| {
        match element.local_name().into_inner() {
            "sheetPr" => marks.filtered |= is_true(element, "filterMode"),
            "filterColumn" => marks.filtered |= has_inside,
            "col" if is_true(element, "hidden") => {
                if let Some((from, to)) = columns(element) {
                    marks.hide_columns(from, to);
                }
            }
            "row" => {
                let number = named(element, "r").and_then(|number| number.parse().ok());
                last = number.unwrap_or_else(|| last.saturating_add(1));
                if is_true(element, "hidden") {
                    marks.hide_rows(last, last);
                }
            }
            "mergeCell" => merges.extend(named(element, "ref").and_then(|area| merge(&area))),
            _ => {}
        }
    });
    (marks, merges)
}

fn is_true(element: &BytesStart<'_>, name: &str) -> bool {
    attributes(element).any(|(other, value)| other == name && matches!(&*value, "1" | "true"))
}

fn columns(element: &BytesStart<'_>) -> Option<(usize, usize)> {
    let column = |name| named(element, name)?.parse::<usize>().ok()?.checked_sub(1);
    column("min").zip(column("max"))
}

/// The merged cells of `B2:D5`.
fn merge(area: &str) -> Option<Merge> {
    let (from, to) = area.split_once(':')?;
    let ((left, top), (right, bottom)) = (cell(from)?, cell(to)?);
    (left <= right && top <= bottom).then_some(Merge {
        rows: (top, bottom),
        columns: (left, right),
    })
}

/// The column from 0 and the row from 1 of `D5`.
fn cell(name: &str) -> Option<(usize, u32)> {
    let letters = name.trim_end_matches(|c: char| c.is_ascii_digit());
    let column = letters.bytes().try_fold(0_usize, |column, letter| {
        let place = letter.to_ascii_uppercase().checked_sub(b'A')?;
        let digit = (place < 26).then(|| usize::from(place) + 1)?;
        column.checked_mul(26)?.checked_add(digit)
    })?;
    let row = name.get(letters.len()..)?.parse().ok()?;
    Some((column.checked_sub(1)?, row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found() {
        let xml = r#"<x:worksheet><x:sheetPr filterMode="1"/><x:cols><x:col min="3" max="4" hidden="1"/><x:col min="5" max="5"/></x:cols>
            <x:sheetData><x:row r="2" hidden="true"/><x:row hidden="1"><x:c r="A3"/></x:row><x:row r="7" hidden="1"/><x:row r="9" hidden="0"/></x:sheetData>
            <x:mergeCells><x:mergeCell ref="A1:AB2"/><x:mergeCell ref="odd"/></x:mergeCells></x:worksheet>"#;
        let (marks, merges) = marks_of(xml);
        assert_eq!(marks.rows, [(2, 3), (7, 7)]);
        assert_eq!(marks.columns, [(2, 3)]);
        assert!(marks.filtered);
        let wide = Merge {
            rows: (1, 2),
            columns: (0, 27),
        };
        assert_eq!(merges, [wide]);
    }

    #[test]
    fn a_filter_without_a_condition_is_none() {
        let filter = |inside: &str| format!("<autoFilter ref=\"A1:B9\">{inside}</autoFilter>");
        let filtered = |inside| marks_of(&filter(inside)).0.filtered;
        assert!(!filtered(""));
        assert!(!filtered("<filterColumn colId=\"0\" hiddenButton=\"1\"/>"));
        assert!(filtered(
            "<filterColumn colId=\"0\"><filters><filter val=\"a\"/></filters></filterColumn>"
        ));
    }

    #[test]
    fn odd_parts_have_no_marks() {
        for xml in [
            "",
            "<a",
            "<row r=\"x\" hidden=\"1\"/",
            "<mergeCell ref=\"A99999999999:B1\"/>",
        ] {
            assert_eq!(marks_of(xml), (Marks::default(), Vec::new()), "{xml}");
        }
    }
}
