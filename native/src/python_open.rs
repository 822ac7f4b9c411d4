//! Python's door to `open` and `digests`. See concordat_native.pyi.

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::python::released;
use crate::{digests, open};

#[pyfunction]
#[pyo3(signature = (prefix, rows, row_size, *, threads=None))]
fn sha256_each<'py>(
    py: Python<'py>,
    prefix: &[u8],
    rows: &[u8],
    row_size: usize,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let output = released(py, threads, || digests::each(prefix, rows, row_size))?;
    Ok(PyBytes::new(py, &output))
}

#[pyfunction]
#[pyo3(signature = (keys, nonces, sealed, associated, tokens, handles, *, threads=None))]
#[allow(clippy::too_many_arguments)]
fn open_sealed<'py>(
    py: Python<'py>,
    keys: &[u8],
    nonces: &[u8],
    sealed: &[u8],
    associated: &[u8],
    tokens: &[u8],
    handles: &[u8],
    threads: Option<usize>,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let envelopes = open::Sealed { keys, nonces, sealed, associated, tokens, handles };
    let (vectors, opened) = released(py, threads, || open::open(&envelopes))?;
    Ok((PyBytes::new(py, &vectors), PyBytes::new(py, &opened)))
}

/// Add the functions of this file to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(sha256_each, module)?)?;
    module.add_function(wrap_pyfunction!(open_sealed, module)?)
}
