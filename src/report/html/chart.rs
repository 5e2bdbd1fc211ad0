//! Amounts of money beside their labels, as horizontal bars. The table beside it says the same in words.

use maud::{Markup, PreEscaped, html};
use svg::node::element::{Rectangle, Text, Title};
use svg::{Document, Node};

use crate::neutral::clean;
use crate::review::SummaryTable;
use crate::value::{Decimal, Value};

/// Where the bars begin, how long the longest is, and how high each is with the room around it, in user units.
const LEFT: usize = 300;
const LONGEST: usize = 300;
const HIGH: usize = 20;

/// How many columns of money are drawn beside one another.
const MOST: usize = 2;

/// A drawing of the columns of money of a table; nothing of a table that has none, or no amount above zero.
pub(super) fn of(table: &SummaryTable) -> Markup {
    let amount = |row: &[(Value, String)], column: usize| match row.get(column) {
        Some((Value::Money(x), _)) => Some(*x),
        _ => None,
    };
    let is_money = |c: &usize| table.rows.iter().all(|row| amount(row, *c).is_some());
    let columns: Vec<usize> = (1..table.columns.len())
        .filter(is_money)
        .take(MOST)
        .collect();
    let amounts = table
        .rows
        .iter()
        .flat_map(|row| columns.iter().filter_map(|c| amount(row, *c)));
    let Some(most) = amounts.max().filter(|x| *x > Decimal::ZERO) else {
        return html! {};
    };
    let mut drawing = Document::new()
        .set("class", "chart")
        .set("role", "img")
        .set(
            "viewBox",
            (
                0,
                0,
                LEFT + LONGEST + 140,
                table.rows.len() * columns.len() * HIGH + 4,
            ),
        );
    let heads: Vec<String> = columns
        .iter()
        .filter_map(|c| table.columns.get(*c))
        .map(|h| clean(h))
        .collect();
    drawing.append(Title::new(format!(
        "{}: {}",
        clean(&table.title),
        heads.join(", ")
    )));
    let mut top = 2;
    for row in &table.rows {
        for (number, column) in columns.iter().enumerate() {
            let (Some(x), Some((_, words))) = (amount(row, *column), row.get(*column)) else {
                continue;
            };
            let long = length(x, most);
            if let Some((_, label)) = row.first().filter(|_| number == 0) {
                drawing.append(text(LEFT - 8, top, &short(label)).set("text-anchor", "end"));
            }
            let bar = Rectangle::new().set("class", format!("b{number}"));
            let place = bar.set("x", LEFT).set("y", top + 3);
            drawing.append(place.set("width", long).set("height", HIGH - 6));
            drawing.append(text(LEFT + long + 6, top, words));
            top += HIGH;
        }
    }
    html! {
        div.drawing { (PreEscaped(drawing.to_string())) }
        @if heads.len() > 1 { p { "Filled: " (heads.join("; outlined: ")) "." } }
    }
}

fn text(x: usize, top: usize, words: &str) -> Text {
    Text::new(clean(words)).set("x", x).set("y", top + HIGH - 6)
}

/// A label that fits before the bars.
fn short(label: &str) -> String {
    const FITS: usize = 44;
    if label.chars().count() <= FITS {
        return label.to_owned();
    }
    let start: String = label.chars().take(FITS - 1).collect();
    format!("{}…", start.trim_end())
}

/// How long the bar of an amount is.
fn length(x: Decimal, most: Decimal) -> usize {
    let share = x.max(Decimal::ZERO).checked_div(most).unwrap_or_default();
    let long = share
        .checked_mul(Decimal::from(LONGEST))
        .unwrap_or_default();
    long.try_into().unwrap_or(LONGEST)
}
