//! Words of trade at the end of a name, with their slips (matcher/protocol/names/trades.py).

use std::collections::{HashMap, HashSet};

use crate::names::Text;

const LONGEST_SLIP: usize = 6;
const SHORTEST_BRAND: usize = 2;

/// What is known of words of trade; entries are numbers from 1.
#[derive(Default)]
pub struct Trades {
    /// The entry of each word.
    pub exact: HashMap<Text, Vec<u32>>,
    /// Lengths of words by their last character, longest first.
    pub lengths: HashMap<char, Vec<usize>>,
    /// Entries of slips.
    pub slips: HashMap<Text, Vec<u32>>,
    /// By the syllables of a common word, a place in it, and the character there.
    pub sounds: HashMap<(u32, u32, usize, char), Vec<u32>>,
    /// By a character that stands for its word.
    pub lone: HashMap<char, Vec<u32>>,
    /// Common words of two characters.
    pub pairs: HashMap<Text, Vec<u32>>,
    /// Words that say little.
    pub closing: HashSet<u32>,
    /// The word for a bank.
    pub bank: Vec<u32>,
    /// What may stand before it.
    pub bank_kinds: Vec<Vec<u32>>,
    /// The word for works.
    pub works: u32,
    /// By entry.
    pub spellings: Vec<Text>,
}

impl Trades {
    /// What stands before the trade words at the end of `text`, and their entries from left to right.
    pub fn take(&self, text: &[char], syllable: impl Fn(char) -> u32) -> (Text, Vec<u32>) {
        let mut text = text.to_vec();
        let mut end = text.len();
        let mut taken: Vec<&Vec<u32>> = Vec::new();
        while end > 0 {
            let exact = self.exact_at(&text, end);
            if taken.contains(&&self.bank) && !exact.is_some_and(|(_, found)| self.bank_kinds.contains(found)) {
                break;
            }
            if let Some((size, found)) = exact {
                end -= size;
                if end > SHORTEST_BRAND && text[end - 1] == text[end] && self.exact_at(&text, end).is_none() {
                    end -= 1;
                }
                taken.push(found);
            } else if let Some((size, found)) = self.slip_at(&text, end, &syllable) {
                end -= size;
                taken.push(found);
            } else if let Some(moved) = self.moved(&text, end) {
                text[end - 3] = text[end - 2];
                end -= 2;
                text.truncate(end);
                taken.push(moved);
            } else {
                break;
            }
        }
        text.truncate(end);
        (text, taken.into_iter().rev().flatten().copied().collect())
    }

    fn exact_at(&self, text: &[char], end: usize) -> Option<(usize, &Vec<u32>)> {
        let sizes = self.lengths.get(&text[end - 1])?.iter().filter(|&&size| size <= end);
        sizes.copied().find_map(|size| Some((size, self.exact.get(&text[end - size..end])?)))
    }

    fn slip_at(&self, text: &[char], end: usize, syllable: &impl Fn(char) -> u32) -> Option<(usize, &Vec<u32>)> {
        let mut sizes = (2..=LONGEST_SLIP.min(end)).rev();
        if let Some(found) = sizes.find_map(|size| Some((size, self.slips.get(&text[end - size..end])?))) {
            return Some(found);
        }
        if end < 2 + SHORTEST_BRAND {
            return None;
        }
        let (first, second) = (text[end - 2], text[end - 1]);
        let (one, two) = (syllable(first), syllable(second));
        let sound = self.sounds.get(&(one, two, 0, first)).or_else(|| self.sounds.get(&(one, two, 1, second)));
        if let Some(found) = sound {
            return Some((2, found));
        }
        let left = self.lone.get(&second)?;
        self.exact_at(text, end - 1).map(|_| (1, left))
    }

    fn moved(&self, text: &[char], end: usize) -> Option<&Vec<u32>> {
        if end <= SHORTEST_BRAND + 1 {
            return None;
        }
        self.pairs.get(&[text[end - 3], text[end - 1]][..])
    }
}
