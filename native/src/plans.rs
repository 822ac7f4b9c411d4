//! Company names split into parts, before any key: what a field's encryption takes, remembered from bucket to bucket.
//!
//! The splitting itself is Python's (matcher/protocol/names); a plan is what came of one name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ciphers::{Ciphers, Four};
use crate::error::Error;

const SYMBOL_SIZE: usize = 4;
const BLOCK: usize = 16;
/// Blocks that are encrypted together.
const FOUR: usize = size_of::<Four>() / BLOCK;
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
        let (mut blocks, mut places) = (vec![[0; size_of::<Four>()]; total.div_ceil(FOUR)], Vec::with_capacity(total));
        let mut place = blocks.as_flattened_mut().as_chunks_mut::<BLOCK>().0.iter_mut();
        let mut start = self.width - self.parts.iter().map(|(_, cap)| cap).sum::<usize>() * SYMBOL_SIZE;
        for ((label, cap), &length) in self.parts.iter().zip(lengths) {
            for ((number, block), symbol) in numbers.by_ref().zip(&mut place).take(length.into()).zip(0..) {
                block[..2].copy_from_slice(label);
                block[12..].copy_from_slice(number);
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
    blocks: Vec<Four>,
    places: Vec<usize>,
}

impl Plan {
    /// Whether the name says nothing.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// symbol = AES-256(field key, kind | part | zero (10) | u32(number))[:4], under the key of record `number`; into
    /// `place`, zero bytes with state 0.
    pub fn encode(&self, ciphers: &Ciphers, number: usize, place: &mut [u8]) {
        place[1..=self.lengths.len()].copy_from_slice(&self.lengths);
        let mut places = self.places.iter();
        ciphers.encrypt(number, &self.blocks, |four| {
            for (block, &at) in four.as_chunks::<BLOCK>().0.iter().zip(&mut places) {
                place[at..at + SYMBOL_SIZE].copy_from_slice(&block[..SYMBOL_SIZE]);
            }
        });
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
