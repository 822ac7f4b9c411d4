//! Multiples of public points, so that one times a scalar is a sum without doublings; in variable time.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;

/// Bits of a digit. A table has some 300 KiB: those of some parties and their people stay in a core's cache.
pub const WIDTH: usize = 7;
/// The greatest digit.
pub const HALF: usize = 1 << (WIDTH - 1);
/// Digits of a scalar, with room for the last carry: a scalar is below 2^253.
pub const DIGITS: usize = 254_usize.div_ceil(WIDTH);
/// Of a scalar: in radix 2^WIDTH, least first, above -HALF and up to HALF.
pub type Digits = [i16; DIGITS];

/// The digits of a scalar, which is a whole number here: what it multiplies may be of any order.
pub fn digits(scalar: &Scalar) -> Digits {
    let mut bytes = [0; 40];
    bytes[..32].copy_from_slice(scalar.as_bytes());
    let mut carry = 0;
    std::array::from_fn(|index| {
        let first = WIDTH * index;
        let pair = u16::from_le_bytes([bytes[first / 8], bytes[first / 8 + 1]]);
        let digit = ((pair >> (first % 8)) & ((1 << WIDTH) - 1)) as i16 + carry;
        carry = i16::from(digit > HALF as i16);
        digit - (carry << WIDTH)
    })
}

/// j 2^(WIDTH i) P at HALF i + j - 1.
pub struct Multiples(Vec<EdwardsPoint>);

impl Multiples {
    /// Those of a point.
    pub fn of(mut point: EdwardsPoint) -> Self {
        let mut multiples = Vec::with_capacity(DIGITS * HALF);
        for _ in 0..DIGITS {
            let mut multiple = point;
            multiples.push(multiple);
            for _ in 1..HALF {
                multiple += point;
                multiples.push(multiple);
            }
            point = multiple + multiple;
        }
        Self(multiples)
    }

    /// `sum` + `scalar` P.
    pub fn add(&self, mut sum: EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
        for (multiples, digit) in self.0.chunks_exact(HALF).zip(digits(scalar)) {
            match digit {
                0 => {}
                1.. => sum += &multiples[digit as usize - 1],
                _ => sum -= &multiples[digit.unsigned_abs() as usize - 1],
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
    use curve25519_dalek::traits::Identity;

    #[test]
    fn digits_make_the_scalar() {
        let radix = Scalar::from(1u64 << WIDTH);
        for scalar in [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from_bytes_mod_order([0xff; 32])] {
            let sum = digits(&scalar).iter().rev().fold(Scalar::ZERO, |sum, &digit| {
                let magnitude = Scalar::from(digit.unsigned_abs());
                sum * radix + if digit < 0 { -magnitude } else { magnitude }
            });
            assert_eq!(sum, scalar);
            assert!(digits(&scalar).iter().all(|&digit| -(HALF as i16) < digit && digit <= HALF as i16));
        }
    }

    #[test]
    fn multiples_add_up() {
        let point = ED25519_BASEPOINT_POINT * Scalar::from(77u64);
        for scalar in [Scalar::ZERO, -Scalar::ONE, Scalar::from_bytes_mod_order([0x5a; 32])] {
            assert_eq!(Multiples::of(point).add(EdwardsPoint::identity(), &scalar), point * scalar);
        }
    }
}
