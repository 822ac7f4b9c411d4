//! Record secrets into the rows that a side sends (design section 4, "Row sent by a side"; matcher/agency/blind/rows.py).
//!
//! op | token | handle | the other side's envelope key | nonce | own vector sealed by AES-256-GCM. An asking row is
//! sealed under the asking envelope key and carries the answering one; an answering row the other way round.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use rayon::prelude::*;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::column::{fixed, require_count};
use crate::error::Error;
use crate::fields::Field;
use crate::keyed::{Keyed, derived};
use crate::merkle::leaf_hash;

const PUT: u8 = 1;
/// Records whose keys are derived together.
const TOGETHER: usize = 8;
const TOKEN_SIZE: usize = 16;
const HANDLE_SIZE: usize = 16;
const KEY_SIZE: usize = 32;
const NONCE_SIZE: usize = 12;
const TAG_SIZE: usize = 16;
const PLACE: std::ops::Range<usize> = 1..1 + TOKEN_SIZE + HANDLE_SIZE;
const HEAD_SIZE: usize = PLACE.end + KEY_SIZE + NONCE_SIZE;
const COMPARISON: std::ops::Range<usize> = 16..48;
const ASKING_ENVELOPE: std::ops::Range<usize> = 48..80;
const ANSWERING_ENVELOPE: std::ops::Range<usize> = 80..112;

/// What all rows of one submission share.
pub struct Submission<'a> {
    /// HKDF's info (suite.record_info).
    pub info: &'a [u8],
    /// The associated data before token and handle (rows.row_aad_prefix).
    pub associated: &'a [u8],
    /// Whether the rows are an asking side's.
    pub asking: bool,
    /// Whether eight records at a time may be derived where the processor can.
    pub lanes: bool,
}

/// Rows as sent, their RFC 6962 leaf hashes, and which record each is of.
pub struct Rows {
    /// All rows, end to end.
    pub rows: Vec<u8>,
    /// 32 bytes for each row.
    pub leaves: Vec<u8>,
    /// The index of its record, for each row.
    pub order: Vec<u32>,
}

/// The rows of records with these secrets (64 bytes each), handles (16) and fields, by (token, handle) if `sorted`.
///
/// `nonces` of 12 bytes each are drawn from the operating system when absent; only tests may choose them.
pub fn derive(
    submission: &Submission,
    secrets: &[u8],
    handles: &[u8],
    fields: &[&Field],
    nonces: Option<&[u8]>,
    sorted: bool,
) -> Result<Rows, Error> {
    let secrets = fixed::<64>(secrets, "record secrets")?;
    let handles = fixed::<HANDLE_SIZE>(handles, "handles")?;
    require_count(handles.len(), secrets.len(), "handles")?;
    for (number, field) in fields.iter().enumerate() {
        require_count(field.count(), secrets.len(), &format!("field {number}"))?;
    }
    let drawn = match nonces {
        Some(given) => given.to_vec(),
        None => random(secrets.len() * NONCE_SIZE)?,
    };
    let nonces = fixed::<NONCE_SIZE>(&drawn, "nonces")?;
    require_count(nonces.len(), secrets.len(), "nonces")?;
    let width = fields.iter().map(|field| field.width()).sum::<usize>();
    let size = HEAD_SIZE + width + TAG_SIZE;
    let mut rows = vec![0; secrets.len() * size];
    rows.par_chunks_mut(size * TOGETHER).zip(secrets.par_chunks(TOGETHER)).enumerate().with_min_len(8).try_for_each(
        |(group, (rows, secrets))| {
            let keys = derived(secrets, submission.info, submission.lanes);
            for (number, (row, keys)) in rows.chunks_exact_mut(size).zip(keys.iter()).enumerate() {
                let index = group * TOGETHER + number;
                row[PLACE][TOKEN_SIZE..].copy_from_slice(&handles[index]);
                row[HEAD_SIZE - NONCE_SIZE..HEAD_SIZE].copy_from_slice(&nonces[index]);
                fill(submission, keys, fields, index, row)?;
            }
            Ok(())
        },
    )?;
    let mut order: Vec<u32> = (0..secrets.len() as u32).collect();
    if sorted {
        order.par_sort_unstable_by_key(|&index| &rows[index as usize * size..][PLACE]);
        let mut moved = vec![0; rows.len()];
        moved.par_chunks_exact_mut(size).zip(&order).for_each(|(place, &index)| {
            place.copy_from_slice(&rows[index as usize * size..][..size]);
        });
        rows = moved;
    }
    let leaves = rows.par_chunks_exact(size).with_min_len(64).flat_map_iter(leaf_hash).collect();
    Ok(Rows { rows, leaves, order })
}

/// The rest of a row that has its handle and nonce.
fn fill(
    submission: &Submission,
    keys: &[u8; 192],
    fields: &[&Field],
    index: usize,
    row: &mut [u8],
) -> Result<(), Error> {
    let (own, other) = match submission.asking {
        true => (ASKING_ENVELOPE, ANSWERING_ENVELOPE),
        false => (ANSWERING_ENVELOPE, ASKING_ENVELOPE),
    };
    row[0] = PUT;
    row[PLACE][..TOKEN_SIZE].copy_from_slice(&keys[..TOKEN_SIZE]);
    row[PLACE.end..][..KEY_SIZE].copy_from_slice(&keys[other]);
    let (head, sealed) = row.split_at_mut(HEAD_SIZE);
    let (vector, tag) = sealed.split_at_mut(sealed.len() - TAG_SIZE);
    let comparison = Keyed::<Sha256>::new::<64>(&keys[COMPARISON]);
    let mut at = 0;
    for field in fields {
        field.encode(&comparison, index, &mut vector[at..at + field.width()]);
        at += field.width();
    }
    let associated = Zeroizing::new([submission.associated, &head[PLACE]].concat());
    let nonce = Nonce::try_from(&head[HEAD_SIZE - NONCE_SIZE..]).expect("a nonce is 12 bytes long");
    let computed = Aes256Gcm::new_from_slice(&keys[own])
        .expect("an envelope key is 32 bytes long")
        .encrypt_inout_detached(&nonce, &associated, vector.into())
        .map_err(|_| Error::at(index, "a vector is too long to be sealed"))?;
    tag.copy_from_slice(&computed);
    Ok(())
}

fn random(size: usize) -> Result<Vec<u8>, Error> {
    let mut data = vec![0; size];
    getrandom::fill(&mut data).map_err(|_| Error::shape("the operating system gives no randomness"))?;
    Ok(data)
}
