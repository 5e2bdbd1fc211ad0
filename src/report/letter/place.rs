//! A place in words: `windham/budget.csv:17:amount` is "budget.csv, row 17, amount" in a letter about windham.

use crate::report::location::Location;
use crate::review::Review;

/// A path as whoever sent it knows it: without the folder that holds the submission.
pub(super) fn local<'a>(path: &'a str, submission: &str) -> &'a str {
    let within = path.strip_prefix(submission).unwrap_or(path);
    let local = within.strip_prefix('/').unwrap_or(path);
    local
        .rsplit_once('/')
        .filter(|_| local == path)
        .map_or(local, |(_, name)| name)
}

/// A place in words.
pub(super) fn in_words(place: &str, review: &Review) -> String {
    let file = Location::of(place, &review.inputs).file;
    let rest = place.get(file.len()..).unwrap_or_default();
    let mut words = vec![local(file, &review.path).to_owned()];
    if let Some(sheet) = rest.strip_prefix('!') {
        let (sheet, cell) = sheet.rsplit_once('!').unwrap_or((sheet, ""));
        words.push(format!("sheet {sheet}"));
        words.extend(Some(format!("cell {cell}")).filter(|_| !cell.is_empty()));
    }
    words.extend(rest.strip_prefix(':').into_iter().flat_map(rows));
    words.join(", ")
}

/// `17:amount`, `2-41:amount`, `district_code`.
fn rows(rest: &str) -> Vec<String> {
    let mut parts = rest.splitn(2, ':');
    let first = parts.next().unwrap_or_default();
    let is_rows = first.chars().all(|c| c.is_ascii_digit() || c == '-');
    let first = match (is_rows, first.contains('-')) {
        (false, _) => first.to_owned(),
        (true, false) => format!("row {first}"),
        (true, true) => format!("rows {first}"),
    };
    let rest = parts.next().map(str::to_owned);
    [Some(first), rest].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_told_as_its_sender_knows_it() {
        assert_eq!(local("windham/budget.csv", "windham"), "budget.csv");
        assert_eq!(
            local("mail/windham.xlsx", "mail/windham.xlsx"),
            "windham.xlsx"
        );
        assert_eq!(local("plan.xlsx", "plan.xlsx"), "plan.xlsx");
        assert_eq!(local("a/b/c.csv", "a"), "b/c.csv");
        assert_eq!(local("a/b/c.csv", "z"), "c.csv");
    }

    #[test]
    fn rows_and_fields() {
        assert_eq!(rows("17:amount"), ["row 17", "amount"]);
        assert_eq!(rows("2-41:amount"), ["rows 2-41", "amount"]);
        assert_eq!(rows("17"), ["row 17"]);
        assert_eq!(rows("district_code"), ["district_code"]);
    }
}
