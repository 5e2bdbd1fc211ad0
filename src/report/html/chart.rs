//! Figures of the pack's tables as drawings. The table beside each says the same in words.

use std::collections::BTreeSet;

use maud::{Markup, PreEscaped, html};
use svg::node::element::{Circle, Description, Line, Path, Polyline, Rectangle, Text, Title};
use svg::{Document, Node};

use crate::neutral::clean;
use crate::pack::Chart;
use crate::review::SummaryTable;
use crate::value::{Decimal, Value, plain, round_half_up};

/// The height of a label and of a bar with the room around it, and the share of the width that the longest bar takes, in percent.
const LABEL: usize = 18;
const BAR: usize = 17;
const LONGEST: u32 = 66;

/// How many lines are drawn.
const MOST: usize = 12;

/// The size of the drawing of one line, and of the room around the line, in user units.
const WIDE: u32 = 300;
const HIGH: u32 = 132;
const ROOM: u32 = 26;

/// The drawing of a table; nothing of one that has none, or nothing to draw.
pub(super) fn of(table: &SummaryTable) -> Markup {
    match &table.shown.chart {
        Some(Chart::Bars(columns)) => bars(table, columns),
        Some(Chart::Lines {
            series,
            x,
            y,
            target,
        }) => lines(table, [*series, *x, *y], *target),
        None => html! {},
    }
}

fn figure(row: &[(Value, String)], column: usize) -> Option<Decimal> {
    match row.get(column)?.0 {
        Value::Money(x) | Value::Number(x) | Value::Percent(x) => Some(x),
        _ => None,
    }
}

/// Whether there is something to say of a figure that is not known.
fn is_told(row: &[(Value, String)], column: usize) -> bool {
    let value = row.get(column).map(|(value, _)| value);
    value.is_some_and(|value| matches!(value, Value::Unknown { .. } | Value::Suppressed))
}

fn words(row: &[(Value, String)], column: usize) -> String {
    row.get(column)
        .map_or_else(String::new, |(_, words)| clean(words))
}

/// For each row its label, and below it a bar for each column. Rows without an amount above zero are left to the table.
fn bars(table: &SummaryTable, columns: &[usize]) -> Markup {
    let amounts = |row: &[(Value, String)]| -> Vec<Option<Decimal>> {
        columns.iter().map(|c| figure(row, *c)).collect()
    };
    let most = table
        .rows
        .iter()
        .flat_map(|row| amounts(row))
        .flatten()
        .max();
    let Some(most) = most.filter(|most| *most > Decimal::ZERO) else {
        return html! {};
    };
    let is_drawn = |row: &&Vec<(Value, String)>| {
        columns.iter().any(|c| match figure(row, *c) {
            Some(amount) => amount > Decimal::ZERO,
            None => is_told(row, *c),
        })
    };
    let rows: Vec<_> = table.rows.iter().filter(is_drawn).collect();
    let mut drawing = Document::new().set("class", "bars").set("role", "img");
    let heads = columns.iter().filter_map(|c| table.columns.get(*c));
    let heads: Vec<String> = heads.map(|head| clean(head)).collect();
    let title = format!("{}: {}", clean(&table.title), heads.join(", "));
    drawing.append(Title::new(title));
    let mut top = 0;
    for row in &rows {
        drawing.append(at(0, top + 13, &words(row, 0)).set("class", "label"));
        top += LABEL;
        for (number, (column, amount)) in columns.iter().zip(amounts(row)).enumerate() {
            let Some(amount) = amount else {
                // What is not known has no bar; what is known of it is told.
                if is_told(row, *column) {
                    drawing.append(at(7, top + 12, &words(row, *column)));
                    top += BAR;
                }
                continue;
            };
            let long = share(amount, most, LONGEST);
            let bar = Rectangle::new().set("class", format!("b{number}"));
            let bar = bar.set("x", 1).set("y", top + 2).set("rx", 2);
            let bar = bar.set("width", format!("{}%", plain(long)));
            drawing.append(bar.set("height", BAR - 5));
            let told = Text::new(words(row, *column)).set("dx", 7);
            let told = told.set("x", format!("{}%", plain(long)));
            drawing.append(told.set("y", top + 12));
            top += BAR;
        }
        top += 6;
    }
    let drawing = drawing.set("width", "100%").set("height", top);
    let left = table.rows.len() - rows.len();
    html! {
        figure {
            @if heads.len() > 1 { ul.legend { @for (number, head) in heads.iter().enumerate() {
                li { (swatch(number)) (head) }
            } } }
            (PreEscaped(drawing.to_string()))
            @if left > 0 { figcaption { "Rows without an amount stand in the table alone." } }
        }
    }
}

/// What a bar of a column looks like: filled, outlined, or with a dashed outline.
fn swatch(number: usize) -> Markup {
    let bar = Rectangle::new().set("class", format!("b{number}"));
    let bar = bar.set("x", 1).set("y", 1).set("width", 22);
    let drawing = Document::new()
        .set("class", "swatch")
        .set("aria-hidden", "true")
        .set("width", 24)
        .set("height", 12)
        .add(bar.set("height", 10));
    PreEscaped(drawing.to_string())
}

fn at(x: usize, y: usize, words: &str) -> Text {
    Text::new(words).set("x", x).set("y", y)
}

/// A share of the most, as so much of a length; never below zero, with one decimal.
fn share(x: Decimal, most: Decimal, length: u32) -> Decimal {
    let share = x.max(Decimal::ZERO).checked_div(most).unwrap_or_default();
    tenths(share.checked_mul(Decimal::from(length)).unwrap_or_default())
}

/// With one decimal, which is as much as an eye can tell.
fn tenths(x: Decimal) -> Decimal {
    round_half_up(x, 1).unwrap_or(x)
}

/// One point of a line: which of all times, the figure, and both in words.
struct Point {
    time: usize,
    x: String,
    y: Decimal,
    told: String,
}

/// A small drawing for each series, all over the same times.
fn lines(table: &SummaryTable, [series, x, y]: [usize; 3], target: Option<usize>) -> Markup {
    let times: BTreeSet<String> = table.rows.iter().map(|row| words(row, x)).collect();
    let times: Vec<String> = times.into_iter().collect();
    let mut names: Vec<String> = Vec::new();
    for row in &table.rows {
        let name = words(row, series);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let one = |name: &String| {
        let rows = table.rows.iter().filter(|row| words(row, series) == *name);
        let rows: Vec<_> = rows.collect();
        let points = rows.iter().filter_map(|row| {
            let time = words(row, x);
            Some(Point {
                time: times.iter().position(|t| *t == time)?,
                x: time,
                y: figure(row, y)?,
                told: words(row, y),
            })
        });
        let mut points: Vec<Point> = points.collect();
        points.sort_by_key(|p| p.time);
        let aim = target.and_then(|t| rows.iter().find_map(|row| figure(row, t)));
        line(name, &points, aim, times.len())
    };
    let drawn: Vec<Markup> = names.iter().take(MOST).filter_map(one).collect();
    html! {
        @if !drawn.is_empty() {
            figure {
                div.lines { @for drawing in &drawn { (drawing) } }
                @if target.is_some() { figcaption { "Dots are results, in the years that have one; the dashed line with a diamond is the target." } }
                @if names.len() > MOST { figcaption { (names.len() - MOST) " more stand in the table alone." } }
            }
        }
    }
}

fn line(name: &str, points: &[Point], aim: Option<Decimal>, times: usize) -> Option<Markup> {
    let (first, last) = (points.first()?, points.last()?);
    let all = || points.iter().map(|p| p.y).chain(aim);
    let (low, high) = (all().min()?, all().max()?);
    let span = high.checked_sub(low).filter(|span| !span.is_zero());
    let down = |y: Decimal| {
        let from_top = span.and_then(|span| high.checked_sub(y)?.checked_div(span));
        let half = Decimal::new(5, 1);
        let part = from_top.unwrap_or(half);
        let inner = Decimal::from(HIGH - 2 * ROOM);
        let down = part.checked_mul(inner).unwrap_or_default();
        tenths(down + Decimal::from(ROOM))
    };
    // Two figures that would stand upon one another are moved apart.
    let near = aim.filter(|aim| (down(*aim) - down(last.y)).abs() < Decimal::from(14));
    let apart = match near {
        Some(aim) if aim > last.y => -9,
        Some(_) => 9,
        None => 0,
    };
    let steps = Decimal::from(times.saturating_sub(1).max(1));
    let across = |time: usize| {
        let across = share(Decimal::from(time), steps, WIDE - 100);
        (across + Decimal::from(12)).to_string()
    };
    let mut told = format!("{} in {}, {} in {}", first.told, first.x, last.told, last.x);
    let mut drawing = Document::new()
        .set("class", "line")
        .set("role", "img")
        .set("viewBox", (0, 0, WIDE, HIGH));
    if let Some(aim) = aim {
        told = format!("{told}; target {}", plain(aim));
        aimed(&mut drawing, aim, &down(aim).to_string(), 4 + apart);
    }
    drawing.append(Title::new(name));
    drawing.append(Description::new().add(svg::node::Text::new(told)));
    for run in points.chunk_by(|a, b| a.time + 1 == b.time) {
        let run = run
            .iter()
            .map(|p| format!("{},{}", across(p.time), down(p.y)));
        let run: Vec<String> = run.collect();
        drawing.append(Polyline::new().set("points", run.join(" ")));
    }
    for p in points {
        let dot = Circle::new().set("cx", across(p.time));
        let dot = dot.set("cy", down(p.y).to_string());
        drawing.append(dot.set("r", 3));
    }
    let value = Text::new(short(last.y)).set("class", "last").set("dx", 7);
    let value = value.set("x", across(last.time)).set("dy", 4 - apart);
    drawing.append(value.set("y", down(last.y).to_string()));
    let bottom = HIGH - 6;
    let start = Text::new(first.x.clone()).set("x", 4).set("y", bottom);
    drawing.append(start.set("class", "time"));
    if last.time > first.time {
        let end = Text::new(last.x.clone()).set("class", "time");
        let end = end.set("x", across(last.time)).set("text-anchor", "middle");
        drawing.append(end.set("y", bottom));
    }
    Some(html! { div { p { (name) } (PreEscaped(drawing.to_string())) } })
}

/// The target: a dashed line that ends in a diamond and its figure.
fn aimed(drawing: &mut Document, aim: Decimal, y: &str, apart: i32) {
    let right = WIDE - 62;
    let line = Line::new().set("class", "aim").set("x1", 4).set("y1", y);
    drawing.append(line.set("x2", right).set("y2", y));
    let diamond = Path::new().set("class", "diamond");
    let diamond = diamond.set("d", "M0-5L5 0L0 5L-5 0Z");
    drawing.append(diamond.set("transform", format!("translate({right} {y})")));
    let told = Text::new(short(aim)).set("x", right + 9).set("y", y);
    drawing.append(told.set("dy", apart));
}

/// A figure where there is little room: the table and the description have all of it.
fn short(x: Decimal) -> String {
    plain(tenths(x))
}
