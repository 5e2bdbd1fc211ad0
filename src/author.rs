//! What rule authors run: the cases of rules, and goldens of whole reviews.

pub mod cases;
mod draft;
pub mod edges;
pub mod mutate;
pub mod prepared;
pub mod trace;
mod vary;
