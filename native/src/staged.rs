//! Staged records, as matcher/agency/records/staged.py packs them: big-endian, one behind the other.
//!
//! handle (16) | file (2) | line (4) | column (1) | lengths of the three that follow (2, 2, 4) | row id | link value |
//! content.

use std::ops::RangeInclusive;

use crate::error::Error;
use crate::rows::HANDLE_SIZE;

const HEAD_SIZE: usize = HANDLE_SIZE + 15;
/// What most records are longer than, in bytes.
const LIKELY_SIZE: usize = 192;
/// Bits of a handle behind the ten that name its block.
const BLOCK_SHIFT: u32 = 128 - 10;

/// One record; its texts lie in the staged bytes.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// Its handle, to be sorted by.
    pub handle: u128,
    /// Of the command line, from 0.
    pub file: u16,
    /// Of that file.
    pub line: u32,
    /// The link column's place among the agreement's columns.
    pub column: u8,
    /// How manieth it was staged.
    pub number: u32,
    /// UTF-8.
    pub row_id: &'a [u8],
    /// UTF-8.
    pub link_value: &'a [u8],
    /// JSON of [values, extras].
    pub content: &'a [u8],
}

/// The records of one bucket, in the order they were staged. Refuses, by index, one that is cut.
pub fn parse(mut data: &[u8]) -> Result<Vec<Record<'_>>, Error> {
    let mut records = Vec::with_capacity(data.len() / LIKELY_SIZE);
    while !data.is_empty() {
        let number = records.len();
        let (record, rest) = split(data, number as u32).ok_or_else(|| Error::at(number, "a staged record is cut"))?;
        records.push(record);
        data = rest;
    }
    Ok(records)
}

/// The records whose handles' top ten bits (matcher/agency/vault/blocks.py) are in `blocks`, as they were staged.
pub fn within(mut data: &[u8], blocks: RangeInclusive<u16>) -> Result<Vec<u8>, Error> {
    let mut found = Vec::with_capacity(data.len() / 2);
    let mut number = 0;
    while !data.is_empty() {
        let (record, rest) = split(data, number).ok_or_else(|| Error::at(number as usize, "a staged record is cut"))?;
        if blocks.contains(&((record.handle >> BLOCK_SHIFT) as u16)) {
            found.extend_from_slice(&data[..data.len() - rest.len()]);
        }
        number += 1;
        data = rest;
    }
    Ok(found)
}

fn split(data: &[u8], number: u32) -> Option<(Record<'_>, &[u8])> {
    let (head, rest) = data.split_first_chunk::<HEAD_SIZE>()?;
    let (handle, head) = head.split_first_chunk::<HANDLE_SIZE>()?;
    let &[file_high, file_low, a, b, c, d, column, row_high, row_low, link_high, link_low, e, f, g, h] =
        head.first_chunk()?;
    let (row_id, rest) = rest.split_at_checked(u16::from_be_bytes([row_high, row_low]).into())?;
    let (link_value, rest) = rest.split_at_checked(u16::from_be_bytes([link_high, link_low]).into())?;
    let (content, rest) = rest.split_at_checked(u32::from_be_bytes([e, f, g, h]) as usize)?;
    let record = Record {
        handle: u128::from_be_bytes(*handle),
        file: u16::from_be_bytes([file_high, file_low]),
        line: u32::from_be_bytes([a, b, c, d]),
        column,
        number,
        row_id,
        link_value,
        content,
    };
    Some((record, rest))
}
