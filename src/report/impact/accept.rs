//! A difference that was accepted, held against the one that is there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::json::FORMAT;

/// How an accepted difference and the one that is there agree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// What was accepted and is not there any more.
    pub gone: Vec<String>,
    /// What is there and was not accepted.
    pub new: Vec<String>,
    /// What was accepted, and is there otherwise.
    pub other: Vec<String>,
}

impl Acceptance {
    /// Whether exactly what was accepted is there.
    pub fn is_exact(&self) -> bool {
        self.gone.is_empty() && self.new.is_empty() && self.other.is_empty()
    }
}

/// Holds the JSON of an accepted comparison against that of the one that is there. The names, versions and digests of the
/// packs, the version of the program and what did not change are not compared. `Err`: what is wrong with the accepted one.
pub fn accepted(accepted: &str, there: &str) -> Result<Acceptance, String> {
    let (accepted, there) = (entries(accepted)?, entries(there)?);
    let mut acceptance = Acceptance::default();
    for (name, said) in &accepted {
        match there.get(name) {
            None => acceptance.gone.push(name.clone()),
            Some(now) if now != said => acceptance.other.push(name.clone()),
            Some(_) => {}
        }
    }
    let new = there.keys().filter(|name| !accepted.contains_key(*name));
    acceptance.new.extend(new.cloned());
    Ok(acceptance)
}

/// What a comparison lists.
const LISTS: [&str; 5] = ["recommendations", "rules", "pack", "reports", "unchecked"];

/// How much of what is compared differs.
const COUNTS: [&str; 3] = [
    "submissions_changed",
    "recommendations_changed",
    "outcomes_changed",
];

/// Each difference by its name.
fn entries(text: &str) -> Result<BTreeMap<String, Value>, String> {
    let whole: Value = serde_json::from_str(text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("it is no JSON from line {line}, column {column} on")
    })?;
    if whole.get("format").and_then(Value::as_str) != Some(FORMAT) {
        return Err(format!(
            "it is no `{FORMAT}`: write it with `--write-accept`"
        ));
    }
    let lacks = |key: &&str| !whole.get(key).is_some_and(Value::is_array);
    if let Some(key) = LISTS.iter().find(|key| lacks(key)) {
        return Err(format!(
            "it has no list `{key}`: write it with `--write-accept`"
        ));
    }
    let mut entries = BTreeMap::new();
    for count in COUNTS {
        if let Some(n) = whole.get("summary").and_then(|s| s.get(count)) {
            entries.insert(format!("summary: {count}"), n.clone());
        }
    }
    for of in list(&whole, "recommendations") {
        let name = format!(
            "recommendation {} -> {}",
            text_of(of, "from"),
            text_of(of, "to")
        );
        entries.insert(name, of.clone());
    }
    for rule in list(&whole, "rules") {
        rule_entries(rule, &mut entries);
    }
    for of in list(&whole, "pack") {
        entries.insert(format!("pack: {}", text_of(of, "what")), of.clone());
    }
    for of in list(&whole, "reports") {
        entries.insert(format!("reports: {}", text_of(of, "what")), of.clone());
    }
    for of in list(&whole, "unchecked") {
        let path = of.as_str().unwrap_or_default();
        entries.insert(format!("could not be checked: {path}"), of.clone());
    }
    Ok(entries)
}

fn rule_entries(rule: &Value, entries: &mut BTreeMap<String, Value>) {
    let id = text_of(rule, "rule");
    let fate = text_of(rule, "fate");
    if ["added", "gone"].contains(&fate) {
        entries.insert(format!("{id}: {fate}"), Value::Null);
    }
    for of in list(rule, "differences") {
        entries.insert(format!("{id}: {}", text_of(of, "what")), of.clone());
    }
    for of in list(rule, "groups") {
        let differs = list(of, "differs").filter_map(Value::as_str);
        let differs: Vec<&str> = differs.collect();
        let differs = if differs.is_empty() {
            String::new()
        } else {
            format!(", said otherwise: {}", differs.join(", "))
        };
        let (from, to) = (standing(of, "from"), standing(of, "to"));
        entries.insert(format!("{id}: {from} -> {to}{differs}"), of.clone());
    }
}

fn list<'v>(of: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    let items = of.get(key).and_then(Value::as_array);
    items.into_iter().flatten()
}

fn text_of<'v>(of: &'v Value, key: &str) -> &'v str {
    of.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn standing(of: &Value, key: &str) -> String {
    let Some(standing) = of.get(key).filter(|s| !s.is_null()) else {
        return "not judged".to_owned();
    };
    let outcome = text_of(standing, "outcome");
    match standing.get("severity").and_then(Value::as_str) {
        Some(severity) => format!("{outcome} ({severity})"),
        None => outcome.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(recommendations: &str) -> String {
        let n = recommendations.matches("from").count();
        format!(
            r#"{{"format": "{FORMAT}", "summary": {{"recommendations_changed": {n}}}, "recommendations": [{recommendations}],
            "rules": [], "pack": [], "reports": [], "unchecked": []}}"#
        )
    }

    #[test]
    fn what_is_gone_new_and_other_is_named() {
        let old = whole(r#"{"from": "a", "to": "b", "n": 1}, {"from": "a", "to": "c"}"#);
        let new = whole(r#"{"from": "a", "to": "b", "n": 2}, {"from": "a", "to": "d"}"#);
        let found = accepted(&old, &new).unwrap();
        assert_eq!(found.other, ["recommendation a -> b"]);
        assert_eq!(found.gone, ["recommendation a -> c"]);
        assert_eq!(found.new, ["recommendation a -> d"]);
        assert!(accepted(&old, &old).unwrap().is_exact());
    }

    #[test]
    fn another_file_is_refused() {
        assert!(accepted("{}", &whole("")).is_err());
        let why = accepted("{\n no", &whole("")).unwrap_err();
        assert_eq!(why, "it is no JSON from line 2, column 2 on");
        let bare = format!("{{\"format\": \"{FORMAT}\"}}");
        assert!(
            accepted(&bare, &whole(""))
                .unwrap_err()
                .contains("`recommendations`")
        );
    }

    #[test]
    fn how_much_differs_is_accepted_too() {
        let old = whole(r#"{"from": "a", "to": "b"}"#);
        let new = old.replace("changed\": 1", "changed\": 2");
        let found = accepted(&old, &new).unwrap();
        assert_eq!(found.other, ["summary: recommendations_changed"]);
    }
}
