//! Opening the envelopes of many joined pairs (design section 4, "Row sent by a side"; matcher/service/match/opening.py).
//!
//! Each vector is sealed by AES-256-GCM under a key of its own, bound to the party's associated data, token and handle.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::column::{fixed, require_count};
use crate::error::Error;

const TAG_SIZE: usize = 16;
/// Envelopes opened by one thread before another may take over.
const GROUP: usize = 32;

/// The envelopes of one party's rows, as columns.
pub struct Sealed<'a> {
    /// The key that each opens under, 32 bytes.
    pub keys: &'a [u8],
    /// The nonce of each, 12 bytes.
    pub nonces: &'a [u8],
    /// Vectors with their tags, all of one width.
    pub sealed: &'a [u8],
    /// The associated data before token and handle (rows.row_aad_prefix).
    pub associated: &'a [u8],
    /// Tokens, 16 bytes each.
    pub tokens: &'a [u8],
    /// Handles, 16 bytes each.
    pub handles: &'a [u8],
}

/// What is inside each envelope, end to end, and a byte for each: 1 where it opened. Zeros stand for one that did not.
pub fn open(envelopes: &Sealed) -> Result<(Zeroizing<Vec<u8>>, Vec<u8>), Error> {
    let keys = fixed::<32>(envelopes.keys, "envelope keys")?;
    let nonces = fixed::<12>(envelopes.nonces, "nonces")?;
    let tokens = fixed::<16>(envelopes.tokens, "tokens")?;
    let handles = fixed::<16>(envelopes.handles, "handles")?;
    for (found, what) in [(nonces.len(), "nonces"), (tokens.len(), "tokens"), (handles.len(), "handles")] {
        require_count(found, keys.len(), what)?;
    }
    if keys.is_empty() {
        require_count(envelopes.sealed.len(), 0, "sealed bytes")?;
        return Ok((Zeroizing::new(Vec::new()), Vec::new()));
    }
    let size = envelopes.sealed.len() / keys.len();
    if size <= TAG_SIZE || size * keys.len() != envelopes.sealed.len() {
        return Err(Error::shape("sealed: these are not as many envelopes as keys"));
    }
    let width = size - TAG_SIZE;
    let mut vectors = Zeroizing::new(vec![0; width * keys.len()]);
    let mut opened = vec![0; keys.len()];
    vectors
        .par_chunks_exact_mut(width)
        .zip(opened.par_iter_mut())
        .zip(envelopes.sealed.par_chunks_exact(size))
        .enumerate()
        .with_min_len(GROUP)
        .for_each(|(index, ((vector, opened), sealed))| {
            let associated = [envelopes.associated, &tokens[index], &handles[index]].concat();
            if open_one(&keys[index], &nonces[index], sealed, &associated, vector) {
                *opened = 1;
            } else {
                vector.fill(0);
            }
        });
    Ok((vectors, opened))
}

fn open_one(key: &[u8; 32], nonce: &[u8; 12], sealed: &[u8], associated: &[u8], vector: &mut [u8]) -> bool {
    let (inside, tag) = sealed.split_at(vector.len());
    vector.copy_from_slice(inside);
    let tag = Tag::try_from(tag).expect("a tag is 16 bytes long");
    Aes256Gcm::new_from_slice(key)
        .expect("an envelope key is 32 bytes long")
        .decrypt_inout_detached(&Nonce::from(*nonce), associated, vector.into(), &tag)
        .is_ok()
}
