//! SHA-256 of many rows of one size behind one prefix: finding ids, and leaves that share their beginning.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::column::rows_of;
use crate::error::Error;

/// Rows hashed by one thread before another may take over.
const GROUP: usize = 64;

/// SHA-256(prefix || row) of each row of `row_size` bytes, end to end.
pub fn each(prefix: &[u8], rows: &[u8], row_size: usize) -> Result<Vec<u8>, Error> {
    let begun = Sha256::new_with_prefix(prefix);
    let hash = |row: &[u8]| -> [u8; 32] { begun.clone().chain_update(row).finalize().into() };
    Ok(rows_of(rows, row_size)?.with_min_len(GROUP).flat_map_iter(hash).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_hashed_behind_the_prefix() {
        let found = each(b"ab", b"cdef", 2).unwrap();
        assert_eq!(found[..32], Sha256::digest(b"abcd")[..]);
        assert_eq!(found[32..], Sha256::digest(b"abef")[..]);
        assert!(each(b"", b"abc", 2).is_err());
        assert!(each(b"", b"abc", 0).is_err());
    }
}
