//! Multiples of public points, and eight sums of them at once. In variable time: no scalar here is secret.
//!
//! A multiple is kept as an affine point is added: y + x, y - x, 2dxy.

use core::arch::x86_64::*;

use super::{Addend, Factors, Point, add_cached, choose_points, double};
use crate::kernel::constants;
use crate::kernel::field::*;
use crate::kernel::lanes::{load, store};
use crate::kernel::roots::{inverse, sqrt_ratio};
use crate::multiples::{DIGITS, Digits, HALF, WIDTH};

const LANES: usize = 8;
const LIMBS: usize = 5;
/// Multiples of one place: from none to HALF.
const PLACE: usize = HALF + 1;

/// y + x, y - x and 2dxy of one point, five limbs each. Two lines of the cache.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct Niels([u64; 3 * LIMBS]);

const IDENTITY: Niels = Niels([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/// j 2^(WIDTH i) P at PLACE i + j, of the point that the canonical `encoding` is of (RFC 8032 section 5.1.3).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn multiples(encoding: &[u8; 32]) -> Vec<Niels> {
    let mut found = vec![IDENTITY; DIGITS * PLACE];
    let mut place = decode(encoding);
    for first in (0..DIGITS).step_by(LANES) {
        // Each lane has the point of its own place.
        let mut points = vec![place];
        for lane in 0..LANES {
            points[0] = choose_points(0xff << lane, &place, &points[0]);
            for _ in 0..WIDTH {
                place = double(&place.x, &place.y, &place.z).point();
            }
        }
        let once = points[0].cached();
        for number in 1..HALF {
            points.push(add_cached(&points[number - 1].addend(), &once).point());
        }
        let inverses = inverses(&points);
        for (number, (point, inverse)) in points.iter().zip(&inverses).enumerate() {
            let limbs = affine(point, inverse);
            for lane in 0..LANES.min(DIGITS - first) {
                for (limb, values) in found[PLACE * (first + lane) + number + 1].0.iter_mut().zip(&limbs) {
                    *limb = values[lane];
                }
            }
        }
    }
    found
}

/// The limbs of eight points as `Niels` has them, limb by limb.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
fn affine(point: &Point, inverse: &Field) -> [[u64; LANES]; 3 * LIMBS] {
    let (x, y) = (mul(&point.x, inverse), mul(&point.y, inverse));
    let t2d = mul(&mul(&x, &y), &splat(constants::TWO_D));
    let mut limbs = [[0; LANES]; 3 * LIMBS];
    for (places, field) in limbs.chunks_exact_mut(LIMBS).zip([add(&y, &x), sub(&y, &x), t2d]) {
        for (place, limb) in places.iter_mut().zip(canonical(&field).0) {
            *place = store(limb);
        }
    }
    limbs
}

/// The point in every lane.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
fn decode(encoding: &[u8; 32]) -> Point {
    let mut words = [_mm512_setzero_si512(); 4];
    for (word, bytes) in words.iter_mut().zip(encoding.as_chunks::<8>().0) {
        *word = _mm512_set1_epi64(i64::from_le_bytes(*bytes));
    }
    let (one, y) = (small(1), from_words(&words));
    let yy = square(&y);
    let v = add(&mul(&yy, &splat(constants::D)), &one);
    let (_, [root]) = sqrt_ratio(&[sub(&yy, &one)], &[v], &splat(constants::SQRT_M1));
    let x = if encoding[31] >> 7 == 1 { negated(&root) } else { root };
    Point { x, y, z: one, t: mul(&x, &y) }
}

/// 1 / Z of each; no Z is zero.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
fn inverses(points: &[Point]) -> Vec<Field> {
    let mut found = Vec::with_capacity(points.len());
    let mut running = small(1);
    for point in points {
        found.push(running);
        running = mul(&running, &point.z);
    }
    let mut running = inverse(&running);
    for (point, before) in points.iter().zip(&mut found).rev() {
        *before = mul(&running, before);
        running = mul(&running, &point.z);
    }
    found
}

/// In each lane the sum of two multiples, by their digits: of its own point, and of the base point.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[expect(clippy::needless_range_loop, reason = "a digit is known by its lane and place")]
pub fn combined(own: &[(&[Niels], Digits); LANES], base: &[Niels], base_digits: &[Digits; LANES]) -> Point {
    let mut factors = Factors { e: small(0), f: small(1), g: small(1), h: small(1) };
    for place in 0..DIGITS {
        let entries = std::array::from_fn(|lane| (own[lane].0, own[lane].1[place]));
        factors = add_niels(&factors.addend(), place, &entries);
        let entries = std::array::from_fn(|lane| (base, base_digits[lane][place]));
        factors = add_niels(&factors.addend(), place, &entries);
    }
    factors.point()
}

/// `left` and, in each lane, the multiple of its table that its digit names.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn add_niels(left: &Addend, place: usize, entries: &[(&[Niels], i16); LANES]) -> Factors {
    let mut limbs = [[0; LANES]; 3 * LIMBS];
    let mut negative: __mmask8 = 0;
    for (lane, (table, digit)) in entries.iter().enumerate() {
        negative |= u8::from(*digit < 0) << lane;
        let entry = &table[PLACE * place + usize::from(digit.unsigned_abs())];
        for (limb, value) in limbs.iter_mut().zip(entry.0) {
            limb[lane] = value;
        }
    }
    let [plus, minus, t2d] = [0, 1, 2].map(|part| {
        let part = LIMBS * part;
        Field([
            load(&limbs[part]),
            load(&limbs[part + 1]),
            load(&limbs[part + 2]),
            load(&limbs[part + 3]),
            load(&limbs[part + 4]),
        ])
    });
    let a = wide::<PLAIN>(&left.minus, &select(negative, &plus, &minus));
    let b = wide::<RAISED>(&left.plus, &select(negative, &minus, &plus));
    let c = wide::<PLAIN>(&left.t, &select(negative, &negated(&t2d), &t2d));
    let d = wide_double(&left.z);
    Factors {
        e: carried(&wide_sub(&b, &a)),
        f: carried(&wide_sub(&d, &c)),
        g: carried(&wide_add(&d, &c)),
        h: carried(&wide_add(&b, &a)),
    }
}

/// The encodings of many points (RFC 8032 section 5.1.2), lane by lane, with one inversion for all.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn encodings(points: &[Point]) -> Vec<[u8; 32]> {
    let mut found = Vec::with_capacity(points.len() * LANES);
    for (point, inverse) in points.iter().zip(inverses(points)) {
        let odd = is_negative(&mul(&point.x, &inverse));
        let words = to_words(&mul(&point.y, &inverse)).map(|word| store(word));
        for lane in 0..LANES {
            let mut encoding = [0; 32];
            for (bytes, word) in encoding.as_chunks_mut::<8>().0.iter_mut().zip(&words) {
                *bytes = word[lane].to_le_bytes();
            }
            encoding[31] |= (odd >> lane & 1) << 7;
            found.push(encoding);
        }
    }
    found
}
