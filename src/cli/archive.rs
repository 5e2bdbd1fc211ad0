//! `archive`: every review, answer and determination in one file, which only ever grows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use tempfile::TempDir;

use accordant::batch::Options;
use accordant::memory::archive::{self, Choice, Content, Details, Entry, Item};
use accordant::memory::record::{self, Record};
use accordant::pack::Pack;
use accordant::read::limits::FOREIGN;
use accordant::report::archive as report;
use accordant::value::parse_iso_date;

use super::memory::{self, Memory, Way};
use super::{
    Common, Format, PLAIN, Status, batch, complain, disk, pack, print, print_bytes, verify,
};

/// Keep every review, answer and determination in one file, and show a district across years.
#[derive(Args)]
pub(super) struct Archive {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Add records of `review --record`, or review a batch and add that; with what was answered and decided
    Add(Add),
    /// List what is in it
    List(List),
    /// Show one entry; with --format json, its bytes as they were added
    Show(Show),
    /// Show a district across years: allocation, spending, targets, recommendations, determinations, conditions
    History(Of),
    /// Write everything out as files again
    Export(Export),
    /// Make a whole copy, at any time; a plain copy of the file is whole whenever nothing is being added
    Copy(Copy),
}

/// The file of the archive.
#[derive(Args)]
struct Where {
    /// The file of the archive
    #[arg(long, value_name = "FILE", default_value = "accordant.sqlite")]
    archive: PathBuf,
}

/// Add records of `review --record`, or review a batch and add that; with what was answered and decided.
#[derive(Args)]
struct Add {
    /// Records (.json), or a batch of submissions to be reviewed
    #[arg(value_name = "RECORD.json|BATCH", required_unless_present_any = ["answers", "decisions"])]
    paths: Vec<PathBuf>,
    /// Keep the files of the batch too, whole, and not only their digests
    #[arg(long)]
    with_inputs: bool,
    #[command(flatten)]
    remembered: memory::Remembered,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    common: Common,
}

/// List what is in it.
#[derive(Args)]
struct List {
    /// Of one district alone: its code, or any name by which the pack knows it
    #[arg(long, value_name = "NAME")]
    district: Option<String>,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    common: Common,
}

/// Show one entry; with --format json, its bytes as they were added.
#[derive(Args)]
struct Show {
    /// The number of an entry, as `list` has it
    id: i64,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    common: Common,
}

/// Show a district across years.
#[derive(Args)]
struct Of {
    /// The district: its code, or any name by which the pack knows it
    district: String,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    common: Common,
}

/// Write everything out as files again.
#[derive(Args)]
struct Export {
    /// A new folder
    #[arg(value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    common: Common,
}

/// Make a whole copy, at any time.
#[derive(Args)]
struct Copy {
    /// A new file
    #[arg(value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    at: Where,
    #[command(flatten)]
    common: Common,
}

impl Archive {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        match self.verb {
            Verb::Add(verb) => verb.run(),
            Verb::List(verb) => verb.run(),
            Verb::Show(verb) => verb.run(),
            Verb::History(verb) => verb.run(),
            Verb::Export(verb) => verb.run(),
            Verb::Copy(verb) => verb.run(),
        }
    }
}

impl Where {
    fn open(&self) -> anyhow::Result<archive::Archive> {
        Ok(archive::Archive::open(&self.archive)?)
    }
}

impl Add {
    fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("archive add", &[Format::Text])?;
        let is_record = |path: &&PathBuf| {
            let end = path.extension();
            path.is_file() && end.is_some_and(|end| end.eq_ignore_ascii_case("json"))
        };
        let (records, batches): (Vec<&PathBuf>, Vec<&PathBuf>) =
            self.paths.iter().partition(is_record);
        let batches: Vec<PathBuf> = batches.into_iter().cloned().collect();
        if self.with_inputs && batches.is_empty() {
            bail!("a record holds no files: `--with-inputs` needs the batch itself");
        }
        for out in std::iter::once(&self.at.archive).chain(&self.remembered.record) {
            disk::refuse_input(out, &batches)?;
        }
        let Some(pack) = pack::load_to_judge(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let memory = self.remembered.load(&self.common, &pack)?;
        let of_people = memory.items(&self.common, &pack)?;
        let mut additions = Vec::new();
        for path in records {
            additions.push((self.of_record(&pack, path)?, Vec::new()));
        }
        if !batches.is_empty() {
            let Some(of_batch) = self.of_batch(&pack, &memory, &batches)? else {
                return Ok(Status::CouldNotCheck);
            };
            additions.push(of_batch);
        }
        additions.push((of_people, Vec::new()));
        let mut archive = archive::Archive::open_or_make(&self.at.archive)?;
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut told = BTreeSet::new();
        for (items, files) in &additions {
            let added = archive.add(items, files, &now)?;
            // What is told is there: the archive is on the disk by now.
            let untold = added.iter().filter(|one| told.insert(one.entry.id));
            let lines = untold.map(|one| {
                let word = if one.is_new { "added" } else { "known already" };
                format!("{word} {}: {}\n", one.entry.id, report::line(&one.entry))
            });
            print(&lines.collect::<String>())?;
        }
        Ok(Status::Clean)
    }

    fn of_record(&self, pack: &Pack, path: &Path) -> anyhow::Result<Vec<Item>> {
        let shown = path.display();
        let text = verify::text_of(path)?;
        let read = record::read(&text).map_err(anyhow::Error::msg);
        let read = read.with_context(|| format!("{shown} cannot be added"))?;
        if !read.is_intact {
            bail!("{shown} was altered after it was written: nothing was added");
        }
        items_of(&self.common, pack, &read, &text)
            .with_context(|| format!("{shown} cannot be added"))
    }

    /// The record of a review of the batches, and their files where they are to be kept.
    fn of_batch(
        &self,
        pack: &Pack,
        memory: &Memory,
        batches: &[PathBuf],
    ) -> anyhow::Result<Option<(Vec<Item>, Vec<Content>)>> {
        let options = Options {
            for_districts: false,
            expects_all: true,
            year: self.common.year,
            ..Options::default()
        };
        let reviewer = memory.reviewer(pack, options).keeping_history(true);
        let found = batch::review_by(&self.common, pack, batches, &reviewer, |_| {})?;
        batch::tell(&found.diagnostics, &self.common);
        if found.reviews.is_empty() {
            batch::no_submission(pack, &found);
            return Ok(None);
        }
        let by = Way {
            year: self.common.year,
            public: false,
            before: None,
        };
        let text = memory.record(pack, &found, batches, &by)?;
        if let Some(file) = &self.remembered.record {
            disk::write_whole(file, text.as_bytes())?;
        }
        let read = record::read(&text).map_err(anyhow::Error::msg)?;
        let files = if self.with_inputs {
            files_of(&read, batches)?
        } else {
            Vec::new()
        };
        Ok(Some((items_of(&self.common, pack, &read, &text)?, files)))
    }
}

/// The reviews of a record, and the answers that it rests on.
fn items_of(common: &Common, pack: &Pack, read: &Record, text: &str) -> anyhow::Result<Vec<Item>> {
    if read.basis.pack.id != pack.id {
        bail!(
            "it is a record of the pack `{}`, and the pack is `{}`: say which with --pack",
            read.basis.pack.id,
            pack.id
        );
    }
    let mut items = Item::of_record(read, text);
    if items.is_empty() {
        bail!("it has no submission");
    }
    let basis = &read.basis;
    if basis.answers.is_some() || basis.decisions.is_some() {
        let as_of = parse_iso_date(&basis.as_of);
        let as_of = as_of.with_context(|| format!("`{}` is no date", basis.as_of))?;
        let answers = basis.answers.as_deref().map(memory::files_of);
        let mut memory = Memory::of(pack, answers, as_of);
        if let Some(files) = &basis.decisions {
            memory = memory.with_decisions(pack, memory::files_of(files));
        }
        items.extend(memory.items(common, pack)?);
    }
    Ok(items)
}

/// The files of the batches, as the record knows them.
fn files_of(read: &Record, batches: &[PathBuf]) -> anyhow::Result<Vec<Content>> {
    let inputs = read.basis.inputs.iter();
    let known: Vec<&str> = inputs.filter_map(|input| input.sha256.as_deref()).collect();
    let mut files = Vec::new();
    for batch in batches {
        let tree = disk::Tree::of(batch)?;
        for path in &tree.paths {
            let Ok(bytes) = tree.read(path, FOREIGN.file) else {
                complain(&format!("{path}: it is not kept: it cannot be read"));
                continue;
            };
            let file = Content::new(bytes);
            if !known.contains(&file.sha256.as_str()) {
                bail!("{path} changed while it was read: add the batch again");
            }
            files.push(file);
        }
    }
    Ok(files)
}

impl List {
    fn run(self) -> anyhow::Result<Status> {
        let formats = [Format::Text, Format::Json, Format::Csv];
        self.common.has_format("archive list", &formats)?;
        let archive = self.at.open()?;
        let mut choice = Choice {
            year: self.common.year,
            district: self.district.clone(),
        };
        let mut entries = archive.entries(&choice)?;
        if let Some(name) = &self.district {
            let known = entries.iter().find_map(|of| of.whose.district_code.clone());
            if let Some(code) = known.or(code_of(&self.common, name)?) {
                choice.district = Some(code);
                entries = archive.entries(&choice)?;
            }
        }
        if entries.is_empty() && !self.common.quiet {
            complain("the archive has nothing of that");
        }
        match self.common.format {
            Format::Json => print(&report::json(&entries))?,
            Format::Csv => print_bytes(&report::csv(&entries))?,
            _ => print(&report::list(&entries))?,
        }
        Ok(Status::Clean)
    }
}

/// The code of a district by any name that the pack lists.
fn code_of(common: &Common, name: &str) -> anyhow::Result<Option<String>> {
    let pack = pack::load_to_judge(common)?;
    let code = pack.as_ref().and_then(|pack| pack.district_code(name));
    Ok(code.map(str::to_owned))
}

impl Show {
    fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("archive show", &PLAIN)?;
        let archive = self.at.open()?;
        let entry = archive.entry(self.id)?.with_context(|| {
            format!(
                "there is no entry {}: `archive list` has those that there are",
                self.id
            )
        })?;
        let text = archive.text(&entry)?;
        if self.common.format == Format::Json {
            print(&text)?;
            return Ok(Status::Clean);
        }
        let record = match entry.details {
            Details::Review(_) => Some(record::read(&text).map_err(anyhow::Error::msg)?),
            _ => None,
        };
        let mut held = Vec::new();
        for input in record.iter().flat_map(|record| &record.basis.inputs) {
            let bytes = input.sha256.as_ref().map(|digest| archive.content(digest));
            held.push(bytes.transpose()?.flatten().is_some());
        }
        let resting = match &entry.record {
            Some(digest) => archive.of_record(digest)?,
            None => Vec::new(),
        };
        let code = &entry.whose.district_code;
        let other = |of: &Entry| of.id != entry.id && of.whose.district_code == *code;
        let resting: Vec<Entry> = resting.into_iter().filter(other).collect();
        print(&report::one(&entry, record.as_ref(), &resting, &held))?;
        Ok(Status::Clean)
    }
}

impl Of {
    fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("archive history", &PLAIN)?;
        let archive = self.at.open()?;
        let mut history = archive.history(None, &self.district)?;
        if history.years.is_empty()
            && let Some(code) = code_of(&self.common, &self.district)?
        {
            history = archive.history(Some(&code), &self.district)?;
        }
        if history.years.is_empty() {
            bail!(
                "the archive has nothing of `{}`: `archive list` has what there is",
                self.district
            );
        }
        match self.common.format {
            Format::Json => print(&report::history_json(&history))?,
            _ => print(&report::history(&history))?,
        }
        Ok(Status::Clean)
    }
}

impl Export {
    fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("archive export", &[Format::Text])?;
        let archive = self.at.open()?;
        let Some(pack) = pack::load_to_judge(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let entries = archive.entries(&Choice::default())?;
        let mut files = BTreeMap::new();
        files.insert(
            PathBuf::from("entries.json"),
            report::json(&entries).into_bytes(),
        );
        for (name, bytes) in archive::files(&pack, &entries)? {
            files.insert(PathBuf::from(name), bytes);
        }
        for first in records_of(&entries) {
            let text = archive.text(first)?;
            let read = record::read(&text).map_err(anyhow::Error::msg)?;
            let folder = folder_of(first, &read);
            for (path, bytes) in inputs_of(&archive, &read)? {
                files.insert(folder.join(path), bytes);
            }
            files.insert(
                PathBuf::from(format!("records/{}.json", first.id)),
                text.into_bytes(),
            );
        }
        let shown: Vec<(String, Vec<u8>)> = files
            .into_iter()
            .map(|(path, bytes)| (path.to_string_lossy().into_owned(), bytes))
            .collect();
        let count = shown.len();
        disk::write_folder(
            &self.out,
            shown
                .iter()
                .map(|(path, bytes)| (path.as_str(), bytes.as_slice())),
        )?;
        if !self.common.quiet {
            complain(&format!(
                "written: {count} files into {}",
                self.out.display()
            ));
        }
        Ok(Status::Clean)
    }
}

/// The first entry of each record.
fn records_of(entries: &[Entry]) -> Vec<&Entry> {
    let mut met = BTreeSet::new();
    let reviews = entries
        .iter()
        .filter(|of| matches!(of.details, Details::Review(_)));
    reviews.filter(|of| met.insert(&of.sha256)).collect()
}

/// Whether a path is that of an archive.
pub(super) fn is_one(path: &Path) -> bool {
    let end = path.extension();
    path.is_file() && end.is_some_and(|end| end.eq_ignore_ascii_case("sqlite"))
}

/// The determinations of an archive, as a file of them.
pub(super) fn decisions(pack: &Pack, path: &Path) -> anyhow::Result<Vec<u8>> {
    let archive = archive::Archive::open(path)?;
    let files = archive::files(pack, &archive.entries(&Choice::default())?)?;
    let mut files = files
        .into_iter()
        .filter(|(name, _)| *name == "decisions.csv");
    let (_, bytes) = files
        .next()
        .with_context(|| format!("{} holds no determination", path.display()))?;
    Ok(bytes)
}

/// The paths of batches, with a folder of its files in the place of each archive; the folders stay as long as what is given beside them.
pub(super) fn unpacked(paths: Vec<PathBuf>) -> anyhow::Result<(Vec<PathBuf>, Vec<TempDir>)> {
    let (mut batches, mut folders) = (Vec::new(), Vec::new());
    for path in paths {
        if !is_one(&path) {
            batches.push(path);
            continue;
        }
        let folder = tempfile::tempdir()?;
        let archive = archive::Archive::open(&path)?;
        let mut written = 0_usize;
        for first in records_of(&archive.entries(&Choice::default())?) {
            let read = record::read(&archive.text(first)?).map_err(anyhow::Error::msg)?;
            let own = folder.path().join(folder_of(first, &read));
            for (path, bytes) in inputs_of(&archive, &read)? {
                let file = own.join(path);
                disk::make_folder(file.parent().unwrap_or(&own))?;
                disk::write_whole(&file, &bytes)?;
                written += 1;
            }
        }
        if written == 0 {
            bail!(
                "{} holds no files of submissions: `archive add BATCH --with-inputs` keeps them",
                path.display()
            );
        }
        batches.push(folder.path().join("inputs"));
        folders.push(folder);
    }
    Ok((batches, folders))
}

/// Where the files of a record are written. A submission that stood in no folder of its batch is known by the name of its own.
fn folder_of(first: &Entry, read: &Record) -> PathBuf {
    let folder = Path::new("inputs").join(first.id.to_string());
    let own = Path::new(&first.whose.path);
    let mut inputs = read.basis.inputs.iter();
    let is_within = inputs.any(|input| Path::new(&input.path).starts_with(own));
    let is_name = own.file_name() == Some(own.as_os_str());
    if is_within || !is_name {
        folder
    } else {
        folder.join(own)
    }
}

/// The files of a record of which the archive holds the bytes, by their paths in the batch. A path that would lead out of it is told.
fn inputs_of(archive: &archive::Archive, read: &Record) -> anyhow::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut files = Vec::new();
    for input in &read.basis.inputs {
        let Some(bytes) = input.sha256.as_ref().map(|digest| archive.content(digest)) else {
            continue;
        };
        let Some(bytes) = bytes? else {
            continue;
        };
        let path = Path::new(&input.path);
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        if path.components().all(is_plain) && path.file_name().is_some() {
            files.push((path.to_owned(), bytes));
        } else {
            complain(&format!(
                "`{}` is not written: the path leads out of the folder",
                input.path
            ));
        }
    }
    Ok(files)
}

impl Copy {
    fn run(self) -> anyhow::Result<Status> {
        self.common.has_format("archive copy", &[Format::Text])?;
        self.at.open()?.copy(&self.out)?;
        if !self.common.quiet {
            complain(&format!("written: {}", self.out.display()));
        }
        Ok(Status::Clean)
    }
}
