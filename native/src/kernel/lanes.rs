//! The crate's only unsafe code: moving words into and out of vectors, and entering code that needs AVX-512.

#![allow(unsafe_code)]

use core::arch::x86_64::*;
use std::sync::LazyLock;

use curve25519_dalek::scalar::Scalar;

use super::point::niels;
use super::{Niels, Signed, field, group, hmac, sha256, signed, sums};
use crate::input::Inputs;
use crate::oprf::Scalars;

static AVAILABLE: LazyLock<bool> = LazyLock::new(|| {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512ifma")
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
    pub fn expanded(self, secrets: &[[u8; 64]], info: &[u8], output: &mut [[u8; 192]; 8]) {
        // SAFETY: as in `hashed`.
        unsafe { hmac::expanded(secrets, info, output) }
    }

    /// See `hmac::evaluated`.
    pub fn evaluated(self, key: &[u8; 32], inputs: &Inputs, first: usize, output: &mut [u8]) {
        // SAFETY: as in `hashed`.
        unsafe { hmac::evaluated(key, inputs, first, output) }
    }

    /// See `sha256::keyed`.
    pub fn keyed256(self, keys: &[[u8; 32]; 16]) -> (sha256::State, sha256::State) {
        // SAFETY: as in `hashed`.
        unsafe { sha256::keyed(keys) }
    }

    /// See `sha256::authenticated`.
    pub fn authenticated256(
        self,
        inner: &sha256::State,
        outer: &sha256::State,
        messages: &[&[u8]; 16],
    ) -> [[u8; 32]; 16] {
        // SAFETY: as in `hashed`.
        unsafe { sha256::authenticated(inner, outer, messages) }
    }

    /// See `sha256::leaves`.
    pub fn leaves(self, rows: &[&[u8]; 16]) -> [[u8; 32]; 16] {
        // SAFETY: as in `hashed`.
        unsafe { sha256::leaves(rows) }
    }

    /// See `sha256::nodes`.
    pub fn nodes(self, pairs: &[&[u8]; 16]) -> [[u8; 32]; 16] {
        // SAFETY: as in `hashed`.
        unsafe { sha256::nodes(pairs) }
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
