//! What rule authors run: the cases of rules, and goldens of whole reviews.

pub mod cases;
pub mod goldens;
pub mod lint;
pub mod prepared;
pub mod run;
pub mod trace;
