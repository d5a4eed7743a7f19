//! The types and the document: what the JSON Schemas of the types say is what `openapi.yaml` says.
//!
//! The types are generated from the document, so this holds the generator, its passes and schemars to their word.

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

/// Every operation with its path.
fn operations(document: &Value) -> impl Iterator<Item = &Value> {
    let paths = document["paths"].as_object().unwrap().values();
    paths.flat_map(|path| path.as_object().unwrap().values()).filter(|operation| operation["operationId"].is_string())
}

/// The components that a part of the document reaches.
fn reached(document: &Value, part: &Value, found: &mut BTreeSet<String>) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                if let Some(name) = reference.strip_prefix("#/components/schemas/")
                    && !found.insert(name.to_owned())
                {
                    return;
                }
                return reached(document, document.pointer(&reference[1..]).unwrap(), found);
            }
            members.iter().filter(|(name, _)| *name != "examples").for_each(|(_, part)| reached(document, part, found));
        }
        Value::Array(items) => items.iter().for_each(|part| reached(document, part, found)),
        _ => {}
    }
}

/// What requests are made of, and what answers other than errors and what webhooks bring are made of.
fn sides(document: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut requests, mut answers) = (BTreeSet::new(), BTreeSet::new());
    for operation in operations(document) {
        reached(document, &operation["requestBody"], &mut requests);
        reached(document, &operation["parameters"], &mut requests);
        for (status, answer) in operation["responses"].as_object().unwrap() {
            if status.starts_with('2') {
                reached(document, answer, &mut answers);
            }
        }
        reached(document, &operation["x-event"], &mut answers);
    }
    for webhook in document["webhooks"].as_object().unwrap().values() {
        reached(document, &webhook["post"]["requestBody"], &mut answers);
    }
    (requests, answers)
}

/// Everything in which the types and the document differ.
fn differences(document: &Value, types: &Value) -> Vec<String> {
    let (requests, answers) = sides(document);
    let envelopes: BTreeSet<String> = operations(document)
        .filter(|operation| operation["x-envelope"].is_string())
        .flat_map(|operation| {
            let answers = operation["responses"].as_object().unwrap().values();
            answers.filter_map(|answer| answer["content"]["application/json"]["schema"]["$ref"].as_str())
        })
        .map(|reference| reference.rsplit('/').next().unwrap().to_owned())
        .collect();
    let defined: BTreeSet<_> = types["$defs"].as_object().unwrap().keys().cloned().collect();
    let mut comparison = Comparison { document, types, found: Vec::new() };
    for name in requests.union(&answers) {
        if defined.contains(name) {
            // What goes both ways is read as answers are.
            let side = if answers.contains(name) { Side::Response } else { Side::Request };
            comparison.component(name, side);
        } else if !envelopes.contains(name) {
            comparison.found.push(format!("/{name}: there is no type"));
        }
    }
    let mut queries = BTreeSet::new();
    for operation in operations(document) {
        let id = operation["operationId"].as_str().unwrap();
        let name = format!("{}{}Query", id[..1].to_uppercase(), &id[1..]);
        let parameters = query(document, operation);
        if parameters["properties"] != json!({}) && !defined.contains(&name) {
            comparison.found.push(format!("/{name}: there is no type"));
        }
        if defined.contains(&name) {
            comparison.schema(&format!("/{name}"), query(document, operation), &types["$defs"][&name], Side::Request);
            queries.insert(name);
        }
    }
    let by_hand = ["Secret", "Timestamp"];
    let of_the_document: BTreeSet<_> = requests.union(&answers).chain(&queries).map(String::as_str).collect();
    for name in &defined {
        if !of_the_document.contains(name.as_str()) && !by_hand.contains(&name.as_str()) {
            comparison.found.push(format!("/{name}: the document has no such schema"));
        }
    }
    comparison.found
}

/// The parameters of an operation's query as an object.
fn query(document: &Value, operation: &Value) -> &'static Value {
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
    // As long as the test.
    Box::leak(Box::new(object))
}

#[test]
fn the_types_are_what_the_document_says() {
    assert_eq!(differences(&document(), &types()), [""; 0]);
}

/// What would go wrong in silence: a change of either side, and what is said of it.
#[test]
#[allow(clippy::too_many_lines, reason = "it is a table")]
fn each_difference_is_found_and_named() {
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
            "/Template/properties/width: the type lacks it; /Template/properties/wide: the document lacks it",
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
            "/Template/required: the type asks for name, the document does not",
        ),
        (
            |_, types| typed(types, "/CreateTemplateRequest/required", json!([])),
            "/CreateTemplateRequest/required: the document asks for name, the type does not",
        ),
        (
            |_, types| {
                types["$defs"]["AgentScreenshotEventType"]["anyOf"].as_array_mut().unwrap().remove(0);
            },
            "/AgentScreenshotEventType/enum: the type lacks connected",
        ),
        (
            |document, _| {
                let values = document["components"]["schemas"]["AgentScreenshotEventType"]["enum"].as_array_mut();
                values.unwrap().remove(1);
            },
            "/AgentScreenshotEventType/enum: the document lacks start",
        ),
        (
            |_, types| typed(types, "/TemplateLayouts/additionalProperties", json!({"type": "string"})),
            "/TemplateLayouts/additionalProperties: the document has object, the type string",
        ),
        (|_, types| drop(without(types, "", "TemplateList")), "/TemplateList: there is no type"),
        (
            |_, types| typed(types, "/CreateTemplateRequest/properties/name", json!({"type": ["string", "null"]})),
            "/CreateTemplateRequest/properties/name: is never null, and may be in the type",
        ),
        (
            |document, types| {
                documented(document, "/Template/properties/uid/type", json!(["string", "null"]));
                typed(types, "/Template/properties/uid/type", json!("string"));
            },
            "/Template/properties/uid: may be null, and not in the type",
        ),
        (
            |_, types| drop(without(types, "/Template/properties/width", "minimum")),
            "/Template/properties/width: is never negative in the document, not in the type",
        ),
        (
            |_, types| {
                types["$defs"]["AgentScreenshotEventType"]["anyOf"].as_array_mut().unwrap().pop();
            },
            "/AgentScreenshotEventType/enum: the type takes no value that it does not know",
        ),
        (
            |_, types| drop(without(types, "/Template", "additionalProperties")),
            "/Template: the type keeps nothing that it does not know",
        ),
        (
            |_, types| types["$defs"]["CreateImageRequest"]["additionalProperties"] = json!(true),
            "/CreateImageRequest: the type takes what the document does not know",
        ),
        (
            |document, _| document["components"]["schemas"]["Template"]["allOf"] = json!([]),
            "/Template: nothing compares `allOf`",
        ),
        (|_, types| drop(without(types, "", "ListImagesQuery")), "/ListImagesQuery: there is no type"),
        (
            |_, types| types["$defs"]["Stranger"] = json!({"type": "object"}),
            "/Stranger: the document has no such schema",
        ),
    ];
    let (document, types) = (document(), types());
    for (change, said) in changes {
        let (mut document, mut types) = (document.clone(), types.clone());
        change(&mut document, &mut types);
        assert_eq!(differences(&document, &types).join("; "), said);
    }
}
