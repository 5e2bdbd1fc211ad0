//! What one reviewing office supplies, laid over a pack: years, parameters, rows of reference tables, clauses that a person
//! read, and whom to ask.

mod blank;
mod rows;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use self::rows::Supply;
use super::load::{codes_in, digest, directory_in, in_order, misfits};
use super::source::{self, Reading, Verification};
use super::spanned::{Doc, Entry, Keys, Text, as_array, as_figure, as_table, as_text};
use super::{Files, Pack, Refused, param};
use crate::diagnostic::{Level, Mistake, suggest};
use crate::value::{Date, parse_iso_date};

pub use self::blank::new_office;
pub(crate) use self::rows::code_field;

/// An office file that overlays a pack.
#[derive(Debug, Clone, Default)]
pub struct Office {
    /// `sha256:` and the digest of its files.
    pub digest: String,
    /// The name of the file or folder.
    pub name: String,
    /// What it calls itself.
    pub title: Option<String>,
    /// Whose it is.
    pub office: Option<String>,
    /// Whom a district asks.
    pub contact: Option<Contact>,
    /// The office of whoever gets a letter, instead of the pack's.
    pub addressee: Option<String>,
    /// Who gets the memo on a batch, instead of whom the pack names.
    pub memo_to: Option<String>,
    /// Who gets a copy of a letter.
    pub cc: Vec<String>,
    /// The lines of the signature under a letter, name first.
    pub signature: Vec<String>,
    /// The date by which a plan that goes back is sent again.
    pub resubmit_by: Option<Date>,
    /// What its author should look at.
    pub warnings: Vec<Mistake>,
    /// The text of each of its TOML files, to draw the warnings in.
    pub texts: BTreeMap<String, String>,
    /// The years that the pack covers without it.
    pub(crate) pack_years: (i64, i64),
}

/// Whom a district asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// A person, a desk, or all there is to say in one text.
    pub name: Option<String>,
    /// An address for mail over the net.
    pub email: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// An address for letters.
    pub address: Option<String>,
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.name, &self.email, &self.phone, &self.address];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        f.write_str(&parts.join(", "))
    }
}

/// Lays an office's files over a pack. `name` is how its messages call the office file or folder.
pub fn apply_office(mut pack: Pack, name: &str, files: &Files) -> Result<Pack, Refused> {
    pack.read_rest();
    let mistakes: RefCell<Vec<Mistake>> = RefCell::default();
    let texts: BTreeMap<String, String> = files
        .iter()
        .filter(|(path, _)| path.ends_with(".toml"))
        .map(|(path, bytes)| (file_name(name, path, files), text_of(bytes)))
        .collect();
    let whole = |file: String, message: String, help: &str| {
        mistakes.borrow_mut().push(Mistake {
            level: Level::Error,
            file,
            span: None,
            message,
            label: String::new(),
            help: help.to_owned(),
        });
    };
    let main = main_file(files);
    for (path, bytes) in files.iter().filter(|(path, _)| path.ends_with(".toml")) {
        if Some(path.as_str()) != main {
            let help = "an office has one TOML file; rows of tables stand in CSV files beside it";
            whole(
                file_name(name, path, files),
                "this file is no part of an office".to_owned(),
                help,
            );
        } else if let Err(error) = std::str::from_utf8(bytes) {
            let message = format!(
                "the file is not UTF-8: byte {} is no character",
                error.valid_up_to()
            );
            whole(file_name(name, path, files), message, "save it as UTF-8");
        }
    }
    match main.and_then(|path| texts.get_key_value(&file_name(name, path, files))) {
        Some((file, text)) => {
            let doc = Doc {
                file,
                text,
                mistakes: &mistakes,
            };
            let office = Reader {
                pack: &mut pack,
                doc,
                name,
                files,
            }
            .apply();
            pack.office = Some(office);
        }
        None => whole(
            name.to_owned(),
            "there is no office.toml".to_owned(),
            "an office file is one TOML file, or a folder with office.toml and CSV tables",
        ),
    }
    let mistakes = in_order(mistakes.into_inner());
    if mistakes.iter().any(|m| m.level == Level::Error) {
        return Err(Refused {
            mistakes,
            files: texts,
        });
    }
    if let Some(office) = &mut pack.office {
        office.digest = digest(files);
        office.warnings = mistakes;
        office.texts = texts;
    }
    Ok(pack)
}

fn main_file(files: &Files) -> Option<&str> {
    let whole = files.keys().find(|p| p.as_str() == "office.toml");
    let any = || files.keys().find(|p| p.ends_with(".toml"));
    whole.or_else(any).map(String::as_str)
}

fn text_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.trim_start_matches('\u{feff}').to_owned()
}

/// How messages call a file of the office: the name alone when it is no folder.
fn file_name(name: &str, path: &str, files: &Files) -> String {
    if files.len() == 1 && name.ends_with(".toml") {
        name.to_owned()
    } else {
        format!("{name}/{path}")
    }
}

struct Reader<'a> {
    pack: &'a mut Pack,
    doc: Doc<'a>,
    name: &'a str,
    files: &'a Files,
}

impl Reader<'_> {
    fn apply(mut self) -> Office {
        let doc = self.doc;
        let mut office = Office {
            name: self.name.to_owned(),
            pack_years: self.pack.years,
            ..Office::default()
        };
        let Some(tree) = doc.parse(doc.text) else {
            return office;
        };
        let keys = Keys::new(doc, tree.get_ref(), 0..0);
        let text = |key: &str| keys.text(key).and_then(|text| told(doc, key, text));
        (office.title, office.office) = (text("title"), text("office"));
        (office.addressee, office.memo_to) = (text("addressee"), text("memo_to"));
        (office.cc, office.signature) = (lines(doc, &keys, "cc"), lines(doc, &keys, "signature"));
        office.contact = keys.get("contact").and_then(|entry| contact(doc, entry));
        office.resubmit_by = keys.get("resubmit_by").and_then(|entry| date(doc, entry));
        self.years(&keys);
        let values = self.params(&keys);
        let mut supply = Supply::new(self.pack, doc, self.name, self.files);
        supply.gather(&keys);
        supply.lay();
        for (key, entry) in entries(&keys, "verified") {
            self.verified(&key, entry);
        }
        self.misplaced(&keys);
        keys.done();
        self.check_values(&values);
        for rule in &mut self.pack.rules {
            rule.settle(&self.pack.sources);
        }
        office
    }

    fn years(&mut self, keys: &Keys<'_, '_>) {
        let Some(of) = keys.table("years") else {
            return;
        };
        let (from, until) = (of.integer("from"), of.integer("until"));
        of.done();
        let fits = |year: &i64| (1900..=2999).contains(year);
        let ordered = from.zip(until).is_none_or(|(from, until)| from <= until);
        if !ordered || [from, until].iter().flatten().any(|y| !fits(y)) {
            self.doc.mistake(
                of.span.clone(),
                "these are no fiscal years",
                "",
                "write `years = { from = 2028, until = 2028 }`",
            );
            return;
        }
        let years = &mut self.pack.years;
        *years = (
            from.map_or(years.0, |y| y.min(years.0)),
            until.or(from).map_or(years.1, |y| y.max(years.1)),
        );
    }

    /// Sets the parameters; gives each with the place of its name and how many values the office has for it.
    fn params(&mut self, keys: &Keys<'_, '_>) -> Vec<(usize, Text, usize)> {
        let found = entries(keys, "param").into_iter();
        found
            .filter_map(|(name, entry)| {
                let (at, count) = self.param(&name, entry)?;
                Some((at, name, count))
            })
            .collect()
    }

    fn param(&mut self, name: &Text, entry: Entry<'_>) -> Option<(usize, usize)> {
        let doc = self.doc;
        let Some(at) = self.pack.params.iter().position(|p| p.name == name.value) else {
            let names: Vec<&str> = self.pack.params.iter().map(|p| p.name.as_str()).collect();
            doc.mistake(
                name.span.clone(),
                format!("the pack has no parameter `{}`", name.value),
                "",
                suggest(&name.value, names),
            );
            return None;
        };
        let param = self.pack.params.get_mut(at)?;
        if !param.policy {
            doc.mistake(
                name.span.clone(),
                format!("`{}` is not for an office to set", name.value),
                "",
                "only parameters with `policy = true` are",
            );
            return None;
        }
        let of = as_table(doc, entry)?;
        let values: Vec<_> = if of.has("values") {
            let list = of.get("values").map_or_else(Vec::new, |e| as_array(doc, e));
            of.done();
            let read = |v| param::dated(doc, v, param.ty, param.list, None);
            list.into_iter().filter_map(read).collect()
        } else {
            let one = param::dated(doc, entry, param.ty, param.list, None);
            one.into_iter().collect()
        };
        let count = values.len();
        param.values.splice(0..0, values);
        Some((at, count))
    }

    /// The office's values of a parameter do not overlap, and fit where rules use them.
    fn check_values(&self, set: &[(usize, Text, usize)]) {
        for (at, name, count) in set {
            let Some(param) = self.pack.params.get(*at) else {
                continue;
            };
            let values = param.values.get(..*count).unwrap_or_default();
            let years = self.pack.years;
            let several = |year: &i64| values.iter().filter(|v| v.covers(*year)).count() > 1;
            if let Some(year) = (years.0..=years.1).find(several) {
                let message = format!("`{}` has two values in fiscal year {year}", param.name);
                let help = "end the earlier one the year before";
                self.doc.mistake(name.span.clone(), message, "", help);
            }
            for rule in &self.pack.rules {
                for (_, message, help) in
                    misfits(rule, *at, (&param.name, values), &self.pack.schema)
                {
                    self.doc.mistake(name.span.clone(), message, "", help);
                }
            }
        }
    }

    /// A parameter that stands at the root says nothing.
    fn misplaced(&self, keys: &Keys<'_, '_>) {
        for param in &self.pack.params {
            if let Some(entry) = keys
                .has(&param.name)
                .then(|| keys.get(&param.name))
                .flatten()
            {
                let message = format!("`{}` is a parameter of the pack", param.name);
                let help = format!("write it under `[param.{}]`, as `value = …`", param.name);
                self.doc.mistake(entry.span(), message, "", help);
            }
        }
    }

    /// A clause that a person read: who, when, and which text.
    fn verified(&mut self, key: &Text, entry: Entry<'_>) {
        let doc = self.doc;
        let Some(of) = as_table(doc, entry) else {
            return;
        };
        if !of.has("on") {
            let span = key.span.clone();
            doc.mistake(
                span,
                "`on` is missing",
                "",
                "add the day of reading: `on = \"2026-07-01\"`",
            );
        }
        let on = of.get("on").and_then(|entry| date(doc, entry));
        let (by, text) = (of.required_text("by"), of.required_text("text"));
        let verification = of.text("verification").map(|v| {
            let found = source::verification(doc, &v);
            if found == Some(Verification::Unconfirmed) {
                let message = "a text that was read is not unconfirmed";
                doc.mistake(
                    v.span,
                    message,
                    "",
                    "take `verification` away: it is `text-read` then",
                );
            }
            found
        });
        of.done();
        let keys: Vec<&str> = self.pack.sources.iter().map(|s| s.key.as_str()).collect();
        let Some(at) = keys.iter().position(|k| *k == key.value) else {
            let message = format!("the pack has no source `{}`", key.value);
            doc.mistake(key.span.clone(), message, "", suggest(&key.value, keys));
            return;
        };
        let (Some(source), Some(by), Some(on), Some(text)) =
            (self.pack.sources.get_mut(at), by, on, text)
        else {
            return;
        };
        source.verification = verification.flatten().unwrap_or(Verification::TextRead);
        source.reading = Some(Reading {
            by: by.value,
            on,
            text: text.value,
        });
    }
}

/// The entries of a table of the file, if it is there.
fn entries<'t>(keys: &Keys<'_, 't>, name: &str) -> Vec<(Text, Entry<'t>)> {
    keys.table(name).iter().flat_map(Keys::entries).collect()
}

/// A date, in quotes or not.
fn date(doc: Doc<'_>, entry: Entry<'_>) -> Option<Date> {
    let text = as_figure(doc, entry)?;
    let date = parse_iso_date(text.value.trim());
    if date.is_none() {
        let message = format!("`{}` is not a date", text.value);
        doc.mistake(text.span, message, "", "write it as \"2026-07-01\"");
    }
    date
}

/// One text, or several.
fn lines(doc: Doc<'_>, keys: &Keys<'_, '_>, key: &str) -> Vec<String> {
    let Some(entry) = keys.get(key) else {
        return Vec::new();
    };
    let entries = match entry.get_ref() {
        toml::de::DeValue::Array(items) => items.iter().collect(),
        _ => vec![entry],
    };
    let texts = entries.into_iter().filter_map(|e| as_text(doc, e));
    texts.filter_map(|text| told(doc, key, text)).collect()
}

/// Whom to ask: a text, or a table of name, email, phone and address.
fn contact(doc: Doc<'_>, entry: Entry<'_>) -> Option<Contact> {
    if matches!(entry.get_ref(), toml::de::DeValue::String(_)) {
        let text = as_text(doc, entry)?;
        return Some(Contact {
            name: told(doc, "contact", text),
            ..Contact::default()
        });
    }
    let of = as_table(doc, entry)?;
    let part = |key: &str| of.text(key).and_then(|text| told(doc, key, text));
    let (name, phone, address) = (part("name"), part("phone"), part("address"));
    let email = of.text("email");
    let span = email.as_ref().map(|text| text.span.clone());
    let email = email.and_then(|text| told(doc, "email", text));
    if let (Some(email), Some(span)) = (&email, span)
        && !is_email(email)
    {
        let message = format!("`{email}` is not an email address");
        doc.mistake(span, message, "", "write it as \"name@example.org\"");
    }
    of.done();
    let contact = Contact {
        name,
        email,
        phone,
        address,
    };
    if ["name", "email", "phone", "address"]
        .iter()
        .all(|key| !of.has(key))
    {
        let help = "give `name`, `email`, `phone` or `address`";
        doc.mistake(of.span.clone(), "the contact says nothing", "", help);
    }
    Some(contact)
}

fn is_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(who, at)| !who.is_empty() && at.contains('.'))
}

fn told(doc: Doc<'_>, key: &str, text: Text) -> Option<String> {
    if text.value.trim().is_empty() {
        doc.mistake(
            text.span,
            format!("`{key}` is blank"),
            "",
            "fill it in, or take it away",
        );
        return None;
    }
    Some(text.value)
}

/// Codes and names that stand in reference tables, taken anew.
fn take_codes(pack: &mut Pack) {
    let schema = pack.schema.clone();
    let identity = pack.identity.clone();
    for (id, table) in pack.schema.tables.iter_mut().enumerate() {
        for (at, field) in table.fields.iter_mut().enumerate() {
            let is_code = id == identity.table && Some(at) == identity.code;
            let rows = |of: usize| {
                of.checked_sub(schema.submission)
                    .and_then(|at| pack.references.get(at))
            };
            if let (true, Some(directory)) = (is_code, identity.directory) {
                let codes = |rows| directory_in(&schema, directory, rows, &pack.texts);
                field.codes = rows(directory).map(|rows| Arc::new(codes(rows)));
            } else if let Some(of) = field.codes_of {
                let codes = |rows| codes_in(&schema, of, rows, &pack.texts);
                field.codes = rows(of).map(|rows| Arc::new(codes(rows)));
            }
        }
    }
}
