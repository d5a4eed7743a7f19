//! Serialisation of values to JSON objects, such as values for a template's variables.

use crate::{Error, ErrorKind, Result};
use pictify_api::types::Variables;
use serde::Serialize;
use serde_json::{Map, Value};

/// Serialises values for a template's variables.
pub(crate) fn from(variables: &impl Serialize) -> Result<Variables> {
    object(variables, "variables").map(Variables::from)
}

/// Serialises a value to a JSON object. Errors name it `field`.
pub(crate) fn object(value: &impl Serialize, field: &str) -> Result<Map<String, Value>> {
    let json_type = match serde_json::to_value(value) {
        Ok(Value::Object(object)) => return Ok(object),
        Ok(Value::Null) => "null",
        Ok(Value::Bool(_)) => "a boolean",
        Ok(Value::Number(_)) => "a number",
        Ok(Value::String(_)) => "a string",
        Ok(Value::Array(_)) => "a list",
        Err(error) => {
            return Err(Error::new(ErrorKind::Validation, format!("{field}: cannot be serialised")).with_source(error));
        }
    };
    Err(Error::invalid_field(field, format!("must serialise to a JSON object, not to {json_type}")))
}
