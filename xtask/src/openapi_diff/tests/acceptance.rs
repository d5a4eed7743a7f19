//! Tests of accepted differences: they are recorded with a reason, and reported when stale.

use super::{document, lines, our_document};
use crate::openapi_diff::{
    accepted::{self, FILE},
    compare,
    difference::Difference,
    published::{Published, Scope},
    report::Report,
};
use serde_json::{Value, json};
use std::path::Path;

const WIDTH: &str = "/paths/~1image/post/requestBody/content/application~1json/schema/properties/width";

fn ours() -> Value {
    document(&json!({"type": "object", "properties": {"width": {"type": "integer"}}}), &json!({}))
}

fn theirs(width: &str) -> Value {
    document(&json!({"type": "object", "properties": {"width": {"type": width}, "new": {}}}), &json!({}))
}

fn report(theirs: Value, file: &Path) -> Report {
    let published = Published::of(theirs, &ours(), Scope::Auto, None).unwrap();
    compare(&ours(), &published, "theirs.yaml", &accepted::load(file).unwrap())
}

#[test]
fn an_accepted_difference_counts_again_if_the_upstream_value_changes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let mut first = report(theirs("string"), &file);
    assert_eq!(first.exit_code(), 6);
    let reason = "Numbers in quotes: \"1\" # is no comment.\nThe wire sends numbers.";
    assert_eq!(accepted::accept(&file, &[WIDTH.to_owned()], reason, &mut first.differences).unwrap(), 1);
    assert_eq!(first.exit_code(), 5, "the new field is still open");

    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.starts_with("# Accepted differences between upstream"), "{text}");
    assert!(
        text.contains(&format!(
            "- at: \"{WIDTH}\"\n  change: type\n  subject: \"type\"\n  upstream: \"string\"\n  reason: "
        )),
        "{text}"
    );
    assert_eq!(accepted::load(&file).unwrap()[0].reason, reason);

    let again = report(theirs("string"), &file);
    assert_eq!(
        again.open_differences().map(Difference::describe).collect::<Vec<_>>(),
        ["field `new` added: anything, optional"]
    );
    assert!(again.stale.is_empty());

    let other = report(theirs("boolean"), &file);
    assert_eq!(lines(&other)[0], "breaking: type: integer -> boolean");
    assert_eq!(other.stale.len(), 1, "the upstream value is not the accepted one");
}

#[test]
fn stale_acceptances_are_reported_in_compared_places() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    std::fs::write(&file, format!("- {{at: {WIDTH}, change: type, subject: type, upstream: string, reason: Old.}}\n"))
        .unwrap();
    let whole = report(ours(), &file);
    assert_eq!((whole.stale.len(), whole.exit_code()), (1, 3));
    let elsewhere = report(json!({"/ping": {"get": {"responses": {"204": {}}}}}), &file);
    assert_eq!((elsewhere.stale.len(), elsewhere.exit_code()), (0, 0));
    let there = report(json!({"/image": ours()["paths"]["/image"]}), &file);
    assert_eq!((there.stale.len(), there.exit_code()), (1, 3));
}

#[test]
fn an_invalid_acceptance_is_an_error_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let mut differences = report(theirs("string"), &file).differences;
    let parent = WIDTH.trim_end_matches("/width");
    let cases = [
        ("/nowhere", "Why not.", "no difference was found at this pointer"),
        (parent, "Why not.", "; below it: /paths/~1image"),
        (WIDTH, "  ", "--reason is empty"),
    ];
    for (pointer, reason, part) in cases {
        let error = accepted::accept(&file, &[pointer.to_owned()], reason, &mut differences).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert!(!file.exists());
}

#[test]
fn an_invalid_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(FILE);
    let cases = [
        ("- {at: /a, change: type, subject: type, reason: ' '}", "has no reason"),
        ("- {at: /a, change: nonsense, subject: type, reason: a}", "expected a list"),
        ("- {at: /a, change: type, subject: type}", "expected a list"),
        ("at: /a", "expected a list"),
    ];
    for (text, part) in cases {
        std::fs::write(&file, text).unwrap();
        let error = format!("{:#}", accepted::load(&file).unwrap_err());
        assert!(error.contains(part) && error.contains(FILE), "{error}");
    }
    std::fs::write(&file, "# Nothing yet.\n").unwrap();
    assert!(accepted::load(&file).unwrap().is_empty());
}

#[test]
fn our_own_file_can_be_read() {
    let root = crate::workspace::root().unwrap();
    let accepted = accepted::load(&root.join(FILE)).unwrap();
    let published = Published::of(our_document(), &our_document(), Scope::Whole, None).unwrap();
    let report = compare(&our_document(), &published, "openapi.yaml", &accepted);
    // Every acceptance is about an upstream document, so none matches here.
    assert_eq!(report.stale.len(), accepted.len());
}
