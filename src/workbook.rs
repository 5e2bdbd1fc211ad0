//! Submissions as files in the pack's own form, for people to look at and to go on with.

pub mod own;
