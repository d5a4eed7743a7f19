//! Tests of malformed and hostile documents: valid parts are compared, the rest is reported.

use super::{compare, document, our_document, report};
use crate::openapi_diff::{
    published::{Published, Scope},
    report::Format,
};
use serde_json::{Map, Value, json};

fn with_schemas(schemas: &Value) -> Value {
    let node = json!({"$ref": "#/components/schemas/A"});
    let mut document = document(&node, &node);
    document["components"] = json!({"schemas": schemas});
    document
}

#[test]
fn recursive_schemas_are_compared_once() {
    let tree = |value: &str| {
        with_schemas(&json!({"A": {"type": "object", "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/A"}},
            "value": {"type": value},
        }}}))
    };
    let found = report(&tree("string"), tree("boolean"));
    assert_eq!(super::lines(&found), ["breaking: type: string -> boolean"]);
    // The same tree, in which a node and its children have two schemas.
    let two = with_schemas(&json!({
        "A": {"type": "object", "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/B"}}, "value": {"type": "string"},
        }},
        "B": {"type": "object", "properties": {
            "children": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}, "value": {"type": "string"},
        }},
    }));
    assert_eq!(super::lines(&report(&tree("string"), two)), [""; 0]);
}

#[test]
fn unresolvable_schemas_are_reported_as_not_compared() {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let chain: Map<String, Value> = (0..400)
        .map(|n| {
            (
                if n == 0 { "A".to_owned() } else { format!("N{n}") },
                json!({"allOf": [reference(&format!("N{}", n + 1))]}),
            )
        })
        .collect();
    let unions: Map<String, Value> = [
        ("A".to_owned(), json!({"oneOf": [reference("B"), {"type": "string"}]})),
        ("B".to_owned(), json!({"oneOf": [reference("A"), {"type": "boolean"}]})),
    ]
    .into_iter()
    .collect();
    let cases = [
        ("a reference to nothing", json!({"A": reference("Missing")}), "cannot be resolved"),
        ("a reference to another file", json!({"A": {"$ref": "other.yaml#/A"}}), "cannot be resolved"),
        ("a union of itself", Value::Object(unions), "too many nested unions"),
        (
            "a union of unions",
            json!({"A": {"oneOf": vec![json!({"oneOf": vec![reference("A"); 60]}); 60]}}),
            "too many nested unions",
        ),
        ("a chain", Value::Object(chain), "combined from more than"),
    ];
    let ours = with_schemas(&json!({"A": {"type": "string"}}));
    for (name, theirs, part) in cases {
        let found = report(&ours, with_schemas(&theirs));
        assert!(found.differences.is_empty(), "{name}: {:?}", found.differences);
        assert!(
            found.notes.iter().all(|note| note.starts_with("theirs: /") && note.contains(part)),
            "{name}: {:?}",
            found.notes
        );
        assert!(!found.notes.is_empty(), "{name}");
    }
}

#[test]
fn circular_references_allow_anything() {
    let circle =
        with_schemas(&json!({"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}}));
    let ours = with_schemas(&json!({"A": {"type": "string"}}));
    let found = super::lines(&report(&ours, circle));
    assert_eq!(found, ["breaking: type: string -> anything"]);
}

/// Returns our document with only two of its paths, and the schemas that they use.
fn two_paths() -> Value {
    let mut ours = our_document();
    let paths = ours["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| path == "/image" || path == "/image/{uid}");
    let reached = crate::document::reached(&ours, [&ours["paths"]]);
    let schemas = ours["components"]["schemas"].as_object_mut().unwrap();
    schemas.retain(|name, _| reached.contains(&format!("#/components/schemas/{name}")));
    ours
}

#[test]
fn members_of_any_type_are_tolerated() {
    let ours = two_paths();
    let hostile = [
        json!(null),
        json!(true),
        json!(7),
        json!("text"),
        json!([]),
        json!([[1], null]),
        json!({"$ref": 3}),
        json!({"": {"": []}}),
    ];
    let places = [
        "/paths",
        "/paths/~1image",
        "/paths/~1image/post",
        "/paths/~1image/post/requestBody",
        "/paths/~1image/post/responses",
        "/paths/~1image/post/responses/200",
        "/paths/~1image/post/requestBody/content/application~1json/schema",
        "/paths/~1image~1{uid}/get/parameters",
        "/paths/~1image~1{uid}/get/parameters/0",
        "/components",
        "/components/schemas",
        "/components/schemas/Image",
        "/components/schemas/Image/properties",
        "/components/schemas/Image/properties/url",
        "/components/schemas/Image/required",
        "/components/schemas/ImageFormat/enum",
        "/components/schemas/Image/properties/url/type",
        "/servers",
        "/security",
        "/webhooks",
        "/info",
    ];
    for place in places {
        for value in &hostile {
            let mut theirs = ours.clone();
            *theirs.pointer_mut(place).expect(place) = value.clone();
            let published = Published::of(theirs, &ours, Scope::Whole, None).unwrap();
            let report = compare(&ours, &published, "theirs.yaml", &[]);
            assert!(report.render(Format::Markdown).is_ok(), "{place}: {value}");
        }
    }
}

#[test]
fn upstream_text_stays_on_its_line() {
    let ours = document(&json!({}), &json!({}));
    let mut theirs = ours.clone();
    theirs["paths"]["/a\nbreaking: b"] =
        json!({"get": {"summary": "A.\u{1b}[2J\nbreaking: everything\r", "responses": {}}});
    let report = report(&ours, theirs);
    for format in [Format::Text, Format::Markdown] {
        let text = report.render(format).unwrap();
        assert!(!text.contains(|letter: char| letter.is_control() && letter != '\n'), "{text:?}");
        assert!(!text.lines().any(|line| line.starts_with("breaking")), "{text}");
        assert!(text.contains("breaking: everything"), "{text}");
    }
}
