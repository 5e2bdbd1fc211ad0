//! What people decided, as `review` and the verbs beside it take it: files of answers and of determinations, and the day at which they are judged.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use accordant::batch::{BatchReview, Options, Reviewer};
use accordant::diagnostic::{Diagnostic, Weight};
use accordant::memory::answers::Answers;
use accordant::memory::archive::Item;
use accordant::memory::decisions::Decisions;
use accordant::memory::record;
use accordant::pack::Pack;
use accordant::read::limits::FOREIGN;
use accordant::read::sha256;
use accordant::report::json;
use accordant::value::{Date, parse_date};

use super::before::Before;
use super::{Common, archive, batch, disk};

/// What people decided.
#[derive(Args)]
pub(super) struct Remembered {
    /// What people answered to findings: a CSV file, as `answer` writes it; several are taken together
    #[arg(long, value_name = "FILE")]
    answers: Vec<PathBuf>,
    /// What was decided on plans: a CSV file, as `decide` writes it
    #[arg(long, value_name = "FILE")]
    decisions: Option<PathBuf>,
    /// Keep a record of the review that `verify` can run again
    #[arg(long, value_name = "FILE.json")]
    pub(super) record: Option<PathBuf>,
}

/// What was read of it.
pub(super) struct Memory {
    answers: Option<Answers>,
    decisions: Option<Decisions>,
    /// The files of answers, and of determinations.
    files: Vec<(String, Vec<u8>)>,
    decided: Vec<(String, Vec<u8>)>,
    as_of: Date,
}

impl Remembered {
    pub(super) fn load(&self, common: &Common, pack: &Pack) -> anyhow::Result<Memory> {
        let answers = (!self.answers.is_empty()).then(|| read_all(&self.answers));
        let answers = answers.transpose()?;
        let memory = Memory::of(pack, answers, as_of(common)?);
        Ok(match &self.decisions {
            Some(path) => memory.with_decisions(pack, vec![read_decisions(pack, path)?]),
            None => memory,
        })
    }
}

impl Memory {
    /// What is remembered by files of answers alone; none of them is another thing than no answers.
    pub(super) fn of(pack: &Pack, files: Option<Vec<(String, Vec<u8>)>>, as_of: Date) -> Self {
        let answers = files.as_ref().map(|f| Answers::read(pack, f, as_of));
        Memory {
            answers,
            decisions: None,
            files: files.unwrap_or_default(),
            decided: Vec::new(),
            as_of,
        }
    }

    /// With files of determinations.
    pub(super) fn with_decisions(mut self, pack: &Pack, files: Vec<(String, Vec<u8>)>) -> Self {
        self.decisions = Some(Decisions::read(pack, &files));
        self.decided = files;
        self
    }

    /// The determinations, and the day by which they count.
    pub(super) fn decisions(&self) -> Option<(&Decisions, Date)> {
        self.decisions.as_ref().map(|of| (of, self.as_of))
    }

    /// What of it is kept in an archive. Fails where a row of the files was not taken: it would be missed there.
    pub(super) fn items(&self, common: &Common, pack: &Pack) -> anyhow::Result<Vec<Item>> {
        let (answers, decisions) = (self.answers.as_ref(), self.decisions.as_ref());
        let told = answers.map(|of| &of.diagnostics).into_iter();
        let told = told.chain(decisions.map(|of| &of.diagnostics)).flatten();
        let told: Vec<Diagnostic> = told.cloned().collect();
        if told.iter().any(|d| d.weight > Weight::Notice) {
            batch::tell(&told, common);
            bail!("nothing was added: correct what is told above first");
        }
        let answers = answers.map(|of| Item::of_answers(pack, of));
        let decisions = decisions.map(|of| Item::of_decisions(pack, of));
        Ok(answers.into_iter().chain(decisions).flatten().collect())
    }

    /// A reviewer who knows it.
    pub(super) fn reviewer<'p>(&'p self, pack: &'p Pack, options: Options) -> Reviewer<'p> {
        Reviewer::new(pack, options)
            .with_answers(self.answers.as_ref())
            .with_decisions(self.decisions())
    }

    /// The record of a review of what these paths hold.
    pub(super) fn record(
        &self,
        pack: &Pack,
        batch: &BatchReview,
        paths: &[PathBuf],
        by: &Way<'_>,
    ) -> anyhow::Result<String> {
        let name = record::PackName {
            id: batch.pack.id.clone(),
            version: batch.pack.version.clone(),
            digest: batch.pack.digest.clone(),
        };
        let office = batch.pack.office.as_ref().map(|o| o.digest.clone());
        let mut basis = record::Basis::new(name, office, self.as_of.to_string(), by.year);
        basis.inputs = inputs(paths)?;
        basis.history = json::history(pack, batch);
        basis.answers = self
            .answers
            .as_ref()
            .map(|_| texts(&self.files))
            .transpose()?;
        basis.prior = by.before.and_then(|before| before.prior.clone());
        // What was decided says something in a review only of last year's plan, and where it cannot be read.
        let decided = self.decisions.as_ref();
        let decided = decided.filter(|of| basis.prior.is_some() || !of.diagnostics.is_empty());
        basis.decisions = decided.map(|_| texts(&self.decided)).transpose()?;
        basis.approved = by.before.and_then(|before| before.approved.clone());
        basis.public = by.public;
        Ok(basis.record(&json::write(batch)))
    }
}

/// How a review was made, beside its batch and what is remembered.
pub(super) struct Way<'a> {
    /// The fiscal year that was given.
    pub(super) year: Option<i64>,
    /// It leaves out working papers.
    pub(super) public: bool,
    /// What was laid in.
    pub(super) before: Option<&'a Before<'a>>,
}

/// Files as a record holds them.
fn texts(files: &[(String, Vec<u8>)]) -> anyhow::Result<Vec<record::Answers>> {
    let texts = files.iter().map(|(path, bytes)| {
        let text = String::from_utf8(bytes.clone());
        let text = text.with_context(|| {
            format!("{path} is not UTF-8, and a record holds text: save it as CSV UTF-8")
        })?;
        Ok(record::Answers {
            path: path.clone(),
            sha256: sha256(bytes),
            text,
        })
    });
    texts.collect()
}

/// The files that a record holds, with their bytes.
pub(super) fn files_of(held: &[record::Answers]) -> Vec<(String, Vec<u8>)> {
    let files = held.iter();
    let files = files.map(|f| (f.path.clone(), f.text.clone().into_bytes()));
    files.collect()
}

/// Every file that the paths hold; of several paths, each under its own name.
pub(super) fn inputs(paths: &[PathBuf]) -> anyhow::Result<Vec<record::Input>> {
    let mut inputs = Vec::new();
    for path in paths {
        let tree = disk::Tree::of(path)?;
        let before = match paths.len() {
            1 => String::new(),
            _ => format!("{}/", tree.name),
        };
        inputs.extend(tree.paths.iter().map(|path| record::Input {
            path: format!("{before}{path}"),
            sha256: tree.sha256(path).ok(),
        }));
    }
    Ok(inputs)
}

/// The files, each by its name.
fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    paths.iter().map(|path| read_file(path)).collect()
}

/// The file of determinations of a path: that file, or those of an archive.
pub(super) fn read_decisions(pack: &Pack, path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    if !archive::is_one(path) {
        return read_file(path);
    }
    let bytes = archive::decisions(pack, path)?;
    // As `archive export` writes them.
    Ok((format!("{}/decisions.csv", name_of(path)), bytes))
}

pub(super) fn read_file(path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let bytes = disk::read(path, FOREIGN.file);
    let bytes = bytes.with_context(|| format!("cannot read {}", path.display()))?;
    Ok((name_of(path), bytes))
}

/// The bytes of a file that may not be there yet, which has none.
pub(super) fn read_or_none(path: &Path) -> anyhow::Result<Vec<u8>> {
    if path.exists() {
        read_file(path).map(|(_, bytes)| bytes)
    } else {
        Ok(Vec::new())
    }
}

/// The name by which reports know a file: no report names a place outside its batch.
pub(super) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}

/// The day at which answers are judged: the one that was given, else today where answers end with the day.
pub(super) fn as_of(common: &Common) -> anyhow::Result<Date> {
    match common.as_of {
        Some(date) => Ok(date),
        None => today(),
    }
}

/// Today in New York. Its clock is that of the east coast since 2007: daylight saving from the second Sunday of March to the first of November.
fn today() -> anyhow::Result<Date> {
    let zone = TimeZone::posix("EST5EDT,M3.2.0,M11.1.0")?;
    Ok(Timestamp::now().to_zoned(zone).date())
}

/// A date of the command line.
pub(super) fn date(text: &str) -> Result<Date, String> {
    parse_date(text).ok_or_else(|| "write a date as 2026-11-22 or 11/22/2026".to_owned())
}
