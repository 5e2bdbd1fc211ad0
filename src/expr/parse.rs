//! Tokens → the tree of an expression, by precedence climbing over FEEL's grammar.

use std::ops::Range;

use super::ast::{Ast, AstKind, BinaryOp, Quantifier, RangeTest, Test};
use super::builtin::Builtin;
use super::lex::{Fault, Token, lex};

/// How many pieces of an expression may stand one inside the other; operators in a row do.
const MAX_DEPTH: u16 = 200;

/// How many expressions may be begun: `in (` is read again when it turns out not to be a list of tests.
const MAX_STEPS: u32 = 100_000;

const KEYWORDS: [&str; 16] = [
    "if",
    "then",
    "else",
    "some",
    "every",
    "satisfies",
    "for",
    "in",
    "return",
    "and",
    "or",
    "between",
    "true",
    "false",
    "null",
    "instance",
];

/// The tree of a whole expression.
pub(crate) fn parse(text: &str) -> Result<Ast, Fault> {
    let mut parser = Parser {
        tokens: lex(text)?,
        at: 0,
        nesting: 0,
        steps: 0,
        in_range: false,
    };
    let tree = parser.expression()?;
    parser.expect_end()?;
    Ok(tree)
}

/// `name in list`: what a rule or a summary table runs over. Gives the name, its place and the list.
pub(crate) fn parse_for(text: &str) -> Result<(String, Range<usize>, Ast), Fault> {
    let mut parser = Parser {
        tokens: lex(text)?,
        at: 0,
        nesting: 0,
        steps: 0,
        in_range: false,
    };
    let (name, span) = parser.name("a name for the row, as in `line in budget`")?;
    parser.keyword("in")?;
    let list = parser.expression()?;
    parser.expect_end()?;
    Ok((name, span, list))
}

/// Whether a word is one of the language's own.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

struct Parser<'t> {
    tokens: Vec<(Token<'t>, Range<usize>)>,
    at: usize,
    nesting: u16,
    steps: u32,
    /// Whether the end of a range is being read.
    in_range: bool,
}

type Parsed = Result<Ast, Fault>;

impl<'t> Parser<'t> {
    fn peek(&self) -> &Token<'t> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> &Token<'t> {
        self.tokens
            .get(self.at + ahead)
            .map_or(&Token::End, |(token, _)| token)
    }

    fn span(&self) -> Range<usize> {
        self.tokens
            .get(self.at)
            .or(self.tokens.last())
            .map_or(0..0, |(_, span)| span.clone())
    }

    fn last_end(&self) -> usize {
        self.at
            .checked_sub(1)
            .and_then(|i| self.tokens.get(i))
            .map_or(0, |(_, span)| span.end)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(s) if *s == sign)
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(n) if *n == word)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.is_sign(sign);
        self.at += usize::from(found);
        found
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    fn found(&self) -> String {
        match self.peek() {
            Token::End => "the end".to_owned(),
            Token::Text(_) => "a text".to_owned(),
            Token::At(_) => "a date".to_owned(),
            Token::Number(x) => format!("`{x}`"),
            Token::Name(n) => format!("`{n}`"),
            Token::Sign(s) => format!("`{s}`"),
        }
    }

    fn fault(&self, expected: &str) -> Fault {
        Fault::new(
            self.span(),
            format!("expected {expected}, found {}", self.found()),
        )
    }

    fn sign(&mut self, sign: &str) -> Result<(), Fault> {
        if self.take_sign(sign) {
            Ok(())
        } else {
            Err(self.fault(&format!("`{sign}`")))
        }
    }

    fn keyword(&mut self, word: &str) -> Result<(), Fault> {
        if self.take_word(word) {
            Ok(())
        } else {
            Err(self.fault(&format!("`{word}`")))
        }
    }

    fn name(&mut self, expected: &str) -> Result<(String, Range<usize>), Fault> {
        match self.peek() {
            Token::Name(name) if !KEYWORDS.contains(name) => {
                let result = ((*name).to_owned(), self.span());
                self.at += 1;
                Ok(result)
            }
            _ => Err(self.fault(expected)),
        }
    }

    fn expect_end(&self) -> Result<(), Fault> {
        let help = match self.peek() {
            Token::End => return Ok(()),
            Token::Sign("**") => "powers are not taken; write the product",
            Token::Sign("=" | "!=" | "<" | "<=" | ">" | ">=") => {
                "comparisons do not chain; join them with `and`"
            }
            Token::Sign(":") => "named arguments are not taken; write them in order",
            Token::Name("instance") => {
                "`instance of` is not taken: types are checked when the pack is loaded"
            }
            _ => "",
        };
        Err(self.fault("an operator or the end").help(help))
    }

    fn node(&self, kind: AstKind, from: usize, parts: &[&Ast]) -> Parsed {
        self.node_of_depth(kind, from, parts.iter().map(|p| p.depth).max().unwrap_or(0))
    }

    fn node_of_depth(&self, kind: AstKind, from: usize, inner: u16) -> Parsed {
        let span = from..self.last_end().max(from);
        if inner >= MAX_DEPTH {
            return Err(too_deep(span));
        }
        Ok(Ast {
            kind,
            span,
            depth: inner + 1,
        })
    }

    fn expression(&mut self) -> Parsed {
        self.nesting += 1;
        self.step()?;
        if self.nesting > MAX_DEPTH {
            return Err(too_deep(self.span()));
        }
        let tree = match self.peek() {
            Token::Name("if") => self.conditional(),
            Token::Name("for") => self.iteration(),
            Token::Name("some") => self.quantified(Quantifier::Some),
            Token::Name("every") => self.quantified(Quantifier::Every),
            _ => self.disjunction(),
        };
        self.nesting -= 1;
        tree
    }

    fn step(&mut self) -> Result<(), Fault> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return Err(Fault::new(self.span(), TOO_LONG).help(format!(
                "at most {MAX_STEPS} parts; name parts of it with `let`"
            )));
        }
        Ok(())
    }

    fn conditional(&mut self) -> Parsed {
        let from = self.span().start;
        self.keyword("if")?;
        let test = self.expression()?;
        self.keyword("then")?;
        let yes = self.expression()?;
        self.keyword("else")?;
        let no = self.expression()?;
        let depth = test.depth.max(yes.depth).max(no.depth);
        self.node_of_depth(
            AstKind::If(Box::new(test), Box::new(yes), Box::new(no)),
            from,
            depth,
        )
    }

    fn variable_and_list(&mut self) -> Result<(String, Range<usize>, Ast), Fault> {
        let (name, span) = self.name("a name")?;
        self.keyword("in")?;
        let list = self.expression()?;
        if self.is_sign("..") {
            return Err(self
                .fault("a list")
                .help("running over `a..b` is not taken; run over a list"));
        }
        if self.is_sign(",") {
            return Err(self
                .fault("one variable")
                .help("nest a second one inside the first"));
        }
        Ok((name, span, list))
    }

    fn iteration(&mut self) -> Parsed {
        let from = self.span().start;
        self.keyword("for")?;
        let (name, span, list) = self.variable_and_list()?;
        self.keyword("return")?;
        let body = self.expression()?;
        let depth = list.depth.max(body.depth);
        self.node_of_depth(
            AstKind::For(name, span, Box::new(list), Box::new(body)),
            from,
            depth,
        )
    }

    fn quantified(&mut self, quantifier: Quantifier) -> Parsed {
        let from = self.span().start;
        self.at += 1;
        let (name, span, list) = self.variable_and_list()?;
        self.keyword("satisfies")?;
        let body = self.expression()?;
        let depth = list.depth.max(body.depth);
        self.node_of_depth(
            AstKind::Quantified(quantifier, name, span, Box::new(list), Box::new(body)),
            from,
            depth,
        )
    }

    fn disjunction(&mut self) -> Parsed {
        let mut left = self.conjunction()?;
        while self.take_word("or") {
            let right = self.conjunction()?;
            let (from, depth) = (left.span.start, left.depth.max(right.depth));
            left = self.node_of_depth(AstKind::Or(Box::new(left), Box::new(right)), from, depth)?;
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Parsed {
        let mut left = self.comparison()?;
        while self.take_word("and") {
            let right = self.comparison()?;
            let (from, depth) = (left.span.start, left.depth.max(right.depth));
            left =
                self.node_of_depth(AstKind::And(Box::new(left), Box::new(right)), from, depth)?;
        }
        Ok(left)
    }

    fn comparison_sign(&self) -> Option<BinaryOp> {
        match self.peek() {
            Token::Sign("=") => Some(BinaryOp::Equal),
            Token::Sign("!=") => Some(BinaryOp::NotEqual),
            Token::Sign("<") => Some(BinaryOp::Less),
            Token::Sign("<=") => Some(BinaryOp::LessEqual),
            Token::Sign(">") => Some(BinaryOp::Greater),
            Token::Sign(">=") => Some(BinaryOp::GreaterEqual),
            _ => None,
        }
    }

    fn comparison(&mut self) -> Parsed {
        let left = self.sum()?;
        let from = left.span.start;
        if self.take_word("between") {
            let low = self.sum()?;
            self.keyword("and")?;
            let high = self.sum()?;
            let depth = left.depth.max(low.depth).max(high.depth);
            return self.node_of_depth(
                AstKind::Between(Box::new(left), Box::new(low), Box::new(high)),
                from,
                depth,
            );
        }
        if self.take_word("in") {
            let tests = self.tests()?;
            let depth = tests
                .iter()
                .map(test_depth)
                .max()
                .unwrap_or(0)
                .max(left.depth);
            return self.node_of_depth(AstKind::In(Box::new(left), tests), from, depth);
        }
        let Some(op) = self.comparison_sign() else {
            return Ok(left);
        };
        self.at += 1;
        let right = self.sum()?;
        let depth = left.depth.max(right.depth);
        self.node_of_depth(
            AstKind::Binary(op, Box::new(left), Box::new(right)),
            from,
            depth,
        )
    }

    /// What stands behind `in`: one test, or several in parentheses.
    fn tests(&mut self) -> Result<Vec<Test>, Fault> {
        let start = self.at;
        if self.is_sign("(") && self.range()?.is_none() {
            self.at += 1;
            let mut tests = vec![self.test()?];
            while self.take_sign(",") {
                tests.push(self.test()?);
            }
            if self.take_sign(")") && !self.goes_on() {
                return Ok(tests);
            }
        }
        self.at = start;
        Ok(vec![self.test()?])
    }

    /// Whether an operator or a bracket follows, so that what was read is only the beginning of a value.
    fn goes_on(&self) -> bool {
        matches!(
            self.peek(),
            Token::Sign("." | "[" | "+" | "-" | "*" | "/" | "**")
        )
    }

    fn test(&mut self) -> Result<Test, Fault> {
        self.step()?;
        if let Some(op) = self.comparison_sign() {
            let from = self.span().start;
            self.at += 1;
            let value = self.sum()?;
            let span = from..value.span.end;
            return Ok(Test::Compare(op, value, span));
        }
        if let Some(range) = self.range()? {
            return Ok(Test::Range(range));
        }
        if self.is_sign("[") {
            let start = self.at;
            self.at += 1;
            let mut tests = Vec::new();
            while !self.is_sign("]") {
                tests.push(self.test()?);
                if !self.take_sign(",") {
                    break;
                }
            }
            let closed = self.take_sign("]");
            let has_tests = tests.iter().any(|t| !matches!(t, Test::Value(_)));
            if closed && has_tests && !self.goes_on() {
                return Ok(Test::Any(tests));
            }
            self.at = start;
        }
        Ok(Test::Value(self.sum()?))
    }

    /// A range, if one starts here; otherwise nothing is taken.
    fn range(&mut self) -> Result<Option<RangeTest>, Fault> {
        let low_in = match self.peek() {
            Token::Sign("[") => true,
            Token::Sign("(" | "]") => false,
            _ => return Ok(None),
        };
        let (start, from) = (self.at, self.span().start);
        self.at += 1;
        let low = match self.sum() {
            Ok(low) if self.take_sign("..") => low,
            Err(fault) if [TOO_DEEP, TOO_LONG].contains(&fault.message.as_str()) => {
                return Err(fault);
            }
            _ => {
                self.at = start;
                return Ok(None);
            }
        };
        let outer = std::mem::replace(&mut self.in_range, true);
        let high = self.sum();
        self.in_range = outer;
        let high = high?;
        let high_in = match self.peek() {
            Token::Sign("]") => true,
            Token::Sign(")" | "[") => false,
            _ => return Err(self.fault("`]` or `)`")),
        };
        self.at += 1;
        Ok(Some(RangeTest {
            low,
            low_in,
            high,
            high_in,
            span: from..self.last_end(),
        }))
    }

    fn sum(&mut self) -> Parsed {
        let mut left = self.product()?;
        loop {
            let op = match self.peek() {
                Token::Sign("+") => BinaryOp::Add,
                Token::Sign("-") => BinaryOp::Subtract,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.product()?;
            left = self.binary(op, left, right)?;
        }
    }

    fn product(&mut self) -> Parsed {
        let mut left = self.negation()?;
        loop {
            let op = match self.peek() {
                Token::Sign("*") => BinaryOp::Multiply,
                Token::Sign("/") => BinaryOp::Divide,
                _ => return Ok(left),
            };
            self.at += 1;
            let right = self.negation()?;
            left = self.binary(op, left, right)?;
        }
    }

    fn binary(&self, op: BinaryOp, left: Ast, right: Ast) -> Parsed {
        let (from, depth) = (left.span.start, left.depth.max(right.depth));
        self.node_of_depth(
            AstKind::Binary(op, Box::new(left), Box::new(right)),
            from,
            depth,
        )
    }

    fn negation(&mut self) -> Parsed {
        let mut starts = Vec::new();
        while self.is_sign("-") {
            starts.push(self.span().start);
            self.at += 1;
        }
        let mut tree = self.postfix()?;
        while let Some(from) = starts.pop() {
            let depth = tree.depth;
            tree = self.node_of_depth(AstKind::Negate(Box::new(tree)), from, depth)?;
        }
        Ok(tree)
    }

    fn postfix(&mut self) -> Parsed {
        let mut tree = self.primary()?;
        loop {
            let from = tree.span.start;
            let depth = tree.depth;
            if self.take_sign(".") {
                let (name, span) = match self.peek() {
                    Token::Name(name) => ((*name).to_owned(), self.span()),
                    _ => return Err(self.fault("the name of a field")),
                };
                self.at += 1;
                tree =
                    self.node_of_depth(AstKind::Property(Box::new(tree), name, span), from, depth)?;
            } else if self.is_sign("[") && !self.closes_range(&tree) {
                self.at += 1;
                let inner = self.expression()?;
                self.sign("]")?;
                let depth = depth.max(inner.depth);
                tree = self.node_of_depth(
                    AstKind::Bracket(Box::new(tree), Box::new(inner)),
                    from,
                    depth,
                )?;
            } else {
                return Ok(tree);
            }
        }
    }

    /// Whether `[` behind a literal closes a range: `[1..3[`.
    fn closes_range(&self, tree: &Ast) -> bool {
        let literal = matches!(
            tree.kind,
            AstKind::Number(_) | AstKind::Percent(_) | AstKind::At(_) | AstKind::Text(_)
        );
        self.in_range && literal
    }

    fn primary(&mut self) -> Parsed {
        let (token, span) = (self.peek().clone(), self.span());
        let from = span.start;
        match token {
            Token::Number(x) => {
                self.at += 1;
                let percent = self.take_sign("%");
                self.node(
                    if percent {
                        AstKind::Percent(x)
                    } else {
                        AstKind::Number(x)
                    },
                    from,
                    &[],
                )
            }
            Token::Text(text) => {
                self.at += 1;
                self.node(AstKind::Text(text), from, &[])
            }
            Token::At(text) => {
                self.at += 1;
                self.node(AstKind::At(text), from, &[])
            }
            Token::Sign("(") => {
                self.at += 1;
                let mut inner = self.expression()?;
                self.sign(")")?;
                inner.span = from..self.last_end();
                Ok(inner)
            }
            Token::Sign("[") => {
                self.at += 1;
                let items = self.arguments("]")?;
                let depth = items.iter().map(|i| i.depth).max().unwrap_or(0);
                self.node_of_depth(AstKind::List(items), from, depth)
            }
            Token::Sign("{") => Err(Fault::new(span, "contexts are not taken")
                .help("give each figure a name with `let`")),
            Token::Name(_) => self.name_or_call(),
            _ => Err(self.fault("a value")),
        }
    }

    fn name_or_call(&mut self) -> Parsed {
        let span = self.span();
        let from = span.start;
        if self.is_word("function") {
            let fault = Fault::new(span, "functions of one's own are not taken");
            return Err(fault.help("name the figure with `let`"));
        }
        if let Some((name, words)) = self.function_name() {
            self.at += words;
            let span = from..self.last_end();
            self.sign("(")?;
            let arguments = self.arguments(")")?;
            let depth = arguments.iter().map(|a| a.depth).max().unwrap_or(0);
            return self.node_of_depth(AstKind::Call(name, span, arguments), from, depth);
        }
        let Token::Name(name) = *self.peek() else {
            return Err(self.fault("a value"));
        };
        let kind = match name {
            "true" => AstKind::Bool(true),
            "false" => AstKind::Bool(false),
            "null" => AstKind::Null,
            word if KEYWORDS.contains(&word) => return Err(self.fault("a value")),
            _ => AstKind::Name(name.to_owned()),
        };
        self.at += 1;
        self.node(kind, from, &[])
    }

    /// The name of the function that is called here, in one to four words, and how many.
    fn function_name(&self) -> Option<(String, usize)> {
        const MOST_WORDS: usize = 4;
        let word = |at: usize| match self.peek_at(at) {
            Token::Name(word) => Some(*word),
            _ => None,
        };
        let count = (0..MOST_WORDS).take_while(|at| word(*at).is_some()).count();
        if count == 0 || *self.peek_at(count) != Token::Sign("(") {
            return None;
        }
        let words: Vec<&str> = (0..count).filter_map(word).collect();
        let name = words.join(" ");
        let is_name = count == 1 || Builtin::is_known(&name);
        (is_name && !KEYWORDS.contains(&name.as_str())).then_some((name, count))
    }

    fn arguments(&mut self, close: &str) -> Result<Vec<Ast>, Fault> {
        let mut arguments = Vec::new();
        if self.take_sign(close) {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            if self.is_sign(":") {
                return Err(self
                    .fault("`,`")
                    .help("named arguments are not taken; write them in order"));
            }
            if self.is_sign("..") {
                return Err(self.fault("`,`").help("a range stands behind `in` only"));
            }
            if !self.take_sign(",") {
                break;
            }
        }
        self.sign(close)?;
        Ok(arguments)
    }
}

const TOO_DEEP: &str = "the expression is nested too deeply";
const TOO_LONG: &str = "the expression is too long";

fn too_deep(span: Range<usize>) -> Fault {
    Fault::new(span, TOO_DEEP).help(format!(
        "at most {MAX_DEPTH} levels, operators in a row included; name parts of it with `let`"
    ))
}

fn test_depth(test: &Test) -> u16 {
    match test {
        Test::Compare(_, value, _) | Test::Value(value) => value.depth,
        Test::Range(range) => range.low.depth.max(range.high.depth),
        Test::Any(tests) => tests.iter().map(test_depth).max().unwrap_or(0) + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Why a text is refused, on a thread with room for the deepest.
    fn fault(text: &str) -> Option<Fault> {
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new().stack_size(1 << 24);
            let parsing = thread.spawn_scoped(scope, || parse(text).err());
            parsing.expect("it starts").join().expect("it ends")
        })
    }

    /// Checks that a text is taken with so many of something, and refused with one more.
    #[track_caller]
    fn assert_most(most: usize, why: &str, text: impl Fn(usize) -> String) {
        let taken = fault(&text(most));
        assert!(taken.is_none(), "{taken:?}");
        let refused = fault(&text(most + 1));
        assert_eq!(refused.map(|f| f.message).as_deref(), Some(why));
    }

    fn terms(n: usize) -> String {
        vec!["1"; n].join("+")
    }

    #[test]
    fn depth_is_limited_to_the_level() {
        assert_most(200, TOO_DEEP, terms);
        assert_most(199, TOO_DEEP, |n| {
            format!("{}1{}", "(".repeat(n), ")".repeat(n))
        });
    }

    #[test]
    fn the_tests_of_in_count_as_deep_as_they_are() {
        assert_most(199, TOO_DEEP, |n| format!("1 in {}", terms(n)));
        assert_most(198, TOO_DEEP, |n| format!("1 in [< {}]", terms(n)));
    }

    #[test]
    fn length_is_limited_to_the_part() {
        // The list is a part too.
        assert_most(99_999, TOO_LONG, |n| {
            format!("[{}]", vec!["1"; n].join(","))
        });
    }

    #[test]
    fn what_is_too_long_within_in_is_told_where_it_becomes_so() {
        let many = vec!["1"; 100_001].join(",");
        let fault = fault(&format!("1 in ([{many}])")).unwrap();
        assert_eq!(fault.message, TOO_LONG);
        assert!(fault.span.start > 100_000, "{fault:?}");
    }
}
