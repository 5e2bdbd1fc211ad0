//! The JSON Schemas of the files that people write and of the reports that programs read, in the draft that editors of TOML
//! know.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use super::{
    answers, archive, compare, impact, intake, json, json_text, lint, mutate, repair, rules, test,
    trace,
};
use crate::memory::record;
use crate::pack::shape;

/// How the schema of a file is made.
type Make = fn(SchemaGenerator) -> Schema;

/// The name of each schema, what it is of, and how it is made.
const ALL: &[(&str, &str, Make)] = &[
    ("pack", "pack.toml", of_file::<shape::Pack>),
    ("schema", "schema.toml", of_file::<shape::SchemaFile>),
    ("params", "params.toml", of_file::<shape::Params>),
    ("sources", "sources.toml", of_file::<shape::Sources>),
    ("rule", "rules/TOPIC/ID.toml", of_file::<shape::Rule>),
    ("form", "forms/ID.toml", of_file::<shape::Form>),
    ("office", "an office file", of_file::<shape::Office>),
    ("review", "check and review, --format json", json::schema),
    ("trace", "trace --format json", trace::schema),
    ("intake", "intake --format json", intake::schema),
    ("answers", "answer --format json", answers::schema),
    ("record", "review --record", of_record),
    ("archive", "archive list --format json", archive::schema),
    (
        "history",
        "archive history --format json",
        archive::schema_of_history,
    ),
    ("lint", "lint --format json", lint::schema),
    ("compare", "compare --format json", compare::schema),
    ("repair", "repair --format json", repair::schema),
    ("test", "test --format json", test::schema),
    ("mutate", "test --mutate --format json", mutate::schema),
    ("impact", "impact --format json", impact::schema),
    ("rules", "rules --format json", rules::schema),
    (
        "rule-in-full",
        "rules RULE --format json",
        rules::schema_in_full,
    ),
];

/// The name of each schema, and what it is of.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> + Clone {
    ALL.iter().map(|(name, of, _)| (*name, *of))
}

/// The schema of a name.
pub fn schema(name: &str) -> Option<String> {
    let (.., make) = ALL.iter().find(|(known, ..)| *known == name)?;
    let made = make(SchemaSettings::draft07().into_generator());
    Some(json_text(&made))
}

fn of_record(generator: SchemaGenerator) -> Schema {
    generator.into_root_schema_for::<record::Whole>()
}

/// In a file that people write a key is there or not: TOML has no null.
fn of_file<T: JsonSchema>(generator: SchemaGenerator) -> Schema {
    let mut schema = generator.into_root_schema_for::<T>();
    schema.as_object_mut().into_iter().for_each(|object| {
        object.values_mut().for_each(without_null);
    });
    schema
}

fn without_null(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|ty| ty != "null");
                if let [one] = types.as_slice() {
                    let one = one.clone();
                    object.insert("type".to_owned(), one);
                }
            }
            if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
                choices.retain(|choice| choice.get("type").is_none_or(|ty| ty != "null"));
            }
            object.values_mut().for_each(without_null);
        }
        _ => {}
    }
}
