//! Makes optional lists and maps in requests nullable, so that they become `Option` and an empty list can be sent.
//!
//! Otherwise the generated field is a plain list that is left out when empty, so a caller could not send an empty one.

use super::{Notes, note};
use crate::{
    document::{below, component_schemas, items, members},
    usage::Usage,
};
use anyhow::Result;
use serde_json::{Value, json};

/// Marks these properties in every request schema.
pub fn run(document: &mut Value) -> Result<Notes> {
    let usage = Usage::of(document);
    let mut places = Vec::new();
    for (name, schema) in component_schemas(document).filter(|(name, _)| usage.requests.contains(*name)) {
        let at = below("/components/schemas", name);
        for (property, schema_of) in members(schema.get("properties")) {
            let required = items(schema.get("required")).any(|name| name == property);
            if !required && is_list_or_map(schema_of) {
                places.push(below(&below(&at, "properties"), property));
            }
        }
    }
    let mut notes = Notes::new();
    for at in places {
        if let Some(schema) = document.pointer_mut(&at) {
            schema["nullable"] = json!(true);
            notes.push(note(&at, "optional list of a request became nullable"));
        }
    }
    Ok(notes)
}

fn is_list_or_map(schema: &Value) -> bool {
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => true,
        Some("object") => schema.get("properties").is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;

    #[test]
    fn only_optional_lists_and_maps_of_requests_become_nullable() {
        let list = json!({"type": "array", "items": {"type": "string"}});
        let map = json!({"type": "object", "additionalProperties": {"type": "string"}});
        let text = json!({"type": "string"});
        let schema = json!({
            "required": ["needed"],
            "properties": {"tags": list, "labels": map, "name": text, "needed": list},
        });
        let document = json!({
            "paths": {"/a": {"post": {"requestBody": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/Request"},
            }}}}}},
            "components": {"schemas": {"Request": schema, "Response": schema}},
        });
        let result = apply_pass(run, &document).unwrap();
        let properties = &result["components"]["schemas"]["Request"]["properties"];
        let nullable: Vec<_> =
            members(Some(properties)).filter(|(_, p)| p["nullable"] == true).map(|(n, _)| n).collect();
        assert_eq!(nullable, ["tags", "labels"]);
        assert_eq!(result["components"]["schemas"]["Response"], schema);
    }
}
