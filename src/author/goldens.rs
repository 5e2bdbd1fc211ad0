//! Two reviews of one batch as JSON, before and after: which recommendations and findings differ, and what else.

use std::collections::BTreeSet;

use serde_json::Value;

/// One golden, and what differs from it.
#[derive(Debug, Clone)]
pub struct Golden {
    /// Where it stands.
    pub path: String,
    /// What differs; `None` when nothing does.
    pub change: Option<Change>,
}

/// What differs between two reviews of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// There was none before.
    New,
    /// What stood there before is no review.
    NoReview,
    /// It says the same in another layout, from this line on.
    Layout(usize),
    /// It says something else.
    Content(Content),
}

/// What a review says otherwise than before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The submissions of which something else is said, by path.
    pub submissions: Vec<SubmissionChange>,
    /// Whatever else differs.
    pub others: Vec<Other>,
}

/// What is said otherwise of one submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubmissionChange {
    /// Its path.
    pub path: String,
    /// Whether it is in one of the reviews alone: in the new one (`true`) or in the old one.
    pub only_new: Option<bool>,
    /// The recommendation before and after, where it differs.
    pub recommendation: Option<(String, String)>,
    /// The findings that differ, in the order of the reports.
    pub findings: Vec<FindingChange>,
    /// The rules that count otherwise.
    pub counts: Vec<CountChange>,
    /// Whatever else differs.
    pub others: Vec<Other>,
}

/// A finding that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingChange {
    /// Its rule.
    pub rule: String,
    /// The place of the row that it is about.
    pub subject: Option<String>,
    /// What became of it.
    pub what: WhatChanged,
}

/// What became of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhatChanged {
    /// It is new.
    Added(Brief),
    /// It is gone.
    Gone(Brief),
    /// It says something else: each key with what stood there and what stands there.
    Changed(Vec<Other>),
}

/// A finding in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// `fail` or `unknown`.
    pub outcome: String,
    /// What it does to the recommendation.
    pub severity: String,
    /// What it says.
    pub message: String,
}

/// A rule that counts otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountChange {
    /// The rule.
    pub rule: String,
    /// Its counts before, in words.
    pub before: String,
    /// Its counts after, in words.
    pub after: String,
}

/// A value that differs: where, what it was and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Its keys, from the outermost.
    pub at: String,
    /// What stood there; `None` for nothing.
    pub before: Option<String>,
    /// What stands there; `None` for nothing.
    pub after: Option<String>,
}

/// What differs between the text of a golden and that of a review; `None` when nothing does.
pub fn compare(before: Option<&str>, after: &str) -> Option<Change> {
    let Some(before) = before else {
        return Some(Change::New);
    };
    if before == after {
        return None;
    }
    let old = serde_json::from_str(before).ok().filter(Value::is_object);
    let (Some(old), Ok(new)) = (old, serde_json::from_str(after)) else {
        return Some(Change::NoReview);
    };
    if old == new {
        let lines = before.lines().zip(after.lines());
        return Some(Change::Layout(
            lines.take_while(|(a, b)| a == b).count() + 1,
        ));
    }
    Some(Change::Content(Content::of(&old, &new)))
}

impl Content {
    fn of(old: &Value, new: &Value) -> Self {
        let submissions = pair(list(old, "submissions"), list(new, "submissions"), |s| {
            text(s, "path")
        });
        let changed = submissions.into_iter().map(SubmissionChange::of);
        Content {
            submissions: changed.filter(SubmissionChange::is_any).collect(),
            others: others(old, new, &["submissions"]),
        }
    }
}

impl SubmissionChange {
    fn of((old, new): Pair<'_>) -> Self {
        let path = new.or(old).map_or_else(String::new, |s| text(s, "path"));
        let (Some(old), Some(new)) = (old, new) else {
            return SubmissionChange {
                path,
                only_new: Some(new.is_some()),
                ..SubmissionChange::default()
            };
        };
        let advised = [old, new].map(|s| text(s, "recommendation"));
        let [was, is] = advised;
        let subject = |f: &Value| (text(f, "rule"), f.get("subject").map(Value::to_string));
        let findings = pair(list(old, "findings"), list(new, "findings"), subject);
        let rules = pair(list(old, "rules"), list(new, "rules"), |r| text(r, "rule"));
        let told = ["recommendation", "findings", "rules", "outcomes"];
        SubmissionChange {
            path,
            only_new: None,
            recommendation: (was != is).then_some((was, is)),
            findings: findings.into_iter().filter_map(finding).collect(),
            counts: rules.into_iter().filter_map(count).collect(),
            others: others(old, new, &told),
        }
    }

    fn is_any(&self) -> bool {
        *self
            != SubmissionChange {
                path: self.path.clone(),
                ..SubmissionChange::default()
            }
    }
}

/// Two values that are about the same thing, of which one may be missing.
type Pair<'v> = (Option<&'v Value>, Option<&'v Value>);

/// Pairs the items of two lists that have the same key: in the order of the new one, with what is gone at its end.
fn pair<'v, K: PartialEq>(
    old: &'v [Value],
    new: &'v [Value],
    key: impl Fn(&Value) -> K,
) -> Vec<Pair<'v>> {
    let mut left: Vec<(K, &Value)> = old.iter().map(|v| (key(v), v)).collect();
    let mut pairs = Vec::new();
    for item in new {
        let wanted = key(item);
        let found = left.iter().position(|(k, _)| *k == wanted);
        pairs.push((found.map(|at| left.remove(at).1), Some(item)));
    }
    pairs.extend(left.into_iter().map(|(_, gone)| (Some(gone), None)));
    pairs
}

fn finding((old, new): Pair<'_>) -> Option<FindingChange> {
    let of = new.or(old)?;
    let what = match (old, new) {
        (Some(old), Some(new)) => {
            let changed = others(old, new, &[]);
            (!changed.is_empty()).then_some(WhatChanged::Changed(changed))?
        }
        (None, _) => WhatChanged::Added(brief(of)),
        (_, None) => WhatChanged::Gone(brief(of)),
    };
    Some(FindingChange {
        rule: text(of, "rule"),
        subject: of.get("subject").and_then(Value::as_str).map(str::to_owned),
        what,
    })
}

fn brief(finding: &Value) -> Brief {
    Brief {
        outcome: text(finding, "outcome"),
        severity: text(finding, "severity"),
        message: text(finding, "message"),
    }
}

fn count((old, new): Pair<'_>) -> Option<CountChange> {
    let [before, after] = [old, new].map(counts);
    (before != after).then(|| CountChange {
        rule: new.or(old).map_or_else(String::new, |r| text(r, "rule")),
        before,
        after,
    })
}

/// The counts of a rule in words: `3 pass, 1 fail`.
fn counts(rule: Option<&Value>) -> String {
    let Some(rule) = rule else {
        return "not in force".to_owned();
    };
    let named = ["pass", "fail", "unknown", "not-applicable"].map(|name| (name, rule.get(name)));
    let some = named.into_iter().filter_map(|(name, n)| {
        let n = n.and_then(Value::as_u64).filter(|n| *n > 0)?;
        Some(format!("{n} {name}"))
    });
    let some: Vec<String> = some.collect();
    if some.is_empty() {
        "no subject".to_owned()
    } else {
        some.join(", ")
    }
}

/// Whatever differs in two values, the keys of the outermost that are told elsewhere apart.
fn others(old: &Value, new: &Value, told: &[&str]) -> Vec<Other> {
    let mut found = Vec::new();
    let keys = both_keys(old, new);
    for key in keys.iter().filter(|key| !told.contains(&key.as_str())) {
        differ(key, old.get(key), new.get(key), &mut found);
    }
    found
}

/// The keys of two objects, those of the first before those that the second alone has.
fn both_keys(old: &Value, new: &Value) -> Vec<String> {
    let keys = [old, new].into_iter().filter_map(Value::as_object);
    let mut seen = BTreeSet::new();
    keys.flat_map(|o| o.keys().cloned())
        .filter(|key| seen.insert(key.clone()))
        .collect()
}

fn differ(at: &str, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<Other>) {
    match (old, new) {
        (old, new) if old == new => {}
        (Some(a @ Value::Object(_)), Some(b @ Value::Object(_))) => {
            for key in both_keys(a, b) {
                differ(&format!("{at}.{key}"), a.get(&key), b.get(&key), found);
            }
        }
        (Some(Value::Array(a)), Some(Value::Array(b))) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                differ(&format!("{at}[{}]", i + 1), Some(a), Some(b), found);
            }
        }
        (old, new) => found.push(Other {
            at: at.to_owned(),
            before: old.map(shown),
            after: new.map(shown),
        }),
    }
}

/// A value in a line: a text without its quotes.
fn shown(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn list<'v>(of: &'v Value, key: &str) -> &'v [Value] {
    of.get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The text of a key, or what stands there instead.
fn text(of: &Value, key: &str) -> String {
    of.get(key).map_or_else(String::new, shown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn review(recommendation: &str, findings: &Value) -> String {
        json!({
            "pack": {"digest": "sha256:1"},
            "submissions": [{
                "path": "windham", "recommendation": recommendation, "rules": [], "findings": findings,
            }],
        })
        .to_string()
    }

    fn content(before: &str, after: &str) -> Content {
        match compare(Some(before), after) {
            Some(Change::Content(content)) => content,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn findings_are_paired_by_rule_and_subject() {
        let of = |rule: &str, subject: &str, message: &str| json!({"rule": rule, "subject": subject, "outcome": "fail", "severity": "note", "message": message});
        let before = review(
            "approve",
            &json!([of("a", "x:2", "one"), of("b", "x:2", "two")]),
        );
        let after = review(
            "return",
            &json!([of("a", "x:3", "one"), of("b", "x:2", "three")]),
        );
        let [change] = content(&before, &after).submissions.try_into().unwrap();
        assert_eq!(
            change.recommendation,
            Some(("approve".to_owned(), "return".to_owned()))
        );
        let whats: Vec<_> = change
            .findings
            .iter()
            .map(|f| (f.rule.as_str(), &f.what))
            .collect();
        assert!(
            matches!(
                whats[..],
                [
                    ("a", WhatChanged::Added(_)),
                    ("b", WhatChanged::Changed(_)),
                    ("a", WhatChanged::Gone(_))
                ]
            ),
            "{whats:?}"
        );
    }

    #[test]
    fn what_is_no_review_and_what_is_laid_out_otherwise_is_told_apart() {
        assert_eq!(compare(None, "{}"), Some(Change::New));
        assert_eq!(compare(Some("{}"), "{}"), None);
        assert_eq!(compare(Some("[]"), "{}"), Some(Change::NoReview));
        assert_eq!(
            compare(Some("{\"a\": 1}"), "{\n\"a\": 1}"),
            Some(Change::Layout(1))
        );
    }

    #[test]
    fn anything_else_is_told_by_its_keys() {
        let old = json!({"pack": {"digest": "1", "id": "p"}, "summary": {"not_read": []}});
        let new = json!({"pack": {"digest": "2", "id": "p"}, "summary": {"not_read": ["x"]}});
        let told: Vec<String> = others(&old, &new, &[]).into_iter().map(|o| o.at).collect();
        assert_eq!(told, ["pack.digest", "summary.not_read"]);
    }
}
