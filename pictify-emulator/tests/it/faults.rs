//! Fault injection, and validation of fault scripts.

use crate::support::{JSON, KEY, connect, create, send};
use pictify_emulator::{Emulator, Fault, Options};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn put(emulator: &Emulator, script: Value) -> (u16, String) {
    let response = send(emulator, "PUT /_emulator/faults", &[JSON], script.to_string().as_bytes()).await;
    (response.status, response.json()["message"].as_str().unwrap_or_default().to_owned())
}

/// Sends one request and returns everything until the connection closes.
async fn raw_response(emulator: &Emulator, line: &str) -> String {
    let mut stream = connect(emulator).await;
    stream.write_all(format!("{line} HTTP/1.1\r\nHost: localhost\r\n{KEY}\r\n\r\n").as_bytes()).await.unwrap();
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response).await;
    String::from_utf8(response).unwrap()
}

/// A client that gives up has been billed: the ambiguous case.
#[tokio::test]
async fn a_delayed_response_after_the_handler_is_billed_before_the_delay() {
    let late = Fault::delay(Duration::from_secs(3600)).after_handler();
    let emulator = Emulator::builder().faults([late]).start().await.unwrap();
    let mut stream = connect(&emulator).await;
    let body = r#"{"html":"x","width":9,"height":9}"#;
    let length = body.len();
    let request =
        format!("POST /image HTTP/1.1\r\nHost: localhost\r\n{KEY}\r\n{JSON}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let billed = async {
        while emulator.billed_renders() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), billed).await.expect("the render is billed before the response");
}

#[tokio::test]
async fn truncation_applies_with_any_other_settings() {
    let emulator = Emulator::start().await.unwrap();
    for (fault, status, body) in [
        (json!({"truncateAfter": 10}), "200", r#"{"images":"#),
        (json!({"truncateAfter": 10, "afterHandler": true}), "200", r#"{"images":"#),
        (json!({"truncateAfter": 4, "status": 503, "body": "unavailable"}), "503", "unav"),
        (json!({"truncateAfter": 4, "status": 503, "body": "unavailable", "afterHandler": true}), "503", "unav"),
    ] {
        assert_eq!(put(&emulator, json!({"faults": [fault]})).await.0, 200);
        let response = raw_response(&emulator, "GET /image").await;
        let (head, rest) = response.split_once("\r\n\r\n").unwrap_or((&response, ""));
        assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{fault}: {head}");
        assert_eq!(rest, body, "{fault}");
    }
}

const IMPOSSIBLE_FAULTS: [(&str, &str); 7] = [
    (r#"{"operation": "createImages", "status": 503}"#, "faults[0]: unknown operation createImages"),
    (r#"{"status": 99}"#, "faults[0]: status 99 is not one of 200 to 999"),
    (r#"{"status": 101}"#, "faults[0]: status 101 is not one of 200 to 999"),
    (r#"{"status": 503, "probability": 1.5}"#, "faults[0]: probability 1.5 is not between 0 and 1"),
    (r#"{"status": 503, "onCalls": [0]}"#, "faults[0]: onCalls are counted from 1"),
    (r#"{"status": 503, "headers": {"a b": "c"}}"#, "faults[0]: the header \"a b\" cannot be sent"),
    (
        r#"{"operation": "createImage"}"#,
        "faults[0]: the fault has no effect: give status, reset, truncateAfter or delayMs",
    ),
];

#[tokio::test]
async fn the_admin_api_rejects_faults_that_cannot_occur() {
    let emulator = Emulator::start().await.unwrap();
    assert_eq!(put(&emulator, json!({"faults": [{"status": 503}]})).await.0, 200);
    for (fault, why) in IMPOSSIBLE_FAULTS {
        let fault: Value = serde_json::from_str(fault).unwrap();
        let rejected = put(&emulator, json!({"faults": [fault]})).await;
        assert_eq!(rejected, (400, format!("Invalid fault script: {why}")));
    }
    assert_eq!(create(&emulator, "x", 9, 9).await.status, 503, "the previous script stays");
}

#[tokio::test]
async fn options_and_builder_reject_faults_that_cannot_occur() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faults.json");
    for (fault, why) in IMPOSSIBLE_FAULTS {
        std::fs::write(&file, format!(r#"{{"faults": [{fault}]}}"#)).unwrap();
        let mut options = Options::default();
        (options.port, options.faults) = (Some(0), Some(file.clone()));
        let error = options.start().await.unwrap_err().to_string();
        assert_eq!(error, format!("{} cannot be used: {why}", file.display()));
    }
    let error =
        Emulator::builder().faults([Fault::status(503).for_operation("createImages")]).start().await.unwrap_err();
    assert_eq!(error.to_string(), "the faults cannot be used: faults[0]: unknown operation createImages");
}
