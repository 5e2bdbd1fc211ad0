//! The README's examples and the manual are run as they stand.

#[test]
fn transcripts() {
    trycmd::TestCases::new()
        .case("README.md")
        .case("docs/*.md")
        .case("tests/cli/*.md");
}
