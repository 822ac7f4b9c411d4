//! AES-256 under the keys of sixteen records, side by side where the processor can: symbols of names, sealed vectors.

use aes::Aes256;
use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

#[cfg(target_arch = "x86_64")]
use crate::kernel::{Kernel, aes256};
use crate::keyed::{Sixteen, Words, cut};

/// Four blocks.
pub type Four = [[u8; 16]; 4];
const TAG_SIZE: usize = 16;

/// AES-256 under the hashes of sixteen records; large, and on the stack for one group of them.
#[allow(clippy::large_enum_variant)]
pub enum Ciphers<'a> {
    /// All keys expanded.
    #[cfg(target_arch = "x86_64")]
    Lanes(Kernel, aes256::Sixteen),
    /// One key at a time.
    Each(&'a Words),
}

impl<'a> Ciphers<'a> {
    /// `lanes` allows the kernel.
    pub fn new(keys: &'a Words, lanes: bool) -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(kernel) = Kernel::detect().filter(|_| lanes) {
            return Self::Lanes(kernel, kernel.ciphers(keys));
        }
        Self::Each(keys)
    }

    /// Give `take` blocks, encrypted under the key of record `number`, four by four.
    pub fn encrypt(&self, number: usize, blocks: &[Four], mut take: impl FnMut(Four)) {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Lanes(kernel, ciphers) => kernel.encrypt_row(ciphers, number, blocks, take),
            Self::Each(keys) => {
                let cipher = Aes256::new((&*Zeroizing::new(cut::<32>(keys, number))).into());
                for four in blocks {
                    let mut made = four.map(Block::<Aes256>::from);
                    cipher.encrypt_blocks(&mut made);
                    take(made.map(Into::into));
                }
            }
        }
    }
}

/// Seal in each of `places`, which are of one length, what stands before its last 16 bytes, by AES-256-GCM; the tag takes
/// those. `associated` is of one length, too. None where a vector is too long to be sealed.
pub fn seal(
    keys: &[&[u8; 32]; Sixteen::COUNT],
    nonces: &[[u8; 12]; Sixteen::COUNT],
    associated: &[&[u8]; Sixteen::COUNT],
    places: &mut [&mut [u8]],
    lanes: bool,
) -> Option<()> {
    #[cfg(target_arch = "x86_64")]
    if let Some(kernel) = Kernel::detect().filter(|_| lanes) {
        kernel.seal(keys, nonces, associated, places);
        return Some(());
    }
    for (number, place) in places.iter_mut().enumerate() {
        let (vector, tag) = place.split_at_mut(place.len() - TAG_SIZE);
        let cipher = Aes256Gcm::new(keys[number].into());
        let nonce = Nonce::from(nonces[number]);
        tag.copy_from_slice(&cipher.encrypt_inout_detached(&nonce, associated[number], vector.into()).ok()?);
    }
    Some(())
}
