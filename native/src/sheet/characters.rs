//! Characters of XML: which may stand, and what references stand for.

use std::str::from_utf8;

use memchr::{memchr, memchr2, memmem};

/// Append what `text` stands for: line ends as line feeds, references as their characters.
pub fn decode(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut rest = text;
    while let Some(at) = memchr2(b'&', b'\r', rest) {
        out.extend_from_slice(&rest[..at]);
        if rest[at] == b'\r' {
            out.push(b'\n');
            rest = &rest[at + 1..];
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        } else {
            let size = memchr(b';', &rest[at..])?;
            let letter = referred(&rest[at + 1..at + size])?;
            out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            rest = &rest[at + size + 1..];
        }
    }
    out.extend_from_slice(rest);
    Some(())
}

fn referred(name: &[u8]) -> Option<char> {
    let (digits, radix) = match name {
        b"amp" => return Some('&'),
        b"lt" => return Some('<'),
        b"gt" => return Some('>'),
        b"quot" => return Some('"'),
        b"apos" => return Some('\''),
        [b'#', b'x', digits @ ..] => (digits, 16),
        [b'#', digits @ ..] => (digits, 10),
        _ => return None,
    };
    if digits.len() > 7 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let number = u32::from_str_radix(from_utf8(digits).ok()?, radix).ok()?;
    let is_character = matches!(number, 9 | 10 | 13 | 0x20..=0xfffd | 0x1_0000..);
    char::from_u32(number).filter(|_| is_character)
}

/// Characters that XML takes, and no end of a section.
pub fn require_characters(data: &[u8]) -> Option<()> {
    let control = |byte: u8| (byte < 0x20) & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
    let is_clear = !data.iter().fold(false, |odd, byte| odd | control(*byte));
    let no_characters =
        memmem::find_iter(data, b"\xef\xbf").any(|at| data.get(at + 2).is_some_and(|byte| *byte > 0xbd));
    (is_clear && !no_characters && memmem::find(data, b"]]>").is_none() && from_utf8(data).is_ok()).then_some(())
}
