//! XML parts that are changed in few places: where their elements stand, and texts put in between. What is not named stays as it
//! was written, byte by byte.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::read::parts::attributes;

/// The namespaces of relations in a part: that of most workbooks, and that of the strict form.
pub(super) const RELATIONS: &str =
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
pub(super) const STRICT_RELATIONS: &str = "http://purl.oclc.org/ooxml/officeDocument/relationships";

/// What a walk through a part comes upon.
pub(super) enum Step<'x> {
    /// A start tag, or the whole of an element without an end tag.
    Open {
        tag: BytesStart<'x>,
        at: Range<usize>,
        is_empty: bool,
    },
    /// An end tag.
    Close { at: Range<usize> },
}

/// Walks the tags of a part; `None` when it is not sound.
pub(super) fn walk<'x>(xml: &'x str, mut take: impl FnMut(Step<'x>)) -> Option<()> {
    let mut reader = Reader::from_str(xml);
    let position = |reader: &Reader<&[u8]>| usize::try_from(reader.buffer_position()).ok();
    let mut depth = 0_usize;
    loop {
        let start = position(&reader)?;
        let event = reader.read_event().ok()?;
        let at = start..position(&reader)?;
        if let Event::Start(tag) | Event::Empty(tag) = &event
            && !is_sound(xml.get(at.clone())?, tag)
        {
            return None;
        }
        match event {
            Event::Start(tag) => {
                depth += 1;
                take(Step::Open {
                    tag,
                    at,
                    is_empty: false,
                });
            }
            Event::Empty(tag) => take(Step::Open {
                tag,
                at,
                is_empty: true,
            }),
            Event::End(_) => {
                depth = depth.checked_sub(1)?;
                take(Step::Close { at });
            }
            Event::Eof => return (depth == 0).then_some(()),
            _ => {}
        }
    }
}

/// Whether a start tag is read in one way: it holds no other, and each of its attributes has a name of its own and a value.
fn is_sound(text: &str, tag: &BytesStart<'_>) -> bool {
    let holds_other = text.get(1..).is_some_and(|text| text.contains('<'));
    !holds_other && tag.attributes().all(|attribute| attribute.is_ok())
}

/// An element of a part.
#[derive(Debug)]
pub(super) struct Node<'x> {
    pub(super) tag: BytesStart<'x>,
    /// Its start tag.
    pub(super) open: Range<usize>,
    /// Its end tag, if it has one.
    pub(super) close: Option<Range<usize>>,
    parent: Option<usize>,
}

impl Node<'_> {
    /// Its name without a prefix.
    pub(super) fn local(&self) -> &str {
        self.tag.local_name().into_inner()
    }

    /// The value of the attribute of that name, whatever its prefix.
    pub(super) fn attribute(&self, local: &str) -> Option<String> {
        named(&self.tag, local)
    }

    fn holds_cells(&self) -> bool {
        self.local() == "sheetData"
    }

    /// Puts text at the end of an element, and changes attributes of its start tag.
    pub(super) fn append(&self, text: &str, set: &[(&str, &str)]) -> Edits {
        let mut edits = Edits::default();
        if let Some(close) = &self.close {
            if !set.is_empty() {
                edits.replace(self.open.clone(), retag(&self.tag, set, &[], false));
            }
            edits.insert(close.start, text);
        } else {
            let name = self.tag.name().into_inner();
            let open = retag(&self.tag, set, &[], false);
            edits.replace(self.open.clone(), format!("{open}{text}</{name}>"));
        }
        edits
    }

    /// Where it ends.
    pub(super) fn end(&self) -> usize {
        self.close.as_ref().map_or(self.open.end, |close| close.end)
    }

    /// What stands in it.
    pub(super) fn inner(&self) -> Range<usize> {
        let end = self
            .close
            .as_ref()
            .map_or(self.open.end, |close| close.start);
        self.open.end..end
    }
}

/// The value of the attribute of that name, whatever its prefix.
pub(super) fn named(tag: &BytesStart<'_>, local: &str) -> Option<String> {
    let bare = |name: &str| name.rsplit(':').next() == Some(local);
    attributes(tag).find_map(|(name, value)| bare(name).then(|| value.into_owned()))
}

/// The elements of a part down to some depth.
#[derive(Debug)]
pub(super) struct Doc<'x> {
    pub(super) xml: &'x str,
    nodes: Vec<Node<'x>>,
}

impl<'x> Doc<'x> {
    /// The elements of a part, those within more than `deepest` others left out, and the many in `sheetData`; `None` when the
    /// part is not sound.
    pub(super) fn parse(xml: &'x str, deepest: usize) -> Option<Self> {
        let mut nodes: Vec<Node<'x>> = Vec::new();
        // The open elements; those that are too deep have no number.
        let mut path: Vec<Option<usize>> = Vec::new();
        walk(xml, |step| match step {
            Step::Open { tag, at, is_empty } => {
                let parent = path.last().copied().flatten();
                let among_cells = parent.is_none() && !path.is_empty()
                    || parent
                        .and_then(|parent| nodes.get(parent))
                        .is_some_and(Node::holds_cells);
                let number = (path.len() <= deepest && !among_cells).then(|| {
                    nodes.push(Node {
                        tag,
                        open: at,
                        close: None,
                        parent,
                    });
                    nodes.len() - 1
                });
                if !is_empty {
                    path.push(number);
                }
            }
            Step::Close { at } => {
                let node = path
                    .pop()
                    .flatten()
                    .and_then(|number| nodes.get_mut(number));
                if let Some(node) = node {
                    node.close = Some(at);
                }
            }
        })?;
        let doc = Doc { xml, nodes };
        doc.nodes.first()?;
        Some(doc)
    }

    /// The element around all others.
    pub(super) fn root(&self) -> Option<&Node<'x>> {
        self.nodes.first()
    }

    /// The elements directly in another.
    pub(super) fn children<'d>(
        &'d self,
        parent: &'d Node<'x>,
    ) -> impl Iterator<Item = &'d Node<'x>> {
        let number = (self.nodes).binary_search_by_key(&parent.open.start, |node| node.open.start);
        let number = number.unwrap_or(self.nodes.len());
        let end = parent.end();
        let within = self
            .nodes
            .iter()
            .skip(number)
            .take_while(move |node| node.open.start < end);
        within.filter(move |node| node.parent == Some(number))
    }

    /// The first element of that name directly in another.
    pub(super) fn child<'d>(&'d self, parent: &'d Node<'x>, local: &str) -> Option<&'d Node<'x>> {
        self.children(parent).find(|node| node.local() == local)
    }

    /// The element of that name directly in the outermost one.
    pub(super) fn top(&self, local: &str) -> Option<&Node<'x>> {
        self.child(self.root()?, local)
    }

    /// The prefix of the outermost element, with its colon.
    pub(super) fn prefix(&self) -> String {
        let name = self.root().map_or("", |root| root.tag.name().into_inner());
        name.rsplit_once(':')
            .map_or_else(String::new, |(prefix, _)| format!("{prefix}:"))
    }

    /// The text of an element, from its start to its end.
    pub(super) fn text_of(&self, node: &Node<'_>) -> &'x str {
        self.xml.get(node.open.start..node.end()).unwrap_or("")
    }

    /// Whether the workbook to which it belongs has the strict form.
    pub(super) fn is_strict(&self) -> bool {
        let bound = |(name, value): (&str, std::borrow::Cow<'_, str>)| {
            name.starts_with("xmlns") && value.starts_with("http://purl.oclc.org/ooxml/")
        };
        self.root()
            .is_some_and(|root| attributes(&root.tag).any(bound))
    }

    /// Puts an element where it belongs among those of the outermost one, whose names stand in `order`.
    pub(super) fn insert_in_order(&self, text: &str, name: &str, order: &[&str]) -> Option<Edits> {
        let root = self.root()?;
        let place = |name: &str| order.iter().position(|other| *other == name);
        let own = place(name)?;
        let before = self.children(root).filter(|node| {
            let inner = self.children(node).flat_map(|choice| self.children(choice));
            let rank = match node.local() {
                "AlternateContent" => inner.filter_map(|node| place(node.local())).max(),
                local => place(local),
            };
            rank.is_some_and(|rank| rank < own)
        });
        let last = before.map(Node::end).max();
        let mut edits = Edits::default();
        match last {
            Some(end) => edits.insert(end, text),
            None if root.close.is_some() => edits.insert(root.open.end, text),
            None => return Some(root.append(text, &[])),
        }
        Some(edits)
    }
}

/// A start tag with some attributes changed or added and others left out.
pub(super) fn retag(
    tag: &BytesStart<'_>,
    set: &[(&str, &str)],
    drop: &[&str],
    is_empty: bool,
) -> String {
    let mut out = format!("<{}", tag.name().into_inner());
    let mut list = tag.attributes();
    list.with_checks(false);
    let mut put = |name: &str, raw: &str| {
        let quote = if raw.contains('"') { '\'' } else { '"' };
        out.extend([" ", name, "="]);
        out.push(quote);
        out.push_str(raw);
        out.push(quote);
    };
    let mut done = Vec::new();
    for attribute in list.flatten() {
        let name = attribute.key.into_inner();
        if drop.contains(&name) {
            continue;
        }
        match set.iter().find(|(other, _)| *other == name) {
            Some((_, value)) => {
                put(name, value);
                done.push(name);
            }
            None => put(name, &attribute.value),
        }
    }
    for (name, value) in set.iter().filter(|(name, _)| !done.contains(name)) {
        put(name, value);
    }
    out.push_str(if is_empty { "/>" } else { ">" });
    out
}

/// Texts to be put in the place of others.
#[derive(Debug, Default)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    /// Puts text between what is there; of two at one place the first stands first.
    pub(super) fn insert(&mut self, at: usize, text: &str) {
        self.replace(at..at, text.to_owned());
    }

    /// Puts text in the place of another.
    pub(super) fn replace(&mut self, at: Range<usize>, text: String) {
        self.0.push((at, text));
    }

    /// Takes the edits of another list as well.
    pub(super) fn extend(&mut self, other: Edits) {
        self.0.extend(other.0);
    }

    /// The text with the edits; `None` when two of them concern the same bytes.
    pub(super) fn apply(mut self, xml: &str) -> Option<String> {
        self.0.sort_by_key(|(at, _)| (at.start, at.end));
        let more: usize = self.0.iter().map(|(_, text)| text.len()).sum();
        let mut out = String::with_capacity(xml.len() + more);
        let mut last = 0;
        for (at, text) in &self.0 {
            out.push_str(xml.get(last..at.start)?);
            out.push_str(text);
            last = at.end;
        }
        out.push_str(xml.get(last..)?);
        Some(out)
    }
}

/// Words as the content of an element or the value of an attribute.
pub(super) fn escaped(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // The characters that XML knows.
            '\t' | '\n' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

/// Words as the text of a cell or a comment, where `_x0041_` would be read as `A`.
pub(super) fn text(words: &str) -> String {
    let escaped = escaped(words);
    let mut out = String::with_capacity(escaped.len());
    for (at, c) in escaped.char_indices() {
        let code = escaped.get(at + 2..at + 6).filter(|_| c == '_');
        let is_code = code.is_some_and(|code| code.bytes().all(|b| b.is_ascii_hexdigit()))
            && escaped.get(at + 1..at + 2) == Some("x")
            && escaped.get(at + 6..at + 7) == Some("_");
        out.push_str(if is_code { "_x005F_" } else { "" });
        if !is_code {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays() {
        let xml = "<?xml version='1.0'?>\n<x:a  k='\"' >\n <x:b/><!-- c --> </x:a>";
        let doc = Doc::parse(xml, 1).expect("it is sound");
        let (a, b) = (doc.root().expect("a"), doc.top("b").expect("b"));
        assert_eq!(doc.prefix(), "x:");
        let mut edits = b.append("<x:c/>", &[("n", "1")]);
        edits.extend(a.append("<x:d/>", &[("k", "2")]));
        assert_eq!(
            edits.apply(xml).expect("they are apart"),
            "<?xml version='1.0'?>\n<x:a k=\"2\">\n <x:b n=\"1\"><x:c/></x:b><!-- c --> <x:d/></x:a>"
        );
    }

    #[test]
    fn a_part_with_a_tag_that_may_be_read_otherwise_is_not_sound() {
        for (tag, is_sound) in [
            ("c r=\"F8\" t=\"s\"", true),
            ("c r='F8' t='a > b'", true),
            ("c r=\"F8\"\n<c r=\"D9\" t=\"s\"", false),
            ("c r=\"F8\" t=\"<s\"", false),
            ("c r=\"F8\" r=\"D9\"", false),
            ("c r=F8", false),
            ("c r", false),
        ] {
            for xml in [format!("<s><{tag}></c></s>"), format!("<s><{tag}/></s>")] {
                assert_eq!(walk(&xml, |_| ()).is_some(), is_sound, "{xml}");
            }
        }
    }

    #[test]
    fn elements_stand_in_their_order() {
        #[track_caller]
        fn assert_inserted(xml: &str, want: &str) {
            let order = ["a", "b", "c", "d"];
            let doc = Doc::parse(xml, 3).expect("it is sound");
            let edits = doc
                .insert_in_order("<c/>", "c", &order)
                .expect("it has a root");
            assert_eq!(edits.apply(xml).as_deref(), Some(want));
        }
        assert_inserted("<r/>", "<r><c/></r>");
        assert_inserted("<r><d/></r>", "<r><c/><d/></r>");
        assert_inserted("<r><a>1</a><b/><d/></r>", "<r><a>1</a><b/><c/><d/></r>");
        let alternate = |inner: &str| {
            format!("<m:AlternateContent><m:Choice>{inner}</m:Choice></m:AlternateContent>")
        };
        let (early, late) = (alternate("<b/>"), alternate("<d/>"));
        assert_inserted(
            &format!("<r>{early}{late}</r>"),
            &format!("<r>{early}<c/>{late}</r>"),
        );
    }

    #[test]
    fn unsound_parts_are_none() {
        for xml in ["", "<a", "<a>", "<a></b>", "</a>"] {
            assert!(Doc::parse(xml, 1).is_none(), "{xml}");
        }
    }

    #[test]
    fn texts_are_read_as_they_are_meant() {
        assert_eq!(text("a_x0041_<é&\u{7}"), "a_x005F_x0041_&lt;é&amp;\u{fffd}");
        assert_eq!(text("_x_ _x12_ __"), "_x_ _x12_ __");
        assert_eq!(text("_x0041__x0042_"), "_x005F_x0041__x005F_x0042_");
    }
}
