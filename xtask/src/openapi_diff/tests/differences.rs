//! Tests of single differences in schemas: text and severity, in requests and in responses.

use super::{document, lines, report};
use serde_json::{Value, json};

/// Our schema, their schema, and the expected line in a request and in a response.
struct Case {
    ours: Value,
    theirs: Value,
    request: &'static str,
    response: &'static str,
}

fn case(ours: Value, theirs: Value, request: &'static str, response: &'static str) -> Case {
    Case { ours, theirs, request, response }
}

fn object(properties: &Value, required: &[&str]) -> Value {
    json!({"type": "object", "properties": properties, "required": required})
}

fn check(cases: Vec<Case>) {
    for Case { ours, theirs, request, response } in cases {
        let anything = json!({});
        let found = lines(&report(&document(&ours, &anything), document(&theirs, &anything)));
        assert_eq!(found, [request], "in a request: {ours} -> {theirs}");
        let found = lines(&report(&document(&anything, &ours), document(&anything, &theirs)));
        assert_eq!(found, [response], "in a response: {ours} -> {theirs}");
    }
}

#[test]
fn added_removed_and_required_fields() {
    let text = json!({"type": "string"});
    let a = || json!({"a": text});
    let both = || json!({"a": text, "b": {"type": "integer"}});
    check(vec![
        case(
            object(&a(), &[]),
            object(&both(), &[]),
            "additive: field `b` added: integer, optional",
            "additive: field `b` added: integer, optional",
        ),
        case(
            object(&a(), &[]),
            object(&both(), &["b"]),
            "breaking: field `b` added: integer, required",
            "additive: field `b` added: integer, required",
        ),
        case(
            object(&both(), &["b"]),
            object(&a(), &[]),
            "breaking: field `b` removed, was integer, required",
            "breaking: field `b` removed, was integer, required",
        ),
        case(
            object(&a(), &[]),
            object(&a(), &["a"]),
            "breaking: field `a`: optional -> required",
            "loosened: field `a`: optional -> required",
        ),
        case(
            object(&a(), &["a"]),
            object(&a(), &[]),
            "loosened: field `a`: required -> optional",
            "breaking: field `a`: required -> optional",
        ),
        case(
            object(&a(), &[]),
            json!({"type": "object", "properties": a(), "additionalProperties": false}),
            "breaking: further fields: anything -> nothing",
            "loosened: further fields: anything -> nothing",
        ),
        // Callers that read the values of a map no longer get their type.
        case(
            json!({"type": "object", "additionalProperties": text}),
            json!({"type": "object"}),
            "loosened: further fields: values of one schema -> anything",
            "breaking: further fields: values of one schema -> anything",
        ),
        case(
            object(&a(), &[]),
            json!({"type": "object", "properties": a(), "additionalProperties": text}),
            "breaking: further fields: anything -> values of one schema",
            "loosened: further fields: anything -> values of one schema",
        ),
    ]);
}

#[test]
fn wider_narrower_and_other_types() {
    check(vec![
        case(
            json!({"type": "integer"}),
            json!({"type": "string"}),
            "breaking: type: integer -> string",
            "breaking: type: integer -> string",
        ),
        case(
            json!({"type": "integer"}),
            json!({"type": "number"}),
            "loosened: type: integer -> number",
            "breaking: type: integer -> number",
        ),
        case(
            json!({"type": ["string", "integer"]}),
            json!({"type": "string"}),
            "breaking: type: integer or string -> string",
            "loosened: type: integer or string -> string",
        ),
        case(
            json!({"type": "string"}),
            json!({"type": "string", "nullable": true}),
            "loosened: may be null: no -> yes",
            "breaking: may be null: no -> yes",
        ),
        case(
            json!({"type": ["string", "null"]}),
            json!({"type": "string"}),
            "breaking: may be null: yes -> no",
            "loosened: may be null: yes -> no",
        ),
        case(
            json!({"type": "array", "items": {"type": "string"}}),
            json!({"type": "array", "items": {"type": "boolean"}}),
            "breaking: type: string -> boolean",
            "breaking: type: string -> boolean",
        ),
        case(
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
            json!({"type": "object", "additionalProperties": {"type": "boolean"}}),
            "breaking: type: string -> boolean",
            "breaking: type: string -> boolean",
        ),
        case(
            json!({"oneOf": [object(&json!({"a": {}}), &[]), object(&json!({"b": {}}), &[])]}),
            json!({"anyOf": [object(&json!({"b": {}}), &[]), object(&json!({"c": {}}), &[]), object(&json!({"a": {}}), &[])]}),
            "additive: form {c} added",
            "breaking: form {c} added",
        ),
    ]);
}

#[test]
fn enum_values_bounds_and_annotations() {
    let values = |values: &[&str]| json!({"type": "string", "enum": values});
    check(vec![
        case(
            values(&["png"]),
            values(&["png", "webp"]),
            "additive: value \"webp\" added",
            "additive: value \"webp\" added",
        ),
        case(
            values(&["png", "webp"]),
            values(&["png"]),
            "breaking: value \"webp\" removed",
            "loosened: value \"webp\" removed",
        ),
        case(
            json!({"type": "string"}),
            values(&["png"]),
            "breaking: list of values added: \"png\"",
            "loosened: list of values added: \"png\"",
        ),
        case(
            values(&["png"]),
            json!({"type": "string"}),
            "loosened: list of values removed, was \"png\"",
            "additive: list of values removed, was \"png\"",
        ),
        case(
            json!({"type": "integer", "maximum": 4096}),
            json!({"type": "integer", "maximum": 2000}),
            "breaking: maximum: 4096 -> 2000",
            "documentation: maximum: 4096 -> 2000",
        ),
        case(
            json!({"type": "integer", "minimum": 10}),
            json!({"type": "integer", "minimum": 1}),
            "loosened: minimum: 10 -> 1",
            "documentation: minimum: 10 -> 1",
        ),
        case(
            json!({"type": "string"}),
            json!({"type": "string", "pattern": "^a"}),
            "breaking: pattern added: \"^a\"",
            "documentation: pattern added: \"^a\"",
        ),
        case(
            json!({"type": "string", "format": "date-time"}),
            json!({"type": "string", "format": "date"}),
            "breaking: format: date-time -> date",
            "breaking: format: date-time -> date",
        ),
        case(
            json!({"type": "string"}),
            json!({"type": "string", "format": "uri"}),
            "documentation: format added: uri",
            "documentation: format added: uri",
        ),
        case(
            json!({"type": "integer", "default": 1}),
            json!({"type": "integer", "default": 2}),
            "breaking: default: 1 -> 2",
            "documentation: default: 1 -> 2",
        ),
        case(
            json!({"type": "string"}),
            json!({"type": "string", "deprecated": true}),
            "documentation: mark `deprecated` added",
            "documentation: mark `deprecated` added",
        ),
        case(
            json!({"type": "string", "description": "A  size."}),
            json!({"type": "string", "description": "The\nsize."}),
            "documentation: description: \"A size.\" -> \"The size.\"",
            "documentation: description: \"A size.\" -> \"The size.\"",
        ),
        case(
            json!({"type": "string"}),
            json!({"type": "string", "not": {"const": "a"}}),
            "breaking: `not` (read both) added: {\"const\":\"a\"}",
            "breaking: `not` (read both) added: {\"const\":\"a\"}",
        ),
    ]);
}

#[test]
fn a_schema_in_both_directions_gets_the_higher_severity_once() {
    let with = |required: &[&str]| {
        let mut document =
            document(&json!({"$ref": "#/components/schemas/Size"}), &json!({"$ref": "#/components/schemas/Size"}));
        document["components"] = json!({"schemas": {"Size": object(&json!({"width": {"type": "integer"}}), required)}});
        document
    };
    let report = report(&with(&[]), with(&["width"]));
    assert_eq!(lines(&report), ["breaking: field `width`: optional -> required"]);
    let difference = &report.differences[0];
    assert_eq!(difference.at, "/components/schemas/Size/properties/width");
    assert_eq!(difference.upstream_at.as_deref(), Some("/components/schemas/Size/properties/width"));
    let seen_in: Vec<_> = difference.seen_in.iter().map(String::as_str).collect();
    assert_eq!(seen_in, ["POST /image, body", "POST /image, response 200"]);
}
