//! Maps string formats to our own types: timestamps that decode from any text, and secrets that are not printed.

use super::{Notes, note};
use crate::document::schema_pointers;
use anyhow::Result;
use serde_json::{Value, json};

/// Crate of these types. The generated code is part of it.
pub const CRATE: &str = "pictify-api";

/// Formats in the document, and the Rust types that they become.
const TYPES: [(&str, &str); 2] = [("date-time", "pictify_api::Timestamp"), ("password", "pictify_api::Secret")];

/// Sets the Rust type in the extension that the generator reads.
pub fn run(document: &mut Value) -> Result<Notes> {
    let mut notes = Notes::new();
    for at in schema_pointers(document) {
        let Some(schema) = document.pointer_mut(&at) else { continue };
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        if format == "password" && at.contains("/parameters/") {
            // A parameter must be formatted into the request.
            notes.push(note(&at, "a secret parameter stays a plain string"));
            continue;
        }
        let Some((_, path)) = TYPES.iter().find(|(name, _)| *name == format) else { continue };
        notes.push(note(&at, format!("`{format}` became `{path}`")));
        let extension = json!({"crate": CRATE, "version": "*", "path": path});
        match schema.as_object_mut().and_then(|schema| schema.shift_remove("nullable")) {
            None => schema["x-rust-type"] = extension,
            // The generator applies the extension to the whole schema, null included. So it is set on an inner schema.
            Some(nullable) => {
                let description = schema.get("description").cloned().unwrap_or_else(|| json!(""));
                let inner = json!({"type": "string", "x-rust-type": extension});
                *schema = json!({"allOf": [inner], "nullable": nullable, "description": description});
            }
        }
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;

    #[test]
    fn only_dates_and_secrets_get_our_types() {
        let schemas = json!({
            "Date": {"type": "string", "format": "date-time"},
            "Key": {"items": {"type": "string", "format": "password"}},
            "Link": {"type": "string", "format": "uri"},
            "Maybe": {"type": "string", "format": "date-time", "nullable": true, "description": "D."},
        });
        let token = json!({"Token": {"schema": {"type": "string", "format": "password"}}});
        let document = json!({"components": {"schemas": schemas, "parameters": token}});
        let result = apply_pass(run, &document).unwrap();
        assert_eq!(result["components"]["parameters"], token);
        let path = |at: &str| result.pointer(&format!("/components/schemas/{at}/x-rust-type/path")).cloned();
        assert_eq!(path("Date"), Some(json!("pictify_api::Timestamp")));
        assert_eq!(path("Key/items"), Some(json!("pictify_api::Secret")));
        assert_eq!(path("Link"), None);
        assert_eq!(path("Maybe"), None);
        assert_eq!(path("Maybe/allOf/0"), Some(json!("pictify_api::Timestamp")));
        assert_eq!(result["components"]["schemas"]["Maybe"]["nullable"], json!(true));
    }
}
