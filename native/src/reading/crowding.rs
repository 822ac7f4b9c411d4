//! Link values that too many rows name: matcher/agency/records/crowding.py.

use crate::column::{fixed, require_count};
use crate::error::Error;

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
