//! Submissions as files in the pack's own form, for people to look at and to go on with, and the empty workbook that they are written in.

pub mod own;
pub mod template;
