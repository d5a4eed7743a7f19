//! Tests of documents with the same meaning: they have no differences.

use super::{document, lines, our_document, report};
use serde_json::{Value, json};

#[test]
fn our_document_does_not_differ_from_itself() {
    assert_eq!(lines(&report(&our_document(), our_document())), [""; 0]);
}

#[test]
fn notations_of_3_0_and_3_1_are_equal() {
    let or_null = json!({"type": "null"});
    let object = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let cases = [
        (json!({"type": ["string", "null"]}), json!({"type": "string", "nullable": true})),
        (json!({"type": ["string", "null"]}), json!({"oneOf": [{"type": "string"}, or_null]})),
        (json!({"type": ["string", "integer"]}), json!({"anyOf": [{"type": "integer"}, {"type": "string"}]})),
        (json!({"const": "a"}), json!({"type": "string", "enum": ["a"]})),
        (
            json!({"type": ["string", "null"], "enum": ["a", null]}),
            json!({"type": "string", "nullable": true, "enum": ["a"]}),
        ),
        (
            json!({"type": "number", "exclusiveMinimum": 1}),
            json!({"type": "number", "minimum": 1, "exclusiveMinimum": true}),
        ),
        (json!({"type": "string", "minLength": 0}), json!({"type": "string"})),
        (json!({"oneOf": [object, or_null]}), json!({"allOf": [object], "nullable": true})),
        (object.clone(), json!({"properties": {"a": {"type": "string"}}, "additionalProperties": {}})),
        (object.clone(), json!({"allOf": [{"type": "object"}, {"properties": {"a": {"type": "string"}}}]})),
        (
            json!({"anyOf": [object, {"type": "array", "items": object}]}),
            json!({"oneOf": [{"type": "array", "items": object}, object]}),
        ),
    ];
    for (ours, theirs) in cases {
        assert_eq!(lines(&report(&document(&ours, &ours), document(&theirs, &theirs))), [""; 0], "{ours} and {theirs}");
    }
}

#[test]
fn inline_and_component_schemas_are_equal() {
    let inline =
        json!({"type": "object", "required": ["b"], "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}});
    let components = json!({"schemas": {
        "Base": {"type": "object", "properties": {"a": {"type": "string"}}},
        "Whole": {"allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"type": "object", "required": ["b"], "properties": {"b": {"$ref": "#/components/schemas/Count"}}},
        ]},
        "Count": {"type": "integer"},
    }});
    let mut named =
        document(&json!({"$ref": "#/components/schemas/Whole"}), &json!({"$ref": "#/components/schemas/Whole"}));
    named["components"] = components;
    assert_eq!(lines(&report(&document(&inline, &inline), named.clone())), [""; 0]);
    assert_eq!(lines(&report(&named, document(&inline, &inline))), [""; 0]);
}

#[test]
fn path_parameter_names_are_documentation() {
    let with = |path: &str, name: &str| {
        json!({"openapi": "3.1.0", "paths": {path: {
            "parameters": [{"name": name, "in": "path", "required": true, "schema": {"type": "string"}}],
            "get": {"responses": {}},
        }}})
    };
    let ours = with("/image/{uid}", "uid");
    assert_eq!(lines(&report(&ours, with("/image/{uid}/", "uid"))), [""; 0]);
    assert_eq!(
        lines(&report(&ours, with("/image/{imageId}", "imageId"))),
        ["documentation: name in the path: uid -> imageId"]
    );
}

#[test]
fn our_aliases_and_expected_fields_are_equal() {
    let schema = |name: &str, more: Value| {
        let mut schema = json!({"type": "object", "properties": {name: {"type": "string"}}});
        schema.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        schema
    };
    let mut ours = schema("id", json!({"x-expected": ["id"]}));
    ours["properties"]["id"]["x-rust-alias"] = json!(["uid"]);
    for theirs in [schema("uid", json!({"x-expected": ["uid"]})), schema("id", json!({"required": ["id"]}))] {
        assert_eq!(lines(&report(&document(&json!({}), &ours), document(&json!({}), &theirs))), [""; 0], "{theirs}");
    }
}

#[test]
fn our_description_of_a_use_is_not_a_difference() {
    let with = |size: Value| {
        let mut document = document(&json!({"type": "object", "properties": {"size": size}}), &json!({}));
        document["components"] = json!({"schemas": {"Size": {"type": "integer", "description": "A size."}}});
        document
    };
    let plain = json!({"$ref": "#/components/schemas/Size"});
    let described = json!({"$ref": "#/components/schemas/Size", "description": "The size of the image."});
    let wrapped = json!({"allOf": [plain, {"type": "integer"}]});
    for theirs in [&plain, &wrapped] {
        assert_eq!(lines(&report(&with(described.clone()), with(theirs.clone()))), [""; 0], "{theirs}");
    }
    assert_eq!(lines(&report(&with(plain), with(described))).len(), 1);
}
