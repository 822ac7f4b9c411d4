//! The values of a record out of its content, JSON of [values, extras] as matcher/agency/records writes it.
//!
//! Only the values are read: a flat array of texts, whole numbers and null, without spaces. Anything else is refused, by
//! the record's index; nothing of it is ever shown.

use std::borrow::Cow;

use crate::error::Error;

const MAX_AMOUNT: i128 = 100_000_000_000_000_000;
const MAX_DAYS: i128 = (1 << 30) - 1;

/// Reads the values of one record, one by one.
pub struct Reader<'a> {
    rest: &'a [u8],
    index: usize,
    is_first: bool,
}

impl<'a> Reader<'a> {
    /// Before the first value of the record at `index`.
    pub fn new(content: &'a [u8], index: usize) -> Result<Self, Error> {
        let rest = content.strip_prefix(b"[[").ok_or_else(|| malformed(index))?;
        Ok(Self { rest, index, is_first: true })
    }

    /// A text, or None for null.
    pub fn text(&mut self) -> Result<Option<Cow<'a, [u8]>>, Error> {
        self.next()?;
        if self.null() {
            return Ok(None);
        }
        self.string().map(Some).ok_or_else(|| malformed(self.index))
    }

    /// Whole fen within 10^17, or None for null.
    pub fn amount(&mut self) -> Result<Option<i64>, Error> {
        self.number(-MAX_AMOUNT, MAX_AMOUNT, "an amount is beyond 10^17 fen").map(|found| found.map(|it| it as i64))
    }

    /// Days since 1970-01-01, or None for null.
    pub fn days(&mut self) -> Result<Option<i64>, Error> {
        self.number(-MAX_DAYS, MAX_DAYS, "a date is beyond any calendar").map(|found| found.map(|it| it as i64))
    }

    /// A bit set of at most 64 codes, or None for null.
    pub fn set(&mut self) -> Result<Option<u64>, Error> {
        self.number(0, u64::MAX.into(), "a bit set has more than 64 codes").map(|found| found.map(|it| it as u64))
    }

    /// After the last value.
    pub fn end(self) -> Result<(), Error> {
        if self.rest.starts_with(b"]") { Ok(()) } else { Err(malformed(self.index)) }
    }

    fn next(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.is_first) {
            return Ok(());
        }
        self.rest = self.rest.strip_prefix(b",").ok_or_else(|| malformed(self.index))?;
        Ok(())
    }

    fn null(&mut self) -> bool {
        match self.rest.strip_prefix(b"null") {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn number(&mut self, least: i128, most: i128, why: &str) -> Result<Option<i128>, Error> {
        self.next()?;
        if self.null() {
            return Ok(None);
        }
        let size = self.rest.iter().take_while(|byte| matches!(byte, b'-' | b'0'..=b'9')).count();
        let (digits, rest) = self.rest.split_at(size);
        let number = whole(digits).ok_or_else(|| malformed(self.index))?;
        if number < least || number > most {
            return Err(Error::at(self.index, why));
        }
        self.rest = rest;
        Ok(Some(number))
    }

    fn string(&mut self) -> Option<Cow<'a, [u8]>> {
        let body = self.rest.strip_prefix(b"\"")?;
        let plain = plain(body)?;
        let (start, mut rest) = body.split_at(plain);
        if let Some(rest) = rest.strip_prefix(b"\"") {
            self.rest = rest;
            return Some(Cow::Borrowed(start));
        }
        let mut text = start.to_vec();
        loop {
            let (&byte, after) = rest.split_first()?;
            rest = after;
            match byte {
                b'"' => break,
                b'\\' => rest = escape(rest, &mut text)?,
                0..0x20 => return None,
                _ => text.push(byte),
            }
        }
        self.rest = rest;
        Some(Cow::Owned(text))
    }
}

/// How many bytes stand before the first that ends a text or is to be looked at. Sixteen at a time, without a branch a
/// byte, as long as there is none of them.
fn plain(body: &[u8]) -> Option<usize> {
    let is_odd = |byte: &u8| (*byte == b'"') | (*byte == b'\\') | (*byte < 0x20);
    let clear = body.as_chunks::<16>().0.iter();
    let clear = clear.take_while(|chunk| !chunk.iter().fold(false, |odd, byte| odd | is_odd(byte))).count() * 16;
    Some(clear + body[clear..].iter().position(is_odd)?)
}

/// A whole number in decimal digits, or None.
fn whole(text: &[u8]) -> Option<i128> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if !matches!(digits.len(), 1..=18) {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    let mut number = 0;
    for digit in digits {
        number = number * 10 + i64::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    Some(if digits.len() < text.len() { -number } else { number }.into())
}

/// What stands behind a backslash.
fn escape<'a>(data: &'a [u8], text: &mut Vec<u8>) -> Option<&'a [u8]> {
    let (&kind, mut rest) = data.split_first()?;
    let character = match kind {
        b'"' | b'\\' | b'/' => kind.into(),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let mut unit = hexadecimal(&mut rest)?;
            if (0xd800..0xdc00).contains(&unit) {
                rest = rest.strip_prefix(b"\\u")?;
                let low = hexadecimal(&mut rest)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                unit = 0x10000 + ((unit - 0xd800) << 10) + low;
            }
            char::from_u32(unit)?
        }
        _ => return None,
    };
    text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(rest)
}

fn hexadecimal(data: &mut &[u8]) -> Option<u32> {
    let (digits, rest) = data.split_first_chunk::<4>()?;
    *data = rest;
    digits.iter().try_fold(0, |unit, &digit| Some(unit << 4 | char::from(digit).to_digit(16)?))
}

fn malformed(index: usize) -> Error {
    Error::at(index, "a record's content is malformed")
}
