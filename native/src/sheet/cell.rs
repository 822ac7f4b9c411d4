//! A sheet's cells and names, as xlsx_rows.py has them.

use crate::reading::answers::Answers;

/// files/batches.py: a longer cell is refused, whatever follows there. In characters, and in bytes that are surely more.
const MAX_CELL: usize = 4096;
const MOST_BYTES: usize = 4 * MAX_CELL;

/// A wanted cell.
#[derive(Clone, Copy)]
pub enum Cell {
    /// Its text in the arena: first byte, bytes.
    Text(u32, u32),
    /// A number that Python knows the text of, by place.
    Asked(u32),
}

/// A cell that holds nothing.
pub const BLANK: Cell = Cell::Text(0, 0);

impl Cell {
    /// Its text.
    pub fn text<'a>(self, arena: &'a [u8], answers: &'a Answers) -> &'a [u8] {
        match self {
            Self::Text(start, size) => &arena[start as usize..][..size as usize],
            Self::Asked(place) => &answers.at(place).text,
        }
    }
}

/// The sheet's names, with its prefix.
pub struct Names {
    /// A row.
    pub row: Vec<u8>,
    /// A cell.
    pub cell: Vec<u8>,
    /// A value.
    pub value: Vec<u8>,
    /// A text.
    pub plain: Vec<u8>,
    /// A formula.
    pub formula: Vec<u8>,
    /// How a text is spoken.
    pub phonetic: Vec<u8>,
}

/// What a cell's value is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// A number.
    Number,
    /// The number of a shared text.
    Shared,
    /// A formula's text.
    Formula,
    /// A text inside the cell.
    Inline,
    /// A day, written as such.
    Date,
    /// An error.
    Error,
    /// What is not read.
    Other,
}

impl Names {
    /// By the name of the sheet's own element: what stands before it, stands before every name.
    pub fn of(root: &[u8]) -> Option<Self> {
        let prefix = root.strip_suffix(b"worksheet")?;
        if !prefix.is_empty() && (!prefix.ends_with(b":") || prefix.len() == 1) {
            return None;
        }
        let name = |local: &[u8]| [prefix, local].concat();
        Some(Self {
            row: name(b"row"),
            cell: name(b"c"),
            value: name(b"v"),
            plain: name(b"t"),
            formula: name(b"f"),
            phonetic: name(b"rPh"),
        })
    }
}

impl Type {
    /// By the attribute `t`.
    pub fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"n" => Self::Number,
            b"s" => Self::Shared,
            b"str" => Self::Formula,
            b"inlineStr" => Self::Inline,
            b"d" => Self::Date,
            b"e" => Self::Error,
            b"b" => Self::Other,
            _ => return None,
        })
    }
}

/// Put a cell's text into the arena; None for an empty one.
pub fn kept(arena: &mut Vec<u8>, text: &[u8]) -> Option<Cell> {
    let begun = arena.len();
    arena.extend_from_slice(text);
    clipped(arena, begun)
}

/// What stands in the arena from `begun` on, no longer than it matters.
pub fn clipped(arena: &mut Vec<u8>, begun: usize) -> Option<Cell> {
    if arena.len() - begun > MOST_BYTES {
        let begins = |byte: &u8| byte & 0xc0 != 0x80;
        let mut letters = (begun..arena.len()).filter(|at| begins(&arena[*at]));
        if let Some(end) = letters.nth(MAX_CELL + 1) {
            arena.truncate(end);
        }
    }
    let size = arena.len() - begun;
    (size > 0).then_some(Cell::Text(begun as u32, size as u32))
}

/// The position, from 0, that an address such as AB12 names.
pub fn position(reference: &[u8]) -> Option<usize> {
    let size = reference.iter().position(|byte| !byte.is_ascii_uppercase())?;
    if !(1..=3).contains(&size) || !reference[size..].iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(reference[..size].iter().fold(0, |position, letter| position * 26 + usize::from(letter - b'A') + 1) - 1)
}

/// A whole number of up to nine digits.
pub fn whole(text: &[u8]) -> Option<u32> {
    if !(1..=9).contains(&text.len()) || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0')))
}
