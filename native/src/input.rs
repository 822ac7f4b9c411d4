//! The PRF input of a value: the value as it is, or design section 4's `prefix || lp(value)`.

use crate::column::Column;
use crate::error::Error;

/// Values with what stands before each.
pub struct Inputs<'a> {
    values: Column<'a>,
    prefix: Option<&'a [u8]>,
}

impl<'a> Inputs<'a> {
    /// Refuses, by index, an input whose length two bytes cannot say.
    pub fn new(values: Column<'a>, prefix: Option<&'a [u8]>) -> Result<Self, Error> {
        values.require_framed(values.count())?;
        let inputs = Self { values, prefix };
        match (0..inputs.count()).find(|&index| inputs.size(index) > u16::MAX as usize) {
            Some(index) => Err(Error::at(index, "an input is longer than 65,535 bytes")),
            None => Ok(inputs),
        }
    }

    /// How many inputs there are.
    pub fn count(&self) -> usize {
        self.values.count()
    }

    /// Bytes of one input.
    pub fn size(&self, index: usize) -> usize {
        self.values.get(index).len() + self.prefix.map_or(0, |prefix| prefix.len() + 2)
    }

    /// Append one input to `message`.
    pub fn append(&self, index: usize, message: &mut Vec<u8>) {
        let value = self.values.get(index);
        if let Some(prefix) = self.prefix {
            message.extend_from_slice(prefix);
            message.extend_from_slice(&(value.len() as u16).to_be_bytes());
        }
        message.extend_from_slice(value);
    }
}
