//! What a pack calls a submission and whoever submits it.

use super::spanned::Keys;

/// What a pack calls a submission and whoever submits it, as a common noun each.
///
/// ```toml
/// [words]
/// submission = "register"   # absent: plan
/// submitter = "agency"      # absent: district
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// A submission.
    pub submission: String,
    /// Whoever submits it.
    pub submitter: String,
}

impl Default for Words {
    fn default() -> Self {
        Words {
            submission: "plan".to_owned(),
            submitter: "district".to_owned(),
        }
    }
}

impl Words {
    pub(crate) fn read(pack: &Keys<'_, '_>) -> Self {
        let plain = Words::default();
        let Some(of) = pack.table("words") else {
            return plain;
        };
        let word = |key: &str, plain: String| {
            let own = of.has(key).then(|| of.required_text(key)).flatten();
            own.map_or(plain, |text| text.value)
        };
        let words = Words {
            submission: word("submission", plain.submission),
            submitter: word("submitter", plain.submitter),
        };
        of.done();
        words
    }

    /// Several submissions.
    pub fn submissions(&self) -> String {
        plural(&self.submission)
    }

    /// Several of those who submit.
    pub fn submitters(&self) -> String {
        plural(&self.submitter)
    }
}

fn plural(noun: &str) -> String {
    let hisses = ["s", "x", "z", "ch", "sh"]
        .iter()
        .any(|e| noun.ends_with(e));
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if hisses => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// A word as a heading begins.
pub fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::{capitalised, plural};

    #[test]
    fn nouns() {
        let several = ["district", "agency", "survey", "church", "NGO"].map(plural);
        assert_eq!(
            several,
            ["districts", "agencies", "surveys", "churches", "NGOs"]
        );
        assert_eq!(capitalised("agency"), "Agency");
    }
}
