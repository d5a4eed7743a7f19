//! JSON schemas of the document, and validation errors in the wording of the service.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// JSON schema, compiled on first use: a test that renders one image does not pay for 95 operations.
pub(crate) struct Schema {
    own: Value,
    components: Arc<Value>,
    compiled: OnceLock<Option<Validator>>,
}

impl Schema {
    pub(super) fn new(mut schema: Value, components: Arc<Value>) -> Self {
        open_enumerations(&mut schema);
        Self { own: schema, components, compiled: OnceLock::new() }
    }

    fn validator(&self) -> Option<&Validator> {
        let compile = || {
            let schema = json!({"allOf": [self.own], "components": *self.components});
            // Validate formats too, as the service's framework does: a string that is not a date must not be returned
            // as one.
            jsonschema::options().should_validate_formats(true).build(&schema).ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    #[cfg(test)]
    pub(super) fn compiles(&self) -> bool {
        self.validator().is_some()
    }

    /// Returns the validation error of a value, if it is invalid. `place` names the value in the message.
    pub(crate) fn validation_error(&self, place: &str, value: &Value) -> Option<String> {
        let error = self.validator()?.iter_errors(value).next()?;
        let at = error.instance_path().to_string();
        Some(format!("{place}{at} {}", shorten(&error.to_string())))
    }

    /// Converts a query parameter to the JSON type of the schema.
    pub(crate) fn read(&self, text: &str) -> Value {
        match self.own["type"].as_str() {
            Some("integer" | "number" | "boolean") => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
            }
            _ => Value::String(text.to_owned()),
        }
    }
}

/// Shortens a message of the validator: it quotes the whole value, which may be a megabyte of HTML.
fn shorten(message: &str) -> String {
    const MAX_MESSAGE_CHARS: usize = 200;
    if message.chars().count() <= MAX_MESSAGE_CHARS {
        return message.to_owned();
    }
    let tail: String = message.chars().rev().take(MAX_MESSAGE_CHARS / 2).collect();
    let head: String = message.chars().take(MAX_MESSAGE_CHARS / 2).collect();
    format!("{head} ... {}", tail.chars().rev().collect::<String>())
}

/// Removes enumerations from a schema: the service accepts values that the document does not list.
pub(super) fn open_enumerations(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if object.get("enum").is_some_and(Value::is_array) {
                object.remove("enum");
            }
            object.values_mut().for_each(open_enumerations);
        }
        Value::Array(items) => items.iter_mut().for_each(open_enumerations),
        _ => {}
    }
}
