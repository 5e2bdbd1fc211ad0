//! Words as a form's map writes them: case, spaces and hyphens aside, `*` for any run of characters.

use crate::diagnostic::fold;

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// As the map writes it.
    pub written: String,
    /// The folded parts between the stars.
    parts: Vec<String>,
}

impl Pattern {
    /// The pattern of a text.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        let end = if text.ends_with('*') {
            text
        } else {
            text.trim_end_matches([':', '.', ' '])
        };
        let parts = end.split('*').map(fold_part).collect();
        Pattern {
            written: text.to_owned(),
            parts,
        }
    }

    /// Whether it asks for anything at all.
    pub fn is_blank(&self) -> bool {
        self.parts.iter().all(String::is_empty)
    }

    /// The folded text that alone fits it, unless it has a star.
    pub(crate) fn exact(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether its words hold those of another, so that it says more.
    pub(crate) fn holds(&self, other: &Pattern) -> bool {
        let own = self.parts.join("");
        other.parts.iter().all(|part| own.contains(part.as_str()))
    }

    /// Whether a folded text fits it.
    pub(crate) fn fits(&self, folded: &str) -> bool {
        let Some((first, rest)) = self.parts.split_first() else {
            return false;
        };
        let Some((last, middle)) = rest.split_last() else {
            return folded == first;
        };
        let Some(inner) = folded.strip_prefix(first.as_str()) else {
            return false;
        };
        let Some(mut inner) = inner.strip_suffix(last.as_str()) else {
            return false;
        };
        for part in middle {
            let Some((_, behind)) = inner.split_once(part.as_str()) else {
                return false;
            };
            inner = behind;
        }
        true
    }
}

/// A part of a pattern, the gaps at its ends kept: `Total *` asks for a word behind the first.
fn fold_part(part: &str) -> String {
    let mut folded = fold(part);
    if folded.is_empty() {
        return folded;
    }
    if part.starts_with(char::is_whitespace) {
        folded.insert(0, '_');
    }
    if part.ends_with(char::is_whitespace) {
        folded.push('_');
    }
    folded
}

/// A text as patterns see it: folded, without the colon, star or full stop at its end.
pub(crate) fn folded(text: &str) -> String {
    fold(text.trim_end_matches([':', '*', ' ', '\u{a0}', '.']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_fits(pattern: &str, yes: &[&str], no: &[&str]) {
        let of = Pattern::new(pattern);
        for text in yes {
            assert!(of.fits(&folded(text)), "{pattern} {text}");
        }
        for text in no {
            assert!(!of.fits(&folded(text)), "{pattern} {text}");
        }
    }

    #[test]
    fn stars_stand_for_any_run() {
        assert_fits(
            "Object code",
            &["OBJECT-CODE:", " object  code", "Object\ncode"],
            &["Object", "Object codes"],
        );
        assert_fits("Total *", &["Total for 1.1"], &["Total", "Totals"]);
        assert_fits(
            "*reading*",
            &["The early reading grant", "Reading"],
            &["NET"],
        );
        assert_fits("a*b*c", &["abc", "a b c", "axxbyyc"], &["acb", "ab"]);
        assert_fits("*", &["", "x"], &[]);
        assert_fits("S.M.A.R.T.:", &["S.M.A.R.T", "s.m.a.r.t.:"], &["smart"]);
        assert_fits("ab*ba", &["abba"], &["aba"]);
    }
}
