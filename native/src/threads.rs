//! How many threads a call uses: all cores, or as many as the caller says.

use crate::error::Error;

/// Run `work` where rayon's iterators use `threads` threads; `None` is one a core.
pub fn with<T: Send>(threads: Option<usize>, work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    match threads {
        None => work(),
        Some(count) => rayon::ThreadPoolBuilder::new()
            .num_threads(count.max(1))
            .build()
            .map_err(|error| Error::shape(&format!("no threads can be started: {error}")))?
            .install(work),
    }
}
