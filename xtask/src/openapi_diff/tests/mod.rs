//! Tests that compare pairs of small documents.

mod acceptance;
mod differences;
mod equivalence;
mod formats;
mod fragments;
mod malformed;
mod mutations;
mod operations;

use super::{
    compare,
    difference::Difference,
    published::{Published, Scope},
    report::Report,
};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// Returns a document with one operation, with schemas for its request and its response.
fn document(request: &Value, response: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "paths": {
            "/image": {"post": {
                "requestBody": {"required": true, "content": {"application/json": {"schema": request}}},
                "responses": {"200": {"content": {"application/json": {"schema": response}}}},
            }},
            "/ping": {"get": {"responses": {"204": {}}}},
        },
    })
}

/// Compares a whole document.
fn report(ours: &Value, theirs: Value) -> Report {
    let published = Published::of(theirs, ours, Scope::Whole, None).unwrap();
    compare(ours, &published, "theirs.yaml", &[])
}

/// Compares a fragment.
fn fragment(ours: &Value, theirs: Value, at: Option<&str>) -> Report {
    let published = Published::of(theirs, ours, Scope::Auto, at).unwrap();
    assert!(!published.whole);
    compare(ours, &published, "theirs.yaml", &[])
}

/// Returns `severity: description` of each difference, without the places.
fn lines(report: &Report) -> Vec<String> {
    assert_eq!(report.notes.len(), 0, "{:?}", report.notes);
    report.differences.iter().map(line).collect()
}

fn line(difference: &Difference) -> String {
    format!("{}: {}", difference.severity, difference.describe())
}

/// Returns our own document.
fn our_document() -> Value {
    static OURS: LazyLock<Value> = LazyLock::new(|| {
        let path = crate::workspace::root().unwrap().join("openapi.yaml");
        crate::document::load(&path).unwrap()
    });
    OURS.clone()
}
