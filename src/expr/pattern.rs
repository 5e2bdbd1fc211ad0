//! `XPath`'s regular expressions, as FEEL's `matches` takes them, said in the words of the `regex` crate.

use std::fmt::Write as _;

use regex::Regex;

/// Why a pattern or its flags cannot be taken, if they cannot.
pub(crate) fn check(pattern: &str, flags: &str) -> Result<(), String> {
    let translated = translate(pattern, flags)?;
    regex_syntax::Parser::new()
        .parse(&translated)
        .map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim();
            format!(
                "the pattern cannot be read: {}",
                reason.trim_start_matches("error: ")
            )
        })?;
    // Only what is counted can grow large; the rest need not be compiled before it is used.
    if translated.contains('{') && compile(pattern, flags).is_none() {
        return Err("the pattern is too large: it repeats too much".to_owned());
    }
    Ok(())
}

/// The compiled pattern; `None` when it cannot be taken or is too large.
pub(crate) fn compile(pattern: &str, flags: &str) -> Option<Regex> {
    let translated = translate(pattern, flags).ok()?;
    regex::RegexBuilder::new(&translated)
        .size_limit(1 << 20)
        .build()
        .ok()
}

fn translate(pattern: &str, flags: &str) -> Result<String, String> {
    if let Some(flag) = flags.chars().find(|c| !"ims".contains(*c)) {
        return Err(format!(
            "the flag `{flag}` is not taken: the flags are i, m and s"
        ));
    }
    let mut out = String::new();
    for flag in ['i', 'm', 's'].into_iter().filter(|f| flags.contains(*f)) {
        let _ = write!(out, "(?{flag})");
    }
    let dot_is_all = flags.contains('s');
    let mut chars = pattern.chars().peekable();
    // How many quantifiers stand behind the last piece: one, and a `?` that makes it reluctant.
    let mut quantifiers = 0;
    while let Some(c) = chars.next() {
        quantifiers = match (c, quantifiers) {
            ('*' | '+' | '?' | '{', 0) => 1,
            ('?', 1) => 2,
            ('*' | '+' | '?' | '{', _) => {
                return Err(format!(
                    "the pattern cannot be read: `{c}` repeats a repetition"
                ));
            }
            _ => 0,
        };
        match c {
            '{' => repetition(&mut chars, &mut out)?,
            '}' | ']' => return Err(format!("`{c}` as itself stands behind a backslash")),
            '\\' => escape(&mut chars, false, &mut out)?,
            '[' => class(&mut chars, &mut out)?,
            '.' if !dot_is_all => out.push_str("[^\\n\\r]"),
            '(' if chars.peek() == Some(&'?') => {
                out.push('(');
                let mut ahead = chars.clone();
                ahead.next();
                if ahead.next() != Some(':') {
                    return Err("only `(?:…)` may follow `(` and a question mark".to_owned());
                }
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// What stands between a `{` that was read and its `}`.
fn braced(chars: &mut Chars<'_>) -> Result<String, String> {
    let mut inner = String::new();
    loop {
        match chars.next() {
            None => return Err("the pattern has a `{` without `}`".to_owned()),
            Some('}') => return Ok(inner),
            Some(c) => inner.push(c),
        }
    }
}

/// How often, from behind its `{` to its `}`.
fn repetition(chars: &mut Chars<'_>, out: &mut String) -> Result<(), String> {
    let times = braced(chars)?;
    let (least, most) = times.split_once(',').unwrap_or((&times, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    if least.is_empty() || !digits(least) || !digits(most) {
        return Err(format!(
            "the pattern cannot be read: `{{{times}}}` is no number of times"
        ));
    }
    let _ = write!(out, "{{{times}}}");
    Ok(())
}

/// A category of characters, from behind its `\p`.
fn category(kind: char, chars: &mut Chars<'_>, out: &mut String) -> Result<(), String> {
    let name = match chars.next_if_eq(&'{') {
        Some(_) => braced(chars)?,
        None => String::new(),
    };
    let mut letters = name.chars();
    let is_one = letters.next().is_some_and(|c| "LMNPZSC".contains(c))
        && letters.next().is_none_or(|c| c.is_ascii_lowercase())
        && letters.next().is_none();
    if !is_one {
        return Err(format!(
            "`\\{kind}` stands before a category in braces, such as `\\{kind}{{Lu}}`"
        ));
    }
    let _ = write!(out, "\\{kind}{{{name}}}");
    Ok(())
}

fn escape(chars: &mut Chars<'_>, in_class: bool, out: &mut String) -> Result<(), String> {
    match chars.next() {
        None => Err("the pattern ends in a backslash".to_owned()),
        Some(c) if c.is_ascii_digit() => Err(if in_class {
            format!("`\\{c}` means nothing in a class")
        } else {
            "back-references are not taken".to_owned()
        }),
        Some(c @ ('p' | 'P')) => category(c, chars, out),
        Some(c) => match shorthand(c) {
            Some((inner, false)) => {
                let _ = write!(out, "[{inner}]");
                Ok(())
            }
            Some((inner, true)) => {
                let _ = write!(out, "[^{inner}]");
                Ok(())
            }
            None if "\\|.?*+(){}-[]^$nrtdD".contains(c) => {
                out.push('\\');
                out.push(c);
                Ok(())
            }
            None => Err(format!("`\\{c}` means nothing")),
        },
    }
}

/// The characters of an escape that the crate reads otherwise or not at all, and whether all others are meant.
fn shorthand(escaped: char) -> Option<(&'static str, bool)> {
    let inner = match escaped.to_ascii_lowercase() {
        's' => " \\t\\n\\r",
        // A word has no punctuation, the low line included, but has signs.
        'w' => return Some(("\\p{P}\\p{Z}\\p{C}", escaped == 'w')),
        'i' => ":_\\p{L}",
        'c' => "\\-.:_\\p{L}\\p{N}\\p{M}",
        _ => return None,
    };
    Some((inner, escaped.is_ascii_uppercase()))
}

/// A class, from behind its `[` to its `]`.
fn class(chars: &mut Chars<'_>, out: &mut String) -> Result<(), String> {
    out.push('[');
    if chars.peek() == Some(&'^') {
        out.push('^');
        chars.next();
    }
    let mut first = true;
    loop {
        match chars.next() {
            None => return Err("the class has no `]`".to_owned()),
            Some(']') if first => return Err("the class is empty".to_owned()),
            Some(']') => break,
            Some('[') => {
                return Err("class subtraction is not taken; escape `[` in a class".to_owned());
            }
            Some('\\') => escape(chars, true, out)?,
            Some(c @ ('&' | '~')) => {
                out.push('\\');
                out.push(c);
            }
            Some('-') if first || matches!(chars.peek(), Some(']')) => out.push_str("\\-"),
            Some('-') if chars.peek() == Some(&'[') => {
                return Err("class subtraction is not taken; list what is meant".to_owned());
            }
            Some(c) => out.push(c),
        }
        first = false;
    }
    out.push(']');
    Ok(())
}
