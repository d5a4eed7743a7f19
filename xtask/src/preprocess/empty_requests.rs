//! Turns objects without properties in requests into empty structs. The generator would make a map of any values.

use super::{Notes, note};
use crate::{
    document::{below, component_schemas},
    usage::Usage,
};
use anyhow::Result;
use serde_json::{Value, json};

/// Adds `additionalProperties: false` to these objects, except where `additionalProperties` is declared.
pub fn run(document: &mut Value) -> Result<Notes> {
    let usage = Usage::of(document);
    let empty: Vec<String> = component_schemas(document)
        .filter(|(name, schema)| usage.requests.contains(*name) && is_empty_object(schema))
        .map(|(name, _)| below("/components/schemas", name))
        .collect();
    let mut notes = Notes::new();
    for at in empty {
        if let Some(schema) = document.pointer_mut(&at) {
            schema["additionalProperties"] = json!(false);
            notes.push(note(&at, "an object without properties became an empty struct"));
        }
    }
    Ok(notes)
}

fn is_empty_object(schema: &Value) -> bool {
    let has = |keyword: &str| schema.get(keyword).is_some();
    schema.get("type").is_some_and(|name| name == "object")
        && !has("additionalProperties")
        && schema.get("properties").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;

    #[test]
    fn only_an_object_without_declared_members_is_closed() {
        for (schema, closed) in [
            (json!({"type": "object"}), true),
            (json!({"type": "object", "properties": {}}), true),
            (json!({"type": "object", "additionalProperties": {}}), false),
            (json!({"type": "object", "properties": {"a": {}}}), false),
            (json!({"type": "string"}), false),
        ] {
            let document = json!({
                "paths": {"/a": {"post": {"requestBody": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/Request"},
                }}}}}},
                "components": {"schemas": {"Request": schema, "Response": schema}},
            });
            let result = apply_pass(run, &document).unwrap();
            let is_closed = |name: &str| result["components"]["schemas"][name]["additionalProperties"] == json!(false);
            assert_eq!((is_closed("Request"), is_closed("Response")), (closed, false), "{schema}");
        }
    }
}
