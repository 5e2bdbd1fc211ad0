//! `office`: what one reviewing office supplies.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, Subcommand};

use accordant::neutral::clean;
use accordant::pack::{Files, new_office};

use super::{Common, Format, Status, disk, pack, print};

/// Write an office file for a fiscal year, with everything that a person must supply for it.
#[derive(Args)]
pub(super) struct Office {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Write a new one: office.toml and a CSV file for each table, to be filled in
    New(New),
}

/// Write a new one: office.toml and a CSV file for each table, to be filled in.
#[derive(Args)]
struct New {
    /// A folder, or a file that ends with .toml; when absent: office-YEAR
    #[arg(long, short, value_name = "DIR|FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl Office {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        match self.verb {
            Verb::New(new) => new.run(),
        }
    }
}

impl New {
    fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("office new", &[Format::Text])?;
        let Some(year) = self.common.year else {
            bail!("an office file is for a fiscal year: say which, as `--year 2028`");
        };
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let path = self
            .output
            .unwrap_or_else(|| PathBuf::from(format!("office-{year}")));
        if path.exists() {
            bail!(
                "{} is there already, and is not written over",
                path.display()
            );
        }
        let shown = path.to_string_lossy().replace('\\', "/");
        let files = new_office(&pack, year, shown.trim_end_matches('/'));
        print(&write(&path, &files)?)?;
        Ok(Status::Clean)
    }
}

/// Writes the files of a new office; tells which.
fn write(path: &Path, files: &Files) -> anyhow::Result<String> {
    let mut told = String::new();
    if path.extension().is_some_and(|e| e == "toml") {
        if let Some(folder) = path.parent() {
            disk::make_folder(folder)?;
        }
        for bytes in files.values() {
            disk::write_whole(path, bytes)?;
            let _ = writeln!(told, "written: {}", clean(&path.display().to_string()));
        }
        return Ok(told);
    }
    disk::write_folder(path, files.iter().map(|(name, bytes)| (&**name, &**bytes)))?;
    for name in files.keys() {
        let _ = writeln!(
            told,
            "written: {}",
            clean(&path.join(name).display().to_string())
        );
    }
    Ok(told)
}
