//! What a pack cites: clauses, documents and data, and how far each was checked.

use std::fmt;
use std::ops::Range;

use super::spanned::{Doc, Keys};
use crate::diagnostic::suggest;
use crate::value::Date;

/// How far a source's text was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verification {
    /// Not read: from memory or inference.
    Unconfirmed,
    /// Agrees with at least one other document.
    Corroborated,
    /// Recomputed from data.
    DataConfirmed,
    /// The text was read.
    TextRead,
}

impl Verification {
    const NAMES: [(&'static str, Verification); 4] = [
        ("text-read", Verification::TextRead),
        ("data-confirmed", Verification::DataConfirmed),
        ("corroborated", Verification::Corroborated),
        ("unconfirmed", Verification::Unconfirmed),
    ];

    /// Its name in packs and reports.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, v)| *v == self)
            .map_or("", |(name, _)| name)
    }
}

/// One thing that a pack cites.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its key in `sources.toml`.
    pub key: String,
    /// How it is cited: `C.G.S. § 10-262u(e)`.
    pub citation: String,
    /// Its verb: shall, may, must, should, will, definition, recognized; none for a document or a data file.
    pub modality: Option<String>,
    /// Whom it binds.
    pub duty_holder: Option<String>,
    /// What it says, in the pack's words.
    pub paraphrase: Option<String>,
    /// What a person who reads its text should look for.
    pub look_for: Option<String>,
    /// Where it can be read.
    pub url: Option<String>,
    /// How far its text was checked.
    pub verification: Verification,
    /// Who read the text, as an office says.
    pub reading: Option<Reading>,
    /// Why no rule tests it.
    pub no_rule: Option<String>,
    /// The bytes of its key in `sources.toml`.
    pub(crate) span: Range<usize>,
    /// The fiscal years in which it is in force.
    pub years: (Option<i64>, Option<i64>),
}

impl Source {
    /// Whether it is a clause: a text that says what somebody shall, may or is, and no mere document or data file.
    pub fn is_clause(&self) -> bool {
        self.modality.is_some()
    }

    /// Whether it is in force in a fiscal year.
    pub(crate) fn in_force(&self, year: i64) -> bool {
        let (from, until) = self.years;
        from.is_none_or(|from| from <= year) && until.is_none_or(|until| year <= until)
    }
}

/// A person's reading of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Who read it.
    pub by: String,
    /// When.
    pub on: Date,
    /// Which text.
    pub text: String,
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read by {} on {}", self.by, self.on)
    }
}

const MODALITIES: [&str; 7] = [
    "shall",
    "may",
    "must",
    "should",
    "will",
    "definition",
    "recognized",
];

/// `None` when the file cannot be parsed.
pub(crate) fn read(doc: Doc<'_>, text: &str) -> Option<Vec<Source>> {
    let tree = doc.parse(text)?;
    let keys = Keys::new(doc, tree.get_ref(), 0..0);
    let mut sources = Vec::new();
    for (key, entry) in keys.entries() {
        let Some(of) = super::spanned::as_table(doc, entry) else {
            continue;
        };
        let citation = of.required_text("citation");
        let modality = of.text("modality").inspect(|m| {
            one_of(doc, m, &MODALITIES);
        });
        let duty_holder = of.text("duty_holder").map(|t| t.value);
        let paraphrase = of.text("paraphrase").map(|t| t.value);
        let look_for = of.text("look_for").map(|t| t.value);
        let url = of.text("url").map(|t| t.value);
        let verification = of
            .required_text("verification")
            .and_then(|v| verification(doc, &v));
        // A blank reason is none.
        let no_rule = of.has("no_rule").then(|| of.required_text("no_rule"));
        let years = of
            .table("years")
            .map_or((None, None), |of| read_years(doc, &of));
        of.done();
        // A source with a mistake is a source all the same: what cites it is not wrong.
        sources.push(Source {
            key: key.value,
            span: key.span,
            citation: citation.map_or_else(String::new, |t| t.value),
            modality: modality.map(|t| t.value),
            duty_holder,
            paraphrase,
            look_for,
            url,
            verification: verification.unwrap_or(Verification::Unconfirmed),
            reading: None,
            no_rule: no_rule.flatten().map(|t| t.value),
            years,
        });
    }
    Some(sources)
}

/// The first and the last fiscal year in which a text is in force.
fn read_years(doc: Doc<'_>, of: &Keys<'_, '_>) -> (Option<i64>, Option<i64>) {
    let (from, until) = (of.integer("from"), of.integer("until"));
    of.done();
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        let message = format!("the text ends in {until}, before it begins in {from}");
        let help =
            "`from` and `until` are the first and the last fiscal year in which it is in force";
        doc.mistake(of.span.clone(), message, "", help);
        return (None, None);
    }
    (from, until)
}

pub(crate) fn verification(doc: Doc<'_>, text: &super::spanned::Text) -> Option<Verification> {
    let found = Verification::NAMES
        .iter()
        .find(|(name, _)| *name == text.value)
        .map(|(_, v)| *v);
    if found.is_none() {
        one_of(doc, text, &Verification::NAMES.map(|(name, _)| name));
    }
    found
}

/// Tells a text that is none of the names.
pub(crate) fn one_of(doc: Doc<'_>, text: &super::spanned::Text, names: &[&str]) -> bool {
    let found = names.contains(&text.value.as_str());
    if !found {
        let help = suggest(&text.value, names.iter().copied());
        doc.mistake(
            text.span.clone(),
            format!("`{}` is not known here", text.value),
            "",
            help,
        );
    }
    found
}
