//! What Python sees: bytes in, bytes out, the interpreter's lock released. See concordat_native.pyi.

use std::sync::Mutex;

use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sha2::{Digest, Sha256};

use crate::column::Column;
use crate::error::Error;
use crate::input::Inputs;
use crate::oprf::Arithmetic;
use crate::{
    dleq, ed25519, keyed, oprf, python_blinding, python_cache, python_merkle, python_names, python_open,
    python_reading, python_sheet, threads,
};

create_exception!(
    concordat_native,
    RejectedError,
    PyValueError,
    "An argument was refused; args are (message, index or None)."
);

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        RejectedError::new_err((error.message, error.index))
    }
}

/// Run without the interpreter's lock, on `count` threads.
pub fn released<T: Send>(
    py: Python<'_>,
    count: Option<usize>,
    work: impl FnOnce() -> Result<T, Error> + Send,
) -> PyResult<T> {
    Ok(py.detach(|| threads::with(count, work))?)
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
#[pyo3(signature = (key, values, offsets, *, prefix=None, threads=None, lanes=true))]
fn oprf_evaluate<'py>(
    py: Python<'py>,
    key: &[u8],
    values: &[u8],
    offsets: &[u8],
    prefix: Option<&[u8]>,
    threads: Option<usize>,
    lanes: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let output = released(py, threads, || {
        oprf::evaluate(key, &Inputs::new(Column::new(values, offsets)?, prefix)?, Arithmetic::choose(lanes))
    })?;
    Ok(PyBytes::new(py, &output))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
#[pyo3(signature = (values, offsets, *, prefix=None, blinds=None, threads=None, lanes=true))]
fn oprf_blind<'py>(
    py: Python<'py>,
    values: &[u8],
    offsets: &[u8],
    prefix: Option<&[u8]>,
    blinds: Option<&[u8]>,
    threads: Option<usize>,
    lanes: bool,
) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let (blinds, elements) = released(py, threads, || {
        oprf::blind(&Inputs::new(Column::new(values, offsets)?, prefix)?, blinds, Arithmetic::choose(lanes))
    })?;
    Ok((PyBytes::new(py, &blinds), PyBytes::new(py, &elements)))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
#[pyo3(signature = (key, elements, *, threads=None, lanes=true))]
fn oprf_blind_evaluate<'py>(
    py: Python<'py>,
    key: &[u8],
    elements: &[u8],
    threads: Option<usize>,
    lanes: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let output = released(py, threads, || oprf::blind_evaluate(key, elements, Arithmetic::choose(lanes)))?;
    Ok(PyBytes::new(py, &output))
}

#[pyfunction]
#[allow(clippy::too_many_arguments)]
#[pyo3(signature = (values, offsets, blinds, evaluated, *, prefix=None, threads=None, lanes=true))]
fn oprf_finalize<'py>(
    py: Python<'py>,
    values: &[u8],
    offsets: &[u8],
    blinds: &[u8],
    evaluated: &[u8],
    prefix: Option<&[u8]>,
    threads: Option<usize>,
    lanes: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let output = released(py, threads, || {
        oprf::finalize(
            &Inputs::new(Column::new(values, offsets)?, prefix)?,
            blinds,
            evaluated,
            Arithmetic::choose(lanes),
        )
    })?;
    Ok(PyBytes::new(py, &output))
}

#[pyfunction]
#[pyo3(signature = (public_key, blinded, evaluated, *, both=true, threads=None))]
fn dleq_composites<'py>(
    py: Python<'py>,
    public_key: &[u8],
    blinded: &[u8],
    evaluated: &[u8],
    both: bool,
    threads: Option<usize>,
) -> PyResult<(Bound<'py, PyBytes>, Option<Bound<'py, PyBytes>>)> {
    let (first, second) = released(py, threads, || dleq::composites(public_key, blinded, evaluated, both))?;
    Ok((PyBytes::new(py, &first), second.map(|sum| PyBytes::new(py, &sum))))
}

#[pyfunction]
#[pyo3(signature = (elements, *, threads=None))]
fn require_elements(py: Python<'_>, elements: &[u8], threads: Option<usize>) -> PyResult<()> {
    released(py, threads, || oprf::require_elements(elements))
}

#[pyfunction]
#[pyo3(signature = (group_key, values, offsets, *, prefix=None, threads=None, lanes=true))]
#[allow(clippy::too_many_arguments)]
fn hmac_evaluate<'py>(
    py: Python<'py>,
    group_key: &[u8],
    values: &[u8],
    offsets: &[u8],
    prefix: Option<&[u8]>,
    threads: Option<usize>,
    lanes: bool,
) -> PyResult<Bound<'py, PyBytes>> {
    let output = released(py, threads, || {
        keyed::evaluate(group_key, &Inputs::new(Column::new(values, offsets)?, prefix)?, lanes)
    })?;
    Ok(PyBytes::new(py, &output))
}

#[pyfunction]
#[pyo3(signature = (key, prefix, rows, row_offsets, links, link_offsets, *, ending=None, threads=None))]
#[allow(clippy::too_many_arguments)]
fn handles<'py>(
    py: Python<'py>,
    key: &[u8],
    prefix: &[u8],
    rows: &[u8],
    row_offsets: &[u8],
    links: &[u8],
    link_offsets: &[u8],
    ending: Option<&[u8]>,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyBytes>> {
    let output = released(py, threads, || {
        let (rows, links) = (Column::new(rows, row_offsets)?, Column::new(links, link_offsets)?);
        keyed::handles(key, prefix, &rows, ending.unwrap_or_default(), &links)
    })?;
    Ok(PyBytes::new(py, &output))
}

/// For bench/kernel.py: 20 multiplier instructions a round of eight lanes; None where there is no kernel.
#[pyfunction]
fn multiply_only(py: Python<'_>, rounds: u64) -> Option<u64> {
    #[cfg(target_arch = "x86_64")]
    return py.detach(|| crate::kernel::Kernel::detect().map(|kernel| kernel.multiply_only(rounds)));
    #[cfg(not(target_arch = "x86_64"))]
    return py.detach(|| None.filter(|_: &u64| rounds > 0));
}

/// Keys whose signatures are verified, with the tables that were made for them.
#[pyclass(frozen, module = "concordat_native")]
struct Ed25519Keys(Mutex<ed25519::Keys>);

#[pymethods]
impl Ed25519Keys {
    #[new]
    #[pyo3(signature = (*, lanes=true))]
    fn new(lanes: bool) -> Self {
        Self(Mutex::new(ed25519::Keys::new(Arithmetic::choose(lanes))))
    }

    fn verify<'py>(
        &self,
        py: Python<'py>,
        publics: &[u8],
        signatures: &[u8],
        messages: &[u8],
        offsets: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let taken = released(py, None, || {
            let mut keys = self.0.lock().map_err(|_| Error::shape("an earlier call did not end"))?;
            keys.verify(publics, signatures, &Column::new(messages, offsets)?)
        })?;
        Ok(PyBytes::new(py, &taken))
    }
}

/// Names what this crate offers, so that Python does not call one that offers something else (keys/native.py).
fn interface() -> String {
    let digest = Sha256::digest(include_bytes!("../concordat_native.pyi"));
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Columns in, columns out.
#[pymodule]
fn concordat_native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("RejectedError", module.py().get_type::<RejectedError>())?;
    module.add("version", env!("CARGO_PKG_VERSION"))?;
    module.add("interface", interface())?;
    module.add("arithmetic", Arithmetic::choose(true).name())?;
    module.add_class::<Ed25519Keys>()?;
    module.add_class::<python_reading::RowReader>()?;
    module.add_function(wrap_pyfunction!(python_reading::crowded, module)?)?;
    module.add_function(wrap_pyfunction!(python_reading::staged_marks, module)?)?;
    module.add_function(wrap_pyfunction!(python_reading::count_utf8, module)?)?;
    module.add_function(wrap_pyfunction!(python_reading::look, module)?)?;
    module.add_function(wrap_pyfunction!(python_reading::whole_rows, module)?)?;
    module.add_function(wrap_pyfunction!(oprf_evaluate, module)?)?;
    module.add_function(wrap_pyfunction!(oprf_blind, module)?)?;
    module.add_function(wrap_pyfunction!(oprf_blind_evaluate, module)?)?;
    module.add_function(wrap_pyfunction!(oprf_finalize, module)?)?;
    module.add_function(wrap_pyfunction!(dleq_composites, module)?)?;
    module.add_function(wrap_pyfunction!(require_elements, module)?)?;
    module.add_function(wrap_pyfunction!(hmac_evaluate, module)?)?;
    module.add_function(wrap_pyfunction!(handles, module)?)?;
    module.add_function(wrap_pyfunction!(multiply_only, module)?)?;
    python_merkle::register(module)?;
    python_names::register(module)?;
    python_blinding::register(module)?;
    python_cache::register(module)?;
    python_sheet::register(module)?;
    python_open::register(module)
}
