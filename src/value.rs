//! What a cell or an expression can be: exact numbers, money, dates and texts, how people write them, and how they are printed.

mod figures;

use std::fmt::Write as _;

use jiff::civil;
pub use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy;

use crate::neutral::is_command;

/// A calendar date.
pub type Date = civil::Date;

/// The kind of a field, as a schema names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// Any text, trimmed, never empty.
    Text,
    /// An exact decimal.
    Number,
    /// An amount in the pack's currency.
    Money,
    /// A share: 12.5 % is the number 0.125.
    Percent,
    /// A calendar date.
    Date,
    /// Yes or no.
    Boolean,
    /// A fiscal year, named by the calendar year in which it ends.
    Year,
    /// A text of a closed list.
    Code,
}

impl Type {
    /// Whether it is a figure that people add up: an amount, a number or a share.
    pub fn is_figure(self) -> bool {
        matches!(self, Type::Money | Type::Number | Type::Percent)
    }

    /// Every type with the name it has in a schema.
    pub const NAMES: [(&'static str, Type); 8] = [
        ("text", Type::Text),
        ("number", Type::Number),
        ("money", Type::Money),
        ("percent", Type::Percent),
        ("date", Type::Date),
        ("boolean", Type::Boolean),
        ("year", Type::Year),
        ("code", Type::Code),
    ];

    /// Whether its values are held as exact numbers (dates as days).
    pub fn is_numeric(self) -> bool {
        matches!(
            self,
            Type::Number | Type::Money | Type::Percent | Type::Date | Type::Year
        )
    }
}

/// A value that stands alone: a constant, a parameter, an answer, a piece of evidence.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// FEEL's `null`: an answer, not a gap.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Decimal),
    /// A share, printed as a percentage.
    Percent(Decimal),
    /// An amount of money.
    Money(Decimal),
    /// A date.
    Date(Date),
    /// A text or a code.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A row of a table, by the text that names it.
    Row(String),
    /// A value that cannot be known, between bounds where there are any.
    Unknown {
        /// The least it can be.
        min: Option<Box<Value>>,
        /// The most it can be.
        max: Option<Box<Value>>,
    },
    /// A cell marked as suppressed, or one that holds a small count: printed nowhere.
    Suppressed,
    /// A cell marked as not applicable.
    NotApplicable,
}

impl Value {
    /// An unknown without bounds.
    pub const UNKNOWN: Value = Value::Unknown {
        min: None,
        max: None,
    };

    /// The value, which is known where both of its bounds are the same.
    #[must_use]
    pub fn settled(self) -> Value {
        match self {
            Value::Unknown {
                min: Some(min),
                max: Some(max),
            } if min == max => *min,
            Value::List(items) => Value::List(items.into_iter().map(Value::settled).collect()),
            other => other,
        }
    }
}

/// The largest magnitude of a cell or a literal: 10¹². Money columns of up to six decimals therefore fit 64 bits.
pub const LIMIT: Decimal = Decimal::from_parts(0xD4A5_1000, 0xE8, 0, false, 0);

/// What stands for the bound of an unknown number that has none: a hundred times [`LIMIT`], so that whatever is made of
/// it still lies beyond every cell, and the product of two is still a decimal.
pub const UNBOUNDED: Decimal = Decimal::from_parts(0x107A_4000, 0x5AF3, 0, false, 0);

/// Rounds to `places` (negative: tens, hundreds, …), a half to the even neighbour. `None` beyond the range of decimals.
pub fn round_half_even(x: Decimal, places: i64) -> Option<Decimal> {
    round(x, places, RoundingStrategy::MidpointNearestEven)
}

/// Rounds to `places`, a half away from zero.
pub fn round_half_up(x: Decimal, places: i64) -> Option<Decimal> {
    round(x, places, RoundingStrategy::MidpointAwayFromZero)
}

/// Rounds to `places` toward negative infinity.
pub fn floor(x: Decimal, places: i64) -> Option<Decimal> {
    round(x, places, RoundingStrategy::ToNegativeInfinity)
}

/// Rounds to `places` toward positive infinity.
pub fn ceiling(x: Decimal, places: i64) -> Option<Decimal> {
    round(x, places, RoundingStrategy::ToPositiveInfinity)
}

/// What is left of `a` behind the last whole `b`, which is not zero: exact, with the sign of `a`. The remainder of
/// `rust_decimal` is wrong where the places of both are far apart.
pub(crate) fn remainder(a: Decimal, b: Decimal) -> Decimal {
    let (whole, part) = (a.mantissa().unsigned_abs(), b.mantissa().unsigned_abs());
    let places = a.scale().max(b.scale());
    let left = match a.scale().checked_sub(b.scale()) {
        Some(more) => {
            let factor = 10_u128.checked_pow(more);
            // A divisor too large for the product is larger than `a`.
            let part = factor.and_then(|factor| part.checked_mul(factor));
            part.map_or(whole, |part| whole % part)
        }
        // Both have 96 bits, so that ten times a remainder fits.
        None => (a.scale()..b.scale()).fold(whole % part, |left, _| left * 10 % part),
    };
    let left = i128::try_from(left).unwrap_or(0);
    let left = if a.is_sign_negative() { -left } else { left };
    Decimal::from_i128_with_scale(left, places)
}

fn round(x: Decimal, places: i64, strategy: RoundingStrategy) -> Option<Decimal> {
    match u32::try_from(places) {
        Ok(p) => Some(x.round_dp_with_strategy(p, strategy)),
        Err(_) => {
            let tens = u32::try_from(places.checked_neg()?).ok()?;
            if tens > 28 {
                return round_far(x, tens, strategy);
            }
            let unit = Decimal::from_i128_with_scale(10_i128.checked_pow(tens)?, 0);
            let whole = round_quotient(x, unit, strategy)?;
            whole.checked_mul(unit)
        }
    }
}

/// Rounds to a unit of 10²⁹ or more, which lies beyond all decimals: to zero, or beyond them too.
fn round_far(x: Decimal, tens: u32, strategy: RoundingStrategy) -> Option<Decimal> {
    let half = Decimal::from_i128_with_scale(5 * 10_i128.pow(28), 0);
    let to_zero = match strategy {
        RoundingStrategy::ToNegativeInfinity => x >= Decimal::ZERO,
        RoundingStrategy::ToPositiveInfinity => x <= Decimal::ZERO,
        RoundingStrategy::MidpointAwayFromZero => tens > 29 || x.abs() < half,
        _ => tens > 29 || x.abs() <= half,
    };
    to_zero.then_some(Decimal::ZERO)
}

/// `x / unit` rounded to a whole number. The quotient by a power of ten may lose places beyond 28, never the half:
/// what is lost is told apart by the remainder.
fn round_quotient(x: Decimal, unit: Decimal, strategy: RoundingStrategy) -> Option<Decimal> {
    let rest = x.checked_rem(unit)?;
    let below = x.checked_sub(rest)?.checked_div(unit)?;
    let twice = rest.abs().checked_mul(Decimal::TWO)?;
    let away = match strategy {
        RoundingStrategy::ToNegativeInfinity => rest.is_sign_negative() && !rest.is_zero(),
        RoundingStrategy::ToPositiveInfinity => rest.is_sign_positive() && !rest.is_zero(),
        RoundingStrategy::MidpointAwayFromZero => twice >= unit,
        _ => twice > unit || (twice == unit && !below.checked_rem(Decimal::TWO)?.is_zero()),
    };
    let step = if x.is_sign_negative() {
        Decimal::NEGATIVE_ONE
    } else {
        Decimal::ONE
    };
    if away {
        below.checked_add(step)
    } else {
        Some(below)
    }
}

/// Reads a plain decimal: digits, at most one point, an optional exponent. `None` for anything else, more than 28 places
/// or more than 28 digits.
pub fn parse_decimal(text: &str) -> Option<Decimal> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.strip_prefix('+').unwrap_or(e).parse::<i32>().ok()?),
        None => (text, 0),
    };
    let digits = mantissa.strip_prefix(['-', '+']).unwrap_or(mantissa);
    let body_ok = digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.bytes().filter(|&b| b == b'.').count() <= 1
        && digits.bytes().any(|b| b.is_ascii_digit());
    if !body_ok {
        return None;
    }
    let value = Decimal::from_str_exact(mantissa.strip_prefix('+').unwrap_or(mantissa)).ok()?;
    if exponent == 0 {
        return Some(value);
    }
    let scale = i32::try_from(value.scale()).ok()?.checked_sub(exponent)?;
    if scale >= 0 {
        let mut shifted = value;
        shifted.set_scale(u32::try_from(scale).ok()?).ok()?;
        return Some(shifted);
    }
    let factor = 10_i128.checked_pow(u32::try_from(scale.checked_neg()?).ok()?)?;
    Decimal::try_from_i128_with_scale(value.mantissa().checked_mul(factor)?, 0).ok()
}

/// Reads a number as people write it: `1234.5`, `$1,234.50`, `(1,234.50)`, `$ (1,234.50)`, `1,234.50-`, `-` for zero,
/// `79.5%` as 79.5. The second part says whether a percent sign stood there.
pub fn parse_figure(text: &str) -> Option<(Decimal, bool)> {
    if let Some(x) = bare_figure(text) {
        return Some((x, false));
    }
    let text = text.trim_matches(is_blank);
    let in_brackets = strip_currency(text);
    let text = if in_brackets.starts_with('(') {
        in_brackets
    } else {
        text
    };
    let (inner, negative) = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let (inner, percent) = match inner.trim_end_matches(is_blank).strip_suffix('%') {
        Some(rest) => (rest, true),
        None => (inner, false),
    };
    let inner = inner.trim_matches(is_blank);
    let (sign, inner) = split_sign(inner);
    let unsigned = strip_currency(inner);
    let (sign, unsigned) = if sign.is_empty() {
        split_sign(unsigned)
    } else {
        (sign, unsigned)
    };
    if unsigned.is_empty() {
        let dash = !sign.is_empty() && sign != "+" && !percent && !negative;
        return dash.then_some((Decimal::ZERO, false));
    }
    if (negative && !sign.is_empty())
        || !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
    {
        return None;
    }
    // Books of account have the sign behind the figure.
    let (unsigned, sign) = match unsigned.strip_suffix(['-', '\u{2212}']) {
        Some(rest) if sign.is_empty() && !negative && !percent => {
            (rest.trim_end_matches(is_blank), "-")
        }
        _ => (unsigned, sign),
    };
    let plain = without_groups(unsigned)?;
    let value = parse_decimal(&plain)?;
    let minus = negative || (sign != "+" && !sign.is_empty());
    Some((
        if minus && !value.is_zero() {
            -value
        } else {
            value
        },
        percent,
    ))
}

/// Reads digits with at most one point among them and perhaps a minus before them: how programs write figures.
pub(crate) fn bare_figure(text: &str) -> Option<Decimal> {
    bare_parts(text.as_bytes()).map(|(value, places)| Decimal::new(value, places))
}

/// The same as a whole number and how many of its digits stand behind the point.
pub(crate) fn bare_parts(text: &[u8]) -> Option<(i64, u32)> {
    let (is_negative, digits) = match text.split_first()? {
        (b'-', digits) => (true, digits),
        _ => (false, text),
    };
    let (value, places) = figures::read(digits)?;
    Some((if is_negative { -value } else { value }, places))
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{a0}' || c == '\u{200b}' || c == '\u{feff}'
}

/// Trims spaces of every kind, no-break spaces included.
pub fn trim(text: &str) -> &str {
    let bytes = text.as_bytes();
    // Nearly every text begins and ends with a mark that shows.
    let shows = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if shows(bytes.first()) && shows(bytes.last()) {
        return text;
    }
    text.trim_matches(is_blank)
}

fn split_sign(text: &str) -> (&str, &str) {
    match text.chars().next() {
        Some(c @ ('-' | '+' | '\u{2212}' | '\u{2013}' | '\u{2014}')) => {
            let (sign, rest) = text.split_at(c.len_utf8());
            (sign, rest.trim_start_matches(is_blank))
        }
        _ => ("", text),
    }
}

fn strip_currency(text: &str) -> &str {
    let text = text
        .strip_prefix(['$', '€', '£'])
        .or_else(|| text.strip_prefix("USD"))
        .unwrap_or(text);
    let text = text.strip_suffix("USD").unwrap_or(text);
    text.trim_matches(is_blank)
}

/// Takes out commas, or spaces that do not break, between groups of three digits; `None` when one stands elsewhere.
fn without_groups(text: &str) -> Option<String> {
    let is_separator = |c: char| c == ',' || is_fixed_space(c);
    let Some(separator) = text.chars().find(|&c| is_separator(c)) else {
        return Some(text.to_owned());
    };
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text, None), |(w, f)| (w, Some(f)));
    let mut groups = whole.split(separator);
    let first = groups.next()?;
    if first.is_empty() || first.len() > 3 || !groups.all(|g| g.len() == 3) {
        return None;
    }
    let mut plain = whole.replace(separator, "");
    if let Some(fraction) = fraction {
        plain.push('.');
        plain.push_str(fraction);
    }
    (!plain.contains(is_separator)).then_some(plain)
}

/// A space of a fixed width, as some countries write between thousands.
fn is_fixed_space(c: char) -> bool {
    matches!(c, '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}')
}

/// Reads `2026-07-01`, `2026/07/01`, `7/1/2026`, `7/1/26`, `July 1, 2026` or `1-Jul-2026`, each with an optional midnight
/// behind it. The month stands before the day, as the country writes; a year of two digits is of this century.
pub fn parse_date(text: &str) -> Option<Date> {
    let text = trim(text);
    let text = text
        .strip_suffix("T00:00:00")
        .or_else(|| text.strip_suffix(" 00:00:00"))
        .unwrap_or(text);
    if text.contains(|c: char| c.is_alphabetic()) {
        return worded_date(text);
    }
    let Some((first, rest)) = text.split_once('/') else {
        return parse_iso_date(text);
    };
    let (second, third) = rest.split_once('/')?;
    if first.len() == 4 {
        return short_date(first, second, third);
    }
    short_date(third, first, second)
}

/// The date of digits for a year of four or two of them, a month and a day.
fn short_date(year: &str, month: &str, day: &str) -> Option<Date> {
    let year = match year.len() {
        4 => digits(year)?,
        2 => 2000 + digits(year)?,
        _ => return None,
    };
    if month.len() > 2 || day.len() > 2 {
        return None;
    }
    date(year, digits(month)?, digits(day)?)
}

/// Reads a date with the month in letters: `July 1, 2026`, `1 July 2026`, `Jul 1 2026`, `1-Jul-26`.
fn worded_date(text: &str) -> Option<Date> {
    let mut parts = text
        .split(|c: char| c == ' ' || c == '-' || c == ',' || c == '.' || is_fixed_space(c))
        .filter(|part| !part.is_empty());
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let (month, day) = match (month_of(first), month_of(second)) {
        (Some(month), None) => (month, second),
        (None, Some(month)) => (month, first),
        _ => return None,
    };
    short_date(year, &month.to_string(), day)
}

/// The month of an English name, or of its first three letters (`Sept` is common too).
fn month_of(name: &str) -> Option<usize> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let name = name.to_ascii_lowercase();
    let means = |month: &&str| {
        **month == name || (month.starts_with(&name) && (name.len() == 3 || name == "sept"))
    };
    NAMES.iter().position(means).map(|at| at + 1)
}

/// Reads `2026-07-01`, nothing else.
pub fn parse_iso_date(text: &str) -> Option<Date> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    date(digits(year)?, digits(month)?, digits(day)?)
}

fn digits(text: &str) -> Option<i64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?
}

/// The date of a year (1 to 9999), month and day, if there is one.
pub fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    let year = i16::try_from(year)
        .ok()
        .filter(|y| (1..=9999).contains(y))?;
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// Reads a fiscal year: `2027`, `FY2027`, `FY27`, `2026-27`, `2026-2027`.
pub fn parse_year(text: &str) -> Option<i64> {
    let text = trim(text);
    let text = text
        .strip_prefix("FY")
        .or_else(|| text.strip_prefix("fy"))
        .map_or(text, trim);
    if let Some((from, to)) = text.split_once(['-', '–', '/']) {
        let from = (from.len() == 4).then(|| digits(from))??;
        let to_year = digits(to)?;
        let ends = match to.len() {
            2 => (from + 1) % 100 == to_year,
            4 => from + 1 == to_year,
            _ => false,
        };
        return ends.then_some(from + 1);
    }
    match (text.len(), digits(text)?) {
        (4, year) if (1900..=2999).contains(&year) => Some(year),
        (2, year) => Some(2000 + year),
        _ => None,
    }
}

/// Reads yes or no, true or false.
pub fn parse_boolean(text: &str) -> Option<bool> {
    match trim(text).to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "t" | "1" | "x" | "\u{2713}" | "\u{2714}" => Some(true),
        "no" | "n" | "false" | "f" | "0" => Some(false),
        _ => None,
    }
}

/// Days since 1970-01-01.
pub fn to_days(date: Date) -> i64 {
    i64::from((date - Date::constant(1970, 1, 1)).get_days())
}

/// The date so many days after 1970-01-01, if the calendar reaches there.
pub fn from_days(days: i64) -> Option<Date> {
    let span = jiff::Span::new().try_days(days).ok()?;
    Date::constant(1970, 1, 1).checked_add(span).ok()
}

/// A number without trailing zeros: `12.50` is `12.5`.
pub fn plain(x: Decimal) -> String {
    let mut text = String::with_capacity(ROOM);
    push_plain(x, &mut text);
    text
}

/// Writes the same behind a text.
pub(crate) fn push_plain(x: Decimal, text: &mut String) {
    if push_short(x, 0, text).is_none() {
        text.push_str(&x.normalize().to_string());
    }
}

/// The signs for which there is room in the text of a number.
const ROOM: usize = 24;

/// Writes a number of few digits behind a text, without zeros at its end beyond so many decimals; `None`, and nothing, where it has
/// more.
fn push_short(x: Decimal, least: u32, out: &mut String) -> Option<()> {
    let (mut digits, mut scale) = (i64::try_from(x.mantissa()).ok()?, x.scale());
    while scale > least && digits % 10 == 0 {
        (digits, scale) = (digits / 10, scale - 1);
    }
    while scale < least {
        (digits, scale) = (digits.checked_mul(10)?, scale + 1);
    }
    let (size, parts) = (digits.unsigned_abs(), 10_u64.checked_pow(scale)?);
    let (whole, rest, places) = (size / parts, size % parts, usize::try_from(scale).ok()?);
    let mut room = itoa::Buffer::new();
    if digits < 0 {
        out.push('-');
    }
    out.push_str(room.format(whole));
    if places > 0 {
        let rest = room.format(rest);
        out.push('.');
        (rest.len()..places).for_each(|_| out.push('0'));
        out.push_str(rest);
    }
    Some(())
}

/// Money with at least two decimals and no sign of its currency: `1234.50`.
pub fn plain_money(x: Decimal) -> String {
    let mut text = String::with_capacity(ROOM);
    if push_short(x, 2, &mut text).is_none() {
        let mut x = x.normalize();
        x.rescale(x.scale().max(2));
        text.push_str(&x.to_string());
    }
    text
}

/// Money as people read it: `$1,234.50`, `-$1,234.50`, `EUR 1,234.50`.
pub fn money(x: Decimal, currency: &str) -> String {
    let text = plain_money(x.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut out = String::with_capacity(text.len() + text.len() / 3 + currency.len() + 4);
    if x.is_sign_negative() && !x.is_zero() {
        out.push('-');
    }
    match currency {
        "USD" => out.push('$'),
        "EUR" => out.push('€'),
        "GBP" => out.push('£'),
        other => {
            out.push_str(other);
            out.push(' ');
        }
    }
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push('.');
    out.push_str(cents);
    out
}

/// A share as a percentage: 0.125 is `12.5 %`.
pub fn percent(x: Decimal) -> String {
    x.checked_mul(Decimal::ONE_HUNDRED)
        .map_or_else(|| plain(x), |p| format!("{} %", plain(p)))
}

/// The value in FEEL's notation: `1.50`, `"text"`, `true`, `null`, `[1, 2]`, `@"2026-07-01"`, or `unknown`.
pub fn feel(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(x) | Value::Percent(x) | Value::Money(x) => x.to_string(),
        Value::Date(d) => format!("@\"{d}\""),
        Value::Text(t) | Value::Row(t) => quote(t),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(feel).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Unknown { .. } | Value::Suppressed | Value::NotApplicable => "unknown".to_owned(),
    }
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_command(c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// The value as a person reads it in a message.
pub fn say(value: &Value, currency: &str) -> String {
    // Outward, so that what is said of a bound stays true.
    let least = |min: &Value| say(&rounded(min, floor), currency);
    let most = |max: &Value| say(&rounded(max, ceiling), currency);
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(b) => if *b { "yes" } else { "no" }.to_owned(),
        Value::Number(x) => plain(*x),
        Value::Percent(x) => percent(*x),
        Value::Money(x) => money(*x, currency),
        Value::Date(d) => d.to_string(),
        Value::Text(t) | Value::Row(t) => t.clone(),
        Value::List(items) if items.is_empty() => "none".to_owned(),
        Value::List(items) => items
            .iter()
            .map(|v| say(v, currency))
            .collect::<Vec<_>>()
            .join(", "),
        Value::Suppressed => "suppressed".to_owned(),
        Value::NotApplicable => "n/a".to_owned(),
        Value::Unknown { min, max } => match (min, max) {
            (None, None) => "not known".to_owned(),
            (Some(min), None) => format!("at least {}", least(min)),
            (None, Some(max)) => format!("at most {}", most(max)),
            (Some(min), Some(max)) => format!("{} to {}", least(min), most(max)),
        },
    }
}

/// A bound as people read it: cents, two places, hundredths of a percent.
fn rounded(bound: &Value, round: fn(Decimal, i64) -> Option<Decimal>) -> Value {
    let to = |x: Decimal, places| round(x, places).unwrap_or(x);
    match bound {
        Value::Money(x) => Value::Money(to(*x, 2)),
        Value::Number(x) => Value::Number(to(*x, 2)),
        Value::Percent(x) => Value::Percent(to(*x, 4)),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_few_digits_are_written_as_all_are() {
        for digits in [
            0,
            1,
            -1,
            10,
            -250,
            99_999,
            100_000,
            -123_456_700,
            i64::MAX,
            i64::MIN,
        ] {
            for scale in [0, 1, 2, 5, 28] {
                let x = Decimal::new(digits, scale);
                assert_eq!(plain(x), x.normalize().to_string());
                let mut money = x.normalize();
                money.rescale(money.scale().max(2));
                assert_eq!(plain_money(x), money.to_string());
            }
        }
    }

    #[test]
    fn figures_and_dates_are_held_as_numbers() {
        let numeric = Type::NAMES.iter().filter(|(_, ty)| ty.is_numeric());
        let names: Vec<_> = numeric.map(|(name, _)| *name).collect();
        assert_eq!(names, ["number", "money", "percent", "date", "year"]);
    }

    #[test]
    fn bounds_are_rounded_outward_and_equal_ones_are_a_value() {
        let between = |value: fn(Decimal) -> Value, min: &str, max: &str| {
            let bound = |text| Some(Box::new(value(parse_decimal(text).unwrap())));
            Value::Unknown {
                min: bound(min),
                max: bound(max),
            }
        };
        let said = |value: Value| say(&value.settled(), "USD");
        assert_eq!(
            said(between(Value::Money, "1.239", "2.001")),
            "$1.23 to $2.01"
        );
        assert_eq!(
            said(between(Value::Number, "-0.126", "33.3333")),
            "-0.13 to 33.34"
        );
        assert_eq!(
            said(between(Value::Percent, "0.12345", "0.5")),
            "12.34 % to 50 %"
        );
        assert_eq!(said(between(Value::Money, "0", "0.00")), "$0.00");
        let list = Value::List(vec![between(Value::Number, "1", "1")]);
        assert_eq!(said(list), "1");
    }

    fn d(text: &str) -> Decimal {
        parse_decimal(text).unwrap()
    }

    #[track_caller]
    fn assert_figure(text: &str, value: &str) {
        assert_eq!(parse_figure(text).unwrap().0, d(value), "{text}");
    }

    #[test]
    fn limit_is_a_million_millions() {
        assert_eq!(LIMIT, d("1000000000000"));
        assert_eq!(UNBOUNDED, d("100000000000000"));
    }

    #[test]
    fn figures_as_people_write_them() {
        assert_figure("1234.5", "1234.5");
        assert_figure("$1,234.50", "1234.5");
        assert_figure("(1,234.50)", "-1234.5");
        assert_figure("($1,234.50)", "-1234.5");
        assert_figure("-$5", "-5");
        assert_figure("$ -", "0");
        assert_figure(" $  -   ", "0");
        assert_figure("-", "0");
        assert_figure("\u{a0}12\u{a0}", "12");
        assert_figure("79.5%", "79.5");
        assert_figure("$ (1,234.50)", "-1234.5");
        assert_figure("USD 1,234.50", "1234.5");
        assert_figure("1,234.50-", "-1234.5");
        assert_figure("$\u{a0}1\u{202f}234\u{202f}567.50", "1234567.5");
        assert_figure("1.23e4", "12300");
        assert_figure("1.5E-3", "0.0015");
        for bad in [
            "",
            "1,23",
            "1,2345",
            "12..5",
            "abc",
            "1 000",
            "--5",
            "(-5)",
            "%",
            "5$5",
            "1,234,56.7",
            "1,234\u{a0}567",
            "-5-",
            "(5-)",
            "1.5,000",
        ] {
            assert_eq!(parse_figure(bad), None, "{bad}");
        }
    }

    #[test]
    fn signs_brackets_currencies_and_groups_of_figures() {
        for (text, value) in [
            ("+5", "5"),
            ("\u{2212}5", "-5"),
            ("\u{2013}5.5", "-5.5"),
            ("\u{2014} 5", "-5"),
            ("5\u{2212}", "-5"),
            ("5 -", "-5"),
            ("$5-", "-5"),
            ("€5", "5"),
            ("£ 5", "5"),
            ("5 USD", "5"),
            ("$.5", "0.5"),
            ("$-5", "-5"),
            ("( 5 )", "-5"),
            ("\u{200b}$5\u{feff}", "5"),
            ("123,456,789.25", "123456789.25"),
            ("1\u{2009}234", "1234"),
            ("1\u{2007}234", "1234"),
            ("\u{2014}", "0"),
        ] {
            assert_figure(text, value);
        }
        assert_eq!(parse_figure("5 %"), Some((d("5"), true)));
        assert_eq!(parse_figure("(5%)"), Some((d("-5"), true)));
        assert_eq!(parse_figure("$5"), Some((d("5"), false)));
        let (zero, _) = parse_figure("(0.00)").unwrap();
        assert_eq!(zero.to_string(), "0.00");
        for bad in [
            "+",
            "-%",
            "(-)",
            "(5",
            "5)",
            "(+5)",
            "5-%",
            "+5-",
            "1234,567",
            "1,,234",
            ".5,000",
            "1_000",
            "1:5",
            "$1_000",
            "$1.2.3",
            "$.",
            "1,234 567",
        ] {
            assert_eq!(parse_figure(bad), None, "{bad}");
        }
    }

    #[test]
    fn bare_figures_have_digits_and_a_point_alone() {
        for (text, parts) in [
            ("0", (0, 0)),
            ("1.25", (125, 2)),
            ("-1.5", (-15, 1)),
            ("1.", (1, 0)),
            (".5", (5, 1)),
            ("-.05", (-5, 2)),
            ("123456789012345678", (123_456_789_012_345_678, 0)),
            ("-123456789012345678", (-123_456_789_012_345_678, 0)),
        ] {
            assert_eq!(bare_parts(text.as_bytes()), Some(parts), "{text}");
        }
        for bad in [
            "",
            "-",
            ".",
            "-.",
            "+5",
            "1:5",
            "1/5",
            "1..5",
            "1.2.3",
            "--5",
            " 5",
            "1234567890123456789",
        ] {
            assert_eq!(bare_parts(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn decimals_with_and_without_an_exponent() {
        for (text, value) in [
            ("12e0", "12"),
            ("1.5e1", "15"),
            ("1.5e+2", "150"),
            ("1.5E-1", "0.15"),
            ("+5", "5"),
            ("-.5", "-0.5"),
            ("1e28", "10000000000000000000000000000"),
            ("1e-28", "0.0000000000000000000000000001"),
        ] {
            assert_eq!(parse_decimal(text), Some(d(value)), "{text}");
        }
        for bad in [
            "", ".", "+", "1e", "e5", "1.2.3", "1_000", "1e29", "1e-29", "1e40", "0x1", "1 ", "+-5",
        ] {
            assert_eq!(parse_decimal(bad), None, "{bad}");
        }
    }

    #[test]
    fn blanks_of_every_kind_are_trimmed() {
        for text in [
            "x y",
            " x y",
            "x y ",
            "\u{a0}x y",
            "\u{200b}x y",
            "x y\u{feff}",
            "\tx y\r\n",
        ] {
            assert_eq!(trim(text), "x y", "{text:?}");
        }
        assert_eq!(trim("\u{e9} "), "\u{e9}");
        assert_eq!(trim("  "), "");
        assert_eq!(trim(""), "");
    }

    #[test]
    fn dates_and_years() {
        assert_eq!(parse_date("2026-07-01"), date(2026, 7, 1));
        assert_eq!(parse_date("7/1/2026"), date(2026, 7, 1));
        for text in [
            "7/1/26",
            "07/01/2026",
            "2026/07/01",
            "July 1, 2026",
            "1 July 2026",
            "Jul. 1 2026",
            "1-Jul-2026",
            "01-jul-26",
        ] {
            assert_eq!(parse_date(text), date(2026, 7, 1), "{text}");
        }
        assert_eq!(parse_date("Sept 30, 2026"), date(2026, 9, 30));
        for bad in [
            "2026-02-30",
            "13/5/2026",
            "7/1/026",
            "7-1-2026",
            "July 2026",
            "Ju 1 2026",
            "1 2 July",
            "7/1",
        ] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
        assert_eq!(
            from_days(to_days(date(2026, 7, 1).unwrap())),
            date(2026, 7, 1)
        );
        for (text, year) in [
            ("2027", 2027),
            ("FY2027", 2027),
            ("FY27", 2027),
            ("2026-27", 2027),
            ("2026-2027", 2027),
        ] {
            assert_eq!(parse_year(text), Some(year), "{text}");
        }
        assert_eq!(parse_year("2026-28"), None);
    }

    #[test]
    fn dates_and_years_at_their_edges() {
        for text in [
            "2026-07-01T00:00:00",
            "7/1/2026 00:00:00",
            "1\u{a0}July\u{a0}2026",
            "1.July.2026",
            "July,1,2026",
        ] {
            assert_eq!(parse_date(text), date(2026, 7, 1), "{text}");
        }
        for (text, month) in [
            ("January", 1),
            ("feb", 2),
            ("March", 3),
            ("Apr", 4),
            ("MAY", 5),
            ("june", 6),
            ("Jul", 7),
            ("August", 8),
            ("sept", 9),
            ("Sep", 9),
            ("October", 10),
            ("nov", 11),
            ("December", 12),
        ] {
            assert_eq!(
                parse_date(&format!("{text} 2, 2026")),
                date(2026, month, 2),
                "{text}"
            );
        }
        for bad in [
            "",
            "2026-07-01-1",
            "26-07-01",
            "2026-7-01",
            "2026-07-1",
            "+026-07-01",
            "2026--01",
            "0000-01-01",
            "007/1/2026",
            "7/001/2026",
            "7/1/20261",
            "Septe 30, 2026",
            "Janu 1, 2026",
            "Ju 1, 2026",
            "July July 2026",
            "July 1 2026 x",
            "1 2 2026 July",
        ] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
        assert_eq!(
            date(9999, 12, 31).map(|d| d.to_string()),
            Some("9999-12-31".to_owned())
        );
        assert_eq!(date(10_000, 1, 1), None);
        assert_eq!(date(0, 1, 1), None);
        assert_eq!(to_days(date(1970, 1, 2).unwrap()), 1);
        assert_eq!(from_days(-1), date(1969, 12, 31));
        for (text, year) in [
            ("1999-00", Some(2000)),
            ("1999-2000", Some(2000)),
            ("2026/27", Some(2027)),
            ("FY 27", Some(2027)),
            ("fy2027", Some(2027)),
            (" 2027 ", Some(2027)),
            ("1900", Some(1900)),
            ("2999", Some(2999)),
            ("1899", None),
            ("3000", None),
            ("027", None),
            ("26-27", None),
            ("2026-127", None),
            ("2026-2028", None),
            ("2026-", None),
            ("FY", None),
            ("2027.5", None),
        ] {
            assert_eq!(parse_year(text), year, "{text}");
        }
    }

    #[test]
    fn yes_and_no_in_every_writing() {
        for text in [
            "yes", "Y", "TRUE", "t", "1", "x", "\u{2713}", "\u{2714}", " yes ",
        ] {
            assert_eq!(parse_boolean(text), Some(true), "{text}");
        }
        for text in ["no", "N", "False", "f", "0"] {
            assert_eq!(parse_boolean(text), Some(false), "{text}");
        }
        assert_eq!(parse_boolean("maybe"), None);
        assert_eq!(parse_boolean(""), None);
    }

    #[track_caller]
    fn assert_told(value: &Value, feel_says: &str, people_read: &str) {
        assert_eq!(feel(value), feel_says);
        assert_eq!(say(value, "EUR"), people_read);
    }

    #[test]
    fn every_value_is_told_to_programs_and_to_people() {
        let unknown = |min: Option<&str>, max: Option<&str>| Value::Unknown {
            min: min.map(|x| Box::new(Value::Money(d(x)))),
            max: max.map(|x| Box::new(Value::Money(d(x)))),
        };
        assert_told(&Value::Null, "null", "none");
        assert_told(&Value::Bool(true), "true", "yes");
        assert_told(&Value::Bool(false), "false", "no");
        assert_told(&Value::Number(d("1.50")), "1.50", "1.5");
        assert_told(&Value::Percent(d("0.150")), "0.150", "15 %");
        assert_told(&Value::Money(d("-1234.5")), "-1234.5", "-€1,234.50");
        assert_told(
            &Value::Date(date(2026, 7, 1).unwrap()),
            "@\"2026-07-01\"",
            "2026-07-01",
        );
        assert_told(
            &Value::Text("a\"\\\n\r\t\u{1}b".to_owned()),
            "\"a\\\"\\\\\\n\\r\\t\\u0001b\"",
            "a\"\\\n\r\t\u{1}b",
        );
        assert_told(&Value::List(Vec::new()), "[]", "none");
        let list = Value::List(vec![Value::Bool(true), Value::Number(d("2"))]);
        assert_told(&list, "[true, 2]", "yes, 2");
        assert_told(&Value::Suppressed, "unknown", "suppressed");
        assert_told(&Value::NotApplicable, "unknown", "n/a");
        assert_told(&Value::UNKNOWN, "unknown", "not known");
        assert_told(&unknown(Some("1"), None), "unknown", "at least €1.00");
        assert_told(&unknown(None, Some("1.001")), "unknown", "at most €1.01");
        assert_told(&unknown(Some("1"), Some("2")), "unknown", "€1.00 to €2.00");
        assert_eq!(
            unknown(Some("1"), Some("2")).settled(),
            unknown(Some("1"), Some("2"))
        );
        assert_eq!(
            unknown(Some("1"), Some("1")).settled(),
            Value::Money(d("1"))
        );
    }

    #[test]
    fn rounding_names_its_rule() {
        assert_eq!(round_half_even(d("2.5"), 0), Some(d("2")));
        assert_eq!(round_half_up(d("2.5"), 0), Some(d("3")));
        assert_eq!(round_half_up(d("-5.5"), 0), Some(d("-6")));
        assert_eq!(round_half_even(d("1250"), -2), Some(d("1200")));
        assert_eq!(round_half_up(d("1250"), -2), Some(d("1300")));
        assert_eq!(floor(d("-1.56"), 1), Some(d("-1.6")));
        assert_eq!(ceiling(d("1201"), -2), Some(d("1300")));
        assert_eq!(floor(d("0.5"), -29), Some(d("0")));
        assert_eq!(floor(d("-0.5"), -29), None);
        assert_eq!(round_half_up(d("6e28"), -29), None);
        assert_eq!(round_half_even(d("5e28"), -29), Some(d("0")));
    }

    /// The figure rounded half to even, half up, down and up; `-` where no decimal is so large.
    #[track_caller]
    fn assert_rounded(text: &str, places: i64, want: [&str; 4]) {
        let ways = [round_half_even, round_half_up, floor, ceiling];
        for (way, want) in ways.into_iter().zip(want) {
            let want = (want != "-").then(|| d(want));
            assert_eq!(way(d(text), places), want, "{text} to {places}");
        }
    }

    #[test]
    fn every_way_of_rounding_at_its_edges() {
        assert_rounded("1200", -2, ["1200", "1200", "1200", "1200"]);
        assert_rounded("-1200", -2, ["-1200", "-1200", "-1200", "-1200"]);
        assert_rounded("1201", -2, ["1200", "1200", "1200", "1300"]);
        assert_rounded("-1201", -2, ["-1200", "-1200", "-1300", "-1200"]);
        assert_rounded("1249.99", -2, ["1200", "1200", "1200", "1300"]);
        assert_rounded("1250", -2, ["1200", "1300", "1200", "1300"]);
        assert_rounded("-1250", -2, ["-1200", "-1300", "-1300", "-1200"]);
        assert_rounded("1250.01", -2, ["1300", "1300", "1200", "1300"]);
        assert_rounded("1350", -2, ["1400", "1400", "1300", "1400"]);
        assert_rounded("-1350", -2, ["-1400", "-1400", "-1400", "-1300"]);
        assert_rounded("0", -2, ["0", "0", "0", "0"]);
        assert_rounded("1.25", 1, ["1.2", "1.3", "1.2", "1.3"]);
        assert_rounded("1.25", 2, ["1.25"; 4]);
        assert_rounded("1.25", 28, ["1.25"; 4]);
        assert_rounded("1.25", 4_000_000_000, ["1.25"; 4]);
        assert_rounded("1.25", 5_000_000_000, ["-"; 4]);
        assert_rounded("1.25", i64::MIN, ["-"; 4]);
        assert_rounded("6.5e28", -28, ["6e28", "7e28", "6e28", "7e28"]);
        assert_rounded("0", -29, ["0"; 4]);
        assert_rounded("0.5", -29, ["0", "0", "0", "-"]);
        assert_rounded("-0.5", -29, ["0", "0", "-", "0"]);
        assert_rounded("4.9e28", -29, ["0", "0", "0", "-"]);
        assert_rounded("5e28", -29, ["0", "-", "0", "-"]);
        assert_rounded("-5e28", -29, ["0", "-", "-", "0"]);
        assert_rounded("5.1e28", -29, ["-", "-", "0", "-"]);
        assert_rounded("7e28", -30, ["0", "0", "0", "-"]);
    }

    #[test]
    fn a_remainder_is_exact_however_far_the_places_are_apart() {
        for (a, b, left) in [
            (
                "79228162514264337593543949335",
                "0.00000050000000000000000000",
                "0",
            ),
            ("7.5", "2", "1.5"),
            ("-7.5", "2", "-1.5"),
            (
                "0.0000000000000000000000000007",
                "79228162514264337593543950335",
                "0.0000000000000000000000000007",
            ),
            (
                "10",
                "0.0000000000000000000000000003",
                "0.0000000000000000000000000001",
            ),
        ] {
            assert_eq!(remainder(d(a), d(b)), d(left), "{a} by {b}");
        }
    }

    #[test]
    fn money_is_printed_with_its_cents() {
        assert_eq!(money(d("-1234567.5"), "USD"), "-$1,234,567.50");
        assert_eq!(money(d("123"), "USD"), "$123.00");
        assert_eq!(money(d("0.125"), "CHF"), "CHF 0.125");
        assert_eq!(money(d("12"), "EUR"), "€12.00");
        assert_eq!(money(d("1234"), "GBP"), "£1,234.00");
        assert_eq!(money(-d("0"), "USD"), "$0.00");
        assert_eq!(plain_money(d("1234.567")), "1234.567");
        assert_eq!(plain_money(d("1234.5")), "1234.50");
        assert_eq!(percent(d("0.125")), "12.5 %");
    }
}
