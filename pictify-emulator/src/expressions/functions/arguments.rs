//! Arguments of a function call.

use super::super::{
    error::UnlocatedError,
    fuel::Fuel,
    values::{self, MaybeValue, describe},
};
use serde_json::Value;
use std::{borrow::Cow, ops::RangeInclusive};

/// Arguments of one call. Reading an argument consumes fuel for its size.
pub(crate) struct Arguments<'a, 'b> {
    function: &'static str,
    items: Vec<MaybeValue<'a>>,
    pub(super) fuel: &'b Fuel,
}

impl<'a, 'b> Arguments<'a, 'b> {
    pub(crate) fn new(function: &'static str, items: Vec<MaybeValue<'a>>, fuel: &'b Fuel) -> Self {
        Self { function, items, fuel }
    }

    /// Returns the number of arguments.
    pub(super) fn count(&self) -> usize {
        self.items.len()
    }

    /// Returns an argument, or `None` if it is undefined or not given.
    pub(super) fn get(&self, index: usize) -> Option<&Value> {
        self.items.get(index)?.as_deref()
    }

    /// Takes an argument out of the list.
    pub(super) fn take(&mut self, index: usize) -> MaybeValue<'a> {
        self.items.get_mut(index)?.take()
    }

    /// Reads any value as text.
    pub(super) fn text(&self, index: usize) -> Result<Cow<'_, str>, UnlocatedError> {
        values::to_text(self.get(index), self.fuel)
    }

    /// Reads an optional argument as text.
    pub(super) fn text_or<'t>(&'t self, index: usize, default: &'t str) -> Result<Cow<'t, str>, UnlocatedError> {
        if self.get(index).is_none_or(Value::is_null) { Ok(Cow::Borrowed(default)) } else { self.text(index) }
    }

    /// Reads a number.
    pub(super) fn number(&self, index: usize) -> Result<f64, UnlocatedError> {
        let value = self.get(index);
        value.and_then(values::to_number).ok_or_else(|| self.invalid_argument(index, "a number"))
    }

    /// Reads an integer within bounds.
    pub(super) fn integer(&self, index: usize, bounds: RangeInclusive<i64>) -> Result<i64, UnlocatedError> {
        let number = self.number(index)?;
        #[allow(clippy::cast_possible_truncation, reason = "a number that is out of range becomes the nearest integer")]
        let integer = number as i64;
        if number.fract() != 0.0 || !bounds.contains(&integer) {
            let expected = match (bounds.start(), bounds.end()) {
                (&i64::MIN, _) => "a whole number".to_owned(),
                (start, &i64::MAX) => format!("a whole number from {start}"),
                (start, end) => format!("a whole number from {start} to {end}"),
            };
            return Err(self.invalid_argument(index, &expected));
        }
        Ok(integer)
    }

    /// Reads a length: an integer from 0.
    pub(super) fn length(&self, index: usize) -> Result<usize, UnlocatedError> {
        let length = self.integer(index, 0..=i64::MAX)?;
        Ok(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// Reads an array.
    pub(super) fn array(&self, index: usize) -> Result<&[Value], UnlocatedError> {
        let Some(Value::Array(items)) = self.get(index) else { return Err(self.invalid_argument(index, "an array")) };
        self.fuel.consume(items.len())?;
        Ok(items)
    }

    /// Returns the error for an argument of the wrong type or range.
    pub(super) fn invalid_argument(&self, index: usize, expected: &str) -> UnlocatedError {
        let given = describe(self.get(index));
        self.error(&format!("argument {} must be {expected}, not {given}", index + 1))
    }

    /// Returns an error that names the function.
    pub(super) fn error(&self, message: &str) -> UnlocatedError {
        UnlocatedError::evaluation(format!("{}: {message}", self.function))
    }
}
