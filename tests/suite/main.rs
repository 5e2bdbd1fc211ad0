//! What a user sees: transcripts, reports, drawn mistakes, goldens; and what holds for every plan.

mod annotate;
mod answers;
mod archive;
mod attacks;
mod broken_packs;
mod browser;
mod cases;
mod compare;
mod edges;
mod evidence;
mod feel;
mod forms;
mod goldens;
#[cfg(target_os = "linux")]
mod hostile;
mod impact;
mod junit;
mod language;
mod letters;
mod library;
mod lint;
mod lists;
mod manual;
mod metamorphic;
mod mutants;
mod offices;
mod pages;
mod plans;
mod repair;
mod reports;
mod schemas;
mod soundness;
mod template;
mod trace;
mod transcripts;
mod traps;
mod years;

use std::path::{Path, PathBuf};

use accordant::pack::{Files, Pack, load, load_embedded};
use accordant::read::{self, File};
use accordant::submission::Submission;

/// A path of the project.
fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A pack that is part of the program.
fn shipped(id: &str) -> Pack {
    load_embedded(id)
        .expect("it is built in")
        .expect("it loads")
}

/// The files of a pack under rules/.
fn pack_files(id: &str) -> Files {
    files_under(&project("rules").join(id))
}

/// The files of a pack in a folder.
fn files_under(root: &Path) -> Files {
    fn walk(root: &Path, folder: &Path, files: &mut Files) {
        for entry in std::fs::read_dir(folder).expect("it is a folder") {
            let path = entry.expect("it can be read").path();
            if path.is_dir() {
                walk(root, &path, files);
            } else {
                let name = path.strip_prefix(root).expect("it is under it");
                let bytes = std::fs::read(&path).expect("it is a file");
                files.insert(name.to_string_lossy().replace('\\', "/"), bytes);
            }
        }
    }
    let mut files = Files::new();
    walk(root, root, &mut files);
    files
}

/// How many cases of a property: `usual`, or as many times more as `ACCORDANT_CASES` is more than a thousand.
fn cases(usual: u32) -> u32 {
    let asked = std::env::var("ACCORDANT_CASES");
    let asked: Option<u32> = asked.ok().and_then(|n| n.parse().ok());
    asked.map_or(usual, |n| n.saturating_mul(usual).div_ceil(1_000))
}

/// The files of the small pack that tests change.
fn set_aside_files() -> Files {
    let root = project("tests/packs/set-aside");
    let paths = [
        "pack.toml",
        "schema.toml",
        "params.toml",
        "sources.toml",
        "data/areas.csv",
        "rules/budget/reading-reserved.toml",
    ];
    paths
        .map(|path| {
            (
                path.to_owned(),
                std::fs::read(root.join(path)).expect("it is there"),
            )
        })
        .into_iter()
        .collect()
}

/// The small pack.
fn set_aside() -> Pack {
    load("set-aside", &set_aside_files()).expect("it loads")
}

/// A submission of the small pack from texts.
fn submission(pack: &Pack, plan: &str, budget: &str) -> Submission {
    submission_of(pack, &[("plan.toml", plan), ("budget.csv", budget)])
}

/// A submission from the names and texts of its files.
fn submission_of(pack: &Pack, files: &[(&str, &str)]) -> Submission {
    let files = files.iter().map(|(name, text)| File {
        path: format!("plan/{name}"),
        bytes: text.as_bytes().to_vec(),
    });
    read::read_folder(&pack.schema, "plan", &files.collect::<Vec<_>>())
}
