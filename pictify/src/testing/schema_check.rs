//! Checks of a struct or type against the variables of a template.

use crate::{
    templates::{ValidateVariables, VariableDefinition, VariableError},
    variables,
};
use serde::Serialize;
use std::{collections::BTreeSet, fmt, slice};

/// One difference between a struct and the variables of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateMismatch {
    /// The service would reject a sample, or render it differently than intended.
    InvalidSample {
        /// Index of the sample, from 0.
        sample: usize,
        /// Problem of the sample.
        error: VariableError,
    },
    /// No sample has a value for this variable and the template has no default: it would render empty.
    NeverGiven {
        /// Name of the variable.
        name: String,
    },
    /// The schema of the type allows a missing value for a required variable.
    MayBeMissing {
        /// Name of the variable.
        name: String,
    },
    /// The schema of the type has a different type than the variable.
    WrongType {
        /// Name of the variable.
        name: String,
        /// Type of the variable.
        expected: String,
        /// Type according to the schema.
        given: String,
    },
    /// The type is not an object, or its schema is not that of an object.
    NotAnObject,
}

impl fmt::Display for TemplateMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidSample { sample, error } => write!(f, "sample {sample}: {error}"),
            Self::NeverGiven { name } => {
                write!(f, "{name}: is never set and has no default: it renders empty")
            }
            Self::MayBeMissing { name } => write!(f, "{name}: is required, but optional in the type"),
            Self::WrongType { name, expected, given } => {
                write!(f, "{name}: must be {expected}, is {given} in the type")
            }
            Self::NotAnObject => f.write_str("the type does not serialise to an object"),
        }
    }
}

/// All differences between a struct and the variables of a template; at least one. Displays one per line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateMismatches(Vec<TemplateMismatch>);

impl TemplateMismatches {
    /// Returns the differences, in the order in which they were found.
    pub fn iter(&self) -> slice::Iter<'_, TemplateMismatch> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a TemplateMismatches {
    type Item = &'a TemplateMismatch;
    type IntoIter = slice::Iter<'a, TemplateMismatch>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for TemplateMismatches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the struct does not match the template:")?;
        self.0.iter().try_for_each(|mismatch| write!(f, "\n  {mismatch}"))
    }
}

impl std::error::Error for TemplateMismatches {}

fn to_result(mismatches: Vec<TemplateMismatch>) -> Result<(), TemplateMismatches> {
    if mismatches.is_empty() { Ok(()) } else { Err(TemplateMismatches(mismatches)) }
}

/// Checks samples of a struct against the variables of a template: every required variable has a value, every member is
/// a variable, each value has the type of its variable, and no variable is empty in all samples.
///
/// The samples should differ in their optional members. Get the definitions from
/// [`templates().variables(..)`](crate::templates::Templates::variables) or
/// [`templates().get(..)`](crate::templates::Templates::get), ideally through a [`Cassette`](super::Cassette).
/// [`assert_struct_matches`] does the same and panics.
///
/// # Errors
/// [`TemplateMismatches`] with all differences.
///
/// ```
/// use pictify::{templates::VariableDefinition, testing::check_struct};
///
/// #[derive(serde::Serialize)]
/// struct Card { titel: String }
///
/// let mut title = VariableDefinition::new("title");
/// title.required = Some(true);
/// let mismatches = check_struct(&[title], &[Card { titel: "Hello".to_owned() }]).unwrap_err();
/// assert_eq!(
///     mismatches.to_string(),
///     "the struct does not match the template:\n  \
///      sample 0: title: is required (text) and missing\n  \
///      sample 0: titel: is not a variable of the template"
/// );
/// ```
pub fn check_struct<T: Serialize>(definitions: &[VariableDefinition], samples: &[T]) -> Result<(), TemplateMismatches> {
    let mut mismatches = Vec::new();
    let mut given = BTreeSet::new();
    for (sample, value) in samples.iter().enumerate() {
        if let Ok(members) = variables::object(value, "") {
            given.extend(members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name));
        }
        if let Err(errors) = definitions.validate(value) {
            mismatches.extend(errors.into_iter().map(|error| TemplateMismatch::InvalidSample { sample, error }));
        }
    }
    let is_reported = |name: &str| {
        mismatches.iter().any(|mismatch| match mismatch {
            TemplateMismatch::InvalidSample { error, .. } => error.name() == Some(name),
            _ => false,
        })
    };
    let empty: Vec<_> = definitions
        .iter()
        .filter(|definition| definition.default_value.is_none())
        .filter(|definition| !given.contains(&definition.name) && !is_reported(&definition.name))
        .map(|definition| TemplateMismatch::NeverGiven { name: definition.name.clone() })
        .collect();
    mismatches.extend(empty);
    to_result(mismatches)
}

/// Panics if samples of a struct do not match the variables of a template. See [`check_struct`].
///
/// # Panics
/// If there is a difference; the message lists all of them.
///
/// ```
/// use pictify::{templates::VariableDefinition, testing::assert_struct_matches};
///
/// #[derive(serde::Serialize)]
/// struct Card { title: String }
///
/// assert_struct_matches(&[VariableDefinition::new("title")], &[Card { title: "Hello".to_owned() }]);
/// ```
#[track_caller]
pub fn assert_struct_matches<T: Serialize>(definitions: &[VariableDefinition], samples: &[T]) {
    if let Err(mismatches) = check_struct(definitions, samples) {
        panic!("{mismatches}");
    }
}

/// Checks a type against the variables of a template, by the JSON Schema of the type: required variables are never
/// missing, every member is a variable, and each has the type of its variable. [`assert_type_matches`] does the same
/// and panics.
///
/// # Errors
/// [`TemplateMismatches`] with all differences.
///
/// ```
/// use pictify::{templates::VariableDefinition, testing::check_type};
///
/// #[derive(schemars::JsonSchema)]
/// struct Card { title: Option<String> }
///
/// let mut title = VariableDefinition::new("title");
/// title.required = Some(true);
/// let mismatches = check_type::<Card>(&[title]).unwrap_err();
/// assert!(mismatches.to_string().ends_with("title: is required, but optional in the type"));
/// ```
#[cfg(feature = "schemars")]
pub fn check_type<T: schemars::JsonSchema>(definitions: &[VariableDefinition]) -> Result<(), TemplateMismatches> {
    schema::check(
        definitions,
        &schemars::generate::SchemaSettings::draft2020_12()
            .for_serialize()
            .into_generator()
            .into_root_schema_for::<T>()
            .to_value(),
    )
}

#[cfg(feature = "schemars")]
/// Panics if a type does not match the variables of a template. See [`check_type`].
///
/// # Panics
/// If there is a difference; the message lists all of them.
///
/// ```
/// use pictify::{templates::VariableDefinition, testing::assert_type_matches};
///
/// #[derive(schemars::JsonSchema)]
/// struct Card { title: String }
///
/// assert_type_matches::<Card>(&[VariableDefinition::new("title")]);
/// ```
#[cfg(feature = "schemars")]
#[track_caller]
pub fn assert_type_matches<T: schemars::JsonSchema>(definitions: &[VariableDefinition]) {
    if let Err(mismatches) = check_type::<T>(definitions) {
        panic!("{mismatches}");
    }
}

#[cfg(feature = "schemars")]
mod schema {
    use super::{TemplateMismatch, TemplateMismatches, to_result};
    use crate::templates::{JsonType, VariableDefinition, VariableError, VariableType, validate};
    use serde_json::Value;

    pub(super) fn check(definitions: &[VariableDefinition], schema: &Value) -> Result<(), TemplateMismatches> {
        let Some(members) = schema["properties"].as_object() else {
            return to_result(vec![TemplateMismatch::NotAnObject]);
        };
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        let mut mismatches = Vec::new();
        for definition in definitions {
            let name = &definition.name;
            let Some(member) = members.get(name) else {
                if validate::is_required(definition) {
                    mismatches.push(TemplateMismatch::MayBeMissing { name: name.clone() });
                } else if definition.default_value.is_none() {
                    mismatches.push(TemplateMismatch::NeverGiven { name: name.clone() });
                }
                continue;
            };
            let types = types(schema, member, MAX_DEPTH);
            let optional =
                !required.iter().any(|required| required == name) || types.iter().any(|given| given == "null");
            if validate::is_required(definition) && optional {
                mismatches.push(TemplateMismatch::MayBeMissing { name: name.clone() });
            }
            let expected = definition.type_.clone().unwrap_or(VariableType::Text);
            let wrong = types.iter().find(|given| {
                let given = json_type(given);
                given.is_some_and(|given| given != JsonType::Null && !validate::accepts(&expected, given))
            });
            if let Some(given) = wrong {
                let (name, expected) = (name.clone(), validate::expectation(&expected).to_owned());
                mismatches.push(TemplateMismatch::WrongType { name, expected, given: given.clone() });
            }
        }
        let unknown = members.keys().filter(|name| !definitions.iter().any(|known| known.name == **name));
        mismatches.extend(unknown.map(|name| {
            let similar = validate::similar(definitions, name);
            TemplateMismatch::InvalidSample { sample: 0, error: VariableError::Unknown { name: name.clone(), similar } }
        }));
        to_result(mismatches)
    }

    fn json_type(name: &str) -> Option<JsonType> {
        Some(match name {
            "null" => JsonType::Null,
            "boolean" => JsonType::Boolean,
            "number" | "integer" => JsonType::Number,
            "string" => JsonType::String,
            "array" => JsonType::Array,
            "object" => JsonType::Object,
            _ => return None,
        })
    }

    /// Maximum depth of references and choices to follow; a schema may refer to itself.
    const MAX_DEPTH: usize = 8;

    /// Returns the types that a member may have; empty if the schema does not say.
    fn types(root: &Value, member: &Value, depth: usize) -> Vec<String> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        if let Some(pointer) = member["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
            return root.pointer(pointer).map(|target| types(root, target, depth)).unwrap_or_default();
        }
        if let Some(one) = member["type"].as_str() {
            return vec![one.to_owned()];
        }
        if let Some(several) = member["type"].as_array() {
            return several.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
        if member["enum"].is_array() || member["const"].is_string() {
            return vec!["string".to_owned()];
        }
        let choices = member["anyOf"].as_array().or_else(|| member["oneOf"].as_array());
        let choices = choices.map(Vec::as_slice).unwrap_or_default().iter();
        choices.flat_map(|choice| types(root, choice, depth)).collect()
    }
}
