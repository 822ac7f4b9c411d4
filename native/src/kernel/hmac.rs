//! HMAC-SHA-512 and HKDF-Expand of eight keys or messages at once (FIPS 198-1, RFC 5869).

use core::arch::x86_64::*;

use zeroize::Zeroize;

use super::lanes::{load_bytes, load_part, store_bytes};
use super::sha512::{self, BLOCK, Schedule, State};
use crate::input::Inputs;

const LANES: usize = 8;
/// Bytes of a hash.
const HASH: usize = 64;

/// HKDF-Expand's info: what of its messages is the same for any secret, hashed as far as that goes.
pub struct Info {
    rounds: [Round; 3],
}

struct Round {
    /// Words that stand behind the hash before, in one block with it; in all rounds but the first.
    behind: [u64; 8],
    /// The blocks after that one.
    same: Vec<Schedule>,
}

impl Info {
    /// Of these bytes.
    pub fn new(info: &[u8]) -> Self {
        let round = |number: usize| {
            let before = if number == 1 { 0 } else { HASH };
            let mut message = [info, &[number as u8]].concat();
            sha512::pad(&mut message, BLOCK + before);
            let mut behind = [0; 8];
            let (beside, rest) = message.split_at(before);
            for (word, bytes) in behind.iter_mut().zip(beside.as_chunks::<8>().0) {
                *word = u64::from_be_bytes(*bytes);
            }
            Round { behind, same: rest.as_chunks().0.iter().map(sha512::schedule).collect() }
        };
        Self { rounds: [round(1), round(2), round(3)] }
    }
}

/// The states after the key's own blocks. Keys are 64 bytes at most.
struct Keyed {
    inner: State,
    outer: State,
}

impl Keyed {
    /// Words of each key, big-endian, filled up with zeros.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    fn new(keys: &State) -> Self {
        let begun = |pad: u8| {
            let pad = _mm512_set1_epi8(pad as i8);
            let mut schedule = [pad; 16];
            for (word, key) in schedule.iter_mut().zip(keys) {
                *word = _mm512_xor_si512(*key, pad);
            }
            sha512::compress(&sha512::initial(), schedule)
        };
        Self { inner: begun(0x36), outer: begun(0x5c) }
    }

    /// HMAC from the inner hash.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    fn ended(&self, inner: &State) -> State {
        let mut schedule = [_mm512_setzero_si512(); 16];
        schedule[..8].copy_from_slice(inner);
        schedule[8] = _mm512_set1_epi64(i64::MIN);
        schedule[15] = _mm512_set1_epi64(((BLOCK + HASH) * 8) as i64);
        sha512::compress(&self.outer, schedule)
    }
}

/// 192 bytes of HKDF-Expand of each of up to eight secrets.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn expanded(secrets: &[[u8; 64]], info: &Info, output: &mut [[u8; 192]; LANES]) {
    let mut rows = [_mm512_setzero_si512(); LANES];
    for (row, secret) in rows.iter_mut().zip(secrets) {
        *row = load_bytes(secret);
    }
    let keyed = Keyed::new(&sha512::turned(rows));
    let mut hash: Option<State> = None;
    for (number, round) in info.rounds.iter().enumerate() {
        let mut inner = keyed.inner;
        if let Some(before) = &hash {
            let mut schedule = [_mm512_setzero_si512(); 16];
            schedule[..8].copy_from_slice(before);
            for (vector, &word) in schedule[8..].iter_mut().zip(&round.behind) {
                *vector = _mm512_set1_epi64(word as i64);
            }
            inner = sha512::compress(&inner, schedule);
        }
        for schedule in &round.same {
            inner = sha512::compress_same(&inner, schedule);
        }
        let ended = keyed.ended(&inner);
        for (place, digest) in output.iter_mut().zip(sha512::turned(ended)) {
            place.as_chunks_mut().0[number] = store_bytes(digest);
        }
        hash = Some(ended);
    }
}

/// HMAC-SHA-512, under one key of 32 bytes, of inputs `first` and following, 64 bytes each.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn evaluated(key: &[u8; 32], inputs: &Inputs, first: usize, output: &mut [u8]) {
    let keyed = Keyed::new(&sha512::turned([load_part(key, 0); LANES]));
    let mut messages: [Vec<u8>; LANES] = Default::default();
    for (eight, places) in output.chunks_mut(LANES * 64).enumerate() {
        let (places, _) = places.as_chunks_mut::<64>();
        for (lane, message) in messages.iter_mut().enumerate() {
            message.clear();
            inputs.append(first + eight * LANES + lane.min(places.len() - 1), message);
            sha512::pad(message, BLOCK);
        }
        for (place, digest) in
            places.iter_mut().zip(sha512::digests(&keyed.ended(&sha512::update(keyed.inner, &messages))))
        {
            *place = digest;
        }
    }
    messages.iter_mut().for_each(Zeroize::zeroize);
}
