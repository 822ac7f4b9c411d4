//! Cells whose reading takes no thought: for these the rules of matcher/protocol/normalise.py come to a few comparisons.
//!
//! `Plain::No` means only that Python must say what the cell is; a wrong cell is `No` as well. A mark or an error text of
//! a spreadsheet (records/faults.py: U+FFFD, `#`) is never plain.

/// The longest text, and the longest row id, in letters.
pub const MAX_TEXT: usize = 200;
/// See above.
pub const MAX_ROW_ID: usize = 64;
const FEN_LIMIT: u128 = 100_000_000_000_000_000;
const MAX_DIGITS: usize = 30;
const CREDIT_SIZE: usize = 18;
const CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const DAYS_BEFORE_1970: i64 = 719_468;

/// What a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    /// Its own normal form.
    Same,
    /// Its normal form was appended to the arena.
    Made,
    /// A credit code whose check does not hold.
    Unknown,
    /// Not plain.
    No,
}

/// A stripped cell as Python's str.strip would leave it.
pub fn stripped(cell: &str) -> &str {
    let bytes = cell.as_bytes();
    // CJK and printable ASCII at both ends, which nearly all cells have, need no decoding.
    let is_ascii = |byte: u8| (0x21..0x7f).contains(&byte);
    let is_lead = |byte: u8| (0xe4..=0xe9).contains(&byte);
    let (Some(&first), Some(&last)) = (bytes.first(), bytes.last()) else {
        return cell;
    };
    let ends = is_ascii(last) || (bytes.len() > 2 && is_lead(bytes[bytes.len() - 3]));
    if ends && (is_ascii(first) || is_lead(first)) {
        return cell;
    }
    cell.trim_matches(|letter: char| letter.is_whitespace() || ('\x1c'..='\x1f').contains(&letter))
}

/// normalise.account_number: digits, perhaps in groups.
pub fn account(cell: &[u8], arena: &mut Vec<u8>) -> Plain {
    let begun = arena.len();
    if cell.iter().all(u8::is_ascii_digit) {
        return if (6..=32).contains(&cell.len()) { Plain::Same } else { Plain::No };
    }
    for &byte in cell {
        match byte {
            b'0'..=b'9' => arena.push(byte),
            b' ' | b'\'' | b'`' | b'-' => {}
            _ => return undone(begun, arena),
        }
    }
    if (6..=32).contains(&(arena.len() - begun)) { Plain::Made } else { undone(begun, arena) }
}

/// normalise.text and, for a `company`, normalise.company_name: letters of which NFKC changes none but the full-width
/// ones, up to `most` of them.
pub fn text(cell: &str, company: bool, most: usize, arena: &mut Vec<u8>) -> Plain {
    let begun = arena.len();
    let (mut changed, mut count, mut spaced) = (false, 0, false);
    for (at, letter) in cell.char_indices() {
        let made = match letter {
            ' ' if !company && !spaced => letter,
            '!'..='~' | '\u{ff01}'..='\u{ff5e}' => {
                let code = u32::from(letter);
                let narrow = (if code > 0x7f { code - 0xfee0 } else { code }) as u8 as char;
                match narrow {
                    '#' => return undone(begun, arena),
                    '[' | '{' | '<' if company => '(',
                    ']' | '}' | '>' if company => ')',
                    _ => narrow,
                }
            }
            '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' => letter,
            '【' | '〔' | '〖' | '「' | '『' | '〈' | '《' => {
                if company {
                    '('
                } else {
                    letter
                }
            }
            '】' | '〕' | '〗' | '」' | '』' | '〉' | '》' => {
                if company {
                    ')'
                } else {
                    letter
                }
            }
            '、' | '。' | '·' | '〇' | '“' | '”' | '‘' | '’' => letter,
            _ => return undone(begun, arena),
        };
        spaced = letter == ' ';
        count += 1;
        if made != letter && !changed {
            changed = true;
            arena.extend_from_slice(&cell.as_bytes()[..at]);
        }
        if changed {
            arena.extend_from_slice(made.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    match (1..=most).contains(&count) {
        true if changed => Plain::Made,
        true => Plain::Same,
        false => undone(begun, arena),
    }
}

/// normalise.credit_code for letters and digits only.
pub fn credit_code(cell: &[u8], arena: &mut Vec<u8>) -> Plain {
    if !cell.iter().all(u8::is_ascii_alphanumeric) {
        return Plain::No;
    }
    if cell.len() != CREDIT_SIZE {
        return Plain::Unknown;
    }
    let (mut sum, mut weight, mut last) = (0, 1, 0);
    for (place, byte) in cell.iter().enumerate() {
        let Some(value) = CREDIT_ALPHABET.iter().position(|letter| *letter == byte.to_ascii_uppercase()) else {
            return Plain::Unknown;
        };
        if place + 1 < CREDIT_SIZE {
            sum += value * weight;
            weight = weight * 3 % 31;
        }
        last = value;
    }
    if (31 - sum % 31) % 31 != last {
        return Plain::Unknown;
    }
    if !cell.iter().any(u8::is_ascii_lowercase) {
        return Plain::Same;
    }
    arena.extend(cell.iter().map(u8::to_ascii_uppercase));
    Plain::Made
}

/// normalise.amount_fen for digits, thousands by commas, decimals: fen, where `unit` fen are one.
pub fn amount(cell: &[u8], unit: u64) -> Option<i64> {
    if cell.len() > MAX_DIGITS {
        return None;
    }
    let point = cell.iter().position(|byte| *byte == b'.');
    let (whole, fraction) = match point {
        Some(at) => (&cell[..at], &cell[at + 1..]),
        None => (cell, &cell[cell.len()..]),
    };
    let mut value: u128 = 0;
    let groups = whole.contains(&b',');
    for (number, group) in whole.split(|byte| *byte == b',').enumerate() {
        let fits = if groups && number > 0 { group.len() == 3 } else { !group.is_empty() };
        if !fits || (groups && group.len() > 3) {
            return None;
        }
        value = digits(group, value)?;
    }
    value = digits(fraction, value)?.checked_mul(u128::from(unit))?;
    let scale = 10u128.pow(fraction.len() as u32);
    let fen = value / scale;
    if !value.is_multiple_of(scale) || fen >= FEN_LIMIT {
        return None;
    }
    i64::try_from(fen).ok()
}

fn digits(text: &[u8], before: u128) -> Option<u128> {
    text.iter().try_fold(before, |value, byte| byte.is_ascii_digit().then(|| value * 10 + u128::from(byte - b'0')))
}

/// normalise.date_days for 2022-05-31, 2022/5/31, 2022.5.31 and 20220531: days since 1970-01-01.
pub fn date(cell: &[u8]) -> Option<i64> {
    if cell.len() < 8 || cell.len() > 10 {
        return None;
    }
    let (year, rest) = cell.split_at(4);
    let (month, day) = match rest[0] {
        mark @ (b'-' | b'/' | b'.') => {
            let at = rest[1..].iter().position(|byte| *byte == mark)? + 1;
            (&rest[1..at], &rest[at + 1..])
        }
        _ if cell.len() == 8 => rest.split_at(2),
        _ => return None,
    };
    if !(1..=2).contains(&month.len()) || !(1..=2).contains(&day.len()) {
        return None;
    }
    let number = |text| digits(text, 0).map(|value| value as i64);
    days(number(year)?, number(month)?, number(day)?)
}

/// Days since 1970-01-01 of a day of the years that dates may have.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    // From 1950 to 2099 no century is an exception.
    let is_leap = year % 4 == 0;
    let last = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1950..2100).contains(&year) || !(1..=last).contains(&day) {
        return None;
    }
    // Years that begin in March, so that the leap day is the last one.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    Some(year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - DAYS_BEFORE_1970)
}

fn undone(begun: usize, arena: &mut Vec<u8>) -> Plain {
    arena.truncate(begun);
    Plain::No
}
