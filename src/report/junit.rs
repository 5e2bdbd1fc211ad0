//! `JUnit` XML, which build servers read: suites of tests, of which some fail and some were not asked. The review of a batch is a suite for each
//! submission and a test for each rule.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::location::place_of;
use super::words::weight;
use crate::batch::BatchReview;
use crate::diagnostic::{Diagnostic, Weight};
use crate::neutral::clean;
use crate::pack::Severity;
use crate::review::{Finding, Outcome, Review, RuleTally};

/// Tests that belong together.
pub(super) struct Suite {
    pub(super) name: String,
    /// What stands before the names of its tests.
    pub(super) class: String,
    pub(super) tests: Vec<Test>,
}

/// One test.
pub(super) struct Test {
    pub(super) name: String,
    pub(super) end: End,
}

/// How a test ended.
pub(super) enum End {
    Passed,
    /// It had nothing to ask.
    Skipped,
    /// A person must answer it.
    Asked(String),
    /// In a line, and in full.
    Failed(String, String),
}

/// The review of a batch. A finding of the severity `note` fails no test, as it changes no exit status; what it says stands in the output of
/// `check`.
pub fn batch(batch: &BatchReview) -> String {
    let of_batch = Suite {
        name: "batch".to_owned(),
        class: batch.pack.id.clone(),
        tests: batch.diagnostics.iter().map(of_mistake).collect(),
    };
    let suites = batch.reviews.iter().map(|review| of_review(batch, review));
    let suites = Some(of_batch)
        .filter(|suite| !suite.tests.is_empty())
        .into_iter()
        .chain(suites);
    let name = format!("{} {}", batch.pack.id, batch.pack.version);
    write(&name, &suites.collect::<Vec<_>>())
}

fn of_review(batch: &BatchReview, review: &Review) -> Suite {
    let mistakes = review.diagnostics.iter().map(of_mistake);
    let rules = review.rules.iter().map(|tally| of_rule(tally, review));
    let unchecked = (!review.is_checked()).then(|| Test {
        name: "can be checked".to_owned(),
        end: End::Failed(review.wording.clone(), String::new()),
    });
    Suite {
        name: review.path.clone(),
        class: format!("{}.{}", batch.pack.id, review.path),
        tests: unchecked.into_iter().chain(mistakes).chain(rules).collect(),
    }
}

fn of_mistake(diagnostic: &Diagnostic) -> Test {
    Test {
        name: format!("{}: {}", weight(diagnostic.weight), diagnostic.place),
        end: match diagnostic.weight {
            Weight::Notice => End::Passed,
            Weight::Error | Weight::Fatal => End::Failed(diagnostic.message.clone(), String::new()),
        },
    }
}

fn of_rule(tally: &RuleTally, review: &Review) -> Test {
    let findings = review.findings.iter();
    let findings = findings.filter(|f| *f.rule == *tally.rule && f.weighs() > Some(Severity::Note));
    let findings: Vec<&Finding> = findings.collect();
    let end = match findings.first() {
        None if tally.tally.worst() == Outcome::NotApplicable => End::Skipped,
        None => End::Passed,
        Some(first) if first.is_question() => End::Asked(first.message.clone()),
        Some(first) => {
            let lines = findings.iter().map(|f| {
                let (place, next) = (place_of(f, review), f.next_step());
                format!(
                    "{place}: {} ({}): {} {next}",
                    f.outcome.name(),
                    f.severity.name(),
                    f.message
                )
            });
            let lines: Vec<String> = lines.collect();
            End::Failed(first.message.clone(), lines.join("\n"))
        }
    };
    Test {
        name: tally.rule.to_string(),
        end,
    }
}

/// The suites as one document, with a line break at the end.
pub(super) fn write(name: &str, suites: &[Suite]) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail.
    let written = document(&mut writer, name, suites);
    let bytes = written.map(|()| writer.into_inner()).unwrap_or_default();
    let mut text = String::from_utf8(bytes).unwrap_or_default();
    text.push('\n');
    text
}

fn document(writer: &mut Writer<Vec<u8>>, name: &str, suites: &[Suite]) -> io::Result<()> {
    let of_run = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>().to_string();
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attribute(("name", xml(name).as_str()))
        .with_attribute(("tests", of_run(|s| s.tests.len()).as_str()))
        .with_attribute(("failures", of_run(Suite::failures).as_str()))
        .with_attribute(("errors", "0"))
        .write_inner_content(|writer| suites.iter().try_for_each(|s| s.write(writer)))?;
    Ok(())
}

impl Suite {
    fn failures(&self) -> usize {
        let failed = self.tests.iter();
        failed.filter(|t| matches!(t.end, End::Failed(..))).count()
    }

    fn skipped(&self) -> usize {
        let skipped = self.tests.iter();
        let skipped = skipped.filter(|t| matches!(t.end, End::Skipped | End::Asked(_)));
        skipped.count()
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        writer
            .create_element("testsuite")
            .with_attribute(("name", xml(&self.name).as_str()))
            .with_attribute(("tests", self.tests.len().to_string().as_str()))
            .with_attribute(("failures", self.failures().to_string().as_str()))
            .with_attribute(("errors", "0"))
            .with_attribute(("skipped", self.skipped().to_string().as_str()))
            .write_inner_content(|writer| {
                let mut tests = self.tests.iter();
                tests.try_for_each(|test| test.write(writer, &xml(&self.class)))
            })?;
        Ok(())
    }
}

impl Test {
    fn write(&self, writer: &mut Writer<Vec<u8>>, class: &str) -> io::Result<()> {
        let element = writer
            .create_element("testcase")
            .with_attribute(("name", xml(&self.name).as_str()))
            .with_attribute(("classname", class));
        match &self.end {
            End::Passed => element.write_empty()?,
            End::Skipped => element.write_inner_content(|writer| {
                writer.create_element("skipped").write_empty()?;
                Ok(())
            })?,
            End::Asked(question) => element.write_inner_content(|writer| {
                let skipped = writer.create_element("skipped");
                let message = xml(&format!("question: {question}"));
                skipped
                    .with_attribute(("message", message.as_str()))
                    .write_empty()?;
                Ok(())
            })?,
            End::Failed(line, full) => element.write_inner_content(|writer| {
                let full: Vec<String> = full.lines().map(xml).collect();
                let failure = writer
                    .create_element("failure")
                    .with_attribute(("message", xml(line).as_str()))
                    .with_attribute(("type", "failure"));
                if full.is_empty() {
                    failure.write_empty()?;
                } else {
                    failure.write_text_content(BytesText::new(&full.join("\n")))?;
                }
                Ok(())
            })?,
        };
        Ok(())
    }
}

/// A line of text without what XML cannot hold.
fn xml(text: &str) -> String {
    clean(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
