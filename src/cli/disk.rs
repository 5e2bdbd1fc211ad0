//! Folders and files: what stands in them, and writing without leaving anything half-written.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use accordant::pack::Files;

/// A folder or file named on the command line, with the paths of all regular files in it.
pub(super) struct Tree {
    root: PathBuf,
    /// The folder's or file's own name.
    pub(super) name: String,
    /// Paths relative to the root, with `/`, in order.
    pub(super) paths: Vec<String>,
    /// What is no regular file, and why it is not read.
    pub(super) not_read: Vec<(String, String)>,
    /// Folders that cannot be read, and why.
    pub(super) closed: Vec<(String, String)>,
}

impl Tree {
    /// Lists a folder.
    pub(super) fn of_folder(root: &Path) -> anyhow::Result<Self> {
        let name = own_name(root)?;
        let mut tree = Tree {
            root: root.to_owned(),
            name,
            paths: Vec::new(),
            not_read: Vec::new(),
            closed: Vec::new(),
        };
        tree.walk(root, "")
            .with_context(|| format!("cannot read the folder {}", root.display()))?;
        tree.paths.sort();
        tree.not_read.sort();
        Ok(tree)
    }

    /// One file, as a folder that holds it alone.
    pub(super) fn of_file(path: &Path) -> anyhow::Result<Self> {
        let name = own_name(path)?;
        let root = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        if !path.is_file() {
            anyhow::bail!("{} is no regular file", path.display());
        }
        Ok(Tree {
            root,
            paths: vec![name.clone()],
            name,
            not_read: Vec::new(),
            closed: Vec::new(),
        })
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> std::io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() {
                if let Err(error) = self.walk(&entry.path(), &format!("{path}/")) {
                    self.closed
                        .push((path, format!("the folder cannot be read: {error}")));
                }
            } else if kind.is_file() {
                self.paths.push(path);
            } else {
                let why = if kind.is_symlink() {
                    "a link, not a file"
                } else {
                    "not a regular file"
                };
                self.not_read.push((path, why.to_owned()));
            }
        }
        Ok(())
    }

    /// The path of a file on the disk, links resolved.
    pub(super) fn full(&self, path: &str) -> Option<PathBuf> {
        fs::canonicalize(self.root.join(path)).ok()
    }

    /// The bytes of a file.
    pub(super) fn read(&self, path: &str) -> std::io::Result<Vec<u8>> {
        fs::read(self.root.join(path))
    }
}

fn own_name(path: &Path) -> anyhow::Result<String> {
    let full = fs::canonicalize(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(full
        .file_name()
        .map_or_else(|| "batch".to_owned(), |n| n.to_string_lossy().into_owned()))
}

/// The files of a folder that a pack or an office consists of, by their path within it.
pub(super) fn files_of(root: &Path) -> anyhow::Result<(String, Files)> {
    let tree = Tree::of_folder(root)?;
    let mut files = Files::new();
    for path in &tree.paths {
        files.insert(
            path.clone(),
            tree.read(path)
                .with_context(|| format!("cannot read {}/{path}", root.display()))?,
        );
    }
    Ok((tree.name, files))
}

/// A name of its own for each path, without the signs that divide folders.
pub(super) fn names<'p>(paths: impl Iterator<Item = &'p str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut names = Vec::new();
    for path in paths {
        let plain = path.replace(['/', '\\', ':'], "-");
        let mut name = plain.clone();
        let mut copy = 1;
        while !taken.insert(name.clone()) {
            copy += 1;
            name = format!("{plain}-{copy}");
        }
        names.push(name);
    }
    names
}

/// Writes a file whole or not at all: first beside it, then in its place.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let beside = path.with_extension("part");
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written.with_context(|| format!("cannot write {}", path.display()))
}
