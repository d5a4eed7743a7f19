//! Rules for schemas.

use super::{Finding, finding};
use crate::{
    document::{below, component_schemas, items, members, schema_pointers},
    schema_check_impls,
    usage::Usage,
};
use serde_json::Value;

const COMPONENTS: &str = "/components/schemas/";

/// Returns `true` if the pointer is that of a component.
fn is_component(pointer: &str) -> bool {
    pointer.strip_prefix(COMPONENTS).is_some_and(|name| !name.contains('/'))
}

/// Requires objects, enumerations and unions to be components. The generator makes up a type name for an inline one.
pub fn are_named(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for pointer in schema_pointers(document).into_iter().filter(|pointer| !is_component(pointer)) {
        let Some(schema) = document.pointer(&pointer) else { continue };
        let kind = if schema.get("properties").is_some() {
            "an object"
        } else if schema.get("enum").is_some() || schema.get("const").is_some() {
            "an enumeration"
        } else if schema.get("allOf").is_some() || (is_union(schema) && !is_nullable_form(schema)) {
            "a union"
        } else {
            continue;
        };
        found.push(finding(pointer, format!("{kind} without a name: make it a component and refer to it")));
    }
    found
}

fn is_union(schema: &Value) -> bool {
    schema.get("oneOf").is_some() || schema.get("anyOf").is_some()
}

/// Returns `true` for `anyOf: [something, null]`.
fn is_nullable_form(schema: &Value) -> bool {
    ["anyOf", "oneOf"].iter().filter_map(|keyword| schema.get(*keyword)).all(|branches| {
        let others = items(Some(branches)).filter(|branch| branch.get("type").is_none_or(|name| name != "null"));
        others.count() == 1
    })
}

/// Requires a description for every component and every property. A property that is only a reference has that of its
/// target.
pub fn are_described(document: &Value) -> Vec<Finding> {
    let described =
        |schema: &Value| schema.get("description").and_then(Value::as_str).is_some_and(|text| !text.trim().is_empty());
    let mut found = Vec::new();
    for (name, schema) in component_schemas(document) {
        let at = below("/components/schemas", name);
        if !described(schema) {
            found.push(finding(&at, "schema has no description: add one"));
        }
        for (property, schema) in members(schema.get("properties")) {
            if !described(schema) && schema.get("$ref").is_none() {
                let at = below(&below(&at, "properties"), property);
                found.push(finding(at, "property has no description: add one, with unit and range"));
            }
        }
    }
    found
}

/// Rejects `default`: a generated client would send it in every request.
pub fn have_no_default(document: &Value) -> Vec<Finding> {
    with_keyword(document, "default", "`default` would be sent in every request: move it to the description")
}

/// Rejects `nullable`, a keyword of 3.0.
pub fn are_written_for_3_1(document: &Value) -> Vec<Finding> {
    with_keyword(
        document,
        "nullable",
        "`nullable` means nothing in 3.1: write `type: [.., 'null']` or `anyOf` with null",
    )
}

fn with_keyword(document: &Value, keyword: &str, message: &str) -> Vec<Finding> {
    schema_pointers(document)
        .into_iter()
        .filter(|pointer| document.pointer(pointer).is_some_and(|schema| schema.get(keyword).is_some()))
        .map(|pointer| finding(below(&pointer, keyword), message))
        .collect()
}

/// Rejects `anyOf` except with null: the generator makes a struct of it that cannot work. Error bodies are not
/// generated.
pub fn have_no_any_of(document: &Value) -> Vec<Finding> {
    let usage = Usage::of(document);
    let generated = |pointer: &str| match pointer.strip_prefix(COMPONENTS) {
        Some(rest) => {
            let name = rest.split('/').next().unwrap_or_default();
            usage.responses.contains(name) || usage.requests.contains(name)
        }
        None => !pointer.starts_with("/components/responses/"),
    };
    schema_pointers(document)
        .into_iter()
        .filter(|pointer| generated(pointer))
        .filter(|pointer| {
            document.pointer(pointer).is_some_and(|schema| schema.get("anyOf").is_some() && !is_nullable_form(schema))
        })
        .map(|pointer| {
            finding(below(&pointer, "anyOf"), "`anyOf` of alternatives: write `oneOf`, or `{}` when the shape is open")
        })
        .collect()
}

/// Requires `x-rust-alias` on properties of components, with names that are not properties themselves.
pub fn have_aliases_on_properties_only(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for pointer in schema_pointers(document) {
        let Some(schema) = document.pointer(&pointer) else { continue };
        let at = below(&pointer, "x-rust-alias");
        if let Some(aliases) = schema.get("x-rust-alias") {
            let owner =
                pointer.rsplit_once("/properties/").filter(|(_, name)| !name.contains('/')).map(|(owner, _)| owner);
            if !owner.is_some_and(is_component) {
                found.push(finding(&at, "aliases only work on a property of a component: move it there"));
            }
            let texts = aliases.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string));
            if !texts {
                found.push(finding(&at, "must be a list of names"));
            }
            let properties = owner.and_then(|owner| document.pointer(&below(owner, "properties")));
            for alias in items(Some(aliases)).filter_map(Value::as_str) {
                if properties.is_some_and(|properties| properties.get(alias).is_some()) {
                    found
                        .push(finding(&at, format!("alias `{alias}` is a property of its own: remove one of the two")));
                }
            }
        }
        let read = ["x-rust-alias", schema_check_impls::EXTENSION];
        for (name, _) in
            members(Some(schema)).filter(|(name, _)| name.starts_with("x-") && !read.contains(&name.as_str()))
        {
            found.push(finding(below(&pointer, name), "unknown extension: remove it or correct it"));
        }
    }
    found
}

/// Requires `x-expected` to list properties of a component that are not already required.
pub fn expect_optional_properties(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for pointer in schema_pointers(document) {
        let Some(schema) = document.pointer(&pointer) else { continue };
        let Some(expected) = schema.get(schema_check_impls::EXTENSION) else { continue };
        let at = below(&pointer, schema_check_impls::EXTENSION);
        if !is_component(&pointer) {
            found.push(finding(&at, "only works on a component: move it there"));
        }
        if !expected.as_array().is_some_and(|list| !list.is_empty() && list.iter().all(Value::is_string)) {
            found.push(finding(&at, "must be a list of names"));
        }
        for name in items(Some(expected)).filter_map(Value::as_str) {
            if schema.pointer(&below("/properties", name)).is_none() {
                found.push(finding(&at, format!("`{name}` is not a property: correct it")));
            }
            if items(schema.get("required")).any(|required| required == name) {
                found.push(finding(&at, format!("`{name}` is already required: remove it here")));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::assert_finds;
    use serde_json::json;

    const AT: &str = "/components/schemas/S/properties/p";

    /// Returns a document whose schema `S` has the property `p` and is used in a response.
    fn document(property: &Value) -> Value {
        json!({
            "paths": {"/a": {"get": {"responses": {"200": {"content": {"application/json": {
                "schema": {"$ref": "#/components/schemas/S"},
            }}}}}}},
            "components": {"schemas": {"S": {"description": "D.", "properties": {"p": property, "q": {"description": "Q."}}}}},
        })
    }

    #[test]
    fn inline_types_are_rejected() {
        for (property, expected) in [
            (json!({"type": "object", "additionalProperties": {"type": "string"}}), vec![]),
            (json!({"anyOf": [{"$ref": "#/components/schemas/S"}, {"type": "null"}]}), vec![]),
            (json!({"properties": {}}), vec![(AT, "an object")]),
            (json!({"enum": ["a"]}), vec![(AT, "an enumeration")]),
            (json!({"const": "a"}), vec![(AT, "an enumeration")]),
            (json!({"oneOf": [{"type": "string"}, {"type": "number"}]}), vec![(AT, "a union")]),
            (json!({"items": {"enum": ["a"]}}), vec![("/components/schemas/S/properties/p/items", "an enumeration")]),
        ] {
            assert_finds(are_named, &document(&property), &expected);
        }
    }

    #[test]
    fn schemas_and_properties_have_descriptions() {
        for (property, expected) in [
            (json!({"description": "A width."}), vec![]),
            (json!({"$ref": "#/components/schemas/S"}), vec![]),
            (json!({"type": "string"}), vec![(AT, "has no description")]),
            (json!({"description": " "}), vec![(AT, "has no description")]),
        ] {
            assert_finds(are_described, &document(&property), &expected);
        }
        let unnamed = json!({"components": {"schemas": {"S": {"type": "string"}}}});
        assert_finds(are_described, &unnamed, &[("/components/schemas/S", "has no description")]);
    }

    #[test]
    fn harmful_keywords_are_rejected() {
        assert_finds(
            have_no_default,
            &document(&json!({"default": 1})),
            &[(&below(AT, "default"), "to the description")],
        );
        assert_finds(are_written_for_3_1, &document(&json!({"nullable": true})), &[(&below(AT, "nullable"), "in 3.1")]);
        let any_of = json!({"anyOf": [{"type": "string"}, {"type": "number"}]});
        assert_finds(have_no_any_of, &document(&any_of), &[(&below(AT, "anyOf"), "write `oneOf`")]);
        let of_errors = json!({"components": {"schemas": {"Error": any_of}}});
        assert_finds(have_no_any_of, &of_errors, &[]);
    }

    #[test]
    fn aliases_belong_to_properties_of_components() {
        let at = below(AT, "x-rust-alias");
        for (property, expected) in [
            (json!({"x-rust-alias": ["old"]}), vec![]),
            (json!({"x-rust-alias": ["q"]}), vec![(at.as_str(), "`q` is a property of its own")]),
            (json!({"x-rust-alias": "old"}), vec![(at.as_str(), "a list of names")]),
            (
                json!({"items": {"x-rust-alias": ["old"]}}),
                vec![("/components/schemas/S/properties/p/items/x-rust-alias", "only work on a property")],
            ),
            (
                json!({"x-rust-allias": ["old"]}),
                vec![("/components/schemas/S/properties/p/x-rust-allias", "unknown extension")],
            ),
        ] {
            assert_finds(have_aliases_on_properties_only, &document(&property), &expected);
        }
    }

    #[test]
    fn expected_properties_exist_and_are_not_required() {
        let at = "/components/schemas/S/x-expected";
        for (expected, findings) in [
            (json!(["p"]), vec![]),
            (json!(["q"]), vec![(at, "`q` is not a property")]),
            (json!(["r"]), vec![(at, "`r` is already required")]),
            (json!([]), vec![(at, "must be a list of names")]),
        ] {
            let schema =
                json!({"type": "object", "properties": {"p": {}, "r": {}}, "required": ["r"], "x-expected": expected});
            assert_finds(expect_optional_properties, &json!({"components": {"schemas": {"S": schema}}}), &findings);
        }
    }
}
