//! The review as a Markdown page: what a meeting reads and a file keeps.

use std::fmt::Write as _;

use super::words::{
    ADVICE, Columns, answers, because, doubt, how_far_checked, judged, named, not_received, off_by,
    place, remembered, weight, whom_to_ask, with_office,
};
use crate::batch::{BatchReview, Entry, PackName};
use crate::diagnostic::Diagnostic;
use crate::neutral::clean;
use crate::pack::capitalised;
use crate::review::{Finding, Recommendation, Review, SummaryTable};

/// The table of a batch, and what was not received, superseded or not read; then `own` tables, those of a single submission.
pub fn batch<K>(batch: &BatchReview<K>, own: &[SummaryTable]) -> String {
    let mut out = format!("# {}\n\n", plain(&batch.pack.title));
    table(&mut out, &Columns::of_batch(batch));
    list(&mut out, batch.steps(), |(words, count)| {
        format!("{count}: {}", plain(words))
    });
    let unchecked: Vec<&Entry> = batch.unchecked().collect();
    section(&mut out, "Could not be checked", unchecked, |of| {
        format!("{}: {}", code(&of.path), plain(&of.wording))
    });
    mistakes(&mut out, &batch.diagnostics);
    section(&mut out, "Not received", not_received(batch), |name| {
        plain(&name)
    });
    let superseded = "Superseded by a later revision";
    section(&mut out, superseded, batch.superseded.iter(), |path| {
        code(path)
    });
    section(
        &mut out,
        "Not read",
        batch.not_read.iter(),
        |(path, why)| format!("{}: {}", code(path), plain(why)),
    );
    tables(&mut out, own);
    foot(&mut out, &batch.pack);
    out
}

/// The reviews of a few submissions one after the other, and what was wrong with them all.
pub fn reviews(batch: &BatchReview) -> String {
    let mut out = String::new();
    mistakes(&mut out, &batch.diagnostics);
    let each = batch.reviews.iter().map(|r| review(&batch.pack, r));
    let parts: Vec<String> = Some(out)
        .into_iter()
        .filter(|o| !o.is_empty())
        .chain(each)
        .collect();
    parts.join("\n")
}

/// The whole review of one submission.
pub fn review(pack: &PackName, review: &Review) -> String {
    let (name, which) = named(review);
    let mut out = format!("# {}\n\n", plain(&format!("{name}{which}")));
    let _ = writeln!(out, "**{}**", plain(&review.wording));
    for (head, words) in remembered(review) {
        paragraph(&mut out, &format!("{head}: {words}"));
    }
    led_to_it(&mut out, review);
    if let Some(office) = &pack.office {
        paragraph(&mut out, &whom_to_ask(office, review.recommendation));
    }
    mistakes(&mut out, &review.diagnostics);
    if !review.findings.is_empty() {
        out.push_str("\n## Findings\n");
    }
    review
        .findings
        .iter()
        .for_each(|f| finding(&mut out, pack, f));
    let undecided = "Undecided, for want of what others owe";
    section(&mut out, undecided, review.undecided.iter(), |one| {
        let (message, owed_by) = (plain(&one.message), plain(&one.owed_by));
        format!("{message} (owed by: {owed_by}) {}", code(&one.rule))
    });
    tables(&mut out, &review.tables);
    judged(review)
        .iter()
        .for_each(|line| paragraph(&mut out, line));
    foot(&mut out, pack);
    out
}

/// The findings by which the recommendation is what it is, where it is not the mildest.
fn led_to_it(out: &mut String, review: &Review) {
    let above = review.recommendation > Some(Recommendation::Approve);
    let Some(worst) = review.worst().filter(|_| above) else {
        return;
    };
    let mut rules: Vec<String> = Vec::new();
    for finding in review.findings.iter().filter(|f| f.severity == worst) {
        let rule = code(&finding.rule);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    let _ = writeln!(
        out,
        "\nWhat led to it ({}): {}.",
        worst.name(),
        rules.join(", ")
    );
}

fn mistakes(out: &mut String, diagnostics: &[Diagnostic]) {
    section(out, "Mistakes in the files", diagnostics.iter(), |d| {
        let (word, place) = (weight(d.weight), code(&d.place));
        format!("{word}: {place}: {}", plain(&d.message))
    });
}

fn finding(out: &mut String, pack: &PackName, f: &Finding) {
    let _ = writeln!(
        out,
        "\n### {}: {} ({})\n",
        f.severity.name(),
        code(&f.rule),
        plain(&f.code)
    );
    let doubt = capitalised(doubt(f));
    let _ = writeln!(out, "{doubt}{}\n", plain(&f.message));
    let mut say = |head: &str, words: &str| {
        let _ = writeln!(out, "- {head}: {words}");
    };
    if let Some(place) = place(f) {
        say("place", &code(&place));
    }
    let bases = f.evidence.iter().map(|e| ("because", e));
    for (head, evidence) in bases.chain(f.assumptions.iter().map(|e| ("assumed", e))) {
        let (words, cells) = because(evidence, &pack.currency);
        say(
            head,
            plain(&[words, cells.unwrap_or_default()].join(" ")).trim(),
        );
    }
    if let Some(needs) = &f.needs {
        say("needs", &plain(needs));
    }
    if let Some(gap) = &f.gap {
        say("off by", &plain(&off_by(gap)));
    }
    for place in f.missing.iter().skip(1) {
        say("missing", &code(place));
    }
    for cite in &f.cites {
        say(
            "source",
            &plain(&format!("{}{}", cite.citation, how_far_checked(cite))),
        );
    }
    for owed in &f.owed {
        let who = plain(&format!("owed by {}", owed.owed_by));
        say(&who, &plain(&owed.message));
    }
    let advice = f.next_step();
    if !advice.is_empty() {
        say("**do**", &plain(&advice));
    }
    for (head, words) in answers(f) {
        say(&format!("**{head}**"), &plain(&words));
    }
}

/// The pack's tables, long ones apart. One without a row says so: that there was nothing to list is an answer.
fn tables(out: &mut String, tables: &[SummaryTable]) {
    for one in tables.iter().filter(|t| !t.is_long()) {
        let _ = writeln!(out, "\n## {}\n", plain(&one.title));
        if one.rows.is_empty() {
            out.push_str("Nothing to list.\n");
        } else {
            table(out, &Columns::of_table(one));
        }
    }
}

fn foot(out: &mut String, pack: &PackName) {
    let name = format!("Checked with {} {}.", pack.id, pack.version);
    paragraph(out, &name);
    if let Some(office) = &pack.office {
        paragraph(out, &with_office(office));
    }
    paragraph(out, ADVICE);
}

/// A table.
pub(super) fn table(out: &mut String, columns: &Columns) {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|c| plain(c)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    out.push_str(&line(&columns.heads));
    for figures in &columns.numeric {
        out.push_str(if *figures { "|---:" } else { "|---" });
    }
    out.push_str("|\n");
    columns.rows.iter().for_each(|row| out.push_str(&line(row)));
}

/// A list under a heading; nothing when there is nothing to list.
fn section<T>(
    out: &mut String,
    title: &str,
    items: impl IntoIterator<Item = T>,
    say: impl Fn(T) -> String,
) {
    let mut items = items.into_iter().peekable();
    if items.peek().is_some() {
        let break_before = if out.is_empty() { "" } else { "\n" };
        let _ = writeln!(out, "{break_before}## {title}");
        list(out, items, say);
    }
}

fn list<T>(out: &mut String, items: impl IntoIterator<Item = T>, say: impl Fn(T) -> String) {
    out.push('\n');
    for item in items {
        let _ = writeln!(out, "- {}", say(item));
    }
}

fn paragraph(out: &mut String, words: &str) {
    if !words.is_empty() {
        let _ = writeln!(out, "\n{}", plain(words));
    }
}

/// A name as it stands in a file.
pub(super) fn code(name: &str) -> String {
    let name = clean(name);
    if name.contains(['`', '|']) {
        return plain(&name);
    }
    format!("`{name}`")
}

/// Words on one line in which nothing is a mark of Markdown.
pub(super) fn plain(text: &str) -> String {
    let text = clean(text);
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let marks = if out.is_empty() { leading(word) } else { None };
        if !out.is_empty() {
            out.push(' ');
        }
        for (at, c) in word.char_indices() {
            let is_mark = matches!(c, '\\' | '|' | '*' | '_' | '<' | '[' | '`' | '~' | '&');
            if is_mark || marks == Some(at) {
                out.push('\\');
            }
            out.push(c);
            if calls(word, at, c) {
                out.push_str("<!-- -->");
            }
        }
    }
    out
}

/// Whether a sign begins what a forge takes for a person's name or the number of a thread: `@name`, `#12`.
fn calls(word: &str, at: usize, sign: char) -> bool {
    let (before, after) = (word.get(..at), word.get(at + sign.len_utf8()..));
    let before = before.and_then(|text| text.chars().next_back());
    let after = after.and_then(|text| text.chars().next());
    match sign {
        '@' => {
            !before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
        }
        '#' => after.is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    }
}

/// Where in the first word of a line a sign stands that would begin a heading, a list, a quotation or a rule.
fn leading(word: &str) -> Option<usize> {
    let after = word.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbers = word.len() - after.len();
    let is_number = numbers > 0 && matches!(after, "." | ")");
    let is_all = |mark: char| word.trim_start_matches(mark).is_empty();
    let is_mark = word.starts_with('>') || ['#', '-', '+', '='].into_iter().any(is_all);
    (is_number || is_mark).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::{code, plain};

    #[track_caller]
    fn check(text: &str, written: &str) {
        assert_eq!(plain(text), written);
    }

    #[test]
    fn words_of_a_submission_are_no_marks() {
        check("a | b\n# c", "a \\| b # c");
        check("<b> `x` [y](z) & *w*", "\\<b> \\`x\\` \\[y](z) \\& \\*w\\*");
        check("# 1", "\\# 1");
        check("- $5.00", "\\- $5.00");
        check("1. first", "1\\. first");
        check("-5", "-5");
        check("31.6", "31.6");
        check("---", "\\---");
        check(
            "@office see #12, a@b.org",
            "@<!-- -->office see #<!-- -->12, a@b.org",
        );
        check("", "");
    }

    #[test]
    fn names_that_hold_marks_are_words() {
        assert_eq!(code("a/b_c.csv:17"), "`a/b_c.csv:17`");
        assert_eq!(code("a`b"), "a\\`b");
    }
}
