//! Text of an expression → tokens with their places.

use std::ops::Range;

use memchr::memchr2;

use crate::value::{Decimal, LIMIT, parse_decimal};

/// What is wrong with an expression: the bytes of its text to underline, and the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The bytes of the expression's text.
    pub span: Range<usize>,
    /// What is wrong; lower case, no full stop.
    pub message: String,
    /// What would be right, or nothing.
    pub help: String,
}

impl Fault {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Fault {
            span,
            message: message.into(),
            help: String::new(),
        }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token<'t> {
    Number(Decimal),
    Text(String),
    /// `@"…"`: what stands between the quotes.
    At(String),
    Name(&'t str),
    /// An operator or a bracket, as it is written.
    Sign(&'static str),
    End,
}

/// The operator or bracket at the start of `rest`.
fn sign(rest: &str) -> Option<&'static str> {
    let two = match rest.as_bytes() {
        [b'*', b'*', ..] => "**",
        [b'<', b'=', ..] => "<=",
        [b'>', b'=', ..] => ">=",
        [b'!', b'=', ..] => "!=",
        [b'.', b'.', ..] => "..",
        [b'-', b'>', ..] => "->",
        _ => "",
    };
    if !two.is_empty() {
        return Some(two);
    }
    Some(match rest.as_bytes().first()? {
        b'(' => "(",
        b')' => ")",
        b'[' => "[",
        b']' => "]",
        b'{' => "{",
        b'}' => "}",
        b',' => ",",
        b'=' => "=",
        b'<' => "<",
        b'>' => ">",
        b'+' => "+",
        b'-' => "-",
        b'*' => "*",
        b'/' => "/",
        b'.' => ".",
        b':' => ":",
        b'%' => "%",
        _ => return None,
    })
}

/// All tokens of `text` with their places; the last is [`Token::End`].
pub(crate) fn lex(text: &str) -> Result<Vec<(Token<'_>, Range<usize>)>, Fault> {
    let mut tokens = Vec::with_capacity(text.len() / 4 + 1);
    let mut at = 0;
    while let Some((token, from, to)) = next(text, at)? {
        tokens.push((token, from..to));
        at = to;
    }
    tokens.push((Token::End, text.len()..text.len()));
    Ok(tokens)
}

fn next(text: &str, at: usize) -> Result<Option<(Token<'_>, usize, usize)>, Fault> {
    let at = skip_blank(text, at)?;
    let rest = text.get(at..).unwrap_or_default();
    let Some(first) = rest.chars().next() else {
        return Ok(None);
    };
    if first == '"' {
        let (value, length) = string(rest, at)?;
        return Ok(Some((Token::Text(value), at, at + length)));
    }
    if let Some(quoted) = rest.strip_prefix('@') {
        if !quoted.starts_with('"') {
            return Err(Fault::new(at..at + 1, "`@` stands before a quoted date")
                .help("write `@\"2026-07-01\"`"));
        }
        let (value, length) = string(quoted, at + 1)?;
        return Ok(Some((Token::At(value), at, at + 1 + length)));
    }
    let second_is_digit = rest.chars().nth(1).is_some_and(|c| c.is_ascii_digit());
    if first.is_ascii_digit() || (first == '.' && second_is_digit) {
        let (value, length) = number(rest, at)?;
        return Ok(Some((Token::Number(value), at, at + length)));
    }
    if first.is_alphabetic() || first == '_' || first == '?' {
        let length = name_length(rest).max(first.len_utf8());
        let name = rest.get(..length).unwrap_or_default();
        return Ok(Some((Token::Name(name), at, at + length)));
    }
    if let Some(sign) = sign(rest) {
        return Ok(Some((Token::Sign(sign), at, at + sign.len())));
    }
    let help = match first {
        '\'' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' => {
            "a text stands in straight double quotes"
        }
        '&' => "write `and`",
        '|' => "write `or`",
        '!' => "write `not(…)` or `!=`",
        ';' => "arguments are parted by commas",
        '$' => "write an amount as a parameter with its source",
        _ => "",
    };
    Err(Fault::new(
        at..at + first.len_utf8(),
        format!("`{first}` means nothing here"),
    )
    .help(help))
}

/// How many bytes at the start of `rest` are letters, digits or `_`.
fn name_length(rest: &str) -> usize {
    let is_plain = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
    let plain = rest.bytes().take_while(is_plain).count();
    if rest.as_bytes().get(plain).is_none_or(u8::is_ascii) {
        return plain;
    }
    rest.find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(rest.len())
}

fn skip_blank(text: &str, mut at: usize) -> Result<usize, Fault> {
    loop {
        let rest = text.as_bytes().get(at..).unwrap_or_default();
        at += rest.iter().take_while(|b| **b == b' ').count();
        let rest = text.get(at..).unwrap_or_default();
        if let Some(c) = rest
            .chars()
            .next()
            .filter(|c| c.is_whitespace() || *c == '\u{feff}' || *c == '\u{200b}')
        {
            at += c.len_utf8();
        } else if rest.starts_with("//") {
            at += rest.find('\n').unwrap_or(rest.len());
        } else if rest.starts_with("/*") {
            let Some(end) = rest.find("*/") else {
                return Err(
                    Fault::new(at..at + 2, "the comment has no end").help("close it with `*/`")
                );
            };
            at += end + 2;
        } else {
            return Ok(at);
        }
    }
}

fn number(rest: &str, at: usize) -> Result<(Decimal, usize), Fault> {
    let bytes = rest.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while digit(end) {
        end += 1;
    }
    if bytes.get(end) == Some(&b'.') && digit(end + 1) {
        end += 1;
        while digit(end) {
            end += 1;
        }
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        if digit(end + 1 + sign) {
            end += 1 + sign;
            while digit(end) {
                end += 1;
            }
        }
    }
    let text = rest.get(..end).unwrap_or_default();
    let too_large = || {
        Fault::new(
            at..at + end,
            format!("`{text}` is beyond what a number can be"),
        )
        .help("numbers have at most 28 decimal places and lie between -10^12 and 10^12")
    };
    let value = parse_decimal(text).ok_or_else(too_large)?;
    if value.abs() > LIMIT {
        Err(too_large())
    } else {
        Ok((value, end))
    }
}

/// A quoted string at the start of `rest`: its value and its length with the quotes.
fn string(rest: &str, at: usize) -> Result<(String, usize), Fault> {
    let plain = rest.get(1..).unwrap_or_default();
    if let Some(end) = memchr2(b'"', b'\\', plain.as_bytes())
        && plain.as_bytes().get(end) == Some(&b'"')
    {
        return Ok((plain.get(..end).unwrap_or_default().to_owned(), end + 2));
    }
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1);
    while let Some((i, c)) = chars.next() {
        match c {
            '"' => return Ok((value, i + 1)),
            '\\' => {
                let Some((_, escape)) = chars.next() else {
                    break;
                };
                let long = match escape {
                    'n' => Some('\n'),
                    'r' => Some('\r'),
                    't' => Some('\t'),
                    '"' | '\\' | '\'' => Some(escape),
                    'u' | 'U' => {
                        let digits = if escape == 'u' { 4 } else { 6 };
                        let hex: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                        match surrogates(&hex, &mut chars) {
                            Some(c) => Some(c),
                            None => {
                                return Err(Fault::new(at + i..at + i + 2, "no such character")
                                    .help(
                                        "write `\\u` and four, or `\\U` and six hexadecimal digits",
                                    ));
                            }
                        }
                    }
                    _ => None,
                };
                match long {
                    Some(c) => value.push(c),
                    None => {
                        value.push('\\');
                        value.push(escape);
                    }
                }
            }
            c => value.push(c),
        }
    }
    Err(Fault::new(at..at + 1, "the text has no closing quote").help("close it with `\"`"))
}

/// The character of a `\u` escape; a high surrogate takes the low one behind it along.
fn surrogates(hex: &str, rest: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    let high = code(hex)?;
    if !(0xD800..0xDC00).contains(&high) {
        return char::from_u32(high);
    }
    let tail: String = rest.take(6).map(|(_, c)| c).collect();
    let low = code(tail.strip_prefix("\\u")?).filter(|l| (0xDC00..0xE000).contains(l))?;
    char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))
}

/// Hexadecimal digits, and nothing else, as a number.
fn code(hex: &str) -> Option<u32> {
    let plain = hex.bytes().all(|b| b.is_ascii_hexdigit());
    u32::from_str_radix(hex, 16).ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_tokens(text: &str, tokens: &[Token<'_>]) {
        let found: Vec<_> = lex(text).expect("it has tokens").into_iter().collect();
        let (last, before) = found.split_last().expect("the end is one");
        assert_eq!(*last, (Token::End, text.len()..text.len()));
        let before: Vec<_> = before.iter().map(|(token, _)| token.clone()).collect();
        assert_eq!(before, tokens);
    }

    #[test]
    fn letters_of_every_alphabet_make_names() {
        let names = ["a", "b_2", "été", "_é1", "名前", "z"].map(Token::Name);
        assert_tokens("a b_2\tété\u{a0}_é1 /* é */ 名前 // é\nz", &names);
    }

    #[test]
    fn a_sign_is_the_longest_that_stands_there() {
        let signs = [
            "**", "<=", ">=", "!=", "..", "->", "(", ")", "[", "]", "{", "}", ",", "=", "<", ">",
            "+", "-", "*", "/", ".", ":", "%",
        ];
        assert_tokens(&signs.join(" "), &signs.map(Token::Sign));
        let close = ["<=", "=", "**", "*", "..", ".", "->", ">=", "-", "-"];
        assert_tokens(&close.concat(), &close.map(Token::Sign));
    }

    #[test]
    fn a_text_ends_at_a_quote_that_is_not_escaped() {
        let texts = ["", "a é", "a\"b", "\\", "\n"].map(|text| Token::Text(text.to_owned()));
        assert_tokens(r#""" "a é" "a\"b" "\\" "\n""#, &texts);
        let open = |text| lex(text).expect_err("it has no end").span;
        assert_eq!(open(r#"1 "a\""#), 2..3);
        assert_eq!(open(r#" ""#), 1..2);
    }
}
