//! `rules`: those in force, one in full, or a new one.

use std::path::Path;

use anyhow::bail;
use clap::{Args, Subcommand};

use accordant::diagnostic::{fold, suggest};
use accordant::pack::{Basis, InForce, Pack, Rule, Severity, Source};
use accordant::report::rules::{Listed, One};
use accordant::report::{missing, rules};

use super::{Common, Format, PLAIN, Status, complain, git, pack, print};

/// List the rules in force, or show one in full: its sources, its test, its cases, its history.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Rules {
    #[command(subcommand)]
    verb: Option<Verb>,
    /// The id or the code of a rule
    #[arg(conflicts_with = "missing")]
    rule: Option<String>,
    /// List what the fiscal year still lacks instead, who owes it, and how to supply it
    #[arg(long)]
    missing: bool,
    #[command(flatten)]
    filter: Filter,
    #[command(flatten)]
    common: Common,
}

#[derive(Subcommand)]
enum Verb {
    /// Write the file of a new rule, with its cases to be filled in
    New(super::new::New),
    /// Print cases at, under and over the edge of each comparison of a rule, to be pasted into its file
    Edges(super::edges::Edges),
}

/// Which rules are listed.
#[derive(Args)]
struct Filter {
    /// List only rules of this severity: note, condition, return, escalate
    #[arg(long, value_name = "SEVERITY", conflicts_with_all = ["rule", "missing"])]
    severity: Option<String>,
    /// List only rules of this basis: statute, guidance, data, judgement, policy, advice
    #[arg(long, value_name = "BASIS", conflicts_with_all = ["rule", "missing"])]
    basis: Option<String>,
    /// List only rules that cite this clause or another source: its key, or its citation or the beginning of it
    #[arg(long, value_name = "KEY|CITATION", conflicts_with_all = ["rule", "missing"])]
    clause: Option<String>,
    /// List only rules of this topic, which is a folder under rules/
    #[arg(long, value_name = "TOPIC", conflicts_with_all = ["rule", "missing"])]
    topic: Option<String>,
}

impl Rules {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        match self.verb {
            Some(Verb::New(new)) => return new.run(),
            Some(Verb::Edges(edges)) => return edges.run(),
            None => {}
        }
        let formats = [Format::Text, Format::Json, Format::Markdown];
        let (verb, formats) = if self.missing {
            ("rules --missing", &PLAIN[..])
        } else {
            ("rules", &formats[..])
        };
        self.common.has_format(verb, formats)?;
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let year = self.common.year.unwrap_or(pack.years.1);
        if self.missing {
            return self.print_missing(&pack, year);
        }
        if !pack.covers(year) {
            complain(&format!("error: {}", pack.why_not_covered(year)));
            return Ok(Status::CouldNotCheck);
        }
        match &self.rule {
            Some(wanted) => self.print_rule(&pack, wanted, year),
            None => self.print_list(&pack, year),
        }
    }

    /// Prints the rules of an id or a code in full.
    fn print_rule(&self, pack: &Pack, wanted: &str, year: i64) -> anyhow::Result<Status> {
        let is_it = |r: &&Rule| r.id == wanted || r.code.eq_ignore_ascii_case(wanted);
        let found: Vec<&Rule> = pack.rules.iter().filter(is_it).collect();
        if found.is_empty() {
            let help = suggest(wanted, pack.rules.iter().map(|r| r.id.as_str()));
            complain(&format!("error: there is no rule `{wanted}`; {help}"));
            return Ok(Status::CouldNotCheck);
        }
        let one = |rule| One {
            pack,
            rule,
            year,
            history: self.history(rule),
        };
        let found: Vec<One<'_>> = found.into_iter().map(one).collect();
        let each = |print: fn(&One<'_>) -> String| {
            let printed: Vec<String> = found.iter().map(print).collect();
            printed.join("\n")
        };
        print(&match self.common.format {
            Format::Json => rules::one_json(&found),
            Format::Markdown => each(rules::one_markdown),
            _ => each(rules::one),
        })?;
        Ok(Status::Clean)
    }

    /// The commits that touched a rule's file; none of a pack that is built in.
    fn history(&self, rule: &Rule) -> Vec<rules::Commit> {
        let folder = Path::new(&self.common.pack);
        let is_built_in = accordant::pack::embedded_ids().any(|id| id == self.common.pack);
        let Some(file) = rule.file.split_once('/').map(|(_, file)| file) else {
            return Vec::new();
        };
        if is_built_in || !folder.join(file).is_file() {
            return Vec::new();
        }
        git::history(folder, file)
    }

    /// Prints the rules in force that the filters leave.
    fn print_list(&self, pack: &Pack, year: i64) -> anyhow::Result<Status> {
        let in_force = InForce::new(pack, year);
        let cited = self.filter.check(pack)?;
        let all = in_force.rules.iter().map(|c| c.rule);
        let listed = Listed {
            pack,
            year,
            of: in_force.rules.len(),
            rules: all
                .filter(|r| self.filter.keeps(r, cited.as_deref()))
                .collect(),
        };
        print(&match self.common.format {
            Format::Json => rules::json(&listed),
            Format::Markdown => rules::markdown(&listed),
            _ => rules::list(&listed),
        })?;
        Ok(Status::Clean)
    }

    fn print_missing(&self, pack: &Pack, year: i64) -> anyhow::Result<Status> {
        let lacking = pack.lacking(year);
        print(&match self.common.format {
            Format::Json => missing::json(pack, &lacking),
            _ => missing::text(pack, &lacking),
        })?;
        Ok(if lacking.is_empty() {
            Status::Clean
        } else {
            Status::Found
        })
    }
}

impl Filter {
    /// Refuses a name that is none; gives the sources that the clause means, where one is named.
    fn check(&self, pack: &Pack) -> anyhow::Result<Option<Vec<usize>>> {
        known("severity", self.severity.as_deref(), Severity::names())?;
        known("basis", self.basis.as_deref(), Basis::names())?;
        let topics = pack.rules.iter().map(Rule::topic);
        let mut topics: Vec<&str> = topics.collect();
        topics.sort_unstable();
        topics.dedup();
        known("topic", self.topic.as_deref(), topics.iter().copied())?;
        let Some(clause) = &self.clause else {
            return Ok(None);
        };
        let begins = fold(clause);
        let is_it = |s: &Source| s.key == *clause || fold(&s.citation).starts_with(&begins);
        let sources = pack.sources.iter().enumerate();
        let found: Vec<usize> = sources
            .filter(|(_, s)| is_it(s))
            .map(|(at, _)| at)
            .collect();
        if found.is_empty() {
            let help = suggest(clause, pack.sources.iter().map(|s| s.key.as_str()));
            bail!("there is no clause or other source `{clause}`; {help}");
        }
        Ok(Some(found))
    }

    fn keeps(&self, rule: &Rule, cited: Option<&[usize]>) -> bool {
        let is = |wanted: &Option<String>, name: &str| wanted.as_ref().is_none_or(|w| w == name);
        is(&self.severity, rule.severity.name())
            && is(&self.basis, rule.basis.name())
            && is(&self.topic, rule.topic())
            && cited.is_none_or(|cited| rule.cites.iter().any(|at| cited.contains(at)))
    }
}

/// Refuses a name that is none of the known ones.
fn known<'n>(
    what: &str,
    name: Option<&str>,
    names: impl Iterator<Item = &'n str> + Clone,
) -> anyhow::Result<()> {
    match name {
        Some(name) if !names.clone().any(|n| n == name) => {
            bail!("there is no {what} `{name}`; {}", suggest(name, names))
        }
        _ => Ok(()),
    }
}
