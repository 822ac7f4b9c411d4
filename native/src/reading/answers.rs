//! What Python said of cells that are not plain: each is asked once, and remembered while there is room.

use std::collections::HashMap;

/// How many cells of a column are remembered from block to block.
const ROOM: usize = 1 << 15;

/// What an answer says beside its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Good.
    Good,
    /// The cell is a problem of the record it concerns.
    Problem,
    /// The cell counts as unknown, and is counted.
    Warned,
}

impl Mark {
    /// By its number in compiled.py.
    pub fn of(number: u8) -> Option<Self> {
        [Self::Good, Self::Problem, Self::Warned].get(usize::from(number)).copied()
    }
}

/// What Python said of a cell.
pub struct Answer {
    /// Its value.
    pub text: Box<[u8]>,
    /// See Mark.
    pub mark: Mark,
    /// Of a cell that was empty: what stands in it now.
    pub filled: Box<[u8]>,
}

/// The answers for one column.
#[derive(Default)]
pub struct Answers {
    places: HashMap<Box<[u8]>, u32>,
    known: Vec<Answer>,
    asked: Vec<Box<[u8]>>,
}

impl Answers {
    /// Forget everything if there is too much of it; only between blocks.
    pub fn tidy(&mut self) {
        if self.places.len() > ROOM || !self.asked.is_empty() {
            *self = Self::default();
        }
    }

    /// The place of the answer for `cell`, which may not be there yet.
    pub fn place(&mut self, cell: &[u8]) -> u32 {
        if let Some(place) = self.places.get(cell) {
            return *place;
        }
        let place = self.places.len() as u32;
        self.places.insert(cell.into(), place);
        self.asked.push(cell.into());
        place
    }

    /// Cells without an answer.
    pub fn asked(&self) -> &[Box<[u8]>] {
        &self.asked
    }

    /// Take the answer for the first of `asked` that has none yet.
    pub fn learn(&mut self, text: &[u8], mark: Mark) {
        self.fill(text, mark, b"");
    }

    /// The same for a cell that was empty and is `filled` now.
    pub fn fill(&mut self, text: &[u8], mark: Mark, filled: &[u8]) {
        self.known.push(Answer { text: text.into(), mark, filled: filled.into() });
    }

    /// Whether all that was asked is answered; it is then asked no more.
    pub fn is_complete(&mut self) -> bool {
        let complete = self.known.len() == self.places.len();
        if complete {
            self.asked.clear();
        }
        complete
    }

    /// The answer at `place`.
    pub fn at(&self, place: u32) -> &Answer {
        &self.known[place as usize]
    }
}
