//! Mistakes in packs, each drawn where it stands with what would be right.

use accordant::pack::{Files, load};
use accordant::report::mistake;

use super::set_aside_files;

/// What a slip is called, and what it changes: a file, the words there, and the words instead.
type Slip = (
    &'static str,
    &'static [(&'static str, &'static str, &'static str)],
);

const RULE: &str = "rules/budget/reading-reserved.toml";
const MAP: &str = "forms/award-sheet.toml";

/// A parameter that is neither a code nor a pattern, before the one that stands there.
const SPELT: &str = "[spelt]\ntitle = \"how it is spelt\"\ntype = \"text\"\n\
    values = [{ from = 2020, value = \"raeding{2\", source = \"handbook\" }]\n\n[small_count]";

const SLIPS: &[Slip] = &[
    (
        "a history that tells no rows apart",
        &[("pack.toml", "[summary.by-area]", "[history.by-area]")],
    ),
    (
        "a history by no column",
        &[(
            "pack.toml",
            "[summary.by-area]",
            "[history.by-area]\nby = [\"Arae\", 7]",
        )],
    ),
    (
        "reasons that no case can have",
        &[
            (RULE, "kind = \"edge\"", "kind = \"edge\"\ngap = \"0.01\""),
            (
                RULE,
                "name = \"a cent less\"",
                "name = \"a cent less\"\ngap = \"0\"\nbecause = \"resreved\"\nmissing = []",
            ),
        ],
    ),
    (
        "table with the name of a key of cases",
        &[(
            "schema.toml",
            "[table.plan]",
            "[table.missing.fields]\nx = { type = \"text\" }\n\n[table.plan]",
        )],
    ),
    (
        "two cases of one name",
        &[(
            RULE,
            "name = \"more than enough\"",
            "name = \"ten percent\"",
        )],
    ),
    ("unknown key", &[(RULE, "severity = ", "severty = ")]),
    (
        "template by a rule with a mistake and one that is not there",
        &[
            (RULE, "severity = ", "severty = "),
            (
                "pack.toml",
                "[summary.by-area]",
                "[[template.check]]\nrule = \"reading-reserved\"\n\n\
                    [[template.check]]\nrule = \"reading-resreved\"\n\n[summary.by-area]",
            ),
        ],
    ),
    (
        "codes in a circle",
        &[(
            "schema.toml",
            "label = { type = \"text\" } }",
            "label = { type = \"text\" }, of = { type = \"code\", codes = \"areas\" } }",
        )],
    ),
    (
        "names of two fields",
        &[(
            "schema.toml",
            "label = { type = \"text\" } }",
            "label = { type = \"text\", also = [\"Slug\", \"\"] }, more = { type = \"text\", label = \"-\" } }",
        )],
    ),
    (
        "unknown field",
        &[(RULE, "{plan.award} is", "{plan.awrd} is")],
    ),
    (
        "unknown code",
        &[(RULE, "area = \"reading\"", "area = \"raeding\"")],
    ),
    (
        "let that is a word of the language",
        &[(RULE, "let = { reserved", "let = { then = 'year', reserved")],
    ),
    (
        "parameter that holds no code",
        &[
            ("params.toml", "[small_count]", SPELT),
            (RULE, "area = \"reading\"", "area = param.spelt"),
        ],
    ),
    (
        "parameter that holds no pattern",
        &[
            ("params.toml", "[small_count]", SPELT),
            (
                RULE,
                "require = '",
                "require = 'matches(plan.applicant, param.spelt) and ",
            ),
        ],
    ),
    (
        "unknown parameter",
        &[(
            RULE,
            "plan.award * param.reserved_share'",
            "plan.award * param.reserved'",
        )],
    ),
    (
        "unknown source",
        &[(RULE, "cites = [\"act-1\"]", "cites = [\"act-2\"]")],
    ),
    (
        "unknown function",
        &[(RULE, "sum(budget[area", "total(budget[area")],
    ),
    (
        "money and number",
        &[(
            RULE,
            "require = 'reserved >= plan.award * param.reserved_share'",
            "require = 'reserved >= 500'",
        )],
    ),
    (
        "money times money",
        &[(
            RULE,
            "plan.award * param.reserved_share'",
            "plan.award * plan.award'",
        )],
    ),
    (
        "text and number",
        &[(RULE, "area = \"reading\"", "area = 5")],
    ),
    (
        "brace without end",
        &[(RULE, "{reserved} of", "{reserved of")],
    ),
    (
        "unclosed bracket",
        &[(
            RULE,
            "budget[area = \"reading\"].amount",
            "budget[area = \"reading\".amount",
        )],
    ),
    (
        "missing cell that passes",
        &[(RULE, "expect = \"unknown\"", "expect = \"pass\"")],
    ),
    (
        "misspelt column of a case",
        &[(
            RULE,
            "area,amount\nreading,500.00",
            "area,amout\nreading,500.00",
        )],
    ),
    (
        "misspelt parameter of a case",
        &[(
            RULE,
            "expect = \"unknown\"",
            "expect = \"unknown\"\nparam = { reserved_shar = \"5\" }",
        )],
    ),
    (
        "statute on unconfirmed text",
        &[(RULE, "severity = \"condition\"", "severity = \"return\"")],
    ),
    (
        "statute without a clause",
        &[(RULE, "cites = [\"act-1\"]", "cites = [\"handbook\"]")],
    ),
    (
        "rule without a source",
        &[(RULE, "cites = [\"act-1\"]", "cites = []")],
    ),
    (
        "clause without a rule",
        &[(
            "sources.toml",
            "[handbook]",
            "[act-2]\ncitation = \"Example Act § 2\"\nmodality = \"may\"\nverification = \"unconfirmed\"\n\n[handbook]",
        )],
    ),
    (
        "clause with a blank reason",
        &[(
            "sources.toml",
            "[handbook]",
            "[act-2]\ncitation = \"Example Act § 2\"\nmodality = \"may\"\nverification = \"unconfirmed\"\nno_rule = \" \"\n\n[handbook]",
        )],
    ),
    (
        "clause that ends before it begins",
        &[(
            "sources.toml",
            "duty_holder = ",
            "years = { from = 2024, until = 2021 }\nduty_holder = ",
        )],
    ),
    (
        "verified severity that is no more",
        &[(
            RULE,
            "severity = \"condition\"",
            "severity = \"condition\"\nverified_severity = \"note\"",
        )],
    ),
    (
        "verified severity without a law",
        &[(
            RULE,
            "basis = \"statute\"",
            "basis = \"policy\"\nverified_severity = \"return\"",
        )],
    ),
    (
        "vintage of wrong fields",
        &[(
            "schema.toml",
            "key = [\"slug\"]",
            "key = [\"slug\"]\nvintage = [\"slug\", \"label\"]",
        )],
    ),
    (
        "gap in a parameter",
        &[("params.toml", "until = 2024", "until = 2023")],
    ),
    (
        "overlap in a parameter",
        &[("params.toml", "until = 2024", "until = 2025")],
    ),
    (
        "parameter of a wrong type",
        &[("params.toml", "value = \"10%\"", "value = \"ten\"")],
    ),
    (
        "unknown type",
        &[("schema.toml", "type = \"date\"", "type = \"dat\"")],
    ),
    (
        "unknown reference table",
        &[("schema.toml", "codes = \"areas\"", "codes = \"area\"")],
    ),
    (
        "unknown directory",
        &[(
            "pack.toml",
            "year = \"plan.fiscal_year\"",
            "year = \"plan.year\"",
        )],
    ),
    (
        "broken reference row",
        &[("data/areas.csv", "music,Music", "reading,Music")],
    ),
    (
        "spelling of two codes",
        &[("data/areas.csv", "music,Music", "music,READING")],
    ),
    (
        "directory of another key",
        &[(
            "pack.toml",
            "identity = {",
            "identity = { code = \"plan.applicant\", directory = \"areas\",",
        )],
    ),
    (
        "case outside the years",
        &[(RULE, "kind = \"edge\"", "kind = \"edge\"\nyear = 1950")],
    ),
    ("row in a summary", &[("pack.toml", "'a.label'", "'a'")]),
    (
        "summary laid out wrongly",
        &[(
            "pack.toml",
            "title = \"Money by area\"",
            "title = \"Money by area\"\nlayout = \"crads\"\nlng = true\ncompare = [\"Dolars\"]\nchart = { kind = \"bars\", columns = [\"Area\"] }\neach.rows = { title = \"Rows\", for = 'b in bugdet', columns = [] }",
        )],
    ),
    (
        "chart that is none",
        &[(
            "pack.toml",
            "title = \"Money by area\"",
            "title = \"Money by area\"\nchart = { kind = \"pie\" }",
        )],
    ),
    (
        "missing data file",
        &[("schema.toml", "data/areas.csv", "data/area.csv")],
    ),
    (
        "no TOML",
        &[("params.toml", "type = \"percent\"", "type = percent")],
    ),
    (
        "several at once",
        &[
            (RULE, "severity = \"condition\"", "severity = \"conditon\""),
            (RULE, "reserved >= plan.award", "reservd >= plan.awrd"),
            ("schema.toml", "type = \"year\"", "type = \"years\""),
            (
                "sources.toml",
                "verification = \"text-read\"",
                "verification = \"read\"",
            ),
            (
                "pack.toml",
                "sum(budget[area = a.slug].amount)",
                "sum(budget[area = a.slg].amount)",
            ),
        ],
    ),
];

/// The files of the small pack with words changed.
#[track_caller]
pub(super) fn changed(changes: &[(&str, &str, &str)]) -> Files {
    let mut files = set_aside_files();
    for (path, from, to) in changes {
        let text = String::from_utf8(files.get(*path).expect("the file is there").clone())
            .expect("it is UTF-8");
        assert!(text.contains(from), "`{from}` stands in {path}");
        files.insert((*path).to_owned(), text.replacen(from, to, 1).into_bytes());
    }
    files
}

/// The warnings of the small pack with words changed.
#[track_caller]
fn warnings(changes: &[(&str, &str, &str)]) -> String {
    let pack = load("set-aside", &changed(changes)).expect("it loads");
    let drawn = pack
        .warnings
        .iter()
        .map(|w| mistake::draw(w, pack.warned_files.get(&w.file).map(String::as_str), false));
    drawn.collect::<Vec<_>>().join("\n\n")
}

#[test]
fn every_mistake_is_drawn_where_it_stands() {
    for (name, changes) in SLIPS {
        let refused = load("set-aside", &changed(changes)).expect_err(name);
        insta::assert_snapshot!(name.replace(' ', "-"), mistake::refused(&refused, false));
    }
}

/// A map of a form with every kind of mistake that a key or a block can have.
const BROKEN_MAP: &str = r#"
title = " "
source = ["handbook", "handbok", 7]
marks = ["Award sheet*", "*"]
page = "yes"
mark = "Award sheet*"

[plans]
district_code = "Applicant No"
year = "Fiscal year"

# No such table of a submission.
[[block]]
table = "budgets"

[[block]]
table = "areas"

# No table at all.
[[block]]
required = true

# No such fields, values of another type, keys of another kind.
[[block]]
table = "plan"
required = 1
needs = ["award", "start"]
only = { "Grant title" = "**" }
columns = "Award"
labels = { aplicant = "Applicant", award = 5 }
constants = { fiscal_year = "next year", starts_on = "2026-13-01" }
distinc = true

# Values that are no codes, and words that are no pattern.
[[block]]
table = "budget"
hints = ""
columns = { area = "Area", amount = ["Amount", " - "] }
[block.values]
area = { raeding = "Read*", music = "*" }
pupil = { 1 = "one" }

# Nothing says where the cells are.
[[block]]
table = "budget"
constants = { area = "music" }

# Fields from two places, a header that is taken, fields without a column.
[[block]]
table = "budget"
needs = ["area", "amount"]
trailing = "line_id"
shared = ["pupils"]
columns = { amount = ["Amount", "Sum"], pupils = ["Pupils"], area = ["SUM", "Amount"] }
labels = { amount = "Amount in all" }
constants = { area = "music" }
ticks = "area"

# Columns of what is no figure, under codes that are none, or not named.
[[block]]
table = "budget"
[block.unpivot]
value = "line_id"
name = "area"
totals = "Total"
columns = { raeding = "Reading" }

[[block]]
table = "budget"
[block.unpivot]
value = "amont"
"#;

/// A map in which no key alone is wrong.
const VAGUE_MAP: &str = r#"
title = "Award sheet"
note = "made up"

[[block]]
table = "budget"
columns = { area = "Area", amount = "Amount" }
"#;

#[test]
fn every_mistake_of_a_map_is_drawn_at_once() {
    for (name, map) in [("broken-map", BROKEN_MAP), ("vague-map", VAGUE_MAP)] {
        let mut files = set_aside_files();
        files.insert(MAP.to_owned(), map.as_bytes().to_vec());
        let refused = load("set-aside", &files).expect_err(name);
        insta::assert_snapshot!(name, mistake::refused(&refused, false));
    }
}

#[test]
fn a_reason_beside_a_rule_is_a_warning() {
    let changes = [(
        "sources.toml",
        "duty_holder = ",
        "no_rule = \"It is read by a person.\"\nduty_holder = ",
    )];
    insta::assert_snapshot!("warnings", warnings(&changes));
}

#[test]
fn what_reading_the_data_tells_and_shares_above_one_are_warnings() {
    let changes = [
        ("data/areas.csv", "slug,label", "slug,label,note"),
        ("params.toml", "value = \"10%\"", "value = \"12.5\""),
        (
            "schema.toml",
            "starts_on = { type = \"date\" }",
            "starts_on = { type = \"date\" }\nshare = { type = \"percent\", max = \"100\" }",
        ),
    ];
    insta::assert_snapshot!("warnings-of-data-and-shares", warnings(&changes));
}

#[test]
fn the_last_row_of_a_reference_table_is_a_row() {
    let more = [(
        "data/areas.csv",
        "music,Music\n",
        "music,Music\nTotal,\nWind and brass bands,\n",
    )];
    let pack = load("set-aside", &changed(&more)).expect("it loads");
    let area = &pack.schema.tables[1].fields[1];
    let codes = area.codes.as_ref().expect("it has codes");
    let names: Vec<&str> = codes.names().collect();
    assert_eq!(names, ["reading", "music", "Total", "Wind and brass bands"]);
}

#[test]
fn a_rule_in_years_without_its_law_is_a_warning() {
    let ends = (
        "sources.toml",
        "duty_holder = ",
        "years = { until = 2024 }\nduty_holder = ",
    );
    insta::assert_snapshot!("rule-that-outlives-its-clause", warnings(&[ends]));
    // A document beside the clause is no law, but is ground enough for a rule of guidance.
    let both = (RULE, "[\"act-1\"]", "[\"act-1\", \"handbook\"]");
    assert!(
        warnings(&[ends, both])
            .contains("no clause that the rule cites is in force in fiscal year 2025")
    );
    let guidance = (RULE, "basis = \"statute\"", "basis = \"guidance\"");
    assert_eq!(warnings(&[ends, both, guidance]), "");
    let until = (
        RULE,
        "effective = { from = 2020 }",
        "effective = { from = 2020, until = 2024 }",
    );
    let year = (RULE, "[[case]]", "[[case]]\nyear = 2024");
    assert_eq!(warnings(&[ends, until, year]), "");
}

#[test]
fn an_edition_leaves_no_year_out() {
    let mut files = set_aside_files();
    let text =
        String::from_utf8(files.get(RULE).expect("it is there").clone()).expect("it is UTF-8");
    let (head, rest) = text.split_once("let = {").expect("it has a test");
    let (test, cases) = rest.split_once("\n[[case]]").expect("it has cases");
    let edition = |from: i64, until: i64| {
        format!("[[edition]]\nfrom = {from}\nuntil = {until}\nlet = {{{test}\n")
    };
    let rule = format!(
        "{head}\n{}\n{}\n[[case]]{cases}",
        edition(2020, 2022),
        edition(2024, 2027)
    );
    files.insert(RULE.to_owned(), rule.into_bytes());
    let refused = load("set-aside", &files).expect_err("2023 is left out");
    insta::assert_snapshot!("gap-between-editions", mistake::refused(&refused, false));
}

#[test]
fn codes_of_codes_load_in_any_order() {
    let mut files = set_aside_files();
    let schema = files.get_mut("schema.toml").expect("it is there");
    let text = String::from_utf8(schema.clone()).expect("it is UTF-8");
    let kind = "label = { type = \"text\" }, kind = { type = \"code\", codes = \"kinds\" } }";
    let mut text = text.replace("label = { type = \"text\" } }", kind);
    for (table, field) in [
        ("kinds", ", of = { type = \"code\", codes = \"families\" }"),
        ("families", ""),
    ] {
        let more = format!(
            "[reference.{table}]\nfile = \"data/{table}.csv\"\nsource = \"handbook\"\nkey = [\"slug\"]\ncomplete = true\n\
             fields = {{ slug = {{ type = \"text\", required = true }}{field} }}\n"
        );
        text.push_str(&more);
    }
    *schema = text.into_bytes();
    let mut data = |name: &str, text: &str| files.insert(format!("data/{name}.csv"), text.into());
    data(
        "areas",
        "slug,label,kind\nreading,Reading,core\nmusic,Music,core\n",
    );
    data("kinds", "slug,of\ncore,subjects\n");
    data("families", "slug\nsubjects\n");
    let loaded = load("set-aside", &files);
    assert!(loaded.is_ok(), "{:?}", loaded.err().map(|r| r.mistakes));
}
