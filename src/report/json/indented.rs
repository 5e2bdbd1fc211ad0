//! JSON indented by two spaces a level, from any depth on: what `serde_json`'s own formatter writes, a level at once.

use std::io;

use serde_json::ser::Formatter;

/// Indents as deep as its values stand.
pub(super) struct Indented {
    depth: usize,
    has_value: bool,
}

impl Indented {
    /// For a value that stands so deep.
    pub(super) fn at(depth: usize) -> Self {
        Indented {
            depth,
            has_value: false,
        }
    }

    fn begin<W: ?Sized + io::Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth += 1;
        self.has_value = false;
        out.write_all(bracket)
    }

    fn end<W: ?Sized + io::Write>(&mut self, out: &mut W, bracket: &[u8]) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        if self.has_value {
            self.break_line(out, true)?;
        }
        out.write_all(bracket)
    }

    /// A line break, behind a comma unless what follows is the first.
    fn break_line<W: ?Sized + io::Write>(&self, out: &mut W, first: bool) -> io::Result<()> {
        const BREAK: &[u8] = b",\n                                                                ";
        const DEEPEST: usize = (BREAK.len() - 2) / 2;
        let whole = BREAK.get(..2 + 2 * self.depth.min(DEEPEST));
        out.write_all(
            whole
                .and_then(|b| b.get(usize::from(first)..))
                .unwrap_or_default(),
        )?;
        (DEEPEST..self.depth).try_for_each(|_| out.write_all(b"  "))
    }
}

impl Formatter for Indented {
    fn begin_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"[")
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"]")
    }

    fn begin_array_value<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.break_line(out, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.begin(out, b"{")
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.end(out, b"}")
    }

    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> io::Result<()> {
        self.break_line(out, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;
    use serde_json::{Serializer, Value, json};

    #[test]
    fn it_writes_what_the_own_formatter_of_serde_json_does() {
        let mut deep = json!([1]);
        for _ in 0..40 {
            deep = json!({ "in": deep, "none": [] });
        }
        for value in [
            json!({}),
            json!([]),
            json!([[], {}, [1, "a\n", null], { "a": { "b": [true] }, "c": 2.5 }]),
            deep,
        ] {
            let mut out = Vec::new();
            let mut serializer = Serializer::with_formatter(&mut out, Indented::at(0));
            value.serialize(&mut serializer).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text, serde_json::to_string_pretty(&value).unwrap());
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
