//! One rule, one file: what it requires, of whom, by which clause, and what it says.

use std::collections::BTreeSet;
use std::ops::Range;

use toml::de::DeTable;

use super::case::{self, Case, CaseKind};
use super::param::Param;
use super::source::{Source, Verification, one_of};
use super::spanned::{Doc, Keys, Text, as_text, check_name};
use crate::diagnostic::{Lint, suggest};
use crate::expr::check::lets_of;
use crate::expr::tree::{Kind, Node};
use crate::expr::{Expr, Notes, Scope, Ty, check, check_for};
use crate::schema::TableId;

/// What a finding does to the recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It is printed.
    Note,
    /// The plan may be approved on a condition.
    Condition,
    /// The plan goes back.
    Return,
    /// The head of the agency decides.
    Escalate,
}

impl Severity {
    pub(crate) const NAMES: [(&'static str, Severity); 4] = [
        ("note", Severity::Note),
        ("condition", Severity::Condition),
        ("return", Severity::Return),
        ("escalate", Severity::Escalate),
    ];

    /// The names of all, from the mildest.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::NAMES.iter().map(|(name, _)| *name)
    }

    /// Its name in packs and reports.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, s)| *s == self)
            .map_or("", |(name, _)| name)
    }
}

/// Where a rule gets its force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// The law itself requires it.
    Statute,
    /// A document of the agency.
    Guidance,
    /// The submission contradicts itself or an official figure.
    Data,
    /// A person must decide; evidence is gathered.
    Judgement,
    /// A threshold that the office chose.
    Policy,
    /// A helpful word.
    Advice,
}

impl Basis {
    const NAMES: [(&'static str, Basis); 6] = [
        ("statute", Basis::Statute),
        ("guidance", Basis::Guidance),
        ("data", Basis::Data),
        ("judgement", Basis::Judgement),
        ("policy", Basis::Policy),
        ("advice", Basis::Advice),
    ];

    /// The names of all.
    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        Self::NAMES.iter().map(|(name, _)| *name)
    }

    /// Its name in packs and reports.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, b)| *b == self)
            .map_or("", |(name, _)| name)
    }
}

/// Who is shown a rule's findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The district, and the reviewer.
    District,
    /// The reviewer alone.
    Reviewer,
}

/// The rows that a rule judges, one by one.
#[derive(Debug, Clone)]
pub struct Subjects {
    /// The name of the row in the rule's expressions.
    pub name: String,
    /// Its table.
    pub table: TableId,
    /// The rows.
    pub rows: Expr,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its id, which is its file's stem.
    pub id: String,
    /// Its file.
    pub file: String,
    /// Its code in the inventory of checks.
    pub code: String,
    /// What is true of a good plan.
    pub title: String,
    /// Where it gets its force.
    pub basis: Basis,
    /// What it cites: places in [`super::Pack::sources`].
    pub cites: Vec<usize>,
    /// What its findings do to the recommendation, as far as its sources are confirmed.
    pub severity: Severity,
    /// What they do while all its sources are unconfirmed.
    pub unread_severity: Severity,
    /// What they do as soon as one source is better than unconfirmed, if that is more.
    pub verified_severity: Option<Severity>,
    /// The fiscal years in which it is in force.
    pub effective: (Option<i64>, Option<i64>),
    /// Who is shown its findings.
    pub audience: Audience,
    /// The rows that it judges; `None`: the whole submission.
    pub subjects: Option<Subjects>,
    /// What it requires, year by year.
    pub editions: Vec<Edition>,
    /// Whether amounts may be changed to make it pass.
    pub repairable: bool,
    /// Its tests; none of a pack that was loaded to judge.
    pub cases: Vec<Case>,
    /// Changes of it that change nothing, and so need no case.
    pub equivalents: Vec<Equivalent>,
    pub(crate) severity_span: Range<usize>,
    pub(crate) uses: Uses,
}

impl Rule {
    /// The folder under `rules/` in which it stands.
    pub fn topic(&self) -> &str {
        self.file.rsplit('/').nth(1).unwrap_or_default()
    }
}

/// A change of a rule that changes nothing, so that no case can notice it.
///
/// ```toml
/// [[equivalent]]
/// mutant = "when: held > 0 → held >= 1"
/// why = "a number of meetings is whole"
/// ```
#[derive(Debug, Clone)]
pub struct Equivalent {
    /// The change, as `test --mutate` writes it.
    pub mutant: String,
    /// Why it changes nothing.
    pub why: String,
    /// The bytes of the rule's file in which it stands.
    pub span: Range<usize>,
}

/// What a rule says in some years.
#[derive(Debug, Clone)]
pub struct Edition {
    /// The first year.
    pub from: Option<i64>,
    /// The last year.
    pub until: Option<i64>,
    /// What it says.
    pub body: Body,
    /// The bytes of the rule's file in which it stands.
    pub(crate) span: Range<usize>,
}

impl Edition {
    pub(crate) fn covers(&self, year: i64) -> bool {
        self.from.is_none_or(|from| from <= year) && self.until.is_none_or(|until| year <= until)
    }
}

/// What an edition says.
#[derive(Debug, Clone)]
pub enum Body {
    /// Why the rule has nothing to test in these years.
    NotApplicable(String),
    /// The test.
    Test(Box<Test>),
}

impl Body {
    /// The test, if there is one.
    pub(crate) fn test(&self) -> Option<&Test> {
        match self {
            Body::NotApplicable(_) => None,
            Body::Test(test) => Some(test),
        }
    }
}

/// A test, and what is said when it fails.
#[derive(Debug, Clone)]
pub struct Test {
    /// Named sub-expressions.
    pub lets: Vec<(String, Expr)>,
    /// When the test is asked at all.
    pub when: Option<Expr>,
    /// What must hold; `None`: nobody but a person can tell, and `message` asks.
    pub require: Option<Expr>,
    /// What is wrong, or what is asked.
    pub message: Template,
    /// What to do about it.
    pub advice: Option<Template>,
}

impl Test {
    /// Whether it asks a person, and requires nothing.
    pub fn is_question(&self) -> bool {
        self.require.is_none()
    }

    /// Its expressions, each with its key or its name, in the order in which they are asked.
    pub(crate) fn exprs(&self) -> impl Iterator<Item = (&str, &Expr)> {
        let lets = self.lets.iter().map(|(name, e)| (name.as_str(), e));
        let when = self.when.iter().map(|e| ("when", e));
        let require = self.require.iter().map(|e| ("require", e));
        lets.chain(when).chain(require)
    }

    /// Its expressions, the `let`s each with its number, then `when`, then `require`.
    pub(crate) fn roots(&self) -> Vec<(Option<usize>, &Expr)> {
        let lets = self.lets.iter().enumerate();
        let lets = lets.map(|(at, (_, expr))| (Some(at), expr));
        let others = self.when.iter().chain(&self.require);
        lets.chain(others.map(|expr| (None, expr))).collect()
    }

    /// The `let`s on which its outcome rests, itself or through others.
    pub(crate) fn decisive_lets(&self) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut exprs: Vec<&Expr> = self.when.iter().chain(&self.require).collect();
        while let Some(expr) = exprs.pop() {
            for at in lets_of(expr).into_iter().filter(|at| found.insert(*at)) {
                exprs.extend(self.lets.get(at).map(|(_, expr)| expr));
            }
        }
        found
    }

    /// Its comparisons of numbers, amounts and dates in reading order.
    pub(crate) fn comparisons(&self) -> Vec<Comparison<'_>> {
        let mut found = Vec::new();
        for (of_let, expr) in self.roots() {
            let mut nodes = Vec::new();
            expr.root.comparisons(&mut nodes);
            found.extend(nodes.into_iter().map(|(node, sides)| Comparison {
                of_let,
                expr,
                node,
                sides,
            }));
        }
        found
    }
}

/// A comparison of a test.
pub(crate) struct Comparison<'t> {
    /// The number of the `let` in which it stands.
    pub(crate) of_let: Option<usize>,
    /// The whole expression.
    pub(crate) expr: &'t Expr,
    pub(crate) node: &'t Node,
    pub(crate) sides: [&'t Node; 2],
}

/// A text with expressions in it.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// Its parts, in order.
    pub parts: Vec<Part>,
}

/// A part of a template.
#[derive(Debug, Clone)]
pub enum Part {
    /// Words.
    Text(String),
    /// A value.
    Value(Expr),
}

/// What a rule uses, for checks over the whole pack.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uses {
    /// Parameters, each with the years of the edition that uses it and the place.
    pub(crate) params: Vec<(usize, (Option<i64>, Option<i64>), Range<usize>)>,
    pub(crate) coded: Vec<(usize, TableId, usize, Range<usize>)>,
    pub(crate) patterns: Vec<(usize, Range<usize>)>,
    pub(crate) tables: Vec<TableId>,
}

/// What a rule is read against.
pub(crate) struct Context<'a> {
    pub(crate) scope: Scope<'a>,
    pub(crate) sources: &'a [Source],
    pub(crate) params: &'a [Param],
    pub(crate) years: (i64, i64),
    pub(crate) reads_cases: bool,
}

pub(crate) fn read(doc: Doc<'_>, tree: &DeTable<'_>, context: &Context<'_>) -> Option<Rule> {
    let keys = Keys::new(doc, tree, 0..0);
    let stem = doc
        .file
        .rsplit('/')
        .next()
        .and_then(|f| f.strip_suffix(".toml"))
        .unwrap_or(doc.file);
    if !stem
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    {
        doc.mistake(
            0..0,
            format!("`{stem}` is no rule id"),
            "",
            "an id is kebab-case: lower-case words joined by hyphens",
        );
    }
    let code = keys
        .required_text("code")
        .map_or_else(String::new, |t| t.value);
    let title = keys
        .required_text("title")
        .map_or_else(String::new, |t| t.value);
    let basis =
        named(doc, keys.required_text("basis"), &Basis::NAMES).map_or(Basis::Data, |(b, _)| b);
    let severity = named(doc, keys.required_text("severity"), &Severity::NAMES);
    let audiences = [
        ("district", Audience::District),
        ("reviewer", Audience::Reviewer),
    ];
    let audience =
        named(doc, keys.text("audience"), &audiences).map_or(Audience::District, |(a, _)| a);
    let cites = read_cites(doc, &keys, context.sources);
    let cited: Vec<&Source> = cites
        .iter()
        .filter_map(|&at| context.sources.get(at))
        .collect();
    let effective = keys.table("effective").map_or((None, None), |of| {
        let years = (of.integer("from"), of.integer("until"));
        of.done();
        years
    });
    let mut uses = Uses::default();
    let has_for = keys.has("for");
    let subjects = keys
        .text("for")
        .and_then(|text| read_for(doc, &text, context, &mut uses));
    if has_for && subjects.is_none() {
        // Without its row nothing else of the rule can be judged.
        return None;
    }
    let mut scope = context.scope.clone();
    scope.row = subjects.as_ref().map(|s| (s.name.clone(), s.table));
    let reader = Reader { doc, scope };
    let editions = read_editions(reader, &keys, &mut uses);
    let place = keys.get("effective").map_or(0..0, toml::Spanned::span);
    check_editions(doc, &editions, (effective, place), context.years);
    check_asks(&keys, basis, &editions);
    let place = keys.get("cites").map_or(0..0, toml::Spanned::span);
    let years = within(effective, context.years);
    check_law(doc, (basis, &editions), (&cited, place), years);
    let cases = if context.reads_cases {
        let (schema, parts) = (context.scope.schema, parts_of(&editions));
        let needed = needed_cases(&editions);
        let known = (&needed[..], &parts[..]);
        case::read_all(doc, &keys, schema, context.params, context.years, known)
    } else {
        Vec::new()
    };
    let equivalents = keys.tables("equivalent");
    let equivalents = equivalents.iter().filter_map(read_equivalent).collect();
    let verified = keys.text("verified_severity");
    let verified = verified.and_then(|text| read_verified(doc, text, basis, severity.as_ref()));
    let repair = keys.text("repair");
    let repairable = repair.is_none();
    named(doc, repair, &[("never", ())]);
    keys.done();
    let (severity, severity_span) = severity?;
    Some(Rule {
        id: stem.to_owned(),
        file: doc.file.to_owned(),
        code,
        title,
        basis,
        cites,
        severity,
        unread_severity: severity,
        verified_severity: verified,
        effective,
        audience,
        subjects,
        editions,
        repairable,
        cases,
        equivalents,
        severity_span,
        uses,
    })
}

/// A question is a matter of judgement, and says so.
fn check_asks(keys: &Keys<'_, '_>, basis: Basis, editions: &[Edition]) {
    let mut tests = editions.iter().filter_map(|e| e.body.test());
    if basis != Basis::Judgement && tests.any(Test::is_question) {
        let span = keys.get("basis").map_or(0..0, toml::Spanned::span);
        let message = format!("a question rests on judgement, not on `{}`", basis.name());
        let help = "write `basis = \"judgement\"`, or a `require` that can be tested";
        keys.doc.mistake(span, message, "", help);
    }
}

fn read_equivalent(of: &Keys<'_, '_>) -> Option<Equivalent> {
    let (mutant, why) = (of.required_text("mutant"), of.required_text("why"));
    of.done();
    Some(Equivalent {
        mutant: mutant?.value,
        why: why?.value,
        span: of.span.clone(),
    })
}

fn named<T: Copy>(
    doc: Doc<'_>,
    text: Option<Text>,
    names: &[(&str, T)],
) -> Option<(T, Range<usize>)> {
    let text = text?;
    let found = names.iter().find(|(name, _)| *name == text.value);
    if found.is_none() {
        one_of(
            doc,
            &text,
            &names.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        );
    }
    found.map(|(_, value)| (*value, text.span))
}

/// What a rule of law weighs once a source is confirmed: more than before.
fn read_verified(
    doc: Doc<'_>,
    text: Text,
    basis: Basis,
    severity: Option<&(Severity, Range<usize>)>,
) -> Option<Severity> {
    let (verified, span) = named(doc, Some(text), &Severity::NAMES)?;
    if basis != Basis::Statute {
        let message = format!(
            "`verified_severity` is for a statute rule, and this is one of {}",
            basis.name()
        );
        let help = "take it away: what else a rule rests on is not capped";
        doc.mistake(span, message, "", help);
        return None;
    }
    let (stated, _) = severity?;
    if verified <= *stated {
        let message = format!(
            "`{}` is not above the severity `{}`",
            verified.name(),
            stated.name()
        );
        let help = "say what the rule weighs once a source is confirmed, or take it away";
        doc.mistake(span, message, "", help);
        return None;
    }
    Some(verified)
}

fn read_cites(doc: Doc<'_>, keys: &Keys<'_, '_>, sources: &[Source]) -> Vec<usize> {
    if !keys.has("cites") {
        doc.mistake(
            0..0,
            "`cites` is missing",
            "",
            "every rule names where it comes from: `cites = [\"key\"]`",
        );
    }
    let texts = keys.texts("cites");
    let mut cites = Vec::new();
    if texts.is_empty()
        && let Some(entry) = keys.get("cites")
    {
        doc.mistake(
            entry.span(),
            "`cites` names nothing",
            "",
            "every rule names where it comes from",
        );
    }
    for text in &texts {
        match sources.iter().position(|s| s.key == text.value) {
            Some(at) => cites.push(at),
            None => {
                let help = suggest(&text.value, sources.iter().map(|s| s.key.as_str()));
                doc.mistake(
                    text.span.clone(),
                    format!("there is no source `{}`", text.value),
                    "",
                    help,
                );
            }
        }
    }
    cites
}

fn read_for(doc: Doc<'_>, text: &Text, context: &Context<'_>, uses: &mut Uses) -> Option<Subjects> {
    match check_for(&text.value, &context.scope) {
        Ok((name, table, mut rows, notes)) => {
            rows.held_in = text.span.clone();
            note(doc, text, notes, (None, None), uses);
            if table >= context.scope.schema.submission {
                doc.mistake(
                    text.span.clone(),
                    "a rule runs over a table of the submission",
                    "this is a reference table",
                    "look its rows up with `lookup`",
                );
            }
            Some(Subjects { name, table, rows })
        }
        Err(faults) => {
            doc.faults(text, faults);
            None
        }
    }
}

/// Keeps what the pack must know of an expression, and warns of bare numbers.
fn note(
    doc: Doc<'_>,
    text: &Text,
    notes: Notes,
    years: (Option<i64>, Option<i64>),
    uses: &mut Uses,
) {
    for span in notes.bare_numbers {
        let help = "a figure has its source: put it in params.toml and write `param.name`";
        let place = doc.inside(text, &span);
        doc.lint(Lint::BareNumber, place, "a bare number in a rule", help);
    }
    uses.params.extend(
        notes
            .params
            .into_iter()
            .map(|(p, span)| (p, years, doc.inside(text, &span))),
    );
    uses.coded.extend(
        notes
            .coded_params
            .into_iter()
            .map(|(p, t, f, span)| (p, t, f, doc.inside(text, &span))),
    );
    uses.patterns.extend(
        notes
            .pattern_params
            .into_iter()
            .map(|(p, span)| (p, doc.inside(text, &span))),
    );
    uses.tables.extend(notes.tables);
}

struct Reader<'a, 'd> {
    doc: Doc<'d>,
    scope: Scope<'a>,
}

fn read_editions(mut reader: Reader<'_, '_>, keys: &Keys<'_, '_>, uses: &mut Uses) -> Vec<Edition> {
    let doc = reader.doc;
    if !keys.has("edition") {
        let body = read_test(&mut reader, keys, (None, None), uses);
        return body
            .map(|test| Edition {
                from: None,
                until: None,
                body: Body::Test(Box::new(test)),
                span: 0..0,
            })
            .into_iter()
            .collect();
    }
    for key in ["let", "when", "require", "question", "message", "advice"] {
        if keys.has(key) {
            doc.mistake(
                0..0,
                format!("`{key}` stands in the editions of a rule that has them"),
                "",
                "move it into each `[[edition]]`",
            );
            let _ = keys.get(key);
        }
    }
    let mut editions = Vec::new();
    for of in keys.tables("edition") {
        let (from, until) = (of.integer("from"), of.integer("until"));
        let body = match of.text("not_applicable") {
            Some(why) => Some(Body::NotApplicable(why.value)),
            None => read_test(&mut reader, &of, (from, until), uses)
                .map(|test| Body::Test(Box::new(test))),
        };
        of.done();
        if let Some(body) = body {
            editions.push(Edition {
                from,
                until,
                body,
                span: of.span.clone(),
            });
        }
    }
    editions
}

fn read_test(
    reader: &mut Reader<'_, '_>,
    keys: &Keys<'_, '_>,
    years: (Option<i64>, Option<i64>),
    uses: &mut Uses,
) -> Option<Test> {
    let doc = reader.doc;
    reader.scope.lets.clear();
    let mut lets = Vec::new();
    for (name, entry) in keys.table("let").iter().flat_map(Keys::entries) {
        let Some(text) = as_text(doc, entry) else {
            continue;
        };
        let expr = expression(reader, &text, years, uses);
        let scope = &mut reader.scope;
        let taken = name.value == "year"
            || name.value == "param"
            || scope.schema.table(&name.value).is_some()
            || scope.lets.iter().any(|(n, ..)| *n == name.value)
            || scope.row.as_ref().is_some_and(|(n, _)| *n == name.value);
        if taken {
            let message = format!("`{}` already has a meaning here", name.value);
            doc.mistake(name.span.clone(), message, "", "choose another name");
        }
        check_name(doc, &name);
        // A name whose expression is wrong is a name all the same.
        let (ty, level) = expr
            .as_ref()
            .map_or((Ty::Null, 0), |e| (e.ty().clone(), e.root.level));
        scope.lets.push((name.value.clone(), ty, level));
        lets.extend(expr.map(|expr| (name.value, expr)));
    }
    let test = |reader: &mut Reader<'_, '_>, text: Text, uses: &mut Uses| {
        let expr = expression(reader, &text, years, uses)?;
        if !matches!(expr.ty(), Ty::Bool | Ty::Null) {
            let what = expr.ty().name(reader.scope.schema);
            doc.mistake(
                text.span,
                format!("{what} where a test is needed"),
                "",
                "compare it with something",
            );
            return None;
        }
        Some(expr)
    };
    let when_text = keys.text("when");
    let when = when_text.clone().and_then(|text| test(reader, text, uses));
    let question = keys.text("question");
    let require = match &question {
        Some(question) => {
            check_question(doc, keys, question);
            Some(None)
        }
        None => keys
            .required_text("require")
            .and_then(|text| test(reader, text, uses))
            .map(Some),
    };
    let message = question
        .or_else(|| keys.required_text("message"))
        .map(|text| template(reader, &text, years, uses));
    let advice_text = keys.text("advice");
    let advice = advice_text.map(|text| template(reader, &text, years, uses));
    Some(Test {
        lets,
        when,
        require: require?,
        message: message?,
        advice,
    })
}

/// A question has no test of its own, and no message but itself.
fn check_question(doc: Doc<'_>, keys: &Keys<'_, '_>, question: &Text) {
    for key in ["require", "message"] {
        if keys.has(key) {
            let message = format!("a rule with a `question` has no `{key}`");
            let help = "a person answers the question: `when` says of what it is asked";
            doc.mistake(question.span.clone(), message, "", help);
            let _ = keys.get(key);
        }
    }
}

fn expression(
    reader: &Reader<'_, '_>,
    text: &Text,
    years: (Option<i64>, Option<i64>),
    uses: &mut Uses,
) -> Option<Expr> {
    match check(&text.value, &reader.scope) {
        Ok((mut expr, notes)) => {
            expr.held_in = text.span.clone();
            note(reader.doc, text, notes, years, uses);
            Some(expr)
        }
        Err(faults) => {
            reader.doc.faults(text, faults);
            None
        }
    }
}

/// Splits a text at its `{…}`; `{{` and `}}` are braces.
fn template(
    reader: &Reader<'_, '_>,
    text: &Text,
    years: (Option<i64>, Option<i64>),
    uses: &mut Uses,
) -> Template {
    let doc = reader.doc;
    let (mut parts, mut words) = (Vec::new(), String::new());
    let mut at = 0;
    while let Some(c) = text.value.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.value.get(at..).unwrap_or_default();
        if rest.starts_with("{{") || rest.starts_with("}}") {
            words.push(c);
            at += 2;
        } else if c == '{' {
            let Some(end) = closing_brace(rest) else {
                doc.mistake(
                    doc.inside(text, &(at..at + 1)),
                    "this brace has no end",
                    "",
                    "close it with `}`, or write `{{` for a brace",
                );
                break;
            };
            let inner = rest.get(1..end).unwrap_or_default();
            match check(inner, &reader.scope) {
                Ok((expr, notes)) => {
                    let moved = |r: &Range<usize>| r.start + at + 1..r.end + at + 1;
                    let notes = Notes {
                        bare_numbers: notes.bare_numbers.iter().map(moved).collect(),
                        params: notes
                            .params
                            .into_iter()
                            .map(|(p, r)| (p, moved(&r)))
                            .collect(),
                        coded_params: notes
                            .coded_params
                            .into_iter()
                            .map(|(p, t, f, r)| (p, t, f, moved(&r)))
                            .collect(),
                        pattern_params: notes
                            .pattern_params
                            .into_iter()
                            .map(|(p, r)| (p, moved(&r)))
                            .collect(),
                        ..notes
                    };
                    note(doc, text, notes, years, uses);
                    if !words.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut words)));
                    }
                    parts.push(Part::Value(expr));
                }
                Err(faults) => {
                    for mut fault in faults {
                        fault.span = fault.span.start + at + 1..fault.span.end + at + 1;
                        doc.faults(text, vec![fault]);
                    }
                }
            }
            at += end + 1;
        } else {
            if c == '}' {
                doc.mistake(
                    doc.inside(text, &(at..at + 1)),
                    "this brace has no beginning",
                    "",
                    "write `}}` for a brace",
                );
            }
            let end = rest.get(1..).and_then(|more| more.find(['{', '}']));
            let end = end.map_or(rest.len(), |end| end + 1);
            words.push_str(rest.get(..end).unwrap_or_default());
            at += end;
        }
    }
    if !words.is_empty() {
        parts.push(Part::Text(words));
    }
    Template { parts }
}

/// Where the brace that opens `rest` is closed, texts in quotes passed over.
fn closing_brace(rest: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '}' if !quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// The years of the pack in which a rule is in force.
fn within(effective: (Option<i64>, Option<i64>), years: (i64, i64)) -> (i64, i64) {
    let (from, until) = effective;
    let first = from.map_or(years.0, |from| from.max(years.0));
    let last = until.map_or(years.1, |until| until.min(years.1));
    (first, last)
}

/// A rule of law has a clause, and in each year in which a rule tests something, something that it cites is in force.
fn check_law(
    doc: Doc<'_>,
    rule: (Basis, &[Edition]),
    cites: (&[&Source], Range<usize>),
    years: (i64, i64),
) {
    let ((basis, editions), (cited, place)) = (rule, cites);
    let of_law = basis == Basis::Statute;
    // Beside a clause of law another document is no law; for every other rule it is as good a ground.
    let grounds: Vec<&&Source> = cited.iter().filter(|s| !of_law || s.is_clause()).collect();
    if grounds.is_empty() {
        if !cited.is_empty() {
            let message = "a statute rule cites no clause";
            let help = "cite the clause of law: a source with a `modality`; a rule that rests on documents alone has another basis";
            doc.mistake(place, message, "", help);
        }
        return;
    }
    let idle = |e: &Edition, year| e.covers(year) && matches!(e.body, Body::NotApplicable(_));
    let tests = |year: i64| !editions.iter().any(|e| idle(e, year));
    let bare = |year: &i64| tests(*year) && !grounds.iter().any(|s| s.in_force(*year));
    if let Some(year) = (years.0..=years.1).find(bare) {
        let what = if of_law { "no clause" } else { "nothing" };
        let message = format!("{what} that the rule cites is in force in fiscal year {year}");
        let help = "let `effective` begin and end with the law, or cite what was in force then";
        doc.lint(Lint::NothingInForce, place, message, help);
    }
}

/// Every year in force has one edition.
fn check_editions(
    doc: Doc<'_>,
    editions: &[Edition],
    effective: ((Option<i64>, Option<i64>), Range<usize>),
    years: (i64, i64),
) {
    let (effective, span) = effective;
    let (first, last) = within(effective, years);
    if let (Some(from), Some(until)) = effective
        && until < from
    {
        let message = format!("the rule ends in {until}, before it begins in {from}");
        doc.mistake(span, message, "", "");
        return;
    }
    if last < first {
        let message = format!(
            "the rule is in force in no year of the pack, {} to {}",
            years.0, years.1
        );
        let help = "let `effective` meet the years of the pack";
        doc.lint(Lint::NeverInForce, span, message, help);
    }
    if editions.is_empty() {
        return;
    }
    let covering = |year: i64| editions.iter().filter(move |e| e.covers(year));
    if let Some(year) = (first..=last).find(|&y| covering(y).count() == 0) {
        // The gap lies behind the last edition that begins before it.
        let before = editions
            .iter()
            .rfind(|e| e.from.is_none_or(|from| from < year));
        let span = before.or(editions.first()).map_or(0..0, |e| e.span.clone());
        let help = "extend an edition, or add one with `not_applicable = \"why\"`";
        doc.mistake(
            span,
            format!("no edition covers fiscal year {year}"),
            "",
            help,
        );
    }
    if let Some(year) = (first..=last).find(|&y| covering(y).count() > 1) {
        let span = covering(year).nth(1).map_or(0..0, |e| e.span.clone());
        let message = format!("two editions cover fiscal year {year}");
        doc.mistake(span, message, "", "end the earlier one the year before");
    }
}

/// The text of every part of the tests of a rule, each once.
fn parts_of(editions: &[Edition]) -> Vec<String> {
    fn walk(expr: &Expr, node: &Node, found: &mut BTreeSet<String>) {
        found.insert(expr.text_of(&node.span));
        for part in node.parts() {
            walk(expr, part, found);
        }
    }
    let mut found = BTreeSet::new();
    for edition in editions {
        if let Body::Test(test) = &edition.body {
            for (_, expr) in test.exprs() {
                walk(expr, &expr.root, &mut found);
            }
        }
    }
    found.into_iter().collect()
}

/// The kinds of cases that a rule should have. One that compares nothing has no edge; a question is shown to be asked.
fn needed_cases(editions: &[Edition]) -> Vec<CaseKind> {
    let mut tests = editions.iter().filter_map(|e| e.body.test());
    if tests.clone().next().is_some() && tests.all(Test::is_question) {
        return vec![CaseKind::Missing];
    }
    let mut needed = vec![CaseKind::Pass, CaseKind::Fail, CaseKind::Missing];
    needed.extend(compares(editions).then_some(CaseKind::Edge));
    needed
}

/// Whether a rule compares numbers or dates, so that it has an edge.
fn compares(editions: &[Edition]) -> bool {
    editions.iter().any(|e| match &e.body {
        Body::NotApplicable(_) => false,
        Body::Test(test) => (test.require.iter())
            .chain(test.lets.iter().map(|(_, e)| e))
            .any(orders),
    })
}

fn orders(expr: &Expr) -> bool {
    fn walk(node: &Node) -> bool {
        let here = match &node.kind {
            Kind::Compare(op, a, b) => {
                let zero = a.is_zero() || b.is_zero();
                let numeric = (a.ty.is_numeric() || b.ty.is_numeric())
                    && a.ty != Ty::Null
                    && b.ty != Ty::Null;
                numeric && !zero && !matches!(op.sign(), "=" | "!=")
            }
            _ => false,
        };
        here || node.parts().any(walk)
    }
    walk(&expr.root)
}

impl Rule {
    /// Its tests, edition by edition.
    pub(crate) fn tests(&self) -> impl Iterator<Item = &Test> {
        self.editions.iter().filter_map(|e| e.body.test())
    }

    /// Its test in a fiscal year.
    pub(crate) fn test_in(&self, year: i64) -> Option<&Test> {
        self.editions.iter().find(|e| e.covers(year))?.body.test()
    }

    /// What it asks in a fiscal year, or why it asks nothing; `None` when it is not in force.
    pub fn body_in(&self, year: i64) -> Option<&Body> {
        let mut editions = self.editions.iter();
        let edition = editions.find(|e| self.is_in_force(year) && e.covers(year))?;
        Some(&edition.body)
    }

    /// How many cases of a kind it has.
    pub fn count(&self, kind: super::CaseKind) -> usize {
        self.cases.iter().filter(|c| c.kind == kind).count()
    }

    /// Whether it is in force in a fiscal year.
    pub(crate) fn is_in_force(&self, year: i64) -> bool {
        let (from, until) = self.effective;
        from.is_none_or(|from| from <= year) && until.is_none_or(|until| year <= until)
    }

    /// The kinds of cases that it should have and has not.
    pub fn lacking_cases(&self) -> Vec<super::CaseKind> {
        case::lacking(&self.cases, &needed_cases(&self.editions))
    }

    /// Whether a source that it cites is better than unconfirmed.
    pub(crate) fn is_confirmed(&self, sources: &[Source]) -> bool {
        let mut cited = self.cites.iter().filter_map(|&at| sources.get(at));
        cited.any(|s| s.verification != Verification::Unconfirmed)
    }

    /// Lets it weigh what its sources allow.
    pub(crate) fn settle(&mut self, sources: &[Source]) {
        let confirmed = self.is_confirmed(sources);
        let verified = self.verified_severity.filter(|_| confirmed);
        self.severity = verified.unwrap_or(self.unread_severity);
    }
}

/// A statute rule that rests on text nobody confirmed weighs at most `condition`.
pub(crate) fn check_severity(doc: Doc<'_>, rule: &Rule, sources: &[Source]) {
    let confirmed = rule.is_confirmed(sources);
    if rule.basis == Basis::Statute && !confirmed && rule.unread_severity > Severity::Condition {
        let message = format!(
            "a statute rule whose sources are all unconfirmed weighs at most `condition`, not `{}`",
            rule.unread_severity.name()
        );
        doc.mistake(
            rule.severity_span.clone(),
            message,
            "",
            format!(
                "confirm a source's text, cite one that is confirmed, or write `severity = \"condition\"` and `verified_severity = \"{}\"`",
                rule.unread_severity.name()
            ),
        );
    }
}
