//! JSON objects, such as values for a template's variables, from anything that serialises.

use crate::{Error, ErrorKind, Result};
use pictify_api::types::Variables;
use serde::Serialize;
use serde_json::{Map, Value};

/// Values for variables.
pub(crate) fn from(variables: &impl Serialize) -> Result<Variables> {
    object(variables, "variables").map(Variables::from)
}

/// A JSON object; `field` is what errors call it.
pub(crate) fn object(value: &impl Serialize, field: &str) -> Result<Map<String, Value>> {
    let what = match serde_json::to_value(value) {
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
    Err(Error::invalid_field(field, format!("must serialise to a JSON object, not to {what}")))
}
