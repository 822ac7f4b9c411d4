//! A group of values through the kernel, eight by eight: hash to the group, multiply, encode, finalize.
//!
//! A group that is no multiple of eight is filled with its last value.

use core::arch::x86_64::*;

use curve25519_dalek::scalar::Scalar;
use zeroize::{Zeroize, Zeroizing};

use super::lanes::{load, store};
use super::point::{self, Digits, Point};
use super::sha512;
use crate::input::Inputs;
use crate::oprf::{FINALIZE, GROUP_TAG, Scalars};

const LANES: usize = 8;

/// The digits of eight scalars from `first` on.
fn digits(halves: Scalars, first: usize) -> Zeroizing<Digits> {
    let mut digits = Zeroizing::new([[0; LANES]; 64]);
    for lane in 0..LANES {
        let own = Zeroizing::new(radix_16(halves.get(first + lane)));
        for (lanes, digit) in digits.iter_mut().zip(own.iter()) {
            lanes[lane] = i64::from(*digit) as u64;
        }
    }
    digits
}

/// Digits from -8 to 8, least first, without a branch: 64 of them hold any scalar.
pub fn radix_16(scalar: &Scalar) -> [i8; 64] {
    let bytes = Zeroizing::new(scalar.to_bytes());
    let mut digits = [0i8; 64];
    for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(bytes.iter()) {
        *pair = [(byte & 15) as i8, (byte >> 4) as i8];
    }
    // No digit overflows; wrapping sums spare the checks, which would be branches on secrets.
    for number in 0..63 {
        let carry = digits[number].wrapping_add(8) >> 4;
        digits[number] = digits[number].wrapping_sub(carry << 4);
        digits[number + 1] = digits[number + 1].wrapping_add(carry);
    }
    digits
}

/// The elements of inputs `first` and following, times their scalars, encoded.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn hashed(inputs: &Inputs, first: usize, halves: Scalars) -> Vec<[u8; 32]> {
    let count = halves.count();
    let mut points = Vec::with_capacity(count.div_ceil(LANES));
    let mut messages: [Vec<u8>; LANES] = Default::default();
    let mut multiples = digits(halves, 0);
    for at in (0..count).step_by(LANES) {
        for (lane, message) in messages.iter_mut().enumerate() {
            message.clear();
            message.resize(128, 0);
            inputs.append(first + (at + lane).min(count - 1), message);
            message.extend_from_slice(&[0, 64, 0]);
            message.extend_from_slice(GROUP_TAG);
            message.push(GROUP_TAG.len() as u8);
            sha512::pad(message, 0);
        }
        let mut uniform = expand(&messages, GROUP_TAG);
        for word in &mut uniform {
            *word = sha512::swapped(*word);
        }
        let [w0, w1, w2, w3, w4, w5, w6, w7] = uniform;
        let element = point::derive(&[w0, w1, w2, w3], &[w4, w5, w6, w7]);
        if let Scalars::Each(_) = halves {
            multiples = digits(halves, at);
        }
        points.push(point::multiply(&element, &multiples));
    }
    messages.iter_mut().for_each(Zeroize::zeroize);
    encoded(&points, count)
}

/// expand_message_xmd to 64 bytes (RFC 9380 section 5.3.1), from the padded messages of its first hash.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn expand(messages: &[Vec<u8>; LANES], tag: &[u8]) -> sha512::State {
    let seed = sha512::update(sha512::initial(), messages);
    let mut tail = vec![1];
    tail.extend_from_slice(tag);
    tail.push(tag.len() as u8);
    sha512::pad(&mut tail, 64);
    let mut schedule = [_mm512_setzero_si512(); 16];
    schedule[..8].copy_from_slice(&seed);
    for (word, bytes) in schedule[8..].iter_mut().zip(tail.as_chunks::<8>().0) {
        *word = _mm512_set1_epi64(i64::from_be_bytes(*bytes));
    }
    sha512::compress(&sha512::initial(), schedule)
}

/// Encoded elements times their scalars, encoded; or the index of the first that encodes no element but the identity.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn decoded(elements: &[[u8; 32]], halves: Scalars) -> Result<Vec<[u8; 32]>, usize> {
    let count = elements.len();
    let mut points = Vec::with_capacity(count.div_ceil(LANES));
    let mut multiples = digits(halves, 0);
    for at in (0..count).step_by(LANES) {
        let point = decode(elements, at)?;
        if let Scalars::Each(_) = halves {
            multiples = digits(halves, at);
        }
        points.push(point::multiply(&point, &multiples));
    }
    Ok(encoded(&points, count))
}

/// Eight elements from `at` on, or the index of the first that is none but the identity; the last fills up.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn decode(elements: &[[u8; 32]], at: usize) -> Result<Point, usize> {
    let last = elements.len() - 1;
    let mut words = [[0u64; LANES]; 4];
    let mut sound: __mmask8 = 0;
    for lane in 0..LANES {
        let element = &elements[(at + lane).min(last)];
        sound |= u8::from(is_canonical(element)) << lane;
        for (word, bytes) in words.iter_mut().zip(element.as_chunks::<8>().0) {
            word[lane] = u64::from_le_bytes(*bytes);
        }
    }
    let (point, valid) = point::decode(&[load(&words[0]), load(&words[1]), load(&words[2]), load(&words[3])]);
    let refused = (!(valid & sound)).trailing_zeros() as usize;
    if refused < LANES { Err((at + refused).min(last)) } else { Ok(point) }
}

/// Below p, even, and not zero: what of an encoding can be seen without arithmetic.
fn is_canonical(element: &[u8; 32]) -> bool {
    let at_most = element[31] < 0x7f
        || (element[31] == 0x7f && (element[1..31].iter().any(|&byte| byte != 0xff) || element[0] < 0xed));
    at_most && element[0] & 1 == 0 && *element != [0; 32]
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn encoded(points: &[Point], count: usize) -> Vec<[u8; 32]> {
    let mut encodings = Vec::with_capacity(points.len() * LANES);
    for words in point::encode_doubles(points) {
        let words = [store(words[0]), store(words[1]), store(words[2]), store(words[3])];
        for lane in 0..LANES {
            let mut encoding = [0; 32];
            for (bytes, word) in encoding.as_chunks_mut::<8>().0.iter_mut().zip(&words) {
                *bytes = word[lane].to_le_bytes();
            }
            encodings.push(encoding);
        }
    }
    encodings.truncate(count);
    encodings
}

/// The outputs, 64 bytes each, of inputs `first` and following, from their encoded elements (RFC 9497 section 3.3.1).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn finish(inputs: &Inputs, first: usize, elements: &[[u8; 32]], output: &mut [u8]) {
    let mut messages: [Vec<u8>; LANES] = Default::default();
    for (eight, (elements, places)) in elements.chunks(LANES).zip(output.chunks_mut(LANES * 64)).enumerate() {
        for (lane, message) in messages.iter_mut().enumerate() {
            let lane = lane.min(elements.len() - 1);
            let index = first + eight * LANES + lane;
            message.clear();
            message.extend_from_slice(&(inputs.size(index) as u16).to_be_bytes());
            inputs.append(index, message);
            message.extend_from_slice(&(elements[lane].len() as u16).to_be_bytes());
            message.extend_from_slice(&elements[lane]);
            message.extend_from_slice(FINALIZE);
            sha512::pad(message, 0);
        }
        let digests = sha512::digests(&sha512::update(sha512::initial(), &messages));
        for (place, digest) in places.as_chunks_mut::<64>().0.iter_mut().zip(digests) {
            *place = digest;
        }
    }
    messages.iter_mut().for_each(Zeroize::zeroize);
}
