//! The copy of the project in which the mutants are built. A file is written only when it changes, so that little is compiled again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::mutant::Mutant;

/// The copy, and the texts of the files that have mutants.
pub(crate) struct Tree {
    pub(crate) folder: PathBuf,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    pub(crate) sources: BTreeMap<String, String>,
    files: BTreeSet<String>,
    root: PathBuf,
}

const SWITCH: &str = "src/switch.rs";
const LIBRARY: &str = "src/lib.rs";

impl Tree {
    /// Copies all files of the project but those that have mutants: these are written when they are rewritten.
    pub(crate) fn copy(root: &Path, mutants: &[Mutant]) -> Result<Self> {
        let mut tree = Self {
            folder: root.join("target/mutants/tree"),
            target: root.join("target"),
            sources: BTreeMap::new(),
            files: files(root)?,
            root: root.to_owned(),
        };
        let mutated: BTreeSet<&str> = mutants.iter().map(|m| m.file.as_str()).collect();
        tree.remove_old()?;
        for file in &tree.files {
            let bytes = fs::read(root.join(file)).with_context(|| file.clone())?;
            if mutated.contains(file.as_str()) {
                let text = String::from_utf8(bytes).with_context(|| file.clone())?;
                tree.sources.insert(file.clone(), text);
            } else if file == LIBRARY {
                let text = String::from_utf8(bytes)?;
                tree.write(file, format!("{text}\nmod switch;\n").as_bytes())?;
            } else {
                tree.write(file, &bytes)?;
            }
        }
        tree.write(SWITCH, include_bytes!("../switch.rs"))?;
        Ok(tree)
    }

    /// Writes a file of the copy, unless it holds this already.
    pub(crate) fn write(&self, file: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(file);
        if fs::read(&path).is_ok_and(|old| old == bytes) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, bytes).with_context(|| path.display().to_string())
    }

    /// One number for everything that an outcome depends on, this program apart.
    pub(crate) fn digest(&self, mutants: &[Mutant]) -> Result<u64> {
        let mut hasher = DefaultHasher::new();
        for file in self.files.iter().filter(|f| !f.starts_with(".ci/")) {
            (file, fs::read(self.root.join(file))?).hash(&mut hasher);
        }
        for mutant in mutants {
            mutant.name.hash(&mut hasher);
        }
        Ok(hasher.finish())
    }

    /// Removes what an earlier run copied and the project has no more.
    fn remove_old(&self) -> Result<()> {
        let list = self.folder.join(".files");
        let old = fs::read_to_string(&list).unwrap_or_default();
        for file in old.lines().filter(|f| !self.files.contains(*f)) {
            let _ = fs::remove_file(self.folder.join(file));
        }
        let new: Vec<&str> = self.files.iter().map(String::as_str).collect();
        fs::create_dir_all(&self.folder)?;
        Ok(fs::write(list, new.join("\n"))?)
    }
}

/// The files that git holds or would hold.
fn files(root: &Path) -> Result<BTreeSet<String>> {
    let run = Command::new("git")
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root)
        .output()
        .context("git ls-files")?;
    ensure!(run.status.success(), "git ls-files failed");
    let names = String::from_utf8(run.stdout)?;
    let names = names.split_terminator('\0').map(str::to_owned);
    Ok(names.filter(|n| root.join(n).is_file()).collect())
}
