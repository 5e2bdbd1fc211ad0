//! A document as a `.docx`: the few parts that word processors need. The same document gives the same bytes.

use std::io::{self, Cursor, Write as _};

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::document::{Block, Document, Item, Kind, Mark, Piece, Table, Words};

/// The parts that are the same in every document.
const FIXED: [(&str, &str); 5] = [
    (
        "[Content_Types].xml",
        include_str!("parts/content_types.xml"),
    ),
    ("_rels/.rels", include_str!("parts/rels.xml")),
    (
        "word/_rels/document.xml.rels",
        include_str!("parts/document_rels.xml"),
    ),
    ("word/styles.xml", include_str!("parts/styles.xml")),
    ("word/settings.xml", include_str!("parts/settings.xml")),
];

/// The name space of a word processor's parts.
const MAIN: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

/// How wide the text is, in twentieths of a point: Letter paper with margins of an inch.
const WIDTH: usize = 9360;

/// The number of the list of bullets; numbered lists have those above it, each its own, so that each begins with 1.
const BULLETS: usize = 1;

type Xml = Writer<Vec<u8>>;

/// The document as the bytes of a file.
pub fn docx(document: &Document) -> io::Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut add = |name: &str, bytes: &[u8]| {
        zip.start_file(name, options)?;
        zip.write_all(bytes)
    };
    for (name, text) in FIXED {
        add(name, text.as_bytes())?;
    }
    add("docProps/core.xml", &part(|xml| core(xml, document))?)?;
    add("word/numbering.xml", &part(|xml| numbering(xml, document))?)?;
    add("word/footer1.xml", &part(|xml| footer(xml, document))?)?;
    add("word/document.xml", &part(|xml| body(xml, document))?)?;
    Ok(zip.finish()?.into_inner())
}

fn part(write: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new(Vec::new());
    xml.write_event(Event::Decl(BytesDecl::new(
        "1.0",
        Some("UTF-8"),
        Some("yes"),
    )))?;
    write(&mut xml)?;
    Ok(xml.into_inner())
}

/// An element that holds others.
fn within(
    xml: &mut Xml,
    name: &str,
    write: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<()> {
    xml.create_element(name).write_inner_content(write)?;
    Ok(())
}

/// An element with one value and nothing in it.
fn value(xml: &mut Xml, name: &str, value: &str) -> io::Result<()> {
    let element = xml.create_element(name);
    element.with_attribute(("w:val", value)).write_empty()?;
    Ok(())
}

fn empty(xml: &mut Xml, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
    let element = xml.create_element(name);
    element
        .with_attributes(attributes.iter().copied())
        .write_empty()?;
    Ok(())
}

/// What is told of the document as a whole. No date: there is no clock in a report.
fn core(xml: &mut Xml, document: &Document) -> io::Result<()> {
    let names = [
        (
            "xmlns:cp",
            "http://schemas.openxmlformats.org/package/2006/metadata/core-properties",
        ),
        ("xmlns:dc", "http://purl.org/dc/elements/1.1/"),
    ];
    let element = xml
        .create_element("cp:coreProperties")
        .with_attributes(names);
    element.write_inner_content(|xml| {
        for (name, text) in [
            ("dc:title", document.title.as_str()),
            ("dc:language", "en-US"),
        ] {
            xml.create_element(name)
                .write_text_content(BytesText::new(text))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The lists: one for all bullets, and one for each list of numbers.
fn numbering(xml: &mut Xml, document: &Document) -> io::Result<()> {
    let element = xml
        .create_element("w:numbering")
        .with_attribute(("xmlns:w", MAIN));
    element.write_inner_content(|xml| {
        kind_of_list(xml, "0", [("bullet", "•"), ("bullet", "–")])?;
        kind_of_list(xml, "1", [("decimal", "%1."), ("bullet", "•")])?;
        list(xml, BULLETS, "0", false)?;
        (1..=numbered(document)).try_for_each(|n| list(xml, BULLETS + n, "1", true))
    })?;
    Ok(())
}

fn numbered(document: &Document) -> usize {
    let lists = document.blocks.iter();
    lists
        .filter(|b| matches!(b, Block::List(Mark::Number, _)))
        .count()
}

fn kind_of_list(xml: &mut Xml, id: &str, levels: [(&str, &str); 2]) -> io::Result<()> {
    let element = xml
        .create_element("w:abstractNum")
        .with_attribute(("w:abstractNumId", id));
    element.write_inner_content(|xml| {
        value(xml, "w:multiLevelType", "multilevel")?;
        for ((format, text), (level, left)) in levels.into_iter().zip([("0", "425"), ("1", "785")])
        {
            let element = xml
                .create_element("w:lvl")
                .with_attribute(("w:ilvl", level));
            element.write_inner_content(|xml| {
                value(xml, "w:start", "1")?;
                value(xml, "w:numFmt", format)?;
                value(xml, "w:lvlText", text)?;
                value(xml, "w:lvlJc", "left")?;
                let hanging = [("w:left", left), ("w:hanging", "360")];
                within(xml, "w:pPr", |xml| empty(xml, "w:ind", &hanging))
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

fn list(xml: &mut Xml, id: usize, kind: &str, begins_anew: bool) -> io::Result<()> {
    let id = id.to_string();
    let element = xml
        .create_element("w:num")
        .with_attribute(("w:numId", id.as_str()));
    element.write_inner_content(|xml| {
        value(xml, "w:abstractNumId", kind)?;
        if begins_anew {
            let element = xml
                .create_element("w:lvlOverride")
                .with_attribute(("w:ilvl", "0"));
            element.write_inner_content(|xml| value(xml, "w:startOverride", "1"))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The foot of each page: its words and the page's number.
fn footer(xml: &mut Xml, document: &Document) -> io::Result<()> {
    let element = xml
        .create_element("w:ftr")
        .with_attribute(("xmlns:w", MAIN));
    element.write_inner_content(|xml| {
        within(xml, "w:p", |xml| {
            within(xml, "w:pPr", |xml| value(xml, "w:pStyle", "Footer"))?;
            run(xml, &format!("{} Page ", document.foot), |_| Ok(()))?;
            let element = xml
                .create_element("w:fldSimple")
                .with_attribute(("w:instr", " PAGE "));
            element.write_inner_content(|xml| run(xml, "1", |_| Ok(())))?;
            Ok(())
        })
    })?;
    Ok(())
}

fn body(xml: &mut Xml, document: &Document) -> io::Result<()> {
    let names = [
        ("xmlns:w", MAIN),
        (
            "xmlns:r",
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        ),
    ];
    let element = xml.create_element("w:document").with_attributes(names);
    element.write_inner_content(|xml| {
        within(xml, "w:body", |xml| {
            let mut lists = BULLETS;
            for block in &document.blocks {
                if matches!(block, Block::List(Mark::Number, _)) {
                    lists += 1;
                }
                write_block(xml, block, lists)?;
            }
            section(xml)
        })
    })?;
    Ok(())
}

/// The paper and its margins.
fn section(xml: &mut Xml) -> io::Result<()> {
    within(xml, "w:sectPr", |xml| {
        empty(
            xml,
            "w:footerReference",
            &[("w:type", "default"), ("r:id", "rId4")],
        )?;
        empty(xml, "w:pgSz", &[("w:w", "12240"), ("w:h", "15840")])?;
        let inch = "1440";
        let margins = [
            ("w:top", inch),
            ("w:right", inch),
            ("w:bottom", inch),
            ("w:left", inch),
            ("w:header", "720"),
            ("w:footer", "720"),
            ("w:gutter", "0"),
        ];
        empty(xml, "w:pgMar", &margins)
    })
}

fn write_block(xml: &mut Xml, block: &Block, list: usize) -> io::Result<()> {
    match block {
        Block::Heading(level, text) => {
            paragraph(xml, &format!("Heading{level}"), None, &Words::plain(text))
        }
        Block::Paragraph(words) => paragraph(xml, "BodyText", None, words),
        Block::Framed(words) => paragraph(xml, "Framed", None, words),
        Block::Lines(lines) => {
            let (last, before) = lines
                .split_last()
                .map_or((None, &[][..]), |(l, b)| (Some(l), b));
            before
                .iter()
                .try_for_each(|line| paragraph(xml, "Line", None, line))?;
            last.map_or(Ok(()), |line| paragraph(xml, "BodyText", None, line))
        }
        Block::List(mark, items) => {
            let list = if *mark == Mark::Number { list } else { BULLETS };
            items.iter().try_for_each(|one| item(xml, one, list))
        }
        Block::Table(of) => table(xml, of),
    }
}

fn item(xml: &mut Xml, item: &Item, list: usize) -> io::Result<()> {
    paragraph(xml, "ListParagraph", Some((list, "0")), &item.lead)?;
    for (label, said) in &item.more {
        let words = Words::strong(format!("{label}: ")).followed_by(said.clone());
        paragraph(xml, "ListMore", None, &words)?;
    }
    let mut within = item.within.iter();
    within.try_for_each(|one| paragraph(xml, "ListWithin", Some((list, "1")), one))
}

fn paragraph(
    xml: &mut Xml,
    style: &str,
    list: Option<(usize, &str)>,
    words: &Words,
) -> io::Result<()> {
    within(xml, "w:p", |xml| {
        within(xml, "w:pPr", |xml| {
            value(xml, "w:pStyle", style)?;
            list.map_or(Ok(()), |(id, level)| {
                within(xml, "w:numPr", |xml| {
                    value(xml, "w:ilvl", level)?;
                    value(xml, "w:numId", &id.to_string())
                })
            })
        })?;
        words.0.iter().try_for_each(|one| piece(xml, one))
    })
}

fn piece(xml: &mut Xml, piece: &Piece) -> io::Result<()> {
    run(xml, &piece.text, |xml| match piece.kind {
        Kind::Plain => Ok(()),
        Kind::Strong => within(xml, "w:rPr", |xml| empty(xml, "w:b", &[])),
        Kind::Gap => within(xml, "w:rPr", |xml| value(xml, "w:highlight", "yellow")),
    })
}

fn run(xml: &mut Xml, text: &str, kind: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    within(xml, "w:r", |xml| {
        kind(xml)?;
        let element = xml
            .create_element("w:t")
            .with_attribute(("xml:space", "preserve"));
        element.write_text_content(BytesText::new(text))?;
        Ok(())
    })
}

fn table(xml: &mut Xml, table: &Table) -> io::Result<()> {
    let widths = widths(table);
    paragraph(xml, "Caption", None, &Words::plain(&table.title))?;
    within(xml, "w:tbl", |xml| {
        within(xml, "w:tblPr", |xml| {
            value(xml, "w:tblStyle", "TableGrid")?;
            let width = WIDTH.to_string();
            empty(xml, "w:tblW", &[("w:w", width.as_str()), ("w:type", "dxa")])?;
            empty(xml, "w:tblLayout", &[("w:type", "fixed")])?;
            let look = [("w:firstRow", "1"), ("w:firstColumn", "1")];
            empty(xml, "w:tblLook", &look)?;
            value(xml, "w:tblCaption", &table.title)
        })?;
        within(xml, "w:tblGrid", |xml| {
            let mut widths = widths.iter();
            widths.try_for_each(|width| empty(xml, "w:gridCol", &[("w:w", width)]))
        })?;
        let heads = table.heads.iter().map(|(head, _)| Words::strong(head));
        row(xml, &heads.collect::<Vec<_>>(), &widths, true)?;
        let mut rows = table.rows.iter();
        rows.try_for_each(|cells| row(xml, cells, &widths, false))
    })?;
    paragraph(xml, "Line", None, &Words::default())
}

/// How wide each column is.
fn widths(table: &Table) -> Vec<String> {
    let whole: usize = table.heads.iter().map(|(_, share)| share).sum();
    let width = |share: &usize| WIDTH * share / whole.max(1);
    let shares = table.heads.iter().map(|(_, share)| share);
    shares.map(|share| width(share).to_string()).collect()
}

fn row(xml: &mut Xml, cells: &[Words], widths: &[String], is_head: bool) -> io::Result<()> {
    within(xml, "w:tr", |xml| {
        within(xml, "w:trPr", |xml| {
            empty(xml, "w:cantSplit", &[])?;
            if is_head {
                empty(xml, "w:tblHeader", &[])
            } else {
                Ok(())
            }
        })?;
        for (cell, width) in cells.iter().zip(widths) {
            within(xml, "w:tc", |xml| {
                let width = [("w:w", width.as_str()), ("w:type", "dxa")];
                within(xml, "w:tcPr", |xml| empty(xml, "w:tcW", &width))?;
                paragraph(xml, "Cell", None, cell)
            })?;
        }
        Ok(())
    })
}
