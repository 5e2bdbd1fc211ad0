//! Comments at cells: their words in one part, the boxes in which they are shown in another. What others wrote stays.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::package::{Package, folder};
use super::places::{cell, name};
use super::sheet::{Cell, Look};
use super::xml::{Doc, Edits, Node, RELATIONS, STRICT_RELATIONS, escaped, text};
use super::{Book, Problem};

/// Who writes the comments.
const AUTHOR: &str = "accordant";

/// A piece of a comment: bold or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) is_bold: bool,
    pub(super) words: String,
}

/// The elements of a sheet up to those that come behind the boxes of its comments.
const ORDER: [&str; 38] = [
    "sheetPr",
    "dimension",
    "sheetViews",
    "sheetFormatPr",
    "cols",
    "sheetData",
    "sheetCalcPr",
    "sheetProtection",
    "protectedRanges",
    "scenarios",
    "autoFilter",
    "sortState",
    "dataConsolidate",
    "customSheetViews",
    "mergeCells",
    "phoneticPr",
    "conditionalFormatting",
    "dataValidations",
    "hyperlinks",
    "printOptions",
    "pageMargins",
    "pageSetup",
    "headerFooter",
    "rowBreaks",
    "colBreaks",
    "customProperties",
    "cellWatches",
    "ignoredErrors",
    "smartTags",
    "drawing",
    "legacyDrawing",
    "legacyDrawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
];

/// Adds comments to a sheet; gives the sheet's text, which names the part of the boxes.
pub(super) fn add(
    package: &mut Package<'_>,
    book: &Book,
    (part, xml): (&str, String),
    look: &Look,
    comments: &BTreeMap<Cell, Vec<Run>>,
) -> Result<String, Problem> {
    let relations = package.relations(part)?;
    let known = relations
        .iter()
        .find(|r| r.kind == "comments" && package.find(&r.part).is_some());
    let words = if let Some(known) = known {
        known.part.clone()
    } else {
        let words = package.free_name(&format!("{}comments", book.folder()), ".xml");
        let main = book.main_namespace();
        package.put(
            &words,
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<comments xmlns=\"{main}\"><authors/><commentList/></comments>"
            ),
        );
        package.relate(part, &book.kind("comments"), &words)?;
        package.declare(
            &words,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml",
        )?;
        words
    };
    let text = package.text(&words)?;
    let (text, new) = with_comments(&text, comments).ok_or_else(|| Problem::damaged(&words))?;
    package.put(&words, text);
    boxes(package, book, (part, xml), look, &new)
}

/// The cells at which people talk: newer programs show that in place of the comments.
pub(super) fn threads(package: &mut Package<'_>, part: &str) -> Result<BTreeSet<Cell>, Problem> {
    let mut cells = BTreeSet::new();
    for relation in package.relations(part)? {
        if relation.kind != "threadedComment" || package.find(&relation.part).is_none() {
            continue;
        }
        let xml = package.text(&relation.part)?;
        let doc = Doc::parse(&xml, 1).ok_or_else(|| Problem::damaged(&relation.part))?;
        let talk = doc.root().into_iter().flat_map(|root| doc.children(root));
        cells.extend(talk.filter_map(|one| cell(&one.attribute("ref")?)));
    }
    Ok(cells)
}

/// The part with the comments in it, and the cells that had none.
fn with_comments(
    xml: &str,
    comments: &BTreeMap<Cell, Vec<Run>>,
) -> Option<(String, BTreeMap<Cell, usize>)> {
    let doc = Doc::parse(xml, 4)?;
    let p = doc.prefix();
    let mut edits = Edits::default();
    let mut list = String::new();
    let stored = doc
        .top("commentList")
        .into_iter()
        .flat_map(|list| doc.children(list));
    let mut at: BTreeMap<Cell, &Node<'_>> = BTreeMap::new();
    for comment in stored {
        let place = comment.attribute("ref").and_then(|name| cell(&name));
        at.extend(place.map(|place| (place, comment)));
    }
    let authors = doc
        .top("authors")
        .map_or(0, |authors| doc.children(authors).count());
    let mut new = BTreeMap::new();
    for (place, runs) in comments {
        let words = runs.iter().map(|run| run.xml(&p)).collect::<String>();
        match at.get(place).and_then(|comment| doc.child(comment, "text")) {
            Some(own) => {
                let gap = Run::plain("\n\n").xml(&p);
                behind(&mut edits, &doc, own, &format!("{gap}{words}"));
            }
            None if at.contains_key(place) => {}
            None => {
                let name = name(*place);
                let _ = write!(
                    list,
                    "<{p}comment ref=\"{name}\" authorId=\"{authors}\"><{p}text>{words}</{p}text></{p}comment>"
                );
                let length = runs.iter().map(|run| run.words.chars().count()).sum();
                new.insert(*place, length);
            }
        }
    }
    let author = format!("<{p}author>{AUTHOR}</{p}author>");
    let order = ["authors", "commentList", "extLst"];
    for (name, inner) in [("authors", author), ("commentList", list)] {
        if new.is_empty() {
            continue;
        }
        edits.extend(match doc.top(name) {
            Some(node) => node.append(&inner, &[]),
            None => {
                doc.insert_in_order(&format!("<{p}{name}>{inner}</{p}{name}>"), name, &order)?
            }
        });
    }
    Some((edits.apply(xml)?, new))
}

/// Puts words behind those of a comment that is there. Words without a form of their own become the first piece.
fn behind(edits: &mut Edits, doc: &Doc<'_>, own: &Node<'_>, words: &str) {
    let p = doc.prefix();
    if let Some(plain) = doc.child(own, "t") {
        edits.insert(plain.open.start, &format!("<{p}r>"));
        edits.insert(plain.end(), &format!("</{p}r>"));
    }
    let pieces = doc
        .children(own)
        .filter(|node| matches!(node.local(), "t" | "r"));
    match pieces.map(Node::end).max() {
        Some(end) => edits.insert(end, words),
        None => edits.extend(own.append(words, &[])),
    }
}

impl Run {
    /// Words that are not bold.
    pub(super) fn plain(words: impl Into<String>) -> Self {
        Run {
            is_bold: false,
            words: words.into(),
        }
    }

    fn xml(&self, p: &str) -> String {
        let bold = if self.is_bold {
            format!("<{p}b/>")
        } else {
            String::new()
        };
        let words = text(&self.words);
        format!(
            "<{p}r><{p}rPr>{bold}<{p}sz val=\"9\"/><{p}color indexed=\"81\"/><{p}rFont val=\"Tahoma\"/><{p}family val=\"2\"/></{p}rPr>\
             <{p}t xml:space=\"preserve\">{words}</{p}t></{p}r>"
        )
    }
}

// --- the boxes -----------------------------------------------------------------------------------------------------------

/// Draws a box for each new comment; gives the sheet's text.
fn boxes(
    package: &mut Package<'_>,
    book: &Book,
    (part, xml): (&str, String),
    look: &Look,
    new: &BTreeMap<Cell, usize>,
) -> Result<String, Problem> {
    if new.is_empty() {
        return Ok(xml);
    }
    let doc = Doc::parse(&xml, 3).ok_or_else(|| Problem::damaged(part))?;
    let named = doc
        .top("legacyDrawing")
        .and_then(|node| node.attribute("id"));
    let relations = package.relations(part)?;
    let known = relations.iter().find(|r| Some(&r.id) == named.as_ref());
    let known = known
        .filter(|r| package.find(&r.part).is_some())
        .map(|r| r.part.clone());
    let numbers = Numbers::free(package, new.len())?;
    if let Some(drawing) = known {
        let stored = package.bytes(&drawing)?;
        let drawn =
            drawn_into(&stored, &numbers, look, new).ok_or_else(|| Problem::damaged(&drawing))?;
        package.put(&drawing, drawn);
        return Ok(xml);
    }
    let drawing = package.free_name(&format!("{}drawings/vmlDrawing", book.folder()), ".vml");
    let empty = format!("<xml{NAMESPACES}></xml>");
    let drawn = drawn_into(empty.as_bytes(), &numbers, look, new)
        .ok_or_else(|| Problem::damaged(&drawing))?;
    package.put(&drawing, drawn);
    package.declare_ending(
        "vml",
        "application/vnd.openxmlformats-officedocument.vmlDrawing",
    )?;
    let id = package.relate(part, &book.kind("vmlDrawing"), &drawing)?;
    let relations = if doc.is_strict() {
        STRICT_RELATIONS
    } else {
        RELATIONS
    };
    let element = format!(
        "<{}legacyDrawing xmlns:r=\"{relations}\" r:id=\"{id}\"/>",
        doc.prefix()
    );
    let edits = match doc.top("legacyDrawing") {
        Some(node) => {
            let mut edits = Edits::default();
            edits.replace(node.open.start..node.end(), element);
            Some(edits)
        }
        None => doc.insert_in_order(&element, "legacyDrawing", &ORDER),
    };
    edits
        .and_then(|edits| edits.apply(&xml))
        .ok_or_else(|| Problem::damaged(part))
}

const NAMESPACES: &str = " xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" \
    xmlns:x=\"urn:schemas-microsoft-com:office:excel\"";

/// Numbers of shapes, in groups of 1,024 of which no other drawing of the workbook has one.
struct Numbers {
    first: usize,
    groups: usize,
}

const GROUP: usize = 1_024;

impl Numbers {
    fn free(package: &mut Package<'_>, shapes: usize) -> Result<Self, Problem> {
        let mut groups = BTreeSet::new();
        for drawing in package.ending_in(".vml") {
            let bytes = package.bytes(&drawing)?;
            let text = String::from_utf8_lossy(&bytes);
            for list in behind_each(&text, "data=") {
                let list = list.trim_start_matches(['"', '\'']);
                let list = list.split(['"', '\'']).next().unwrap_or_default();
                groups.extend(
                    list.split(',')
                        .filter_map(|n| n.trim().parse::<usize>().ok()),
                );
            }
            for id in behind_each(&text, "_x0000_s") {
                let digits = id.split(|c: char| !c.is_ascii_digit()).next();
                groups.extend(
                    digits
                        .and_then(|n| n.parse::<usize>().ok())
                        .map(|n| n / GROUP),
                );
            }
        }
        // A drawing with numbers of its own making is no reason for large ones here.
        let last = groups
            .into_iter()
            .filter(|group| *group < 1_000_000)
            .max()
            .unwrap_or_default();
        Ok(Numbers {
            first: last + 1,
            groups: shapes.div_ceil(GROUP - 1),
        })
    }

    fn id(&self, nth: usize) -> usize {
        let (group, within) = (nth / (GROUP - 1), nth % (GROUP - 1));
        (self.first + group) * GROUP + within + 1
    }

    fn list(&self) -> String {
        let groups: Vec<String> = (self.first..self.first + self.groups)
            .map(|n| n.to_string())
            .collect();
        groups.join(",")
    }
}

fn behind_each<'t>(text: &'t str, mark: &'static str) -> impl Iterator<Item = &'t str> {
    text.match_indices(mark)
        .filter_map(move |(at, _)| text.get(at + mark.len()..))
}

/// A drawing with boxes in it. Such parts are no sound XML everywhere: what is there is only read as far as it must be.
fn drawn_into(
    stored: &[u8],
    numbers: &Numbers,
    look: &Look,
    new: &BTreeMap<Cell, usize>,
) -> Option<Vec<u8>> {
    let end = rfind(stored, b"</")?;
    let head = String::from_utf8_lossy(stored.get(..end)?);
    let mut out = stored.get(..end)?.to_vec();
    let groups = numbers.list();
    // The namespaces of a part that another program wrote may have other prefixes.
    let own = if ["xmlns:v=", "xmlns:o=", "xmlns:x="]
        .iter()
        .all(|bound| head.contains(bound))
    {
        ""
    } else {
        NAMESPACES
    };
    if !head.contains("idmap") {
        out.extend(format!("<o:shapelayout{own} v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"{groups}\"/></o:shapelayout>").bytes());
    } else if let Some(at) = end_of_groups(&head).filter(|_| head.len() == end) {
        out.splice(at..at, format!(",{groups}").bytes());
    }
    if !head.contains("id=\"_x0000_t202\"") {
        out.extend(
            format!(
                "<v:shapetype{own} id=\"_x0000_t202\" coordsize=\"21600,21600\" o:spt=\"202\" path=\"m,l,21600r21600,l21600,xe\">\
                 <v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" o:connecttype=\"rect\"/></v:shapetype>"
            )
            .bytes(),
        );
    }
    for (nth, (place, length)) in new.iter().enumerate() {
        out.extend(shape(own, numbers.id(nth), *place, *length, look).bytes());
    }
    out.extend(stored.get(end..)?);
    Some(out)
}

/// Where the list of groups in the first `idmap` ends.
fn end_of_groups(head: &str) -> Option<usize> {
    let idmap = head.find("idmap")?;
    let data = idmap + head.get(idmap..)?.find("data=")? + "data=".len();
    let quote = head
        .get(data..)?
        .chars()
        .next()
        .filter(|c| matches!(c, '"' | '\''))?;
    let length = head.get(data + 1..)?.find(quote)?;
    Some(data + 1 + length)
}

fn rfind(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    bytes.windows(mark.len()).rposition(|window| window == mark)
}

/// The box of a comment: beside its cell, as large as its words need.
fn shape(own: &str, id: usize, (row, column): Cell, length: usize, look: &Look) -> String {
    const WIDTH: u32 = 340;
    let lines = u32::try_from(length / 48).unwrap_or_default() + 4;
    let high = (lines * 15).min(900);
    let (top, left) = (row.saturating_sub(2), column.saturating_add(1));
    let (right, over) = walk_on(left, 16_383, WIDTH + 15, |column| look.width(column));
    let (bottom, under) = walk_on(top, 1_048_575, high + 2, |row| look.height(row + 1));
    let row = row - 1;
    let anchor = format!("{left}, 15, {top}, 2, {right}, {over}, {bottom}, {under}");
    format!(
        "<v:shape{own} id=\"_x0000_s{id}\" type=\"#_x0000_t202\" style='position:absolute;margin-left:60pt;margin-top:2pt;\
         width:{}pt;height:{}pt;z-index:1;visibility:hidden' fillcolor=\"#ffffe1\" o:insetmode=\"auto\"><v:fill color2=\"#ffffe1\"/>\
         <v:shadow on=\"t\" color=\"black\" obscured=\"t\"/><v:path o:connecttype=\"none\"/><v:textbox style='mso-direction-alt:auto'>\
         <div style='text-align:left'></div></v:textbox><x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/>\
         <x:Anchor>{}</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>",
        WIDTH * 3 / 4,
        high * 3 / 4,
        escaped(&anchor)
    )
}

/// The column or row, and how far into it, that lies so many pixels behind the edge of another.
fn walk_on(from: u32, last: u32, mut pixels: u32, size: impl Fn(u32) -> u32) -> (u32, u32) {
    let mut at = from.min(last);
    while at < last && size(at) < pixels {
        pixels -= size(at);
        at += 1;
    }
    (at, pixels.min(size(at)))
}

/// The folder in which new parts go.
impl Book {
    fn folder(&self) -> &str {
        folder(&self.part)
    }
}
