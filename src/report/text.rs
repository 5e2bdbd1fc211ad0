//! The review for people at a terminal or on paper: what is wrong, the figures that decided, the cells of the
//! district's own file, the clause, what to do.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::words::{
    ADVICE, Columns, answers, because, doubt, how_far_checked, judged, named, not_received, off_by,
    place, remembered, weight, whom_to_ask, with_office,
};
use crate::batch::BatchReview;
use crate::diagnostic::{Diagnostic, Weight};
pub use crate::neutral::clean;
use crate::pack::{Office, Severity};
use crate::read::limits::count;
use crate::review::{Evidence, Finding, Review, SummaryTable};

/// Printing for people, in colour or not.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// Whether the terminal shows colours.
    pub colour: bool,
    /// The code of the pack's currency.
    pub currency: &'a str,
    /// The office file that was laid over the pack.
    pub office: Option<&'a Office>,
}

/// How many findings of one rule are printed for people; they are all in the JSON report.
pub const FINDINGS: usize = 100;

/// How many mistakes of one submission's files are printed for people; they are all in the JSON report.
pub const DIAGNOSTICS: usize = 300;

impl Text<'_> {
    fn paint(&self, style: Style, words: &str) -> String {
        if self.colour {
            format!("{style}{words}{style:#}")
        } else {
            words.to_owned()
        }
    }

    fn bold(&self, words: &str) -> String {
        self.paint(Style::new().bold(), words)
    }

    fn faint(&self, words: &str) -> String {
        self.paint(Style::new().dimmed(), words)
    }

    fn severity(&self, severity: Severity, words: &str) -> String {
        let colour = match severity {
            Severity::Note => AnsiColor::Cyan,
            Severity::Condition => AnsiColor::Yellow,
            Severity::Return => AnsiColor::Red,
            Severity::Escalate => AnsiColor::Magenta,
        };
        self.paint(Style::new().bold().fg_color(Some(colour.into())), words)
    }

    /// The whole review of one submission.
    pub fn review(&self, review: &Review) -> String {
        let mut out = String::new();
        self.head(&mut out, review);
        self.diagnostics(&mut out, &review.diagnostics);
        for of_rule in review.findings.chunk_by(|a, b| a.rule == b.rule) {
            for finding in of_rule.iter().take(FINDINGS) {
                self.finding(&mut out, finding);
            }
            if let Some(first) = of_rule.first() {
                let what = format!("findings of `{}`", first.rule);
                self.more(&mut out, &what, of_rule.len(), FINDINGS);
            }
        }
        self.undecided(&mut out, review);
        for table in review.tables.iter().filter(|t| !t.is_long()) {
            self.table(&mut out, table);
        }
        self.foot(&mut out, review);
        out
    }

    fn head(&self, out: &mut String, review: &Review) {
        let (name, which) = named(review);
        let _ = writeln!(out, "{}{which}", self.bold(&name));
        let wording = clean(&review.wording);
        let recommendation = match review.worst() {
            Some(worst) if review.recommendation.is_some() => self.severity(worst, &wording),
            _ => self.bold(&wording),
        };
        let _ = writeln!(out, "{recommendation}");
        for (head, words) in remembered(review) {
            let _ = writeln!(out, "{head}: {}", self.bold(&words));
        }
        if let Some(office) = self.office {
            out.push_str(&whom_to_ask(office, review.recommendation));
        }
        out.push('\n');
    }

    fn diagnostics(&self, out: &mut String, diagnostics: &[Diagnostic]) {
        // What could not be read at all is never left out.
        let is_shown =
            |(at, d): &(usize, &Diagnostic)| *at < DIAGNOSTICS || d.weight == Weight::Fatal;
        let shown: Vec<_> = diagnostics.iter().enumerate().filter(is_shown).collect();
        for (_, diagnostic) in &shown {
            let word = weight(diagnostic.weight);
            let word = match diagnostic.weight {
                Weight::Notice => self.faint(word),
                Weight::Error => self.severity(Severity::Return, word),
                Weight::Fatal => self.severity(Severity::Escalate, word),
            };
            let _ = writeln!(
                out,
                "{word}: {}\n  --> {}",
                clean(&diagnostic.message),
                clean(&diagnostic.place)
            );
        }
        self.more(out, "mistakes and notices", diagnostics.len(), shown.len());
        if !diagnostics.is_empty() {
            out.push('\n');
        }
    }

    /// How many were left out, and where they are.
    fn more(&self, out: &mut String, what: &str, found: usize, most: usize) {
        if let Some(left) = found.checked_sub(most).filter(|left| *left > 0) {
            let words = format!(
                "and {} more {what}: `--format json` has them all",
                count(left)
            );
            let _ = writeln!(out, "{}\n", self.faint(&words));
        }
    }

    /// One finding, as compilers draw theirs.
    pub fn finding(&self, out: &mut String, f: &Finding) {
        let label = format!("{}[{}]", f.severity.name(), clean(&f.rule));
        let doubt = doubt(f);
        let _ = writeln!(
            out,
            "{}: {doubt}{}",
            self.severity(f.severity, &label),
            self.bold(&clean(&f.message))
        );
        if let Some(place) = place(f) {
            let _ = writeln!(out, "  --> {place}");
        }
        self.cells(out, f);
        for evidence in &f.evidence {
            self.because(out, "because", evidence);
        }
        if let Some(needs) = &f.needs {
            let _ = writeln!(out, "   = {}: {}", self.faint("needs"), clean(needs));
        }
        if let Some(gap) = &f.gap {
            let _ = writeln!(
                out,
                "   = {}: {}",
                self.faint("off by"),
                clean(&off_by(gap))
            );
        }
        for assumption in &f.assumptions {
            self.because(out, "assumed", assumption);
        }
        for place in f.missing.iter().skip(1) {
            let _ = writeln!(out, "   = {}: {}", self.faint("missing"), clean(place));
        }
        for cite in &f.cites {
            let _ = writeln!(
                out,
                "   = {}: {}{}",
                self.faint("source"),
                clean(&cite.citation),
                how_far_checked(cite)
            );
        }
        for owed in &f.owed {
            let word = self.faint(&format!("owed by {}", owed.owed_by));
            let _ = writeln!(out, "   = {word}: {}", clean(&owed.message));
        }
        let advice = f.next_step();
        if !advice.is_empty() {
            let _ = writeln!(out, "   = {}: {}", self.bold("do"), clean(&advice));
        }
        if let Some(repair) = &f.repair {
            let _ = writeln!(out, "   = {}: {}", self.bold("one way"), clean(repair));
        }
        for (head, words) in answers(f) {
            let _ = writeln!(out, "   = {}: {words}", self.bold(head));
        }
        out.push('\n');
    }

    /// The cells as they stand in the district's own file, row by row.
    fn cells(&self, out: &mut String, f: &Finding) {
        if f.cells.is_empty() {
            return;
        }
        let labels: Vec<String> = f.cells.iter().map(|c| clean(&c.label)).collect();
        let width = labels.iter().map(|l| l.width()).max().unwrap_or(0);
        let mut row = "";
        let _ = writeln!(out, "   |");
        for (cell, label) in f.cells.iter().zip(&labels) {
            if cell.row != row {
                let _ = writeln!(out, "   | {}", self.faint(&clean(&cell.row)));
                row = &cell.row;
            }
            let pad = " ".repeat(width - label.width());
            let written = if cell.written.trim().is_empty() {
                "(blank)".to_owned()
            } else {
                shorten(&clean(&cell.written))
            };
            let mark = if cell.missing { "  <-- this" } else { "" };
            let _ = writeln!(out, "   |   {label}{pad}  {written}{mark}");
        }
        let _ = writeln!(out, "   |");
    }

    fn because(&self, out: &mut String, word: &str, evidence: &Evidence) {
        let (words, cells) = because(evidence, self.currency);
        let _ = write!(out, "   = {}: {words}", self.faint(word));
        if let Some(cells) = cells {
            let _ = write!(out, " {}", self.faint(&cells));
        }
        out.push('\n');
    }

    fn undecided(&self, out: &mut String, review: &Review) {
        if review.undecided.is_empty() {
            return;
        }
        let _ = writeln!(
            out,
            "{}",
            self.bold("Undecided, for want of what others owe")
        );
        for one in &review.undecided {
            let _ = writeln!(
                out,
                "  {} (owed by: {}) {}",
                clean(&one.message),
                clean(&one.owed_by),
                self.faint(&clean(&one.rule))
            );
        }
        out.push('\n');
    }

    fn table(&self, out: &mut String, table: &SummaryTable) {
        if table.rows.is_empty() {
            return;
        }
        let _ = writeln!(out, "{}", self.bold(&clean(&table.title)));
        out.push_str(&align(&Columns::of_table(table)));
        out.push('\n');
    }

    fn foot(&self, out: &mut String, review: &Review) {
        if !review.is_checked() {
            return;
        }
        for line in judged(review) {
            let _ = writeln!(out, "{line}");
        }
        self.with_office(out);
        let _ = writeln!(out, "{}", self.faint(ADVICE));
    }

    /// The office file that had a part in it.
    fn with_office(&self, out: &mut String) {
        if let Some(office) = self.office {
            let _ = writeln!(out, "{}", with_office(office));
        }
    }

    /// The table of a batch, and what was not received, superseded or not read; then `tables`, those of a single submission.
    pub fn batch<K>(&self, batch: &BatchReview<K>, tables: &[SummaryTable]) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{} ({} {})\n",
            self.bold(&clean(&batch.pack.title)),
            clean(&batch.pack.id),
            clean(&batch.pack.version)
        );
        out.push_str(&align(&Columns::of_batch(batch)));
        out.push('\n');
        for (words, count) in batch.steps() {
            let _ = writeln!(out, "{count:>5}  {}", clean(words));
        }
        for review in batch.unchecked() {
            let (path, wording) = (clean(&review.path), clean(&review.wording));
            let _ = writeln!(out, "       {path}: {wording}");
        }
        let names = not_received(batch);
        if !names.is_empty() {
            let _ = writeln!(out, "\nNot received: {}", names.join(", "));
        }
        if !batch.superseded.is_empty() {
            let _ = writeln!(
                out,
                "\nSuperseded by a later revision: {}",
                clean(&batch.superseded.join(", "))
            );
        }
        if !batch.not_read.is_empty() {
            let _ = writeln!(out, "\nNot read:");
            for (path, why) in &batch.not_read {
                let _ = writeln!(out, "  {}: {}", clean(path), clean(why));
            }
        }
        out.push('\n');
        let short = tables.iter().filter(|t| !t.is_long());
        short.for_each(|t| self.table(&mut out, t));
        self.with_office(&mut out);
        let _ = writeln!(out, "{}", self.faint(ADVICE));
        out
    }
}

/// Columns of equal width; figures to the right.
pub(super) fn align(columns: &Columns) -> String {
    let Columns {
        heads,
        numeric,
        rows,
    } = columns;
    let width = |c: usize| {
        let cells = rows.iter().filter_map(|r| r.get(c));
        cells
            .chain(heads.get(c))
            .map(|t| t.width())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heads.len()).map(width).collect();
    let line = |cells: &[String]| {
        let mut line = String::from(" ");
        for (c, (cell, width)) in cells.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            let right = numeric.get(c).copied().unwrap_or(false);
            let (before, after) = if right {
                (pad.as_str(), "")
            } else {
                ("", pad.as_str())
            };
            let _ = write!(line, " {before}{cell}{after} ");
        }
        format!("{}\n", line.trim_end())
    };
    let rule: Vec<String> = widths.iter().map(|w| "-".repeat(*w)).collect();
    let mut out = line(heads);
    out.push_str(&line(&rule));
    rows.iter().for_each(|row| out.push_str(&line(row)));
    out
}

pub(super) fn shorten(text: &str) -> String {
    const MOST: usize = 72;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MOST - 1).collect();
    short.push('…');
    short
}
