//! Tests of twelve known changes to our document.

use super::{our_document, report};
use crate::openapi_diff::difference::Severity::{self, Additive, Breaking, Documentation, Loosened};
use serde_json::{Value, json};

/// A change of the document, with the expected pointer and severity.
type Mutation = (fn(&mut Value), &'static str, Severity);

/// Returns the object at a pointer.
fn at<'d>(document: &'d mut Value, pointer: &str) -> &'d mut serde_json::Map<String, Value> {
    document.pointer_mut(pointer).and_then(Value::as_object_mut).expect(pointer)
}

const REQUEST: &str = "/components/schemas/CreateImageRequest";
const IMAGE: &str = "/components/schemas/Image";

const MUTATIONS: [Mutation; 12] = [
    (
        |document| {
            at(document, "/paths").insert("/image/compare".into(), json!({"post": {"responses": {"200": {}}}}));
        },
        "/paths/~1image~1compare/post",
        Additive,
    ),
    (
        |document| {
            at(document, "/paths/~1image").remove("get");
        },
        "/paths/~1image/get",
        Breaking,
    ),
    (
        |document| {
            let field = json!({"type": "string", "description": "The colour behind it."});
            at(document, &format!("{REQUEST}/properties")).insert("background".into(), field);
        },
        "/components/schemas/CreateImageRequest/properties/background",
        Additive,
    ),
    (
        |document| {
            at(document, REQUEST).insert("required".into(), json!(["width"]));
        },
        "/components/schemas/CreateImageRequest/properties/width",
        Breaking,
    ),
    (
        |document| {
            at(document, &format!("{REQUEST}/properties/height")).insert("minimum".into(), json!(0));
        },
        "/components/schemas/CreateImageRequest/properties/height/minimum",
        Loosened,
    ),
    (
        |document| {
            let field = json!({"type": "integer", "description": "Bytes."});
            at(document, &format!("{IMAGE}/properties")).insert("bytes".into(), field);
        },
        "/components/schemas/Image/properties/bytes",
        Additive,
    ),
    (
        |document| {
            at(document, &format!("{IMAGE}/properties/createdAt")).insert("type".into(), json!("integer"));
        },
        "/components/schemas/Image/properties/createdAt",
        Breaking,
    ),
    (
        |document| {
            let values = document.pointer_mut("/components/schemas/ImageFormat/enum").and_then(Value::as_array_mut);
            values.expect("formats").push(json!("avif"));
        },
        "/components/schemas/ImageFormat/enum",
        Additive,
    ),
    (
        |document| {
            at(document, "/paths/~1image/post").insert("deprecated".into(), json!(true));
        },
        "/paths/~1image/post/deprecated",
        Documentation,
    ),
    (
        |document| {
            at(document, "/paths/~1pdf~1presets/get").insert("summary".into(), json!("Sizes of paper."));
        },
        "/paths/~1pdf~1presets/get/summary",
        Documentation,
    ),
    (
        |document| {
            let parameters = document.pointer_mut("/paths/~1templates/get/parameters").and_then(Value::as_array_mut);
            parameters
                .expect("parameters")
                .push(json!({"name": "team", "in": "query", "required": true, "schema": {"type": "string"}}));
        },
        "/paths/~1templates/get/parameters/team",
        Breaking,
    ),
    (
        |document| {
            at(document, "/paths/~1gif/post/requestBody").insert("required".into(), json!(false));
        },
        "/paths/~1gif/post/requestBody",
        Loosened,
    ),
];

#[test]
fn each_of_twelve_changes_is_reported_alone() {
    let ours = our_document();
    for (change, pointer, severity) in MUTATIONS {
        let mut theirs = our_document();
        change(&mut theirs);
        let report = report(&ours, theirs);
        let found: Vec<_> =
            report.differences.iter().map(|difference| (difference.at.as_str(), difference.severity)).collect();
        assert_eq!(found, [(pointer, severity)]);
    }
}

#[test]
fn twelve_changes_together_are_reported_as_twelve() {
    let mut theirs = our_document();
    for (change, ..) in MUTATIONS {
        change(&mut theirs);
    }
    let report = report(&our_document(), theirs);
    // Other operations also use the schemas of the removed operation, so no further difference follows.
    let mut found: Vec<_> =
        report.differences.iter().map(|difference| (difference.at.as_str(), difference.severity)).collect();
    let mut expected: Vec<_> = MUTATIONS.iter().map(|(_, pointer, severity)| (*pointer, *severity)).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(report.exit_code(), 6);
}
