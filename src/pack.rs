//! A pack: one body of policy, loaded from TOML with everything in it checked.

mod case;
mod embedded;
mod form;
mod load;
mod office;
mod param;
mod rule;
mod schema;
mod source;
mod spanned;
mod year;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use case::{Case, CaseKind, Expected};
pub use embedded::{embedded, embedded_ids, load_embedded};
pub use load::load;
pub use office::apply_office;
pub(crate) use office::merge;
pub use param::{Dated, Param};
pub use rule::{Audience, Basis, Body, Edition, Part, Rule, Severity, Subjects, Template, Test};
pub use source::{Source, Verification};
pub use year::{Current, InForce};

use crate::diagnostic::Mistake;
use crate::expr::{Expr, Ty};
use crate::intake::map::FormMap;
use crate::schema::{FieldId, Schema, TableId};
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
    /// The tables of every report.
    pub summaries: Vec<Summary>,
    /// The rows of each reference table.
    pub(crate) references: Vec<Arc<Rows>>,
    /// The texts of the reference tables.
    pub(crate) texts: Texts,
    /// `sha256:` and the digest of its files.
    pub digest: String,
    /// The digest of the office file that overlays it.
    pub office: Option<String>,
    /// The name of that office file or folder.
    pub office_name: Option<String>,
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

    /// The rule of an id.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|r| r.id == id)
    }

    /// Whether it covers a fiscal year.
    pub fn covers(&self, year: i64) -> bool {
        (self.years.0..=self.years.1).contains(&year)
    }

    /// What an office must supply before a fiscal year can be judged: reference tables without a row for it, and
    /// parameters without a value.
    pub fn lacking(&self, year: i64) -> Vec<String> {
        use crate::value::Type;
        let mut lacking = Vec::new();
        for (at, rows) in self.references.iter().enumerate() {
            let table = self.schema.submission + at;
            let Some((t, reference)) = self
                .schema
                .tables
                .get(table)
                .and_then(|t| Some((t, t.reference.as_ref()?)))
            else {
                continue;
            };
            if rows.is_absent() {
                continue;
            }
            let by_year = reference
                .key
                .iter()
                .copied()
                .find(|&f| t.fields.get(f).is_some_and(|f| f.ty == Type::Year));
            let visible =
                crate::expr::world::Visible::new(&self.schema, table, Arc::clone(rows), Some(year));
            let none = match by_year {
                Some(field) => !(0..rows.len())
                    .any(|row| crate::value::parse_year(rows.raw(row, field)) == Some(year)),
                None => reference.dated.is_some() && visible.in_force.is_empty(),
            };
            if none {
                lacking.push(format!("`{}` (reference table)", t.name));
            }
        }
        let used = |at: usize| {
            self.rules.iter().any(|r| {
                year::in_year(r, year).is_some() && r.uses.params.iter().any(|(p, ..)| *p == at)
            })
        };
        let params = self
            .params
            .iter()
            .enumerate()
            .filter(|(at, p)| used(*at) && p.value_in(year).is_none());
        lacking.extend(params.map(|(_, p)| format!("`param.{}`", p.name)));
        lacking
    }

    /// The rows of a reference table.
    pub(crate) fn reference(&self, table: TableId) -> Option<&Arc<Rows>> {
        table
            .checked_sub(self.schema.submission)
            .and_then(|at| self.references.get(at))
    }
}
