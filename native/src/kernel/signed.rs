//! What signatures are verified by, eight by eight: their hashes, and the encodings of S B - k A.
//!
//! A group that is no multiple of eight is filled with its last one.

use curve25519_dalek::scalar::Scalar;

use super::point::niels::{self, Niels};
use super::sha512;
use crate::multiples::digits;

const LANES: usize = 8;

/// One signature: the multiples of -A, what is hashed (R, A and the message), and S.
pub struct Signed<'a> {
    /// `Kernel::multiples` of -A.
    pub multiples: &'a [Niels],
    /// R, A, message.
    pub parts: [&'a [u8]; 3],
    /// S, below L.
    pub s: Scalar,
}

/// The encoding that R must be, of each; `base` are the multiples of the base point.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn combined(items: &[Signed], base: &[Niels]) -> Vec<[u8; 32]> {
    let mut points = Vec::with_capacity(items.len().div_ceil(LANES));
    let mut messages: [Vec<u8>; LANES] = Default::default();
    for eight in items.chunks(LANES) {
        let lanes: [&Signed; LANES] = std::array::from_fn(|lane| &eight[lane.min(eight.len() - 1)]);
        for (message, item) in messages.iter_mut().zip(lanes) {
            message.clear();
            item.parts.iter().for_each(|part| message.extend_from_slice(part));
            sha512::pad(message, 0);
        }
        let hashes = sha512::digests(&sha512::update(sha512::initial(), &messages));
        let own = std::array::from_fn(|lane| {
            (lanes[lane].multiples, digits(&Scalar::from_bytes_mod_order_wide(&hashes[lane])))
        });
        points.push(niels::combined(&own, base, &lanes.map(|item| digits(&item.s))));
    }
    let mut found = niels::encodings(&points);
    found.truncate(items.len());
    found
}
