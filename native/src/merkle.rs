//! RFC 6962 section 2.1 over columns: leaf hashes of rows, and the right edge of a growing tree.
//!
//! The same bytes as matcher/protocol/merkle. An edge is eight bytes of size, big-endian, then the roots of its complete
//! subtrees from the lowest level up (growing.py, `to_bytes`). All of it is public.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::column::fixed;
use crate::error::Error;
#[cfg(target_arch = "x86_64")]
use crate::kernel::Kernel;

const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];
const SIZE: usize = 8;
/// Leaves or pairs that are hashed together.
const TOGETHER: usize = 16;

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// SHA-256(0x00 || row) of each row of `row_size` bytes.
pub fn leaf_hashes(rows: &[u8], row_size: usize) -> Result<Vec<Hash>, Error> {
    require_rows(rows, row_size)?;
    let mut output = vec![[0; 32]; rows.len() / row_size];
    let groups = output.par_chunks_mut(TOGETHER).zip(rows.par_chunks(TOGETHER * row_size)).with_min_len(4);
    groups.for_each(|(places, rows)| fill(rows, row_size, places));
    Ok(output)
}

/// The same on this thread.
pub fn leaf_hashes_here(rows: &[u8], row_size: usize) -> Result<Vec<Hash>, Error> {
    require_rows(rows, row_size)?;
    let mut output = vec![[0; 32]; rows.len() / row_size];
    fill(rows, row_size, &mut output);
    Ok(output)
}

fn require_rows(rows: &[u8], row_size: usize) -> Result<(), Error> {
    if row_size == 0 || !rows.len().is_multiple_of(row_size) {
        return Err(Error::shape("these are no rows of that size"));
    }
    Ok(())
}

fn fill(rows: &[u8], row_size: usize, places: &mut [Hash]) {
    let mut rows = rows.chunks_exact(row_size);
    #[cfg(target_arch = "x86_64")]
    if let Some(kernel) = Kernel::detect() {
        for places in places.chunks_mut(TOGETHER) {
            let Some(group) = sixteen(&mut rows, places.len()) else { break };
            places.copy_from_slice(&kernel.leaves(&group)[..places.len()]);
        }
        return;
    }
    places.iter_mut().zip(rows).for_each(|(place, row)| *place = leaf_hash(row));
}

/// The next `count` items, the last of them again up to sixteen.
#[cfg(target_arch = "x86_64")]
fn sixteen<'a>(items: &mut impl Iterator<Item = &'a [u8]>, count: usize) -> Option<[&'a [u8]; TOGETHER]> {
    let mut group = [items.next()?; TOGETHER];
    for place in 1..TOGETHER {
        group[place] = if place < count { items.next()? } else { group[place - 1] };
    }
    Some(group)
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
        if let Some(left) = peaks[level].take() {
            level_hashes.insert(0, left);
        }
        peaks[level] = if level_hashes.len() % 2 == 1 { level_hashes.pop() } else { None };
        level_hashes = parents(&level_hashes);
        level += 1;
    }
    let mut output = size.to_be_bytes().to_vec();
    output.extend(peaks.iter().flatten().flatten());
    Ok(output)
}

/// The hash of each pair.
fn parents(hashes: &[Hash]) -> Vec<Hash> {
    let (pairs, _) = hashes.as_chunks::<2>();
    #[cfg(target_arch = "x86_64")]
    if let Some(kernel) = Kernel::detect() {
        let mut output = Vec::with_capacity(pairs.len());
        let mut flat = pairs.iter().map(|pair| pair.as_flattened());
        for start in (0..pairs.len()).step_by(TOGETHER) {
            let count = TOGETHER.min(pairs.len() - start);
            let Some(group) = sixteen(&mut flat, count) else { break };
            output.extend_from_slice(&kernel.nodes(&group)[..count]);
        }
        return output;
    }
    pairs.iter().map(|[left, right]| node_hash(left, right)).collect()
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
