//! The parts of a zipped workbook: XML files, found by their names.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;
use zip::ZipArchive;

/// The most bytes that are read of one part: a small file can claim to hold anything.
const MAX_BYTES: u64 = 512 << 20;

/// The parts of a workbook.
pub(crate) struct Parts<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Parts<'a> {
    /// The parts of a zip file; `None` when it is none.
    pub(crate) fn open(bytes: &'a [u8]) -> Option<Self> {
        let archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
        Some(Parts { archive })
    }

    /// The text of a part; `None` when it is not there, damaged or too large. Programs differ in the case of the names.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let same = |other: &[u8]| other.eq_ignore_ascii_case(name.as_bytes());
        let index = self.archive.file_names_raw().position(same)?;
        let part = self.archive.by_index(index).ok()?;
        let mut text = String::new();
        let length = part.take(MAX_BYTES + 1).read_to_string(&mut text).ok()?;
        (u64::try_from(length).ok()? <= MAX_BYTES).then_some(text)
    }
}

/// The attributes of an element: their names as written, and their values. Those that are malformed are left out.
pub(crate) fn attributes<'e>(
    element: &'e BytesStart<'_>,
) -> impl Iterator<Item = (&'e str, Cow<'e, str>)> {
    let mut list = element.attributes();
    list.with_checks(false);
    list.flatten().filter_map(|attribute| {
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        Some((attribute.key.into_inner(), value))
    })
}

/// The value of one attribute.
pub(crate) fn attribute<'e>(element: &'e BytesStart<'_>, name: &str) -> Option<Cow<'e, str>> {
    attributes(element).find_map(|(other, value)| (other == name).then_some(value))
}
