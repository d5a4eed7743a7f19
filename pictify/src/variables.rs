//! Serialisation of values to JSON objects, such as values for a template's variables.

use crate::{Error, ErrorKind, Result, numbers};
use pictify_api::{ValidationErrors, types::Variables};
use serde::Serialize;
use serde_json::{Map, Value};

/// Serialises values for a template's variables.
pub(crate) fn from(variables: &impl Serialize) -> Result<Variables> {
    object(variables, "variables").map(Variables::from)
}

/// Serialises several sets of values for a template's variables.
pub(crate) fn sets<T: Serialize>(sets: impl IntoIterator<Item = T>) -> Result<Vec<Variables>> {
    let sets = sets.into_iter().enumerate();
    sets.map(|(index, set)| object(&set, &format!("variableSets[{index}]")).map(Variables::from)).collect()
}

/// Serialises a value to a JSON object. Errors name it `field`.
pub(crate) fn object(value: &impl Serialize, field: &str) -> Result<Map<String, Value>> {
    let json_type = match json(value, field)? {
        Value::Object(object) => return Ok(object),
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
    };
    Err(Error::invalid_field(field, format!("must serialise to a JSON object, not to {json_type}")))
}

/// Serialises a value to JSON. Errors name it `field`. Each value of a caller goes through here.
pub(crate) fn json(value: &impl Serialize, field: &str) -> Result<Value> {
    let mut found = ValidationErrors::default();
    numbers::check(value, field, &mut found);
    if !found.is_empty() {
        return Err(Error::invalid(found));
    }
    serde_json::to_value(value)
        .map_err(|error| Error::new(ErrorKind::Validation, format!("{field}: cannot be serialised")).with_source(error))
}
