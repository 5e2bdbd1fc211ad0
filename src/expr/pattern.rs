//! `XPath`'s regular expressions, as FEEL's `matches` takes them, said in the words of the `regex` crate.

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
    if !flags.is_empty() {
        out.push_str("(?");
        out.push_str(flags);
        out.push(')');
    }
    let dot_is_all = flags.contains('s');
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => escape(chars.next(), false, &mut out)?,
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

fn escape(escaped: Option<char>, in_class: bool, out: &mut String) -> Result<(), String> {
    match escaped {
        None => Err("the pattern ends in a backslash".to_owned()),
        Some(c) if c.is_ascii_digit() => Err(if in_class {
            format!("`\\{c}` means nothing in a class")
        } else {
            "back-references are not taken".to_owned()
        }),
        Some('i') => {
            out.push_str(if in_class { ":_\\p{L}" } else { "[:_\\p{L}]" });
            Ok(())
        }
        Some('c') => {
            out.push_str(if in_class {
                "\\-.:_\\p{L}\\p{N}\\p{M}"
            } else {
                "[\\-.:_\\p{L}\\p{N}\\p{M}]"
            });
            Ok(())
        }
        Some(c @ ('d' | 'D' | 's' | 'S' | 'w' | 'W' | 'n' | 'r' | 't' | 'p' | 'P')) => {
            out.push('\\');
            out.push(c);
            Ok(())
        }
        Some(c) if c.is_alphanumeric() => Err(format!("`\\{c}` means nothing")),
        Some(c) => {
            out.push('\\');
            out.push(c);
            Ok(())
        }
    }
}

/// A class, from behind its `[` to its `]`.
fn class(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
) -> Result<(), String> {
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
            Some('\\') => escape(chars.next(), true, out)?,
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
