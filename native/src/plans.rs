//! Company names split into parts, before any key: what a field's encryption takes, remembered from bucket to bucket.
//!
//! The splitting itself is Python's (matcher/protocol/names); a plan is what came of one name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aes::Aes256;
use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};

use crate::error::Error;

const SYMBOL_SIZE: usize = 4;
/// More than any name has (names/parts.py, SYMBOLS).
const MAX_SYMBOLS: usize = 64;
/// Names remembered; beyond that all are forgotten.
const REMEMBERED: usize = 1 << 15;

/// The parts of a name and where their symbols stand in an encoding.
pub struct Parts {
    /// (kind, label) of each part, and room for how many symbols it has.
    parts: Vec<([u8; 2], usize)>,
    /// Bytes of an encoding.
    pub width: usize,
}

impl Parts {
    /// `parts` are (kind, label, cap) of each part; the symbols stand at the end of `width` bytes.
    pub fn new(parts: &[u8], width: usize) -> Result<Self, Error> {
        let (parts, []) = parts.as_chunks::<3>() else {
            return Err(Error::shape("parts are three bytes each"));
        };
        let parts: Vec<_> = parts.iter().map(|&[kind, label, cap]| ([kind, label], usize::from(cap))).collect();
        let symbols = parts.iter().map(|(_, cap)| cap).sum::<usize>();
        if symbols > MAX_SYMBOLS || 1 + parts.len() + symbols * SYMBOL_SIZE > width {
            return Err(Error::shape("a name's parts do not fit its width"));
        }
        Ok(Self { parts, width })
    }

    /// Read a plan: a length byte for each part, then a big-endian `u32` for each symbol; empty if the name says nothing.
    pub fn plan(&self, data: &[u8]) -> Option<Plan> {
        if data.is_empty() {
            return Some(Plan { lengths: Vec::new(), blocks: Vec::new(), places: Vec::new() });
        }
        let (lengths, numbers) = data.split_at_checked(self.parts.len())?;
        let (numbers, []) = numbers.as_chunks::<4>() else { return None };
        let total: usize = lengths.iter().map(|&length| usize::from(length)).sum();
        let fits = lengths.iter().zip(&self.parts).all(|(&length, (_, cap))| usize::from(length) <= *cap);
        if !fits || total == 0 || total != numbers.len() {
            return None;
        }
        let mut numbers = numbers.iter();
        let (mut blocks, mut places) = (Vec::with_capacity(total), Vec::with_capacity(total));
        let mut start = self.width - self.parts.iter().map(|(_, cap)| cap).sum::<usize>() * SYMBOL_SIZE;
        for ((label, cap), &length) in self.parts.iter().zip(lengths) {
            for (number, symbol) in numbers.by_ref().take(length.into()).zip(0..) {
                let mut block = Block::<Aes256>::default();
                block[..2].copy_from_slice(label);
                block[12..].copy_from_slice(number);
                blocks.push(block);
                places.push(start + symbol * SYMBOL_SIZE);
            }
            start += cap * SYMBOL_SIZE;
        }
        Some(Plan { lengths: lengths.to_vec(), blocks, places })
    }
}

/// One name: the length of each part, the block of each symbol, and where the symbol stands.
pub struct Plan {
    lengths: Vec<u8>,
    blocks: Vec<Block<Aes256>>,
    places: Vec<usize>,
}

impl Plan {
    /// Whether the name says nothing.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// symbol = AES-256(field key, kind | part | zero (10) | u32(number))[:4], into `place`, zero bytes with state 0.
    pub fn encode(&self, field_key: &[u8; 32], place: &mut [u8]) {
        let mut blocks = [Block::<Aes256>::default(); MAX_SYMBOLS];
        let blocks = &mut blocks[..self.blocks.len()];
        blocks.copy_from_slice(&self.blocks);
        Aes256::new(field_key.into()).encrypt_blocks(blocks);
        place[1..=self.lengths.len()].copy_from_slice(&self.lengths);
        for (block, &at) in blocks.iter().zip(&self.places) {
            place[at..at + SYMBOL_SIZE].copy_from_slice(&block[..SYMBOL_SIZE]);
        }
    }
}

/// Plans of names met before, for all threads of one process.
#[derive(Default)]
pub struct Memory(Mutex<HashMap<Box<[u8]>, Arc<Plan>>>);

impl Memory {
    /// The plans of `names` that are remembered.
    pub fn find(&self, names: &[Vec<u8>]) -> Vec<Option<Arc<Plan>>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.iter().map(|name| known.get(name.as_slice()).cloned()).collect()
    }

    /// Remember the plans of more names.
    pub fn keep(&self, plans: impl ExactSizeIterator<Item = (Box<[u8]>, Arc<Plan>)>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + plans.len() > REMEMBERED {
            known.clear();
        }
        known.extend(plans.take(REMEMBERED));
    }
}
