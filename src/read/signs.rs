//! Where signs stand in a text, looked for among sixteen bytes at a time.

use wide::u8x16;

/// How many bytes are looked at together.
const BLOCK: usize = 16;

/// A bit for each of some bytes that is a sign, the first as the lowest.
pub(super) fn places_of(sign: u8, bytes: &[u8; 4 * BLOCK]) -> u64 {
    let sign = u8x16::splat(sign);
    let (blocks, _) = bytes.as_chunks();
    let found = |block: &[u8; BLOCK]| u8x16::new(*block).simd_eq(sign).to_bitmask();
    let behind = |all: u64, block| (all << BLOCK) | u64::from(found(block));
    blocks.iter().rev().fold(0, behind)
}

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
        fn every_place_of_a_sign_is_told(text in "[ab\"]{64}") {
            let places = places_of(b'"', text.as_bytes().first_chunk().unwrap());
            let told: Vec<bool> = (0..64).map(|at| places >> at & 1 == 1).collect();
            let is_sign: Vec<bool> = text.bytes().map(|byte| byte == b'"').collect();
            prop_assert_eq!(told, is_sign);
        }

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
