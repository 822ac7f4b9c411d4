//! RFC 6962 section 2.1 over columns: leaf hashes of rows, and the right edge of a growing tree.
//!
//! The same bytes as matcher/protocol/merkle. An edge is eight bytes of size, big-endian, then the roots of its complete
//! subtrees from the lowest level up (growing.py, `to_bytes`). All of it is public.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::column::fixed;
use crate::error::Error;

const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];
const SIZE: usize = 8;
/// Rows hashed by one thread before another may take over.
const GROUP: usize = 64;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// SHA-256(0x00 || row) of each row of `row_size` bytes.
pub fn leaf_hashes(rows: &[u8], row_size: usize) -> Result<Vec<u8>, Error> {
    if row_size == 0 || !rows.len().is_multiple_of(row_size) {
        return Err(Error::shape("these are no rows of that size"));
    }
    Ok(rows.par_chunks_exact(row_size).with_min_len(GROUP).flat_map_iter(leaf_hash).collect())
}

/// SHA-256(0x00 || leaf).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update(LEAF).chain_update(leaf).finalize().into()
}

/// SHA-256(0x01 || left || right).
fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update(NODE).chain_update(left).chain_update(right).finalize().into()
}

/// The edge after leaves with these hashes, 32 bytes each, were appended to the tree with `edge`.
pub fn extend(edge: &[u8], hashes: &[u8]) -> Result<Vec<u8>, Error> {
    let (mut size, mut peaks) = parse(edge)?;
    let mut level_hashes = fixed::<32>(hashes, "leaf hashes")?.to_vec();
    size = size
        .checked_add(level_hashes.len() as u64)
        .ok_or_else(|| Error::shape("a tree has at most 2^64 - 1 leaves"))?;
    let mut level = 0;
    while !level_hashes.is_empty() {
        if peaks.len() <= level {
            peaks.push(None);
        }
        // An earlier peak is the left neighbour of the first; what is left without a right one is the new peak.
        let mut waiting = peaks[level].take();
        let mut parents = Vec::with_capacity(level_hashes.len().div_ceil(2));
        for hash in level_hashes {
            match waiting.take() {
                Some(left) => parents.push(node_hash(&left, &hash)),
                None => waiting = Some(hash),
            }
        }
        peaks[level] = waiting;
        level_hashes = parents;
        level += 1;
    }
    let mut output = size.to_be_bytes().to_vec();
    output.extend(peaks.iter().flatten().flatten());
    Ok(output)
}

/// Size and peaks by level; no peak where the size has no such bit.
fn parse(edge: &[u8]) -> Result<(u64, Vec<Option<Hash>>), Error> {
    let malformed = || Error::shape("a tree's edge does not fit its size");
    let (size, peaks) = edge.split_at_checked(SIZE).ok_or_else(malformed)?;
    let size = u64::from_be_bytes(size.try_into().map_err(|_| malformed())?);
    let peaks = fixed::<32>(peaks, "a tree's edge")?;
    if peaks.len() != size.count_ones() as usize {
        return Err(malformed());
    }
    let mut given = peaks.iter();
    let levels = (u64::BITS - size.leading_zeros()) as usize;
    Ok((size, (0..levels).map(|level| if size >> level & 1 == 1 { given.next().copied() } else { None }).collect()))
}
