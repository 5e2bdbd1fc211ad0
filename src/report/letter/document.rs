//! A small document: headings, paragraphs, lists and tables. Writers of it know nothing of reviews.

use std::fmt::Write as _;

use crate::neutral::clean;
use crate::pack::LetterWords;

/// What stands for a word that the pack's letters do not use.
const LEFT_OUT: &str = "[…]";

/// A document, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// What stands at the foot of each page.
    pub foot: String,
    /// What it holds.
    pub blocks: Vec<Block>,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading of the first or a lower level.
    Heading(u8, String),
    /// Words.
    Paragraph(Words),
    /// Words in a frame: what must not be missed.
    Framed(Words),
    /// Short lines that belong together, such as an address.
    Lines(Vec<Words>),
    /// A list.
    List(Mark, Vec<Item>),
    /// A table.
    Table(Table),
}

/// What stands before each item of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Its number.
    Number,
    /// A bullet.
    Bullet,
}

/// An item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its first paragraph.
    pub lead: Words,
    /// What is said more, each with a label.
    pub more: Vec<(&'static str, Words)>,
    /// A list within.
    pub within: Vec<Words>,
}

/// A table with one row of headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// The headers, each with its share of the width.
    pub heads: Vec<(String, usize)>,
    /// The cells, row by row. The first of each row heads it.
    pub rows: Vec<Vec<Words>>,
}

/// Words, piece by piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(pub Vec<Piece>);

/// Some words of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The words.
    pub text: String,
    /// How they are shown.
    pub kind: Kind,
}

/// How words are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// As they are.
    Plain,
    /// With weight.
    Strong,
    /// As a gap that a person fills in; its words stand in brackets.
    Gap,
}

impl Words {
    /// Words as they are.
    pub(super) fn plain(text: impl Into<String>) -> Self {
        Words::default().and(Kind::Plain, text)
    }

    /// Words with weight.
    pub(super) fn strong(text: impl Into<String>) -> Self {
        Words::default().and(Kind::Strong, text)
    }

    /// What a person fills in.
    pub(super) fn gap(what: &str) -> Self {
        Words::default().and(Kind::Gap, format!("[{what}: to be filled in]"))
    }

    /// The words, or what a person fills in.
    pub(super) fn or_gap(text: Option<impl Into<String>>, what: &str) -> Self {
        text.map_or_else(|| Words::gap(what), Words::plain)
    }

    /// More words of a kind.
    #[must_use]
    pub(super) fn and(mut self, kind: Kind, text: impl Into<String>) -> Self {
        let text = text.into();
        self.0.push(Piece { text, kind });
        self
    }

    /// Other words behind these.
    #[must_use]
    pub(super) fn followed_by(mut self, other: Words) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl Item {
    /// An item of one paragraph.
    pub(super) fn of(lead: Words) -> Self {
        Item {
            lead,
            more: Vec::new(),
            within: Vec::new(),
        }
    }
}

impl Document {
    /// The document, harmless to open: without what commands a terminal or no XML can hold, and without the words that the pack's letters
    /// do not use. The engine and the pack have none of them; a submission's own may.
    #[must_use]
    pub(super) fn harmless(mut self, words: &LetterWords) -> Self {
        let mut left_out = false;
        for text in self.texts() {
            let (harmless, found) = harmless(text, words);
            left_out |= found;
            *text = harmless;
        }
        if left_out {
            let note = format!(
                "{LEFT_OUT} stands for a word of the submission that this letter does not repeat."
            );
            self.blocks.push(Block::Paragraph(Words::plain(note)));
        }
        self
    }

    /// Every text in it.
    fn texts(&mut self) -> Vec<&mut String> {
        let mut texts = vec![&mut self.title, &mut self.foot];
        for block in &mut self.blocks {
            match block {
                Block::Heading(_, text) => texts.push(text),
                Block::Paragraph(words) | Block::Framed(words) => texts.extend(words.texts()),
                Block::Lines(lines) => texts.extend(lines.iter_mut().flat_map(Words::texts)),
                Block::List(_, items) => texts.extend(items.iter_mut().flat_map(Item::texts)),
                Block::Table(table) => {
                    texts.push(&mut table.title);
                    texts.extend(table.heads.iter_mut().map(|(head, _)| head));
                    let cells = table.rows.iter_mut().flatten();
                    texts.extend(cells.flat_map(Words::texts));
                }
            }
        }
        texts
    }
}

impl Words {
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        self.0.iter_mut().map(|piece| &mut piece.text)
    }
}

impl Item {
    fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let more = self.more.iter_mut().map(|(_, words)| words);
        let all = [&mut self.lead].into_iter().chain(more);
        all.chain(&mut self.within).flat_map(Words::texts)
    }
}

/// A harmless text, and whether a word was left out.
fn harmless(text: &str, words: &LetterWords) -> (String, bool) {
    let mut out = String::with_capacity(text.len());
    let mut left_out = false;
    for part in split_words(text) {
        if words.avoids(part) {
            left_out = true;
            out.push_str(LEFT_OUT);
        } else {
            push_clean(&mut out, part);
        }
    }
    (out, left_out)
}

/// A text as words and what stands between them.
fn split_words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let same = |c: char| c.is_alphanumeric() == first.is_alphanumeric();
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(part)
    })
}

/// Characters that XML does not allow stand as their numbers.
fn push_clean(out: &mut String, text: &str) {
    for c in clean(text).chars() {
        match c {
            '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> LetterWords {
        LetterWords {
            avoid: vec!["fail".to_owned()],
            ..LetterWords::default()
        }
    }

    #[track_caller]
    fn check(text: &str, want: &str) {
        assert_eq!(harmless(text, &words()).0, want);
    }

    #[test]
    fn a_text_is_harmless() {
        check("a\u{1}b\u{fffe}", "a\\u{1}b\\u{fffe}");
        check("=cmd|'/c calc'!A1", "=cmd|'/c calc'!A1");
        check("for those who Failed, credit", "for those who […], credit");
        check("«fail-safe»", "«[…]-safe»");
        check("", "");
    }

    #[test]
    fn a_word_that_is_left_out_is_told() {
        let document = |text: &str| Document {
            title: String::new(),
            foot: String::new(),
            blocks: vec![Block::Paragraph(Words::plain(text))],
        };
        assert_eq!(document("failing").harmless(&words()).blocks.len(), 2);
        assert_eq!(document("passing").harmless(&words()).blocks.len(), 1);
    }
}
