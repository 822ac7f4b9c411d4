//! Link values that too many rows name: matcher/agency/records/crowding.py; and their records: blind/tagged.py.

use std::collections::HashSet;

use blake2::digest::Mac;

use super::staged::tags_under;
use crate::column::{fixed, require_count};
use crate::error::Error;
use crate::staged;

/// Tags, ascending, that more than `most` different handles have; both have 8 bytes for each record.
pub fn crowded(tags: &[u8], handles: &[u8], most: usize) -> Result<Vec<u8>, Error> {
    let (tags, handles) = (fixed::<8>(tags, "tags")?, fixed::<8>(handles, "handles")?);
    require_count(handles.len(), tags.len(), "handles")?;
    let mut pairs: Vec<([u8; 8], [u8; 8])> = tags.iter().copied().zip(handles.iter().copied()).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let groups = pairs.chunk_by(|one, other| one.0 == other.0);
    Ok(groups.filter(|group| group.len() > most).flat_map(|group| group[0].0).collect())
}

/// A byte for each staged record: 1 where the tag of its link value is among `tags`, 8 bytes each.
pub fn marks(records: &[u8], key: &[u8], tags: &[u8]) -> Result<Vec<u8>, Error> {
    let tags: HashSet<_> = fixed::<8>(tags, "tags")?.iter().copied().collect();
    let under = tags_under(key)?;
    let tag = |link: &[u8]| under.clone().chain_update(link).finalize().into_bytes().into();
    let records = staged::parse(records)?;
    Ok(records.iter().map(|record| u8::from(tags.contains::<[u8; 8]>(&tag(record.link_value)))).collect())
}
