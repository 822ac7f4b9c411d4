//! The crate's only unsafe code: moving words into and out of vectors, and entering code that needs AVX-512.

#![allow(unsafe_code)]

use core::arch::x86_64::*;
use std::sync::LazyLock;

use curve25519_dalek::scalar::Scalar;

use super::point::niels;
use super::{Niels, Signed, aes256, field, gcm, group, hash256, hmac, sha256, signed, sums};
use crate::ciphers::Four;
use crate::input::Inputs;
use crate::keyed::Words;
use crate::oprf::Scalars;

static AVAILABLE: LazyLock<bool> = LazyLock::new(|| {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512ifma")
        && is_x86_feature_detected!("vaes")
        && is_x86_feature_detected!("vpclmulqdq")
});

/// Proof that this processor has what the kernel needs: only `detect` makes one.
#[derive(Clone, Copy)]
pub struct Kernel(());

impl Kernel {
    /// The kernel, where the processor has it.
    pub fn detect() -> Option<Self> {
        AVAILABLE.then_some(Self(()))
    }

    /// See `group::hashed`.
    pub fn hashed(self, inputs: &Inputs, first: usize, halves: Scalars) -> Vec<[u8; 32]> {
        // SAFETY: a `Kernel` exists only where the features that `hashed` is compiled for were detected.
        unsafe { group::hashed(inputs, first, halves) }
    }

    /// See `group::decoded`.
    pub fn decoded(self, elements: &[[u8; 32]], halves: Scalars) -> Result<Vec<[u8; 32]>, usize> {
        // SAFETY: as in `hashed`.
        unsafe { group::decoded(elements, halves) }
    }

    /// See `group::finish`.
    pub fn finish(self, inputs: &Inputs, first: usize, elements: &[[u8; 32]], output: &mut [u8]) {
        // SAFETY: as in `hashed`.
        unsafe { group::finish(inputs, first, elements, output) }
    }

    /// See `hmac::expanded`.
    pub fn expanded(self, secrets: &[[u8; 64]], info: &hmac::Info, output: &mut [[u8; 192]; 8]) {
        // SAFETY: as in `hashed`.
        unsafe { hmac::expanded(secrets, info, output) }
    }

    /// See `hmac::evaluated`.
    pub fn evaluated(self, key: &[u8; 32], inputs: &Inputs, first: usize, output: &mut [u8]) {
        // SAFETY: as in `hashed`.
        unsafe { hmac::evaluated(key, inputs, first, output) }
    }

    /// See `hash256::Keyed`.
    pub fn keyed256(self, keys: &[[u8; 32]; 16]) -> hash256::Keyed {
        // SAFETY: as in `hashed`.
        unsafe { hash256::Keyed::new(keys) }
    }

    /// See `hash256::Keyed`.
    pub fn keyed256_of(self, keys: &Words) -> hash256::Keyed {
        // SAFETY: as in `hashed`.
        unsafe { hash256::Keyed::of_words(keys) }
    }

    /// See `hash256::Keyed`.
    pub fn same256(self, keyed: &hash256::Keyed, message: &[sha256::Schedule]) -> Words {
        // SAFETY: as in `hashed`.
        unsafe { keyed.same(message) }
    }

    /// See `hash256::Keyed`.
    pub fn each256(self, keyed: &hash256::Keyed, messages: &[&[u8]; 16]) -> Words {
        // SAFETY: as in `hashed`.
        unsafe { keyed.each(messages) }
    }

    /// See `hash256::leaves`.
    pub fn leaves(self, rows: &[&[u8]; 16]) -> [[u8; 32]; 16] {
        // SAFETY: as in `hashed`.
        unsafe { hash256::leaves(rows) }
    }

    /// See `hash256::nodes`.
    pub fn nodes(self, pairs: &[&[u8]; 16]) -> [[u8; 32]; 16] {
        // SAFETY: as in `hashed`.
        unsafe { hash256::nodes(pairs) }
    }

    /// See `gcm::seal`.
    pub fn seal(
        self,
        keys: &[&[u8; 32]; 16],
        nonces: &[[u8; 12]; 16],
        associated: &[&[u8]; 16],
        places: &mut [&mut [u8]],
    ) {
        // SAFETY: as in `hashed`.
        unsafe { gcm::seal(keys, nonces, associated, places) }
    }

    /// See `aes256::Sixteen`.
    pub fn ciphers(self, keys: &Words) -> aes256::Sixteen {
        // SAFETY: as in `hashed`.
        unsafe { aes256::Sixteen::of_words(keys) }
    }

    /// See `aes256::Sixteen`.
    pub fn encrypt_row(self, ciphers: &aes256::Sixteen, row: usize, blocks: &[Four], take: impl FnMut(Four)) {
        // SAFETY: as in `hashed`.
        unsafe { ciphers.encrypt_row(row, blocks, take) }
    }

    /// See `niels::multiples`.
    pub fn multiples(self, encoding: &[u8; 32]) -> Vec<Niels> {
        // SAFETY: as in `hashed`.
        unsafe { niels::multiples(encoding) }
    }

    /// See `signed::combined`.
    pub fn combined(self, items: &[Signed], base: &[Niels]) -> Vec<[u8; 32]> {
        // SAFETY: as in `hashed`.
        unsafe { signed::combined(items, base) }
    }

    /// See `sums::sum`.
    pub fn sum(self, elements: &[[u8; 32]], halves: &[Scalar]) -> Result<[u8; 32], usize> {
        // SAFETY: as in `hashed`.
        unsafe { sums::sum(elements, halves) }
    }

    /// See `sums::expanded`.
    pub fn expanded512(self, messages: &mut [Vec<u8>; 8], tag: &[u8]) -> [[u8; 64]; 8] {
        // SAFETY: as in `hashed`.
        unsafe { sums::expanded(messages, tag) }
    }

    /// See `field::multiply_only`.
    pub fn multiply_only(self, rounds: u64) -> u64 {
        // SAFETY: as in `hashed`.
        unsafe { field::multiply_only(rounds) }
    }
}

/// Eight words into the lanes of a vector.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
pub fn load(words: &[u64; 8]) -> __m512i {
    // SAFETY: the reference is to 64 readable bytes, and this load asks for no alignment.
    unsafe { _mm512_loadu_epi64(words.as_ptr().cast()) }
}

/// The lanes of a vector as eight words.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
pub fn store(vector: __m512i) -> [u64; 8] {
    let mut words = [0u64; 8];
    // SAFETY: the array is 64 writable bytes, and this store asks for no alignment.
    unsafe { _mm512_storeu_epi64(words.as_mut_ptr().cast(), vector) };
    words
}

/// Sixty-four bytes into a vector.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
pub fn load_bytes(bytes: &[u8; 64]) -> __m512i {
    // SAFETY: the reference is to 64 readable bytes, and this load asks for no alignment.
    unsafe { _mm512_loadu_epi8(bytes.as_ptr().cast()) }
}

/// The sixty-four bytes of a vector.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
pub fn store_bytes(vector: __m512i) -> [u8; 64] {
    let mut bytes = [0u8; 64];
    // SAFETY: the array is 64 writable bytes, and this store asks for no alignment.
    unsafe { _mm512_storeu_epi8(bytes.as_mut_ptr().cast(), vector) };
    bytes
}

/// Bytes into a vector from its byte `at` on, as many as fit; zeros around them.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
pub fn load_part(bytes: &[u8], at: usize) -> __m512i {
    let at = at.min(64);
    let mask = !u64::MAX.checked_shl(bytes.len().min(64) as u32).unwrap_or(0);
    let mask = mask.checked_shl(at as u32).unwrap_or(0);
    // SAFETY: a lane that the mask leaves out is not read, and one that it has is a byte of the slice: its place in the
    // vector is its index and `at`. The address before the slice is only counted from.
    unsafe { _mm512_maskz_loadu_epi8(mask, bytes.as_ptr().wrapping_sub(at).cast()) }
}

/// Four times sixteen bytes into a vector.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
pub fn load_four(blocks: [&[u8; 16]; 4]) -> __m512i {
    // SAFETY: each reference is to 16 readable bytes, and this load asks for no alignment.
    let [a, b, c, d] = blocks.map(|block| unsafe { _mm_loadu_si128(block.as_ptr().cast()) });
    let low = _mm512_inserti32x4::<1>(_mm512_castsi128_si512(a), b);
    _mm512_inserti32x4::<3>(_mm512_inserti32x4::<2>(low, c), d)
}

/// The quarters of a vector.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
pub fn store_four(vector: __m512i) -> [[u8; 16]; 4] {
    let mut blocks = [[0u8; 16]; 4];
    // SAFETY: the array is 64 writable bytes, and this store asks for no alignment.
    unsafe { _mm512_storeu_epi8(blocks.as_mut_ptr().cast(), vector) };
    blocks
}

/// One 128-bit quarter of a vector in memory, in all quarters.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
pub fn load_quarter(vector: &__m512i, quarter: usize) -> __m512i {
    let pointer: *const __m512i = vector;
    // SAFETY: a vector is four quarters of 16 readable bytes, and the mask keeps to them.
    _mm512_broadcast_i32x4(unsafe { _mm_loadu_si128(pointer.cast::<__m128i>().add(quarter & 3)) })
}

/// Sixteen 32-bit words into the lanes of a vector.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
pub fn load_words(words: &[u32; 16]) -> __m512i {
    // SAFETY: the reference is to 64 readable bytes, and this load asks for no alignment.
    unsafe { _mm512_loadu_epi32(words.as_ptr().cast()) }
}

/// The lanes of a vector as sixteen 32-bit words.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
pub fn store_words(vector: __m512i) -> [u32; 16] {
    let mut words = [0u32; 16];
    // SAFETY: the array is 64 writable bytes, and this store asks for no alignment.
    unsafe { _mm512_storeu_epi32(words.as_mut_ptr().cast(), vector) };
    words
}
