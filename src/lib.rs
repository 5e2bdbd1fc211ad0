//! accordant
pub mod author;
pub mod batch;
pub mod diagnostic;
pub mod evaluate;
mod evidence;
pub mod expr;
mod hash;
pub mod pack;
pub mod read;
pub mod report;
pub mod review;
pub mod schema;
pub mod submission;
pub mod table;
pub mod value;
