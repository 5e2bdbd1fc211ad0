//! The file of an archive: which file is one, and the form of its tables, version by version.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{Error, Result};

/// `acrd`: by this number in its header a file is known for an archive.
pub(super) const APPLICATION: u32 = 0x6163_7264;

/// What leads from each version of the tables to the next. A version that was released is never changed: another follows it.
pub(super) const VERSIONS: &[&str] = &[include_str!("1.sql")];

/// How long one process waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(30);

/// How `SQLite`'s own files begin.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// What a file is, told by its header alone: a file of somebody else's is not even opened as a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Header {
    /// There is no file, or one without a byte.
    Nothing,
    /// An archive.
    Archive,
}

/// Opens an archive; `make` says whether it is made where there is none.
pub(super) fn open(path: &Path, make: bool) -> Result<Connection> {
    let found = header(path)?;
    if found == Header::Nothing && !make {
        let shown = path.display();
        return Err(Error::Refused(format!(
            "there is no archive {shown}: `archive add` makes it, `--archive FILE` names another"
        )));
    }
    let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    flags.set(OpenFlags::SQLITE_OPEN_CREATE, make);
    // SQLite takes a name such as `:memory:` for something else than a file.
    let full = if path.is_absolute() {
        path.to_owned()
    } else {
        Path::new(".").join(path)
    };
    let mut connection = Connection::open_with_flags(full, flags)?;
    settle(&connection)?;
    grow(&mut connection, VERSIONS)?;
    Ok(connection)
}

/// One file at rest, written to in one short piece: it is whole whenever nothing is being added, and after a crash the journal beside
/// it undoes what was begun. `EXTRA` also makes sure of the folder's entry.
fn settle(connection: &Connection) -> Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "synchronous", "EXTRA")?;
    connection.pragma_update(None, "cache_spill", false)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if mode != "delete" {
        connection.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    }
    Ok(())
}

fn header(path: &Path) -> Result<Header> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) if !file.metadata()?.is_file() => {
            return Err(refused(path, "it is no regular file"));
        }
        Ok(file) => file.take(100).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Header::Nothing),
        Err(error) => return Err(error.into()),
    };
    if bytes.is_empty() {
        return Ok(Header::Nothing);
    }
    if !bytes.starts_with(MAGIC) {
        return Err(refused(path, "it is no database of SQLite"));
    }
    if number_at(&bytes, 68) != Some(APPLICATION) {
        return Err(refused(path, "it is the database of another program"));
    }
    let newest = u32::try_from(VERSIONS.len()).unwrap_or(u32::MAX);
    match number_at(&bytes, 60) {
        Some(version) if version <= newest => Ok(Header::Archive),
        version => Err(refused(
            path,
            &format!(
                "it has form {}, and this version of accordant knows none above {newest}: use the version that wrote it, or a later one",
                version.unwrap_or_default()
            ),
        )),
    }
}

fn refused(path: &Path, why: &str) -> Error {
    Error::Refused(format!(
        "{} is no archive to be used: {why}",
        path.display()
    ))
}

/// A number of the header, which has the highest byte first.
fn number_at(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

/// Brings the tables to the newest version, all steps or none.
fn grow(connection: &mut Connection, versions: &[&str]) -> Result<()> {
    if version(connection)? >= versions.len() {
        return Ok(());
    }
    let writing = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it while this one waited.
    let from = version(&writing)?;
    for (number, step) in (1_u32..).zip(versions).skip(from) {
        writing.execute_batch(step)?;
        writing.pragma_update(None, "user_version", number)?;
    }
    writing.pragma_update(None, "application_id", APPLICATION)?;
    writing.commit()?;
    Ok(())
}

fn version(connection: &Connection) -> Result<usize> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// The whole archive in a new file, as it stands at one moment, whoever is adding to it.
pub(super) fn copy(connection: &Connection, to: &Path) -> Result<()> {
    if to.exists() {
        let shown = to.display();
        return Err(Error::Refused(format!(
            "{shown} is there already: name a new file"
        )));
    }
    let folder = to.parent().filter(|f| !f.as_os_str().is_empty());
    let folder = folder.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let beside = tempfile::Builder::new()
        .prefix(".accordant-")
        .tempdir_in(&folder)?;
    let file = beside.path().join("copy.sqlite");
    let name = file.to_string_lossy();
    connection.execute("VACUUM INTO ?1", [&*name])?;
    File::open(&file)?.sync_all()?;
    std::fs::rename(&file, to)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive(folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join("a.sqlite");
        drop(open(&path, true).expect("it is made"));
        path
    }

    #[track_caller]
    fn refuses(path: &Path, why: &str) {
        let before = std::fs::read(path).expect("it is there");
        for make in [true, false] {
            let error = open(path, make).expect_err("it is refused").to_string();
            assert!(error.contains(why), "{error}");
        }
        assert_eq!(std::fs::read(path).expect("it is there"), before);
        let beside = std::fs::read_dir(path.parent().expect("a folder")).expect("a folder");
        assert_eq!(beside.count(), 1, "nothing is written beside it");
    }

    #[test]
    fn what_is_no_archive_is_refused_and_left_as_it_is() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("a.sqlite");
        std::fs::write(&path, "district,amount\n").expect("there is room");
        refuses(&path, "it is no database of SQLite");
        std::fs::remove_file(&path).expect("it is ours");
        let other = Connection::open(&path).expect("it opens");
        other
            .execute_batch("PRAGMA journal_mode=WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)")
            .expect("it is ours");
        drop(other);
        refuses(&path, "it is the database of another program");
    }

    #[test]
    fn a_newer_form_is_refused_with_its_number() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = archive(&folder);
        let connection = Connection::open(&path).expect("it opens");
        connection
            .pragma_update(None, "user_version", 99)
            .expect("it is ours");
        drop(connection);
        refuses(
            &path,
            "it has form 99, and this version of accordant knows none above 1",
        );
    }

    #[test]
    fn a_step_to_the_next_version_is_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = archive(&folder);
        let mut connection = Connection::open(&path).expect("it opens");
        let broken = [VERSIONS[0], "CREATE TABLE second (a) STRICT; CREATE TABLE"];
        grow(&mut connection, &broken).expect_err("the step is broken");
        assert_eq!(version(&connection).expect("it is there"), 1);
        let whole = [VERSIONS[0], "CREATE TABLE second (a INTEGER) STRICT"];
        grow(&mut connection, &whole).expect("it grows");
        grow(&mut connection, &whole).expect("it is grown");
        assert_eq!(version(&connection).expect("it is there"), 2);
        connection
            .execute("INSERT INTO second VALUES (1)", [])
            .expect("the table is there");
        drop(connection);
        let error = open(&path, false).expect_err("it is newer").to_string();
        assert!(error.contains("it has form 2"), "{error}");
    }

    #[test]
    fn nothing_is_changed_or_taken_out() {
        let folder = tempfile::tempdir().expect("there is room");
        let connection = Connection::open(archive(&folder)).expect("it opens");
        connection
            .execute_batch(
                "INSERT INTO content (id, sha256, bytes) VALUES (1, hex(zeroblob(32)), x'00');
                 INSERT INTO entry (id, kind, content, part, says, details, added_at)
                 VALUES (1, 'review', 1, 'a', 'approve', '{}', 'today')",
            )
            .expect("it is added");
        for change in [
            "UPDATE entry SET says = 'return'",
            "UPDATE content SET bytes = x'01'",
            "DELETE FROM entry",
            "DELETE FROM content",
            "REPLACE INTO content (id, sha256, bytes) VALUES (1, hex(randomblob(32)), x'01')",
            "REPLACE INTO content (id, sha256, bytes) VALUES (2, hex(zeroblob(32)), x'01')",
            "REPLACE INTO entry (id, kind, content, part, says, details, added_at)
             VALUES (1, 'review', 1, 'b', 'return', '{}', 'today')",
            "REPLACE INTO entry (kind, content, part, says, details, added_at)
             VALUES ('review', 1, 'a', 'return', '{}', 'today')",
        ] {
            let error = connection
                .execute(change, [])
                .expect_err(change)
                .to_string();
            assert!(error.contains("nothing in an archive"), "{change}: {error}");
        }
    }
}
