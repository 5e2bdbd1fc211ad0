//! Exact numbers: big rationals, rounded after each operation as the contract says.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};

use crate::value::Decimal;

pub(crate) type Exact = BigRational;

pub(crate) fn whole(x: impl Into<BigInt>) -> Exact {
    Exact::from_integer(x.into())
}

pub(crate) fn ten_to(power: i64) -> Exact {
    let size = BigInt::from(10).pow(u32::try_from(power.abs()).expect("it is small"));
    if power < 0 {
        Exact::new(BigInt::one(), size)
    } else {
        whole(size)
    }
}

pub(crate) fn exact(x: Decimal) -> Exact {
    whole(x.mantissa()) * ten_to(-i64::from(x.scale()))
}

/// The nearest whole number; of two the even one.
pub(crate) fn half_even(x: &Exact) -> Exact {
    let below = x.floor();
    let rest = x - &below;
    let half = Exact::new(1.into(), 2.into());
    let odd = (below.to_integer() % BigInt::from(2)) != BigInt::zero();
    if rest > half || (rest == half && odd) {
        below + whole(1)
    } else {
        below
    }
}

/// The nearest whole number; of two the one farther from zero.
pub(crate) fn half_away(x: &Exact) -> Exact {
    let half = Exact::new(1.into(), 2.into());
    if x.is_negative() {
        (x - half).ceil()
    } else {
        (x + half).floor()
    }
}

/// The result of an operation: with as many of 28 places as 96 bits hold, a half to the even neighbour; none beyond
/// ±7.9 × 10²⁸, which is what 96 bits hold without any place.
pub(crate) fn settled(x: &Exact) -> Option<Exact> {
    let most = whole((BigInt::one() << 96_u32) - 1);
    (0..=28).rev().find_map(|places| {
        let rounded = half_even(&(x * ten_to(places)));
        (rounded.abs() <= most).then(|| rounded * ten_to(-places))
    })
}

/// A number as it is written, without trailing zeros.
pub(crate) fn written(x: &Exact) -> String {
    let digits = (x.abs() * ten_to(28)).to_integer().to_string();
    let digits = format!("{digits:0>29}");
    let (whole, places) = digits.split_at(digits.len() - 28);
    let places = places.trim_end_matches('0');
    let sign = if x.is_negative() { "-" } else { "" };
    let point = if places.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{places}")
}
