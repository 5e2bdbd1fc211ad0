//! What the author of a pack has looked at and leaves as it is, each with the reason.

use std::ops::Range;

use super::spanned::{Doc, Keys, Text, as_array, as_text};
use crate::diagnostic::{Lint, suggest};

/// A lint that the author of a pack accepts.
///
/// ```toml
/// [[accept]]
/// lint = "unused-field"
/// at = ["budget.school", "budget.vendor"]   # one thing, or a list of them
/// why = "the form asks for it, and a reviewer reads it"
/// ```
#[derive(Debug, Clone)]
pub struct Accept {
    /// The lint.
    pub lint: Lint,
    /// What it is accepted of: the id of a rule, the name of a field, a key of a file.
    pub at: String,
    /// Why.
    pub why: String,
    /// The bytes of `at` in `pack.toml`.
    pub(crate) span: Range<usize>,
}

/// The acceptances of `pack.toml`.
pub(crate) fn read(pack: &Keys<'_, '_>) -> Vec<Accept> {
    let entries = pack.tables("accept");
    entries.iter().flat_map(read_one).collect()
}

fn read_one(of: &Keys<'_, '_>) -> Vec<Accept> {
    let lint = of.required_text("lint").and_then(|text| lint(of.doc, text));
    let why = of.required_text("why");
    let at = things(of);
    of.done();
    let Some((lint, why)) = lint.zip(why) else {
        return Vec::new();
    };
    let accept = |text: Text| Accept {
        lint,
        at: text.value,
        why: why.value.clone(),
        span: text.span,
    };
    at.into_iter().map(accept).collect()
}

fn lint(doc: Doc<'_>, text: Text) -> Option<Lint> {
    let found = Lint::of(&text.value).filter(|lint| *lint != Lint::StaleAcceptance);
    if found.is_none() {
        let message = format!("there is no lint `{}` to accept", text.value);
        let help = suggest(&text.value, Lint::names());
        doc.mistake(text.span, message, "", help);
    }
    found
}

fn things(of: &Keys<'_, '_>) -> Vec<Text> {
    let Some(entry) = of.get("at") else {
        let help = "add `at = \"…\"`: what the lint names";
        of.doc.mistake(of.span.clone(), "`at` is missing", "", help);
        return Vec::new();
    };
    if !matches!(entry.get_ref(), toml::de::DeValue::Array(_)) {
        return as_text(of.doc, entry).into_iter().collect();
    }
    let items = as_array(of.doc, entry);
    items
        .into_iter()
        .filter_map(|item| as_text(of.doc, item))
        .collect()
}
