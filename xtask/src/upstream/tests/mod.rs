//! Pairs of small documents, and what the comparison says of them.

mod accepting;
mod differences;
mod formats;
mod fragments;
mod hostile;
mod operations;
mod same;
mod twelve;

use super::{
    compare,
    finding::Finding,
    published::{Published, Scope},
    report::Report,
};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// A document with one operation, which takes `request` and answers with `answer`.
fn document(request: &Value, answer: &Value) -> Value {
    json!({
        "openapi": "3.1.0",
        "paths": {
            "/image": {"post": {
                "requestBody": {"required": true, "content": {"application/json": {"schema": request}}},
                "responses": {"200": {"content": {"application/json": {"schema": answer}}}},
            }},
            "/ping": {"get": {"responses": {"204": {}}}},
        },
    })
}

/// What the comparison of a whole document says.
fn report(ours: &Value, theirs: Value) -> Report {
    let published = Published::of(theirs, ours, Scope::Whole, None).unwrap();
    compare(ours, &published, "theirs.yaml", &[])
}

/// What the comparison of a part of a document says.
fn fragment(ours: &Value, theirs: Value, at: Option<&str>) -> Report {
    let published = Published::of(theirs, ours, Scope::Auto, at).unwrap();
    assert!(!published.whole);
    compare(ours, &published, "theirs.yaml", &[])
}

/// `severity: what is different`, without the places.
fn lines(report: &Report) -> Vec<String> {
    assert_eq!(report.notes.len(), 0, "{:?}", report.notes);
    report.findings.iter().map(line).collect()
}

fn line(finding: &Finding) -> String {
    format!("{}: {}", finding.severity, finding.says())
}

/// Our own document.
fn our_own() -> Value {
    static OURS: LazyLock<Value> = LazyLock::new(|| {
        let path = crate::workspace::root().unwrap().join("openapi.yaml");
        crate::document::load(&path).unwrap()
    });
    OURS.clone()
}
