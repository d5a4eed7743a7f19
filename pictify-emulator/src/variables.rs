//! Variables of templates: definitions, defaults and validation.

use crate::json::lenient;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::fmt;

/// Definition of a template variable.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct VariableDefinition {
    /// Name, as in `{{name}}`.
    pub name: String,
    /// Value that is used if none is given.
    pub default: Option<Value>,
    /// Allows HTML that is not escaped.
    pub allow_raw_html: bool,
    /// Requires a value.
    pub required: bool,
    /// Minimum length of a string, in characters.
    pub min_length: Option<u64>,
    /// Maximum length of a string, in characters.
    pub max_length: Option<u64>,
}

/// `VariableDefinition` of the contract. Optional members of another type count as absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition {
    name: String,
    default_value: Option<Value>,
    #[serde(default, deserialize_with = "lenient")]
    allow_raw_html: Option<bool>,
    /// Older documents have it here instead of in `validation`.
    #[serde(default, deserialize_with = "lenient")]
    required: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    validation: Option<Validation>,
}

/// Validation of a variable.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Validation {
    #[serde(deserialize_with = "lenient")]
    required: Option<bool>,
    #[serde(deserialize_with = "lenient")]
    min_length: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    max_length: Option<u64>,
}

impl VariableDefinition {
    /// Reads a `VariableDefinition` of the contract; `None` if it has no name.
    #[must_use]
    pub fn read(definition: &Value) -> Option<Self> {
        let Definition { name, default_value: default, allow_raw_html, required, validation } =
            Definition::deserialize(definition).ok()?;
        let Validation { required: validated, min_length, max_length } = validation.unwrap_or_default();
        Some(Self {
            name,
            default,
            allow_raw_html: allow_raw_html.unwrap_or_default(),
            required: required.or(validated).unwrap_or_default(),
            min_length,
            max_length,
        })
    }

    /// Reads the list of definitions of a template; empty if the value is not a list.
    #[must_use]
    pub fn read_all(definitions: &Value) -> Vec<Self> {
        definitions.as_array().into_iter().flatten().filter_map(Self::read).collect()
    }

    /// Returns the error of a value, if it violates the definition.
    fn check(&self, value: Option<&Value>) -> Option<VariableError> {
        let problem = match value {
            None | Some(Value::Null) => self.required.then_some(Problem::Missing),
            Some(Value::String(text)) => {
                let length = text.chars().count() as u64;
                let short = self.min_length.filter(|min| length < *min).map(Problem::TooShort);
                short.or_else(|| self.max_length.filter(|max| length > *max).map(Problem::TooLong))
            }
            Some(_) => None,
        };
        problem.map(|problem| VariableError { name: self.name.clone(), problem })
    }
}

/// Returns the given variables, completed by the defaults of their definitions.
///
/// A variable with the value `null` takes its default. Variables without a definition are passed through.
///
/// # Errors
/// If a required value is missing, or a string is too short or too long: the first error in the order of the
/// definitions.
pub fn resolve_variables(
    definitions: &[VariableDefinition],
    variables: &Map<String, Value>,
) -> Result<Map<String, Value>, VariableError> {
    let mut values = variables.clone();
    for definition in definitions {
        if let Some(default) = &definition.default
            && values.get(&definition.name).is_none_or(Value::is_null)
        {
            values.insert(definition.name.clone(), default.clone());
        }
        if let Some(error) = definition.check(values.get(&definition.name)) {
            return Err(error);
        }
    }
    Ok(values)
}

/// Value that violates its definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableError {
    name: String,
    problem: Problem,
}

/// Problem with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// The value is required and missing.
    Missing,
    /// The string has fewer characters than this.
    TooShort(u64),
    /// The string has more characters than this.
    TooLong(u64),
}

impl VariableError {
    /// Returns the name of the variable.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the problem with the value.
    #[must_use]
    pub fn problem(&self) -> Problem {
        self.problem
    }
}

impl fmt::Display for VariableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match self.problem {
            Problem::Missing => write!(f, "Variable \"{name}\" is required and has no value"),
            Problem::TooShort(min) => write!(f, "Variable \"{name}\" has fewer than {min} characters"),
            Problem::TooLong(max) => write!(f, "Variable \"{name}\" has more than {max} characters"),
        }
    }
}

impl std::error::Error for VariableError {}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resolve(definition: &Value, variables: &Value) -> Result<Value, String> {
        let definitions = VariableDefinition::read_all(&json!([definition]));
        let values = resolve_variables(&definitions, variables.as_object().unwrap());
        values.map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn defaults_replace_missing_values() {
        for (definition, given, values) in [
            (json!({"name": "a"}), json!({}), json!({})),
            (json!({"name": "a", "defaultValue": 1}), json!({}), json!({"a": 1})),
            (json!({"name": "a", "defaultValue": 1}), json!({"a": null}), json!({"a": 1})),
            (json!({"name": "a", "defaultValue": 1}), json!({"a": 0, "b": 2}), json!({"a": 0, "b": 2})),
            (json!({"name": "a", "required": true, "defaultValue": "x"}), json!({}), json!({"a": "x"})),
            (json!({"defaultValue": 1}), json!({}), json!({})),
        ] {
            assert_eq!(resolve(&definition, &given), Ok(values), "{definition} {given}");
        }
    }

    #[test]
    fn values_are_validated_against_their_definitions() {
        let length = json!({"name": "a", "validation": {"minLength": 2, "maxLength": 3}});
        let missing = "Variable \"a\" is required and has no value";
        for (definition, given, problem) in [
            (&json!({"name": "a", "required": true}), json!({}), Some(missing)),
            (&json!({"name": "a", "validation": {"required": true}}), json!({"a": null}), Some(missing)),
            (&length, json!({"a": "ñ"}), Some("Variable \"a\" has fewer than 2 characters")),
            (&length, json!({"a": "👍👍👍"}), None),
            (&length, json!({"a": "four"}), Some("Variable \"a\" has more than 3 characters")),
            (&length, json!({"a": 12345}), None),
            (&length, json!({}), None),
        ] {
            assert_eq!(resolve(definition, &given).err().as_deref(), problem, "{definition} {given}");
        }
    }
}
