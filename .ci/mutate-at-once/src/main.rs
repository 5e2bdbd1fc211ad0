//! Compiles all mutants of the engine into one build, each behind a switch, and tries each on the tests that reach it.
//! The one argument is the project's folder; everything is written under its `target/mutants`.

mod compile;
mod journal;
mod mutant;
mod rewrite;
mod tree;
mod trial;

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::journal::Journal;
use crate::tree::Tree;
use crate::trial::Filters;

fn main() -> Result<()> {
    let root: PathBuf = std::env::args_os()
        .nth(1)
        .context("say which folder holds the project")?
        .into();
    let root = root.canonicalize().context("the project's folder")?;
    let out = root.join("target/mutants/all");
    let mutants = mutant::listed(&root)?;
    eprintln!("{} mutants", mutants.len());
    let tree = Tree::copy(&root, &mutants)?;
    let build = compile::all_at_once(&tree, &mutants, &out)?;
    let tests = trial::tests(&build.programs, &Filters::read(&root)?)?;
    let journal = Journal::open(&out, &tree, &mutants)?;
    trial::judge(&tree, &mutants, &build, tests, &journal)?;
    journal.summarize(&mutants, &build)
}
