//! Folders and files: what stands in them, and writing without leaving anything half-written.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use accordant::pack::Files;
use accordant::read::Seekable;
use accordant::read::limits::{self, FILES, FOLDERS, PACK};

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
        tree.walk(root, "", FOLDERS, &mut { FILES })
            .with_context(|| format!("cannot read the folder {}", root.display()))?;
        tree.paths.sort();
        tree.not_read.sort();
        tree.closed.sort();
        Ok(tree)
    }

    /// What a path holds: a folder, or one file.
    pub(super) fn of(path: &Path) -> anyhow::Result<Self> {
        if path.is_dir() {
            return Tree::of_folder(path);
        }
        Tree::of_file(path)
    }

    /// The SHA-256 of a file, in hexadecimal.
    pub(super) fn sha256(&self, path: &str) -> io::Result<String> {
        read(&self.root.join(path), u64::MAX - 1).map(|bytes| accordant::read::sha256(&bytes))
    }

    /// One file, as a folder that holds it alone.
    pub(super) fn of_file(path: &Path) -> anyhow::Result<Self> {
        let full = canonical(path)?;
        if !full.is_file() {
            anyhow::bail!("{} is no regular file", path.display());
        }
        let name = own_name(path)?;
        Ok(Tree {
            root: full.parent().map_or_else(PathBuf::new, Path::to_owned),
            paths: vec![name.clone()],
            name,
            not_read: Vec::new(),
            closed: Vec::new(),
        })
    }

    /// Lists a folder that may hold `deep` more in one another, as long as there is `room` for files.
    fn walk(
        &mut self,
        folder: &Path,
        prefix: &str,
        deep: usize,
        room: &mut usize,
    ) -> anyhow::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            *room = room
                .checked_sub(1)
                .with_context(|| format!("it holds more than {FILES} files and folders"))?;
            let name = entry.file_name();
            let shown = format!("{prefix}{}", name.to_string_lossy());
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let kind = entry.file_type()?;
            if name.to_str().is_none() && (kind.is_dir() || kind.is_file()) {
                let why = "it was not read: its name is not UTF-8; give it another".to_owned();
                self.closed.push((shown, why));
            } else if kind.is_dir() {
                self.walk_inner(&entry.path(), shown, deep, room)?;
            } else if kind.is_file() {
                self.paths.push(shown);
            } else {
                let why = if kind.is_symlink() {
                    "a link, not a file"
                } else {
                    "not a regular file"
                };
                self.not_read.push((shown, why.to_owned()));
            }
        }
        Ok(())
    }

    /// A folder within: one that cannot be read stops no other.
    fn walk_inner(
        &mut self,
        folder: &Path,
        path: String,
        deep: usize,
        room: &mut usize,
    ) -> anyhow::Result<()> {
        let Some(deep) = deep.checked_sub(1) else {
            let why =
                format!("the folder was not read: folders stand more than {FOLDERS} deep here");
            self.closed.push((path, why));
            return Ok(());
        };
        match self.walk(folder, &format!("{path}/"), deep, room) {
            Err(error) if error.is::<io::Error>() => {
                let why = format!("the folder cannot be read: {error}");
                self.closed.push((path, why));
                Ok(())
            }
            walked => walked,
        }
    }

    /// The path of a file on the disk, links resolved.
    pub(super) fn full(&self, path: &str) -> Option<PathBuf> {
        fs::canonicalize(self.root.join(path)).ok()
    }

    /// The bytes of a file of at most so many.
    pub(super) fn read(&self, path: &str, most: u64) -> io::Result<Vec<u8>> {
        read(&self.root.join(path), most)
    }

    /// A file, to be read in parts.
    pub(super) fn open(&self, path: &str) -> io::Result<Box<dyn Seekable>> {
        let path = self.root.join(path);
        regular(&path)?;
        Ok(Box::new(File::open(path)?))
    }
}

/// What is known of a regular file before it is opened.
fn regular(path: &Path) -> io::Result<fs::Metadata> {
    let known = fs::metadata(path)?;
    if known.is_file() {
        Ok(known)
    } else {
        Err(io::Error::other("it is no regular file"))
    }
}

/// The bytes of a regular file of at most so many: to open a pipe would wait for its other end.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let known = regular(path)?;
    let too_large = |found: u64| io::Error::other(limits::too_large(found, most));
    if known.len() > most {
        return Err(too_large(known.len()));
    }
    let mut bytes = Vec::new();
    let found = File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    match u64::try_from(found) {
        Ok(found) if found <= most => Ok(bytes),
        _ => Err(too_large(most + 1)),
    }
}

fn canonical(path: &Path) -> anyhow::Result<PathBuf> {
    fs::canonicalize(path).with_context(|| format!("cannot read {}", path.display()))
}

fn own_name(path: &Path) -> anyhow::Result<String> {
    let full = canonical(path)?;
    let Some(name) = full.file_name() else {
        return Ok("batch".to_owned());
    };
    let name = name.to_str().with_context(|| {
        let shown = path.display();
        format!("{shown} was not read: its name is not UTF-8; give it another")
    })?;
    Ok(name.to_owned())
}

/// The files of a folder that a pack or an office consists of, by their path within it. What cannot be read of it stops
/// the run: it would be a rule that is not there.
pub(super) fn files_of(root: &Path) -> anyhow::Result<(String, Files)> {
    let tree = Tree::of_folder(root)?;
    if let Some((path, why)) = tree.closed.iter().chain(&tree.not_read).next() {
        anyhow::bail!("{}/{path}: {why}", root.display());
    }
    let mut files = Files::new();
    let mut room = PACK;
    for path in &tree.paths {
        let bytes = tree
            .read(path, room)
            .with_context(|| format!("cannot read {}/{path}", root.display()))?;
        room = room.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        files.insert(path.clone(), bytes);
    }
    Ok((tree.name, files))
}

/// A name of its own for each path, without the signs that divide folders or lines.
pub(super) fn names<'p>(paths: impl Iterator<Item = &'p str>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut names = Vec::new();
    for path in paths {
        let plain = file_name_of(path);
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

/// A path as the name of a file; disks take some 255 bytes.
fn file_name_of(path: &str) -> String {
    const MOST: usize = 200;
    let divides = |c: char| matches!(c, '/' | '\\' | ':') || c.is_control();
    let plain = path.replace(divides, "-");
    let mut ends = (0..=MOST.min(plain.len())).rev();
    let start = ends.find_map(|end| plain.get(..end));
    start.unwrap_or_default().to_owned()
}

/// Refuses to write into what is read, or in its place: a report would be a part of the next batch.
pub(super) fn refuse_input(out: &Path, inputs: &[PathBuf]) -> anyhow::Result<()> {
    let Some(there) = nearest_that_is(out) else {
        return Ok(());
    };
    for input in inputs {
        if fs::canonicalize(input).is_ok_and(|input| there.starts_with(input)) {
            anyhow::bail!(
                "{} is a part of what is read: name another place to write to",
                out.display()
            );
        }
    }
    Ok(())
}

/// A path with links resolved; of one that is not there yet, the nearest folder around it that is.
fn nearest_that_is(path: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(path).ok()?;
    start
        .ancestors()
        .find_map(|path| fs::canonicalize(path).ok())
}

/// Makes a folder, and those around it.
pub(super) fn make_folder(path: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(path).with_context(|| format!("cannot make the folder {}", path.display()))
}

/// Writes a file whole or not at all: first beside it, then in its place.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let write = || -> io::Result<()> {
        let mut beside = plain_rights(0o666).tempfile_in(folder_of(path))?;
        beside.write_all(bytes)?;
        beside.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a new folder with all of its files, or nothing: first beside it, then in its place, which is empty.
pub(super) fn write_folder<'f>(
    path: &Path,
    files: impl Iterator<Item = (&'f str, &'f [u8])>,
) -> anyhow::Result<()> {
    make_folder(folder_of(path))?;
    let write = || -> io::Result<()> {
        let beside = plain_rights(0o777).tempdir_in(folder_of(path))?;
        for (name, bytes) in files {
            let file = beside.path().join(name);
            fs::create_dir_all(folder_of(&file))?;
            fs::write(file, bytes)?;
        }
        if path.exists() {
            fs::remove_dir(path)?;
        }
        fs::rename(beside.path(), path)?;
        // It is no longer there to be removed.
        let _ = beside.keep();
        Ok(())
    };
    write().with_context(|| format!("cannot write the folder {}", path.display()))
}

fn folder_of(path: &Path) -> &Path {
    let folder = path.parent().unwrap_or(Path::new(""));
    if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    }
}

/// Files that are on their way have the rights of any other, not those of secrets.
fn plain_rights(mode: u32) -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".accordant-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    #[cfg(not(unix))]
    let _ = mode;
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_vanishes_is_told() {
        let folder = tempfile::tempdir().expect("there is room");
        fs::write(folder.path().join("plan.toml"), "").expect("there is room");
        let tree = Tree::of_folder(folder.path()).expect("it is there");
        assert_eq!(tree.paths, ["plan.toml"]);
        fs::remove_file(folder.path().join("plan.toml")).expect("it is ours");
        let error = tree.read("plan.toml", 10).expect_err("it is gone");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("file");
        fs::write(&path, "0123456789").expect("there is room");
        assert_eq!(read(&path, 10).expect("it is small enough"), b"0123456789");
        let error = read(&path, 9).expect_err("it is too large");
        assert_eq!(
            error.to_string(),
            "the file has 10 bytes: at most 9 bytes are read"
        );
    }

    #[test]
    fn reports_have_names_of_their_own() {
        let long = format!("{}/x", "é".repeat(150));
        let given = ["a/b", "a:b", "a\nb", &long];
        let want = ["a-b", "a-b-2", "a-b-3", &"é".repeat(100)];
        assert_eq!(names(given.into_iter()), want);
    }
}
