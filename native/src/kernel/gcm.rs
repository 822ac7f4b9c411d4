//! AES-256-GCM of sixteen rows of one length, each under a key of its own (NIST SP 800-38D).
//!
//! GHASH is POLYVAL of turned bytes (RFC 8452 appendix A), whose products need no shift: each row's blocks are multiplied
//! into its sum one by one, for sixteen rows beside each other leave no instruction waiting.

use core::arch::x86_64::*;

use zeroize::Zeroizing;

use super::aes256::{BLOCK, Blocks, ROWS, Sixteen, VECTORS};
use super::lanes::{load_four, store_four};

/// Seal in each of `places`, sixteen at most and of one length, what stands before its last 16 bytes, which take the tag.
/// `associated` is of one length, too.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
pub fn seal(keys: &[&[u8; 32]; ROWS], nonces: &[[u8; 12]; ROWS], associated: &[&[u8]; ROWS], places: &mut [&mut [u8]]) {
    let cipher = Sixteen::new(keys);
    let mut nonce_blocks = [[0; BLOCK]; ROWS];
    for (block, nonce) in nonce_blocks.iter_mut().zip(nonces) {
        block[..12].copy_from_slice(nonce);
    }
    let nonces = vectors(&nonce_blocks);
    let counted = |number: u32| {
        let counter = _mm512_maskz_set1_epi32(0x8888, number.swap_bytes() as i32);
        nonces.map(|nonce| _mm512_or_si512(nonce, counter))
    };
    let mut sum = Sum::new(cipher.encrypt([_mm512_setzero_si512(); VECTORS]));
    let mut gathered = Zeroizing::new([[0; BLOCK]; ROWS]);
    let associated_size = associated[0].len();
    for start in (0..associated_size).step_by(BLOCK) {
        for (place, data) in gathered.iter_mut().zip(associated) {
            part(place, &data[start..]);
        }
        sum.take(vectors(&gathered));
    }
    let size = places.first().map_or(0, |place| place.len()) - BLOCK;
    for (start, counter) in (0..size).step_by(BLOCK).zip(2..) {
        // Behind the last block there is the place of the tag: all are read and written whole, and what is no vector's
        // is left out of the sum.
        for (block, place) in gathered.iter_mut().zip(places.iter()) {
            *block = *place[start..].first_chunk().expect("a tag's place follows");
        }
        let stream = cipher.encrypt(counted(counter));
        let mut sealed = vectors(&gathered);
        for (vector, stream) in sealed.iter_mut().zip(stream) {
            *vector = _mm512_xor_si512(*vector, stream);
        }
        put(&sealed, &mut gathered);
        for (block, place) in gathered.iter().zip(places.iter_mut()) {
            *place[start..].first_chunk_mut().expect("a tag's place follows") = *block;
        }
        if size - start < BLOCK {
            let mask = ((1 << (size - start)) - 1) * 0x0001_0001_0001_0001;
            sealed = sealed.map(|vector| _mm512_maskz_mov_epi8(mask, vector));
        }
        sum.take(sealed);
    }
    let lengths = [associated_size as u64 * 8, size as u64 * 8].map(u64::to_be_bytes);
    gathered.fill(lengths.as_flattened().try_into().expect("two lengths are a block"));
    sum.take(vectors(&gathered));
    let mut tags = sum.ended();
    for (tag, stream) in tags.iter_mut().zip(cipher.encrypt(counted(1))) {
        *tag = _mm512_xor_si512(*tag, stream);
    }
    put(&tags, &mut gathered);
    for (tag, place) in gathered.iter().zip(places) {
        *place.last_chunk_mut().expect("a tag's place") = *tag;
    }
}

/// What `data` begins with, filled up with zeros.
#[inline]
fn part(place: &mut [u8; BLOCK], data: &[u8]) {
    match data.first_chunk() {
        Some(whole) => *place = *whole,
        None => {
            *place = [0; BLOCK];
            place[..data.len()].copy_from_slice(data);
        }
    }
}

/// A block of each row into vectors.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
#[inline]
fn vectors(blocks: &[[u8; BLOCK]; ROWS]) -> Blocks {
    let mut vectors = [_mm512_setzero_si512(); VECTORS];
    for (number, vector) in vectors.iter_mut().enumerate() {
        *vector = load_four(std::array::from_fn(|quarter| &blocks[quarter * 4 + number]));
    }
    vectors
}

/// The other way round.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
#[inline]
fn put(vectors: &Blocks, blocks: &mut [[u8; BLOCK]; ROWS]) {
    for (number, vector) in vectors.iter().enumerate() {
        for (quarter, block) in store_four(*vector).iter().enumerate() {
            blocks[quarter * 4 + number] = *block;
        }
    }
}

/// POLYVAL of sixteen rows: their keys, and the sums so far.
struct Sum {
    keys: Zeroizing<Blocks>,
    sums: Zeroizing<Blocks>,
}

impl Sum {
    /// `keys` are GHASH's, in its order of bits.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
    fn new(keys: Blocks) -> Self {
        let polynomial = _mm512_set4_epi32(0xc2000000_u32 as i32, 0, 0, 1);
        let mut keys = Zeroizing::new(turned(keys));
        // Each key times x: its bits one up, and the polynomial where the highest goes out; by a mask, not a branch.
        for key in keys.iter_mut() {
            let across = _mm512_bslli_epi128::<8>(_mm512_srli_epi64::<63>(*key));
            let goes_out = _mm512_shuffle_epi32::<0xff>(_mm512_srai_epi32::<31>(*key));
            let doubled = _mm512_or_si512(_mm512_slli_epi64::<1>(*key), across);
            *key = _mm512_xor_si512(doubled, _mm512_and_si512(goes_out, polynomial));
        }
        Self { keys, sums: Zeroizing::new([_mm512_setzero_si512(); VECTORS]) }
    }

    /// The next block of each row.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
    #[inline]
    fn take(&mut self, blocks: Blocks) {
        let polynomial = _mm512_set1_epi64(0xc200000000000000_u64 as i64);
        let xor = |a: __m512i, b: __m512i| _mm512_xor_si512(a, b);
        for ((sum, key), block) in self.sums.iter_mut().zip(&*self.keys).zip(turned(blocks)) {
            let a = xor(*sum, block);
            let low = _mm512_clmulepi64_epi128::<0x00>(a, *key);
            let high = _mm512_clmulepi64_epi128::<0x11>(a, *key);
            let between = xor(_mm512_clmulepi64_epi128::<0x01>(a, *key), _mm512_clmulepi64_epi128::<0x10>(a, *key));
            let low = xor(low, _mm512_bslli_epi128::<8>(between));
            let high = xor(high, _mm512_bsrli_epi128::<8>(between));
            // Montgomery's reduction: twice the low half times the polynomial, which takes 64 bits each.
            let folded = xor(swapped(low), _mm512_clmulepi64_epi128::<0x00>(low, polynomial));
            let folded = xor(swapped(folded), _mm512_clmulepi64_epi128::<0x00>(folded, polynomial));
            *sum = xor(high, folded);
        }
    }

    /// The sums in GHASH's order of bits.
    #[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
    fn ended(&self) -> Blocks {
        turned(*self.sums)
    }
}

/// The bytes of each block in the other order.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
#[inline]
fn turned(mut blocks: Blocks) -> Blocks {
    let order = _mm512_set4_epi32(0x00010203, 0x04050607, 0x08090a0b, 0x0c0d0e0f);
    for block in &mut blocks {
        *block = _mm512_shuffle_epi8(*block, order);
    }
    blocks
}

/// The 64-bit halves of each block changed round.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma,vaes,vpclmulqdq")]
#[inline]
fn swapped(block: __m512i) -> __m512i {
    _mm512_shuffle_epi32::<0x4e>(block)
}
