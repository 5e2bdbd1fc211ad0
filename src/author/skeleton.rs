//! The file of a new rule: it loads, and its cases say what is to be filled in.

use std::fmt::Write as _;

use crate::pack::{CaseKind, Pack};
use crate::schema::{Field, Table};
use crate::value::Type;

/// What is written wherever the author has to say something.
const TO_FILL_IN: &str = "to fill in";

/// The text of a rule that loads with the pack, over the rows of a table or over the whole submission; its cases do not
/// hold before they are filled in. `None`: the submission has no such table.
pub fn skeleton(pack: &Pack, over: Option<&str>) -> Option<String> {
    let tables = pack.schema.submission_tables();
    let table = match over {
        Some(name) => tables.iter().find(|t| t.name == name)?,
        None => tables.get(pack.identity.table)?,
    };
    let row = if over.is_some() { "row" } else { &table.name };
    let (field, compares) = deciding(table)?;
    let cell = format!("{row}.{}", field.name);
    let mut out = head(pack);
    if over.is_some() {
        let _ = writeln!(
            out,
            "for = 'row in {}'  # the rows that it judges: 'row in {}[…]'",
            table.name, table.name
        );
    }
    let when = "# when = '…'  # when it is asked at all; absent: always";
    let require = if compares {
        format!("{cell} > 0")
    } else {
        format!("{cell} != null")
    };
    let _ = writeln!(out, "{when}\nrequire = '{require}'  # what must hold");
    let _ = writeln!(out, "message = \"{TO_FILL_IN}: what is wrong: {{{cell}}}\"");
    let _ = writeln!(out, "advice = \"{TO_FILL_IN}: what to do about it.\"");
    for kind in CaseKind::ALL {
        case(&mut out, kind, table, field, over.is_some());
    }
    Some(out)
}

/// What the rule is, and where it comes from.
fn head(pack: &Pack) -> String {
    let documents = pack.sources.iter().filter(|s| !s.is_clause());
    let source = documents.chain(&pack.sources).next();
    let source = source.map_or("", |s| s.key.as_str());
    let plan = &pack.words.submission;
    let lines = [
        format!("code = \"{TO_FILL_IN}\""),
        format!("title = \"{TO_FILL_IN}\"  # true of a good {plan}; no full stop"),
        "basis = \"advice\"  # statute, guidance, data, judgement, policy or advice".to_owned(),
        format!("cites = [\"{source}\"]  # keys of sources.toml"),
        "severity = \"note\"  # note, condition, return or escalate".to_owned(),
        format!("effective = {{ from = {} }}  # fiscal years", pack.years.0),
    ];
    let lines = lines.into_iter().map(|line| format!("{line}\n"));
    lines.collect()
}

/// The field that the test compares, if one of the table's can be: an amount or another figure.
fn deciding(table: &Table) -> Option<(&Field, bool)> {
    let of = |types: &[Type]| {
        table
            .fields
            .iter()
            .find(|f| types.contains(&f.ty) && !f.key)
    };
    let figure = of(&[Type::Money]).or_else(|| of(&[Type::Number, Type::Percent]));
    let first = table.fields.first().map(|f| (f, false));
    figure.map(|f| (f, true)).or(first)
}

fn case(out: &mut String, kind: CaseKind, table: &Table, field: &Field, by_row: bool) {
    let (what, expect) = match kind {
        CaseKind::Pass => ("one that passes", "pass"),
        CaseKind::Fail => ("one that fails", "fail"),
        CaseKind::Edge => ("one at the exact edge of the comparison", "pass"),
        CaseKind::Missing => ("one without the deciding cell", "unknown"),
    };
    let _ = writeln!(out, "\n[[case]]\nname = \"{TO_FILL_IN}: {what}\"");
    let _ = writeln!(out, "kind = \"{}\"\nexpect = \"{expect}\"", kind.name());
    if by_row {
        let _ = writeln!(out, "{} = \"\"\"\n{}\n\"\"\"", table.name, field.name);
    } else {
        let _ = writeln!(out, "{} = {{}}  # {} = …", table.name, field.name);
    }
}
