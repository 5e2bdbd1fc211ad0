//! Where the records of a text file begin and end, found block by block without splitting them into cells, so that a
//! file of any size is passed over in little memory.

use std::io::{self, Read};

use memchr::{memchr, memchr_iter, memchr2, memrchr};
use simdutf8::basic::from_utf8;

use super::signs::{Signs, places_of};

/// How many bytes are read at once.
const BLOCK: usize = 1 << 16;

/// The bytes of the longest record: a quote that never closes does not fill the memory.
const LONGEST: usize = 16_000_000;

/// One record, the end of its line left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'b> {
    /// Where it begins in the file.
    pub from: u64,
    /// Where the next one begins.
    pub to: u64,
    /// Its row as a spreadsheet counts.
    pub number: u32,
    /// Its bytes.
    pub bytes: &'b [u8],
}

/// What a file is like as a whole, known once it was passed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Nature {
    /// Some of its bytes are no UTF-8.
    pub is_latin: bool,
    /// A line ends with a carriage return alone.
    pub has_bare_returns: bool,
    /// The row of the record in which a quote opens that is never closed.
    pub unclosed: Option<u32>,
    /// The row of the first byte that no text has.
    pub nul: Option<u32>,
    /// The row of a record that is too long to be read: the file was passed over as far as that.
    pub too_long: Option<u32>,
}

/// Passes over the records of a file whose bytes before `at` were taken already; `found` is called for each.
pub(crate) fn records(
    mut reader: impl Read,
    at: u64,
    delimiter: u8,
    mut found: impl FnMut(Record<'_>),
) -> io::Result<Nature> {
    let mut nature = Nature::default();
    // Some bytes are held of those that there is room for.
    let (mut room, mut end) = (Vec::new(), 0);
    let (mut from, mut number) = (at, 0_u32);
    // How much of the first record is held already and holds no end; and how much of what is held was looked through.
    let (mut tried, mut known) = (0, 0);
    let mut is_plain = true;
    loop {
        if room.len() < end + BLOCK {
            room.resize(end + BLOCK, 0);
        }
        let free = room.get_mut(end..end + BLOCK).unwrap_or_default();
        let read = read_all(&mut reader, free)?;
        end += read;
        let held: &[u8] = room.get(..end).unwrap_or_default();
        // Nearly every block has nothing to learn from, which is told at once for all of its lines.
        let lines = match memrchr(b'\n', held) {
            _ if read == 0 => held.len(),
            last => last.map_or(0, |last| last + 1),
        };
        is_plain =
            (is_plain || known == 0) && has_nothing_odd(held.get(known..lines).unwrap_or_default());
        known = known.max(lines);
        let may_end = tried == 0 || memchr(b'\n', held.get(tried..).unwrap_or_default()).is_some();
        let mut ends = Ends::of(if may_end { held } else { &[] }, delimiter);
        let mut start = 0;
        while start < held.len()
            && let Some(end) = ends.next().or((read == 0).then_some(held.len()))
        {
            let record = held.get(start..end).unwrap_or_default();
            let next = (end + 1).min(held.len());
            number = number.saturating_add(1);
            if !is_plain {
                nature.learn(record, number);
            }
            if end == held.len() && is_unclosed(record) {
                nature.unclosed = Some(number);
            }
            let to = from.saturating_add(u64::try_from(next - start).unwrap_or(0));
            found(Record {
                from,
                to,
                number,
                bytes: record.strip_suffix(b"\r").unwrap_or(record),
            });
            (start, from) = (next, to);
        }
        room.copy_within(start..end, 0);
        end = end.saturating_sub(start);
        known = known.saturating_sub(start);
        tried = end;
        if read == 0 {
            return Ok(nature);
        }
        if end > LONGEST {
            nature.too_long = Some(number.saturating_add(1));
            return Ok(nature);
        }
    }
}

/// Reads as many bytes as there is room for, or as there are; how many.
pub(super) fn read_all(reader: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    let mut held = 0;
    while let Some(free) = room.get_mut(held..).filter(|free| !free.is_empty()) {
        match reader.read(free) {
            Ok(0) => break,
            Ok(read) => held += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(held)
}

/// The records of a text that is held, each with the end of its line.
pub(crate) fn lines_of(text: &str, delimiter: u8) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end = Ends::of(rest.as_bytes(), delimiter).next();
        let end = end.map_or(rest.len(), |end| end + 1);
        let (line, behind) = rest.split_at_checked(end)?;
        rest = behind;
        (!line.is_empty()).then_some(line)
    })
}

impl Nature {
    fn learn(&mut self, record: &[u8], number: u32) {
        self.is_latin |= from_utf8(record).is_err();
        if self.nul.is_none() && memchr(0, record).is_some() {
            self.nul = Some(number);
        }
        let inner = record.strip_suffix(b"\r").unwrap_or(record);
        self.has_bare_returns |=
            memchr(b'\r', inner).is_some_and(|at| inner.get(at + 1) != Some(&b'\n'));
    }
}

/// Whether there is nothing to learn from some lines of a file.
fn has_nothing_odd(lines: &[u8]) -> bool {
    let is_bare = |at: usize| lines.get(at + 1).is_some_and(|next| *next != b'\n');
    let has_neither = || memchr2(0, b'\r', lines).is_none();
    let is_bare_nowhere = || memchr(0, lines).is_none() && !memchr_iter(b'\r', lines).any(is_bare);
    from_utf8(lines).is_ok() && (has_neither() || is_bare_nowhere())
}

/// Whether the last record of a file swallowed lines because a quote was never closed.
fn is_unclosed(record: &[u8]) -> bool {
    memchr(b'\n', record).is_some() && memchr_iter(b'"', record).count() % 2 == 1
}

/// How many bytes are looked at together.
const STEP: usize = 64;

/// Where the lines of records end. A quote that opens a cell hides line ends until it closes; a quote within a cell is a sign
/// like any other.
struct Ends<'b> {
    bytes: &'b [u8],
    delimiter: u8,
    /// Where the record begins.
    start: usize,
    /// How many bytes were looked at, and a bit for each line end among the last of them that was not given yet.
    seen: usize,
    found: u64,
    /// A quote is open behind what was looked at.
    is_open: bool,
}

impl<'b> Ends<'b> {
    fn of(bytes: &'b [u8], delimiter: u8) -> Self {
        Ends {
            bytes,
            delimiter,
            start: 0,
            seen: 0,
            found: 0,
            is_open: false,
        }
    }

    /// Looks at the next bytes; `false` where a quote stands within a cell.
    fn look(&mut self, block: &[u8; STEP]) -> bool {
        let lines = places_of(b'\n', block);
        let quotes = places_of(b'"', block);
        let open_before = if self.is_open { u64::MAX } else { 0 };
        // Every quote opens or closes: with its bit also those behind it are turned.
        let open = [1, 2, 4, 8, 16, 32]
            .iter()
            .fold(quotes, |open, by| open ^ (open << by))
            ^ open_before;
        if quotes != 0 {
            let before = self.seen.checked_sub(1).and_then(|at| self.bytes.get(at));
            let may_open = |sign: &u8| [b'\n', b'"', self.delimiter].contains(sign);
            let first = u64::from(before.is_none_or(may_open));
            // Behind a quote that closes stands one that opens again: together they are a sign.
            let behind = lines | places_of(self.delimiter, block) | (quotes & !open);
            if quotes & open & !((behind << 1) | first) != 0 {
                return false;
            }
        }
        self.is_open = open >> (STEP - 1) == 1;
        self.found = lines & !open;
        self.seen += STEP;
        true
    }

    /// Where the record ends, of which some quotes stand within cells.
    #[cold]
    fn end_with_care(&mut self) -> Option<usize> {
        let mut is_open = false;
        let mut signs = Signs::from(self.bytes, self.start, [b'"', b'\n']);
        let end = loop {
            let at = signs.next_place();
            match self.bytes.get(at) {
                None => break None,
                Some(b'\n') if !is_open => break Some(at),
                // Of two quotes in a part that is open the second is a sign like any other.
                Some(b'"') if is_open && self.bytes.get(at + 1) == Some(&b'"') => {
                    signs.next_place();
                }
                Some(b'"') if is_open => is_open = false,
                Some(b'"') => {
                    let before = at.checked_sub(1).and_then(|at| self.bytes.get(at));
                    is_open = at == self.start || before == Some(&self.delimiter);
                }
                Some(_) => {}
            }
        };
        self.seen = end.map_or(self.bytes.len(), |end| end + 1);
        self.is_open = false;
        end
    }
}

/// Where the quote stands that closes a cell behind its opening one, and whether quotes are written twice in it.
pub(super) fn closing_quote(bytes: &[u8], from: usize) -> Option<(usize, bool)> {
    let (mut at, mut has_quotes) = (from, false);
    loop {
        at += memchr(b'"', bytes.get(at..)?)?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some((at, has_quotes));
        }
        has_quotes = true;
        at += 2;
    }
}

impl Iterator for Ends<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        while self.found == 0 {
            let rest = self
                .bytes
                .get(self.seen..)
                .filter(|rest| !rest.is_empty())?;
            let is_plain = match rest.first_chunk() {
                Some(block) => self.look(block),
                None => {
                    let mut block = [0; STEP];
                    block
                        .iter_mut()
                        .zip(rest)
                        .for_each(|(to, byte)| *to = *byte);
                    self.look(&block)
                }
            };
            if !is_plain {
                let end = self.end_with_care()?;
                self.start = end + 1;
                return Some(end);
            }
        }
        let behind = STEP - usize::try_from(self.found.trailing_zeros()).unwrap_or(0);
        self.found &= self.found - 1;
        let end = self.seen - behind;
        self.start = end + 1;
        Some(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Gives a few bytes at a time.
    struct Drops<'b>(&'b [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(into.len()).min(3);
            let (now, later) = self.0.split_at(n);
            into[..n].copy_from_slice(now);
            self.0 = later;
            Ok(n)
        }
    }

    fn scan(text: &[u8]) -> (Vec<String>, Nature) {
        let mut all = Vec::new();
        let mut at = 0;
        let nature = records(Drops(text), 0, b',', |r| {
            assert_eq!(r.from, at);
            at = r.to;
            all.push(format!("{} {}", r.number, String::from_utf8_lossy(r.bytes)));
        });
        assert_eq!(at, text.len() as u64);
        (all, nature.unwrap())
    }

    #[test]
    fn quotes_hide_line_ends() {
        let (all, nature) = scan(b"a,b\r\n1,\"x\ny\"\n\n2,5\" pipe\n3,\"a \"\"b\"\"\n\",z");
        assert_eq!(
            all,
            [
                "1 a,b",
                "2 1,\"x\ny\"",
                "3 ",
                "4 2,5\" pipe",
                "5 3,\"a \"\"b\"\"\n\",z"
            ]
        );
        assert_eq!(nature, Nature::default());
    }

    #[test]
    fn the_nature_of_a_file_is_told() {
        assert_eq!(scan(b"a\n1,\"b\n2,c\n").1.unclosed, Some(2));
        assert_eq!(scan(b"a\n5\" pipe,\"b\nc\"\n").1.unclosed, None);
        assert!(scan(b"a\rb\n").1.has_bare_returns);
        assert!(!scan(b"a\r\nb\r\n").1.has_bare_returns);
        assert!(scan(b"Caf\xe9\n").1.is_latin);
        assert!(!scan("Café\n".as_bytes()).1.is_latin);
    }

    #[test]
    fn what_is_odd_is_told_on_either_side_of_a_block() {
        let nature = |at: usize, odd: &[u8]| {
            let mut text = b"a,b\n".repeat(BLOCK / 4 - 8);
            text.resize(at, b'x');
            text.extend_from_slice(odd);
            text.extend_from_slice(b"y,z\nc,d\n");
            scan(&text).1
        };
        for at in BLOCK - 12..BLOCK + 12 {
            assert!(nature(at, b"\xe9").is_latin, "{at}");
            assert!(nature(at, b"\r").has_bare_returns, "{at}");
            assert!(nature(at, b"\0").nul.is_some(), "{at}");
            for plain in ["\u{e9}", "\u{20ac}", "\r\n"] {
                assert_eq!(nature(at, plain.as_bytes()), Nature::default(), "{at}");
            }
        }
    }

    #[test]
    fn a_record_that_never_ends_is_given_up() {
        let text = std::iter::once(b'"')
            .chain(std::iter::repeat_n(b'x', LONGEST + 70_000))
            .collect::<Vec<u8>>();
        let nature = records(text.as_slice(), 0, b',', |_| {}).unwrap();
        assert_eq!(nature.too_long, Some(1));
    }

    proptest! {
        /// The records are those that the csv crate finds.
        #[test]
        fn records_are_those_of_the_csv_crate(
            text in prop_oneof!["[a\",\n]{0,24}", "([a,\n]|\",\"|,\"a\"\"\n|,\"\"|a\"\n){0,150}", "[a\",\n]{100,200}"]
        ) {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
            let ends: Vec<u64> = std::iter::from_fn(|| {
                let mut record = csv::ByteRecord::new();
                reader.read_byte_record(&mut record).unwrap().then(|| reader.position().byte())
            }).collect();
            let mut found = Vec::new();
            records(text.as_bytes(), 0, b',', |r| if !r.bytes.is_empty() { found.push(r.to) }).unwrap();
            prop_assert_eq!(found, ends);
        }
    }
}
