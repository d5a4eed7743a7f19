//! Rules for successful responses.

use super::{Finding, finding};
use crate::{
    document::{below, component_schemas, follow, operations},
    preprocess::success_schemas,
    usage::Usage,
};
use serde_json::Value;

/// Requires the members in `x-envelope` and `x-pagination` to exist in the response: an object in the envelope, a list
/// of items.
pub fn have_members_of_extensions(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for operation in operations(document) {
        let at = operation.pointer();
        let items = operation.value.pointer("/x-pagination/items").and_then(Value::as_str);
        let wanted = [("x-envelope", operation.text("x-envelope"), "object"), ("x-pagination", items, "array")];
        for (extension, member, kind) in wanted {
            let Some(member) = member else {
                if operation.value.get(extension).is_some() {
                    found.push(finding(below(&at, extension), format!("{extension} has no member name: add it")));
                }
                continue;
            };
            let responses = success_schemas(document, &operation);
            if responses.is_empty() {
                found.push(finding(below(&at, extension), "the operation has no JSON response: remove the extension"));
            }
            for (_, schema) in responses {
                let property = follow(document, schema).pointer(&below("/properties", member));
                match property.map(|property| kind_of(document, property)) {
                    None => {
                        found.push(finding(below(&at, extension), format!("the response has no property `{member}`")));
                    }
                    Some(actual) if actual != Some(kind) => {
                        found.push(finding(
                            below(&at, extension),
                            format!("`{member}` of the response must be an {kind}"),
                        ));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    found
}

fn kind_of<'a>(document: &'a Value, property: &'a Value) -> Option<&'a str> {
    follow(document, property).get("type").and_then(Value::as_str)
}

/// Requires objects in responses to allow unknown fields.
pub fn are_open(document: &Value) -> Vec<Finding> {
    let usage = Usage::of(document);
    component_schemas(document)
        .filter(|(name, schema)| usage.responses.contains(*name) && schema.get("properties").is_some())
        .filter(|(_, schema)| schema.get("additionalProperties").is_none_or(|rest| !rest.is_object()))
        .map(|(name, _)| {
            finding(
                below("/components/schemas", name),
                "a response schema drops unknown fields: add `additionalProperties: {}`",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::assert_finds;
    use serde_json::json;

    fn document(operation: Value, response: &Value) -> Value {
        let mut operation = operation;
        operation["responses"] = json!({"200": {"content": {"application/json": {
            "schema": {"$ref": "#/components/schemas/Response"},
        }}}});
        let image = json!({"type": "object", "properties": {}, "additionalProperties": {}});
        json!({"paths": {"/a": {"get": operation}}, "components": {"schemas": {"Response": response, "Image": image}}})
    }

    #[test]
    fn envelopes_and_lists_have_an_existing_member() {
        let response = json!({
            "properties": {
                "image": {"$ref": "#/components/schemas/Image"},
                "images": {"type": "array"},
            },
            "additionalProperties": {},
        });
        for (operation, expected) in [
            (json!({"x-envelope": "image"}), vec![]),
            (json!({"x-pagination": {"style": "page", "items": "images"}}), vec![]),
            (json!({"x-envelope": "gif"}), vec![("/paths/~1a/get/x-envelope", "no property `gif`")]),
            (json!({"x-envelope": "images"}), vec![("/paths/~1a/get/x-envelope", "must be an object")]),
            (json!({"x-pagination": {"items": "image"}}), vec![("/paths/~1a/get/x-pagination", "must be an array")]),
            (json!({"x-pagination": {}}), vec![("/paths/~1a/get/x-pagination", "has no member name")]),
        ] {
            assert_finds(have_members_of_extensions, &document(operation, &response), &expected);
        }
    }

    #[test]
    fn a_response_is_open() {
        for (rest, expected) in [
            (Some(json!({})), vec![]),
            (None, vec![("/components/schemas/Response", "add `additionalProperties: {}`")]),
            (Some(json!(false)), vec![("/components/schemas/Response", "add `additionalProperties: {}`")]),
        ] {
            let mut response = json!({"properties": {"a": {}}});
            if let Some(rest) = rest {
                response["additionalProperties"] = rest;
            }
            assert_finds(are_open, &document(json!({}), &response), &expected);
        }
    }
}
