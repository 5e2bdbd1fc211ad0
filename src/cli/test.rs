//! `test`: the cases of a pack's rules, and goldens of whole reviews.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use accordant::author::cases;
use accordant::batch::Options;
use accordant::neutral::clean;
use accordant::pack::{Pack, load_embedded};
use accordant::report::{json, mistake};
use accordant::review::Outcome;

use super::{Common, DEFAULT_PACK, Format, Status, batch, complain, disk, pack, print, show};

/// The name of a golden: the review of the folder in which it stands.
const GOLDEN: &str = "expected.json";

/// Run the cases of a pack's rules; with --goldens, compare whole reviews.
#[derive(Args)]
pub(super) struct Test {
    /// The pack: the id of one that is built in, or the path of a pack's folder
    #[arg(value_name = "PACK")]
    tested: Option<String>,
    /// Compare the review of each folder in DIR with its expected.json, by the pack that it names where no PACK is given
    #[arg(long, value_name = "DIR")]
    goldens: Option<PathBuf>,
    /// Write the goldens instead of comparing them; read the difference before you commit it
    #[arg(long, requires = "goldens")]
    bless: bool,
    #[command(flatten)]
    common: Common,
}

impl Test {
    pub(super) fn run(mut self) -> anyhow::Result<Status> {
        self.common.has_format("test", &[Format::Text])?;
        if let Some(tested) = &self.tested {
            self.common.pack.clone_from(tested);
        }
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let mut out = String::new();
        let cases = run_cases(&pack, &self.common, &mut out);
        let goldens = match &self.goldens {
            Some(folder) => self.compare_goldens(&pack, folder, &mut out)?,
            None => Status::Clean,
        };
        print(&out)?;
        Ok(cases.max(goldens))
    }

    fn compare_goldens(
        &self,
        pack: &Pack,
        folder: &Path,
        out: &mut String,
    ) -> anyhow::Result<Status> {
        let mut folders: Vec<PathBuf> = std::fs::read_dir(folder)
            .with_context(|| format!("cannot read the folder {}", folder.display()))?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .filter(|path| path.is_dir())
            .collect();
        folders.sort();
        let (mut same, mut changed) = (0, Vec::new());
        for path in folders {
            let golden = path.join(GOLDEN);
            let before = std::fs::read_to_string(&golden).ok();
            if before.is_none() && (!self.bless || holds_goldens(&path)) {
                continue;
            }
            let other = before
                .as_deref()
                .and_then(|golden| self.another(pack, golden));
            let pack = other.as_ref().unwrap_or(pack);
            let Some(after) = self.review(pack, &path)? else {
                continue;
            };
            if before.as_deref() == Some(after.as_str()) {
                same += 1;
            } else if self.bless {
                disk::write_whole(&golden, after.as_bytes())?;
                changed.push((path, String::new()));
            } else {
                changed.push((
                    path,
                    differences(before.as_deref().unwrap_or_default(), &after),
                ));
            }
        }
        if same + changed.len() == 0 {
            complain(&format!(
                "error: no {GOLDEN} stands in a folder of {}: nothing was compared",
                folder.display()
            ));
            return Ok(Status::CouldNotCheck);
        }
        for (path, lines) in &changed {
            let word = if self.bless { "written" } else { "changed" };
            let _ = writeln!(
                out,
                "{word}: {}\n{lines}",
                clean(&path.join(GOLDEN).display().to_string())
            );
        }
        let _ = writeln!(
            out,
            "goldens: {same} the same, {} {}",
            changed.len(),
            if self.bless { "written" } else { "changed" }
        );
        Ok(if changed.is_empty() || self.bless {
            Status::Clean
        } else {
            Status::Found
        })
    }

    /// The pack that is built in by which a golden was written, where nobody names a pack and it is not the default.
    fn another(&self, default: &Pack, golden: &str) -> Option<Pack> {
        if self.tested.is_some() || self.common.pack != DEFAULT_PACK {
            return None;
        }
        let golden: serde_json::Value = serde_json::from_str(golden).ok()?;
        let id = golden.get("pack")?.get("id")?.as_str()?;
        load_embedded(id).filter(|_| id != default.id)?.ok()
    }

    /// The JSON review of a folder, under its own office file if one stands there. `None`: no submission.
    fn review(&self, pack: &Pack, path: &Path) -> anyhow::Result<Option<String>> {
        let office = path.join("office.toml");
        let options = Options {
            for_districts: false,
            expects_all: true,
            year: self.common.year,
        };
        let pack = if office.is_file() {
            pack::lay_office(&self.common, pack.clone(), &office)?
                .with_context(|| format!("{} cannot be used", office.display()))?
        } else {
            pack.clone()
        };
        let batch = batch::review_paths(&self.common, &pack, &[path.to_owned()], options, Ok)?;
        Ok((!batch.reviews.is_empty()).then(|| json::write(&batch)))
    }
}

/// Runs every case, and tells those that do not hold and what the pack lacks.
fn run_cases(pack: &Pack, common: &Common, out: &mut String) -> Status {
    for warning in pack.warnings.iter().filter(|_| !common.quiet) {
        show(&format!(
            "{}\n\n",
            mistake::draw(
                warning,
                pack.warned_files.get(&warning.file).map(String::as_str),
                common.colour_err()
            )
        ));
    }
    let results = cases::run(pack);
    let failed: Vec<_> = results.iter().filter(|r| !r.holds()).collect();
    for result in &failed {
        let actual = result
            .actual
            .map_or("not in force in that year", Outcome::name);
        let _ = writeln!(
            out,
            "failed: {}: {}: expected {}, was {actual}",
            result.rule,
            clean(&result.case),
            result.expected.name()
        );
        for diagnostic in &result.diagnostics {
            let _ = writeln!(
                out,
                "  {}: {}",
                clean(&diagnostic.place),
                clean(&diagnostic.message)
            );
        }
    }
    let _ = writeln!(
        out,
        "{} {}: {} rules, {} cases, {} failed",
        clean(&pack.id),
        clean(&pack.version),
        pack.rules.len(),
        results.len(),
        failed.len()
    );
    if results.is_empty() && !pack.rules.is_empty() {
        let _ = writeln!(out, "no case was run");
        return Status::Found;
    }
    if failed.is_empty() {
        Status::Clean
    } else {
        Status::Found
    }
}

/// The lines in which two texts differ, those that both begin and end with left out.
fn differences(before: &str, after: &str) -> String {
    const MOST: usize = 20;
    let (mut a, mut b): (Vec<&str>, Vec<&str>) =
        (before.lines().collect(), after.lines().collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    (a, b) = (a.split_off(same), b.split_off(same));
    while a.last().is_some() && a.last() == b.last() {
        a.pop();
        b.pop();
    }
    let mut out = format!("  from line {}:\n", same + 1);
    for (sign, lines) in [('-', a), ('+', b)] {
        for line in lines.iter().take(MOST) {
            let _ = writeln!(out, "  {sign} {}", clean(line.trim()));
        }
        if lines.len() > MOST {
            let _ = writeln!(out, "  {sign} … {} lines in all", lines.len());
        }
    }
    out
}

/// Whether the folders within a folder have goldens of their own: it is then no batch itself.
fn holds_goldens(folder: &Path) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut entries = entries.filter_map(Result::ok);
    entries.any(|entry| entry.path().join(GOLDEN).is_file())
}
