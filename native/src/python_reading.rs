//! The file reader as Python sees it: blocks of text or columns of cells in, staged records out. See concordat_native.pyi.

use std::collections::HashSet;

use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::column::Column;
use crate::error::Error;
use crate::reading::crowding;
use crate::reading::plan::{self, Kind, Link, Plan, Slot, Test};
use crate::reading::reader::Reader;
use crate::reading::split;
use crate::reading::staged::Names;

type Condition = (usize, Vec<Vec<u8>>);
type Concern = (usize, Vec<Condition>);
type NamedTest = (String, usize, Vec<Vec<u8>>);
type Places = Vec<(u32, u32, u32)>;
type Counts = (usize, usize, usize, usize);

/// Where the last whole row of `data` ends, and the lines up to there.
#[pyfunction]
#[pyo3(signature = (data, separator, *, last=false))]
pub fn whole_rows(py: Python<'_>, data: &[u8], separator: u8, last: bool) -> (usize, usize) {
    py.detach(|| split::whole_rows(data, separator, last))
}

/// Line feeds, whether `mark` is there, and how much is whole characters of UTF-8.
#[pyfunction]
pub fn look(py: Python<'_>, data: &[u8], mark: &[u8]) -> (usize, bool, Option<usize>) {
    py.detach(|| split::look(data, mark))
}

/// Tags that more than `most` different handles have.
#[pyfunction]
pub fn staged_marks<'py>(py: Python<'py>, staged: &[u8], key: &[u8], tags: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    let marks = py.detach(|| crowding::marks(staged, key, tags))?;
    Ok(PyBytes::new(py, &marks))
}

#[pyfunction]
pub fn crowded<'py>(py: Python<'py>, tags: &[u8], handles: &[u8], most: usize) -> PyResult<Bound<'py, PyBytes>> {
    let found = py.detach(|| crowding::crowded(tags, handles, most))?;
    Ok(PyBytes::new(py, &found))
}

/// Characters beyond ASCII, bytes that do not decode as UTF-8, and how much was counted.
#[pyfunction]
#[pyo3(signature = (data, *, last=false))]
pub fn count_utf8(py: Python<'_>, data: &[u8], last: bool) -> (usize, usize, usize) {
    py.detach(|| split::count(data, last))
}

#[derive(FromPyObject)]
struct ReadColumn {
    position: Option<usize>,
    kind: String,
    unit: u64,
    required: bool,
    empty: Vec<u8>,
    member: Vec<u8>,
}

#[derive(FromPyObject)]
struct LinkColumn {
    column: usize,
    number: u8,
    ending: Vec<u8>,
    required: bool,
    head: Vec<u8>,
    concerns: Vec<Concern>,
    unless: Vec<Condition>,
    fields: Vec<(Option<usize>, Vec<u8>)>,
}

impl From<LinkColumn> for Link {
    fn from(link: LinkColumn) -> Self {
        let slot = |(concern, text): (Option<usize>, Vec<u8>)| concern.map_or(Slot::Fixed(text), Slot::Concern);
        Self {
            column: link.column,
            number: link.number,
            ending: link.ending,
            required: link.required,
            head: link.head,
            concerns: link.concerns,
            unless: link.unless,
            fields: link.fields.into_iter().map(slot).collect(),
        }
    }
}

fn test((what, number, wanted): NamedTest) -> Result<Test, Error> {
    match what.as_str() {
        "blank" => Ok(Test::Blank(number)),
        "filled" => Ok(Test::Filled(number)),
        "is" => Ok(Test::Is((number, wanted))),
        "other" => Ok(Test::Other((number, wanted))),
        _ => Err(Error::shape("a test is of no known kind")),
    }
}

/// Reads the rows of one file.
#[pyclass(module = "concordat_native")]
pub struct RowReader(Reader);

#[pymethods]
impl RowReader {
    #[new]
    #[pyo3(signature = (*, width, separator, wrapped, header, first, totals, columns, data, row_id, dues, links, hand_back, key, prefix, asking))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        width: usize,
        separator: u8,
        wrapped: bool,
        header: Vec<Vec<u8>>,
        first: usize,
        totals: HashSet<Vec<u8>>,
        columns: Vec<ReadColumn>,
        data: usize,
        row_id: Option<usize>,
        dues: Vec<(usize, usize)>,
        links: Vec<LinkColumn>,
        hand_back: Vec<Vec<NamedTest>>,
        key: &[u8],
        prefix: &[u8],
        asking: bool,
    ) -> PyResult<Self> {
        let column = |column: ReadColumn| -> Result<plan::Column, Error> {
            Ok(plan::Column {
                position: column.position,
                kind: Kind::named(&column.kind)?,
                unit: column.unit,
                required: column.required,
                empty: column.empty,
                member: column.member,
            })
        };
        let plan = Plan {
            width,
            separator,
            wrapped,
            header,
            first,
            totals,
            columns: columns.into_iter().map(column).collect::<Result<_, _>>()?,
            data,
            row_id,
            dues,
            links: links.into_iter().map(Link::from).collect(),
            hand_back: hand_back
                .into_iter()
                .map(|tests| tests.into_iter().map(test).collect::<Result<_, _>>())
                .collect::<Result<_, _>>()?,
        };
        Ok(Self(Reader::new(plan, Names::new(key, prefix, asking)?)?))
    }

    fn load(&mut self, py: Python<'_>, data: &[u8], line: u32, after: u32) -> PyResult<Vec<usize>> {
        Ok(py.detach(|| self.0.load(data, line, after))?)
    }

    fn load_columns(&mut self, py: Python<'_>, data: &[u8], offsets: &[u8], lines: &[u8]) -> PyResult<Vec<usize>> {
        Ok(py.detach(|| self.0.load_columns(data, offsets, lines))?)
    }

    fn asked<'py>(&self, py: Python<'py>, column: usize) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        Ok(self.0.asked(column)?.iter().map(|cell| PyBytes::new(py, cell)).collect())
    }

    fn learn(&mut self, column: usize, texts: &[u8], offsets: &[u8], marks: &[u8]) -> PyResult<()> {
        Ok(self.0.learn(column, &Column::new(texts, offsets)?, marks)?)
    }

    #[allow(clippy::too_many_arguments)]
    fn fill(
        &mut self,
        number: usize,
        filled: &[u8],
        filled_offsets: &[u8],
        texts: &[u8],
        offsets: &[u8],
        marks: &[u8],
    ) -> PyResult<()> {
        let (filled, texts) = (Column::new(filled, filled_offsets)?, Column::new(texts, offsets)?);
        Ok(self.0.fill(number, &filled, &texts, marks)?)
    }

    #[allow(clippy::type_complexity)]
    fn stage<'py>(
        &mut self,
        py: Python<'py>,
        data: &[u8],
        file: u16,
    ) -> PyResult<(Vec<Bound<'py, PyBytes>>, Counts, Places, Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let (staged, left) = py.detach(|| self.0.stage(data, file))?;
        Ok((
            staged.parts.iter().map(|part| PyBytes::new(py, part)).collect(),
            (staged.rows, staged.records, staged.warned, staged.spared),
            left.iter().map(|place| (place.line, place.start, place.end)).collect(),
            PyBytes::new(py, &staged.tags),
            PyBytes::new(py, &staged.handles),
        ))
    }
}
