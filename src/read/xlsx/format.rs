//! A cell's number format: how its number, date or time is shown.

use calamine::Style;

use crate::value::{self, Decimal};

/// The seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// A cell's number format, such as `0000000` or `#,##0.00;(#,##0.00)`, made ready to show numbers and dates.
pub(super) struct Format {
    /// For numbers: above zero (or all), below zero, zero.
    sections: Vec<Vec<Token>>,
    /// Whether it shows 0.795 as 79.5 %.
    pub(super) percent: bool,
    /// For dates and times.
    parts: Vec<Part>,
}

/// A piece of a number format.
#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// A letter or sign that means something.
    Sign(char),
    /// Words to be shown as they stand.
    Words(String),
    /// `[h]`, `[mm]`, `[ss]`: hours, minutes or seconds beyond the day.
    Elapsed(char),
    /// `[>=1000]` and whatever else is not shown by this reader.
    Strange,
}

/// A piece of a date's format: how it is written, by the number of its letters.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    Year(usize),
    Month(usize),
    Day(usize),
    Hour(usize),
    Minute(usize),
    Second(usize),
    Elapsed(char),
    AmPm,
    Words(String),
}

impl Format {
    pub(super) fn general() -> Self {
        Format {
            sections: Vec::new(),
            percent: false,
            parts: Vec::new(),
        }
    }

    pub(super) fn of(style: &Style) -> Self {
        let Some(format) = &style.number_format else {
            return Format::general();
        };
        // These have a number and no code of their own: Excel shows them as the country writes them.
        let code = match (format.format_id, format.format_code.as_str()) {
            (Some(5 | 6), "General") => "$#,##0_);($#,##0)",
            (Some(7 | 8), "General") => "$#,##0.00_);($#,##0.00)",
            (Some(14), "mm-dd-yy") => "m/d/yyyy",
            (Some(22), "m/d/yy h:mm") => "m/d/yyyy h:mm",
            (_, code) => code,
        };
        Format::parse(code)
    }

    pub(super) fn parse(code: &str) -> Self {
        if code.is_empty() || code.eq_ignore_ascii_case("General") {
            return Format::general();
        }
        let mut sections = tokens(code);
        let first = sections.first().map_or(&[][..], Vec::as_slice);
        let percent = first.contains(&Token::Sign('%'));
        let parts = parts(first);
        sections.retain(|section| !section.contains(&Token::Sign('@')));
        if !sections.iter().all(|section| is_plain(section)) {
            sections.clear();
        }
        Format {
            sections,
            percent,
            parts,
        }
    }

    /// Whether it shows a time and no date.
    pub(super) fn clock_only(&self) -> bool {
        let is_clock = |part: &Part| {
            matches!(
                part,
                Part::Hour(_) | Part::Minute(_) | Part::Second(_) | Part::Elapsed(_)
            )
        };
        let is_date = |part: &Part| matches!(part, Part::Year(_) | Part::Month(_) | Part::Day(_));
        self.parts.iter().any(is_clock) && !self.parts.iter().any(is_date)
    }

    /// A number as the format shows it; a format that this reader does not know shows all digits.
    pub(super) fn show(&self, value: Decimal) -> String {
        let section = match self.sections.as_slice() {
            [] => None,
            [_, below, ..] if value.is_sign_negative() => Some((below, false)),
            [_, _, zero, ..] if value.is_zero() => Some((zero, false)),
            [first, ..] => Some((first, value.is_sign_negative())),
        };
        section
            .and_then(|(section, minus)| show_number(section, value.abs(), minus))
            .unwrap_or_else(|| value::plain(value))
    }

    /// A date, a time or both as the format shows them.
    pub(super) fn show_moment(&self, date: Option<value::Date>, days: i64, seconds: i64) -> String {
        let named = |part: &Part| !matches!(part, Part::Words(_));
        if !self.parts.iter().any(named) {
            return date.map_or_else(String::new, |date| date.to_string());
        }
        let half_days = self.parts.contains(&Part::AmPm);
        let shown: String = self
            .parts
            .iter()
            .map(|part| show_part(part, date, days, seconds, half_days))
            .collect();
        value::trim(&shown).to_owned()
    }
}

/// Takes a format apart: sections divided by `;`, words in quotes or behind `\`, and `[…]`.
fn tokens(code: &str) -> Vec<Vec<Token>> {
    let mut sections = vec![Vec::new()];
    let mut chars = code.chars();
    while let Some(c) = chars.next() {
        let token = match c {
            ';' => {
                sections.push(Vec::new());
                continue;
            }
            '"' => Some(Token::Words(
                chars.by_ref().take_while(|&c| c != '"').collect(),
            )),
            '\\' => chars.next().map(|c| Token::Words(c.to_string())),
            '_' => chars.next().map(|_| Token::Words(" ".to_owned())),
            '*' => chars
                .next()
                .filter(|&c| c == ' ')
                .map(|_| Token::Words(" ".to_owned())),
            '[' => bracket(&chars.by_ref().take_while(|&c| c != ']').collect::<String>()),
            c => Some(Token::Sign(c)),
        };
        if let Some(section) = sections.last_mut() {
            section.extend(token);
        }
    }
    sections
}

/// `[$€-407]` is a currency and a language, `[h]` hours, `[Red]` a colour.
fn bracket(inner: &str) -> Option<Token> {
    if let Some(currency) = inner.strip_prefix('$') {
        let words = currency
            .split_once('-')
            .map_or(currency, |(words, _)| words);
        return (!words.is_empty()).then(|| Token::Words(words.to_owned()));
    }
    let first = inner.chars().next()?.to_ascii_lowercase();
    if matches!(first, 'h' | 'm' | 's') && inner.chars().all(|c| c.eq_ignore_ascii_case(&first)) {
        return Some(Token::Elapsed(first));
    }
    (!first.is_ascii_alphabetic()).then_some(Token::Strange)
}

/// Whether numbers can be shown by it: no condition, exponent, fraction or `General`.
fn is_plain(section: &[Token]) -> bool {
    section.iter().all(|token| match token {
        Token::Sign(c) => !c.is_alphabetic() && *c != '/',
        Token::Words(_) => true,
        Token::Elapsed(_) | Token::Strange => false,
    })
}

// --- numbers -----------------------------------------------------------------------------------------------------------

/// A number (its magnitude) in one section of a format. `None` when it is beyond the range of decimals.
fn show_number(section: &[Token], value: Decimal, minus: bool) -> Option<String> {
    let plan = Plan::of(section);
    let mut value = value;
    for _ in 0..plan.percents {
        value = value.checked_mul(Decimal::ONE_HUNDRED)?;
    }
    for _ in 0..plan.thousands {
        value = value.checked_div(Decimal::ONE_THOUSAND)?;
    }
    let rounded = value::round_half_up(value, i64::try_from(plan.decimals).ok()?)?;
    let text = rounded.normalize().to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let whole = whole.trim_start_matches('0');
    let mut out = Layout {
        out: String::new(),
        whole,
        fraction,
        plan: &plan,
        wholes: 0,
        decimals: 0,
        point: false,
    };
    for token in section {
        out.put(token);
    }
    let sign = if minus && !rounded.is_zero() { "-" } else { "" };
    Some(format!("{sign}{}", value::trim(&out.out)))
}

/// What a section asks for: how many digits, and what is done to the number first.
struct Plan {
    wholes: usize,
    decimals: usize,
    percents: usize,
    grouped: bool,
    thousands: usize,
}

impl Plan {
    fn of(section: &[Token]) -> Self {
        let mut plan = Plan {
            wholes: 0,
            decimals: 0,
            percents: 0,
            grouped: false,
            thousands: 0,
        };
        let (mut commas, mut point) = (0, false);
        for token in section {
            match token {
                Token::Sign('0' | '#' | '?') if point => {
                    commas = 0;
                    plan.decimals += 1;
                }
                Token::Sign('0' | '#' | '?') => {
                    plan.grouped |= commas > 0;
                    commas = 0;
                    plan.wholes += 1;
                }
                // Commas behind the last digit divide by a thousand each; commas between digits group them.
                Token::Sign(',') if plan.wholes > 0 => commas += 1,
                Token::Sign('.') => {
                    plan.thousands += commas;
                    commas = 0;
                    point = true;
                }
                Token::Sign('%') => plan.percents += 1,
                _ => {}
            }
        }
        plan.thousands += commas;
        plan
    }
}

/// A number being laid out: the digits it has, and how many places of its section have been filled.
struct Layout<'a> {
    out: String,
    whole: &'a str,
    fraction: &'a str,
    plan: &'a Plan,
    wholes: usize,
    decimals: usize,
    point: bool,
}

impl Layout<'_> {
    fn put(&mut self, token: &Token) {
        match token {
            Token::Sign(place @ ('0' | '#' | '?')) if self.point => self.put_decimal(*place),
            Token::Sign(place @ ('0' | '#' | '?')) => self.put_whole(*place),
            Token::Sign('.') if self.point => self.out.push('.'),
            Token::Sign('.') => {
                if self.plan.wholes == 0 {
                    self.out.push_str(self.whole);
                }
                self.point = true;
                self.out.push('.');
            }
            Token::Sign(',') | Token::Elapsed(_) | Token::Strange => {}
            Token::Sign(c) => self.out.push(*c),
            Token::Words(words) => self.out.push_str(words),
        }
    }

    /// One place before the point; the first takes all digits that the section has no place for.
    fn put_whole(&mut self, place: char) {
        self.wholes += 1;
        let right = self.plan.wholes - self.wholes;
        let upto = if self.wholes == 1 {
            self.whole.len().max(right + 1)
        } else {
            right + 1
        };
        for power in (right..upto).rev() {
            let digit = self
                .whole
                .len()
                .checked_sub(power + 1)
                .and_then(|i| self.whole.as_bytes().get(i));
            match (digit, place) {
                (Some(&digit), _) => self.out.push(char::from(digit)),
                (None, '0') => self.out.push('0'),
                (None, '?') => self.out.push(' '),
                _ => continue,
            }
            let is_digit = digit.is_some() || place == '0';
            if self.plan.grouped && is_digit && power > 0 && power % 3 == 0 {
                self.out.push(',');
            }
        }
    }

    fn put_decimal(&mut self, place: char) {
        match (self.fraction.as_bytes().get(self.decimals), place) {
            (Some(&digit), _) => self.out.push(char::from(digit)),
            (None, '0') => self.out.push('0'),
            (None, '?') => self.out.push(' '),
            _ => {}
        }
        self.decimals += 1;
    }
}

// --- dates and times ---------------------------------------------------------------------------------------------------

/// The parts of a date's format. `m` is a minute behind an hour or before a second, and a month elsewhere.
fn parts(section: &[Token]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = section;
    while let Some((token, behind)) = rest.split_first() {
        let length = rest
            .iter()
            .take_while(|&other| same_letter(other, token))
            .count()
            .max(1);
        let (part, used) = match token {
            Token::Words(words) => (Part::Words(words.clone()), 1),
            Token::Elapsed(letter) => (Part::Elapsed(*letter), 1),
            Token::Strange => (Part::Words(String::new()), 1),
            Token::Sign(c) => match c.to_ascii_lowercase() {
                'y' | 'e' => (Part::Year(length), length),
                'm' => (Part::Month(length), length),
                'd' => (Part::Day(length), length),
                'h' => (Part::Hour(length), length),
                's' => (Part::Second(length), length),
                'a' if spells(behind, "m/pm") => (Part::AmPm, 5),
                'a' if spells(behind, "/p") => (Part::AmPm, 3),
                '@' => (Part::Words(String::new()), 1),
                _ => (Part::Words(c.to_string()), 1),
            },
        };
        parts.push(part);
        rest = rest.get(used..).unwrap_or_default();
    }
    tell_minutes(&mut parts);
    parts
}

fn same_letter(a: &Token, b: &Token) -> bool {
    matches!((a, b), (Token::Sign(a), Token::Sign(b)) if a.eq_ignore_ascii_case(b))
}

fn spells(tokens: &[Token], word: &str) -> bool {
    tokens.len() >= word.len()
        && tokens
            .iter()
            .zip(word.chars())
            .all(|(token, c)| matches!(token, Token::Sign(sign) if sign.eq_ignore_ascii_case(&c)))
}

fn tell_minutes(parts: &mut [Part]) {
    let named: Vec<usize> = (0..parts.len())
        .filter(|&i| !matches!(parts.get(i), Some(Part::Words(_))))
        .collect();
    for (position, &index) in named.iter().enumerate() {
        let Some(&Part::Month(length @ ..3)) = parts.get(index) else {
            continue;
        };
        let before = position
            .checked_sub(1)
            .and_then(|p| named.get(p))
            .and_then(|&i| parts.get(i));
        let after = named.get(position + 1).and_then(|&i| parts.get(i));
        let is_minute = matches!(before, Some(Part::Hour(_) | Part::Elapsed('h')))
            || matches!(after, Some(Part::Second(_) | Part::Elapsed('s')));
        if let (true, Some(part)) = (is_minute, parts.get_mut(index)) {
            *part = Part::Minute(length);
        }
    }
}

fn show_part(
    part: &Part,
    date: Option<value::Date>,
    days: i64,
    seconds: i64,
    half_days: bool,
) -> String {
    let hour = seconds / 3600;
    match part {
        Part::Words(words) => words.clone(),
        Part::AmPm => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        Part::Hour(length) if half_days => padded((hour + 11) % 12 + 1, *length),
        Part::Hour(length) => padded(hour, *length),
        Part::Minute(length) => padded(seconds / 60 % 60, *length),
        Part::Second(length) => padded(seconds % 60, *length),
        Part::Elapsed('h') => (days * 24 + hour).to_string(),
        Part::Elapsed('m') => (days * 1440 + seconds / 60).to_string(),
        Part::Elapsed(_) => (days * DAY + seconds).to_string(),
        Part::Year(_) | Part::Month(_) | Part::Day(_) => date
            .map(|date| show_date_part(part, date))
            .unwrap_or_default(),
    }
}

fn show_date_part(part: &Part, date: value::Date) -> String {
    let month = date.strftime("%B").to_string();
    match part {
        Part::Year(..3) => padded(i64::from(date.year()) % 100, 2),
        Part::Year(_) => date.year().to_string(),
        Part::Month(5) => month.chars().take(1).collect(),
        Part::Month(3) => month.chars().take(3).collect(),
        Part::Month(4..) => month,
        Part::Month(length) => padded(i64::from(date.month()), *length),
        Part::Day(3) => date.strftime("%a").to_string(),
        Part::Day(4..) => date.strftime("%A").to_string(),
        Part::Day(length) => padded(i64::from(date.day()), *length),
        _ => String::new(),
    }
}

fn padded(number: i64, length: usize) -> String {
    if length > 1 {
        format!("{number:02}")
    } else {
        number.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn shown(value: &str, code: &str) -> String {
        Format::parse(code).show(value.parse().unwrap())
    }

    #[test]
    fn numbers_are_shown_as_their_format_says() {
        assert_eq!(shown("1100", "General"), "1100");
        assert_eq!(shown("1234567.891", "#,##0.00"), "1,234,567.89");
        assert_eq!(shown("5", "0,000"), "0,005");
        assert_eq!(shown("0.005", "0.00"), "0.01");
        assert_eq!(shown("-0.001", "0.00"), "0.00");
        assert_eq!(shown("-12", "0"), "-12");
        assert_eq!(shown("0.5", "#.0"), ".5");
        assert_eq!(shown("12.5", ".00"), "12.50");
        assert_eq!(shown("12.5", "0.##"), "12.5");
        assert_eq!(shown("1.10", "0.0?"), "1.1");
        assert_eq!(
            shown("0", "_(* #,##0_);_(* (#,##0);_(* \"-\"??_);_(@_)"),
            "-"
        );
        assert_eq!(shown("8605551234", "(000) 000-0000"), "(860) 555-1234");
        assert_eq!(shown("1250000", "$0.0,,\" M\""), "$1.3 M");
        assert_eq!(shown("1500", "#,##0.0,"), "1.5");
        assert_eq!(shown("1250000", "#,##0,"), "1,250");
        assert_eq!(
            shown("7.25", "[$€-407] #,##0.00;[Red]-[$€-407] #,##0.00"),
            "€ 7.25"
        );
        assert_eq!(
            shown("-7.25", "[$€-407] #,##0.00;[Red]-[$€-407] #,##0.00"),
            "-€ 7.25"
        );
        assert_eq!(shown("27", "\"FY\"00"), "FY27");
        assert_eq!(shown("9", ";;;"), "");
        for unknown in ["0.00E+00", "# ?/?", "[>=1000]0,\"K\";0", "@", ""] {
            assert_eq!(shown("1500.5", unknown), "1500.5", "{unknown}");
        }
    }
}
