//! The review for people at a terminal or on paper: what is wrong, the figures that decided, the cells of the
//! district's own file, the clause, what to do.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use crate::batch::BatchReview;
use crate::diagnostic::{Diagnostic, Weight};
use crate::pack::{Office, Severity, Verification};
use crate::read::limits::count;
use crate::review::{Cite, Evidence, Finding, Outcome, Recommendation, Review, SummaryTable};
use crate::value::{money, plain, say};

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

/// What every report says of itself.
pub const ADVICE: &str = "This is advice to a person, who decides.";

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
        for table in &review.tables {
            self.table(&mut out, table);
        }
        self.foot(&mut out, review);
        out
    }

    fn head(&self, out: &mut String, review: &Review) {
        let name = review.district.as_deref().unwrap_or(&review.path);
        let year = review
            .fiscal_year
            .map_or_else(String::new, |y| format!(", fiscal year {y}"));
        let revision = review
            .revision
            .map_or_else(String::new, |r| format!(", revision {}", plain(r)));
        let _ = writeln!(out, "{} ({}{year}{revision})", self.bold(name), review.path);
        let recommendation = match review.worst() {
            Some(worst) if review.recommendation.is_some() => self.severity(worst, &review.wording),
            _ => self.bold(&review.wording),
        };
        let _ = writeln!(out, "{recommendation}");
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
            let word = match diagnostic.weight {
                Weight::Notice => self.faint("notice"),
                Weight::Error => self.severity(Severity::Return, "mistake"),
                Weight::Fatal => self.severity(Severity::Escalate, "unreadable"),
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
        let label = format!("{}[{}]", f.severity.name(), f.rule);
        let doubt = if f.outcome == Outcome::Unknown {
            "cannot tell: "
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "{}: {doubt}{}",
            self.severity(f.severity, &label),
            self.bold(&clean(&f.message))
        );
        let first = f.missing.first().or(f.subject.as_ref());
        let first = first.or_else(|| f.evidence.iter().find_map(|e| e.cells.first()));
        if let Some(place) = first {
            let _ = writeln!(out, "  --> {}", clean(place));
        }
        self.cells(out, f);
        for evidence in &f.evidence {
            self.because(out, "because", evidence);
        }
        if let Some(needs) = &f.needs {
            let _ = writeln!(out, "   = {}: {needs}", self.faint("needs"));
        }
        if let Some(gap) = &f.gap {
            let by = match gap.unit.as_str() {
                "days" => format!("{} days", plain(gap.value)),
                "number" => plain(gap.value),
                currency => money(gap.value, currency),
            };
            let _ = writeln!(out, "   = {}: {by}", self.faint("off by"));
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
                cite.citation,
                how_far_checked(cite)
            );
        }
        let advice = f.next_step();
        if !advice.is_empty() {
            let _ = writeln!(out, "   = {}: {}", self.bold("do"), clean(&advice));
        }
        out.push('\n');
    }

    /// The cells as they stand in the district's own file, row by row.
    fn cells(&self, out: &mut String, f: &Finding) {
        if f.cells.is_empty() {
            return;
        }
        let width = f.cells.iter().map(|c| c.label.width()).max().unwrap_or(0);
        let mut row = "";
        let _ = writeln!(out, "   |");
        for cell in &f.cells {
            if cell.row != row {
                let _ = writeln!(out, "   | {}", self.faint(&clean(&cell.row)));
                row = &cell.row;
            }
            let pad = " ".repeat(width - cell.label.width());
            let written = if cell.written.trim().is_empty() {
                "(blank)".to_owned()
            } else {
                shorten(&clean(&cell.written))
            };
            let mark = if cell.missing { "  <-- this" } else { "" };
            let _ = writeln!(out, "   |   {}{pad}  {written}{mark}", cell.label);
        }
        let _ = writeln!(out, "   |");
    }

    fn because(&self, out: &mut String, word: &str, evidence: &Evidence) {
        let value = clean(&say(&evidence.value, self.currency));
        let _ = write!(
            out,
            "   = {}: {} is {value}",
            self.faint(word),
            clean(&evidence.expression)
        );
        if let [first, rest @ ..] = evidence.cells.as_slice() {
            let more = if rest.is_empty() {
                String::new()
            } else {
                format!(" and {} more", rest.len())
            };
            let _ = write!(out, " {}", self.faint(&format!("({}{more})", clean(first))));
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
                one.message,
                one.owed_by,
                self.faint(&one.rule)
            );
        }
        out.push('\n');
    }

    fn table(&self, out: &mut String, table: &SummaryTable) {
        if table.rows.is_empty() {
            return;
        }
        let _ = writeln!(out, "{}", self.bold(&table.title));
        let rows: Vec<Vec<String>> = table
            .rows
            .iter()
            .map(|r| r.iter().map(|(_, words)| clean(words)).collect())
            .collect();
        let numeric: Vec<bool> = (0..table.columns.len())
            .map(|c| {
                table
                    .rows
                    .iter()
                    .all(|r| !matches!(r.get(c), Some((crate::value::Value::Text(_), _))))
            })
            .collect();
        out.push_str(&align(&table.columns, &rows, &numeric));
        out.push('\n');
    }

    fn foot(&self, out: &mut String, review: &Review) {
        if review.recommendation.is_none() {
            return;
        }
        let outcomes = review.outcomes();
        let idle: Vec<&str> = review
            .rules
            .iter()
            .filter(|r| r.tally.subjects() == 0)
            .map(|r| r.rule.as_str())
            .collect();
        let _ = writeln!(
            out,
            "Rules in force: {}. Outcomes: {}, of which {} pass, {} fail, {} cannot be told, {} not applicable.",
            review.rules.len(),
            outcomes.subjects(),
            outcomes.pass,
            outcomes.fail,
            outcomes.unknown,
            outcomes.not_applicable
        );
        if !idle.is_empty() {
            let _ = writeln!(out, "Found nothing to judge: {}.", idle.join(", "));
        }
        self.with_office(out);
        let _ = writeln!(out, "{}", self.faint(ADVICE));
    }

    /// The office file that had a part in it.
    fn with_office(&self, out: &mut String) {
        if let Some(office) = self.office {
            let title = office.title.as_ref().or(office.office.as_ref());
            let title = title.map_or_else(String::new, |t| format!("{}, ", clean(t)));
            let _ = writeln!(
                out,
                "With the office file {} ({title}{}).",
                clean(&office.name),
                office.digest
            );
        }
    }

    /// The table of a batch, and what was not received, superseded or not read.
    pub fn batch(&self, batch: &BatchReview) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "{} ({} {})\n",
            self.bold(&batch.pack.title),
            batch.pack.id,
            batch.pack.version
        );
        let columns = [
            "Submission",
            "District",
            "Year",
            "Recommendation",
            "Escalate",
            "Return",
            "Condition",
            "Note",
            "Mistakes",
        ];
        let rows: Vec<Vec<String>> = batch.reviews.iter().map(row_of).collect();
        let numeric = [false, false, false, false, true, true, true, true, true];
        out.push_str(&align(&columns.map(str::to_owned), &rows, &numeric));
        out.push('\n');
        let (counts, could_not_check) = batch.recommendations();
        for (words, count) in batch.pack.steps.iter().zip(counts) {
            let _ = writeln!(out, "{count:>5}  {words}");
        }
        if could_not_check > 0 {
            let _ = writeln!(out, "{could_not_check:>5}  could not be checked");
            for review in batch.reviews.iter().filter(|r| r.recommendation.is_none()) {
                let _ = writeln!(out, "       {}: {}", clean(&review.path), review.wording);
            }
        }
        if !batch.not_received.is_empty() {
            let names: Vec<String> = batch
                .not_received
                .iter()
                .map(|n| {
                    format!(
                        "{} ({}, {})",
                        n.district.as_deref().unwrap_or("?"),
                        n.district_code,
                        n.fiscal_year
                    )
                })
                .collect();
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
                let _ = writeln!(out, "  {}: {why}", clean(path));
            }
        }
        out.push('\n');
        self.with_office(&mut out);
        let _ = writeln!(out, "{}", self.faint(ADVICE));
        out
    }
}

/// By when and to whom a plan that goes back is sent again; of any other plan, whom to ask.
fn whom_to_ask(office: &Office, recommendation: Option<Recommendation>) -> String {
    let contact = office.contact.as_ref().map(|c| clean(&c.to_string()));
    let by = office.resubmit_by.map(|date| date.strftime("%-d %B %Y"));
    let returned = recommendation == Some(Recommendation::ReturnForRevision);
    match (by.filter(|_| returned), contact) {
        (Some(by), Some(contact)) => format!("Resubmit by {by} to {contact}.\n"),
        (Some(by), None) => format!("Resubmit by {by}.\n"),
        (None, Some(contact)) => format!("Questions: {contact}.\n"),
        (None, None) => String::new(),
    }
}

fn how_far_checked(cite: &Cite) -> String {
    let checked = match cite.verification {
        Verification::Unconfirmed => "unconfirmed: its text was not read",
        Verification::Corroborated => "corroborated",
        Verification::DataConfirmed => "confirmed by data",
        Verification::TextRead => "",
    };
    let reading = cite
        .reading
        .as_ref()
        .map(|reading| clean(&reading.to_string()));
    let words: Vec<&str> = [Some(checked), reading.as_deref()]
        .into_iter()
        .flatten()
        .filter(|w| !w.is_empty())
        .collect();
    if words.is_empty() {
        return String::new();
    }
    format!(" ({})", words.join("; "))
}

fn row_of(review: &Review) -> Vec<String> {
    let some = |n: usize| if n == 0 { String::new() } else { n.to_string() };
    let count = |severity| some(review.count(severity));
    vec![
        clean(&review.path),
        clean(review.district.as_deref().unwrap_or("?")),
        review
            .fiscal_year
            .map_or_else(|| "?".to_owned(), |y| y.to_string()),
        review
            .recommendation
            .map_or("could not check", Recommendation::name)
            .to_owned(),
        count(Severity::Escalate),
        count(Severity::Return),
        count(Severity::Condition),
        count(Severity::Note),
        some(review.mistakes()),
    ]
}

/// Columns of equal width; figures to the right.
fn align(columns: &[String], rows: &[Vec<String>], numeric: &[bool]) -> String {
    let width = |c: usize| {
        let cells = rows.iter().filter_map(|r| r.get(c));
        cells
            .chain(columns.get(c))
            .map(|t| t.width())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
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
    let mut out = line(columns);
    out.push_str(&line(&rule));
    rows.iter().for_each(|row| out.push_str(&line(row)));
    out
}

/// Text from a submission with its control characters shown, not sent to the terminal.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\r' | '\t' => ' ',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

fn shorten(text: &str) -> String {
    const MOST: usize = 72;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(MOST - 1).collect();
    short.push('…');
    short
}
