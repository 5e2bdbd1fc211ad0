//! What rule authors run: the cases of rules, goldens of whole reviews, what rests on what, what a change changes.

pub mod cases;
pub mod impact;
pub mod skeleton;
pub mod trace;
