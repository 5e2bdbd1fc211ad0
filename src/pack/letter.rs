//! What a pack says of the letters that reports draft: to whom they go, and which words they do not use.

use super::load::is_rows;
use super::rule::{Body, Part, Rule, Template};
use super::spanned::{Doc, Entry, Keys, Text, as_array, as_text};
use crate::expr::{Expr, Scope, Ty, check};

/// What a pack says of the letters and the memo that reports draft. An office file may say to whom they go instead.
///
/// ```toml
/// [letter]
/// addressee = "Superintendent of Schools"   # the office of whoever gets the letter
/// to = 'plan.superintendent'                # their name, where a submission says it
/// received_on = 'lookup(received, plan.code, year).received_on'
/// memo_to = "Commissioner of Education"     # who gets the memo on a batch
/// avoid = ["fail", "violat"]                # no letter has a word in which one of these stands
/// ```
#[derive(Debug, Clone, Default)]
pub struct Letter {
    /// What is the same for each submission.
    pub words: LetterWords,
    /// The name of whoever gets the letter.
    pub to: Option<Expr>,
    /// The day on which the submission came in.
    pub received_on: Option<Expr>,
}

/// What is the same in each letter of a pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterWords {
    /// The office of whoever gets the letter.
    pub addressee: Option<String>,
    /// Who gets the memo on a batch.
    pub memo_to: Option<String>,
    /// What stands in no word of a letter, in lower case.
    pub avoid: Vec<String>,
}

impl Letter {
    /// Its expressions.
    pub(crate) fn exprs(&self) -> impl Iterator<Item = (&'static str, &Expr)> {
        let to = self.to.iter().map(|e| ("to", e));
        to.chain(self.received_on.iter().map(|e| ("received_on", e)))
    }

    /// Reads it from `pack.toml`.
    pub(super) fn read(keys: &Keys<'_, '_>, scope: &Scope<'_>) -> Self {
        let doc = keys.doc;
        let Some(of) = keys.table("letter") else {
            return Letter::default();
        };
        let text = |key: &str| of.text(key).map(|text| text.value);
        let value = |key: &str, fits: fn(&Ty) -> bool, what: &str| {
            of.text(key)
                .and_then(|text| expr(doc, &text, scope, fits, what))
        };
        let letter = Letter {
            to: value("to", |ty| matches!(ty, Ty::Text(_)), "text"),
            received_on: value("received_on", |ty| matches!(ty, Ty::Date), "date"),
            words: LetterWords {
                addressee: text("addressee"),
                memo_to: text("memo_to"),
                avoid: of.get("avoid").map_or_else(Vec::new, |e| words(doc, e)),
            },
        };
        of.done();
        letter
    }

    /// Tells of the words of a rule that would enter a letter and are not for one.
    pub(super) fn check(&self, doc: Doc<'_>, rule: &Rule) {
        for text in texts_of(rule) {
            let Some(word) = self.words.avoided(text) else {
                continue;
            };
            let start = doc.text.find(text).unwrap_or_default();
            let within = doc.text.get(start..).and_then(|t| t.find(word));
            let span = within.map_or(0..0, |at| start + at..start + at + word.len());
            let message = format!("`{word}` is a word that no letter of this pack uses");
            let help = "say it in other words, or take it out of `avoid` in pack.toml";
            doc.mistake(span, message, "", help);
        }
    }
}

impl LetterWords {
    /// The first word of a text that is not for a letter.
    pub fn avoided<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        words.find(|word| self.avoids(word))
    }

    /// Whether a word is not for a letter.
    pub fn avoids(&self, word: &str) -> bool {
        let word = word.to_lowercase();
        self.avoid.iter().any(|part| word.contains(part.as_str()))
    }
}

/// What a rule may say in a letter, its values apart.
fn texts_of(rule: &Rule) -> Vec<&str> {
    let mut texts = vec![rule.title.as_str()];
    for edition in &rule.editions {
        if let Body::Test(test) = &edition.body {
            let templates = [Some(&test.message), test.advice.as_ref()];
            texts.extend(templates.into_iter().flatten().flat_map(words_of));
        }
    }
    texts
}

fn words_of(template: &Template) -> impl Iterator<Item = &str> {
    template.parts.iter().filter_map(|part| match part {
        Part::Text(words) => Some(words.as_str()),
        Part::Value(_) => None,
    })
}

/// An expression over a submission as a whole.
fn expr(
    doc: Doc<'_>,
    text: &Text,
    scope: &Scope<'_>,
    fits: fn(&Ty) -> bool,
    what: &str,
) -> Option<Expr> {
    match check(&text.value, scope) {
        Ok((expr, _)) if fits(expr.ty()) && !is_rows(expr.ty()) => Some(expr),
        Ok(_) => {
            let message = format!("this is no {what}");
            doc.mistake(text.span.clone(), message, "", "");
            None
        }
        Err(faults) => {
            doc.faults(text, faults);
            None
        }
    }
}

/// Parts of words, in lower case. A blank one would stand in every word.
fn words(doc: Doc<'_>, entry: Entry<'_>) -> Vec<String> {
    let texts = as_array(doc, entry);
    let texts = texts.into_iter().filter_map(|e| as_text(doc, e));
    let plain = texts.filter_map(|text| {
        let is_word = !text.value.is_empty() && text.value.chars().all(char::is_alphanumeric);
        if !is_word {
            let help = "write a word, or the beginning of one: `avoid = [\"fail\"]`";
            doc.mistake(text.span, "this is no word", "", help);
        }
        is_word.then(|| text.value.to_lowercase())
    });
    plain.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_avoided_in_all_its_forms() {
        let words = LetterWords {
            avoid: vec!["fail".to_owned(), "violat".to_owned()],
            ..LetterWords::default()
        };
        assert_eq!(words.avoided("the test Failed"), Some("Failed"));
        assert_eq!(words.avoided("no VIOLATIONS"), Some("VIOLATIONS"));
        assert_eq!(words.avoided("fa il, vio-lat"), None);
        assert_eq!(LetterWords::default().avoided("fail"), None);
    }
}
