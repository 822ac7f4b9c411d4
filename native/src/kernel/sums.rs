//! Weighted sums of elements, and the weights of a proof; both are public (RFC 9497 section 2.2.1).

use curve25519_dalek::scalar::Scalar;

use super::point::{self, Digits};
use super::{group, sha512};

const LANES: usize = 8;

/// The encoding of the sum of elements times twice their scalars; or the index of the first that is none but the identity.
///
/// Memory for tables is 1,280 bytes an element: some hundreds stay in a core's cache.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn sum(elements: &[[u8; 32]], halves: &[Scalar]) -> Result<[u8; 32], usize> {
    let count = elements.len();
    let (mut points, mut digits) = (Vec::new(), Vec::new());
    for at in (0..count).step_by(LANES) {
        points.push(group::decode(elements, at)?);
        // A lane beyond the last has digits of zero, and adds nothing.
        let mut lanes: Digits = [[0; LANES]; 64];
        for (lane, half) in halves[at..].iter().take(LANES).enumerate() {
            for (digits, digit) in lanes.iter_mut().zip(group::radix_16(half)) {
                digits[lane] = i64::from(digit) as u64;
            }
        }
        digits.push(lanes);
    }
    Ok(group::encoded(&[point::across(point::sum(&points, &digits))], 1)[0])
}

/// expand_message_xmd to 64 bytes of up to eight messages, which begin with their block of zeros and end with the length.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512ifma")]
pub fn expanded(messages: &mut [Vec<u8>; LANES], tag: &[u8]) -> [[u8; 64]; LANES] {
    for message in messages.iter_mut() {
        message.extend_from_slice(tag);
        message.push(tag.len() as u8);
        sha512::pad(message, 0);
    }
    sha512::digests(&group::expand(messages, tag))
}
