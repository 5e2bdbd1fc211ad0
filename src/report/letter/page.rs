//! A document as one page of HTML that stands alone.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::document::{Block, Document, Item, Kind, Mark, Table, Words};

/// The style of a letter.
const STYLE: &str = include_str!("style.css");

/// The document as HTML.
pub fn html(document: &Document) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en-US" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (document.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { @for part in &document.blocks { (block(part)) "\n" } }
                footer { p { (document.foot) } }
            }
        }
    };
    let mut text = markup.into_string();
    text.push('\n');
    text
}

fn block(block: &Block) -> Markup {
    html! {
        @match block {
            Block::Heading(1, text) => h1 { (text) },
            Block::Heading(2, text) => h2 { (text) },
            Block::Heading(_, text) => h3 { (text) },
            Block::Paragraph(text) => p { (words(text)) },
            Block::Framed(text) => p.framed { (words(text)) },
            Block::Lines(lines) => p.lines {
                @for (at, line) in lines.iter().enumerate() { @if at > 0 { br; } (words(line)) }
            },
            Block::List(Mark::Number, items) => ol { @for one in items { (item(one)) } },
            Block::List(Mark::Bullet, items) => ul { @for one in items { (item(one)) } },
            Block::Table(of) => (table(of)),
        }
    }
}

fn item(item: &Item) -> Markup {
    html! {
        li {
            p { (words(&item.lead)) }
            @if !item.more.is_empty() {
                dl { @for (label, said) in &item.more { div { dt { (label) ":" } " " dd { (words(said)) } } } }
            }
            @if !item.within.is_empty() {
                ul { @for one in &item.within { li { (words(one)) } } }
            }
        }
        "\n"
    }
}

fn table(table: &Table) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(table.title) {
            table {
                caption { (table.title) }
                colgroup { @for width in widths(table) { col style={ "width:" (width) "%" }; } }
                thead { tr { @for (head, _) in &table.heads { th scope="col" { (head) } } } }
                tbody { @for row in &table.rows { tr {
                    @for (at, cell) in row.iter().enumerate() {
                        @if at == 0 { th scope="row" { (words(cell)) } } @else { td { (words(cell)) } }
                    }
                } "\n" } }
            }
        }
    }
}

/// How wide each column is, in percent.
fn widths(table: &Table) -> impl Iterator<Item = usize> {
    let whole: usize = table.heads.iter().map(|(_, share)| share).sum();
    let shares = table.heads.iter().map(|(_, share)| share);
    shares.map(move |share| share * 100 / whole.max(1))
}

fn words(words: &Words) -> Markup {
    html! {
        @for piece in &words.0 {
            @match piece.kind {
                Kind::Plain => (piece.text),
                Kind::Strong => strong { (piece.text) },
                Kind::Gap => mark { (piece.text) },
            }
        }
    }
}
