//! First pass over a block: rows of text, or columns of cells, into values, as far as they are plain or were answered.

use std::str::from_utf8;

use super::answers::Answers;
use super::plain::{self, Plain};
use super::plan::{Column, Kind, Plan};
use super::split::{Row, Shape, Span, Splitter};
use crate::column::Column as Given;

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
    /// What Python filled in: which of the plan's dues, and the answer's place.
    Due(u32, u32),
}

/// A stripped cell and its value.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Its text.
    pub text: Span,
    /// Its value.
    pub value: Value,
}

/// A row of the block, by the line it begins on and its place: its bytes in a block of text, its number among columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// First byte, or number.
    pub start: u32,
    /// Behind its last byte, or the next number.
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
        let source = self.begin(data);
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
            let is_taken = self.take(plan, answers, &source, &row, &spans).is_some();
            self.put(place, is_taken, arena, cells);
        }
    }

    /// Read rows that come as columns: `given` has the cells of a column one after the other, column after column, and
    /// `lines` one line for each row.
    pub fn read_columns(&mut self, plan: &Plan, answers: &mut [Answers], data: &[u8], given: &Given, lines: &[u32]) {
        let source = self.begin(data);
        let span = |column: usize, row: usize| {
            let place = given.place(column * lines.len() + row);
            Span { start: place.start, size: place.end - place.start }
        };
        let mut spans = Vec::with_capacity(plan.width);
        for (row, &line) in lines.iter().enumerate() {
            spans.clear();
            spans.extend((0..plan.width).map(|column| span(column, row)));
            let (arena, cells) = (self.arena.len(), self.cells.len());
            let is_short = spans.iter().map(|span| span.size as usize).sum::<usize>() <= MAX_ROW;
            let is_taken = is_short && self.take_cells(plan, answers, &source, &spans).is_some();
            self.put(Place { line, start: row as u32, end: row as u32 + 1 }, is_taken, arena, cells);
        }
    }

    fn begin<'a>(&mut self, data: &'a [u8]) -> Source<'a> {
        self.rows.clear();
        self.cells.clear();
        self.left.clear();
        self.arena.clear();
        self.size = data.len();
        Source { data, text: from_utf8(data).ok() }
    }

    /// Keep a row that was taken; of one that was not, only the place.
    fn put(&mut self, place: Place, is_taken: bool, arena: usize, cells: usize) {
        if is_taken {
            self.rows.push(place);
        } else {
            self.arena.truncate(arena);
            self.cells.truncate(cells);
            self.left.push(place);
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
        self.take_cells(plan, answers, source, spans)
    }

    fn take_cells(&mut self, plan: &Plan, answers: &mut [Answers], source: &Source, spans: &[Span]) -> Option<()> {
        if self.is_header(plan, source.data, spans) {
            return None;
        }
        let mut copied = String::new();
        let first = self.stripped(source, spans[plan.first], &mut copied)?;
        if plan.totals.contains(self.bytes(source.data, first)) {
            return None;
        }
        let begun = self.cells.len();
        let (answers, dues) = answers.split_at_mut(plan.columns.len());
        for (column, answers) in plan.columns.iter().zip(answers) {
            let span = column.position.map_or(Span { start: 0, size: 0 }, |position| spans[position]);
            let cell = if span.size == 0 { empty(column) } else { self.cell(column, answers, source, span)? };
            self.cells.push(cell);
        }
        for (number, (&(column, after), answers)) in plan.dues.iter().zip(dues).enumerate() {
            let from = self.cells[begun + after].text;
            if self.cells[begun + column].text.size == 0 && from.size > 0 {
                let place = answers.place(self.bytes(source.data, from));
                self.cells[begun + column].value = Value::Due(number as u32, place);
            }
        }
        Some(())
    }

    fn is_header(&self, plan: &Plan, data: &[u8], spans: &[Span]) -> bool {
        !plan.header.is_empty() && plan.header.iter().zip(spans).all(|(header, span)| header == self.bytes(data, *span))
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
