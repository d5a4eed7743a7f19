//! Hoists targets of references into the inside of a schema: they become components.

use super::{Notes, note};
use crate::document::{SCHEMA_PREFIX, last_step, references, schema_name};
use anyhow::{Result, bail};
use heck::ToPascalCase;
use serde_json::{Value, json};

/// Names each target after its path, and replaces both the target and the references to it.
pub fn run(document: &mut Value) -> Result<Notes> {
    let mut notes = Notes::new();
    loop {
        let deep = references(document, "")
            .into_iter()
            .map(|(at, target)| (at, target.to_owned()))
            .find(|(_, target)| target.starts_with(SCHEMA_PREFIX) && schema_name(target).is_none());
        let Some((at, target)) = deep else { return Ok(notes) };
        let place = target.trim_start_matches('#').to_owned();
        let name: String = place
            .split('/')
            .skip(3)
            .filter(|step| !matches!(*step, "properties" | "items" | "additionalProperties"))
            .map(|step| last_step(step).to_pascal_case())
            .collect();
        if document.pointer(&format!("/components/schemas/{name}")).is_some() {
            bail!("{at}: `{target}` would become the component `{name}`, which exists; make the target a component");
        }
        let reference = json!({"$ref": format!("{SCHEMA_PREFIX}{name}")});
        let Some(schema) = document.pointer_mut(&place) else { bail!("{at}: `{target}` points at nothing") };
        let schema = std::mem::replace(schema, reference.clone());
        document["components"]["schemas"][&name] = schema;
        for (place, _) in references(&document.clone(), "").into_iter().filter(|(_, other)| *other == target) {
            if let Some(value) = document.pointer_mut(&place) {
                value["$ref"] = reference["$ref"].clone();
            }
        }
        notes.push(note(&at, format!("`{target}` became the component `{name}`")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;

    #[test]
    fn a_nested_target_becomes_a_component_for_all_references() {
        let document = json!({"components": {"schemas": {
            "A": {"properties": {"size": {"type": "object"}}},
            "B": {"items": {"$ref": "#/components/schemas/A/properties/size"}},
            "C": {"items": {"$ref": "#/components/schemas/A/properties/size"}},
        }}});
        let named = json!({"$ref": "#/components/schemas/ASize"});
        assert_eq!(
            apply_pass(run, &document).unwrap(),
            json!({"components": {"schemas": {
                "A": {"properties": {"size": named}}, "B": {"items": named}, "C": {"items": named},
                "ASize": {"type": "object"},
            }}})
        );
    }

    #[test]
    fn a_taken_name_and_a_missing_target_are_errors() {
        let reference = json!({"$ref": "#/components/schemas/A/properties/size"});
        for (schemas, message) in [
            (json!({"A": {"properties": {"size": {}}}, "ASize": {}, "B": {"items": reference}}), "which exists"),
            (json!({"A": {}, "B": {"items": reference}}), "points at nothing"),
        ] {
            let error = apply_pass(run, &json!({"components": {"schemas": schemas}})).unwrap_err().to_string();
            assert!(error.starts_with("/components/schemas/B/items: ") && error.contains(message), "{error}");
        }
    }
}
