//! What people answered to findings: which answers count at a day, for which finding, and why others do not.

use std::collections::{BTreeMap, BTreeSet};

use super::sheet::{Column, Sheet, WHOSE};
use crate::diagnostic::{Diagnostic, suggest};
use crate::evaluate::wording;
use crate::pack::{Pack, Severity};
use crate::review::{Finding, Memory, Recommendation, Review};
use crate::value::{Date, Decimal, Type};

/// What a person answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is in order as it stands.
    Accepted,
    /// The plan must be changed.
    ChangeRequired,
    /// The plan may be approved on a condition.
    Condition,
    /// It is not in order, and is let pass.
    Waived,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 4] = [
        Verdict::Accepted,
        Verdict::ChangeRequired,
        Verdict::Condition,
        Verdict::Waived,
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::ChangeRequired => "change-required",
            Verdict::Condition => "condition",
            Verdict::Waived => "waived",
        }
    }

    /// The answer of that name.
    pub fn of(name: &str) -> Option<Self> {
        Verdict::ALL
            .into_iter()
            .find(|verdict| verdict.name() == name)
    }
}

impl Answer {
    /// Fails, in words, where a finding of that severity may not be answered so.
    pub fn allowed(&self, severity: Severity) -> Result<(), String> {
        let waives = self.verdict == Verdict::Waived && severity >= Severity::Return;
        let same = |name: &String| name.trim().to_lowercase() == self.by.trim().to_lowercase();
        if waives && self.approved_by.as_ref().is_none_or(same) {
            let weight = severity.name();
            return Err(format!(
                "a waiver of `{weight}` needs `approved_by`, somebody else than `by`"
            ));
        }
        Ok(())
    }
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// What was answered.
    pub verdict: Verdict,
    /// The finding that it answers: its digest.
    pub finding: String,
    /// Why.
    pub reason: String,
    /// Who answered.
    pub by: String,
    /// Who agreed, where two must.
    pub approved_by: Option<String>,
    /// The day of the answer.
    pub on: Date,
    /// The last day on which it counts.
    pub until: Option<Date>,
    /// The day from which it no longer counts.
    pub closed_on: Option<Date>,
}

/// An answer, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    answer: Answer,
    place: String,
}

/// Whose plan an answer is about: the district's code and the fiscal year.
type Plan = (Option<String>, i64);

/// The answers of some files, judged at a day.
#[derive(Debug, Clone)]
pub struct Answers {
    plans: BTreeMap<Plan, BTreeMap<(String, String), Vec<Line>>>,
    steps: [String; 4],
    names_submitters: bool,
    /// The day at which they are judged.
    pub as_of: Date,
    /// What is wrong with the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// The columns of a file of answers; those at the end help its reader, and are not read.
pub(super) const COLUMNS: [Column; 17] = [
    WHOSE[0],
    WHOSE[1],
    WHOSE[2],
    ("rule", Type::Text, &[]),
    ("subject", Type::Text, &["subject_key"]),
    ("finding", Type::Text, &["finding_digest", "digest"]),
    ("answer", Type::Code, &[]),
    ("reason", Type::Text, &[]),
    ("by", Type::Text, &["answered_by"]),
    ("approved_by", Type::Text, &[]),
    ("on", Type::Date, &["answered_on"]),
    ("until", Type::Date, &[]),
    ("closed_on", Type::Date, &["closed"]),
    ("district", Type::Text, &[]),
    ("severity", Type::Text, &[]),
    ("place", Type::Text, &[]),
    ("message", Type::Text, &[]),
];

/// The header of a file of answers.
pub fn header() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(name, ..)| *name)
}

impl Answers {
    /// Reads files of answers, each with its path; every mistake is told.
    pub fn read(pack: &Pack, files: &[(String, Vec<u8>)], as_of: Date) -> Answers {
        let mut answers = Answers {
            plans: BTreeMap::new(),
            steps: pack.steps.clone(),
            names_submitters: pack.identity.names_submitters(),
            as_of,
            diagnostics: Vec::new(),
        };
        for (path, bytes) in files {
            answers.take_file(pack, (path, bytes));
        }
        for lines in answers.plans.values_mut().flat_map(|of| of.values_mut()) {
            lines.sort();
            // The same answer in two files is one.
            lines.dedup_by(|a, b| a.answer == b.answer);
        }
        answers.diagnostics.sort_by(by_place);
        answers
    }

    fn take_file(&mut self, pack: &Pack, file: (&str, &[u8])) {
        let codes = [("answer", Verdict::ALL.map(Verdict::name).to_vec())];
        let told = &mut self.diagnostics;
        let sheet = Sheet::read(pack, "answers", &COLUMNS, &codes, file, told);
        for row in 0..sheet.rows.len() {
            let verdict = sheet.text(row, "answer");
            let Some(verdict) = verdict.as_deref().and_then(Verdict::of) else {
                // What is not answered yet is no mistake; what cannot be read was told.
                continue;
            };
            if sheet.is_unreadable(row) {
                let why = "the answer was not applied: a cell of its row cannot be read";
                let place = sheet.place(row, "answer");
                self.diagnostics.push(Diagnostic::error(place, why));
                continue;
            }
            self.take_row(pack, &sheet, row, verdict);
        }
    }

    fn take_row(&mut self, pack: &Pack, sheet: &Sheet, row: usize, verdict: Verdict) {
        let mut lacking = Vec::new();
        let mut needed = |name: &'static str, there: bool| {
            if !there {
                lacking.push(name);
            }
        };
        let code = sheet.text(row, "district_code");
        let year = sheet.whole(row, "plan_year");
        let [rule, finding, reason, by] =
            ["rule", "finding", "reason", "by"].map(|name| sheet.text(row, name));
        let on = sheet.date(row, "on");
        needed("district_code", code.is_some() || !self.names_submitters);
        needed("plan_year", year.is_some());
        needed("rule", rule.is_some());
        needed("finding", finding.is_some());
        needed("reason", reason.is_some());
        needed("by", by.is_some());
        needed("on", on.is_some());
        for name in &lacking {
            let message = format!("the answer was not applied: `{name}` is blank");
            let place = sheet.place(row, name);
            self.diagnostics.push(Diagnostic::error(place, message));
        }
        let (Some(year), Some(rule), Some(finding), Some(reason), Some(by), Some(on)) =
            (year, rule, finding, reason, by, on)
        else {
            return;
        };
        let ids = pack.rules.iter().map(|r| r.id.as_str());
        if !ids.clone().any(|id| id == rule) {
            let hint = suggest(&rule, ids);
            let message = format!("the answer was not applied: there is no rule `{rule}`; {hint}");
            let message = message.trim_end_matches("; ");
            let place = sheet.place(row, "rule");
            self.diagnostics.push(Diagnostic::error(place, message));
            return;
        }
        if !lacking.is_empty() {
            return;
        }
        let line = Line {
            answer: Answer {
                verdict,
                finding,
                reason,
                by,
                approved_by: sheet.text(row, "approved_by"),
                on,
                until: sheet.date(row, "until"),
                closed_on: sheet.date(row, "closed_on"),
            },
            place: sheet.place(row, "answer"),
        };
        let subject = sheet.text(row, "subject").unwrap_or_default();
        let plan = self.plans.entry((code, year)).or_default();
        plan.entry((rule, subject)).or_default().push(line);
    }

    /// Every answer, with the district's code, the fiscal year, the rule and the row that it is about.
    pub fn all(&self) -> impl Iterator<Item = (Option<&str>, i64, &str, &str, &Answer)> {
        self.plans.iter().flat_map(|((code, year), of_plan)| {
            of_plan.iter().flat_map(move |((rule, subject), lines)| {
                let answers = lines.iter().map(|line| &line.answer);
                answers.map(move |a| (code.as_deref(), *year, rule.as_str(), subject.as_str(), a))
            })
        })
    }

    /// The plan that a review is of.
    fn plan(&self, review: &Review) -> Option<Plan> {
        let code = review.submitter();
        let told = !review.doubtful && (code.is_some() || !self.names_submitters);
        told.then_some((code.filter(|_| self.names_submitters), review.fiscal_year?))
    }

    /// Puts each answer that counts beside its finding, tells of those that do not, and says what is advised then.
    pub fn apply(&self, review: &mut Review) {
        let none = BTreeMap::new();
        let plan = self.plan(review);
        let lines = plan.and_then(|plan| self.plans.get(&plan)).unwrap_or(&none);
        let mut told = Vec::new();
        let mut met = BTreeSet::new();
        for finding in &mut review.findings {
            let Some(mark) = &finding.mark else {
                continue;
            };
            let key = (finding.rule.clone(), mark.subject.clone());
            let digest = mark.digest.clone();
            if let Some(lines) = lines.get(&key) {
                self.answer(finding, &digest, lines, &mut told);
            }
            met.insert(key);
        }
        for (key, lines) in lines.iter().filter(|(key, _)| !met.contains(*key)) {
            let open = lines.iter().filter(|line| !self.is_closed(&line.answer));
            told.extend(open.map(|line| Diagnostic::notice(&line.place, gone(key))));
        }
        told.sort_by(by_place);
        let after = review.recommendation.map(|_| {
            let after = Recommendation::of(review.still_worst());
            let words = wording(&self.steps, after, review.undecided.len());
            (after, words)
        });
        let memory = review.memory.get_or_insert_with(|| Memory::at(self.as_of));
        memory.after_answers = after;
        memory.told.extend(told);
    }

    /// Finds the answer to one finding among those to the same rule and row.
    fn answer(
        &self,
        finding: &mut Finding,
        digest: &str,
        lines: &[Line],
        told: &mut Vec<Diagnostic>,
    ) {
        let mut counting: Vec<&Line> = Vec::new();
        for line in lines.iter().filter(|line| !self.is_closed(&line.answer)) {
            match self.why_not(line, finding, digest) {
                None => counting.push(line),
                Some((why, is_mistake)) => {
                    let (answer, place) = (&line.answer, &line.place);
                    let who = format!("{} by {}", answer.verdict.name(), answer.by);
                    finding.not_counting.push(format!("{who}: {why}"));
                    let message = format!("the answer to `{}` does not count: {why}", finding.rule);
                    told.push(if is_mistake {
                        Diagnostic::error(place, message)
                    } else {
                        Diagnostic::notice(place, message)
                    });
                }
            }
        }
        match counting.as_slice() {
            [] => {}
            [only] => finding.answer = Some(only.answer.clone()),
            several => {
                let places: Vec<&str> = several.iter().map(|line| line.place.as_str()).collect();
                let why = format!(
                    "{} contradict one another: none counts until one is closed",
                    places.join(" and ")
                );
                let who: Vec<&str> = several.iter().map(|l| l.answer.by.as_str()).collect();
                let shown = format!(
                    "the answers by {} contradict one another",
                    who.join(" and ")
                );
                finding.not_counting.push(shown);
                let message = format!("the answers to `{}` do not count: {why}", finding.rule);
                let first = places.first().copied().unwrap_or_default();
                told.push(Diagnostic::error(first, message));
            }
        }
    }

    /// Why an answer does not count, and whether that is a mistake in it.
    fn why_not(&self, line: &Line, finding: &Finding, digest: &str) -> Option<(String, bool)> {
        let answer = &line.answer;
        if answer.on > self.as_of {
            let why = format!("it is of {}, after {}", answer.on, self.as_of);
            return Some((why, false));
        }
        if answer.finding != digest {
            let why =
                "it has lapsed, as the finding rests on other cells or figures now".to_owned();
            return Some((why, false));
        }
        if let Some(until) = answer.until.filter(|until| *until < self.as_of) {
            return Some((format!("it was good until the end of {until}"), false));
        }
        let why = answer.allowed(finding.severity).err()?;
        Some((why, true))
    }

    fn is_closed(&self, answer: &Answer) -> bool {
        answer.closed_on.is_some_and(|closed| closed <= self.as_of)
    }

    /// What is to be told of answers about plans that are not among these.
    pub fn about_others(&self, plans: &[(Option<String>, Option<i64>)]) -> Vec<Diagnostic> {
        let here: BTreeSet<Plan> = (plans.iter())
            .filter_map(|(code, year)| {
                Some((code.clone().filter(|_| self.names_submitters), (*year)?))
            })
            .collect();
        let others = self.plans.iter().filter(|(plan, _)| !here.contains(*plan));
        let told = others.filter_map(|((code, year), lines)| {
            let lines = lines.values().flatten();
            let open: Vec<&Line> = lines.filter(|l| !self.is_closed(&l.answer)).collect();
            let first = open.iter().min_by_key(|line| &line.place)?;
            let whose = code
                .as_ref()
                .map_or_else(String::new, |code| format!("{code}, "));
            let message = match open.len() {
                1 => format!("the answer matches nothing: {whose}fiscal year {year}, is not here"),
                n => format!("{n} answers match nothing: {whose}fiscal year {year}, is not here"),
            };
            Some(Diagnostic::notice(&first.place, message))
        });
        told.collect()
    }
}

impl Memory {
    /// A memory of nothing, at a day.
    pub(super) fn at(as_of: Date) -> Self {
        Memory {
            as_of,
            after_answers: None,
            determinations: Vec::new(),
            told: Vec::new(),
        }
    }
}

fn gone((rule, subject): &(String, String)) -> String {
    let of = if subject.is_empty() {
        String::new()
    } else {
        format!(" of `{subject}`")
    };
    format!("the answer matches nothing: `{rule}` finds nothing{of} now")
}

fn by_place(a: &Diagnostic, b: &Diagnostic) -> std::cmp::Ordering {
    (&a.place, &a.message).cmp(&(&b.place, &b.message))
}

/// The rows of what a finding of a review needs answered, by the names of their columns.
pub fn row_of<'r>(
    review: &'r Review,
    finding: &'r Finding,
    place: &str,
) -> Vec<(&'static str, String)> {
    let mark = finding.mark.as_ref();
    vec![
        ("district_code", review.submitter().unwrap_or_default()),
        (
            "plan_year",
            review
                .fiscal_year
                .map(|y| y.to_string())
                .unwrap_or_default(),
        ),
        ("revision", revision(review.revision)),
        ("rule", finding.rule.clone()),
        (
            "subject",
            mark.map(|m| m.subject.clone()).unwrap_or_default(),
        ),
        (
            "finding",
            mark.map(|m| m.digest.clone()).unwrap_or_default(),
        ),
        ("district", review.district.clone().unwrap_or_default()),
        ("severity", finding.severity.name().to_owned()),
        ("place", place.to_owned()),
        ("message", finding.message.clone()),
    ]
}

/// The columns of an answer, by their names.
pub fn row_of_answer(answer: &Answer) -> Vec<(&'static str, String)> {
    let date = |date: Option<Date>| date.map(|d| d.to_string()).unwrap_or_default();
    vec![
        ("answer", answer.verdict.name().to_owned()),
        ("reason", answer.reason.clone()),
        ("by", answer.by.clone()),
        (
            "approved_by",
            answer.approved_by.clone().unwrap_or_default(),
        ),
        ("on", answer.on.to_string()),
        ("until", date(answer.until)),
        ("closed_on", date(answer.closed_on)),
    ]
}

/// A file of answers with a row more; all else in it stays byte for byte. Fails, in words, where that cannot be done.
pub fn append(
    pack: &Pack,
    path: &str,
    bytes: &[u8],
    row: &[(&str, String)],
) -> Result<Vec<u8>, String> {
    super::sheet::append(pack, &COLUMNS, (path, bytes), row)
}

/// The number of a revision as files have it.
pub(super) fn revision(revision: Option<Decimal>) -> String {
    revision.map(crate::value::plain).unwrap_or_default()
}

/// A file of answers of these rows, ready to be filled in.
pub fn file(rows: &[Vec<(&'static str, String)>]) -> Vec<u8> {
    let header: Vec<&str> = header().collect();
    super::sheet::whole(&header, rows)
}
