//! Record secrets into the rows that a side sends (design section 4, "Row sent by a side"; matcher/agency/blind/rows.py).
//!
//! op | token | handle | the other side's envelope key | nonce | own vector sealed by AES-256-GCM. An asking row is
//! sealed under the asking envelope key and carries the answering one; an answering row the other way round.

use zeroize::Zeroizing;

use crate::ciphers::seal;
use crate::column::require_count;
use crate::error::Error;
use crate::fields::{Field, Values};
use crate::keyed::{Expanded, Hashes, Info, Sixteen, derived};

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
const ASKING_ENVELOPE: usize = 48;
const ANSWERING_ENVELOPE: usize = 80;

/// What all rows of one submission share.
pub struct Submission {
    /// HKDF's info (suite.record_info).
    pub info: Info,
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

/// What a group of records leaves to the next, to be written over: it is made, and wiped, once for all of them.
struct Scratch {
    keys: Zeroizing<[Expanded; Sixteen::COUNT / EIGHT]>,
    comparison: Zeroizing<Hashes>,
    nonces: [[u8; NONCE_SIZE]; Sixteen::COUNT],
    /// Associated data of each, token and handle at its end.
    associated: [Vec<u8>; Sixteen::COUNT],
}

impl Scratch {
    fn new(associated: &[u8]) -> Self {
        let associated = [associated, &[0; PLACE.end - PLACE.start]].concat();
        Self {
            keys: Zeroizing::new([[[0; 192]; EIGHT]; Sixteen::COUNT / EIGHT]),
            comparison: Zeroizing::default(),
            nonces: Default::default(),
            associated: std::array::from_fn(|_| associated.clone()),
        }
    }
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
        let mut scratch = Scratch::new(&self.associated);
        for (group, data) in rows.chunks_mut(size * Sixteen::COUNT).enumerate() {
            let mut rows: [&mut [u8]; Sixteen::COUNT] = Default::default();
            let count = data.len() / size;
            rows.iter_mut().zip(data.chunks_exact_mut(size)).for_each(|(place, row)| *place = row);
            self.group(records, group * Sixteen::COUNT, &mut scratch, &mut rows[..count])?;
        }
        Ok(rows)
    }

    /// The rows of records `first` and following, sixteen at most.
    fn group(
        &self,
        records: &Records,
        first: usize,
        scratch: &mut Scratch,
        rows: &mut [&mut [u8]],
    ) -> Result<(), Error> {
        let (own, other) = match self.asking {
            true => (ASKING_ENVELOPE, ANSWERING_ENVELOPE),
            false => (ANSWERING_ENVELOPE, ASKING_ENVELOPE),
        };
        let secrets = &records.secrets[first..first + rows.len()];
        for (eight, keys) in secrets.chunks(EIGHT).zip(scratch.keys.iter_mut()) {
            derived(eight, &self.info, self.lanes, keys);
        }
        let keys = scratch.keys.as_flattened();
        for ((number, row), keys) in rows.iter_mut().enumerate().zip(keys) {
            scratch.comparison[number].copy_from_slice(&keys[COMPARISON]);
            scratch.nonces[number] = records.nonces[first + number];
            row[0] = PUT;
            row[PLACE][..TOKEN_SIZE].copy_from_slice(&keys[..TOKEN_SIZE]);
            row[PLACE][TOKEN_SIZE..].copy_from_slice(&records.handles[first + number]);
            row[PLACE.end..][..KEY_SIZE].copy_from_slice(&keys[other..][..KEY_SIZE]);
            row[HEAD_SIZE - NONCE_SIZE..HEAD_SIZE].copy_from_slice(&scratch.nonces[number]);
            let data = &mut scratch.associated[number];
            let end = data.len() - PLACE.len();
            data[end..].copy_from_slice(&row[PLACE]);
        }
        let comparison = Sixteen::new(&scratch.comparison, self.lanes);
        let mut at = HEAD_SIZE;
        for (field, values) in self.fields.iter().zip(records.values) {
            field.encode(&comparison, values, first, rows, at);
            at += field.width();
        }
        let keys = std::array::from_fn(|number| keys[number][own..].first_chunk().expect("keys are 32 bytes long"));
        let associated = std::array::from_fn(|number| scratch.associated[number].as_slice());
        let mut places: [&mut [u8]; Sixteen::COUNT] = Default::default();
        let count = rows.len();
        places.iter_mut().zip(rows).for_each(|(place, row)| *place = &mut row[HEAD_SIZE..]);
        seal(&keys, &scratch.nonces, &associated, &mut places[..count], self.lanes)
            .ok_or_else(|| Error::at(first, "a vector is too long to be sealed"))
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

/// Fresh nonces for `count` rows.
pub fn nonces(count: usize) -> Result<Vec<[u8; NONCE_SIZE]>, Error> {
    let mut data = vec![[0; NONCE_SIZE]; count];
    getrandom::fill(data.as_flattened_mut()).map_err(|_| Error::shape("the operating system gives no randomness"))?;
    Ok(data)
}
