//! A workbook's zip file: its parts and what leads from one to another. Parts that are not changed are copied as they are packed.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use super::Problem;
use super::xml::{Doc, escaped};
use crate::read::limits::UNPACKED;
use crate::read::parts::Parts;

/// A workbook that is being changed.
pub(super) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    /// The names of the parts as they are stored.
    names: Vec<String>,
    /// Parts of another content than they had, or that are new; by their names.
    changed: BTreeMap<String, Vec<u8>>,
}

/// What leads from one part to another.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    pub(super) id: String,
    /// The last word of its type: `comments`.
    pub(super) kind: String,
    /// The name of the part.
    pub(super) part: String,
}

const CONTENT_TYPES: &str = "[Content_Types].xml";

impl<'a> Package<'a> {
    /// The parts of a workbook that is not too large and not encrypted.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Problem> {
        // The files in which Excel locks a workbook are those of its old form.
        if bytes.starts_with(b"\xD0\xCF\x11\xE0") {
            return Err(Problem::Encrypted);
        }
        let mut parts = Parts::open(bytes).ok_or(Problem::NoWorkbook)?;
        parts.weigh(bytes.len()).map_err(Problem::TooLarge)?;
        let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Problem::NoWorkbook)?;
        let mut names = Vec::new();
        for index in 0..archive.len() {
            let part = archive.by_index_raw(index)?;
            if part.encrypted() {
                return Err(Problem::Encrypted);
            }
            names.push(part.name()?.into_owned());
        }
        Ok(Package {
            archive,
            names,
            changed: BTreeMap::new(),
        })
    }

    /// The name under which a part is stored; programs differ in the case of the letters and in the strokes.
    pub(super) fn find(&self, name: &str) -> Option<&str> {
        let plain = |name: &str| name.trim_start_matches(['/', '\\']).replace('\\', "/");
        let wanted = plain(name);
        let all = self.names.iter().chain(self.changed.keys());
        let mut found = all.filter(|other| plain(other).eq_ignore_ascii_case(&wanted));
        found.next().map(String::as_str)
    }

    /// Whether a part of a name that begins so is there.
    pub(super) fn has_folder(&self, name: &str) -> bool {
        let begins = |other: &String| {
            (other.get(..name.len())).is_some_and(|start| start.eq_ignore_ascii_case(name))
        };
        self.names.iter().any(begins)
    }

    /// The names of all parts with that ending.
    pub(super) fn ending_in(&self, ending: &str) -> Vec<String> {
        let ends = |name: &&String| name.to_ascii_lowercase().ends_with(ending);
        self.names
            .iter()
            .chain(self.changed.keys())
            .filter(ends)
            .cloned()
            .collect()
    }

    /// The bytes of a part.
    pub(super) fn bytes(&mut self, name: &str) -> Result<Vec<u8>, Problem> {
        let stored = self
            .find(name)
            .ok_or_else(|| Problem::lacks(name))?
            .to_owned();
        if let Some(bytes) = self.changed.get(&stored) {
            return Ok(bytes.clone());
        }
        let index = self.names.iter().position(|other| *other == stored);
        let index = index.ok_or_else(|| Problem::lacks(name))?;
        let mut bytes = Vec::new();
        let part = self.archive.by_index(index)?;
        part.take(UNPACKED)
            .read_to_end(&mut bytes)
            .map_err(|_| Problem::damaged(name))?;
        Ok(bytes)
    }

    /// The text of a part, without the mark that some programs put before it.
    pub(super) fn text(&mut self, name: &str) -> Result<String, Problem> {
        let bytes = self.bytes(name)?;
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            return Err(Problem::NotUtf8(name.to_owned()));
        }
        let text = String::from_utf8(bytes).map_err(|_| Problem::NotUtf8(name.to_owned()))?;
        Ok(text
            .strip_prefix('\u{feff}')
            .map_or_else(|| text.clone(), str::to_owned))
    }

    /// Gives a part another content, or makes it.
    pub(super) fn put(&mut self, name: &str, content: impl Into<Vec<u8>>) {
        let stored = self.find(name).unwrap_or(name).to_owned();
        self.changed.insert(stored, content.into());
    }

    /// A name that no part has: `xl/comments3.xml`.
    pub(super) fn free_name(&self, stem: &str, ending: &str) -> String {
        let mut number = 1_u32;
        loop {
            let name = format!("{stem}{number}{ending}");
            if self.find(&name).is_none() {
                return name;
            }
            number = number.saturating_add(1);
        }
    }

    /// What leads from a part to others of the workbook; the workbook itself has no name.
    pub(super) fn relations(&mut self, part: &str) -> Result<Vec<Relation>, Problem> {
        let name = relations_of(part);
        if self.find(&name).is_none() {
            return Ok(Vec::new());
        }
        let xml = self.text(&name)?;
        let doc = Doc::parse(&xml, 1).ok_or_else(|| Problem::damaged(&name))?;
        let root = doc.root().ok_or_else(|| Problem::damaged(&name))?;
        let relations = doc.children(root).filter_map(|node| {
            let kind = node.attribute("Type")?;
            let outside = node.attribute("TargetMode").as_deref() == Some("External");
            let target = node.attribute("Target").filter(|_| !outside)?;
            let part = resolve(part, &target);
            Some(Relation {
                id: node.attribute("Id")?,
                kind: kind.rsplit('/').next().unwrap_or_default().to_owned(),
                part: self
                    .find(&part)
                    .map_or_else(|| unquoted(&part), str::to_owned),
            })
        });
        Ok(relations.collect())
    }

    /// Leads from a part to another; gives the name of the relation.
    pub(super) fn relate(&mut self, part: &str, kind: &str, to: &str) -> Result<String, Problem> {
        let name = relations_of(part);
        if self.find(&name).is_none() {
            self.put(
                &name,
                "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<Relationships \
                 xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\"/>",
            );
        }
        let xml = self.text(&name)?;
        let doc = Doc::parse(&xml, 1).ok_or_else(|| Problem::damaged(&name))?;
        let root = doc.root().ok_or_else(|| Problem::damaged(&name))?;
        let taken: Vec<String> = doc
            .children(root)
            .filter_map(|node| node.attribute("Id"))
            .collect();
        // What the part names may be lost from its relations: it must not lead to what is new.
        let words = self.text(part).unwrap_or_default();
        let is_named = |id: &str| {
            ['"', '\'']
                .iter()
                .any(|q| words.contains(&format!("{q}{id}{q}")))
        };
        let is_taken = |id: &str| taken.iter().any(|other| other.eq_ignore_ascii_case(id));
        let mut ids = (1_usize..).map(|n| format!("rId{n}"));
        let free = ids.find(|id| !is_taken(id) && !is_named(id));
        let id = free.unwrap_or_default();
        let prefix = doc.prefix();
        let (kind, to) = (escaped(kind), escaped(to));
        let element =
            format!("<{prefix}Relationship Id=\"{id}\" Type=\"{kind}\" Target=\"/{to}\"/>");
        let edits = root.append(&element, &[]);
        let text = edits.apply(&xml).ok_or_else(|| Problem::damaged(&name))?;
        self.put(&name, text);
        Ok(id)
    }

    /// Says what a new part holds.
    pub(super) fn declare(&mut self, part: &str, content_type: &str) -> Result<(), Problem> {
        let part = escaped(part);
        self.add_type(&|prefix| {
            format!("<{prefix}Override PartName=\"/{part}\" ContentType=\"{content_type}\"/>")
        })
    }

    /// Says what the parts of an ending hold, unless that is said.
    pub(super) fn declare_ending(
        &mut self,
        ending: &str,
        content_type: &str,
    ) -> Result<(), Problem> {
        let xml = self.text(CONTENT_TYPES)?;
        let doc = Doc::parse(&xml, 1).ok_or_else(|| Problem::damaged(CONTENT_TYPES))?;
        let root = doc.root().ok_or_else(|| Problem::damaged(CONTENT_TYPES))?;
        let is_said = doc.children(root).any(|node| {
            let other = node.attribute("Extension");
            node.local() == "Default"
                && other.is_some_and(|other| other.eq_ignore_ascii_case(ending))
        });
        if is_said {
            return Ok(());
        }
        self.add_type(&|prefix| {
            format!("<{prefix}Default Extension=\"{ending}\" ContentType=\"{content_type}\"/>")
        })
    }

    fn add_type(&mut self, element: &dyn Fn(&str) -> String) -> Result<(), Problem> {
        let xml = self.text(CONTENT_TYPES)?;
        let doc = Doc::parse(&xml, 1).ok_or_else(|| Problem::damaged(CONTENT_TYPES))?;
        let root = doc.root().ok_or_else(|| Problem::damaged(CONTENT_TYPES))?;
        let edits = root.append(&element(&doc.prefix()), &[]);
        let text = edits
            .apply(&xml)
            .ok_or_else(|| Problem::damaged(CONTENT_TYPES))?;
        self.put(CONTENT_TYPES, text);
        Ok(())
    }

    /// The zip file: parts that were not changed as they were packed, in their order, then the new ones.
    pub(super) fn finish(mut self) -> Result<Vec<u8>, Problem> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let comment = self.archive.comment().to_vec();
        if !comment.is_empty() {
            writer.set_raw_comment(comment.into_boxed_slice())?;
        }
        // No clock: the same workbook and review give the same bytes.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::default());
        for (index, name) in self.names.iter().enumerate() {
            match self.changed.remove(name) {
                Some(content) => {
                    writer.start_file(name.as_str(), options)?;
                    writer
                        .write_all(&content)
                        .map_err(|_| Problem::damaged(name))?;
                }
                None => writer.raw_copy_file(self.archive.by_index_raw(index)?)?,
            }
        }
        for (name, content) in &self.changed {
            writer.start_file(name.as_str(), options)?;
            writer
                .write_all(content)
                .map_err(|_| Problem::damaged(name))?;
        }
        Ok(writer.finish()?.into_inner())
    }
}

/// The folder of a part, with its stroke.
pub(super) fn folder(part: &str) -> &str {
    part.rfind('/').and_then(|at| part.get(..=at)).unwrap_or("")
}

/// The part that says what leads from another to others.
fn relations_of(part: &str) -> String {
    let folder = folder(part);
    let name = part.get(folder.len()..).unwrap_or_default();
    format!("{folder}_rels/{name}.rels")
}

/// The name of the part to which a relation leads.
fn resolve(from: &str, target: &str) -> String {
    let target = target
        .split('#')
        .next()
        .unwrap_or_default()
        .replace('\\', "/");
    let full = if target.starts_with('/') {
        target
    } else {
        format!("{}{target}", folder(from))
    };
    let mut path: Vec<&str> = Vec::new();
    for step in full.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                path.pop();
            }
            step => path.push(step),
        }
    }
    path.join("/")
}

/// A name with `%20` read as what it means.
fn unquoted(name: &str) -> String {
    let mut out = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|d| std::str::from_utf8(d).ok());
        let byte = digits.and_then(|d| u8::from_str_radix(d, 16).ok());
        match byte.filter(|_| first == b'%') {
            Some(byte) => {
                out.push(byte);
                rest = behind.get(2..).unwrap_or_default();
            }
            None => {
                out.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_lead_to_parts() {
        assert_eq!(
            relations_of("xl/worksheets/sheet1.xml"),
            "xl/worksheets/_rels/sheet1.xml.rels"
        );
        assert_eq!(relations_of(""), "_rels/.rels");
        assert_eq!(
            resolve("xl/worksheets/a.xml", "../comments1.xml"),
            "xl/comments1.xml"
        );
        assert_eq!(
            resolve("xl/workbook.xml", "/xl/styles.xml"),
            "xl/styles.xml"
        );
        assert_eq!(
            resolve("xl/workbook.xml", "./worksheets/a.xml#x"),
            "xl/worksheets/a.xml"
        );
        assert_eq!(unquoted("xl/a%20b%é%4"), "xl/a b%é%4");
    }
}
