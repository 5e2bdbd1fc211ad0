//! The files of a pack → [`Pack`]: everything in them checked, every mistake of every file told at once.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::late::{Late, Unread};
use super::reference::{cell_text, code_fields, names_in};
use super::rule::{self, Context, Subjects};
use super::schema::{self as schema_file, CodesOf, Pending};
use super::spanned::{Doc, Keys, Text, as_text};
use super::{
    Accept, Dated, Files, Identity, Letter, Links, Pack, Param, Refused, Rule, Source, Summary,
    TemplateSpec, Test, Words, accept, form, links, param, reference, source, summary, template,
};
use crate::diagnostic::{Diagnostic, Level, Lint, Mistake, Weight, nearest, suggest};
use crate::expr::check::fields_of;
use crate::expr::{Expr, Scope, Ty, check_for};
use crate::intake::map::FormMap;
use crate::read;
use crate::schema::{Codes, Field, FieldId, Schema, Table, TableId};
use crate::table::{Rows, Texts};
use crate::value::{Type, Value};

/// Loads a pack from its files. `folder` is the folder's name, which is the pack's id.
pub fn load(folder: &str, files: &Files) -> Result<Pack, Refused> {
    let held = files.iter().map(|(path, bytes)| (&**path, &**bytes));
    load_held(folder, &held.collect(), Purpose::Author, || digest(files))
}

/// What a pack is loaded for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// For everything, the rules' cases included.
    Author,
    /// To judge by it alone, of a pack that was checked: what the rules' cases say is left unread, the maps of forms and the
    /// template until one asks for them, and neither rows of tables nor rules and what they rest on are held against one another.
    Judge,
}

/// The files of a pack, by their path within its folder.
pub(crate) type Held<'a> = BTreeMap<&'a str, &'a [u8]>;

/// Loads a pack from files that others hold, whose digest may be known already.
pub(crate) fn load_held(
    folder: &str,
    files: &Held<'_>,
    purpose: Purpose,
    digest: impl FnOnce() -> String,
) -> Result<Pack, Refused> {
    let loader = Loader {
        files: PackFiles {
            folder,
            purpose,
            bytes: files,
            texts: utf8(folder, files),
        },
        mistakes: RefCell::default(),
    };
    let pack = loader.pack(digest);
    let mistakes = in_order(loader.mistakes.into_inner());
    match pack {
        Some(mut pack) if mistakes.iter().all(|m| m.level != Level::Error) => {
            if !mistakes.is_empty() {
                pack.warned_files = loader.files.into_texts();
            }
            pack.warnings = mistakes;
            Ok(pack)
        }
        _ => Err(Refused {
            mistakes,
            files: loader.files.into_texts(),
        }),
    }
}

/// Mistakes in the order of files and places, each once, those of one table not without end.
pub(crate) fn in_order(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort_by(|a, b| (a.path(), start(a)).cmp(&(b.path(), start(b))));
    mistakes.dedup();
    shorten(&mut mistakes);
    mistakes
}

fn start(mistake: &Mistake) -> Option<usize> {
    mistake.span.as_ref().map(|span| span.start)
}

/// Of one table's mistakes the first twenty are told one by one.
fn shorten(mistakes: &mut Vec<Mistake>) {
    const MOST: usize = 20;
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for mistake in mistakes
        .iter()
        .filter(|m| m.span.is_none() && m.path() != m.file)
    {
        *told.entry(mistake.path().to_owned()).or_default() += 1;
    }
    for (file, count) in told.into_iter().filter(|(_, count)| *count > MOST) {
        let (mut seen, mut level) = (0, Level::Warning);
        mistakes.retain(|m| {
            let counts = m.span.is_none() && m.path() == file && m.file != file;
            seen += usize::from(counts);
            let stays = !counts || seen <= MOST;
            if !stays && m.level == Level::Error {
                level = Level::Error;
            }
            stays
        });
        let last = mistakes.iter().rposition(|m| m.path() == file).unwrap_or(0);
        let more = Mistake {
            level,
            file,
            span: None,
            message: format!("{} more rows of this table are wrong", count - MOST),
            label: String::new(),
            help: String::new(),
        };
        mistakes.insert(last + 1, more);
    }
}

/// The text of each TOML file, by its path with the folder's name before it.
fn utf8<'a>(folder: &str, files: &Held<'a>) -> BTreeMap<String, Cow<'a, str>> {
    let toml = files.iter().filter(|(path, _)| path.ends_with(".toml"));
    toml.map(|(path, bytes)| {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text.strip_prefix(BOM).unwrap_or(text)),
            Err(_) => {
                let text = String::from_utf8_lossy(bytes);
                Cow::Owned(text.strip_prefix(BOM).unwrap_or(&text).to_owned())
            }
        };
        (format!("{folder}/{path}"), text)
    })
    .collect()
}

/// The mark that some editors put before a text.
const BOM: char = '\u{feff}';

/// `sha256:` and the digest of files: each as its path, a NUL, its length in eight bytes and its content.
pub(crate) fn digest(files: &Files) -> String {
    let mut hash = Sha256::new();
    for (path, bytes) in files {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    }
    let mut text = String::from("sha256:");
    for byte in hash.finalize() {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The files of a pack, and the texts of those that are TOML.
struct PackFiles<'a> {
    folder: &'a str,
    purpose: Purpose,
    bytes: &'a Held<'a>,
    texts: BTreeMap<String, Cow<'a, str>>,
}

impl PackFiles<'_> {
    fn into_texts(self) -> BTreeMap<String, String> {
        let texts = self.texts.into_iter();
        texts
            .map(|(path, text)| (path, text.into_owned()))
            .collect()
    }

    /// A TOML file of that path, whose mistakes go to `mistakes`.
    fn doc<'d>(&'d self, path: &str, mistakes: &'d RefCell<Vec<Mistake>>) -> Option<Doc<'d>> {
        let (file, text) = self
            .texts
            .get_key_value(&format!("{}/{path}", self.folder))?;
        let bytes = self.bytes.get(path)?;
        // Of a text that was taken as it stands all bytes are known to be characters.
        if let Cow::Owned(_) = text
            && let Err(error) = std::str::from_utf8(bytes)
        {
            let at = error.valid_up_to();
            let message = format!("the file is not UTF-8: byte {at} is no character");
            let mistake = whole(file, message, "save it as UTF-8");
            mistakes.borrow_mut().push(mistake);
        }
        Some(Doc {
            file,
            text,
            mistakes,
        })
    }

    /// Reads reference tables, each by itself.
    fn tables<'p>(&self, schema: &Schema, of: Vec<&'p Pending>) -> Vec<(&'p Pending, ReadTable)> {
        let read = of.into_par_iter().map(|of| (of, self.table(schema, of)));
        read.collect()
    }

    fn table(&self, schema: &Schema, of: &Pending) -> ReadTable {
        let placeholder = Table::new(String::new(), String::new(), Vec::new(), false, Vec::new());
        let table = schema.tables.get(of.table).unwrap_or(&placeholder);
        let Some(file) = &of.file else {
            return ReadTable::empty(Rows::absent(table, table.name.clone()));
        };
        let Some(bytes) = self.bytes.get(file.value.as_str()) else {
            return ReadTable::empty(Rows::absent(table, file.value.clone()));
        };
        let path = format!("{}/{}", self.folder, file.value);
        let (mut texts, mut diagnostics) = (Texts::default(), Vec::new());
        let rows = read::read_csv(table, &path, bytes, &mut texts, &mut diagnostics);
        diagnostics.extend(read::missing(table, &rows));
        let mut mistakes: Vec<Mistake> = diagnostics.into_iter().map(of_reading).collect();
        if self.purpose == Purpose::Author {
            let mut wrong = reference::check_keys(table, &[&rows], &texts);
            wrong.extend(reference::check_blanks(table, &rows));
            let wrong = wrong.into_iter();
            mistakes.extend(wrong.map(|one| whole(&one.place, one.message, one.help)));
        }
        ReadTable {
            rows,
            texts,
            mistakes,
        }
    }

    fn grounds(&self) -> Grounds {
        let mistakes = RefCell::default();
        let sources = match self.doc("sources.toml", &mistakes) {
            Some(doc) => source::read(doc, doc.text),
            None => Some(Vec::new()),
        };
        let known = sources.as_deref().unwrap_or_default();
        let keys: Vec<&str> = known.iter().map(|s| s.key.as_str()).collect();
        let params = match self.doc("params.toml", &mistakes) {
            Some(doc) => param::read(doc, doc.text, &keys, sources.is_some()),
            None => Some(Vec::new()),
        };
        Grounds {
            params,
            sources,
            mistakes: mistakes.into_inner(),
        }
    }

    /// The maps of foreign spreadsheets, in the order of their names, and the mistakes in them, which nobody asks for to judge.
    fn forms(&self, schema: &Schema, sources: &[&str]) -> (Late<Vec<FormMap>>, Vec<Mistake>) {
        let mistakes = RefCell::default();
        let files = self.form_files();
        let docs = files.filter_map(|(id, path)| Some((id, self.doc(path, &mistakes)?)));
        let maps = match self.purpose {
            Purpose::Judge => Late::unread(docs.map(|(id, doc)| Unread::new(id, doc)).collect()),
            Purpose::Author => {
                let read = docs.filter_map(|(id, doc)| form::read(doc, id, schema, sources));
                Late::read(read.collect())
            }
        };
        (maps, mistakes.into_inner())
    }

    /// What `pack.toml` says of the empty workbook, which nobody asks for to judge; with the rules that were read, and the ids of
    /// all that have files.
    fn template(
        &self,
        keys: &Keys<'_, '_>,
        scope: &Scope<'_>,
        (rules, mut ids): (&[Rule], Vec<&str>),
    ) -> Late<TemplateSpec> {
        if self.purpose == Purpose::Judge {
            return Late::unread(vec![Unread::new("pack", keys.doc)]);
        }
        ids.retain(|id| !rules.iter().any(|rule| rule.id == *id));
        let rules = template::Rules {
            read: rules,
            lost: &ids,
        };
        Late::read(template::read(keys, scope, rules))
    }

    /// The stem and the path of each map of a foreign spreadsheet.
    fn form_files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.bytes.keys().filter_map(|path| {
            let stem = path.strip_prefix("forms/")?.strip_suffix(".toml")?;
            (!stem.contains('/')).then_some((stem, *path))
        })
    }

    /// The text of a rule's file; without its cases, which stand last, where nobody asks for them.
    fn rule_text(&self, path: &str) -> Option<&str> {
        let text = self.texts.get(&format!("{}/{path}", self.folder))?;
        let cases = match self.purpose {
            Purpose::Author => None,
            Purpose::Judge => text.find("\n[[case]]"),
        };
        text.get(..cases.unwrap_or(text.len()))
    }

    /// The paths of the files of rules, in order.
    fn rule_paths(&self) -> impl Iterator<Item = &str> {
        let paths = self.bytes.keys().copied();
        paths.filter(|p| p.starts_with("rules/") && p.ends_with(".toml"))
    }

    /// The trees of the files of rules, in the order of their paths.
    fn rule_files(&self) -> Vec<RuleFile<'_>> {
        let paths: Vec<&str> = self.rule_paths().collect();
        let parsed = paths.into_par_iter().map(|path| RuleFile::new(self, path));
        parsed.collect()
    }
}

/// Sources and parameters, each `None` where their file cannot be parsed, and the mistakes in them.
#[derive(Default)]
struct Grounds {
    sources: Option<Vec<Source>>,
    params: Option<Vec<Param>>,
    mistakes: Vec<Mistake>,
}

/// A reference table as it is read by itself.
struct ReadTable {
    rows: Rows,
    texts: Texts,
    mistakes: Vec<Mistake>,
}

impl ReadTable {
    fn empty(rows: Rows) -> Self {
        ReadTable {
            rows,
            texts: Texts::default(),
            mistakes: Vec::new(),
        }
    }
}

/// A rule's file as a tree, and the mistakes in it.
struct RuleFile<'a> {
    path: &'a str,
    tree: Option<Spanned<DeTable<'a>>>,
    mistakes: RefCell<Vec<Mistake>>,
}

impl<'a> RuleFile<'a> {
    fn new(files: &'a PackFiles<'_>, path: &'a str) -> Self {
        let mistakes = RefCell::default();
        let tree = files
            .rule_text(path)
            .and_then(|text| files.doc(path, &mistakes)?.parse(text));
        RuleFile {
            path,
            tree,
            mistakes,
        }
    }

    /// The rule of each file, and the mistakes in it.
    fn read_all(
        these: Vec<Self>,
        files: &PackFiles<'_>,
        context: &Context<'_>,
    ) -> Vec<(Option<Rule>, Vec<Mistake>)> {
        let read = these.into_par_iter().map(|file| file.read(files, context));
        read.collect()
    }

    /// What a rule in it would be called.
    fn id(&self) -> Option<&'a str> {
        let (_, name) = self.path.rsplit_once('/')?;
        name.strip_suffix(".toml")
    }

    /// The rule, and the mistakes in its file.
    fn read(self, files: &PackFiles<'_>, context: &Context<'_>) -> (Option<Rule>, Vec<Mistake>) {
        let doc = files.doc(self.path, &self.mistakes);
        let rule = doc
            .zip(self.tree.as_ref())
            .and_then(|(doc, tree)| rule::read(doc, tree.get_ref(), context));
        (rule, self.mistakes.into_inner())
    }
}

struct Loader<'a> {
    files: PackFiles<'a>,
    mistakes: RefCell<Vec<Mistake>>,
}

/// What was found on reading a table, as a mistake of the pack.
fn of_reading(diagnostic: Diagnostic) -> Mistake {
    Mistake {
        level: match diagnostic.weight {
            Weight::Notice => Level::Lint(Lint::TableNotice),
            Weight::Error | Weight::Fatal => Level::Error,
        },
        ..whole(&diagnostic.place, diagnostic.message, "")
    }
}

/// A mistake of a file as a whole.
fn whole(file: &str, message: impl Into<String>, help: &str) -> Mistake {
    Mistake {
        level: Level::Error,
        file: file.to_owned(),
        span: None,
        message: message.into(),
        label: String::new(),
        help: help.to_owned(),
    }
}

/// Everything that rules rest on.
struct Base {
    head: Option<Head>,
    sources: Vec<Source>,
    params: Vec<Param>,
    param_types: Vec<(String, Ty)>,
    shape: Shape,
}

/// What submissions and reference tables hold.
struct Shape {
    schema: Schema,
    references: Vec<Pending>,
    /// The tables that list codes.
    tables: Tables,
    identity: Option<Identity>,
}

/// The reference tables that are read already, and their texts.
#[derive(Default)]
struct Tables {
    rows: BTreeMap<TableId, Arc<Rows>>,
    texts: Texts,
}

impl Tables {
    /// Those that are yet to be read.
    fn left<'p>(&self, all: &'p [Pending]) -> Vec<&'p Pending> {
        let left = all.iter().filter(|of| !self.rows.contains_key(&of.table));
        left.collect()
    }

    /// The rows of all tables, in the schema's order.
    fn in_order(&mut self, all: &[Pending]) -> Vec<Arc<Rows>> {
        let rows = all.iter().filter_map(|of| self.rows.remove(&of.table));
        rows.collect()
    }
}

/// What `pack.toml` says of itself, before the rest is known.
struct Head {
    title: String,
    authority: String,
    version: String,
    currency: String,
    years: (i64, i64),
    steps: [String; 4],
    words: Words,
    accepted: Vec<Accept>,
}

impl Loader<'_> {
    fn doc(&self, path: &str) -> Option<Doc<'_>> {
        self.files.doc(path, &self.mistakes)
    }

    fn tell(&self, mut mistakes: Vec<Mistake>) {
        self.mistakes.borrow_mut().append(&mut mistakes);
    }

    /// A mistake of a file as a whole.
    fn whole(&self, file: &str, message: impl Into<String>, help: &str) {
        self.mistakes.borrow_mut().push(whole(file, message, help));
    }

    fn required(&self, path: &str) -> Option<Doc<'_>> {
        let doc = self.doc(path);
        if doc.is_none() {
            self.whole(
                &format!("{}/{path}", self.files.folder),
                "the file is missing",
                "a pack has pack.toml, schema.toml, params.toml, sources.toml and rules/",
            );
        }
        doc
    }

    fn pack(&self, digest: impl FnOnce() -> String) -> Option<Pack> {
        self.unknown_files();
        let pack_doc = self.required("pack.toml");
        let (files, mut rule_files) = (&self.files, Vec::new());
        let pack_tree = OnceCell::new();
        let (base, keys) = rayon::in_place_scope(|scope| {
            scope.spawn(|_| rule_files = files.rule_files());
            let keys = pack_doc.and_then(|doc| {
                let tree = pack_tree.get_or_init(|| doc.parse(doc.text));
                Some(Keys::new(doc, tree.as_ref()?.get_ref(), 0..0))
            });
            (self.base(keys.as_ref()), keys)
        });
        let Some(base) = base else {
            // What rests on a file that cannot be parsed is not called wrong for it.
            for file in rule_files {
                self.tell(file.mistakes.into_inner());
            }
            return None;
        };
        let Base {
            head,
            sources,
            params,
            param_types,
            mut shape,
        } = base;
        let source_keys: Vec<&str> = sources.iter().map(|s| s.key.as_str()).collect();
        let years = head.as_ref().map_or((0, 9999), |h| h.years);
        let context = Context {
            reads_cases: files.purpose == Purpose::Author,
            scope: Scope::new(&shape.schema, &param_types),
            sources: &sources,
            params: &params,
            years,
        };
        let ids: Vec<&str> = rule_files.iter().filter_map(RuleFile::id).collect();
        let count = ids.len();
        // Nothing in a rule rests on the rows of a table that lists no codes.
        let left: Vec<&Pending> = shape.tables.left(&shape.references);
        let (mut read, mut rules) = (Vec::new(), Vec::new());
        let (mut forms, mut mistakes) = (Late::unread(Vec::new()), Vec::new());
        let sections = rayon::in_place_scope(|scope| {
            scope.spawn(|_| read = files.tables(&shape.schema, left));
            scope.spawn(|_| rules = RuleFile::read_all(rule_files, files, &context));
            scope.spawn(|_| (forms, mistakes) = files.forms(&shape.schema, &source_keys));
            let keys = keys.as_ref();
            keys.map(|keys| Sections::read(keys, &context.scope, &shape.schema))
        });
        for (table, read) in read {
            self.adopt(table, read, &mut shape.tables);
        }
        self.tell(mistakes);
        let mut rules = self.rules(rules);
        let template = keys.map(|keys| files.template(&keys, &context.scope, (&rules, ids)));
        let Sections {
            expected,
            summaries,
            letter,
            links,
        } = sections.unwrap_or_default();
        if files.purpose == Purpose::Author {
            self.check_rules(&rules, &context, &shape.schema, &letter);
            // A rule that could not be read may cite any of them.
            if rules.len() == count {
                self.check_clauses(&rules, &sources);
            }
        }
        for rule in &mut rules {
            rule.settle(&sources);
        }
        let head = head?;
        note_asked_for(&mut shape.schema, &asked_for(&rules, &summaries, &letter));
        Some(Pack {
            id: self.files.folder.to_owned(),
            title: head.title,
            authority: head.authority,
            version: head.version,
            years: head.years,
            sources,
            param_types,
            rules,
            forms,
            identity: shape.identity?,
            expected,
            steps: head.steps,
            words: head.words,
            summaries,
            letter,
            links,
            template: template.unwrap_or_else(|| Late::unread(Vec::new())),
            references: shape.tables.in_order(&shape.references),
            texts: Arc::new(with_texts_of(&params, shape.tables.texts)),
            params,
            digest: digest(),
            office: None,
            accepted: head.accepted,
            warnings: Vec::new(),
            warned_files: BTreeMap::new(),
            schema: shape.schema,
        })
    }

    /// What rules use and say, held against what else the pack has.
    fn check_rules(&self, rules: &[Rule], of: &Context<'_>, schema: &Schema, letter: &Letter) {
        for rule in rules {
            self.check_params(rule, of.params, of.years, schema);
            self.check_words(rule, of.sources, letter);
        }
    }

    /// Whether a rule weighs no more than its sources bear, and says nothing that a letter may not.
    fn check_words(&self, rule: &Rule, sources: &[Source], letter: &Letter) {
        let folder = format!("{}/", self.files.folder);
        let file = rule.file.strip_prefix(&folder).unwrap_or_default();
        if let Some(doc) = self.doc(file) {
            rule::check_severity(doc, rule, sources);
            letter.check(doc, rule);
        }
    }

    /// Everything that rules rest on; `None` when one of its files cannot be parsed.
    fn base(&self, pack: Option<&Keys<'_, '_>>) -> Option<Base> {
        let head = pack.and_then(|keys| self.head(keys));
        let currency = head.as_ref().map_or("USD", |h| h.currency.as_str());
        let schema_doc = self.required("schema.toml");
        let (files, mut grounds) = (&self.files, Grounds::default());
        let shape = rayon::in_place_scope(|scope| {
            scope.spawn(|_| grounds = files.grounds());
            self.shape(pack, schema_doc?, currency)
        });
        let Grounds {
            sources,
            params,
            mistakes,
        } = grounds;
        self.tell(mistakes);
        let (schema_doc, shape, sources, params) = (schema_doc?, shape?, sources?, params?);
        Self::check_suppress(schema_doc, &shape.schema, &params);
        let source_keys: Vec<&str> = sources.iter().map(|s| s.key.as_str()).collect();
        for of in &shape.references {
            self.check_origin(schema_doc, &shape.schema, of, &source_keys);
        }
        Some(Base {
            head,
            param_types: params.iter().map(|p| (p.name.clone(), p.ty())).collect(),
            sources,
            params,
            shape,
        })
    }

    /// What submissions and reference tables hold; `None` when `schema.toml` cannot be parsed.
    fn shape(&self, pack: Option<&Keys<'_, '_>>, doc: Doc<'_>, currency: &str) -> Option<Shape> {
        let schema_file::Read {
            mut schema,
            references,
            codes,
        } = schema_file::read(doc, doc.text, currency)?;
        let directory = pack.and_then(|keys| directory_of(keys, &schema));
        let tables = self.code_tables(doc, &mut schema, &references, &codes, directory);
        let identity = pack.and_then(|keys| Self::identity(keys, &mut schema, &tables));
        Some(Shape {
            schema,
            references,
            tables,
            identity,
        })
    }

    /// A clause has a rule, or a reason why it has none, and not both.
    fn check_clauses(&self, rules: &[Rule], sources: &[Source]) {
        let Some(doc) = self.doc("sources.toml") else {
            return;
        };
        let clauses = sources.iter().enumerate().filter(|(_, s)| s.is_clause());
        for (at, source) in clauses {
            let (key, span) = (&source.key, source.span.clone());
            let rule = rules.iter().find(|r| r.cites.contains(&at));
            match (rule, &source.no_rule) {
                (None, None) => {
                    let message = format!("the clause `{key}` has no rule, and no reason why");
                    let help = "cite it in a rule, or add `no_rule = \"why\"`";
                    doc.mistake(span, message, "", help);
                }
                (Some(rule), Some(_)) => {
                    let message = format!(
                        "the clause `{key}` says why it has no rule, and `{}` cites it",
                        rule.id
                    );
                    let help = "take `no_rule` away, or the citation";
                    doc.lint(Lint::StaleReason, span, message, help);
                }
                _ => {}
            }
        }
    }

    /// Files that no part of a pack is: a misplaced rule would silently not be in force.
    fn unknown_files(&self) {
        for path in self.files.bytes.keys() {
            let known = ["pack.toml", "schema.toml", "params.toml", "sources.toml"].contains(path)
                || path.starts_with("data/")
                || path.starts_with("forms/")
                || path.starts_with("rules/")
                || !path.ends_with(".toml");
            if !known {
                let help = nearest(
                    path,
                    ["pack.toml", "schema.toml", "params.toml", "sources.toml"],
                );
                let help = help.map_or_else(
                    || "rules stand in rules/<topic>/".to_owned(),
                    |name| format!("did you mean `{name}`?"),
                );
                self.whole(
                    &format!("{}/{path}", self.files.folder),
                    "this file is no part of a pack",
                    &help,
                );
            }
        }
    }

    fn head(&self, keys: &Keys<'_, '_>) -> Option<Head> {
        let doc = keys.doc;
        if let Some(id) = keys
            .required_text("id")
            .filter(|id| id.value != self.files.folder)
        {
            doc.mistake(
                id.span,
                format!("the pack's folder is `{}`", self.files.folder),
                "",
                "the id is the folder's name",
            );
        }
        let title = keys.required_text("title");
        let authority = keys.text("authority").map_or_else(String::new, |t| t.value);
        let version = keys.required_text("version");
        let currency = keys
            .text("currency")
            .map_or_else(|| "USD".to_owned(), |t| t.value);
        let years = keys.table("years");
        if years.is_none() {
            doc.mistake(
                0..0,
                "`years` is missing",
                "",
                "add `years = { from = 2013, until = 2027 }`",
            );
        }
        let years = years.and_then(|of| {
            let span = of.span.clone();
            let years = of.integer("from").zip(of.integer("until"));
            of.done();
            if years.is_none() {
                doc.mistake(
                    span.clone(),
                    "`years` says from when until when",
                    "",
                    "write `{ from = 2013, until = 2027 }`",
                );
            }
            years.filter(|(from, until)| {
                let fits =
                    from <= until && (1900..=2999).contains(from) && (1900..=2999).contains(until);
                if !fits {
                    doc.mistake(
                        span,
                        format!("{from} to {until} are no fiscal years"),
                        "",
                        "write `{ from = 2013, until = 2027 }`",
                    );
                }
                fits
            })
        });
        let (steps, words) = (steps(keys), Words::read(keys));
        let accepted = accept::read(keys);
        for key in [
            "identity", "expected", "summary", "history", "letter", "compare", "prior", "approved",
            "template",
        ] {
            let _ = keys.get(key);
        }
        keys.done();
        Some(Head {
            title: title?.value,
            authority,
            version: version?.value,
            currency,
            years: years?,
            steps,
            words,
            accepted,
        })
    }

    /// A parameter named by `suppress` is one number.
    fn check_suppress(doc: Doc<'_>, schema: &Schema, params: &[Param]) {
        for field in schema.tables.iter().flat_map(|t| &t.fields) {
            let Some(name) = &field.suppress else {
                continue;
            };
            match params.iter().find(|p| p.name == *name) {
                Some(p) if p.ty == Type::Number && !p.list => {}
                Some(_) => doc.mistake(
                    0..0,
                    format!(
                        "`{}` is suppressed below `{name}`, which is no number",
                        field.name
                    ),
                    "",
                    "",
                ),
                None => {
                    let help = suggest(name, params.iter().map(|p| p.name.as_str()));
                    doc.mistake(
                        0..0,
                        format!(
                            "`{}` is suppressed below `{name}`, and there is no such parameter",
                            field.name
                        ),
                        "",
                        help,
                    );
                }
            }
        }
    }

    /// Reads the reference tables that list codes or directories, each after those whose codes it holds.
    fn code_tables(
        &self,
        doc: Doc<'_>,
        schema: &mut Schema,
        pending: &[Pending],
        codes: &[CodesOf],
        directory: Option<TableId>,
    ) -> Tables {
        let mut tables = Tables::default();
        let order = reference::Order::of(schema);
        refuse_circle(doc, schema, codes, &order.circle);
        let lists = |table: TableId| {
            directory == Some(table) || codes.iter().any(|of| of.reference == table)
        };
        for level in order.levels.into_iter().chain([order.circle]) {
            let level = pending.iter().filter(|of| level.contains(&of.table));
            for of in level.filter(|of| lists(of.table)) {
                let read = self.files.table(schema, of);
                self.adopt(of, read, &mut tables);
                self.fill_codes(schema, of, codes, &tables);
            }
        }
        tables
    }

    /// Keeps a table that was read by itself, and tells its mistakes.
    fn adopt(&self, of: &Pending, read: ReadTable, tables: &mut Tables) {
        let ReadTable {
            mut rows,
            texts,
            mistakes,
        } = read;
        self.tell(mistakes);
        reference::renumber(&mut rows, &texts, &mut tables.texts);
        tables.rows.insert(of.table, Arc::new(rows));
    }

    /// Lets the fields that hold codes of a table hold those of its rows.
    fn fill_codes(&self, schema: &mut Schema, of: &Pending, codes: &[CodesOf], tables: &Tables) {
        let holders = || codes.iter().filter(|c| c.reference == of.table);
        let table = schema.tables.get(of.table);
        let Some((table, rows)) = table.zip(tables.rows.get(&of.table)) else {
            return;
        };
        let texts = &tables.texts;
        if holders().next().is_none() {
            return;
        }
        if self.files.purpose == Purpose::Author {
            self.wrong(reference::check_spellings(table, rows, texts));
        }
        let list = Arc::new(codes_in(schema, of.table, rows, texts));
        let lacks_file = of
            .file
            .as_ref()
            .is_some_and(|f| !self.files.bytes.contains_key(f.value.as_str()));
        for of in holders() {
            let Some(field) = field_of(schema, of) else {
                continue;
            };
            if lacks_file {
                // Told once, where the file is named; not again at each code.
                any_text(field);
            } else if field.ty == Type::Code {
                field.codes = Some(Arc::clone(&list));
            }
        }
    }

    /// A reference table says where its data come from, and its file is there.
    fn check_origin(&self, doc: Doc<'_>, schema: &Schema, of: &Pending, sources: &[&str]) {
        if let Some(source) = &of.source
            && !sources.contains(&source.value.as_str())
        {
            let help = suggest(&source.value, sources.iter().copied());
            doc.mistake(
                source.span.clone(),
                format!("there is no source `{}`", source.value),
                "",
                help,
            );
        }
        let Some(file) = &of.file else { return };
        if of.source.is_none() {
            let name = schema.tables.get(of.table).map_or("", |t| &t.name);
            doc.mistake(
                of.span.clone(),
                format!("`{name}` does not say where its data come from"),
                "",
                "add `source = \"key\"`",
            );
        }
        if !self.files.bytes.contains_key(file.value.as_str()) {
            let names = self.files.bytes.keys().copied();
            let names = names.filter(|p| p.starts_with("data/"));
            let help = suggest(&file.value, names.collect::<Vec<_>>());
            doc.mistake(
                file.span.clone(),
                format!("there is no file `{}`", file.value),
                "",
                help,
            );
        }
    }

    fn wrong(&self, wrong: Vec<reference::Wrong>) {
        for one in wrong {
            self.whole(&one.place, one.message, one.help);
        }
    }

    fn identity(keys: &Keys<'_, '_>, schema: &mut Schema, tables: &Tables) -> Option<Identity> {
        let doc = keys.doc;
        let Some(of) = keys.table("identity") else {
            doc.mistake(
                0..0,
                "`identity` is missing",
                "",
                "add `identity = { year = \"plan.fiscal_year\" }`",
            );
            return None;
        };
        let table = schema.table("plan").filter(|&t| t < schema.submission);
        let Some(table) = table else {
            doc.mistake(
                of.span.clone(),
                "there is no table `plan` for the identity to stand in",
                "",
                "add `[table.plan]` to schema.toml",
            );
            return None;
        };
        let field = |text: Text| {
            let plan = schema.tables.get(table)?;
            let found = text
                .value
                .strip_prefix("plan.")
                .and_then(|name| plan.field(name));
            if found.is_none() {
                let name = text.value.strip_prefix("plan.").unwrap_or(&text.value);
                let help = suggest(name, plan.fields.iter().map(|f| f.name.as_str()));
                doc.mistake(
                    text.span,
                    format!("`{}` is no field of `plan`", text.value),
                    "",
                    help,
                );
            }
            found
        };
        let (code, name) = (
            of.text("code").and_then(field),
            of.text("name").and_then(field),
        );
        let year = of.required_text("year");
        let year_span = year.as_ref().map(|t| t.span.clone());
        let year = year.and_then(field);
        if let Some(f) = year.and_then(|y| schema.tables.get(table).and_then(|t| t.fields.get(y)))
            && f.ty != Type::Year
        {
            doc.mistake(
                year_span.unwrap_or(0..0),
                format!("`{}` is not of type year", f.name),
                "",
                "",
            );
        }
        let directory = of.text("directory");
        let directory = directory
            .and_then(|text| Self::directory(doc, text, schema, code.map(|code| (table, code))));
        of.done();
        if let Some((code, directory)) = code.zip(directory) {
            let list = tables
                .rows
                .get(&directory)
                .map(|rows| directory_in(schema, directory, rows, &tables.texts));
            if let Some(field) = schema
                .tables
                .get_mut(table)
                .and_then(|t| t.fields.get_mut(code))
            {
                field.codes = list.map(Arc::new);
            }
        }
        Some(Identity {
            table,
            code,
            name,
            year: year?,
            directory,
        })
    }

    /// The reference table of all who submit, by its name.
    fn directory(
        doc: Doc<'_>,
        text: Text,
        schema: &Schema,
        code: Option<(TableId, FieldId)>,
    ) -> Option<TableId> {
        let found = schema
            .table(&text.value)
            .filter(|&t| t >= schema.submission);
        let Some(found) = found else {
            let tables = schema.tables.iter().skip(schema.submission);
            let names: Vec<&str> = tables.map(|t| t.name.as_str()).collect();
            let message = format!("there is no reference table `{}`", text.value);
            doc.mistake(text.span, message, "", suggest(&text.value, names));
            return None;
        };
        if let Some(message) = code.and_then(|code| no_directory(schema, code, found)) {
            let help = "name a reference table whose first key has the code's name and type";
            doc.mistake(text.span, message, "", help);
        }
        Some(found)
    }

    /// Tells the mistakes of rules; the rules by id.
    fn rules(&self, read: Vec<(Option<Rule>, Vec<Mistake>)>) -> Vec<Rule> {
        let mut rules: Vec<Rule> = Vec::new();
        for (rule, mistakes) in read {
            self.tell(mistakes);
            let Some(rule) = rule else { continue };
            if let Some(other) = rules.iter().find(|r| r.id == rule.id) {
                let message = format!("there is a rule `{}` already, in {}", rule.id, other.file);
                self.whole(&rule.file, message, "ids are unique in a pack");
            }
            rules.push(rule);
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        rules
    }

    /// Parameters that a rule uses have one value in each year in which it uses them, and texts that fit.
    fn check_params(&self, rule: &Rule, params: &[Param], years: (i64, i64), schema: &Schema) {
        let doc = |file: &'_ str, span: Range<usize>, message: String, help: &str| {
            self.mistakes.borrow_mut().push(Mistake {
                level: Level::Error,
                file: file.to_owned(),
                span: Some(span),
                message,
                label: String::new(),
                help: help.to_owned(),
            });
        };
        for (at, (from, until), span) in &rule.uses.params {
            let Some(param) = params.get(*at).filter(|p| !p.broken) else {
                continue;
            };
            let first = [Some(years.0), rule.effective.0, *from]
                .into_iter()
                .flatten()
                .max()
                .unwrap_or(years.0);
            let last = [Some(years.1), rule.effective.1, *until]
                .into_iter()
                .flatten()
                .min()
                .unwrap_or(years.1);
            let count = |year: i64| param.values.iter().filter(|v| v.covers(year)).count();
            if let Some(year) = (first..=last).find(|&y| count(y) == 0) {
                let message = format!("`param.{}` has no value in fiscal year {year}", param.name);
                doc(
                    &rule.file,
                    span.clone(),
                    message,
                    "add a dated value to params.toml, or `off = true` for none",
                );
            }
            if let Some(year) = (first..=last).find(|&y| count(y) > 1) {
                let message = format!("`{}` has two values in fiscal year {year}", param.name);
                doc(
                    &param.place.0,
                    param.place.1.clone(),
                    message,
                    "end the earlier one the year before",
                );
            }
        }
        let mut used: Vec<usize> = rule.uses.params.iter().map(|(at, ..)| *at).collect();
        used.sort_unstable();
        used.dedup();
        for at in used {
            let Some(param) = params.get(at) else {
                continue;
            };
            for (span, message, help) in misfits(rule, at, (&param.name, &param.values), schema) {
                doc(&rule.file, span, message, &help);
            }
        }
    }
}

fn note_asked_for(schema: &mut Schema, fields: &BTreeSet<(TableId, FieldId)>) {
    for (table, field) in fields {
        let table = schema.tables.get_mut(*table);
        if let Some(field) = table.and_then(|t| t.fields.get_mut(*field)) {
            field.asked_for = true;
        }
    }
}

/// The fields whose values tests, tables of the report and letters read. What a message says of a row is read of that row alone.
fn asked_for(
    rules: &[Rule],
    summaries: &[Summary],
    letter: &Letter,
) -> BTreeSet<(TableId, FieldId)> {
    let mut found = BTreeSet::new();
    let mut ask = |expr: &Expr| fields_of(expr, &mut found);
    for rule in rules {
        rule.subjects
            .iter()
            .for_each(|subjects| ask(&subjects.rows));
        let tests = rule.tests().flat_map(Test::exprs);
        tests.for_each(|(_, expr)| ask(expr));
    }
    for summary in summaries {
        let nested = summary.nested.iter();
        let subjects = nested.clone().map(|n| &n.subjects);
        let subjects = subjects.chain(&summary.subjects);
        subjects.for_each(|subjects| ask(&subjects.rows));
        let columns = nested.flat_map(|n| &n.columns).chain(&summary.columns);
        columns.for_each(|(_, expr)| ask(expr));
    }
    letter.exprs().for_each(|(_, expr)| ask(expr));
    found
}

fn field_of<'s>(schema: &'s mut Schema, of: &CodesOf) -> Option<&'s mut Field> {
    schema.tables.get_mut(of.table)?.fields.get_mut(of.field)
}

/// Lets any text stand in a field whose codes are not known.
fn any_text(field: &mut Field) {
    field.ty = Type::Text;
    field.codes = None;
}

/// The table that the identity names as a directory, if there is one.
fn directory_of(keys: &Keys<'_, '_>, schema: &Schema) -> Option<TableId> {
    let DeValue::Table(identity) = keys.get("identity")?.get_ref() else {
        return None;
    };
    match identity.get("directory")?.get_ref() {
        DeValue::String(name) => schema.table(name),
        _ => None,
    }
}

/// Tables that hold each other's codes: none of them could be read first.
fn refuse_circle(doc: Doc<'_>, schema: &mut Schema, codes: &[CodesOf], circle: &[TableId]) {
    let name = |table: TableId| schema.tables.get(table).map_or("", |t| t.name.as_str());
    let within = |of: &&CodesOf| circle.contains(&of.table) && circle.contains(&of.reference);
    for of in codes.iter().filter(within) {
        let message = format!(
            "`{}` takes its codes from `{}`, which waits for codes of `{}`",
            name(of.table),
            name(of.reference),
            name(of.table)
        );
        let help = "make one of these fields `type = \"text\"`";
        doc.mistake(of.span.clone(), message, "", help);
    }
    for of in codes.iter().filter(|of| circle.contains(&of.reference)) {
        if let Some(field) = field_of(schema, of) {
            any_text(field);
        }
    }
}

/// What is wrong with a directory whose first key is not the code that identifies a submission.
fn no_directory(schema: &Schema, code: (TableId, FieldId), directory: TableId) -> Option<String> {
    let code = schema.tables.get(code.0)?.fields.get(code.1)?;
    let of = schema.tables.get(directory)?;
    let key = of.reference.as_ref()?.key.first();
    let key = key.and_then(|key| of.fields.get(*key));
    if key.is_some_and(|key| key.name == code.name && key.ty == code.ty) {
        return None;
    }
    let key = key.map_or_else(
        || "it has no key".to_owned(),
        |key| format!("its first key is `{}`", key.name),
    );
    Some(format!(
        "`{}` is no directory of `{}`: {key}",
        of.name, code.name
    ))
}

/// Texts among the values of a parameter that do not fit where a rule uses it: the place of the use, what is wrong, and
/// what would be right.
pub(crate) fn misfits(
    rule: &Rule,
    at: usize,
    param: (&str, &[Dated]),
    schema: &Schema,
) -> Vec<(Range<usize>, String, String)> {
    let (name, values) = param;
    let texts: Vec<&String> = values.iter().flat_map(|v| texts_in(&v.value)).collect();
    let mut found = Vec::new();
    for (_, table, field, span) in rule.uses.coded.iter().filter(|(p, ..)| *p == at) {
        let field = schema.tables.get(*table).and_then(|t| t.fields.get(*field));
        let Some(codes) = field.and_then(|f| f.codes.as_ref()) else {
            continue;
        };
        for text in texts.iter().filter(|t| !codes.has(t)) {
            let message =
                format!("`{text}`, a value of `param.{name}`, is not a code of the field it meets");
            found.push((span.clone(), message, suggest(text, codes.names())));
        }
    }
    for (_, span) in rule.uses.patterns.iter().filter(|(p, _)| *p == at) {
        let faults = texts
            .iter()
            .filter_map(|text| crate::expr::pattern_fault(text));
        found.extend(faults.map(|m| (span.clone(), format!("`param.{name}`: {m}"), String::new())));
    }
    found
}

/// Texts with those of parameters: where the pack has them, their numbers are the same in all submissions.
fn with_texts_of(params: &[Param], mut texts: Texts) -> Texts {
    for value in params.iter().flat_map(|param| &param.values) {
        for text in texts_in(&value.value) {
            texts.intern(text);
        }
    }
    texts
}

fn texts_in(value: &Value) -> Vec<&String> {
    match value {
        Value::Text(text) => vec![text],
        Value::List(items) => items.iter().flat_map(texts_in).collect(),
        _ => Vec::new(),
    }
}

fn steps(keys: &Keys<'_, '_>) -> [String; 4] {
    const NAMES: [(&str, &str); 4] = [
        ("approve", "Nothing found against approval"),
        ("approve-with-conditions", "Approve with conditions"),
        ("return-for-revision", "Return for revision"),
        ("escalate-to-commissioner", "Escalate"),
    ];
    let of = keys.table("recommendation");
    let words = NAMES.map(|(key, plain)| {
        of.as_ref()
            .and_then(|of| of.text(key))
            .map_or_else(|| plain.to_owned(), |t| t.value)
    });
    if let Some(of) = of {
        of.done();
    }
    words
}

/// Whether a type is a row or a list of rows.
pub(super) fn is_rows(ty: &Ty) -> bool {
    match ty {
        Ty::Row(_) => true,
        Ty::List(item) => is_rows(item),
        _ => false,
    }
}

/// What `pack.toml` says beside the pack's own name, and that rests on no rule.
#[derive(Default)]
struct Sections {
    expected: Option<Expr>,
    summaries: Vec<Summary>,
    letter: Letter,
    links: Links,
}

impl Sections {
    fn read(keys: &Keys<'_, '_>, scope: &Scope<'_>, schema: &Schema) -> Self {
        let (expected, summaries) = tables_of(keys, scope);
        Sections {
            expected,
            summaries,
            letter: Letter::read(keys, scope),
            links: links::read(keys, schema),
        }
    }
}

/// Who is expected, and the tables of every report.
fn tables_of(keys: &Keys<'_, '_>, scope: &Scope<'_>) -> (Option<Expr>, Vec<Summary>) {
    let doc = keys.doc;
    let rows_of = |text: &Text| match check_for(&text.value, scope) {
        Ok((name, table, rows, _)) => Some(Subjects { name, table, rows }),
        Err(faults) => {
            doc.faults(text, faults);
            None
        }
    };
    let expected = keys
        .get("expected")
        .and_then(|e| as_text(doc, e))
        .and_then(|text| {
            let subjects = rows_of(&text)?;
            if subjects.table < scope.schema.submission {
                doc.mistake(
                    text.span,
                    "who is expected stands in a reference table",
                    "",
                    "",
                );
                return None;
            }
            Some(subjects.rows)
        });
    (expected, summary::read(keys, scope))
}

/// The codes of a reference table: its first key, labelled by `label`, `name` or `title`, also spelled as `also` says.
pub(crate) fn codes_in(schema: &Schema, table: TableId, rows: &Rows, texts: &Texts) -> Codes {
    let mut codes = Codes::default();
    let Some(t) = schema.tables.get(table) else {
        return codes;
    };
    let (key, label, also) = code_fields(t);
    for row in 0..rows.len() {
        let text = |field: FieldId| cell_text(rows, row, field, texts);
        let Some(code) = text(key) else {
            continue;
        };
        let label = label.and_then(text).unwrap_or(code);
        codes.add(
            code,
            label,
            names_in(also.and_then(text).unwrap_or_default()),
        );
    }
    codes
}

/// The names of a directory: every text of a row names its first key.
pub(crate) fn directory_in(schema: &Schema, table: TableId, rows: &Rows, texts: &Texts) -> Codes {
    let mut codes = Codes::default();
    let Some(t) = schema.tables.get(table) else {
        return codes;
    };
    let (key, ..) = code_fields(t);
    for row in 0..rows.len() {
        if let Some(code) = cell_text(rows, row, key, texts) {
            let names = reference::names_of(t, rows, row, texts);
            codes.add(
                code,
                names.first().copied().unwrap_or(code),
                names.iter().copied(),
            );
        }
    }
    codes
}
