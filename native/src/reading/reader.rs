//! One file's reader: a block is loaded, what is not plain is answered, then its records are made.

use super::answers::{Answers, Mark};
use super::cells::{Cells, Place};
use super::plan::Plan;
use super::read::Read;
use super::staged::{Names, Staged};
use crate::column::{self, Column, require_count};
use crate::error::Error;

/// Reads the blocks of a file, one after the other.
pub struct Reader {
    plan: Plan,
    names: Names,
    answers: Vec<Answers>,
    cells: Cells,
    staged: Staged,
    size: usize,
}

impl Reader {
    /// For one file.
    pub fn new(plan: Plan, names: Names) -> Result<Self, Error> {
        let plan = plan.checked()?;
        let answers = (0..plan.columns.len() + plan.dues.len()).map(|_| Answers::default()).collect();
        Ok(Self { plan, names, answers, cells: Cells::default(), staged: Staged::default(), size: 0 })
    }

    /// Read the cells of a block; returns by column, then by due one, how many cells Python must answer.
    pub fn load(&mut self, data: &[u8], line: u32, after: u32) -> Result<Vec<usize>, Error> {
        self.begin(data)?;
        self.cells.read(&self.plan, &mut self.answers, data, line, after);
        Ok(self.open())
    }

    /// The same for rows that come as columns: offsets are of the cells of a column, column after column.
    pub fn load_columns(&mut self, data: &[u8], offsets: &[u8], lines: &[u8]) -> Result<Vec<usize>, Error> {
        let (cells, lines) = (Column::new(data, offsets)?, column::numbers(lines)?);
        require_count(cells.count(), self.plan.width * lines.len(), "cells")?;
        self.begin(data)?;
        self.cells.read_columns(&self.plan, &mut self.answers, data, &cells, &lines);
        Ok(self.open())
    }

    fn begin(&mut self, data: &[u8]) -> Result<(), Error> {
        if data.len() > i32::MAX as usize {
            return Err(Error::shape("a block is larger than 2 GB"));
        }
        self.answers.iter_mut().for_each(Answers::tidy);
        self.size = data.len();
        Ok(())
    }

    fn open(&self) -> Vec<usize> {
        self.answers.iter().map(|answers| answers.asked().len()).collect()
    }

    /// The cells of a column that are to be answered.
    pub fn asked(&self, column: usize) -> Result<&[Box<[u8]>], Error> {
        self.answers.get(column).map(Answers::asked).ok_or_else(|| Error::shape("there is no such column"))
    }

    /// Take the answers for a column, in the order of `asked`.
    pub fn learn(&mut self, column: usize, texts: &Column, marks: &[u8]) -> Result<(), Error> {
        let asked = self.asked(column)?.len();
        require_count(texts.count(), asked, "answers")?;
        require_count(marks.len(), asked, "marks")?;
        for (place, mark) in marks.iter().enumerate() {
            let mark = Mark::of(*mark).ok_or_else(|| Error::at(place, "a mark is 0, 1 or 2"))?;
            self.answers[column].learn(texts.get(place), mark);
        }
        Ok(())
    }

    /// The same for a due one, whose empty cells are `filled` now.
    pub fn fill(&mut self, number: usize, filled: &Column, texts: &Column, marks: &[u8]) -> Result<(), Error> {
        let column = self.plan.columns.len() + number;
        let asked = self.asked(column)?.len();
        require_count(filled.count(), asked, "cells")?;
        require_count(texts.count(), asked, "answers")?;
        require_count(marks.len(), asked, "marks")?;
        for (place, mark) in marks.iter().enumerate() {
            let mark = Mark::of(*mark).ok_or_else(|| Error::at(place, "a mark is 0, 1 or 2"))?;
            self.answers[column].fill(texts.get(place), mark, filled.get(place));
        }
        Ok(())
    }

    /// The records of the block that was loaded, which is `data`; and the rows that are left to Python, in file order.
    pub fn stage(&mut self, data: &[u8], file: u16) -> Result<(&Staged, Vec<Place>), Error> {
        if data.len() != self.size {
            return Err(Error::shape("another block was loaded"));
        }
        if !self.answers.iter_mut().all(Answers::is_complete) {
            return Err(Error::shape("cells are not answered"));
        }
        let read = Read { data, cells: &self.cells, answers: &self.answers, plan: &self.plan };
        let mut left = self.staged.fill(&self.names, file, &read);
        left.extend_from_slice(&self.cells.left);
        left.sort_unstable_by_key(|place| place.line);
        Ok((&self.staged, left))
    }
}
