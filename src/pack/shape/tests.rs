//! The keys that the readers ask for are those of the schemas, both ways.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::pack::spanned::tests::{ASKED, Asked};
use crate::pack::{Files, apply_office, embedded, load, load_embedded};
use crate::report::schemas::{names, schema};

/// An office file with what the shipped one lacks.
const OFFICE: &str = r#"
contact = { name = "Desk" }
addressee = "Head of the district"
memo_to = "Head of the agency"
cc = "The board"
signature = ["A. Reader", "Desk"]
years = { until = 2028 }
param.admin_cap = { value = "5%" }
param.due_on.values = [{ from = 2028, value = "2027-05-31" }]
[verified.cgs-10-262u-c-1]
by = "A. Reader"
on = "2026-07-01"
text = "the official text"
[reference.designations]
csv = "district_code,from\n1630011,2028\n"
"#;

/// A map with a block that is spread out, and plans.
const FORM: &str = r#"
title = "Sheet"
note = "made up"
[plans]
district_code = "District"
plan_year = "Year"
[[block]]
table = "budget"
required = true
unpivot = { value = "amount", name = "funding_portion", columns = { alliance = "Alliance" } }
"#;

/// A rule with editions, and a change of it that changes nothing.
const RULE: &str = r#"
[[edition]]
until = 2020
not_applicable = "it was not law"
[[equivalent]]
mutant = "when: true → false"
why = "there is no when"
"#;

/// Every table that is read of a pack with everything in it and of an office file.
fn read_everything() -> Vec<Asked> {
    let mut files = embedded("alliance").expect("it is built in");
    files.insert("forms/sheet.toml".to_owned(), FORM.into());
    files.insert("rules/more/dated.toml".to_owned(), RULE.into());
    *ASKED.lock().expect("nobody panics with it") = Some(Vec::new());
    let _ = load("alliance", &files);
    let _ = load_embedded("resc-accord");
    let pack = load("alliance", &embedded("alliance").expect("it is built in"));
    let office = Files::from([("office.toml".to_owned(), OFFICE.into())]);
    let _ = apply_office(pack.expect("it loads"), "office.toml", &office);
    let asked = ASKED.lock().expect("nobody panics with it").take();
    let accord = embedded("resc-accord").expect("it is built in");
    let texts = files.values().chain(accord.values()).chain(office.values());
    let texts: BTreeSet<&[u8]> = texts.map(Vec::as_slice).collect();
    // Other tests read files of their own at the same time.
    let ours = |of: &Asked| texts.contains(of.1.as_bytes());
    asked.into_iter().flatten().filter(ours).collect()
}

/// Which schema a file has.
fn kind(file: &str) -> &'static str {
    let stem = file.rsplit('/').next().unwrap_or(file);
    match stem {
        _ if file.contains("/rules/") => "rule",
        _ if file.contains("/forms/") => "form",
        "pack.toml" => "pack",
        "schema.toml" => "schema",
        "params.toml" => "params",
        "sources.toml" => "sources",
        _ => "office",
    }
}

/// The keys by which a table of a file is reached; of an item of a list its number.
fn path(table: &DeTable<'_>, span: &Range<usize>) -> Option<Vec<String>> {
    table.iter().find_map(|(key, value)| {
        let inner = inside(value, span)?;
        Some([vec![key.get_ref().to_string()], inner].concat())
    })
}

fn inside(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> Option<Vec<String>> {
    match value.get_ref() {
        DeValue::Table(_) if value.span() == *span => Some(Vec::new()),
        DeValue::Table(table) => path(table, span),
        DeValue::Array(items) => items.iter().enumerate().find_map(|(at, item)| {
            let inner = inside(item, span)?;
            Some([vec![at.to_string()], inner].concat())
        }),
        _ => None,
    }
}

/// The object schemas at a place: several where one of them holds. Each with its pointer.
fn objects<'s>(
    root: &'s Value,
    at: &'s Value,
    pointer: String,
    keys: &[String],
) -> Vec<(String, &'s Value)> {
    if let Some(Value::String(reference)) = at.get("$ref") {
        let pointer = reference.trim_start_matches('#').to_owned();
        let target = root.pointer(&pointer).expect("it is there");
        return objects(root, target, pointer, keys);
    }
    for word in ["anyOf", "allOf"] {
        if let Some(Value::Array(choices)) = at.get(word) {
            let choices = choices.iter().enumerate();
            return choices
                .flat_map(|(n, c)| objects(root, c, format!("{pointer}/{word}/{n}"), keys))
                .collect();
        }
    }
    let Some((key, rest)) = keys.split_first() else {
        let is_object = at.get("properties").is_some();
        return is_object.then_some((pointer, at)).into_iter().collect();
    };
    let inner = [
        ("properties", Some(key)),
        ("additionalProperties", None),
        ("items", None),
    ];
    let inner = inner.into_iter().find_map(|(word, key)| {
        let of = at.get(word)?;
        let of = key.map_or(Some(of), |key| of.get(key))?;
        Some((word, of))
    });
    inner.map_or_else(Vec::new, |(word, of)| {
        objects(root, of, format!("{pointer}/{word}/{key}"), rest)
    })
}

fn properties(of: &Value) -> BTreeSet<String> {
    let found = of["properties"].as_object().expect("an object has some");
    found.keys().cloned().collect()
}

/// All objects of a schema that take no other keys than theirs, by pointer.
fn closed(at: &Value, pointer: &str, found: &mut BTreeSet<String>) {
    if at.get("properties").is_some() && at.get("additionalProperties") == Some(&Value::Bool(false))
    {
        found.insert(pointer.to_owned());
    }
    let parts: Vec<(String, &Value)> = match at {
        Value::Object(object) => object.iter().map(|(k, v)| (k.clone(), v)).collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(n, v)| (n.to_string(), v))
            .collect(),
        _ => Vec::new(),
    };
    for (key, value) in parts {
        closed(value, &format!("{pointer}/{key}"), found);
    }
}

#[test]
fn readers_ask_for_the_keys_of_the_schemas() {
    let of_files = names().map(|(name, _)| name).take(7);
    let schemas: BTreeMap<&str, Value> = of_files
        .map(|name| {
            let text = schema(name).expect("it is listed");
            (name, serde_json::from_str(&text).expect("it is JSON"))
        })
        .collect();
    let mut seen: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
    let read = read_everything();
    let texts: BTreeSet<&str> = read.iter().map(|(_, text, ..)| text.as_str()).collect();
    let trees: BTreeMap<&str, _> = texts
        .into_iter()
        .map(|text| (text, DeTable::parse(text).expect("it is TOML")))
        .collect();
    for (file, text, span, asked) in &read {
        let kind = kind(file);
        let root = &schemas[kind];
        let tree = &trees[text.as_str()];
        let keys = if span.is_empty() {
            Vec::new()
        } else {
            path(tree.get_ref(), span).expect("it is a table of the file")
        };
        let asked: BTreeSet<String> = asked.iter().cloned().collect();
        let choices = objects(root, root, String::new(), &keys);
        let fits = |of: &Value| {
            let open = of.get("additionalProperties") != Some(&Value::Bool(false));
            open || asked.is_subset(&properties(of))
        };
        let found = choices.into_iter().find(|(_, of)| fits(of));
        let (pointer, _) = found.unwrap_or_else(|| panic!("{file} {keys:?}: {asked:?}"));
        seen.entry((kind, pointer)).or_default().extend(asked);
    }
    for ((kind, pointer), asked) in &seen {
        let of = schemas[kind].pointer(pointer).expect("it is there");
        let lacks: Vec<String> = properties(of).difference(asked).cloned().collect();
        assert!(
            lacks.is_empty(),
            "{kind}{pointer}: nobody asks for {lacks:?}"
        );
    }
    for (kind, root) in &schemas {
        let mut all = BTreeSet::new();
        closed(root, "", &mut all);
        for pointer in all {
            assert!(
                seen.contains_key(&(kind, pointer.clone())),
                "{kind}{pointer} is never read"
            );
        }
    }
}
