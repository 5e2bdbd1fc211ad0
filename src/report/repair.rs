//! What would have to be changed, for people and programs.

mod json;
mod text;

pub use json::json;
pub(super) use json::schema;
pub use text::{changes, text};

use crate::neutral::clean;
use crate::pack::Pack;
use crate::repair::{Against, Blank, Fill};
use crate::report::words::place;
use crate::review::Finding;
use crate::schema::{Field, Table};
use crate::value::{Type, money};

/// That a repair is no advice.
const ARITHMETIC: &str =
    "Each is one way among others: it is arithmetic, and no advice on what to cut or to raise.";

/// A finding in a line: its rule, weight, words and place.
fn said(finding: &Finding) -> String {
    let place = place(finding).map_or_else(String::new, |place| format!(" ({place})"));
    format!(
        "{} ({}), {}: {}{place}",
        clean(&finding.rule),
        clean(&finding.code),
        finding.severity.name(),
        clean(&finding.message)
    )
}

/// The field of a blank cell.
fn field_of<'p>(pack: &'p Pack, blank: &Blank) -> Option<(&'p Table, &'p Field)> {
    let (table, field) = blank.cell?;
    let table = pack.schema.tables.get(table)?;
    Some((table, table.fields.get(field)?))
}

/// What a field takes: `a date`, `one of …`, `an amount of at least $0.00`.
fn takes(field: &Field, currency: &str) -> String {
    /// So many codes are listed.
    const FEW: usize = 8;
    let what = match (field.ty, &field.codes) {
        (Type::Code, Some(codes)) if codes.entries.len() <= FEW => {
            let labels = codes
                .entries
                .iter()
                .map(|(_, label)| format!("\"{}\"", clean(label)));
            return format!("one of {}", labels.collect::<Vec<_>>().join(", "));
        }
        (Type::Code, _) => "a code of the list",
        (Type::Text, _) => "a text",
        (Type::Money, _) => "an amount",
        (Type::Number, _) => "a number",
        (Type::Percent, _) => "a percentage",
        (Type::Year, _) => "a year",
        (Type::Date, _) => "a date",
        (Type::Boolean, _) => "yes or no",
    };
    let show = |x| match field.ty {
        Type::Money => money(x, currency),
        Type::Percent => crate::value::percent(x),
        _ => crate::value::plain(x),
    };
    match (field.min.map(show), field.max.map(show)) {
        (Some(min), Some(max)) => format!("{what} from {min} to {max}"),
        (Some(min), None) => format!("{what} of at least {min}"),
        (None, Some(max)) => format!("{what} of at most {max}"),
        (None, None) => what.to_owned(),
    }
}

/// What an amount must be: `at least $1.00`, `from $1.00 to $3.00`.
fn between(fill: &Fill, currency: &str) -> Option<String> {
    let show = |x| money(x, currency);
    match fill.between {
        (Some(low), Some(high)) if low == high => Some(format!("exactly {}", show(low))),
        (Some(low), Some(high)) => Some(format!("from {} to {}", show(low), show(high))),
        (Some(low), None) => Some(format!("at least {}", show(low))),
        (None, Some(high)) => Some(format!("at most {}", show(high))),
        (None, None) => None,
    }
}

/// A rule that stands against others: its id, title and clauses, and by how much it falls short or how much room it leaves.
fn against(
    pack: &Pack,
    rules: &[crate::review::RuleTally],
    of: &Against,
) -> Option<(String, String, Vec<String>, String)> {
    let tally = rules.get(of.rule)?;
    let rule = pack.rule(&tally.rule)?;
    let cites = rule.cites.iter().filter_map(|at| pack.sources.get(*at));
    let cites: Vec<String> = cites.map(|source| clean(&source.citation)).collect();
    let amount = money(of.by, &pack.schema.currency);
    let stands = match (of.fails, of.lines.len()) {
        (true, 0 | 1) => format!("falls short by {amount}"),
        (true, n) => format!("falls short for {n} rows"),
        (false, 0 | 1) => format!("passes, with {amount} to spare"),
        (false, n) => format!("passes for {n} rows, with {amount} to spare"),
    };
    Some((clean(&tally.rule), clean(&rule.title), cites, stands))
}
