//! SHA-256 of sixteen messages at once (FIPS 180-4), one in each 32-bit lane.

use core::arch::x86_64::*;

/// How many messages go together.
pub const LANES: usize = 16;
/// Bytes of a block.
pub const BLOCK: usize = 64;
const XOR: i32 = 0x96;
const CHOICE: i32 = 0xca;
const MAJORITY: i32 = 0xe8;

/// Eight words of each of sixteen lanes.
pub type State = [__m512i; 8];
/// The words of a block that is the same for all lanes, for each round, its constant added.
pub type Schedule = [u32; 64];

const INITIAL: [u32; 8] =
    [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const ROUND: [u32; 64] = [
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
    0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
    0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
    0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
    0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
    0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
    0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
];

/// The schedule of one block.
pub fn schedule(block: &[u8; BLOCK]) -> Schedule {
    let mut words = [0u32; 64];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for at in 16..64 {
        let (early, late) = (words[at - 15], words[at - 2]);
        let small = early.rotate_right(7) ^ early.rotate_right(18) ^ (early >> 3);
        let large = late.rotate_right(17) ^ late.rotate_right(19) ^ (late >> 10);
        words[at] = words[at - 16].wrapping_add(small).wrapping_add(words[at - 7]).wrapping_add(large);
    }
    std::array::from_fn(|at| words[at].wrapping_add(ROUND[at]))
}

/// The state before any block.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn initial() -> State {
    let mut state = [_mm512_setzero_si512(); 8];
    for (word, value) in state.iter_mut().zip(INITIAL) {
        *word = _mm512_set1_epi32(value as i32);
    }
    state
}

/// One block of each lane into the words of each step: big-endian, and turned from lanes to words.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn turned(blocks: &[__m512i; LANES]) -> [__m512i; 16] {
    let order = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
    let mut rows = *blocks;
    for row in &mut rows {
        *row = _mm512_shuffle_epi8(*row, order);
    }
    // Pairs of rows, then of pairs, within 128 bits; then the 128-bit quarters across.
    let mut pairs = rows;
    for four in 0..4 {
        let [a, b, c, d] = [rows[four * 4], rows[four * 4 + 1], rows[four * 4 + 2], rows[four * 4 + 3]];
        let (low, high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (low_next, high_next) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        pairs[four * 4] = _mm512_unpacklo_epi64(low, low_next);
        pairs[four * 4 + 1] = _mm512_unpackhi_epi64(low, low_next);
        pairs[four * 4 + 2] = _mm512_unpacklo_epi64(high, high_next);
        pairs[four * 4 + 3] = _mm512_unpackhi_epi64(high, high_next);
    }
    let mut words = rows;
    for word in 0..4 {
        let [a, b, c, d] = [pairs[word], pairs[word + 4], pairs[word + 8], pairs[word + 12]];
        let (even, odd) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xdd>(a, b));
        let (even_next, odd_next) = (_mm512_shuffle_i32x4::<0x88>(c, d), _mm512_shuffle_i32x4::<0xdd>(c, d));
        words[word] = _mm512_shuffle_i32x4::<0x88>(even, even_next);
        words[word + 8] = _mm512_shuffle_i32x4::<0xdd>(even, even_next);
        words[word + 4] = _mm512_shuffle_i32x4::<0x88>(odd, odd_next);
        words[word + 12] = _mm512_shuffle_i32x4::<0xdd>(odd, odd_next);
    }
    words
}

/// One round; `added` is the word of its step and its constant.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
fn round([a, b, c, d, e, f, g, h]: State, added: __m512i) -> State {
    let turned = _mm512_ternarylogic_epi32::<XOR>(
        _mm512_ror_epi32::<6>(e),
        _mm512_ror_epi32::<11>(e),
        _mm512_ror_epi32::<25>(e),
    );
    let first = sum(sum(h, added), sum(turned, _mm512_ternarylogic_epi32::<CHOICE>(e, f, g)));
    let turned = _mm512_ternarylogic_epi32::<XOR>(
        _mm512_ror_epi32::<2>(a),
        _mm512_ror_epi32::<13>(a),
        _mm512_ror_epi32::<22>(a),
    );
    let second = sum(turned, _mm512_ternarylogic_epi32::<MAJORITY>(a, b, c));
    [sum(first, second), a, b, c, sum(d, first), e, f, g]
}

/// One block of each lane. Sixteen steps are written out: words then stay in registers, and none is moved.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline(never)]
pub fn compress(state: &State, mut schedule: [__m512i; 16]) -> State {
    let mut s = *state;
    for constants in &ROUND.as_chunks::<16>().0[..3] {
        sixteen_times!(|step| {
            s = round(s, sum(schedule[step], _mm512_set1_epi32(constants[step] as i32)));
            schedule[step] = following(&schedule, step);
        });
    }
    let constants = &ROUND[48..];
    sixteen_times!(|step| s = round(s, sum(schedule[step], _mm512_set1_epi32(constants[step] as i32))));
    added(s, state)
}

/// The word that is sixteen steps after `step`.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
fn following(schedule: &[__m512i; 16], step: usize) -> __m512i {
    let (early, late) = (schedule[(step + 1) % 16], schedule[(step + 14) % 16]);
    let small = _mm512_ternarylogic_epi32::<XOR>(
        _mm512_ror_epi32::<7>(early),
        _mm512_ror_epi32::<18>(early),
        _mm512_srli_epi32::<3>(early),
    );
    let large = _mm512_ternarylogic_epi32::<XOR>(
        _mm512_ror_epi32::<17>(late),
        _mm512_ror_epi32::<19>(late),
        _mm512_srli_epi32::<10>(late),
    );
    sum(sum(schedule[step], small), sum(schedule[(step + 9) % 16], large))
}

/// The same block for all lanes: a third less work, for its schedule is made before.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline(never)]
pub fn compress_same(state: &State, schedule: &Schedule) -> State {
    let mut s = *state;
    for words in schedule.as_chunks::<16>().0 {
        sixteen_times!(|step| s = round(s, _mm512_set1_epi32(words[step] as i32)));
    }
    added(s, state)
}

#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
fn sum(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi32(a, b)
}

#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
fn added(mut s: State, state: &State) -> State {
    for (word, before) in s.iter_mut().zip(state) {
        *word = sum(*word, *before);
    }
    s
}
