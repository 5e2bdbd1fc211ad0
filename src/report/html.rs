//! The review of a batch as pages that a browser opens from a folder: one of the batch, one for each submission, one for each rule. Each
//! file stands alone: it loads nothing, and its one small script sorts and filters what is there without it.

mod chart;
mod index;
pub(super) mod page;
mod rule;
mod submission;

use std::collections::{BTreeMap, BTreeSet};

use crate::batch::BatchReview;
use crate::review::{Outcome, Recommendation, Review};

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
    for sub in &site.submissions {
        pages.push(Page {
            name: sub.file.clone(),
            text: submission::page(site, sub.review),
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
    /// The submissions that have a page, those first of which the most is to be done.
    submissions: Vec<Sub<'a>>,
    /// The names of the letters without their ends, where there are any, in the order of the submissions of the batch.
    letters: Vec<String>,
    /// The rules by id.
    rules: BTreeMap<&'a str, Rule<'a>>,
}

/// A submission that has a page.
struct Sub<'a> {
    /// Its place in the batch.
    at: usize,
    review: &'a Review,
    /// The name of its page.
    file: String,
    /// What each rule came to: its worst outcome, and the first message of those findings.
    outcomes: BTreeMap<&'a str, (Outcome, Option<&'a str>)>,
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
        let named = batch.reviews.iter().zip(stems).enumerate();
        let submissions = named.map(|(at, (review, stem))| Sub {
            at,
            review,
            file: name(stem),
            outcomes: outcomes(review),
        });
        let mut submissions: Vec<Sub<'a>> = submissions.collect();
        submissions.sort_by_key(|sub| std::cmp::Reverse(weight(sub.review)));
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
        let mut submissions = self.submissions.iter();
        let of = submissions.find(|sub| std::ptr::eq(sub.review, review))?;
        let stem = self.letters.get(of.at)?;
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

/// How much is to be done about a submission: one that could not be checked comes first.
fn weight(review: &Review) -> (bool, Option<Recommendation>, Vec<usize>) {
    let severities = crate::pack::Severity::NAMES.iter().rev();
    let counts = severities.map(|(_, s)| review.count(*s)).collect();
    (!review.is_checked(), review.recommendation, counts)
}

fn outcomes(review: &Review) -> BTreeMap<&str, (Outcome, Option<&str>)> {
    let tallies = review.rules.iter();
    let mut outcomes: BTreeMap<&str, (Outcome, Option<&str>)> = tallies
        .map(|t| (&*t.rule, (t.tally.worst(), None)))
        .collect();
    for finding in &review.findings {
        if let Some((worst, message)) = outcomes.get_mut(finding.rule.as_str())
            && *worst == finding.outcome
            && message.is_none()
        {
            *message = Some(&finding.message);
        }
    }
    outcomes
}

/// Where an outcome stands among the others, the worst first.
fn rank(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Fail => 0,
        Outcome::Unknown => 1,
        Outcome::Pass => 2,
        Outcome::NotApplicable => 3,
    }
}
