//! The reports on submissions, each put aside as soon as it is finished, so that no review is held.

use std::io;
use std::ops::Range;
use std::path::Path;

use accordant::batch::{BatchReview, PackName};
use accordant::pack::Pack;
use accordant::report::{json, markdown};
use accordant::review::{Review, SummaryTable};

use super::batch::WHOLE;
use super::spool::Spool;
use super::{Format, disk};

/// Where finished reports stand.
pub(super) struct Aside {
    spool: Spool,
    pack: PackName,
    format: Format,
    /// Each report is written into a folder.
    writes: bool,
}

/// What is held of a review whose report is put aside.
pub(super) struct Kept {
    /// Where its report stands, if one is needed.
    report: Range<u64>,
    /// Its tables, where the batch's report may need them.
    pub(super) tables: Vec<SummaryTable>,
}

impl Aside {
    pub(super) fn new(pack: &Pack, format: Format, writes: bool) -> Self {
        Aside {
            spool: Spool::new(),
            pack: PackName::of(pack),
            format,
            writes,
        }
    }

    pub(super) fn keep(&self, review: Review) -> io::Result<Kept> {
        let report = match self.format {
            Format::Json => json::piece(&review),
            Format::Markdown if self.writes => markdown::review(&self.pack, &review).into_bytes(),
            _ => Vec::new(),
        };
        Ok(Kept {
            report: self.spool.put(&report)?,
            tables: if self.format == Format::Json {
                Vec::new()
            } else {
                let tables = review.tables.into_iter();
                tables.filter(|t| !t.is_long()).collect()
            },
        })
    }

    pub(super) fn get(&self, kept: &Kept) -> io::Result<Vec<u8>> {
        self.spool.get(&kept.report)
    }

    /// One report a submission; as Markdown also that of the batch.
    pub(super) fn write(
        &self,
        out: &Path,
        batch: &BatchReview<Kept>,
        tables: &[SummaryTable],
    ) -> anyhow::Result<()> {
        disk::make_folder(out)?;
        let whole = (self.format == Format::Markdown).then_some(WHOLE);
        if let Some(name) = whole {
            let path = out.join(format!("{name}.md"));
            disk::write_whole(&path, markdown::batch(batch, tables).as_bytes())?;
        }
        let paths = batch.entries.iter().map(|of| of.path.as_str());
        let stems = disk::names(whole.into_iter().chain(paths));
        let own = stems.iter().skip(usize::from(whole.is_some()));
        for ((of, kept), stem) in batch.entries.iter().zip(&batch.reviews).zip(own) {
            let report = self.get(kept)?;
            let (end, bytes) = match self.format {
                Format::Json => ("json", json::alone(&batch.pack, of, &report)),
                _ => ("md", report),
            };
            disk::write_whole(&out.join(format!("{stem}.{end}")), &bytes)?;
        }
        Ok(())
    }
}
