//! The weighted sums that one proof for a whole batch is about (RFC 9497 section 2.2.1, ComputeComposites).
//!
//! Elements and weights are known to both who exchange them, so the sums take variable time; the proof itself, and its
//! secrets, stay with the caller.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{Identity, VartimeMultiscalarMul};
use rayon::prelude::*;
use sha2::{Digest, Sha512};

use crate::column::{fixed, require_count};
use crate::error::Error;
#[cfg(target_arch = "x86_64")]
use crate::kernel::Kernel;
use crate::oprf::{decode, expand, refused};

const SCALAR_TAG: &[u8] = b"HashToScalar-OPRFV1-\x01-ristretto255-SHA512";
const SEED_TAG: &[u8] = b"Seed-OPRFV1-\x01-ristretto255-SHA512";
const COMPOSITE: &[u8] = b"Composite";
/// Elements summed at once.
const GROUP: usize = 512;

/// An encoded element.
pub type Element = [u8; 32];

/// The sums of `blinded` and of `evaluated`, each element times the weight of its pair. The second is left out, and
/// only the encodings of `evaluated` are read, unless `both`.
pub fn composites(
    public_key: &[u8],
    blinded: &[u8],
    evaluated: &[u8],
    both: bool,
) -> Result<(Element, Option<Element>), Error> {
    let blinded = fixed::<32>(blinded, "blinded elements")?;
    let evaluated = fixed::<32>(evaluated, "evaluated elements")?;
    require_count(evaluated.len(), blinded.len(), "evaluated elements")?;
    if blinded.len() > usize::from(u16::MAX) {
        return Err(Error::shape("a batch has at most 65,535 elements"));
    }
    let weights = weights(public_key, blinded, evaluated);
    let first = sum(&weights, blinded, "blinded")?;
    let second = if both { Some(sum(&weights, evaluated, "evaluated")?) } else { None };
    Ok((first, second))
}

fn weights(public_key: &[u8], blinded: &[Element], evaluated: &[Element]) -> Vec<Scalar> {
    let mut hash = Sha512::new();
    for part in [public_key, SEED_TAG] {
        hash.update((part.len() as u16).to_be_bytes());
        hash.update(part);
    }
    let seed = hash.finalize();
    let pairs: Vec<_> = blinded.iter().zip(evaluated).enumerate().collect();
    pairs
        .par_chunks(8)
        .with_min_len(32)
        .map_init(Default::default, |messages: &mut [Vec<u8>; 8], pairs| {
            for (message, (index, (entered, left))) in messages.iter_mut().zip(pairs) {
                message.clear();
                message.resize(128, 0);
                message.extend_from_slice(&(seed.len() as u16).to_be_bytes());
                message.extend_from_slice(&seed);
                message.extend_from_slice(&(*index as u16).to_be_bytes());
                for element in [entered, left] {
                    message.extend_from_slice(&(element.len() as u16).to_be_bytes());
                    message.extend_from_slice(*element);
                }
                message.extend_from_slice(COMPOSITE);
                message.extend_from_slice(&[0, 64, 0]);
            }
            hashed(messages, pairs.len())
        })
        .flatten_iter()
        .collect()
}

/// The scalars of the first `count` messages.
fn hashed(messages: &mut [Vec<u8>; 8], count: usize) -> Vec<Scalar> {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernel) = Kernel::detect() {
        // What an unused message holds from before is hashed and left out.
        messages[count..].iter_mut().for_each(Vec::clear);
        let uniform = kernel.expanded512(messages, SCALAR_TAG);
        return uniform[..count].iter().map(Scalar::from_bytes_mod_order_wide).collect();
    }
    let messages = messages.iter_mut().take(count);
    messages.map(|message| Scalar::from_bytes_mod_order_wide(&expand(message, SCALAR_TAG))).collect()
}

fn sum(weights: &[Scalar], elements: &[Element], what: &str) -> Result<Element, Error> {
    let parts = weights
        .par_chunks(GROUP)
        .zip(elements.par_chunks(GROUP))
        .enumerate()
        .map(|(group, (weights, elements))| product(weights, elements, group * GROUP))
        .collect::<Result<Vec<_>, Error>>()
        .map_err(|error| match error.index {
            Some(index) => {
                Error { message: format!("{what} element {index} is not canonical, or is the identity"), ..error }
            }
            None => error,
        })?;
    Ok(parts.iter().fold(RistrettoPoint::identity(), |total, part| total + part).compress().to_bytes())
}

/// The sum of some elements times their weights; `first` is the index of the first of them.
fn product(weights: &[Scalar], elements: &[Element], first: usize) -> Result<RistrettoPoint, Error> {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernel) = Kernel::detect() {
        let halves: Vec<_> = weights.iter().map(Scalar::div_by_2).collect();
        let sum = kernel.sum(elements, &halves).map_err(|number| refused(first + number))?;
        return CompressedRistretto(sum).decompress().ok_or_else(|| refused(first));
    }
    Ok(RistrettoPoint::vartime_multiscalar_mul(weights, decode(elements, first)?))
}
