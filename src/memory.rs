//! What is remembered of plans: what people decided and what is kept of it, and what was known before: an earlier revision, last
//! year's plan, the budget that was approved.

pub mod answers;
pub mod archive;
pub mod compare;
pub mod decisions;
mod key;
mod link;
pub mod prior;
pub mod record;
mod resolve;
mod sheet;
