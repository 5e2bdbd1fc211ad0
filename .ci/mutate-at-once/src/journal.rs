//! What became of each mutant, written as it is found out: a run that was stopped goes on where it stopped. In a later one a mutant that
//! was caught stays caught while its file is as it was, and of any other the test that noticed it last time is asked first. Without the
//! journals all are tried anew.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};

use crate::compile::{Build, PutBack};
use crate::mutant::Mutant;
use crate::tree::Tree;

/// What the tests say of a mutant.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// By this test, or one of those run with it.
    Caught(String),
    /// By the time that this test took.
    Late(String),
    Missed,
}

impl Outcome {
    fn word(&self) -> &'static str {
        match self {
            Self::Caught(_) => "caught",
            Self::Late(_) => "timeout",
            Self::Missed => "missed",
        }
    }

    fn test(&self) -> &str {
        match self {
            Self::Caught(test) | Self::Late(test) => test,
            Self::Missed => "",
        }
    }

    fn read(line: &str) -> Option<(&str, Self)> {
        let mut parts = line.split('\t');
        let (word, key, test) = (parts.next()?, parts.next()?, parts.next()?.to_owned());
        let outcome = match word {
            "caught" => Self::Caught(test),
            "timeout" => Self::Late(test),
            _ => Self::Missed,
        };
        Some((key, outcome))
    }
}

/// The outcomes by the mutants' keys.
pub(crate) struct Journal {
    file: Mutex<File>,
    outcomes: Mutex<BTreeMap<String, Outcome>>,
    earlier: BTreeMap<String, Outcome>,
    /// For each file with mutants one number for what it holds.
    files: BTreeMap<String, u64>,
    pub(crate) out: PathBuf,
    /// Of the project that the outcomes are of.
    pub(crate) digest: u64,
}

impl Journal {
    /// Goes on with the journal of the same project, or begins one.
    pub(crate) fn open(out: &Path, tree: &Tree, mutants: &[Mutant]) -> Result<Self> {
        let digest = tree.digest(mutants)?;
        let of_text = |text: &String| {
            let mut hasher = DefaultHasher::new();
            text.hash(&mut hasher);
            hasher.finish()
        };
        let files: BTreeMap<String, u64> = (tree
            .sources
            .iter()
            .map(|(file, text)| (file.clone(), of_text(text))))
        .collect();
        let (path, old) = (out.join("journal.tsv"), out.join("journal.old.tsv"));
        let head = format!("{digest:x}\n");
        if !fs::read_to_string(&path).is_ok_and(|t| t.starts_with(&head)) {
            if path.exists() {
                let mut earlier = fs::read_to_string(&old).unwrap_or_default();
                earlier.push_str(&fs::read_to_string(&path)?);
                fs::write(&old, earlier)?;
            }
            fs::write(&path, &head)?;
        }
        let text = fs::read_to_string(&path)?;
        let earlier = fs::read_to_string(&old).unwrap_or_default();
        let caught = earlier.lines().filter(|line| {
            let mut parts = line.split('\t');
            let is_caught = parts.next() == Some("caught");
            let file = parts.next().and_then(|key| files.get(file_of(key)));
            let of_line = parts
                .nth(1)
                .and_then(|digest| u64::from_str_radix(digest, 16).ok());
            is_caught && of_line.is_some() && file == of_line.as_ref()
        });
        let mut outcomes = read(&caught.flat_map(|line| [line, "\n"]).collect::<String>());
        outcomes.append(&mut read(&text));
        Ok(Self {
            file: Mutex::new(OpenOptions::new().append(true).open(&path)?),
            outcomes: Mutex::new(outcomes),
            earlier: read(&earlier),
            files,
            out: out.to_owned(),
            digest,
        })
    }

    pub(crate) fn is_known(&self, mutant: &Mutant) -> bool {
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.contains_key(&mutant.key)
    }

    /// The test that noticed the mutant in an earlier run.
    pub(crate) fn likely(&self, mutant: &Mutant) -> &str {
        self.earlier.get(&mutant.key).map_or("", Outcome::test)
    }

    pub(crate) fn note(&self, mutant: &Mutant, outcome: Outcome) -> Result<()> {
        let (word, key, test) = (outcome.word(), &mutant.key, outcome.test());
        let digest = self.files.get(&mutant.file).copied().unwrap_or_default();
        let line = format!("{word}\t{key}\t{test}\t{digest:x}\n");
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(line.as_bytes())?;
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        outcomes.insert(mutant.key.clone(), outcome);
        Ok(())
    }

    /// Writes the lists that cargo-mutants writes, and that of the mutants which are left to it.
    pub(crate) fn summarize(&self, mutants: &[Mutant], build: &Build) -> Result<()> {
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let list = |m: &Mutant| match build.put_back.get(&m.id) {
            Some(PutBack::DoesNotBuild) => "unviable",
            Some(PutBack::NeedsItsOwnBuild) => "alone",
            None => outcomes.get(&m.key).map_or("missed", Outcome::word),
        };
        let folder = self.out.join("mutants.out");
        fs::create_dir_all(&folder)?;
        for name in ["caught", "timeout", "missed", "unviable", "alone"] {
            let here = mutants.iter().filter(|m| list(m) == name);
            let text: String = here.flat_map(|m| [m.name.as_str(), "\n"]).collect();
            fs::write(folder.join(name).with_extension("txt"), text)
                .with_context(|| name.to_owned())?;
        }
        Ok(())
    }
}

/// The file of a mutant, of its key.
fn file_of(key: &str) -> &str {
    key.split_once(": ").map_or("", |(file, _)| file)
}

fn read(text: &str) -> BTreeMap<String, Outcome> {
    let lines = text.lines().filter_map(Outcome::read);
    lines
        .map(|(key, outcome)| (key.to_owned(), outcome))
        .collect()
}
