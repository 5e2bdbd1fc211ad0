//! Builds the tests with all mutants in them. A mutant that does not compile is put back, and the build repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::mutant::{Genre, Mutant};
use crate::rewrite::{Rewritten, rewrite};
use crate::tree::Tree;

/// The tests with their switches.
pub(crate) struct Build {
    pub(crate) programs: Vec<PathBuf>,
    /// The mutants without a switch.
    pub(crate) put_back: BTreeMap<usize, PutBack>,
}

/// Why a mutant has no switch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum PutBack {
    /// What it changes does not compile.
    DoesNotBuild,
    /// It may compile by itself, but not beside the text that it replaces.
    NeedsItsOwnBuild,
}

/// Faults that the change itself has, however it is put in.
const OF_THE_CHANGE: &[&str] = &[
    "E0061",
    "E0271",
    "E0277",
    "E0308",
    "E0368",
    "E0369",
    "E0412",
    "E0423",
    "E0425",
    "E0433",
    "E0599",
    "E0600",
    "E0604",
    "E0605",
    "E0606",
    "E0607",
    "E0610",
    "E0614",
    "arithmetic_overflow",
    "unconditional_panic",
];
/// Faults that a function's value has as much as a `return` of it.
const OF_THE_VALUE: &[&str] = &["E0515", "E0716"];

/// Builds until it builds.
pub(crate) fn all_at_once(tree: &Tree, mutants: &[Mutant], out: &Path) -> Result<Build> {
    let kept = Kept::read(tree, out);
    let mut put_back = kept.put_back(mutants);
    loop {
        let rewritten = write(tree, mutants, &mut put_back)?;
        eprintln!("building, {} mutants have no switch", put_back.len());
        let (programs, faults) = cargo(tree)?;
        if faults.is_empty() {
            return Ok(Build { programs, put_back });
        }
        let before = put_back.len();
        for fault in &faults {
            fault.put_back(mutants, &rewritten, &mut put_back);
        }
        kept.write(mutants, &put_back)?;
        if put_back.len() == before {
            bail!(
                "no mutant is to blame for: {}",
                faults
                    .iter()
                    .map(|f| f.rendered.as_str())
                    .collect::<String>()
            );
        }
    }
}

/// Writes every file with its switches.
fn write<'t>(
    tree: &'t Tree,
    mutants: &[Mutant],
    put_back: &mut BTreeMap<usize, PutBack>,
) -> Result<BTreeMap<&'t str, Rewritten>> {
    let mut all = BTreeMap::new();
    for (file, text) in &tree.sources {
        let here: Vec<&Mutant> = mutants
            .iter()
            .filter(|m| m.file == *file && !put_back.contains_key(&m.id))
            .collect();
        let rewritten = rewrite(text, &here).with_context(|| file.clone())?;
        tree.write(file, rewritten.text.as_bytes())?;
        for mutant in here {
            if !rewritten.switched.contains(&mutant.id) {
                put_back.insert(mutant.id, without_switch(mutant));
            }
        }
        all.insert(file.as_str(), rewritten);
    }
    Ok(all)
}

/// A chain of conditions with a `let` in it takes no `||`; other places without a switch are worked out by the compiler.
fn without_switch(mutant: &Mutant) -> PutBack {
    if mutant.genre == Genre::BinaryOperator && mutant.replacement == "||" {
        PutBack::DoesNotBuild
    } else {
        PutBack::NeedsItsOwnBuild
    }
}

/// A line of what cargo says.
#[derive(Deserialize)]
struct Line {
    reason: String,
    message: Option<Fault>,
    executable: Option<PathBuf>,
    #[serde(default)]
    profile: Profile,
}

#[derive(Deserialize, Default)]
struct Profile {
    test: bool,
}

/// What the compiler refuses.
#[derive(Deserialize)]
struct Fault {
    level: String,
    code: Option<Code>,
    spans: Vec<Place>,
    #[serde(default)]
    children: Vec<Child>,
    #[serde(default)]
    rendered: String,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Child {
    spans: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    file_name: String,
    byte_start: usize,
    byte_end: usize,
    is_primary: bool,
}

/// Builds the tests: their programs, or what is wrong.
fn cargo(tree: &Tree) -> Result<(Vec<PathBuf>, Vec<Fault>)> {
    let run = Command::new("cargo")
        .args(["test", "--locked", "--no-run", "--lib", "--test", "suite"])
        .args(["--profile", "mutants", "--message-format", "json"])
        // What the project builds on is built once and run often; the project itself is built again after every change.
        .args(["--config", "profile.mutants.opt-level=1"])
        .args(["--config", "profile.mutants.package.accordant.opt-level=0"])
        .env("CARGO_TARGET_DIR", &tree.target)
        .current_dir(&tree.folder)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo test")?;
    let (mut programs, mut faults) = (Vec::new(), Vec::new());
    for line in run
        .stdout
        .split(|b| *b == b'\n')
        .filter(|l| l.starts_with(b"{"))
    {
        let line: Line = serde_json::from_slice(line)?;
        if line.reason == "compiler-artifact" && line.profile.test {
            programs.extend(line.executable);
        }
        faults.extend(
            line.message
                .filter(|f| f.level == "error" && !f.spans.is_empty()),
        );
    }
    if !run.status.success() && faults.is_empty() {
        bail!("the tests do not build");
    }
    Ok((programs, faults))
}

impl Fault {
    /// Puts the mutants back that are to blame.
    fn put_back(
        &self,
        mutants: &[Mutant],
        rewritten: &BTreeMap<&str, Rewritten>,
        put_back: &mut BTreeMap<usize, PutBack>,
    ) {
        let of_children = self.children.iter().flat_map(|c| &c.spans);
        let places = || {
            self.spans
                .iter()
                .filter(|p| p.is_primary)
                .chain(self.spans.iter())
                .chain(of_children.clone())
        };
        let piece = places().find_map(|p| p.piece(rewritten));
        if let Some(mutant) = piece.and_then(|id| mutants.get(id - 1)) {
            put_back.insert(mutant.id, self.of(mutant));
        } else if let Some(ids) = places().find_map(|p| p.region(rewritten)) {
            put_back.extend(ids.iter().map(|id| (*id, PutBack::NeedsItsOwnBuild)));
        }
    }

    /// Whether the mutant would have this fault by itself.
    fn of(&self, mutant: &Mutant) -> PutBack {
        let code = self.code.as_ref().map_or("", |c| c.code.as_str());
        let is_of_value = mutant.genre == Genre::FnValue && OF_THE_VALUE.contains(&code);
        if OF_THE_CHANGE.contains(&code) || is_of_value {
            PutBack::DoesNotBuild
        } else {
            eprintln!("needs a build of its own ({code}): {}", mutant.name);
            PutBack::NeedsItsOwnBuild
        }
    }
}

impl Place {
    fn is_in(&self, range: &Range<usize>) -> bool {
        range.start <= self.byte_start && self.byte_end <= range.end
    }

    fn piece(&self, rewritten: &BTreeMap<&str, Rewritten>) -> Option<usize> {
        let file = rewritten.get(self.file_name.as_str())?;
        let mut holding = file.pieces.iter().filter(|(_, range)| self.is_in(range));
        holding.next().map(|(id, _)| *id)
    }

    /// The mutants of the smallest expression with switches about this place.
    fn region<'r>(&self, rewritten: &'r BTreeMap<&str, Rewritten>) -> Option<&'r [usize]> {
        let file = rewritten.get(self.file_name.as_str())?;
        let holding = file.regions.iter().filter(|(_, range)| self.is_in(range));
        holding
            .min_by_key(|(_, range)| range.len())
            .map(|(ids, _)| ids.as_slice())
    }
}

/// Which mutants an earlier run put back: they are not tried again while the engine's part of their file stays as it is.
struct Kept {
    path: PathBuf,
    /// A number for the engine's part of each file.
    texts: BTreeMap<String, u64>,
}

impl Kept {
    fn read(tree: &Tree, out: &Path) -> Self {
        let text = |text: &String| {
            let engine = text.split("\n#[cfg(test)]\nmod tests").next();
            let mut hasher = DefaultHasher::new();
            engine.hash(&mut hasher);
            hasher.finish()
        };
        Self {
            path: out.join("put-back.tsv"),
            texts: tree
                .sources
                .iter()
                .map(|(f, t)| (f.clone(), text(t)))
                .collect(),
        }
    }

    fn line(&self, mutant: &Mutant, why: PutBack) -> String {
        let text = self.texts.get(&mutant.file).copied().unwrap_or_default();
        let why = if why == PutBack::DoesNotBuild {
            "does not build"
        } else {
            "needs its own build"
        };
        format!("{text:x}\t{}\t{why}", mutant.key)
    }

    fn put_back(&self, mutants: &[Mutant]) -> BTreeMap<usize, PutBack> {
        let old = fs::read_to_string(&self.path).unwrap_or_default();
        let old: BTreeSet<&str> = old.lines().collect();
        let both = [PutBack::DoesNotBuild, PutBack::NeedsItsOwnBuild];
        let kept = |m: &Mutant| {
            both.into_iter()
                .find(|why| old.contains(self.line(m, *why).as_str()))
        };
        mutants
            .iter()
            .filter_map(|m| Some((m.id, kept(m)?)))
            .collect()
    }

    fn write(&self, mutants: &[Mutant], put_back: &BTreeMap<usize, PutBack>) -> Result<()> {
        let line = |m: &Mutant| Some(self.line(m, *put_back.get(&m.id)?) + "\n");
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        Ok(fs::write(
            &self.path,
            mutants.iter().filter_map(line).collect::<String>(),
        )?)
    }
}
