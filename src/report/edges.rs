//! Cases at the edges of a rule, as TOML to be pasted into its file.

use std::fmt::Write as _;

use crate::author::edges::Edge;
use crate::neutral::clean;
use crate::pack::Rule;

/// The cases of each comparison under its text; why there are none.
pub fn text(rule: &Rule, edges: &[Edge]) -> String {
    let mut out = String::new();
    if edges.is_empty() {
        let _ = writeln!(out, "# {} compares no numbers, amounts or dates", rule.id);
    }
    for edge in edges {
        let _ = writeln!(out, "# {}", clean(&edge.comparison));
        if let Some(why) = edge.why_not {
            let _ = writeln!(out, "# {why}");
        }
        for case in &edge.cases {
            let lines: Vec<String> = case.lines().map(clean).collect();
            let _ = write!(out, "\n{}\n", lines.join("\n"));
        }
        out.push('\n');
    }
    out
}
