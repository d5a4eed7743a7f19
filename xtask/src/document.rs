//! The document as a JSON tree: loading, pointers, references, schemas and operations.

use anyhow::{Context, Result};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// HTTP methods of operations, in the order of the specification.
pub const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Prefix of every reference to a schema.
pub const SCHEMA_PREFIX: &str = "#/components/schemas/";

/// Keywords whose value is a map from names to schemas.
const SCHEMA_MAPS: [&str; 4] = ["properties", "patternProperties", "$defs", "dependentSchemas"];
/// Keywords whose value is a list of schemas.
const SCHEMA_LISTS: [&str; 4] = ["oneOf", "anyOf", "allOf", "prefixItems"];
/// Keywords whose value is a schema.
const SCHEMA_SINGLES: [&str; 8] =
    ["items", "additionalProperties", "not", "contains", "propertyNames", "if", "then", "else"];

/// Extensions whose value is a schema: the event of a stream, and the query that [`crate::query_structs`] adds.
const SCHEMA_EXTENSIONS: [&str; 2] = ["x-event", "x-query"];

/// Reads a YAML or JSON document. Mappings keep their order.
pub fn load(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| format!("{} is not valid YAML", path.display()))
}

/// Parses YAML or JSON. JSON is a subset of YAML.
pub fn parse(text: &str) -> Result<Value> {
    Ok(serde_saphyr::from_str(text)?)
}

/// Adds `step` to a JSON pointer.
pub fn below(pointer: &str, step: &str) -> String {
    format!("{pointer}/{}", step.replace('~', "~0").replace('/', "~1"))
}

/// Returns the last step of a pointer or reference, unescaped.
pub fn last_step(pointer: &str) -> String {
    pointer.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~")
}

/// Returns the target of a local reference (`#/..`).
pub fn resolve<'a>(root: &'a Value, reference: &str) -> Option<&'a Value> {
    root.pointer(reference.strip_prefix('#')?)
}

/// Returns the target of `$ref` if `value` is a reference.
pub fn reference(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()
}

/// Returns the name of the component schema that `reference` points at, or `None` if it points inside one or elsewhere.
pub fn schema_name(reference: &str) -> Option<&str> {
    reference.strip_prefix(SCHEMA_PREFIX).filter(|name| !name.contains('/'))
}

/// Follows references to the first value that is not a reference. Stops at a missing target and after 16 references.
pub fn follow<'a>(root: &'a Value, mut value: &'a Value) -> &'a Value {
    for _ in 0..16 {
        match reference(value).and_then(|reference| resolve(root, reference)) {
            Some(target) => value = target,
            None => break,
        }
    }
    value
}

/// Returns the members of an object in the document; empty if `value` is not an object.
pub fn members(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

/// Returns the items of a list in the document; empty if `value` is not a list.
pub fn items(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// An operation of the document.
#[derive(Clone, Copy)]
pub struct OperationAt<'a> {
    /// Path template.
    pub path: &'a str,
    /// Method in lower case.
    pub method: &'a str,
    /// The operation object.
    pub value: &'a Value,
}

impl OperationAt<'_> {
    /// Returns the JSON pointer of the operation.
    pub fn pointer(&self) -> String {
        below(&below("/paths", self.path), self.method)
    }

    /// Returns the operation ID; empty if there is none.
    pub fn id(&self) -> &str {
        self.value.get("operationId").and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the string member `name`.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value.get(name).and_then(Value::as_str)
    }

    /// Returns the parameters of the operation and of its path item with their pointers. References are followed.
    pub fn parameters<'d>(&self, root: &'d Value) -> Vec<(String, &'d Value)> {
        let path_item = below("/paths", self.path);
        [path_item, self.pointer()]
            .into_iter()
            .flat_map(|owner| {
                let owner = below(&owner, "parameters");
                items(root.pointer(&owner))
                    .enumerate()
                    .map(|(index, parameter)| (below(&owner, &index.to_string()), follow(root, parameter)))
                    .collect::<Vec<_>>()
            })
            .collect()
    }
}

/// Returns all operations in document order.
pub fn operations(root: &Value) -> Vec<OperationAt<'_>> {
    members(root.get("paths"))
        .flat_map(|(path, item)| {
            members(Some(item))
                .filter(|(method, _)| METHODS.contains(&method.as_str()))
                .map(move |(method, value)| OperationAt { path, method, value })
        })
        .collect()
}

/// Returns the component schemas in document order.
pub fn component_schemas(root: &Value) -> impl Iterator<Item = (&String, &Value)> {
    members(root.pointer("/components/schemas"))
}

/// Returns the pointers of all schemas and subschemas. A schema comes before its subschemas.
///
/// Examples and extensions are data; values in them that look like schemas are ignored.
pub fn schema_pointers(root: &Value) -> Vec<String> {
    let mut found = Vec::new();
    search(root, "", &mut found);
    found
}

/// Returns the pointers of `schema`, which is at `pointer`, and of all its subschemas.
pub fn subschema_pointers(schema: &Value, pointer: &str) -> Vec<String> {
    let mut found = Vec::new();
    enter(schema, pointer, &mut found);
    found
}

fn search(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                search(item, &below(pointer, &index.to_string()), found);
            }
        }
        Value::Object(object) => {
            for (key, member) in object {
                let at = below(pointer, key);
                if pointer == "/components" && key == "schemas" {
                    for (name, schema) in members(Some(member)) {
                        enter(schema, &below(&at, name), found);
                    }
                } else if key == "schema" {
                    enter(member, &at, found);
                } else if !matches!(key.as_str(), "example" | "examples") && !key.starts_with("x-") {
                    search(member, &at, found);
                }
            }
        }
        _ => {}
    }
}

fn enter(schema: &Value, pointer: &str, found: &mut Vec<String>) {
    found.push(pointer.to_owned());
    let Some(object) = schema.as_object() else { return };
    for (key, member) in object {
        let at = below(pointer, key);
        match key.as_str() {
            key if SCHEMA_SINGLES.contains(&key) => enter(member, &at, found),
            key if SCHEMA_MAPS.contains(&key) => {
                for (name, schema) in members(Some(member)) {
                    enter(schema, &below(&at, name), found);
                }
            }
            key if SCHEMA_LISTS.contains(&key) => {
                for (index, schema) in items(Some(member)).enumerate() {
                    enter(schema, &below(&at, &index.to_string()), found);
                }
            }
            _ => {}
        }
    }
}

/// Returns all references below `value` with their pointers. Examples and extensions are data and are ignored.
pub fn references<'a>(value: &'a Value, pointer: &str) -> Vec<(String, &'a str)> {
    let mut found = Vec::new();
    collect_references(value, pointer, &mut found);
    found
}

fn collect_references<'a>(value: &'a Value, pointer: &str, found: &mut Vec<(String, &'a str)>) {
    match value {
        Value::Array(list) => {
            for (index, item) in list.iter().enumerate() {
                collect_references(item, &below(pointer, &index.to_string()), found);
            }
        }
        Value::Object(object) => {
            for (key, member) in object {
                match (key.as_str(), member) {
                    ("$ref", Value::String(target)) => found.push((pointer.to_owned(), target)),
                    // Here the keys are names from the document, not keywords.
                    (key, Value::Object(named)) if SCHEMA_MAPS.contains(&key) => {
                        for (name, schema) in named {
                            collect_references(schema, &below(&below(pointer, key), name), found);
                        }
                    }
                    ("example" | "examples" | "enum" | "const", _) => {}
                    (key, _) if key.starts_with("x-") && !SCHEMA_EXTENSIONS.contains(&key) => {}
                    _ => collect_references(member, &below(pointer, key), found),
                }
            }
        }
        _ => {}
    }
}

/// Returns the targets of all references reachable from `roots`, transitively.
pub fn reached<'a>(root: &'a Value, roots: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    let mut open: Vec<&Value> = roots.into_iter().collect();
    let mut found = BTreeSet::new();
    while let Some(value) = open.pop() {
        for (_, target) in references(value, "") {
            if found.insert(target.to_owned()) {
                open.extend(resolve(root, target));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pointers_are_escaped() {
        assert_eq!(below("/paths", "/image/{a~b}"), "/paths/~1image~1{a~0b}");
        assert_eq!(last_step("/paths/~1image~1{a~0b}"), "/image/{a~b}");
    }

    #[test]
    fn schemas_are_found_in_schema_positions_only() {
        let document = json!({
            "paths": {"/a": {"get": {
                "parameters": [{"name": "q", "schema": {"type": "string"}, "example": {"schema": {}}}],
                "responses": {"200": {"content": {"application/json": {
                    "schema": {"items": {"oneOf": [{"type": "string"}]}},
                    "examples": {"default": {"value": {"schema": 1}}},
                }}}},
            }}},
            "components": {"schemas": {
                "A": {"properties": {"schema": {"type": "string"}, "x": {"additionalProperties": {}}}, "enum": [{}]},
            }},
        });
        assert_eq!(
            schema_pointers(&document),
            [
                "/paths/~1a/get/parameters/0/schema",
                "/paths/~1a/get/responses/200/content/application~1json/schema",
                "/paths/~1a/get/responses/200/content/application~1json/schema/items",
                "/paths/~1a/get/responses/200/content/application~1json/schema/items/oneOf/0",
                "/components/schemas/A",
                "/components/schemas/A/properties/schema",
                "/components/schemas/A/properties/x",
                "/components/schemas/A/properties/x/additionalProperties",
            ]
        );
    }

    #[test]
    fn references_are_followed() {
        let document =
            json!({"a": {"$ref": "#/b"}, "b": {"$ref": "#/c"}, "c": {"type": "string"}, "d": {"$ref": "#/d"}});
        assert_eq!(follow(&document, &document["a"]), &json!({"type": "string"}));
        assert_eq!(follow(&document, &document["d"]), &json!({"$ref": "#/d"}));
        assert_eq!(references(&document, "").len(), 3);
        let property = json!({"properties": {"examples": {"$ref": "#/b"}}, "examples": [{"$ref": "#/data"}]});
        assert_eq!(references(&property, "/s"), [("/s/properties/examples".to_owned(), "#/b")]);
    }
}
