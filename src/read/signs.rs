//! Where two signs stand in a text, looked for among sixteen bytes at a time.

use wide::u8x16;

/// How many bytes are looked at together.
const BLOCK: usize = 16;

/// The places of two signs, from the first on.
pub(super) struct Signs<'t> {
    blocks: std::slice::Iter<'t, [u8; BLOCK]>,
    /// What stands behind the last whole block, until it is looked at.
    tail: Option<&'t [u8]>,
    /// Where the text ends.
    end: usize,
    /// Each sign in all bytes of a block.
    signs: [u8x16; 2],
    /// Where the block behind the one that is looked at begins.
    next: usize,
    /// A bit for each byte of the block that is a sign and was not given yet.
    found: u32,
}

impl<'t> Signs<'t> {
    /// Those from a byte on. No sign is 0.
    pub(super) fn from(bytes: &'t [u8], at: usize, signs: [u8; 2]) -> Self {
        let (blocks, tail) = bytes.get(at..).unwrap_or_default().as_chunks();
        Signs {
            blocks: blocks.iter(),
            tail: Some(tail),
            end: bytes.len(),
            signs: signs.map(u8x16::splat),
            next: at,
            found: 0,
        }
    }

    fn look(&mut self, block: [u8; BLOCK]) {
        let block = u8x16::new(block);
        let [a, b] = self.signs.map(|sign| block.simd_eq(sign));
        self.found = (a | b).to_bitmask();
        self.next = self.next.wrapping_add(BLOCK);
    }

    /// Looks at what is behind the last whole block; `false` when it was looked at.
    #[cold]
    fn look_at_tail(&mut self) -> bool {
        let Some(tail) = self.tail.take() else {
            return false;
        };
        let mut block = [0; BLOCK];
        block
            .iter_mut()
            .zip(tail)
            .for_each(|(to, byte)| *to = *byte);
        self.look(block);
        true
    }

    /// The place of the next; the end of the text behind the last.
    pub(super) fn next_place(&mut self) -> usize {
        while self.found == 0 {
            if let Some(block) = self.blocks.next() {
                self.look(*block);
            } else if !self.look_at_tail() {
                return self.end;
            }
        }
        let behind = BLOCK - usize::try_from(self.found.trailing_zeros()).unwrap_or(0);
        self.found &= self.found.wrapping_sub(1);
        self.next.wrapping_sub(behind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn signs_are_found_where_they_stand(text in "[ab,\n]{0,70}", from in 0_usize..75) {
            let bytes = text.as_bytes();
            let mut signs = Signs::from(bytes, from, [b',', b'\n']);
            let is_sign = |at: &usize| matches!(bytes[*at], b',' | b'\n');
            for place in (from..bytes.len()).filter(is_sign) {
                prop_assert_eq!(signs.next_place(), place);
            }
            prop_assert_eq!(signs.next_place(), bytes.len());
            prop_assert_eq!(signs.next_place(), bytes.len());
        }
    }
}
