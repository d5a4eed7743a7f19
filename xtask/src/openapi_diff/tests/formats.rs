//! Tests of the three report formats.

use super::{document, our_document};
use crate::openapi_diff::{
    accepted::Acceptance,
    compare,
    difference::{DifferenceKind, Severity},
    published::{Published, Scope},
    report::{Format, Report},
};
use serde_json::json;

/// Returns a report with every severity, an accepted difference, a stale acceptance, and a part that could not be
/// compared.
fn report() -> Report {
    let response = json!({"type": "object", "required": ["url"], "properties": {
        "url": {"type": "string"}, "size": {"$ref": "#/components/schemas/Size"},
    }});
    let ours =
        document(&json!({"type": "object", "properties": {"html": {"type": "string", "maxLength": 10}}}), &response);
    let response = json!({"type": "object", "properties": {
        "url": {"type": "string", "description": "Where *it* is.\n<b>"},
        "size": {"$ref": "size.yaml"},
        "pages": {"type": "integer"},
    }});
    let request =
        json!({"type": "object", "required": ["html"], "properties": {"html": {"type": "string", "maxLength": 20}}});
    let mut theirs = document(&request, &response);
    theirs["paths"]["/image/{id}"] = json!({"get": {"summary": "One image.", "responses": {}}});
    let mut ours = ours;
    ours["components"] = json!({"schemas": {"Size": {"type": "integer"}}});
    let acceptance = |at: &str, kind, subject: &str, upstream: &str| Acceptance {
        at: at.to_owned(),
        kind,
        subject: subject.to_owned(),
        upstream: Some(upstream.to_owned()),
        reason: "The service does not insist.".to_owned(),
    };
    let html = "/paths/~1image/post/requestBody/content/application~1json/schema/properties/html";
    let accepted = [
        acceptance(html, DifferenceKind::Required, "field `html`", "required"),
        acceptance("/paths/~1pdf/get", DifferenceKind::Operation, "operation GET /pdf", ""),
    ];
    let published = Published::of(theirs, &ours, Scope::Whole, None).unwrap();
    compare(&ours, &published, "theirs.yaml", &accepted)
}

#[test]
fn as_text() {
    insta::assert_snapshot!(report().render(Format::Text).unwrap());
}

#[test]
fn as_markdown() {
    insta::assert_snapshot!(report().render(Format::Markdown).unwrap());
}

#[test]
fn as_json() {
    insta::assert_snapshot!(report().render(Format::Json).unwrap());
}

#[test]
fn the_exit_code_is_that_of_the_highest_open_severity() {
    let mut report = report();
    report.stale.clear();
    for (severity, code) in
        [(Severity::Breaking, 6), (Severity::Additive, 5), (Severity::Loosened, 4), (Severity::Documentation, 3)]
    {
        assert_eq!(report.exit_code(), code, "{severity}");
        report.differences.retain(|difference| difference.severity < severity);
    }
    assert_eq!(report.exit_code(), 0);
    let published = Published::of(our_document(), &our_document(), Scope::Whole, None).unwrap();
    assert_eq!(
        compare(&our_document(), &published, "ours", &[]).render(Format::Text).unwrap(),
        "ours, read as a whole document\n\nno open differences\n"
    );
}
