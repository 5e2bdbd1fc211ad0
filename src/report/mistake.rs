//! Mistakes of packs and office files, drawn under the text that is wrong, with what would be right.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level as Draw, Renderer, Snippet};

use super::counted;
use crate::diagnostic::{Level, Mistake};
use crate::expr::Fault;
use crate::neutral::{clean, is_command};
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
        Level::Warning | Level::Lint(_) => Draw::WARNING,
    };
    let mut title = level.primary_title(clean(&mistake.message));
    if let Level::Lint(lint) = mistake.level {
        title = title.id(lint.name());
    }
    let (path, label) = (clean(&mistake.file), clean(&mistake.label));
    let mut group: Group<'_> = match (&mistake.span, text) {
        (Some(span), Some(text)) if span.end > 0 => {
            let span = span.start.min(text.len())..span.end.min(text.len());
            let label = (!label.is_empty()).then_some(label);
            title.element(
                Snippet::source(text)
                    .path(path)
                    .annotation(AnnotationKind::Primary.span(span).label(label)),
            )
        }
        _ => title.element(annotate_snippets::Origin::path(path)),
    };
    if !mistake.help.is_empty() {
        group = group.element(Draw::HELP.message(clean(&mistake.help)));
    }
    render(&[group], colour)
}

/// The mistakes of an expression that stands alone.
pub fn faults(text: &str, faults: &[Fault], colour: bool) -> String {
    let mut out = String::new();
    for fault in faults {
        let end = fault.span.end.max(fault.span.start).min(text.len());
        let span = fault.span.start.min(end)..end;
        let source = Snippet::source(text).annotation(AnnotationKind::Primary.span(span));
        let mut group = Draw::ERROR
            .primary_title(clean(&fault.message))
            .element(source);
        if !fault.help.is_empty() {
            group = group.element(Draw::HELP.message(clean(&fault.help)));
        }
        out.push_str(&render(&[group], colour));
        out.push('\n');
    }
    out
}

/// Draws in colour or not. The renderer shows the control characters of the text that it draws, but not all that turn the
/// direction of writing or command a terminal.
pub(super) fn render(groups: &[Group<'_>], colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let ours = |c: char| c == '\n' || (colour && c == '\u{1b}');
    let shown = |c: char| {
        if is_command(c) && !ours(c) {
            char::REPLACEMENT_CHARACTER
        } else {
            c
        }
    };
    renderer.render(groups).chars().map(shown).collect()
}
