//! `answer`: the findings of a batch as rows to be answered, and one answer more in a file.

use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};

use accordant::batch::{BatchReview, Options};
use accordant::memory::answers::{self, Answer, Verdict};
use accordant::pack::Pack;
use accordant::report;
use accordant::review::{Finding, Review};
use accordant::value::Date;

use super::memory::{self, Memory};
use super::{Common, Format, Status, batch, before, complain, disk, pack, print, print_bytes};

/// List what is to be answered, as rows to be filled in; with --say, write one answer into a file.
#[derive(Args)]
pub(super) struct Answers {
    /// A folder of submissions, or one submission
    #[arg(value_name = "BATCH")]
    batch: PathBuf,
    /// What people answered so far; --say adds to it
    #[arg(long, value_name = "FILE")]
    answers: Vec<PathBuf>,
    /// List all findings, answered ones too
    #[arg(long)]
    list: bool,
    /// Answer a finding
    #[arg(long, value_name = "ANSWER", requires_all = ["rule", "reason", "by", "answers"], conflicts_with = "list")]
    say: Option<Say>,
    /// Whose plan: the district's name or code, or the plan's path
    #[arg(long, value_name = "NAME")]
    district: Option<String>,
    /// The rule that found it
    #[arg(long)]
    rule: Option<String>,
    /// The row that it is about, as the list has it
    #[arg(long, value_name = "KEY")]
    subject: Option<String>,
    /// Why
    #[arg(long)]
    reason: Option<String>,
    /// Who answers
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Who agrees; a waiver of `return` or `escalate` needs somebody else than --by
    #[arg(long, value_name = "NAME")]
    approved_by: Option<String>,
    /// The last day on which the answer counts
    #[arg(long, value_name = "DATE", value_parser = memory::date)]
    until: Option<Date>,
    #[command(flatten)]
    before: before::Decided,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum)]
enum Say {
    /// It is in order as it stands
    Accepted,
    /// The plan must be changed
    ChangeRequired,
    /// The plan may be approved on a condition
    Condition,
    /// It is not in order, and is let pass
    Waived,
}

impl Say {
    fn verdict(self) -> Verdict {
        match self {
            Say::Accepted => Verdict::Accepted,
            Say::ChangeRequired => Verdict::ChangeRequired,
            Say::Condition => Verdict::Condition,
            Say::Waived => Verdict::Waived,
        }
    }
}

impl Answers {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        let formats = [Format::Text, Format::Csv, Format::Json];
        self.common.has_format("answer", &formats)?;
        let Some(pack) = pack::load_to_judge(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let there = self
            .answers
            .iter()
            .filter(|path| path.exists() || self.say.is_none());
        let files: anyhow::Result<_> = there.map(|path| memory::read_file(path)).collect();
        let known = Memory::of(&pack, Some(files?), memory::as_of(&self.common)?);
        let known = self.before.remember(&pack, known)?;
        let before = self.before.read(&self.common, &pack, &known)?;
        let options = Options {
            for_districts: false,
            expects_all: false,
            year: self.common.year,
            ..Options::default()
        };
        let reviewer = known.reviewer(&pack, options);
        let paths = std::slice::from_ref(&self.batch);
        let found = before.review(&self.common, &pack, paths, &reviewer)?;
        batch::tell(&found.diagnostics, &self.common);
        if found.reviews.is_empty() {
            batch::no_submission(&pack, &found);
            return Ok(Status::CouldNotCheck);
        }
        match self.say {
            Some(say) => self.write(&pack, &found, say.verdict()),
            None => self.print(&found),
        }
    }

    /// Prints what is open, or everything.
    fn print(&self, found: &BatchReview) -> anyhow::Result<Status> {
        let asked = |review: &&Review| self.is_asked(review);
        let reviews: Vec<&Review> = found.reviews.iter().filter(asked).collect();
        let of_rule = |f: &Finding| self.rule.as_ref().is_none_or(|rule| *rule == f.rule);
        // What others owe, no answer settles.
        let is_open = |f: &Finding| f.answer.is_none() && f.owed.is_empty();
        let shown = |f: &Finding| of_rule(f) && (self.list || is_open(f));
        match self.common.format {
            Format::Json => print(&report::answers::json(&reviews, shown))?,
            _ => print_bytes(&report::answers::csv(&reviews, shown))?,
        }
        Ok(Status::Clean)
    }

    fn is_asked(&self, review: &Review) -> bool {
        let Some(name) = &self.district else {
            return true;
        };
        let is = |known: Option<&str>| known.is_some_and(|k| k.eq_ignore_ascii_case(name));
        is(review.district.as_deref())
            || is(review.district_code.as_deref())
            || review.path == *name
    }

    /// Writes one answer more into the file.
    fn write(&self, pack: &Pack, found: &BatchReview, verdict: Verdict) -> anyhow::Result<Status> {
        let [file] = self.answers.as_slice() else {
            bail!("name one file to write the answer into with --answers");
        };
        let (Some(rule), Some(reason), Some(by)) = (&self.rule, &self.reason, &self.by) else {
            bail!("an answer needs --rule, --reason and --by");
        };
        let (review, finding) = self.the_finding(found, rule)?;
        let mark = finding.mark.as_ref();
        let answer = Answer {
            verdict,
            finding: mark.map(|m| m.digest.clone()).unwrap_or_default(),
            reason: reason.clone(),
            by: by.clone(),
            approved_by: self.approved_by.clone(),
            on: memory::as_of(&self.common)?,
            until: self.until,
            closed_on: None,
        };
        answer
            .allowed(finding.severity)
            .map_err(anyhow::Error::msg)?;
        if let Some(earlier) = &finding.answer {
            bail!(
                "the finding is answered already, {} by {}: give that answer a date under `closed_on` first",
                earlier.verdict.name(),
                earlier.by
            );
        }
        let mut row = answers::row_of(review, finding, report::answers::place(finding, review));
        row.extend(answers::row_of_answer(&answer));
        let bytes = memory::read_or_none(file)?;
        let name = memory::name_of(file);
        let bytes = answers::append(pack, &name, &bytes, &row).map_err(anyhow::Error::msg)?;
        disk::write_whole(file, &bytes)?;
        if !self.common.quiet {
            complain(&format!("answered: {}: {}", finding.rule, finding.message));
        }
        Ok(Status::Clean)
    }

    /// The one finding that the arguments mean.
    fn the_finding<'b>(
        &self,
        found: &'b BatchReview,
        rule: &str,
    ) -> anyhow::Result<(&'b Review, &'b Finding)> {
        let reviews = found.reviews.iter().filter(|review| self.is_asked(review));
        let all = reviews.flat_map(|review| review.findings.iter().map(move |f| (review, f)));
        let subject = |f: &Finding| {
            f.mark
                .as_ref()
                .map_or("", |m| m.subject.as_str())
                .to_owned()
        };
        let is_it = |f: &Finding| {
            let named = self.subject.as_ref();
            f.rule == rule && named.is_none_or(|named| *named == subject(f))
        };
        let meant: Vec<_> = all.filter(|(_, f)| is_it(f)).collect();
        match meant.as_slice() {
            [] => bail!(
                "there is no such finding of `{rule}`: `answer BATCH` lists those that there are"
            ),
            [only] => Ok(*only),
            [(first, _), ..] => {
                let districts = meant.iter().any(|(review, _)| review.path != first.path);
                let names = meant.iter().map(|(review, f)| {
                    if districts {
                        review.path.clone()
                    } else {
                        subject(f)
                    }
                });
                let names: Vec<String> = names.collect();
                let option = if districts { "--district" } else { "--subject" };
                let shown = names.get(..names.len().min(12)).unwrap_or_default();
                Err(anyhow::Error::msg(shown.join("\n  "))).with_context(|| {
                    format!(
                        "`{rule}` found {} things: say which with {option}",
                        names.len()
                    )
                })
            }
        }
    }
}
