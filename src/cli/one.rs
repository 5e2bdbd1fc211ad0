//! One submission by itself, as `compare` and `repair` take it.

use std::path::Path;

use anyhow::bail;

use accordant::batch::{Options, Reviewer};
use accordant::neutral::clean;
use accordant::pack::Pack;
use accordant::submission::Submission;

use super::{Common, batch, sources};

/// The one submission that a path holds; what else is wrong with the path is told.
pub(super) fn read(common: &Common, pack: &Pack, path: &Path) -> anyhow::Result<Submission> {
    let shown = clean(&path.display().to_string());
    let (mut plans, wrong) = sources::read_path(pack, path)?;
    batch::tell(&wrong, common);
    match (plans.pop(), plans.is_empty()) {
        (Some((plan, _)), true) => Ok(plan),
        (Some((last, _)), false) => {
            let mut paths: Vec<String> = plans.into_iter().map(|(p, _)| p.path).collect();
            paths.push(last.path);
            bail!(
                "{shown} holds {} submissions, and one is meant: name one of {}",
                paths.len(),
                clean(&paths.join(", "))
            );
        }
        (None, _) => bail!("{shown} holds no submission"),
    }
}

/// A reviewer of a submission by all rules, who notes what each says of each of its rows.
pub(super) fn reviewer<'p>(common: &Common, pack: &'p Pack) -> Reviewer<'p> {
    let options = Options {
        for_districts: false,
        expects_all: false,
        year: common.year,
        ..Options::default()
    };
    Reviewer::new(pack, options).noting_subjects()
}
