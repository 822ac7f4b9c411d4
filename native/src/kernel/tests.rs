//! The kernel against curve25519-dalek and the definitions of its constants.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;

use super::Kernel;
use crate::column::Column;
use crate::input::Inputs;
use crate::oprf::{Arithmetic, Scalars};

/// Reproducible bytes: SHA-512 of a counter.
fn bytes(seed: u64) -> [u8; 64] {
    use sha2::{Digest, Sha512};
    Sha512::digest(seed.to_le_bytes()).into()
}

fn scalar(seed: u64) -> Scalar {
    Scalar::from_bytes_mod_order_wide(&bytes(seed))
}

/// Scalars whose digits are unusual: 0 and small ones, powers of two, runs of 7, 8 and 15, the greatest.
fn unusual() -> Vec<Scalar> {
    let mut scalars: Vec<_> = (0..20u64).map(Scalar::from).collect();
    scalars.extend((1..20u64).map(|number| -Scalar::from(number)));
    let mut power = Scalar::ONE;
    for _ in 0..260 {
        scalars.push(power);
        power += power;
    }
    for byte in [0x77, 0x88, 0xff, 0x08, 0x80, 0x78, 0x87] {
        scalars.push(Scalar::from_bytes_mod_order([byte; 32]));
    }
    scalars
}

/// How many random values a test takes: many in the long run (CONCORDAT_LONG_TESTS).
fn count(quick: u64, long: u64) -> u64 {
    if std::env::var_os("CONCORDAT_LONG_TESTS").is_some() { long } else { quick }
}

fn check(elements: &[[u8; 32]], scalars: &[Scalar]) {
    let Some(kernel) = Kernel::detect() else { return };
    let halves: Vec<_> = scalars.iter().map(Scalar::div_by_2).collect();
    let found = kernel.decoded(elements, Scalars::Each(&halves)).expect("all are elements");
    for ((element, scalar), found) in elements.iter().zip(scalars).zip(found) {
        let expected = CompressedRistretto(*element).decompress().expect("an element") * scalar;
        assert_eq!(found, expected.compress().to_bytes());
    }
}

#[test]
fn products_of_random_elements() {
    for batch in 0..count(8, 4_000) {
        let seeds = batch * 250..(batch + 1) * 250;
        let elements: Vec<_> =
            seeds.clone().map(|seed| RistrettoPoint::from_uniform_bytes(&bytes(seed)).compress().to_bytes()).collect();
        check(&elements, &seeds.map(|seed| scalar(!seed)).collect::<Vec<_>>());
    }
}

#[test]
fn products_by_unusual_scalars() {
    let scalars = unusual();
    let element = RistrettoPoint::from_uniform_bytes(&bytes(1)).compress().to_bytes();
    check(&vec![element; scalars.len()], &scalars);
}

#[test]
fn hashed_elements() {
    let Some(kernel) = Kernel::detect() else { return };
    // Every length over the bounds of one, two and three blocks, beside others.
    let data = [0x5a; 1 << 16];
    let mut ends = vec![0u32];
    for length in 0..330 {
        ends.push(ends.last().expect("not empty") + length);
    }
    let offsets: Vec<u8> = ends.iter().flat_map(|end| end.to_le_bytes()).collect();
    let inputs = Inputs::new(Column::new(&data, &offsets).expect("a column"), Some(b"prefix")).expect("inputs");
    let scalars: Vec<_> = (0..inputs.count() as u64).map(scalar).collect();
    for first in [0, 1, 200] {
        let scalars = &scalars[first..];
        let (each, one) = (Scalars::Each(scalars), Scalars::One(&scalars[0], scalars.len()));
        for halves in [each, one] {
            let found = kernel.hashed(&inputs, first, halves);
            let expected = Arithmetic::Dalek.hashed(&inputs, first, halves);
            assert!(found == expected, "elements from {first}");
            let (mut output, mut other) = (vec![0; found.len() * 64], vec![0; found.len() * 64]);
            kernel.finish(&inputs, first, &found, &mut output);
            Arithmetic::Dalek.finish(&inputs, first, &found, &mut other);
            assert!(output == other, "outputs from {first}");
        }
    }
}

#[test]
fn refused_encodings() {
    let Some(kernel) = Kernel::detect() else { return };
    let good = RistrettoPoint::from_uniform_bytes(&bytes(1)).compress().to_bytes();
    let half = Scalar::ONE;
    for seed in 0..count(2_000, 1_000_000) {
        let mut wrong = [0; 32];
        wrong.copy_from_slice(&bytes(seed)[..32]);
        wrong[31] &= if seed % 3 == 0 { 0xff } else { 0x7f };
        wrong[0] &= if seed % 5 == 0 { 0xff } else { 0xfe };
        let elements = [good, good, wrong, good, good, good, good, good, good];
        let expected = if CompressedRistretto(wrong).decompress().is_some() { None } else { Some(2) };
        assert_eq!(kernel.decoded(&elements, Scalars::One(&half, 9)).err(), expected);
    }
    let p = |last: u8| {
        let mut value = [0xff; 32];
        (value[0], value[31]) = (last, 0x7f);
        value
    };
    for wrong in [[0; 32], p(0xec), p(0xed), p(0xee), p(0xff), [0xff; 32]] {
        assert!(CompressedRistretto(wrong).decompress().is_none() || wrong == [0; 32]);
        assert_eq!(kernel.decoded(&[wrong], Scalars::One(&half, 1)), Err(0));
        assert_eq!(kernel.decoded(&[&[good; 8][..], &[wrong]].concat(), Scalars::One(&half, 9)), Err(8));
    }
}

#[test]
fn weighted_sums() {
    let Some(kernel) = Kernel::detect() else { return };
    let unusual = unusual();
    for size in (1..20).chain([64, 511, 512]) {
        let points: Vec<_> = (0..size).map(|seed| RistrettoPoint::from_uniform_bytes(&bytes(seed))).collect();
        let mut elements: Vec<_> = points.iter().map(|point| point.compress().to_bytes()).collect();
        let weights: Vec<_> =
            (0..size).map(|at| if size == 512 { unusual[at as usize % 300] } else { scalar(at) }).collect();
        let halves: Vec<_> = weights.iter().map(Scalar::div_by_2).collect();
        let expected: RistrettoPoint = points.iter().zip(&weights).map(|(point, weight)| point * weight).sum();
        assert_eq!(kernel.sum(&elements, &halves), Ok(expected.compress().to_bytes()), "{size} elements");
        let wrong = size as usize / 2;
        elements[wrong] = [0; 32];
        assert_eq!(kernel.sum(&elements, &halves), Err(wrong));
    }
    let element = encodings(1)[0];
    assert_eq!(kernel.sum(&[element, element], &[Scalar::ONE, -Scalar::ONE]), Ok([0; 32]));
}

fn encodings(count: u64) -> Vec<[u8; 32]> {
    (0..count).map(|seed| RistrettoPoint::from_uniform_bytes(&bytes(seed)).compress().to_bytes()).collect()
}
