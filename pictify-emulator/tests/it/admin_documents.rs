//! Admin API: its OpenAPI document, and responses that conform to it; the contract, health and metrics.

use crate::support::{Response, create, get, ok, send};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

/// Validates a response with the schema that the document has for it.
fn check(document: &Value, pattern: &str, method: &str, response: &Response) {
    let at = format!("{method} {pattern} {}", response.status);
    let mut declared = &document["paths"][pattern][method]["responses"][response.status.to_string()];
    if let Some(target) = declared["$ref"].as_str() {
        declared = document.pointer(target.trim_start_matches('#')).unwrap();
    }
    let (content_type, media) = declared["content"]
        .as_object()
        .and_then(|content| content.iter().next())
        .unwrap_or_else(|| panic!("{at} is not documented: {response:?}"));
    let found = response.header("content-type").unwrap_or_default();
    assert!(found.starts_with(content_type.as_str()), "{at}: {found}");
    if content_type == "application/json" {
        let schema = json!({"allOf": [media["schema"]], "components": document["components"]});
        let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
        let body = response.json();
        let errors: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{at}: {errors:?}: {body}");
    }
}

/// Bodies and paths of requests that succeed, and of some that fail, for each operation that needs more than its path.
fn examples(operation: &str, id: &str) -> Vec<(String, Value, u16)> {
    let with = |suffix: &str, body: Value, status| (suffix.to_owned(), body, status);
    match operation {
        "setClock" => vec![with("", json!({"freeze": "2026-08-01T00:00:00Z"}), 200), with("", json!({}), 400)],
        "advanceClock" => vec![with("", json!({"seconds": 90}), 200), with("", json!({"duration": "x"}), 400)],
        "setFaults" => vec![
            with("", json!({"faults": [{"operation": "createGif", "status": 500}]}), 200),
            with("", json!({}), 400),
        ],
        "failNextRequests" => {
            vec![with("", json!({"operation": "createGif", "count": 2, "status": 503}), 200), with("", json!({}), 400)]
        }
        "waitForRequests" => vec![
            with("?operation=createImage", Value::Null, 200),
            with("?operation=createGif&timeout=0", Value::Null, 408),
            with("?count=x", Value::Null, 400),
        ],
        "listRequests" => vec![
            with("", Value::Null, 200),
            with("?bodies=false", Value::Null, 200),
            with("?status=x", Value::Null, 400),
        ],
        "listLedger" => vec![
            with("?operation=createImage", Value::Null, 200),
            with("?operation=createImages", Value::Null, 400),
            with("?limit=x", Value::Null, 400),
        ],
        "listDeliveries" => vec![
            with("?status=failed", Value::Null, 200),
            with("?status=fail", Value::Null, 400),
            with("?x=y", Value::Null, 400),
        ],
        "seed" => {
            let template = json!({"templates": [{"uid": "card", "name": "Card", "html": "x"}]});
            vec![
                with("", template, 200),
                with("", json!({"templates": [{"name": "A", "html": "{{#if"}]}), 422),
                with("", json!({}), 400),
            ]
        }
        "reset" => vec![with("", json!({"faults": true}), 200), with("", json!({"x": true}), 400)],
        "saveSnapshot" => vec![with("one", Value::Null, 200), with("NOT", Value::Null, 400)],
        "restoreSnapshot" | "deleteSnapshot" => vec![with("one", Value::Null, 200), with("none", Value::Null, 404)],
        "getRequest" | "replayRequest" | "getDelivery" | "resendDelivery" => {
            vec![with(id, Value::Null, 200), with("NONE", Value::Null, 404)]
        }
        _ => vec![with("", Value::Null, 200)],
    }
}

#[tokio::test]
async fn every_operation_responds_as_documented() {
    let emulator = Emulator::builder().webhook_retry_speedup(1e9).start().await.unwrap();
    let body = json!({"event": "render.completed", "targetUrl": "http://10.0.0.1/hook"});
    ok(&emulator, "POST /webhook-subscriptions", body).await;
    let request = create(&emulator, "x", 9, 9).await.header("x-request-id").unwrap().to_owned();
    let delivery = failed_delivery(&emulator).await;
    let document = get(&emulator, "/_emulator/openapi.json").await.json();
    let paths = document["paths"].as_object().unwrap();
    // Requests are cleared last.
    let mut operations: Vec<_> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| (path, method, operation))
        })
        .filter(|(_, method, _)| *method != "parameters")
        .collect();
    operations.sort_by_key(|(_, method, _)| *method == "delete");
    for (path, method, operation) in operations {
        let id = operation["operationId"].as_str().unwrap();
        if id == "streamEvents" {
            // It does not end. `admin_events.rs` tests it.
            continue;
        }
        let example_id = if path.contains("deliveries") { &delivery } else { &request };
        for (suffix, body, status) in examples(id, example_id) {
            let target = match path.split_once("{id}").or_else(|| path.split_once("{name}")) {
                Some((start, end)) => format!("{start}{suffix}{end}"),
                None => format!("{path}{suffix}"),
            };
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let line = format!("{} {target}", method.to_uppercase());
            let response = send(&emulator, &line, &[], body.as_bytes()).await;
            assert_eq!(response.status, status, "{line} {body}: {response:?}");
            check(&document, path, method, &response);
        }
    }
}

/// Waits until the only delivery has failed, and returns its ID.
async fn failed_delivery(emulator: &Emulator) -> String {
    let failed = async {
        loop {
            let delivery = get(emulator, "/_emulator/deliveries?status=failed").await.json()["deliveries"][0].clone();
            if let Some(id) = delivery["id"].as_str() {
                return id.to_owned();
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), failed).await.expect("the delivery fails")
}

#[tokio::test]
async fn the_document_is_complete() {
    let emulator = Emulator::start().await.unwrap();
    let document = get(&emulator, "/_emulator/openapi.json").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(text.contains(&format!("#/components/schemas/{name}\"")), "the schema {name} is not used");
    }
    for target in text.split("\"$ref\":\"#").skip(1) {
        let target = target.split('"').next().unwrap();
        assert!(document.pointer(target).is_some(), "{target} does not exist");
    }
    for (line, status) in [("GET /_emulator/none", 404), ("POST /_emulator/health", 404), ("GET /_emulator/", 404)] {
        let response = send(&emulator, line, &[], b"").await;
        assert_eq!(response.status, status, "{line}: {response:?}");
    }
}

#[tokio::test]
async fn the_contract_of_the_service_is_served_with_this_server() {
    let emulator = Emulator::start().await.unwrap();
    let document = get(&emulator, "/openapi.json").await;
    assert_eq!(document.header("content-type"), Some("application/json; charset=utf-8"));
    let document = document.json();
    assert_eq!(document["paths"]["/image"]["post"]["operationId"], "createImage");
    let servers = document["servers"].as_array().unwrap();
    assert_eq!((servers.len(), &servers[0]["url"]), (1, &json!("/")));
}

#[tokio::test]
async fn metrics_count_requests_renders_and_deliveries() {
    let emulator = Emulator::builder().webhook_retry_speedup(1e9).start().await.unwrap();
    let body = json!({"event": "render.completed", "targetUrl": "http://10.0.0.1/hook"});
    ok(&emulator, "POST /webhook-subscriptions", body).await;
    create(&emulator, "x", 9, 9).await;
    create(&emulator, "x", 0, 9).await;
    get(&emulator, "/nowhere").await;
    failed_delivery(&emulator).await;
    let metrics = String::from_utf8(get(&emulator, "/metrics").await.body).unwrap();
    for expected in [
        r#"pictify_requests_total{operation="createImage",status="200"} 1"#,
        r#"pictify_requests_total{operation="createImage",status="400"} 1"#,
        r#"pictify_requests_total{operation="none",status="404"} 1"#,
        r#"pictify_request_duration_seconds_count{operation="createImage"} 2"#,
        r#"pictify_renders_total{format="png"} 1"#,
        "pictify_billed_renders_total 1",
        "pictify_renders_in_progress 0",
        r#"pictify_deliveries{status="failed"} 1"#,
        r#"pictify_deliveries{status="pending"} 0"#,
        "pictify_build_info{version=",
        "# EOF",
    ] {
        assert!(metrics.contains(expected), "{expected} is missing: {metrics}");
    }
    let files = metrics.lines().find_map(|line| line.strip_prefix("pictify_files_bytes ")).unwrap();
    assert!(files.parse::<u64>().unwrap() > 50, "{files}");
}
