//! What was found, as bytes for people and programs. Printers add nothing and sum nothing.

pub mod intake;
pub mod json;
pub mod missing;
pub mod mistake;
pub mod rules;
pub mod text;
pub mod trace;

use crate::pack::Pack;

/// A pack's id and version, and the office file that overlays it.
fn pack_name(pack: &Pack) -> String {
    let office = pack.office.as_ref();
    let office = office.map_or_else(String::new, |o| {
        format!(", with the office file {}", o.name)
    });
    format!("{} {}{office}", pack.id, pack.version)
}

/// A number of things: `1 rule`, `2 rules`.
fn counted(n: usize, thing: &str) -> String {
    if n == 1 {
        format!("1 {thing}")
    } else {
        format!("{n} {thing}s")
    }
}
