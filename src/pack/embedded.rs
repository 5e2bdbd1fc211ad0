//! The packs that are part of the program.

use super::load::{Purpose, load_held};
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
    load_for(id, Purpose::Author)
}

/// The same, to judge by it alone: its rules come without their cases, which take longer to read than the rules; maps of forms and
/// the template are read when one asks for them.
pub fn load_embedded_to_judge(id: &str) -> Option<Result<Pack, Refused>> {
    load_for(id, Purpose::Judge)
}

fn load_for(id: &str, purpose: Purpose) -> Option<Result<Pack, Refused>> {
    let (_, digest, files) = PACKS.iter().find(|(name, ..)| *name == id)?;
    let held = files.iter().copied().collect();
    Some(load_held(id, &held, purpose, || (*digest).to_owned()))
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

    /// What a pack's files say, the rows of its tables apart.
    fn all_of(pack: &Pack) -> String {
        let (rules, params, sources) = (&pack.rules, &pack.params, &pack.sources);
        let (expected, summaries, letter) = (&pack.expected, &pack.summaries, &pack.letter);
        format!(
            "{rules:?} {params:?} {sources:?} {expected:?} {summaries:?} {letter:?} {:?} {:?}",
            pack.forms().maps,
            (pack.template(), &pack.warnings)
        )
    }

    #[test]
    fn without_its_cases_a_pack_is_the_same() {
        for id in embedded_ids() {
            let mut whole = load_embedded(id).unwrap().unwrap();
            assert!(whole.rules.iter().all(|rule| !rule.cases.is_empty()));
            for rule in &mut whole.rules {
                rule.cases.clear();
                rule.equivalents.clear();
            }
            let to_judge = load_embedded_to_judge(id).unwrap().unwrap();
            let (judges, whole) = (all_of(&to_judge), all_of(&whole));
            let same = judges
                .chars()
                .zip(whole.chars())
                .take_while(|(a, b)| a == b);
            let from = same.count().saturating_sub(200);
            let part = |text: &str| text.chars().skip(from).take(400).collect::<String>();
            assert!(judges == whole, "{}\n{}", part(&judges), part(&whole));
        }
    }
}
