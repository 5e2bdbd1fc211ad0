//! `verify`: a recorded review run again, and compared byte for byte.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use accordant::batch::Options;
use accordant::memory::record;
use accordant::read::limits::FOREIGN;
use accordant::value::parse_iso_date;

use super::memory::{self, Memory, Way};
use super::{Common, DEFAULT_PACK, Format, Status, before, disk, pack, print};

/// Run a recorded review again and compare it byte for byte; say in words what differs.
#[derive(Args)]
pub(super) struct Verify {
    /// What `review --record` wrote
    #[arg(value_name = "FILE.json")]
    record: PathBuf,
    /// What was reviewed
    #[arg(long, required = true, value_name = "BATCH", num_args = 1..)]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    before: before::Args,
    #[command(flatten)]
    common: Common,
}

impl Verify {
    pub(super) fn run(mut self) -> anyhow::Result<Status> {
        self.common.has_format("verify", &[Format::Text])?;
        let text = text_of(&self.record)?;
        let differences = match record::read(&text) {
            Err(why) => vec![format!(
                "the record itself was altered after it was written, or is none: {why}"
            )],
            Ok(read) => match self.again(&read)? {
                Some(again) => record::differences(&text, &again),
                None => return Ok(Status::CouldNotCheck),
            },
        };
        if differences.is_empty() {
            print("the same, byte for byte\n")?;
            return Ok(Status::Clean);
        }
        let lines = differences
            .iter()
            .map(|line| accordant::neutral::clean(line));
        print(&format!("{}\n", lines.collect::<Vec<_>>().join("\n")))?;
        Ok(Status::Found)
    }

    /// The record of the same review, made now; `None` where the pack does not load.
    fn again(&mut self, read: &record::Record) -> anyhow::Result<Option<String>> {
        let basis = &read.basis;
        if self.common.pack == DEFAULT_PACK && accordant::pack::embedded(&basis.pack.id).is_some() {
            self.common.pack.clone_from(&basis.pack.id);
        }
        let Some(pack) = pack::load_to_judge(&self.common)? else {
            return Ok(None);
        };
        let as_of = parse_iso_date(&basis.as_of);
        let as_of = as_of.with_context(|| format!("`{}` is no date", basis.as_of))?;
        let answers = basis.answers.as_deref().map(memory::files_of);
        let mut memory = Memory::of(&pack, answers, as_of);
        if let Some(files) = &basis.decisions {
            memory = memory.with_decisions(&pack, memory::files_of(files));
        }
        let before = self.before.read_again(&self.common, &pack, basis)?;
        let before = before.with_decisions(memory.decisions());
        let options = Options {
            for_districts: false,
            expects_all: true,
            year: basis.year,
            public: basis.public,
            ..Options::default()
        };
        let reviewer = memory.reviewer(&pack, options).keeping_history(true);
        let found = before.review(&self.common, &pack, &self.inputs, &reviewer)?;
        let by = Way {
            year: basis.year,
            public: basis.public,
            before: Some(&before),
        };
        memory.record(&pack, &found, &self.inputs, &by).map(Some)
    }
}

/// The text of a record.
pub(super) fn text_of(path: &Path) -> anyhow::Result<String> {
    // A record holds the whole review: it may be larger than any input.
    let bytes = disk::read(path, FOREIGN.file.saturating_mul(16));
    let bytes = bytes.with_context(|| format!("cannot read {}", path.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is not UTF-8", path.display()))
}
