//! The command line: one file a verb. Only this part prints, and only this part and the archive read and write the disk.

mod annotate;
mod answer;
mod archive;
mod aside;
mod batch;
mod before;
mod compare;
mod decide;
mod disk;
mod edges;
mod eval;
mod git;
mod impact;
mod in_turn;
mod intake;
mod lint;
mod memory;
mod mutants;
mod new;
mod office;
mod one;
mod out;
mod pack;
mod repair;
mod rules;
mod schema;
mod sources;
mod spool;
mod template;
mod test;
mod trace;
mod verify;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use accordant::neutral::clean;

/// Check grant plans and other submissions against the rules that govern them. It advises; a person decides.
#[derive(Parser)]
#[command(name = "accordant", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
#[command(defer = true)]
enum Verb {
    /// Check one's own submission before it is sent: every mistake, where it is, what to do
    Check(batch::Check),
    /// Review a batch of submissions: one table, and a report for each with --out
    Review(batch::Review),
    /// List what is to be answered, as rows to be filled in; with --say, write one answer into a file
    Answer(answer::Answers),
    /// Record what was decided on a plan; with --conditions, print the conditions for the next plan
    Decide(decide::Decide),
    /// Run a recorded review again and compare it byte for byte; say in words what differs
    Verify(verify::Verify),
    /// Keep every review, answer and determination in one file, and show a district across years
    Archive(archive::Archive),
    /// Show what is understood of a file before anything is judged; with --out, write it in the pack's own form
    Intake(intake::Intake),
    /// List the rules in force, or show one in full: its sources, its test, its cases, its history
    Rules(rules::Rules),
    /// Write the file of a new rule, with its cases to be filled in
    New(new::New),
    /// Show which rules rest on which clause, with their cases, and why a clause has none
    Trace(trace::Trace),
    /// Write an office file for a fiscal year, with everything that a person must supply for it
    Office(office::Office),
    /// Write an empty workbook to write a submission in, with choices, totals and checks
    Template(template::Template),
    /// Evaluate an expression, over a submission if one is given
    Eval(eval::Eval),
    /// Look through a pack for what nothing uses, what passes unseen and what reads badly
    Lint(lint::Lint),
    /// Write the JSON Schema of a file of a pack or of a report, for editors and programs
    Schema(schema::Schema),
    /// Print cases at, under and over the edge of each comparison of a rule, to be pasted into its file
    Edges(edges::Edges),
    /// Run the cases of a pack's rules; with --goldens, compare whole reviews
    Test(test::Test),
    /// Compare two submissions: what was added, dropped and changed, where money went, which findings are cured
    Compare(compare::Compare),
    /// Show what would have to be changed so that findings pass: amounts, verified by all rules, and cells to fill in
    Repair(repair::Repair),
    /// Show what a change of rules changes: which recommendations, for which districts, because of which rule
    Impact(impact::Impact),
}

/// The pack of who names none.
const DEFAULT_PACK: &str = "alliance";

/// Options of every verb.
#[derive(Args)]
struct Common {
    /// The pack: the id of one that is built in, or the path of a pack's folder
    #[arg(
        long,
        value_name = "ID|PATH",
        default_value = DEFAULT_PACK,
        global = true
    )]
    pack: String,
    /// What the reviewing office supplies: a TOML file, or a folder with office.toml and CSV tables
    #[arg(long, value_name = "FILE|DIR", global = true)]
    office: Option<PathBuf>,
    /// The fiscal year, for what states none
    #[arg(long, value_name = "FY", global = true, value_parser = fiscal_year)]
    year: Option<i64>,
    /// The day at which answers and dates are judged; absent: today
    #[arg(long, value_name = "DATE", global = true, value_parser = memory::date)]
    as_of: Option<accordant::value::Date>,
    /// The form of the output
    #[arg(long, value_enum, default_value_t = Format::Text, global = true)]
    format: Format,
    /// Whether to use colours
    #[arg(long, value_enum, default_value_t = Colour::Auto, global = true)]
    color: Colour,
    /// Say nothing on standard error but errors
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs
    Json,
    /// A table of the findings, for spreadsheets
    Csv,
    /// For a page, where a verb has it
    Markdown,
    /// Pages for a browser
    Html,
    /// A workbook of the findings
    Xlsx,
    /// For code scanners: SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// For build servers
    Junit,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Markdown => "markdown",
            Format::Html => "html",
            Format::Xlsx => "xlsx",
            Format::Sarif => "sarif",
            Format::Github => "github",
            Format::Junit => "junit",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Colour {
    /// On a terminal
    Auto,
    Always,
    Never,
}

fn fiscal_year(text: &str) -> Result<i64, String> {
    accordant::value::parse_year(text)
        .ok_or_else(|| "write a fiscal year as 2027, FY2027 or 2026-27".to_owned())
}

impl Common {
    /// Whether standard output (or standard error) is shown in colour.
    fn colour(&self, on_terminal: bool) -> bool {
        match self.color {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                on_terminal && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
            }
        }
    }

    /// Refuses a form of output that a verb does not have, and names those that it has.
    fn has_format(&self, verb: &str, formats: &[Format]) -> anyhow::Result<()> {
        if formats.contains(&self.format) {
            return Ok(());
        }
        let names: Vec<_> = formats.iter().map(|f| f.name()).collect();
        anyhow::bail!(
            "`{verb}` has no format `{}`; it has: {}",
            self.format.name(),
            names.join(", ")
        )
    }

    /// Refuses a second pack beside the one that a verb is given.
    fn names_one_pack(&self, pack: &str) -> anyhow::Result<()> {
        if self.pack == DEFAULT_PACK || self.pack == pack {
            return Ok(());
        }
        anyhow::bail!(
            "`{pack}` and `--pack {}` are two packs: name one",
            self.pack
        )
    }

    fn colour_out(&self) -> bool {
        self.colour(io::stdout().is_terminal())
    }

    fn colour_err(&self) -> bool {
        self.colour(io::stderr().is_terminal())
    }
}

/// The formats of most verbs.
const PLAIN: [Format; 2] = [Format::Text, Format::Json];

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Status {
    /// Nothing above a note.
    Clean,
    /// Findings, unreadable cells, failed cases, changed goldens.
    Found,
    /// Something could not be checked.
    CouldNotCheck,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        ExitCode::from(match status {
            Status::Clean => 0,
            Status::Found => 1,
            Status::CouldNotCheck => 2,
        })
    }
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    keep_freed_memory();
    quiet_panics();
    roomy_threads();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let error = of_clean_arguments().unwrap_or(error);
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let status = match cli.verb {
        Verb::Check(verb) => verb.run(),
        Verb::Review(verb) => verb.run(),
        Verb::Answer(verb) => verb.run(),
        Verb::Decide(verb) => verb.run(),
        Verb::Verify(verb) => verb.run(),
        Verb::Archive(verb) => verb.run(),
        Verb::Intake(verb) => verb.run(),
        Verb::Rules(verb) => verb.run(),
        Verb::New(verb) => verb.run(),
        Verb::Trace(verb) => verb.run(),
        Verb::Office(verb) => verb.run(),
        Verb::Template(verb) => verb.run(),
        Verb::Eval(verb) => verb.run(),
        Verb::Lint(verb) => verb.run(),
        Verb::Schema(verb) => verb.run(),
        Verb::Edges(verb) => verb.run(),
        Verb::Test(verb) => verb.run(),
        Verb::Compare(verb) => verb.run(),
        Verb::Repair(verb) => verb.run(),
        Verb::Impact(verb) => verb.run(),
    };
    match status {
        Ok(status) => status.into(),
        // The reader of the output went away: it has what it wants.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {error:#}"));
            Status::CouldNotCheck.into()
        }
    }
}

/// Frees one large block, from which glibc learns to keep smaller ones in its heap instead of mapping each, and to give back only
/// what goes beyond twice its size. Other allocators do not mind.
fn keep_freed_memory() {
    const LARGE: usize = 1 << 18;
    drop(std::hint::black_box(Vec::<u8>::with_capacity(LARGE)));
}

/// What is wrong with the arguments when nothing in them commands a terminal: the message repeats them.
fn of_clean_arguments() -> Option<clap::Error> {
    let arguments = std::env::args_os().map(|a| clean(&a.to_string_lossy()));
    Cli::try_parse_from(arguments).err()
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<io::Error>()
            .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// The workbook library panics on some broken workbooks; that is caught, told at the workbook's place, and needs no
/// second telling here.
fn quiet_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let foreign = info
            .location()
            .is_some_and(|l| l.file().contains("calamine"));
        if !foreign {
            usual(info);
        }
    }));
}

/// Gives every thread room for the deepest expression that is taken, which needs more than threads have by default.
fn roomy_threads() {
    const STACK: usize = 16 << 20;
    // It fails only where there are threads already.
    let _ = rayon::ThreadPoolBuilder::new()
        .stack_size(STACK)
        .build_global();
}

/// Writes a result to standard output.
fn print(text: &str) -> anyhow::Result<()> {
    print_bytes(text.as_bytes())
}

/// The same for bytes. Who reads no further has what is wanted; what was found stays found.
fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    unless_gone(out.write_all(bytes).and_then(|()| out.flush()))
}

fn unless_gone(written: io::Result<()>) -> anyhow::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Writes a line to standard error, as far as that can be done.
fn complain(line: &str) {
    show(&format!("{}\n", clean(line)));
}

/// Writes what is drawn already to standard error, as far as that can be done.
fn show(drawn: &str) {
    let _ = io::stderr().lock().write_all(drawn.as_bytes());
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    /// Each verb with what is said of it.
    fn said(cli: &clap::Command) -> Vec<(String, String)> {
        let verbs = cli.get_subcommands();
        let said = verbs.map(|verb| (verb.get_name(), verb.get_about()));
        said.map(|(name, about)| {
            (
                name.to_owned(),
                about.map_or_else(String::new, ToString::to_string),
            )
        })
        .filter(|(name, _)| name != "help")
        .collect()
    }

    #[test]
    fn a_verb_says_the_same_of_itself_as_the_list_of_verbs() {
        let listed = said(&Cli::command());
        let mut built = Cli::command();
        built.build();
        assert!(!listed.is_empty());
        assert_eq!(said(&built), listed);
    }
}
