//! The archive: every review, answer and determination that was put into it, in one file of `SQLite`. Nothing in it is ever changed or
//! taken out. Beside the command line this is the one room that touches the disk.

mod file;
mod history;
mod item;

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

pub use self::history::{Across, History, Label, Year};
pub use self::item::{Answered, Content, Details, Determined, Due, Findings, Item, Reviewed};

use super::{answers, decisions};
use crate::pack::Pack;
use crate::read::sha256;
use crate::review::Whose;

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not done, for a reason that the words say.
    #[error("{0}")]
    Refused(String),
    /// Another process did not let go of the archive.
    #[error("another process is writing to the archive, and did not finish within half a minute")]
    Busy,
    /// `SQLite` could not do it.
    #[error("the archive: {0}")]
    Database(rusqlite::Error),
    /// The disk could not do it.
    #[error("the archive: {0}")]
    Disk(#[from] std::io::Error),
    /// What stands in the archive is not what this program writes.
    #[error("an entry of the archive cannot be read: {0}")]
    Json(#[from] serde_json::Error),
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode::{DatabaseBusy, DatabaseCorrupt, NotADatabase};
        match error.sqlite_error_code() {
            Some(DatabaseBusy) => Error::Busy,
            Some(DatabaseCorrupt | NotADatabase) => Error::Refused(
                "the archive is not whole: was it copied while something was being added? `archive copy` makes a whole copy at any time".to_owned(),
            ),
            _ => Error::Database(error),
        }
    }
}

/// What comes of a use of the archive.
pub type Result<T> = std::result::Result<T, Error>;

/// An archive that is open.
#[derive(Debug)]
pub struct Archive {
    connection: Connection,
}

/// Something that stands in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The number by which it is known from now on.
    pub id: i64,
    /// Whose plan it is about; the path is that of the submission within the record.
    pub whose: Whose,
    /// The digest of the record that it stands in, or rests on.
    pub record: Option<String>,
    /// The SHA-256 of its bytes.
    pub sha256: String,
    /// When it was put there, in UTC.
    pub added_at: String,
    /// What it is.
    pub details: Details,
}

/// What came of something that was to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Its entry.
    pub entry: Entry,
    /// It was not there before.
    pub is_new: bool,
}

/// Which entries are meant; what is absent leaves the choice open.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// Of this fiscal year.
    pub year: Option<i64>,
    /// Of this district: its code or its name.
    pub district: Option<String>,
}

/// What an entry is asked for.
const ENTRY: &str = "SELECT entry.id, kind, part, district_code, district, fiscal_year, revision, record, details, added_at, sha256
    FROM entry JOIN content ON content.id = entry.content";

impl Archive {
    /// Opens the archive, which is made where there is none.
    pub fn open_or_make(path: &Path) -> Result<Self> {
        let connection = file::open(path, true)?;
        Ok(Archive { connection })
    }

    /// Opens an archive that is there.
    pub fn open(path: &Path) -> Result<Self> {
        let connection = file::open(path, false)?;
        Ok(Archive { connection })
    }

    /// Adds everything or nothing; what is there already stays as it is.
    pub fn add(&mut self, items: &[Item], files: &[Content], at: &str) -> Result<Vec<Added>> {
        let begin = TransactionBehavior::Immediate;
        let writing = self.connection.transaction_with_behavior(begin)?;
        let added = items.iter().map(|item| put(&writing, item, at));
        let added = added.collect::<Result<Vec<Added>>>()?;
        for file in files {
            put_content(&writing, file)?;
        }
        writing.commit()?;
        Ok(added)
    }

    /// The entries of a choice, in the order in which they came.
    pub fn entries(&self, choice: &Choice) -> Result<Vec<Entry>> {
        let sql = format!(
            "{ENTRY} WHERE (?1 IS NULL OR fiscal_year = ?1)
             AND (?2 IS NULL OR district_code = ?2 OR lower(district) = lower(?2)) ORDER BY entry.id"
        );
        self.select(&sql, params![choice.year, choice.district])
    }

    /// The entry of a number.
    pub fn entry(&self, id: i64) -> Result<Option<Entry>> {
        let entries = self.select(&format!("{ENTRY} WHERE entry.id = ?1"), params![id])?;
        Ok(entries.into_iter().next())
    }

    /// The reviews of a record, by its digest.
    pub fn of_record(&self, record: &str) -> Result<Vec<Entry>> {
        let sql = format!("{ENTRY} WHERE record = ?1 ORDER BY entry.id");
        self.select(&sql, params![record])
    }

    fn select(&self, sql: &str, asked: impl rusqlite::Params) -> Result<Vec<Entry>> {
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query(asked)?;
        let mut entries = Vec::new();
        while let Some(row) = rows.next()? {
            entries.push(entry_of(row)?);
        }
        Ok(entries)
    }

    /// The bytes of a digest, if they are there; fails where they are others than those that were put there.
    pub fn content(&self, digest: &str) -> Result<Option<Vec<u8>>> {
        let sql = "SELECT bytes FROM content WHERE sha256 = ?1";
        let found = self.connection.query_row(sql, [digest], |row| row.get(0));
        let bytes: Option<Vec<u8>> = found.optional()?;
        match bytes {
            Some(bytes) if sha256(&bytes) != digest => Err(Error::Refused(format!(
                "what the archive holds as {digest} was altered: its bytes have another digest"
            ))),
            bytes => Ok(bytes),
        }
    }

    /// The text of what an entry is of, byte for byte.
    pub fn text(&self, entry: &Entry) -> Result<String> {
        let bytes = self.content(&entry.sha256)?.unwrap_or_default();
        String::from_utf8(bytes)
            .map_err(|_| Error::Refused(format!("entry {} is not UTF-8", entry.id)))
    }

    /// What the archive knows of a district, year by year.
    pub fn history(&self, code: Option<&str>, name: &str) -> Result<History> {
        let mut choice = Choice {
            year: None,
            district: Some(code.unwrap_or(name).to_owned()),
        };
        let mut entries = self.entries(&choice)?;
        if code.is_none() {
            // All of a district's entries, of which only some may have the name that was asked for.
            let found = entries.iter().find_map(|of| of.whose.district_code.clone());
            if let Some(code) = found {
                choice.district = Some(code);
                entries = self.entries(&choice)?;
            }
        }
        Ok(History::of(entries))
    }

    /// The whole archive in a new file, as it stands at one moment.
    pub fn copy(&self, to: &Path) -> Result<()> {
        file::copy(&self.connection, to)
    }
}

/// Answers and determinations as the files that people keep: `answers.csv` and `decisions.csv`, each where there are any.
pub fn files(pack: &Pack, entries: &[Entry]) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let (mut answered, mut decided) = (Vec::new(), Vec::new());
    for entry in entries {
        let name = entry.whose.district.clone().unwrap_or_default();
        let named = |mut row: Vec<(&'static str, String)>| {
            row.push(("district", name.clone()));
            row
        };
        match &entry.details {
            Details::Answer(of) => answered.push(named(of.row())),
            Details::Determination(of) => decided.extend(of.rows().into_iter().map(named)),
            Details::Review(_) => {}
        }
    }
    let mut files = Vec::new();
    if !answered.is_empty() {
        files.push(("answers.csv", answers::file(&answered)));
    }
    if !decided.is_empty() {
        let written = decisions::file(pack, &decided).map_err(Error::Refused)?;
        files.push(("decisions.csv", written));
    }
    Ok(files)
}

fn put(writing: &Connection, item: &Item, at: &str) -> Result<Added> {
    let content = put_content(writing, &item.content)?;
    let (kind, whose) = (item.details.kind(), &item.whose);
    let sql = format!("{ENTRY} WHERE kind = ?1 AND content = ?2 AND part = ?3");
    let mut known = writing.prepare(&sql)?;
    let mut known = known.query(params![kind, content, whose.path])?;
    if let Some(row) = known.next()? {
        let entry = entry_of(row)?;
        return Ok(Added {
            entry,
            is_new: false,
        });
    }
    let sql = "INSERT INTO entry
        (kind, content, part, district_code, district, fiscal_year, revision, says, record, details, added_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let new = params![
        kind,
        content,
        whose.path,
        whose.district_code,
        whose.district,
        whose.fiscal_year,
        whose.revision,
        item.details.says(),
        item.record,
        item.details.text()?,
        at
    ];
    writing.execute(sql, new)?;
    let entry = Entry {
        id: writing.last_insert_rowid(),
        whose: whose.clone(),
        record: item.record.clone(),
        sha256: item.content.sha256.clone(),
        added_at: at.to_owned(),
        details: item.details.clone(),
    };
    Ok(Added {
        entry,
        is_new: true,
    })
}

/// Puts bytes there unless they are: the number of their row.
fn put_content(writing: &Connection, content: &Content) -> Result<i64> {
    let sql = "SELECT id FROM content WHERE sha256 = ?1";
    let known = writing.query_row(sql, [&content.sha256], |row| row.get(0));
    if let Some(id) = known.optional()? {
        return Ok(id);
    }
    let sql = "INSERT INTO content (sha256, bytes) VALUES (?1, ?2)";
    writing.execute(sql, params![content.sha256, content.bytes])?;
    Ok(writing.last_insert_rowid())
}

fn entry_of(row: &Row<'_>) -> Result<Entry> {
    let (kind, details): (String, String) = (row.get("kind")?, row.get("details")?);
    Ok(Entry {
        id: row.get("id")?,
        whose: Whose {
            path: row.get("part")?,
            district_code: row.get("district_code")?,
            district: row.get("district")?,
            fiscal_year: row.get("fiscal_year")?,
            revision: row.get("revision")?,
        },
        record: row.get("record")?,
        sha256: row.get("sha256")?,
        added_at: row.get("added_at")?,
        details: Details::of(&kind, &details)?,
    })
}
