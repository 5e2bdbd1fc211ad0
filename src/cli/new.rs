//! `new`: the file of a new rule, to be filled in.

use std::path::Path;

use anyhow::bail;
use clap::Args;

use accordant::author::skeleton::skeleton;
use accordant::diagnostic::suggest;
use accordant::neutral::clean;
use accordant::pack::{Files, Pack, Rule, embedded_ids};

use super::{Common, Format, Status, disk, pack, print};

/// Write the file of a new rule, with its cases to be filled in.
#[derive(Args)]
pub(super) struct New {
    /// Its id: lower-case words joined by hyphens, which say what is wanted
    #[arg(value_name = "RULE")]
    id: String,
    /// The folder under rules/ in which it stands; needed where there are several
    #[arg(long, value_name = "TOPIC")]
    topic: Option<String>,
    /// The table whose rows it judges one by one; absent: it judges the whole submission
    #[arg(long = "for", value_name = "TABLE")]
    over: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl New {
    pub(super) fn run(&self) -> anyhow::Result<Status> {
        self.common.has_format("new", &[Format::Text])?;
        let folder = self.folder()?;
        check_name("rule", &self.id)?;
        let Some(pack) = pack::load_pack(&self.common, &self.common.pack)? else {
            return Ok(Status::CouldNotCheck);
        };
        if let Some(rule) = pack.rule(&self.id) {
            bail!(
                "there is a rule `{}` already: {}",
                self.id,
                clean(&rule.file)
            );
        }
        let path = format!("rules/{}/{}.toml", self.topic(&pack)?, self.id);
        let place = folder.join(&path);
        if place.exists() {
            bail!(
                "{} is there already, and is not written over",
                place.display()
            );
        }
        let text = self.text(&pack)?;
        let (name, mut files): (String, Files) = disk::files_of(folder)?;
        files.insert(path, text.clone().into_bytes());
        // What the author finds must load: its cases alone say what to fill in.
        if pack::load_files(&self.common, &name, &files).is_none() {
            bail!(
                "{} was not written: the pack would not load with it",
                place.display()
            );
        }
        if let Some(topic) = place.parent() {
            disk::make_folder(topic)?;
        }
        disk::write_whole(&place, text.as_bytes())?;
        let shown = place.to_string_lossy().replace('\\', "/");
        let shown_pack = clean(&self.common.pack);
        print(&format!(
            "written: {}\nfill it in, until `accordant test {shown_pack}` has no failed case\n",
            clean(&shown)
        ))?;
        Ok(Status::Clean)
    }

    /// The folder of the pack; a pack that is built in cannot be written to.
    fn folder(&self) -> anyhow::Result<&Path> {
        let name = &self.common.pack;
        if embedded_ids().any(|id| id == name) {
            bail!(
                "the pack `{name}` is built in and cannot be changed: copy its folder, `rules/{name}` in the sources of \
                 this program, and name the copy, as `--pack ./work/{name}`"
            );
        }
        Ok(Path::new(name))
    }

    /// The folder under `rules/`: the one that is named, or the only one there is.
    fn topic(&self, pack: &Pack) -> anyhow::Result<String> {
        if let Some(topic) = &self.topic {
            check_name("topic", topic)?;
            return Ok(topic.clone());
        }
        let mut topics: Vec<&str> = pack.rules.iter().map(Rule::topic).collect();
        topics.sort_unstable();
        topics.dedup();
        match topics.as_slice() {
            [only] => Ok((*only).to_owned()),
            [] => bail!("say in which folder under rules/ it stands, as `--topic money`"),
            several => bail!(
                "say in which folder under rules/ it stands, with `--topic`; there are: {}",
                clean(&several.join(", "))
            ),
        }
    }

    fn text(&self, pack: &Pack) -> anyhow::Result<String> {
        let Some(text) = skeleton(pack, self.over.as_deref()) else {
            let tables = pack.schema.submission_tables().iter();
            let names: Vec<&str> = tables.map(|t| t.name.as_str()).collect();
            let over = self.over.as_deref().unwrap_or_default();
            bail!("there is no table `{over}`; {}", suggest(over, names));
        };
        Ok(text)
    }
}

/// Refuses a name that is not made of lower-case words joined by hyphens.
fn check_name(what: &str, name: &str) -> anyhow::Result<()> {
    let is_word = |word: &str| {
        let mut letters = word.chars();
        !word.is_empty() && letters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    if name.split('-').all(is_word) {
        return Ok(());
    }
    bail!(
        "`{name}` is no name of a {what}: write lower-case words joined by hyphens, as `budget-within-funds`"
    )
}
