//! Ed25519 signatures verified, many of few keys: exactly those that the portable path takes (docs/log.md, "Signatures").
//!
//! Each signature is checked by itself, by the equation without the cofactor: no random combination of several, which
//! would take keys of mixed order otherwise than libsodium does. The speed comes from tables: a key that signs often
//! gets its multiples, as the base point has, and then neither needs a doubling. All of it is public data, so nothing
//! here is constant time.

use std::collections::HashMap;
use std::sync::LazyLock;

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use sha2::{Digest, Sha512};

use crate::column::{Column, fixed, require_count};
use crate::error::Error;

const PUBLIC_SIZE: usize = 32;
const SIGNATURE_SIZE: usize = 64;
/// Bits of a digit. A table has 370 KiB: those of some parties and their people stay in a core's cache.
const WIDTH: usize = 7;
const HALF: usize = 1 << (WIDTH - 1);
/// Digits of a scalar, with room for the last carry: a scalar is below 2^253.
const DIGITS: usize = 254_usize.div_ceil(WIDTH);
/// Making a table takes as long as it spares in some 25 verifications.
const USES_BEFORE_A_TABLE: usize = 32;
const MOST_TABLES: usize = 64;
const MOST_KEYS: usize = 4096;

static BASE: LazyLock<Table> = LazyLock::new(|| Table::of(ED25519_BASEPOINT_POINT));

/// Multiples of a point: (j + 1) 2^(WIDTH i) P at HALF i + j.
struct Table(Vec<EdwardsPoint>);

impl Table {
    fn of(mut point: EdwardsPoint) -> Self {
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

    /// `sum` + `scalar` P. The scalar is a whole number below L, whatever the order of P.
    fn add(&self, mut sum: EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
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

/// Digits of a scalar in radix 2^WIDTH, least first, above -HALF and up to HALF.
fn digits(scalar: &Scalar) -> [i16; DIGITS] {
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

/// What is known of a key: nothing is signed by a refused one.
enum Key {
    Refused,
    Plain { minus: EdwardsPoint, uses: usize },
    Tabled(Table),
}

impl Key {
    /// Rule 1: canonical, a point, and of no small order.
    fn read(public: &[u8; PUBLIC_SIZE]) -> Self {
        let encoding = CompressedEdwardsY(*public);
        match encoding.decompress() {
            Some(point) if point.compress() == encoding && !point.is_small_order() => {
                Self::Plain { minus: -point, uses: 0 }
            }
            _ => Self::Refused,
        }
    }

    /// `s` B - `k` A, or None under a refused key.
    fn combine(&self, s: &Scalar, k: &Scalar) -> Option<EdwardsPoint> {
        match self {
            Self::Refused => None,
            Self::Plain { minus, .. } => Some(EdwardsPoint::vartime_double_scalar_mul_basepoint(k, minus, s)),
            Self::Tabled(minus) => Some(BASE.add(minus.add(EdwardsPoint::identity(), k), s)),
        }
    }
}

/// The keys met so far, with the tables of those that sign often.
#[derive(Default)]
pub struct Keys {
    known: HashMap<[u8; PUBLIC_SIZE], Key>,
    tables: usize,
}

impl Keys {
    /// One byte for each signature (64 bytes) of the key (32 bytes) and the message at the same place: 1 if it is taken.
    pub fn verify(&mut self, publics: &[u8], signatures: &[u8], messages: &Column) -> Result<Vec<u8>, Error> {
        let publics = fixed::<PUBLIC_SIZE>(publics, "keys")?;
        let signatures = fixed::<SIGNATURE_SIZE>(signatures, "signatures")?;
        require_count(publics.len(), messages.count(), "keys")?;
        require_count(signatures.len(), messages.count(), "signatures")?;
        let found: Vec<Option<EdwardsPoint>> =
            (0..messages.count()).map(|at| self.combined(&publics[at], &signatures[at], messages.get(at))).collect();
        // One inversion for all encodings.
        let points: Vec<EdwardsPoint> = found.iter().map(|point| point.unwrap_or_default()).collect();
        let encodings = EdwardsPoint::compress_batch_alloc(&points);
        Ok(found
            .iter()
            .zip(encodings.iter().zip(signatures))
            .map(|(point, (encoding, signature))| {
                // Rules 3 and 4.
                let is_taken = point
                    .is_some_and(|point| encoding.as_bytes() == &signature[..PUBLIC_SIZE] && !point.is_small_order());
                u8::from(is_taken)
            })
            .collect())
    }

    /// What R must be the encoding of; None where rule 1 or 2 refuses.
    fn combined(
        &mut self,
        public: &[u8; PUBLIC_SIZE],
        signature: &[u8; SIGNATURE_SIZE],
        message: &[u8],
    ) -> Option<EdwardsPoint> {
        let (first, second) = signature.as_chunks::<32>().0.split_first()?;
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(second[0]))?;
        let k: [u8; 64] =
            Sha512::new().chain_update(first).chain_update(public).chain_update(message).finalize().into();
        self.key(public).combine(&s, &Scalar::from_bytes_mod_order_wide(&k))
    }

    fn key(&mut self, public: &[u8; PUBLIC_SIZE]) -> &Key {
        if self.known.len() >= MOST_KEYS && !self.known.contains_key(public) {
            *self = Self::default();
        }
        let key = self.known.entry(*public).or_insert_with(|| Key::read(public));
        if let Key::Plain { minus, uses } = key {
            *uses += 1;
            if *uses > USES_BEFORE_A_TABLE && self.tables < MOST_TABLES {
                self.tables += 1;
                *key = Key::Tabled(Table::of(*minus));
            }
        }
        key
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 section 7.1, TEST 3.
    const PUBLIC: &str = "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025";
    const SIGNATURE: &str = "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac\
                             18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

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
    fn a_table_multiplies() {
        let point = ED25519_BASEPOINT_POINT * Scalar::from(77u64);
        for scalar in [Scalar::ZERO, -Scalar::ONE, Scalar::from_bytes_mod_order([0x5a; 32])] {
            assert_eq!(Table::of(point).add(EdwardsPoint::identity(), &scalar), point * scalar);
        }
    }

    #[test]
    fn a_key_has_one_encoding() {
        // y from p to 2^255 - 1, of which some are on the curve: nobody can sign with these, so it shows only here.
        let mut encoding = [0xff; 32];
        for (low, top) in (0xed..=0xff).flat_map(|low| [(low, 0x7f), (low, 0xff)]) {
            (encoding[0], encoding[31]) = (low, top);
            assert!(matches!(Key::read(&encoding), Key::Refused));
        }
        assert!((0xed..=0xff).any(|low| {
            encoding[0] = low;
            CompressedEdwardsY(encoding).decompress().is_some_and(|point| !point.is_small_order())
        }));
    }

    #[test]
    fn few_keys_are_remembered() {
        let mut keys = Keys::default();
        for number in 0..2 * MOST_KEYS as u64 {
            let mut public = [0; 32];
            public[..8].copy_from_slice(&number.to_le_bytes());
            keys.key(&public);
        }
        assert!(keys.known.len() <= MOST_KEYS);
    }

    #[test]
    fn one_signature_with_and_without_a_table() {
        let (mut keys, mut changed) = (Keys::default(), bytes(SIGNATURE));
        changed[1] ^= 1;
        let message = Column::new(&[0xaf, 0x82], &[0, 0, 0, 0, 2, 0, 0, 0]).unwrap();
        for _ in 0..2 * USES_BEFORE_A_TABLE {
            assert_eq!(keys.verify(&bytes(PUBLIC), &bytes(SIGNATURE), &message), Ok(vec![1]));
            assert_eq!(keys.verify(&bytes(PUBLIC), &changed, &message), Ok(vec![0]));
        }
        assert_eq!(keys.tables, 1);
    }
}
