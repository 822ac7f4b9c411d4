//! Powers in GF(2^255 - 19) whose exponents are constants: inverses and square roots of eight elements, or several
//! times eight, at once.

use core::arch::x86_64::*;

use super::field::*;

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn squared<const N: usize>(mut values: [Field; N], times: usize) -> [Field; N] {
    for _ in 0..times {
        for value in &mut values {
            *value = square(value);
        }
    }
    values
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn times<const N: usize>(mut left: [Field; N], right: &[Field; N]) -> [Field; N] {
    for k in 0..N {
        left[k] = mul(&left[k], &right[k]);
    }
    left
}

/// (x^(2^250 - 1), x^11): where both exponents below begin. N at once keep the multipliers busy.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
fn power_250<const N: usize>(x: &[Field; N]) -> ([Field; N], [Field; N]) {
    let x2 = squared(*x, 1);
    let x9 = times(squared(x2, 2), x);
    let x11 = times(x9, &x2);
    let p5 = times(squared(x11, 1), &x9);
    let p10 = times(squared(p5, 5), &p5);
    let p20 = times(squared(p10, 10), &p10);
    let p40 = times(squared(p20, 20), &p20);
    let p50 = times(squared(p40, 10), &p10);
    let p100 = times(squared(p50, 50), &p50);
    let p200 = times(squared(p100, 100), &p100);
    (times(squared(p200, 50), &p50), x11)
}

/// The inverse; zero of zero.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn inverse(value: &Field) -> Field {
    let (p250, x11) = power_250(&[*value]);
    times(squared(p250, 5), &x11)[0]
}

/// SQRT_RATIO_M1 of RFC 9496 section 4.2, N at once: lanes that have a square root, and the root.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn sqrt_ratio<const N: usize>(u: &[Field; N], v: &[Field; N], sqrt_m1: &Field) -> ([__mmask8; N], [Field; N]) {
    let v3 = times(squared(*v, 1), v);
    let v7 = times(squared(v3, 1), v);
    let uv7 = times(v7, u);
    let (p250, _) = power_250(&uv7);
    let power = times(squared(p250, 2), &uv7);
    let mut roots = times(times(v3, u), &power);
    let check = times(squared(roots, 1), v);
    let mut was_square = [0; N];
    for k in 0..N {
        let minus_u = negated(&u[k]);
        let correct = is_equal(&check[k], &u[k]);
        let flipped = is_equal(&check[k], &minus_u);
        let flipped_i = is_equal(&check[k], &mul(&minus_u, sqrt_m1));
        roots[k] = absolute(&select(flipped | flipped_i, &mul(&roots[k], sqrt_m1), &roots[k]));
        was_square[k] = correct | flipped;
    }
    (was_square, roots)
}
