//! `lint`: what the author of a pack should look at.

use std::path::{Path, PathBuf};

use clap::Args;

use accordant::author::lint::{Linted, Runs, lint};
use accordant::batch::Options;
use accordant::neutral::clean;
use accordant::pack::Pack;
use accordant::report;

use super::{Common, Format, PLAIN, Status, batch, complain, pack, print, test};

/// Look through a pack for what nothing uses, what passes unseen and what reads badly.
#[derive(Args)]
pub(super) struct Lint {
    /// The pack: the id of one that is built in, or the path of a pack's folder
    #[arg(value_name = "PACK")]
    looked_at: Option<String>,
    /// Judge the folders in DIR that hold a golden of the pack too, beside the cases of its rules
    #[arg(long, value_name = "DIR")]
    goldens: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

impl Lint {
    pub(super) fn run(mut self) -> anyhow::Result<Status> {
        self.common.has_format("lint", &PLAIN)?;
        if let Some(looked_at) = &self.looked_at {
            self.common.names_one_pack(looked_at)?;
            self.common.pack.clone_from(looked_at);
        }
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let mut runs = Runs::of_cases(&pack);
        if let Some(folder) = &self.goldens
            && !self.run_goldens(&pack, folder, &mut runs)?
        {
            complain(&format!(
                "error: no golden of `{}` stands in a folder of {}",
                pack.id,
                folder.display()
            ));
            return Ok(Status::CouldNotCheck);
        }
        let files = pack::files(&self.common.pack)?;
        let linted = lint(&pack, &files, &runs);
        print(&match self.common.format {
            Format::Json => report::lint::json(&linted, &files),
            _ => report::lint::text(&linted, &files, self.common.colour_out()),
        })?;
        Ok(status(&linted))
    }

    /// Adds what the rules say of the folders that hold a golden of the pack; whether there are any.
    fn run_goldens(&self, pack: &Pack, folder: &Path, runs: &mut Runs) -> anyhow::Result<bool> {
        let mut paths = test::golden_folders(folder)?;
        paths.retain(|path| test::pack_of(path).is_some_and(|id| id == pack.id));
        let mut reviews = Vec::new();
        for path in &paths {
            let pack = test::with_office(&self.common, pack, path)?;
            let options = Options {
                expects_all: false,
                year: self.common.year,
                ..Options::default()
            };
            let batch =
                batch::review_paths(&self.common, &pack, std::slice::from_ref(path), options)?;
            reviews.extend(batch.reviews);
        }
        runs.add_goldens(pack, &reviews);
        Ok(!paths.is_empty())
    }
}

fn status(linted: &Linted<'_>) -> Status {
    if linted.findings.is_empty() {
        Status::Clean
    } else {
        Status::Found
    }
}

/// How many findings the text of a pack alone has, in one line with the command that shows them; nothing where there are none.
pub(super) fn in_one_line(common: &Common, pack: &Pack) -> anyhow::Result<String> {
    let (name, files) = (clean(&common.pack), pack::files(&common.pack)?);
    Ok(
        match lint(pack, &files, &Runs::of_cases(pack)).findings.len() {
            0 => String::new(),
            1 => format!("1 lint warning: accordant lint {name}\n"),
            n => format!("{n} lint warnings: accordant lint {name}\n"),
        },
    )
}
