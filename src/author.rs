//! What rule authors run: the cases of rules, and goldens of whole reviews.

pub mod cases;
pub mod prepared;
pub mod trace;
