//! The memo on a batch: how many submissions have each recommendation, a row for each, and who sent nothing.

use std::cmp::Reverse;

use super::document::{Block, Document, Item, Kind, Table, Words};
use super::{DRAFT, bullets};
use crate::batch::{BatchReview, Entry};
use crate::pack::{Severity, capitalised};
use crate::report::counted;
use crate::report::words::not_received;
use crate::review::{Finding, Recommendation, Review, Undecided};
use crate::value::plain;

/// The memo on a batch, for whoever decides.
pub fn memo(batch: &BatchReview) -> Document {
    let pack = &batch.pack;
    let office = pack.office.as_ref();
    let plans = pack.words.submissions();
    let to = office
        .and_then(|o| o.memo_to.as_ref())
        .or(pack.letter.memo_to.as_ref());
    let from = office.and_then(|o| o.office.as_ref());
    let head = vec![
        Words::strong("To: ").followed_by(Words::or_gap(to, "addressee")),
        Words::strong("From: ").followed_by(Words::or_gap(from, "reviewing office")),
        Words::strong("Date: ").followed_by(Words::gap("date")),
        Words::strong("Subject: ").and(Kind::Plain, format!("{}{}", pack.title, years(batch))),
    ];
    let advice = format!(
        "What follows is advice from checks of each of the {plans}; a person decides on each. It names checks that are for reviewers alone: it \
         is no letter to a {}.",
        pack.words.submitter
    );
    let mut blocks = vec![
        Block::Framed(Words::strong(DRAFT)),
        Block::Heading(1, format!("Memo: {}{}", pack.title, years(batch))),
        Block::Lines(head),
        Block::Paragraph(Words::plain(advice)),
        Block::Heading(2, "At a glance".to_owned()),
        Block::Table(counts(batch)),
    ];
    blocks.push(Block::Heading(2, capitalised(&plans)));
    blocks.push(match rows(batch) {
        Some(table) => Block::Table(table),
        None => Block::Paragraph(Words::plain(format!(
            "None of the {plans} could be judged."
        ))),
    });
    blocks.extend(lists(batch));
    let document = Document {
        title: format!("Draft memo: {}{}", pack.title, years(batch)),
        foot: format!("{DRAFT} Prepared with {} {}.", pack.id, pack.version),
        blocks,
    };
    document.harmless(&pack.letter)
}

/// The fiscal years of the batch, where they are known.
fn years(batch: &BatchReview) -> String {
    let mut years: Vec<i64> = batch
        .entries
        .iter()
        .filter_map(|of| of.fiscal_year)
        .collect();
    years.sort_unstable();
    years.dedup();
    match years.as_slice() {
        [] => String::new(),
        [only] => format!(", fiscal year {only}"),
        several => {
            let several: Vec<String> = several.iter().map(ToString::to_string).collect();
            format!(", fiscal years {}", several.join(", "))
        }
    }
}

fn counts(batch: &BatchReview) -> Table {
    let row =
        |(words, count): (&str, usize)| vec![Words::plain(words), Words::plain(count.to_string())];
    let mut rows: Vec<Vec<Words>> = batch.steps().into_iter().map(row).collect();
    rows.push(row(("Received", batch.entries.len())));
    rows.push(row(("Not received", batch.not_received.len())));
    Table {
        title: format!("How many {}", batch.pack.words.submissions()),
        heads: vec![("Recommendation".to_owned(), 3), ("Number".to_owned(), 1)],
        rows,
    }
}

/// A row for each submission that could be judged, those first that need most.
fn rows(batch: &BatchReview) -> Option<Table> {
    let mut judged: Vec<&Review> = batch
        .reviews
        .iter()
        .filter(|r| r.recommendation.is_some())
        .collect();
    judged.sort_by_key(|r| {
        (
            Reverse(r.recommendation),
            r.district.clone(),
            r.path.clone(),
        )
    });
    let rows: Vec<Vec<Words>> = judged.iter().map(|r| row(r)).collect();
    let heads = vec![
        (capitalised(&batch.pack.words.submitter), 3),
        ("Recommendation".to_owned(), 5),
        ("Action and conditions".to_owned(), 8),
        ("Undecided checks".to_owned(), 3),
    ];
    let title = format!(
        "Each of the {}, those first that need most",
        batch.pack.words.submissions()
    );
    (!rows.is_empty()).then_some(Table { title, heads, rows })
}

fn row(review: &Review) -> Vec<Words> {
    let name = review.district.as_deref().unwrap_or(&review.path);
    let revision = review.revision.map(|r| format!(" (revision {})", plain(r)));
    vec![
        Words::plain(format!("{name}{}", revision.unwrap_or_default())),
        Words::plain(&review.wording),
        action(review),
        undecided(&review.undecided),
    ]
}

/// What must change first: the rules that weigh as a condition or more, the heaviest first, as the findings stand.
fn action(review: &Review) -> Words {
    let weighs = |f: &&Finding| f.severity >= Severity::Condition;
    let mut rules: Vec<(&Finding, usize)> = Vec::new();
    for finding in review.findings.iter().filter(weighs) {
        match rules
            .iter_mut()
            .find(|(first, _)| first.rule == finding.rule)
        {
            Some((_, count)) => *count += 1,
            None => rules.push((finding, 1)),
        }
    }
    if rules.is_empty() {
        return Words::plain("none");
    }
    let to_do = match review.recommendation {
        Some(Recommendation::Escalate) => "Decide on these first: ",
        Some(Recommendation::ReturnForRevision) => "Send back until these hold: ",
        _ => "On condition that these hold: ",
    };
    let said: Vec<String> = rules
        .iter()
        .map(|(f, count)| {
            let places = if *count > 1 {
                format!(", {count} places")
            } else {
                String::new()
            };
            format!("{} ({}{places})", f.title, f.code)
        })
        .collect();
    Words::plain(to_do).and(Kind::Plain, said.join("; "))
}

/// How many checks wait for others, and for whom.
fn undecided(owed: &[Undecided]) -> Words {
    if owed.is_empty() {
        return Words::plain("none");
    }
    let mut by: Vec<&str> = owed.iter().map(|one| one.owed_by.as_str()).collect();
    by.sort_unstable();
    by.dedup();
    Words::plain(format!(
        "{}, owed by {}",
        counted(owed.len(), "check"),
        by.join(", ")
    ))
}

/// What could not be checked, who sent nothing, and what a later revision replaces.
fn lists(batch: &BatchReview) -> Vec<Block> {
    let unchecked = |of: &Entry| {
        let name = of.district.as_deref().unwrap_or(&of.path);
        Item::of(Words::strong(format!("{name}: ")).and(Kind::Plain, &of.wording))
    };
    let unchecked: Vec<Item> = batch.unchecked().map(unchecked).collect();
    let absent: Vec<Item> = not_received(batch)
        .into_iter()
        .map(|n| Item::of(Words::plain(n)))
        .collect();
    let replaced: Vec<Item> = batch
        .superseded
        .iter()
        .map(|path| Item::of(Words::plain(path)))
        .collect();
    let mut blocks = bullets(
        "Could not be checked",
        "Nothing is advised on these.",
        unchecked,
    );
    blocks.extend(bullets(
        "Not received",
        "Expected, and not among what was read.",
        absent,
    ));
    blocks.extend(bullets(
        "Replaced by a later revision",
        "These were not judged.",
        replaced,
    ));
    let told: Vec<Item> = batch
        .diagnostics
        .iter()
        .map(|d| Item::of(Words::strong(format!("{}: ", d.place)).and(Kind::Plain, &d.message)))
        .collect();
    blocks.extend(bullets(
        "Told of the batch as a whole",
        "For whoever prepares the decision.",
        told,
    ));
    blocks
}
