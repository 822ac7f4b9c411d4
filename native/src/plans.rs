//! Company names split into parts, before any key: what a field's encryption takes, remembered from bucket to bucket.
//!
//! The splitting itself is Python's (matcher/protocol/names); a plan is what came of one name.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ciphers::{Ciphers, Four};
use crate::error::Error;

const SYMBOL_SIZE: usize = 4;
/// More than any name has (names/parts.py, SYMBOLS).
const MAX_SYMBOLS: usize = 64;
/// More than any name has parts.
const MAX_PARTS: usize = 16;
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
        if symbols > MAX_SYMBOLS
            || parts.len() > MAX_PARTS
            || width <= MAX_PARTS
            || 1 + parts.len() + symbols * SYMBOL_SIZE > width
        {
            return Err(Error::shape("a name's parts do not fit its width"));
        }
        Ok(Self { parts, width })
    }

    /// Read a plan: a length byte for each part, then a big-endian `u32` for each symbol; empty if the name says nothing.
    pub fn plan(&self, data: &[u8]) -> Option<Plan> {
        if data.is_empty() {
            return Some(Plan { lengths: [0; MAX_PARTS], symbols: Box::default() });
        }
        let (lengths, numbers) = data.split_at_checked(self.parts.len())?;
        let (numbers, []) = numbers.as_chunks::<4>() else { return None };
        let total: usize = lengths.iter().map(|&length| usize::from(length)).sum();
        let fits = lengths.iter().zip(&self.parts).all(|(&length, (_, cap))| usize::from(length) <= *cap);
        if !fits || total == 0 || total != numbers.len() {
            return None;
        }
        let mut numbers = numbers.iter();
        let mut symbols = Vec::with_capacity(total);
        let mut start = self.width - self.parts.iter().map(|(_, cap)| cap).sum::<usize>() * SYMBOL_SIZE;
        for (&(label, cap), &length) in self.parts.iter().zip(lengths) {
            for (&number, at) in numbers.by_ref().take(length.into()).zip(0..) {
                let place = u16::try_from(start + at * SYMBOL_SIZE).ok()?;
                symbols.push(Symbol { label, place, number });
            }
            start += cap * SYMBOL_SIZE;
        }
        let mut all = [0; MAX_PARTS];
        all[..lengths.len()].copy_from_slice(lengths);
        Some(Plan { lengths: all, symbols: symbols.into() })
    }
}

/// One name, in little memory, for a bucket meets thousands.
pub struct Plan {
    /// The length of each part.
    lengths: [u8; MAX_PARTS],
    symbols: Box<[Symbol]>,
}

/// One symbol of a name.
struct Symbol {
    /// Kind and part.
    label: [u8; 2],
    /// Where it stands in an encoding.
    place: u16,
    number: [u8; 4],
}

impl Plan {
    /// Whether the name says nothing.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// symbol = AES-256(field key, kind | part | zero (10) | u32(number))[:4], under the key of record `number`; into
    /// `place`, zero bytes with state 0.
    pub fn encode(&self, ciphers: &Ciphers, number: usize, place: &mut [u8]) {
        let mut blocks = [Four::default(); MAX_SYMBOLS / 4];
        for (block, symbol) in blocks.as_flattened_mut().iter_mut().zip(&self.symbols) {
            block[..2].copy_from_slice(&symbol.label);
            block[12..].copy_from_slice(&symbol.number);
        }
        // Room for more parts than there are: symbols come after, and write over what does not belong here.
        if let Some(lengths) = place[1..].first_chunk_mut() {
            *lengths = self.lengths;
        }
        let mut symbols = self.symbols.iter();
        ciphers.encrypt(number, &blocks[..self.symbols.len().div_ceil(4)], |four| {
            for (block, symbol) in four.iter().zip(&mut symbols) {
                let at = usize::from(symbol.place);
                place[at..at + SYMBOL_SIZE].copy_from_slice(&block[..SYMBOL_SIZE]);
            }
        });
    }
}

/// Plans of names, by name.
#[derive(Clone, Default)]
pub struct Known {
    places: HashMap<Arc<[u8]>, u32>,
    plans: Vec<Arc<Plan>>,
}

impl Known {
    /// The place of a name's plan.
    pub fn find(&self, name: &[u8]) -> Option<u32> {
        self.places.get(name).copied()
    }
}

/// The plans of one field: those that were known when reading began, and behind them those learnt since.
#[derive(Default)]
pub struct Plans {
    /// Known before.
    pub known: Arc<Known>,
    /// Learnt since.
    pub learnt: Vec<Arc<Plan>>,
}

impl Plans {
    /// How many were known before.
    pub fn before(&self) -> u32 {
        self.known.plans.len() as u32
    }

    /// The plan at a place.
    pub fn get(&self, place: u32) -> &Plan {
        let place = place as usize;
        match place.checked_sub(self.known.plans.len()) {
            None => &self.known.plans[place],
            Some(place) => &self.learnt[place],
        }
    }
}

/// Plans of names met before, for all threads of one process: what one has in hand, no other changes.
#[derive(Default)]
pub struct Memory(Mutex<Arc<Known>>);

impl Memory {
    /// All that is known now.
    pub fn known(&self) -> Arc<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remember the plans of more names.
    pub fn keep<'a>(&self, plans: impl ExactSizeIterator<Item = (&'a [u8], Arc<Plan>)>) {
        if plans.len() == 0 {
            return;
        }
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.plans.len() + plans.len() > REMEMBERED {
            *memory = Arc::default();
        }
        let known = Arc::make_mut(&mut memory);
        for (name, plan) in plans.take(REMEMBERED) {
            if known.find(name).is_none() {
                known.places.insert(name.into(), known.plans.len() as u32);
                known.plans.push(plan);
            }
        }
    }
}
