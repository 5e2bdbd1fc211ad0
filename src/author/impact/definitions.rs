//! What two packs say otherwise, apart from any submission: rules, and what they rest on.

use std::collections::{BTreeMap, BTreeSet};

use crate::evaluate::Settled;
use crate::expr::Expr;
use crate::pack::{
    Audience, Body, Edition, Layout, Pack, Param, Part, Rule, Source, Summary, Template,
};
use crate::review::Review;
use crate::schema::{Field, FieldId, Otherwise, Schema, Table, TableId};
use crate::value::{Value, plain, say};

/// Something that two packs say otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What it is.
    pub what: String,
    /// What the pack before says; `None`: nothing.
    pub from: Option<String>,
    /// What the pack after says; `None`: nothing.
    pub to: Option<String>,
}

/// Whether a rule is in both packs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Fate {
    /// It is in both, and says the same.
    #[default]
    Same,
    /// It is in both, and says something else.
    Changed,
    /// It is in the pack after alone.
    Added,
    /// It is in the pack before alone.
    Gone,
}

impl Fate {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Fate::Same => "same",
            Fate::Changed => "changed",
            Fate::Added => "added",
            Fate::Gone => "gone",
        }
    }
}

/// What two packs say otherwise.
pub(super) struct Definitions<'a> {
    /// By rule.
    pub(super) rules: BTreeMap<&'a str, (Fate, Vec<Difference>)>,
    /// Beside the rules.
    pub(super) pack: Vec<Difference>,
}

impl<'a> Definitions<'a> {
    pub(super) fn new(from: &'a Pack, to: &'a Pack) -> Self {
        let tables = differing_tables(from, to);
        let mut ids: Vec<&'a str> = from.rules.iter().chain(&to.rules).map(|r| &*r.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let rules = ids.into_iter().filter_map(|id| {
            let (fate, differences) = match (from.rule(id), to.rule(id)) {
                (Some(old), Some(new)) => {
                    let mut found = differences(facets(from, old), facets(to, new));
                    let reads = |name: &str| uses(from, old, name) || uses(to, new, name);
                    found.extend(tables.iter().filter(|t| reads(table_of(t))).cloned());
                    (Fate::Changed, found)
                }
                (None, _) => (Fate::Added, Vec::new()),
                (_, None) => (Fate::Gone, Vec::new()),
            };
            let is_any = fate != Fate::Changed || !differences.is_empty();
            is_any.then_some((id, (fate, differences)))
        });
        let rules = rules.collect();
        let mut pack = differences(of_pack(from), of_pack(to));
        pack.extend(differences(of_schema(from), of_schema(to)));
        pack.extend(forms(from, to));
        let read = |name: &str| {
            let mut rules = from
                .rules
                .iter()
                .map(|r| (from, r))
                .chain(to.rules.iter().map(|r| (to, r)));
            rules.any(|(pack, rule)| uses(pack, rule, name))
        };
        // What a rule reads is told with the rule.
        let idle = tables.iter().filter(|t| !read(table_of(t)));
        pack.extend(idle.cloned());
        Definitions { rules, pack }
    }
}

/// What two packs that read submissions alike judge alike, too: it need not be judged twice.
#[derive(Debug, Clone, Default)]
pub struct Unchanged {
    rules: BTreeSet<String>,
    summaries: bool,
}

impl Unchanged {
    /// What is the same in two packs, with all that it rests on.
    pub fn of(from: &Pack, to: &Pack) -> Self {
        const NO_MATTER: [&str; 5] = ["title", "authority", "years", "recommendations", "expected"];
        let definitions = Definitions::new(from, to);
        let is_summary = |what: &str| what.starts_with("summary ");
        // What is shown across years stands in no review that is compared.
        let said = || definitions.pack.iter().map(|d| d.what.as_str());
        let said = || said().filter(|what| !what.starts_with("history "));
        let matters = |what: &str| !NO_MATTER.contains(&what) && !is_summary(what);
        if !from.reads_as(to) || said().any(matters) {
            return Unchanged::default();
        }
        let rules = from.rules.iter().filter(|r| to.rule(&r.id).is_some());
        let rules = rules.filter(|r| !definitions.rules.contains_key(r.id.as_str()));
        Unchanged {
            rules: rules.map(|r| r.id.clone()).collect(),
            // A table may read whatever a rule reads.
            summaries: definitions.rules.is_empty() && !said().any(is_summary),
        }
    }

    /// What of a review by the pack before stands in that by the pack after.
    pub fn settled<'a>(&'a self, review: &'a Review) -> Settled<'a> {
        Settled {
            review,
            rules: &self.rules,
            tables: self.summaries,
        }
    }
}

/// The name of the table of which a difference tells.
fn table_of(difference: &Difference) -> &str {
    difference.what.strip_prefix(TABLE).unwrap_or_default()
}

const TABLE: &str = "table ";

fn uses(pack: &Pack, rule: &Rule, name: &str) -> bool {
    let tables = rule.uses.tables.iter();
    let mut tables = tables.filter_map(|&at| pack.schema.tables.get(at));
    tables.any(|t| t.name == name)
}

/// What is named, and what is said of it.
type Facets = Vec<(String, String)>;

/// What two lists say otherwise, in the order of the first, then of the second.
fn differences(from: Facets, to: Facets) -> Vec<Difference> {
    let mut after: BTreeMap<String, String> = to.iter().cloned().collect();
    let mut found = Vec::new();
    for (what, old) in from {
        let new = after.remove(&what);
        if new.as_ref() != Some(&old) {
            found.push(Difference {
                what,
                from: Some(old),
                to: new,
            });
        }
    }
    for (what, _) in to {
        if let Some(new) = after.remove(&what) {
            found.push(Difference {
                what,
                from: None,
                to: Some(new),
            });
        }
    }
    found
}

/// What a rule says, and what it rests on.
fn facets(pack: &Pack, rule: &Rule) -> Facets {
    let verified = rule.verified_severity.map_or("none", |s| s.name());
    let audience = match rule.audience {
        Audience::District => "district",
        Audience::Reviewer => "reviewer",
    };
    let subjects = rule.subjects.as_ref();
    let subjects = subjects.map_or_else(String::new, |s| one_line(&s.rows));
    let mut facets = vec![
        named("code", &rule.code),
        named("title", &rule.title),
        named("basis", rule.basis.name()),
        named("severity", rule.severity.name()),
        named("verified severity", verified),
        named("audience", audience),
        named("in force", &years(rule.effective)),
        named("for", &subjects),
    ];
    facets.retain(|(_, said)| !said.is_empty());
    rule.editions.iter().for_each(|e| edition(&mut facets, e));
    let cited = rule.cites.iter().filter_map(|&at| pack.sources.get(at));
    facets.extend(cited.map(|s| (format!("source {}", s.key), source(s))));
    facets.extend(params_of(pack, rule).map(|p| param(pack, p)));
    facets
}

fn named(what: &str, said: &str) -> (String, String) {
    (what.to_owned(), said.to_owned())
}

fn edition(facets: &mut Facets, edition: &Edition) {
    let span = match (edition.from, edition.until) {
        (None, None) => String::new(),
        years_of => format!(" ({})", years(years_of)),
    };
    let mut add = |what: &str, said: String| facets.push((format!("{what}{span}"), said));
    match &edition.body {
        Body::NotApplicable(why) => add("not applicable", why.clone()),
        Body::Test(test) => {
            for (name, expr) in &test.lets {
                add(&format!("let {name}"), one_line(expr));
            }
            if let Some(when) = &test.when {
                add("when", one_line(when));
            }
            if let Some(require) = &test.require {
                add("require", one_line(require));
            }
            let says = if test.is_question() {
                "question"
            } else {
                "message"
            };
            add(says, template(&test.message));
            if let Some(advice) = &test.advice {
                add("advice", template(advice));
            }
        }
    }
}

fn source(source: &Source) -> String {
    let read = source.reading.as_ref();
    let read = read.map(|r| format!("{r}: {}", r.text));
    let dated = (source.years != (None, None)).then(|| years(source.years));
    let parts = [
        Some(source.citation.clone()),
        source.modality.clone(),
        source.duty_holder.clone(),
        Some(source.verification.name().to_owned()),
        read,
        dated,
        source.paraphrase.clone(),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The parameters that a rule uses, in the order of their file.
fn params_of<'p>(pack: &'p Pack, rule: &'p Rule) -> impl Iterator<Item = &'p Param> {
    let used = |at: usize| rule.uses.params.iter().any(|(used, ..)| *used == at);
    let params = pack.params.iter().enumerate();
    params.filter(move |(at, _)| used(*at)).map(|(_, p)| p)
}

fn param(pack: &Pack, param: &Param) -> (String, String) {
    let values = param.values.iter().map(|dated| {
        let value = match dated.value {
            Value::Null => "off".to_owned(),
            ref value => say(value, &pack.schema.currency),
        };
        format!("{} {}", value, years((dated.from, dated.until)))
    });
    let values: Vec<String> = values.collect();
    (format!("param.{}", param.name), values.join("; "))
}

/// What a pack says beside its rules and its data.
fn of_pack(pack: &Pack) -> Facets {
    let mut facets = vec![
        named("title", &pack.title),
        named("authority", &pack.authority),
        named("years", &format!("{} to {}", pack.years.0, pack.years.1)),
        named("currency", &pack.schema.currency),
        named("recommendations", &pack.steps.join("; ")),
    ];
    let expected = pack
        .expected
        .iter()
        .map(|e| named("expected", &one_line(e)));
    facets.extend(expected);
    let letter = pack.letter.exprs();
    facets.extend(letter.map(|(key, e)| (format!("letter {key}"), one_line(e))));
    for summary in &pack.summaries {
        let own = match &summary.history {
            None => format!("summary {}", summary.id),
            Some(by) => format!("history {} by {}", summary.id, by.join(", ")),
        };
        let said = |title: &str, rows: Option<&Expr>, columns: &[(String, Expr)]| {
            let columns = columns.iter();
            let columns = columns.map(|(header, expr)| format!("{header}: {}", one_line(expr)));
            let columns: Vec<String> = columns.collect();
            let rows = rows.map_or_else(String::new, one_line);
            format!("{title}; for {rows}; {}", columns.join("; "))
        };
        for of in &summary.nested {
            let words = said(&of.title, Some(&of.subjects.rows), &of.columns);
            facets.push((format!("{own} each {}", of.id), words));
        }
        let rows = summary.subjects.as_ref().map(|s| &s.rows);
        let words = said(&summary.title, rows, &summary.columns);
        let Summary {
            layout,
            long,
            compare,
            chart,
            ..
        } = summary;
        if (layout, long, compare.as_slice(), chart) != (&Layout::Table, &false, &[], &None) {
            let shown = format!("{layout:?}, {long}, {compare:?}, {chart:?}");
            facets.push((format!("{own} shown"), shown));
        }
        facets.push((own, words));
    }
    let used = |p: &Param| {
        pack.rules
            .iter()
            .any(|r| params_of(pack, r).any(|q| q.name == p.name))
    };
    let idle = pack.params.iter().filter(|p| !used(p));
    facets.extend(idle.map(|p| param(pack, p)));
    facets
}

/// The tables and fields of a pack.
fn of_schema(pack: &Pack) -> Facets {
    let mut facets = Vec::new();
    for table in &pack.schema.tables {
        let required = if table.required {
            "required"
        } else {
            "optional"
        };
        facets.push((format!("schema {}", table.name), required.to_owned()));
        let fields = table.fields.iter();
        facets.extend(fields.map(|f| {
            let said = field(&pack.schema, f);
            (format!("schema {}.{}", table.name, f.name), said)
        }));
    }
    facets
}

fn field(schema: &Schema, field: &Field) -> String {
    let bound = |word: &str, x: Option<_>| x.map(|x| format!("{word} {}", plain(x)));
    let flags = [
        (field.required, "required"),
        (field.not_applicable, "may be not applicable"),
        (field.key, "key"),
        (field.total, "totalled"),
    ];
    let flags = flags.into_iter().filter(|(holds, _)| *holds);
    let mut parts = vec![format!("{:?}", field.ty).to_lowercase()];
    parts.extend(flags.map(|(_, word)| word.to_owned()));
    parts.extend(field.otherwise.map(|o| otherwise(schema, o)));
    parts.extend(bound("at least", field.min));
    parts.extend(bound("at most", field.max));
    parts.extend(field.suppress.iter().map(|p| format!("small below {p}")));
    if let (Some(codes), None) = (&field.codes, field.codes_of) {
        let codes: Vec<&str> = codes.names().collect();
        parts.push(format!("codes {}", codes.join(", ")));
    }
    parts.extend(field.digits.map(|n| format!("{n} digits")));
    let also = field.also.iter().map(String::as_str);
    let names: Vec<&str> = std::iter::once(field.label.as_str()).chain(also).collect();
    parts.push(format!("called {}", names.join(", ")));
    parts.join("; ")
}

/// Where the value of a blank cell comes from.
fn otherwise(schema: &Schema, from: Otherwise) -> String {
    let name = |table: TableId, field: FieldId| {
        let table = schema.tables.get(table)?;
        Some(format!("{}.{}", table.name, table.fields.get(field)?.name))
    };
    let named = match from {
        Otherwise::Row => Some("the row".to_owned()),
        Otherwise::Plan(field) => schema.table("plan").and_then(|plan| name(plan, field)),
        Otherwise::Joined { table, field, .. } => name(table, field),
    };
    format!("else {}", named.unwrap_or_default())
}

/// The maps of foreign spreadsheets that differ.
fn forms(from: &Pack, to: &Pack) -> Vec<Difference> {
    let one = |here: &Pack, there: &Pack| -> Facets {
        let of = |id: &str| there.forms().maps.iter().find(|f| f.id == id);
        let differing = here.forms().maps.iter().filter(|f| of(&f.id) != Some(*f));
        differing
            .map(|f| (format!("form {}", f.id), f.title.clone()))
            .collect()
    };
    let mut names: Vec<(String, String)> = one(from, to);
    names.extend(one(to, from));
    names.sort();
    names.dedup_by(|a, b| a.0 == b.0);
    let is_in = |pack: &Pack, what: &str| {
        let mut forms = pack.forms().maps.iter();
        forms.any(|f| what.strip_prefix("form ") == Some(&f.id))
    };
    let names = names.into_iter().map(|(what, title)| Difference {
        from: is_in(from, &what).then(|| title.clone()),
        to: is_in(to, &what).then(|| format!("{title}, mapped otherwise")),
        what,
    });
    names.collect()
}

/// The reference tables whose rows differ.
fn differing_tables(from: &Pack, to: &Pack) -> Vec<Difference> {
    let mut names: Vec<&str> = references(from)
        .chain(references(to))
        .map(|(_, t)| &*t.name)
        .collect();
    names.sort_unstable();
    names.dedup();
    let one = |name: &&str| {
        let (old, new) = (rows(from, name), rows(to, name));
        if old == new {
            return None;
        }
        let said = |here: &Option<Vec<String>>, there: &Option<Vec<String>>| {
            let (here, there) = (here.as_ref()?, there.clone().unwrap_or_default());
            let (own, _) = super::alone(here.clone(), there);
            Some(rows_alone(here.len(), &own))
        };
        Some(Difference {
            what: format!("{TABLE}{name}"),
            from: said(&old, &new),
            to: said(&new, &old),
        })
    };
    names.iter().filter_map(one).collect()
}

/// How many rows a table has, and those of them that the other table has not.
fn rows_alone(all: usize, own: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = own.iter().take(SHOWN).map(|row| format!("`{row}`"));
    let shown: Vec<String> = shown.collect();
    let more = match own.len().saturating_sub(SHOWN) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    match own.len() {
        0 => format!("{all} rows, none of them here alone"),
        n => format!(
            "{all} rows, {n} of them here alone: {}{more}",
            shown.join("; ")
        ),
    }
}

fn references(pack: &Pack) -> impl Iterator<Item = (TableId, &Table)> {
    let tables = pack.schema.tables.iter().enumerate();
    tables.skip(pack.schema.submission)
}

/// The rows of a reference table as they are written.
fn rows(pack: &Pack, name: &str) -> Option<Vec<String>> {
    let (id, table) = references(pack).find(|(_, t)| t.name == name)?;
    let rows = pack.reference(id)?;
    let row = |at: usize| {
        let cells = (0..table.fields.len()).map(|field| rows.raw(at, field));
        cells.collect::<Vec<_>>().join(", ")
    };
    Some((0..rows.len()).map(row).collect())
}

fn one_line(expr: &Expr) -> String {
    expr.text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn template(template: &Template) -> String {
    let parts = template.parts.iter().map(|part| match part {
        Part::Text(words) => words.clone(),
        Part::Value(expr) => format!("{{{}}}", one_line(expr)),
    });
    parts.collect()
}

/// Fiscal years in words.
fn years((from, until): (Option<i64>, Option<i64>)) -> String {
    match (from, until) {
        (None, None) => "in every year".to_owned(),
        (Some(from), None) => format!("from {from}"),
        (None, Some(until)) => format!("until {until}"),
        (Some(from), Some(until)) if from == until => format!("in {from}"),
        (Some(from), Some(until)) => format!("from {from} to {until}"),
    }
}
