//! `test`: the cases of a pack's rules, and goldens of whole reviews.

use std::fs::DirEntry;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use rayon::prelude::*;

use accordant::author::coverage::Watcher;
use accordant::author::goldens::{Golden, compare};
use accordant::author::run::Run;
use accordant::author::{cases, prepared};
use accordant::batch::Options;
use accordant::diagnostic::Level;
use accordant::pack::{Pack, load_embedded};
use accordant::report::{json, mistake, test};
use accordant::submission::Submission;

use super::{
    Common, DEFAULT_PACK, Format, PLAIN, Status, batch, complain, disk, lint, mutants, pack, print,
    show,
};

/// The name of a golden: the review of the folder in which it stands.
const GOLDEN: &str = "expected.json";

/// Run the cases of a pack's rules; with --goldens, compare whole reviews.
#[derive(Args)]
pub(super) struct Test {
    /// The pack: the id of one that is built in, or the path of a pack's folder
    #[arg(value_name = "PACK")]
    tested: Option<String>,
    /// Compare the review of each folder in DIR, however deep, with its expected.json: by the pack that it names, or by PACK alone
    #[arg(long, value_name = "DIR")]
    goldens: Option<PathBuf>,
    /// Write the goldens that differ anew, and tell finding by finding what changed
    #[arg(long, requires = "goldens")]
    bless: bool,
    /// Show how much of the rules is tried by the cases and the goldens, and underline what is not
    #[arg(long)]
    coverage: bool,
    /// Change each rule a little, and tell the changes that no case (and with --goldens no golden) notices
    #[arg(long, conflicts_with = "bless")]
    mutate: bool,
    /// Tell the changes that nothing notices without looking for cases that would, which takes its time
    #[arg(long, requires = "mutate")]
    no_cases: bool,
    #[command(flatten)]
    common: Common,
}

impl Test {
    pub(super) fn run(mut self) -> anyhow::Result<Status> {
        let all = [Format::Text, Format::Json, Format::Junit];
        let formats: &[Format] = if self.mutate { &PLAIN } else { &all };
        self.common.has_format("test", formats)?;
        if self.common.year.is_some() {
            bail!(
                "`test` takes no `--year`: each case states its year, or is of the pack's last; the plans of a golden state theirs"
            );
        }
        if let Some(tested) = &self.tested {
            self.common.names_one_pack(tested)?;
            self.common.pack.clone_from(tested);
        }
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        self.tell_warnings(&pack);
        let prepared = prepared::all(&pack);
        let watcher = self.coverage.then(|| Watcher::new(&pack));
        if let Some(watcher) = &watcher {
            prepared.par_iter().for_each(|case| watcher.case(case));
        }
        let goldens = self.goldens.as_ref();
        let compared = goldens.map(|folder| self.compare_all(&pack, watcher.as_ref(), folder));
        let run = Run {
            pack: &pack,
            cases: cases::run_prepared(&prepared),
            lacking: cases::lacking(&pack),
            goldens: compared.transpose()?,
            blessed: self.bless,
            coverage: watcher.map(Watcher::finish),
        };
        if self.mutate && run.holds() {
            let goldens = self.goldens.as_deref();
            return mutants::run(&self.common, &pack, prepared, goldens, !self.no_cases);
        }
        print(&match self.common.format {
            Format::Json => test::json(&run),
            Format::Junit => test::junit(&run),
            _ => self.text(&run)?,
        })?;
        if self.common.format == Format::Text && !self.common.quiet {
            print(&lint::in_one_line(&self.common, &pack)?)?;
        }
        Ok(status(&run, goldens.map(PathBuf::as_path)))
    }

    fn text(&self, run: &Run<'_>) -> anyhow::Result<String> {
        let mut text = test::text(run);
        if let Some(coverage) = &run.coverage {
            let files = pack::texts(&self.common.pack)?;
            text.push('\n');
            text.push_str(&test::coverage(coverage, &files, self.common.colour_out()));
        }
        Ok(text)
    }

    fn tell_warnings(&self, pack: &Pack) {
        let warnings = pack.warnings.iter().filter(|w| w.level == Level::Warning);
        for warning in warnings.filter(|_| !self.common.quiet) {
            let text = pack.warned_files.get(&warning.file);
            let drawn = mistake::draw(warning, text.map(String::as_str), self.common.colour_err());
            show(&format!("{drawn}\n\n"));
        }
    }

    /// The goldens in the folders within a folder, however deep, each compared with the review of its folder, or written anew.
    fn compare_all(
        &self,
        pack: &Pack,
        watcher: Option<&Watcher<'_>>,
        folder: &Path,
    ) -> anyhow::Result<Vec<Golden>> {
        let mut goldens = Vec::new();
        for path in golden_folders(folder)? {
            goldens.extend(self.compare(pack, watcher, &path)?);
        }
        Ok(goldens)
    }

    /// The golden of a folder, if it has one or is to be given one.
    fn compare(
        &self,
        pack: &Pack,
        watcher: Option<&Watcher<'_>>,
        folder: &Path,
    ) -> anyhow::Result<Option<Golden>> {
        let path = folder.join(GOLDEN);
        let before = std::fs::read_to_string(&path).ok();
        if before.is_none() && !self.bless {
            return Ok(None);
        }
        let before = before.as_deref();
        if self.names_a_pack() && before.and_then(pack_id).is_some_and(|id| id != pack.id) {
            return Ok(None);
        }
        let other = before.and_then(|golden| self.another(pack, golden));
        // A golden of another pack tries nothing of this one.
        let watcher = watcher.filter(|_| other.is_none());
        let Some(after) = self.review(other.as_ref().unwrap_or(pack), watcher, folder)? else {
            return Ok(None);
        };
        let change = compare(before, &after);
        if self.bless && change.is_some() {
            disk::write_whole(&path, after.as_bytes())?;
        }
        Ok(Some(Golden {
            path: path.display().to_string(),
            change,
        }))
    }

    /// Whether goldens of one pack alone are asked for.
    fn names_a_pack(&self) -> bool {
        self.tested.is_some() || self.common.pack != DEFAULT_PACK
    }

    /// The pack that is built in by which a golden was written, where nobody names a pack and it is not the default.
    fn another(&self, default: &Pack, golden: &str) -> Option<Pack> {
        if self.names_a_pack() {
            return None;
        }
        let id = pack_id(golden)?;
        load_embedded(&id).filter(|_| id != default.id)?.ok()
    }

    /// The JSON review of a folder, under its own office file if one stands there. `None`: no submission.
    fn review(
        &self,
        pack: &Pack,
        watcher: Option<&Watcher<'_>>,
        path: &Path,
    ) -> anyhow::Result<Option<String>> {
        let options = Options {
            expects_all: true,
            ..Options::default()
        };
        let pack = with_office(&self.common, pack, path)?;
        let watcher = watcher.map(|watcher| watcher.batch(&pack));
        let watch = |submission: &Submission| {
            if let Some(watcher) = &watcher {
                watcher.submission(submission);
            }
        };
        let paths = [path.to_owned()];
        let batch = batch::review_watched(&self.common, &pack, &paths, options, watch)?;
        Ok((!batch.reviews.is_empty()).then(|| json::write(&batch)))
    }
}

/// The folders within a folder that hold a golden, however deep, and beside them those that hold none and might be given one.
pub(super) fn golden_folders(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let has_golden = |path: &PathBuf| path.join(GOLDEN).is_file();
    let mut found = Vec::new();
    for path in folders_of(folder)? {
        let within = if has_golden(&path) {
            Vec::new()
        } else {
            golden_folders(&path)?
        };
        if within.iter().any(has_golden) {
            found.extend(within);
        } else {
            found.push(path);
        }
    }
    Ok(found)
}

/// The folders of a folder; a link leads out of it, and perhaps back into it.
fn folders_of(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let is_folder = |entry: &DirEntry| entry.file_type().is_ok_and(|ty| ty.is_dir());
    let folders = entries.filter_map(Result::ok).filter(is_folder);
    let mut folders: Vec<PathBuf> = folders.map(|entry| entry.path()).collect();
    folders.sort();
    Ok(folders)
}

/// The id of the pack by which the golden of a folder was written.
pub(super) fn pack_of(folder: &Path) -> Option<String> {
    pack_id(&std::fs::read_to_string(folder.join(GOLDEN)).ok()?)
}

fn pack_id(golden: &str) -> Option<String> {
    let golden: serde_json::Value = serde_json::from_str(golden).ok()?;
    Some(golden.get("pack")?.get("id")?.as_str()?.to_owned())
}

/// A pack under the office file of a golden's folder, if one stands there.
pub(super) fn with_office(common: &Common, pack: &Pack, folder: &Path) -> anyhow::Result<Pack> {
    let office = folder.join("office.toml");
    if !office.is_file() {
        return Ok(pack.clone());
    }
    pack::lay_office(common, pack.clone(), &office)?
        .with_context(|| format!("{} cannot be used", office.display()))
}

/// How a run ended; goldens that were asked for and stand nowhere could not be compared.
fn status(run: &Run<'_>, goldens: Option<&Path>) -> Status {
    if let Some(folder) = goldens
        && run.goldens.as_ref().is_none_or(Vec::is_empty)
    {
        complain(&format!(
            "error: no {GOLDEN} of `{}` stands in a folder of {}: nothing was compared",
            run.pack.id,
            folder.display()
        ));
        return Status::CouldNotCheck;
    }
    if run.holds() {
        Status::Clean
    } else {
        Status::Found
    }
}
