//! The tutorial, followed word for word: every file that it shows is written, and every command is run, from an empty folder on.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The files that a part shows: a path in bold on a line of its own, and the block behind it.
fn files(part: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut lines = part.lines();
    while let Some(line) = lines.next() {
        let path = line.strip_prefix("**`").and_then(|l| l.strip_suffix("`**"));
        if let Some(path) = path {
            assert_eq!(lines.next(), Some(""), "{path}");
            let fence = lines.next().unwrap_or_default();
            assert!(fence.starts_with("```"), "{path}: {fence}");
            let block = lines.by_ref().take_while(|l| *l != "```");
            let text = block.map(|l| format!("{l}\n")).collect();
            files.push((path.to_owned(), text));
        }
    }
    files
}

#[test]
fn the_tutorial_holds() {
    let folder = Path::new("docs/tutorial");
    let mut parts: Vec<_> = fs::read_dir(folder)
        .expect("the tutorial")
        .map(|entry| entry.expect("a part").path())
        .collect();
    parts.sort();
    assert!(parts.len() > 3, "{parts:?}");
    let scratch = tempfile::tempdir().expect("a folder");
    let mut written = BTreeMap::new();
    for source in parts {
        let text = fs::read_to_string(&source).expect("a part");
        written.extend(files(&text));
        let part = scratch.path().join(source.file_name().expect("a name"));
        fs::write(&part, &text).expect("the part");
        for (path, text) in &written {
            let path = part.with_extension("in").join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
            fs::write(path, text).expect("the file");
        }
        fs::create_dir_all(part.with_extension("in")).expect("the folder");
        trycmd::TestCases::new().case(&part).run();
        // `TRYCMD=overwrite` writes what was said into the copy.
        if std::env::var_os("TRYCMD").is_some_and(|v| v == "overwrite") {
            fs::copy(&part, &source).expect("the part");
        }
    }
}
