//! Concordat's hot path, column by column: record secrets, handles, and blinded rows.
//!
//! The same bytes as the portable path in `keys/` and `matcher/agency/blind`, which is the specification; design section
//! 4 of both. No I/O, no state, no logging; what is secret is wiped when dropped.

#![deny(unsafe_code, missing_docs)]

pub mod blinding;
pub mod bucket;
pub mod cache;
pub mod ciphers;
pub mod column;
pub mod content;
pub mod digests;
pub mod dleq;
pub mod ed25519;
pub mod entries;
pub mod error;
pub mod fields;
pub mod input;
#[cfg(target_arch = "x86_64")]
mod kernel;
pub mod keyed;
pub mod layout;
pub mod merkle;
pub mod multiples;
pub mod names;
pub mod open;
pub mod oprf;
pub mod plans;
#[cfg(feature = "python")]
mod python;
#[cfg(feature = "python")]
mod python_blinding;
#[cfg(feature = "python")]
mod python_cache;
#[cfg(feature = "python")]
mod python_merkle;
#[cfg(feature = "python")]
mod python_names;
#[cfg(feature = "python")]
mod python_open;
#[cfg(feature = "python")]
mod python_reading;
#[cfg(feature = "python")]
mod python_sheet;
pub mod reading;
pub mod regions;
pub mod rows;
pub mod sheet;
#[cfg(test)]
mod side_by_side;
pub mod staged;
pub mod threads;
pub mod trades;
pub mod values;
pub mod vault;
