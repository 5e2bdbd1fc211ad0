//! An expression as a formula of a spreadsheet: the part of the language that one can say there with functions that every
//! spreadsheet program has. A column of cells is an array: the formula must be entered as an array formula.

use std::collections::BTreeSet;

use super::ast::BinaryOp;
use super::builtin::Builtin;
use super::lex::Fault;
use super::tree::{Expr, Iteration, Kind, LevelNo, Node, Ty};
use crate::schema::{FieldId, TableId};
use crate::value::{Decimal, Value, plain};

/// How near two figures are that a spreadsheet takes for equal: its numbers are not exact.
const NEAR: &str = "0.000001";

/// The row that a rule or a check is about.
const ROW: LevelNo = 1;

/// Where the cells of a workbook stand, and what its formulas may take for granted.
pub(crate) trait Cells {
    /// The cell of a field of `plan`.
    fn plan(&self, field: FieldId) -> String;
    /// The cells of a column.
    fn column(&self, table: TableId, field: FieldId) -> String;
    /// Of each row of a table whether anything stands in it.
    fn used(&self, table: TableId) -> String;
    /// The texts by which a cell holds a code.
    fn spellings(&self, table: TableId, field: FieldId, code: &str) -> Vec<String>;
    /// The value of a parameter; `None` where it has none.
    fn param(&self, at: usize) -> Option<Value>;
    /// The fiscal year.
    fn year(&self) -> i64;
}

/// A value as a formula, and what must be filled in for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Piece {
    /// The formula, without the sign before it.
    pub(crate) value: String,
    /// Each is true (or not zero) where the cells that it reads are filled in.
    pub(crate) needs: BTreeSet<String>,
}

impl Piece {
    fn of(value: impl Into<String>) -> Self {
        Piece {
            value: value.into(),
            needs: BTreeSet::new(),
        }
    }

    fn needing(mut self, need: String) -> Self {
        self.needs.insert(need);
        self
    }

    /// Several pieces in one.
    fn joined<const N: usize>(
        pieces: [Piece; N],
        write: impl FnOnce([String; N]) -> String,
    ) -> Self {
        let mut needs = BTreeSet::new();
        let values = pieces.map(|mut piece| {
            needs.append(&mut piece.needs);
            piece.value
        });
        Piece {
            value: write(values),
            needs,
        }
    }
}

/// All of several conditions as one: 1 or 0.
pub(crate) fn all<'s>(conditions: impl IntoIterator<Item = &'s String>) -> String {
    let factors: Vec<String> = conditions.into_iter().map(|c| format!("({c})")).collect();
    if factors.is_empty() {
        "1".to_owned()
    } else {
        factors.join("*")
    }
}

/// A text as a formula writes it.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// How an expression is written as a formula.
pub(crate) struct Writer<'a> {
    cells: &'a dyn Cells,
    lets: Vec<&'a Expr>,
}

impl<'a> Writer<'a> {
    /// One for expressions that may use these `let`s.
    pub(crate) fn new(cells: &'a dyn Cells, lets: Vec<&'a Expr>) -> Self {
        Writer { cells, lets }
    }

    /// An expression as a formula; or the piece of it that has none.
    pub(crate) fn write(&self, expr: &Expr) -> Result<Piece, Fault> {
        self.piece(&expr.root, None)
    }

    /// The two figures that an expression compares, for people to see: the sides of a comparison, or what a difference is of.
    pub(crate) fn sides(&self, expr: &Expr) -> Option<[Piece; 2]> {
        let Kind::Compare(_, a, b) = &expr.root.kind else {
            return None;
        };
        let (a, b) = match &a.kind {
            Kind::Call(Builtin::Abs, of) => match of.first().map(|n| &n.kind) {
                Some(Kind::Arithmetic(BinaryOp::Subtract, x, y)) => (x, y),
                _ => (a, b),
            },
            _ => (a, b),
        };
        let write = |node: &Node| self.piece(node, None).ok().filter(|_| node.ty.is_numeric());
        Some([write(a)?, write(b)?])
    }

    /// The rows of the subjects of a check that are meant: a condition, or nothing where all are.
    pub(crate) fn subjects(&self, rows: &Expr) -> Result<Option<Piece>, Fault> {
        match &rows.root.kind {
            Kind::Table(_) => Ok(None),
            Kind::Filter(of) if matches!(of.list.kind, Kind::Table(_)) => {
                self.piece(&of.body, None).map(Some)
            }
            _ => Err(refused(&rows.root)),
        }
    }

    /// `inner`: the row of a filter that is at work, and whether its cells lie across those of the check's row.
    fn piece(&self, node: &Node, inner: Option<(LevelNo, bool)>) -> Result<Piece, Fault> {
        let write = |node: &Node| self.piece(node, inner);
        match &node.kind {
            Kind::Const(value) => constant(value).ok_or_else(|| refused(node)),
            Kind::Year => Ok(Piece::of(self.cells.year().to_string())),
            Kind::Param(at) => {
                let value = self.cells.param(*at).unwrap_or(Value::Null);
                constant(&value).ok_or_else(|| refused(node))
            }
            Kind::Let(at) => match self.lets.get(*at) {
                Some(of) if inner.is_none() => self.piece(&of.root, None),
                _ => Err(refused(node)),
            },
            Kind::Field(..) => {
                let cells = self.cells_of(node, inner)?;
                let is_outer = !is_inner(node, inner);
                let need = if node.ty.is_numeric() {
                    format!("ISNUMBER({cells})")
                } else {
                    format!("LEN({cells})>0")
                };
                let piece = Piece::of(cells);
                Ok(if is_outer { piece.needing(need) } else { piece })
            }
            Kind::Negate(a) => Ok(Piece::joined([write(a)?], |[a]| format!("(-{a})"))),
            Kind::Arithmetic(op, a, b) => {
                if matches!(node.ty, Ty::Text(_)) {
                    return Err(refused(node));
                }
                let sign = op.sign();
                Ok(Piece::joined([write(a)?, write(b)?], |[a, b]| {
                    format!("({a}{sign}{b})")
                }))
            }
            Kind::Compare(op, a, b) => self.comparison(node, *op, [a, b], inner),
            Kind::And(a, b) => Ok(Piece::joined([write(a)?, write(b)?], |[a, b]| {
                format!("({a}*{b})")
            })),
            Kind::Or(a, b) => Ok(Piece::joined([write(a)?, write(b)?], |[a, b]| {
                format!("(({a}+{b})>0)")
            })),
            Kind::Not(a) => Ok(Piece::joined([write(a)?], |[a]| format!("(1-{a})"))),
            Kind::If(test, yes, no) => {
                let (test, yes, no) = (write(test)?, write(yes)?, write(no)?);
                let needs = format!("IF({},{},{})", test.value, all(&yes.needs), all(&no.needs));
                let is_simple = yes.needs.is_empty() && no.needs.is_empty();
                let value = format!("IF({},{},{})", test.value, yes.value, no.value);
                let piece = Piece {
                    value,
                    needs: test.needs,
                };
                Ok(if is_simple {
                    piece
                } else {
                    piece.needing(needs)
                })
            }
            Kind::Call(Builtin::Abs, of) => self.function("ABS", node, of, inner),
            Kind::Call(Builtin::RoundHalfUp, of) => self.function("ROUND", node, of, inner),
            Kind::Call(Builtin::Sum, of) if inner.is_none() => self.sum(node, of),
            Kind::Call(Builtin::Count, of) if inner.is_none() => self.count(node, of),
            _ => Err(refused(node)),
        }
    }

    fn function(
        &self,
        name: &str,
        node: &Node,
        arguments: &[Node],
        inner: Option<(LevelNo, bool)>,
    ) -> Result<Piece, Fault> {
        let mut needs = BTreeSet::new();
        let mut values = Vec::new();
        for argument in arguments {
            let mut piece = self.piece(argument, inner)?;
            needs.append(&mut piece.needs);
            values.push(piece.value);
        }
        if !node.ty.is_numeric() {
            return Err(refused(node));
        }
        let value = format!("{name}({})", values.join(","));
        Ok(Piece { value, needs })
    }

    /// The cells of a field of `plan`, of the check's row, or of the row of a filter.
    fn cells_of(&self, node: &Node, inner: Option<(LevelNo, bool)>) -> Result<String, Fault> {
        let Kind::Field(of, table, field) = &node.kind else {
            return Err(refused(node));
        };
        match (&of.kind, inner) {
            (Kind::Plan(_), _) => Ok(self.cells.plan(*field)),
            (Kind::Var(at), Some((level, across))) if *at == level => {
                let column = self.cells.column(*table, *field);
                Ok(if across {
                    format!("TRANSPOSE({column})")
                } else {
                    column
                })
            }
            (Kind::Var(ROW), _) => Ok(self.cells.column(*table, *field)),
            _ => Err(refused(node)),
        }
    }

    fn comparison(
        &self,
        node: &Node,
        op: BinaryOp,
        [a, b]: [&Node; 2],
        inner: Option<(LevelNo, bool)>,
    ) -> Result<Piece, Fault> {
        for (of, other) in [(a, b), (b, a)] {
            match &other.kind {
                Kind::Const(Value::Null) => return self.blank(node, op, of, inner),
                Kind::Const(Value::Text(code)) => {
                    if let (Ty::Text(Some((table, field))), Kind::Field(..)) = (&of.ty, &of.kind) {
                        let texts = self.cells.spellings(*table, *field, code);
                        return self.is_one_of(node, op, of, &texts, inner);
                    }
                }
                Kind::Const(Value::Bool(truth)) if matches!(of.kind, Kind::Field(..)) => {
                    let texts = if *truth {
                        ["yes", "true"]
                    } else {
                        ["no", "false"]
                    };
                    return self.is_one_of(node, op, of, &texts.map(str::to_owned), inner);
                }
                _ => {}
            }
        }
        let (left, right) = (self.piece(a, inner)?, self.piece(b, inner)?);
        if a.is_compared_as_figure(b) {
            let how = match op {
                BinaryOp::Equal => format!("ABS(#)<{NEAR}"),
                BinaryOp::NotEqual => format!("ABS(#)>={NEAR}"),
                BinaryOp::Less => format!("#<-{NEAR}"),
                BinaryOp::LessEqual => format!("#<={NEAR}"),
                BinaryOp::Greater => format!("#>{NEAR}"),
                BinaryOp::GreaterEqual => format!("#>=-{NEAR}"),
                _ => return Err(refused(node)),
            };
            return Ok(Piece::joined([left, right], |[a, b]| {
                format!("({})", how.replace('#', &format!("({a}-{b})")))
            }));
        }
        let is_text = matches!((&a.ty, &b.ty), (Ty::Text(_), Ty::Text(_)));
        let sign = match op {
            BinaryOp::Equal if is_text => "=",
            BinaryOp::NotEqual if is_text => "<>",
            _ => return Err(refused(node)),
        };
        Ok(Piece::joined([left, right], |[a, b]| {
            format!("({a}&\"\"{sign}{b}&\"\")")
        }))
    }

    /// Whether a cell is blank, or is not.
    fn blank(
        &self,
        node: &Node,
        op: BinaryOp,
        of: &Node,
        inner: Option<(LevelNo, bool)>,
    ) -> Result<Piece, Fault> {
        if let Kind::Param(at) = &of.kind {
            let is_off = self.cells.param(*at).is_none_or(|v| v == Value::Null);
            let holds = is_off == (op == BinaryOp::Equal);
            return Ok(Piece::of(if holds { "1" } else { "0" }));
        }
        let cells = self.cells_of(of, inner)?;
        match op {
            BinaryOp::Equal => Ok(Piece::of(format!("(LEN({cells})=0)"))),
            BinaryOp::NotEqual => Ok(Piece::of(format!("(LEN({cells})>0)"))),
            _ => Err(refused(node)),
        }
    }

    /// Whether a cell holds one of some texts, or none of them.
    fn is_one_of(
        &self,
        node: &Node,
        op: BinaryOp,
        of: &Node,
        texts: &[String],
        inner: Option<(LevelNo, bool)>,
    ) -> Result<Piece, Fault> {
        let cell = self.piece(of, inner)?;
        let tests = texts
            .iter()
            .map(|text| format!("({}={})", cell.value, quoted(text)));
        let sum = tests.collect::<Vec<_>>().join("+");
        let sign = match op {
            BinaryOp::Equal => ">",
            BinaryOp::NotEqual => "=",
            _ => return Err(refused(node)),
        };
        Ok(Piece {
            value: format!("(({sum}){sign}0)"),
            needs: cell.needs,
        })
    }

    fn sum(&self, node: &Node, arguments: &[Node]) -> Result<Piece, Fault> {
        let [
            Node {
                kind: Kind::Field(list, table, field),
                ty: Ty::List(item),
                ..
            },
        ] = arguments
        else {
            return Err(refused(node));
        };
        if !item.is_numeric() {
            return Err(refused(node));
        }
        let cells = self.cells.column(*table, *field);
        let figures = format!("IF(ISNUMBER({cells}),{cells},0)");
        let piece = match &list.kind {
            Kind::Table(_) => Piece::of(format!("SUM({cells})")),
            Kind::Filter(of) => self.over_rows(of, &figures, &cells)?,
            _ => return Err(refused(node)),
        };
        Ok(piece.needing(format!("COUNT({cells})>0")))
    }

    fn count(&self, node: &Node, arguments: &[Node]) -> Result<Piece, Fault> {
        match arguments {
            [
                Node {
                    kind: Kind::Table(table),
                    ..
                },
            ] => Ok(Piece::of(format!("SUM({}*1)", self.cells.used(*table)))),
            [
                Node {
                    kind: Kind::Filter(of),
                    ..
                },
            ] => match of.list.kind {
                Kind::Table(table) => {
                    let used = self.cells.used(table);
                    self.over_rows(of, &format!("({used}*1)"), &self.cells.column(table, 0))
                }
                _ => Err(refused(node)),
            },
            _ => Err(refused(node)),
        }
    }

    /// The sum of figures over the rows of a filter. Where it asks about the check's row too, there is a sum for each of
    /// those: the rows of the filter lie across.
    fn over_rows(&self, of: &Iteration, figures: &str, cells: &str) -> Result<Piece, Fault> {
        if !matches!(of.list.kind, Kind::Table(_)) {
            return Err(refused(&of.list));
        }
        let across = of.item != ROW && reads_row(&of.body);
        let test = self.piece(&of.body, Some((of.item, across)))?;
        let value = if across {
            let test = &test.value;
            format!("MMULT({test}*TRANSPOSE({figures}),ROW({cells})^0)")
        } else {
            format!("SUM(IF({},{figures},0))", test.value)
        };
        Ok(Piece {
            value,
            needs: test.needs,
        })
    }
}

/// Whether a field is one of the row of the filter that is at work.
fn is_inner(node: &Node, inner: Option<(LevelNo, bool)>) -> bool {
    matches!((&node.kind, inner), (Kind::Field(of, ..), Some((level, _)))
        if matches!(of.kind, Kind::Var(at) if at == level))
}

/// Whether an expression reads the row of the check.
fn reads_row(node: &Node) -> bool {
    matches!(node.kind, Kind::Var(ROW)) || node.parts().any(reads_row)
}

fn constant(value: &Value) -> Option<Piece> {
    let number = |x: &Decimal| {
        let text = plain(*x);
        if text.starts_with('-') {
            format!("({text})")
        } else {
            text
        }
    };
    Some(Piece::of(match value {
        Value::Number(x) | Value::Percent(x) | Value::Money(x) => number(x),
        Value::Text(text) => quoted(text),
        Value::Bool(truth) => if *truth { "1" } else { "0" }.to_owned(),
        _ => return None,
    }))
}

fn refused(node: &Node) -> Fault {
    Fault::new(
        node.span.clone(),
        "a spreadsheet has no plain formula for this",
    )
    .help(
        "write it with fields of `plan` and of the row, `sum` and `count` over a table or a filter of it, `abs`, \
         `round half up`, arithmetic and comparisons",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Scope, check, check_for};
    use crate::read::testing::schema;
    use crate::schema::Schema;

    struct Names<'s>(&'s Schema);

    impl Cells for Names<'_> {
        fn plan(&self, field: FieldId) -> String {
            format!("p.{}", self.0.tables[0].fields[field].name)
        }

        fn column(&self, table: TableId, field: FieldId) -> String {
            let table = &self.0.tables[table];
            format!("{}.{}", table.name, table.fields[field].name)
        }

        fn used(&self, table: TableId) -> String {
            format!("used({})", self.0.tables[table].name)
        }

        fn spellings(&self, _: TableId, _: FieldId, code: &str) -> Vec<String> {
            vec![code.to_uppercase(), code.to_owned()]
        }

        fn param(&self, at: usize) -> Option<Value> {
            match at {
                0 => Some(Value::Number(Decimal::TEN)),
                1 => Some(Value::Null),
                _ => None,
            }
        }

        fn year(&self) -> i64 {
            2027
        }
    }

    /// Checks the formula of an expression about a row `l` of the budget, and what must be filled in.
    #[track_caller]
    fn assert_formula(text: &str, want: &str, needs: &[&str]) {
        let schema = schema();
        let params = ["on", "off", "absent"].map(|name| (name.to_owned(), Ty::Num));
        let mut scope = Scope::new(&schema, &params);
        scope.row = Some(("l".to_owned(), schema.table("budget").unwrap()));
        let (expr, _) = check(text, &scope).unwrap();
        let names = Names(&schema);
        let piece = Writer::new(&names, Vec::new()).write(&expr);
        let piece = piece.unwrap_or_else(|fault| panic!("{fault:?}"));
        let got: Vec<&str> = piece.needs.iter().map(String::as_str).collect();
        assert_eq!((piece.value.as_str(), got.as_slice()), (want, needs));
    }

    #[track_caller]
    fn assert_refused(text: &str) {
        let schema = schema();
        let (expr, _) = check(text, &Scope::new(&schema, &[])).unwrap();
        let names = Names(&schema);
        assert!(Writer::new(&names, Vec::new()).write(&expr).is_err());
    }

    #[test]
    fn figures_of_a_row() {
        assert_formula(
            "l.quantity * plan.allocation = l.amount",
            "(ABS(((budget.quantity*p.allocation)-budget.amount))<0.000001)",
            &[
                "ISNUMBER(budget.amount)",
                "ISNUMBER(budget.quantity)",
                "ISNUMBER(p.allocation)",
            ],
        );
        assert_formula("l.quantity != null", "(LEN(budget.quantity)>0)", &[]);
    }

    #[test]
    fn figures_are_compared_by_their_difference() {
        let needs = &["ISNUMBER(budget.quantity)"];
        for (sign, want) in [
            ("=", "(ABS((budget.quantity-5))<0.000001)"),
            ("!=", "(ABS((budget.quantity-5))>=0.000001)"),
            ("<", "((budget.quantity-5)<-0.000001)"),
            ("<=", "((budget.quantity-5)<=0.000001)"),
            (">", "((budget.quantity-5)>0.000001)"),
            (">=", "((budget.quantity-5)>=-0.000001)"),
        ] {
            assert_formula(&format!("l.quantity {sign} 5"), want, needs);
        }
    }

    #[test]
    fn arithmetic_and_functions() {
        let needs = &["ISNUMBER(budget.quantity)"];
        assert_formula("-l.quantity", "(-budget.quantity)", needs);
        assert_formula("abs(l.quantity)", "ABS(budget.quantity)", needs);
        assert_formula(
            "round half up(l.quantity, 2)",
            "ROUND(budget.quantity,2)",
            needs,
        );
        assert_formula("year + 1", "(2027+1)", &[]);
    }

    #[test]
    fn texts_codes_and_truth_values() {
        assert_formula(
            "plan.district_code != \"a\"",
            "(p.district_code&\"\"<>\"a\"&\"\")",
            &["LEN(p.district_code)>0"],
        );
        assert_formula(
            "l.object_code != \"111\"",
            "(((budget.object_code=\"111\")+(budget.object_code=\"111\"))=0)",
            &["LEN(budget.object_code)>0"],
        );
        assert_formula(
            "plan.approved = true",
            "(((p.approved=\"yes\")+(p.approved=\"true\"))>0)",
            &["LEN(p.approved)>0"],
        );
        assert_formula(
            "not(l.quantity > 5) and true",
            "((1-((budget.quantity-5)>0.000001))*1)",
            &["ISNUMBER(budget.quantity)"],
        );
    }

    #[test]
    fn a_parameter_without_a_value_is_off() {
        assert_formula("param.on = null", "0", &[]);
        assert_formula("param.on != null", "1", &[]);
        assert_formula("param.off = null", "1", &[]);
        assert_formula("param.absent = null", "1", &[]);
        assert_formula("param.absent != null", "0", &[]);
    }

    #[test]
    fn counts() {
        assert_formula("count(budget)", "SUM(used(budget)*1)", &[]);
        assert_formula(
            "count(budget[quantity > 5])",
            "SUM(IF(((budget.quantity-5)>0.000001),(used(budget)*1),0))",
            &[],
        );
    }

    #[test]
    fn sums() {
        assert_formula(
            "sum(budget.amount)",
            "SUM(budget.amount)",
            &["COUNT(budget.amount)>0"],
        );
        assert_formula(
            "sum(budget[object_code = \"culture-climate\"].amount)",
            "SUM(IF((((budget.object_code=\"CULTURE-CLIMATE\")+(budget.object_code=\"culture-climate\"))>0),\
             IF(ISNUMBER(budget.amount),budget.amount,0),0))",
            &["COUNT(budget.amount)>0"],
        );
        assert_formula(
            "sum(budget[strategy_id = l.strategy_id].amount)",
            "MMULT((TRANSPOSE(budget.strategy_id)&\"\"=budget.strategy_id&\"\")\
             *TRANSPOSE(IF(ISNUMBER(budget.amount),budget.amount,0)),ROW(budget.amount)^0)",
            &["COUNT(budget.amount)>0", "LEN(budget.strategy_id)>0"],
        );
    }

    #[test]
    fn what_is_needed_of_a_choice_is_of_the_branch_taken() {
        assert_formula(
            "if plan.revision = null then 0 else plan.revision",
            "IF((LEN(p.revision)=0),0,p.revision)",
            &["IF((LEN(p.revision)=0),1,(ISNUMBER(p.revision)))"],
        );
    }

    #[test]
    fn what_a_spreadsheet_cannot_say_is_refused() {
        assert_refused("budget[1].amount");
        assert_refused("some l in budget satisfies l.amount > 0");
        assert_refused("max(budget.amount)");
        assert_refused("plan.district_code + \"a\"");
        assert_refused("(plan.revision > 5) = true");
        assert_refused("(plan.revision > 5) = plan.approved");
        assert_refused("(plan.revision > 5) != plan.approved");
        assert_refused("count(budget[amount > sum(budget.amount)])");
        assert_refused("count(budget[quantity > count(budget)])");
    }

    #[test]
    fn a_let_is_written_out_but_not_within_a_filter() {
        let schema = schema();
        let names = Names(&schema);
        let mut scope = Scope::new(&schema, &[]);
        let (revision, _) = check("plan.revision", &scope).unwrap();
        scope.lets = vec![("revision".to_owned(), Ty::Num, 0)];
        let write = |text: &str| {
            let (expr, _) = check(text, &scope).unwrap();
            Writer::new(&names, vec![&revision]).write(&expr)
        };
        assert_eq!(write("revision + 1").unwrap().value, "(p.revision+1)");
        assert!(write("count(budget[quantity > revision])").is_err());
    }

    #[test]
    fn the_sides_of_a_comparison_are_those_of_a_difference() {
        let schema = schema();
        let names = Names(&schema);
        let sides = |text: &str| {
            let (expr, _) = check(text, &Scope::new(&schema, &[])).unwrap();
            let sides = Writer::new(&names, Vec::new()).sides(&expr)?;
            Some(sides.map(|side| side.value))
        };
        let told = |a: &str, b: &str| Some([a.to_owned(), b.to_owned()]);
        assert_eq!(sides("plan.revision = 5"), told("p.revision", "5"));
        assert_eq!(
            sides("abs(plan.revision) < 5"),
            told("ABS(p.revision)", "5")
        );
        assert_eq!(sides("abs(plan.revision - 2) < 5"), told("p.revision", "2"));
        assert_eq!(sides("plan.approved"), None);
    }

    #[test]
    fn subjects_may_be_filtered() {
        let schema = schema();
        let of = check_for("l in budget[quantity > 5]", &Scope::new(&schema, &[]));
        let (_, _, rows, _) = of.unwrap();
        let names = Names(&schema);
        let piece = Writer::new(&names, Vec::new()).subjects(&rows).unwrap();
        assert_eq!(piece.unwrap().value, "((budget.quantity-5)>0.000001)");
        let twice = "l in budget[quantity > 5][quantity < 9]";
        let (_, _, rows, _) = check_for(twice, &Scope::new(&schema, &[])).unwrap();
        assert!(Writer::new(&names, Vec::new()).subjects(&rows).is_err());
    }
}
