//! Rows of fixed width into columns and back, as rows travel and as they stand on disk.

use crate::error::Error;
use crate::merkle::Hash;
use crate::rows::{PLACE, TOKEN_SIZE};

/// The order of rows of `row_size` bytes, each followed by its leaf hash, by the 32 bytes that follow their first: token
/// and handle.
pub fn order(rows: &[u8], row_size: usize) -> Result<Vec<usize>, Error> {
    let size = row_size.saturating_add(size_of::<Hash>());
    if row_size < PLACE.end || !rows.len().is_multiple_of(size) {
        return Err(Error::shape("these are no rows of that size"));
    }
    let key = |row: &[u8], at: usize| row[at..].first_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes));
    let rows = rows.chunks_exact(size).enumerate();
    let mut keys: Vec<_> =
        rows.map(|(index, row)| (key(row, PLACE.start), key(row, PLACE.start + TOKEN_SIZE), index)).collect();
    keys.sort_unstable();
    Ok(keys.into_iter().map(|(_, _, index)| index).collect())
}

/// Where the columns of rows stand, and how many rows there are.
pub struct Layout<'a> {
    widths: &'a [usize],
    size: usize,
}

impl<'a> Layout<'a> {
    /// Columns of `widths` bytes. Refuses none, and one of no width.
    pub fn new(widths: &'a [usize]) -> Result<Self, Error> {
        if widths.is_empty() || widths.contains(&0) {
            return Err(Error::shape("a row has columns, and a column at least one byte"));
        }
        let size = widths.iter().try_fold(0usize, |size, &width| size.checked_add(width));
        Ok(Self { widths, size: size.ok_or_else(|| Error::shape("a row is too wide"))? })
    }

    /// How many rows `rows` are. Refuses bytes that are no rows of this layout.
    pub fn count_rows(&self, rows: &[u8]) -> Result<usize, Error> {
        if !rows.len().is_multiple_of(self.size) {
            return Err(Error::shape("these are no rows of those columns"));
        }
        Ok(rows.len() / self.size)
    }

    /// How many rows `columns` make. Refuses, by index, one that is not as long as the first.
    pub fn count_columns(&self, columns: &[&[u8]]) -> Result<usize, Error> {
        if columns.len() != self.widths.len() {
            return Err(Error::shape("these are not as many columns as widths"));
        }
        let count = columns[0].len() / self.widths[0];
        match columns
            .iter()
            .zip(self.widths)
            .position(|(column, width)| count.checked_mul(*width) != Some(column.len()))
        {
            Some(number) => Err(Error::at(number, "a column is not as long as the others")),
            None => Ok(count),
        }
    }

    /// Bytes of `count` rows.
    pub fn row_bytes(&self, count: usize) -> usize {
        count * self.size
    }

    /// Copy column `number` of `rows` to `place`, which has room for it.
    pub fn take(&self, rows: &[u8], number: usize, place: &mut [u8]) {
        let (start, width) = (self.widths[..number].iter().sum::<usize>(), self.widths[number]);
        for (value, row) in place.chunks_exact_mut(width).zip(rows.chunks_exact(self.size)) {
            value.copy_from_slice(&row[start..start + width]);
        }
    }

    /// Copy `columns` to `rows`, which has room for them.
    pub fn join(&self, columns: &[&[u8]], rows: &mut [u8]) {
        let mut start = 0;
        for (column, &width) in columns.iter().zip(self.widths) {
            for (row, value) in rows.chunks_exact_mut(self.size).zip(column.chunks_exact(width)) {
                row[start..start + width].copy_from_slice(value);
            }
            start += width;
        }
    }
}
