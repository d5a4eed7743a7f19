//! Unwraps responses with `x-envelope`: the response type is that of the envelope's member. The runtime opens the
//! envelope.

use super::{Notes, note};
use crate::document::{OperationAt, below, follow, members, operations, reference};
use anyhow::{Result, bail};
use serde_json::Value;

/// Replaces the schema of each success response of operations with `x-envelope`.
pub fn run(document: &mut Value) -> Result<Notes> {
    let mut replacements = Vec::new();
    for operation in operations(document) {
        let Some(member) = operation.text("x-envelope") else { continue };
        for (at, schema) in success_schemas(document, &operation) {
            let inner = follow(document, schema).pointer(&below("/properties", member));
            let Some(inner) = inner else { bail!("{at}: the response has no property `{member}` to unwrap") };
            replacements.push((at, bare(inner), member.to_owned()));
        }
    }
    let mut notes = Notes::new();
    for (at, schema, member) in replacements {
        let Some(place) = document.pointer_mut(&at) else {
            bail!("{at}: a response behind a reference cannot have an envelope")
        };
        *place = schema;
        notes.push(note(&at, format!("`{member}` unwrapped")));
    }
    Ok(notes)
}

/// Returns the schema of a property without its description and without `nullable`.
fn bare(property: &Value) -> Value {
    match property.get("allOf").and_then(Value::as_array).map(Vec::as_slice) {
        Some([only]) if reference(only).is_some() => only.clone(),
        _ => property.clone(),
    }
}

/// Returns the JSON schemas of an operation's successful responses, with their pointers.
pub fn success_schemas<'a>(document: &'a Value, operation: &OperationAt<'_>) -> Vec<(String, &'a Value)> {
    let responses = below(&operation.pointer(), "responses");
    members(document.pointer(&responses))
        .filter(|(status, _)| status.starts_with('2'))
        .filter_map(|(status, response)| {
            let content = follow(document, response).get("content")?;
            let schema = content.get("application/json")?.get("schema")?;
            let at = match reference(response) {
                Some(target) => format!("{}/content/application~1json/schema", target.trim_start_matches('#')),
                None => format!("{}/content/application~1json/schema", below(&responses, status)),
            };
            Some((at, schema))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;
    use serde_json::json;

    fn document(property: &Value) -> Value {
        json!({
            "paths": {"/a": {"get": {
                "x-envelope": "image",
                "responses": {"200": {"content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/ImageEnvelope"},
                }}}},
            }}},
            "components": {"schemas": {"ImageEnvelope": {"properties": {"image": property}}}},
        })
    }

    #[test]
    fn the_envelope_is_unwrapped() {
        let image = json!({"$ref": "#/components/schemas/Image"});
        for property in [image.clone(), json!({"allOf": [image], "description": "D", "nullable": true})] {
            let result = apply_pass(run, &document(&property)).unwrap();
            let schema = result.pointer("/paths/~1a/get/responses/200/content/application~1json/schema");
            assert_eq!(schema, Some(&image));
        }
    }

    #[test]
    fn an_envelope_without_the_member_is_an_error() {
        let mut document = document(&json!({}));
        document["paths"]["/a"]["get"]["x-envelope"] = json!("gif");
        assert!(run(&mut document).unwrap_err().to_string().contains("no property `gif`"));
    }
}
