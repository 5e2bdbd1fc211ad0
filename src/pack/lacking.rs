//! What a fiscal year still lacks, and what an office may yet decide or confirm for it.

use std::sync::Arc;

use super::office::code_field;
use super::reference::number;
use super::year::in_year;
use super::{InForce, Pack, Param, Severity, Verification};
use crate::expr::first_keys;
use crate::expr::world::Visible;
use crate::schema::{Reference, Table, TableId};
use crate::table::{Cell, Rows};
use crate::value::{Decimal, Type, Value};

/// What a fiscal year lacks before everything in it can be judged, and what may be known or decided besides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacking {
    /// The fiscal year.
    pub year: i64,
    /// It is not among the years that the pack and its office file name.
    pub years: bool,
    /// Reference tables without the rows of the year.
    pub tables: Vec<LackingTable>,
    /// Parameters that a rule uses and that have no value.
    pub params: Vec<LackingParam>,
    /// Facts that the office records as they come in: nothing waits for them.
    pub facts: Vec<LackingTable>,
    /// Parameters that an office may set and that are off.
    pub off: Vec<LackingParam>,
    /// Clauses whose text nobody confirmed, so that a rule weighs less than it would.
    pub clauses: Vec<Capped>,
}

/// A reference table without rows that a year needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LackingTable {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub label: String,
    /// Who owes the rows.
    pub owed_by: String,
    /// Where its rows of other years come from.
    pub source: String,
    /// It has no row of the year at all.
    pub wholly: bool,
    /// Without it no plan of the year can be judged.
    pub stops: bool,
    /// The districts that have no row, each with its code and name; empty where rows are not by district.
    pub districts: Vec<(String, String)>,
    /// How many districts are expected.
    pub expected: usize,
}

/// A parameter without a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LackingParam {
    /// Its name.
    pub name: String,
    /// What it is.
    pub title: String,
    /// Whether an office may set it.
    pub policy: bool,
}

/// A clause whose text nobody confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capped {
    /// Its key.
    pub key: String,
    /// How it is cited.
    pub citation: String,
    /// The rules that would weigh more: each with what it weighs, and what it would.
    pub rules: Vec<(String, Severity, Severity)>,
}

impl Lacking {
    /// Whether the year lacks nothing.
    pub fn is_empty(&self) -> bool {
        !self.years && self.tables.is_empty() && self.params.is_empty()
    }

    /// Whether no plan of the year can be judged.
    fn stops(&self) -> bool {
        self.years || !self.params.is_empty() || self.tables.iter().any(|t| t.stops)
    }

    /// What is lacking altogether, in a few words.
    fn words(&self) -> String {
        let tables = self.tables.iter().filter(|t| t.wholly);
        let tables = tables.map(|t| format!("`{}` (reference table)", t.name));
        let params = self.params.iter().map(|p| format!("`param.{}`", p.name));
        let rest = tables.chain(params).collect::<Vec<_>>().join(", ");
        match (self.years, rest.is_empty()) {
            (true, true) => "`years`".to_owned(),
            (true, false) => format!("`years` and {rest}"),
            (false, _) => rest,
        }
    }
}

impl Pack {
    /// Whether plans of a fiscal year can be judged: it is one of the pack's own, or an office has added it with all that
    /// no plan can be judged without.
    pub fn covers(&self, year: i64) -> bool {
        let within = |(from, until): (i64, i64)| (from..=until).contains(&year);
        within(self.own_years()) || (within(self.years) && !self.lacking(year).stops())
    }

    /// Why a fiscal year is not covered.
    pub fn why_not_covered(&self, year: i64) -> String {
        let (from, until) = self.years;
        let lacking = self.lacking(year);
        let covered = if lacking.years {
            format!("the pack covers fiscal years {from} to {until}; ")
        } else {
            String::new()
        };
        format!(
            "{covered}for {year} an office file must supply {}",
            lacking.words()
        )
    }

    /// What a fiscal year lacks.
    pub fn lacking(&self, year: i64) -> Lacking {
        let mut lacking = Lacking {
            year,
            years: !(self.years.0..=self.years.1).contains(&year),
            clauses: self.capped(year),
            ..Lacking::default()
        };
        let expected = self.expected_in(year);
        for (at, rows) in self.references.iter().enumerate() {
            let id = self.schema.submission + at;
            let table = self.schema.tables.get(id);
            let Some((table, reference)) = table.and_then(|t| Some((t, t.reference.as_ref()?)))
            else {
                continue;
            };
            if let Some(lack) = self.lacking_table((id, table, reference), rows, &expected, year) {
                let is_fact = reference.complete && reference.dated.is_none();
                let list = if is_fact {
                    &mut lacking.facts
                } else {
                    &mut lacking.tables
                };
                list.push(lack);
            }
        }
        let used = |at: usize| {
            let mut rules = self.rules.iter().filter(|r| in_year(r, year).is_some());
            rules.any(|r| r.uses.params.iter().any(|(p, ..)| *p == at))
        };
        let of = |param: &Param| LackingParam {
            name: param.name.clone(),
            title: param.title.clone(),
            policy: param.policy,
        };
        for (_, param) in self.params.iter().enumerate().filter(|(at, _)| used(*at)) {
            match param.value_in(year).map(|dated| &dated.value) {
                None => lacking.params.push(of(param)),
                Some(Value::Null) if param.policy => lacking.off.push(of(param)),
                Some(_) => {}
            }
        }
        lacking
    }

    /// What a table lacks in a year: every row, or those of some districts.
    fn lacking_table(
        &self,
        of: (TableId, &Table, &Reference),
        rows: &Arc<Rows>,
        expected: &[(String, String)],
        year: i64,
    ) -> Option<LackingTable> {
        let (id, table, reference) = of;
        let is_year = |f: &&usize| table.fields.get(**f).is_some_and(|f| f.ty == Type::Year);
        let by_year = reference.key.iter().find(is_year).copied();
        if by_year.is_none() && (reference.dated.is_none() || rows.is_absent()) {
            return None;
        }
        let visible = Visible::new(&self.schema, id, rows, &self.texts, year);
        let in_force = visible
            .in_force
            .iter()
            .filter_map(|row| usize::try_from(*row).ok());
        let of_year = |row: &usize| {
            by_year.is_none_or(|f| number(rows, *row, f) == Some(Decimal::from(year)))
        };
        let there: Vec<usize> = in_force.filter(of_year).collect();
        let by_district = code_field(self, table).filter(|f| reference.key.contains(f));
        let has_row = |code: &str| {
            there.iter().any(|&row| {
                by_district.is_some_and(|f| rows.cell(row, f, &self.texts) == Cell::Text(code))
            })
        };
        let districts: Vec<(String, String)> = match by_district {
            Some(_) => expected
                .iter()
                .filter(|(code, _)| !has_row(code))
                .cloned()
                .collect(),
            None => Vec::new(),
        };
        // Who stands in a dated table that is complete is an answer; nobody at all is none.
        let some_lack = by_year.is_some() && !districts.is_empty();
        let source = self.sources.iter().find(|s| s.key == reference.source);
        (there.is_empty() || some_lack).then(|| LackingTable {
            name: table.name.clone(),
            label: table.label.clone(),
            owed_by: reference.owed_by.clone(),
            source: source.map_or_else(String::new, |s| s.citation.clone()),
            wholly: there.is_empty(),
            stops: there.is_empty() && reference.complete && reference.dated.is_some(),
            expected: if by_district.is_some() {
                expected.len()
            } else {
                0
            },
            districts,
        })
    }

    /// The districts that are expected to submit in a year, each with its code and name; while nobody is named for it,
    /// those of the last year for which somebody is.
    pub(crate) fn expected_in(&self, year: i64) -> Vec<(String, String)> {
        let Some(expected) = &self.expected else {
            return Vec::new();
        };
        let (first, last) = self.years;
        let earlier = (first..=last).rev().filter(|y| *y < year);
        let codes = std::iter::once(year)
            .chain(earlier)
            .map(|year| first_keys(expected, &self.schema, &InForce::new(self, year).world))
            .find(|codes| !codes.is_empty())
            .unwrap_or_default();
        let name = |code: &str| self.district_name(code, Some(year)).unwrap_or_default();
        codes
            .into_iter()
            .map(|code| (code.clone(), name(&code)))
            .collect()
    }

    /// The unconfirmed clauses that keep a rule of the year from weighing what it would.
    fn capped(&self, year: i64) -> Vec<Capped> {
        let capped = |at: usize| {
            let rules = self
                .rules
                .iter()
                .filter(|r| in_year(r, year).is_some() && r.cites.contains(&at));
            let more = rules.filter_map(|r| Some((r.id.clone(), r.severity, r.verified_severity?)));
            more.filter(|(_, now, then)| now < then).collect::<Vec<_>>()
        };
        let unread = |(_, s): &(usize, &super::Source)| s.verification == Verification::Unconfirmed;
        let sources = self.sources.iter().enumerate().filter(unread);
        let found = sources.map(|(at, source)| Capped {
            key: source.key.clone(),
            citation: source.citation.clone(),
            rules: capped(at),
        });
        found.filter(|c| !c.rules.is_empty()).collect()
    }
}
