//! What a pack says of the empty workbook that a submission is written in: what is filled in for a submitter, what is
//! carried over from last year, which cells add themselves up, and what the sheet of checks asks.

use super::spanned::{Doc, Keys, Text, as_table, as_text};
use super::{Rule, Subjects, Test};
use crate::diagnostic::suggest;
use crate::expr::formula::{Cells, Writer};
use crate::expr::{Expr, Fault, Scope, Ty, check, check_for};
use crate::read::lines::PLAN;
use crate::schema::{FieldId, Schema, TableId};
use crate::value::{Decimal, Value};

/// The template of a pack.
#[derive(Debug, Clone, Default)]
pub struct TemplateSpec {
    /// Filled in for a submitter, from the reference tables; its expressions read a submission that holds the submitter and
    /// the year alone.
    pub given: Vec<Fill>,
    /// Carried over from last year's submission, which its expressions read; `year` is the template's.
    pub carried: Vec<Fill>,
    /// Fields of `plan` that are formulas.
    pub formulas: Vec<(FieldId, Expr)>,
    /// What the sheet of checks asks besides what the schema says.
    pub checks: Vec<TemplateCheck>,
}

/// What fills a table.
#[derive(Debug, Clone)]
pub struct Fill {
    /// The table.
    pub table: TableId,
    /// For each of these a row; `None` for the one row of `plan`.
    pub subjects: Option<Subjects>,
    /// Each field's value.
    pub fields: Vec<(FieldId, Expr)>,
    /// The reference tables that it reads.
    pub sources: Vec<TableId>,
}

/// A question of the sheet of checks.
#[derive(Debug, Clone)]
pub struct TemplateCheck {
    /// What is true of a good submission.
    pub title: Option<String>,
    /// The rule that judges the same: a place in [`super::Pack::rules`].
    pub rule: Option<usize>,
    /// What it asks; `None`: what the rule asks.
    pub body: Option<CheckBody>,
}

/// What a check asks.
#[derive(Debug, Clone)]
pub struct CheckBody {
    /// The rows that it is about; `None`: the whole submission.
    pub subjects: Option<Subjects>,
    /// When it is asked at all.
    pub when: Option<Expr>,
    /// What must hold.
    pub require: Expr,
}

/// The rules that a check may name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'r> {
    pub(crate) read: &'r [Rule],
    /// The ids of those that have a file and could not be read, which is told there.
    pub(crate) lost: &'r [&'r str],
}

/// Reads `template` of `pack.toml`, and nothing else of it; `None` when it cannot be parsed.
pub(crate) fn read_alone(
    doc: Doc<'_>,
    scope: &Scope<'_>,
    rules: Rules<'_>,
) -> Option<TemplateSpec> {
    let tree = doc.parse(doc.text)?;
    Some(read(&Keys::new(doc, tree.get_ref(), 0..0), scope, rules))
}

/// Reads `template` of `pack.toml`.
pub(crate) fn read(keys: &Keys<'_, '_>, scope: &Scope<'_>, rules: Rules<'_>) -> TemplateSpec {
    let mut spec = TemplateSpec::default();
    let Some(of) = keys.table("template") else {
        return spec;
    };
    spec.given = fills(&of, "given", scope);
    spec.carried = fills(&of, "carried", scope);
    spec.formulas = formulas(&of, scope);
    let checks = of.tables("check");
    spec.checks = checks
        .iter()
        .filter_map(|of| one_check(of, scope, rules))
        .collect();
    of.done();
    spec
}

fn fills(of: &Keys<'_, '_>, key: &str, scope: &Scope<'_>) -> Vec<Fill> {
    let tables = of.table(key);
    let entries = tables.iter().flat_map(Keys::entries);
    entries
        .filter_map(|(name, entry)| {
            let table = table_of(of.doc, &name, scope.schema)?;
            fill(&as_table(of.doc, entry)?, table, scope)
        })
        .collect()
}

fn table_of(doc: Doc<'_>, name: &Text, schema: &Schema) -> Option<TableId> {
    let found = schema
        .table(&name.value)
        .filter(|table| *table < schema.submission);
    if found.is_none() {
        let names = schema.submission_tables().iter().map(|t| t.name.as_str());
        let message = format!("there is no table `{}` of a submission", name.value);
        doc.mistake(name.span.clone(), message, "", suggest(&name.value, names));
    }
    found
}

fn fill(of: &Keys<'_, '_>, table: TableId, scope: &Scope<'_>) -> Option<Fill> {
    let is_plan = scope.schema.tables.get(table)?.name == PLAN;
    let mut sources = Vec::new();
    let mut row_scope = scope.clone();
    let subjects = if is_plan {
        None
    } else {
        let text = of.required_text("for");
        let subjects = text.and_then(|text| subjects(of.doc, &text, scope, &mut sources));
        row_scope.row = subjects.as_ref().map(|s| (s.name.clone(), s.table));
        subjects
    };
    let fields = of.table("fields");
    let entries = fields.iter().flat_map(Keys::entries);
    let fields = entries.filter_map(|(name, entry)| {
        let field = field_of(of.doc, &name, scope.schema, table)?;
        let text = as_text(of.doc, entry)?;
        let expr = value_of(of.doc, &text, &row_scope, (table, field), &mut sources)?;
        Some((field, expr))
    });
    let fields: Vec<_> = fields.collect();
    of.done();
    sources.sort_unstable();
    sources.dedup();
    sources.retain(|table| *table >= scope.schema.submission);
    (is_plan || subjects.is_some()).then_some(Fill {
        table,
        subjects,
        fields,
        sources,
    })
}

fn subjects(
    doc: Doc<'_>,
    text: &Text,
    scope: &Scope<'_>,
    sources: &mut Vec<TableId>,
) -> Option<Subjects> {
    match check_for(&text.value, scope) {
        Ok((name, table, rows, notes)) => {
            sources.extend(notes.tables);
            Some(Subjects { name, table, rows })
        }
        Err(faults) => {
            doc.faults(text, faults);
            None
        }
    }
}

fn field_of(doc: Doc<'_>, name: &Text, schema: &Schema, table: TableId) -> Option<FieldId> {
    let of = schema.tables.get(table)?;
    let found = of.field(&name.value);
    if found.is_none() {
        let names = of.fields.iter().map(|f| f.name.as_str());
        let message = format!("the table `{}` has no field `{}`", of.name, name.value);
        doc.mistake(name.span.clone(), message, "", suggest(&name.value, names));
    }
    found
}

/// An expression whose value a field can hold.
fn value_of(
    doc: Doc<'_>,
    text: &Text,
    scope: &Scope<'_>,
    (table, field): (TableId, FieldId),
    sources: &mut Vec<TableId>,
) -> Option<Expr> {
    let (expr, notes) = match check(&text.value, scope) {
        Ok(checked) => checked,
        Err(faults) => {
            doc.faults(text, faults);
            return None;
        }
    };
    sources.extend(notes.tables);
    let wanted = Ty::of_field(scope.schema, table, field);
    let fits = match (&wanted, expr.ty()) {
        (Ty::Money, Ty::Money) | (_, Ty::Null) => true,
        (Ty::Money, _) | (_, Ty::Money | Ty::List(_) | Ty::Row(_)) => false,
        (wanted, found) => wanted.unify(found).is_some(),
    };
    if !fits {
        let (found, wanted) = (expr.ty().name(scope.schema), wanted.name(scope.schema));
        let message = format!("this is {found}, and the field holds {wanted}");
        doc.mistake(text.span.clone(), message, "", "");
        return None;
    }
    Some(expr)
}

fn formulas(of: &Keys<'_, '_>, scope: &Scope<'_>) -> Vec<(FieldId, Expr)> {
    let Some(plan) = scope.schema.table(PLAN) else {
        return Vec::new();
    };
    let formulas = of.table("formulas");
    let entries = formulas.iter().flat_map(Keys::entries);
    entries
        .filter_map(|(name, entry)| {
            let field = field_of(of.doc, &name, scope.schema, plan)?;
            let text = as_text(of.doc, entry)?;
            let expr = value_of(of.doc, &text, scope, (plan, field), &mut Vec::new())?;
            let fault = Writer::new(&ANYWHERE, Vec::new()).write(&expr).err();
            of.doc.faults(&text, fault.into_iter().collect());
            Some((field, expr))
        })
        .collect()
}

fn one_check(of: &Keys<'_, '_>, scope: &Scope<'_>, rules: Rules<'_>) -> Option<TemplateCheck> {
    let own = of.has("require");
    let title = if own {
        of.required_text("title")
    } else {
        of.text("title")
    };
    let named = if own {
        of.text("rule")
    } else {
        of.required_text("rule")
    };
    let rule = named.as_ref().and_then(|text| rule_of(of.doc, text, rules));
    let body = check_body(of, scope);
    of.done();
    for key in ["for", "when"].iter().filter(|key| !own && of.has(key)) {
        let message = format!("`{key}` belongs to a check with its own `require`");
        of.doc.mistake(
            of.span.clone(),
            message,
            "",
            "leave it out, or add `require = …`",
        );
    }
    if let (None, Some(text), Some(rule)) = (&body, &named, rule.and_then(|at| rules.read.get(at)))
        && let Some(fault) = fault_of(rule)
    {
        let message = format!("`{}` cannot be asked in a spreadsheet", rule.id);
        let label = format!("{}: {}", rule.file, fault.message);
        let help = "write `require = …` here with what a spreadsheet can say of it";
        of.doc.mistake(text.span.clone(), message, label, help);
    }
    if named.is_some() && rule.is_none() || (own && body.is_none()) {
        return None;
    }
    Some(TemplateCheck {
        title: title.map(|text| text.value),
        rule,
        body,
    })
}

fn rule_of(doc: Doc<'_>, text: &Text, rules: Rules<'_>) -> Option<usize> {
    let found = rules.read.iter().position(|rule| rule.id == text.value);
    if found.is_none() && !rules.lost.contains(&&*text.value) {
        let read = rules.read.iter().map(|rule| rule.id.as_str());
        let names = read.chain(rules.lost.iter().copied());
        let message = format!("there is no rule `{}`", text.value);
        doc.mistake(text.span.clone(), message, "", suggest(&text.value, names));
    }
    found
}

fn check_body(of: &Keys<'_, '_>, scope: &Scope<'_>) -> Option<CheckBody> {
    let rows = of.text("for");
    let subjects = rows
        .as_ref()
        .and_then(|text| subjects(of.doc, text, scope, &mut Vec::new()));
    if let (Some(text), Some(subjects)) = (&rows, &subjects) {
        let writer = Writer::new(&ANYWHERE, Vec::new());
        let fault = writer.subjects(&subjects.rows).err();
        of.doc.faults(text, fault.into_iter().collect());
    }
    let mut row_scope = scope.clone();
    row_scope.row = subjects.as_ref().map(|s| (s.name.clone(), s.table));
    let test = |key: &str| {
        let text = of.text(key)?;
        let checked = check(&text.value, &row_scope).and_then(|(expr, _)| {
            let written = Writer::new(&ANYWHERE, Vec::new()).write(&expr);
            written.map_err(|fault| vec![fault])?;
            if *expr.ty() != Ty::Bool {
                let message = "this is neither true nor false";
                return Err(vec![Fault::new(0..text.value.len(), message)]);
            }
            Ok(expr)
        });
        checked.map_err(|faults| of.doc.faults(&text, faults)).ok()
    };
    let (when, require) = (test("when"), test("require")?);
    (rows.is_none() || subjects.is_some()).then_some(CheckBody {
        subjects,
        when,
        require,
    })
}

/// Why a rule cannot be asked in a spreadsheet, in one of its editions.
fn fault_of(rule: &Rule) -> Option<Fault> {
    let mut rows = rule.subjects.iter().map(|s| &s.rows);
    let writer = Writer::new(&ANYWHERE, Vec::new());
    if let Some(fault) = rows.find_map(|rows| writer.subjects(rows).err()) {
        return Some(fault);
    }
    let tests = rule.editions.iter().filter_map(|e| e.body.test());
    if tests.clone().any(Test::is_question) {
        return Some(Fault::new(0..0, "it asks a person"));
    }
    tests
        .flat_map(|test| {
            let lets: Vec<&Expr> = test.lets.iter().map(|(_, e)| e).collect();
            let writer = Writer::new(&ANYWHERE, lets);
            let exprs = test.when.iter().chain(&test.require);
            exprs
                .filter_map(|expr| writer.write(expr).err())
                .collect::<Vec<_>>()
        })
        .next()
}

/// A workbook of which only that is known that it has cells.
struct Anywhere;

const ANYWHERE: Anywhere = Anywhere;

impl Cells for Anywhere {
    fn plan(&self, _: FieldId) -> String {
        "A1".to_owned()
    }

    fn column(&self, _: TableId, _: FieldId) -> String {
        "A1:A2".to_owned()
    }

    fn used(&self, _: TableId) -> String {
        "A1:A2".to_owned()
    }

    fn spellings(&self, _: TableId, _: FieldId, code: &str) -> Vec<String> {
        vec![code.to_owned()]
    }

    fn param(&self, _: usize) -> Option<Value> {
        Some(Value::Number(Decimal::ONE))
    }

    fn year(&self) -> i64 {
        0
    }
}
