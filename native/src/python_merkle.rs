//! Python's door to `merkle` and `layout`. See concordat_native.pyi.

use std::ops::Range;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::error::Error;
use crate::layout::{self, Layout};
use crate::merkle::{self, Hash};
use crate::python::released;

#[pyfunction]
#[pyo3(signature = (rows, row_size, *, threads=None))]
fn leaf_hashes<'py>(
    py: Python<'py>,
    rows: &[u8],
    row_size: usize,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let output = match threads {
        Some(1) => py.detach(|| merkle::leaf_hashes_here(rows, row_size))?,
        _ => released(py, threads, || merkle::leaf_hashes(rows, row_size))?,
    };
    Ok(PyBytes::new(py, output.as_flattened()))
}

/// Rows of a spool, each followed by its leaf hash, and the order in which they are sent.
#[pyclass(frozen, module = "concordat_native")]
struct SpooledRows {
    data: Py<PyBytes>,
    row_size: usize,
    order: Vec<usize>,
}

#[pymethods]
impl SpooledRows {
    #[new]
    fn new(py: Python<'_>, data: Bound<'_, PyBytes>, row_size: usize) -> PyResult<Self> {
        let bytes = data.as_bytes();
        let order = py.detach(|| layout::order(bytes, row_size))?;
        Ok(Self { data: data.unbind(), row_size, order })
    }

    fn __len__(&self) -> usize {
        self.order.len()
    }

    fn rows<'py>(&self, py: Python<'py>, first: usize, count: usize) -> PyResult<Bound<'py, PyBytes>> {
        let chosen = first.checked_add(count).and_then(|end| self.order.get(first..end));
        let chosen = chosen.ok_or_else(|| Error::shape("there are not as many rows"))?;
        self.gathered(py, chosen, 0..self.row_size)
    }

    fn leaves<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        self.gathered(py, &self.order, self.row_size..self.row_size + size_of::<Hash>())
    }
}

impl SpooledRows {
    /// `part` of each of the `chosen` rows.
    fn gathered<'py>(&self, py: Python<'py>, chosen: &[usize], part: Range<usize>) -> PyResult<Bound<'py, PyBytes>> {
        let data = self.data.bind(py).as_bytes();
        PyBytes::new_with(py, chosen.len() * part.len(), |places| {
            for (place, index) in places.chunks_exact_mut(part.len()).zip(chosen) {
                place.copy_from_slice(&data[index * (self.row_size + size_of::<Hash>())..][part.clone()]);
            }
            Ok(())
        })
    }
}

#[pyfunction]
fn tree_extend<'py>(py: Python<'py>, edge: &[u8], hashes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let output = py.detach(|| merkle::extend(edge, hashes))?;
    Ok(PyBytes::new(py, &output))
}

// Both fill Python's own memory: a chunk of rows is as large as the caches, and a second copy of it would cost more.
#[pyfunction]
fn split_columns<'py>(py: Python<'py>, rows: &[u8], widths: Vec<usize>) -> PyResult<Bound<'py, PyTuple>> {
    let layout = Layout::new(&widths)?;
    let count = layout.count_rows(rows)?;
    let columns = widths.iter().enumerate().map(|(number, width)| {
        PyBytes::new_with(py, count * width, |place| {
            layout.take(rows, number, place);
            Ok(())
        })
    });
    PyTuple::new(py, columns.collect::<PyResult<Vec<_>>>()?)
}

#[pyfunction]
fn join_columns<'py>(
    py: Python<'py>,
    columns: Vec<Bound<'py, PyBytes>>,
    widths: Vec<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let layout = Layout::new(&widths)?;
    let columns: Vec<&[u8]> = columns.iter().map(|column| column.as_bytes()).collect();
    let count = layout.count_columns(&columns)?;
    PyBytes::new_with(py, layout.row_bytes(count), |rows| {
        layout.join(&columns, rows);
        Ok(())
    })
}

/// Add the functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(leaf_hashes, module)?)?;
    module.add_function(wrap_pyfunction!(tree_extend, module)?)?;
    module.add_class::<SpooledRows>()?;
    module.add_function(wrap_pyfunction!(split_columns, module)?)?;
    module.add_function(wrap_pyfunction!(join_columns, module)?)
}
