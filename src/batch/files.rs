//! Files as bytes in, the JSON of their review out: what an engine that maps over partitions calls.

use std::io::{self, Cursor};

use super::Reviewer;
use crate::diagnostic::Diagnostic;
use crate::pack::Pack;
use crate::read::{self, File, Seekable, Source, Statewide};
use crate::report::json;
use crate::submission::Submission;

impl Reviewer<'_> {
    /// The review of a few files as JSON: a submission's tables, a workbook, an export in a form that the pack maps, or
    /// statewide tables. `name` is what a submission is called whose tables stand in no folder.
    ///
    /// All of it is done on the caller's thread, from these bytes alone; any number of threads may share a reviewer. A later
    /// revision replaces an earlier one among these files, not among those of other calls.
    ///
    /// ```
    /// use accordant::batch::{Options, Reviewer};
    /// use accordant::pack::load_embedded;
    /// use accordant::read::File;
    ///
    /// # let bytes = |path: &str| std::fs::read(format!("fixtures/fy2027/{path}")).unwrap();
    /// let pack = load_embedded("alliance").unwrap().unwrap();
    /// let reviewer = Reviewer::new(&pack, Options::default());
    /// let files = ["windham/plan.toml", "windham/budget.csv"];
    /// let files = files.map(|path| File { path: path.to_owned(), bytes: bytes(path) });
    /// let json = reviewer.review_files("windham", &files);
    /// assert!(json.contains("\"path\": \"windham\""));
    /// ```
    pub fn review_files(&self, name: &str, files: &[File]) -> String {
        let found = Found::new(self.pack, name, files);
        let reviews = found.submissions.iter().map(|one| self.enter(one));
        let mut batch = self.batch_of(reviews.collect());
        batch.diagnostics.splice(0..0, found.diagnostics);
        batch.not_read.extend(found.not_read);
        batch.not_read.sort();
        json::write(&batch)
    }
}

/// What some files hold.
#[derive(Default)]
struct Found {
    submissions: Vec<Submission>,
    diagnostics: Vec<Diagnostic>,
    not_read: Vec<(String, String)>,
}

impl Found {
    fn new(pack: &Pack, name: &str, files: &[File]) -> Self {
        let paths: Vec<String> = files.iter().map(|file| file.path.clone()).collect();
        let sorted = read::sort_batch(
            &pack.schema,
            pack.key(),
            name,
            &paths,
            &|path| read::head_of(bytes_of(files, path)?).ok(),
            &|path| bytes_of(files, path).map(<[u8]>::to_vec),
            &|path, bytes| pack.forms().knows_text(path, bytes),
        );
        let not_read = sorted.not_read.into_iter();
        let mut found = Found {
            not_read: not_read.map(|n| (n.path, n.why.to_owned())).collect(),
            ..Found::default()
        };
        for source in &sorted.submissions {
            found.read(pack, files, source);
        }
        found
    }

    fn read(&mut self, pack: &Pack, files: &[File], source: &Source) {
        let bytes = |path: &str| bytes_of(files, path).unwrap_or_default();
        let taken = match source {
            Source::Folder { path, files: paths } => {
                let tables = files.iter().filter(|file| paths.contains(&file.path));
                let tables: Vec<File> = tables.cloned().collect();
                let submission = read::read_folder(&pack.schema, path, &tables);
                return self.submissions.push(submission);
            }
            Source::Statewide { files: paths } => return self.read_statewide(pack, files, paths),
            Source::Workbook { path } => pack.forms().read_workbook(path, bytes(path)),
            Source::Export { path } => pack
                .forms()
                .read_text(path, bytes(path))
                .unwrap_or_default(),
        };
        let plans = taken.plans.into_iter().map(|(submission, _)| submission);
        self.submissions.extend(plans);
        self.diagnostics.extend(taken.diagnostics);
    }

    fn read_statewide(&mut self, pack: &Pack, files: &[File], paths: &[String]) {
        let open = |path: &str| -> io::Result<Box<dyn Seekable + '_>> {
            let bytes = bytes_of(files, path).ok_or(io::ErrorKind::NotFound)?;
            Ok(Box::new(Cursor::new(bytes)))
        };
        let mut tables = Statewide::open(&pack.schema, pack.key(), paths, &open);
        self.submissions.extend(tables.read_all(open));
        self.submissions.append(&mut tables.untold);
        self.diagnostics.append(&mut tables.diagnostics);
    }
}

fn bytes_of<'f>(files: &'f [File], path: &str) -> Option<&'f [u8]> {
    let file = files.iter().find(|file| file.path == path)?;
    Some(&file.bytes)
}
