//! What was found, as bytes for people and programs. Printers add nothing and sum nothing.

pub mod answers;
pub mod archive;
pub mod compare;
pub mod csv;
pub mod edges;
pub mod github;
pub mod html;
pub mod impact;
pub mod intake;
pub mod json;
pub mod junit;
pub mod letter;
pub mod lint;
pub(crate) mod location;
pub mod markdown;
pub mod missing;
pub mod mistake;
pub mod mutate;
pub mod repair;
pub mod rules;
pub mod sarif;
pub mod schemas;
mod sentence;
pub mod test;
pub mod text;
pub mod trace;
pub(crate) mod words;
pub mod xlsx;

use schemars::JsonSchema;
use serde::Serialize;

use crate::neutral::clean;
use crate::pack::Pack;

/// A value as JSON, indented by two spaces, with a line break at the end.
fn json_text(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// A pack in reports for programs.
#[derive(Serialize, JsonSchema)]
struct PackOut<'a> {
    id: &'a str,
    version: &'a str,
    digest: &'a str,
    office: Option<&'a str>,
}

impl<'a> PackOut<'a> {
    fn of(pack: &'a Pack) -> Self {
        PackOut {
            id: &pack.id,
            version: &pack.version,
            digest: &pack.digest,
            office: pack.office.as_ref().map(|office| office.digest.as_str()),
        }
    }
}

/// A pack's id and version, and the office file that overlays it.
fn pack_name(pack: &Pack) -> String {
    let office = pack.office.as_ref();
    let office = office.map_or_else(String::new, |o| {
        format!(", with the office file {}", o.name)
    });
    clean(&format!("{} {}{office}", pack.id, pack.version))
}

/// A number of things: `1 rule`, `2 rules`.
fn counted(n: usize, thing: &str) -> String {
    if n == 1 {
        format!("1 {thing}")
    } else {
        format!("{n} {thing}s")
    }
}
