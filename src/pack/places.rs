//! Where in a pack's files a thing stands, and what stands at a place: for what is found only when the pack is whole.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Files;
use super::spanned::{Doc, Text};
use crate::diagnostic::Mistake;
use std::cell::RefCell;

/// The files of a pack.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    folder: &'a str,
    files: &'a Files,
}

/// The bytes of a key and of its value.
type Found = (Range<usize>, Range<usize>);

impl<'a> Places<'a> {
    pub(crate) fn new(folder: &'a str, files: &'a Files) -> Self {
        Places { folder, files }
    }

    /// The text of a file, by its path with or without the folder's name before it.
    pub(crate) fn text(&self, file: &str) -> Option<&'a str> {
        let path = self.path(file);
        let text = std::str::from_utf8(self.files.get(path)?).ok()?;
        Some(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// A file's path within the pack.
    fn path<'p>(&self, file: &'p str) -> &'p str {
        let inside = file.strip_prefix(self.folder);
        inside.and_then(|p| p.strip_prefix('/')).unwrap_or(file)
    }

    /// A file's path with the folder's name before it.
    pub(crate) fn file(&self, path: &str) -> String {
        format!("{}/{path}", self.folder)
    }

    /// The bytes of the last key of a path through a file's tables; of an item of a list its number is the key.
    pub(crate) fn key(&self, file: &str, keys: &[&str]) -> Range<usize> {
        self.find(file, keys).map_or(0..0, |(key, _)| key)
    }

    /// The bytes of the value at the end of a path through a file's tables.
    pub(crate) fn value(&self, file: &str, keys: &[&str]) -> Range<usize> {
        self.find(file, keys).map_or(0..0, |(_, value)| value)
    }

    /// The bytes of a part of the text at the end of a path.
    pub(crate) fn part(&self, file: &str, keys: &[&str], part: &Range<usize>) -> Range<usize> {
        let (Some(text), span) = (self.text(file), self.value(file, keys)) else {
            return 0..0;
        };
        let mistakes = RefCell::<Vec<Mistake>>::default();
        let doc = Doc {
            file,
            text,
            mistakes: &mistakes,
        };
        let value = String::new();
        doc.inside(&Text { value, span }, part)
    }

    fn find(&self, file: &str, keys: &[&str]) -> Option<Found> {
        let (tree, _) = DeTable::parse_recoverable(self.text(file)?);
        let (first, rest) = keys.split_first()?;
        let (key, value) = tree.get_ref().get_key_value(*first)?;
        step(key.span(), value, rest)
    }

    /// The texts under a key at the root of a file: one, or a list of them.
    pub(crate) fn texts(&self, file: &str, key: &str) -> Vec<String> {
        let Some(text) = self.text(file) else {
            return Vec::new();
        };
        let (tree, _) = DeTable::parse_recoverable(text);
        match tree.get_ref().get(key).map(Spanned::get_ref) {
            Some(DeValue::String(one)) => vec![one.to_string()],
            Some(DeValue::Array(items)) => items
                .iter()
                .filter_map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The paths of the files within a folder of the pack.
    pub(crate) fn within(&self, folder: &str) -> impl Iterator<Item = &'a str> {
        let prefix = format!("{folder}/");
        let paths = self.files.keys().map(String::as_str);
        paths.filter(move |path| path.starts_with(&prefix) && path.ends_with(".toml"))
    }

    /// What a mistake is about, in a word: the id of a rule, `table.field`, the name of a parameter, the key of a source.
    pub(crate) fn thing(&self, mistake: &Mistake) -> String {
        let path = self.path(mistake.path());
        let stem = |path: &str| path.trim_end_matches(".toml").to_owned();
        if path.starts_with("rules/") {
            return stem(path.rsplit('/').next().unwrap_or(path));
        }
        let keys = mistake.span.as_ref().map(|span| self.around(path, span));
        let keys = keys.unwrap_or_default();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        match (path, keys.as_slice()) {
            ("schema.toml", [_, table, "fields", field, ..]) => format!("{table}.{field}"),
            ("schema.toml", [_, table, ..]) => (*table).to_owned(),
            ("params.toml" | "sources.toml", [name, ..]) => (*name).to_owned(),
            ("pack.toml", [_, ..]) => keys.join("."),
            _ => stem(path),
        }
    }

    /// The keys in which a place stands, from the root of its file.
    fn around(&self, file: &str, span: &Range<usize>) -> Vec<String> {
        let Some(text) = self.text(file) else {
            return Vec::new();
        };
        let (tree, _) = DeTable::parse_recoverable(text);
        keys_around(tree.get_ref(), span.start).unwrap_or_default()
    }
}

fn step(key: Range<usize>, value: &Spanned<DeValue<'_>>, rest: &[&str]) -> Option<Found> {
    let Some((first, rest)) = rest.split_first() else {
        return Some((key, value.span()));
    };
    match value.get_ref() {
        DeValue::Table(table) => {
            let (key, value) = table.get_key_value(*first)?;
            step(key.span(), value, rest)
        }
        DeValue::Array(items) => {
            let item = items.get(first.parse::<usize>().ok()?)?;
            step(item.span(), item, rest)
        }
        _ => None,
    }
}

/// The tables of headers have the bytes of their headers alone: a place is looked for in what stands in them too.
fn keys_around(table: &DeTable<'_>, at: usize) -> Option<Vec<String>> {
    table.iter().find_map(|(key, value)| {
        let inner = match value.get_ref() {
            DeValue::Table(inner) => keys_around(inner, at),
            DeValue::Array(items) => items.iter().find_map(|item| match item.get_ref() {
                DeValue::Table(inner) => keys_around(inner, at),
                _ => None,
            }),
            _ => None,
        };
        let here = [key.span(), value.span()];
        let here = here.iter().any(|span| span.contains(&at));
        let inner = inner.or_else(|| here.then(Vec::new))?;
        let keys = std::iter::once(key.get_ref().to_string());
        Some(keys.chain(inner).collect())
    })
}
