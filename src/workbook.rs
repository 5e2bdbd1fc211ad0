//! Submissions as files: in the pack's own form, for people to look at and to go on with; as they were sent, with what was found in
//! them; and the empty workbook that they are written in.

pub mod annotate;
pub mod own;
pub mod template;
