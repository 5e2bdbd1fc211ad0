//! A TOML file as a tree whose every key and value knows its place: keys are asked for by name, those never asked for are
//! mistakes, and nothing stops at the first one.

use std::cell::RefCell;
use std::ops::Range;

use crate::read::limits::TOML_MISTAKES;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Level, Lint, Mistake, suggest};
use crate::expr::Fault;

/// One file being read, and where its mistakes go.
#[derive(Clone, Copy)]
pub(crate) struct Doc<'a> {
    pub(crate) file: &'a str,
    pub(crate) text: &'a str,
    pub(crate) mistakes: &'a RefCell<Vec<Mistake>>,
}

impl Doc<'_> {
    pub(crate) fn mistake(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(
            Level::Error,
            Some(span),
            message.into(),
            label.into(),
            help.into(),
        );
    }

    pub(crate) fn warning(
        &self,
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(
            Level::Warning,
            Some(span),
            message.into(),
            label.into(),
            help.into(),
        );
    }

    /// A warning that the pack's author may accept with a reason.
    pub(crate) fn lint(
        &self,
        lint: Lint,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        let label = String::new();
        self.push(Level::Lint(lint), Some(span), message, label, help);
    }

    fn push(
        &self,
        level: Level,
        span: Option<Range<usize>>,
        message: String,
        label: String,
        help: String,
    ) {
        let file = self.file.to_owned();
        self.mistakes.borrow_mut().push(Mistake {
            level,
            file,
            span,
            message,
            label,
            help,
        });
    }

    /// Tells the mistakes of an expression at their places inside the text that holds it.
    pub(crate) fn faults(&self, text: &Text, faults: Vec<Fault>) {
        for fault in faults {
            self.mistake(
                self.inside(text, &fault.span),
                fault.message,
                "",
                fault.help,
            );
        }
    }

    /// The bytes of the file that hold a part of a text's value.
    pub(crate) fn inside(&self, text: &Text, part: &Range<usize>) -> Range<usize> {
        bytes_inside(self.text, &text.span, part)
    }

    /// The tree of the file; every syntax error is told.
    /// `None` when there are any: what is missing then is not missing from the file.
    pub(crate) fn parse<'t>(&self, text: &'t str) -> Option<Spanned<DeTable<'t>>> {
        if let Some(why) = crate::read::toml_too_large(text) {
            self.mistake(0..0, why, "", "");
            return None;
        }
        let (table, errors) = DeTable::parse_recoverable(text);
        let whole = errors.is_empty();
        for error in errors.iter().take(TOML_MISTAKES) {
            let span = error.span().unwrap_or(0..0);
            self.mistake(
                span,
                error.message().lines().collect::<Vec<_>>().join("; "),
                "",
                "",
            );
        }
        whole.then_some(table)
    }
}

/// The bytes of a file that hold a part of the value of a text, which stands in `held_in`, quotes included.
pub(crate) fn bytes_inside(
    file: &str,
    held_in: &Range<usize>,
    part: &Range<usize>,
) -> Range<usize> {
    let raw = file.get(held_in.clone()).unwrap_or_default();
    let from = held_in.start + raw_offset(raw, part.start);
    let to = held_in.start + raw_offset(raw, part.end);
    if from < to {
        from..to
    } else {
        from..(from + 1).min(held_in.end).max(from)
    }
}

/// A text of the file, and the bytes it stands in, quotes included.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) span: Range<usize>,
}

/// A name that rules can write: a letter or `_`, then letters, digits and `_`, and no word of the language.
pub(crate) fn check_name(doc: Doc<'_>, name: &Text) {
    let mut chars = name.value.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if !first || !chars.all(|c| c.is_alphanumeric() || c == '_') {
        let message = format!("`{}` is no name that a rule can write", name.value);
        doc.mistake(
            name.span.clone(),
            message,
            "",
            "a letter first, then letters, digits and `_`",
        );
    } else if crate::expr::is_keyword(&name.value) {
        let message = format!("`{}` is a word of the language", name.value);
        doc.mistake(name.span.clone(), message, "", "choose another name");
    }
}

/// Where in a quoted TOML string, written as `raw`, the byte `at` of its value stands.
fn raw_offset(raw: &str, at: usize) -> usize {
    let (open, literal) = match raw {
        r if r.starts_with("'''") => (3, true),
        r if r.starts_with("\"\"\"") => (3, false),
        r if r.starts_with('\'') => (1, true),
        r if r.starts_with('"') => (1, false),
        _ => return at,
    };
    let mut rest = raw.get(open..).unwrap_or_default();
    let mut offset = open;
    if open == 3 {
        let newline = if rest.starts_with("\r\n") {
            2
        } else {
            usize::from(rest.starts_with('\n'))
        };
        rest = rest.get(newline..).unwrap_or_default();
        offset += newline;
    }
    if literal {
        return offset + at;
    }
    let mut value = 0;
    while value < at {
        let (written, meant) = escape_length(rest);
        if written == 0 {
            break;
        }
        rest = rest.get(written..).unwrap_or_default();
        offset += written;
        value += meant;
    }
    // A line continuation stands before the character that follows it.
    while let (written @ 1.., 0) = escape_length(rest) {
        rest = rest.get(written..).unwrap_or_default();
        offset += written;
    }
    offset
}

/// How many bytes the next character of a basic string takes as written, and in its value.
fn escape_length(rest: &str) -> (usize, usize) {
    let Some(c) = rest.chars().next() else {
        return (0, 0);
    };
    if c != '\\' {
        return (c.len_utf8(), c.len_utf8());
    }
    let hex = |digits: usize| {
        let code = rest
            .get(2..2 + digits)
            .and_then(|h| u32::from_str_radix(h, 16).ok())
            .and_then(char::from_u32);
        (2 + digits, code.map_or(1, char::len_utf8))
    };
    match rest.chars().nth(1) {
        Some('u') => hex(4),
        Some('U') => hex(8),
        Some('x') => hex(2),
        Some(c) if c.is_whitespace() => (
            1 + rest.get(1..).map_or(0, |r| r.len() - r.trim_start().len()),
            0,
        ),
        Some(c) => (1 + c.len_utf8(), 1),
        None => (1, 1),
    }
}

/// A table of the file: its keys are asked for by name, and at the end those never asked for are told.
pub(crate) struct Keys<'d, 't> {
    pub(crate) doc: Doc<'d>,
    table: &'t DeTable<'t>,
    pub(crate) span: Range<usize>,
    asked: RefCell<Names>,
}

/// Names, one behind the other in one text: every key that is asked for is noted, and few are ever told.
#[derive(Debug)]
struct Names {
    text: String,
    ends: Vec<usize>,
}

impl Names {
    fn new() -> Self {
        Names {
            text: String::with_capacity(128),
            ends: Vec::with_capacity(16),
        }
    }

    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    fn all(&self) -> Vec<&str> {
        let mut from = 0;
        let part = |end: &usize| self.text.get(std::mem::replace(&mut from, *end)..*end);
        self.ends.iter().filter_map(part).collect()
    }
}

/// Whether it is written `{ off = true }`.
pub(crate) fn is_off(entry: Entry<'_>) -> bool {
    let DeValue::Table(table) = entry.get_ref() else {
        return false;
    };
    let off = table.iter().next().filter(|_| table.len() == 1);
    off.is_some_and(|(key, value)| {
        key.get_ref() == "off" && matches!(value.get_ref(), DeValue::Boolean(true))
    })
}

/// A key's value.
pub(crate) type Entry<'t> = &'t Spanned<DeValue<'t>>;

impl<'d, 't> Keys<'d, 't> {
    pub(crate) fn new(doc: Doc<'d>, table: &'t DeTable<'t>, span: Range<usize>) -> Self {
        Keys {
            doc,
            table,
            span,
            asked: RefCell::new(Names::new()),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<Entry<'t>> {
        self.asked.borrow_mut().push(key);
        self.table.get(key)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Every key with its value, in the order of the file.
    pub(crate) fn entries(&self) -> Vec<(Text, Entry<'t>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| {
                (
                    Text {
                        value: key.get_ref().to_string(),
                        span: key.span(),
                    },
                    value,
                )
            })
            .collect();
        entries.sort_by_key(|(key, _)| key.span.start);
        let mut asked = self.asked.borrow_mut();
        entries.iter().for_each(|(key, _)| asked.push(&key.value));
        entries
    }

    pub(crate) fn missing(&self, key: &str) {
        let span = self.span.start..self.span.start.max(self.span.end.min(self.span.start + 1));
        self.doc.mistake(
            span,
            format!("`{key}` is missing"),
            "",
            format!("add `{key} = …`"),
        );
    }

    pub(crate) fn text(&self, key: &str) -> Option<Text> {
        self.get(key).and_then(|entry| as_text(self.doc, entry))
    }

    pub(crate) fn required_text(&self, key: &str) -> Option<Text> {
        if !self.has(key) {
            self.missing(key);
        }
        self.text(key).filter(|text| {
            let blank = text.value.trim().is_empty();
            if blank {
                self.doc
                    .mistake(text.span.clone(), format!("`{key}` is blank"), "", "");
            }
            !blank
        })
    }

    pub(crate) fn flag(&self, key: &str) -> bool {
        let Some(entry) = self.get(key) else {
            return false;
        };
        if let DeValue::Boolean(b) = entry.get_ref() {
            return *b;
        }
        wrong_kind(self.doc, entry, "true or false");
        false
    }

    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        self.get(key).and_then(|entry| as_integer(self.doc, entry))
    }

    pub(crate) fn texts(&self, key: &str) -> Vec<Text> {
        let Some(entry) = self.get(key) else {
            return Vec::new();
        };
        as_array(self.doc, entry)
            .iter()
            .filter_map(|item| as_text(self.doc, item))
            .collect()
    }

    pub(crate) fn table(&self, key: &str) -> Option<Keys<'d, 't>> {
        self.get(key).and_then(|entry| as_table(self.doc, entry))
    }

    pub(crate) fn tables(&self, key: &str) -> Vec<Keys<'d, 't>> {
        let Some(entry) = self.get(key) else {
            return Vec::new();
        };
        as_array(self.doc, entry)
            .iter()
            .filter_map(|item| as_table(self.doc, item))
            .collect()
    }

    /// A whole number or a decimal, in quotes or not, as it is written.
    pub(crate) fn figure(&self, key: &str) -> Option<Text> {
        self.get(key).and_then(|entry| as_figure(self.doc, entry))
    }

    /// Tells the keys that nobody asked for.
    pub(crate) fn done(&self) {
        let asked = self.asked.borrow();
        let asked = asked.all();
        #[cfg(test)]
        tests::note(self.doc, &self.span, &asked);
        for (key, _) in self.table {
            if !asked.iter().any(|a| a == key.get_ref()) {
                let mut names = asked.clone();
                names.dedup();
                let help = suggest(key.get_ref(), names);
                self.doc.mistake(
                    key.span(),
                    format!("there is no key `{}` here", key.get_ref()),
                    "",
                    help,
                );
            }
        }
    }
}

fn wrong_kind(doc: Doc<'_>, entry: Entry<'_>, wanted: &str) {
    let found = entry.get_ref().type_str();
    doc.mistake(
        entry.span(),
        format!("expected {wanted}, found {found}"),
        "",
        "",
    );
}

pub(crate) fn as_text(doc: Doc<'_>, entry: Entry<'_>) -> Option<Text> {
    if let DeValue::String(text) = entry.get_ref() {
        return Some(Text {
            value: text.to_string(),
            span: entry.span(),
        });
    }
    wrong_kind(doc, entry, "a text in quotes");
    None
}

pub(crate) fn as_integer(doc: Doc<'_>, entry: Entry<'_>) -> Option<i64> {
    let number = match entry.get_ref() {
        DeValue::Integer(number) => {
            i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()
        }
        _ => None,
    };
    if number.is_none() {
        wrong_kind(doc, entry, "a whole number");
    }
    number
}

pub(crate) fn as_figure(doc: Doc<'_>, entry: Entry<'_>) -> Option<Text> {
    let value = match entry.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) if number.radix() == 10 => number.as_str().replace('_', ""),
        DeValue::Float(number) => number.as_str().replace('_', ""),
        DeValue::Boolean(b) => b.to_string(),
        DeValue::Datetime(date) => date.to_string(),
        _ => {
            wrong_kind(doc, entry, "a figure");
            return None;
        }
    };
    Some(Text {
        value,
        span: entry.span(),
    })
}

pub(crate) fn as_array<'t>(doc: Doc<'_>, entry: Entry<'t>) -> Vec<Entry<'t>> {
    if let DeValue::Array(items) = entry.get_ref() {
        return items.iter().collect();
    }
    wrong_kind(doc, entry, "a list in brackets");
    Vec::new()
}

pub(crate) fn as_table<'d, 't>(doc: Doc<'d>, entry: Entry<'t>) -> Option<Keys<'d, 't>> {
    if let DeValue::Table(table) = entry.get_ref() {
        return Some(Keys::new(doc, table, entry.span()));
    }
    wrong_kind(doc, entry, "a table");
    None
}

#[cfg(test)]
pub(crate) mod tests {
    use std::ops::Range;
    use std::sync::Mutex;

    use super::{Doc, raw_offset};

    /// A table that was read: the name and the text of its file, its bytes there, and the keys that were asked for.
    pub(crate) type Asked = (String, String, Range<usize>, Vec<String>);

    /// The tables that were read, while somebody wants to know.
    pub(crate) static ASKED: Mutex<Option<Vec<Asked>>> = Mutex::new(None);

    pub(crate) fn note(doc: Doc<'_>, span: &Range<usize>, asked: &[&str]) {
        if let Some(all) = ASKED.lock().expect("nobody panics with it").as_mut() {
            let (file, text) = (doc.file.to_owned(), doc.text.to_owned());
            let asked = asked.iter().map(|key| (*key).to_owned());
            all.push((file, text, span.clone(), asked.collect()));
        }
    }

    #[test]
    fn a_place_in_a_string_is_a_place_in_the_file() {
        assert_eq!(raw_offset("'a = b'", 4), 5);
        assert_eq!(raw_offset("\"a \\\"b\\\" = c\"", 6), 9);
        assert_eq!(raw_offset("'''\na\nb'''", 2), 6);
        assert_eq!(raw_offset("\"\\u00e9x\"", 2), 7);
        assert_eq!(raw_offset("\"\"\"\na \\\n   b\"\"\"", 2), 11);
    }
}
