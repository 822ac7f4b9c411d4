//! What a worker holds for one submission, and one bucket of records into rows for the service and blocks for the vault.
//!
//! Left to Python: splitting names, and record secrets that come from a cache; both are asked for by column.

use zeroize::Zeroizing;

use crate::bucket::Sorted;
use crate::column::{Column, Joined, fixed, joined, require_count};
use crate::error::Error;
use crate::input::Inputs;
use crate::keyed;
use crate::merkle::{self, Hash};
use crate::oprf::{self, Arithmetic};
use crate::plans::Memory;
use crate::rows::{self, DELETE, HANDLE_SIZE, PLACE, PUT, Records, Submission};
use crate::staged::Record;
use crate::values::Read;
use crate::vault::{self, Sent};

/// Files that rows are spread over by the top bits of their tokens (matcher/agency/submit/buckets.py).
pub const BUCKETS: usize = 64;
const BUCKET_SHIFT: u32 = 2;
/// Bytes for the heads of a bucket's blocks, with room to spare.
const BLOCKS_HEADS: usize = 256;

/// Where record secrets come from.
pub enum Source {
    /// The evaluation key's holder computes them.
    Holder(Zeroizing<Vec<u8>>),
    /// HMAC under the group key.
    Group(Zeroizing<Vec<u8>>),
    /// The caller gives them.
    Given,
}

/// One submission: its layout, keys and the names met so far. Keys are wiped when dropped.
pub struct Blinder {
    /// What all rows share.
    pub submission: Submission,
    /// Where record secrets come from.
    pub source: Source,
    /// suite.link_prefix.
    pub prefix: Vec<u8>,
    /// Names of the agreement's columns.
    pub columns: Vec<Vec<u8>>,
    /// Names of firms met before.
    pub memory: Memory,
}

/// A bucket blinded.
pub struct Made {
    /// The vault's blocks.
    pub blocks: Vec<u8>,
    rows: Vec<u8>,
    row_size: usize,
    leaves: Vec<Hash>,
    /// Index of each row, by bucket of its token.
    order: Vec<u32>,
    /// Bytes of the rows in each bucket, with their leaf hashes.
    pub sizes: [usize; BUCKETS],
}

impl Blinder {
    /// The rows of `sorted`, whose records were `read`; `secrets` are given where this has no key for them.
    pub fn blind(
        &self,
        sorted: &Sorted,
        read: &Read<'_>,
        secrets: Option<&[u8]>,
        nonces: Option<&[u8]>,
    ) -> Result<Made, Error> {
        let secrets = self.secrets(&sorted.put, secrets)?;
        let handles: Vec<_> = sorted.put.iter().map(|record| record.handle.to_be_bytes()).collect();
        let nonces = match nonces {
            Some(given) => fixed(given, "nonces")?.to_vec(),
            None => rows::nonces(handles.len())?,
        };
        let records = Records {
            secrets: fixed(&secrets, "record secrets")?,
            handles: &handles,
            nonces: &nonces,
            values: &read.values,
        };
        let mut rows = self.submission.rows(&records)?;
        for before in &sorted.vanished {
            rows.extend(self.submission.delete(before.token, &before.handle.to_be_bytes()));
        }
        let row_size = self.submission.row_size();
        let leaves = merkle::leaf_hashes_here(&rows, row_size)?;
        let blocks = self.packed(sorted, &rows, &leaves)?;
        let (order, sizes) = by_token(&rows, row_size);
        Ok(Made { blocks, rows, row_size, leaves, order, sizes })
    }

    fn secrets(&self, records: &[Record], given: Option<&[u8]>) -> Result<Zeroizing<Vec<u8>>, Error> {
        if let Some(secrets) = given {
            require_count(secrets.len(), records.len() * 64, "bytes of record secrets")?;
            return Ok(Zeroizing::new(secrets.to_vec()));
        }
        if records.is_empty() {
            return Ok(Zeroizing::default());
        }
        let (data, offsets) = links(records);
        let inputs = Inputs::new(Column::of(&data, offsets)?, Some(&self.prefix))?;
        match &self.source {
            Source::Holder(key) => oprf::evaluate(key, &inputs, Arithmetic::choose(self.submission.lanes)),
            Source::Group(key) => keyed::evaluate(key, &inputs, self.submission.lanes),
            Source::Given => Err(Error::shape("record secrets are missing")),
        }
        .map(Zeroizing::new)
    }

    /// The vault's blocks: rows put and deleted, by handle.
    fn packed(&self, sorted: &Sorted, rows: &[u8], leaves: &[[u8; 32]]) -> Result<Vec<u8>, Error> {
        let (leaves_put, leaves_deleted) = leaves.split_at(sorted.put.len());
        let mut put = Vec::with_capacity(sorted.put.len());
        for (index, record) in sorted.put.iter().enumerate() {
            let link_column = self.columns.get(usize::from(record.column));
            put.push(Sent {
                handle: record.handle,
                token: token(rows, self.submission.row_size(), index),
                leaf: &leaves_put[index],
                op: PUT,
                link_column: link_column.ok_or_else(|| Error::at(index, "a staged record's column is unknown"))?,
                row_id: record.row_id,
                link_value: record.link_value,
                content: record.content,
            });
        }
        let room = put.iter().map(Sent::size).sum::<usize>() + sorted.vanished.iter().map(Sent::size).sum::<usize>();
        let deleted = sorted.vanished.iter().zip(leaves_deleted);
        let mut deleted = deleted.map(|(before, leaf)| Sent { op: DELETE, content: b"", leaf, ..*before }).peekable();
        let mut put = put.into_iter().peekable();
        vault::pack(
            std::iter::from_fn(|| match (put.peek(), deleted.peek()) {
                (Some(one), Some(other)) if other.handle < one.handle => deleted.next(),
                (Some(_), _) => put.next(),
                (None, _) => deleted.next(),
            }),
            room + BLOCKS_HEADS,
        )
    }
}

impl Made {
    /// Bytes of all rows with their leaf hashes.
    pub fn size(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// Copy the rows to `place`, by bucket of their tokens, each followed by its leaf hash.
    pub fn copy(&self, place: &mut [u8]) {
        for (place, &index) in place.chunks_exact_mut(self.row_size + size_of::<Hash>()).zip(&self.order) {
            let (row, leaf) = place.split_at_mut(self.row_size);
            row.copy_from_slice(&self.rows[index as usize * self.row_size..][..self.row_size]);
            leaf.copy_from_slice(&self.leaves[index as usize]);
        }
    }
}

/// The records' link values.
pub fn links(records: &[Record]) -> Joined {
    joined(records.iter().map(|record| record.link_value))
}

/// The order of rows by bucket of their tokens, each bucket in the order given; and their bytes in each.
fn by_token(rows: &[u8], size: usize) -> (Vec<u32>, [usize; BUCKETS]) {
    let mut found: [Vec<u32>; BUCKETS] = std::array::from_fn(|_| Vec::new());
    for (row, index) in rows.chunks_exact(size).zip(0..) {
        found[usize::from(row[PLACE.start] >> BUCKET_SHIFT)].push(index);
    }
    let sizes = std::array::from_fn(|bucket| found[bucket].len() * (size + size_of::<Hash>()));
    (found.concat(), sizes)
}

fn token(rows: &[u8], size: usize, index: usize) -> &[u8; PLACE.end - 1 - HANDLE_SIZE] {
    rows[index * size + PLACE.start..].first_chunk().expect("a row has a token")
}
