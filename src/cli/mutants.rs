//! `test --mutate`: small changes of the rules, and those that no test notices.

use std::collections::BTreeMap;
use std::path::Path;

use accordant::author::mutate::{self, Golden};
use accordant::author::prepared::Prepared;
use accordant::batch::identify;
use accordant::pack::{InForce, Pack};
use accordant::report::mutate as report;
use accordant::submission::Submission;

use super::{Common, Format, Status, pack, print, sources, test};

/// Changes every rule and tells what went unnoticed; with `find_cases`, each with a case that would notice it.
pub(super) fn run(
    common: &Common,
    pack: &Pack,
    prepared: Vec<Prepared<'_>>,
    goldens: Option<&Path>,
    find_cases: bool,
) -> anyhow::Result<Status> {
    let folders = goldens.map_or_else(|| Ok(Vec::new()), |dir| read(common, pack, dir))?;
    let compiled: Vec<Compiled<'_>> = folders.iter().map(Compiled::of).collect();
    let goldens: Vec<Golden<'_>> = compiled.iter().flat_map(Compiled::goldens).collect();
    let mutation = mutate::run(pack, prepared, &goldens, find_cases);
    let text = match common.format {
        Format::Json => report::json(&mutation, pack),
        _ => {
            let files = pack::texts(&common.pack)?;
            report::text(&mutation, pack, &files, common.colour_out())
        }
    };
    print(&text)?;
    Ok(if mutation.unexplained() + mutation.stale.len() == 0 {
        Status::Clean
    } else {
        Status::Found
    })
}

/// The submissions of a golden's folder, and the pack with the office file that stands there.
struct Folder {
    pack: Pack,
    submissions: Vec<Submission>,
}

/// Reads the folders of all goldens of a pack.
fn read(common: &Common, pack: &Pack, dir: &Path) -> anyhow::Result<Vec<Folder>> {
    let mut folders = Vec::new();
    for path in test::golden_folders(dir)? {
        if test::pack_of(&path).is_none_or(|id| id != pack.id) {
            continue;
        }
        let pack = test::with_office(common, pack, &path)?;
        let (plans, _) = sources::read_path(&pack, &path)?;
        let submissions = plans.into_iter().map(|(plan, _)| plan).collect();
        folders.push(Folder { pack, submissions });
    }
    Ok(folders)
}

/// The same, with the rules of each year.
struct Compiled<'f> {
    folder: &'f Folder,
    years: BTreeMap<i64, InForce<'f>>,
}

impl<'f> Compiled<'f> {
    fn of(folder: &'f Folder) -> Self {
        let mut years = BTreeMap::new();
        for submission in &folder.submissions {
            let year = identify(&folder.pack, submission).year;
            if let Some(year) = year.filter(|year| folder.pack.covers(*year)) {
                years
                    .entry(year)
                    .or_insert_with(|| InForce::new(&folder.pack, year));
            }
        }
        Compiled { folder, years }
    }

    fn goldens(&self) -> Vec<Golden<'_>> {
        let submissions = self.folder.submissions.iter();
        let golden = |submission| {
            let year = identify(&self.folder.pack, submission).year?;
            let in_force = self.years.get(&year)?;
            Some(Golden {
                submission,
                in_force,
            })
        };
        submissions.filter_map(golden).collect()
    }
}
