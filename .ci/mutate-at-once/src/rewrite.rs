//! A source file with the switches of its mutants in it. Text is only put in, never taken out: `a < b` becomes
//! `(if crate::switch::on(7) { a <= b } else { a < b })`, where the operands of the last branch carry switches of their own.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::{Context, Result};
use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Arm, Block, Expr, ExprBinary, ExprMatch, ExprStruct, ExprUnary, Member, Pat, ReturnType, Type,
};

use crate::mutant::{Genre, Mutant};

/// A file, rewritten.
pub(crate) struct Rewritten {
    pub(crate) text: String,
    /// Where the new text stands that one mutant brings.
    pub(crate) pieces: Vec<(usize, Range<usize>)>,
    /// Where an expression with switches stands, and whose they are.
    pub(crate) regions: Vec<(Vec<usize>, Range<usize>)>,
    /// The mutants that have a switch.
    pub(crate) switched: BTreeSet<usize>,
}

/// The file with a switch for each of these mutants that can have one.
pub(crate) fn rewrite(text: &str, mutants: &[&Mutant]) -> Result<Rewritten> {
    let file = syn::parse_file(text)?;
    let mut wanted: BTreeMap<_, Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants {
        wanted
            .entry((mutant.genre, mutant.start))
            .or_default()
            .push(mutant);
    }
    let mut rewriter = Rewriter {
        text,
        wanted,
        inserts: Vec::new(),
        regions: Vec::new(),
    };
    rewriter.visit_file(&file);
    rewriter.apply().context("a place outside the file")
}

/// Text to put in before the byte `at`.
struct Insert {
    at: usize,
    closes: bool,
    region: usize,
    parts: Vec<(Option<usize>, String)>,
}

struct Rewriter<'a> {
    text: &'a str,
    wanted: BTreeMap<(Genre, (usize, usize)), Vec<&'a Mutant>>,
    inserts: Vec<Insert>,
    /// The mutants of each region, an outer region before those inside it.
    regions: Vec<Vec<usize>>,
}

fn start(span: Span) -> (usize, usize) {
    (span.start().line, span.start().column + 1)
}

fn on(mutant: &Mutant) -> String {
    format!("crate::switch::on({})", mutant.id)
}

/// An expression that can be given a name: a `let` of a chain of conditions cannot, nor can the chain.
fn holds_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(e) => holds_let(&e.left) || holds_let(&e.right),
        _ => false,
    }
}

impl<'a> Rewriter<'a> {
    fn wanted(&self, genre: Genre, span: Span) -> Vec<&'a Mutant> {
        self.wanted
            .get(&(genre, start(span)))
            .cloned()
            .unwrap_or_default()
    }

    fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// Puts text before and after a range, for the mutants of one place.
    fn around(
        &mut self,
        range: &Range<usize>,
        mutants: &[&Mutant],
        before: Vec<(Option<usize>, String)>,
        after: &str,
    ) {
        let region = self.regions.len();
        self.regions.push(mutants.iter().map(|m| m.id).collect());
        self.inserts.push(Insert {
            at: range.start,
            closes: false,
            region,
            parts: before,
        });
        self.inserts.push(Insert {
            at: range.end,
            closes: true,
            region,
            parts: vec![(None, after.to_owned())],
        });
    }

    /// Chooses between an expression and what mutants make of it.
    fn choose(&mut self, whole: Range<usize>, head: &str, changed: &[(&Mutant, String)]) {
        let mut before = vec![(None, format!("{head}("))];
        for (mutant, text) in changed {
            before.push((None, format!("if {} {{ ", on(mutant))));
            before.push((Some(mutant.id), text.clone()));
            before.push((None, " } else ".to_owned()));
        }
        before.push((None, "{ ".to_owned()));
        let mutants: Vec<_> = changed.iter().map(|(m, _)| *m).collect();
        self.around(&whole, &mutants, before, " })");
    }

    fn binary(&mut self, e: &ExprBinary) {
        let mutants = self.wanted(Genre::BinaryOperator, e.op.span());
        if mutants.is_empty() || holds_let(&e.left) || holds_let(&e.right) {
            return;
        }
        let (whole, op) = (e.span().byte_range(), e.op.span().byte_range());
        let left = self.slice(whole.start..op.start);
        let right = self.slice(op.end..whole.end);
        let changed: Vec<_> = mutants
            .into_iter()
            .map(|m| (m, format!("{left}{}{right}", m.replacement)))
            .collect();
        self.choose(whole, "", &changed);
    }

    fn unary(&mut self, e: &ExprUnary) {
        let operand = self.slice(e.expr.span().byte_range()).to_owned();
        let changed: Vec<_> = self
            .wanted(Genre::UnaryOperator, e.op.span())
            .into_iter()
            .map(|m| (m, operand.clone()))
            .collect();
        if !changed.is_empty() {
            self.choose(e.span().byte_range(), "", &changed);
        }
    }

    /// Returns what mutants would have the function return. Where it returns some type with a trait, every value is boxed, so that all
    /// have one type.
    fn body(&mut self, output: &ReturnType, block: &Block) {
        let Some(first) = block.stmts.first() else {
            return;
        };
        let mutants = self.wanted(Genre::FnValue, first.span());
        if mutants.is_empty() {
            return;
        }
        let braces = block.brace_token.span;
        let inside = braces.open().byte_range().end..braces.close().byte_range().start;
        let (boxed, of_type) = match output {
            ReturnType::Type(_, ty) if matches!(**ty, Type::ImplTrait(_)) => {
                let bounds = self
                    .slice(ty.span().byte_range())
                    .replacen("impl", "dyn", 1);
                ("Box::new({ ", format!(" }}) as Box<{bounds} + '_>"))
            }
            _ => ("", String::new()),
        };
        let text = |m: &&Mutant| {
            let value = format!("{boxed}{}{of_type}", m.replacement);
            (Some(m.id), format!(" if {} {{ return {value}; }}", on(m)))
        };
        let mut before: Vec<_> = mutants.iter().map(text).collect();
        before.push((None, boxed.to_owned()));
        self.around(&inside, &mutants, before, &of_type);
    }

    /// Arms are dropped only where the compiler sees that another takes their place.
    fn arm(&mut self, arm: &Arm, has_catch_all: bool) {
        if let Some((_, guard)) = &arm.guard {
            return self.guard(guard);
        }
        if !has_catch_all {
            return;
        }
        let mutants = self.wanted(Genre::MatchArm, arm.span());
        let end = arm.pat.span().byte_range().end;
        let text = |m: &&Mutant| (Some(m.id), format!(" if !{}", on(m)));
        let parts: Vec<_> = mutants.iter().map(text).collect();
        if !parts.is_empty() {
            self.around(&(end..end), &mutants, parts, "");
        }
    }

    fn guard(&mut self, guard: &Expr) {
        let mutants = self.wanted(Genre::MatchArmGuard, guard.span());
        if mutants.is_empty() || holds_let(guard) {
            return;
        }
        let switches = |value: &str, with: &str| -> String {
            let of_value = mutants.iter().filter(|m| m.replacement == value);
            of_value.map(|m| with.replace("ON", &on(m))).collect()
        };
        let before = format!(
            "({}({}(",
            switches("true", "ON || "),
            switches("false", "!ON && ")
        );
        let range = guard.span().byte_range();
        self.around(&range, &mutants, vec![(None, before)], ")))");
    }

    fn fields(&mut self, e: &ExprStruct) {
        let Some(base) = &e.rest else { return };
        let base = self.slice(base.span().byte_range());
        for field in &e.fields {
            let Member::Named(name) = &field.member else {
                continue;
            };
            let head = field
                .colon_token
                .map_or(format!("{name}: "), |_| String::new());
            let changed: Vec<_> = self
                .wanted(Genre::StructField, field.span())
                .into_iter()
                .map(|m| (m, format!("({base}).{name}")))
                .collect();
            if !changed.is_empty() {
                self.choose(field.expr.span().byte_range(), &head, &changed);
            }
        }
    }

    /// Puts all texts in: at one place what ends there before what begins, inner ends first.
    fn apply(mut self) -> Option<Rewritten> {
        self.inserts.sort_by_key(|i| {
            let region = i.region.cast_signed();
            (i.at, !i.closes, if i.closes { -region } else { region })
        });
        let mut text = String::with_capacity(self.text.len() * 2);
        let mut pieces = Vec::new();
        let mut regions: Vec<_> = self.regions.into_iter().map(|ids| (ids, 0..0)).collect();
        let mut done = 0;
        for insert in self.inserts {
            text.push_str(self.text.get(done..insert.at)?);
            done = insert.at;
            let (_, region) = regions.get_mut(insert.region)?;
            if !insert.closes {
                region.start = text.len();
            }
            for (id, part) in insert.parts {
                let start = text.len();
                text.push_str(&part);
                pieces.extend(id.map(|id| (id, start..text.len())));
            }
            region.end = text.len();
        }
        text.push_str(self.text.get(done..)?);
        let switched = regions.iter().flat_map(|(ids, _)| ids).copied().collect();
        Some(Rewritten {
            text,
            pieces,
            regions,
            switched,
        })
    }
}

impl<'ast> Visit<'ast> for Rewriter<'_> {
    fn visit_expr_binary(&mut self, e: &'ast ExprBinary) {
        self.binary(e);
        visit::visit_expr_binary(self, e);
    }

    fn visit_expr_unary(&mut self, e: &'ast ExprUnary) {
        self.unary(e);
        visit::visit_expr_unary(self, e);
    }

    fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
        if f.sig.constness.is_none() {
            self.body(&f.sig.output, &f.block);
            visit::visit_item_fn(self, f);
        }
    }

    fn visit_impl_item_fn(&mut self, f: &'ast syn::ImplItemFn) {
        if f.sig.constness.is_none() {
            self.body(&f.sig.output, &f.block);
            visit::visit_impl_item_fn(self, f);
        }
    }

    fn visit_trait_item_fn(&mut self, f: &'ast syn::TraitItemFn) {
        if let Some(block) = &f.default {
            self.body(&f.sig.output, block);
        }
        visit::visit_trait_item_fn(self, f);
    }

    fn visit_expr_match(&mut self, e: &'ast ExprMatch) {
        let takes_all = |arm: &Arm| matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none();
        let has_catch_all = e.arms.iter().any(takes_all);
        e.arms.iter().for_each(|arm| self.arm(arm, has_catch_all));
        visit::visit_expr_match(self, e);
    }

    fn visit_expr_struct(&mut self, e: &'ast ExprStruct) {
        self.fields(e);
        visit::visit_expr_struct(self, e);
    }

    // What the compiler works out by itself can ask no variable.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_type_array(&mut self, _: &'ast syn::TypeArray) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body of `f`, with the switches 1, 2, … of mutants at these columns; `ON1` stands for the first switch.
    #[track_caller]
    fn assert_body(body: &str, changes: &[(Genre, usize, &str)], want: &str) {
        let mutants: Vec<Mutant> = (1..)
            .zip(changes)
            .map(|(id, (genre, column, replacement))| Mutant {
                id,
                name: String::new(),
                plain: String::new(),
                key: String::new(),
                file: String::new(),
                genre: *genre,
                start: (2, *column),
                replacement: (*replacement).to_owned(),
            })
            .collect();
        let text = format!("fn f() {{\n{body}\n}}\n");
        let got = rewrite(&text, &mutants.iter().collect::<Vec<_>>()).unwrap();
        let (_, got) = got.text.split_once("fn f() {").unwrap();
        let got = got
            .replace("crate::switch::on(", "ON")
            .replace("ON1)", "ON1");
        let got = got.replace("ON2)", "ON2").replace('\n', "");
        assert_eq!(got.strip_suffix('}'), Some(want));
    }

    #[test]
    fn operators_choose_and_nest() {
        assert_body(
            "a < b + c",
            &[
                (Genre::BinaryOperator, 3, "<="),
                (Genre::BinaryOperator, 7, "-"),
            ],
            "(if ON1 { a <= b + c } else { a < (if ON2 { b - c } else { b + c }) })",
        );
        assert_body(
            "!a;",
            &[(Genre::UnaryOperator, 1, "")],
            "(if ON1 { a } else { !a });",
        );
    }

    #[test]
    fn a_condition_with_a_let_has_switches_in_its_parts_alone() {
        assert_body(
            "if let A = a && b < c {}",
            &[
                (Genre::BinaryOperator, 14, "||"),
                (Genre::BinaryOperator, 19, "=="),
            ],
            "if let A = a && (if ON2 { b == c } else { b < c }) {}",
        );
    }

    #[test]
    fn arms_values_and_fields() {
        assert_body(
            "match a { A => 1, B if b => 2, _ => 3 }",
            &[
                (Genre::MatchArm, 11, ""),
                (Genre::MatchArmGuard, 24, "false"),
            ],
            "match a { A if !ON1 => 1, B if ((!ON2 && (b))) => 2, _ => 3 }",
        );
        assert_body(
            "g()",
            &[(Genre::FnValue, 1, "None")],
            " if ON1 { return None; }g()",
        );
        assert_body(
            "S { a, ..s }",
            &[(Genre::StructField, 5, "")],
            "S { a: (if ON1 { (s).a } else { a }), ..s }",
        );
    }
}
