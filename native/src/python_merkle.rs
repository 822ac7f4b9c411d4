//! Python's door to `merkle` and `layout`. See concordat_native.pyi.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::layout::{self, Layout};
use crate::merkle;
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
    Ok(PyBytes::new(py, &output))
}

#[pyfunction]
fn sort_rows<'py>(py: Python<'py>, rows: &[u8], row_size: usize) -> PyResult<Bound<'py, PyBytes>> {
    let order = py.detach(|| layout::order(rows, row_size))?;
    PyBytes::new_with(py, rows.len(), |place| {
        for (place, index) in place.chunks_exact_mut(row_size).zip(order) {
            place.copy_from_slice(&rows[index * row_size..][..row_size]);
        }
        Ok(())
    })
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
    module.add_function(wrap_pyfunction!(sort_rows, module)?)?;
    module.add_function(wrap_pyfunction!(split_columns, module)?)?;
    module.add_function(wrap_pyfunction!(join_columns, module)?)
}
