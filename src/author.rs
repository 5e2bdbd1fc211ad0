//! What rule authors run: the cases of rules, and goldens of whole reviews.

pub mod cases;
pub mod coverage;
pub mod goldens;
pub mod prepared;
pub mod run;
pub mod trace;
