//! What to make of a cell, once those that are not plain are answered.

use super::answers::{Answer, Answers, Mark};
use super::cells::{Cell, Cells, Value};
use super::json;
use super::plan::Plan;

/// What to make of a cell, with the answers at hand.
pub struct Read<'a> {
    /// The block.
    pub data: &'a [u8],
    /// Its cells.
    pub cells: &'a Cells,
    /// By column.
    pub answers: &'a [Answers],
    /// The plan.
    pub plan: &'a Plan,
}

impl<'a> Read<'a> {
    /// What Python said of the cell, if it was asked.
    fn answer(&self, column: usize, cell: &Cell) -> Option<&'a Answer> {
        match cell.value {
            Value::Asked(place) => Some(self.answers[column].at(place)),
            Value::Due(number, place) => Some(self.answers[self.plan.columns.len() + number as usize].at(place)),
            _ => None,
        }
    }

    /// The cell's text, or what was filled in.
    pub fn text(&self, column: usize, cell: &Cell) -> &'a [u8] {
        match (cell.value, self.answer(column, cell)) {
            (Value::Due(..), Some(answer)) => &answer.filled,
            _ => self.cells.bytes(self.data, cell.text),
        }
    }

    /// Whether Python would refuse a record that the cell concerns.
    pub fn is_problem(&self, column: usize, cell: &Cell) -> bool {
        matches!(cell.value, Value::Problem)
            || self.answer(column, cell).is_some_and(|answer| answer.mark == Mark::Problem)
    }

    /// Whether the cell is a credit code that counts as unknown.
    pub fn is_warned(&self, column: usize, cell: &Cell) -> bool {
        matches!(cell.value, Value::Unknown)
            || self.answer(column, cell).is_some_and(|answer| answer.mark == Mark::Warned)
    }

    /// The normal form of a cell of text: a link value or row id.
    pub fn normal(&self, column: usize, cell: &Cell) -> &'a [u8] {
        match cell.value {
            Value::Same => self.cells.bytes(self.data, cell.text),
            Value::Made(span) => self.cells.bytes(self.data, span),
            Value::Asked(place) => &self.answers[column].at(place).text,
            _ => b"",
        }
    }

    /// Append the value as JSON.
    pub fn json(&self, column: usize, cell: &Cell, out: &mut Vec<u8>) {
        match cell.value {
            Value::Empty => out.extend_from_slice(&self.plan.columns[column].empty),
            Value::Problem | Value::Unknown => out.extend_from_slice(b"null"),
            Value::Number(value) => json::number(value, out),
            Value::Same | Value::Made(_) => json::quote(self.normal(column, cell), out),
            Value::Asked(_) | Value::Due(..) => {
                out.extend_from_slice(self.answer(column, cell).map_or(&b"null"[..], |answer| &answer.text));
            }
        }
    }

    /// Whether the value, as JSON, is one of `wanted`.
    pub fn is_one_of(&self, column: usize, cell: &Cell, wanted: &[Vec<u8>], scratch: &mut Vec<u8>) -> bool {
        if let Some(answer) = self.answer(column, cell) {
            return wanted.iter().any(|value| **value == *answer.text);
        }
        scratch.clear();
        self.json(column, cell, scratch);
        wanted.contains(scratch)
    }
}
