//! Submissions as files in the pack's own form, for people to look at and to go on with; and their own, with what was found in them.

pub mod annotate;
pub mod own;
