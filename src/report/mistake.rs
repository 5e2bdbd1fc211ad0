//! Mistakes of packs and office files, drawn under the text that is wrong, with what would be right.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level as Draw, Renderer, Snippet};

use super::counted;
use crate::diagnostic::{Level, Mistake};
use crate::expr::Fault;
use crate::pack::Refused;

/// Every mistake of a pack that did not load.
pub fn refused(refused: &Refused, colour: bool) -> String {
    let mut text = String::new();
    for mistake in &refused.mistakes {
        text.push_str(&draw(
            mistake,
            refused.files.get(&mistake.file).map(String::as_str),
            colour,
        ));
        text.push_str("\n\n");
    }
    let errors = refused
        .mistakes
        .iter()
        .filter(|m| m.level == Level::Error)
        .count();
    let files = refused
        .mistakes
        .iter()
        .filter(|m| m.level == Level::Error)
        .map(Mistake::path)
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    let _ = writeln!(
        text,
        "{} in {}: nothing was checked",
        counted(errors, "mistake"),
        counted(files, "file")
    );
    text
}

/// One mistake, drawn in the text of its file.
pub fn draw(mistake: &Mistake, text: Option<&str>, colour: bool) -> String {
    let level = match mistake.level {
        Level::Error => Draw::ERROR,
        Level::Warning => Draw::WARNING,
    };
    let title = level.primary_title(&mistake.message);
    let mut group: Group<'_> = match (&mistake.span, text) {
        (Some(span), Some(text)) if span.end > 0 => {
            let span = span.start.min(text.len())..span.end.min(text.len());
            let label = (!mistake.label.is_empty()).then_some(mistake.label.as_str());
            title.element(
                Snippet::source(text)
                    .path(&mistake.file)
                    .annotation(AnnotationKind::Primary.span(span).label(label)),
            )
        }
        _ => title.element(annotate_snippets::Origin::path(&mistake.file)),
    };
    if !mistake.help.is_empty() {
        group = group.element(Draw::HELP.message(&mistake.help));
    }
    renderer(colour).render(&[group])
}

/// The mistakes of an expression that stands alone.
pub fn faults(text: &str, faults: &[Fault], colour: bool) -> String {
    let mut out = String::new();
    for fault in faults {
        let end = fault.span.end.max(fault.span.start).min(text.len());
        let span = fault.span.start.min(end)..end;
        let source = Snippet::source(text).annotation(AnnotationKind::Primary.span(span));
        let mut group = Draw::ERROR.primary_title(&fault.message).element(source);
        if !fault.help.is_empty() {
            group = group.element(Draw::HELP.message(&fault.help));
        }
        out.push_str(&renderer(colour).render(&[group]));
        out.push('\n');
    }
    out
}

fn renderer(colour: bool) -> Renderer {
    if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    }
}
