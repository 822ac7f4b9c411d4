//! Python's door to `blinding`. See concordat_native.pyi.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zeroize::Zeroizing;

use crate::blinding::{self, Source};
use crate::bucket::{Marks, Problem, sort_out};
use crate::column;
use crate::error::Error;
use crate::fields::Field;
use crate::keyed::Info;
use crate::plans::Memory;
use crate::python::released;
use crate::rows::Submission;
use crate::staged;

/// What a worker holds for one submission.
#[pyclass(frozen, module = "concordat_native")]
pub struct Blinder(blinding::Blinder);

/// What became of one bucket.
#[pyclass(frozen, get_all, module = "concordat_native")]
pub struct Bucket {
    put: usize,
    deleted: usize,
    unchanged: usize,
    duplicates: usize,
    rejects: Vec<(u16, u32, u8, &'static str)>,
    blocks: Py<PyBytes>,
    rows: Py<PyBytes>,
    sizes: Vec<usize>,
}

#[pymethods]
impl Blinder {
    #[new]
    #[pyo3(signature = (fields, *, info, associated, asking, columns, scale, parts, name_width, mode, key, prefix, lanes=true))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        fields: Vec<(String, Vec<u8>)>,
        info: Vec<u8>,
        associated: Vec<u8>,
        asking: bool,
        columns: Vec<Vec<u8>>,
        scale: &[u8],
        parts: &[u8],
        name_width: usize,
        mode: &str,
        key: &[u8],
        prefix: Vec<u8>,
        lanes: bool,
    ) -> PyResult<Self> {
        let key = Zeroizing::new(key.to_vec());
        let source = match mode {
            "holder" => Source::Holder(key),
            "group" => Source::Group(key),
            "given" => Source::Given,
            _ => return Err(Error::shape("a source of record secrets is not known").into()),
        };
        let scale: Vec<_> =
            column::fixed::<8>(scale, "the scale")?.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect();
        let fields = fields
            .iter()
            .map(|(comparator, message)| Field::new(comparator, message, &scale, parts, name_width))
            .collect::<Result<_, _>>()?;
        let submission = Submission { info: Info::new(&info), associated, asking, lanes, fields };
        Ok(Self(blinding::Blinder { submission, source, prefix, columns, memory: Memory::default() }))
    }

    #[pyo3(signature = (staged, previous, split, secrets, *, max_versions, crowded=None, exhausted=None, nonces=None))]
    #[allow(clippy::too_many_arguments)]
    fn bucket<'py>(
        &self,
        py: Python<'py>,
        staged: &[u8],
        previous: Vec<Bound<'py, PyBytes>>,
        split: &Bound<'py, PyAny>,
        secrets: Option<&Bound<'py, PyAny>>,
        max_versions: usize,
        crowded: Option<&[u8]>,
        exhausted: Option<&[u8]>,
        nonces: Option<&[u8]>,
    ) -> PyResult<Bucket> {
        let blocks: Vec<&[u8]> = previous.iter().map(|block| block.as_bytes()).collect();
        let (sorted, mut read) = py.detach(|| {
            let sorted = sort_out(staged, &blocks, Marks { crowded, exhausted }, max_versions)?;
            let read = self.0.read(&sorted.put)?;
            Ok::<_, Error>((sorted, read))
        })?;
        let names = read.unknown_names();
        let plans: Vec<Bound<'py, PyBytes>> = match names.is_empty() {
            true => Vec::new(),
            false => split.call1((names.iter().map(|name| PyBytes::new(py, name)).collect::<Vec<_>>(),))?.extract()?,
        };
        read.learn(&self.0, &plans.iter().map(|plan| plan.as_bytes()).collect::<Vec<_>>())?;
        let given: Option<Bound<'py, PyBytes>> = match secrets {
            Some(secrets) if !sorted.put.is_empty() => {
                let (data, offsets) = blinding::links(&sorted.put);
                Some(secrets.call1((PyBytes::new(py, &data), offset_bytes(py, &offsets)))?.extract()?)
            }
            _ => None,
        };
        let given = given.as_ref().map(|secrets| secrets.as_bytes());
        let made = released(py, Some(1), || self.0.blind(&sorted, &read, given, nonces))?;
        let rows = PyBytes::new_with(py, made.size(), |place| {
            made.copy(place);
            Ok(())
        })?;
        Ok(Bucket {
            put: sorted.put.len(),
            deleted: sorted.vanished.len(),
            unchanged: sorted.unchanged,
            duplicates: sorted.duplicates,
            rejects: sorted.rejects.iter().map(|it| (it.file, it.line, it.column, name(it.problem))).collect(),
            blocks: PyBytes::new(py, &made.blocks).unbind(),
            rows: rows.unbind(),
            sizes: made.sizes.to_vec(),
        })
    }
}

fn name(problem: Problem) -> &'static str {
    match problem {
        Problem::Crowded => "crowded",
        Problem::Repeated => "repeated",
        Problem::Exhausted => "exhausted",
    }
}

#[pyfunction]
fn staged_links<'py>(py: Python<'py>, staged: &[u8]) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
    let (data, offsets) = py.detach(|| Ok::<_, Error>(blinding::links(&staged::parse(staged)?)))?;
    Ok((PyBytes::new(py, &data), offset_bytes(py, &offsets)))
}

#[pyfunction]
fn staged_within<'py>(py: Python<'py>, staged: &[u8], first: u16, last: u16) -> PyResult<Bound<'py, PyBytes>> {
    let found = py.detach(|| staged::within(staged, first..=last))?;
    Ok(PyBytes::new(py, &found))
}

/// Offsets of a column, as Python has them.
pub fn offset_bytes<'py>(py: Python<'py>, offsets: &[u32]) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &offsets.iter().flat_map(|offset| offset.to_le_bytes()).collect::<Vec<_>>())
}

/// Add what this file has to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Blinder>()?;
    module.add_class::<Bucket>()?;
    module.add_function(wrap_pyfunction!(staged_links, module)?)?;
    module.add_function(wrap_pyfunction!(staged_within, module)?)
}
