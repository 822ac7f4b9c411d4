//! RFC 9497 VOPRF, ristretto255-SHA512, mode 1, over columns.
//!
//! The context string and tags are the suite's. Values go through in groups; a group takes the eight-lane kernel where
//! the processor has one, and curve25519-dalek elsewhere: the same bytes either way.

use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint};
use curve25519_dalek::scalar::Scalar;
use rayon::prelude::*;
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::column::{fixed, require_count};
use crate::error::Error;
use crate::input::Inputs;
#[cfg(target_arch = "x86_64")]
use crate::kernel::Kernel;

/// `HashToGroup-` and the suite's context string (RFC 9497 section 4.1).
pub const GROUP_TAG: &[u8] = b"HashToGroup-OPRFV1-\x01-ristretto255-SHA512";
/// What ends the last hash (RFC 9497 section 3.3.1).
pub const FINALIZE: &[u8] = b"Finalize";
const SCALAR_SIZE: usize = 32;
const ELEMENT_SIZE: usize = 32;
const OUTPUT_SIZE: usize = 64;
/// Values that share one inversion; also the unit of work of a thread.
const GROUP: usize = 256;

/// F of each input, directly, for the key's holder.
pub fn evaluate(key: &[u8], inputs: &Inputs, arithmetic: Arithmetic) -> Result<Vec<u8>, Error> {
    let half = secret_scalar(key)?;
    let mut output = vec![0; inputs.count() * OUTPUT_SIZE];
    output.par_chunks_mut(GROUP * OUTPUT_SIZE).enumerate().for_each(|(group, part)| {
        let first = group * GROUP;
        let elements = arithmetic.hashed(inputs, first, Scalars::One(&half, part.len() / OUTPUT_SIZE));
        arithmetic.finish(inputs, first, &elements, part);
    });
    Ok(output)
}

/// (blinds, blinded elements) of each input. `blinds` of 32 bytes each are drawn from the operating system when absent.
pub fn blind(inputs: &Inputs, blinds: Option<&[u8]>, arithmetic: Arithmetic) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let blinds = match blinds {
        Some(given) => given.to_vec(),
        None => random_scalars(inputs.count())?,
    };
    let mut halves = scalars(&blinds, inputs.count())?;
    halves.iter_mut().for_each(|scalar| *scalar = scalar.div_by_2());
    let mut elements = vec![0; inputs.count() * ELEMENT_SIZE];
    elements.par_chunks_mut(GROUP * ELEMENT_SIZE).zip(halves.par_chunks(GROUP)).enumerate().for_each(
        |(group, (part, halves))| {
            part.copy_from_slice(arithmetic.hashed(inputs, group * GROUP, Scalars::Each(halves)).as_flattened());
        },
    );
    Ok((blinds, elements))
}

/// Each element times the key, for the key's holder. Refuses, by index, an element that is not valid.
pub fn blind_evaluate(key: &[u8], elements: &[u8], arithmetic: Arithmetic) -> Result<Vec<u8>, Error> {
    let half = secret_scalar(key)?;
    let elements = fixed::<ELEMENT_SIZE>(elements, "blinded elements")?;
    let mut output = vec![0; elements.len() * ELEMENT_SIZE];
    output.par_chunks_mut(GROUP * ELEMENT_SIZE).zip(elements.par_chunks(GROUP)).enumerate().try_for_each(
        |(group, (part, elements))| {
            let products = arithmetic.decoded(elements, Scalars::One(&half, elements.len()), group * GROUP)?;
            part.copy_from_slice(products.as_flattened());
            Ok(())
        },
    )?;
    Ok(output)
}

/// F of each input from its blind and its evaluated element, whose proof was verified before.
pub fn finalize(inputs: &Inputs, blinds: &[u8], evaluated: &[u8], arithmetic: Arithmetic) -> Result<Vec<u8>, Error> {
    let mut halves = scalars(blinds, inputs.count())?;
    let elements = fixed::<ELEMENT_SIZE>(evaluated, "evaluated elements")?;
    require_count(elements.len(), inputs.count(), "evaluated elements")?;
    if !halves.is_empty() {
        Scalar::invert_batch_alloc(&mut halves);
    }
    halves.iter_mut().for_each(|scalar| *scalar = scalar.div_by_2());
    let mut output = vec![0; inputs.count() * OUTPUT_SIZE];
    output
        .par_chunks_mut(GROUP * OUTPUT_SIZE)
        .zip(elements.par_chunks(GROUP))
        .zip(halves.par_chunks(GROUP))
        .enumerate()
        .try_for_each(|(group, ((part, elements), halves))| {
            let first = group * GROUP;
            let products = arithmetic.decoded(elements, Scalars::Each(halves), first)?;
            arithmetic.finish(inputs, first, &products, part);
            Ok(())
        })?;
    Ok(output)
}

/// Refuse, by index, the first element that is not canonical or is the identity.
pub fn require_elements(elements: &[u8]) -> Result<(), Error> {
    let elements = fixed::<ELEMENT_SIZE>(elements, "elements")?;
    elements.par_chunks(GROUP).enumerate().try_for_each(|(group, part)| decode(part, group * GROUP).map(|_points| ()))
}

/// What computes: the eight-lane kernel where the processor has it, or curve25519-dalek.
#[derive(Clone, Copy)]
pub enum Arithmetic {
    /// Eight values at a time.
    #[cfg(target_arch = "x86_64")]
    Lanes(Kernel),
    /// One at a time.
    Dalek,
}

impl Arithmetic {
    /// The kernel if there is one and `lanes` allows it.
    pub fn choose(lanes: bool) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = Kernel::detect().filter(|_| lanes) {
            return Self::Lanes(kernel);
        }
        let _ = lanes;
        Self::Dalek
    }

    /// Its name, for people.
    pub fn name(self) -> &'static str {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Lanes(_) => "avx512ifma",
            Self::Dalek => "curve25519-dalek",
        }
    }

    /// Elements of inputs `first` and following, times their scalars, encoded.
    pub fn hashed(self, inputs: &Inputs, first: usize, halves: Scalars) -> Vec<[u8; ELEMENT_SIZE]> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Lanes(kernel) => kernel.hashed(inputs, first, halves),
            Self::Dalek => products(points(inputs, first, halves.count()), halves),
        }
    }

    fn decoded(
        self,
        elements: &[[u8; ELEMENT_SIZE]],
        halves: Scalars,
        first: usize,
    ) -> Result<Vec<[u8; ELEMENT_SIZE]>, Error> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Lanes(kernel) => kernel.decoded(elements, halves).map_err(|number| refused(first + number)),
            Self::Dalek => Ok(products(decode(elements, first)?, halves)),
        }
    }

    /// Outputs of inputs `first` and following from their encoded elements.
    pub fn finish(self, inputs: &Inputs, first: usize, elements: &[[u8; ELEMENT_SIZE]], output: &mut [u8]) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Lanes(kernel) => kernel.finish(inputs, first, elements, output),
            Self::Dalek => finish(inputs, first, elements, output),
        }
    }
}

/// Scalars of a group. Encoding doubles, for the double of a point needs no square root to be encoded, so each is half
/// of what the element is to be multiplied by.
#[derive(Clone, Copy)]
pub enum Scalars<'a> {
    /// The same for so many values.
    One(&'a Scalar, usize),
    /// One for each value.
    Each(&'a [Scalar]),
}

impl Scalars<'_> {
    /// How many values there are.
    pub fn count(&self) -> usize {
        match self {
            Self::One(_, count) => *count,
            Self::Each(scalars) => scalars.len(),
        }
    }

    /// The scalar of one value; the last for an index beyond.
    pub fn get(&self, index: usize) -> &Scalar {
        match self {
            Self::One(scalar, _) => scalar,
            Self::Each(scalars) => &scalars[index.min(scalars.len() - 1)],
        }
    }
}

fn products(mut points: Vec<RistrettoPoint>, halves: Scalars) -> Vec<[u8; ELEMENT_SIZE]> {
    for (index, point) in points.iter_mut().enumerate() {
        *point *= halves.get(index);
    }
    RistrettoPoint::double_and_compress_batch(&points).iter().map(CompressedRistretto::to_bytes).collect()
}

fn points(inputs: &Inputs, first: usize, count: usize) -> Vec<RistrettoPoint> {
    let mut message = Zeroizing::new(Vec::new());
    (first..first + count)
        .map(|index| {
            message.clear();
            message.resize(128, 0);
            inputs.append(index, &mut message);
            message.extend_from_slice(&[0, 64, 0]);
            RistrettoPoint::from_uniform_bytes(&expand(&mut message, GROUP_TAG))
        })
        .collect()
}

/// expand_message_xmd to 64 bytes (RFC 9380 section 5.3.1); `message` has its zero block and length, but not its tag.
pub fn expand(message: &mut Vec<u8>, tag: &[u8]) -> [u8; 64] {
    let tag_size = [tag.len() as u8];
    message.extend_from_slice(tag);
    message.extend_from_slice(&tag_size);
    let seed = Sha512::digest(&message);
    Sha512::new().chain_update(seed).chain_update([1]).chain_update(tag).chain_update(tag_size).finalize().into()
}

fn finish(inputs: &Inputs, first: usize, elements: &[[u8; ELEMENT_SIZE]], output: &mut [u8]) {
    let mut message = Zeroizing::new(Vec::new());
    for (number, element) in elements.iter().enumerate() {
        message.clear();
        message.extend_from_slice(&(inputs.size(first + number) as u16).to_be_bytes());
        inputs.append(first + number, &mut message);
        message.extend_from_slice(&(ELEMENT_SIZE as u16).to_be_bytes());
        message.extend_from_slice(element);
        message.extend_from_slice(FINALIZE);
        output[number * OUTPUT_SIZE..][..OUTPUT_SIZE].copy_from_slice(&Sha512::digest(&*message));
    }
}

/// The refusal of what is no element.
pub fn refused(index: usize) -> Error {
    Error::at(index, "an element is not canonical, or is the identity")
}

/// The elements, whose first is at index `first` for who is told of a refusal.
pub fn decode(elements: &[[u8; ELEMENT_SIZE]], first: usize) -> Result<Vec<RistrettoPoint>, Error> {
    elements
        .iter()
        .zip(first..)
        .map(|(element, index)| {
            if element == &[0; ELEMENT_SIZE] {
                return Err(refused(index));
            }
            CompressedRistretto(*element).decompress().ok_or_else(|| refused(index))
        })
        .collect()
}

/// Half of a key that is canonical and not zero.
fn secret_scalar(key: &[u8]) -> Result<Zeroizing<Scalar>, Error> {
    let bytes =
        Zeroizing::new(<[u8; SCALAR_SIZE]>::try_from(key).map_err(|_| Error::shape("a secret key is 32 bytes long"))?);
    checked(&bytes)
        .map(|key| Zeroizing::new(key.div_by_2()))
        .ok_or_else(|| Error::shape("the secret key is zero or not canonical"))
}

fn checked(bytes: &[u8; SCALAR_SIZE]) -> Option<Scalar> {
    Option::<Scalar>::from(Scalar::from_canonical_bytes(*bytes)).filter(|scalar| *scalar != Scalar::ZERO)
}

fn scalars(data: &[u8], count: usize) -> Result<Zeroizing<Vec<Scalar>>, Error> {
    let items = fixed::<SCALAR_SIZE>(data, "blinds")?;
    require_count(items.len(), count, "blinds")?;
    items
        .iter()
        .enumerate()
        .map(|(index, bytes)| checked(bytes).ok_or_else(|| Error::at(index, "a blind is zero or not canonical")))
        .collect::<Result<Vec<_>, _>>()
        .map(Zeroizing::new)
}

/// Fresh scalars from the operating system, by wide reduction (RFC 9497 section 4.7), encoded.
fn random_scalars(count: usize) -> Result<Vec<u8>, Error> {
    let mut wide = Zeroizing::new(vec![0; count * 64]);
    getrandom::fill(&mut wide).map_err(|_| Error::shape("the operating system gives no randomness"))?;
    let (chunks, _rest) = wide.as_chunks::<64>();
    Ok(chunks.iter().flat_map(|bytes| Scalar::from_bytes_mod_order_wide(bytes).to_bytes()).collect())
}
