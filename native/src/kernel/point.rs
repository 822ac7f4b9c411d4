//! Eight ristretto255 elements at once: derivation, multiplication, encoding, decoding (RFC 9496).
//!
//! Extended twisted Edwards coordinates with a = -1 (Hisil, Wong, Carter, Dawson 2008). A doubling or an addition ends in
//! the four factors E, F, G, H of its result; what comes next says which products of them are needed.

pub mod niels;

use core::arch::x86_64::*;
use core::hint::black_box;

use super::constants;
use super::field::*;
use super::lanes::load;
use super::roots::{inverse, sqrt_ratio};

/// X, Y, Z, T with XY = ZT.
#[derive(Clone, Copy)]
pub struct Point {
    x: Field,
    y: Field,
    z: Field,
    t: Field,
}

/// X = EF, Y = GH, Z = FG, T = EH.
struct Factors {
    e: Field,
    f: Field,
    g: Field,
    h: Field,
}

/// Y + X, Y - X, 2dT, 2Z: what an addition needs of its second point.
#[derive(Clone, Copy)]
struct Cached {
    plus: Field,
    minus: Field,
    t2d: Field,
    z2: Field,
}

/// Y + X, Y - X, Z, T: what an addition needs of its first.
struct Addend {
    plus: Field,
    minus: Field,
    z: Field,
    t: Field,
}

/// Signed digits of a scalar in radix 16, least first, lane by lane.
pub type Digits = [[u64; 8]; DIGITS];
const DIGITS: usize = 64;
const TABLE: usize = 8;

impl Factors {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
    #[inline]
    fn point(&self) -> Point {
        Point { x: mul(&self.e, &self.f), y: mul(&self.g, &self.h), z: mul(&self.f, &self.g), t: mul(&self.e, &self.h) }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
    #[inline]
    fn addend(&self) -> Addend {
        let (x, y) = (wide::<PLAIN>(&self.e, &self.f), wide::<RAISED>(&self.g, &self.h));
        Addend {
            plus: carried(&wide_add(&y, &x)),
            minus: carried(&wide_sub(&y, &x)),
            z: mul(&self.f, &self.g),
            t: mul(&self.e, &self.h),
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
    #[inline]
    fn doubled(&self) -> Factors {
        double(&mul(&self.e, &self.f), &mul(&self.g, &self.h), &mul(&self.f, &self.g))
    }
}

/// The double of (X, Y, Z).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn double(x: &Field, y: &Field, z: &Field) -> Factors {
    let (xx, yy) = (wide_square::<PLAIN>(x), wide_square::<RAISED>(y));
    let (zz, xy) = (wide_square::<RAISED>(z), wide::<PLAIN>(x, y));
    // F and H against their usual signs, which is the same point: no sum of wides is negative.
    Factors {
        e: carried(&wide_add(&xy, &xy)),
        f: carried(&wide_sub(&wide_add(&wide_add(&zz, &zz), &xx), &yy)),
        g: carried(&wide_sub(&yy, &xx)),
        h: carried(&wide_add(&xx, &yy)),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn add_cached(left: &Addend, right: &Cached) -> Factors {
    let a = wide::<PLAIN>(&left.minus, &right.minus);
    let b = wide::<RAISED>(&left.plus, &right.plus);
    let c = wide::<PLAIN>(&left.t, &right.t2d);
    let d = wide::<RAISED>(&left.z, &right.z2);
    Factors {
        e: carried(&wide_sub(&b, &a)),
        f: carried(&wide_sub(&d, &c)),
        g: carried(&wide_add(&d, &c)),
        h: carried(&wide_add(&b, &a)),
    }
}

impl Point {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
    #[inline]
    fn cached(&self) -> Cached {
        Cached {
            plus: add(&self.y, &self.x),
            minus: sub(&self.y, &self.x),
            t2d: mul(&self.t, &splat(constants::TWO_D)),
            z2: add(&self.z, &self.z),
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
    #[inline]
    fn addend(&self) -> Addend {
        Addend { plus: add(&self.y, &self.x), minus: sub(&self.y, &self.x), z: self.z, t: self.t }
    }
}

/// The elements of 64 uniform bytes each, as two times four words (RFC 9496 section 4.3.4).
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn derive(first: &[__m512i; 4], second: &[__m512i; 4]) -> Point {
    let [left, right] = map(&[from_words(first), from_words(second)]);
    add_cached(&left.addend(), &right.cached()).point()
}

/// MAP of RFC 9496 section 4.3.4, two at once.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
fn map(t: &[Field; 2]) -> [Point; 2] {
    let (one, minus_one) = (small(1), negated(&small(1)));
    let (d, sqrt_m1) = (splat(constants::D), splat(constants::SQRT_M1));
    let (mut r, mut u, mut v) = ([one; 2], [one; 2], [one; 2]);
    for k in 0..2 {
        r[k] = mul(&square(&t[k]), &sqrt_m1);
        u[k] = mul(&add(&r[k], &one), &splat(constants::ONE_MINUS_D_SQ));
        v[k] = mul(&sub(&minus_one, &mul(&r[k], &d)), &add(&r[k], &d));
    }
    let (was_square, roots) = sqrt_ratio(&u, &v, &sqrt_m1);
    let mut points = [Point { x: one, y: one, z: one, t: one }; 2];
    for k in 0..2 {
        let other = negated(&absolute(&mul(&roots[k], &t[k])));
        let s = select(was_square[k], &roots[k], &other);
        let c = select(was_square[k], &minus_one, &r[k]);
        let n = sub(&mul(&mul(&c, &sub(&r[k], &one)), &splat(constants::D_MINUS_ONE_SQ)), &v[k]);
        let sv = mul(&s, &v[k]);
        let ss = square(&s);
        let w0 = add(&sv, &sv);
        let w1 = mul(&n, &splat(constants::SQRT_AD_MINUS_ONE));
        let (w2, w3) = (sub(&one, &ss), add(&one, &ss));
        points[k] = Point { x: mul(&w0, &w3), y: mul(&w2, &w1), z: mul(&w1, &w3), t: mul(&w0, &w2) };
    }
    points
}

/// Each element times its own scalar, whose digits are secret. The whole table is read for each digit.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn multiply(point: &Point, digits: &Digits) -> Point {
    let table = multiples(point);
    let identity = Addend { plus: small(1), minus: small(1), z: small(1), t: small(0) };
    let mut sum = add_cached(&identity, &lookup(&table, load(&digits[DIGITS - 1])));
    for digit in digits[..DIGITS - 1].iter().rev() {
        let sixteenfold = sum.doubled().doubled().doubled().doubled();
        sum = add_cached(&sixteenfold.addend(), &lookup(&table, load(digit)));
    }
    sum.point()
}

/// The sum, in each lane, of elements times their scalars; doublings are shared.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn sum(points: &[Point], digits: &[Digits]) -> Point {
    let mut tables = Vec::with_capacity(points.len());
    for point in points {
        tables.push(multiples(point));
    }
    let mut sum = Factors { e: small(0), f: small(1), g: small(1), h: small(1) };
    for place in (0..DIGITS).rev() {
        sum = sum.doubled().doubled().doubled().doubled();
        for (table, digits) in tables.iter().zip(digits) {
            sum = add_cached(&sum.addend(), &lookup(table, load(&digits[place])));
        }
    }
    sum.point()
}

/// The sum of all lanes, in each of them.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn across(mut point: Point) -> Point {
    let turned = |point: &Point, by: i64| {
        let order = _mm512_and_si512(
            _mm512_add_epi64(_mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), _mm512_set1_epi64(by)),
            _mm512_set1_epi64(7),
        );
        let turned = |field: &Field| Field(field.0.map(|limb| _mm512_permutexvar_epi64(order, limb)));
        Point { x: turned(&point.x), y: turned(&point.y), z: turned(&point.z), t: turned(&point.t) }
    };
    for by in [4, 2, 1] {
        point = add_cached(&point.addend(), &turned(&point, by).cached()).point();
    }
    point
}

/// One to eight times the element.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
fn multiples(point: &Point) -> [Cached; TABLE] {
    let first = point.cached();
    let mut table = [first; TABLE];
    let mut last = *point;
    for entry in &mut table[1..] {
        last = add_cached(&last.addend(), &first).point();
        *entry = last.cached();
    }
    table
}

/// The entry of each lane's digit, -8 to 8, negated where it is negative; the identity for 0.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn lookup(table: &[Cached; TABLE], digit: __m512i) -> Cached {
    // Behind the barrier the compiler cannot see that lanes may be equal, and so cannot make a branch of a comparison.
    let digit = black_box(digit);
    let magnitude = _mm512_abs_epi64(digit);
    let mut found = Cached { plus: small(1), minus: small(1), t2d: small(0), z2: small(2) };
    for (entry, number) in table.iter().zip(1..) {
        let mask = _mm512_cmpeq_epi64_mask(magnitude, _mm512_set1_epi64(number));
        found = choose(mask, entry, &found);
    }
    let negative = below_zero(digit);
    Cached {
        plus: select(negative, &found.minus, &found.plus),
        minus: select(negative, &found.plus, &found.minus),
        t2d: select(negative, &negated(&found.t2d), &found.t2d),
        z2: found.z2,
    }
}

/// Lanes below zero.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn below_zero(value: __m512i) -> __mmask8 {
    _mm512_cmplt_epi64_mask(value, _mm512_setzero_si512())
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn choose(mask: __mmask8, yes: &Cached, no: &Cached) -> Cached {
    Cached {
        plus: select(mask, &yes.plus, &no.plus),
        minus: select(mask, &yes.minus, &no.minus),
        t2d: select(mask, &yes.t2d, &no.t2d),
        z2: select(mask, &yes.z2, &no.z2),
    }
}

/// The points of `yes` in the lanes of `mask`, those of `no` elsewhere.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
#[inline]
fn choose_points(mask: __mmask8, yes: &Point, no: &Point) -> Point {
    Point {
        x: select(mask, &yes.x, &no.x),
        y: select(mask, &yes.y, &no.y),
        z: select(mask, &yes.z, &no.z),
        t: select(mask, &yes.t, &no.t),
    }
}

/// The encodings of the doubles of many points, four words each; one inversion for all.
///
/// As curve25519-dalek's `double_and_compress_batch`: the square root that an encoding needs is known for a double.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn encode_doubles(points: &[Point]) -> Vec<[__m512i; 4]> {
    let mut states = Vec::with_capacity(points.len());
    let mut before = Vec::with_capacity(points.len());
    let mut running = small(1);
    for point in points {
        let state = Doubled::of(point);
        before.push(running);
        running = mul(&running, &state.product);
        states.push(state);
    }
    let mut running = inverse(&running);
    let mut encodings = vec![[_mm512_setzero_si512(); 4]; points.len()];
    for k in (0..points.len()).rev() {
        let own = mul(&running, &before[k]);
        running = mul(&running, &states[k].product);
        encodings[k] = states[k].encode(&own);
    }
    encodings
}

struct Doubled {
    e: Field,
    f: Field,
    g: Field,
    h: Field,
    eg: Field,
    fh: Field,
    /// eg fh; one where that is zero, so that one point does not spoil its neighbours.
    product: Field,
    zero: __mmask8,
}

impl Doubled {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
    #[inline]
    fn of(point: &Point) -> Doubled {
        let (xx, yy) = (wide_square::<PLAIN>(&point.x), wide_square::<PLAIN>(&point.y));
        let (zz, xy) = (wide_square::<RAISED>(&point.z), wide::<PLAIN>(&point.x, &point.y));
        let dtt = wide::<PLAIN>(&square(&point.t), &splat(constants::D));
        let e = carried(&wide_add(&xy, &xy));
        let f = carried(&wide_add(&zz, &dtt));
        let g = carried(&wide_add(&yy, &xx));
        let h = carried(&wide_sub(&zz, &dtt));
        let (eg, fh) = (mul(&e, &g), mul(&f, &h));
        let product = mul(&eg, &fh);
        let zero = is_zero(&product);
        Doubled { e, f, g, h, eg, fh, product: select(zero, &small(1), &product), zero }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
    #[inline]
    fn encode(&self, inverse: &Field) -> [__m512i; 4] {
        let inverse = select(self.zero, &small(0), inverse);
        let z_inverse = mul(&self.eg, &inverse);
        let t_inverse = mul(&self.fh, &inverse);
        let rotated = is_negative(&mul(&self.eg, &z_inverse));
        let sqrt_m1 = splat(constants::SQRT_M1);
        let e = select(rotated, &self.g, &self.e);
        let g = select(rotated, &negated(&self.e), &self.g);
        let h = select(rotated, &mul(&self.f, &sqrt_m1), &self.h);
        let magic = select(rotated, &sqrt_m1, &splat(constants::INVSQRT_A_MINUS_D));
        let negative = is_negative(&mul(&mul(&h, &e), &z_inverse));
        let g = select(negative, &negated(&g), &g);
        let s = mul(&sub(&h, &g), &mul(&magic, &mul(&g, &t_inverse)));
        to_words(&absolute(&s))
    }
}

/// The points of encodings of four words each, and the lanes that encode one (RFC 9496 section 4.3.1).
///
/// Left to the caller: whether the words are canonical and even, and not zero.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn decode(words: &[__m512i; 4]) -> (Point, __mmask8) {
    let one = small(1);
    let s = from_words(words);
    let ss = square(&s);
    let (u1, u2) = (sub(&one, &ss), add(&one, &ss));
    let u2_square = square(&u2);
    let v = sub(&negated(&mul(&splat(constants::D), &square(&u1))), &u2_square);
    let ([was_square], [root]) = sqrt_ratio(&[one], &[mul(&v, &u2_square)], &splat(constants::SQRT_M1));
    let x_denominator = mul(&root, &u2);
    let y_denominator = mul(&mul(&root, &x_denominator), &v);
    let x = absolute(&mul(&add(&s, &s), &x_denominator));
    let y = mul(&u1, &y_denominator);
    let t = mul(&x, &y);
    let valid = was_square & !is_negative(&t) & !is_zero(&y);
    (Point { x, y, z: one, t }, valid)
}
