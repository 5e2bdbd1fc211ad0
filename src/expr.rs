//! The expression language: text → tree → typed tree → values, for whole columns at once, with evidence.
//!
//! A small typed subset of FEEL (OMG DMN 1.5); `docs/language.md` is its manual.

mod aggregate;
mod ast;
mod builtin;
pub(crate) mod cells;
pub(crate) mod check;
mod equality;
pub(crate) mod eval;
pub(crate) mod formula;
mod lex;
mod parse;
mod pattern;
mod texts;
pub(crate) mod tree;
pub(crate) mod vector;
pub(crate) mod world;

pub(crate) use ast::{BinaryOp, Quantifier};
pub(crate) use builtin::Builtin;
pub use check::{Notes, Scope, check, check_for};
pub use lex::Fault;
pub(crate) use parse::is_keyword;
pub use tree::{Expr, Ty};
pub use world::World;

/// Why a pattern cannot be taken by `matches`, if it cannot.
pub(crate) fn pattern_fault(text: &str) -> Option<String> {
    pattern::check(text, "").err()
}

/// The value of an expression over a submission, without a rule.
pub fn evaluate(
    expr: &Expr,
    schema: &crate::schema::Schema,
    world: &World,
    submission: &crate::submission::Submission,
) -> crate::value::Value {
    let mut machine = eval::Machine::new(schema, world, submission);
    machine.begin(Vec::new(), None);
    let value = machine.run(expr);
    machine.value(&value, 0, expr.ty()).settled()
}

/// For each row that `subjects` gives, the values of expressions over it and a submission; none where the rows cannot be
/// known.
pub(crate) fn evaluate_rows(
    (table, subjects): (crate::schema::TableId, &Expr),
    exprs: &[&Expr],
    schema: &crate::schema::Schema,
    world: &World,
    submission: &crate::submission::Submission,
) -> Vec<Vec<crate::value::Value>> {
    let mut machine = eval::Machine::new(schema, world, submission);
    machine.begin(Vec::new(), None);
    let lists = machine.run(subjects).into_lists();
    let range = lists.range(0);
    let rows = match &*lists.items {
        vector::Vector::Rows(_, rows) => rows.get(range).unwrap_or_default().to_vec().into(),
        _ => crate::table::Values::new(),
    };
    if rows.contains(&vector::NULL_ID) {
        return Vec::new();
    }
    let mut values: Vec<Vec<crate::value::Value>> = vec![Vec::new(); rows.len()];
    for expr in exprs.iter().filter(|_| !rows.is_empty()) {
        machine.begin(Vec::new(), Some((table, rows.clone())));
        let vector = machine.run(expr);
        for (at, row) in values.iter_mut().enumerate() {
            row.push(machine.value(&vector, at, expr.ty()).settled());
        }
    }
    values
}

/// The first key of each row that an expression over a reference table gives, in order.
pub(crate) fn first_keys(
    expr: &Expr,
    schema: &crate::schema::Schema,
    world: &World,
) -> Vec<String> {
    let none = crate::submission::Submission::empty(schema, "", |_| String::new());
    let mut machine = eval::Machine::new(schema, world, &none);
    machine.begin(Vec::new(), None);
    let (table, rows) = match machine.run(expr) {
        vector::Vector::Lists(lists) => match *lists.items {
            vector::Vector::Rows(table, rows) => (table, rows),
            _ => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let key = schema
        .tables
        .get(table)
        .and_then(|t| t.reference.as_ref())
        .and_then(|r| r.key.first())
        .copied()
        .unwrap_or(0);
    let data = machine.rows(table);
    let text = |row: &u32| {
        let row = usize::try_from(*row).ok()?;
        let column = data?.columns.get(key)?.as_ref()?;
        match &column.data {
            crate::table::Data::Texts(ids) => {
                ids.get(row).map(|id| world.texts.get(*id).to_owned())
            }
            _ => data.map(|rows| rows.raw(row, key).trim().to_owned()),
        }
    };
    rows.iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{Files, InForce, Pack, load};
    use crate::read::{File, read_folder};
    use crate::submission::Submission;
    use crate::value::{Decimal, Value};

    /// The small pack, whose areas have codes of seven digits, and one area more.
    fn pack() -> Pack {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/set-aside");
        let paths = [
            "pack.toml",
            "schema.toml",
            "params.toml",
            "sources.toml",
            "data/areas.csv",
            "rules/budget/reading-reserved.toml",
        ];
        let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
        let changed = |path: &str| match path {
            "schema.toml" => read(path).replace("slug = {", "slug = { digits = 7,"),
            "data/areas.csv" => read(path) + "30011,Art\n",
            _ => read(path),
        };
        let files: Files = paths
            .map(|p| (p.to_owned(), changed(p).into_bytes()))
            .into();
        load("set-aside", &files).unwrap()
    }

    fn plan(pack: &Pack, files: &[(&str, &str)]) -> Submission {
        let file = |(path, text): &(&str, &str)| File {
            path: (*path).to_owned(),
            bytes: (*text).into(),
        };
        let files: Vec<File> = files.iter().map(file).collect();
        read_folder(&pack.schema, "plan", &files)
    }

    /// What an expression comes to in the rules of 2027.
    fn value_of(pack: &Pack, plan: &Submission, expr: &str) -> Value {
        let (checked, _) = check(expr, &pack.scope()).unwrap();
        let world = InForce::new(pack, 2027).world;
        evaluate(&checked, &pack.schema, &world, plan)
    }

    #[test]
    fn first_keys_have_the_zeros_that_a_file_lost() {
        let pack = pack();
        let (areas, _) = check("areas", &pack.scope()).unwrap();
        let world = InForce::new(&pack, 2027).world;
        let keys = first_keys(&areas, &pack.schema, &world);
        assert_eq!(keys, ["reading", "music", "0030011"]);
    }

    #[test]
    fn texts_that_no_rule_asks_for_have_their_values() {
        let pack = pack();
        let line_id = pack.schema.tables[1].field("line_id").unwrap();
        assert!(!pack.schema.tables[1].fields[line_id].asked_for);
        let text = "line_id,area,amount\nA1,music,1\n\"B \"\"2\"\"\",music,2\n,reading,3\nA1,music,4\nmusic,music,5\n";
        let plan = plan(&pack, &[("plan/budget.csv", text)]);
        let held = |row| plan.tables[1].cell(row, line_id, &plan.texts);
        assert_eq!(held(1), crate::table::Cell::Text("B \"2\""));
        for (expr, value) in [
            (
                "count(distinct values(budget.line_id))",
                Value::Number(Decimal::from(4)),
            ),
            (
                "for b in budget[line_id = \"A1\"] return b.amount",
                Value::List([1, 4].map(|x| Value::Money(Decimal::from(x))).into()),
            ),
            (
                "for b in budget[line_id = area or area = \"reading\"] return b.line_id",
                Value::List(["4", "music"].map(|t| Value::Text(t.to_owned())).into()),
            ),
        ] {
            assert_eq!(value_of(&pack, &plan, expr), value, "{expr}");
        }
    }

    #[test]
    fn whether_a_cell_of_a_row_is_null_is_known_where_the_row_is() {
        let pack = pack();
        let files = [
            ("plan/plan.toml", "award = 1.00\n"),
            (
                "plan/budget.csv",
                "area,amount,pupils\nmusic,,\nreading,2.00,8\n",
            ),
        ];
        let plan = plan(&pack, &files);
        let null = |of: &str| format!("some b in [{of}[1]] satisfies b.pupils = null");
        for (rows, value) in [
            ("budget", Value::Bool(true)),
            ("budget[area = \"reading\"]", Value::Bool(false)),
            (
                "budget[amount > plan.award and pupils = 9]",
                Value::Bool(true),
            ),
            // It cannot be told which row is meant.
            ("budget[amount > plan.award]", Value::UNKNOWN),
        ] {
            assert_eq!(value_of(&pack, &plan, &null(rows)), value, "{rows}");
        }
    }

    #[test]
    fn each_row_has_its_values() {
        let pack = pack();
        let files = [
            ("plan/plan.toml", "fiscal_year = 2027\n"),
            (
                "plan/budget.csv",
                "area,amount,pupils\nmusic,1.00,7\nreading,2.00,8\n",
            ),
        ];
        let plan = plan(&pack, &files);
        let (name, table, rows, _) = check_for("b in budget", &pack.scope()).unwrap();
        let mut scope = pack.scope();
        scope.row = Some((name, table));
        let (pupils, _) = check("b.pupils * 2", &scope).unwrap();
        let world = InForce::new(&pack, 2027).world;
        let exprs = [&pupils, &pupils];
        let values = evaluate_rows((table, &rows), &exprs, &pack.schema, &world, &plan);
        let number = |n: i64| vec![Value::Number(Decimal::from(n)); 2];
        assert_eq!(values, [number(14), number(16)]);
    }
}
