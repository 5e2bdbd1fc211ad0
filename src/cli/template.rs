//! `template`: an empty workbook to write a submission in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use accordant::batch::identify;
use accordant::diagnostic::{Weight, suggest};
use accordant::neutral::clean;
use accordant::pack::{InForce, Pack};
use accordant::submission::Submission;
use accordant::table::Rows;
use accordant::workbook::template::{Asked, Last, make};

use super::{Common, Format, Status, disk, pack, print, sources};

/// Write an empty workbook to write a submission in, with choices, totals and checks.
#[derive(Args)]
pub(super) struct Template {
    /// The workbook; when absent: PACK-YEAR.xlsx or PACK-YEAR-DISTRICT.xlsx
    #[arg(long, short, value_name = "FILE.xlsx")]
    output: Option<PathBuf>,
    /// Fill in what is known of a submitter, by its code or by any of its names
    #[arg(long, value_name = "NAME")]
    district: Option<String>,
    /// Carry over what last year's submission planned: a workbook or a folder
    #[arg(long, value_name = "LASTYEAR")]
    from: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Who submits.
#[derive(Default)]
struct Submitter {
    code: Option<String>,
    name: Option<String>,
}

impl Template {
    pub(super) fn run(self) -> anyhow::Result<Status> {
        self.common
            .has_format("template", &[Format::Text, Format::Xlsx])?;
        let Some(pack) = pack::load(&self.common)? else {
            return Ok(Status::CouldNotCheck);
        };
        let last = self.from.as_deref().map(|path| read(&pack, path));
        let last = last.transpose()?;
        let known = last
            .as_ref()
            .map(|(submission, _)| identify(&pack, submission));
        let last_year = known.as_ref().and_then(|k| k.year);
        let year = self.year(&pack, last_year)?;
        let submitter = match (&self.district, known) {
            (Some(asked), known) => {
                let found = find(&pack, asked, year)?;
                let of_last = known.and_then(|k| k.code);
                if let (Some(asked), Some(last)) = (&found.code, &of_last)
                    && asked != last
                {
                    bail!("last year's file is of {last}, and the template is to be for {asked}");
                }
                found
            }
            (None, Some(known)) => Submitter {
                name: known
                    .code
                    .as_deref()
                    .and_then(|code| name_of(&pack, code, year))
                    .or(known.name),
                code: known.code,
            },
            (None, None) => Submitter::default(),
        };
        let path = self
            .output
            .clone()
            .unwrap_or_else(|| usual(&pack, year, &submitter));
        Self::may_write(&path)?;
        let in_force = InForce::new(&pack, year);
        let name = last.as_ref().map_or("", |(_, name)| name.as_str());
        let asked = Asked {
            code: submitter.code.as_deref(),
            name: submitter.name.as_deref(),
            last: last.as_ref().map(|(submission, _)| Last {
                submission,
                name,
                year: last_year,
            }),
        };
        let made = make(&in_force, asked).context("cannot write the workbook")?;
        disk::write_whole(&path, &made.bytes)?;
        let mut told = format!("written: {}\n", clean(&path.display().to_string()));
        for line in made.told {
            let _ = writeln!(told, "  {}", clean(&line));
        }
        print(&told)?;
        Ok(Status::Clean)
    }

    /// The year that is asked for, else the one behind last year's, else the pack's last.
    fn year(&self, pack: &Pack, last: Option<i64>) -> anyhow::Result<i64> {
        let (from, until) = pack.years;
        let next = last.map(|year| year + 1);
        let year = self.common.year.or(next).unwrap_or(until);
        if !(from..=until).contains(&year) {
            bail!(
                "the pack `{}` covers fiscal years {from} to {until}, not {year}: an office file may extend them",
                pack.id
            );
        }
        if let Some(last) = last.filter(|last| *last >= year) {
            bail!("`--from` is a file for fiscal year {last}, which is not before {year}");
        }
        Ok(year)
    }

    fn may_write(path: &Path) -> anyhow::Result<()> {
        let is_workbook = path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("xlsx"));
        if !is_workbook {
            bail!(
                "{} does not end with .xlsx: a template is a workbook",
                path.display()
            );
        }
        if path.exists() {
            bail!(
                "{} is there already, and is not written over",
                path.display()
            );
        }
        Ok(())
    }
}

/// Last year's submission, and the name of its file.
fn read(pack: &Pack, path: &Path) -> anyhow::Result<(Submission, String)> {
    let (mut found, _) = sources::read_path(pack, path)?;
    let (Some((one, _)), true) = (found.pop(), found.is_empty()) else {
        bail!(
            "{} does not hold one {}: name the file or folder of one",
            path.display(),
            pack.words.submission
        );
    };
    if let Some(fatal) = one.diagnostics.iter().find(|d| d.weight == Weight::Fatal) {
        bail!("{}: {}", fatal.place, fatal.message);
    }
    if one.tables.iter().all(Rows::is_absent) {
        bail!("{} holds nothing that can be carried over", path.display());
    }
    let name = path.file_name().unwrap_or(path.as_os_str());
    Ok((one, name.to_string_lossy().into_owned()))
}

/// The submitter of a code or of any name.
fn find(pack: &Pack, asked: &str, year: i64) -> anyhow::Result<Submitter> {
    let submitter = &pack.words.submitter;
    let Some(directory) = pack.directory() else {
        if pack.identity.name.is_some() {
            return Ok(Submitter {
                code: None,
                name: Some(asked.to_owned()),
            });
        }
        bail!(
            "the pack `{}` does not say who submits: leave out `--district`",
            pack.id
        );
    };
    let several = directory.meanings(asked);
    if !several.is_empty() {
        bail!(
            "`{}` means several: write the code of one, `{}`",
            clean(asked),
            several.join("` or `")
        );
    }
    let Some(code) = directory.find(asked) else {
        let names = directory.entries.iter();
        let names = names.flat_map(|(code, label)| [code.as_str(), label.as_str()]);
        let meant = suggest(asked, names);
        bail!("there is no {submitter} `{}`: {meant}", clean(asked));
    };
    Ok(Submitter {
        name: name_of(pack, code, year),
        code: Some(code.to_owned()),
    })
}

fn name_of(pack: &Pack, code: &str, year: i64) -> Option<String> {
    pack.district_name(code, Some(year))
}

/// The name of the file when none is given.
fn usual(pack: &Pack, year: i64, submitter: &Submitter) -> PathBuf {
    let who = submitter.name.as_ref().or(submitter.code.as_ref());
    let who = who.map_or_else(String::new, |who| {
        let words = who.to_lowercase();
        let words = words.split(|c: char| !c.is_alphanumeric());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let name: String = words.join("-").chars().take(60).collect();
        if name.is_empty() {
            name
        } else {
            format!("-{name}")
        }
    });
    PathBuf::from(format!("{}-{year}{who}.xlsx", pack.id))
}
