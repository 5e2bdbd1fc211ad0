//! `repair`: what would have to be changed in a submission, and a copy of it that is.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::Args;

use accordant::neutral::clean;
use accordant::pack::Pack;
use accordant::repair::{Held, Repairs, Wish};
use accordant::report::repair::{changes, json, text};
use accordant::submission::Submission;
use accordant::table::State;
use accordant::value::Type;
use accordant::workbook::own;

use super::{Common, Format, PLAIN, Status, batch, complain, disk, one, pack, print, sources};

/// Show what would have to be changed so that findings pass: amounts, verified by all rules, and cells to fill in.
#[derive(Args)]
pub(super) struct Repair {
    /// A folder with plan.toml and CSV tables, a workbook, or an export in a known form
    submission: PathBuf,
    /// Rows that stay as they are: line=12,13, or any field of their table
    #[arg(long, value_name = "FIELD=VALUE,…", value_parser = held)]
    keep: Vec<Held>,
    /// Change only rows that hold one of these values, in tables that have the field
    #[arg(long, value_name = "FIELD=VALUE,…", value_parser = held)]
    only: Vec<Held>,
    /// Write the changed submission into this folder, with the list of changes
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// `line=12,13`.
fn held(text: &str) -> Result<Held, String> {
    let parts = text.split_once('=');
    let (field, values) = parts.ok_or("write a field, `=` and its values: line=12,13")?;
    let values = values.split(',').map(|v| v.trim().to_owned());
    let values: Vec<String> = values.filter(|v| !v.is_empty()).collect();
    if values.is_empty() {
        return Err("write a field, `=` and its values: line=12,13".to_owned());
    }
    Ok(Held {
        field: field.trim().to_owned(),
        values,
    })
}

impl Repair {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("repair", &PLAIN)?;
        if let Some(out) = &self.write {
            disk::refuse_input(out, std::slice::from_ref(&self.submission))?;
        }
        let Some(pack) = pack::load_to_judge(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let wish = self.wish(&pack)?;
        let submission = one::read(&self.common, &pack, &self.submission)?;
        let reviewer = one::reviewer(&self.common, &pack);
        let Some(repairs) = reviewer.repair(&submission, &wish) else {
            let review = reviewer.review(&submission);
            complain(&format!("error: {}: {}", submission.path, review.wording));
            batch::tell(&review.diagnostics, &self.common);
            return Ok(Status::CouldNotCheck);
        };
        print(&match self.common.format {
            Format::Json => json(&pack, &repairs),
            _ => text(&pack, &repairs),
        })?;
        if let Some(out) = &self.write {
            self.write(out, &pack, &submission, &repairs)?;
        }
        let above = repairs.before.worst() > Some(accordant::pack::Severity::Note);
        Ok(if above { Status::Found } else { Status::Clean })
    }

    /// What is held fixed; a field that no table has is refused.
    fn wish(&self, pack: &Pack) -> anyhow::Result<Wish> {
        for held in self.keep.iter().chain(&self.only) {
            let mut tables = 0..pack.schema.submission;
            if !tables.any(|table| held.field_in(&pack.schema, table).is_some()) {
                bail!(
                    "no table of the submission has a field `{}`",
                    clean(&held.field)
                );
            }
        }
        Ok(Wish {
            keep: self.keep.clone(),
            only: self.only.clone(),
        })
    }
}

impl Repair {
    /// Writes the changed submission and the list of changes: the same files with nothing but the changed cells altered, or,
    /// where they cannot be written so, the pack's own form.
    fn write(
        &self,
        out: &Path,
        pack: &Pack,
        submission: &Submission,
        repairs: &Repairs,
    ) -> anyhow::Result<()> {
        let Some((changed, _)) = &repairs.after else {
            complain("nothing was written: no amounts are changed");
            return Ok(());
        };
        disk::make_folder(out)?;
        let ways = repairs.ways.iter().flat_map(|way| &way.changes);
        let altered = altered::files(&self.submission, pack, submission, ways);
        let is_same = match altered {
            Some(files) => {
                write_all(out, &files)?;
                reads_as(pack, out, changed)
            }
            None => false,
        };
        if !is_same {
            let own = own::folder(&pack.schema, changed).into_iter();
            let own: Vec<_> = own.map(|file| (file.path, file.bytes)).collect();
            write_all(out, &own)?;
            if !reads_as(pack, out, changed) {
                complain(&format!(
                    "warning: what was written into {} does not read as the plan that was judged: check it",
                    clean(&out.display().to_string())
                ));
            }
        }
        disk::write_whole(&out.join("changes.csv"), changes(pack, repairs).as_bytes())
    }
}

fn write_all(out: &Path, files: &[(String, Vec<u8>)]) -> anyhow::Result<()> {
    let mut files = files.iter();
    files.try_for_each(|(name, bytes)| disk::write_whole(&out.join(name), bytes))
}

/// Whether what was written holds the amounts that were judged.
fn reads_as(pack: &Pack, out: &Path, changed: &Submission) -> bool {
    let Ok((mut plans, _)) = sources::read_path(pack, out) else {
        return false;
    };
    let (Some((written, _)), true) = (plans.pop(), plans.is_empty()) else {
        return false;
    };
    let money = pack.schema.submission_tables().iter().enumerate();
    let mut money = money.flat_map(|(id, table)| {
        let fields = table.fields.iter().enumerate();
        let fields = fields.filter(|(_, f)| f.ty == Type::Money);
        fields.map(move |(field, _)| (id, field))
    });
    let amounts = |of: &Submission, (table, field): (usize, usize)| {
        let rows = of.table(table);
        let each = rows.map(|rows| {
            let cells =
                (0..rows.len()).map(|row| (rows.state(row, field), rows.number(row, field)));
            cells
                .filter(|(state, _)| *state == State::Value)
                .collect::<Vec<_>>()
        });
        each.unwrap_or_default()
    };
    money.all(|at| amounts(&written, at) == amounts(changed, at))
}

/// The files of a folder of tables with single cells altered.
mod altered {
    use std::collections::BTreeMap;
    use std::path::Path;

    use accordant::pack::Pack;
    use accordant::repair::Change;
    use accordant::submission::Submission;
    use accordant::table::Layout;
    use accordant::value::plain_money;

    /// All files of the folder; `None` where it is no folder of tables, or a cell cannot be altered alone.
    pub(super) fn files<'c>(
        path: &Path,
        pack: &Pack,
        submission: &Submission,
        changes: impl Iterator<Item = &'c Change>,
    ) -> Option<Vec<(String, Vec<u8>)>> {
        let inner = path.join(&submission.path);
        let folder = if inner.is_dir() {
            inner.as_path()
        } else {
            path
        };
        let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let name = entry.file_name().into_string().ok()?;
            let is_table = [".csv", ".toml", ".md", ".txt"]
                .iter()
                .any(|end| name.ends_with(end));
            if is_table && entry.path().is_file() {
                files.insert(name, std::fs::read(entry.path()).ok()?);
            }
        }
        for change in changes {
            let table = pack.schema.tables.get(change.table)?;
            let field = table.fields.get(change.field)?;
            let rows = submission.table(change.table)?;
            let name = rows.layout.path().rsplit('/').next()?;
            let bytes = files.get_mut(name)?;
            let text = std::str::from_utf8(bytes).ok()?;
            let amount = plain_money(change.to);
            let altered = match &rows.layout {
                Layout::Csv(_) => {
                    let number = usize::try_from(*rows.numbers.get(change.row)?).ok()?;
                    let at = |header: &str| table.find_field(header) == Some(change.field);
                    cell(text, number, at, &amount)?
                }
                Layout::Toml(_) => key(text, &field.name, &amount)?,
                _ => return None,
            };
            *bytes = altered.into_bytes();
        }
        Some(files.into_iter().collect())
    }

    /// The text of a table of comma-separated values with one cell altered.
    fn cell(text: &str, number: usize, is_it: impl Fn(&str) -> bool, new: &str) -> Option<String> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut records = Vec::new();
        let mut record = csv::StringRecord::new();
        while reader.read_record(&mut record).ok()? {
            let from = usize::try_from(record.position()?.byte()).ok()?;
            records.push((from, record.clone()));
        }
        let end = text.len();
        let header = &records.first()?.1;
        let column = header
            .iter()
            .position(|h| is_it(h.trim_start_matches('\u{feff}').trim()))?;
        let (from, record) = records.get(number.checked_sub(1)?)?;
        let to = records.get(number).map_or(end, |(next, _)| *next);
        let cells = record.iter().enumerate();
        let cells = cells.map(|(at, held)| if at == column { new } else { held });
        let mut writer = csv::WriterBuilder::new()
            .flexible(true)
            .from_writer(Vec::new());
        writer.write_record(cells).ok()?;
        let line = String::from_utf8(writer.into_inner().ok()?).ok()?;
        let old = text.get(*from..to)?;
        // The reader may begin a record before the ends of the lines above it.
        let lead = old.len() - old.trim_start_matches(['\r', '\n']).len();
        let tail = old.trim_end_matches(['\r', '\n']).len();
        Some(
            [
                text.get(..from + lead)?,
                line.trim_end_matches('\n'),
                old.get(tail..)?,
                text.get(to..)?,
            ]
            .concat(),
        )
    }

    /// The text of `plan.toml` with one key altered.
    fn key(text: &str, name: &str, new: &str) -> Option<String> {
        let mut found = false;
        let lines: Vec<String> = text
            .split_inclusive('\n')
            .map(|line| {
                let (key, _) = line.split_once('=').unwrap_or((line, ""));
                if key.trim() != name || found {
                    return line.to_owned();
                }
                found = true;
                let end = line.len() - line.trim_end_matches(['\r', '\n']).len();
                let end = line.get(line.len() - end..).unwrap_or_default();
                format!("{key}= \"{new}\"{end}")
            })
            .collect();
        found.then(|| lines.concat())
    }
}
