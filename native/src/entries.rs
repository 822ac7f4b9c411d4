//! Columns of cache entries (`cache.rs`), name | sealed, and of their names: sorted, searched and compared.
//!
//! An agency's cache holds a million of them; what a submission asks of it is answered by whole columns.

use rayon::slice::ParallelSliceMut;

use crate::column::{Column, Joined, fixed, joined, require_count};
use crate::error::Error;

/// Bytes of a name.
pub const NAME_SIZE: usize = 16;
/// Bytes of an entry: a name, and what is sealed (nonce, record secret, tag).
pub const ENTRY_SIZE: usize = NAME_SIZE + 12 + 64 + 16;

/// A keyed hash that stands for a link value.
pub type Name = [u8; NAME_SIZE];
/// A name and the record secret sealed under it.
pub type Entry = [u8; ENTRY_SIZE];

/// The names of all `parts`, each once, ascending.
pub fn distinct(parts: &[&[u8]]) -> Result<Vec<u8>, Error> {
    let mut names = Vec::with_capacity(parts.iter().map(|part| part.len() / NAME_SIZE).sum());
    for part in parts {
        names.extend_from_slice(fixed::<NAME_SIZE>(part, "names")?);
    }
    names.par_sort_unstable();
    names.dedup();
    Ok(names.into_flattened())
}

/// The entries in ascending order of their names.
pub fn ascending(entries: &[u8]) -> Result<Vec<u8>, Error> {
    let mut entries = fixed::<ENTRY_SIZE>(entries, "entries")?.to_vec();
    entries.sort_by(|left, right| name(left).cmp(name(right)));
    Ok(entries.into_flattened())
}

/// Those of `entries` whose names are among `names`; both ascend.
pub fn matching(names: &[u8], entries: &[u8]) -> Result<Vec<u8>, Error> {
    let mut names = fixed::<NAME_SIZE>(names, "names")?.iter().peekable();
    let mut found = Vec::with_capacity(entries.len());
    for entry in fixed::<ENTRY_SIZE>(entries, "entries")? {
        while names.next_if(|wanted| *wanted < name(entry)).is_some() {}
        if names.peek() == Some(&name(entry)) {
            found.extend_from_slice(entry);
        }
    }
    Ok(found)
}

/// The values whose names are not among `known`, which ascend: each once, by ascending name, in columns of at most
/// `most`. `names` and `columns` are in the same order.
pub fn lacking(names: &[&[u8]], columns: &[Column], known: &[u8], most: usize) -> Result<Vec<Joined>, Error> {
    let known = fixed::<NAME_SIZE>(known, "names")?;
    require_count(columns.len(), names.len(), "columns")?;
    let mut places: Vec<(&Name, &[u8])> = Vec::with_capacity(names.iter().map(|part| part.len() / NAME_SIZE).sum());
    for (names, column) in names.iter().zip(columns) {
        let names = fixed::<NAME_SIZE>(names, "names")?;
        require_count(column.count(), names.len(), "values")?;
        places.extend(names.iter().enumerate().map(|(index, name)| (name, column.get(index))));
    }
    places.retain(|(name, _)| known.binary_search(name).is_err());
    places.par_sort_unstable();
    places.dedup_by_key(|(name, _)| *name);
    let columns = places.chunks(most.max(1));
    Ok(columns.map(|places| joined(places.iter().map(|(_, value)| *value))).collect())
}

/// The entry of each name in one of `runs`, each of which ascends; or the names that have none, each once, ascending.
pub fn find<'a>(names: &[u8], runs: &[&'a [u8]]) -> Result<Result<Vec<&'a Entry>, Vec<u8>>, Error> {
    let names = fixed::<NAME_SIZE>(names, "names")?;
    let runs = runs.iter().map(|run| fixed::<ENTRY_SIZE>(run, "entries")).collect::<Result<Vec<_>, _>>()?;
    // By ascending name, so that each run is walked once: at random they would be looked for all over memory.
    let mut order: Vec<_> = names.iter().enumerate().map(|(index, name)| (name, index)).collect();
    order.sort_unstable();
    let mut found = vec![None; names.len()];
    for run in runs {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        let start = order.partition_point(|(wanted, _)| *wanted < name(first));
        let end = order.partition_point(|(wanted, _)| *wanted <= name(last));
        let mut rest = run;
        for (wanted, index) in &order[start..end] {
            rest = &rest[before(rest, wanted)..];
            found[*index] = rest.first().filter(|entry| name(entry) == *wanted).or(found[*index]);
        }
    }
    let absent: Vec<_> = names.iter().zip(&found).filter(|(_, entry)| entry.is_none()).map(|(name, _)| *name).collect();
    if absent.is_empty() {
        return Ok(Ok(found.into_iter().flatten().collect()));
    }
    distinct(&[absent.as_flattened()]).map(Err)
}

/// How many entries of a run come before a name, which is seldom far from its beginning.
fn before(run: &[Entry], wanted: &Name) -> usize {
    let mut end = 1;
    while run.get(end).is_some_and(|entry| name(entry) < wanted) {
        end *= 2;
    }
    let start = end / 2;
    start + run[start..run.len().min(end + 1)].partition_point(|entry| name(entry) < wanted)
}

fn name(entry: &Entry) -> &Name {
    entry.first_chunk().expect("an entry begins with its name")
}
