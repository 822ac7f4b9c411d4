//! From a table to staged records: the plain rows of a file, as matcher/agency/records reads them. They come as blocks of
//! text, or as columns of cells.
//!
//! Python's reader is the specification. A row is made here only where every cell that counts is of a plain form or was
//! answered by Python before; any other one is handed back by line and place, and Python reads it. So nothing is refused
//! here, and no text of a refusal stands twice.

pub mod answers;
pub mod cells;
pub mod crowding;
pub mod json;
pub mod plain;
pub mod plan;
pub mod read;
pub mod reader;
pub mod split;
pub mod staged;
#[cfg(test)]
mod tests;
