//! One submission by itself, as `compare` and `repair` take it.

use std::path::Path;

use anyhow::bail;

use accordant::batch::{Options, Reviewer};
use accordant::neutral::clean;
use accordant::pack::Pack;
use accordant::submission::Submission;

use super::{Common, batch, sources};

/// How many of the submissions that a path holds are named.
const SHOWN: usize = 12;

/// The one submission that a path holds, or the one of several that it names behind them; what else is wrong with the path is told.
pub(super) fn read(common: &Common, pack: &Pack, path: &Path) -> anyhow::Result<Submission> {
    let asked = path;
    let (path, named) = holder_of(pack, path).map_or((path, None), |(at, name)| (at, Some(name)));
    let shown = clean(&path.display().to_string());
    let (mut plans, mut wrong) = sources::read_path(pack, path)?;
    if named.is_some() && plans.len() < 2 {
        (plans, wrong) = sources::read_path(pack, asked)?;
    }
    batch::tell(&wrong, common);
    let plans: Vec<Submission> = plans.into_iter().map(|(plan, _)| plan).collect();
    let paths: Vec<String> = plans.iter().map(|plan| plan.path.clone()).collect();
    let is_meant = |plan: &Submission| named.is_none_or(|name| plan.path == name);
    let mut meant: Vec<Submission> = plans.into_iter().filter(is_meant).collect();
    let which = || {
        let first: Vec<&str> = paths.iter().map(String::as_str).take(SHOWN).collect();
        let more = match paths.len().saturating_sub(SHOWN) {
            0 => String::new(),
            _ => format!(", … ({} in all)", paths.len()),
        };
        let example = first.first().map_or("", |first| first);
        format!(
            "name one of {}{more}, as in `{shown}/{example}`",
            first.join(", ")
        )
    };
    match (meant.pop(), meant.is_empty(), named) {
        (Some(plan), true, _) => Ok(plan),
        (Some(_), false, _) => bail!(
            "{shown} holds {} submissions, and one is meant: {}",
            paths.len(),
            clean(&which())
        ),
        (None, _, Some(name)) => bail!(
            "{shown} holds no submission `{}`: {}",
            clean(name),
            clean(&which())
        ),
        (None, ..) => bail!("{shown} holds no submission"),
    }
}

/// What holds the submission that a path names which is not there itself, and its name: a file, or a folder of tables.
fn holder_of<'p>(pack: &Pack, path: &'p Path) -> Option<(&'p Path, &'p str)> {
    if path.symlink_metadata().is_ok() {
        return None;
    }
    let (holder, name) = (path.parent()?, path.file_name()?.to_str()?);
    let is_table = |path: &Path| {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        stem.is_some_and(|stem| pack.schema.find_table(stem).is_some())
    };
    let holds = holder.is_file()
        || (holder.read_dir().ok()?.flatten()).any(|entry| is_table(&entry.path()));
    holds.then_some((holder, name))
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
