//! XML of a plain kind, in pieces: elements, attributes, text, the five entities and numbered characters (XML 1.0).
//!
//! Comments, sections, instructions, document types, names beyond ASCII, any encoding but UTF-8, and whatever is not well
//! formed end the reading: the answer is None, and expat has the word.

use memchr::{memchr, memchr2, memrchr};

use super::characters::{decode, require_characters};

/// The longest token; expat takes longer ones.
const MOST_TOKEN: usize = 1 << 20;
const MOST_DEPTH: usize = 64;
const MOST_ATTRIBUTES: usize = 64;

/// An attribute as it is written.
#[derive(Clone, Copy)]
pub struct Attribute<'a> {
    /// Its name, with a prefix.
    pub name: &'a [u8],
    /// What stands between the quotation marks.
    pub value: &'a [u8],
}

/// Who is told of elements and text; None ends the reading.
pub trait Handler {
    /// An element begins.
    fn start(&mut self, name: &[u8], attributes: &[Attribute]) -> Option<()>;
    /// An element ends.
    fn end(&mut self, name: &[u8]) -> Option<()>;
    /// Whether text is wanted here.
    fn wants_text(&self) -> bool;
    /// Some text that was wanted.
    fn text(&mut self, text: &[u8]) -> Option<()>;
}

/// Reads one part.
#[derive(Default)]
pub struct Scanner {
    rest: Vec<u8>,
    names: Vec<u8>,
    sizes: Vec<usize>,
    has_begun: bool,
    has_root: bool,
    scratch: Vec<u8>,
}

enum Parsed<'a> {
    Tag { name: &'a [u8], end: usize, is_empty: bool },
    Cut,
}

impl Scanner {
    /// Read another piece.
    pub fn feed(&mut self, piece: &[u8], handler: &mut impl Handler) -> Option<()> {
        let mut data = std::mem::take(&mut self.rest);
        data.extend_from_slice(piece);
        if let Some(last) = memrchr(b'>', &data) {
            require_characters(&data[..=last])?;
            let used = self.tokens(&data[..=last], handler)?;
            data.drain(..used);
        }
        self.rest = data;
        (self.rest.len() <= MOST_TOKEN).then_some(())
    }

    /// The part ends.
    pub fn finish(&self) -> Option<()> {
        (self.has_root && self.sizes.is_empty() && self.rest.iter().all(is_space)).then_some(())
    }

    /// Read whole tokens; returns where the first begins that is not whole.
    fn tokens(&mut self, data: &[u8], handler: &mut impl Handler) -> Option<usize> {
        let mut at = 0;
        if !self.has_begun {
            at = declaration(data)?;
            self.has_begun = true;
        }
        let mut attributes = Vec::new();
        while let Some(before) = memchr(b'<', &data[at..]) {
            let open = at + before;
            let text = &data[at..open];
            match data.get(open + 1) {
                Some(b'/') => {
                    let Some(size) = memchr(b'>', &data[open..]) else { break };
                    self.text(text, handler)?;
                    let name = trimmed_end(&data[open + 2..open + size]);
                    self.close(name)?;
                    handler.end(name)?;
                    at = open + size + 1;
                }
                Some(_) => {
                    attributes.clear();
                    let Parsed::Tag { name, end, is_empty } = tag(data, open + 1, &mut attributes)? else { break };
                    self.text(text, handler)?;
                    self.open(name)?;
                    handler.start(name, &attributes)?;
                    if is_empty {
                        self.close(name)?;
                        handler.end(name)?;
                    }
                    at = end;
                }
                None => break,
            }
        }
        Some(at)
    }

    fn open(&mut self, name: &[u8]) -> Option<()> {
        if self.sizes.len() >= MOST_DEPTH || (self.sizes.is_empty() && self.has_root) {
            return None;
        }
        self.has_root = true;
        self.names.extend_from_slice(name);
        self.sizes.push(name.len());
        Some(())
    }

    fn close(&mut self, name: &[u8]) -> Option<()> {
        let begun = self.names.len() - self.sizes.pop()?;
        let fits = &self.names[begun..] == name;
        self.names.truncate(begun);
        fits.then_some(())
    }

    fn text(&mut self, text: &[u8], handler: &mut impl Handler) -> Option<()> {
        if text.is_empty() {
            return Some(());
        }
        if self.sizes.is_empty() {
            return text.iter().all(is_space).then_some(());
        }
        let is_plain = memchr2(b'&', b'\r', text).is_none();
        if !is_plain {
            self.scratch.clear();
            decode(text, &mut self.scratch)?;
        }
        if handler.wants_text() { handler.text(if is_plain { text } else { &self.scratch }) } else { Some(()) }
    }
}

/// A tag from its name on.
fn tag<'a>(data: &'a [u8], start: usize, attributes: &mut Vec<Attribute<'a>>) -> Option<Parsed<'a>> {
    let name = name(data, start);
    if start + name.len() == data.len() {
        return Some(Parsed::Cut);
    }
    if !name.first()?.is_ascii_alphabetic() {
        return None;
    }
    let mut at = start + name.len();
    loop {
        let spaced = skip_space(data, at);
        let has_space = spaced > at;
        at = spaced;
        match data.get(at) {
            None => return Some(Parsed::Cut),
            Some(b'>') => return Some(Parsed::Tag { name, end: at + 1, is_empty: false }),
            Some(b'/') => {
                return match data.get(at + 1) {
                    None => Some(Parsed::Cut),
                    Some(b'>') => Some(Parsed::Tag { name, end: at + 2, is_empty: true }),
                    Some(_) => None,
                };
            }
            Some(byte) if has_space && byte.is_ascii_alphabetic() && attributes.len() < MOST_ATTRIBUTES => {
                match attribute(data, at)? {
                    None => return Some(Parsed::Cut),
                    Some((found, end)) => {
                        if attributes.iter().any(|other| other.name == found.name) {
                            return None;
                        }
                        attributes.push(found);
                        at = end;
                    }
                }
            }
            Some(_) => return None,
        }
    }
}

/// An attribute and where it ends; inside, None where the data end before.
#[allow(clippy::option_option)]
fn attribute(data: &[u8], start: usize) -> Option<Option<(Attribute<'_>, usize)>> {
    let name = name(data, start);
    let equals = skip_space(data, start + name.len());
    let quote = skip_space(data, equals + 1);
    match (data.get(equals), data.get(quote)) {
        (None | Some(b'='), None) => Some(None),
        (Some(b'='), Some(mark @ (b'"' | b'\''))) => {
            let Some(size) = memchr(*mark, &data[quote + 1..]) else { return Some(None) };
            let value = &data[quote + 1..quote + 1 + size];
            if memchr(b'<', value).is_some() {
                return None;
            }
            if memchr(b'&', value).is_some() {
                decode(value, &mut Vec::new())?;
            }
            Some(Some((Attribute { name, value }, quote + size + 2)))
        }
        _ => None,
    }
}

/// Where the element or the space before it begins: behind a byte order mark and a declaration of XML 1.0 in UTF-8.
fn declaration(data: &[u8]) -> Option<usize> {
    let mark = if data.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    if !data[mark..].starts_with(b"<?xml") {
        return Some(mark);
    }
    let size = memchr(b'>', &data[mark..])?;
    let inner = data[mark + 5..mark + size].strip_suffix(b"?")?;
    let mut attributes = Vec::new();
    let mut at = 0;
    while skip_space(inner, at) < inner.len() {
        let start = skip_space(inner, at);
        let (found, end) = (start > at).then(|| attribute(inner, start))???;
        attributes.push((found.name, found.value));
        at = end;
    }
    let is_expected = match attributes[..] {
        [(b"version", b"1.0")] => true,
        [(b"version", b"1.0"), (b"encoding", code)] => code.eq_ignore_ascii_case(b"utf-8"),
        [(b"version", b"1.0"), (b"encoding", code), (b"standalone", b"yes" | b"no")] => {
            code.eq_ignore_ascii_case(b"utf-8")
        }
        _ => false,
    };
    is_expected.then_some(mark + size + 1)
}

fn name(data: &[u8], start: usize) -> &[u8] {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':' | b'-' | b'.');
    let size = data[start..].iter().position(|byte| !is_part(byte)).unwrap_or(data.len() - start);
    &data[start..start + size]
}

fn skip_space(data: &[u8], at: usize) -> usize {
    data.get(at..).map_or(data.len(), |rest| at + rest.iter().position(|byte| !is_space(byte)).unwrap_or(rest.len()))
}

fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn trimmed_end(text: &[u8]) -> &[u8] {
    &text[..text.iter().rposition(|byte| !is_space(byte)).map_or(0, |at| at + 1)]
}
