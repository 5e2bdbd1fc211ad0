//! Digits with at most one point among them, read eight at a time: most cells of a budget are such figures, and a loop over their
//! signs cannot tell beforehand where they end.

/// So many digits fit 64 bits.
const MOST: usize = 18;

/// Eight times the sign `0`.
const ZEROS: u64 = 0x3030_3030_3030_3030;

/// The digits as a whole number, and how many of them stand behind the point. They are at most 18 signs, and the first is a
/// digit, or a point with one behind it.
pub(super) fn read(digits: &[u8]) -> Option<(i64, u32)> {
    let first = digits.strip_prefix(b".").unwrap_or(digits).first()?;
    if !first.is_ascii_digit() {
        return None;
    }
    match digits.len() {
        0..=8 => {
            let (value, places) = read_eight(digits)?;
            Some((value, places.unwrap_or(0)))
        }
        9..=16 => read_sixteen(digits),
        17..=MOST => read_each(digits),
        _ => None,
    }
}

/// The same of nine to sixteen signs.
fn read_sixteen(digits: &[u8]) -> Option<(i64, u32)> {
    let (head, tail) = digits.split_last_chunk::<8>()?;
    let (head, tail) = (read_eight(head)?, read_eight(tail)?);
    let (more, places) = match (head.1, tail.1) {
        (Some(_), Some(_)) => return None,
        (Some(places), None) => (100_000_000, places + 8),
        (None, Some(places)) => (10_000_000, places),
        (None, None) => (100_000_000, 0),
    };
    // So few digits never overflow.
    Some((head.0.wrapping_mul(more).wrapping_add(tail.0), places))
}

/// One to eight signs as a number, and how many stand behind the point, if there is one.
fn read_eight(signs: &[u8]) -> Option<(i64, Option<u32>)> {
    let (word, places) = without_point(word_of(signs)?);
    // Less the sign `0`, a digit is at most 9: with 0x76 it does not reach 0x80.
    let digits = word ^ ZEROS;
    let odd = (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
    (odd == 0).then(|| (i64::from(whole(digits)), places))
}

/// At most eight signs behind zeros, the first in the lowest byte.
fn word_of(signs: &[u8]) -> Option<u64> {
    let length = u32::try_from(signs.len()).ok()?;
    // The first half and the last: where they overlap they agree.
    let word = if let Some(all) = signs.first_chunk() {
        return Some(u64::from_le_bytes(*all));
    } else if let (Some(first), Some(last)) = (signs.first_chunk(), signs.last_chunk()) {
        let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(*half)));
        first | last << (8 * (length - 4))
    } else {
        let middle = u64::from(*signs.get(signs.len() / 2)?) << (8 * (length / 2));
        let last = u64::from(*signs.last()?) << (8 * (length - 1));
        u64::from(*signs.first()?) | middle | last
    };
    Some(word << (8 * (8 - length)) | ZEROS >> (8 * length))
}

/// Eight signs without the first point among them, and how many stand behind it.
fn without_point(word: u64) -> (u64, Option<u32>) {
    let others = word ^ 0x2e2e_2e2e_2e2e_2e2e;
    let found = others.wrapping_sub(0x0101_0101_0101_0101) & !others & 0x8080_8080_8080_8080;
    if found == 0 {
        return (word, None);
    }
    // What stands before the point moves on to where it stood, behind a zero.
    let at = found.trailing_zeros() / 8;
    let before = !(u64::MAX << (8 * at));
    let behind = !(before << 8 | 0xff);
    let closed = word & behind | (word & before) << 8 | 0x30;
    (closed, Some(7 - at))
}

/// The number of eight digits, the first in the lowest byte: pairs of them, then pairs of pairs.
fn whole(digits: u64) -> u32 {
    const HALVES: u64 = 0x0000_00ff_0000_00ff;
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let high = (pairs & HALVES).wrapping_mul(100 + (1_000_000 << 32));
    let low = ((pairs >> 16) & HALVES).wrapping_mul(1 + (10_000 << 32));
    u32::try_from(high.wrapping_add(low) >> 32).unwrap_or(0)
}

/// The same of any signs, one after the other.
fn read_each(digits: &[u8]) -> Option<(i64, u32)> {
    let (mut value, mut point) = (0_i64, None);
    for (at, &byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 {
            // So few digits never overflow.
            value = value.wrapping_mul(10).wrapping_add(i64::from(digit));
        } else if byte == b'.' && point.is_none() {
            point = Some(at);
        } else {
            return None;
        }
    }
    let places = point.map_or(0, |at| digits.len() - at - 1);
    Some((value, u32::try_from(places).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_are_read_as_they_stand() {
        for (text, wanted) in [
            ("7", Some((7, 0))),
            ("12", Some((12, 0))),
            ("2.5", Some((25, 1))),
            ("2027", Some((2027, 0))),
            ("5.", Some((5, 0))),
            ("0.10", Some((10, 2))),
            ("12345.67", Some((1_234_567, 2))),
            ("123456.78", Some((12_345_678, 2))),
            ("12345678.", Some((12_345_678, 0))),
            ("1.23456789", Some((123_456_789, 8))),
            ("99999999", Some((99_999_999, 0))),
            ("9999999999999999", Some((9_999_999_999_999_999, 0))),
            ("12345678901234.567", Some((12_345_678_901_234_567, 3))),
            ("123456789012345678", Some((123_456_789_012_345_678, 0))),
            ("1234567890123456789", None),
            ("", None),
            (".5", Some((5, 1))),
            (".12345678", Some((12_345_678, 8))),
            (".12345678901234567", Some((12_345_678_901_234_567, 17))),
            (".", None),
            ("..5", None),
            (".5.", None),
            (".x", None),
            ("1.2.3", None),
            ("1.2345678.9", None),
            ("1,234", None),
            ("1/2", None),
            ("1:2", None),
            ("1\u{e9}", None),
        ] {
            assert_eq!(read(text.as_bytes()), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn many_signs_at_once_are_as_one_after_the_other(
            signs in prop_oneof![
                "[0-9]{1,9}\\.?[0-9]{0,8}",
                "\\.?[0-9][0-9./:-]{0,17}",
                "[0-9]{1,9}\\PC[0-9]{0,3}",
            ]
        ) {
            let signs = signs.as_bytes();
            let each = if signs.len() > MOST { None } else { read_each(signs) };
            prop_assert_eq!(read(signs), each);
        }
    }
}
