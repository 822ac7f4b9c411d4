//! Rows of a text table, divided exactly as Python's csv module divides them (strict, quotes doubled, one delimiter).
//!
//! Most rows hold no quotation mark, or quote whole cells: they are cut by `memchr`. Every other one goes through
//! `Careful`, the module's state machine with what it counts: physical lines, and characters up to its limit. Such a row
//! is found here but read by Python.

use memchr::{memchr, memchr_iter, memchr3, memmem, memrchr};

/// csv.field_size_limit(): the character beyond it ends the row's reading, and the next line begins a row.
const FIELD_LIMIT: usize = 131_072;
const QUOTE: u8 = b'"';

/// A cell: where its text lies in the block, or behind the block's end in the arena of unescaped cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// Bytes.
    pub size: u32,
}

/// What a row is to those who read it here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Its cells are known.
    Cells,
    /// Only its extent is known: Python must read it.
    Odd,
}

/// One row: its bytes with the line end, and how many physical lines it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// First byte.
    pub start: usize,
    /// Behind its line end.
    pub end: usize,
    /// Physical lines.
    pub lines: u32,
    /// Whether its cells are known.
    pub shape: Shape,
}

/// Goes through the rows of a block. `last`: nothing follows the block, so its end ends a row. `wrapped`: a cell written
/// ="text" is that text, as matcher/agency/files/csv_rows.py has it.
pub struct Splitter<'a> {
    data: &'a [u8],
    separator: u8,
    wrapped: bool,
    last: bool,
    has_returns: bool,
    at: usize,
}

impl<'a> Splitter<'a> {
    /// A block begins where a row begins.
    pub fn new(data: &'a [u8], separator: u8, wrapped: bool, last: bool) -> Self {
        Self { data, separator, wrapped, last, has_returns: memchr(b'\r', data).is_some(), at: 0 }
    }

    /// The next row, its cells in `cells` (unescaped ones in `arena`); None where no whole row is left.
    pub fn next(&mut self, cells: &mut Vec<Span>, arena: &mut Vec<u8>) -> Option<Row> {
        if self.at == self.data.len() {
            return None;
        }
        cells.clear();
        let row = match self.quick(cells) {
            Some(row) => row,
            None => {
                cells.clear();
                Careful::new(self.data, self.at, self.separator, self.last).row(cells, arena)?
            }
        };
        self.at = row.end;
        Some(row)
    }

    /// A row without a quotation mark, or with whole cells quoted and nothing to unescape.
    fn quick(&self, cells: &mut Vec<Span>) -> Option<Row> {
        let data = self.data;
        let mut from = self.at;
        loop {
            let hit = from + memchr3(self.separator, b'\n', QUOTE, &data[from..])?;
            let (mut start, mut stop, mut end) = (from, hit, hit);
            let quoted = data[hit] == QUOTE;
            if quoted {
                // Only at the beginning of a cell, and closed before a separator or line end.
                let is_wrapped = self.wrapped && hit == from + 1 && data[from] == b'=';
                if hit != from && !is_wrapped {
                    return None;
                }
                let close = hit + 1 + memchr(QUOTE, &data[hit + 1..])?;
                let inner = &data[hit + 1..close];
                if memchr(b'\n', inner).is_some() || (is_wrapped && memchr(self.separator, inner).is_some()) {
                    return None;
                }
                start = hit + 1;
                stop = close;
                end = close + 1;
                if self.has_returns && data.get(end) == Some(&b'\r') && data.get(end + 1) == Some(&b'\n') {
                    end += 1;
                }
            }
            match data.get(end) {
                Some(&byte) if byte == self.separator => {
                    cells.push(span(start, stop));
                    from = end + 1;
                }
                Some(b'\n') => {
                    let body = if end > self.at && data[end - 1] == b'\r' { end - 1 } else { end };
                    if self.has_returns && memchr(b'\r', &data[self.at..body]).is_some() {
                        return None;
                    }
                    cells.push(span(start, if quoted { stop } else { body }));
                    if end - self.at > FIELD_LIMIT {
                        return None;
                    }
                    return Some(Row { start: self.at, end: end + 1, lines: 1, shape: Shape::Cells });
                }
                _ => return None,
            }
        }
    }
}

/// The end of the last row that is whole, and the physical lines up to there.
pub fn whole_rows(data: &[u8], separator: u8, last: bool) -> (usize, usize) {
    let lone = |at: usize| data.get(at + 1) != Some(&b'\n');
    if !last && memchr(QUOTE, data).is_none() && !memchr_iter(b'\r', data).any(lone) {
        let end = memrchr(b'\n', data).map_or(0, |at| at + 1);
        return (end, memchr_iter(b'\n', &data[..end]).count());
    }
    let (mut rows, mut lines) = (Splitter::new(data, separator, true, last), 0);
    let (mut cells, mut arena) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next(&mut cells, &mut arena) {
        lines += row.lines as usize;
        arena.clear();
    }
    (rows.at, lines)
}

/// What a survey asks of a block: line feeds, whether `mark` is in it, and how much of it is whole characters of UTF-8;
/// the last is None where a byte does not decode.
pub fn look(data: &[u8], mark: &[u8]) -> (usize, bool, Option<usize>) {
    let whole = match std::str::from_utf8(data) {
        Ok(_) => Some(data.len()),
        Err(error) if error.error_len().is_none() => Some(error.valid_up_to()),
        Err(_) => None,
    };
    (memchr_iter(b'\n', data).count(), memmem::find(data, mark).is_some(), whole)
}

/// Of a block: characters of UTF-8 beyond ASCII, bytes that do not decode, and how much was counted; unless it is the
/// `last` one, a character that its end cuts is left to the next.
pub fn count(data: &[u8], last: bool) -> (usize, usize, usize) {
    let (mut characters, mut broken, mut counted) = (0, 0, 0);
    for chunk in data.utf8_chunks() {
        let (valid, invalid) = (chunk.valid().as_bytes(), chunk.invalid());
        characters += valid.iter().filter(|byte| **byte >= 0xc0).count();
        counted += valid.len();
        let is_cut = counted + invalid.len() == data.len()
            && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
        if is_cut && !last {
            break;
        }
        broken += invalid.len();
        counted += invalid.len();
    }
    (characters, broken, counted)
}

fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, size: (end - start) as u32 }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Field,
    Unquoted,
    Quoted,
    Closed,
}

/// The state machine of CPython's _csv.c over one row.
struct Careful<'a> {
    data: &'a [u8],
    start: usize,
    separator: u8,
    last: bool,
    lines: u32,
    odd: bool,
    size: usize,
}

impl<'a> Careful<'a> {
    fn new(data: &'a [u8], start: usize, separator: u8, last: bool) -> Self {
        Self { data, start, separator, last, lines: 1, odd: false, size: 0 }
    }

    /// None when the row's end is not in the block.
    fn row(mut self, cells: &mut Vec<Span>, arena: &mut Vec<u8>) -> Option<Row> {
        let mut state = State::Field;
        let mut at = self.start;
        let mut begun = arena.len();
        loop {
            let Some(&byte) = self.data.get(at) else {
                if !self.last {
                    return None;
                }
                self.odd |= state == State::Quoted;
                self.push(begun, cells, arena);
                return Some(self.ended(at));
            };
            let ends_line = byte == b'\n' || byte == b'\r';
            if ends_line && state != State::Quoted {
                let end = self.line_end(at)?;
                self.push(begun, cells, arena);
                return Some(self.ended(end));
            }
            match state {
                State::Field if byte == QUOTE => state = State::Quoted,
                State::Field | State::Unquoted | State::Closed if byte == self.separator => {
                    self.push(begun, cells, arena);
                    begun = arena.len();
                    state = State::Field;
                }
                State::Field | State::Unquoted => {
                    self.odd |= byte == QUOTE;
                    state = State::Unquoted;
                    if !self.keep(byte, arena) {
                        return self.given_up(at);
                    }
                }
                State::Quoted if byte == QUOTE => state = State::Closed,
                State::Quoted => {
                    if !self.keep(byte, arena) {
                        return self.given_up(at);
                    }
                    if ends_line {
                        let end = self.line_end(at)?;
                        if end > at + 1 && !self.keep(b'\n', arena) {
                            return self.given_up(at);
                        }
                        self.lines += 1;
                        at = end - 1;
                    }
                }
                State::Closed if byte == QUOTE => {
                    state = State::Quoted;
                    if !self.keep(byte, arena) {
                        return self.given_up(at);
                    }
                }
                State::Closed => return self.given_up(at),
            }
            at += 1;
        }
    }

    /// Add a byte to the cell; false where the module's limit is passed.
    fn keep(&mut self, byte: u8, arena: &mut Vec<u8>) -> bool {
        self.size += usize::from(byte & 0xc0 != 0x80);
        arena.push(byte);
        self.size <= FIELD_LIMIT
    }

    fn push(&mut self, begun: usize, cells: &mut Vec<Span>, arena: &[u8]) {
        self.size = 0;
        cells.push(span(self.data.len() + begun, self.data.len() + arena.len()));
    }

    /// Behind the line end at `at`; None where the block ends before that is known.
    fn line_end(&self, at: usize) -> Option<usize> {
        if self.data[at] == b'\n' {
            return Some(at + 1);
        }
        match self.data.get(at + 1) {
            Some(b'\n') => Some(at + 2),
            None if !self.last => None,
            _ => Some(at + 1),
        }
    }

    /// The module raises at `at`: the row goes to the end of that physical line.
    fn given_up(mut self, at: usize) -> Option<Row> {
        self.odd = true;
        match self.data[at..].iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            Some(offset) => {
                let end = self.line_end(at + offset)?;
                Some(self.ended(end))
            }
            None if self.last => Some(self.ended(self.data.len())),
            None => None,
        }
    }

    fn ended(&self, end: usize) -> Row {
        let shape = if self.odd { Shape::Odd } else { Shape::Cells };
        Row { start: self.start, end, lines: self.lines, shape }
    }
}
