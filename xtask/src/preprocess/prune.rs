//! Removes unused components: error bodies, opened envelopes, shared error responses.

use super::{Notes, note};
use crate::document::reached;
use anyhow::Result;
use serde_json::Value;

/// Kinds of components that references can point at.
const KINDS: [&str; 5] = ["schemas", "responses", "parameters", "requestBodies", "headers"];

/// Removes components that neither paths nor webhooks reach.
pub fn run(document: &mut Value) -> Result<Notes> {
    let used = reached(document, ["paths", "webhooks"].iter().filter_map(|root| document.get(root)));
    let mut notes = Notes::new();
    for kind in KINDS {
        let place = format!("/components/{kind}");
        let Some(components) = document.pointer_mut(&place).and_then(Value::as_object_mut) else { continue };
        components.retain(|name, _| {
            let is_used = used.contains(&format!("#{place}/{name}"));
            if !is_used {
                notes.push(note(&format!("{place}/{name}"), "unused; removed"));
            }
            is_used
        });
    }
    Ok(notes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;
    use serde_json::json;

    #[test]
    fn unreachable_components_are_removed() {
        let to = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
        let document = json!({
            "paths": {"/a": {"get": {"parameters": [{"$ref": "#/components/parameters/Uid"}]}}},
            "webhooks": {"done": {"post": to("Event")}},
            "components": {
                "parameters": {"Uid": {"schema": to("Uid")}, "Old": {}},
                "responses": {"Error": to("Error")},
                "schemas": {"Uid": {}, "Event": to("Part"), "Part": to("Event"), "Error": to("Error")},
            },
        });
        let result = apply_pass(run, &document).unwrap();
        assert_eq!(
            result["components"],
            json!({
                "parameters": {"Uid": {"schema": to("Uid")}},
                "responses": {},
                "schemas": {"Uid": {}, "Event": to("Part"), "Part": to("Event")},
            })
        );
    }
}
