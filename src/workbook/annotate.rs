//! A workbook as its author sent it, with what was found written at its cells: each finding and each mistake as a comment and a
//! colour, and a sheet that lists them all. Everything else stays: only the parts that must hold more are written anew.

mod comments;
mod findings;
mod package;
mod places;
mod sheet;
mod styles;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use self::comments::Run;
use self::package::Package;
use self::places::{Part, Spot};
use self::sheet::{Cell, Look, paint};
use self::styles::{Colour, Styles};
use self::xml::{Doc, RELATIONS, STRICT_RELATIONS};
use crate::diagnostic::{Diagnostic, Weight};
use crate::neutral::clean;
use crate::pack::Severity;
use crate::read::workbook::is_annotated;
use crate::report::location::place_of;
use crate::report::words::{how_far_checked, off_by, weight};
use crate::review::{Cite, Finding, Outcome, Review};

/// Why a workbook has no copy with what was found in it.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// It is no zip file of parts.
    #[error("it is no workbook of Excel: save it as .xlsx")]
    NoWorkbook,
    /// It is locked.
    #[error(
        "it is protected by a password, or an old workbook (.xls): remove the password in Excel and save it as .xlsx"
    )]
    Encrypted,
    /// It has what was found earlier in it.
    #[error(
        "it is such a copy already, with what was found earlier: correct the workbook that it was made from, and check that"
    )]
    Twice,
    /// It unpacks to more than is read.
    #[error("{0}")]
    TooLarge(String),
    /// A part is written in other letters.
    #[error("its part `{0}` is not written in UTF-8: open it in Excel and save it again")]
    NotUtf8(String),
    /// A part is not what it should be.
    #[error("its part `{0}` is damaged or missing: open it in Excel and save it again")]
    Damaged(String),
    /// The zip file is broken.
    #[error("it is damaged ({0}): open it in Excel and save it again")]
    Zip(#[from] zip::result::ZipError),
}

impl Problem {
    fn damaged(part: &str) -> Self {
        Problem::Damaged(clean(part))
    }

    fn lacks(part: &str) -> Self {
        Problem::damaged(part)
    }
}

/// A copy of a workbook with what was found in it.
#[derive(Debug)]
pub struct Annotated {
    /// The bytes of the copy.
    pub bytes: Vec<u8>,
    /// What its author should know about the copy.
    pub notices: Vec<String>,
}

/// A workbook of Excel: its sheets and what else is changed.
#[derive(Debug)]
struct Book {
    /// The name of its own part.
    part: String,
    is_strict: bool,
    sheets: Vec<SheetPart>,
    styles: Option<String>,
}

#[derive(Debug)]
struct SheetPart {
    name: String,
    /// Where its cells are; a chart has none.
    part: Option<String>,
}

/// Something that was found, in the words of the report.
#[derive(Debug)]
struct Remark {
    colour: Colour,
    word: String,
    rule: String,
    place: String,
    /// What the place is in the workbook.
    spot: Option<Spot>,
    message: String,
    off_by: Option<String>,
    to_do: String,
    sources: Vec<String>,
    /// The cells it is about: whether they get a comment, or a colour alone.
    marks: Vec<(Spot, bool)>,
}

/// The cells that one remark colours, the comments of a sheet, the remarks and letters of a comment, the letters of a remark.
const CELLS: usize = 1_000;
const COMMENTS: usize = 2_000;
const REMARKS: usize = 8;
const LETTERS: usize = 1_200;

/// A copy of a workbook with what its review says, and what else is wrong with the file, at its cells.
pub fn annotate(
    bytes: &[u8],
    review: &Review,
    others: &[Diagnostic],
) -> Result<Annotated, Problem> {
    let mut package = Package::open(bytes)?;
    if is_annotated(bytes) {
        return Err(Problem::Twice);
    }
    let book = Book::of(&mut package)?;
    let remarks = remarks(review, others, &book);
    let mut notices = Vec::new();
    if package.has_folder("_xmlsignatures/") {
        notices.push("its digital signature does not hold for the copy".to_owned());
    }
    let mut styles = book.styles(&mut package)?;
    for (number, sheet) in book.sheets.iter().enumerate() {
        let Some(part) = &sheet.part else {
            continue;
        };
        if remarks
            .iter()
            .any(|remark| remark.marks.iter().any(|(spot, _)| spot.sheet == number))
        {
            let on = (number, sheet.name.as_str(), part.as_str());
            mark(&mut package, &book, on, &remarks, &mut styles, &mut notices)?;
        }
    }
    findings::add(&mut package, &book, review, &remarks, &mut styles)?;
    let part = book.styles.as_deref().unwrap_or_default();
    package.put(part, styles.finish().ok_or_else(|| Problem::damaged(part))?);
    Ok(Annotated {
        bytes: package.finish()?,
        notices,
    })
}

impl Book {
    fn of(package: &mut Package<'_>) -> Result<Self, Problem> {
        let roots = package.relations("")?;
        let root = roots.into_iter().find(|r| r.kind == "officeDocument");
        let part = root.ok_or(Problem::NoWorkbook)?.part;
        let text = package.text(&part)?;
        let damaged = || Problem::damaged(&part);
        let doc = Doc::parse(&text, 2).ok_or_else(damaged)?;
        let relations = package.relations(&part)?;
        let list = doc.top("sheets").ok_or_else(damaged)?;
        let sheets = doc.children(list).map(|sheet| {
            let id = sheet.attribute("id");
            let of_cells =
                |r: &&package::Relation| Some(&r.id) == id.as_ref() && r.kind == "worksheet";
            SheetPart {
                name: sheet.attribute("name").unwrap_or_default(),
                part: relations.iter().find(of_cells).map(|r| r.part.clone()),
            }
        });
        let sheets = sheets.collect();
        let is_strict = doc.is_strict();
        let styles = relations
            .iter()
            .find(|r| r.kind == "styles")
            .map(|r| r.part.clone());
        let mut book = Book {
            part,
            is_strict,
            sheets,
            styles,
        };
        if book
            .styles
            .as_ref()
            .is_none_or(|styles| package.find(styles).is_none())
        {
            book.styles = Some(book.make_styles(package)?);
        }
        Ok(book)
    }

    /// Gives the workbook styles when it has none.
    fn make_styles(&self, package: &mut Package<'_>) -> Result<String, Problem> {
        let part = format!("{}styles.xml", package::folder(&self.part));
        let part = if package.find(&part).is_some() {
            package.free_name(&format!("{}styles", package::folder(&self.part)), ".xml")
        } else {
            part
        };
        package.put(&part, styles::NONE.replace(MAIN, self.main_namespace()));
        package.relate(&self.part, &self.kind("styles"), &part)?;
        package.declare(
            &part,
            "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml",
        )?;
        Ok(part)
    }

    fn styles(&self, package: &mut Package<'_>) -> Result<Styles, Problem> {
        let part = self.styles.as_deref().unwrap_or_default();
        let text = package.text(part)?;
        let mut styles = Styles::of(text).ok_or_else(|| Problem::damaged(part))?;
        for part in self.sheets.iter().filter_map(|sheet| sheet.part.as_ref()) {
            // A damaged sheet stays as it is, or is told where something is to be marked in it.
            if let Ok(text) = package.text(part) {
                sheet::styles_in(&text, |number| styles.reach(number));
            }
        }
        Ok(styles)
    }

    /// The type of a relation.
    fn kind(&self, kind: &str) -> String {
        let base = if self.is_strict {
            STRICT_RELATIONS
        } else {
            RELATIONS
        };
        format!("{base}/{kind}")
    }

    fn main_namespace(&self) -> &'static str {
        if self.is_strict { STRICT_MAIN } else { MAIN }
    }
}

const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const STRICT_MAIN: &str = "http://purl.oclc.org/ooxml/spreadsheetml/main";

// --- what is said --------------------------------------------------------------------------------------------------------

/// Everything that was found, in the order of the report.
fn remarks(review: &Review, others: &[Diagnostic], book: &Book) -> Vec<Remark> {
    let path = review
        .inputs
        .first()
        .map_or(&*review.path, |input| &input.path);
    let names: Vec<&str> = book
        .sheets
        .iter()
        .map(|sheet| sheet.name.as_str())
        .collect();
    let spot = |place: &str| Spot::of(place, path, &names);
    let mistakes = others.iter().chain(&review.diagnostics);
    let mistakes = mistakes.map(|diagnostic| Remark::of_mistake(diagnostic, &spot));
    let findings = review
        .findings
        .iter()
        .map(|f| Remark::of_finding(f, review, &spot));
    let undecided = review.undecided.iter().map(|one| Remark {
        colour: Colour::Notice,
        word: "undecided".to_owned(),
        rule: title(review, &one.rule),
        place: String::new(),
        spot: None,
        message: clean(&one.message),
        off_by: None,
        to_do: format!("Owed by {}.", clean(&one.owed_by)),
        sources: Vec::new(),
        marks: Vec::new(),
    });
    mistakes.chain(findings).chain(undecided).collect()
}

fn title(review: &Review, rule: &str) -> String {
    let tally = review.rules.iter().find(|tally| *tally.rule == *rule);
    clean(tally.map_or(rule, |tally| &tally.title))
}

impl Remark {
    fn of_mistake(diagnostic: &Diagnostic, spot: &dyn Fn(&str) -> Option<Spot>) -> Self {
        let at = spot(&diagnostic.place);
        Remark {
            colour: match diagnostic.weight {
                Weight::Notice => Colour::Notice,
                Weight::Error => Colour::Mistake,
                Weight::Fatal => Colour::Unreadable,
            },
            word: weight(diagnostic.weight).to_owned(),
            rule: String::new(),
            place: clean(&diagnostic.place),
            message: clean(&diagnostic.message),
            off_by: None,
            to_do: String::new(),
            sources: Vec::new(),
            marks: at
                .iter()
                .filter(|at| at.is_cell())
                .map(|at| (at.clone(), true))
                .collect(),
            spot: at,
        }
    }

    fn of_finding(f: &Finding, review: &Review, spot: &dyn Fn(&str) -> Option<Spot>) -> Self {
        let doubt = if f.outcome == Outcome::Unknown {
            "cannot tell: "
        } else {
            ""
        };
        let place = place_of(f, review);
        let source = |cite: &Cite| format!("{}{}", clean(&cite.citation), how_far_checked(cite));
        Remark {
            colour: match f.severity {
                Severity::Note => Colour::Note,
                Severity::Condition => Colour::Condition,
                Severity::Return => Colour::Return,
                Severity::Escalate => Colour::Escalate,
            },
            word: f.severity.name().to_owned(),
            rule: clean(&f.title),
            place: clean(place),
            spot: spot(place),
            message: format!("{doubt}{}", clean(&f.message)),
            off_by: f.gap.as_ref().map(|gap| clean(&off_by(gap))),
            to_do: clean(&f.next_step()),
            sources: f.cites.iter().map(source).collect(),
            marks: marks(f, spot),
        }
    }

    /// Its message, and by how much the figures are off.
    fn message(&self) -> String {
        match &self.off_by {
            Some(off_by) => format!("{}\noff by: {off_by}", self.message),
            None => self.message.clone(),
        }
    }

    /// Its words in a comment.
    fn runs(&self) -> [Run; 2] {
        let head = Run {
            is_bold: true,
            words: self.word.clone(),
        };
        let mut words = format!(": {}", self.message());
        if !self.to_do.is_empty() {
            words.push_str("\ndo: ");
            words.push_str(&self.to_do);
        }
        for source in &self.sources {
            words.push_str("\nsource: ");
            words.push_str(source);
        }
        [head, Run::plain(shortened(&words))]
    }
}

fn shortened(words: &str) -> String {
    match words.char_indices().nth(LETTERS) {
        Some((at, _)) => format!("{} …", words.get(..at).unwrap_or_default()),
        None => words.to_owned(),
    }
}

/// The cells that a finding is about: those that are missing; else those that decided in the row that was judged; else those
/// that decided first.
fn marks(f: &Finding, spot: &dyn Fn(&str) -> Option<Spot>) -> Vec<(Spot, bool)> {
    let cells = |places: &[String]| -> Vec<Spot> {
        places
            .iter()
            .filter_map(|place| spot(place))
            .filter(Spot::is_cell)
            .collect()
    };
    let first_speaks = |spots: Vec<Spot>| -> Vec<(Spot, bool)> {
        spots
            .into_iter()
            .enumerate()
            .map(|(nth, spot)| (spot, nth == 0))
            .collect()
    };
    if !f.missing.is_empty() {
        let missing = cells(&f.missing);
        return missing
            .into_iter()
            .take(CELLS)
            .map(|spot| (spot, true))
            .collect();
    }
    if let Some(subject) = &f.subject {
        let Some(subject) = spot(subject).filter(Spot::is_cell) else {
            return Vec::new();
        };
        let decided = f
            .evidence
            .iter()
            .flat_map(|evidence| cells(&evidence.cells));
        let mut decided: Vec<Spot> = decided.filter(|spot| spot.is_in_row_of(&subject)).collect();
        decided.dedup();
        return first_speaks(if decided.is_empty() {
            vec![subject]
        } else {
            decided
        });
    }
    let first = f
        .evidence
        .iter()
        .find(|evidence| !evidence.cells.is_empty());
    let Some(evidence) = first else {
        return Vec::new();
    };
    // What is shown as the place is no cell: the others say nothing without it.
    let leads = evidence.cells.first().and_then(|place| spot(place));
    if leads.is_none_or(|spot| !spot.is_cell()) {
        return Vec::new();
    }
    first_speaks(cells(&evidence.cells))
}

impl Spot {
    fn is_cell(&self) -> bool {
        matches!(self.part, Part::Cells(..) | Part::Row(_))
    }

    /// Whether it is one cell of a row.
    fn is_in_row_of(&self, row: &Spot) -> bool {
        let is_in_row = match (self.part, row.part) {
            (Part::Cells((top, bottom), _), Part::Row(row)) => top == row && bottom == row,
            (own, other) => own == other,
        };
        is_in_row && self.sheet == row.sheet
    }
}

// --- where it is said ----------------------------------------------------------------------------------------------------

/// Writes the remarks at the cells of a sheet.
fn mark(
    package: &mut Package<'_>,
    book: &Book,
    (number, name, part): (usize, &str, &str),
    remarks: &[Remark],
    styles: &mut Styles,
    notices: &mut Vec<String>,
) -> Result<(), Problem> {
    let xml = package.text(part)?;
    let look = Look::of(&xml).ok_or_else(|| Problem::damaged(part))?;
    if look.is_protected {
        let name = clean(name);
        notices.push(format!(
            "the sheet `{name}` is protected: its comments can be read there, and taken away once the protection is lifted"
        ));
    }
    let mut colours: BTreeMap<Cell, Colour> = BTreeMap::new();
    let mut said: BTreeMap<Cell, Vec<&Remark>> = BTreeMap::new();
    for remark in remarks {
        let on_it = remark.marks.iter().filter(|(spot, _)| spot.sheet == number);
        let mut room = CELLS;
        for (spot, speaks) in on_it {
            let cells = cells_of(spot, &look, room);
            room = room.saturating_sub(cells.len());
            for (nth, cell) in cells.into_iter().enumerate() {
                let worst = colours.entry(cell).or_insert(remark.colour);
                *worst = remark.colour.max(*worst);
                if *speaks && nth == 0 {
                    said.entry(cell).or_default().push(remark);
                }
            }
        }
    }
    let comments: BTreeMap<Cell, Vec<Run>> = said
        .into_iter()
        .take(COMMENTS)
        .map(|(cell, remarks)| (cell, comment(&remarks)))
        .collect();
    let talked = comments::threads(package, part)?;
    if let Some(cell) = comments.keys().find(|cell| talked.contains(cell)) {
        notices.push(format!(
            "programs that show the conversation at {} of the sheet `{}` do not show the comment there: see the list of findings",
            places::name(*cell),
            clean(name)
        ));
    }
    let painted = paint(&xml, &look, &colours, styles).ok_or_else(|| Problem::damaged(part))?;
    let text = comments::add(package, book, (part, painted), &look, &comments)?;
    package.put(part, text);
    Ok(())
}

/// The cells of a spot as people see them, as far as there is room.
fn cells_of(spot: &Spot, look: &Look, room: usize) -> Vec<Cell> {
    let cells: Vec<Cell> = match spot.part {
        Part::Cells((top, bottom), (left, right)) => {
            let rows =
                (top..=bottom).flat_map(|row| (left..=right).map(move |column| (row, column)));
            rows.take(room).collect()
        }
        Part::Row(row) => vec![look.first_of(row)],
        Part::Header(_) | Part::Sheet => Vec::new(),
    };
    let mut seen = BTreeSet::new();
    let cells = cells.into_iter().map(|cell| look.seen(cell));
    cells.filter(|cell| seen.insert(*cell)).collect()
}

/// One comment with all remarks at its cell, the worst first.
fn comment(remarks: &[&Remark]) -> Vec<Run> {
    let mut sorted = remarks.to_vec();
    sorted.sort_by_key(|remark| std::cmp::Reverse(remark.colour));
    let mut runs: Vec<Run> = Vec::new();
    for remark in sorted.iter().take(REMARKS) {
        if !runs.is_empty() {
            runs.push(Run::plain("\n\n"));
        }
        runs.extend(remark.runs());
    }
    if let Some(more) = sorted.len().checked_sub(REMARKS).filter(|more| *more > 0) {
        runs.push(Run::plain(format!(
            "\n\nand {more} more: see the list of findings"
        )));
    }
    runs
}
