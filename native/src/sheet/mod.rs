//! The rows of an XLSX sheet as columns of cells, and a workbook's shared texts: matcher/agency/files/xlsx_rows.py and
//! xlsx_parts.py are the specification.
//!
//! Only XML of a plain kind is read here. Where a part holds anything else, however lawful, reading ends, and Python reads
//! the part from there; so nothing is refused here. A number that is not written plainly is asked of Python.

pub mod cell;
pub mod characters;
pub mod numbers;
pub mod rows;
pub mod texts;
pub mod xml;

#[cfg(test)]
mod tests;
