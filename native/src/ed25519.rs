//! Ed25519 signatures verified, many of few keys: exactly those that the portable path takes (docs/log.md, "Signatures").
//!
//! Each signature is checked by itself, by the equation without the cofactor: no random combination of several, which
//! would take keys of mixed order otherwise than libsodium does. The speed comes from tables: a key that signs often
//! gets its multiples, as the base point has, and then neither needs a doubling; and from the eight-lane kernel, where
//! the processor has one. All of it is public data, so nothing here is constant time.

use std::collections::HashMap;
use std::sync::{LazyLock, OnceLock};

use curve25519_dalek::constants::{ED25519_BASEPOINT_COMPRESSED, ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;
use sha2::{Digest, Sha512};

use crate::column::{Column, fixed, require_count};
use crate::error::Error;
#[cfg(target_arch = "x86_64")]
use crate::kernel::{Kernel, Niels, Signed};
use crate::multiples::Multiples;
use crate::oprf::Arithmetic;

const PUBLIC_SIZE: usize = 32;
const SIGNATURE_SIZE: usize = 64;
/// Making a table takes as long as it spares in some 8 verifications by the kernel, 25 without.
const USES_BEFORE_A_TABLE: usize = 16;
const MOST_TABLES: usize = 64;
const MOST_KEYS: usize = 4096;

static BASE: LazyLock<Multiples> = LazyLock::new(|| Multiples::of(ED25519_BASEPOINT_POINT));
#[cfg(target_arch = "x86_64")]
static LANED_BASE: OnceLock<Vec<Niels>> = OnceLock::new();
static SMALL_ORDER: LazyLock<[CompressedEdwardsY; 8]> = LazyLock::new(|| EIGHT_TORSION.map(|point| point.compress()));

/// What is known of a key: nothing is signed by a refused one.
enum Key {
    Refused,
    Plain {
        minus: EdwardsPoint,
        uses: usize,
    },
    Tabled(Multiples),
    #[cfg(target_arch = "x86_64")]
    Laned(Vec<Niels>),
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

    fn tabled(minus: EdwardsPoint, arithmetic: Arithmetic) -> Self {
        match arithmetic {
            #[cfg(target_arch = "x86_64")]
            Arithmetic::Lanes(kernel) => Self::Laned(kernel.multiples(minus.compress().as_bytes())),
            Arithmetic::Dalek => Self::Tabled(Multiples::of(minus)),
        }
    }
}

/// The keys met so far, with the tables of those that sign often.
pub struct Keys {
    arithmetic: Arithmetic,
    known: HashMap<[u8; PUBLIC_SIZE], Key>,
    tables: usize,
}

impl Keys {
    /// None yet.
    pub fn new(arithmetic: Arithmetic) -> Self {
        Self { arithmetic, known: HashMap::new(), tables: 0 }
    }

    /// One byte for each signature (64 bytes) of the key (32 bytes) and the message at the same place: 1 if it is taken.
    pub fn verify(&mut self, publics: &[u8], signatures: &[u8], messages: &Column) -> Result<Vec<u8>, Error> {
        let publics = fixed::<PUBLIC_SIZE>(publics, "keys")?;
        let signatures = fixed::<SIGNATURE_SIZE>(signatures, "signatures")?;
        require_count(publics.len(), messages.count(), "keys")?;
        require_count(signatures.len(), messages.count(), "signatures")?;
        self.meet(publics);
        let mut due = Due::default();
        for (at, (public, signature)) in publics.iter().zip(signatures).enumerate() {
            let ([first, second], _) = signature.as_chunks::<32>() else { continue };
            // Rule 2.
            if let Some(s) = Scalar::from_canonical_bytes(*second).into_option() {
                due.put(at, &self.known[public], s, [first, public, messages.get(at)]);
            }
        }
        let mut taken = vec![0; messages.count()];
        for (at, encoding) in due.encodings() {
            // Rules 3 and 4.
            let is_taken = encoding.0 == signatures[at][..32] && !SMALL_ORDER.contains(&encoding);
            taken[at] = u8::from(is_taken);
        }
        Ok(taken)
    }

    /// Know these keys; make tables for those that sign often. Beyond MOST_KEYS it begins anew.
    fn meet(&mut self, publics: &[[u8; PUBLIC_SIZE]]) {
        if self.known.len() >= MOST_KEYS {
            *self = Self::new(self.arithmetic);
        }
        for public in publics {
            let key = self.known.entry(*public).or_insert_with(|| Key::read(public));
            if let Key::Plain { minus, uses } = key {
                *uses += 1;
                if *uses > USES_BEFORE_A_TABLE && self.tables < MOST_TABLES {
                    self.tables += 1;
                    *key = Key::tabled(*minus, self.arithmetic);
                }
            }
        }
    }
}

/// What is to be computed: S B - k A of each signature, by its place.
#[derive(Default)]
struct Due<'a> {
    places: Vec<usize>,
    points: Vec<EdwardsPoint>,
    #[cfg(target_arch = "x86_64")]
    laned: (Vec<usize>, Vec<Signed<'a>>),
    #[cfg(not(target_arch = "x86_64"))]
    laned: std::marker::PhantomData<&'a ()>,
}

impl<'a> Due<'a> {
    /// `parts` are R, A and the message. Nothing is due under a refused key.
    fn put(&mut self, at: usize, key: &'a Key, s: Scalar, parts: [&'a [u8]; 3]) {
        let k = || {
            let hash = parts.iter().fold(Sha512::new(), |hash, part| hash.chain_update(part));
            Scalar::from_bytes_mod_order_wide(&hash.finalize().into())
        };
        let point = match key {
            Key::Refused => return,
            Key::Plain { minus, .. } => EdwardsPoint::vartime_double_scalar_mul_basepoint(&k(), minus, &s),
            Key::Tabled(minus) => BASE.add(minus.add(EdwardsPoint::identity(), &k()), &s),
            #[cfg(target_arch = "x86_64")]
            Key::Laned(multiples) => {
                self.laned.0.push(at);
                self.laned.1.push(Signed { multiples, parts, s });
                return;
            }
        };
        self.places.push(at);
        self.points.push(point);
    }

    /// Place and encoding of each; one inversion for all.
    fn encodings(self) -> Vec<(usize, CompressedEdwardsY)> {
        let encodings = EdwardsPoint::compress_batch_alloc(&self.points);
        let mut found: Vec<_> = self.places.into_iter().zip(encodings).collect();
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = Kernel::detect().filter(|_| !self.laned.0.is_empty()) {
            let base = LANED_BASE.get_or_init(|| kernel.multiples(ED25519_BASEPOINT_COMPRESSED.as_bytes()));
            let encodings = kernel.combined(&self.laned.1, base);
            found.extend(self.laned.0.into_iter().zip(encodings.into_iter().map(CompressedEdwardsY)));
        }
        found
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
        let mut keys = Keys::new(Arithmetic::Dalek);
        for number in 0..2 * MOST_KEYS as u64 {
            let mut public = [0; 32];
            public[..8].copy_from_slice(&number.to_le_bytes());
            keys.meet(&[public]);
        }
        assert!(keys.known.len() <= MOST_KEYS);
    }

    #[test]
    fn one_signature_with_and_without_a_table() {
        let mut changed = bytes(SIGNATURE);
        changed[1] ^= 1;
        let message = Column::new(&[0xaf, 0x82], &[0, 0, 0, 0, 2, 0, 0, 0]).unwrap();
        for arithmetic in [Arithmetic::Dalek, Arithmetic::choose(true)] {
            let mut keys = Keys::new(arithmetic);
            for _ in 0..2 * USES_BEFORE_A_TABLE {
                assert_eq!(keys.verify(&bytes(PUBLIC), &bytes(SIGNATURE), &message), Ok(vec![1]));
                assert_eq!(keys.verify(&bytes(PUBLIC), &changed, &message), Ok(vec![0]));
            }
            assert_eq!(keys.tables, 1);
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn eight_at_once_as_one_by_one() {
        let Some(kernel) = Kernel::detect() else { return };
        let base = kernel.multiples(ED25519_BASEPOINT_COMPRESSED.as_bytes());
        let unusual = [Scalar::ZERO, Scalar::ONE, -Scalar::ONE, Scalar::from(64u64), Scalar::from(65u64)];
        // Points of every order, and of either sign.
        let points: Vec<EdwardsPoint> =
            EIGHT_TORSION.iter().map(|small| ED25519_BASEPOINT_POINT * -Scalar::from(5u64) + small).collect();
        let tables: Vec<_> = points.iter().map(|point| kernel.multiples(point.compress().as_bytes())).collect();
        for count in [1, 7, 8, 9, 40] {
            let scalars: Vec<Scalar> = (0..count)
                .map(|at| unusual.get(at).copied().unwrap_or(Scalar::from_bytes_mod_order([at as u8; 32])))
                .collect();
            let messages: Vec<Vec<u8>> = (0..count).map(|at| vec![at as u8; at * 37]).collect();
            let items: Vec<Signed> = (0..count)
                .map(|at| Signed { multiples: &tables[at % 8], parts: [&[1], &[2], &messages[at]], s: scalars[at] })
                .collect();
            for (at, found) in kernel.combined(&items, &base).into_iter().enumerate() {
                let hash = Sha512::new().chain_update([1, 2]).chain_update(&messages[at]).finalize();
                let k = Scalar::from_bytes_mod_order_wide(&hash.into());
                let expected =
                    EdwardsPoint::vartime_double_scalar_mul_basepoint(&k, &points[at % 8], &scalars[at]).compress();
                assert_eq!(found, expected.to_bytes(), "{at} of {count}");
            }
        }
    }
}
