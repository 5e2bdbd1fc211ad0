//! Random typed expressions and random plans for the pack `tests/packs/twin`, made as text from a list of numbers: where
//! the numbers end, the simplest choice is made, so that a shorter list of smaller numbers is a simpler case.

use std::fmt::Write as _;

/// Numbers that decide what is made.
pub(crate) struct Choices<'a> {
    numbers: &'a [u16],
    at: usize,
}

impl<'a> Choices<'a> {
    pub(crate) fn new(numbers: &'a [u16]) -> Self {
        Choices { numbers, at: 0 }
    }

    /// One of `0..n`; 0 when the numbers are used up.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let number = self.numbers.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::from(number) % n
    }

    /// How many numbers were asked for.
    pub(crate) fn used(&self) -> usize {
        self.at
    }

    /// True once in `n` times, and never when the numbers are used up.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn of<'t>(&mut self, options: &[&'t str]) -> &'t str {
        options[self.below(options.len())]
    }
}

/// A type of the language.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum T {
    Bool,
    Num,
    Money,
    Date,
    Text,
    /// A text of the closed list of these names.
    Code(Codes),
    Row(&'static str),
    List(Box<T>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Codes {
    Area,
    Stage,
}

impl Codes {
    fn names(self) -> &'static [&'static str] {
        match self {
            Codes::Area => &["reading", "music", "art"],
            Codes::Stage => &["draft", "final"],
        }
    }
}

/// A field of the pack's schema.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) ty: T,
    /// What a cell may hold within the field's bounds, corners included.
    values: &'static [&'static str],
    /// What a cell may hold beyond them.
    wild: &'static [&'static str],
    required: bool,
    not_applicable: bool,
    stands_in: bool,
}

const fn field(name: &'static str, ty: T, values: &'static [&'static str]) -> Field {
    Field {
        name,
        ty,
        values,
        wild: &[],
        required: false,
        not_applicable: false,
        stands_in: false,
    }
}

impl Field {
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn or_not_applicable(mut self) -> Self {
        self.not_applicable = true;
        self
    }

    /// A blank takes its value from elsewhere.
    const fn stands_in(mut self) -> Self {
        self.stands_in = true;
        self
    }

    const fn beyond(mut self, wild: &'static [&'static str]) -> Self {
        self.wild = wild;
        self
    }
}

const MONEY: &[&str] = &[
    "12.50",
    "0",
    "0.01",
    "75.50",
    "100.00",
    "999999999.99",
    "0.005",
];
const NUMBER: &[&str] = &[
    "2",
    "0",
    "1",
    "-1",
    "2.5",
    "1000000000000",
    "-1000000000000",
    "0.0000000001",
];
const SHARE: &[&str] = &["10%", "0%", "100%", "12.5%"];
const DATE: &[&str] = &["2026-07-01", "2026-06-30", "2027-02-28", "2024-02-29"];
const TRUTH: &[&str] = &["yes", "no"];
const AREA: &[&str] = &["reading", "music", "art"];
const STAGE: &[&str] = &["draft", "final"];
const TEXT: &[&str] = &["a b", "b", "xa a a", "Ünder", "A B c", "reading", "2"];
const PARTY: &[&str] = &["p1", "p2", "p3"];

/// The tables of a plan. `applicant` and `fiscal_year`, by which a plan is told, are always there.
pub(crate) static TABLES: [(&str, &[Field]); 3] = [
    (
        "plan",
        &[
            field("award", T::Money, MONEY).required(),
            field("cap", T::Money, &["100", "0", "500"]).beyond(&["1000"]),
            field("reserve", T::Money, &["5", "-10", "10", "0"])
                .required()
                .or_not_applicable(),
            field("share", T::Num, SHARE).required(),
            field("places", T::Num, &["2", "-3", "3", "0"]).required(),
            field("index", T::Num, &["1", "2", "-1", "0", "1.5", "9"]).required(),
            field("bonus", T::Num, NUMBER).or_not_applicable(),
            field("begins_on", T::Date, DATE).required(),
            field("ends_on", T::Date, DATE).or_not_applicable(),
            field("approved", T::Bool, TRUTH).required(),
            field("renewed", T::Bool, TRUTH).or_not_applicable(),
            field("stage", T::Code(Codes::Stage), STAGE).required(),
            field("remark", T::Text, TEXT).or_not_applicable(),
        ],
    ),
    (
        "lines",
        &[
            field("line_id", T::Text, &["a", "b", "c", "d"]).stands_in(),
            field("area", T::Code(Codes::Area), AREA).required(),
            field("kind", T::Code(Codes::Stage), STAGE).stands_in(),
            field("party_id", T::Text, PARTY),
            field("branch", T::Code(Codes::Area), AREA).stands_in(),
            field("amount", T::Money, MONEY)
                .required()
                .or_not_applicable()
                .beyond(&["-3.50"]),
            field("paid", T::Money, &["0", "-50", "50", "12.50"]).beyond(&["60"]),
            field("rate", T::Num, SHARE).required().or_not_applicable(),
            field("units", T::Num, &["1", "0", "4", "2.5"])
                .required()
                .beyond(&["-7", "11"]),
            field("change", T::Num, NUMBER).required(),
            field("level", T::Num, NUMBER).or_not_applicable(),
            field("size", T::Num, NUMBER).stands_in(),
            field("order", T::Num, NUMBER).stands_in(),
            field("due_on", T::Date, DATE).required(),
            field("met_on", T::Date, DATE).or_not_applicable(),
            field("done", T::Bool, TRUTH).required(),
            field("late", T::Bool, TRUTH).or_not_applicable(),
            field("words", T::Text, TEXT).required().or_not_applicable(),
        ],
    ),
    (
        "parties",
        &[
            field("party_id", T::Text, PARTY).required(),
            field("weight", T::Num, &["1", "3", "2.5"]).required(),
            field("home", T::Code(Codes::Area), AREA),
            field("fee", T::Money, &["0", "100", "12.50"]).required(),
            field("active", T::Bool, TRUTH),
        ],
    ),
];

/// The reference tables, which expressions alone need.
static REFERENCES: [(&str, &[Field]); 2] = [
    (
        "areas",
        &[
            field("slug", T::Text, &[]),
            field("label", T::Text, &[]),
            field("floor_of", T::Money, &[]),
            field("rank", T::Num, &[]),
        ],
    ),
    (
        "rates",
        &[
            field("place", T::Text, &[]),
            field("grade", T::Num, &[]),
            field("factor_of", T::Num, &[]),
            field("ceiling_of", T::Money, &[]),
            field("since_on", T::Date, &[]),
            field("open", T::Bool, &[]),
        ],
    ),
];

fn fields_of(table: &str) -> &'static [Field] {
    let all = TABLES.iter().chain(&REFERENCES);
    all.filter(|(name, _)| *name == table)
        .map(|(_, fields)| *fields)
        .next()
        .unwrap_or(&[])
}

/// What stands in a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shown {
    Value,
    Blank,
    NotApplicable,
    Suppressed,
    Unreadable,
}

/// A cell: what it holds, or would if it were told, and what is shown of it.
#[derive(Debug, Clone)]
struct Cell {
    value: &'static str,
    shown: Shown,
}

/// A table: which of its columns are there, and its rows.
#[derive(Debug, Clone)]
struct Table {
    columns: Vec<bool>,
    rows: Vec<Vec<Cell>>,
}

/// A plan: its tables, as [`TABLES`] has them, where they are there.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    tables: Vec<Option<Table>>,
}

impl Plan {
    /// A plan; with `gaps`, cells and tables may be unknown.
    pub(crate) fn new(choices: &mut Choices<'_>, gaps: bool) -> Self {
        let mut tables = Vec::new();
        for (name, fields) in &TABLES {
            let may_lack = *name == "parties" || gaps;
            if may_lack && choices.once_in(12) {
                tables.push(None);
                continue;
            }
            let n = match *name {
                "plan" => 1,
                "lines" => 1 + choices.below(5),
                _ => choices.below(4),
            };
            let columns = fields
                .iter()
                .map(|f| !((gaps || !f.required) && choices.once_in(24)))
                .collect();
            let mut row = || {
                let cells = fields.iter().map(|f| cell(choices, f, gaps));
                let mut cells: Vec<Cell> = cells.collect();
                // A line in which nothing stands would be none.
                cells[0].shown = match cells[0].shown {
                    Shown::Blank if cells.iter().all(|c| c.shown == Shown::Blank) => Shown::Value,
                    shown => shown,
                };
                cells
            };
            let rows = (0..n).map(|_| row()).collect();
            tables.push(Some(Table { columns, rows }));
        }
        Plan { tables }
    }

    /// The same with values in all unknown cells, and in absent required tables.
    pub(crate) fn completed(&self, choices: &mut Choices<'_>) -> Self {
        let mut plan = self.clone();
        for (table, (name, fields)) in plan.tables.iter_mut().zip(&TABLES) {
            if *name != "parties" && table.as_ref().is_none_or(|t| t.rows.is_empty()) {
                *table = Plan::new(choices, false)
                    .tables
                    .swap_remove(usize::from(*name == "lines"));
            }
            let Some(table) = table else { continue };
            for (at, field) in fields.iter().enumerate() {
                let column_is_unknown = field.required && !table.columns[at];
                for row in &mut table.rows {
                    if column_is_unknown || is_unknown(field, row[at].shown) {
                        row[at] = told(choices, field);
                    }
                }
                table.columns[at] |= column_is_unknown;
            }
        }
        plan
    }

    /// The same with a value in one of its unknown cells; `None` when it has none.
    pub(crate) fn with_one_told(&self, choices: &mut Choices<'_>) -> Option<Self> {
        let mut unknown = Vec::new();
        for (t, (table, (_, fields))) in self.tables.iter().zip(&TABLES).enumerate() {
            for (r, row) in table.iter().flat_map(|t| t.rows.iter().enumerate()) {
                let there = |f: &usize| self.tables[t].as_ref().is_some_and(|t| t.columns[*f]);
                let cells = (0..fields.len()).filter(there);
                unknown.extend(
                    cells
                        .filter(|&f| is_unknown(&fields[f], row[f].shown))
                        .map(|f| (t, r, f)),
                );
            }
        }
        if unknown.is_empty() {
            return None;
        }
        let (t, r, f) = unknown[choices.below(unknown.len())];
        let mut plan = self.clone();
        plan.tables[t].as_mut()?.rows[r][f] = told(choices, &TABLES[t].1[f]);
        Some(plan)
    }

    /// Its files, for a person.
    pub(crate) fn told(&self) -> String {
        let files = self.files();
        let files = files
            .iter()
            .flat_map(|(name, text)| [name, "\n", text, "\n"]);
        files.collect()
    }

    /// Its files.
    pub(crate) fn files(&self) -> Vec<(&'static str, String)> {
        let mut files = Vec::new();
        if let Some(plan) = &self.tables[0] {
            files.push(("plan.toml", as_toml(plan)));
        }
        for (at, name) in [(1, "lines.csv"), (2, "parties.csv")] {
            if let Some(table) = &self.tables[at] {
                files.push((name, as_csv(table, TABLES[at].1)));
            }
        }
        files
    }
}

fn is_unknown(field: &Field, shown: Shown) -> bool {
    match shown {
        Shown::Suppressed | Shown::Unreadable => true,
        Shown::Blank => field.required && !field.stands_in,
        Shown::Value | Shown::NotApplicable => false,
    }
}

fn told(choices: &mut Choices<'_>, field: &Field) -> Cell {
    Cell {
        value: choices.of(field.values),
        shown: Shown::Value,
    }
}

fn cell(choices: &mut Choices<'_>, field: &Field, gaps: bool) -> Cell {
    let wild = !field.wild.is_empty() && choices.once_in(12);
    let value = choices.of(if wild { field.wild } else { field.values });
    let shown = match choices.below(16) {
        13 if field.not_applicable => Shown::NotApplicable,
        11 | 12 if gaps || !field.required => Shown::Blank,
        14 if gaps => Shown::Suppressed,
        15 if gaps => Shown::Unreadable,
        _ => Shown::Value,
    };
    Cell { value, shown }
}

fn as_written(cell: &Cell, field: &Field) -> &'static str {
    match cell.shown {
        Shown::Value => cell.value,
        Shown::Blank => "",
        Shown::NotApplicable => "n/a",
        Shown::Suppressed => "*",
        // Any text can be read.
        Shown::Unreadable if field.ty == T::Text => "*",
        Shown::Unreadable => "#?",
    }
}

fn as_toml(table: &Table) -> String {
    let mut text = String::from("applicant = \"A\"\nfiscal_year = 2026\n");
    for row in &table.rows {
        for ((cell, field), there) in row.iter().zip(TABLES[0].1).zip(&table.columns) {
            let written = as_written(cell, field);
            if *there && !written.is_empty() {
                let _ = writeln!(text, "{} = \"{written}\"", field.name);
            }
        }
    }
    text
}

fn as_csv(table: &Table, fields: &[Field]) -> String {
    let line = |cells: Vec<&str>| {
        let there = cells
            .into_iter()
            .zip(&table.columns)
            .filter(|(_, there)| **there);
        let mut line = there.map(|(cell, _)| cell).collect::<Vec<_>>().join(",");
        line.push('\n');
        line
    };
    let header = line(fields.iter().map(|f| f.name).collect());
    let rows = table.rows.iter().map(|row| {
        line(
            row.iter()
                .zip(fields)
                .map(|(cell, field)| as_written(cell, field))
                .collect(),
        )
    });
    header + &rows.collect::<String>()
}

/// Makes expressions.
pub(crate) struct Maker<'c, 'n> {
    choices: &'c mut Choices<'n>,
    /// The names in scope, with what they stand for.
    names: Vec<(String, T)>,
    /// The tables of the rows of filters, whose fields are bare names.
    open: Vec<&'static str>,
    made: usize,
    asks_for_suppressed: bool,
}

impl<'c, 'n> Maker<'c, 'n> {
    pub(crate) fn new(choices: &'c mut Choices<'n>) -> Self {
        Maker {
            choices,
            names: Vec::new(),
            open: Vec::new(),
            made: 0,
            asks_for_suppressed: true,
        }
    }

    /// Makes none that ask whether a cell is suppressed.
    pub(crate) fn without_suppressed(self) -> Self {
        Maker {
            asks_for_suppressed: false,
            ..self
        }
    }

    /// Lets expressions use a name.
    pub(crate) fn bind(&mut self, name: &str, ty: T) {
        self.names.push((name.to_owned(), ty));
    }

    /// An expression of any type.
    pub(crate) fn any(&mut self, depth: usize) -> (String, T) {
        let ty = self.any_type(2);
        (self.of(&ty, depth), ty)
    }

    /// A test.
    pub(crate) fn test(&mut self, depth: usize) -> String {
        self.of(&T::Bool, depth)
    }

    /// A comparison of two figures or dates.
    pub(crate) fn comparison(&mut self, depth: usize) -> String {
        let ty = match self.choices.below(3) {
            0 => T::Num,
            1 => T::Money,
            _ => T::Date,
        };
        let (a, b) = self.compared(&ty, depth);
        let sign = self.choices.of(&["<", "<=", ">", ">=", "="]);
        format!("{a} {sign} {b}")
    }

    /// Some rows of a table of the submission, such as a rule runs over.
    pub(crate) fn subjects(&mut self, depth: usize) -> (String, &'static str) {
        let table = self.choices.of(&["lines", "parties"]);
        let rows = match self.choices.below(3) {
            0 => table.to_owned(),
            _ => self.filter_of(table, table, depth),
        };
        (rows, table)
    }

    fn scalar(&mut self) -> T {
        match self.choices.below(8) {
            0 => T::Bool,
            1 | 2 => T::Num,
            3 => T::Money,
            4 => T::Date,
            5 => T::Text,
            6 => T::Code(Codes::Area),
            _ => T::Code(Codes::Stage),
        }
    }

    fn table(&mut self) -> &'static str {
        self.choices
            .of(&["lines", "lines", "parties", "areas", "rates"])
    }

    fn any_type(&mut self, deep: usize) -> T {
        match self.choices.below(8) {
            5 | 6 if deep > 0 => T::List(Box::new(self.any_type(deep - 1))),
            7 => T::Row(self.table()),
            _ => self.scalar(),
        }
    }

    /// An expression of a type, at most so deep.
    fn of(&mut self, ty: &T, depth: usize) -> String {
        if depth == 0 || self.choices.below(8) == 0 {
            return self.leaf(ty);
        }
        if self.choices.once_in(30) {
            return "null".to_owned();
        }
        let depth = depth - 1;
        match self.choices.below(10) {
            0 => self.conditional(ty, depth),
            1 => {
                let list = self.of(&T::List(Box::new(ty.clone())), depth);
                let at = self.place(depth);
                format!("{list}[{at}]")
            }
            _ => match ty {
                T::Bool => self.truth(depth),
                T::Num | T::Money => self.figure(ty, depth),
                T::Date => self.date(depth),
                T::Text => self.text(depth),
                T::Code(_) => self.code(ty, depth),
                T::Row(table) => self.row(table, depth),
                T::List(item) => self.list(item, depth),
            },
        }
    }

    fn conditional(&mut self, ty: &T, depth: usize) -> String {
        let (test, yes) = (self.test(depth), self.of(ty, depth));
        let no = if self.choices.once_in(4) {
            yes.clone()
        } else {
            self.of(ty, depth)
        };
        format!("(if {test} then {yes} else {no})")
    }

    /// The place of an item: most often a small whole number.
    fn place(&mut self, depth: usize) -> String {
        match self.choices.below(6) {
            0..4 => self
                .choices
                .of(&["1", "2", "-1", "3", "-2", "0", "1.5", "plan.index"])
                .to_owned(),
            _ => self.of(&T::Num, depth),
        }
    }

    /// The cells of a type that can be named here.
    fn cells(&self, ty: &T) -> Vec<String> {
        let fits =
            |field: &&Field| field.ty == *ty || (*ty == T::Text && matches!(field.ty, T::Code(_)));
        let mut cells = Vec::new();
        for (name, of) in &self.names {
            match of {
                T::Row(table) => {
                    let fields = fields_of(table).iter().filter(fits);
                    cells.extend(fields.map(|f| format!("{name}.{}", f.name)));
                }
                of if of == ty => cells.push(name.clone()),
                _ => {}
            }
        }
        for table in &self.open {
            let alone = |f: &&Field| {
                self.open
                    .iter()
                    .filter(|t| fields_of(t).iter().any(|other| other.name == f.name))
                    .count()
                    == 1
            };
            let fields = fields_of(table).iter().filter(fits).filter(alone);
            cells.extend(fields.map(|f| f.name.to_owned()));
        }
        let plan = TABLES[0].1.iter().filter(fits);
        cells.extend(plan.map(|f| format!("plan.{}", f.name)));
        cells
    }

    fn leaf(&mut self, ty: &T) -> String {
        let literals: &[&str] = match ty {
            T::Bool => &["true", "false", "param.strict"],
            T::Num => &[
                "1",
                "0",
                "2",
                "0.5",
                "-3",
                "1e3",
                "10%",
                "7",
                "year",
                "param.quota",
                "param.part",
                "1e12",
                "1e-28",
                "999999999999.123456789012345",
            ],
            T::Money => &["param.limit", "plan.award", "param.dropped"],
            T::Date => &[
                "@\"2026-07-01\"",
                "@\"2026-06-30\"",
                "@\"2024-02-29\"",
                "param.opens",
            ],
            T::Text => &[
                "\"a b\"",
                "\"\"",
                "\"A\"",
                "\"b\"",
                "\"a a\"",
                "\"Ünder\"",
                "param.phrase",
            ],
            T::Code(codes) => {
                let name = self.choices.of(codes.names());
                let cells = self.cells(ty);
                return match self.choices.below(cells.len() + 1) {
                    0 => format!("\"{name}\""),
                    at => cells[at - 1].clone(),
                };
            }
            T::Row("lines") => &["lines[1]", "lines[-1]", "lines[2]"],
            T::Row("parties") => &["parties[1]", "parties[2]"],
            T::Row("areas") => &["areas[1]", "areas[2]", "lookup(areas, \"music\")"],
            T::Row(_) => &[
                "rates[1]",
                "lookup(rates, \"reading\", 1)",
                "lookup(rates, \"music\", 2)",
            ],
            T::List(item) => return self.plain_list(item),
        };
        let cells = if matches!(ty, T::Row(_)) {
            let rows = self.names.iter().filter(|(_, of)| of == ty);
            rows.map(|(name, _)| name.clone()).collect()
        } else {
            self.cells(ty)
        };
        if !cells.is_empty() && self.choices.below(4) > 0 {
            return cells[self.choices.below(cells.len())].clone();
        }
        self.choices.of(literals).to_owned()
    }

    fn plain_list(&mut self, item: &T) -> String {
        match (item, self.choices.below(4)) {
            (T::Row(table), _) => (*table).to_owned(),
            (_, 0) => "[]".to_owned(),
            (T::Num, 1) => "param.steps".to_owned(),
            (T::Text, 1) => "param.phrases".to_owned(),
            (T::List(_), _) => format!("[{}]", self.leaf(item)),
            _ => {
                let table = self.table();
                let fields: Vec<&Field> =
                    fields_of(table).iter().filter(|f| f.ty == *item).collect();
                match fields.len() {
                    0 => format!("[{}, {}]", self.leaf(item), self.leaf(item)),
                    n => format!("{table}.{}", fields[self.choices.below(n)].name),
                }
            }
        }
    }

    fn pair(&mut self, ty: &T, depth: usize) -> (String, String) {
        (self.of(ty, depth), self.of(ty, depth))
    }

    /// Two of one type, of which the second may be the literal 0 beside money.
    fn compared(&mut self, ty: &T, depth: usize) -> (String, String) {
        let first = self.of(ty, depth);
        let second = match ty {
            T::Money if self.choices.once_in(6) => "0".to_owned(),
            _ => self.of(ty, depth),
        };
        (first, second)
    }

    fn ordered(&mut self) -> T {
        match self.choices.below(7) {
            0..3 => T::Num,
            3 | 4 => T::Money,
            5 => T::Date,
            _ => T::Text,
        }
    }

    fn truth(&mut self, depth: usize) -> String {
        match self.choices.below(26) {
            0 | 1 => {
                let ty = self.ordered();
                let (a, b) = self.compared(&ty, depth);
                let sign = self.choices.of(&["<", "<=", ">", ">=", "=", "!="]);
                format!("({a} {sign} {b})")
            }
            2 => {
                let ty = self.scalar();
                let (a, b) = self.compared(&ty, depth);
                let sign = self.choices.of(&["=", "!="]);
                format!("({a} {sign} {b})")
            }
            3 => {
                let ty = self.any_type(1);
                let (a, b) = self.pair(&ty, depth);
                let sign = self.choices.of(&["=", "!="]);
                format!("({a} {sign} {b})")
            }
            4 => {
                let ty = self.any_type(1);
                let sign = self.choices.of(&["=", "!="]);
                format!("({} {sign} null)", self.of(&ty, depth))
            }
            5 | 6 => format!("({} and {})", self.test(depth), self.test(depth)),
            7 | 8 => format!("({} or {})", self.test(depth), self.test(depth)),
            9 => format!("not({})", self.test(depth)),
            10 => {
                let ty = self.ordered();
                let (a, b) = self.pair(&ty, depth);
                format!("({} between {a} and {b})", self.of(&ty, depth))
            }
            11 => {
                let ty = self.any_type(1);
                let list = self.of(&T::List(Box::new(ty.clone())), depth);
                let x = self.of(&ty, depth);
                match self.choices.below(2) {
                    0 => format!("({x} in {list})"),
                    _ => format!("list contains({list}, {x})"),
                }
            }
            12 => self.ranges(depth),
            13 => self.tests(depth),
            14..18 => {
                let word = self.choices.of(&["some", "every"]);
                self.quantified(word, depth)
            }
            18 => {
                let name = self.choices.of(&["all", "any"]);
                format!("{name}({})", self.of(&T::List(Box::new(T::Bool)), depth))
            }
            19 => {
                let name = self.choices.of(&["contains", "starts with", "ends with"]);
                let (a, b) = self.pair(&T::Text, depth);
                format!("{name}({a}, {b})")
            }
            20 => {
                let pattern = self.choices.of(&[
                    "\"a+ b\", \"i\"",
                    "\"^[ab]\"",
                    "param.pattern",
                    "\"A.b\", \"is\"",
                    "null",
                ]);
                format!("matches({}, {pattern})", self.of(&T::Text, depth))
            }
            21 => {
                let ty = if self.choices.below(2) == 0 {
                    T::Text
                } else {
                    T::List(Box::new(T::Text))
                };
                format!(
                    "mentions({}, {})",
                    self.of(&T::Text, depth),
                    self.of(&ty, depth)
                )
            }
            22 | 23 => {
                let name = match self.choices.below(2) {
                    0 if self.asks_for_suppressed => "is suppressed",
                    _ => "is not applicable",
                };
                let table = self.table();
                let row = match self.choices.below(3) {
                    0 => "plan".to_owned(),
                    _ => self.of(&T::Row(table), depth),
                };
                let table = if row == "plan" { "plan" } else { table };
                let fields = fields_of(table);
                format!(
                    "{name}({row}.{})",
                    fields[self.choices.below(fields.len())].name
                )
            }
            _ => self.property(&T::Bool, depth),
        }
    }

    /// A number or date in ranges.
    fn ranges(&mut self, depth: usize) -> String {
        let ty = self.ordered();
        let range = |maker: &mut Self| {
            let (low, high) = maker.pair(&ty, depth);
            let (open, close) = (maker.choices.of(&["[", "("]), maker.choices.of(&["]", ")"]));
            format!("{open}{low}..{high}{close}")
        };
        let one = range(self);
        let ranges = match self.choices.below(3) {
            0 => one,
            1 => format!("({one}, {})", range(self)),
            _ => format!("[{one}, {}]", range(self)),
        };
        format!("({} in {ranges})", self.of(&ty, depth))
    }

    /// A value against several tests, of which one must hold.
    fn tests(&mut self, depth: usize) -> String {
        let ty = self.ordered();
        let (a, b) = self.pair(&ty, depth);
        let sign = self.choices.of(&["<", "<=", ">", ">="]);
        format!("({} in ({sign} {a}, {b}))", self.of(&ty, depth))
    }

    fn new_name(&mut self) -> String {
        self.made += 1;
        format!("v{}", self.made)
    }

    /// A list to run over, and the type of its items.
    fn run(&mut self, depth: usize) -> (String, T) {
        let item = match self.choices.below(4) {
            0..3 => T::Row(self.table()),
            _ => self.any_type(1),
        };
        (self.of(&T::List(Box::new(item.clone())), depth), item)
    }

    /// The body of an iteration over items of a type, and the name of the item.
    fn body(&mut self, item: T, ty: &T, depth: usize) -> (String, String) {
        let name = self.new_name();
        self.names.push((name.clone(), item));
        let body = self.of(ty, depth);
        self.names.pop();
        (name, body)
    }

    fn quantified(&mut self, word: &str, depth: usize) -> String {
        let (list, item) = self.run(depth);
        let joined = if let T::Row(table) = item {
            self.join(table, depth)
        } else {
            None
        };
        let (name, body) = self.body(item, &T::Bool, depth);
        match joined {
            Some((field, value)) => {
                format!("({word} {name} in {list} satisfies {name}.{field} = {value} and {body})")
            }
            None => format!("({word} {name} in {list} satisfies {body})"),
        }
    }

    /// A field of a table and a value of its type, for a join.
    fn join(&mut self, table: &str, depth: usize) -> Option<(&'static str, String)> {
        if self.choices.below(3) > 0 {
            return None;
        }
        let fields = fields_of(table);
        let field = &fields[self.choices.below(fields.len())];
        Some((field.name, self.of(&field.ty, depth.min(1))))
    }

    /// A list with some rows left out.
    fn filter_of(&mut self, table: &'static str, list: &str, depth: usize) -> String {
        let free = |f: &Field, open: &[&str]| {
            open.iter()
                .all(|t| fields_of(t).iter().all(|other| other.name != f.name))
        };
        let joined = self.join(table, depth).filter(|(name, _)| {
            fields_of(table)
                .iter()
                .any(|f| f.name == *name && free(f, &self.open))
        });
        self.open.push(table);
        let body = self.test(depth);
        self.open.pop();
        match joined {
            Some((field, value)) => format!("{list}[{field} = {value} and {body}]"),
            None => format!("{list}[{body}]"),
        }
    }

    /// A field of a row that is found first.
    fn property(&mut self, ty: &T, depth: usize) -> String {
        let with: Vec<(&'static str, &'static str)> = TABLES[1..]
            .iter()
            .chain(&REFERENCES)
            .flat_map(|(table, fields)| {
                fields
                    .iter()
                    .filter(|f| f.ty == *ty)
                    .map(|f| (*table, f.name))
            })
            .collect();
        let (table, field) = with[self.choices.below(with.len())];
        format!("{}.{field}", self.of(&T::Row(table), depth))
    }

    fn figure(&mut self, ty: &T, depth: usize) -> String {
        let list = T::List(Box::new(ty.clone()));
        match self.choices.below(16) {
            0..3 => {
                let sign = self.choices.of(&["+", "-"]);
                let (a, b) = self.pair(ty, depth);
                format!("({a} {sign} {b})")
            }
            3 | 4 => {
                let (a, b) = (self.of(ty, depth), self.of(&T::Num, depth));
                match self.choices.below(3) {
                    0 => format!("({a} * {b})"),
                    1 => format!("({b} * {a})"),
                    _ => format!("({a} / {b})"),
                }
            }
            5 => format!("(-{})", self.of(ty, depth)),
            6 | 7 => {
                let name = self.choices.of(&["sum", "min", "max", "mean"]);
                format!("{name}({})", self.of(&list, depth))
            }
            8 => {
                let name = self.choices.of(&["sum", "min", "max", "mean"]);
                let (a, b) = self.pair(ty, depth);
                format!("{name}({a}, {b}, {})", self.of(ty, depth))
            }
            9 => self.rounding(ty, depth),
            10 => {
                let (a, b) = self.pair(ty, depth);
                format!("modulo({a}, {b})")
            }
            11 => self.property(ty, depth),
            12 => format!("assume({}, {})", self.optional(ty), self.of(ty, depth)),
            _ if *ty == T::Money => format!("abs({})", self.of(ty, depth)),
            _ => self.number(depth),
        }
    }

    /// A cell that need not be filled in, where one can be named.
    fn optional(&mut self, ty: &T) -> String {
        self.choices
            .of(match ty {
                T::Money => &[
                    "plan.cap",
                    "lines[1].paid",
                    "lookup(areas, \"art\").floor_of",
                ],
                _ => &["plan.bonus", "lines[1].level", "rates[2].grade"],
            })
            .to_owned()
    }

    fn rounding(&mut self, ty: &T, depth: usize) -> String {
        let x = self.of(ty, depth);
        let places = match self.choices.below(4) {
            0 => "plan.places".to_owned(),
            1 => self.of(&T::Num, depth),
            _ => self
                .choices
                .of(&["0", "1", "2", "-1", "-2", "27", "28", "-28", "-29", "-9999"])
                .to_owned(),
        };
        match self.choices.below(6) {
            0 => format!("floor({x})"),
            1 => format!("ceiling({x})"),
            2 => format!("floor({x}, {places})"),
            3 => format!("ceiling({x}, {places})"),
            4 => format!("decimal({x}, {places})"),
            _ => format!("round half up({x}, {places})"),
        }
    }

    /// What gives a number and no money.
    fn number(&mut self, depth: usize) -> String {
        match self.choices.below(6) {
            0 | 1 => {
                let item = self.any_type(1);
                format!("count({})", self.of(&T::List(Box::new(item)), depth))
            }
            2 => {
                let (a, b) = self.pair(&T::Money, depth);
                format!("({a} / {b})")
            }
            3 => format!("string length({})", self.of(&T::Text, depth)),
            4 => {
                let part = self.choices.of(&["year", "month", "day"]);
                format!("{}.{part}", self.of(&T::Date, depth))
            }
            _ => format!("abs({})", self.of(&T::Num, depth)),
        }
    }

    fn date(&mut self, depth: usize) -> String {
        match self.choices.below(5) {
            0 => {
                let parts = (
                    self.of(&T::Num, depth.min(1)),
                    self.of(&T::Num, depth.min(1)),
                );
                format!(
                    "date(plan.begins_on.year + {}, {}, {})",
                    parts.0,
                    parts.1,
                    self.choices.of(&["1", "28", "29", "31"])
                )
            }
            1 => format!("date({})", self.of(&T::Text, depth)),
            2 => format!("date({})", self.of(&T::Date, depth)),
            3 => {
                let name = self.choices.of(&["min", "max"]);
                format!("{name}({})", self.of(&T::List(Box::new(T::Date)), depth))
            }
            _ => self.property(&T::Date, depth),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        match self.choices.below(8) {
            0 => {
                let (a, b) = self.pair(&T::Text, depth);
                format!("({a} + {b})")
            }
            1 => {
                let name = self.choices.of(&["upper case", "lower case"]);
                format!("{name}({})", self.of(&T::Text, depth))
            }
            2 => format!(
                "substring({}, {})",
                self.of(&T::Text, depth),
                self.place(depth)
            ),
            3 => {
                let (text, at) = (self.of(&T::Text, depth), self.place(depth));
                format!("substring({text}, {at}, {})", self.place(depth))
            }
            4 | 5 => {
                let ty = match self.choices.below(3) {
                    0 => T::List(Box::new(self.scalar())),
                    _ => self.scalar(),
                };
                format!("string({})", self.of(&ty, depth))
            }
            6 => {
                let name = self.choices.of(&["min", "max"]);
                format!("{name}({})", self.of(&T::List(Box::new(T::Text)), depth))
            }
            _ => self.property(&T::Text, depth),
        }
    }

    fn code(&mut self, ty: &T, depth: usize) -> String {
        match self.choices.below(3) {
            0 => self.property(ty, depth),
            1 => {
                let list = self.of(&T::List(Box::new(ty.clone())), depth);
                format!("min({list})")
            }
            _ => self.leaf(ty),
        }
    }

    fn row(&mut self, table: &'static str, depth: usize) -> String {
        match (table, self.choices.below(3)) {
            ("areas", 0 | 1) => format!("lookup(areas, {})", self.of(&T::Code(Codes::Area), depth)),
            ("rates", 0 | 1) => {
                let (place, grade) = (
                    self.of(&T::Code(Codes::Area), depth),
                    self.of(&T::Num, depth),
                );
                format!("lookup(rates, {place}, {grade})")
            }
            _ => {
                let list = self.of(&T::List(Box::new(T::Row(table))), depth);
                format!("{list}[{}]", self.place(depth))
            }
        }
    }

    fn list(&mut self, item: &T, depth: usize) -> String {
        let list = T::List(Box::new(item.clone()));
        match self.choices.below(12) {
            0 | 1 if !matches!(item, T::Row(_)) => {
                let (a, b) = self.pair(item, depth);
                match self.choices.below(3) {
                    0 => format!("[{a}]"),
                    1 => format!("[{a}, {b}]"),
                    _ => format!("[{a}, {b}, {}]", self.of(item, depth)),
                }
            }
            2..6 => match item {
                T::Row(table) => {
                    let rows = self.of(&list, depth);
                    self.filter_of(table, &rows, depth)
                }
                _ => self.projection(item, depth),
            },
            6 | 7 => {
                let (run, of) = self.run(depth);
                let (name, body) = self.body(of, item, depth);
                format!("(for {name} in {run} return {body})")
            }
            8 => format!("distinct values({})", self.of(&list, depth)),
            9 => {
                let (a, b) = self.pair(&list, depth);
                format!("concatenate({a}, {b})")
            }
            10 => format!(
                "append({}, {})",
                self.of(&list, depth),
                self.of(item, depth)
            ),
            _ => {
                let items = self.of(&list, depth);
                // The items of a list of values have no fields: the test reads what stands around.
                match item {
                    T::Row(table) => self.filter_of(table, &items, depth),
                    _ => format!("{items}[{}]", self.test(depth)),
                }
            }
        }
    }

    /// A field of some rows.
    fn projection(&mut self, item: &T, depth: usize) -> String {
        let table = self.table();
        let fields: Vec<&Field> = fields_of(table).iter().filter(|f| f.ty == *item).collect();
        if fields.is_empty() {
            return self.plain_list(item);
        }
        let field = fields[self.choices.below(fields.len())].name;
        let rows = match self.choices.below(3) {
            0 => table.to_owned(),
            _ => self.filter_of(table, table, depth),
        };
        format!("{rows}.{field}")
    }
}
