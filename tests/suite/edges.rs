//! The cases at the edges of a rule's comparisons.

use accordant::author::edges;
use accordant::pack::load;

use super::{files_under, project};

/// The cases at the edges of a rule that asks of lines of staff alone, found from one case with a line of this kind.
fn edges_from(kind: &str) -> Vec<edges::Edge> {
    let mut files = files_under(&project("tests/packs/owed"));
    let rule = format!(
        "code = \"O-1\"\ntitle = \"A test\"\nbasis = \"data\"\ncites = [\"handbook\"]\nseverity = \"condition\"\nfor = 'line in budget'\n\
         when = 'line.kind = \"staff\"'\nrequire = 'line.amount <= param.line_limit'\nmessage = \"no\"\n\n\
         [[case]]\nname = \"a line\"\nkind = \"pass\"\nexpect = \"pass\"\nbudget = \"\"\"\nline_id,kind,amount\n1,{kind},150.00\n\"\"\"\n"
    );
    files.insert("rules/budget/line-limit.toml".to_owned(), rule.into_bytes());
    let pack = load("owed", &files).expect("it loads");
    edges::of(&pack, &pack.rules[0], None)
}

#[test]
fn a_comparison_is_brought_to_its_edge_where_the_rule_asks_it() {
    let edges = edges_from("staff");
    let [edge] = edges.as_slice() else {
        panic!("{edges:?}")
    };
    assert_eq!(edge.comparison, "line.amount <= param.line_limit");
    assert_eq!(edge.why_not, None);
    for (case, amount) in edge.cases.iter().zip(["199.99", "200.00", "200.01"]) {
        assert!(case.contains(amount), "{case}");
    }
    assert_eq!(edge.cases.len(), 3);
}

#[test]
fn a_comparison_that_the_rule_does_not_ask_is_brought_to_no_edge() {
    let edges = edges_from("other");
    assert_eq!(edges.len(), 1);
    assert_eq!(edges[0].cases, Vec::<String>::new());
    assert!(edges[0].why_not.is_some());
}
