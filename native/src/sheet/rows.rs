//! The rows of a sheet: xlsx_rows.py, `_Reader`, with the wanted cells in columns.

use std::sync::Arc;

use super::cell::{BLANK, Cell, Names, Type, clipped, kept, position, whole};
use super::numbers::{self, Kind};
use super::texts::{Texts, unescape};
use super::xml::{Attribute, Handler, Scanner};
use crate::error::Error;
use crate::reading::answers::{Answers, Mark};

const MAX_ROWS: u32 = 1_048_576;
const MAX_COLUMNS: usize = 16_384;
/// What a piece may bring without a row.
const MOST_BETWEEN_ROWS: usize = 1 << 26;
const NO_STYLE: u32 = u32::MAX;

/// What is wanted of a sheet.
pub struct Wanted {
    /// By position in the sheet, the slot its cells go to.
    pub slots: Vec<Option<usize>>,
    /// By slot, how numbers are read.
    pub kinds: Vec<Kind>,
    /// By number, whether a style says nothing that matters.
    pub plain_styles: Vec<bool>,
    /// The workbook's shared texts.
    pub texts: Arc<Texts>,
    /// The header's last row: only later ones are wanted.
    pub after: u32,
}

impl Wanted {
    /// `slots` are (position, slot).
    pub fn slots(given: &[(usize, usize)], count: usize) -> Result<Vec<Option<usize>>, Error> {
        let mut slots = vec![None; given.iter().map(|(position, _)| position + 1).max().unwrap_or(0)];
        for &(position, slot) in given {
            if position >= MAX_COLUMNS || slot >= count {
                return Err(Error::shape("a wanted cell is beyond the sheet"));
            }
            slots[position] = Some(slot);
        }
        Ok(slots)
    }
}

/// Some rows, as a files.columns.CellBlock.
pub struct Block {
    /// Cells, column after column.
    pub data: Vec<u8>,
    /// Where they begin, and the last one ends.
    pub offsets: Vec<u32>,
    /// The rows' numbers.
    pub lines: Vec<u32>,
    /// How many of them are hidden.
    pub hidden: usize,
}

/// Reads one sheet.
pub struct Rows {
    scanner: Scanner,
    state: State,
    waiting: usize,
}

struct State {
    wanted: Wanted,
    names: Option<Names>,
    /// By slot.
    columns: Vec<Vec<Cell>>,
    answers: Vec<Answers>,
    arena: Vec<u8>,
    lines: Vec<u32>,
    hidden: usize,
    number: u32,
    /// Rows that ended since it was last set to 0.
    ended: usize,
    is_hidden: bool,
    is_filled: bool,
    row: Vec<Cell>,
    /// Position of the next cell without an address.
    next: usize,
    slot: Option<usize>,
    kind: Type,
    style: u32,
    is_calculated: bool,
    is_valued: bool,
    in_phonetic: bool,
    is_open: bool,
    text: Vec<u8>,
}

impl Rows {
    /// For one sheet.
    pub fn new(wanted: Wanted) -> Self {
        let slots = wanted.kinds.len();
        let state = State {
            wanted,
            names: None,
            columns: vec![Vec::new(); slots],
            answers: (0..slots).map(|_| Answers::default()).collect(),
            arena: Vec::new(),
            lines: Vec::new(),
            hidden: 0,
            number: 0,
            ended: 0,
            is_hidden: false,
            is_filled: false,
            row: vec![BLANK; slots],
            next: 0,
            slot: None,
            kind: Type::Number,
            style: NO_STYLE,
            is_calculated: false,
            is_valued: false,
            in_phonetic: false,
            is_open: false,
            text: Vec::new(),
        };
        Self { scanner: Scanner::default(), state, waiting: 0 }
    }

    /// Read another piece; None where the sheet is not plain.
    pub fn feed(&mut self, piece: &[u8]) -> Option<()> {
        self.state.ended = 0;
        self.scanner.feed(piece, &mut self.state)?;
        self.waiting = if self.state.ended > 0 { 0 } else { self.waiting + piece.len() };
        (self.waiting <= MOST_BETWEEN_ROWS).then_some(())
    }

    /// The sheet ends; None where it is not whole.
    pub fn finish(&self) -> Option<()> {
        self.scanner.finish()
    }

    /// Rows and bytes that wait to be taken.
    pub fn waiting(&self) -> (usize, usize) {
        (self.state.lines.len(), self.state.arena.len())
    }

    /// The numbers of a slot that Python must read: their style (NO_STYLE: none) in four bytes, then as they are written.
    pub fn asked(&self, slot: usize) -> Result<&[Box<[u8]>], Error> {
        self.state.answers.get(slot).map(Answers::asked).ok_or_else(|| Error::shape("there is no such column"))
    }

    /// Take the text of the first of `asked` that has none yet.
    pub fn learn(&mut self, slot: usize, text: &[u8]) {
        self.state.answers[slot].learn(text, Mark::Good);
    }

    /// The rows read so far, once all is answered.
    pub fn take(&mut self) -> Result<Block, Error> {
        let state = &mut self.state;
        if !state.answers.iter_mut().all(Answers::is_complete) {
            return Err(Error::shape("numbers are not answered"));
        }
        let mut data = Vec::with_capacity(state.arena.len());
        let mut offsets = Vec::with_capacity(state.lines.len() * state.columns.len() + 1);
        offsets.push(0);
        for (column, answers) in state.columns.iter_mut().zip(&state.answers) {
            for cell in column.drain(..) {
                data.extend_from_slice(cell.text(&state.arena, answers));
                offsets.push(u32::try_from(data.len()).map_err(|_| Error::shape("a block is larger than 4 GB"))?);
            }
        }
        // A piece may end within a row.
        let mut arena = Vec::new();
        for (cell, answers) in state.row.iter_mut().zip(&state.answers) {
            let text = cell.text(&state.arena, answers);
            *cell = Cell::Text(arena.len() as u32, text.len() as u32);
            arena.extend_from_slice(text);
        }
        state.arena = arena;
        state.answers.iter_mut().for_each(Answers::tidy);
        let lines = std::mem::take(&mut state.lines);
        Ok(Block { data, offsets, lines, hidden: std::mem::take(&mut state.hidden) })
    }
}

impl Handler for State {
    fn start(&mut self, name: &[u8], attributes: &[Attribute]) -> Option<()> {
        let Some(names) = &self.names else {
            self.names = Some(Names::of(name)?);
            return Some(());
        };
        let value = |wanted: &[u8]| attributes.iter().find(|item| item.name == wanted).map(|item| item.value);
        if name == names.cell {
            let position = match value(b"r") {
                Some(reference) => position(reference)?,
                None if self.next < MAX_COLUMNS => self.next,
                None => return None,
            };
            self.next = position + 1;
            self.slot = self.wanted.slots.get(position).copied().flatten();
            self.kind = value(b"t").map_or(Some(Type::Number), Type::named)?;
            self.style = value(b"s").map_or(Some(NO_STYLE), |text| whole(text).filter(|style| *style < NO_STYLE))?;
            (self.is_calculated, self.is_valued) = (false, false);
        } else if name == names.value || (name == names.plain && !self.in_phonetic) {
            self.is_valued = true;
            self.is_open |= self.slot.is_some() && !(name == names.value && self.kind == Type::Inline);
        } else if name == names.row {
            let number = value(b"r").map_or(Some(self.number + 1), whole)?;
            if !(self.number < number && number <= MAX_ROWS) {
                return None;
            }
            self.number = number;
            self.is_hidden = match value(b"hidden") {
                None | Some(b"0" | b"false") => false,
                Some(b"1" | b"true") => true,
                Some(_) => return None,
            };
            self.is_filled = false;
            self.next = 0;
            self.row.fill(BLANK);
        } else if name == names.formula {
            self.is_calculated = true;
        } else if name == names.phonetic {
            self.in_phonetic = true;
        }
        Some(())
    }

    fn end(&mut self, name: &[u8]) -> Option<()> {
        let names = self.names.as_ref()?;
        if name == names.value || name == names.plain {
            self.is_open = false;
        } else if name == names.cell {
            match self.slot {
                None => self.is_filled |= self.is_valued && !self.is_calculated,
                Some(slot) if self.is_valued || self.is_calculated => {
                    if let Some(cell) = self.content(slot)? {
                        self.row[slot] = cell;
                        self.is_filled = true;
                    }
                }
                Some(_) => {}
            }
            self.text.clear();
        } else if name == names.row {
            self.ended += 1;
            if self.is_filled && self.number > self.wanted.after {
                self.lines.push(self.number);
                self.hidden += usize::from(self.is_hidden);
                self.columns.iter_mut().zip(&self.row).for_each(|(column, cell)| column.push(*cell));
            }
        } else if name == names.phonetic {
            self.in_phonetic = false;
        }
        Some(())
    }

    fn wants_text(&self) -> bool {
        self.is_open
    }

    fn text(&mut self, text: &[u8]) -> Option<()> {
        self.text.extend_from_slice(text);
        Some(())
    }
}

impl State {
    /// A cell's text; inside, None where it is empty.
    #[allow(clippy::option_option)]
    fn content(&mut self, slot: usize) -> Option<Option<Cell>> {
        let text = &self.text[..];
        if self.is_calculated && text.is_empty() && !(self.kind == Type::Formula && self.is_valued) {
            return Some(kept(&mut self.arena, "\u{fffd}formula-empty".as_bytes()));
        }
        Some(match self.kind {
            Type::Shared | Type::Number if text.is_empty() => None,
            Type::Shared => kept(&mut self.arena, self.wanted.texts.get(whole(text)? as usize)?),
            Type::Number => {
                let is_plain = self.style == NO_STYLE || *self.wanted.plain_styles.get(self.style as usize)?;
                match numbers::text(text, self.wanted.kinds[slot]).filter(|_| is_plain) {
                    Some(number) => kept(&mut self.arena, &number),
                    None => Some(Cell::Asked(self.answers[slot].place(&[&self.style.to_le_bytes(), text].concat()))),
                }
            }
            Type::Formula | Type::Inline => {
                let begun = self.arena.len();
                unescape(text, &mut self.arena);
                clipped(&mut self.arena, begun)
            }
            Type::Date => kept(&mut self.arena, text.split(|byte| *byte == b'T').next()?),
            Type::Error => kept(&mut self.arena, "\u{fffd}formula-error".as_bytes()),
            Type::Other => kept(&mut self.arena, "\u{fffd}cell-type".as_bytes()),
        })
    }
}
