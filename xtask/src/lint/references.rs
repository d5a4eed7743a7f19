//! Rules for references.

use super::{Finding, finding};
use crate::document::{SCHEMA_PREFIX, references, resolve as target_of, schema_name};
use serde_json::Value;

/// Requires every reference to point at something in the document.
pub fn resolve(document: &Value) -> Vec<Finding> {
    references(document, "")
        .into_iter()
        .filter(|(_, target)| target_of(document, target).is_none())
        .map(|(at, target)| finding(at, format!("`{target}` points at nothing in this document")))
        .collect()
}

/// Requires references to schemas to point at a whole component, so that every shared schema has a name.
pub fn point_at_whole_schemas(document: &Value) -> Vec<Finding> {
    references(document, "")
        .into_iter()
        .filter(|(_, target)| target.starts_with(SCHEMA_PREFIX) && schema_name(target).is_none())
        .map(|(at, target)| finding(at, format!("`{target}` points inside a schema: make its target a component")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::assert_finds;
    use serde_json::json;

    #[test]
    fn a_reference_points_at_a_whole_component_that_exists() {
        let document = json!({"components": {"schemas": {
            "A": {"properties": {"size": {"type": "string"}}},
            "B": {"$ref": "#/components/schemas/A"},
            "C": {"items": {"$ref": "#/components/schemas/Missing"}},
            "D": {"items": {"$ref": "other.yaml#/A"}},
            "E": {"items": {"$ref": "#/components/schemas/A/properties/size"}},
        }}});
        assert_finds(
            resolve,
            &document,
            &[
                ("/components/schemas/C/items", "points at nothing"),
                ("/components/schemas/D/items", "points at nothing"),
            ],
        );
        assert_finds(
            point_at_whole_schemas,
            &document,
            &[("/components/schemas/E/items", "make its target a component")],
        );
    }
}
