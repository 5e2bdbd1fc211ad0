//! What was decided on plans: determinations with their conditions, as a person recorded them. Nothing here infers one.

use std::collections::BTreeMap;

use super::sheet::{self, Column, Sheet, WHOSE};
use crate::diagnostic::Diagnostic;
use crate::pack::Pack;
use crate::read::sha256;
use crate::review::{Memory, Review, Whose};
use crate::submission::Input;
use crate::value::{Date, Decimal, Type};

/// What a person decided on a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The plan is approved.
    Approve,
    /// The plan is approved on conditions.
    ApproveWithConditions,
    /// The plan goes back.
    Return,
    /// The plan is not approved.
    NotApprove,
}

impl Decision {
    /// All of them.
    pub const ALL: [Decision; 4] = [
        Decision::Approve,
        Decision::ApproveWithConditions,
        Decision::Return,
        Decision::NotApprove,
    ];

    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Decision::Approve => "approve",
            Decision::ApproveWithConditions => "approve-with-conditions",
            Decision::Return => "return",
            Decision::NotApprove => "not-approve",
        }
    }

    /// What was decided, in words.
    pub fn words(self) -> &'static str {
        match self {
            Decision::Approve => "approved",
            Decision::ApproveWithConditions => "approved with conditions",
            Decision::Return => "returned",
            Decision::NotApprove => "not approved",
        }
    }

    /// Whether the plan is approved.
    pub fn is_approval(self) -> bool {
        matches!(self, Decision::Approve | Decision::ApproveWithConditions)
    }

    /// The decision of that name.
    pub fn of(name: &str) -> Option<Self> {
        Decision::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// A determination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Determination {
    /// What was decided.
    pub decision: Decision,
    /// The revision that it was decided on, if the plan has one.
    pub revision: Option<Decimal>,
    /// Who decided.
    pub by: String,
    /// When.
    pub on: Date,
    /// Why.
    pub reason: Option<String>,
    /// The digest of the record that it rests on.
    pub record: Option<String>,
    /// Its conditions.
    pub conditions: Vec<Condition>,
}

impl Determination {
    /// Whether it is on that revision, as far as it says.
    pub fn is_on(&self, revision: Option<Decimal>) -> bool {
        self.revision.is_none() || self.revision == revision
    }
}

/// A condition of a determination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What must be done.
    pub text: String,
    /// By when.
    pub due_on: Option<Date>,
    /// Where it was read: the file, and its row there.
    pub at: Option<(String, u32)>,
}

/// Whose plan a determination is on: the district's code and the fiscal year.
type Plan = (Option<String>, i64);

/// The determinations of some files.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    plans: BTreeMap<Plan, Vec<Determination>>,
    names_submitters: bool,
    /// The codes of districts by their names, in lower case.
    names: BTreeMap<String, String>,
    /// The files.
    pub inputs: Vec<Input>,
    /// What is wrong with the files.
    pub diagnostics: Vec<Diagnostic>,
}

/// What stands under `decision` in the row of a condition.
const CONDITION: &str = "condition";

/// The columns of a file of determinations.
const COLUMNS: [Column; 11] = [
    WHOSE[0],
    WHOSE[1],
    WHOSE[2],
    ("decision", Type::Code, &["determination"]),
    ("condition", Type::Text, &[]),
    ("due_on", Type::Date, &["due"]),
    ("reason", Type::Text, &[]),
    ("by", Type::Text, &["decided_by"]),
    ("on", Type::Date, &["decided_on"]),
    ("record", Type::Text, &["record_digest"]),
    ("district", Type::Text, &[]),
];

impl Decisions {
    /// Reads a file of determinations; every mistake is told.
    pub fn read(pack: &Pack, files: &[(String, Vec<u8>)]) -> Decisions {
        let mut decisions = Decisions {
            names_submitters: pack.identity.names_submitters(),
            ..Decisions::default()
        };
        for (path, bytes) in files {
            let mut codes = Decision::ALL.map(Decision::name).to_vec();
            codes.push(CONDITION);
            let codes = [("decision", codes)];
            let told = &mut decisions.diagnostics;
            let sheet = Sheet::read(pack, "decisions", &COLUMNS, &codes, (path, bytes), told);
            decisions.inputs.push(Input {
                path: path.clone(),
                rows: sheet.rows.len(),
                sha256: Some(sha256(bytes)),
            });
            for row in 0..sheet.rows.len() {
                if let Err((column, why)) = decisions.take_row(&sheet, row) {
                    let message = format!("the row was not taken: {why}");
                    let place = sheet.place(row, column);
                    decisions
                        .diagnostics
                        .push(Diagnostic::error(place, message));
                }
            }
        }
        decisions
    }

    fn take_row(&mut self, sheet: &Sheet, row: usize) -> Result<(), (&'static str, String)> {
        let blank = |column: &'static str| (column, format!("`{column}` is blank"));
        if sheet.is_unreadable(row) {
            return Err(("decision", "one of its cells cannot be read".to_owned()));
        }
        let code = sheet.text(row, "district_code");
        if code.is_none() && self.names_submitters {
            return Err(blank("district_code"));
        }
        let year = sheet
            .whole(row, "plan_year")
            .ok_or_else(|| blank("plan_year"))?;
        let decision = sheet
            .text(row, "decision")
            .ok_or_else(|| blank("decision"))?;
        if let Some((name, code)) = sheet.text(row, "district").zip(code.clone()) {
            self.names.insert(name.to_lowercase(), code);
        }
        let of_plan = self.plans.entry((code, year)).or_default();
        let Some(decision) = Decision::of(&decision) else {
            let text = sheet
                .text(row, "condition")
                .ok_or_else(|| blank("condition"))?;
            let due_on = sheet.date(row, "due_on");
            let Some(last) = of_plan.last_mut() else {
                let why = "no determination on the plan stands above its condition";
                return Err(("decision", why.to_owned()));
            };
            let path = sheet.rows.layout.path().to_owned();
            let at = sheet.rows.numbers.get(row).map(|number| (path, *number));
            last.conditions.push(Condition { text, due_on, at });
            return Ok(());
        };
        of_plan.push(Determination {
            decision,
            revision: sheet.number(row, "revision"),
            by: sheet.text(row, "by").ok_or_else(|| blank("by"))?,
            on: sheet.date(row, "on").ok_or_else(|| blank("on"))?,
            reason: sheet.text(row, "reason"),
            record: sheet.text(row, "record"),
            conditions: Vec::new(),
        });
        Ok(())
    }

    /// Puts what was decided by a day beside a review, the last first.
    pub fn apply(&self, review: &mut Review, as_of: Date) {
        let code = review.submitter().filter(|_| self.names_submitters);
        let plan = review.fiscal_year.map(|year| (code, year));
        let told = !review.doubtful;
        let Some(of_plan) = plan.filter(|_| told).and_then(|plan| self.plans.get(&plan)) else {
            return;
        };
        let memory = review.memory.get_or_insert_with(|| Memory::at(as_of));
        let decided = of_plan.iter().rev().filter(|d| d.on <= as_of);
        memory.determinations = decided.cloned().collect();
    }

    /// The approval of a submitter's plan of a fiscal year that stands at a day, and those that it replaces, the last first.
    pub fn approvals(&self, submitter: &str, year: i64, as_of: Date) -> Vec<&Determination> {
        let code = Some(submitter.to_owned()).filter(|_| self.names_submitters);
        let of_plan = self.plans.get(&(code, year)).map_or(&[][..], Vec::as_slice);
        let decided: Vec<&Determination> = of_plan.iter().filter(|one| one.on <= as_of).collect();
        approvals(&decided)
    }

    /// The conditions of the approval that stands which one more determination on the plan would put out of force.
    pub fn replaced_by(&self, whose: &Whose, new: &Determination) -> Vec<&Condition> {
        let submitter = whose.district_code.as_ref().or(whose.district.as_ref());
        let (Some(submitter), Some(year)) = (submitter, whose.fiscal_year) else {
            return Vec::new();
        };
        let approvals = self.approvals(submitter, year, new.on);
        let conditions = approvals
            .first()
            .map_or(&[][..], |of| of.conditions.as_slice());
        let is_repeated = |of: &&Condition| new.conditions.iter().any(|c| c.text == of.text);
        let replaced = conditions.iter().filter(|of| !is_repeated(of));
        replaced.filter(|_| new.decision.is_approval()).collect()
    }

    /// Every determination, with the district's code and the fiscal year of the plan.
    pub fn all(&self) -> impl Iterator<Item = (Option<&str>, i64, &Determination)> {
        self.plans.iter().flat_map(|((code, year), all)| {
            let code = code.as_deref();
            all.iter().map(move |decided| (code, *year, decided))
        })
    }

    /// The code of a district that something was decided on, by its code or name.
    pub fn code_of(&self, name: &str) -> Option<String> {
        let codes = self.plans.keys().filter_map(|(code, _)| code.as_ref());
        let named = self.names.get(&name.to_lowercase());
        codes
            .chain(named)
            .find(|code| *code == name || Some(*code) == named)
            .cloned()
    }

    /// The conditions of the approval of each plan of a fiscal year that stands: of one district, or of all.
    pub fn conditions(&self, year: i64, code: Option<&str>) -> Vec<(Option<&str>, &Condition)> {
        let plans = self.plans.iter().filter(|((of, y), _)| {
            *y == year && code.is_none_or(|code| of.as_deref() == Some(code))
        });
        let last = plans.filter_map(|((of, _), all)| {
            let all: Vec<&Determination> = all.iter().collect();
            Some((of.as_deref(), *approvals(&all).first()?))
        });
        let each = last.flat_map(|(of, d)| d.conditions.iter().map(move |c| (of, c)));
        each.collect()
    }
}

/// The approvals among determinations on one plan, the last first. What is decided last on a revision counts for it.
fn approvals<'d>(decided: &[&'d Determination]) -> Vec<&'d Determination> {
    let mut revisions = Vec::new();
    let mut last = decided.iter().rev().copied().collect::<Vec<_>>();
    last.retain(|one| {
        let is_last = !revisions.contains(&one.revision);
        revisions.push(one.revision);
        is_last && one.decision.is_approval()
    });
    last
}

/// A file of determinations with one more; all else in it stays byte for byte. Fails, in words, where that cannot be done.
pub fn append(
    pack: &Pack,
    file: (&str, &[u8]),
    whose: &Whose,
    determination: &Determination,
) -> Result<Vec<u8>, String> {
    let of_plan = || {
        vec![
            (
                "district_code",
                (whose.district_code.as_ref().or(whose.district.as_ref()))
                    .cloned()
                    .unwrap_or_default(),
            ),
            (
                "plan_year",
                whose.fiscal_year.map(|y| y.to_string()).unwrap_or_default(),
            ),
            ("revision", super::answers::revision(determination.revision)),
            ("district", whose.district.clone().unwrap_or_default()),
        ]
    };
    let mut row = of_plan();
    row.extend([
        ("decision", determination.decision.name().to_owned()),
        ("reason", determination.reason.clone().unwrap_or_default()),
        ("by", determination.by.clone()),
        ("on", determination.on.to_string()),
        ("record", determination.record.clone().unwrap_or_default()),
    ]);
    let mut rows = vec![row];
    rows.extend(determination.conditions.iter().map(|condition| {
        let mut row = of_plan();
        row.extend([
            ("decision", CONDITION.to_owned()),
            ("condition", condition.text.clone()),
            (
                "due_on",
                condition.due_on.map(|d| d.to_string()).unwrap_or_default(),
            ),
        ]);
        row
    }));
    let (path, bytes) = file;
    rows.iter().try_fold(bytes.to_vec(), |bytes, row| {
        sheet::append(pack, &COLUMNS, (path, &bytes), row)
    })
}

/// A whole file of these rows.
pub(super) fn file(pack: &Pack, rows: &[Vec<(&'static str, String)>]) -> Result<Vec<u8>, String> {
    rows.iter().try_fold(Vec::new(), |bytes, row| {
        sheet::append(pack, &COLUMNS, ("decisions.csv", &bytes), row)
    })
}

/// Conditions as the table `prior_conditions` of the next plan: of one district, or of all with the keys of statewide tables.
pub fn prior_conditions(conditions: &[(Option<&str>, &Condition)], next: Option<i64>) -> Vec<u8> {
    let row = |(code, condition): &(Option<&str>, &Condition)| {
        vec![
            ("district_code", code.unwrap_or_default().to_owned()),
            ("plan_year", next.map(|y| y.to_string()).unwrap_or_default()),
            ("condition", condition.text.clone()),
            (
                "due_on",
                condition.due_on.map(|d| d.to_string()).unwrap_or_default(),
            ),
        ]
    };
    let rows: Vec<_> = conditions.iter().map(row).collect();
    let columns = [
        "district_code",
        "plan_year",
        "condition",
        "due_on",
        "met",
        "evidence",
    ];
    let own = if next.is_some() { 0 } else { 2 };
    sheet::whole(columns.get(own..).unwrap_or_default(), &rows)
}
