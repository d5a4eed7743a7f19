//! Errors of values that do not match a template's variables.

use super::{VariableType, validate::expectation};
use crate::Error;
use pictify_api::ValidationErrors;
use serde_json::Value;
use std::{fmt, slice, vec};

/// Error of a value that does not match a template's variables.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableError {
    /// A required variable has no value.
    Missing {
        /// Name of the variable.
        name: String,
        /// Type of the variable.
        expected: VariableType,
    },
    /// A value does not belong to any variable of the template.
    Unknown {
        /// Name of the value.
        name: String,
        /// Variable whose name differs in case, hyphens or underscores only, if there is one.
        similar: Option<String>,
    },
    /// A value does not have the type of its variable.
    WrongType {
        /// Name of the variable.
        name: String,
        /// Type of the variable.
        expected: VariableType,
        /// Type of the value.
        actual: JsonType,
    },
    /// A text is too short or too long.
    Length {
        /// Name of the variable.
        name: String,
        /// Minimum number of characters, if there is one.
        min: Option<u64>,
        /// Maximum number of characters, if there is one.
        max: Option<u64>,
        /// Number of characters of the value.
        actual: u64,
    },
    /// The values are not a JSON object.
    NotAnObject {
        /// Reason, in one sentence.
        message: String,
    },
}

impl VariableError {
    /// Returns the name of the variable or value; `None` if the error concerns all values.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Missing { name, .. }
            | Self::Unknown { name, .. }
            | Self::WrongType { name, .. }
            | Self::Length { name, .. } => Some(name),
            Self::NotAnObject { .. } => None,
        }
    }

    /// Returns the message, without the name.
    fn message(&self) -> String {
        match self {
            Self::Missing { expected, .. } => format!("is required ({expected}) and missing"),
            Self::Unknown { similar: None, .. } => "is not a variable of the template".to_owned(),
            Self::Unknown { similar: Some(similar), .. } => {
                format!("is not a variable of the template; did you mean {similar}?")
            }
            Self::WrongType { expected, actual, .. } => format!("must be {}, is {actual}", expectation(expected)),
            Self::Length { min, max, actual, .. } => match (min, max) {
                (Some(min), _) if actual < min => format!("must have at least {min} characters, has {actual}"),
                (_, Some(max)) => format!("must have at most {max} characters, has {actual}"),
                _ => format!("has {actual} characters"),
            },
            Self::NotAnObject { message } => message.clone(),
        }
    }
}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name}: {}", self.message()),
            None => f.write_str(&self.message()),
        }
    }
}

/// Type of a JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JsonType {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean,
    /// A number.
    Number,
    /// A string.
    String,
    /// A list.
    Array,
    /// An object.
    Object,
}

impl From<&Value> for JsonType {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::String,
            Value::Array(_) => Self::Array,
            Value::Object(_) => Self::Object,
        }
    }
}

impl fmt::Display for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "a list",
            Self::Object => "an object",
        })
    }
}

/// All errors of values that do not match a template's variables; at least one. Displays as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableErrors(pub(super) Vec<VariableError>);

impl VariableErrors {
    /// Returns the errors: first those of the variables, in the order of their definitions, then unknown names.
    pub fn iter(&self) -> slice::Iter<'_, VariableError> {
        self.0.iter()
    }
}

impl IntoIterator for VariableErrors {
    type Item = VariableError;
    type IntoIter = vec::IntoIter<VariableError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a VariableErrors {
    type Item = &'a VariableError;
    type IntoIter = slice::Iter<'a, VariableError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for VariableErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for VariableErrors {}

impl From<VariableErrors> for Error {
    /// Converts to a [`Validation`](crate::ErrorKind::Validation) error with one validation error for each;
    /// [`get_ref`](Error::get_ref) returns `errors`.
    fn from(errors: VariableErrors) -> Self {
        let mut found = ValidationErrors::default();
        found.at("variables", |found| {
            for error in &errors {
                found.push(error.name().unwrap_or_default(), error.message());
            }
        });
        Self::invalid(found).with_named_source(errors)
    }
}
