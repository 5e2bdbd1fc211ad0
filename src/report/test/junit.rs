//! What a run of a pack's tests found as `JUnit` XML, which build servers read: a suite for each rule, and one for the
//! goldens.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{failure, lacks, of_change};
use crate::author::run::Run;
use crate::neutral::clean;

/// The tests of one rule, or the goldens.
struct Suite {
    name: String,
    tests: Vec<Test>,
}

/// One test: a case, or a golden.
struct Test {
    name: String,
    /// What it expected and why it failed, in a line and in full.
    failure: Option<(String, String)>,
}

/// The run as `JUnit` XML.
pub fn junit(run: &Run<'_>) -> String {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail.
    let written = write(&mut writer, run);
    let bytes = written.map(|()| writer.into_inner()).unwrap_or_default();
    let mut text = String::from_utf8(bytes).unwrap_or_default();
    text.push('\n');
    text
}

fn write(writer: &mut Writer<Vec<u8>>, run: &Run<'_>) -> io::Result<()> {
    let suites = suites(run);
    let of_run = |count: fn(&Suite) -> usize| suites.iter().map(count).sum::<usize>().to_string();
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let (id, version) = (xml(&run.pack.id), xml(&run.pack.version));
    writer
        .create_element("testsuites")
        .with_attribute(("name", format!("{id} {version}").as_str()))
        .with_attribute(("tests", of_run(|s| s.tests.len()).as_str()))
        .with_attribute(("failures", of_run(Suite::failures).as_str()))
        .with_attribute(("errors", "0"))
        .write_inner_content(|writer| suites.iter().try_for_each(|s| s.write(writer, &id)))?;
    Ok(())
}

fn suites(run: &Run<'_>) -> Vec<Suite> {
    let of_rules = run.pack.rules.iter().map(|rule| {
        let cases = run.cases.iter().filter(|c| c.rule == rule.id);
        let mut tests: Vec<Test> = cases
            .map(|case| Test {
                name: xml(&case.case),
                failure: case.mismatches.first().map(|first| {
                    let line = format!("expected {}, was {}", first.expected, first.actual);
                    (line, failure(case, &run.pack.schema.currency))
                }),
            })
            .collect();
        let lacking = run.lacking.iter().find(|l| l.rule == rule.id);
        tests.extend(lacking.map(|l| Test {
            name: "the cases that a rule has".to_owned(),
            failure: Some((lacks(l), String::new())),
        }));
        Suite {
            name: xml(&rule.id),
            tests,
        }
    });
    of_rules.chain(goldens(run)).collect()
}

fn goldens(run: &Run<'_>) -> Option<Suite> {
    let tests = run.goldens.as_ref()?.iter().map(|golden| Test {
        name: xml(&golden.path),
        failure: golden
            .change
            .as_ref()
            .filter(|_| !run.blessed)
            .map(|change| ("the review has changed".to_owned(), of_change(change))),
    });
    Some(Suite {
        name: "goldens".to_owned(),
        tests: tests.collect(),
    })
}

impl Suite {
    fn failures(&self) -> usize {
        self.tests.iter().filter(|t| t.failure.is_some()).count()
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>, pack: &str) -> io::Result<()> {
        let class = format!("{pack}.{}", self.name);
        writer
            .create_element("testsuite")
            .with_attribute(("name", self.name.as_str()))
            .with_attribute(("tests", self.tests.len().to_string().as_str()))
            .with_attribute(("failures", self.failures().to_string().as_str()))
            .with_attribute(("errors", "0"))
            .with_attribute(("skipped", "0"))
            .write_inner_content(|writer| {
                let mut tests = self.tests.iter();
                tests.try_for_each(|test| test.write(writer, &class))
            })?;
        Ok(())
    }
}

impl Test {
    fn write(&self, writer: &mut Writer<Vec<u8>>, class: &str) -> io::Result<()> {
        let element = writer
            .create_element("testcase")
            .with_attribute(("name", self.name.as_str()))
            .with_attribute(("classname", class));
        let Some((line, full)) = &self.failure else {
            element.write_empty()?;
            return Ok(());
        };
        element.write_inner_content(|writer| {
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
        })?;
        Ok(())
    }
}

/// A line of text without what XML cannot hold.
fn xml(text: &str) -> String {
    clean(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}
