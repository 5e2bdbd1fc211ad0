//! What changed in a text, word by word.

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// The most words of a text that is shown word by word; a longer one is shown as a whole.
const MOST_WORDS: usize = 2_000;

/// A run of words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// In both.
    Same(String),
    /// In the earlier text alone.
    Gone(String),
    /// In the later text alone.
    New(String),
}

/// The words of both texts in one run; none where they have no word in common, where only spaces differ, or where a text is too
/// long for it.
pub(super) fn pieces(old: &str, new: &str) -> Vec<Piece> {
    let old: Vec<&str> = old.split_whitespace().collect();
    let new: Vec<&str> = new.split_whitespace().collect();
    if old == new || old.len().max(new.len()) > MOST_WORDS {
        return Vec::new();
    }
    let run = |words: &[&str], from: usize, len: usize| {
        let words = words.get(from..from + len).unwrap_or_default();
        words.join(" ")
    };
    let mut pieces = Vec::new();
    for step in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (_, gone, come) = step.as_tag_tuple();
        if let DiffOp::Equal { .. } = step {
            pieces.push(Piece::Same(run(&old, gone.start, gone.len())));
            continue;
        }
        if !gone.is_empty() {
            pieces.push(Piece::Gone(run(&old, gone.start, gone.len())));
        }
        if !come.is_empty() {
            pieces.push(Piece::New(run(&new, come.start, come.len())));
        }
    }
    let is_same = |piece: &Piece| matches!(piece, Piece::Same(_));
    if pieces.iter().any(is_same) {
        pieces
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(pieces: &[Piece]) -> String {
        let words = pieces.iter().map(|piece| match piece {
            Piece::Same(words) => words.clone(),
            Piece::Gone(words) => format!("[-{words}-]"),
            Piece::New(words) => format!("{{+{words}+}}"),
        });
        words.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_that_changed_are_marked() {
        let pieces = pieces("a coach for grade 3", "two coaches for grade 3 and 4");
        assert_eq!(
            shown(&pieces),
            "[-a coach-] {+two coaches+} for grade 3 {+and 4+}"
        );
    }

    #[test]
    fn spaces_are_no_words() {
        assert_eq!(pieces("a  b", "a b"), []);
        assert_eq!(pieces("one", "two"), []);
    }

    proptest! {
        #[test]
        fn both_texts_can_be_read_in_the_pieces(old in "[ab c]{0,30}", new in "[ab c]{0,30}") {
            let pieces = pieces(&old, &new);
            prop_assume!(!pieces.is_empty());
            let side = |mine: fn(&Piece) -> Option<&String>| -> Vec<String> {
                let words = pieces.iter().filter_map(mine);
                words.flat_map(|w| w.split_whitespace()).map(str::to_owned).collect()
            };
            let of_old = side(|p| match p { Piece::Same(w) | Piece::Gone(w) => Some(w), Piece::New(_) => None });
            let of_new = side(|p| match p { Piece::Same(w) | Piece::New(w) => Some(w), Piece::Gone(_) => None });
            prop_assert_eq!(of_old, old.split_whitespace().collect::<Vec<_>>());
            prop_assert_eq!(of_new, new.split_whitespace().collect::<Vec<_>>());
        }
    }
}
