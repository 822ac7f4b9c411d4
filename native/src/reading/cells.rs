//! First pass over a block: rows into cells, and cells into values, as far as they are plain or were answered.

use std::str::from_utf8;

use super::answers::{Answers, Mark};
use super::json;
use super::plain::{self, Plain};
use super::plan::{Column, Kind, Plan};
use super::split::{Row, Shape, Span, Splitter};

/// matcher/agency/files/batches.py: a longer cell is refused there; a longer row goes there to find out.
const MAX_ROW: usize = 4096;

/// What a cell holds.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// Nothing.
    Empty,
    /// What Python would refuse, if a record is concerned.
    Problem,
    /// Fen or days.
    Number(i64),
    /// The cell itself.
    Same,
    /// A normal form in the arena.
    Made(Span),
    /// A credit code that counts as unknown, and is counted.
    Unknown,
    /// What Python answered, by place.
    Asked(u32),
}

/// A stripped cell and its value.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Its text.
    pub text: Span,
    /// Its value.
    pub value: Value,
}

/// A row of the block, by the line it begins on and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// First byte.
    pub start: u32,
    /// Behind its last byte.
    pub end: u32,
}

/// The rows of one block. `cells` has those of a row one after the other, as many as the plan has columns.
#[derive(Default)]
pub struct Cells {
    /// Rows that may be made here.
    pub rows: Vec<Place>,
    /// Their cells.
    pub cells: Vec<Cell>,
    /// Rows that Python reads.
    pub left: Vec<Place>,
    arena: Vec<u8>,
    size: usize,
}

impl Cells {
    /// Read a whole block whose first line is `line`; rows that begin up to line `after` are passed over.
    pub fn read(&mut self, plan: &Plan, answers: &mut [Answers], data: &[u8], line: u32, after: u32) {
        self.rows.clear();
        self.cells.clear();
        self.left.clear();
        self.arena.clear();
        self.size = data.len();
        let text = from_utf8(data).ok();
        let mut splitter = Splitter::new(data, plan.separator, plan.wrapped, true);
        let (mut spans, mut next) = (Vec::new(), line);
        loop {
            let (arena, cells) = (self.arena.len(), self.cells.len());
            let Some(row) = splitter.next(&mut spans, &mut self.arena) else {
                return;
            };
            let line = next;
            next += row.lines;
            let is_blank = row.shape == Shape::Cells && spans.iter().all(|span| span.size == 0);
            if line <= after || is_blank {
                self.arena.truncate(arena);
                continue;
            }
            let place = Place { line, start: row.start as u32, end: row.end as u32 };
            if self.take(plan, answers, &Source { data, text }, &row, &spans).is_some() {
                self.rows.push(place);
            } else {
                self.arena.truncate(arena);
                self.cells.truncate(cells);
                self.left.push(place);
            }
        }
    }

    /// Where a span's text lies.
    pub fn bytes<'a>(&'a self, data: &'a [u8], span: Span) -> &'a [u8] {
        let start = span.start as usize;
        let (from, start) = if start < self.size { (data, start) } else { (&self.arena[..], start - self.size) };
        &from[start..start + span.size as usize]
    }

    /// None for a row that Python reads.
    fn take(&mut self, plan: &Plan, answers: &mut [Answers], source: &Source, row: &Row, spans: &[Span]) -> Option<()> {
        if row.shape == Shape::Odd || spans.len() != plan.width || row.end - row.start > MAX_ROW {
            return None;
        }
        if source.text.is_none() {
            from_utf8(&source.data[row.start..row.end]).ok()?;
        }
        if self.is_header(plan, source.data, spans) {
            return None;
        }
        let mut copied = String::new();
        let first = self.stripped(source, spans[0], &mut copied)?;
        if plan.totals.contains(self.bytes(source.data, first)) {
            return None;
        }
        for (column, answers) in plan.columns.iter().zip(answers) {
            let span = column.position.map_or(Span { start: 0, size: 0 }, |position| spans[position]);
            let cell = if span.size == 0 { empty(column) } else { self.cell(column, answers, source, span)? };
            self.cells.push(cell);
        }
        Some(())
    }

    fn is_header(&self, plan: &Plan, data: &[u8], spans: &[Span]) -> bool {
        plan.header.len() == spans.len()
            && plan.header.iter().zip(spans).all(|(header, span)| header == self.bytes(data, *span))
    }

    fn cell(&mut self, column: &Column, answers: &mut Answers, source: &Source, span: Span) -> Option<Cell> {
        let mut copied = String::new();
        let span = self.stripped(source, span, &mut copied)?;
        if span.size == 0 {
            return Some(empty(column));
        }
        let text = if (span.start as usize) < self.size {
            source.letters(span)?
        } else {
            copied.clear();
            copied.push_str(from_utf8(self.bytes(source.data, span)).ok()?);
            &copied
        };
        let begun = self.arena.len();
        let value = match column.kind {
            Kind::Account => self.value(plain_account, text, begun),
            Kind::Company => self.value(|text, arena| plain::text(text, true, plain::MAX_TEXT, arena), text, begun),
            Kind::Text => self.value(|text, arena| plain::text(text, false, plain::MAX_TEXT, arena), text, begun),
            Kind::RowId => self.value(|text, arena| plain::text(text, false, plain::MAX_ROW_ID, arena), text, begun),
            Kind::CreditCode => self.value(plain_code, text, begun),
            Kind::CheckedCode => match self.value(plain_code, text, begun) {
                Some(Value::Unknown) => None,
                value => value,
            },
            Kind::Amount => plain::amount(text.as_bytes(), column.unit).map(Value::Number),
            Kind::Date => plain::date(text.as_bytes()).map(Value::Number),
            Kind::Asked => None,
        };
        let value = value.unwrap_or_else(|| Value::Asked(answers.place(text.as_bytes())));
        Some(Cell { text: span, value })
    }

    fn value(&mut self, read: impl Fn(&str, &mut Vec<u8>) -> Plain, text: &str, begun: usize) -> Option<Value> {
        Some(match read(text, &mut self.arena) {
            Plain::Same => Value::Same,
            Plain::Made => {
                let size = (self.arena.len() - begun) as u32;
                Value::Made(Span { start: (self.size + begun) as u32, size })
            }
            Plain::Unknown => Value::Unknown,
            Plain::No => return None,
        })
    }

    /// The span without white space around it; None where it is no UTF-8.
    fn stripped(&self, source: &Source, span: Span, copied: &mut String) -> Option<Span> {
        let text = if (span.start as usize) < self.size {
            source.letters(span)?
        } else {
            copied.clear();
            copied.push_str(from_utf8(self.bytes(source.data, span)).ok()?);
            copied
        };
        let inner = plain::stripped(text);
        let before = inner.as_ptr() as usize - text.as_ptr() as usize;
        Some(Span { start: span.start + before as u32, size: inner.len() as u32 })
    }
}

struct Source<'a> {
    data: &'a [u8],
    text: Option<&'a str>,
}

impl<'a> Source<'a> {
    fn letters(&self, span: Span) -> Option<&'a str> {
        let place = span.start as usize..(span.start + span.size) as usize;
        match self.text {
            Some(text) => text.get(place),
            None => from_utf8(&self.data[place]).ok(),
        }
    }
}

fn empty(column: &Column) -> Cell {
    let value = if column.required { Value::Problem } else { Value::Empty };
    Cell { text: Span { start: 0, size: 0 }, value }
}

fn plain_account(text: &str, arena: &mut Vec<u8>) -> Plain {
    plain::account(text.as_bytes(), arena)
}

fn plain_code(text: &str, arena: &mut Vec<u8>) -> Plain {
    plain::credit_code(text.as_bytes(), arena)
}

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
