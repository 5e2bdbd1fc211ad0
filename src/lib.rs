//! accordant is a rules engine for plan compliance. It reads plans, judges them by packs of policy written in TOML, and
//! says what is wrong, where, by which clause. It knows no policy of its own, and it only advises: a person decides.
//!
//! A cell's walk, from a district's file to a report:
//!
//! ```text
//! budget.csv ──read──▶ Submission ──evaluate──▶ Review ──report──▶ text, JSON
//!  bytes      cells    typed columns  outcomes   findings with
//!             by type  and places     by rule    evidence, places
//! ```
//!
//! A rule's walk, from its author's file to a judgement:
//!
//! ```text
//! rule.toml ──pack──▶ Pack ──InForce──▶ rules of one year ──evaluate──▶ Review
//!  spans      names,   all   reference
//!             types    mistakes tables, parameters
//! ```
//!
//! - [`value`], [`diagnostic`]: exact values; mistakes and their places.
//! - [`schema`], [`table`], [`submission`]: what a plan may hold, and what one holds.
//! - [`read`]: bytes to submissions; names come from the schema, the disk stays outside.
//! - [`intake`]: foreign spreadsheets to submissions, by the maps of a pack.
//! - [`expr`]: the expression language, a typed subset of FEEL, evaluated on whole columns.
//! - [`pack`]: TOML to a [`pack::Pack`] that cannot fail to evaluate; one year of it is a [`pack::InForce`].
//! - [`evaluate`], [`batch`], [`review`]: judging one submission, and many; what is said of them.
//! - [`neutral`]: what others wrote, made harmless for spreadsheets and terminals.
//! - [`report`]: reviews and mistakes as bytes.
//! - [`memory`]: what people decided; what is kept of it, as records and in an archive; two submissions held against each other, and what an
//!   earlier one says.
//! - [`workbook`]: submissions as files that people can fill in further, and as they were sent, with what was found.
//! - [`repair`]: the least change of amounts with which a submission passes.
//! - [`author`]: what rule authors run.

pub mod author;
pub mod batch;
pub mod diagnostic;
pub mod evaluate;
mod evidence;
pub mod expr;
mod hash;
pub mod intake;
pub mod memory;
pub mod neutral;
pub mod pack;
pub mod read;
pub mod repair;
pub mod report;
pub mod review;
pub mod schema;
pub mod submission;
pub mod table;
pub mod value;
pub mod workbook;

// The twin walks the typed tree, which is no part of the API: it is mounted here so that none grows for it.
#[cfg(test)]
#[path = "../tests/twin/mod.rs"]
mod twin;
