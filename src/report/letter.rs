//! A letter about one submission that a reviewer can send after editing, and the memo on a batch. Both are drafts for a person's decision:
//! they advise and decide nothing, and what nobody knows stands in brackets to be filled in.

mod document;
mod docx;
mod memo;
mod page;
mod place;

use std::collections::BTreeMap;

use crate::batch::PackName;
use crate::pack::{Audience, Basis, Office, Severity, Verification};
use crate::review::{Cite, Finding, Outcome, Recommendation, Review, RuleTally};
use crate::value::{Date, plain};

pub use self::document::{Block, Document, Item, Kind, Mark, Piece, Table, Words};
pub use self::docx::docx;
pub use self::memo::memo;
pub use self::page::html;

use self::place::in_words;
use super::words;

/// How many places of one rule, or checks of one place, a letter tells.
const PLACES: usize = 20;

/// How many mistakes in the files a letter tells.
const MISTAKES: usize = 50;

/// What a draft says of itself.
const DRAFT: &str = "DRAFT for a person's decision; nothing in it is a decision.";

/// The letter about one submission.
pub fn letter(pack: &PackName, review: &Review) -> Document {
    let draft = Draft {
        pack,
        review,
        office: pack.office.as_ref(),
    };
    let findings = Sorted::of(review);
    let mut blocks = draft.head();
    blocks.extend(draft.advice(&findings));
    let required = findings.required.as_slice();
    let intro = format!(
        "The {} needs these changes, or these answers, before it is sent again or decided on.",
        pack.words.submission
    );
    blocks.extend(draft.list("Required changes", &intro, Mark::Number, required));
    let intro = "These are open. Please answer each, or fill in what is missing.";
    let questions = findings.questions.as_slice();
    blocks.extend(draft.list(
        "Questions that need an answer",
        intro,
        Mark::Number,
        questions,
    ));
    let intro = "Nothing here stands in the way; each is worth a look.";
    let notes = findings.notes.as_slice();
    blocks.extend(draft.list("Notes", intro, Mark::Bullet, notes));
    blocks.extend(draft.undecided());
    blocks.extend(draft.mistakes());
    blocks.extend(draft.in_order());
    blocks.extend(draft.end());
    let document = Document {
        title: format!("Draft letter: {}{}", draft.named(), draft.year()),
        foot: format!("{DRAFT} Prepared with {} {}.", pack.id, pack.version),
        blocks,
    };
    document.harmless(&pack.letter)
}

/// The findings that a letter tells, by what they ask. None that is for the reviewer alone is among them.
struct Sorted<'a> {
    required: Vec<&'a Finding>,
    questions: Vec<&'a Finding>,
    notes: Vec<&'a Finding>,
}

impl<'a> Sorted<'a> {
    fn of(review: &'a Review) -> Self {
        let mut sorted = Sorted {
            required: Vec::new(),
            questions: Vec::new(),
            notes: Vec::new(),
        };
        let told = |f: &&Finding| f.audience == Audience::District && f.owed.is_empty();
        for finding in review.findings.iter().filter(told) {
            let list = if finding.basis == Basis::Judgement {
                &mut sorted.questions
            } else if finding.severity >= Severity::Condition {
                &mut sorted.required
            } else if finding.outcome == Outcome::Unknown {
                &mut sorted.questions
            } else {
                &mut sorted.notes
            };
            list.push(finding);
        }
        sorted
    }

    fn worst(&self) -> Option<Severity> {
        let all = [&self.required, &self.questions, &self.notes];
        all.into_iter().flatten().map(|f| f.severity).max()
    }
}

/// A letter in the making.
struct Draft<'a> {
    pack: &'a PackName,
    review: &'a Review,
    office: Option<&'a Office>,
}

impl Draft<'_> {
    fn year(&self) -> String {
        let year = self.review.fiscal_year;
        year.map_or_else(String::new, |year| format!(", fiscal year {year}"))
    }

    /// The submission and whose it is.
    fn named(&self) -> String {
        let plan = &self.pack.words.submission;
        match &self.review.district {
            Some(name) => format!("{plan} of {name}"),
            None => format!("{plan} sent as {}", self.review.path),
        }
    }

    /// From whom, to whom, about what, and what was received.
    fn head(&self) -> Vec<Block> {
        let (pack, review) = (self.pack, self.review);
        let authority = Some(&pack.authority).filter(|a| !a.is_empty());
        let mut from: Vec<Words> = authority.map(Words::strong).into_iter().collect();
        let office = self.office.and_then(|o| o.office.as_ref());
        from.push(Words::or_gap(office, "reviewing office"));
        let addressee = self.office.and_then(|o| o.addressee.as_ref());
        let addressee = addressee.or(pack.letter.addressee.as_ref());
        let submitter = &pack.words.submitter;
        let to = vec![
            Words::or_gap(review.letter.to.as_ref(), "name"),
            Words::or_gap(addressee, "addressee"),
            Words::or_gap(review.district.as_ref(), submitter),
        ];
        let subject = format!("The {}{}", self.named(), self.year());
        let name = Words::or_gap(review.letter.to.as_ref(), "name");
        vec![
            Block::Framed(Words::strong(DRAFT)),
            Block::Lines(from),
            Block::Lines(vec![Words::gap("date")]),
            Block::Lines(to),
            Block::Heading(1, subject),
            Block::Paragraph(
                Words::plain("Dear ")
                    .followed_by(name)
                    .and(Kind::Plain, ":"),
            ),
            Block::Table(self.received()),
        ]
    }

    fn received(&self) -> Table {
        let review = self.review;
        let row = |head: &str, words: Words| vec![Words::plain(head), words];
        let revision = review.revision.map(|r| format!("revision {}", plain(r)));
        let files: Vec<String> = review
            .inputs
            .iter()
            .map(|input| place::local(&input.path, &review.path).to_owned())
            .collect();
        let mut rows = vec![
            row(
                "Received on",
                Words::or_gap(review.letter.received_on.map(day), "received on"),
            ),
            row(
                "Revision",
                Words::plain(revision.unwrap_or_else(|| "none is stated".to_owned())),
            ),
            row(
                "Files",
                Words::or_gap(Some(files.join(", ")).filter(|f| !f.is_empty()), "files"),
            ),
        ];
        if self.goes_back() {
            rows.push(row("Resubmit by", self.resubmit_by()));
        }
        Table {
            title: "What was received".to_owned(),
            heads: vec![("What".to_owned(), 1), ("As recorded".to_owned(), 3)],
            rows,
        }
    }

    fn goes_back(&self) -> bool {
        self.review.recommendation == Some(Recommendation::ReturnForRevision)
    }

    fn resubmit_by(&self) -> Words {
        let by = self.office.and_then(|o| o.resubmit_by);
        Words::or_gap(by.map(day), "resubmit by")
    }

    /// The recommendation, as advice; or why there is none.
    fn advice(&self, findings: &Sorted<'_>) -> Vec<Block> {
        let review = self.review;
        let plan = &self.pack.words.submission;
        if review.recommendation.is_none() {
            let why = Words::strong(&review.wording).and(
                Kind::Plain,
                format!(". Nothing is advised: no check of this {plan} was made."),
            );
            let heading = format!("The {plan} could not be checked");
            return vec![Block::Heading(2, heading), Block::Paragraph(why)];
        }
        let words = Words::plain("Advice to the person who decides: ")
            .and(Kind::Strong, &review.wording)
            .and(Kind::Plain, format!(". It follows from the checks listed here. No decision on this {plan} has been made."));
        let mut blocks = vec![
            Block::Heading(2, "What is advised".to_owned()),
            Block::Paragraph(words),
        ];
        // What is for the reviewer alone stands in no letter: only a person can say how the advice came about then.
        if review.recommendation > Some(Recommendation::of(findings.worst())) {
            blocks.push(Block::Paragraph(Words::gap("what led to this advice")));
        }
        blocks
    }

    /// Findings as a list under a heading; nothing where there are none.
    fn list(&self, title: &str, intro: &str, mark: Mark, findings: &[&Finding]) -> Vec<Block> {
        if findings.is_empty() {
            return Vec::new();
        }
        let items = together(findings)
            .into_iter()
            .map(|group| match group.as_slice() {
                [only] => self.item(only),
                [first, ..] if waits_for(first).is_some() => self.item_of_cell(&group),
                _ => self.item_of_rule(&group),
            });
        vec![
            Block::Heading(2, title.to_owned()),
            Block::Paragraph(Words::plain(intro)),
            Block::List(mark, items.collect()),
        ]
    }

    /// A finding: what to do, why, where, by which clause.
    fn item(&self, f: &Finding) -> Item {
        let to_do = self.next_step(f);
        let lead = if to_do.is_empty() { &f.title } else { &to_do };
        let mut more = vec![("Reason", Words::plain(reason(f)))];
        if let Some(place) = words::place(f) {
            more.push(("Place", Words::plain(in_words(&place, self.review))));
        }
        if let Some(gap) = &f.gap {
            more.push(("Off by", Words::plain(words::off_by(gap))));
        }
        more.extend(self.rest_of(f));
        if !to_do.is_empty() {
            more.push(("Check", Words::plain(checked(f))));
        }
        Item {
            more,
            ..Item::of(Words::strong(lead))
        }
    }

    /// Findings that one cell keeps open: the cell once, and each check that waits for it.
    fn item_of_cell(&self, findings: &[&Finding]) -> Item {
        let lead = findings.first().map(|f| self.next_step(f));
        let within = findings.iter().map(|f| {
            let said = format!(": {}. Clause: ", reason(f));
            let check = Words::plain(checked(f)).and(Kind::Plain, said);
            check.followed_by(self.clause(f))
        });
        Item {
            within: shortened(within),
            ..Item::of(Words::strong(lead.unwrap_or_default()))
        }
    }

    /// Findings of one rule: the rule once, and each place.
    fn item_of_rule(&self, findings: &[&Finding]) -> Item {
        let [first, ..] = findings else {
            return Item::of(Words::default());
        };
        let to_do = self.next_step(first);
        let same = findings.iter().all(|f| self.next_step(f) == to_do);
        let mut more = Vec::new();
        if same && !to_do.is_empty() {
            more.push(("What to do", Words::plain(to_do)));
        }
        more.push(("Clause", self.clause(first)));
        let within = findings.iter().map(|f| self.one_of_several(f, !same));
        let within = shortened(within);
        Item {
            lead: Words::strong(checked(first)),
            more,
            within,
        }
    }

    fn one_of_several(&self, f: &Finding, with_step: bool) -> Words {
        let place = words::place(f).map(|place| in_words(&place, self.review));
        let place = place.map_or_else(Words::default, |p| Words::strong(format!("{p}: ")));
        let off = f
            .gap
            .as_ref()
            .map(|gap| format!(" (off by {})", words::off_by(gap)));
        let step = Some(self.next_step(f)).filter(|s| with_step && !s.is_empty());
        let step = step.map(|s| format!(". {s}"));
        let said = [Some(reason(f)), off, step].into_iter().flatten();
        place.and(Kind::Plain, said.collect::<String>())
    }

    /// What is missing beyond the first place, and the clause.
    fn rest_of(&self, f: &Finding) -> Vec<(&'static str, Words)> {
        let others = f.missing.iter().skip(1);
        let missing: Vec<String> = others
            .clone()
            .take(PLACES)
            .map(|p| in_words(p, self.review))
            .collect();
        let mut more = Vec::new();
        if !missing.is_empty() {
            let beyond = others.count().saturating_sub(PLACES);
            let beyond = if beyond > 0 {
                format!("; and {beyond} more")
            } else {
                String::new()
            };
            more.push((
                "Missing, too",
                Words::plain(format!("{}{beyond}", missing.join("; "))),
            ));
        }
        more.push(("Clause", self.clause(f)));
        more
    }

    /// What a finding rests on: clauses of the law only where their text was checked.
    fn clause(&self, f: &Finding) -> Words {
        let citable = |c: &&Cite| {
            let is_law = c.is_clause || f.basis == Basis::Statute;
            !is_law || c.verification != Verification::Unconfirmed
        };
        let cited: Vec<&str> = f
            .cites
            .iter()
            .filter(citable)
            .map(|c| c.citation.as_str())
            .collect();
        if !cited.is_empty() {
            return Words::plain(cited.join("; "));
        }
        if f.basis == Basis::Data {
            let plan = &self.pack.words.submission;
            return Words::plain(format!(
                "the figures of the {plan}, and of the tables it is compared with"
            ));
        }
        Words::default().and(Kind::Gap, "[citation to confirm]")
    }

    /// What to do first, with places in words.
    fn next_step(&self, f: &Finding) -> String {
        match (f.outcome, f.missing.as_slice()) {
            (Outcome::Unknown, [first, ..]) => match in_words(first, self.review) {
                cell if cell.contains(", ") => format!("Fill in or correct {cell}."),
                file => format!("Add {file}, or fill it in."),
            },
            _ => match &f.repair {
                Some(way) => {
                    let way = way.replace('`', "");
                    let lead = "One way, by arithmetic alone";
                    format!("{} {lead}: {way}.", f.advice)
                        .trim_start()
                        .to_owned()
                }
                None => f.advice.clone(),
            },
        }
    }

    /// What waits for others than the submitter.
    fn undecided(&self) -> Vec<Block> {
        let rules = &self.review.rules;
        let told = |rule: &str| {
            rules
                .iter()
                .any(|r| &*r.rule == rule && r.audience == Audience::District)
        };
        let owed = self.review.undecided.iter().filter(|one| told(&one.rule));
        let items: Vec<Item> = owed
            .map(|one| {
                let who = Words::strong(format!("Owed by: {}. ", one.owed_by));
                Item::of(who.and(Kind::Plain, &one.message))
            })
            .collect();
        let intro =
            "These checks wait for figures that others supply. Nothing is asked of you here.";
        bullets("What others owe", intro, items)
    }

    fn mistakes(&self) -> Vec<Block> {
        let told = &self.review.diagnostics;
        let mut items: Vec<Item> = told
            .iter()
            .take(MISTAKES)
            .map(|d| {
                let place = in_words(&d.place, self.review);
                let lead = Words::strong(format!("{place}: "));
                Item::of(lead.and(
                    Kind::Plain,
                    format!("{} ({})", d.message, words::weight(d.weight)),
                ))
            })
            .collect();
        if let Some(others) = told.len().checked_sub(MISTAKES).filter(|n| *n > 0) {
            items.push(Item::of(Words::plain(format!("and {others} more"))));
        }
        let intro = "What could not be read as it stands was not guessed.";
        bullets("Mistakes in the files", intro, items)
    }

    /// The rules that hold for every subject.
    fn in_order(&self) -> Vec<Block> {
        let told = self
            .review
            .rules
            .iter()
            .filter(|r| r.audience == Audience::District);
        let held = told.filter(|r| r.tally.worst() == Outcome::Pass);
        let item = |r: &RuleTally| Item::of(Words::plain(format!("{} ({})", r.title, r.code)));
        let items: Vec<Item> = held.map(item).collect();
        bullets(
            "Checked and found in order",
            "Each of these holds wherever it applies.",
            items,
        )
    }

    /// By when and to whom to answer, who signs, who gets a copy.
    fn end(&self) -> Vec<Block> {
        let contact = self.office.and_then(|o| o.contact.as_ref());
        let contact = Words::or_gap(contact.map(ToString::to_string), "contact");
        let answer = if self.goes_back() {
            Words::plain("If the decision is to return it, please resubmit by ")
                .followed_by(self.resubmit_by())
                .and(Kind::Plain, " to ")
        } else {
            Words::plain("Questions: ")
        };
        let lines = |lines: Option<&Vec<String>>, what: &str| -> Vec<Words> {
            let lines = lines.filter(|l| !l.is_empty());
            lines.map_or_else(
                || vec![Words::gap(what)],
                |l| l.iter().map(Words::plain).collect(),
            )
        };
        let mut signature = vec![Words::plain("Sincerely,")];
        signature.extend(lines(self.office.map(|o| &o.signature), "signature"));
        let mut cc = vec![Words::plain("cc:")];
        cc.extend(lines(self.office.map(|o| &o.cc), "cc"));
        vec![
            Block::Heading(2, "How to answer".to_owned()),
            Block::Paragraph(answer.followed_by(contact).and(Kind::Plain, ".")),
            Block::Lines(signature),
            Block::Lines(cc),
        ]
    }
}

/// Findings that belong together: those that wait for the same cell, and those of one rule.
fn together<'f>(findings: &[&'f Finding]) -> Vec<Vec<&'f Finding>> {
    let key = |f: &'f Finding| (waits_for(f), waits_for(f).map_or(f.rule.as_str(), |_| ""));
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    let mut at = BTreeMap::new();
    for finding in findings {
        let here = *at.entry(key(finding)).or_insert(groups.len());
        match groups.get_mut(here) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// The cell that keeps a finding open.
fn waits_for(f: &Finding) -> Option<&str> {
    let open = f.outcome == Outcome::Unknown;
    f.missing.first().filter(|_| open).map(String::as_str)
}

/// The first of many, and how many more there are.
fn shortened(all: impl ExactSizeIterator<Item = Words>) -> Vec<Words> {
    let beyond = all.len().saturating_sub(PLACES);
    let mut some: Vec<Words> = all.take(PLACES).collect();
    if beyond > 0 {
        some.push(Words::plain(format!("and {beyond} more like these")));
    }
    some
}

fn bullets(title: &str, intro: &str, items: Vec<Item>) -> Vec<Block> {
    if items.is_empty() {
        return Vec::new();
    }
    vec![
        Block::Heading(2, title.to_owned()),
        Block::Paragraph(Words::plain(intro)),
        Block::List(Mark::Bullet, items),
    ]
}

/// What is wrong, or that it cannot be told.
fn reason(f: &Finding) -> String {
    if f.outcome == Outcome::Unknown {
        format!("it cannot be told: {}", f.message)
    } else {
        f.message.clone()
    }
}

/// What was checked, and its code.
fn checked(f: &Finding) -> String {
    format!("{} ({})", f.title, f.code)
}

fn day(date: Date) -> String {
    date.strftime("%-d %B %Y").to_string()
}
