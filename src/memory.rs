//! What is known of a plan from before: an earlier revision, last year's plan, the budget that was approved.

pub mod compare;
mod key;
mod link;
pub mod prior;
mod resolve;
