//! Maps of foreign spreadsheets: `forms/<name>.toml` → [`FormMap`], every mistake told at its place.

use super::spanned::{Doc, Entry, Keys, Text, as_array, as_table, as_text};
use crate::diagnostic::suggest;
use crate::intake::map::{Block, FormMap, Name, Plans, Source, Unpivot};
use crate::intake::pattern::Pattern;
use crate::read::accepts;
use crate::read::lines::PLAN;
use crate::schema::{Field, FieldId, Schema, Table, TableId};

/// Reads one map. `id` is the stem of its file; `None` when it has a mistake.
pub(crate) fn read(doc: Doc<'_>, id: &str, schema: &Schema, sources: &[&str]) -> Option<FormMap> {
    let before = doc.mistakes.borrow().len();
    let tree = doc.parse(doc.text)?;
    let keys = Keys::new(doc, tree.get_ref(), 0..0);
    let title = keys.required_text("title");
    let note = keys.required_text("note");
    for source in words(&keys, "source") {
        if !sources.contains(&source.value.as_str()) {
            let help = suggest(&source.value, sources.iter().copied());
            let message = format!("there is no source `{}`", source.value);
            doc.mistake(source.span, message, "", help);
        }
    }
    let page = keys.flag("page");
    let marks = patterns(&words(&keys, "marks"));
    let plans = keys.table("plans").map(|of| plans(&of));
    let found = keys.tables("block");
    let blocks: Vec<Block> = found.iter().filter_map(|of| block(of, schema)).collect();
    keys.done();
    if !blocks.iter().any(|b| b.required) && blocks.len() == found.len() {
        doc.mistake(
            0..0,
            "no block is `required`: nothing tells this form from others",
            "",
            "add `required = true` to the blocks that every such file has",
        );
    }
    (doc.mistakes.borrow().len() == before).then_some(FormMap {
        id: id.to_owned(),
        title: title?.value,
        note: note?.value,
        marks,
        page,
        plans,
        blocks,
    })
}

/// One text or a list of them.
fn words(keys: &Keys<'_, '_>, key: &str) -> Vec<Text> {
    keys.get(key)
        .map_or_else(Vec::new, |entry| words_of(keys.doc, entry))
}

fn words_of(doc: Doc<'_>, entry: Entry<'_>) -> Vec<Text> {
    let texts: Vec<Text> = if matches!(entry.get_ref(), toml::de::DeValue::Array(_)) {
        let items = as_array(doc, entry);
        items.iter().filter_map(|item| as_text(doc, item)).collect()
    } else {
        as_text(doc, entry).into_iter().collect()
    };
    for text in &texts {
        if Pattern::new(&text.value).is_blank() {
            let message = "this fits every text, or none";
            doc.mistake(text.span.clone(), message, "", "write words of the form");
        }
    }
    texts
}

fn patterns(texts: &[Text]) -> Vec<Pattern> {
    texts.iter().map(|t| Pattern::new(&t.value)).collect()
}

fn plans(of: &Keys<'_, '_>) -> Plans {
    let column = |key: &str| patterns(&words(of, key));
    let plans = Plans {
        district_code: column("district_code"),
        plan_year: column("plan_year"),
        revision: column("revision"),
    };
    of.done();
    for (key, names) in [
        ("district_code", &plans.district_code),
        ("plan_year", &plans.plan_year),
    ] {
        if names.is_empty() {
            let message = format!("`{key}` is missing");
            let help = format!("add `{key} = \"the header of its column\"`");
            of.doc.mistake(of.span.clone(), message, "", help);
        }
    }
    plans
}

fn block(of: &Keys<'_, '_>, schema: &Schema) -> Option<Block> {
    let name = of.required_text("table")?;
    let id = schema
        .table(&name.value)
        .filter(|id| *id < schema.submission);
    let Some((id, table)) = id.and_then(|id| Some((id, schema.tables.get(id)?))) else {
        let names = schema.submission_tables().iter().map(|t| t.name.as_str());
        let help = suggest(&name.value, names.collect::<Vec<_>>());
        let message = format!("a submission has no table `{}`", name.value);
        of.doc.mistake(name.span, message, "", help);
        return None;
    };
    let reader = Reader { of, table };
    let block = reader.block(id);
    of.done();
    reader.check(&block);
    Some(block)
}

/// A block being read.
struct Reader<'k, 'd, 't> {
    of: &'k Keys<'d, 't>,
    table: &'k Table,
}

impl Reader<'_, '_, '_> {
    fn block(&self, table: TableId) -> Block {
        let of = self.of;
        let own = of.flag("own");
        let is_plan = self.table.name == PLAN;
        let columns = if own && !is_plan {
            self.own()
        } else {
            self.sources("columns")
        };
        let labels = if own && is_plan {
            self.own()
        } else {
            self.sources("labels")
        };
        let unpivot = of.table("unpivot").and_then(|u| self.unpivot(&u));
        let mut needs = self.fields("needs");
        if needs.is_empty() {
            needs = self.usual_needs(&columns);
        }
        Block {
            table,
            sheets: patterns(&words(of, "sheet")),
            except: patterns(&words(of, "except")),
            required: of.flag("required"),
            after: patterns(&words(of, "after")),
            until: patterns(&words(of, "until")),
            only: self.only(),
            needs,
            labels,
            constants: self.constants(),
            values: self.values(),
            headings: self.fields("headings"),
            leading: self.fields("leading"),
            trailing: self.fields("trailing"),
            shared: self.fields("shared"),
            ticks: of.text("ticks").and_then(|name| self.field(&name)),
            printed: self.fields("printed"),
            hints: patterns(&words(of, "hints")),
            totals: patterns(&words(of, "totals")),
            distinct: of.flag("distinct"),
            columns,
            unpivot,
        }
    }

    /// A block is there when the columns of the required fields are, or, when none is mapped, all that are.
    fn usual_needs(&self, columns: &[Source]) -> Vec<FieldId> {
        let required = |s: &&Source| {
            let field = self.table.fields.get(s.field);
            field.is_some_and(|f| f.required)
        };
        let needs: Vec<FieldId> = columns.iter().filter(required).map(|s| s.field).collect();
        if needs.is_empty() {
            columns.iter().map(|s| s.field).collect()
        } else {
            needs
        }
    }

    fn get(&self, field: FieldId) -> Option<&Field> {
        self.table.fields.get(field)
    }

    fn field(&self, name: &Text) -> Option<FieldId> {
        let field = self.table.field(&name.value);
        if field.is_none() {
            let names = self.table.fields.iter().map(|f| f.name.as_str());
            let help = suggest(&name.value, names.collect::<Vec<_>>());
            let message = format!(
                "the table `{}` has no field `{}`",
                self.table.name, name.value
            );
            self.of.doc.mistake(name.span.clone(), message, "", help);
        }
        field
    }

    fn fields(&self, key: &str) -> Vec<FieldId> {
        let names = words(self.of, key);
        names.iter().filter_map(|name| self.field(name)).collect()
    }

    /// `columns = { amount = ["BUDGET", "Funding | State"] }`
    fn sources(&self, key: &str) -> Vec<Source> {
        let Some(of) = self.of.table(key) else {
            return Vec::new();
        };
        let entries = of.entries().into_iter();
        let read = entries.filter_map(|(name, entry)| {
            self.check_names(key, entry);
            Some(Source {
                field: self.field(&name)?,
                names: self.names(entry),
            })
        });
        read.collect()
    }

    /// A name says something of its own, and a value stands among words of labels alone.
    fn check_names(&self, key: &str, entry: Entry<'_>) {
        let doc = self.of.doc;
        for text in words_of(doc, entry) {
            let (upper, lower) = text.value.split_once('|').unwrap_or(("x", &text.value));
            let words = lower.replace("{}", "");
            if Pattern::new(upper).is_blank() || Pattern::new(&words).is_blank() {
                doc.mistake(
                    text.span,
                    "a part of this name is blank",
                    "",
                    "write words of the form",
                );
            } else if key == "columns" && lower.contains("{}") {
                let help = "`{}` stands for a value among the words of a label";
                doc.mistake(text.span, "a column's name holds no value", "", help);
            }
        }
    }

    /// The schema's own names of every field.
    fn own(&self) -> Vec<Source> {
        let fields = self.table.fields.iter().enumerate();
        let source = |(field, of): (FieldId, &Field)| {
            let first = [&of.name, &of.label];
            let names = first.into_iter().chain(&of.also);
            let names = names.filter(|name| !name.is_empty());
            Source {
                field,
                names: names.map(|name| Name::new(name)).collect(),
            }
        };
        fields.map(source).collect()
    }

    fn names(&self, entry: Entry<'_>) -> Vec<Name> {
        let texts = words_of(self.of.doc, entry);
        texts.iter().map(|t| Name::new(&t.value)).collect()
    }

    fn only(&self) -> Vec<(Name, Vec<Pattern>)> {
        let Some(of) = self.of.table("only") else {
            return Vec::new();
        };
        let entries = of.entries().into_iter();
        entries
            .map(|(label, entry)| {
                let wanted = words_of(self.of.doc, entry);
                (Name::new(&label.value), patterns(&wanted))
            })
            .collect()
    }

    fn constants(&self) -> Vec<(FieldId, String)> {
        let Some(of) = self.of.table("constants") else {
            return Vec::new();
        };
        let mut constants = Vec::new();
        for (name, entry) in of.entries() {
            let field = self.field(&name);
            let Some((field, text)) = field.zip(as_text(self.of.doc, entry)) else {
                continue;
            };
            self.check_value(field, &text);
            constants.push((field, text.value));
        }
        constants
    }

    /// A value that the map itself gives is one of its field's.
    fn check_value(&self, field: FieldId, text: &Text) {
        if let Some(Err(message)) = self.get(field).map(|f| accepts(f, &text.value)) {
            self.of.doc.mistake(text.span.clone(), message, "", "");
        }
    }

    fn values(&self) -> Vec<(FieldId, Vec<(String, Vec<Pattern>)>)> {
        let Some(of) = self.of.table("values") else {
            return Vec::new();
        };
        let mut values = Vec::new();
        for (name, entry) in of.entries() {
            let field = self.field(&name);
            let Some((field, spellings)) = field.zip(as_table(self.of.doc, entry)) else {
                continue;
            };
            values.push((field, self.spellings(field, &spellings)));
        }
        values
    }

    fn spellings(&self, field: FieldId, of: &Keys<'_, '_>) -> Vec<(String, Vec<Pattern>)> {
        let entries = of.entries().into_iter();
        entries
            .map(|(value, entry)| {
                self.check_value(field, &value);
                let texts = words_of(self.of.doc, entry);
                (value.value, patterns(&texts))
            })
            .collect()
    }

    fn unpivot(&self, of: &Keys<'_, '_>) -> Option<Unpivot> {
        let value = of.required_text("value").and_then(|n| self.field(&n));
        let name = of.required_text("name").and_then(|n| self.field(&n));
        let columns = of.table("columns");
        if columns.is_none() {
            let message = "`columns` is missing";
            let help = "add `columns = { value = \"its header\" }`";
            self.of.doc.mistake(of.span.clone(), message, "", help);
        }
        let total = of.get("total").map_or_else(Vec::new, |e| self.names(e));
        of.done();
        let (value, name) = value.zip(name)?;
        let entries = columns.iter().flat_map(Keys::entries);
        let columns = entries.map(|(code, entry)| {
            self.check_value(name, &code);
            (code.value, self.names(entry))
        });
        Some(Unpivot {
            columns: columns.collect(),
            value,
            name,
            total,
        })
    }

    /// What no single key shows to be wrong.
    fn check(&self, block: &Block) {
        let mistake = |message: String, help: &str| {
            let at = self.of.span.start..self.of.span.start + 1;
            self.of.doc.mistake(at, message, "", help);
        };
        let taken_from = [
            !block.columns.is_empty(),
            !block.labels.is_empty(),
            self.of.has("unpivot"),
            block.ticks.is_some(),
        ];
        if taken_from == [false; 4] {
            let help = "add `columns`, `labels`, `unpivot` or `ticks`";
            mistake(
                "this block says nothing of where its cells are".into(),
                help,
            );
        }
        if !self.of.has("own") {
            self.check_doubles(block, &mistake);
        }
        for field in block
            .needs
            .iter()
            .chain(&block.trailing)
            .chain(&block.shared)
        {
            if !block.columns.iter().any(|s| s.field == *field) {
                let name = self.get(*field).map_or("", |f| &f.name);
                let message = format!("`{name}` has no column in this block");
                mistake(message, "name its header under `columns`");
            }
        }
        if let Some(value) = block.unpivot.as_ref().and_then(|u| self.get(u.value))
            && !value.ty.is_figure()
        {
            let message = format!("`{}` holds no figures", value.name);
            mistake(message, "`unpivot.value` is a field of amounts or numbers");
        }
    }

    /// A field has one source, and some header of its own.
    fn check_doubles(&self, block: &Block, mistake: &dyn Fn(String, &str)) {
        let name = |field: FieldId| self.get(field).map_or("", |f| f.name.as_str());
        let spread = block.unpivot.iter().flat_map(|u| [u.value, u.name]);
        let sources = [&block.columns, &block.labels];
        let fields = sources.iter().flat_map(|s| s.iter().map(|s| s.field));
        let constants = block.constants.iter().map(|(field, _)| *field);
        let mut seen: Vec<FieldId> = Vec::new();
        for field in fields.chain(constants).chain(spread).chain(block.ticks) {
            if seen.contains(&field) {
                let message = format!("`{}` is taken from two places", name(field));
                mistake(message, "name a field once in a block");
            }
            seen.push(field);
        }
        let mut taken: Vec<String> = Vec::new();
        for source in &block.columns {
            let own: Vec<String> = source.names.iter().map(Name::words).collect();
            if !block.shares(source.field) && own.iter().all(|words| taken.contains(words)) {
                let message = format!("`{}` can never be found", name(source.field));
                mistake(message, "each of its headers is taken by a field above it");
            }
            taken.extend(own);
        }
    }
}
