//! What a change of rules changes: one batch reviewed by two packs, compared submission by submission, rule by rule.

mod definitions;
mod notes;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

pub use self::definitions::{Difference, Fate, Unchanged};
pub use self::notes::Note;

use self::definitions::Definitions;
use self::notes::{ReviewNotes, alone, batch_notes};
use crate::batch::BatchReview;
use crate::pack::{Pack, Severity};
use crate::review::{Finding, Outcome, Recommendation, Review, RuleTally};

/// A pack, and the batch as it reviews it.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// The batch, reviewed with the outcome of each subject noted.
    pub batch: &'a BatchReview,
}

/// What differs between two reviews of one batch.
#[derive(Debug, Clone)]
pub struct Impact<'a> {
    /// The pack before.
    pub from: &'a Pack,
    /// The pack after.
    pub to: &'a Pack,
    /// How much differs.
    pub counts: Counts,
    /// The recommendations that change, the worst first.
    pub moves: Vec<Move<'a>>,
    /// The rules that say something else, or of something else, the worst effect first.
    pub rules: Vec<RuleImpact<'a>>,
    /// What else of the pack differs.
    pub pack: Vec<Difference>,
    /// What else of the reports differs.
    pub notes: Vec<Note>,
    /// Submissions that neither pack could check.
    pub unchecked: Vec<String>,
}

/// How much differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Submissions that either pack reviewed.
    pub submissions: usize,
    /// Those of which anything differs.
    pub changed: usize,
    /// Those whose recommendation differs.
    pub moved: usize,
    /// Outcomes that differ, in themselves or in what is said of them.
    pub outcomes_changed: usize,
    /// Outcomes that do not.
    pub outcomes_same: usize,
}

/// What came of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// It was judged.
    Advised(Recommendation),
    /// It could not be checked.
    Unchecked,
    /// It was not reviewed: another submission stands for it, or no file of it was known.
    NotReviewed,
}

impl Step {
    fn of(review: Option<&Review>) -> Self {
        match review.map(|r| r.recommendation) {
            None => Step::NotReviewed,
            Some(None) => Step::Unchecked,
            Some(Some(recommendation)) => Step::Advised(recommendation),
        }
    }

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Step::Advised(recommendation) => recommendation.name(),
            Step::Unchecked => "could-not-check",
            Step::NotReviewed => "not-reviewed",
        }
    }
}

/// The submissions whose recommendation changes in one way.
#[derive(Debug, Clone)]
pub struct Move<'a> {
    /// The recommendation before.
    pub from: Step,
    /// The recommendation after.
    pub to: Step,
    /// The submissions.
    pub submissions: Vec<Moved<'a>>,
}

/// A submission whose recommendation changes.
#[derive(Debug, Clone)]
pub struct Moved<'a> {
    /// Its review; of two, that by the pack after.
    pub review: &'a Review,
    /// The rules that lead to it.
    pub rules: Vec<&'a str>,
}

/// What a rule says of one subject, and what that weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The outcome.
    pub outcome: Outcome,
    /// What the finding weighs, if it is one.
    pub severity: Option<Severity>,
}

/// What is said of a finding that is one by both packs, and differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wording {
    /// The message.
    pub message: bool,
    /// The gap.
    pub gap: bool,
    /// The advice.
    pub advice: bool,
}

impl Wording {
    fn of(from: &Finding, to: &Finding) -> Self {
        Wording {
            message: from.message != to.message,
            gap: from.gap != to.gap,
            advice: from.advice != to.advice,
        }
    }

    /// The names of what differs.
    pub fn names(self) -> Vec<&'static str> {
        let all = [
            (self.message, "message"),
            (self.gap, "gap"),
            (self.advice, "advice"),
        ];
        let differing = all.into_iter().filter(|(differs, _)| *differs);
        differing.map(|(_, name)| name).collect()
    }
}

/// Outcomes of a rule that change in one way.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// Where the subject stood; `None`: the rule did not judge it.
    pub from: Option<Standing>,
    /// Where it stands; `None`: the rule does not judge it.
    pub to: Option<Standing>,
    /// What is said otherwise of findings that stand as they stood.
    pub wording: Wording,
    /// How many subjects.
    pub count: usize,
    /// In how many submissions.
    pub submissions: usize,
    /// A few of them.
    pub examples: Vec<Example<'a>>,
    /// The SHA-256 of all of them, in hexadecimal.
    pub digest: String,
}

/// A subject of which a rule says something else.
#[derive(Debug, Clone)]
pub struct Example<'a> {
    /// The review of its submission by the pack after.
    pub review: &'a Review,
    /// The place of its row, or its number in its table; `None`: the submission as a whole.
    pub subject: Option<String>,
    /// The finding before.
    pub from: Option<&'a Finding>,
    /// The finding after.
    pub to: Option<&'a Finding>,
}

/// A rule that says something else, or of something else.
#[derive(Debug, Clone)]
pub struct RuleImpact<'a> {
    /// Its id.
    pub rule: &'a str,
    /// Its code in the inventory.
    pub code: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Whether it is in both packs.
    pub fate: Fate,
    /// What differs in the rule, and in what it rests on.
    pub differences: Vec<Difference>,
    /// The outcomes that change.
    pub groups: Vec<Group<'a>>,
}

/// How many examples of a group are kept.
const EXAMPLES: usize = 3;

/// The reviews of one submission.
type Pair<'a> = (Option<&'a Review>, Option<&'a Review>);

impl<'a> Impact<'a> {
    /// Compares two reviews of one batch.
    pub fn new(from: Side<'a>, to: Side<'a>) -> Self {
        let pairs = pairs(from.batch, to.batch);
        let mut impact = Impact {
            from: from.pack,
            to: to.pack,
            counts: Counts::default(),
            moves: Vec::new(),
            rules: Vec::new(),
            pack: Vec::new(),
            notes: batch_notes(from.batch, to.batch),
            unchecked: Vec::new(),
        };
        let mut changes = Changes {
            from: from.pack,
            to: to.pack,
            rules: BTreeMap::new(),
        };
        let mut notes = ReviewNotes::default();
        for pair in &pairs {
            let moved = impact.step(*pair);
            let (changed, same) = changes.compare(*pair);
            let noted = notes.compare(*pair);
            impact.counts.submissions += 1;
            impact.counts.changed += usize::from(moved || changed > 0 || noted);
            impact.counts.outcomes_changed += changed;
            impact.counts.outcomes_same += same;
        }
        impact
            .moves
            .sort_by_key(|m| (std::cmp::Reverse(m.to), m.from));
        impact.notes.splice(0..0, notes.told());
        let definitions = Definitions::new(from.pack, to.pack);
        impact.rules = rules(changes, &definitions);
        impact.pack = definitions.pack;
        impact
    }

    /// Whether anything differs.
    pub fn is_change(&self) -> bool {
        !(self.moves.is_empty()
            && self.rules.is_empty()
            && self.pack.is_empty()
            && self.notes.is_empty())
    }

    /// Notes how the recommendation on a submission changes, if it does.
    fn step(&mut self, (from, to): Pair<'a>) -> bool {
        let (before, after) = (Step::of(from), Step::of(to));
        let Some(review) = to.or(from) else {
            return false;
        };
        if before == after {
            if after == Step::Unchecked {
                self.unchecked.push(review.path.clone());
            }
            return false;
        }
        let moved = Moved {
            review,
            rules: reasons(from, to),
        };
        self.counts.moved += 1;
        match (self.moves.iter_mut()).find(|m| (m.from, m.to) == (before, after)) {
            Some(of) => of.submissions.push(moved),
            None => self.moves.push(Move {
                from: before,
                to: after,
                submissions: vec![moved],
            }),
        }
        true
    }
}

/// The reviews of each submission by both packs: by path, and of several of one path in their order.
fn pairs<'a>(from: &'a BatchReview, to: &'a BatchReview) -> Vec<Pair<'a>> {
    fn numbered(batch: &BatchReview) -> BTreeMap<(&str, usize), &Review> {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let reviews = batch.reviews.iter().map(|review| {
            let number = numbers.entry(&review.path).or_default();
            *number += 1;
            ((review.path.as_str(), *number), review)
        });
        reviews.collect()
    }
    let (from, mut to) = (numbered(from), numbered(to));
    let both = from.into_iter().map(|(key, review)| {
        let after = to.remove(&key);
        (key, (Some(review), after))
    });
    let mut pairs: BTreeMap<(&str, usize), Pair<'a>> = both.collect();
    pairs.extend(
        to.into_iter()
            .map(|(key, review)| (key, (None, Some(review)))),
    );
    pairs.into_values().collect()
}

/// The rules whose findings lead to a changed recommendation: those that weigh what the worse of both rests on.
fn reasons<'a>(from: Option<&'a Review>, to: Option<&'a Review>) -> Vec<&'a str> {
    let (Some(from), Some(to)) = (from, to) else {
        return Vec::new();
    };
    let worse = match (from.recommendation, to.recommendation) {
        (Some(before), Some(after)) if before > after => from,
        (Some(_), Some(_)) => to,
        _ => return Vec::new(),
    };
    let worst = worse.worst();
    let deciding = worse.findings.iter().filter(|f| Some(f.severity) == worst);
    let mut rules: Vec<&str> = deciding.map(|f| f.rule.as_str()).collect();
    rules.dedup();
    rules
}

/// What a rule says of one subject.
#[derive(Debug, Clone, Copy)]
struct State<'a> {
    outcome: Outcome,
    finding: Option<&'a Finding>,
}

impl State<'_> {
    fn standing(&self) -> Standing {
        Standing {
            outcome: self.outcome,
            severity: self.finding.map(|f| f.severity),
        }
    }
}

/// A subject: its table, its row, and which of several of one number.
type Subject<'a> = (&'a str, Option<u32>, usize);

/// Outcomes that change, gathered by rule.
struct Changes<'a> {
    from: &'a Pack,
    to: &'a Pack,
    rules: BTreeMap<&'a str, Vec<Gathered<'a>>>,
}

/// A group of outcomes that is still growing.
struct Gathered<'a> {
    group: Group<'a>,
    last: &'a Review,
    hash: Sha256,
}

impl<'a> Changes<'a> {
    /// Compares the outcomes of one submission: how many differ, and how many do not.
    fn compare(&mut self, (from, to): Pair<'a>) -> (usize, usize) {
        let (Some(from), Some(to)) = (from, to) else {
            return (0, 0);
        };
        // Of what one pack could not check no outcome is told: the recommendation says that it could not.
        if from.recommendation.is_none() || to.recommendation.is_none() {
            return (0, 0);
        }
        let (before, after) = (by_rule(from), by_rule(to));
        let mut rules: Vec<&'a str> = before.keys().chain(after.keys()).copied().collect();
        rules.sort_unstable();
        rules.dedup();
        let (mut changed, mut same) = (0, 0);
        for rule in rules {
            let tallies = (before.get(rule).copied(), after.get(rule).copied());
            if let (Some(old), Some(new)) = tallies
                && self.says_the_same(rule, (from, old), (to, new))
            {
                same += new.subjects.len();
                continue;
            }
            let old = states(self.from, from, before.get(rule).copied());
            let mut new = states(self.to, to, after.get(rule).copied());
            for (subject, old) in old {
                let new = new.remove(&subject);
                let is_other = self.note(rule, to, subject, (Some(old), new));
                changed += usize::from(is_other);
                same += usize::from(!is_other);
            }
            for (subject, new) in new {
                changed += usize::from(self.note(rule, to, subject, (None, Some(new))));
            }
        }
        (changed, same)
    }

    /// Whether a rule says one and the same of the same subjects, which most rules do.
    fn says_the_same(
        &self,
        rule: &str,
        (from, old): (&Review, &RuleTally),
        (to, new): (&Review, &RuleTally),
    ) -> bool {
        let of_rule = |f: &&Finding| f.rule == rule;
        let before = from.findings.iter().filter(of_rule);
        let after = to.findings.iter().filter(of_rule);
        let is_same = |(old, new): (&Finding, &Finding)| {
            (old.row, old.severity) == (new.row, new.severity)
                && Wording::of(old, new) == Wording::default()
        };
        old.subjects == new.subjects
            && table_of(self.from, rule) == table_of(self.to, rule)
            && before.clone().count() == after.clone().count()
            && before.zip(after).all(is_same)
    }

    /// Notes what changes of one outcome; tells whether anything does.
    fn note(
        &mut self,
        rule: &'a str,
        review: &'a Review,
        (table, row, _): Subject<'a>,
        (from, to): (Option<State<'a>>, Option<State<'a>>),
    ) -> bool {
        let standings = (from.map(|s| s.standing()), to.map(|s| s.standing()));
        let findings = (from.and_then(|s| s.finding), to.and_then(|s| s.finding));
        let wording = match findings {
            (Some(from), Some(to)) if standings.0 == standings.1 => Wording::of(from, to),
            _ => Wording::default(),
        };
        if standings.0 == standings.1 && wording == Wording::default() {
            return false;
        }
        let place = findings.1.or(findings.0).and_then(|f| f.subject.clone());
        let number = row.map(|row| format!("row {row} of {table}"));
        let example = Example {
            review,
            subject: place.or(number),
            from: findings.0,
            to: findings.1,
        };
        let groups = self.rules.entry(rule).or_default();
        let is_it = |g: &Gathered<'_>| {
            (g.group.from, g.group.to, g.group.wording) == (standings.0, standings.1, wording)
        };
        match groups.iter_mut().find(|g| is_it(g)) {
            Some(group) => group.add(example),
            None => {
                let mut group = Gathered::new(standings, wording, review);
                group.add(example);
                groups.push(group);
            }
        }
        true
    }
}

fn by_rule(review: &Review) -> BTreeMap<&str, &RuleTally> {
    review.rules.iter().map(|r| (&*r.rule, r)).collect()
}

/// The name of the table whose rows a rule judges; empty when it judges the submission.
fn table_of<'a>(pack: &'a Pack, rule: &str) -> &'a str {
    let subjects = pack.rule(rule).and_then(|r| r.subjects.as_ref());
    let table = subjects.and_then(|s| pack.schema.tables.get(s.table));
    table.map_or("", |t| t.name.as_str())
}

/// What a rule says of each of its subjects.
fn states<'a>(
    pack: &'a Pack,
    review: &'a Review,
    tally: Option<&'a RuleTally>,
) -> BTreeMap<Subject<'a>, State<'a>> {
    let Some(tally) = tally else {
        return BTreeMap::new();
    };
    let mut findings: BTreeMap<Option<u32>, VecDeque<&'a Finding>> = BTreeMap::new();
    for finding in review.findings.iter().filter(|f| f.rule == *tally.rule) {
        findings.entry(finding.row).or_default().push_back(finding);
    }
    let table = table_of(pack, &tally.rule);
    let mut numbers: BTreeMap<Option<u32>, usize> = BTreeMap::new();
    let states = tally.subjects.iter().map(|judged| {
        let number = numbers.entry(judged.row).or_default();
        *number += 1;
        let is_finding = matches!(judged.outcome, Outcome::Fail | Outcome::Unknown);
        let of_row = findings.get_mut(&judged.row).filter(|_| is_finding);
        let state = State {
            outcome: judged.outcome,
            finding: of_row.and_then(VecDeque::pop_front),
        };
        ((table, judged.row, *number), state)
    });
    states.collect()
}

impl<'a> Gathered<'a> {
    fn new(
        (from, to): (Option<Standing>, Option<Standing>),
        wording: Wording,
        last: &'a Review,
    ) -> Self {
        Gathered {
            group: Group {
                from,
                to,
                wording,
                count: 0,
                submissions: 1,
                examples: Vec::new(),
                digest: String::new(),
            },
            last,
            hash: Sha256::new(),
        }
    }

    fn add(&mut self, example: Example<'a>) {
        self.group.count += 1;
        if !std::ptr::eq(self.last, example.review) {
            self.group.submissions += 1;
            self.last = example.review;
        }
        self.hash.update(line_of(&example).as_bytes());
        if self.group.examples.len() < EXAMPLES {
            self.group.examples.push(example);
        }
    }

    fn finish(mut self) -> Group<'a> {
        for byte in self.hash.finalize() {
            let _ = write!(self.group.digest, "{byte:02x}");
        }
        self.group
    }
}

/// Everything that is said of a subject, each part ended by a NUL.
fn line_of(example: &Example<'_>) -> String {
    let mut line = format!("{}\0", example.review.path);
    let _ = write!(line, "{}\0", example.subject.as_deref().unwrap_or_default());
    for finding in [example.from, example.to].into_iter().flatten() {
        let gap = finding.gap.as_ref();
        let gap = gap.map_or_else(String::new, |g| format!("{} {}", g.value, g.unit));
        let _ = write!(line, "{}\0{gap}\0{}\0", finding.message, finding.advice);
    }
    line.push('\n');
    line
}

/// What a subject weighs where it stands: nothing, or the severity of its finding.
fn weight(standing: Option<Standing>) -> Option<Severity> {
    standing.and_then(|s| s.severity)
}

impl Group<'_> {
    /// The worst effect first: what weighs more than before, the heaviest first; what weighs less; other outcomes; other
    /// words.
    fn rank(&self) -> (u8, std::cmp::Reverse<Option<Severity>>) {
        let (from, to) = (weight(self.from), weight(self.to));
        let class = match to.cmp(&from) {
            std::cmp::Ordering::Greater => 0,
            std::cmp::Ordering::Less => 1,
            std::cmp::Ordering::Equal if self.from != self.to => 2,
            std::cmp::Ordering::Equal => 3,
        };
        (class, std::cmp::Reverse(from.max(to)))
    }
}

/// The rules of which anything differs, the worst effect first.
fn rules<'a>(changes: Changes<'a>, definitions: &Definitions<'a>) -> Vec<RuleImpact<'a>> {
    let (from, to) = (changes.from, changes.to);
    let mut groups = changes.rules;
    let mut ids: Vec<&'a str> = groups.keys().copied().collect();
    ids.extend(definitions.rules.keys());
    ids.sort_unstable();
    ids.dedup();
    let one = |id: &'a str| {
        let rule = to.rule(id).or_else(|| from.rule(id))?;
        let found = groups.remove(id).unwrap_or_default();
        let mut found: Vec<Group<'a>> = found.into_iter().map(Gathered::finish).collect();
        found.sort_by_key(Group::rank);
        let (fate, differences) = definitions.rules.get(id).cloned().unwrap_or_default();
        Some(RuleImpact {
            rule: &rule.id,
            code: &rule.code,
            title: &rule.title,
            fate,
            differences,
            groups: found,
        })
    };
    let mut rules: Vec<RuleImpact<'a>> = ids.into_iter().filter_map(one).collect();
    rules.sort_by_key(|r| {
        r.groups
            .first()
            .map_or((4, std::cmp::Reverse(None)), Group::rank)
    });
    rules
}
