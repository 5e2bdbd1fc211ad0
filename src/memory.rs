//! What people decided, and what is kept of it: answers to findings, determinations on plans, records of reviews.

pub mod answers;
pub mod decisions;
pub mod record;
mod sheet;
