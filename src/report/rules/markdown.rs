//! Rules as Markdown: the list of those in force, and one rule in full.

use std::fmt::Write as _;

use super::{
    Listed, One, cases, dated_value, law, one_line, says, sentence, severity, template,
    used_params, year_in, years,
};
use crate::pack::{Body, Edition, Test};
use crate::report::markdown::{code, plain, table};

/// The rules in force in a year, a row each.
pub fn markdown(listed: &Listed<'_>) -> String {
    let mut out = String::from("# Rules\n\n");
    if !listed.rules.is_empty() {
        table(&mut out, &listed.columns());
        out.push('\n');
    }
    let _ = writeln!(out, "{}.", plain(&listed.sum()));
    out
}

/// One rule in full.
pub fn one_markdown(of: &One<'_>) -> String {
    let (pack, rule) = (of.pack, of.rule);
    let mut out = format!("# {}\n\n", plain(&rule.title));
    let head = [
        (
            "Rule",
            format!("{} ({})", code(&rule.id), plain(&rule.code)),
        ),
        ("Severity", plain(&severity(rule))),
        ("Basis", rule.basis.name().to_owned()),
        ("In force", years(rule.effective)),
        ("Topic", plain(rule.topic())),
        ("File", code(&rule.file)),
    ];
    for (what, said) in head {
        let _ = writeln!(out, "- {what}: {said}");
    }
    let _ = writeln!(out, "\n## Sources\n");
    for source in rule.cites.iter().filter_map(|&at| pack.sources.get(at)) {
        let (citation, checked) = (plain(&source.citation), source.verification.name());
        let _ = writeln!(out, "- {citation} ({checked})");
        for words in law(source) {
            let _ = writeln!(out, "  - {}", plain(&words));
        }
    }
    rule.editions.iter().for_each(|e| edition(&mut out, of, e));
    let params = used_params(pack, rule);
    if !params.is_empty() {
        let _ = writeln!(out, "\n## Parameters\n");
    }
    for param in params {
        let _ = writeln!(out, "- {}: {}", code(&param.name), plain(&param.title));
        for dated in &param.values {
            let _ = writeln!(out, "  - {}", plain(&dated_value(pack, dated)));
        }
    }
    let _ = writeln!(out, "\n## Cases\n");
    table(&mut out, &cases(pack, rule));
    if !of.history.is_empty() {
        let _ = writeln!(out, "\n## History\n");
    }
    for commit in &of.history {
        let _ = writeln!(out, "- {}: {}", plain(&commit.date), plain(&commit.subject));
    }
    out
}

fn edition(out: &mut String, of: &One<'_>, edition: &Edition) {
    let _ = writeln!(out, "\n## Test, {}\n", years((edition.from, edition.until)));
    match &edition.body {
        Body::NotApplicable(why) => {
            let _ = writeln!(out, "Not applicable: {}", plain(why));
        }
        Body::Test(test) => {
            let year = year_in(edition, of.year);
            for sentence in sentence::of_test(of.pack, of.rule, test, year) {
                let _ = writeln!(out, "- {}", plain(&sentence));
            }
            let _ = writeln!(out);
            in_feel(out, of, test);
        }
    }
}

/// The test as its author wrote it.
fn in_feel(out: &mut String, of: &One<'_>, test: &Test) {
    let mut rows = Vec::new();
    if let Some(subjects) = &of.rule.subjects {
        rows.push(("for".to_owned(), one_line(&subjects.rows.text)));
    }
    let lets = test.lets.iter();
    rows.extend(lets.map(|(name, expr)| (format!("let {name}"), one_line(&expr.text))));
    rows.extend(
        test.when
            .iter()
            .map(|when| ("when".to_owned(), one_line(&when.text))),
    );
    let require = test.require.iter();
    rows.extend(require.map(|e| ("require".to_owned(), one_line(&e.text))));
    rows.push((says(test).to_owned(), template(&test.message)));
    rows.extend(
        test.advice
            .iter()
            .map(|advice| ("advice".to_owned(), template(advice))),
    );
    for (what, said) in rows {
        let _ = writeln!(out, "- {}: {}", plain(&what), code(&said));
    }
}
