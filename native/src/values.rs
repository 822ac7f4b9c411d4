//! The contents of a bucket's records as columns of values, and the names among them that were not met before.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::blinding::Blinder;
use crate::column::require_count;
use crate::content::Reader;
use crate::error::Error;
use crate::fields::{Field, NOBODY, Values};
use crate::plans::{Parts, Plan};
use crate::staged::Record;

/// The records of a bucket, read: a column of values for each field.
pub struct Read<'a> {
    /// By field.
    pub values: Vec<Values>,
    /// Names of each field that have no plan yet; none of a field of another kind.
    new: Vec<Vec<Cow<'a, [u8]>>>,
}

impl Blinder {
    /// Read the contents of `records`.
    pub fn read<'a>(&self, records: &[Record<'a>]) -> Result<Read<'a>, Error> {
        let fields = &self.submission.fields;
        let known = self.memory.known();
        let mut values: Vec<_> = fields.iter().map(|field| field.column(&known)).collect();
        let mut new: Vec<_> = fields.iter().map(|_| HashMap::new()).collect();
        for (row, record) in records.iter().enumerate() {
            let mut reader = Reader::new(record.content, row)?;
            for (column, new) in values.iter_mut().zip(&mut new) {
                push(column, &mut reader, new)?;
            }
            reader.end()?;
        }
        let new = new.into_iter().map(|places| {
            let mut names = vec![Cow::Borrowed(&[][..]); places.len()];
            places.into_iter().for_each(|(name, place)| names[place] = name);
            names
        });
        Ok(Read { values, new: new.collect() })
    }
}

impl Read<'_> {
    /// The distinct names that have no plan yet; `learn` takes their plans in this order.
    pub fn unknown_names(&self) -> Vec<&[u8]> {
        self.new.iter().flatten().map(AsRef::as_ref).collect()
    }

    /// Take the plans of `unknown_names`, and keep them for buckets to come.
    pub fn learn(&mut self, blinder: &Blinder, given: &[&[u8]]) -> Result<(), Error> {
        require_count(given.len(), self.new.iter().map(Vec::len).sum(), "split names")?;
        let mut given = given.iter().enumerate();
        for ((names, field), values) in self.new.iter().zip(&blinder.submission.fields).zip(&mut self.values) {
            if let Values::Names { plans, .. } = values {
                let parsed = given.by_ref().take(names.len()).map(|(number, data)| parse(field, data, number));
                plans.learnt = parsed.collect::<Result<_, _>>()?;
                let learnt = names.iter().zip(&plans.learnt);
                blinder.memory.keep(learnt.map(|(name, plan)| (name.as_ref(), plan.clone())));
            }
        }
        Ok(())
    }
}

fn parse(field: &Field, data: &[u8], number: usize) -> Result<Arc<Plan>, Error> {
    let plan = field.parts().and_then(|parts: &Parts| parts.plan(data));
    plan.map(Arc::new).ok_or_else(|| Error::at(number, "a split name is malformed"))
}

fn push<'a>(
    column: &mut Values,
    reader: &mut Reader<'a>,
    new: &mut HashMap<Cow<'a, [u8]>, usize>,
) -> Result<(), Error> {
    match column {
        Values::Texts { data, offsets, known } => {
            let text = reader.text()?;
            known.push(text.is_some());
            data.extend_from_slice(&text.unwrap_or_default());
            offsets.push(data.len() as u32);
        }
        Values::Amounts(amounts) => amounts.push(reader.amount()?),
        Values::Days(days) => days.push(reader.days()?),
        Values::Sets(sets) => sets.push(reader.set()?),
        Values::Names { index, plans } => index.push(match reader.text()? {
            None => NOBODY,
            Some(name) => match plans.known.find(&name) {
                Some(place) => place,
                None => {
                    let next = new.len();
                    plans.before() + *new.entry(name).or_insert(next) as u32
                }
            },
        }),
    }
    Ok(())
}
