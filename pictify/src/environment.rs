//! Variables of the environment.

use crate::{Error, Result, key::without_quotes};
use std::env::{self, VarError};

/// Returns the value of a variable without white space and quotes around it. One that is empty counts as not set.
///
/// # Errors
/// [`Config`](crate::ErrorKind::Config) if it is not UTF-8.
pub(crate) fn variable(name: &str) -> Result<Option<String>> {
    let Some(value) = raw_variable(name)? else { return Ok(None) };
    let value = value.trim();
    let value = without_quotes(value).unwrap_or(value).trim();
    Ok((!value.is_empty()).then(|| value.to_owned()))
}

/// Returns the value of a variable as it is.
///
/// # Errors
/// As [`variable`].
pub(crate) fn raw_variable(name: &str) -> Result<Option<String>> {
    match env::var(name) {
        Ok(value) => Ok(Some(value)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(Error::config(format!("{name} is not UTF-8"))),
    }
}
