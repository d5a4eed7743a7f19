//! Comparison of the types with the document: the JSON Schemas of the types must agree with `openapi.yaml`.
//!
//! The types are generated from the document, so this tests the generator, its passes, and schemars.

mod compare;

use compare::{Comparison, Side};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn document() -> Value {
    serde_saphyr::from_str(include_str!("../../../../openapi.yaml")).unwrap()
}

fn types() -> Value {
    pictify::json_schemas().to_value()
}

/// Returns all operations of the document.
fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document["paths"].as_object().unwrap().values();
    paths.flat_map(|path| path.as_object().unwrap().values()).filter(|operation| operation["operationId"].is_string())
}

/// Collects the components that a part of the document refers to, directly or indirectly.
fn collect_components(document: &Value, part: &Value, found: &mut BTreeSet<String>) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                if let Some(name) = reference.strip_prefix("#/components/schemas/")
                    && !found.insert(name.to_owned())
                {
                    return;
                }
                return collect_components(document, document.pointer(&reference[1..]).unwrap(), found);
            }
            members
                .iter()
                .filter(|(name, _)| *name != "examples")
                .for_each(|(_, part)| collect_components(document, part, found));
        }
        Value::Array(items) => items.iter().for_each(|part| collect_components(document, part, found)),
        _ => {}
    }
}

/// Returns the components of requests, and the components of successful responses and webhooks.
fn components_by_side(document: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut requests, mut responses) = (BTreeSet::new(), BTreeSet::new());
    for operation in operations(document) {
        collect_components(document, &operation["requestBody"], &mut requests);
        collect_components(document, &operation["parameters"], &mut requests);
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.starts_with('2') {
                collect_components(document, response, &mut responses);
            }
        }
        collect_components(document, &operation["x-event"], &mut responses);
    }
    for webhook in document["webhooks"].as_object().unwrap().values() {
        collect_components(document, &webhook["post"]["requestBody"], &mut responses);
    }
    (requests, responses)
}

/// Returns all differences between the types and the document.
fn differences(document: &Value, types: &Value) -> Vec<String> {
    let (requests, responses) = components_by_side(document);
    let envelopes: BTreeSet<String> = operations(document)
        .filter(|operation| operation["x-envelope"].is_string())
        .flat_map(|operation| {
            let responses = operation["responses"].as_object().unwrap().values();
            responses.filter_map(|response| response["content"]["application/json"]["schema"]["$ref"].as_str())
        })
        .map(|reference| reference.rsplit('/').next().unwrap().to_owned())
        .collect();
    let defined: BTreeSet<_> = types["$defs"].as_object().unwrap().keys().cloned().collect();
    let mut comparison = Comparison { document, types, found: Vec::new() };
    for name in requests.union(&responses) {
        if defined.contains(name) {
            // A type that is used in both directions is compared as a response.
            let side = if responses.contains(name) { Side::Response } else { Side::Request };
            comparison.component(name, side);
        } else if !envelopes.contains(name) {
            comparison.found.push(format!("/{name}: no type exists"));
        }
    }
    let mut queries = BTreeSet::new();
    for operation in operations(document) {
        let id = operation["operationId"].as_str().unwrap();
        let name = format!("{}{}Query", id[..1].to_uppercase(), &id[1..]);
        let parameters = query_schema(document, operation);
        if parameters["properties"] != json!({}) && !defined.contains(&name) {
            comparison.found.push(format!("/{name}: no type exists"));
        }
        if defined.contains(&name) {
            comparison.schema(
                &format!("/{name}"),
                query_schema(document, operation),
                &types["$defs"][&name],
                Side::Request,
            );
            queries.insert(name);
        }
    }
    let handwritten = ["Secret", "Timestamp"];
    let of_the_document: BTreeSet<_> = requests.union(&responses).chain(&queries).map(String::as_str).collect();
    for name in &defined {
        if !of_the_document.contains(name.as_str()) && !handwritten.contains(&name.as_str()) {
            comparison.found.push(format!("/{name}: missing in the document"));
        }
    }
    comparison.found
}

/// Returns the query parameters of an operation as the schema of an object.
fn query_schema(document: &Value, operation: &Value) -> &'static Value {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let resolved = parameters.map(|parameter| {
        let reference = parameter["$ref"].as_str();
        reference.map_or(parameter, |reference| document.pointer(&reference[1..]).unwrap())
    });
    let mut object = json!({"type": "object", "properties": {}, "required": []});
    for parameter in resolved.filter(|parameter| parameter["in"] == "query") {
        let name = parameter["name"].as_str().unwrap();
        object["properties"][name] = parameter["schema"].clone();
        if parameter["required"] == true {
            object["required"].as_array_mut().unwrap().push(json!(name));
        }
    }
    // The comparison borrows it until the end of the test.
    Box::leak(Box::new(object))
}

#[test]
fn the_types_agree_with_the_document() {
    assert_eq!(differences(&document(), &types()), [""; 0]);
}

/// Changes either side and checks the reported difference.
#[test]
#[allow(clippy::too_many_lines, reason = "it is a table")]
fn every_kind_of_difference_is_reported() {
    type Change = fn(&mut Value, &mut Value);
    fn typed(types: &mut Value, pointer: &str, value: Value) {
        *types.pointer_mut(&format!("/$defs{pointer}")).unwrap() = value;
    }
    fn documented(document: &mut Value, pointer: &str, value: Value) {
        *document.pointer_mut(&format!("/components/schemas{pointer}")).unwrap() = value;
    }
    fn without(types: &mut Value, pointer: &str, name: &str) -> Value {
        types.pointer_mut(&format!("/$defs{pointer}")).unwrap().as_object_mut().unwrap().remove(name).unwrap()
    }
    let changes: [(Change, &str); 22] = [
        (
            |_, types| {
                let width = without(types, "/Template/properties", "width");
                types["$defs"]["Template"]["properties"]["wide"] = width;
            },
            "/Template/properties/width: missing in the type; /Template/properties/wide: missing in the document",
        ),
        (
            |_, types| typed(types, "/Template/properties/width", json!({"type": "string"})),
            "/Template/properties/width: the document has integer, the type string",
        ),
        (
            |document, _| documented(document, "/Template/properties/width/type", json!("number")),
            "/Template/properties/width: the document has number, the type integer",
        ),
        (
            |_, types| typed(types, "/Template/properties/tags/items", json!({"type": "integer"})),
            "/Template/properties/tags/items: the document has string, the type integer",
        ),
        (
            |_, types| typed(types, "/Template/properties/engine", json!({"$ref": "#/$defs/TemplateOutput"})),
            "/Template/properties/engine: the document has TemplateEngine, the type TemplateOutput",
        ),
        (
            |_, types| typed(types, "/Template/properties/createdAt", json!({"type": "string"})),
            "/Template/properties/createdAt/format: the document has date-time, the type no format",
        ),
        (
            |_, types| typed(types, "/ApiToken/properties/token", json!({"type": "string"})),
            "/ApiToken/properties/token/format: the document has password, the type no format",
        ),
        (
            |_, types| typed(types, "/Template/required", json!(["uid", "name"])),
            "/Template/required: name is required in the type, but not in the document",
        ),
        (
            |_, types| typed(types, "/CreateTemplateRequest/required", json!([])),
            "/CreateTemplateRequest/required: name is required in the document, but not in the type",
        ),
        (
            |_, types| {
                types["$defs"]["AgentScreenshotEventType"]["anyOf"].as_array_mut().unwrap().remove(0);
            },
            "/AgentScreenshotEventType/enum: missing in the type: connected",
        ),
        (
            |document, _| {
                let values = document["components"]["schemas"]["AgentScreenshotEventType"]["enum"].as_array_mut();
                values.unwrap().remove(1);
            },
            "/AgentScreenshotEventType/enum: missing in the document: start",
        ),
        (
            |_, types| typed(types, "/TemplateLayouts/additionalProperties", json!({"type": "string"})),
            "/TemplateLayouts/additionalProperties: the document has object, the type string",
        ),
        (|_, types| drop(without(types, "", "TemplateList")), "/TemplateList: no type exists"),
        (
            |_, types| typed(types, "/CreateTemplateRequest/properties/name", json!({"type": ["string", "null"]})),
            "/CreateTemplateRequest/properties/name: nullable in the type, but not in the document",
        ),
        (
            |document, types| {
                documented(document, "/Template/properties/uid/type", json!(["string", "null"]));
                typed(types, "/Template/properties/uid/type", json!("string"));
            },
            "/Template/properties/uid: nullable in the document, but not in the type",
        ),
        (
            |_, types| drop(without(types, "/Template/properties/width", "minimum")),
            "/Template/properties/width: unsigned in the document, but not in the type",
        ),
        (
            |_, types| {
                types["$defs"]["AgentScreenshotEventType"]["anyOf"].as_array_mut().unwrap().pop();
            },
            "/AgentScreenshotEventType/enum: the type does not accept unknown values",
        ),
        (
            |_, types| drop(without(types, "/Template", "additionalProperties")),
            "/Template: the type does not preserve unknown members",
        ),
        (
            |_, types| types["$defs"]["CreateImageRequest"]["additionalProperties"] = json!(true),
            "/CreateImageRequest: the type accepts members that are not in the document",
        ),
        (
            |document, _| document["components"]["schemas"]["Template"]["allOf"] = json!([]),
            "/Template: the keyword `allOf` is not compared",
        ),
        (|_, types| drop(without(types, "", "ListImagesQuery")), "/ListImagesQuery: no type exists"),
        (|_, types| types["$defs"]["Stranger"] = json!({"type": "object"}), "/Stranger: missing in the document"),
    ];
    let (document, types) = (document(), types());
    for (change, expected) in changes {
        let (mut document, mut types) = (document.clone(), types.clone());
        change(&mut document, &mut types);
        assert_eq!(differences(&document, &types).join("; "), expected);
    }
}
