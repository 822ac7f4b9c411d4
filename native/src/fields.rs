//! The blinded fields of a comparison vector, as matcher/protocol/comparators and names/blind.py encode them.

use std::sync::{Arc, LazyLock};

use crate::ciphers::Ciphers;
use crate::error::Error;
use crate::keyed::{Message, Sixteen, Words, cut};
use crate::plans::{Known, Parts, Plans};

const UNKNOWN: u8 = 1;
const ZERO: u8 = 2;
const NEGATIVE: u8 = 3;
/// The plan of a record without a name.
pub const NOBODY: u32 = u32::MAX;
/// What a pad is the hash of.
static PAD: LazyLock<Message> = LazyLock::new(|| Message::new(b"pad"));

/// One field of every record: how it is encoded, and what its key is derived from (vector.field_key_message).
pub struct Field {
    message: Message,
    kind: Kind,
}

enum Kind {
    Exact,
    Ratio { scale: Vec<i64> },
    Days,
    Flags,
    Name(Parts),
}

/// One field's values, one for each record.
pub enum Values {
    /// UTF-8, end to end; `offsets` has one more than values.
    Texts {
        /// The texts.
        data: Vec<u8>,
        /// Where each begins.
        offsets: Vec<u32>,
        /// Which are known.
        known: Vec<bool>,
    },
    /// Whole fen.
    Amounts(Vec<Option<i64>>),
    /// Days since 1970-01-01.
    Days(Vec<Option<i64>>),
    /// Bit sets.
    Sets(Vec<Option<u64>>),
    /// The place of each record's plan among `plans`, or `NOBODY`.
    Names {
        /// By record.
        index: Vec<u32>,
        /// Of the names.
        plans: Plans,
    },
}

impl Field {
    /// A field of that comparator. `scale` has the least amount of each level, ascending (comparators/ratio.py); `parts`
    /// and `name_width` are as `Parts::new` takes them.
    pub fn new(
        comparator: &str,
        message: &[u8],
        scale: &[i64],
        parts: &[u8],
        name_width: usize,
    ) -> Result<Self, Error> {
        let kind = match comparator {
            "exact" => Kind::Exact,
            "ratio" => Kind::Ratio { scale: scale.to_vec() },
            "days" => Kind::Days,
            "flags" => Kind::Flags,
            "company-name" => Kind::Name(Parts::new(parts, name_width)?),
            _ => return Err(Error::shape("a comparator is not known")),
        };
        Ok(Self { message: Message::new(message), kind })
    }

    /// Bytes of its encoding.
    pub fn width(&self) -> usize {
        match &self.kind {
            Kind::Exact | Kind::Ratio { .. } | Kind::Flags => 9,
            Kind::Days => 5,
            Kind::Name(parts) => parts.width,
        }
    }

    /// A column without values, to be filled; `known` are the plans of names met before.
    pub fn column(&self, known: &Arc<Known>) -> Values {
        match &self.kind {
            Kind::Exact => Values::Texts { data: Vec::new(), offsets: vec![0], known: Vec::new() },
            Kind::Ratio { .. } => Values::Amounts(Vec::new()),
            Kind::Days => Values::Days(Vec::new()),
            Kind::Flags => Values::Sets(Vec::new()),
            Kind::Name(_) => {
                Values::Names { index: Vec::new(), plans: Plans { known: known.clone(), learnt: Vec::new() } }
            }
        }
    }

    /// How names are encoded, where they are.
    pub fn parts(&self) -> Option<&Parts> {
        match &self.kind {
            Kind::Name(parts) => Some(parts),
            _ => None,
        }
    }

    /// Encode the values of records `first` and following into `rows`, sixteen at most, from byte `at` of each, where
    /// `width` zero bytes stand; `comparison` are the records' comparison keys.
    pub fn encode(&self, comparison: &Sixteen, values: &Values, first: usize, rows: &mut [&mut [u8]], at: usize) {
        let count = rows.len();
        let has_key: [bool; Sixteen::COUNT] =
            std::array::from_fn(|number| number < count && values.is_keyed(first + number));
        for (number, row) in rows.iter_mut().enumerate() {
            values.state(first + number, &mut row[at..at + self.width()]);
        }
        if !has_key.contains(&true) {
            return;
        }
        let field_keys = comparison.same(&self.message);
        let mine = rows.iter_mut().zip(has_key).enumerate().filter(|(_, (_, has_key))| *has_key);
        let mine = mine.map(|(number, (row, _))| (number, first + number, &mut row[at..at + self.width()]));
        match (&self.kind, values) {
            (Kind::Name(_), Values::Names { index, plans }) => {
                let ciphers = Ciphers::new(&field_keys, comparison.lanes);
                mine.for_each(|(number, row, place)| plans.get(index[row]).encode(&ciphers, number, place));
            }
            (Kind::Exact, Values::Texts { data, offsets, .. }) => {
                let text = |row: usize| &data[offsets[row] as usize..offsets[row + 1] as usize];
                let texts = std::array::from_fn(|number| if has_key[number] { text(first + number) } else { &[] });
                let hashes = comparison.under(&field_keys).each(&texts);
                mine.for_each(|(number, _, place)| place[1..].copy_from_slice(&cut::<8>(&hashes, number)));
            }
            (Kind::Ratio { scale }, Values::Amounts(amounts)) => {
                let pads = comparison.under(&field_keys).same(&PAD);
                for (number, row, place) in mine {
                    let amount = amounts[row].unwrap_or_default();
                    let level = scale.partition_point(|&least| least <= amount) as u64;
                    place[1..].copy_from_slice(&level.wrapping_add(leading(&pads, number)).to_be_bytes());
                }
            }
            (Kind::Days, Values::Days(days)) => {
                let pads = comparison.under(&field_keys).same(&PAD);
                for (number, row, place) in mine {
                    let pad = (leading(&pads, number) >> 32) as u32;
                    let day = days[row].unwrap_or_default() as u32;
                    place[1..].copy_from_slice(&day.wrapping_add(pad).to_be_bytes());
                }
            }
            _ => {}
        }
    }
}

impl Values {
    /// Whether the value of a record is encoded under its key.
    fn is_keyed(&self, row: usize) -> bool {
        match self {
            Self::Texts { known, .. } => known[row],
            Self::Amounts(amounts) => amounts[row].is_some_and(|amount| amount > 0),
            Self::Days(days) => days[row].is_some(),
            Self::Sets(_) => false,
            Self::Names { index, plans } => index[row] != NOBODY && !plans.get(index[row]).is_empty(),
        }
    }

    /// Write what needs no key: the state, and bit sets as they are.
    fn state(&self, row: usize, place: &mut [u8]) {
        match self {
            Self::Sets(sets) => match sets[row] {
                Some(set) => place[1..].copy_from_slice(&set.to_be_bytes()),
                None => place[0] = UNKNOWN,
            },
            Self::Amounts(amounts) => match amounts[row] {
                None => place[0] = UNKNOWN,
                Some(0) => place[0] = ZERO,
                Some(amount) if amount < 0 => place[0] = NEGATIVE,
                Some(_) => {}
            },
            _ if !self.is_keyed(row) => place[0] = UNKNOWN,
            _ => {}
        }
    }
}

fn leading(hashes: &Words, number: usize) -> u64 {
    u64::from_be_bytes(cut(hashes, number))
}
