//! The blinded fields of a comparison vector, as matcher/protocol/comparators and names/blind.py encode them.

use aes::Aes256;
use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
use sha2::Sha256;

use crate::column::{Column, numbers, require_count};
use crate::error::Error;
use crate::keyed::Keyed;

const VALUE: u8 = 0;
const UNKNOWN: u8 = 1;
const ZERO: u8 = 2;
const NEGATIVE: u8 = 3;
const MAX_AMOUNT: u64 = 100_000_000_000_000_000;
const MAX_DAYS: u64 = (1 << 30) - 1;
const SYMBOL_SIZE: usize = 4;
/// More than any name has (names/parts.py, SYMBOLS).
const MAX_SYMBOLS: usize = 64;
const NOBODY: u32 = u32::MAX;

/// One field of every record: its column, and what its key is derived from.
pub struct Field {
    message: Vec<u8>,
    content: Content,
}

enum Content {
    Exact { data: Vec<u8>, offsets: Vec<u8>, known: Option<Vec<bool>> },
    Ratio { amounts: Vec<i64>, known: Option<Vec<bool>>, scale: Vec<i64> },
    Days { days: Vec<i64>, known: Option<Vec<bool>> },
    Flags { sets: Vec<[u8; 8]>, known: Option<Vec<bool>> },
    Name { plans: Vec<Plan>, index: Vec<u32>, parts: Vec<Part>, width: usize },
}

/// Where the symbols of one part stand: what its blocks begin with, and room for how many symbols it has.
struct Part {
    label: [u8; 2],
    cap: usize,
}

/// A name split into parts, before any key: how many symbols each part has, and the number of each.
struct Plan {
    lengths: Vec<u8>,
    numbers: Vec<[u8; 4]>,
}

impl Field {
    /// Texts, UTF-8; `known` has a byte for each, 0 for unknown.
    pub fn exact(message: &[u8], data: &[u8], offsets: &[u8], known: Option<&[u8]>) -> Result<Self, Error> {
        let count = Column::new(data, offsets)?.count();
        let (data, offsets) = (data.to_vec(), offsets.to_vec());
        Ok(Self::of(message, Content::Exact { data, offsets, known: flags(known, count)? }))
    }

    /// Whole fen, little-endian `i64`. `scale` has the least amount of each level, ascending (comparators/ratio.py).
    pub fn ratio(message: &[u8], amounts: &[u8], known: Option<&[u8]>, scale: &[u8]) -> Result<Self, Error> {
        let (amounts, scale) = (signed(amounts)?, signed(scale)?);
        let known = flags(known, amounts.len())?;
        refuse(&amounts, &known, |amount| amount.unsigned_abs() > MAX_AMOUNT, "an amount is beyond 10^17 fen")?;
        Ok(Self::of(message, Content::Ratio { amounts, known, scale }))
    }

    /// Days since 1970-01-01, little-endian `i64`.
    pub fn days(message: &[u8], days: &[u8], known: Option<&[u8]>) -> Result<Self, Error> {
        let days = signed(days)?;
        let known = flags(known, days.len())?;
        refuse(&days, &known, |day| day.unsigned_abs() > MAX_DAYS, "a date is beyond any calendar")?;
        Ok(Self::of(message, Content::Days { days, known }))
    }

    /// Bit sets, little-endian `u64`.
    pub fn flags(sets: &[u8], known: Option<&[u8]>) -> Result<Self, Error> {
        let sets: Vec<_> = signed(sets)?.into_iter().map(i64::to_be_bytes).collect();
        let known = flags(known, sets.len())?;
        Ok(Self::of(&[], Content::Flags { sets, known }))
    }

    /// Company names, each distinct one split once. A plan is a length byte for each part, then a big-endian `u32` for
    /// each symbol; an empty plan is a name that says nothing. `index` has the plan of each record, or `0xffffffff`.
    /// `parts` are (kind, part, cap) of each part; `width` is the encoding's.
    pub fn name(
        message: &[u8],
        plans: &[u8],
        offsets: &[u8],
        index: &[u8],
        parts: &[u8],
        width: usize,
    ) -> Result<Self, Error> {
        let (parts, []) = parts.as_chunks::<3>() else {
            return Err(Error::shape("parts are three bytes each"));
        };
        let parts: Vec<_> =
            parts.iter().map(|&[kind, part, cap]| Part { label: [kind, part], cap: cap.into() }).collect();
        let symbols = parts.iter().map(|part| part.cap).sum::<usize>();
        if symbols > MAX_SYMBOLS || 1 + parts.len() + symbols * SYMBOL_SIZE > width {
            return Err(Error::shape("a name's parts do not fit its width"));
        }
        let column = Column::new(plans, offsets)?;
        let plans = (0..column.count())
            .map(|number| {
                plan(column.get(number), &parts).ok_or_else(|| Error::at(number, "a split name is malformed"))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let index = numbers(index)?;
        if let Some(row) = index.iter().position(|&number| number != NOBODY && number as usize >= plans.len()) {
            return Err(Error::at(row, "it names no plan"));
        }
        Ok(Self::of(message, Content::Name { plans, index, parts, width }))
    }

    fn of(message: &[u8], content: Content) -> Self {
        Self { message: message.to_vec(), content }
    }

    /// How many records it has a value for.
    pub fn count(&self) -> usize {
        match &self.content {
            Content::Exact { offsets, .. } => offsets.len() / 4 - 1,
            Content::Ratio { amounts, .. } => amounts.len(),
            Content::Days { days, .. } => days.len(),
            Content::Flags { sets, .. } => sets.len(),
            Content::Name { index, .. } => index.len(),
        }
    }

    /// Bytes of its encoding.
    pub fn width(&self) -> usize {
        match &self.content {
            Content::Exact { .. } | Content::Ratio { .. } | Content::Flags { .. } => 9,
            Content::Days { .. } => 5,
            Content::Name { width, .. } => *width,
        }
    }

    /// Encode the value of record `row` under its `comparison` key into `place`, `width` zero bytes.
    pub fn encode(&self, comparison: &Keyed<Sha256>, row: usize, place: &mut [u8]) {
        let field_key = || comparison.of(&[&self.message]);
        if !self.is_known(row) {
            place[0] = UNKNOWN;
            return;
        }
        match &self.content {
            Content::Exact { data, offsets, .. } => {
                place[1..].copy_from_slice(&keyed(&field_key(), text(data, offsets, row))[..8]);
            }
            Content::Ratio { amounts, scale, .. } => match amounts[row] {
                0 => place[0] = ZERO,
                amount if amount < 0 => place[0] = NEGATIVE,
                amount => {
                    let pad = keyed(&field_key(), b"pad");
                    let level = scale.partition_point(|&least| least <= amount) as u64;
                    place[1..].copy_from_slice(&level.wrapping_add(leading(&pad)).to_be_bytes());
                }
            },
            Content::Days { days, .. } => {
                let pad = (leading(&keyed(&field_key(), b"pad")) >> 32) as u32;
                place[1..].copy_from_slice(&(days[row] as u32).wrapping_add(pad).to_be_bytes());
            }
            Content::Flags { sets, .. } => place[1..].copy_from_slice(&sets[row]),
            Content::Name { plans, index, parts, .. } => {
                plans[index[row] as usize].encode(&field_key(), parts, place);
            }
        }
    }

    fn is_known(&self, row: usize) -> bool {
        match &self.content {
            Content::Exact { known, .. }
            | Content::Ratio { known, .. }
            | Content::Days { known, .. }
            | Content::Flags { known, .. } => known.as_ref().is_none_or(|known| known[row]),
            Content::Name { plans, index, .. } => {
                index[row] != NOBODY && !plans[index[row] as usize].numbers.is_empty()
            }
        }
    }
}

impl Plan {
    /// symbol = AES-256(field key, kind | part | zero (10) | u32(number))[:4]; each part's symbols at its own place.
    fn encode(&self, field_key: &[u8], parts: &[Part], place: &mut [u8]) {
        let mut blocks = [Block::<Aes256>::default(); MAX_SYMBOLS];
        let mut numbers = self.numbers.iter();
        let mut places = [0; MAX_SYMBOLS];
        let mut count = 0;
        let mut start = place.len() - parts.iter().map(|part| part.cap).sum::<usize>() * SYMBOL_SIZE;
        for (part, &length) in parts.iter().zip(&self.lengths) {
            for (number, symbol) in numbers.by_ref().take(length.into()).zip(0..) {
                blocks[count][..2].copy_from_slice(&part.label);
                blocks[count][12..].copy_from_slice(number);
                places[count] = start + symbol * SYMBOL_SIZE;
                count += 1;
            }
            start += part.cap * SYMBOL_SIZE;
        }
        let cipher = Aes256::new_from_slice(field_key).expect("a field key is 32 bytes long");
        cipher.encrypt_blocks(&mut blocks[..count]);
        place[0] = VALUE;
        place[1..=self.lengths.len()].copy_from_slice(&self.lengths);
        for (block, &at) in blocks[..count].iter().zip(&places) {
            place[at..at + SYMBOL_SIZE].copy_from_slice(&block[..SYMBOL_SIZE]);
        }
    }
}

fn plan(data: &[u8], parts: &[Part]) -> Option<Plan> {
    if data.is_empty() {
        return Some(Plan { lengths: Vec::new(), numbers: Vec::new() });
    }
    let (lengths, numbers) = data.split_at_checked(parts.len())?;
    let (numbers, []) = numbers.as_chunks::<4>() else { return None };
    let total: usize = lengths.iter().map(|&length| usize::from(length)).sum();
    let fits = lengths.iter().zip(parts).all(|(&length, part)| usize::from(length) <= part.cap);
    (fits && total > 0 && total == numbers.len()).then(|| Plan { lengths: lengths.to_vec(), numbers: numbers.to_vec() })
}

fn keyed(key: &[u8], message: &[u8]) -> sha2::digest::Output<Sha256> {
    Keyed::<Sha256>::new::<64>(key).of(&[message])
}

fn leading(hash: &[u8]) -> u64 {
    u64::from_be_bytes(hash[..8].try_into().expect("a hash is longer than 8 bytes"))
}

fn text<'a>(data: &'a [u8], offsets: &[u8], row: usize) -> &'a [u8] {
    let at = |row: usize| u32::from_le_bytes(offsets[row * 4..][..4].try_into().expect("four bytes")) as usize;
    &data[at(row)..at(row + 1)]
}

fn flags(known: Option<&[u8]>, count: usize) -> Result<Option<Vec<bool>>, Error> {
    let Some(known) = known else { return Ok(None) };
    require_count(known.len(), count, "marks of known values")?;
    Ok(Some(known.iter().map(|&byte| byte != 0).collect()))
}

fn signed(data: &[u8]) -> Result<Vec<i64>, Error> {
    let (whole, rest) = data.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(Error::shape("a column of 64-bit numbers is not a multiple of 8 bytes"));
    }
    Ok(whole.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect())
}

fn refuse(values: &[i64], known: &Option<Vec<bool>>, bad: impl Fn(i64) -> bool, why: &str) -> Result<(), Error> {
    let is_known = |row: usize| known.as_ref().is_none_or(|known| known[row]);
    match (0..values.len()).find(|&row| is_known(row) && bad(values[row])) {
        Some(row) => Err(Error::at(row, why)),
        None => Ok(()),
    }
}
