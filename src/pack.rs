//! A pack: one body of policy, loaded from TOML with everything in it checked.

mod accept;
mod case;
mod embedded;
mod form;
mod lacking;
mod late;
mod letter;
mod links;
mod load;
mod office;
mod param;
mod places;
mod reference;
mod rule;
mod schema;
pub mod shape;
mod source;
mod spanned;
mod summary;
mod template;
mod words;
mod year;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use accept::Accept;
pub(crate) use case::own_place;
pub use case::{Case, CaseKind, Expected, Reason};
pub use embedded::{embedded, embedded_ids, load_embedded, load_embedded_to_judge};
pub use lacking::{Capped, Lacking, LackingParam, LackingTable};
pub use letter::{Letter, LetterWords};
pub use links::{Link, Links};
pub use load::load;
pub use office::{Contact, Office, apply_office, new_office};
pub use param::{Dated, Param};
pub(crate) use places::Places;
pub(crate) use reference::{cell_text, merge};
pub(crate) use rule::Comparison;
pub use rule::{
    Audience, Basis, Body, Edition, Equivalent, Part, Rule, Severity, Subjects, Template, Test,
};
pub use source::{Reading, Source, Verification};
pub(crate) use spanned::bytes_inside;
pub use summary::{Chart, Layout, Nested, Summary};
pub use template::{CheckBody, Fill, TemplateCheck, TemplateSpec};
pub use words::{Words, capitalised};
pub use year::{Current, InForce};

use self::late::{Late, Unread};
use crate::diagnostic::Mistake;
use crate::expr::{Expr, Ty};
use crate::intake::Forms;
use crate::intake::map::FormMap;
use crate::read::PlanKey;
use crate::schema::{Codes, FieldId, Schema, TableId};
use crate::table::{Rows, Texts};
use crate::value::plain;

/// The files of a pack or of an office, by their path within its folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// One body of policy.
#[derive(Debug, Clone)]
pub struct Pack {
    /// Its id, which is its folder's name.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// Whose policy it is.
    pub authority: String,
    /// Its version.
    pub version: String,
    /// The first and the last fiscal year that it covers.
    pub years: (i64, i64),
    /// What its submissions and reference tables hold.
    pub schema: Schema,
    /// What it cites, in the order of its file.
    pub sources: Vec<Source>,
    /// Its parameters, in the order of its file.
    pub params: Vec<Param>,
    /// Their names and types.
    pub(crate) param_types: Vec<(String, Ty)>,
    /// Its rules, by id.
    pub rules: Vec<Rule>,
    /// Its maps of foreign spreadsheets.
    forms: Late<Vec<FormMap>>,
    /// The fields that identify a submission.
    pub identity: Identity,
    /// The districts that are expected to submit, if it says.
    pub expected: Option<Expr>,
    /// The words for `approve`, `approve-with-conditions`, `return-for-revision` and `escalate-to-commissioner`.
    pub steps: [String; 4],
    /// What it calls a submission and whoever submits it.
    pub words: Words,
    /// The tables of every report.
    pub summaries: Vec<Summary>,
    /// What it says of letters.
    pub letter: Letter,
    /// How two submissions of one submitter hang together.
    pub links: Links,
    /// What it says of the empty workbook.
    template: Late<TemplateSpec>,
    /// The rows of each reference table.
    pub(crate) references: Vec<Arc<Rows>>,
    /// The texts of the reference tables.
    pub(crate) texts: Arc<Texts>,
    /// `sha256:` and the digest of its files.
    pub digest: String,
    /// The office file that overlays it.
    pub office: Option<Office>,
    /// The lints that its author accepts.
    pub accepted: Vec<Accept>,
    /// What its author should look at.
    pub warnings: Vec<Mistake>,
    /// The text of each file, when there are warnings to draw in them.
    pub warned_files: BTreeMap<String, String>,
}

/// The fields that identify a submission.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The table that holds them: `plan`.
    pub table: TableId,
    /// The district's code.
    pub code: Option<FieldId>,
    /// The district's name.
    pub name: Option<FieldId>,
    /// The fiscal year.
    pub year: FieldId,
    /// The reference table of all districts.
    pub directory: Option<TableId>,
}

impl Identity {
    /// Whether a submission says who submits it: by a code, or by a name.
    pub fn names_submitters(&self) -> bool {
        self.code.is_some() || self.name.is_some()
    }
}

/// Why a pack or an office file did not load: every mistake of every file, and the files, to draw them in.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Every mistake.
    pub mistakes: Vec<Mistake>,
    /// The text of each file that has one.
    pub files: BTreeMap<String, String>,
}

impl Pack {
    /// The names that an expression outside any rule may use.
    pub fn scope(&self) -> crate::expr::Scope<'_> {
        crate::expr::Scope::new(&self.schema, &self.param_types)
    }

    /// Its maps of foreign spreadsheets, with what they read into.
    pub fn forms(&self) -> Forms<'_> {
        Forms {
            schema: &self.schema,
            key: self.key(),
            maps: self.forms.get(|unread| self.read_forms(unread)),
        }
    }

    fn read_forms(&self, unread: &[Unread]) -> Vec<FormMap> {
        let sources: Vec<&str> = self.sources.iter().map(|s| s.key.as_str()).collect();
        let read = |map: &Unread| map.read(|doc| form::read(doc, &map.id, &self.schema, &sources));
        unread.iter().filter_map(read).collect()
    }

    /// What it says of the empty workbook.
    pub fn template(&self) -> &TemplateSpec {
        self.template.get(|unread| {
            let scope = self.scope();
            let rules = template::Rules {
                read: &self.rules,
                lost: &[],
            };
            let said = unread
                .iter()
                .find_map(|file| file.read(|doc| template::read_alone(doc, &scope, rules)));
            said.unwrap_or_default()
        })
    }

    /// Reads what is read when it is asked for: it rests on the pack as it is by itself.
    fn read_rest(&self) {
        self.forms();
        self.template();
    }

    /// The fields that tell its submissions apart.
    pub fn key(&self) -> PlanKey {
        let identity = &self.identity;
        PlanKey {
            code: identity.code,
            name: identity.name,
            year: Some(identity.year),
        }
    }

    /// Whether another pack makes the same submissions of the same files.
    pub fn reads_as(&self, other: &Pack) -> bool {
        self.schema == other.schema
            && self.identity == other.identity
            && self.forms().maps == other.forms().maps
    }

    /// The rule of an id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id == id)
    }

    /// The names of all districts, if it has them.
    pub fn directory(&self) -> Option<&Codes> {
        let plan = self.schema.tables.get(self.identity.table)?;
        plan.fields.get(self.identity.code?)?.codes.as_deref()
    }

    /// The code of a district by its code, its name or any other name that the pack lists.
    pub fn district_code(&self, name: &str) -> Option<&str> {
        self.directory()?.find(name)
    }

    /// What a district is called in a fiscal year: in the row of the directory that is in force then, else in the latest.
    pub fn district_name(&self, code: &str, year: Option<i64>) -> Option<String> {
        let dated = self.identity.directory.and_then(|directory| {
            let table = self.schema.tables.get(directory)?;
            let (reference, rows) = (table.reference.as_ref()?, self.reference(directory)?);
            let (key, ..) = reference::code_fields(table);
            let is_it =
                |row: &usize| reference::cell_text(rows, *row, key, &self.texts) == Some(code);
            let holds = |row: &usize| {
                year.is_some_and(|year| reference::is_in_force(reference, rows, *row, year))
            };
            let latest = |row: &usize| reference::years_of(reference, rows, *row).0;
            let of_code = || (0..rows.len()).filter(is_it);
            let row = of_code()
                .find(holds)
                .or_else(|| of_code().max_by_key(latest))?;
            let names = reference::names_of(table, rows, row, &self.texts);
            names.first().map(|name| (*name).to_owned())
        });
        dated.or_else(|| Some(self.directory()?.label(code)?.to_owned()))
    }

    /// In which years a code stands in a list of codes, in words; `None` where it does in the given year, or never.
    pub(crate) fn years_in_list(&self, list: TableId, code: &str, year: i64) -> Option<String> {
        let table = self.schema.tables.get(list)?;
        let (reference, rows) = (table.reference.as_ref()?, self.reference(list)?);
        let (key, ..) = reference::code_fields(table);
        let is_it = |row: &usize| reference::cell_text(rows, *row, key, &self.texts) == Some(code);
        let found: Vec<usize> = (0..rows.len()).filter(is_it).collect();
        if found
            .iter()
            .any(|&row| reference::is_in_force(reference, rows, row, year))
        {
            return None;
        }
        let years = found
            .iter()
            .map(|&row| reference::years_of(reference, rows, row));
        let before = years.clone().filter_map(|(_, until)| until);
        let before = before.filter(|until| *until < year.into()).max();
        let after = years.filter_map(|(from, _)| from);
        let after = after.filter(|from| *from > year.into()).min();
        match (before.map(plain), after.map(plain)) {
            (Some(until), Some(from)) => {
                Some(format!("until {until} and from {from} on, not in {year}"))
            }
            (Some(until), None) => Some(format!("until {until} only")),
            (None, Some(from)) => Some(format!("from {from} on only")),
            (None, None) => None,
        }
    }

    /// The fiscal years that it covers by itself, without an office file.
    pub fn own_years(&self) -> (i64, i64) {
        self.office.as_ref().map_or(self.years, |o| o.pack_years)
    }

    /// The rows of a reference table.
    pub(crate) fn reference(&self, table: TableId) -> Option<&Arc<Rows>> {
        table
            .checked_sub(self.schema.submission)
            .and_then(|at| self.references.get(at))
    }
}
