//! A workbook's shared texts by number: xlsx_parts.py, `Strings`.

use super::xml::{Attribute, Handler, Scanner};

/// The longest text, in bytes; Python takes longer ones.
const MOST_BYTES: usize = 1 << 24;

/// All texts, end to end.
#[derive(Default)]
pub struct Texts {
    block: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// One of them.
    pub fn get(&self, index: usize) -> Option<&[u8]> {
        let end = *self.ends.get(index)?;
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        Some(&self.block[start..end])
    }
}

/// Reads them.
#[derive(Default)]
pub struct TextsReader {
    scanner: Scanner,
    state: State,
}

#[derive(Default)]
struct State {
    texts: Texts,
    text: Vec<u8>,
    is_open: bool,
    in_phonetic: bool,
}

impl TextsReader {
    /// Read another piece; None where the part is not plain.
    pub fn feed(&mut self, piece: &[u8]) -> Option<()> {
        self.scanner.feed(piece, &mut self.state)
    }

    /// The texts, once all was read.
    pub fn finish(self) -> Option<Texts> {
        self.scanner.finish().map(|()| self.state.texts)
    }
}

impl Handler for State {
    fn start(&mut self, name: &[u8], _attributes: &[Attribute]) -> Option<()> {
        match local(name) {
            b"t" => self.is_open = !self.in_phonetic,
            b"rPh" => self.in_phonetic = true,
            _ => {}
        }
        Some(())
    }

    fn end(&mut self, name: &[u8]) -> Option<()> {
        match local(name) {
            b"t" => self.is_open = false,
            b"rPh" => self.in_phonetic = false,
            b"si" => {
                unescape(&self.text, &mut self.texts.block);
                self.texts.ends.push(self.texts.block.len());
                self.text.clear();
            }
            _ => {}
        }
        Some(())
    }

    fn wants_text(&self) -> bool {
        self.is_open
    }

    fn text(&mut self, text: &[u8]) -> Option<()> {
        self.text.extend_from_slice(text);
        (self.text.len() <= MOST_BYTES).then_some(())
    }
}

fn local(name: &[u8]) -> &[u8] {
    name.iter().rposition(|byte| *byte == b':').map_or(name, |at| &name[at + 1..])
}

/// Append `text` with `_x000D_` and the like as the characters they stand for: xlsx_rows.unescaped.
pub fn unescape(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest, b"_x") {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        if let Some(letter) = escaped(rest) {
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[7..];
        } else {
            out.push(rest[0]);
            rest = &rest[1..];
        }
    }
    out.extend_from_slice(rest);
}

/// The character that `_x`, four digits and `_` at the beginning of `text` stand for.
fn escaped(text: &[u8]) -> Option<char> {
    let digits = text.get(2..6)?;
    if text.get(6) != Some(&b'_') || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let number = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    Some(char::from_u32(number).unwrap_or(char::REPLACEMENT_CHARACTER))
}
