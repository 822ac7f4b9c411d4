//! A sheet's numbers as text, where typed.py comes to a few comparisons; all others are Python's.

use std::borrow::Cow;

use crate::error::Error;

/// Digits that a spreadsheet's numbers are sure of.
const CERTAIN: usize = 15;

/// How the numbers of a column are read: typed.number_kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As the spreadsheet shows it.
    Amount,
    /// A day number, or digits.
    Date,
    /// Digits that must all be there.
    Exact,
    /// Any number.
    Loose,
}

impl Kind {
    /// By the name that typed.py gives it.
    pub fn named(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "amount" => Self::Amount,
            "date" => Self::Date,
            "exact" => Self::Exact,
            "loose" => Self::Loose,
            _ => return Err(Error::shape("numbers are of no known kind")),
        })
    }
}

/// The text of a number in a cell without a style that matters; None for Python.
pub fn text(raw: &[u8], kind: Kind) -> Option<Cow<'_, [u8]>> {
    let point = raw.iter().position(|byte| !byte.is_ascii_digit());
    let Some(point) = point else {
        // Five digits may be a day, zeros before them or not.
        let may_be_day = kind == Kind::Date && (raw.len() == 5 || raw.starts_with(b"0"));
        let is_taken = (1..=CERTAIN).contains(&raw.len()) && !may_be_day;
        return is_taken.then_some(Cow::Borrowed(raw));
    };
    let (whole, fraction) = (&raw[..point], &raw[point + 1..]);
    let is_written_plainly = raw[point] == b'.'
        && (1..=CERTAIN).contains(&whole.len())
        && (whole[0] != b'0' || whole.len() == 1)
        && !fraction.is_empty()
        && fraction.iter().all(u8::is_ascii_digit);
    if !is_written_plainly || !matches!(kind, Kind::Amount | Kind::Loose) {
        return None;
    }
    let leading = if whole == b"0" { 1 + fraction.iter().take_while(|digit| **digit == b'0').count() } else { 0 };
    let excess = (whole.len() + fraction.len() - leading).saturating_sub(CERTAIN);
    Some(if excess == 0 { Cow::Borrowed(without_zeros(raw, point)) } else { rounded(raw, point, excess) })
}

/// Without the last `excess` digits: to the nearest, a half to the even one, as Python's decimal has it.
fn rounded(raw: &[u8], point: usize, excess: usize) -> Cow<'_, [u8]> {
    let (kept, cut) = raw.split_at(raw.len() - excess);
    let mut digits = kept.to_vec();
    let is_odd = digits.iter().rfind(|byte| **byte != b'.').is_some_and(|digit| digit % 2 == 1);
    let (first, more) = (cut[0], cut[1..].iter().any(|digit| *digit != b'0'));
    if first > b'5' || (first == b'5' && (more || is_odd)) {
        let mut carries = true;
        for digit in digits.iter_mut().rev().filter(|byte| **byte != b'.') {
            carries = *digit == b'9';
            *digit = if carries { b'0' } else { *digit + 1 };
            if !carries {
                break;
            }
        }
        if carries {
            digits.insert(0, b'1');
            return Cow::Owned(without_zeros(&digits, point + 1).to_vec());
        }
    }
    Cow::Owned(without_zeros(&digits, point).to_vec())
}

/// A number without zeros at its end, and without a point that nothing follows.
fn without_zeros(text: &[u8], point: usize) -> &[u8] {
    let last = text.iter().rposition(|byte| *byte != b'0').unwrap_or(0);
    if last <= point { &text[..point] } else { &text[..=last] }
}
