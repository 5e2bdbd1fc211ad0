//! Annotated copies: everything that was sent stays, and what was found is at its cells.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use accordant::batch::{Options, Reviewer};
use accordant::diagnostic::Diagnostic;
use accordant::neutral::clean;
use accordant::pack::Pack;
use accordant::report::json;
use accordant::review::Review;
use accordant::workbook::annotate::{Annotated, Problem, annotate};
use calamine::{Reader as _, Xlsx};
use quick_xml::Reader;
use quick_xml::events::Event;
use rust_xlsxwriter::{
    Chart, ChartType, ConditionalFormatCell, ConditionalFormatCellRule, DataValidation, Format,
    Formula, Image, Note, Table, Workbook, XlsxError,
};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{project, shipped};

/// Every workbook of the fixtures that can be opened.
fn workbooks() -> Vec<PathBuf> {
    let folders = [
        "fixtures/fy2027",
        "fixtures/forms/consolidated",
        "fixtures/forms/ed114",
        "fixtures/forms/export",
        "fixtures/forms/template",
        "fixtures/forms/other",
        "tests/traps",
    ];
    let mut found = Vec::new();
    for folder in folders {
        for entry in std::fs::read_dir(project(folder)).expect("it is a folder") {
            let path = entry.expect("it can be read").path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            let is_workbook = path.extension().is_some_and(|ending| ending == "xlsx");
            if is_workbook && ZipArchive::new(Cursor::new(bytes)).is_ok() {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() > 25, "{found:?}");
    found
}

/// The review of a workbook that holds one submission, as its district sees it.
fn review(pack: &Pack, name: &str, bytes: &[u8]) -> (Review, Vec<Diagnostic>) {
    let options = Options {
        for_districts: true,
        year: Some(2027),
        ..Options::default()
    };
    let taken = pack.forms().read_workbook(name, bytes);
    let [(plan, _)] = taken.plans.as_slice() else {
        panic!("{name} holds {} submissions", taken.plans.len());
    };
    (Reviewer::new(pack, options).review(plan), taken.diagnostics)
}

/// A workbook, what was found in it, and its copy.
struct Copied {
    name: String,
    bytes: Vec<u8>,
    review: Review,
    others: Vec<Diagnostic>,
    copy: Vec<u8>,
}

static COPIES: LazyLock<Vec<Copied>> = LazyLock::new(|| {
    let copied = |path: PathBuf| {
        let (name, bytes) = (file_name(&path), std::fs::read(&path).expect("it is there"));
        let (review, others) = review(&PACK, &name, &bytes);
        let copy = annotate(&bytes, &review, &others).expect(&name).bytes;
        Copied {
            name,
            bytes,
            review,
            others,
            copy,
        }
    };
    workbooks().into_iter().map(copied).collect()
});

static PACK: LazyLock<Pack> = LazyLock::new(|| shipped("alliance"));

fn file_name(path: &Path) -> String {
    let name = path.file_name().expect("it has a name");
    name.to_string_lossy().into_owned()
}

/// The parts of a workbook in their order.
fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).expect("it is a zip file");
    let names: Vec<String> = (0..archive.len())
        .map(|at| {
            let part = archive.by_index_raw(at).expect("it is there");
            part.name().expect("it is UTF-8").into_owned()
        })
        .collect();
    let mut read = |name: &String| {
        let mut bytes = Vec::new();
        let mut part = archive.by_name(name).expect("it is there");
        part.read_to_end(&mut bytes).expect("it is sound");
        bytes
    };
    names
        .iter()
        .map(|name| (name.clone(), read(name)))
        .collect()
}

fn part(bytes: &[u8], name: &str) -> String {
    let parts = parts(bytes);
    let names: Vec<&String> = parts.iter().map(|(name, _)| name).collect();
    let found = parts.iter().find(|(other, _)| other == name);
    let (_, bytes) = found.unwrap_or_else(|| panic!("no {name} in {names:?}"));
    String::from_utf8(bytes.clone()).expect("it is UTF-8")
}

/// The tags and words of a part, without the attributes that an annotated copy may change.
fn pieces(xml: &str) -> Vec<String> {
    let changed = ["s", "spans", "count", "data"];
    let mut reader = Reader::from_str(xml);
    let mut pieces = Vec::new();
    loop {
        match reader.read_event().expect("it is sound") {
            Event::Start(tag) | Event::Empty(tag) => {
                let attributes = tag.attributes().map(|a| a.expect("it is sound"));
                let kept = attributes.filter(|a| !changed.contains(&a.key.into_inner()));
                let kept: Vec<String> = kept
                    .map(|a| format!("{}={}", a.key.into_inner(), a.value))
                    .collect();
                pieces.push(format!("<{} {}", tag.name().into_inner(), kept.join(" ")));
            }
            Event::Text(text) => pieces.push(text.into_inner().into_owned()),
            Event::Eof => return pieces,
            _ => {}
        }
    }
}

/// Whether everything of a part is in another, in the same order.
#[track_caller]
fn assert_kept(before: &[u8], after: &[u8], what: &str) {
    let text = |bytes| pieces(std::str::from_utf8(bytes).expect("it is UTF-8"));
    let after = text(after);
    let mut rest = after.iter();
    for piece in text(before) {
        assert!(rest.any(|other| *other == piece), "{what} lost {piece}");
    }
}

/// Parts that must change: others may not.
fn may_change(name: &str) -> bool {
    let parts = [
        "[Content_Types].xml",
        "xl/workbook.xml",
        "xl/_rels/workbook.xml.rels",
        "xl/styles.xml",
    ];
    parts.contains(&name)
        || name.starts_with("xl/worksheets/")
        || name.starts_with("xl/comments")
        || name.starts_with("xl/drawings/vmlDrawing")
}

#[track_caller]
fn assert_keeps_all(before: &[u8], after: &[u8], name: &str) {
    let (old, new) = (parts(before), parts(after));
    let names: Vec<&String> = old.iter().map(|(name, _)| name).collect();
    let first: Vec<&String> = new.iter().take(old.len()).map(|(name, _)| name).collect();
    assert_eq!(first, names, "{name}");
    let all: BTreeSet<&String> = new.iter().map(|(name, _)| name).collect();
    assert_eq!(all.len(), new.len(), "{name}");
    for ((part, before), (_, after)) in old.iter().zip(&new) {
        let what = format!("{part} of {name}");
        if before != after {
            assert!(may_change(part), "{what}");
            assert_kept(before, after, &what);
        }
    }
}

/// The values of all cells, as another reader sees them; the sheet of findings left out.
fn values(bytes: &[u8], sheets: usize) -> BTreeMap<String, Vec<String>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).expect("it opens");
    let names: Vec<String> = book.sheet_names().into_iter().take(sheets).collect();
    let mut all = BTreeMap::new();
    for name in names {
        let Ok(range) = book.worksheet_range(&name) else {
            continue;
        };
        let start = range.start().unwrap_or_default();
        let cells = range.used_cells().map(|(row, column, value)| {
            let row = usize::try_from(start.0).expect("it is small") + row;
            let column = usize::try_from(start.1).expect("it is small") + column;
            format!("{row},{column}={value:?}")
        });
        all.insert(name, cells.collect());
    }
    all
}

/// A review without the digest of the file that was read.
fn said(review: &Review) -> serde_json::Value {
    let mut value: serde_json::Value =
        serde_json::from_slice(&json::piece(review)).expect("it is JSON");
    for input in value["inputs"].as_array_mut().into_iter().flatten() {
        input["sha256"] = serde_json::Value::Null;
    }
    value
}

#[test]
fn everything_that_was_sent_stays() {
    for of in COPIES.iter() {
        let Copied {
            name, bytes, copy, ..
        } = of;
        assert_keeps_all(bytes, copy, name);
        let sheets =
            Xlsx::new(Cursor::new(&**bytes)).map_or(0, |book: Xlsx<_>| book.sheet_names().len());
        assert_eq!(values(copy, sheets), values(bytes, sheets), "{name}");
        let again = annotate(bytes, &of.review, &of.others).expect(name);
        assert!(again.bytes == *copy, "{name}");
    }
}

#[test]
fn a_copy_is_judged_as_the_workbook() {
    for of in COPIES.iter() {
        let (again, others) = review(&PACK, &of.name, &of.copy);
        assert_eq!(said(&again), said(&of.review), "{}", of.name);
        assert_eq!(others, of.others, "{}", of.name);
        let twice = annotate(&of.copy, &again, &others);
        assert!(matches!(twice, Err(Problem::Twice)), "{}", of.name);
    }
}

/// The words of all cells of a sheet in the order of reading.
fn words(bytes: &[u8], sheet: &str) -> Vec<Vec<String>> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).expect("it opens");
    let range = book.worksheet_range(sheet).expect("it is there");
    range
        .rows()
        .map(|row| row.iter().map(ToString::to_string).collect())
        .collect()
}

#[test]
fn every_finding_is_listed_with_its_words() {
    for Copied {
        name,
        review,
        others,
        copy,
        ..
    } in COPIES.iter()
    {
        let list = words(copy, "Findings");
        let expected = review.findings.len()
            + review.diagnostics.len()
            + others.len()
            + review.undecided.len();
        assert_eq!(list.len(), 6 + expected, "{name}");
        for finding in &review.findings {
            let message = clean(&finding.message);
            let is_it = |row: &Vec<String>| {
                row[0] == finding.severity.name()
                    && row[1] == finding.title
                    && row[3].contains(&message)
            };
            assert!(list.iter().any(is_it), "{name}: {message}");
        }
    }
}

// --- LibreOffice -----------------------------------------------------------------------------------------------------------

#[test]
fn libreoffice_opens_the_copies() {
    let folder = tempfile::tempdir().expect("there is room");
    let copy = with_mistakes(&rich(), &["s!B2", "s!C20"])
        .expect("it is sound")
        .bytes;
    std::fs::write(folder.path().join("rich.xlsx"), copy).expect("there is room");
    let mut names = vec!["rich.xlsx".to_owned()];
    for (at, of) in COPIES.iter().enumerate() {
        let name = format!("{at}.xlsx");
        std::fs::write(folder.path().join(&name), &of.copy).expect("there is room");
        names.push(name);
    }
    let out = folder.path().join("out");
    let profile = format!(
        "-env:UserInstallation=file://{}",
        folder.path().join("profile").display()
    );
    let run = Command::new("soffice")
        .args([&*profile, "--headless", "--convert-to", "xlsx", "--outdir"])
        .arg(&out)
        .args(&names)
        .current_dir(folder.path())
        .output()
        .expect("LibreOffice is installed: `.ci/programs` does it");
    for name in &names {
        let before = std::fs::read(folder.path().join(name)).expect("it was written");
        let after = std::fs::read(out.join(name));
        let after =
            after.unwrap_or_else(|_| panic!("{name}: {}", String::from_utf8_lossy(&run.stderr)));
        assert_eq!(comments(&after), comments(&before), "{name}");
        assert_eq!(
            words(&after, "Findings").len(),
            words(&before, "Findings").len(),
            "{name}"
        );
    }
}

/// How many comments all sheets have.
fn comments(bytes: &[u8]) -> usize {
    let parts = parts(bytes);
    let texts = parts
        .iter()
        .filter(|(name, _)| name.starts_with("xl/comments"));
    texts
        .map(|(_, text)| String::from_utf8_lossy(text).matches("<comment ").count())
        .sum()
}

// --- odd workbooks ---------------------------------------------------------------------------------------------------------

/// A review that says nothing.
fn silent() -> Review {
    Review {
        path: "w.xlsx".to_owned(),
        district_code: None,
        district: None,
        fiscal_year: None,
        revision: None,
        recommendation: None,
        wording: "could not check".to_owned(),
        inputs: Vec::new(),
        page: false,
        doubtful: false,
        diagnostics: Vec::new(),
        rules: Vec::new(),
        findings: Vec::new(),
        undecided: Vec::new(),
        tables: Vec::new(),
        letter: accordant::review::Letter::default(),
        memory: None,
        public: false,
        history: Vec::new(),
    }
}

/// A copy of a workbook with a mistake at each of the places.
fn with_mistakes(bytes: &[u8], places: &[&str]) -> Result<Annotated, Problem> {
    let mistake =
        |place: &&str| Diagnostic::error(format!("w.xlsx!{place}"), format!("wrong at {place}"));
    let mistakes: Vec<Diagnostic> = places.iter().map(mistake).collect();
    annotate(bytes, &silent(), &mistakes)
}

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const STRICT: &str = "http://purl.oclc.org/ooxml/spreadsheetml/main";
const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

fn zipped(parts: &[(&str, String)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .expect("there is room");
        writer.write_all(content.as_bytes()).expect("there is room");
    }
    writer.finish().expect("there is room").into_inner()
}

/// The least workbook with one sheet `s`, and more parts.
fn workbook_of(sheet: &str, more: &[(&str, String)]) -> Vec<u8> {
    let relation = |id: u32, kind: &str, to: &str| {
        format!("<Relationship Id=\"rId{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"{to}\"/>")
    };
    let relations = |inner: String| {
        format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{inner}</Relationships>")
    };
    let mut parts = vec![
        (
            "[Content_Types].xml",
            format!(
                "<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"
            ),
        ),
        (
            "_rels/.rels",
            relations(relation(1, "officeDocument", "/xl/workbook.xml")),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets><sheet name=\"s\" sheetId=\"7\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relations(relation(1, "worksheet", "/xl/worksheets/sheet1.xml")),
        ),
        ("xl/worksheets/sheet1.xml", sheet.to_owned()),
    ];
    for (name, content) in more {
        parts.retain(|(other, _)| other != name);
        parts.push((name, content.clone()));
    }
    zipped(&parts)
}

fn sheet_of(inner: &str) -> String {
    format!("<worksheet xmlns=\"{MAIN}\">{inner}</worksheet>")
}

/// The sheet of such a workbook with mistakes at some places.
#[track_caller]
fn assert_sheet(inner: &str, places: &[&str], want: &str) {
    let copy = with_mistakes(&workbook_of(&sheet_of(inner), &[]), places).expect("it is sound");
    let sheet = part(&copy.bytes, "xl/worksheets/sheet1.xml");
    let box_of = format!("<legacyDrawing xmlns:r=\"{RELATIONS}\" r:id=\"rId2\"/>");
    assert_eq!(sheet.replace(&box_of, "[box]"), sheet_of(want));
}

#[test]
fn cells_that_are_not_there_are_made_in_their_order() {
    assert_sheet(
        "<sheetData/>",
        &["s!B2"],
        "<sheetData><row r=\"2\"><c r=\"B2\" s=\"1\"/></row></sheetData>[box]",
    );
    assert_sheet(
        "<sheetData><row r=\"1\" spans=\"1:2\"><c r=\"B1\"><v>1</v></c><extLst/></row><row r=\"4\"/></sheetData><tableParts/>",
        &["s!A1", "s!B1", "s!D1", "s!B3", "s!C4", "s!A9"],
        "<sheetData><row r=\"1\"><c r=\"A1\" s=\"1\"/><c r=\"B1\" s=\"1\"><v>1</v></c><c r=\"D1\" s=\"1\"/><extLst/></row>\
         <row r=\"3\"><c r=\"B3\" s=\"1\"/></row><row r=\"4\"><c r=\"C4\" s=\"1\"/></row><row r=\"9\"><c r=\"A9\" s=\"1\"/></row></sheetData>\
         [box]<tableParts/>",
    );
}

#[test]
fn cells_without_a_place_are_counted() {
    assert_sheet(
        "<sheetData><row><c/><c t=\"b\"><v>1</v></c></row><row><c/></row></sheetData>",
        &["s!B1", "s!A2"],
        "<sheetData><row><c/><c t=\"b\" s=\"1\"><v>1</v></c></row><row><c s=\"1\"/></row></sheetData>[box]",
    );
}

#[test]
fn a_row_is_marked_where_something_stands_and_merged_cells_at_their_first() {
    assert_sheet(
        "<sheetData><row r=\"3\"><c r=\"A3\"/><c r=\"C3\"><v>1</v></c></row><row r=\"5\"><c r=\"A5\"/><c r=\"B5\"/></row></sheetData>\
         <mergeCells><mergeCell ref=\"A5:B6\"/></mergeCells>",
        &["s!3", "s!B6"],
        "<sheetData><row r=\"3\"><c r=\"A3\"/><c r=\"C3\" s=\"1\"><v>1</v></c></row><row r=\"5\"><c r=\"A5\" s=\"1\"/><c r=\"B5\"/></row></sheetData>\
         <mergeCells><mergeCell ref=\"A5:B6\"/></mergeCells>[box]",
    );
}

#[test]
fn places_without_a_cell_are_only_listed() {
    let inner = "<sheetData><row r=\"1\"><c r=\"A1\"/></row></sheetData>";
    assert_sheet(
        inner,
        &["s!1:amount", "s", "s:award", "targets", "s!XFE1"],
        inner,
    );
}

#[test]
fn prefixes_and_the_strict_form_are_kept() {
    let sheet = format!("<x:worksheet xmlns:x=\"{STRICT}\"><x:sheetData/></x:worksheet>");
    let workbook = format!(
        "<x:workbook xmlns:x=\"{STRICT}\" xmlns:rel=\"http://purl.oclc.org/ooxml/officeDocument/relationships\">\
         <x:sheets><x:sheet name=\"s\" sheetId=\"1\" rel:id=\"rId1\"/></x:sheets><x:calcPr/></x:workbook>"
    );
    let bytes = workbook_of(&sheet, &[("xl/workbook.xml", workbook)]);
    let copy = with_mistakes(&bytes, &["s!A1"]).expect("it is sound").bytes;
    let sheet = part(&copy, "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("<x:sheetData><x:row r=\"1\"><x:c r=\"A1\" s=\"1\"/></x:row></x:sheetData><x:legacyDrawing"), "{sheet}");
    let relations = part(&copy, "xl/worksheets/_rels/sheet1.xml.rels");
    assert!(
        relations.contains("purl.oclc.org/ooxml/officeDocument/relationships/comments"),
        "{relations}"
    );
    let workbook = part(&copy, "xl/workbook.xml");
    assert!(
        workbook.contains("</x:sheets><x:definedNames><x:definedName"),
        "{workbook}"
    );
}

/// A workbook with a comment at A1, a conversation at B1, and a drawing for both.
fn with_comments(text: &str) -> Vec<u8> {
    let sheet = sheet_of(&format!(
        "<sheetData><row r=\"1\"><c r=\"A1\"/><c r=\"B1\"/></row></sheetData><legacyDrawing xmlns:r=\"{RELATIONS}\" r:id=\"rId9\"/>"
    ));
    let relation = |id: &str, kind: &str, to: &str| {
        format!("<Relationship Id=\"{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"{to}\"/>")
    };
    let all = [
        relation("rId9", "vmlDrawing", "../drawings/vmlDrawing1.vml"),
        relation("rId2", "comments", "../comments1.xml"),
        relation(
            "rId1",
            "threadedComment",
            "../threadedComments/threadedComment1.xml",
        ),
    ];
    workbook_of(&sheet, &[
        ("xl/worksheets/_rels/sheet1.xml.rels", format!("<Relationships xmlns=\"{PACKAGE}/relationships\">{}</Relationships>", all.concat())),
        ("xl/comments1.xml", format!(
            "<comments xmlns=\"{MAIN}\"><authors><author>Ann</author></authors><commentList><comment ref=\"A1\" authorId=\"0\"><text>{text}</text></comment>\
             <comment ref=\"B1\" authorId=\"0\"><text><t>talk</t></text></comment></commentList></comments>"
        )),
        ("xl/drawings/vmlDrawing1.vml", "<xml xmlns:v=\"v\" xmlns:o=\"o\" xmlns:x=\"x\"><o:idmap data=\"1\"/><v:shapetype id=\"_x0000_t202\"/>\
            <v:shape id=\"_x0000_s1025\"><br></v:shape></xml>".to_owned()),
        ("xl/threadedComments/threadedComment1.xml", "<ThreadedComments><threadedComment ref=\"B1\"/></ThreadedComments>".to_owned()),
    ])
}

#[test]
fn what_others_commented_stays_and_comes_first() {
    for text in [
        "<t>mine</t>",
        "<r><t>mine</t></r>",
        "<r><t>mine</t></r><phoneticPr fontId=\"1\"/>",
    ] {
        let copy =
            with_mistakes(&with_comments(text), &["s!A1", "s!C3", "s!B1"]).expect("it is sound");
        let comments = part(&copy.bytes, "xl/comments1.xml");
        let kept = comments.find(">mine</t>").expect("it is kept");
        let ours = comments.find("wrong at s!A1").expect("it is there");
        assert!(
            kept < ours && ours < comments.find("talk").expect("it is kept"),
            "{comments}"
        );
        assert_eq!(comments.matches("<comment ").count(), 3, "{comments}");
        assert!(
            comments.contains("<author>Ann</author><author>accordant</author>"),
            "{comments}"
        );
        assert!(
            comments.contains("<comment ref=\"C3\" authorId=\"1\">"),
            "{comments}"
        );
        let boxes = part(&copy.bytes, "xl/drawings/vmlDrawing1.vml");
        assert_eq!(boxes.matches("<v:shape id=").count(), 2, "{boxes}");
        assert!(
            boxes.contains("<br></v:shape>")
                && boxes.contains("data=\"1,2\"")
                && boxes.contains("_x0000_s2049"),
            "{boxes}"
        );
        let notice = "programs that show the conversation at B1 of the sheet `s` do not show the comment there: see the list of findings";
        assert_eq!(copy.notices, [notice]);
    }
}

#[test]
fn several_mistakes_at_a_cell_are_one_comment() {
    let bytes = workbook_of(&sheet_of("<sheetData/>"), &[]);
    let places = ["s!A1"; 10];
    let comments = part(
        &with_mistakes(&bytes, &places).expect("it is sound").bytes,
        "xl/comments1.xml",
    );
    assert_eq!(comments.matches("<comment ").count(), 1, "{comments}");
    assert_eq!(comments.matches("wrong at").count(), 8, "{comments}");
    assert!(
        comments.contains("and 2 more: see the list of findings"),
        "{comments}"
    );
}

#[test]
fn a_run_of_cells_is_coloured_and_speaks_once() {
    let bytes = workbook_of(&sheet_of("<sheetData/>"), &[]);
    let copy = with_mistakes(&bytes, &["s!B2:B5000"])
        .expect("it is sound")
        .bytes;
    let sheet = part(&copy, "xl/worksheets/sheet1.xml");
    assert_eq!(sheet.matches(" s=\"1\"/>").count(), 1_000);
    let comments = part(&copy, "xl/comments1.xml");
    assert_eq!(comments.matches("<comment ").count(), 1, "{comments}");
    assert!(comments.contains("ref=\"B2\""), "{comments}");
}

#[test]
fn words_are_never_formulas() {
    let bytes = workbook_of(&sheet_of("<sheetData/>"), &[]);
    let mistakes = [Diagnostic::error(
        "w.xlsx!s!A1",
        "=cmd|'/c calc'!A1 <b> _x0041_\u{1b}",
    )];
    let copy = annotate(&bytes, &silent(), &mistakes)
        .expect("it is sound")
        .bytes;
    let list = words(&copy, "Findings");
    assert_eq!(list[6][3], "'=cmd|'/c calc'!A1 <b> _x0041_\\u{1b}");
}

#[test]
fn what_has_no_copy_says_why() {
    #[track_caller]
    fn assert_refused(bytes: &[u8], want: &str) {
        let why = with_mistakes(bytes, &["s!A1"])
            .expect_err("it is refused")
            .to_string();
        assert!(why.contains(want), "{why}");
    }
    assert_refused(b"PK", "it is no workbook of Excel");
    assert_refused(b"\xD0\xCF\x11\xE0", "protected by a password");
    assert_refused(
        &zipped(&[("a", String::new())]),
        "it is no workbook of Excel",
    );
    assert_refused(
        &workbook_of("<worksheet>", &[]),
        "`xl/worksheets/sheet1.xml` is damaged or missing",
    );
    assert_refused(
        &workbook_of(&sheet_of(""), &[]),
        "`xl/worksheets/sheet1.xml` is damaged or missing",
    );
    let sheet = sheet_of("<sheetData/>");
    assert_refused(
        &workbook_of(&sheet, &[("xl/workbook.xml", "\u{0}".to_owned())]),
        "`xl/workbook.xml` is damaged or missing",
    );
}

#[test]
fn protection_and_signatures_are_told() {
    let sheet = sheet_of("<sheetData/><sheetProtection sheet=\"1\"/>");
    let bytes = workbook_of(&sheet, &[("_xmlsignatures/sig1.xml", "<s/>".to_owned())]);
    let notices = with_mistakes(&bytes, &["s!A1"])
        .expect("it is sound")
        .notices;
    assert_eq!(
        notices,
        [
            "its digital signature does not hold for the copy",
            "the sheet `s` is protected: its comments can be read there, and taken away once the protection is lifted",
        ]
    );
}

// --- what a workbook may hold besides --------------------------------------------------------------------------------------

/// A picture of one dot.
const DOT: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff?\0\x05\xfe\x02\xfe\
    \xa75\x81\x84\0\0\0\0IEND\xaeB`\x82";

/// A workbook with a chart, a picture, a note, a drop-down, a conditional format, a table, names, formats, formulas and hidden rows.
fn rich() -> Vec<u8> {
    let book = || -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        let money = Format::new().set_num_format("$#,##0.00").set_bold();
        let sheet = book.add_worksheet().set_name("s")?;
        for (row, amount) in (1..).zip([1, 2, 3]) {
            sheet.write_with_format(row, 1, amount, &money)?;
        }
        let sum = Formula::new("=SUM(B2:B4)").set_result("6");
        sheet.write_formula_with_format(4, 1, sum, &money)?;
        sheet.insert_note(1, 1, &Note::new("mine").set_author("Ann"))?;
        let choice = DataValidation::new().allow_list_strings(&["a", "b"])?;
        sheet.add_data_validation(1, 2, 9, 2, &choice)?;
        let red = ConditionalFormatCell::new()
            .set_rule(ConditionalFormatCellRule::GreaterThan(2))
            .set_format(Format::new().set_bold());
        sheet.add_conditional_format(1, 1, 3, 1, &red)?;
        let mut chart = Chart::new(ChartType::Column);
        chart.add_series().set_values("s!$B$2:$B$4");
        sheet.insert_chart(8, 3, &chart)?;
        sheet.insert_image(8, 0, &Image::new_from_buffer(DOT)?)?;
        sheet.set_freeze_panes(1, 1)?;
        sheet.set_column_width(1, 30)?;
        sheet.set_row_hidden(6)?;
        sheet.merge_range(5, 3, 6, 4, "both", &money)?;
        sheet.add_table(11, 6, 13, 7, &Table::new())?;
        let theirs = book.add_worksheet().set_name("Findings")?;
        theirs.write(0, 0, "theirs")?;
        book.define_name("Total", "=s!$B$5")?;
        book.save_to_buffer()
    };
    book().expect("it fits")
}

#[test]
fn charts_pictures_and_all_else_stay() {
    let bytes = rich();
    let copy = with_mistakes(&bytes, &["s!B2", "s!B5", "s!E7", "s!C20", "s!B4"])
        .expect("it is sound")
        .bytes;
    assert_keeps_all(&bytes, &copy, "rich");
    assert_eq!(values(&copy, 2), values(&bytes, 2));
    let sheet = part(&copy, "xl/worksheets/sheet1.xml");
    for kept in [
        "<f>SUM(B2:B4)</f>",
        "<dataValidation ",
        "<conditionalFormatting ",
        "<drawing ",
        "<pane ",
        "<tablePart ",
        "hidden=\"1\"",
    ] {
        assert!(sheet.contains(kept), "{kept}: {sheet}");
    }
    let comments = part(&copy, "xl/comments1.xml");
    assert!(
        comments.contains("mine") && comments.contains("wrong at s!B2"),
        "{comments}"
    );
    // The first of the merged cells is the one that is seen.
    assert!(comments.contains("ref=\"D6\""), "{comments}");
    let workbook = part(&copy, "xl/workbook.xml");
    assert!(
        workbook.contains("name=\"Total\"") && workbook.contains("name=\"Findings (2)\""),
        "{workbook}"
    );
    // The formats of coloured cells are the same but for the colour.
    let styles = part(&copy, "xl/styles.xml");
    let style_of = |cell: &str, sheet: &str| -> usize {
        let (_, behind) = sheet
            .split_once(&format!("<c r=\"{cell}\""))
            .expect("it is there");
        let (_, number) = behind.split_once("s=\"").expect("it has a style");
        number
            .split('"')
            .next()
            .expect("it ends")
            .parse()
            .expect("it is a number")
    };
    let (_, list) = styles.split_once("<cellXfs").expect("there are styles");
    let formats: Vec<&str> = list.split("<xf ").skip(1).collect();
    let own = style_of("B3", &part(&bytes, "xl/worksheets/sheet1.xml"));
    let format = |style: usize| -> Vec<&str> {
        let attributes = formats[style]
            .split(['/', '>'])
            .next()
            .expect("it has some")
            .split(' ');
        attributes
            .filter(|a| !a.is_empty() && !a.contains("ill"))
            .collect()
    };
    let painted = style_of("B5", &sheet);
    assert_ne!(painted, own);
    assert_eq!(format(painted), format(own));
}
