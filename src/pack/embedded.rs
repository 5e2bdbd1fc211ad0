//! The packs that are part of the program.

use super::Files;

include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// The ids of the packs that are part of the program.
pub fn embedded_ids() -> impl Iterator<Item = &'static str> {
    PACKS.iter().map(|(id, _)| *id)
}

/// The files of a pack that is part of the program.
pub fn embedded(id: &str) -> Option<Files> {
    let (_, files) = PACKS.iter().find(|(name, _)| *name == id)?;
    Some(files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect())
}
