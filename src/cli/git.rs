//! What `git` knows of a pack: its files as of a commit, and the commits that touched a file. No library: the program
//! itself is asked.

use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, bail};

use accordant::neutral::clean;
use accordant::pack::Files;
use accordant::read::limits::{self, FILES, PACK};

/// A commit that touched a file.
pub(super) use accordant::report::rules::Commit;

/// The name of a pack's folder, and its files as of a commit. `path` is relative to `folder`, in whose repository the
/// commit is.
pub(super) fn pack_at(
    rev: &str,
    folder: &Path,
    path: Option<&str>,
) -> anyhow::Result<(String, Files)> {
    let commit = commit(rev, folder)?;
    let path = path.map_or("", |p| p.trim_end_matches('/'));
    let tree = format!("{commit}:./{path}");
    let shown = path_of(folder, path);
    let Some(tree) = revision(folder, &tree)? else {
        bail!(
            "there is no folder `{}` as of `{}`",
            clean(&shown),
            clean(rev)
        );
    };
    let blobs = blobs(folder, &tree).with_context(|| format!("{} as of {}", shown, clean(rev)))?;
    let name = name_of(folder, path)?;
    Ok((name, contents(folder, blobs)?))
}

fn path_of(folder: &Path, path: &str) -> String {
    let whole = if path.is_empty() {
        folder.to_owned()
    } else {
        folder.join(path)
    };
    whole.to_string_lossy().replace('\\', "/")
}

/// The name of a folder, which may be there as of a commit alone.
fn name_of(folder: &Path, path: &str) -> anyhow::Result<String> {
    if let Some(name) = path
        .rsplit('/')
        .next()
        .filter(|n| !matches!(*n, "" | "." | ".."))
    {
        return Ok(name.to_owned());
    }
    let whole = folder.join(path);
    let full = whole
        .canonicalize()
        .with_context(|| format!("cannot read {}", whole.display()))?;
    let name = full.file_name().and_then(|n| n.to_str());
    let name = name.with_context(|| format!("{} has no name", full.display()))?;
    Ok(name.to_owned())
}

/// The id of the commit that a revision names.
fn commit(rev: &str, folder: &Path) -> anyhow::Result<String> {
    let inside = ask(folder, &["rev-parse", "--is-inside-work-tree"], b"")?;
    if !inside.status.success() {
        bail!(
            "`git:{}` needs a repository, and {} is in none: {}",
            clean(rev),
            folder.display(),
            said(&inside)
        );
    }
    match revision(folder, &format!("{rev}^{{commit}}"))? {
        Some(commit) => Ok(commit),
        None => bail!(
            "git knows no commit `{}`: write a branch, a tag or the id of a commit (in a shallow clone, fetch it first)",
            clean(rev)
        ),
    }
}

/// The id of an object; `None` when there is none.
fn revision(folder: &Path, name: &str) -> anyhow::Result<Option<String>> {
    let args = ["rev-parse", "--quiet", "--verify", "--end-of-options", name];
    let found = ask(folder, &args, b"")?;
    let id = String::from_utf8_lossy(&found.stdout).trim().to_owned();
    Ok((found.status.success() && !id.is_empty()).then_some(id))
}

/// The path and the id of each file in a tree, but for those whose name begins with a dot.
fn blobs(folder: &Path, tree: &str) -> anyhow::Result<Vec<(String, String)>> {
    let listed = ask(folder, &["ls-tree", "-r", "-z", "--full-tree", tree], b"")?;
    if !listed.status.success() {
        bail!("git cannot list the files: {}", said(&listed));
    }
    let text = String::from_utf8(listed.stdout).context("a file's name is not UTF-8")?;
    let mut blobs = Vec::new();
    for line in text.split('\0').filter(|line| !line.is_empty()) {
        let (head, path) = line.split_once('\t').context("git lists files otherwise")?;
        if path.split('/').any(|part| part.starts_with('.')) {
            continue;
        }
        let parts: Vec<&str> = head.split_whitespace().collect();
        match parts.as_slice() {
            ["100644" | "100755" | "100664", "blob", id] => {
                blobs.push((path.to_owned(), (*id).to_owned()));
            }
            _ => bail!(
                "`{}` is a link or another repository, not a file",
                clean(path)
            ),
        }
    }
    if blobs.len() > FILES {
        bail!("it holds more than {FILES} files and folders");
    }
    Ok(blobs)
}

/// The content of each file.
fn contents(folder: &Path, blobs: Vec<(String, String)>) -> anyhow::Result<Files> {
    let ids: Vec<&str> = blobs.iter().map(|(_, id)| id.as_str()).collect();
    let asked = format!("{}\n", ids.join("\n"));
    let told = ask(
        folder,
        &["cat-file", "--batch", "--buffer"],
        asked.as_bytes(),
    )?;
    let total = u64::try_from(told.stdout.len()).unwrap_or(u64::MAX);
    // Besides the content there is one short line a file.
    if total > PACK.saturating_mul(2) {
        bail!(limits::too_large(total, PACK));
    }
    let mut rest = told.stdout.as_slice();
    let mut files = Files::new();
    for (path, id) in blobs {
        let content = next_content(&mut rest, &id);
        let content = content.with_context(|| {
            format!(
                "git cannot read `{}`: {}",
                clean(&path),
                said_on(&told.stderr)
            )
        })?;
        files.insert(path, content);
    }
    Ok(files)
}

/// The next of the contents that `git cat-file --batch` writes: `ID blob SIZE`, a line break, the content, a line break.
fn next_content(rest: &mut &[u8], id: &str) -> Option<Vec<u8>> {
    let end = rest.iter().position(|&b| b == b'\n')?;
    let (head, after) = rest.split_at_checked(end)?;
    let head = std::str::from_utf8(head).ok()?;
    let size = head.strip_prefix(id)?.strip_prefix(" blob ")?;
    let size: usize = size.parse().ok()?;
    let (content, after) = after.get(1..)?.split_at_checked(size)?;
    *rest = after.get(1..)?;
    Some(content.to_vec())
}

/// The commits that touched a file of a folder, the latest first; none where git knows nothing of it.
pub(super) fn history(folder: &Path, file: &str) -> Vec<Commit> {
    let args = ["log", "--follow", "-z", "--format=%as%x09%s", "--", file];
    let Ok(told) = ask(folder, &args, b"") else {
        return Vec::new();
    };
    if !told.status.success() {
        return Vec::new();
    }
    let text = String::from_utf8_lossy(&told.stdout).into_owned();
    let lines = text.split('\0').filter_map(|line| line.split_once('\t'));
    let commits = lines.map(|(date, subject)| Commit {
        date: date.trim().to_owned(),
        subject: subject.to_owned(),
    });
    commits.collect()
}

/// What git says to a question that it asks of a repository, changing nothing and running nothing that its settings name.
fn ask(folder: &Path, args: &[&str], input: &[u8]) -> anyhow::Result<Output> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    command.args([
        "--no-pager",
        "--no-optional-locks",
        "-c",
        "log.showSignature=false",
    ]);
    command.args(["-c", "core.fsmonitor=false"]).args(args);
    command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    let piped = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            anyhow::anyhow!("`git:` needs the program git, and it is not there")
        }
        _ => anyhow::Error::new(error).context("cannot run git"),
    })?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        // Beside the reading of the answer: neither waits for the other.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output().context("cannot run git")
    })
}

fn said(output: &Output) -> String {
    said_on(&output.stderr)
}

fn said_on(stderr: &[u8]) -> String {
    clean(String::from_utf8_lossy(stderr).trim())
}
