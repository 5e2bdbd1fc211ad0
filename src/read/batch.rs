//! What a batch holds, sorted out by names: submissions, statewide tables, and what is not read.

use std::collections::BTreeMap;

use super::lines::PLAN;
use super::statewide::{PlanKey, has_rows, is_statewide};
use crate::schema::{Schema, TableId};
use crate::table::Texts;

/// What a batch holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// What is to be read, in the order of folders.
    pub submissions: Vec<Source>,
    /// What is not, in the order of paths.
    pub not_read: Vec<NotRead>,
}

/// Where one submission, or the submissions of statewide tables, are read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A folder with tables.
    Folder {
        /// The submission's path.
        path: String,
        /// The paths of its tables.
        files: Vec<String>,
    },
    /// A workbook; its path is the submission's.
    Workbook {
        /// Its path.
        path: String,
    },
    /// A text file in a form that the pack maps.
    Export {
        /// Its path.
        path: String,
    },
    /// Tables with the rows of many plans.
    Statewide {
        /// The paths of the tables.
        files: Vec<String>,
    },
}

/// A file that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// Its path.
    pub path: String,
    /// Why; lower case, no full stop.
    pub why: &'static str,
}

/// What a file is, by its name.
enum Kind {
    Hidden,
    Table(TableId),
    Workbook,
    /// A text file that is no table by its name, and why it is not read if it is in no form.
    Text(&'static str),
    Other(&'static str),
}

/// Sorts out the files of a batch. `name` is the name of the folder itself, which is the path of a submission when its
/// tables stand at the root; `paths` are relative to it, with `/`; `head` gives the first bytes of a table, which tell a
/// folder of statewide tables, whose columns `key` names, from a submission; `read` gives all bytes of another text, and
/// `is_form` tells whether it is in a form that is mapped.
pub fn sort_batch(
    schema: &Schema,
    key: PlanKey,
    name: &str,
    paths: &[String],
    head: &dyn Fn(&str) -> Option<Vec<u8>>,
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
    is_form: &dyn Fn(&str, &[u8]) -> bool,
) -> Batch {
    let export = |path: &str| read(path).is_some_and(|bytes| is_form(path, &bytes));
    let mut batch = Batch::default();
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    paths.sort_unstable();
    for path in paths {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push(path);
    }
    for (folder, files) in folders {
        let mut tables = Vec::new();
        for path in files {
            match kind(schema, path) {
                Kind::Hidden => {}
                // A letter may be called `plan.txt`.
                Kind::Table(table) if is_text(path) && !holds_table(schema, table, path, read) => {
                    batch.not_read.push(NotRead {
                        path: path.to_owned(),
                        why: "a text without the columns of the table that it is named after",
                    });
                }
                Kind::Table(table) => tables.push((table, path)),
                Kind::Workbook => batch.submissions.push(Source::Workbook {
                    path: path.to_owned(),
                }),
                Kind::Text(_) if export(path) => batch.submissions.push(Source::Export {
                    path: path.to_owned(),
                }),
                Kind::Text(why) | Kind::Other(why) => batch.not_read.push(NotRead {
                    path: path.to_owned(),
                    why,
                }),
            }
        }
        // A lone table is perhaps the export of another system that has a table's name.
        if let [(_, path)] = tables.as_slice()
            && !is_toml(path)
            && export(path)
        {
            batch.submissions.push(Source::Export {
                path: (*path).to_owned(),
            });
            continue;
        }
        batch.submissions.extend(source_of(
            schema,
            key,
            if folder.is_empty() { name } else { folder },
            &tables,
            head,
        ));
    }
    batch.not_read.sort_by(|a, b| a.path.cmp(&b.path));
    batch
}

/// What the tables of one folder are. They are statewide when another table than `plan.csv`, if there is one, has the columns of
/// the key, and so has `plan.csv`, or it holds several plans: then the columns are missing.
fn source_of(
    schema: &Schema,
    key: PlanKey,
    path: &str,
    tables: &[(TableId, &str)],
    head: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> Option<Source> {
    if tables.is_empty() {
        return None;
    }
    let has_key = |(id, path): &(TableId, &str)| {
        let table = schema.tables.get(*id).filter(|_| !is_toml(path));
        table
            .zip(head(path))
            .is_some_and(|(table, head)| is_statewide(schema, key, table, &head))
    };
    let plan = schema.table(PLAN);
    let (plans, others): (Vec<_>, Vec<_>) = tables.iter().partition(|(id, _)| Some(*id) == plan);
    let has_plans = |(id, path): &(TableId, &str)| {
        let table = schema.tables.get(*id).filter(|_| !is_toml(path));
        table
            .zip(head(path))
            .is_some_and(|(table, head)| has_rows(schema, key, table, &head))
    };
    let is_keyed = plans.iter().any(has_key);
    let statewide = if others.is_empty() {
        is_keyed
    } else {
        (is_keyed || plans.iter().any(has_plans)) && others.iter().any(has_key)
    };
    let files = tables.iter().map(|(_, path)| (*path).to_owned()).collect();
    Some(if statewide {
        Source::Statewide { files }
    } else {
        Source::Folder {
            path: path.to_owned(),
            files,
        }
    })
}

fn is_text(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("txt"))
}

/// Whether a text file has a header of the table that it is named after.
fn holds_table(
    schema: &Schema,
    table: TableId,
    path: &str,
    read: &dyn Fn(&str) -> Option<Vec<u8>>,
) -> bool {
    let table = schema.tables.get(table).zip(read(path));
    table.is_none_or(|(table, bytes)| {
        let mut told = Vec::new();
        !super::read_csv(table, path, &bytes, &mut Texts::default(), &mut told).lost
    })
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The table that a text file of this name holds.
pub(crate) fn table_of(schema: &Schema, path: &str) -> Option<TableId> {
    let (stem, ending) = file_name(path).rsplit_once('.')?;
    let table = schema.find_table(stem)?;
    match ending.to_ascii_lowercase().as_str() {
        "csv" | "tsv" | "txt" => Some(table),
        "toml" => (schema.table(PLAN) == Some(table)).then_some(table),
        _ => None,
    }
}

/// Whether a file's name says that it is TOML.
pub(crate) fn is_toml(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("toml"))
}

fn kind(schema: &Schema, path: &str) -> Kind {
    if path.split('/').any(|part| part.starts_with('.')) {
        return Kind::Hidden;
    }
    let name = file_name(path);
    // The golden of a review stands beside what is reviewed, and is no part of it.
    if name == "expected.json" {
        return Kind::Hidden;
    }
    if name == "office.toml" {
        return Kind::Other("an office file: name it with --office");
    }
    if name.strip_suffix(".csv") == Some(super::ORIGIN) {
        return Kind::Other("where the cells came from, as intake wrote it");
    }
    if name.starts_with("~$") {
        return Kind::Other("a lock file of a program that has the workbook open");
    }
    if let Some(table) = table_of(schema, path) {
        return Kind::Table(table);
    }
    let ending = name
        .rsplit_once('.')
        .map_or(String::new(), |(_, ending)| ending.to_ascii_lowercase());
    match ending.as_str() {
        "xlsx" | "xlsm" | "ods" => Kind::Workbook,
        "xls" => Kind::Other("an old .xls workbook: save it as .xlsx"),
        "xlsb" | "numbers" => Kind::Other("a workbook of another kind: save it as .xlsx"),
        "csv" | "tsv" => Kind::Text(
            "its name is not that of a table, and its columns are those of no known form",
        ),
        "txt" => Kind::Text("not a table"),
        _ => Kind::Other("not a table"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::testing::schema;

    fn sort(paths: &[&str], plan: &str) -> Batch {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        sort_of(&paths, &|_| Some(plan.as_bytes().to_vec()))
    }

    fn sort_of(paths: &[String], read: &dyn Fn(&str) -> Option<Vec<u8>>) -> Batch {
        sort_batch(
            &schema(),
            PlanKey::default(),
            "root",
            paths,
            read,
            read,
            &|_, _| false,
        )
    }

    fn folder(path: &str, files: &[&str]) -> Source {
        Source::Folder {
            path: path.to_owned(),
            files: files.iter().map(|file| (*file).to_owned()).collect(),
        }
    }

    #[test]
    fn folders_and_workbooks_at_any_depth() {
        let batch = sort(
            &[
                "a/plan.toml",
                "a/budget.csv",
                "a/letter.pdf",
                "mail/b/Budget.CSV",
                "c.xlsx",
                "mail/d/d.xlsx",
                "mail/e.ODS",
                ".git/x",
                "a/.DS_Store",
            ],
            "",
        );
        let book = |path: &str| Source::Workbook {
            path: path.to_owned(),
        };
        let want = vec![
            book("c.xlsx"),
            folder("a", &["a/budget.csv", "a/plan.toml"]),
            book("mail/e.ODS"),
            folder("mail/b", &["mail/b/Budget.CSV"]),
            book("mail/d/d.xlsx"),
        ];
        assert_eq!(batch.submissions, want);
        assert_eq!(
            batch.not_read,
            [NotRead {
                path: "a/letter.pdf".into(),
                why: "not a table"
            }]
        );
    }

    #[test]
    fn a_submission_at_the_root_has_the_name_of_the_folder() {
        assert_eq!(
            sort(&["plan.toml", "notes of the board.csv"], "").submissions,
            [folder("root", &["notes of the board.csv", "plan.toml"])]
        );
    }

    #[test]
    fn everything_else_is_listed() {
        let paths = [
            "README.md",
            "Thumbs.db",
            "budgets 2026.csv",
            "office.toml",
            "old.xls",
            "x/~$a.xlsx",
        ];
        let batch = sort(&[&paths[..], &["expected.json"]].concat(), "");
        assert!(batch.submissions.is_empty());
        let read: Vec<_> = batch
            .not_read
            .iter()
            .map(|file| file.path.as_str())
            .collect();
        assert_eq!(read, paths);
        assert_eq!(
            batch.not_read[4].why,
            "an old .xls workbook: save it as .xlsx"
        );
    }

    #[test]
    fn statewide_tables_are_told_by_their_key() {
        let files = ["plan.csv", "budget.csv"];
        let statewide = sort(&files, "District code,plan_year,amount,allocation\n");
        assert_eq!(
            statewide.submissions,
            [Source::Statewide {
                files: vec!["budget.csv".into(), "plan.csv".into()]
            }]
        );
        // Of several plans the key is missing; of one it need not be there.
        let of = |plans: &'static str| {
            let read = move |path: &str| {
                let text = if path == "plan.csv" {
                    plans
                } else {
                    "district_code,plan_year,amount\n"
                };
                Some(text.as_bytes().to_vec())
            };
            let batch = sort_of(&files.map(str::to_owned), &read);
            matches!(batch.submissions.as_slice(), [Source::Statewide { .. }])
        };
        assert!(of("district_code,allocation\n0020011,5\n0020021,6\n"));
        assert!(!of("district_code,allocation\n0020011,5\n"));
        assert!(!of(
            "Field,Value\nDistrict code,0020011\nallocation,5\nname,x\n"
        ));
        assert!(!of(
            "district_code,0020011\nallocation,5\naward,6\nname,x\n"
        ));
        let plain = sort(&files, "district_code,fiscal_year,allocation\n");
        assert_eq!(
            plain.submissions,
            [folder("root", &["budget.csv", "plan.csv"])]
        );
    }
}
