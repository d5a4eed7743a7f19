//! Tests of single differences outside schemas: operations, parameters, bodies, responses, servers and webhooks.

use super::{lines, report};
use serde_json::{Value, json};

/// Compares two versions of the operation `GET /a/{id}`.
#[test]
fn operations_parameters_bodies_and_responses() {
    let query =
        |required: bool| json!({"name": "q", "in": "query", "required": required, "schema": {"type": "string"}});
    let body = |required: bool| json!({"required": required, "content": {"application/json": {}}});
    let with = |keyword: &str, value: Value| {
        let mut operation = json!({"responses": {"200": {}}});
        operation[keyword] = value;
        json!({"get": operation})
    };
    let cases = [
        (json!({}), with("tags", json!([])), "additive: operation GET /a/{id} added"),
        (with("tags", json!([])), json!({}), "breaking: operation GET /a/{id} removed"),
        (
            with("parameters", json!([])),
            with("parameters", json!([query(false)])),
            "additive: query parameter `q` added: optional",
        ),
        (
            with("parameters", json!([])),
            with("parameters", json!([query(true)])),
            "breaking: query parameter `q` added: required",
        ),
        (
            with("parameters", json!([query(false)])),
            with("parameters", json!([])),
            "breaking: query parameter `q` removed",
        ),
        (
            with("parameters", json!([query(false)])),
            with("parameters", json!([query(true)])),
            "breaking: query parameter `q`: optional -> required",
        ),
        (
            with("parameters", json!([query(true)])),
            with("parameters", json!([query(false)])),
            "loosened: query parameter `q`: required -> optional",
        ),
        (json!({"get": {}}), json!({"get": {"requestBody": body(true)}}), "breaking: body added"),
        (json!({"get": {}}), json!({"get": {"requestBody": body(false)}}), "additive: body added"),
        (with("requestBody", body(false)), with("requestBody", body(true)), "breaking: body: optional -> required"),
        (
            with("requestBody", body(true)),
            with("requestBody", json!({"required": true, "content": {"application/json": {}, "text/csv": {}}})),
            "additive: media type text/csv added",
        ),
        (
            with("requestBody", json!({"content": {"application/json": {}, "text/csv": {}}})),
            with("requestBody", json!({"content": {"application/json; charset=utf-8": {}}})),
            "breaking: media type text/csv removed",
        ),
        (
            with("responses", json!({"200": {}})),
            with("responses", json!({"200": {}, "202": {}})),
            "additive: response 202 added",
        ),
        (
            with("responses", json!({"200": {}, "202": {}})),
            with("responses", json!({"200": {}})),
            "breaking: response 202 removed",
        ),
        (
            with("responses", json!({"200": {}})),
            with("responses", json!({"200": {}, "404": {}})),
            "documentation: response 404 added",
        ),
        (
            with("responses", json!({"200": {}})),
            with("responses", json!({"200": {"headers": {"ETag": {}}}})),
            "additive: header `etag` added",
        ),
        (with("security", json!([])), with("security", json!([{"key": []}])), "breaking: needs a key: no -> yes"),
        (
            with("security", json!([{"key": []}])),
            with("security", json!([{}, {"key": []}])),
            "loosened: needs a key: yes -> no",
        ),
        (with("tags", json!([])), with("deprecated", json!(true)), "documentation: mark `deprecated` added"),
        (with("summary", json!("A.")), with("summary", json!("B.")), "documentation: summary: \"A.\" -> \"B.\""),
    ];
    for (ours, theirs, expected) in cases {
        let document = |item: &Value| json!({"openapi": "3.1.0", "paths": {"/a/{id}": item}});
        let found = lines(&report(&document(&ours), document(&theirs)));
        assert_eq!(found, [expected], "{ours} -> {theirs}");
    }
}

#[test]
fn servers_and_webhooks() {
    let with = |keyword: &str, value: Value| json!({"openapi": "3.1.0", "paths": {}, keyword: value});
    let server = |url: &str| with("servers", json!([{"url": url}]));
    assert_eq!(lines(&report(&server("https://a.example/"), server("https://a.example"))), [""; 0]);
    assert_eq!(
        lines(&report(&server("https://a.example"), server("https://b.example"))),
        ["breaking: server https://a.example removed", "additive: server https://b.example added"]
    );
    // The caller reads webhooks, so a removed value is loosened.
    let event = |values: &[&str]| {
        let schema = json!({"type": "object", "properties": {"type": {"type": "string", "enum": values}}});
        with(
            "webhooks",
            json!({"made": {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}}),
        )
    };
    assert_eq!(lines(&report(&event(&["a", "b"]), event(&["a"]))), ["loosened: value \"b\" removed"]);
    assert_eq!(lines(&report(&event(&["a"]), with("webhooks", json!({})))), ["breaking: webhook made removed"]);
    assert_eq!(lines(&report(&with("webhooks", json!({})), event(&["a"]))), ["additive: webhook made added"]);
    let old = json!({"openapi": "3.0.3", "paths": {}});
    assert_eq!(lines(&report(&event(&["a"]), old)), [""; 0], "3.0 has no webhooks");
}
