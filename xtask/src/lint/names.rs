//! Rules for names that become Rust names.

use super::{Finding, finding};
use crate::document::{below, component_schemas, follow, items, members, operations, schema_pointers};
use heck::{ToLowerCamelCase, ToSnakeCase, ToUpperCamelCase};
use serde_json::Value;
use std::collections::BTreeMap;

/// Requires Pascal case for component names, distinct from each other and from generated names even when case is
/// ignored.
pub fn of_schemas_are_distinct_types(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    for operation in operations(document).iter().filter(|operation| !operation.id().is_empty()) {
        for suffix in ["Response", "Body"] {
            let name = format!("{}{suffix}", operation.id().to_upper_camel_case());
            let owner = format!("an inline type of {}", operation.pointer());
            taken.insert(name.to_lowercase(), owner);
        }
    }
    for (name, _) in component_schemas(document) {
        let at = below("/components/schemas", name);
        let pascal = name.to_upper_camel_case();
        if pascal != *name {
            found.push(finding(&at, format!("schema `{name}` is not PascalCase: write `{pascal}`")));
        }
        if let Some(owner) = taken.insert(pascal.to_lowercase(), at.clone()) {
            found.push(finding(at, format!("schema `{name}` gets the type name of {owner}: rename it")));
        }
    }
    found
}

/// Requires camelCase or `snake_case` for property names, distinct as field names.
pub fn of_properties_are_distinct_fields(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for pointer in schema_pointers(document) {
        let mut taken: BTreeMap<String, &str> = BTreeMap::new();
        for (name, _) in members(document.pointer(&below(&pointer, "properties"))) {
            let at = below(&below(&pointer, "properties"), name);
            if !is_plain(name) {
                let message =
                    format!("property `{name}` is not camelCase or snake_case: leave it to the unknown fields");
                found.push(finding(&at, message));
            }
            if let Some(first) = taken.insert(name.to_snake_case(), name) {
                found.push(finding(
                    at,
                    format!("property `{name}` gets the field name of `{first}`: remove one of them"),
                ));
            }
        }
    }
    found
}

/// Requires property names that are distinct in camel case within the variants of a union. Some generators of other
/// languages make one type of all variants.
pub fn of_variants_are_distinct_in_camel_case(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for pointer in schema_pointers(document) {
        for keyword in ["anyOf", "oneOf"] {
            let at = below(&pointer, keyword);
            let mut taken: BTreeMap<String, &str> = BTreeMap::new();
            let variants = items(document.pointer(&at)).map(|variant| follow(document, variant));
            for (name, _) in variants.flat_map(|variant| members(variant.get("properties"))) {
                match taken.insert(name.to_lower_camel_case(), name) {
                    Some(first) if first != name => {
                        let message = format!("variants have `{first}` and `{name}`: leave one to the unknown fields");
                        found.push(finding(&at, message));
                    }
                    _ => {}
                }
            }
        }
    }
    found
}

/// Returns `true` if a name is camelCase or `snake_case`, not a mix. Acronyms may be upper case (`fabricJSData`) and
/// private fields may start with an underscore (`_meta`), because the service sends such names.
fn is_plain(name: &str) -> bool {
    let name = name.strip_prefix('_').unwrap_or(name);
    let letters = |allowed: fn(char) -> bool| name.chars().all(|letter| allowed(letter) || letter.is_ascii_digit());
    let camel = letters(|letter| letter.is_ascii_alphabetic());
    let snake = letters(|letter| letter.is_ascii_lowercase() || letter == '_');
    name.starts_with(|first: char| first.is_ascii_lowercase()) && (camel || snake)
}

/// Requires string enum values that are distinct as variants, also from the generated variant `Unknown`.
pub fn of_values_are_distinct_variants(document: &Value) -> Vec<Finding> {
    let mut found = Vec::new();
    for pointer in schema_pointers(document) {
        let mut taken: BTreeMap<String, &str> = BTreeMap::new();
        for (index, value) in items(document.pointer(&below(&pointer, "enum"))).enumerate() {
            let at = below(&below(&pointer, "enum"), &index.to_string());
            if value.is_null() {
                continue;
            }
            let Some(value) = value.as_str() else {
                found.push(finding(at, format!("value {value} is not a text: describe it as a plain type")));
                continue;
            };
            let variant = value.to_upper_camel_case();
            if variant == "Unknown" {
                let message =
                    "value `unknown` is the variant that the generator adds: leave it out, it is read as text";
                found.push(finding(&at, message));
            }
            if let Some(first) = taken.insert(variant, value) {
                found.push(finding(at, format!("value `{value}` gets the variant of `{first}`: remove one of them")));
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

    #[test]
    fn variants_of_a_union_have_distinct_properties() {
        for (second, expected) in [
            ("retryAfter", vec![]),
            ("retry_after", vec![("/components/schemas/Any/anyOf", "`retryAfter` and `retry_after`")]),
        ] {
            let document = json!({"components": {"schemas": {
                "Any": {"anyOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]},
                "A": {"properties": {"retryAfter": {}}},
                "B": {"properties": {second: {}}},
            }}});
            assert_finds(of_variants_are_distinct_in_camel_case, &document, &expected);
        }
    }

    #[test]
    fn schemas_have_distinct_type_names() {
        for (schemas, expected) in [
            (json!({"Image": {}, "Gif": {}}), vec![]),
            (json!({"image": {}}), vec![("/components/schemas/image", "write `Image`")]),
            (json!({"ABTest": {}}), vec![("/components/schemas/ABTest", "write `AbTest`")]),
            (
                json!({"Webhook": {}, "WebHook": {}}),
                vec![("/components/schemas/WebHook", "type name of /components/schemas/Webhook")],
            ),
            (
                json!({"GetAResponse": {}}),
                vec![("/components/schemas/GetAResponse", "an inline type of /paths/~1a/get")],
            ),
        ] {
            let document =
                json!({"paths": {"/a": {"get": {"operationId": "getA"}}}, "components": {"schemas": schemas}});
            assert_finds(of_schemas_are_distinct_types, &document, &expected);
        }
    }

    #[test]
    fn properties_have_distinct_plain_names() {
        for (properties, expected) in [
            (json!({"id": {}, "fabricJSData": {}, "rgb256": {}}), vec![]),
            (json!({"ab_test": {}}), vec![]),
            (json!({"ab_Test": {}}), vec![("ab_Test", "not camelCase")]),
            (json!({"x-y": {}}), vec![("x-y", "not camelCase")]),
            (json!({"_meta": {}}), vec![]),
            (json!({"id": {}, "_id": {}}), vec![("_id", "field name of `id`")]),
            (json!({"__v": {}}), vec![("__v", "not camelCase")]),
            (json!({"fooBar": {}, "fooBAR": {}}), vec![("fooBAR", "field name of `fooBar`")]),
        ] {
            let document = json!({"components": {"schemas": {"S": {"properties": properties}}}});
            let expected: Vec<(String, &str)> = expected
                .into_iter()
                .map(|(name, part)| (format!("/components/schemas/S/properties/{name}"), part))
                .collect();
            let expected: Vec<(&str, &str)> = expected.iter().map(|(at, part)| (at.as_str(), *part)).collect();
            assert_finds(of_properties_are_distinct_fields, &document, &expected);
        }
    }

    #[test]
    fn values_are_distinct_variants() {
        for (values, expected) in [
            (json!(["a-b", "c", null]), vec![]),
            (json!(["a-b", "a.b"]), vec![("/components/schemas/S/enum/1", "variant of `a-b`")]),
            (json!(["A4", "a4"]), vec![("/components/schemas/S/enum/1", "variant of `A4`")]),
            (json!(["unknown"]), vec![("/components/schemas/S/enum/0", "leave it out")]),
            (json!([1]), vec![("/components/schemas/S/enum/0", "not a text")]),
        ] {
            let document = json!({"components": {"schemas": {"S": {"enum": values}}}});
            assert_finds(of_values_are_distinct_variants, &document, &expected);
        }
    }
}
