//! SHA-512 of eight messages at once (FIPS 180-4), one in each lane.

use core::arch::x86_64::*;

use super::lanes::{load_bytes, store_bytes};

/// Eight words of each of eight lanes.
pub type State = [__m512i; 8];
/// The words of a block that is the same for all lanes, for each round, its constant added.
pub type Schedule = [u64; 80];
/// Bytes of a block.
pub const BLOCK: usize = 128;
const LENGTH: usize = 16;
const XOR: i32 = 0x96;
const CHOICE: i32 = 0xca;
const MAJORITY: i32 = 0xe8;

const INITIAL: [u64; 8] = [
    0x6a09e667f3bcc908,
    0xbb67ae8584caa73b,
    0x3c6ef372fe94f82b,
    0xa54ff53a5f1d36f1,
    0x510e527fade682d1,
    0x9b05688c2b3e6c1f,
    0x1f83d9abfb41bd6b,
    0x5be0cd19137e2179,
];
const ROUND: [u64; 80] = [
    0x428a2f98d728ae22,
    0x7137449123ef65cd,
    0xb5c0fbcfec4d3b2f,
    0xe9b5dba58189dbbc,
    0x3956c25bf348b538,
    0x59f111f1b605d019,
    0x923f82a4af194f9b,
    0xab1c5ed5da6d8118,
    0xd807aa98a3030242,
    0x12835b0145706fbe,
    0x243185be4ee4b28c,
    0x550c7dc3d5ffb4e2,
    0x72be5d74f27b896f,
    0x80deb1fe3b1696b1,
    0x9bdc06a725c71235,
    0xc19bf174cf692694,
    0xe49b69c19ef14ad2,
    0xefbe4786384f25e3,
    0x0fc19dc68b8cd5b5,
    0x240ca1cc77ac9c65,
    0x2de92c6f592b0275,
    0x4a7484aa6ea6e483,
    0x5cb0a9dcbd41fbd4,
    0x76f988da831153b5,
    0x983e5152ee66dfab,
    0xa831c66d2db43210,
    0xb00327c898fb213f,
    0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2,
    0xd5a79147930aa725,
    0x06ca6351e003826f,
    0x142929670a0e6e70,
    0x27b70a8546d22ffc,
    0x2e1b21385c26c926,
    0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df,
    0x650a73548baf63de,
    0x766a0abb3c77b2a8,
    0x81c2c92e47edaee6,
    0x92722c851482353b,
    0xa2bfe8a14cf10364,
    0xa81a664bbc423001,
    0xc24b8b70d0f89791,
    0xc76c51a30654be30,
    0xd192e819d6ef5218,
    0xd69906245565a910,
    0xf40e35855771202a,
    0x106aa07032bbd1b8,
    0x19a4c116b8d2d0c8,
    0x1e376c085141ab53,
    0x2748774cdf8eeb99,
    0x34b0bcb5e19b48a8,
    0x391c0cb3c5c95a63,
    0x4ed8aa4ae3418acb,
    0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc,
    0x78a5636f43172f60,
    0x84c87814a1f0ab72,
    0x8cc702081a6439ec,
    0x90befffa23631e28,
    0xa4506cebde82bde9,
    0xbef9a3f7b2c67915,
    0xc67178f2e372532b,
    0xca273eceea26619c,
    0xd186b8c721c0c207,
    0xeada7dd6cde0eb1e,
    0xf57d4f7fee6ed178,
    0x06f067aa72176fba,
    0x0a637dc5a2c898a6,
    0x113f9804bef90dae,
    0x1b710b35131c471b,
    0x28db77f523047d84,
    0x32caab7b40c72493,
    0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c,
    0x4cc5d4becb3e42b6,
    0x597f299cfc657e2a,
    0x5fcb6fab3ad6faec,
    0x6c44198c4a475817,
];

/// Complete `message`, which follows `before` bytes, to whole blocks.
pub fn pad(message: &mut Vec<u8>, before: usize) {
    let bits = ((before + message.len()) as u128) * 8;
    message.push(0x80);
    let whole = (before + message.len() + LENGTH).next_multiple_of(BLOCK);
    message.resize(whole - before - LENGTH, 0);
    message.extend_from_slice(&bits.to_be_bytes());
}

/// The state before any block.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn initial() -> State {
    let mut state = [_mm512_setzero_si512(); 8];
    for (word, value) in state.iter_mut().zip(INITIAL) {
        *word = _mm512_set1_epi64(value as i64);
    }
    state
}

/// The schedule of one block.
pub fn schedule(block: &[u8; BLOCK]) -> Schedule {
    let mut words = [0u64; 80];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks::<8>().0) {
        *word = u64::from_be_bytes(*bytes);
    }
    for at in 16..80 {
        let (early, late) = (words[at - 15], words[at - 2]);
        let small = early.rotate_right(1) ^ early.rotate_right(8) ^ (early >> 7);
        let large = late.rotate_right(19) ^ late.rotate_right(61) ^ (late >> 6);
        words[at] = words[at - 16].wrapping_add(small).wrapping_add(words[at - 7]).wrapping_add(large);
    }
    std::array::from_fn(|at| words[at].wrapping_add(ROUND[at]))
}

/// Hash messages of whole blocks, as `pad` leaves them; their lengths may differ and are not secret.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn update(mut state: State, messages: &[Vec<u8>; 8]) -> State {
    let most = messages.iter().map(Vec::len).max().unwrap_or(0) / BLOCK;
    for number in 0..most {
        let mut active: __mmask8 = 0;
        let mut blocks = [&[0; BLOCK]; 8];
        for (lane, (block, message)) in blocks.iter_mut().zip(messages).enumerate() {
            if let Some(given) = message.as_chunks().0.get(number) {
                active |= 1 << lane;
                *block = given;
            }
        }
        let next = compress(&state, words(&blocks));
        for (word, new) in state.iter_mut().zip(next) {
            *word = _mm512_mask_mov_epi64(*word, active, new);
        }
    }
    state
}

/// One block of each lane into the words of each step.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn words(blocks: &[&[u8; BLOCK]; 8]) -> [__m512i; 16] {
    let mut words = [_mm512_setzero_si512(); 16];
    for half in 0..2 {
        let mut rows = [_mm512_setzero_si512(); 8];
        for (row, block) in rows.iter_mut().zip(blocks) {
            *row = load_bytes(&block.as_chunks().0[half]);
        }
        words[half * 8..][..8].copy_from_slice(&turned(rows));
    }
    words
}

/// Sixty-four bytes of each lane into words, or digests into bytes: eight by eight words across, and each swapped.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn turned(rows: [__m512i; 8]) -> [__m512i; 8] {
    // Pairs of rows within 128 bits; then the 128-bit quarters across.
    let mut pairs = rows;
    for two in 0..4 {
        let (a, b) = (swapped(rows[two * 2]), swapped(rows[two * 2 + 1]));
        pairs[two * 2] = _mm512_unpacklo_epi64(a, b);
        pairs[two * 2 + 1] = _mm512_unpackhi_epi64(a, b);
    }
    let mut words = rows;
    for word in 0..2 {
        let [a, b, c, d] = [pairs[word], pairs[word + 2], pairs[word + 4], pairs[word + 6]];
        let (even, odd) = (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xdd>(a, b));
        let (even_next, odd_next) = (_mm512_shuffle_i32x4::<0x88>(c, d), _mm512_shuffle_i32x4::<0xdd>(c, d));
        words[word] = _mm512_shuffle_i32x4::<0x88>(even, even_next);
        words[word + 4] = _mm512_shuffle_i32x4::<0xdd>(even, even_next);
        words[word + 2] = _mm512_shuffle_i32x4::<0x88>(odd, odd_next);
        words[word + 6] = _mm512_shuffle_i32x4::<0xdd>(odd, odd_next);
    }
    words
}

/// One round; `added` is the word of its step and its constant.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
fn round([a, b, c, d, e, f, g, h]: State, added: __m512i) -> State {
    let turned = _mm512_ternarylogic_epi64::<XOR>(
        _mm512_ror_epi64::<14>(e),
        _mm512_ror_epi64::<18>(e),
        _mm512_ror_epi64::<41>(e),
    );
    let first = sum(sum(h, added), sum(turned, _mm512_ternarylogic_epi64::<CHOICE>(e, f, g)));
    let turned = _mm512_ternarylogic_epi64::<XOR>(
        _mm512_ror_epi64::<28>(a),
        _mm512_ror_epi64::<34>(a),
        _mm512_ror_epi64::<39>(a),
    );
    let second = sum(turned, _mm512_ternarylogic_epi64::<MAJORITY>(a, b, c));
    [sum(first, second), a, b, c, sum(d, first), e, f, g]
}

/// One block of each lane. Sixteen steps are written out: words then stay in registers, and none is moved.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline(never)]
pub fn compress(state: &State, mut schedule: [__m512i; 16]) -> State {
    let mut s = *state;
    for constants in &ROUND.as_chunks::<16>().0[..4] {
        sixteen_times!(|step| {
            s = round(s, sum(schedule[step], _mm512_set1_epi64(constants[step] as i64)));
            schedule[step] = following(&schedule, step);
        });
    }
    let constants = &ROUND[64..];
    sixteen_times!(|step| s = round(s, sum(schedule[step], _mm512_set1_epi64(constants[step] as i64))));
    added(s, state)
}

/// The word that is sixteen steps after `step`.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
fn following(schedule: &[__m512i; 16], step: usize) -> __m512i {
    let (early, late) = (schedule[(step + 1) % 16], schedule[(step + 14) % 16]);
    let small = _mm512_ternarylogic_epi64::<XOR>(
        _mm512_ror_epi64::<1>(early),
        _mm512_ror_epi64::<8>(early),
        _mm512_srli_epi64::<7>(early),
    );
    let large = _mm512_ternarylogic_epi64::<XOR>(
        _mm512_ror_epi64::<19>(late),
        _mm512_ror_epi64::<61>(late),
        _mm512_srli_epi64::<6>(late),
    );
    sum(sum(schedule[step], small), sum(schedule[(step + 9) % 16], large))
}

/// The same block for all lanes: a third less work, for its schedule is made before.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline(never)]
pub fn compress_same(state: &State, schedule: &Schedule) -> State {
    let mut s = *state;
    for words in schedule.as_chunks::<16>().0 {
        sixteen_times!(|step| s = round(s, _mm512_set1_epi64(words[step] as i64)));
    }
    added(s, state)
}

#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
fn sum(a: __m512i, b: __m512i) -> __m512i {
    _mm512_add_epi64(a, b)
}

#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
#[inline]
fn added(mut s: State, state: &State) -> State {
    for (word, before) in s.iter_mut().zip(state) {
        *word = sum(*word, *before);
    }
    s
}

/// Words of a digest read as little-endian, or the other way round.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn swapped(word: __m512i) -> __m512i {
    let order = _mm512_set4_epi32(0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607);
    _mm512_shuffle_epi8(word, order)
}

/// The digests, lane by lane.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn digests(state: &State) -> [[u8; 64]; 8] {
    let mut digests = [[0; 64]; 8];
    for (digest, row) in digests.iter_mut().zip(turned(*state)) {
        *digest = store_bytes(row);
    }
    digests
}
