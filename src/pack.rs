//! A pack: one body of policy, loaded from TOML with everything in it checked.

mod case;
mod embedded;
mod form;
mod lacking;
mod load;
mod office;
mod param;
mod reference;
mod rule;
mod schema;
mod source;
mod spanned;
mod words;
mod year;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use case::{Case, CaseKind, Expected};
pub use embedded::{embedded, embedded_ids, load_embedded};
pub use lacking::{Capped, Lacking, LackingParam, LackingTable};
pub use load::load;
pub use office::{Contact, Office, apply_office, new_office};
pub use param::{Dated, Param};
pub(crate) use reference::merge;
pub use rule::{Audience, Basis, Body, Edition, Part, Rule, Severity, Subjects, Template, Test};
pub use source::{Reading, Source, Verification};
pub use words::{Words, capitalised};
pub use year::{Current, InForce};

use crate::diagnostic::Mistake;
use crate::expr::{Expr, Ty};
use crate::intake::Forms;
use crate::intake::map::FormMap;
use crate::read::PlanKey;
use crate::schema::{Codes, FieldId, Schema, TableId};
use crate::table::{Rows, Texts};

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
    pub forms: Vec<FormMap>,
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
    /// The rows of each reference table.
    pub(crate) references: Vec<Arc<Rows>>,
    /// The texts of the reference tables.
    pub(crate) texts: Texts,
    /// `sha256:` and the digest of its files.
    pub digest: String,
    /// The office file that overlays it.
    pub office: Option<Office>,
    /// What its author should look at.
    pub warnings: Vec<Mistake>,
    /// The text of each file, when there are warnings to draw in them.
    pub warned_files: BTreeMap<String, String>,
}

/// The fields that identify a submission.
#[derive(Debug, Clone, Default)]
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

/// A table of every report.
#[derive(Debug, Clone)]
pub struct Summary {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The rows it runs over.
    pub subjects: Subjects,
    /// Each column's header and value.
    pub columns: Vec<(String, Expr)>,
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
        let identity = &self.identity;
        Forms {
            schema: &self.schema,
            key: PlanKey {
                code: identity.code,
                name: identity.name,
                year: Some(identity.year),
            },
            maps: &self.forms,
        }
    }

    /// The rule of an id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id == id)
    }

    /// The names of all districts, if it has them.
    pub(crate) fn directory(&self) -> Option<&Codes> {
        let plan = self.schema.tables.get(self.identity.table)?;
        plan.fields.get(self.identity.code?)?.codes.as_ref()
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
