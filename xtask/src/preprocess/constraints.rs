//! Removes constraints, defaults and formats, which must not affect the Rust types.
//!
//! A generated type with bounds would reject responses, a default would be sent in every request, and a changed bound
//! would change a type. `validate_impls` writes checks of the bounds for requests instead.
//!
//! An integer is `u64` if its `minimum` is 0 or more, and `i64` otherwise. No other width is used. So a change of a
//! bound changes a type only if the minimum crosses zero.

use super::{Notes, note};
use crate::document::schema_pointers;
use anyhow::Result;
use serde_json::{Value, json};

const KEYWORDS: [&str; 15] = [
    "default",
    "example",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "uniqueItems",
];

/// Removes these keywords everywhere and sets the format of integers.
pub fn run(document: &mut Value) -> Result<Notes> {
    let mut notes = Notes::new();
    for at in schema_pointers(document) {
        let Some(schema) = document.pointer_mut(&at).and_then(Value::as_object_mut) else { continue };
        let unsigned = schema.get("minimum").and_then(Value::as_f64).is_some_and(|minimum| minimum >= 0.0);
        for keyword in KEYWORDS {
            if let Some(value) = schema.shift_remove(keyword) {
                notes.push(note(&at, format!("`{keyword}: {value}` was left out")));
            }
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("integer") => {
                schema.insert("format".to_owned(), json!(if unsigned { "uint64" } else { "int64" }));
            }
            Some("string" | "number") if schema.get("format").is_some_and(|format| format != "binary") => {
                if let Some(format) = schema.shift_remove("format") {
                    notes.push(note(&at, format!("`format: {format}` was left out")));
                }
            }
            _ => {}
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;

    #[test]
    fn bounds_are_removed_and_integers_have_64_bits() {
        for (before, after) in [
            (json!({"type": "integer"}), json!({"type": "integer", "format": "int64"})),
            (json!({"type": "integer", "minimum": -1}), json!({"type": "integer", "format": "int64"})),
            (json!({"type": "integer", "minimum": 0}), json!({"type": "integer", "format": "uint64"})),
            (json!({"type": "integer", "minimum": 1, "maximum": 100}), json!({"type": "integer", "format": "uint64"})),
            (json!({"type": "integer", "format": "int32"}), json!({"type": "integer", "format": "int64"})),
            (json!({"type": "number", "format": "float", "maximum": 1.5}), json!({"type": "number"})),
            (json!({"type": "string", "format": "uuid", "pattern": "a", "default": "b"}), json!({"type": "string"})),
            (json!({"type": "string", "format": "binary"}), json!({"type": "string", "format": "binary"})),
            (json!({"type": "array", "minItems": 1, "uniqueItems": true}), json!({"type": "array"})),
        ] {
            let result = apply_pass(run, &json!({"components": {"schemas": {"S": before}}})).unwrap();
            assert_eq!(result["components"]["schemas"]["S"], after);
        }
    }

    #[test]
    fn a_property_may_have_the_name_of_a_keyword() {
        let schema = json!({"properties": {"pattern": {"type": "string"}, "default": {"type": "string"}}});
        let document = json!({"components": {"schemas": {"S": schema}}});
        assert_eq!(apply_pass(run, &document).unwrap(), document);
    }
}
