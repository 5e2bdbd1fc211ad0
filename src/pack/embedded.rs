//! The packs that are part of the program.

use super::load::load_held;
use super::{Files, Pack, Refused};

include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// The ids of the packs that are part of the program.
pub fn embedded_ids() -> impl Iterator<Item = &'static str> {
    PACKS.iter().map(|(id, ..)| *id)
}

/// The files of a pack that is part of the program.
pub fn embedded(id: &str) -> Option<Files> {
    let (_, _, files) = PACKS.iter().find(|(name, ..)| *name == id)?;
    Some(
        files
            .iter()
            .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()))
            .collect(),
    )
}

/// Loads a pack that is part of the program; `None` when there is none of that id.
pub fn load_embedded(id: &str) -> Option<Result<Pack, Refused>> {
    let (_, digest, files) = PACKS.iter().find(|(name, ..)| *name == id)?;
    let held = files.iter().copied().collect();
    Some(load_held(id, &held, || (*digest).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::load;

    #[test]
    fn a_pack_has_one_digest_built_in_or_on_disk() {
        for id in embedded_ids() {
            let built_in = load_embedded(id).unwrap().unwrap();
            let on_disk = load(id, &embedded(id).unwrap()).unwrap();
            assert_eq!(built_in.digest, on_disk.digest);
        }
    }
}
