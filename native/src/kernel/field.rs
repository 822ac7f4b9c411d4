//! Eight elements of GF(2^255 - 19) at once, one in each 64-bit lane, in radix 2^51, with AVX-512 IFMA.
//!
//! A `Field` has limbs below 2^51 + 2^17, so each fits the 52 bits that a multiplier reads. A `Wide` is a product, or
//! sum or difference of products, before its carries: sums are carried once, not each product. Limbs of one product
//! are below 2^59 (77 low halves of 2^52 and 190 high halves of 2^50.1 at most, fold by 19 included). A product that
//! another is taken from is `RAISED`: it has BIAS, 2^61, more, a multiple of p, as its columns begin with it. Twice such
//! a product and another one stay below 2^63.
//!
//! No branch and no index depends on a value: lanes are chosen by masks.

#![expect(clippy::needless_range_loop, reason = "limbs are known by their number")]

use core::arch::x86_64::*;

const LIMB: i64 = (1 << 51) - 1;
/// 1024 p, limb by limb: no limb of a product is greater.
const BIAS: [i64; 5] = [((1 << 51) - 19) << 10, LIMB << 10, LIMB << 10, LIMB << 10, LIMB << 10];

/// A product as it is.
pub const PLAIN: bool = false;
/// A product and BIAS, for `wide_sub`.
pub const RAISED: bool = true;

/// Carried.
#[derive(Clone, Copy)]
pub struct Field(pub [__m512i; 5]);

/// Not carried.
#[derive(Clone, Copy)]
pub struct Wide([__m512i; 5]);

/// The same element in every lane.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn splat(limbs: [u64; 5]) -> Field {
    let of = |limb: u64| _mm512_set1_epi64(limb as i64);
    Field([of(limbs[0]), of(limbs[1]), of(limbs[2]), of(limbs[3]), of(limbs[4])])
}

/// One, or another number below 2^51.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn small(number: u64) -> Field {
    splat([number, 0, 0, 0, 0])
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn doubled(value: __m512i) -> __m512i {
    _mm512_slli_epi64::<1>(value)
}

/// The product, not carried.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn wide<const FORM: bool>(left: &Field, right: &Field) -> Wide {
    let (a, b) = (&left.0, &right.0);
    // Column k holds what weighs 2^(51 k): low halves of column k, and twice the high halves of column k - 1.
    let mut columns = begun::<FORM>([0, 1, 1, 1, 1]);
    for i in 0..5 {
        for j in 0..5 {
            columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], b[j]);
        }
    }
    for column in &mut columns[1..] {
        *column = doubled(*column);
    }
    for i in 0..5 {
        for j in 0..5 {
            columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], b[j]);
        }
    }
    fold(&columns)
}

/// The square, not carried.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn wide_square<const FORM: bool>(value: &Field) -> Wide {
    let a = &value.0;
    let mut columns = begun::<FORM>([0, 1, 2, 2, 2]);
    // High halves of mixed products count four times, their low halves and the high halves of squares twice.
    for i in 0..5 {
        for j in i + 1..5 {
            columns[i + j + 1] = _mm512_madd52hi_epu64(columns[i + j + 1], a[i], a[j]);
        }
    }
    for column in &mut columns[2..9] {
        *column = doubled(*column);
    }
    for i in 0..5 {
        for j in i + 1..5 {
            columns[i + j] = _mm512_madd52lo_epu64(columns[i + j], a[i], a[j]);
        }
        columns[2 * i + 1] = _mm512_madd52hi_epu64(columns[2 * i + 1], a[i], a[i]);
    }
    for column in &mut columns[1..] {
        *column = doubled(*column);
    }
    for i in 0..5 {
        columns[2 * i] = _mm512_madd52lo_epu64(columns[2 * i], a[i], a[i]);
    }
    fold(&columns)
}

/// What columns begin with: zero, or BIAS where each of the lower ones is still to be doubled so many `times`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn begun<const FORM: bool>(times: [u32; 5]) -> [__m512i; 10] {
    let mut columns = [_mm512_setzero_si512(); 10];
    if FORM == RAISED {
        for k in 0..5 {
            columns[k] = _mm512_set1_epi64(BIAS[k] >> times[k]);
        }
    }
    columns
}

/// Ten columns into five: 2^255 is 19.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn fold(columns: &[__m512i; 10]) -> Wide {
    let nineteen = _mm512_set1_epi64(19);
    let mut limbs = [_mm512_setzero_si512(); 5];
    for k in 0..5 {
        // Three micro-operations; shifts and sums for the same are four.
        limbs[k] = _mm512_add_epi64(columns[k], _mm512_mullo_epi64(columns[k + 5], nineteen));
    }
    Wide(limbs)
}

/// One round of carries, all limbs at once.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn carried(value: &Wide) -> Field {
    let mask = _mm512_set1_epi64(LIMB);
    let limb = |k: usize| _mm512_and_si512(value.0[k], mask);
    let carry = |k: usize| _mm512_srli_epi64::<51>(value.0[k]);
    Field([
        _mm512_madd52lo_epu64(limb(0), carry(4), _mm512_set1_epi64(19)),
        _mm512_add_epi64(limb(1), carry(0)),
        _mm512_add_epi64(limb(2), carry(1)),
        _mm512_add_epi64(limb(3), carry(2)),
        _mm512_add_epi64(limb(4), carry(3)),
    ])
}

/// Twice the value and BIAS, as a `RAISED` product would be.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn wide_double(value: &Field) -> Wide {
    let mut limbs = raised(value).0;
    for k in 0..5 {
        limbs[k] = _mm512_add_epi64(limbs[k], value.0[k]);
    }
    Wide(limbs)
}

/// The value and BIAS.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn raised(value: &Field) -> Wide {
    let mut limbs = value.0;
    for k in 0..5 {
        limbs[k] = _mm512_add_epi64(limbs[k], _mm512_set1_epi64(BIAS[k]));
    }
    Wide(limbs)
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn wide_add(left: &Wide, right: &Wide) -> Wide {
    let mut limbs = left.0;
    for k in 0..5 {
        limbs[k] = _mm512_add_epi64(limbs[k], right.0[k]);
    }
    Wide(limbs)
}

/// `left - right`, where `left` has one BIAS more than `right`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn wide_sub(left: &Wide, right: &Wide) -> Wide {
    let mut limbs = left.0;
    for k in 0..5 {
        limbs[k] = _mm512_sub_epi64(limbs[k], right.0[k]);
    }
    Wide(limbs)
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn mul(left: &Field, right: &Field) -> Field {
    carried(&wide::<PLAIN>(left, right))
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn square(value: &Field) -> Field {
    carried(&wide_square::<PLAIN>(value))
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn add(left: &Field, right: &Field) -> Field {
    carried(&wide_add(&Wide(left.0), &Wide(right.0)))
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn sub(left: &Field, right: &Field) -> Field {
    carried(&wide_sub(&raised(left), &Wide(right.0)))
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn negated(value: &Field) -> Field {
    sub(&small(0), value)
}

/// `yes` in the lanes of `mask`, `no` elsewhere.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn select(mask: __mmask8, yes: &Field, no: &Field) -> Field {
    let mut limbs = no.0;
    for k in 0..5 {
        limbs[k] = _mm512_mask_mov_epi64(limbs[k], mask, yes.0[k]);
    }
    Field(limbs)
}

/// The one representative below p, limbs below 2^51.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn canonical(value: &Field) -> Field {
    let mask = _mm512_set1_epi64(LIMB);
    let nineteen = _mm512_set1_epi64(19);
    let mut limbs = value.0;
    // The value is below 2p: q is 1 exactly where it is not below p.
    let mut q = nineteen;
    for limb in &limbs {
        q = _mm512_srli_epi64::<51>(_mm512_add_epi64(*limb, q));
    }
    let mut carry = _mm512_madd52lo_epu64(_mm512_setzero_si512(), q, nineteen);
    for limb in &mut limbs {
        let sum = _mm512_add_epi64(*limb, carry);
        carry = _mm512_srli_epi64::<51>(sum);
        *limb = _mm512_and_si512(sum, mask);
    }
    Field(limbs)
}

/// Lanes whose element is odd, which RFC 9496 calls negative.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn is_negative(value: &Field) -> __mmask8 {
    _mm512_test_epi64_mask(canonical(value).0[0], _mm512_set1_epi64(1))
}

/// Lanes whose element is zero.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn is_zero(value: &Field) -> __mmask8 {
    let limbs = canonical(value).0;
    let mut any = limbs[0];
    for limb in &limbs[1..] {
        any = _mm512_or_si512(any, *limb);
    }
    _mm512_testn_epi64_mask(any, any)
}

/// Lanes whose elements are equal.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn is_equal(left: &Field, right: &Field) -> __mmask8 {
    is_zero(&sub(left, right))
}

/// The one of `value` and its negation that is not negative.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
pub fn absolute(value: &Field) -> Field {
    select(is_negative(value), &negated(value), value)
}

/// The elements of 32 little-endian bytes each, given as four words; the top bit is ignored.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn from_words(words: &[__m512i; 4]) -> Field {
    let mask = _mm512_set1_epi64(LIMB);
    let [w0, w1, w2, w3] = *words;
    let joined = |low: __m512i, high: __m512i| _mm512_and_si512(_mm512_or_si512(low, high), mask);
    Field([
        _mm512_and_si512(w0, mask),
        joined(_mm512_srli_epi64::<51>(w0), _mm512_slli_epi64::<13>(w1)),
        joined(_mm512_srli_epi64::<38>(w1), _mm512_slli_epi64::<26>(w2)),
        joined(_mm512_srli_epi64::<25>(w2), _mm512_slli_epi64::<39>(w3)),
        _mm512_and_si512(_mm512_srli_epi64::<12>(w3), mask),
    ])
}

/// The canonical encodings as four words each.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn to_words(value: &Field) -> [__m512i; 4] {
    let [l0, l1, l2, l3, l4] = canonical(value).0;
    [
        _mm512_or_si512(l0, _mm512_slli_epi64::<51>(l1)),
        _mm512_or_si512(_mm512_srli_epi64::<13>(l1), _mm512_slli_epi64::<38>(l2)),
        _mm512_or_si512(_mm512_srli_epi64::<26>(l2), _mm512_slli_epi64::<25>(l3)),
        _mm512_or_si512(_mm512_srli_epi64::<39>(l3), _mm512_slli_epi64::<12>(l4)),
    ]
}

/// Twenty independent multiplier instructions a round, and nothing else: what the processor can do at most.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn multiply_only(rounds: u64) -> u64 {
    let factor = _mm512_set1_epi64(core::hint::black_box(LIMB));
    let mut sums = [factor; 20];
    for _ in 0..rounds {
        for sum in &mut sums {
            *sum = _mm512_madd52lo_epu64(*sum, factor, factor);
        }
    }
    let mut total = factor;
    for sum in &sums {
        total = _mm512_xor_si512(total, *sum);
    }
    _mm512_reduce_add_epi64(total) as u64
}
