//! A naive twin of the evaluator, and the properties that hold the two together.
//!
//! - [`number`], [`feel`]: exact numbers; FEEL's operators and functions of values that are known.
//! - [`plain`]: the typed tree, walked one row at a time, for plans in which nothing is unknown.
//! - [`bounds`]: the same where cells are unknown: what can be told all the same.
//! - [`generate`], [`packs`]: random expressions and plans, as text; the pack that they are made for.
//! - [`properties`]: the evaluator against the twin; [`soundness`]: whole reviews before and after cells are filled in.

mod bounds;
mod feel;
mod generate;
mod number;
mod packs;
mod plain;
mod properties;
mod soundness;
