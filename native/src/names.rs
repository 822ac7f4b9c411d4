//! Plain company names split into parts (matcher/protocol/names/splitting.py), with the tables that Python reads.
//!
//! Plain is a name of Chinese characters and digits that ends in its legal form, without brackets, ordinal, group, alias
//! or anything else that its first words leave open. Any other name is left to Python, which decides in one place; so
//! this file has none of those rules, and only has to know when one of them could speak.

use std::collections::HashMap;

use crate::regions::Regions;
use crate::trades::Trades;

/// A text as characters.
pub type Text = Vec<char>;
const DIGITS: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
const TEN: char = '十';
const SUFFIXES: [char; 7] = ['省', '市', '县', '区', '旗', '州', '盟'];
/// Characters with rules of their own.
const LEFT: [char; 2] = ['第', '局'];
const GROUP: [char; 2] = ['集', '团'];
const COMPANY: [char; 2] = ['公', '司'];
const BRANCHES: [char; 3] = ['分', '子', '支'];
/// Most characters of the brand, syllables of it, words of trade and closing words (names/parts.py, CAPS).
const MOST: [usize; 4] = [20, 10, 8, 3];

/// What is known of names, and of legal forms.
pub struct Splitter {
    /// What a character is written as; one that is not here is not plain.
    pub folded: HashMap<char, char>,
    /// How names begin that are short ways to write others.
    pub beginnings: Vec<Text>,
    /// The same anywhere in a name.
    pub anywhere: Vec<Text>,
    /// Whole legal forms, longest first, and their numbers.
    pub whole: Vec<(Text, u32)>,
    /// Those that stand only at a name's end, likewise.
    pub cut: Vec<(Text, u32)>,
    /// The number of a mere company.
    pub company: u32,
    /// The syllable of each character that has one.
    pub syllables: HashMap<char, u32>,
    /// What is added to the code point of one that has none.
    pub own_sound: u32,
    /// Places.
    pub regions: Regions,
    /// Words of trade.
    pub trades: Trades,
}

impl Splitter {
    /// The plan of a name (see `plans`), or None where it is not plain.
    pub fn plan(&self, name: &str) -> Option<Vec<u8>> {
        let name = self.plain(name)?;
        let (start, form) = self.form(&name)?;
        let core = &name[..start];
        if start == 0 || contains(core, &GROUP) || (core.len() > 1 && core[0] == core[1]) {
            return None;
        }
        let region = self.regions.find(core);
        let rest = &core[region.end..];
        let first = *rest.first()?;
        if SUFFIXES.contains(&first) || first == TEN || DIGITS[1..].contains(&first) {
            return None;
        }
        let (brand, trade) = self.trades.take(rest, |character| self.syllable(character));
        if brand.is_empty() || (region.bare && brand.len() == 1) || (region.end == 0 && SUFFIXES.contains(&brand[0])) {
            return None;
        }
        let known = |number: u32| if number == 0 { vec![] } else { vec![number] };
        let brand = &brand[..brand.len().min(MOST[0])];
        let (trade, works) = match trade.split_last() {
            Some((&last, before)) if last == self.trades.works => (before, 1),
            _ => (trade.as_slice(), 0),
        };
        let closing = trade.iter().rev().take_while(|number| self.trades.closing.contains(number)).count();
        let (said, closing) = trade.split_at(trade.len() - closing.min(MOST[3]));
        let word = trade.first().map_or(&[][..], |&number| self.trades.spellings[number as usize - 1].as_slice());
        let end = |character: Option<&char>| character.map_or(0, |&character| character as u32);
        let parts: [Vec<u32>; 13] = [
            known(region.province),
            known(region.prefecture),
            known(region.county),
            vec![0],
            known(form),
            vec![0],
            vec![works],
            vec![0],
            said[..said.len().min(MOST[2])].to_vec(),
            closing.to_vec(),
            brand.iter().map(|&character| character as u32).collect(),
            brand.iter().take(MOST[1]).map(|&character| self.syllable(character)).collect(),
            vec![end(brand.last()), end(word.first()), end(word.last())],
        ];
        let mut plan: Vec<u8> = parts.iter().map(|part| part.len() as u8).collect();
        plan.extend(parts.iter().flatten().flat_map(|number| number.to_be_bytes()));
        Some(plan)
    }

    /// The name folded, or None where a rule for other names could apply to it.
    fn plain(&self, name: &str) -> Option<Text> {
        let mut folded = Text::new();
        let mut digits = Vec::new();
        for character in name.chars() {
            match character.to_digit(10) {
                Some(digit) => digits.push(digit as usize),
                None => {
                    numeral(&mut digits, &mut folded);
                    folded.push(*self.folded.get(&character)?);
                }
            }
        }
        numeral(&mut digits, &mut folded);
        let is_left = folded.iter().any(|character| LEFT.contains(character))
            || self.beginnings.iter().any(|short| folded.starts_with(short))
            || self.anywhere.iter().any(|short| contains(&folded, short));
        if is_left { None } else { Some(folded) }
    }

    /// Where the legal form that ends the name begins, and its number; None where the first one does not end it.
    fn form(&self, name: &[char]) -> Option<(usize, u32)> {
        for start in 0..name.len() {
            let rest = &name[start..];
            let is_company = rest.starts_with(&COMPANY) && !(start > 0 && BRANCHES.contains(&name[start - 1]));
            let found = (self.whole.iter().find(|(form, _)| rest.starts_with(form)))
                .map(|(form, number)| (form.len(), *number))
                .or(is_company.then_some((COMPANY.len(), self.company)))
                .or_else(|| Some((rest.len(), self.cut.iter().find(|(form, _)| form == rest)?.1)));
            if let Some((size, number)) = found {
                return (size == rest.len()).then_some((start, number));
            }
        }
        None
    }

    fn syllable(&self, character: char) -> u32 {
        self.syllables.get(&character).copied().unwrap_or(self.own_sound + character as u32)
    }
}

/// Write a run of digits as fold.py does: one or two as a number, more one by one.
fn numeral(digits: &mut Vec<usize>, folded: &mut Text) {
    match digits[..] {
        [] => {}
        [ones] => folded.push(DIGITS[ones]),
        [0, ones] => folded.push(DIGITS[ones]),
        [tens, ones] => {
            folded.extend((tens > 1).then_some(DIGITS[tens]));
            folded.push(TEN);
            folded.extend((ones > 0).then_some(DIGITS[ones]));
        }
        _ => folded.extend(digits.iter().map(|&digit| DIGITS[digit])),
    }
    digits.clear();
}

fn contains(text: &[char], part: &[char]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
