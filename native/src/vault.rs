//! Rows as the vault keeps them, in blocks by the top ten bits of their handles (matcher/agency/vault/blocks.py).
//!
//! One row: handle (16) | token (16) | leaf (32) | op (1) | lengths of the four that follow (1, 2, 2, 4) | link column |
//! row id | link value | content. One block: its number (2) | how many rows (4) | how many bytes (4) | rows.

use crate::error::Error;
use crate::rows::{HANDLE_SIZE, PUT, TOKEN_SIZE};

const LEAF_SIZE: usize = 32;
const HEAD_SIZE: usize = HANDLE_SIZE + TOKEN_SIZE + LEAF_SIZE + 10;
/// What most rows are longer than, in bytes.
const LIKELY_SIZE: usize = 256;
const BLOCK_SHIFT: u32 = 128 - 10;

/// One version of one row; `content` is empty for a delete.
pub struct Sent<'a> {
    /// Its handle, to be sorted by.
    pub handle: u128,
    /// The join key it was sent under.
    pub token: &'a [u8; TOKEN_SIZE],
    /// The leaf hash of the row as sent.
    pub leaf: &'a [u8; LEAF_SIZE],
    /// Put or delete.
    pub op: u8,
    /// The column its link value stood in.
    pub link_column: &'a [u8],
    /// UTF-8.
    pub row_id: &'a [u8],
    /// UTF-8.
    pub link_value: &'a [u8],
    /// JSON of [values, extras].
    pub content: &'a [u8],
}

impl Sent<'_> {
    /// Bytes of the row in a block.
    pub fn size(&self) -> usize {
        HEAD_SIZE + self.link_column.len() + self.row_id.len() + self.link_value.len() + self.content.len()
    }
}

/// The newest version of a handle, and how many versions of it were put.
pub struct Previous<'a> {
    /// The newest version.
    pub row: Sent<'a>,
    /// Versions put.
    pub puts: usize,
}

/// By handle, ascending: what `blocks` (rows end to end), older ones first, have last of each. Refuses, by index, a block
/// that is cut.
pub fn previous<'a>(blocks: &[&'a [u8]]) -> Result<Vec<Previous<'a>>, Error> {
    let size: usize = blocks.iter().map(|block| block.len()).sum();
    let mut found = Vec::<Previous>::with_capacity(size / LIKELY_SIZE);
    for (number, block) in blocks.iter().enumerate() {
        let mut rest = *block;
        while !rest.is_empty() {
            let (row, after) = split(rest).ok_or_else(|| Error::at(number, "a block of the vault is cut"))?;
            found.push(Previous { puts: usize::from(row.op == PUT), row });
            rest = after;
        }
    }
    found.sort_by_key(|it| it.row.handle); // stable: the last of one handle is the newest
    found.dedup_by(|newer, older| {
        let same = newer.row.handle == older.row.handle;
        if same {
            newer.puts += older.puts;
            std::mem::swap(newer, older);
        }
        same
    });
    Ok(found)
}

fn split(data: &[u8]) -> Option<(Sent<'_>, &[u8])> {
    let (handle, rest) = data.split_first_chunk::<HANDLE_SIZE>()?;
    let (token, rest) = rest.split_first_chunk()?;
    let (leaf, rest) = rest.split_first_chunk()?;
    let (&[op, column, row_high, row_low, link_high, link_low, a, b, c, d], rest) = rest.split_first_chunk()?;
    let (link_column, rest) = rest.split_at_checked(column.into())?;
    let (row_id, rest) = rest.split_at_checked(u16::from_be_bytes([row_high, row_low]).into())?;
    let (link_value, rest) = rest.split_at_checked(u16::from_be_bytes([link_high, link_low]).into())?;
    let (content, rest) = rest.split_at_checked(u32::from_be_bytes([a, b, c, d]) as usize)?;
    let handle = u128::from_be_bytes(*handle);
    Some((Sent { handle, token, leaf, op, link_column, row_id, link_value, content }, rest))
}

/// The blocks of `rows`, which ascend by handle; `room` is how many bytes they may have. Refuses, by index, a text whose
/// length its field cannot say.
pub fn pack<'a>(rows: impl Iterator<Item = Sent<'a>>, room: usize) -> Result<Vec<u8>, Error> {
    let mut output = Vec::with_capacity(room);
    let mut open: Option<(u16, usize, u32)> = None; // number, start and rows of the block that is being written
    for (index, row) in rows.enumerate() {
        let number = (row.handle >> BLOCK_SHIFT) as u16;
        if open.is_none_or(|(block, ..)| block != number) {
            close(&mut output, open)?;
            open = Some((number, output.len(), 0));
            output.extend_from_slice(&[0; 10]);
        }
        append(&mut output, &row).ok_or_else(|| Error::at(index, "a text is too long for the vault"))?;
        open = open.map(|(block, start, count)| (block, start, count + 1));
    }
    close(&mut output, open)?;
    Ok(output)
}

fn close(output: &mut [u8], open: Option<(u16, usize, u32)>) -> Result<(), Error> {
    if let Some((number, start, count)) = open {
        let size = u32::try_from(output.len() - start - 10).map_err(|_| Error::shape("a block is too large"))?;
        let head = &mut output[start..start + 10];
        head[..2].copy_from_slice(&number.to_be_bytes());
        head[2..6].copy_from_slice(&count.to_be_bytes());
        head[6..].copy_from_slice(&size.to_be_bytes());
    }
    Ok(())
}

fn append(output: &mut Vec<u8>, row: &Sent) -> Option<()> {
    let mut head = [0; HEAD_SIZE];
    head[..16].copy_from_slice(&row.handle.to_be_bytes());
    head[16..32].copy_from_slice(row.token);
    head[32..64].copy_from_slice(row.leaf);
    head[64] = row.op;
    head[65] = u8::try_from(row.link_column.len()).ok()?;
    head[66..68].copy_from_slice(&u16::try_from(row.row_id.len()).ok()?.to_be_bytes());
    head[68..70].copy_from_slice(&u16::try_from(row.link_value.len()).ok()?.to_be_bytes());
    head[70..].copy_from_slice(&u32::try_from(row.content.len()).ok()?.to_be_bytes());
    for part in [&head[..], row.link_column, row.row_id, row.link_value, row.content] {
        output.extend_from_slice(part);
    }
    Some(())
}
