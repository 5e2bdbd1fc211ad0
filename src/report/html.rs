//! The review of a batch as pages that a browser opens from a folder: one of the batch, one for each submission, one for each rule. Each
//! file stands alone: it loads nothing, and its one small script sorts and filters what is there without it.

mod chart;
mod index;
mod page;
mod rule;
mod submission;

use std::collections::{BTreeMap, BTreeSet};

use crate::batch::BatchReview;
use crate::review::{Outcome, Review};

/// A page: the name of its file, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The name of its file, in the same folder as all others.
    pub name: String,
    /// HTML.
    pub text: String,
}

/// What stands beside the pages in the same folder: the memo, the workbook, and the review for programs.
const BESIDE: [(&str, &str); 4] = [
    ("memo", "memo.docx"),
    ("memo as a page", "memo.html"),
    ("workbook", "review.xlsx"),
    ("for programs", "review.json"),
];

/// The pages of a batch, with links to the letters, the memo and the workbook that stand beside them.
pub fn pages_with_letters(batch: &BatchReview, stems: &[String]) -> Vec<Page> {
    let mut site = Site::of(batch, stems);
    site.letters = stems.to_vec();
    pages_of(&site)
}

/// The pages of a batch. `stems` gives each submission the name of its file, without an end, in their order.
pub fn pages(batch: &BatchReview, stems: &[String]) -> Vec<Page> {
    pages_of(&Site::of(batch, stems))
}

fn pages_of(site: &Site<'_>) -> Vec<Page> {
    let mut pages = vec![Page {
        name: "index.html".to_owned(),
        text: index::page(site),
    }];
    for (review, name) in &site.submissions {
        pages.push(Page {
            name: name.clone(),
            text: submission::page(site, review),
        });
    }
    for (id, rule) in &site.rules {
        pages.push(Page {
            name: rule.file.clone(),
            text: rule::page(site, id, rule),
        });
    }
    pages
}

/// The page of one submission, alone: nothing in it leads to another file.
pub fn alone(batch: &BatchReview, review: &Review) -> String {
    submission::page(&Site::of(batch, &[]), review)
}

/// What every page can lead to.
struct Site<'a> {
    batch: &'a BatchReview,
    /// The submissions that have a page, and the names of their files.
    submissions: Vec<(&'a Review, String)>,
    /// The names of the letters without their ends, where there are any, in the order of the submissions.
    letters: Vec<String>,
    /// The rules by id.
    rules: BTreeMap<&'a str, Rule<'a>>,
}

/// A rule as reviews tell of it.
struct Rule<'a> {
    code: &'a str,
    title: &'a str,
    /// Its page; blank where there are no others.
    file: String,
}

impl<'a> Site<'a> {
    fn of(batch: &'a BatchReview, stems: &[String]) -> Self {
        let mut taken: BTreeSet<String> = ["index.html", "memo.html"].map(str::to_owned).into();
        let mut name = |stem: &str| {
            let names = (1..).map(|n: u32| match n {
                1 => format!("{stem}.html"),
                n => format!("{stem}-{n}.html"),
            });
            let mut free = names.skip_while(|name| !taken.insert(name.to_lowercase()));
            free.next().unwrap_or_default()
        };
        let named = batch.reviews.iter().zip(stems);
        let submissions = named.map(|(r, stem)| (r, name(stem))).collect();
        let mut rules = BTreeMap::new();
        for tally in batch.reviews.iter().flat_map(|r| &r.rules) {
            rules.entry(&*tally.rule).or_insert_with(|| Rule {
                code: &tally.code,
                title: &tally.title,
                file: String::new(),
            });
        }
        if !stems.is_empty() {
            for (id, rule) in &mut rules {
                rule.file = name(&format!("rule-{id}"));
            }
        }
        Site {
            batch,
            submissions,
            letters: Vec::new(),
            rules,
        }
    }

    /// What stands beside the pages: what it is, and the name of its file.
    fn beside(&self) -> &'static [(&'static str, &'static str)] {
        if self.letters.is_empty() {
            &[]
        } else {
            &BESIDE
        }
    }

    /// The draft letter about a submission: what it is, and the name of its file.
    fn letter(&self, review: &Review) -> Option<[(&'static str, String); 2]> {
        let at = self
            .submissions
            .iter()
            .position(|(r, _)| std::ptr::eq(*r, review))?;
        let stem = self.letters.get(at)?;
        Some(
            [("draft letter", "docx"), ("as a page", "html")]
                .map(|(what, end)| (what, format!("letters/{stem}.{end}"))),
        )
    }

    /// Whether the pages stand in one folder with others.
    fn is_folder(&self) -> bool {
        !self.submissions.is_empty()
    }
}

/// What a rule came to for a submission: its worst outcome, and the first message of those findings. `None`: not in force for it.
fn of_rule<'a>(review: &'a Review, rule: &str) -> Option<(Outcome, Option<&'a str>)> {
    let tally = review.rules.iter().find(|t| &*t.rule == rule)?;
    let worst = tally.tally.worst();
    let mut findings = review.findings.iter().filter(|f| f.rule == rule);
    let first = findings.find(|f| f.outcome == worst);
    Some((tally.shown(), first.map(|f| f.message.as_str())))
}
