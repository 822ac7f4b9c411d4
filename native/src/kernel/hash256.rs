//! SHA-256 and HMAC-SHA-256 of sixteen messages at once, from bytes to words and back (FIPS 180-4, FIPS 198-1).
//!
//! Hashes stay words by lane as long as they can: what a hash keys, or what is hashed again, is never turned.

use core::arch::x86_64::*;

use super::lanes::{load_bytes, load_part, load_words, store_bytes, store_words};
use super::sha256::{BLOCK, LANES, Schedule, State, compress, compress_same, initial, schedule, turned};
use crate::keyed::Words;

/// Bytes of a hash.
const HASH: usize = 32;
/// Bytes that say the length, at the end of the last block.
const LENGTH: usize = 8;

/// The states after the key blocks of HMAC.
pub struct Keyed {
    /// Before the message.
    pub inner: State,
    /// Before the inner hash.
    pub outer: State,
}

impl Keyed {
    /// Keys as bytes, 32 each.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    pub fn new(keys: &[[u8; HASH]; LANES]) -> Self {
        let mut rows = [_mm512_setzero_si512(); LANES];
        for (row, key) in rows.iter_mut().zip(keys) {
            *row = load_part(key, 0);
        }
        let [a, b, c, d, e, f, g, h, ..] = turned(&rows);
        Self::of(&[a, b, c, d, e, f, g, h])
    }

    /// Keys that are hashes.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    pub fn of_words(keys: &Words) -> Self {
        let mut words = [_mm512_setzero_si512(); 8];
        for (word, key) in words.iter_mut().zip(keys) {
            *word = load_words(key);
        }
        Self::of(&words)
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    fn of(keys: &State) -> Self {
        let begun = |pad: u8| {
            let pad = _mm512_set1_epi8(pad as i8);
            let mut schedule = [pad; 16];
            for (word, key) in schedule.iter_mut().zip(keys) {
                *word = _mm512_xor_si512(*key, pad);
            }
            compress(&initial(), schedule)
        };
        Self { inner: begun(0x36), outer: begun(0x5c) }
    }

    /// HMAC of a message that is the same for all lanes, as `same` leaves it.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    pub fn same(&self, message: &[Schedule]) -> Words {
        self.ended(&message.iter().fold(self.inner, |state, block| compress_same(&state, block)))
    }

    /// HMAC of one message for each lane.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    pub fn each(&self, messages: &[&[u8]; LANES]) -> Words {
        self.ended(&update(self.inner, messages, None, BLOCK))
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
    fn ended(&self, inner: &State) -> Words {
        let mut schedule = [_mm512_setzero_si512(); 16];
        schedule[..8].copy_from_slice(inner);
        schedule[8] = _mm512_set1_epi32(i32::MIN);
        schedule[15] = _mm512_set1_epi32(((BLOCK + HASH) * 8) as i32);
        let mut words = [[0; LANES]; 8];
        for (place, word) in words.iter_mut().zip(compress(&self.outer, schedule)) {
            *place = store_words(word);
        }
        words
    }
}

/// The blocks of a message behind a key's.
pub fn same(message: &[u8]) -> Vec<Schedule> {
    let whole = (message.len() + 1 + LENGTH).next_multiple_of(BLOCK);
    let mut padded = [message, &[0x80]].concat();
    padded.resize(whole - LENGTH, 0);
    padded.extend_from_slice(&(((BLOCK + message.len()) * 8) as u64).to_be_bytes());
    padded.as_chunks().0.iter().map(schedule).collect()
}

/// The leaf hashes (SHA-256 of a zero byte and the row) of sixteen rows of equal length.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn leaves(rows: &[&[u8]; LANES]) -> [[u8; HASH]; LANES] {
    digests(&update(initial(), rows, Some(0), 0))
}

/// The node hashes (SHA-256 of a one byte and two hashes) of sixteen pairs.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn nodes(pairs: &[&[u8]; LANES]) -> [[u8; HASH]; LANES] {
    digests(&update(initial(), pairs, Some(1), 0))
}

/// The states after `messages`, each behind `head` and padded, that follow `before` bytes; lengths may differ and are
/// not secret.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn update(mut state: State, messages: &[&[u8]; LANES], head: Option<u8>, before: usize) -> State {
    let heads = usize::from(head.is_some());
    let blocks = |message: &[u8]| (heads + message.len() + 1 + LENGTH).div_ceil(BLOCK);
    let most = messages.iter().map(|message| blocks(message)).max().unwrap_or(0);
    for number in 0..most {
        let mut rows = [_mm512_setzero_si512(); LANES];
        let mut active: __mmask16 = 0;
        for (lane, (row, message)) in rows.iter_mut().zip(messages).enumerate() {
            let last = blocks(message) - 1;
            if number > last {
                continue;
            }
            active |= 1 << lane;
            *row = block(message, head, number);
            if number == last {
                let bits = ((before + heads + message.len()) * 8) as u64;
                *row = _mm512_mask_set1_epi64(*row, 1 << 7, bits.swap_bytes() as i64);
            }
        }
        let next = compress(&state, turned(&rows));
        for (word, new) in state.iter_mut().zip(next) {
            *word = _mm512_mask_mov_epi32(*word, active, new);
        }
    }
    state
}

/// Block `number` of `head || message || 0x80`, from where it lies: no copy of it is made.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
fn block(message: &[u8], head: Option<u8>, number: usize) -> __m512i {
    let heads = usize::from(head.is_some());
    let at = if number == 0 { heads } else { 0 };
    let from = number * BLOCK + at - heads;
    let rest = message.get(from..).unwrap_or_default();
    if at == 0
        && let Some(whole) = rest.first_chunk()
    {
        return load_bytes(whole);
    }
    let mut row = load_part(rest, at);
    if let Some(head) = head.filter(|_| at > 0) {
        row = _mm512_mask_set1_epi8(row, 1, head as i8);
    }
    if from <= message.len() && at + rest.len() < BLOCK {
        row = _mm512_mask_set1_epi8(row, 1 << (at + rest.len()), i8::MIN);
    }
    row
}

/// The digests, lane by lane.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn digests(state: &State) -> [[u8; HASH]; LANES] {
    let mut words = [_mm512_setzero_si512(); LANES];
    words[..8].copy_from_slice(state);
    let mut digests = [[0; HASH]; LANES];
    for (digest, row) in digests.iter_mut().zip(turned(&words)) {
        *digest = store_bytes(row).as_chunks().0[0];
    }
    digests
}
