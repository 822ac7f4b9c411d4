//! The region a name begins with (matcher/protocol/names/regions.py).

use std::collections::{HashMap, HashSet};

use crate::names::Text;

const PROVINCE: usize = 2;
const COUNTY: usize = 6;
const SHORTEST: usize = 2;
const NO_PREFECTURE: &str = "90";
const MUNICIPALITIES: [&str; 4] = ["11", "12", "31", "50"];
const CITY_WORKS: [char; 2] = ['市', '政'];

/// What is known of places.
#[derive(Default)]
pub struct Regions {
    /// Codes by name, highest level first, and whether the name is without its suffix there.
    pub entries: HashMap<Text, Vec<(String, bool)>>,
    /// Lengths of names by their first two characters, longest first.
    pub lengths: HashMap<Text, Vec<usize>>,
    /// The lowest code of a place that had several.
    pub first_codes: HashMap<String, String>,
    /// The number that counties of one name share.
    pub county_numbers: HashMap<Text, u32>,
    /// Codes of cities that bear the name of their prefecture.
    pub seats: HashSet<String>,
}

/// How many characters a region takes, and its codes, 0 where a level is not known. `bare`: it ends in a county without
/// suffix.
#[derive(Default)]
pub struct Region {
    /// Characters.
    pub end: usize,
    /// Two digits.
    pub province: u32,
    /// Four digits.
    pub prefecture: u32,
    /// Six digits.
    pub county: u32,
    /// Ends in a county without suffix.
    pub bare: bool,
}

impl Regions {
    /// The region that `text` begins with.
    pub fn find(&self, text: &[char]) -> Region {
        let mut region = Region::default();
        let mut within = "";
        while within.len() < COUNTY {
            let Some((end, code, bare, is_alone)) = self.next(text, region.end, within) else { break };
            if code.len() == COUNTY {
                let name = &text[region.end..end];
                if !self.seats.contains(code) {
                    region.county = self.county_numbers.get(name).copied().unwrap_or_default();
                }
                region.bare = bare;
                if !is_alone {
                    region.end = end;
                    break;
                }
            }
            let is_municipal = MUNICIPALITIES.contains(&&code[..PROVINCE]);
            if code.len() > PROVINCE && &code[2..4] != NO_PREFECTURE && !is_municipal {
                region.prefecture = number(self.first_code(&code[..4]));
            }
            (region.end, within) = (end, code);
        }
        if region.end == 0 {
            return Region::default();
        }
        region.province = number(&within[..within.len().min(PROVINCE)]);
        region
    }

    /// The longest name at `start` of a place inside `within`: its end, its code, whether bare, and whether alone.
    fn next(&self, text: &[char], start: usize, within: &str) -> Option<(usize, &str, bool, bool)> {
        let beginning = &text[start..text.len().min(start + SHORTEST)];
        for &size in self.lengths.get(beginning)? {
            let Some(found) = text.get(start..start + size).and_then(|name| self.entries.get(name)) else { continue };
            if text.get(start + size - 1..start + size + 1) == Some(&CITY_WORKS) {
                continue;
            }
            let inside = |code: &str| code.len() > within.len() && code.starts_with(within);
            let mut inside = found.iter().filter(|(code, _)| inside(code));
            if let Some((code, bare)) = inside.next() {
                let first = self.first_code(code);
                let is_alone = inside.all(|(other, _)| self.first_code(other) == first || other.len() != code.len());
                return Some((start + size, code, *bare, is_alone));
            }
        }
        None
    }

    fn first_code<'a>(&'a self, code: &'a str) -> &'a str {
        self.first_codes.get(code).map_or(code, String::as_str)
    }
}

fn number(code: &str) -> u32 {
    code.parse().unwrap_or_default()
}
