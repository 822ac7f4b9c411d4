//! Record secrets into the rows that a side sends (design section 4, "Row sent by a side"; matcher/agency/blind/rows.py).
//!
//! op | token | handle | the other side's envelope key | nonce | own vector sealed by AES-256-GCM. An asking row is
//! sealed under the asking envelope key and carries the answering one; an answering row the other way round.

use aes_gcm::aead::{AeadInOut, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use zeroize::Zeroizing;

use crate::column::require_count;
use crate::error::Error;
use crate::fields::{Field, Values};
use crate::keyed::{Hashes, Sixteen, derived};

/// What begins a row that is put.
pub const PUT: u8 = 1;
/// What begins one that deletes.
pub const DELETE: u8 = 0;
/// Records whose keys are derived together.
const EIGHT: usize = 8;
/// Bytes of a token.
pub const TOKEN_SIZE: usize = 16;
/// Bytes of a handle.
pub const HANDLE_SIZE: usize = 16;
const KEY_SIZE: usize = 32;
/// Bytes of a nonce.
pub const NONCE_SIZE: usize = 12;
const TAG_SIZE: usize = 16;
/// Where a row has its token and handle.
pub const PLACE: std::ops::Range<usize> = 1..1 + TOKEN_SIZE + HANDLE_SIZE;
const HEAD_SIZE: usize = PLACE.end + KEY_SIZE + NONCE_SIZE;
const COMPARISON: std::ops::Range<usize> = 16..48;
const ASKING_ENVELOPE: std::ops::Range<usize> = 48..80;
const ANSWERING_ENVELOPE: std::ops::Range<usize> = 80..112;

/// What all rows of one submission share.
pub struct Submission {
    /// HKDF's info (suite.record_info).
    pub info: Vec<u8>,
    /// The associated data before token and handle (rows.row_aad_prefix).
    pub associated: Vec<u8>,
    /// Whether the rows are an asking side's.
    pub asking: bool,
    /// Whether several records at a time may be derived where the processor can.
    pub lanes: bool,
    /// The comparison vector's.
    pub fields: Vec<Field>,
}

/// What rows are made of: one secret, handle and nonce for each record, and a column for each field.
pub struct Records<'a> {
    /// F of each.
    pub secrets: &'a [[u8; 64]],
    /// Their handles.
    pub handles: &'a [[u8; HANDLE_SIZE]],
    /// Fresh, one for each row.
    pub nonces: &'a [[u8; NONCE_SIZE]],
    /// By field.
    pub values: &'a [Values],
}

impl Submission {
    /// Bytes of a row.
    pub fn row_size(&self) -> usize {
        HEAD_SIZE + self.fields.iter().map(Field::width).sum::<usize>() + TAG_SIZE
    }

    /// The rows of `records`, end to end, in their order.
    pub fn rows(&self, records: &Records) -> Result<Vec<u8>, Error> {
        let count = records.secrets.len();
        require_count(records.handles.len(), count, "handles")?;
        require_count(records.nonces.len(), count, "nonces")?;
        require_count(records.values.len(), self.fields.len(), "columns")?;
        let size = self.row_size();
        let mut rows = vec![0; count * size];
        for (group, rows) in rows.chunks_mut(size * Sixteen::COUNT).enumerate() {
            self.group(records, group * Sixteen::COUNT, &mut rows.chunks_exact_mut(size).collect::<Vec<_>>())?;
        }
        Ok(rows)
    }

    /// The rows of records `first` and following, sixteen at most.
    fn group(&self, records: &Records, first: usize, rows: &mut [&mut [u8]]) -> Result<(), Error> {
        let (own, other) = match self.asking {
            true => (ASKING_ENVELOPE, ANSWERING_ENVELOPE),
            false => (ANSWERING_ENVELOPE, ASKING_ENVELOPE),
        };
        let secrets = &records.secrets[first..first + rows.len()];
        let keys: Vec<_> = secrets.chunks(EIGHT).map(|eight| derived(eight, &self.info, self.lanes)).collect();
        let keys_of = |number: usize| &keys[number / EIGHT][number % EIGHT];
        let mut comparison = Zeroizing::<Hashes>::default();
        for (number, row) in rows.iter_mut().enumerate() {
            let keys = keys_of(number);
            comparison[number].copy_from_slice(&keys[COMPARISON]);
            row[0] = PUT;
            row[PLACE][..TOKEN_SIZE].copy_from_slice(&keys[..TOKEN_SIZE]);
            row[PLACE][TOKEN_SIZE..].copy_from_slice(&records.handles[first + number]);
            row[PLACE.end..][..KEY_SIZE].copy_from_slice(&keys[other.clone()]);
            row[HEAD_SIZE - NONCE_SIZE..HEAD_SIZE].copy_from_slice(&records.nonces[first + number]);
        }
        let comparison = Sixteen::new(&comparison, self.lanes);
        let mut at = HEAD_SIZE;
        for (field, values) in self.fields.iter().zip(records.values) {
            let end = at + field.width();
            let mut places: Vec<_> = rows.iter_mut().map(|row| &mut row[at..end]).collect();
            field.encode(&comparison, values, first, &mut places);
            at = end;
        }
        let mut associated = self.associated.clone();
        for (number, row) in rows.iter_mut().enumerate() {
            associated.truncate(self.associated.len());
            associated.extend_from_slice(&row[PLACE]);
            seal(&keys_of(number)[own.clone()], &associated, row)
                .ok_or_else(|| Error::at(first + number, "a vector is too long to be sealed"))?;
        }
        Ok(())
    }

    /// The row that deletes the record of `token` and `handle`.
    pub fn delete(&self, token: &[u8; TOKEN_SIZE], handle: &[u8; HANDLE_SIZE]) -> Vec<u8> {
        let mut row = vec![0; self.row_size()];
        row[0] = DELETE;
        row[PLACE][..TOKEN_SIZE].copy_from_slice(token);
        row[PLACE][TOKEN_SIZE..].copy_from_slice(handle);
        row
    }
}

/// Seal the vector that stands in `row`.
fn seal(key: &[u8], associated: &[u8], row: &mut [u8]) -> Option<()> {
    let (head, sealed) = row.split_at_mut(HEAD_SIZE);
    let (vector, tag) = sealed.split_at_mut(sealed.len() - TAG_SIZE);
    let nonce = Nonce::try_from(&head[HEAD_SIZE - NONCE_SIZE..]).ok()?;
    let cipher = Aes256Gcm::new_from_slice(key).ok()?;
    tag.copy_from_slice(&cipher.encrypt_inout_detached(&nonce, associated, vector.into()).ok()?);
    Some(())
}

/// Fresh nonces for `count` rows.
pub fn nonces(count: usize) -> Result<Vec<[u8; NONCE_SIZE]>, Error> {
    let mut data = vec![[0; NONCE_SIZE]; count];
    getrandom::fill(data.as_flattened_mut()).map_err(|_| Error::shape("the operating system gives no randomness"))?;
    Ok(data)
}
