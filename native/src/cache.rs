//! Entries of an agency's cache of record secrets (matcher/agency/secrets/cache.py): their names, sealed and opened.
//!
//! name = HMAC-SHA-256(name key, head || lp(link value))[:16]; sealed = nonce (12) | AES-256-GCM of F, bound to the name.
//! An entry is name | sealed.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce, Tag};
use zeroize::Zeroizing;

use crate::column::{Column, fixed, require_count};
use crate::entries::{ENTRY_SIZE, Entry, NAME_SIZE};
use crate::error::Error;
use crate::keyed::{Sixteen, cut};
use crate::rows::{NONCE_SIZE, nonces};

const SECRET_SIZE: usize = 64;

/// The names of link values, 16 bytes each.
pub fn names(key: &[u8], head: &[u8], values: &Column) -> Result<Vec<u8>, Error> {
    values.require_framed(values.count())?;
    let key = <[u8; 32]>::try_from(key).map(Zeroizing::new).map_err(|_| Error::shape("a name key has 32 bytes"))?;
    let keyed = Sixteen::new(&[*key; Sixteen::COUNT], true);
    let mut output = vec![0; values.count() * NAME_SIZE];
    let mut messages = vec![Zeroizing::new(Vec::new()); Sixteen::COUNT];
    for (group, places) in output.chunks_mut(Sixteen::COUNT * NAME_SIZE).enumerate() {
        let count = places.len() / NAME_SIZE;
        for (number, message) in messages.iter_mut().enumerate().take(count) {
            let value = values.get(group * Sixteen::COUNT + number);
            message.clear();
            message.extend_from_slice(head);
            message.extend_from_slice(&(value.len() as u16).to_be_bytes());
            message.extend_from_slice(value);
        }
        let hashes = keyed.each(&std::array::from_fn(|number| messages[number].as_slice()));
        for (number, place) in places.as_chunks_mut::<NAME_SIZE>().0.iter_mut().enumerate() {
            *place = cut(&hashes, number);
        }
    }
    Ok(output)
}

/// Record secrets, 64 bytes each, sealed under fresh nonces: entries.
pub fn seal(key: &[u8], names: &[u8], secrets: &[u8]) -> Result<Vec<u8>, Error> {
    let (cipher, names) = (cipher(key)?, fixed::<NAME_SIZE>(names, "names")?);
    let secrets = fixed::<SECRET_SIZE>(secrets, "record secrets")?;
    require_count(secrets.len(), names.len(), "record secrets")?;
    let mut output = vec![0; names.len() * ENTRY_SIZE];
    let places = output.chunks_exact_mut(ENTRY_SIZE).zip(nonces(names.len())?);
    for (index, ((place, nonce), (name, secret))) in places.zip(names.iter().zip(secrets)).enumerate() {
        let (head, rest) = place.split_at_mut(NAME_SIZE + NONCE_SIZE);
        head[..NAME_SIZE].copy_from_slice(name);
        head[NAME_SIZE..].copy_from_slice(&nonce);
        let (content, tag) = rest.split_at_mut(SECRET_SIZE);
        content.copy_from_slice(secret);
        let made = cipher.encrypt_inout_detached(&Nonce::from(nonce), name, content.into());
        tag.copy_from_slice(&made.map_err(|_| Error::at(index, "an entry cannot be sealed"))?);
    }
    Ok(output)
}

/// The record secrets of entries. Refuses, by index, one that was altered, or sealed under another key or name.
pub fn open(key: &[u8], entries: &[&Entry]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let cipher = cipher(key)?;
    let mut output = Zeroizing::new(vec![0; entries.len() * SECRET_SIZE]);
    for (index, (place, entry)) in output.chunks_exact_mut(SECRET_SIZE).zip(entries).enumerate() {
        let refused = || Error::at(index, "an entry does not open");
        let (name, rest) = entry.split_at(NAME_SIZE);
        let (nonce, rest) = rest.split_first_chunk::<NONCE_SIZE>().ok_or_else(refused)?;
        let (content, tag) = rest.split_at(SECRET_SIZE);
        place.copy_from_slice(content);
        let tag = Tag::try_from(tag).map_err(|_| refused())?;
        cipher.decrypt_inout_detached(&Nonce::from(*nonce), name, place.into(), &tag).map_err(|_| refused())?;
    }
    Ok(output)
}

fn cipher(key: &[u8]) -> Result<Aes256Gcm, Error> {
    Aes256Gcm::new_from_slice(key).map_err(|_| Error::shape("a seal key has 32 bytes"))
}
