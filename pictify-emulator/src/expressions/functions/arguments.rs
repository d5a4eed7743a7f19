//! What a function was given.

use super::super::{
    budget::Budget,
    error::Fault,
    values::{self, Item, shown},
};
use serde_json::Value;
use std::{borrow::Cow, ops::RangeInclusive};

/// The arguments of one call. Reading one pays for its size.
pub(crate) struct Arguments<'a, 'b> {
    function: &'static str,
    items: Vec<Item<'a>>,
    pub(super) budget: &'b Budget,
}

impl<'a, 'b> Arguments<'a, 'b> {
    pub(crate) fn new(function: &'static str, items: Vec<Item<'a>>, budget: &'b Budget) -> Self {
        Self { function, items, budget }
    }

    pub(super) fn count(&self) -> usize {
        self.items.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Value> {
        self.items.get(index)?.as_deref()
    }

    pub(super) fn take(&mut self, index: usize) -> Item<'a> {
        self.items.get_mut(index)?.take()
    }

    /// Any value as text.
    pub(super) fn text(&self, index: usize) -> Result<Cow<'_, str>, Fault> {
        values::text(self.get(index), self.budget)
    }

    /// The text of an argument that may be left out.
    pub(super) fn text_or<'t>(&'t self, index: usize, default: &'t str) -> Result<Cow<'t, str>, Fault> {
        if self.get(index).is_none_or(Value::is_null) { Ok(Cow::Borrowed(default)) } else { self.text(index) }
    }

    pub(super) fn number(&self, index: usize) -> Result<f64, Fault> {
        let value = self.get(index);
        value.and_then(values::as_number).ok_or_else(|| self.wrong(index, "a number"))
    }

    /// A number without a fraction, within bounds.
    pub(super) fn whole(&self, index: usize, bounds: RangeInclusive<i64>) -> Result<i64, Fault> {
        let number = self.number(index)?;
        #[allow(clippy::cast_possible_truncation, reason = "a number that is out of range becomes the nearest")]
        let whole = number as i64;
        if number.fract() != 0.0 || !bounds.contains(&whole) {
            let wanted = match (bounds.start(), bounds.end()) {
                (&i64::MIN, _) => "a whole number".to_owned(),
                (start, &i64::MAX) => format!("a whole number from {start}"),
                (start, end) => format!("a whole number from {start} to {end}"),
            };
            return Err(self.wrong(index, &wanted));
        }
        Ok(whole)
    }

    /// How many: a number of characters or places.
    pub(super) fn size(&self, index: usize) -> Result<usize, Fault> {
        let whole = self.whole(index, 0..=i64::MAX)?;
        Ok(usize::try_from(whole).unwrap_or(usize::MAX))
    }

    pub(super) fn list(&self, index: usize) -> Result<&[Value], Fault> {
        let Some(Value::Array(items)) = self.get(index) else { return Err(self.wrong(index, "a list")) };
        self.budget.charge(items.len())?;
        Ok(items)
    }

    pub(super) fn wrong(&self, index: usize, wanted: &str) -> Fault {
        let given = shown(self.get(index));
        self.fault(&format!("argument {} must be {wanted}, not {given}", index + 1))
    }

    pub(super) fn fault(&self, what: &str) -> Fault {
        Fault::evaluation(format!("{}: {what}", self.function))
    }
}
