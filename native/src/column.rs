//! Columns as Python hands them over: all values end to end, and where each begins.
//!
//! Offsets are little-endian `u32`, one more than there are values, as in Arrow's binary arrays.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::Error;

/// A column of values of any length.
pub struct Column<'a> {
    data: &'a [u8],
    offsets: Vec<u32>,
}

impl<'a> Column<'a> {
    /// Check `offsets` against `data`: they ascend and end within it.
    pub fn new(data: &'a [u8], offsets: &[u8]) -> Result<Self, Error> {
        Self::of(data, numbers(offsets)?)
    }

    /// The same of offsets that are numbers already.
    pub fn of(data: &'a [u8], offsets: Vec<u32>) -> Result<Self, Error> {
        let last = *offsets.last().ok_or_else(|| Error::shape("a column has one offset more than values"))?;
        if last as usize > data.len() {
            return Err(Error::shape("the last offset is beyond the data"));
        }
        if let Some(index) = offsets.windows(2).position(|pair| pair[0] > pair[1]) {
            return Err(Error::at(index, "its end is before its beginning"));
        }
        Ok(Self { data, offsets })
    }

    /// How many values there are.
    pub fn count(&self) -> usize {
        self.offsets.len() - 1
    }

    /// One value.
    pub fn get(&self, index: usize) -> &'a [u8] {
        &self.data[self.offsets[index] as usize..self.offsets[index + 1] as usize]
    }

    /// Where one value lies.
    pub fn place(&self, index: usize) -> Range<u32> {
        self.offsets[index]..self.offsets[index + 1]
    }

    /// Refuse the column unless it has `count` values, none longer than a two-byte length can say.
    pub fn require_framed(&self, count: usize) -> Result<(), Error> {
        require_count(self.count(), count, "values")?;
        match (0..self.count()).find(|&index| self.get(index).len() > u16::MAX as usize) {
            Some(index) => Err(Error::at(index, "a value is longer than 65,535 bytes")),
            None => Ok(()),
        }
    }
}

/// Values end to end, and where each begins.
pub type Joined = (Vec<u8>, Vec<u32>);

/// What a `Column` is made of.
pub fn joined<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Joined {
    let (mut data, mut offsets) = (Vec::new(), vec![0]);
    for value in values {
        data.extend_from_slice(value);
        offsets.push(data.len() as u32);
    }
    (data, offsets)
}

/// Little-endian `u32`s.
pub fn numbers(data: &[u8]) -> Result<Vec<u32>, Error> {
    let (whole, rest) = data.as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Error::shape("a column of 32-bit numbers is not a multiple of 4 bytes"));
    }
    Ok(whole.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect())
}

/// A column of items of `N` bytes each.
pub fn fixed<'a, const N: usize>(data: &'a [u8], what: &str) -> Result<&'a [[u8; N]], Error> {
    let (whole, rest) = data.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(Error::shape(&format!("{what}: {} bytes are not a multiple of {N}", data.len())));
    }
    Ok(whole)
}

/// Rows of `row_size` bytes, for threads to share.
pub fn rows_of(rows: &[u8], row_size: usize) -> Result<rayon::slice::ChunksExact<'_, u8>, Error> {
    if row_size == 0 || !rows.len().is_multiple_of(row_size) {
        return Err(Error::shape("these are no rows of that size"));
    }
    Ok(rows.par_chunks_exact(row_size))
}

/// Refuse two columns of different length.
pub fn require_count(found: usize, expected: usize, what: &str) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::shape(&format!("{what}: {found} where {expected} are expected")))
}
