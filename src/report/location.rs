//! A place taken apart, as programs look it up: the file, and the line of a text file.

use std::fmt::Write as _;

use crate::review::{Finding, Review};
use crate::submission::Input;

/// A place taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Location<'a> {
    /// The file, relative to the batch.
    pub(super) file: &'a str,
    /// The first row as a spreadsheet counts it, in a text file.
    pub(super) line: Option<u32>,
}

impl<'a> Location<'a> {
    /// The file of a place is the input with whose path it begins; where none does, what stands before the first `:` or `!`.
    pub(super) fn of(place: &'a str, inputs: &[Input]) -> Self {
        let ends = inputs.iter().filter_map(|input| {
            let rest = place.strip_prefix(input.path.as_str())?;
            (rest.is_empty() || rest.starts_with([':', '!'])).then_some(input.path.len())
        });
        let end = ends.max().or_else(|| place.find([':', '!']));
        let (file, rest) = place.split_at(end.unwrap_or(place.len()));
        Location {
            file,
            line: rest.strip_prefix(':').and_then(first_row),
        }
    }
}

/// The row with which `17:amount`, `17` and `2-41:amount` begin.
fn first_row(rest: &str) -> Option<u32> {
    let rows = rest.split(':').next()?;
    rows.split('-').next()?.parse().ok()
}

/// Where a finding is looked up first: the cell that is missing, else the row that was judged, else the first cell that decided, else
/// the submission.
pub(crate) fn place_of<'a>(finding: &'a Finding, review: &'a Review) -> &'a str {
    let decided = || finding.evidence.iter().find_map(|e| e.cells.first());
    let first = finding.missing.first().or(finding.subject.as_ref());
    first.or_else(decided).unwrap_or(&review.path)
}

/// A path as a relative reference (RFC 3986): its bytes but for letters, digits and `/ - . _ ~` as percent signs and two digits.
pub(super) fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_location(place: &str, file: &str, line: Option<u32>) {
        let input = |path: &str| Input {
            path: path.to_owned(),
            rows: 0,
            sha256: None,
        };
        let inputs = [input("a: b!/budget.csv"), input("plan.xlsx")];
        assert_eq!(Location::of(place, &inputs), Location { file, line });
    }

    #[test]
    fn a_place_has_a_file_and_a_line() {
        assert_location("a: b!/budget.csv:17:amount", "a: b!/budget.csv", Some(17));
        assert_location("a: b!/budget.csv:2-41:amount", "a: b!/budget.csv", Some(2));
        assert_location("plan.xlsx!budget!F17", "plan.xlsx", None);
        assert_location("x/plan.toml:award", "x/plan.toml", None);
        assert_location("x/targets.csv", "x/targets.csv", None);
        assert_location("budget.csv:17", "budget.csv", Some(17));
    }
}
