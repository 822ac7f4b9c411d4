//! Second pass: records in the form of matcher/agency/records/staged.py, by bucket of their handles.

use blake2::Blake2bMac;
use blake2::digest::consts::U8;
use blake2::digest::{KeyInit, Mac};
use sha2::Sha256;

use super::cells::{Cell, Cells, Place, Value};
use super::json;
use super::plan::{Condition, Link, Slot, Test};
use super::read::Read;
use crate::error::Error;
use crate::keyed::Keyed;

const BUCKETS: usize = 64;
const BUCKET_SHIFT: u32 = 2;
const HANDLE_SIZE: usize = 16;
const TAG_SIZE: usize = 8;
/// Of a staged record before its texts: handle, file, line, column, three lengths.
const CONTENT_SIZE_AT: usize = HANDLE_SIZE + 2 + 4 + 1 + 2 + 2;

/// What names records: the agency's handle key, hashed with what all handles of a submission have in common.
pub struct Names {
    handles: Keyed<Sha256>,
    tags: Option<Blake2bMac<U8>>,
}

impl Names {
    /// `asking`: vault row ids are row ids, and link values get tags.
    pub fn new(key: &[u8], prefix: &[u8], asking: bool) -> Result<Self, Error> {
        if key.is_empty() || key.len() > 64 {
            return Err(Error::shape("a handle key is 1 to 64 bytes long"));
        }
        let tags = asking.then(|| tags_under(key)).transpose()?;
        Ok(Self { handles: Keyed::<Sha256>::new::<64>(key).begun(prefix), tags })
    }
}

/// What makes tags of link values (blind/tagged.py, link_tag).
pub fn tags_under(key: &[u8]) -> Result<Blake2bMac<U8>, Error> {
    Blake2bMac::new_from_slice(key).map_err(|_| Error::shape("a handle key is 1 to 64 bytes long"))
}

/// What a block gave.
#[derive(Default)]
pub struct Staged {
    /// Staged records by bucket.
    pub parts: Vec<Vec<u8>>,
    /// Rows they come from.
    pub rows: usize,
    /// How many there are.
    pub records: usize,
    /// Credit codes that count as unknown.
    pub warned: usize,
    /// Records that their rows spare.
    pub spared: usize,
    /// Of an asking side: a tag of each record's link value.
    pub tags: Vec<u8>,
    /// Of an asking side: the first 8 bytes of each record's handle.
    pub handles: Vec<u8>,
    scratch: Vec<u8>,
}

impl Staged {
    /// Make the records of `cells`; returns the rows that Python reads after all.
    pub fn fill(&mut self, names: &Names, file: u16, read: &Read) -> Vec<Place> {
        self.parts.resize_with(BUCKETS, Vec::new);
        self.parts.iter_mut().for_each(Vec::clear);
        (self.rows, self.records, self.warned, self.spared) = (0, 0, 0, 0);
        self.tags.clear();
        self.handles.clear();
        let mut left = Vec::new();
        let mut made = Vec::with_capacity(read.plan.links.len());
        let Cells { rows, cells, .. } = read.cells;
        for (place, row) in rows.iter().zip(cells.chunks_exact(read.plan.columns.len())) {
            let Some(spared) = self.choose(read, row, &mut made) else {
                left.push(*place);
                continue;
            };
            self.rows += 1;
            self.spared += spared;
            self.warned += (0..read.plan.data).filter(|&number| read.is_warned(number, &row[number])).count();
            for &(number, applied) in &made {
                self.record(names, file, place.line, read, row, &read.plan.links[number], applied);
            }
        }
        left
    }

    /// Which links of a row make a record, and what concerns it (bits by concern); None if the row is Python's.
    fn choose(&mut self, read: &Read, row: &[Cell], made: &mut Vec<(usize, u64)>) -> Option<usize> {
        made.clear();
        let plan = read.plan;
        if plan.row_id.is_some_and(|number| read.is_problem(number, &row[number]))
            || plan.hand_back.iter().any(|tests| tests.iter().all(|test| self.holds(read, row, test)))
        {
            return None;
        }
        let mut spared = 0;
        for (number, link) in plan.links.iter().enumerate() {
            if link.unless.iter().any(|condition| self.is(read, row, condition)) {
                spared += 1;
                continue;
            }
            let cell = &row[link.column];
            if matches!(cell.value, Value::Empty) {
                if link.required {
                    return None;
                }
                continue;
            }
            if read.is_problem(link.column, cell) {
                return None;
            }
            let mut applied = 0;
            for (place, (data, conditions)) in link.concerns.iter().enumerate() {
                if conditions.iter().all(|condition| self.is(read, row, condition)) {
                    if read.is_problem(*data, &row[*data]) {
                        return None;
                    }
                    applied |= 1 << place;
                }
            }
            made.push((number, applied));
        }
        (spared + made.len() > 0).then_some(spared)
    }

    fn is(&mut self, read: &Read, row: &[Cell], (number, wanted): &Condition) -> bool {
        read.is_one_of(*number, &row[*number], wanted, &mut self.scratch)
    }

    fn holds(&mut self, read: &Read, row: &[Cell], test: &Test) -> bool {
        match test {
            Test::Blank(number) => read.text(*number, &row[*number]).is_empty(),
            Test::Filled(number) => !read.text(*number, &row[*number]).is_empty(),
            Test::Is(condition) => self.is(read, row, condition),
            Test::Other(condition) => {
                !read.text(condition.0, &row[condition.0]).is_empty() && !self.is(read, row, condition)
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn record(&mut self, names: &Names, file: u16, line: u32, read: &Read, row: &[Cell], link: &Link, applied: u64) {
        let value = read.normal(link.column, &row[link.column]);
        let row_id = read.plan.row_id.map_or(value, |number| read.normal(number, &row[number]));
        let (vault_id, ending): (&[u8], &[u8]) =
            if names.tags.is_some() { (row_id, &link.ending) } else { (value, b"") };
        let size = ((vault_id.len() + ending.len()) as u16).to_be_bytes();
        let hash = names.handles.of(&[&size, vault_id, ending, &(value.len() as u16).to_be_bytes(), value]);
        let handle = &hash[..HANDLE_SIZE];
        if let Some(tags) = &names.tags {
            self.tags.extend_from_slice(&tags.clone().chain_update(value).finalize().into_bytes()[..TAG_SIZE]);
            self.handles.extend_from_slice(&handle[..TAG_SIZE]);
        }
        let out = &mut self.parts[usize::from(handle[0] >> BUCKET_SHIFT)];
        let begun = out.len();
        out.extend_from_slice(handle);
        out.extend_from_slice(&file.to_be_bytes());
        out.extend_from_slice(&line.to_be_bytes());
        out.push(link.number);
        out.extend_from_slice(&(row_id.len() as u16).to_be_bytes());
        out.extend_from_slice(&(value.len() as u16).to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(row_id);
        out.extend_from_slice(value);
        let content = out.len();
        write_content(read, row, link, applied, value, out);
        let size = ((out.len() - content) as u32).to_be_bytes();
        out[begun + CONTENT_SIZE_AT..][..4].copy_from_slice(&size);
        self.records += 1;
    }
}

/// The JSON of [values, extras], as records.py writes it.
fn write_content(read: &Read, row: &[Cell], link: &Link, applied: u64, value: &[u8], out: &mut Vec<u8>) {
    let applies = |place: usize| applied >> place & 1 == 1;
    out.extend_from_slice(b"[[");
    for (place, slot) in link.fields.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        match slot {
            Slot::Fixed(text) => out.extend_from_slice(text),
            Slot::Concern(place) if applies(*place) => {
                let number = link.concerns[*place].0;
                read.json(number, &row[number], out);
            }
            Slot::Concern(_) => out.extend_from_slice(b"null"),
        }
    }
    out.extend_from_slice(b"],{");
    out.extend_from_slice(&link.head);
    json::quote(value, out);
    for (place, (number, _)) in link.concerns.iter().enumerate() {
        let text = read.text(*number, &row[*number]);
        if applies(place) && !text.is_empty() {
            out.extend_from_slice(&read.plan.columns[*number].member);
            json::quote(text, out);
        }
    }
    out.extend_from_slice(b"}]");
}
