//! What is put into an archive: the reviews of a record, answers and determinations, each with what is looked for later.

use std::rc::Rc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::memory::answers::{Answer, Answers};
use crate::memory::decisions::{Decisions, Determination};
use crate::memory::record::{PackName, Record, Table};
use crate::pack::Pack;
use crate::read::sha256;
use crate::review::Whose;

/// Bytes and their digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl Content {
    /// The content of these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Content {
            sha256: sha256(&bytes),
            bytes,
        }
    }
}

/// What an entry is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Details {
    /// The review of a submission.
    Review(Reviewed),
    /// An answer to a finding.
    Answer(Answered),
    /// A determination.
    Determination(Determined),
}

impl Details {
    /// The name of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Details::Review(_) => "review",
            Details::Answer(_) => "answer",
            Details::Determination(_) => "determination",
        }
    }

    /// What it says, in a word of the program's files.
    pub fn says(&self) -> &str {
        match self {
            Details::Review(of) => of.recommendation.as_deref().unwrap_or("could-not-check"),
            Details::Answer(of) => &of.answer,
            Details::Determination(of) => &of.decision,
        }
    }

    /// As it stands in the archive, without its kind.
    pub(super) fn text(&self) -> serde_json::Result<String> {
        match self {
            Details::Review(of) => serde_json::to_string(of),
            Details::Answer(of) => serde_json::to_string(of),
            Details::Determination(of) => serde_json::to_string(of),
        }
    }

    /// The details of a kind.
    pub(super) fn of(kind: &str, text: &str) -> serde_json::Result<Self> {
        Ok(match kind {
            "review" => Details::Review(serde_json::from_str(text)?),
            "answer" => Details::Answer(serde_json::from_str(text)?),
            _ => Details::Determination(serde_json::from_str(text)?),
        })
    }
}

/// What is looked for in a review: a part of its record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reviewed {
    /// The recommendation; `None`: it could not be checked.
    pub recommendation: Option<String>,
    /// The recommendation after people's answers, where there were any.
    pub after_answers: Option<String>,
    /// How many findings have each severity.
    pub findings: Findings,
    /// The day at which answers were judged.
    pub as_of: String,
    /// The pack that judged.
    pub pack: PackName,
    /// The pack's tables that are shown across years.
    pub tables: Vec<Table>,
}

/// How many findings have each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Findings {
    /// Those for the head of the agency.
    pub escalate: usize,
    /// Those for which a plan goes back.
    pub r#return: usize,
    /// Those that make a condition.
    pub condition: usize,
    /// Notes.
    pub note: usize,
}

/// An answer as people wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answered {
    /// The code of the district.
    pub district_code: Option<String>,
    /// The fiscal year of the plan.
    pub plan_year: i64,
    /// The rule.
    pub rule: String,
    /// The row that the finding is about.
    pub subject: String,
    /// The digest of the finding.
    pub finding: String,
    /// What was answered.
    pub answer: String,
    /// Why.
    pub reason: String,
    /// Who answered.
    pub by: String,
    /// Who agreed.
    pub approved_by: Option<String>,
    /// When.
    pub on: String,
    /// The last day on which it counts.
    pub until: Option<String>,
    /// The day from which it no longer counts.
    pub closed_on: Option<String>,
}

/// A determination as a person recorded it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Determined {
    /// The code of the district.
    pub district_code: Option<String>,
    /// The fiscal year of the plan.
    pub plan_year: i64,
    /// The revision that was decided on.
    pub revision: Option<String>,
    /// What was decided.
    pub decision: String,
    /// Who decided.
    pub by: String,
    /// When.
    pub on: String,
    /// Why.
    pub reason: Option<String>,
    /// The digest of the record that it rests on.
    pub record: Option<String>,
    /// The conditions.
    pub conditions: Vec<Due>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Due {
    /// What must be done.
    pub text: String,
    /// By when.
    pub due_on: Option<String>,
}

/// Something to be put into an archive.
#[derive(Debug, Clone)]
pub struct Item {
    /// The bytes that are kept.
    pub(super) content: Rc<Content>,
    /// Whose plan it is about; its path is that of the submission within the record.
    pub(super) whose: Whose,
    /// The digest of the record that it is, or rests on.
    pub(super) record: Option<String>,
    pub(super) details: Details,
}

impl Item {
    /// The reviews of a record.
    pub fn of_record(record: &Record, text: &str) -> Vec<Item> {
        let content = Rc::new(Content::new(text.as_bytes().to_vec()));
        let plans = record.review.get("submissions").and_then(Value::as_array);
        let plans = plans.into_iter().flatten();
        let items = plans.map(|plan| Item {
            content: Rc::clone(&content),
            whose: Record::whose_is(plan),
            record: Some(record.digest.clone()),
            details: Details::Review(Reviewed {
                recommendation: text_at(plan, "recommendation"),
                after_answers: text_at(plan, "after_answers"),
                findings: Findings::of(plan),
                as_of: record.basis.as_of.clone(),
                pack: record.basis.pack.clone(),
                tables: kept(record, plan),
            }),
        });
        items.collect()
    }

    /// The answers of some files.
    pub fn of_answers(pack: &Pack, answers: &Answers) -> Vec<Item> {
        let all = answers.all().map(|(code, year, rule, subject, answer)| {
            let details = Details::Answer(Answered::new((code, year), (rule, subject), answer));
            Item::of_person(pack, (code, year, None), None, details)
        });
        all.collect()
    }

    /// The determinations of some files.
    pub fn of_decisions(pack: &Pack, decisions: &Decisions) -> Vec<Item> {
        let all = decisions.all().map(|(code, year, decided)| {
            let determined = Determined::new((code, year), decided);
            let (revision, record) = (determined.revision.clone(), determined.record.clone());
            let details = Details::Determination(determined);
            Item::of_person(pack, (code, year, revision), record, details)
        });
        all.collect()
    }

    fn of_person(
        pack: &Pack,
        (code, year, revision): (Option<&str>, i64, Option<String>),
        record: Option<String>,
        details: Details,
    ) -> Item {
        // Texts and whole numbers always become JSON.
        let text = details.text().unwrap_or_default();
        Item {
            content: Rc::new(Content::new(text.into_bytes())),
            whose: Whose {
                path: String::new(),
                district_code: code.map(str::to_owned),
                district: code.and_then(|code| pack.district_name(code, Some(year))),
                fiscal_year: Some(year),
                revision,
            },
            record,
            details,
        }
    }
}

impl Answered {
    fn new((code, year): (Option<&str>, i64), (rule, subject): (&str, &str), of: &Answer) -> Self {
        Answered {
            district_code: code.map(str::to_owned),
            plan_year: year,
            rule: rule.to_owned(),
            subject: subject.to_owned(),
            finding: of.finding.clone(),
            answer: of.verdict.name().to_owned(),
            reason: of.reason.clone(),
            by: of.by.clone(),
            approved_by: of.approved_by.clone(),
            on: of.on.to_string(),
            until: of.until.map(|d| d.to_string()),
            closed_on: of.closed_on.map(|d| d.to_string()),
        }
    }

    /// It as a row of a file of answers.
    pub(super) fn row(&self) -> Vec<(&'static str, String)> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        vec![
            ("district_code", text(&self.district_code)),
            ("plan_year", self.plan_year.to_string()),
            ("rule", self.rule.clone()),
            ("subject", self.subject.clone()),
            ("finding", self.finding.clone()),
            ("answer", self.answer.clone()),
            ("reason", self.reason.clone()),
            ("by", self.by.clone()),
            ("approved_by", text(&self.approved_by)),
            ("on", self.on.clone()),
            ("until", text(&self.until)),
            ("closed_on", text(&self.closed_on)),
        ]
    }
}

impl Determined {
    fn new((code, year): (Option<&str>, i64), of: &Determination) -> Self {
        let conditions = of.conditions.iter().map(|condition| Due {
            text: condition.text.clone(),
            due_on: condition.due_on.map(|d| d.to_string()),
        });
        Determined {
            district_code: code.map(str::to_owned),
            plan_year: year,
            revision: of.revision.map(crate::value::plain),
            decision: of.decision.name().to_owned(),
            by: of.by.clone(),
            on: of.on.to_string(),
            reason: of.reason.clone(),
            record: of.record.clone(),
            conditions: conditions.collect(),
        }
    }

    /// It as rows of a file of determinations.
    pub(super) fn rows(&self) -> Vec<Vec<(&'static str, String)>> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let of_plan = || {
            vec![
                ("district_code", text(&self.district_code)),
                ("plan_year", self.plan_year.to_string()),
                ("revision", text(&self.revision)),
            ]
        };
        let mut first = of_plan();
        first.extend([
            ("decision", self.decision.clone()),
            ("reason", text(&self.reason)),
            ("by", self.by.clone()),
            ("on", self.on.clone()),
            ("record", text(&self.record)),
        ]);
        let conditions = self.conditions.iter().map(|condition| {
            let mut row = of_plan();
            row.extend([
                ("decision", "condition".to_owned()),
                ("condition", condition.text.clone()),
                ("due_on", text(&condition.due_on)),
            ]);
            row
        });
        std::iter::once(first).chain(conditions).collect()
    }
}

impl Findings {
    fn of(plan: &Value) -> Self {
        let mut counted = Findings::default();
        let findings = plan.get("findings").and_then(Value::as_array);
        for finding in findings.into_iter().flatten() {
            match finding.get("severity").and_then(Value::as_str) {
                Some("escalate") => counted.escalate += 1,
                Some("return") => counted.r#return += 1,
                Some("condition") => counted.condition += 1,
                _ => counted.note += 1,
            }
        }
        counted
    }
}

fn text_at(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// The tables of a submission that are shown across years.
fn kept(record: &Record, plan: &Value) -> Vec<Table> {
    let path = text_at(plan, "path");
    let mut all = record.basis.history.iter();
    let found = all.find(|of| Some(&of.path) == path.as_ref());
    found.map(|of| of.tables.clone()).unwrap_or_default()
}
