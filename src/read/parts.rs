//! The parts of a zipped workbook: XML files, found by their names.

use std::borrow::Cow;
use std::io::{self, Cursor, Read};

use quick_xml::XmlVersion;
use quick_xml::events::BytesStart;
use zip::ZipArchive;

use super::limits::{EXPANSION, UNPACKED, UNPACKED_ANYWAY, size};

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

    /// Unpacks all parts once and keeps nothing, before anything else opens them: says why when they hold too much.
    pub(crate) fn weigh(&mut self, packed: usize) -> Result<(), String> {
        let packed = u64::try_from(packed).unwrap_or(u64::MAX);
        let most = UNPACKED.min(packed.saturating_mul(EXPANSION).max(UNPACKED_ANYWAY));
        let mut all = 0_u64;
        for index in 0..self.archive.len() {
            // A part that is damaged or locked is no smaller for those that read it later.
            let Ok(part) = self.archive.by_index(index) else {
                continue;
            };
            let mut unpacked = Counted(0);
            let _ = io::copy(&mut part.take(most - all + 1), &mut unpacked);
            all += unpacked.0;
            if all > most {
                return Err(format!(
                    "the workbook has {} and unpacks to more than {}: it was not read; save its tables alone as a new workbook",
                    size(packed),
                    size(most)
                ));
            }
        }
        Ok(())
    }

    /// The text of a part; `None` when it is not there, damaged or too large. Programs differ in the case of the names.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let same = |other: &[u8]| other.eq_ignore_ascii_case(name.as_bytes());
        let index = self.archive.file_names_raw().position(same)?;
        let part = self.archive.by_index(index).ok()?;
        let mut text = String::new();
        let length = part.take(UNPACKED + 1).read_to_string(&mut text).ok()?;
        (u64::try_from(length).ok()? <= UNPACKED).then_some(text)
    }
}

/// Counts what is written and keeps nothing.
struct Counted(u64);

impl io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
