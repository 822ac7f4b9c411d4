//! The one error: what is wrong, and at which index of a column where that can be said. Never a value.

use std::fmt;

/// A refused argument.
#[derive(Debug, PartialEq, Eq)]
pub struct Error {
    /// What is wrong.
    pub message: String,
    /// The index of the value that is refused.
    pub index: Option<usize>,
}

impl Error {
    /// A column or key of the wrong shape.
    pub fn shape(message: &str) -> Self {
        Self { message: message.to_owned(), index: None }
    }

    /// One value is refused.
    pub fn at(index: usize, message: &str) -> Self {
        Self { message: format!("{message} (index {index})"), index: Some(index) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
