//! What to make of a cell, once those that are not plain are answered.

use super::answers::{Answers, Mark};
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
    /// Whether Python would refuse a record that the cell concerns.
    pub fn is_problem(&self, column: usize, cell: &Cell) -> bool {
        match cell.value {
            Value::Problem => true,
            Value::Asked(place) => self.answers[column].at(place).1 == Mark::Problem,
            _ => false,
        }
    }

    /// Whether the cell is a credit code that counts as unknown.
    pub fn is_warned(&self, column: usize, cell: &Cell) -> bool {
        match cell.value {
            Value::Unknown => true,
            Value::Asked(place) => self.answers[column].at(place).1 == Mark::Warned,
            _ => false,
        }
    }

    /// The normal form of a cell of text: a link value or row id.
    pub fn normal(&self, column: usize, cell: &Cell) -> &'a [u8] {
        match cell.value {
            Value::Same => self.cells.bytes(self.data, cell.text),
            Value::Made(span) => self.cells.bytes(self.data, span),
            Value::Asked(place) => self.answers[column].at(place).0,
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
            Value::Asked(place) => out.extend_from_slice(self.answers[column].at(place).0),
        }
    }

    /// Whether the value, as JSON, is one of `wanted`.
    pub fn is_one_of(&self, column: usize, cell: &Cell, wanted: &[Vec<u8>], scratch: &mut Vec<u8>) -> bool {
        if let Value::Asked(place) = cell.value {
            let (text, _mark) = self.answers[column].at(place);
            return wanted.iter().any(|value| value == text);
        }
        scratch.clear();
        self.json(column, cell, scratch);
        wanted.contains(scratch)
    }
}
