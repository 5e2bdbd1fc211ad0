//! What rule authors run: the cases of rules, goldens of whole reviews, what rests on what, what a change changes.

pub mod cases;
pub mod coverage;
mod draft;
pub mod edges;
pub mod goldens;
pub mod impact;
pub mod lint;
pub mod mutate;
pub mod prepared;
pub mod run;
pub mod skeleton;
pub mod trace;
mod vary;
