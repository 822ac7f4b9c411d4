//! One bucket of staged records against what the vault has of it: what is put, deleted, left alone and rejected.
//!
//! By file, line and link column the first record of a handle stands, the same once more is dropped, another content is
//! rejected (matcher/agency/blind/portable_bucket.py, which this equals).

use crate::error::Error;
use crate::rows::PUT;
use crate::staged::{self, Record};
use crate::vault::{self, Previous, Sent};

/// Why a record is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// More rows name its link value than may.
    Crowded,
    /// Another record of this handle stands before it.
    Repeated,
    /// A period allows no further version.
    Exhausted,
}

/// A rejected record: file, line, link column.
pub struct Reject {
    /// Of the command line, from 0.
    pub file: u16,
    /// Of that file.
    pub line: u32,
    /// The link column's place among the agreement's columns.
    pub column: u8,
    /// Why.
    pub problem: Problem,
}

/// Marks of staged records, a byte for each in the order they were staged, not 0 for those meant; None for no record.
#[derive(Clone, Copy, Default)]
pub struct Marks<'a> {
    /// Their link value is named by more rows than may.
    pub crowded: Option<&'a [u8]>,
    /// Their link value got as many versions as a period allows.
    pub exhausted: Option<&'a [u8]>,
}

/// A bucket sorted out; `put` and `vanished` ascend by handle.
#[derive(Default)]
pub struct Sorted<'a> {
    /// New or changed.
    pub put: Vec<Record<'a>>,
    /// Sent before and not here any more.
    pub vanished: Vec<Sent<'a>>,
    /// Not taken.
    pub rejects: Vec<Reject>,
    /// As sent before.
    pub unchanged: usize,
    /// The same record once more.
    pub duplicates: usize,
}

/// Sort out `staged` records against the vault's `blocks`, older submissions first.
pub fn sort_out<'a>(
    staged: &'a [u8],
    blocks: &[&'a [u8]],
    marks: Marks,
    max_versions: usize,
) -> Result<Sorted<'a>, Error> {
    let records = staged::parse(staged)?;
    for marked in [marks.crowded, marks.exhausted].into_iter().flatten() {
        crate::column::require_count(marked.len(), records.len(), "marks of records")?;
    }
    let mut sorted = Sorted::default();
    let kept = distinct(&records, marks.crowded, &mut sorted);
    let mut before = vault::previous(blocks)?.into_iter().peekable();
    for record in kept {
        while let Some(vanished) = before.next_if(|it| it.row.handle < record.handle) {
            sorted.vanish(vanished);
        }
        let earlier = before.next_if(|it| it.row.handle == record.handle);
        if earlier.as_ref().is_some_and(|it| it.row.op == PUT && it.row.content == record.content) {
            sorted.unchanged += 1;
        } else if is_marked(marks.exhausted, record) || earlier.is_some_and(|it| it.puts >= max_versions) {
            sorted.reject(record, Problem::Exhausted);
        } else {
            sorted.put.push(*record);
        }
    }
    before.for_each(|it| sorted.vanish(it));
    Ok(sorted)
}

/// The places in `records` by handle, records of one handle by file, line and link column.
fn by_handle(records: &[Record]) -> Vec<(u64, u32)> {
    let mut order: Vec<_> = records.iter().map(|it| ((it.handle >> 64) as u64, it.number)).collect();
    order.sort_unstable();
    for alike in order.chunk_by_mut(|one, other| one.0 == other.0).filter(|alike| alike.len() > 1) {
        alike.sort_unstable_by_key(|&(_, number)| {
            let it = &records[number as usize];
            (it.handle, it.file, it.line, it.column, number)
        });
    }
    order
}

/// The records that stand, by handle.
fn distinct<'r, 'a>(records: &'r [Record<'a>], crowded: Option<&[u8]>, sorted: &mut Sorted<'a>) -> Vec<&'r Record<'a>> {
    let mut kept: Vec<&Record> = Vec::with_capacity(records.len());
    for (_, number) in by_handle(records) {
        let record = &records[number as usize];
        if is_marked(crowded, record) {
            sorted.reject(record, Problem::Crowded);
            continue;
        }
        match kept.last() {
            Some(first) if first.handle == record.handle => {
                if first.content == record.content && first.row_id == record.row_id {
                    sorted.duplicates += 1;
                } else {
                    sorted.reject(record, Problem::Repeated);
                }
            }
            _ => kept.push(record),
        }
    }
    kept
}

fn is_marked(marks: Option<&[u8]>, record: &Record) -> bool {
    marks.is_some_and(|marks| marks[record.number as usize] != 0)
}

impl<'a> Sorted<'a> {
    fn reject(&mut self, record: &Record, problem: Problem) {
        let Record { file, line, column, .. } = *record;
        self.rejects.push(Reject { file, line, column, problem });
    }

    fn vanish(&mut self, before: Previous<'a>) {
        if before.row.op == PUT {
            self.vanished.push(before.row);
        }
    }
}
