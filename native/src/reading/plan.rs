//! What a file's columns are and which records a row makes: matcher/agency/records/plan.py, compiled.

use std::collections::HashSet;

use crate::error::Error;

/// How many data columns a plan may have: conditions are kept in one word.
const MOST_COLUMNS: usize = 64;

/// How the cells of a column are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An account number.
    Account,
    /// A company's name.
    Company,
    /// Any text.
    Text,
    /// A row's own number.
    RowId,
    /// A unified social credit code; one whose check does not hold is unknown.
    CreditCode,
    /// A credit code as link value, whose check must hold.
    CheckedCode,
    /// Money: whole fen.
    Amount,
    /// A day.
    Date,
    /// Python knows.
    Asked,
}

impl Kind {
    /// By the name that compiled.py gives it.
    pub fn named(name: &str) -> Result<Self, Error> {
        Ok(match name {
            "account" => Self::Account,
            "company" => Self::Company,
            "text" => Self::Text,
            "row-id" => Self::RowId,
            "credit-code" => Self::CreditCode,
            "checked-code" => Self::CheckedCode,
            "amount" => Self::Amount,
            "date" => Self::Date,
            "asked" => Self::Asked,
            _ => return Err(Error::shape("a column is of no known kind")),
        })
    }
}

/// One column that is read: data columns first, then links, then the row id.
pub struct Column {
    /// Where its cell stands in a row; None for a column that is not in the file, whose cells are all empty.
    pub position: Option<usize>,
    /// How it is read.
    pub kind: Kind,
    /// Fen of one unit, for amounts.
    pub unit: u64,
    /// Whether an empty cell is a problem.
    pub required: bool,
    /// JSON of an empty cell.
    pub empty: Vec<u8>,
    /// `,"name":`, which goes before its text among the extras.
    pub member: Vec<u8>,
}

/// A data column and the texts of which its value, as JSON, must be one.
pub type Condition = (usize, Vec<Vec<u8>>);

/// What a place among the fields holds.
pub enum Slot {
    /// The same for every record.
    Fixed(Vec<u8>),
    /// The value of a data column, by its place among the link's concerns; null where that does not apply.
    Concern(usize),
}

/// The records of one link column.
pub struct Link {
    /// Its column.
    pub column: usize,
    /// Its number among the agreement's columns.
    pub number: u8,
    /// What follows the row id in a vault row id.
    pub ending: Vec<u8>,
    /// Whether a row must name one.
    pub required: bool,
    /// What goes before the link value: the fixed extras and the link's own name.
    pub head: Vec<u8>,
    /// Data columns that concern its records, each with conditions.
    pub concerns: Vec<(usize, Vec<Condition>)>,
    /// What spares a row its record.
    pub unless: Vec<Condition>,
    /// The comparison fields, in order.
    pub fields: Vec<Slot>,
}

/// A test on a data column's cell, for rows that Python reads in any case.
pub enum Test {
    /// Empty.
    Blank(usize),
    /// Not empty.
    Filled(usize),
    /// Its value is one of these.
    Is(Condition),
    /// Not empty, and its value is none of these.
    Other(Condition),
}

/// Everything about one file.
pub struct Plan {
    /// Cells of a row.
    pub width: usize,
    /// The separator of cells.
    pub separator: u8,
    /// Whether ="text" stands for text.
    pub wrapped: bool,
    /// The header row, which may stand again: what its first cells hold; empty where it does not.
    pub header: Vec<Vec<u8>>,
    /// Where the cell stands that tells sums.
    pub first: usize,
    /// What it says of them.
    pub totals: HashSet<Vec<u8>>,
    /// All columns that are read.
    pub columns: Vec<Column>,
    /// How many of them are data columns.
    pub data: usize,
    /// The column that holds the row id, if the link value does not stand for it.
    pub row_id: Option<usize>,
    /// Data columns that are due after another one: where the first is empty and the second is not, Python fills it in.
    pub dues: Vec<(usize, usize)>,
    /// Link columns.
    pub links: Vec<Link>,
    /// Rows for which all tests of one of these hold are Python's.
    pub hand_back: Vec<Vec<Test>>,
}

impl Plan {
    /// Refuse a plan that names a column it does not have.
    pub fn checked(self) -> Result<Self, Error> {
        let data = |number: usize| number < self.data;
        let conditions = |list: &[Condition]| list.iter().all(|condition| data(condition.0));
        let link = |link: &Link| {
            link.column < self.columns.len()
                && conditions(&link.unless)
                && link.concerns.iter().all(|(number, wanted)| data(*number) && conditions(wanted))
                && link.fields.iter().all(|slot| !matches!(slot, Slot::Concern(place) if *place >= link.concerns.len()))
        };
        let test = |test: &Test| match test {
            Test::Blank(number) | Test::Filled(number) => data(*number),
            Test::Is(condition) | Test::Other(condition) => data(condition.0),
        };
        let fits = self.first < self.width
            && self.header.len() <= self.width
            && self.data <= self.columns.len().min(MOST_COLUMNS)
            && self.columns.iter().all(|column| column.position.is_none_or(|position| position < self.width))
            && self.row_id.is_none_or(|number| number < self.columns.len())
            && self.dues.iter().all(|(column, after)| data(*column) && data(*after))
            && !self.links.is_empty()
            && self.links.iter().all(link)
            && self.hand_back.iter().flatten().all(test)
            && !matches!(self.separator, b'"' | b'\n' | b'\r' | 0x80..);
        if fits { Ok(self) } else { Err(Error::shape("a plan does not fit together")) }
    }
}
