//! The manual as a book, in which every page is listed and every link leads somewhere; and its tutorial, followed word for word.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use accordant::report::rules::{One, one_markdown};

use super::shipped;

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
            let text: Vec<&str> = block.collect();
            files.push((path.to_owned(), text.join("\n") + "\n"));
        }
    }
    files
}

/// The pages under a folder.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Where the links of a page lead, but those to other sites.
fn links(page: &Path) -> Vec<PathBuf> {
    let text = fs::read_to_string(page).expect("a page");
    let prose = text.split("```").step_by(2);
    let targets = prose.flat_map(|prose| prose.split("](").skip(1));
    let targets = targets.filter_map(|rest| rest.split([')', '#']).next());
    targets
        .filter(|target| !target.is_empty() && !target.contains("://"))
        .map(|target| page.with_file_name("").join(target))
        .collect()
}

#[test]
fn every_page_is_in_the_book_and_every_link_leads_somewhere() {
    let contents = Path::new("docs/SUMMARY.md");
    let listed = links(contents);
    let pages = pages(Path::new("docs"));
    assert!(pages.len() > 10, "{pages:?}");
    for page in pages {
        assert!(
            page == contents || listed.contains(&page),
            "{} is not in the book",
            page.display()
        );
        for link in links(&page) {
            assert!(
                link.exists(),
                "{}: nothing stands at {}",
                page.display(),
                link.display()
            );
        }
    }
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

/// The pages of a pack's rules, one a topic, by the name of each file.
fn rule_pages(id: &str) -> BTreeMap<String, String> {
    let pack = shipped(id);
    let mut topics: BTreeMap<String, String> = BTreeMap::new();
    for rule in &pack.rules {
        let one = One {
            pack: &pack,
            rule,
            year: pack.years.1,
            history: Vec::new(),
        };
        let page = topics
            .entry(format!("{}.md", rule.topic()))
            .or_insert_with(|| format!("# {}: {}\n", pack.title, rule.topic()));
        page.push('\n');
        for line in one_markdown(&one).lines() {
            // A rule's headings stand below that of its topic.
            page.push_str(if line.starts_with('#') { "#" } else { "" });
            page.push_str(line);
            page.push('\n');
        }
    }
    topics
}

/// `INSTA_UPDATE=always` writes the pages anew.
#[test]
fn the_pages_of_the_rules_are_those_of_the_packs() {
    let update = std::env::var_os("INSTA_UPDATE").is_some_and(|v| v == "always");
    for id in ["alliance", "resc-accord"] {
        let folder = Path::new("docs/rules").join(id);
        let pages = rule_pages(id);
        if update {
            fs::create_dir_all(&folder).expect("the folder");
        }
        for (name, page) in &pages {
            let path = folder.join(name);
            if update {
                fs::write(&path, page).expect("the page");
            }
            let written = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                written == *page,
                "{} is not what the pack says",
                path.display()
            );
        }
        assert_eq!(self::pages(&folder).len(), pages.len(), "{id}");
    }
}
