//! Converts version 3.1 of the specification to 3.0.3, the version that progenitor reads.

use super::{Notes, note};
use crate::document::schema_pointers;
use anyhow::{Result, bail};
use serde_json::{Map, Value, json};

/// JSON Schema keywords without an equivalent in 3.0. Removing one would change the meaning of a schema.
const UNSUPPORTED_KEYWORDS: [&str; 20] = [
    "$defs",
    "$dynamicRef",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "dependentRequired",
    "dependentSchemas",
    "else",
    "if",
    "maxContains",
    "minContains",
    "patternProperties",
    "prefixItems",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "$dynamicAnchor",
    "$vocabulary",
];

/// Annotations that may appear beside a reference and are preserved.
const ANNOTATIONS: [&str; 4] = ["description", "title", "deprecated", "nullable"];

/// Rewrites the whole document.
pub fn run(document: &mut Value) -> Result<Notes> {
    let mut notes = Notes::new();
    version(document, &mut notes)?;
    // Subschemas come first, so that the parts of a schema are converted before the schema itself.
    for pointer in schema_pointers(document).into_iter().rev() {
        let Some(schema) = document.pointer_mut(&pointer) else { continue };
        rewrite(schema, &pointer, &mut notes)?;
    }
    Ok(notes)
}

fn version(document: &mut Value, notes: &mut Notes) -> Result<()> {
    let Some(root) = document.as_object_mut() else { bail!("the document is not an object") };
    match root.get("openapi").and_then(Value::as_str) {
        Some(version) if version.starts_with("3.1.") => {}
        other => bail!("/openapi: the version must be 3.1.x, is {}", other.unwrap_or("missing")),
    }
    root.insert("openapi".to_owned(), json!("3.0.3"));
    root.remove("jsonSchemaDialect");
    if let Some(info) = root.get_mut("info").and_then(Value::as_object_mut) {
        info.remove("summary");
        if let Some(license) = info.get_mut("license").and_then(Value::as_object_mut) {
            license.remove("identifier");
        }
    }
    if root.get("components").is_some_and(|components| components.get("pathItems").is_some()) {
        bail!("/components/pathItems: 3.0 has no path item components; write the path item where it is used");
    }
    notes.push(note("/openapi", "3.1 became 3.0.3"));
    Ok(())
}

fn rewrite(schema: &mut Value, at: &str, notes: &mut Notes) -> Result<()> {
    match schema {
        // 3.0 has booleans for `additionalProperties`. Elsewhere `true` becomes the empty schema.
        Value::Bool(_) if at.ends_with("/additionalProperties") => return Ok(()),
        Value::Bool(true) => *schema = json!({}),
        Value::Bool(false) => bail!("{at}: a schema that nothing satisfies has no 3.0 form"),
        branch if is_branch(at) && is_null(branch) => return Ok(()),
        Value::Object(_) => {}
        other => bail!("{at}: a schema must be an object, is {other}"),
    }
    let Some(object) = schema.as_object_mut() else { return Ok(()) };
    if let Some(keyword) = UNSUPPORTED_KEYWORDS.iter().find(|keyword| object.contains_key(**keyword)) {
        bail!("{at}: `{keyword}` has no 3.0 form");
    }
    object.remove("examples");
    object.remove("$comment");
    constant(object, at, notes)?;
    exclusive_bounds(object, at, notes)?;
    type_list(object, at, notes)?;
    null_branch(object, at, notes)?;
    null_value(object, at, notes);
    reference_siblings(object, at, notes)
}

/// Converts `const` to an enumeration with one value.
fn constant(object: &mut Map<String, Value>, at: &str, notes: &mut Notes) -> Result<()> {
    let Some(value) = object.remove("const") else { return Ok(()) };
    let Value::String(text) = &value else { bail!("{at}: only a string `const` has a 3.0 form, this one is {value}") };
    notes.push(note(at, format!("const `{text}` became an enumeration")));
    object.entry("type").or_insert_with(|| json!("string"));
    object.insert("enum".to_owned(), json!([value]));
    Ok(())
}

/// Converts a numeric `exclusiveMinimum` or `exclusiveMaximum` to a bound and a flag.
fn exclusive_bounds(object: &mut Map<String, Value>, at: &str, notes: &mut Notes) -> Result<()> {
    for (exclusive, inclusive) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        let Some(bound) = object.get(exclusive).filter(|bound| bound.is_number()).cloned() else { continue };
        if object.contains_key(inclusive) {
            bail!("{at}: `{exclusive}` and `{inclusive}` together have no 3.0 form; use the stricter one");
        }
        object.insert(inclusive.to_owned(), bound);
        object.insert(exclusive.to_owned(), json!(true));
        notes.push(note(at, format!("`{exclusive}` became `{inclusive}` and a flag")));
    }
    Ok(())
}

/// Converts `type: [X, 'null']` to `type: X` and `nullable`.
fn type_list(object: &mut Map<String, Value>, at: &str, notes: &mut Notes) -> Result<()> {
    let types = match object.get("type") {
        Some(Value::Array(types)) => types.clone(),
        Some(Value::String(name)) if name == "null" => bail!("{at}: a value that is always null has no 3.0 form"),
        _ => return Ok(()),
    };
    let (null, mut others): (Vec<_>, Vec<_>) = types.into_iter().partition(|name| name == "null");
    if others.len() != 1 {
        bail!("{at}: a list of types must have one besides `null`; write the alternatives as `oneOf`");
    }
    object.insert("type".to_owned(), others.remove(0));
    if !null.is_empty() {
        object.insert("nullable".to_owned(), json!(true));
        notes.push(note(at, "type list with null became `nullable`"));
    }
    Ok(())
}

/// Converts a `null` branch of `anyOf` or `oneOf` to `nullable`.
fn null_branch(object: &mut Map<String, Value>, at: &str, notes: &mut Notes) -> Result<()> {
    for keyword in ["anyOf", "oneOf"] {
        let Some(branches) = object.get_mut(keyword).and_then(Value::as_array_mut) else { continue };
        let before = branches.len();
        branches.retain(|branch| !is_null(branch));
        if branches.len() == before {
            continue;
        }
        notes.push(note(at, format!("null branch of `{keyword}` became `nullable`")));
        match branches.as_slice() {
            [] => bail!("{at}: `{keyword}` of nothing but null has no 3.0 form"),
            [Value::Object(only)] if !only.contains_key("$ref") && !only.contains_key("allOf") => {
                let only = only.clone();
                object.remove(keyword);
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
            [only] => {
                let only = only.clone();
                object.remove(keyword);
                object.insert("allOf".to_owned(), json!([only]));
            }
            _ => {}
        }
        object.insert("nullable".to_owned(), json!(true));
    }
    Ok(())
}

/// Returns `true` for a `null` branch. It has no 3.0 form of its own: the parent schema becomes `nullable` instead.
fn is_null(branch: &Value) -> bool {
    branch.get("type").is_some_and(|name| name == "null")
}

fn is_branch(at: &str) -> bool {
    at.rsplit('/').nth(1).is_some_and(|keyword| matches!(keyword, "anyOf" | "oneOf"))
}

/// Converts `null` among the values of an enumeration to `nullable`.
fn null_value(object: &mut Map<String, Value>, at: &str, notes: &mut Notes) {
    let Some(values) = object.get_mut("enum").and_then(Value::as_array_mut) else { return };
    let before = values.len();
    values.retain(|value| !value.is_null());
    if values.len() < before {
        object.insert("nullable".to_owned(), json!(true));
        notes.push(note(at, "null among the values became `nullable`"));
    }
}

/// Wraps a reference that has a description beside it: 3.0 ignores siblings of `$ref`.
fn reference_siblings(object: &mut Map<String, Value>, at: &str, notes: &mut Notes) -> Result<()> {
    if object.len() < 2 || !object.contains_key("$ref") {
        return Ok(());
    }
    if let Some(keyword) =
        object.keys().find(|key| *key != "$ref" && !key.starts_with("x-") && !ANNOTATIONS.contains(&key.as_str()))
    {
        bail!("{at}: `{keyword}` beside `$ref` has no 3.0 form");
    }
    let target = object.remove("$ref");
    object.insert("allOf".to_owned(), json!([{"$ref": target}]));
    notes.push(note(at, "reference with a description was wrapped"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::apply_pass;

    fn document(schema: &Value) -> Value {
        json!({"openapi": "3.1.0", "components": {"schemas": {"S": {"properties": {"p": schema}}}}})
    }

    #[test]
    fn null_and_reference_siblings_are_converted_to_3_0() {
        let reference = json!({"$ref": "#/components/schemas/T"});
        for (before, after) in [
            (json!({"type": ["string", "null"]}), json!({"type": "string", "nullable": true})),
            (json!({"type": ["string"]}), json!({"type": "string"})),
            (json!({"anyOf": [reference, {"type": "null"}]}), json!({"allOf": [reference], "nullable": true})),
            (
                json!({"oneOf": [{"type": "null"}, {"type": "integer", "minimum": 0}]}),
                json!({"type": "integer", "minimum": 0, "nullable": true}),
            ),
            (
                json!({"oneOf": [reference, {"type": "string"}, {"type": "null"}]}),
                json!({"oneOf": [reference, {"type": "string"}], "nullable": true}),
            ),
            (
                json!({"type": ["string", "null"], "enum": ["a", null]}),
                json!({"type": "string", "enum": ["a"], "nullable": true}),
            ),
            (json!({"const": "a"}), json!({"type": "string", "enum": ["a"]})),
            (
                json!({"type": "integer", "exclusiveMinimum": 0}),
                json!({"type": "integer", "minimum": 0, "exclusiveMinimum": true}),
            ),
            (json!({"type": "string", "examples": ["a"]}), json!({"type": "string"})),
            (
                json!({"$ref": "#/components/schemas/T", "description": "D"}),
                json!({"allOf": [reference], "description": "D"}),
            ),
            (reference.clone(), reference.clone()),
            (json!(true), json!({})),
            (json!({"additionalProperties": true}), json!({"additionalProperties": true})),
        ] {
            let result = apply_pass(run, &document(&before)).unwrap();
            let schema = result.pointer("/components/schemas/S/properties/p").unwrap();
            // Compares as sets of members: the order of keywords has no meaning.
            assert_eq!(schema, &after, "{before}");
            assert_eq!(result["openapi"], "3.0.3");
        }
    }

    #[test]
    fn a_keyword_without_a_3_0_form_is_an_error_with_its_place() {
        for (schema, message) in [
            (json!({"if": {}}), "`if` has no 3.0 form"),
            (json!({"type": "null"}), "always null"),
            (json!({"type": ["string", "number"]}), "write the alternatives as `oneOf`"),
            (json!({"$ref": "#/components/schemas/T", "minimum": 1}), "`minimum` beside `$ref`"),
            (json!({"const": 1}), "only a string `const`"),
            (json!(false), "nothing satisfies"),
        ] {
            let error = apply_pass(run, &document(&schema)).unwrap_err().to_string();
            assert!(error.starts_with("/components/schemas/S/properties/p: "), "{error}");
            assert!(error.contains(message), "{error}");
        }
        assert!(apply_pass(run, &json!({"openapi": "3.0.3"})).is_err());
    }
}
