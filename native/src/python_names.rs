//! Python's door to `names`. See concordat_native.pyi.

use std::collections::{HashMap, HashSet};

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::Error;
use crate::names::{Splitter, Text};
use crate::regions::Regions;
use crate::trades::Trades;

type Entries = Vec<u32>;

/// Splits plain names.
#[pyclass(frozen, module = "concordat_native")]
pub struct NameSplitter(Splitter);

#[derive(FromPyObject)]
struct Places {
    names: HashMap<String, Vec<(String, bool)>>,
    lengths: HashMap<String, Vec<usize>>,
    first_codes: HashMap<String, String>,
    county_numbers: HashMap<String, u32>,
    seats: HashSet<String>,
}

#[derive(FromPyObject)]
struct Words {
    exact: HashMap<String, Entries>,
    lengths: HashMap<char, Vec<usize>>,
    slips: HashMap<String, Entries>,
    sounds: HashMap<(u32, u32, usize, char), Entries>,
    lone: HashMap<char, Entries>,
    pairs: HashMap<String, Entries>,
    closing: HashSet<u32>,
    bank: Entries,
    bank_kinds: HashSet<Entries>,
    works: u32,
    spellings: Vec<String>,
}

#[pymethods]
impl NameSplitter {
    #[new]
    #[pyo3(signature = (*, folded, beginnings, anywhere, whole, cut, company, syllables, own_sound, places, words))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        folded: HashMap<char, char>,
        beginnings: Vec<String>,
        anywhere: Vec<String>,
        whole: Vec<(String, u32)>,
        cut: Vec<(String, u32)>,
        company: u32,
        syllables: HashMap<char, u32>,
        own_sound: u32,
        places: Places,
        words: Words,
    ) -> PyResult<Self> {
        let largest = words.exact.values().chain(words.slips.values()).flatten().max().copied().unwrap_or_default();
        if largest as usize > words.spellings.len() || words.exact.values().flatten().any(|&number| number == 0) {
            return Err(Error::shape("a word of trade has no spelling").into());
        }
        let forms = |forms: Vec<(String, u32)>| forms.into_iter().map(|(form, number)| (text(&form), number)).collect();
        Ok(Self(Splitter {
            folded,
            beginnings: beginnings.iter().map(|short| text(short)).collect(),
            anywhere: anywhere.iter().map(|short| text(short)).collect(),
            whole: forms(whole),
            cut: forms(cut),
            company,
            syllables,
            own_sound,
            regions: Regions {
                entries: by_text(places.names),
                lengths: by_text(places.lengths),
                first_codes: places.first_codes,
                county_numbers: by_text(places.county_numbers),
                seats: places.seats,
            },
            trades: Trades {
                exact: by_text(words.exact),
                lengths: words.lengths,
                slips: by_text(words.slips),
                sounds: words.sounds,
                lone: words.lone,
                pairs: by_text(words.pairs),
                closing: words.closing,
                bank: words.bank,
                bank_kinds: words.bank_kinds.into_iter().collect(),
                works: words.works,
                spellings: words.spellings.iter().map(|word| text(word)).collect(),
            },
        }))
    }

    fn plans<'py>(&self, py: Python<'py>, names: Vec<Bound<'py, PyBytes>>) -> Vec<Option<Bound<'py, PyBytes>>> {
        let plan = |name: &[u8]| std::str::from_utf8(name).ok().and_then(|name| self.0.plan(name));
        names.iter().map(|name| plan(name.as_bytes()).map(|plan| PyBytes::new(py, &plan))).collect()
    }
}

fn text(word: &str) -> Text {
    word.chars().collect()
}

fn by_text<T>(map: HashMap<String, T>) -> HashMap<Text, T> {
    map.into_iter().map(|(word, value)| (text(&word), value)).collect()
}

/// Add what this file has to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<NameSplitter>()
}
