//! HMAC-SHA-512 and HKDF-Expand of eight keys or messages at once (FIPS 198-1, RFC 5869).

use core::arch::x86_64::*;

use zeroize::Zeroize;

use super::lanes::load;
use super::sha512::{self, State};
use crate::input::Inputs;

const LANES: usize = 8;
const BLOCK: usize = 128;

/// The states after the key's own blocks. Keys are 64 bytes at most.
struct Keyed {
    inner: State,
    outer: State,
}

impl Keyed {
    /// Words of each key, big-endian, lane by lane, filled up with zeros.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    fn new(keys: &[[u64; LANES]; 8]) -> Self {
        let begun = |pad: u8| {
            let pad = _mm512_set1_epi8(pad as i8);
            let mut schedule = [pad; 16];
            for (word, key) in schedule.iter_mut().zip(keys) {
                *word = _mm512_xor_si512(load(key), pad);
            }
            sha512::compress(&sha512::initial(), schedule)
        };
        Self { inner: begun(0x36), outer: begun(0x5c) }
    }

    /// HMAC of messages that `sha512::pad` completed behind one block.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    fn of(&self, messages: &[Vec<u8>; LANES]) -> State {
        let mut schedule = [_mm512_setzero_si512(); 16];
        schedule[..8].copy_from_slice(&sha512::update(self.inner, messages));
        schedule[8] = _mm512_set1_epi64(i64::MIN);
        schedule[15] = _mm512_set1_epi64(((BLOCK + 64) * 8) as i64);
        sha512::compress(&self.outer, schedule)
    }
}

/// 192 bytes of HKDF-Expand of each of up to eight secrets.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn expanded(secrets: &[[u8; 64]], info: &[u8], output: &mut [[u8; 192]; LANES]) {
    let mut words = [[0; LANES]; 8];
    for (lane, secret) in secrets.iter().enumerate() {
        for (word, bytes) in words.iter_mut().zip(secret.as_chunks::<8>().0) {
            word[lane] = u64::from_be_bytes(*bytes);
        }
    }
    let keyed = Keyed::new(&words);
    words.zeroize();
    // Room for any round and its padding: no message grows, and none leaves a copy behind.
    let room = 64 + info.len() + 1 + 2 * BLOCK;
    let mut messages: [Vec<u8>; LANES] = std::array::from_fn(|_| Vec::with_capacity(room));
    for round in 0..3 {
        for (message, before) in messages.iter_mut().zip(output.iter()) {
            message.clear();
            if round > 0 {
                message.extend_from_slice(&before[round * 64 - 64..round * 64]);
            }
            message.extend_from_slice(info);
            message.push(round as u8 + 1);
            sha512::pad(message, BLOCK);
        }
        for (place, digest) in output.iter_mut().zip(sha512::digests(&keyed.of(&messages))) {
            place[round * 64..][..64].copy_from_slice(&digest);
        }
    }
    messages.iter_mut().for_each(Zeroize::zeroize);
}

/// HMAC-SHA-512, under one key of 32 bytes, of inputs `first` and following, 64 bytes each.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn evaluated(key: &[u8; 32], inputs: &Inputs, first: usize, output: &mut [u8]) {
    let mut words = [[0; LANES]; 8];
    for (word, bytes) in words.iter_mut().zip(key.as_chunks::<8>().0) {
        *word = [u64::from_be_bytes(*bytes); LANES];
    }
    let keyed = Keyed::new(&words);
    words.zeroize();
    let mut messages: [Vec<u8>; LANES] = Default::default();
    for (eight, places) in output.chunks_mut(LANES * 64).enumerate() {
        let (places, _) = places.as_chunks_mut::<64>();
        for (lane, message) in messages.iter_mut().enumerate() {
            message.clear();
            inputs.append(first + eight * LANES + lane.min(places.len() - 1), message);
            sha512::pad(message, BLOCK);
        }
        for (place, digest) in places.iter_mut().zip(sha512::digests(&keyed.of(&messages))) {
            *place = digest;
        }
    }
    messages.iter_mut().for_each(Zeroize::zeroize);
}
