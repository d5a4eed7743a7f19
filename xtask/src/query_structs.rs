//! Adds a struct for the query of each operation that has query parameters, for example `ListImagesQuery` for
//! `listImages`.
//!
//! Generated methods take query parameters one by one. A request stored as data and validated before it is sent needs
//! them in one struct. The structs are added as schemas, so that all later passes treat them like request bodies.

use crate::{
    document::{SCHEMA_PREFIX, operations},
    preprocess::Note,
};
use heck::ToUpperCamelCase as _;
use serde_json::{Map, Value, json};

/// Extension of an operation that refers to the schema of its query.
pub const EXTENSION: &str = "x-query";

/// Adds a schema for each query, and the extension that refers to it.
pub fn add(document: &mut Value) -> Vec<Note> {
    let mut found = Vec::new();
    for operation in operations(document) {
        let parameters = operation.parameters(document);
        let query: Vec<_> =
            parameters.iter().map(|(_, parameter)| *parameter).filter(|it| it["in"] == "query").collect();
        if !query.is_empty() {
            let name = format!("{}Query", operation.id().to_upper_camel_case());
            found.push((operation.pointer(), name, schema(operation.id(), &query)));
        }
    }
    let mut notes = Vec::new();
    for (at, name, schema) in found {
        if let Some(operation) = document.pointer_mut(&at) {
            operation[EXTENSION] = json!({"$ref": format!("{SCHEMA_PREFIX}{name}")});
            notes.push(Note { at, what: format!("query became the schema {name}") });
        }
        document["components"]["schemas"][name] = schema;
    }
    notes
}

fn schema(id: &str, parameters: &[&Value]) -> Value {
    let mut properties = Map::new();
    for parameter in parameters {
        let mut property = parameter["schema"].clone();
        if let Some(description) = parameter.get("description") {
            property["description"] = description.clone();
        }
        properties.insert(parameter["name"].as_str().unwrap_or_default().to_owned(), property);
    }
    let required: Vec<_> =
        parameters.iter().filter(|it| it["required"] == true).map(|parameter| parameter["name"].clone()).collect();
    let mut schema = json!({
        "type": "object",
        "description": format!("The query of `{id}`."),
        "properties": properties,
    });
    if !required.is_empty() {
        schema["required"] = required.into();
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_becomes_a_schema() {
        let mut document = json!({
            "paths": {"/a/{uid}": {"get": {"operationId": "listA", "parameters": [
                {"name": "uid", "in": "path", "schema": {"type": "string"}},
                {"$ref": "#/components/parameters/Limit"},
                {"name": "q", "in": "query", "required": true, "schema": {"type": "string"}},
            ]}, "put": {"operationId": "putA"}}},
            "components": {
                "parameters": {"Limit": {"name": "limit", "in": "query", "description": "How many.",
                    "schema": {"type": "integer", "minimum": 1}}},
                "schemas": {},
            },
        });
        assert_eq!(add(&mut document).len(), 1);
        assert_eq!(document["paths"]["/a/{uid}"]["get"]["x-query"]["$ref"], "#/components/schemas/ListAQuery");
        assert_eq!(
            document["components"]["schemas"],
            json!({"ListAQuery": {
                "type": "object",
                "description": "The query of `listA`.",
                "properties": {
                    "limit": {"type": "integer", "minimum": 1, "description": "How many."},
                    "q": {"type": "string"},
                },
                "required": ["q"],
            }})
        );
    }
}
