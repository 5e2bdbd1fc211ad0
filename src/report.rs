//! What was found, as bytes for people and programs. Printers add nothing and sum nothing.

pub mod intake;
pub mod json;
pub mod missing;
pub mod mistake;
pub mod rules;
pub mod text;
