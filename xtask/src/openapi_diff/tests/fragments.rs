//! Tests of fragments, as found on documentation pages: missing parts do not count as removed.

use super::{fragment, lines, our_document};
use crate::openapi_diff::published::{Published, Scope};
use serde_json::{Value, json};

/// Returns an operation `POST /image` with one new field and little else.
fn operation() -> Value {
    json!({
        "summary": "Renders HTML, a live page or a template to one image.",
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"allOf": [
            {"$ref": "#/components/schemas/CreateImageRequest"},
            {"type": "object", "properties": {"background": {"type": "string"}}},
        ]}}}},
        "responses": {"200": {"description": "It was rendered."}},
    })
}

#[test]
fn every_kind_of_fragment_is_placed() {
    let schema = || json!({"$ref": "#/components/schemas/ImageFormat", "enum": ["png", "jpg", "jpeg", "webp", "avif"]});
    let values = || json!({"type": "string", "enum": ["png", "jpg", "jpeg", "webp", "avif"]});
    let mut known = operation();
    known["operationId"] = json!("createImage");
    let mut titled = values();
    titled["title"] = json!("ImageFormat");
    let field = "additive: field `background` added: string, optional";
    let value = "additive: value \"avif\" added";
    let cases = [
        (
            "a document of one path",
            json!({"openapi": "3.1.0", "paths": {"/image": {"post": operation()}}}),
            None,
            field,
        ),
        ("paths", json!({"paths": {"/image": {"post": operation()}}}), None, field),
        ("a lone paths object", json!({"/image": {"post": operation()}}), None, field),
        ("the content of a path item", json!({"post": operation()}), Some("/paths/~1image"), field),
        ("an operation", operation(), Some("/paths/~1image/post"), field),
        ("an operation with its ID", known, None, field),
        ("components", json!({"components": {"schemas": {"ImageFormat": values()}}}), None, value),
        ("schemas", json!({"schemas": {"ImageFormat": values()}}), None, value),
        ("schemas by name", json!({"ImageFormat": values()}), None, value),
        ("a schema with a title", titled, None, value),
        ("a schema", values(), Some("/components/schemas/ImageFormat"), value),
    ];
    let ours = our_document();
    for (name, theirs, at, expected) in cases {
        assert_eq!(lines(&fragment(&ours, theirs, at)), [expected], "{name}");
    }
    let inner = fragment(&ours, json!({"type": "boolean"}), Some("/components/schemas/Image/properties/url"));
    assert_eq!(lines(&inner)[0], "breaking: type: string -> boolean");
    // A fragment with a reference to a schema of ours: its siblings are not compared.
    assert_eq!(lines(&fragment(&ours, schema(), Some("/components/schemas/ImageFormat"))), [""; 0]);
}

#[test]
fn a_schema_in_a_fragment_is_complete() {
    let theirs = json!({"components": {"schemas": {"ImageFormat": {"type": "string", "enum": ["png"]}}}});
    let found = lines(&fragment(&our_document(), theirs, None));
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(found.iter().all(|line| line.contains("removed")), "{found:?}");
}

#[test]
fn pointers_refer_to_the_fragment() {
    let report = fragment(&our_document(), operation(), Some("/paths/~1image/post"));
    let upstream_at = report.differences[0].upstream_at.as_deref();
    assert_eq!(upstream_at, Some("/requestBody/content/application~1json/schema/allOf/1/properties/background"));
    assert_eq!(report.differences[0].at, "/components/schemas/CreateImageRequest/properties/background");
}

#[test]
fn an_unplaceable_fragment_is_an_error_with_an_instruction() {
    let cases = [
        (
            json!({"swagger": "2.0", "paths": {}}),
            Scope::Auto,
            None,
            "/swagger: \"2.0\" is older than 3.0: convert it first",
        ),
        (json!({"openapi": "4.0.0", "paths": {}}), Scope::Auto, None, "/openapi: \"4.0.0\" is not supported"),
        (json!({"openapi": 3, "paths": {}}), Scope::Auto, None, "/openapi: 3 is not supported"),
        (json!({"post": operation()}), Scope::Auto, None, "give its pointer with `--at /paths/~1...`"),
        (operation(), Scope::Auto, None, "give its pointer with `--at /paths/~1.../METHOD`"),
        (json!({"type": "object"}), Scope::Auto, None, "give its pointer with `--at /components/schemas/NAME`"),
        (json!({"type": "object"}), Scope::Auto, Some("/components/schemas/Nobody"), "not found in our document"),
        (json!({"type": "object"}), Scope::Whole, None, "so it cannot be whole"),
        (json!({"name": "app", "version": 1}), Scope::Auto, None, "its members are: name, version"),
        (json!({}), Scope::Auto, None, "not a known part of an OpenAPI document"),
        (json!([]), Scope::Auto, None, "not an object"),
    ];
    let ours = our_document();
    for (theirs, scope, at, part) in cases {
        let shown = theirs.to_string();
        let error = Published::of(theirs, &ours, scope, at).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(part), "{shown}: {error}");
    }
}

#[test]
fn the_prefix_of_paths_is_stripped() {
    let ours = our_document();
    let theirs = json!({"/v1/image": {"post": operation()}});
    let mut published = Published::of(theirs, &ours, Scope::Auto, None).unwrap();
    published.strip_path_prefix("/v1/");
    let report = super::compare(&ours, &published, "theirs.yaml", &[]);
    assert_eq!(lines(&report), ["additive: field `background` added: string, optional"]);
}
