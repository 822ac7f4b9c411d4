//! Python's door to `cache` and `entries`. See concordat_native.pyi.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::cache;
use crate::column::Column;
use crate::entries;
use crate::python_blinding::offset_bytes;

type Values<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pyfunction]
fn cache_names<'py>(
    py: Python<'py>,
    key: &[u8],
    head: &[u8],
    values: &[u8],
    offsets: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let names = py.detach(|| cache::names(key, head, &Column::new(values, offsets)?))?;
    Ok(PyBytes::new(py, &names))
}

#[pyfunction]
fn cache_seal<'py>(py: Python<'py>, key: &[u8], names: &[u8], secrets: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let entries = py.detach(|| cache::seal(key, names, secrets))?;
    Ok(PyBytes::new(py, &entries))
}

#[pyfunction]
fn cache_open<'py>(py: Python<'py>, key: &[u8], names: &[u8], runs: Vec<Bound<'py, PyBytes>>) -> PyResult<Values<'py>> {
    let runs = slices(&runs);
    let opened = py.detach(|| match entries::find(names, &runs)? {
        Ok(found) => cache::open(key, &found).map(Ok),
        Err(absent) => Ok(Err(absent)),
    })?;
    Ok(match opened {
        Ok(secrets) => (PyBytes::new(py, &secrets), PyBytes::new(py, &[])),
        Err(absent) => (PyBytes::new(py, &[]), PyBytes::new(py, &absent)),
    })
}

#[pyfunction]
fn cache_distinct<'py>(py: Python<'py>, names: Vec<Bound<'py, PyBytes>>) -> PyResult<Bound<'py, PyBytes>> {
    let names = slices(&names);
    let distinct = py.detach(|| entries::distinct(&names))?;
    Ok(PyBytes::new(py, &distinct))
}

#[pyfunction]
fn cache_ascending<'py>(py: Python<'py>, entries: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let ascending = py.detach(|| entries::ascending(entries))?;
    Ok(PyBytes::new(py, &ascending))
}

#[pyfunction]
fn cache_matching<'py>(py: Python<'py>, names: &[u8], entries: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let matching = py.detach(|| entries::matching(names, entries))?;
    Ok(PyBytes::new(py, &matching))
}

#[pyfunction]
fn cache_lacking<'py>(
    py: Python<'py>,
    names: Vec<Bound<'py, PyBytes>>,
    columns: Vec<Values<'py>>,
    known: &[u8],
    most: usize,
) -> PyResult<Vec<Values<'py>>> {
    let names = slices(&names);
    let columns: Vec<_> = columns.iter().map(|(data, offsets)| (data.as_bytes(), offsets.as_bytes())).collect();
    let lacking = py.detach(|| {
        let columns =
            columns.iter().map(|(data, offsets)| Column::new(data, offsets)).collect::<Result<Vec<_>, _>>()?;
        entries::lacking(&names, &columns, known, most)
    })?;
    Ok(lacking.iter().map(|(data, offsets)| (PyBytes::new(py, data), offset_bytes(py, offsets))).collect())
}

fn slices<'a>(parts: &'a [Bound<'_, PyBytes>]) -> Vec<&'a [u8]> {
    parts.iter().map(|part| part.as_bytes()).collect()
}

/// Add what this file has to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(cache_names, module)?)?;
    module.add_function(wrap_pyfunction!(cache_seal, module)?)?;
    module.add_function(wrap_pyfunction!(cache_open, module)?)?;
    module.add_function(wrap_pyfunction!(cache_distinct, module)?)?;
    module.add_function(wrap_pyfunction!(cache_ascending, module)?)?;
    module.add_function(wrap_pyfunction!(cache_matching, module)?)?;
    module.add_function(wrap_pyfunction!(cache_lacking, module)?)
}
