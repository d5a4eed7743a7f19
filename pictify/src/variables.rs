//! Values for a template's variables, from anything that serialises.

use crate::{Error, ErrorKind, Result};
use pictify_api::types::Variables;
use serde::Serialize;
use serde_json::Value;

pub(crate) fn from(variables: &impl Serialize) -> Result<Variables> {
    match serde_json::to_value(variables) {
        Ok(Value::Object(object)) => Ok(object.into()),
        Ok(other) => {
            let what = match other {
                Value::Null => "null",
                Value::Bool(_) => "a boolean",
                Value::Number(_) => "a number",
                Value::String(_) => "a string",
                _ => "a list",
            };
            Err(Error::invalid_field("variables", format!("must serialise to a JSON object, not to {what}")))
        }
        Err(error) => Err(Error::new(ErrorKind::Validation, "variables: cannot be serialised").with_source(error)),
    }
}
