//! A mistake in somebody's file, and where: [`Diagnostic`] for submissions, [`Mistake`] for packs.

mod lint;

use std::borrow::Cow;
use std::ops::Range;

pub use lint::Lint;

/// How much a diagnostic of a submission weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// Worth knowing; nothing was lost.
    Notice,
    /// Wrong or unreadable: the cell should be mended.
    Error,
    /// Something could not be read at all.
    Fatal,
}

/// Something to tell the author of a submission, at its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where, as the reader looks it up: `windham/budget.csv:17:amount`.
    pub place: String,
    /// What is wrong and what would be right; lower case, no full stop.
    pub message: String,
    /// How much it weighs.
    pub weight: Weight,
}

impl Diagnostic {
    /// A mistake at `place`.
    pub fn error(place: impl Into<String>, message: impl Into<String>) -> Self {
        Diagnostic {
            place: place.into(),
            message: message.into(),
            weight: Weight::Error,
        }
    }

    /// A notice at `place`.
    pub fn notice(place: impl Into<String>, message: impl Into<String>) -> Self {
        Diagnostic {
            place: place.into(),
            message: message.into(),
            weight: Weight::Notice,
        }
    }

    /// Something at `place` that could not be read at all.
    pub fn fatal(place: impl Into<String>, message: impl Into<String>) -> Self {
        Diagnostic {
            place: place.into(),
            message: message.into(),
            weight: Weight::Fatal,
        }
    }
}

/// Whether a mistake in a pack stops it from loading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The pack does not load.
    Error,
    /// The pack loads; its author should look.
    Warning,
    /// The same, of what its author may accept with a reason.
    Lint(Lint),
}

/// A mistake in a pack's or an office's file, with the bytes to underline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Whether it stops the pack.
    pub level: Level,
    /// The file, relative to the folder that holds the pack: `set-aside/rules/budget/x.toml`.
    pub file: String,
    /// The bytes of the file to underline; `None` for the file as a whole.
    pub span: Option<Range<usize>>,
    /// What is wrong; lower case, no full stop.
    pub message: String,
    /// What stands under the underline, or nothing.
    pub label: String,
    /// What would be right, or nothing.
    pub help: String,
}

impl Mistake {
    /// Its file, without the row and column that a place in a table has.
    pub fn path(&self) -> &str {
        let end = self.file.find(".csv:").map_or(self.file.len(), |at| at + 4);
        self.file.get(..end).unwrap_or(&self.file)
    }
}

/// The nearest of `names` to `word`, if one is near enough to be meant.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded: String = fold(word).chars().map(look_alike).collect();
    let signs = Signs::of(&folded);
    let length = word.chars().count();
    let near = |name: &'a str| {
        let mut room = [0; SHORT];
        let other = match fold_short(name, &mut room) {
            Some(short) => Cow::Borrowed(short),
            None => Cow::Owned(fold(name)),
        };
        let other = other.chars().map(look_alike);
        let most = 1 + name.chars().count().min(length) / 4;
        // What is told at once of nearly all: their letters differ by more.
        if signs.differ_from(other.clone()) > most {
            return None;
        }
        let other: String = other.collect();
        let distance = strsim::damerau_levenshtein(&folded, &other);
        (distance <= most).then_some((distance, name))
    };
    let nearest = names.into_iter().filter_map(near);
    let nearest = nearest.min_by_key(|(distance, _)| *distance);
    nearest.map(|(_, name)| name)
}

/// How often each sign stands in a name, and how many they are; of signs taken together.
#[derive(Clone, Copy)]
struct Signs([u16; 64], usize);

impl Signs {
    fn of(name: &str) -> Self {
        let mut signs = Signs([0; 64], 0);
        for c in name.chars() {
            signs.1 += 1;
            if let Some(count) = signs.slot(c) {
                *count = count.saturating_add(1);
            }
        }
        signs
    }

    fn slot(&mut self, c: char) -> Option<&mut u16> {
        self.0.get_mut(usize::try_from(u32::from(c) % 64).ok()?)
    }

    /// How many signs at least are to be changed, left out or put in to make one of the other.
    fn differ_from(mut self, other: impl Iterator<Item = char>) -> usize {
        let (mut length, mut common) = (0, 0);
        for c in other {
            length += 1;
            if let Some(count) = self.slot(c).filter(|count| **count > 0) {
                *count -= 1;
                common += 1;
            }
        }
        self.1.max(length) - common
    }
}

/// Of letters and digits that look alike one: `6ll` is as good as `611`.
fn look_alike(c: char) -> char {
    match c {
        'l' | 'i' => '1',
        'o' => '0',
        c => c,
    }
}

/// "did you mean `x`?", or the valid names when they are few.
pub fn suggest<'a>(word: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> String {
    if let Some(name) = nearest(word, names.clone()) {
        return format!("did you mean `{name}`?");
    }
    let names: Vec<_> = names.into_iter().collect();
    match names.len() {
        0 => String::new(),
        1..=14 => format!("one of: {}", names.join(", ")),
        n => format!(
            "one of: {}, … ({n} in all)",
            names
                .iter()
                .take(12)
                .copied()
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

/// A name with case, spaces, dashes, underscores and the shape of quotes taken out of account.
pub fn fold(name: &str) -> String {
    if !name.is_ascii() {
        let mut out = String::with_capacity(name.len());
        fold_any(name, &mut out);
        return out;
    }
    let lower = name.to_ascii_lowercase();
    if has_lone_gaps(&lower) {
        return lower;
    }
    let is_gap = |c: char| u8::try_from(c).is_ok_and(is_gap);
    let mut out = String::with_capacity(name.len());
    for word in lower.split(is_gap).filter(|word| !word.is_empty()) {
        if !out.is_empty() {
            out.push('_');
        }
        out.push_str(word);
    }
    out
}

/// Whether the only gaps of a name of plain letters are underscores, each between two other characters.
fn has_lone_gaps(name: &str) -> bool {
    let mut was_gap = true;
    for b in name.bytes() {
        if is_gap(b) && (was_gap || b != b'_') {
            return false;
        }
        was_gap = b == b'_';
    }
    !was_gap
}

fn is_gap(b: u8) -> bool {
    b.is_ascii_whitespace() || matches!(b, b'_' | b'-' | 0x0b)
}

/// Whether folding a name would leave it as it is; of some that it would, this says no.
pub(crate) fn is_folded(name: &str) -> bool {
    name.bytes()
        .all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}

/// How many bytes a name has at most that is folded in place.
pub(crate) const SHORT: usize = 48;

/// The same of a short name, in the room for it; `None` of one that is longer, or not of plain letters.
pub(crate) fn fold_short<'r>(name: &str, room: &'r mut [u8; SHORT]) -> Option<&'r str> {
    if name.len() > SHORT || !name.is_ascii() {
        return None;
    }
    let mut free = room.iter_mut();
    fold_ascii(name, |b| free.by_ref().take(1).for_each(|slot| *slot = b));
    let length = SHORT - free.len();
    std::str::from_utf8(room.get(..length)?).ok()
}

fn fold_ascii(name: &str, mut push: impl FnMut(u8)) {
    let (mut gap, mut is_empty) = (false, true);
    for b in name.bytes() {
        if is_gap(b) {
            gap = !is_empty;
        } else {
            if std::mem::take(&mut gap) {
                push(b'_');
            }
            push(b.to_ascii_lowercase());
            is_empty = false;
        }
    }
}

fn fold_any(name: &str, out: &mut String) {
    let mut gap = false;
    for c in name.chars() {
        if c.is_whitespace() || is_dash(c) {
            gap = !out.is_empty();
        } else if !is_invisible(c) {
            if std::mem::take(&mut gap) {
                out.push('_');
            }
            match c {
                '\u{2018}' | '\u{2019}' | '\u{201b}' | '\u{2032}' | '\u{b4}' => out.push('\''),
                '\u{201c}' | '\u{201d}' | '\u{201f}' | '\u{2033}' => out.push('"'),
                c => out.extend(c.to_lowercase()),
            }
        }
    }
}

fn is_dash(c: char) -> bool {
    matches!(c, '_' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// A soft hyphen, and marks of no width.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart_by_their_words_alone() {
        for name in [
            "Object code",
            "object_code",
            " OBJECT-CODE ",
            "object \u{a0} code",
        ] {
            assert_eq!(fold(name), "object_code");
        }
        assert_eq!(fold("Été - hiver"), "été_hiver");
        assert_eq!(
            fold("Superintendent\u{2019}s \u{201c}goal\u{201d}"),
            fold("superintendent's \"goal\"")
        );
        assert_eq!(
            fold("new\u{2011}or\u{2212}con\u{ad}tin\u{200b}uing\u{202f}"),
            "new_or_continuing"
        );
    }

    #[test]
    fn names_whose_signs_differ_by_more_are_farther_apart() {
        use proptest::prelude::*;
        proptest!(|(a in "[a-dĀā0-3\u{140}]{0,8}", b in "[a-dĀā0-3\u{140}]{0,8}")| {
            let least = Signs::of(&a).differ_from(b.chars());
            prop_assert!(least <= strsim::damerau_levenshtein(&a, &b), "{a} {b}");
        });
        assert_eq!(Signs::of("999").differ_from("110".chars()), 3);
    }

    /// Every text of up to four of these characters.
    fn texts_of(alphabet: &[char]) -> Vec<String> {
        let mut texts = vec![String::new()];
        let mut from = 0;
        for _ in 0..4 {
            let upto = texts.len();
            for at in from..upto {
                let text = texts[at].clone();
                texts.extend(alphabet.iter().map(|c| format!("{text}{c}")));
            }
            from = upto;
        }
        texts
    }

    #[test]
    fn plain_letters_are_folded_as_any_are() {
        for name in texts_of(&['a', 'B', '_', '-', ' ', '\t', '\n', '\r', '\u{b}', '\u{c}']) {
            let mut folded = String::new();
            fold_any(&name, &mut folded);
            assert_eq!(fold(&name), folded, "{name:?}");
        }
    }

    #[test]
    fn a_short_name_is_folded_in_place_as_any_is() {
        let long = "A b-".repeat(12);
        for name in ["", " ", "T1", "_Object  Code-", "a_-b", &long, &long[1..]] {
            let mut room = [0; SHORT];
            assert_eq!(fold_short(name, &mut room), Some(&*fold(name)), "{name}");
        }
        assert_eq!(fold_short(&format!("{long}x"), &mut [0; SHORT]), None);
        assert_eq!(fold_short("Été", &mut [0; SHORT]), None);
    }

    #[test]
    fn a_slip_finds_its_name() {
        assert_eq!(nearest("alchohol", ["travel", "alcohol"]), Some("alcohol"));
        assert_eq!(nearest("budget", ["travel", "alcohol"]), None);
        assert_eq!(nearest("6ll", ["600", "611", "612"]), Some("611"));
    }
}
