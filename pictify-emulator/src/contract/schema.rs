//! Schemas of the document, and what is wrong with a value by their word.

use jsonschema::Validator;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};

/// A schema, compiled when it is first needed: a test that renders one image does not pay for 93 operations.
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
            // Formats, too, as the service's framework has it: what is no date must not come back as one.
            jsonschema::options().should_validate_formats(true).build(&schema).ok()
        };
        self.compiled.get_or_init(compile).as_ref()
    }

    #[cfg(test)]
    pub(super) fn compiles(&self) -> bool {
        self.validator().is_some()
    }

    /// What is wrong with `value`; `place` is what the message calls it.
    pub(crate) fn validation_error(&self, place: &str, value: &Value) -> Option<String> {
        let error = self.validator()?.iter_errors(value).next()?;
        let at = error.instance_path().to_string();
        Some(format!("{place}{at} {}", shorten(&error.to_string())))
    }

    /// A query value as the JSON that the schema describes.
    pub(crate) fn read(&self, text: &str) -> Value {
        match self.own["type"].as_str() {
            Some("integer" | "number" | "boolean") => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
            }
            _ => Value::String(text.to_owned()),
        }
    }
}

/// The messages of the validator quote the whole value, which may be a megabyte of HTML.
fn shorten(message: &str) -> String {
    const MAX_MESSAGE_CHARS: usize = 200;
    if message.chars().count() <= MAX_MESSAGE_CHARS {
        return message.to_owned();
    }
    let tail: String = message.chars().rev().take(MAX_MESSAGE_CHARS / 2).collect();
    let head: String = message.chars().take(MAX_MESSAGE_CHARS / 2).collect();
    format!("{head} ... {}", tail.chars().rev().collect::<String>())
}

/// Enumerations of the document are open: the service takes values that the document does not know.
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
