//! Why values do not fit a template.

use super::{VariableType, check::wanted};
use crate::Error;
use pictify_api::ValidationErrors;
use serde_json::Value;
use std::{fmt, slice, vec};

/// One reason why values do not fit a template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VariableProblem {
    /// A variable is required and has no value.
    Missing {
        /// The variable.
        name: String,
        /// What it holds.
        expected: VariableType,
    },
    /// A value is for no variable of the template.
    Unknown {
        /// The name that it has.
        name: String,
        /// The variable that is probably meant: one whose name differs in case, hyphens or underscores only.
        similar: Option<String>,
    },
    /// A value is not what its variable holds.
    WrongType {
        /// The variable.
        name: String,
        /// What it holds.
        expected: VariableType,
        /// What was given.
        given: JsonType,
    },
    /// A text is too short or too long.
    Length {
        /// The variable.
        name: String,
        /// The least number of characters, if there is one.
        min: Option<u64>,
        /// The greatest number of characters, if there is one.
        max: Option<u64>,
        /// How many characters were given.
        given: u64,
    },
    /// The values are no object at all.
    NotAnObject {
        /// What they are instead.
        why: String,
    },
}

impl VariableProblem {
    /// The name of the variable or value; none when it is all of them.
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

    /// What is wrong, without the name.
    fn message(&self) -> String {
        match self {
            Self::Missing { expected, .. } => format!("is required ({expected}) and not given"),
            Self::Unknown { similar: None, .. } => "is not a variable of the template".to_owned(),
            Self::Unknown { similar: Some(similar), .. } => {
                format!("is not a variable of the template, {similar} is")
            }
            Self::WrongType { expected, given, .. } => format!("must be {}, is {given}", wanted(expected)),
            Self::Length { min, max, given, .. } => match (min, max) {
                (Some(min), _) if given < min => format!("must have at least {min} characters, has {given}"),
                (_, Some(max)) => format!("must have at most {max} characters, has {given}"),
                _ => format!("has {given} characters"),
            },
            Self::NotAnObject { why } => why.clone(),
        }
    }
}

impl fmt::Display for VariableProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name}: {}", self.message()),
            None => f.write_str(&self.message()),
        }
    }
}

/// A type of JSON.
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

/// Every reason why values do not fit a template; at least one. Displays as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableProblems(pub(super) Vec<VariableProblem>);

impl VariableProblems {
    /// The problems: first those of the variables in the order of their definitions, then unknown names.
    pub fn iter(&self) -> slice::Iter<'_, VariableProblem> {
        self.0.iter()
    }
}

impl IntoIterator for VariableProblems {
    type Item = VariableProblem;
    type IntoIter = vec::IntoIter<VariableProblem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a VariableProblems {
    type Item = &'a VariableProblem;
    type IntoIter = slice::Iter<'a, VariableProblem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for VariableProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for VariableProblems {}

impl From<VariableProblems> for Error {
    /// A [`Validation`](crate::ErrorKind::Validation) error with a violation for each problem, and the problems as its
    /// source.
    fn from(problems: VariableProblems) -> Self {
        let mut violations = ValidationErrors::default();
        violations.at("variables", |found| {
            for problem in &problems {
                found.push(problem.name().unwrap_or_default(), problem.message());
            }
        });
        Self::invalid(violations).with_source(problems)
    }
}
