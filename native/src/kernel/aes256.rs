//! AES-256 under sixteen keys at once (FIPS 197): four keys in the 128-bit quarters of a vector, four vectors.
//!
//! Row 4 q + v has quarter q of vector v, as words come out of `sha256::turned`. There is no table and no branch: the
//! processor's AES instructions do all of it.

use core::arch::x86_64::*;

use zeroize::Zeroizing;

use super::lanes::{load_four, load_quarter, load_words, store_four};
use crate::ciphers::Four;
use crate::keyed::Words;

/// Keys that go together.
pub const ROWS: usize = 16;
/// Vectors they take.
pub const VECTORS: usize = 4;
/// Bytes of a block.
pub const BLOCK: usize = 16;
const ROUNDS: usize = 14;
/// One block of each of sixteen rows.
pub type Blocks = [__m512i; VECTORS];
/// Blocks of one key side by side, at most.
const TOGETHER: usize = 4;

/// The round keys of sixteen keys. They are wiped when dropped.
pub struct Sixteen(Zeroizing<[Blocks; ROUNDS + 1]>);

impl Sixteen {
    /// Keys as bytes.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
    pub fn new(keys: &[&[u8; 32]; ROWS]) -> Self {
        let half = |number: usize| {
            let mut vectors = [_mm512_setzero_si512(); VECTORS];
            for (vector, place) in vectors.iter_mut().enumerate() {
                *place = load_four(std::array::from_fn(|quarter| &keys[quarter * 4 + vector].as_chunks().0[number]));
            }
            vectors
        };
        Self::expanded(half(0), half(1))
    }

    /// Keys that are hashes.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
    pub fn of_words(keys: &Words) -> Self {
        let order = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
        let half = |words: &[[u32; 16]]| {
            let word = |number: usize| _mm512_shuffle_epi8(load_words(&words[number]), order);
            let [a, b, c, d] = [word(0), word(1), word(2), word(3)];
            let (low, high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
            let (low_next, high_next) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
            [
                _mm512_unpacklo_epi64(low, low_next),
                _mm512_unpackhi_epi64(low, low_next),
                _mm512_unpacklo_epi64(high, high_next),
                _mm512_unpackhi_epi64(high, high_next),
            ]
        };
        let (first, second) = keys.split_at(4);
        Self::expanded(half(first), half(second))
    }

    /// The key schedule. SubWord is the last round of an encryption of four equal columns, which ShiftRows leaves alone.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
    fn expanded(first: Blocks, second: Blocks) -> Self {
        let last_word = _mm512_set1_epi32(0x0f0e0d0c);
        let last_word_turned = _mm512_set1_epi32(0x0c0f0e0d);
        let mut keys = Zeroizing::new([first; ROUNDS + 1]);
        keys[1] = second;
        for number in 2..=ROUNDS {
            let is_even = number % 2 == 0;
            let order = if is_even { last_word_turned } else { last_word };
            let constant = _mm512_set1_epi32(if is_even { 1 << (number / 2 - 1) } else { 0 });
            for vector in 0..VECTORS {
                let word = _mm512_shuffle_epi8(keys[number - 1][vector], order);
                let mut sums = keys[number - 2][vector];
                sums = _mm512_xor_si512(sums, _mm512_bslli_epi128::<4>(sums));
                sums = _mm512_xor_si512(sums, _mm512_bslli_epi128::<8>(sums));
                keys[number][vector] = _mm512_xor_si512(sums, _mm512_aesenclast_epi128(word, constant));
            }
        }
        Self(keys)
    }

    /// One block of each row.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
    #[inline]
    pub fn encrypt(&self, mut blocks: Blocks) -> Blocks {
        let [first, between @ .., last] = &*self.0;
        for (block, key) in blocks.iter_mut().zip(first) {
            *block = _mm512_xor_si512(*block, *key);
        }
        for keys in between {
            for (block, key) in blocks.iter_mut().zip(keys) {
                *block = _mm512_aesenc_epi128(*block, *key);
            }
        }
        for (block, key) in blocks.iter_mut().zip(last) {
            *block = _mm512_aesenclast_epi128(*block, *key);
        }
        blocks
    }

    /// Blocks of one row, four in a vector, as many as are asked for.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
    pub fn encrypt_row(&self, row: usize, blocks: &[Four], mut take: impl FnMut(Four)) {
        let key = |number: usize| load_quarter(&self.0[number][row % 4], row / 4);
        for blocks in blocks.chunks(TOGETHER) {
            let mut vectors = [key(0); TOGETHER];
            for (vector, block) in vectors.iter_mut().zip(blocks) {
                *vector = _mm512_xor_si512(*vector, load_four(block.each_ref()));
            }
            for number in 1..ROUNDS {
                let key = key(number);
                for vector in &mut vectors {
                    *vector = _mm512_aesenc_epi128(*vector, key);
                }
            }
            let key = key(ROUNDS);
            for vector in vectors.iter().take(blocks.len()) {
                take(store_four(_mm512_aesenclast_epi128(*vector, key)));
            }
        }
    }
}
