//! What one cell holds: from what is written there to a value of its field's type, or what is wrong with it.

use std::borrow::Cow;

use super::grid::Written;
use super::workbook::date_of;
use crate::diagnostic::{Diagnostic, Weight, nearest};
use crate::neutral::{is_command, unmarked};
use crate::schema::{Codes, Field};
use crate::table::Cell;
use crate::value::{
    Date, Decimal, LIMIT, Type, bare_figure, parse_boolean, parse_date, parse_figure, parse_year,
    plain, to_days, trim,
};

/// A cell as read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Read<'a> {
    held: Held<'a>,
    /// As a person sees it.
    pub raw: &'a str,
    /// What is wrong, or worth knowing; a cell out of its bounds keeps its value all the same.
    pub message: Option<String>,
    /// How much the message weighs.
    pub weight: Weight,
}

/// A cell, or a text that had to be made.
#[derive(Debug, Clone, PartialEq)]
enum Held<'a> {
    Cell(Cell<'a>),
    Made(String),
}

impl Read<'_> {
    /// A cell in which nothing stands.
    pub(crate) const BLANK: Read<'static> = Read {
        held: Held::Cell(Cell::Blank),
        raw: "",
        message: None,
        weight: Weight::Error,
    };

    /// A cell that cannot be read, for a reason told elsewhere.
    pub(crate) fn doubtful<'a>(written: &'a Written<'_>) -> Read<'a> {
        Read {
            held: Cell::Unreadable.into(),
            raw: written.shown(),
            message: None,
            weight: Weight::Error,
        }
    }

    /// A cell that is not read for this reason.
    pub(crate) fn refused<'a>(written: &'a Written<'_>, why: String) -> Read<'a> {
        Read {
            message: Some(why),
            ..Read::doubtful(written)
        }
    }

    /// What is to be told of the cell, at its place.
    pub(crate) fn told(&self, place: impl FnOnce() -> String) -> Option<Diagnostic> {
        Some(Diagnostic {
            message: self.message.clone()?,
            place: place(),
            weight: self.weight,
        })
    }

    /// The cell for its column.
    pub(crate) fn cell(&self) -> Cell<'_> {
        match &self.held {
            Held::Cell(cell) => cell.clone(),
            Held::Made(text) => Cell::Text(text),
        }
    }
}

impl<'a> From<Cell<'a>> for Held<'a> {
    fn from(cell: Cell<'a>) -> Self {
        Held::Cell(cell)
    }
}

/// Reads a cell as its field's type; where a date is a plain number, it counts from 1900.
pub(crate) fn read_cell<'a>(field: &'a Field, written: &'a Written<'_>) -> Read<'a> {
    read_cell_since(field, written, false)
}

/// Reads a cell as its field's type; where a date is a plain number, it may count from 1904.
pub(crate) fn read_cell_since<'a>(
    field: &'a Field,
    written: &'a Written<'_>,
    from_1904: bool,
) -> Read<'a> {
    let raw = written.shown();
    if let (Written::Text(_), Some(cell)) = (written, plain_cell(field, raw)) {
        return Read {
            held: Held::Cell(cell),
            raw,
            message: None,
            weight: Weight::Error,
        };
    }
    let is_date = field.ty == Type::Date;
    if let Some(date) = is_date.then(|| serial_date(written, from_1904)).flatten() {
        return Read {
            held: Cell::Number(to_days(date).into()).into(),
            raw,
            message: Some(format!("{} was read as the date {date}", quoted(raw))),
            weight: Weight::Notice,
        };
    }
    let result = match written {
        Written::Bad(why) => Err(why.clone()),
        Written::Text(_) => read_text(field, meant(raw)),
        Written::Number { value, percent, .. } => read_number(field, *value, *percent, raw),
        Written::Date { date, .. } if is_date => Ok(Cell::Number(to_days(*date).into()).into()),
        Written::Date { .. } | Written::Bool(_) => read_text(field, raw),
    };
    match result {
        Ok(held) => Read {
            message: out_of_bounds(field, &held, raw),
            held,
            raw,
            weight: Weight::Error,
        },
        Err(message) => Read::refused(written, message),
    }
}

/// The cell of a text that can be nothing else, as nearly all are: a blank, a bare figure within its bounds, words.
fn plain_cell<'a>(field: &Field, text: &'a str) -> Option<Cell<'a>> {
    if text.is_empty() {
        return Some(Cell::Blank);
    }
    match field.ty {
        Type::Text => {
            let is_plain = field.codes.is_none() && field.digits.is_none() && !may_be_mark(text);
            is_plain.then_some(Cell::Text(text))
        }
        Type::Money | Type::Number => {
            let x = bare_figure(text).filter(|_| field.codes.is_none())?;
            let above = field.least().is_none_or(|least| x >= least);
            let below = x <= field.max.unwrap_or(LIMIT) && x >= -LIMIT;
            (above && below).then_some(Cell::Number(x))
        }
        _ => None,
    }
}

/// Whether a text may be a mark of something that is missing, or hold one of a spreadsheet.
pub(crate) fn may_be_mark(text: &str) -> bool {
    match text.as_bytes() {
        [b'*' | b'.' | b'=' | b'\'', ..] => true,
        // `n/a`, `na`, `n.a.`, `not applicable`.
        [b'n' | b'N', ..] => matches!(text.len(), 2..=4 | 14),
        [first, ..] => !first.is_ascii(),
        [] => false,
    }
}

/// Whether a field could hold a text; or what is wrong with it.
pub(crate) fn accepts(field: &Field, text: &str) -> Result<(), String> {
    let written = Written::Text(Cow::Borrowed(text));
    read_cell(field, &written).message.map_or(Ok(()), Err)
}

/// The date of a plain number, as spreadsheets store dates: from 2000 to 2099, or four years on where they count from 1904.
fn serial_date(written: &Written<'_>, from_1904: bool) -> Option<Date> {
    let text = match written {
        Written::Text(_) => without_formula_quotes(written.shown()),
        Written::Number { value, shown, .. } if plain(*value) == trim(shown) => trim(shown),
        _ => return None,
    };
    let is_plain = text.len() == 5 && text.bytes().all(|b| b.is_ascii_digit());
    let days = is_plain.then(|| text.parse().ok())??;
    (36_526..=73_050)
        .contains(&days)
        .then(|| date_of(days, from_1904))?
}

/// The text of a cell without the marks that programs write for spreadsheets.
fn meant(text: &str) -> &str {
    unmarked(text).map_or_else(|| without_formula_quotes(text), trim)
}

/// The text of `="0020011"`, which programs write so that spreadsheets keep the zeros.
fn without_formula_quotes(text: &str) -> &str {
    text.strip_prefix("=\"")
        .and_then(|t| t.strip_suffix('"'))
        .map_or(text, trim)
}

fn read_text<'a>(field: &'a Field, text: &'a str) -> Result<Held<'a>, String> {
    if text.is_empty() {
        return Ok(Cell::Blank.into());
    }
    if text == "*" {
        return Ok(Cell::Suppressed.into());
    }
    if let Some(code) = field
        .codes
        .as_ref()
        .and_then(|codes| find_code(field, codes, text))
    {
        return Ok(Cell::Text(code).into());
    }
    if is_not_applicable(text) {
        return if field.not_applicable {
            Ok(Cell::NotApplicable.into())
        } else {
            Err(format!(
                "{} is not allowed here: leave the cell blank or fill it in",
                quoted(text)
            ))
        };
    }
    read_value(field, text)
}

fn read_value<'a>(field: &'a Field, text: &'a str) -> Result<Held<'a>, String> {
    let number = match field.ty {
        Type::Text => {
            return Ok(match padded(field, text) {
                Cow::Borrowed(text) => Cell::Text(text).into(),
                Cow::Owned(text) => Held::Made(text),
            });
        }
        Type::Code => return Err(unknown_code(field, text)),
        Type::Boolean => {
            return parse_boolean(text)
                .map(|b| Cell::Bool(b).into())
                .ok_or_else(|| format!("{} is not {}", quoted(text), wanted(field.ty)));
        }
        Type::Date => parse_date(text).map(|date| to_days(date).into()),
        Type::Year => parse_year(text).map(Decimal::from),
        Type::Number | Type::Percent | Type::Money => figure(field.ty, text),
    };
    bounded(
        number.ok_or_else(|| format!("{} is not {}", quoted(text), wanted(field.ty)))?,
        text,
    )
}

/// The figure of a text; a lone dash is zero in an amount alone.
fn figure(ty: Type, text: &str) -> Option<Decimal> {
    let (value, percent) = parse_figure(text)?;
    match (ty, percent) {
        (Type::Money, true) => None,
        (Type::Percent, true) => value.checked_div(Decimal::ONE_HUNDRED),
        (Type::Money, false) => Some(value),
        _ => text.contains(|c: char| c.is_ascii_digit()).then_some(value),
    }
}

fn read_number<'a>(
    field: &'a Field,
    value: Decimal,
    percent: bool,
    raw: &'a str,
) -> Result<Held<'a>, String> {
    let number = match field.ty {
        Type::Text | Type::Code | Type::Date => return read_text(field, raw),
        Type::Boolean | Type::Year => {
            let text = plain(value);
            return match (field.ty, parse_year(&text), parse_boolean(&text)) {
                (Type::Year, Some(year), _) => Ok(Cell::Number(year.into()).into()),
                (Type::Boolean, _, Some(b)) => Ok(Cell::Bool(b).into()),
                _ => Err(format!("{} is not {}", quoted(raw), wanted(field.ty))),
            };
        }
        Type::Money if percent => None,
        Type::Number if percent => value.checked_mul(Decimal::ONE_HUNDRED),
        Type::Number | Type::Percent | Type::Money => Some(value),
    };
    bounded(
        number.ok_or_else(|| format!("{} is not {}", quoted(raw), wanted(field.ty)))?,
        raw,
    )
}

fn bounded<'a>(value: Decimal, text: &str) -> Result<Held<'a>, String> {
    if value.abs() > LIMIT {
        return Err(format!(
            "{} is beyond 1,000,000,000,000, the largest figure that can be read",
            quoted(text)
        ));
    }
    Ok(Cell::Number(value).into())
}

fn out_of_bounds(field: &Field, held: &Held<'_>, raw: &str) -> Option<String> {
    let Held::Cell(Cell::Number(value)) = held else {
        return None;
    };
    if matches!(field.ty, Type::Date) {
        return None;
    }
    if let Some(least) = field.least().filter(|least| value < least) {
        return Some(format!(
            "{} is below the least allowed, {}",
            quoted(raw),
            bound(field.ty, least)
        ));
    }
    let most = field.max.filter(|most| value > most)?;
    Some(format!(
        "{} is above the most allowed, {}",
        quoted(raw),
        bound(field.ty, most)
    ))
}

fn bound(ty: Type, x: Decimal) -> String {
    if ty == Type::Percent {
        crate::value::percent(x)
    } else {
        plain(x)
    }
}

fn wanted(ty: Type) -> &'static str {
    match ty {
        Type::Money => "an amount such as `$1,234.50`",
        Type::Number => "a number such as `12.5`",
        Type::Percent => "a percentage such as `12.5%`",
        Type::Date => "a date such as `2026-07-01` or `7/1/2026`",
        Type::Year => "a fiscal year such as `2027` or `2026-27`",
        Type::Boolean => "`yes` or `no`",
        Type::Text | Type::Code => "a text",
    }
}

fn is_not_applicable(text: &str) -> bool {
    text == "."
        || ["n/a", "na", "n.a.", "not applicable"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
}

/// Digits that lost their leading zeros, with them.
fn padded<'a>(field: &Field, text: &'a str) -> Cow<'a, str> {
    match field.digits {
        Some(digits) if text.len() < digits && text.bytes().all(|b| b.is_ascii_digit()) => {
            Cow::Owned(format!("{text:0>digits$}"))
        }
        _ => Cow::Borrowed(text),
    }
}

fn find_code<'a>(field: &Field, codes: &'a Codes, text: &str) -> Option<&'a str> {
    let lengths = text.len() + 1..=field.digits.unwrap_or(0);
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // Codes of fewer digits lose their zeros too: a town's `037`.
    let mut padded = lengths
        .filter(|_| is_number)
        .map(|digits| format!("{text:0>digits$}"));
    codes
        .find(text)
        .or_else(|| padded.find_map(|text| codes.find(&text)))
}

fn unknown_code(field: &Field, text: &str) -> String {
    let what = format!("{} is not a known `{}`", quoted(text), field.name);
    let Some(codes) = &field.codes else {
        return what;
    };
    let meanings = codes.meanings(text);
    if !meanings.is_empty() {
        return format!(
            "{} means several codes of `{}`: write the one that is meant, `{}`",
            quoted(text),
            field.name,
            meanings.join("` or `")
        );
    }
    let spellings = codes
        .entries
        .iter()
        .flat_map(|(code, label)| [code.as_str(), label.as_str()]);
    if let Some(code) =
        nearest(text, spellings.filter(|name| !name.is_empty())).and_then(|name| codes.find(name))
    {
        return format!("{what}: did you mean `{}`?", spoken(codes, code));
    }
    let names: Vec<_> = codes
        .names()
        .take(12)
        .map(|code| spoken(codes, code))
        .collect();
    match codes.entries.len() {
        0 => what,
        n if n > names.len() => format!("{what}: one of {}, … ({n} in all)", names.join(", ")),
        _ => format!("{what}: one of {}", names.join(", ")),
    }
}

/// A code as people know it.
fn spoken(codes: &Codes, code: &str) -> String {
    crate::schema::spoken(code, codes.label(code).unwrap_or_default())
}

/// The user's words for a place, as [`quoted`] but without the backticks.
pub(crate) fn short(text: &str) -> String {
    let text = quoted(text);
    text.strip_prefix('`')
        .and_then(|t| t.strip_suffix('`'))
        .unwrap_or(&text)
        .to_owned()
}

/// The user's words in backticks: at most 60 characters, control characters escaped.
pub(crate) fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    let mut out = String::from("`");
    let mut chars = text.chars();
    for c in chars.by_ref().take(MOST) {
        if is_command(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    if chars.next().is_some() {
        out.push('…');
    }
    out.push('`');
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::read::testing::field;
    use crate::value::{date, parse_decimal};

    #[track_caller]
    fn assert_reads(field: &Field, written: &Written<'_>, want: &str) {
        let read = read_cell(field, written);
        let cell = match read.cell() {
            Cell::Number(x) => plain(x),
            Cell::Text(text) => text.to_owned(),
            other => format!("{other:?}"),
        };
        assert_eq!(
            read.message
                .as_ref()
                .map_or(cell.clone(), |message| format!("{cell}: {message}")),
            want
        );
    }

    #[track_caller]
    fn assert_text(ty: Type, text: &str, want: &str) {
        assert_reads(&field("x", ty), &Written::Text(text.into()), want);
    }

    fn number(value: &str, shown: &str) -> Written<'static> {
        let percent = shown.ends_with('%');
        Written::Number {
            value: parse_decimal(value).unwrap(),
            shown: shown.to_owned(),
            percent,
        }
    }

    #[test]
    fn figures() {
        assert_text(Type::Money, " $1,234.50\u{a0}", "1234.5");
        assert_text(Type::Money, "$ -", "0");
        assert_text(
            Type::Number,
            "-",
            "Unreadable: `-` is not a number such as `12.5`",
        );
        assert_text(
            Type::Money,
            "abc",
            "Unreadable: `abc` is not an amount such as `$1,234.50`",
        );
        assert_text(
            Type::Money,
            "5%",
            "Unreadable: `5%` is not an amount such as `$1,234.50`",
        );
        assert_text(Type::Number, "79.5%", "79.5");
        assert_text(Type::Percent, "12.5%", "0.125");
        assert_text(Type::Percent, "0.125", "0.125");
        assert_text(Type::Money, "-5", "-5: `-5` is below the least allowed, 0");
        assert_text(
            Type::Money,
            "1e13",
            "Unreadable: `1e13` is beyond 1,000,000,000,000, the largest figure that can be read",
        );
        let share = Field {
            max: Some(Decimal::ONE),
            ..field("x", Type::Percent)
        };
        assert_reads(
            &share,
            &Written::Text("150%".into()),
            "1.5: `150%` is above the most allowed, 100 %",
        );
    }

    #[test]
    fn cells_of_workbooks() {
        assert_reads(&field("x", Type::Number), &number("0.795", "79.5%"), "79.5");
        assert_reads(
            &field("x", Type::Percent),
            &number("0.795", "79.5%"),
            "0.795",
        );
        assert_reads(&field("x", Type::Text), &number("1.1", "1.10"), "1.10");
        assert_reads(&field("x", Type::Year), &number("2027", "2027"), "2027");
        assert_reads(
            &field("x", Type::Boolean),
            &Written::Bool(true),
            "Bool(true)",
        );
        let day = Written::Date {
            date: date(1970, 1, 3).unwrap(),
            shown: "1/3/1970".into(),
        };
        assert_reads(&field("x", Type::Date), &day, "2");
        assert_reads(&field("x", Type::Text), &day, "1/3/1970");
        let want = "Unreadable: `1/3/1970` is not an amount such as `$1,234.50`";
        assert_reads(&field("x", Type::Money), &day, want);
        let bad = Written::Bad("the cell shows #REF!".into());
        assert_reads(
            &field("x", Type::Text),
            &bad,
            "Unreadable: the cell shows #REF!",
        );
    }

    #[test]
    fn dates_as_plain_numbers() {
        let day = |written: &Written<'_>, from_1904| {
            let field = field("x", Type::Date);
            let read = read_cell_since(&field, written, from_1904);
            let days = to_days(date(2026, 7, 1).unwrap());
            assert_eq!(read.cell(), Cell::Number(days.into()), "{written:?}");
            assert_eq!(read.weight, Weight::Notice);
            read.message
        };
        let told = |shown: &str| Some(format!("`{shown}` was read as the date 2026-07-01"));
        assert_eq!(day(&number("46204", "46204"), false), told("46204"));
        assert_eq!(day(&number("44742", "44742"), true), told("44742"));
        assert_eq!(day(&Written::Text("46204".into()), false), told("46204"));
        let unreadable = |shown: &str| {
            format!("Unreadable: `{shown}` is not a date such as `2026-07-01` or `7/1/2026`")
        };
        for (value, shown) in [
            ("36525", "36525"),
            ("73051", "73051"),
            ("46204", "46,204.00"),
            ("46204.5", "46204.5"),
            ("2027", "2027"),
        ] {
            let field = field("x", Type::Date);
            assert_reads(&field, &number(value, shown), &unreadable(shown));
        }
        assert_text(Type::Date, "13/5/2026", &unreadable("13/5/2026"));
    }

    #[test]
    fn marks() {
        assert_text(Type::Text, " ", "Blank");
        assert_text(Type::Money, "*", "Suppressed");
        let open = Field {
            not_applicable: true,
            ..field("x", Type::Number)
        };
        for mark in ["n/a", "N/A", "na", ".", "Not applicable"] {
            assert_reads(&open, &Written::Text(mark.into()), "NotApplicable");
        }
        let want = "Unreadable: `n/a` is not allowed here: leave the cell blank or fill it in";
        assert_text(Type::Text, "n/a", want);
    }

    #[test]
    fn texts_and_codes() {
        let code = Field {
            digits: Some(7),
            ..field("x", Type::Text)
        };
        assert_reads(&code, &Written::Text("20011".into()), "0020011");
        assert_reads(&code, &Written::Text("=\"0020011\"".into()), "0020011");
        assert_reads(&code, &number("20011", "20011"), "0020011");
        let mut codes = Codes::default();
        codes.add("culture-climate", "Culture and climate", []);
        codes.add("111", "Teachers", []);
        let listed = Field {
            codes: Some(Arc::new(codes)),
            ..field("domain", Type::Code)
        };
        assert_reads(
            &listed,
            &Written::Text("Culture & climate".into()),
            "Unreadable: `Culture & climate` is not a known `domain`: did you mean `Culture and climate`?",
        );
        assert_reads(
            &listed,
            &Written::Text("CULTURE CLIMATE".into()),
            "culture-climate",
        );
        assert_reads(
            &listed,
            &Written::Text("x".into()),
            "Unreadable: `x` is not a known `domain`: one of Culture and climate, 111 (Teachers)",
        );
        let mut twice = Codes::default();
        twice.add("salt-marsh", "Salt Marsh", ["SM"]);
        twice.add("sandy-mouth", "Sandy Mouth", ["SM"]);
        let twice = Field {
            codes: Some(Arc::new(twice)),
            ..field("basin", Type::Code)
        };
        assert_reads(
            &twice,
            &Written::Text("sm".into()),
            "Unreadable: `sm` means several codes of `basin`: write the one that is meant, `salt-marsh` or `sandy-mouth`",
        );
        let spelt = Field {
            ty: Type::Text,
            ..listed
        };
        assert_reads(
            &spelt,
            &Written::Text("culture and climate".into()),
            "culture-climate",
        );
        assert_reads(&spelt, &Written::Text("else".into()), "else");
    }

    #[test]
    fn words_are_quoted_in_short() {
        assert_eq!(quoted("a\nb"), "`a\\nb`");
        assert_eq!(quoted(&"x".repeat(61)), format!("`{}…`", "x".repeat(60)));
    }
}
