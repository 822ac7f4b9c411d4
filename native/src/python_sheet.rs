//! The reader of XLSX sheets as Python sees it: pieces of XML in, columns of cells out. See concordat_native.pyi.

use std::sync::Arc;

use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use crate::column::{Column, require_count};
use crate::sheet::numbers::Kind;
use crate::sheet::rows::{Rows, Wanted};
use crate::sheet::texts::{Texts, TextsReader};

/// A workbook's shared texts.
#[pyclass(module = "concordat_native")]
#[derive(Default)]
pub struct SharedTexts {
    reader: TextsReader,
    texts: Arc<Texts>,
}

#[pymethods]
impl SharedTexts {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    fn feed(&mut self, py: Python<'_>, piece: &[u8]) -> bool {
        py.detach(|| self.reader.feed(piece)).is_some()
    }

    fn finish(&mut self) -> bool {
        let read = std::mem::take(&mut self.reader).finish();
        let is_whole = read.is_some();
        self.texts = Arc::new(read.unwrap_or_default());
        is_whole
    }

    fn __len__(&self) -> usize {
        self.texts.count()
    }

    fn __getitem__<'py>(&self, py: Python<'py>, index: usize) -> PyResult<Bound<'py, PyString>> {
        let text = self.texts.get(index).ok_or_else(|| PyIndexError::new_err("there is no such text"))?;
        PyString::from_bytes(py, text)
    }
}

/// Reads one sheet.
#[pyclass(module = "concordat_native")]
pub struct SheetReader(Rows);

#[pymethods]
impl SheetReader {
    #[new]
    #[pyo3(signature = (*, slots, kinds, plain_styles, texts, after))]
    #[allow(clippy::needless_pass_by_value)]
    fn new(
        slots: Vec<(usize, usize)>,
        kinds: Vec<String>,
        plain_styles: Vec<bool>,
        texts: Option<PyRef<'_, SharedTexts>>,
        after: u32,
    ) -> PyResult<Self> {
        let kinds = kinds.iter().map(|name| Kind::named(name)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Rows::new(Wanted {
            slots: Wanted::slots(&slots, kinds.len())?,
            kinds,
            plain_styles,
            texts: texts.map_or_else(Arc::default, |texts| Arc::clone(&texts.texts)),
            after,
        })))
    }

    fn feed(&mut self, py: Python<'_>, piece: &[u8]) -> bool {
        py.detach(|| self.0.feed(piece)).is_some()
    }

    fn finish(&self) -> bool {
        self.0.finish().is_some()
    }

    fn waiting(&self) -> (usize, usize) {
        self.0.waiting()
    }

    fn asked<'py>(&self, py: Python<'py>, slot: usize) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        Ok(self.0.asked(slot)?.iter().map(|number| PyBytes::new(py, number)).collect())
    }

    fn learn(&mut self, slot: usize, texts: &[u8], offsets: &[u8]) -> PyResult<()> {
        let texts = Column::new(texts, offsets)?;
        require_count(texts.count(), self.0.asked(slot)?.len(), "numbers")?;
        (0..texts.count()).for_each(|place| self.0.learn(slot, texts.get(place)));
        Ok(())
    }

    #[allow(clippy::type_complexity)]
    fn take<'py>(
        &mut self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>, usize)> {
        let block = py.detach(|| self.0.take())?;
        let numbers =
            |values: &[u32]| PyBytes::new(py, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>());
        Ok((PyBytes::new(py, &block.data), numbers(&block.offsets), numbers(&block.lines), block.hidden))
    }
}

pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<SharedTexts>()?;
    module.add_class::<SheetReader>()
}
