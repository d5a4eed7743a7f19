//! Strings that have a type of ours: dates that never fail an answer, and secrets that are not printed.

use super::{Notes, note};
use crate::document::schema_pointers;
use anyhow::Result;
use serde_json::{Value, json};

/// The crate whose types are borrowed: the generated code is inside it.
pub const CRATE: &str = "pictify-api";

/// The format of the document, and the type that it becomes.
const TYPES: [(&str, &str); 2] = [("date-time", "pictify_api::Timestamp"), ("password", "pictify_api::Secret")];

/// Names the type in the extension that the generator reads.
pub fn run(document: &mut Value) -> Result<Notes> {
    let mut notes = Notes::new();
    for at in schema_pointers(document) {
        let Some(schema) = document.pointer_mut(&at) else { continue };
        let format = schema.get("format").and_then(Value::as_str).unwrap_or_default();
        let Some((_, path)) = TYPES.iter().find(|(name, _)| *name == format) else { continue };
        notes.push(note(&at, format!("`{format}` became `{path}`")));
        schema["x-rust-type"] = json!({"crate": CRATE, "version": "*", "path": path});
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::applied;

    #[test]
    fn dates_and_secrets_get_our_types_and_other_strings_do_not() {
        let schemas = json!({
            "Date": {"type": "string", "format": "date-time"},
            "Key": {"items": {"type": "string", "format": "password"}},
            "Link": {"type": "string", "format": "uri"},
        });
        let result = applied(run, &json!({"components": {"schemas": schemas}})).unwrap();
        let path = |at: &str| result.pointer(&format!("/components/schemas/{at}/x-rust-type/path")).cloned();
        assert_eq!(path("Date"), Some(json!("pictify_api::Timestamp")));
        assert_eq!(path("Key/items"), Some(json!("pictify_api::Secret")));
        assert_eq!(path("Link"), None);
    }
}
