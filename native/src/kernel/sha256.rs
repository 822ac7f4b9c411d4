//! SHA-256 of sixteen messages at once (FIPS 180-4), one in each 32-bit lane.

use core::arch::x86_64::*;

use super::lanes::{load_bytes, load_words, store_words};

/// How many messages go together.
pub const LANES: usize = 16;
const BLOCK: usize = 64;
/// Bytes that say the length, at the end of the last block.
const LENGTH: usize = 8;

/// Eight words of each of sixteen lanes.
pub type State = [[u32; LANES]; 8];
type Vectors = [__m512i; 8];

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

/// The states after the key blocks of HMAC: inner and outer. Keys are 32 bytes each.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn keyed(keys: &[[u8; 32]; LANES]) -> (State, State) {
    let begun = |pad: u8| {
        let mut blocks = [[pad; BLOCK]; LANES];
        for (block, key) in blocks.iter_mut().zip(keys) {
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        }
        let state = stored(&compress(&initial(), transposed(&blocks.each_ref())));
        zeroize::Zeroize::zeroize(&mut blocks);
        state
    };
    (begun(0x36), begun(0x5c))
}

/// HMAC of one message for each lane, none longer than 2^16 bytes, from the states of `keyed`.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn authenticated(inner: &State, outer: &State, messages: &[&[u8]; LANES]) -> [[u8; 32]; LANES] {
    let mut block = [[0; BLOCK]; LANES];
    let digests = digests(&update(loaded(inner), messages, BLOCK));
    for (block, digest) in block.iter_mut().zip(&digests) {
        block[..32].copy_from_slice(digest);
        block[32] = 0x80;
        block[BLOCK - LENGTH..].copy_from_slice(&(((BLOCK + 32) * 8) as u64).to_be_bytes());
    }
    self::digests(&compress(&loaded(outer), transposed(&block.each_ref())))
}

/// The leaf hashes (SHA-256 of a zero byte and the row) of sixteen rows of equal length.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn leaves(rows: &[&[u8]; LANES]) -> [[u8; 32]; LANES] {
    digests(&begun_update(initial(), rows, &[0], 0))
}

/// The node hashes (SHA-256 of a one byte and two hashes) of sixteen pairs.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
pub fn nodes(pairs: &[&[u8]; LANES]) -> [[u8; 32]; LANES] {
    digests(&begun_update(initial(), pairs, &[1], 0))
}

/// The states after `messages`, padded, that follow `before` bytes; lengths may differ and are not secret.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn update(state: Vectors, messages: &[&[u8]; LANES], before: usize) -> Vectors {
    begun_update(state, messages, &[], before)
}

/// The same where `head` stands before each message.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn begun_update(mut state: Vectors, messages: &[&[u8]; LANES], head: &[u8], before: usize) -> Vectors {
    let blocks = |message: &[u8]| (head.len() + message.len() + 1 + LENGTH).div_ceil(BLOCK);
    let most = messages.iter().map(|message| blocks(message)).max().unwrap_or(0);
    for number in 0..most {
        let mut made = [[0; BLOCK]; LANES];
        let mut active: __mmask16 = 0;
        for (lane, (place, message)) in made.iter_mut().zip(messages).enumerate() {
            let last = blocks(message) - 1;
            if number > last {
                continue;
            }
            active |= 1 << lane;
            if within(head, message, number).is_none() {
                fill(place, head, message, number);
            }
            if number == last {
                let bits = ((before + head.len() + message.len()) * 8) as u64;
                place[BLOCK - LENGTH..].copy_from_slice(&bits.to_be_bytes());
            }
        }
        let mut read = made.each_ref();
        for (block, message) in read.iter_mut().zip(messages) {
            *block = within(head, message, number).unwrap_or(block);
        }
        let next = compress(&state, transposed(&read));
        for (word, new) in state.iter_mut().zip(next) {
            *word = _mm512_mask_mov_epi32(*word, active, new);
        }
    }
    state
}

/// Block `number` of `head || message` where it lies, if all of it is the message's.
#[inline]
fn within<'a>(head: &[u8], message: &'a [u8], number: usize) -> Option<&'a [u8; BLOCK]> {
    message.get((number * BLOCK).checked_sub(head.len())?..)?.first_chunk()
}

/// Block `number` of `head || message || 0x80`.
fn fill(place: &mut [u8; BLOCK], head: &[u8], message: &[u8], number: usize) {
    let start = number * BLOCK;
    let mut at = 0;
    if number == 0 {
        place[..head.len()].copy_from_slice(head);
        at = head.len();
    }
    let from = (start + at) - head.len();
    if from > message.len() {
        return;
    }
    let taken = (message.len() - from).min(BLOCK - at);
    place[at..at + taken].copy_from_slice(&message[from..from + taken]);
    if at + taken < BLOCK {
        place[at + taken] = 0x80;
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn initial() -> Vectors {
    let mut state = [_mm512_setzero_si512(); 8];
    for (word, value) in state.iter_mut().zip(INITIAL) {
        *word = _mm512_set1_epi32(value as i32);
    }
    state
}

#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn loaded(state: &State) -> Vectors {
    let mut vectors = [_mm512_setzero_si512(); 8];
    for (vector, words) in vectors.iter_mut().zip(state) {
        *vector = load_words(words);
    }
    vectors
}

#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn stored(vectors: &Vectors) -> State {
    let mut state = [[0; LANES]; 8];
    for (words, vector) in state.iter_mut().zip(vectors) {
        *words = store_words(*vector);
    }
    state
}

/// The digests, lane by lane.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn digests(vectors: &Vectors) -> [[u8; 32]; LANES] {
    let mut digests = [[0; 32]; LANES];
    for (number, words) in stored(vectors).iter().enumerate() {
        for (digest, word) in digests.iter_mut().zip(words) {
            digest[number * 4..][..4].copy_from_slice(&word.to_be_bytes());
        }
    }
    digests
}

/// One block of each lane into the words of each step: big-endian, and turned from lanes to words.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn transposed(blocks: &[&[u8; BLOCK]; LANES]) -> [__m512i; 16] {
    let order = _mm512_set4_epi32(0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203);
    let mut rows = [_mm512_setzero_si512(); 16];
    for (row, block) in rows.iter_mut().zip(blocks) {
        *row = _mm512_shuffle_epi8(load_bytes(block), order);
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

/// One block of each lane.
#[target_feature(enable = "avx512f,avx512bw,avx512ifma")]
fn compress(state: &Vectors, mut schedule: [__m512i; 16]) -> Vectors {
    const XOR: i32 = 0x96;
    const CHOICE: i32 = 0xca;
    const MAJORITY: i32 = 0xe8;
    let sum = |a: __m512i, b: __m512i| _mm512_add_epi32(a, b);
    let mut s = *state;
    for sixteen in 0..4 {
        for step in 0..16 {
            let word = schedule[step];
            let constant = _mm512_set1_epi32(ROUND[sixteen * 16 + step] as i32);
            let [a, b, c, d, e, f, g, h] = s;
            let turned = _mm512_ternarylogic_epi32::<XOR>(
                _mm512_ror_epi32::<6>(e),
                _mm512_ror_epi32::<11>(e),
                _mm512_ror_epi32::<25>(e),
            );
            let chosen = _mm512_ternarylogic_epi32::<CHOICE>(e, f, g);
            let first = sum(sum(sum(h, constant), sum(turned, chosen)), word);
            let turned = _mm512_ternarylogic_epi32::<XOR>(
                _mm512_ror_epi32::<2>(a),
                _mm512_ror_epi32::<13>(a),
                _mm512_ror_epi32::<22>(a),
            );
            let second = sum(turned, _mm512_ternarylogic_epi32::<MAJORITY>(a, b, c));
            s = [sum(first, second), a, b, c, sum(d, first), e, f, g];
            if sixteen == 3 {
                continue; // these words would be those of steps that do not come
            }
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
            schedule[step] = sum(sum(word, small), sum(schedule[(step + 9) % 16], large));
        }
    }
    for (word, before) in s.iter_mut().zip(state) {
        *word = sum(*word, *before);
    }
    s
}
