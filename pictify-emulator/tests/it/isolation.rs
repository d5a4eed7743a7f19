//! Isolation of API keys: tests that run side by side do not see each other's data.

use crate::support::{JSON, Response, get_without_key, send};
use pictify_emulator::{Emulator, Fault, RequestFilter, StartError};
use serde_json::{Value, json};

async fn isolating() -> Emulator {
    Emulator::builder().isolate_keys(true).renders_per_month(2).start().await.unwrap()
}

/// Sends a request with an API key.
async fn send_as(emulator: &Emulator, key: &str, line: &str, body: &Value) -> Response {
    let key = format!("Authorization: Bearer {key}");
    let text = if body.is_null() { String::new() } else { body.to_string() };
    send(emulator, line, &[&key, JSON], text.as_bytes()).await
}

fn image() -> Value {
    json!({"html": "x", "width": 9, "height": 9})
}

#[tokio::test]
async fn each_key_has_its_own_data_quota_faults_and_requests() {
    let emulator = isolating().await;
    let (a, b) = (emulator.for_key("a").unwrap(), emulator.for_key("b").unwrap());
    for _ in 0..2 {
        assert_eq!(send_as(&emulator, "a", "POST /image", &image()).await.status, 200);
    }
    assert_eq!(send_as(&emulator, "a", "POST /image", &image()).await.status, 429, "the quota of a is used up");
    assert_eq!(send_as(&emulator, "b", "POST /image", &image()).await.status, 200);
    for (key, total) in [("a", 2), ("b", 1), ("c", 0)] {
        let list = send_as(&emulator, key, "GET /image", &Value::Null).await.json();
        assert_eq!(list["pagination"]["total"], total, "{key}");
    }
    assert_eq!([&a, &b, &emulator].map(Emulator::billed_renders), [2, 1, 0]);
    let created = RequestFilter::default().operation("createImage");
    assert_eq!([&a, &b, &emulator].map(|view| view.requests(&created).unwrap().len()), [3, 1, 0]);

    a.reset().unwrap();
    a.set_faults(0, [Fault::status(503).for_operation("listImages")]);
    assert_eq!([&a, &b].map(Emulator::billed_renders), [0, 1]);
    assert_eq!(send_as(&emulator, "a", "GET /image", &Value::Null).await.status, 503);
    assert_eq!(send_as(&emulator, "b", "GET /image", &Value::Null).await.status, 200);
    drop((a, b));
    assert_eq!(
        send_as(&emulator, "b", "GET /image", &Value::Null).await.status,
        200,
        "a view does not stop the server"
    );
}

#[tokio::test]
async fn a_request_without_a_key_belongs_to_the_key_that_has_its_file_or_link() {
    let emulator = isolating().await;
    let template = json!({"name": "t", "html": "<p>{{a}}", "width": 9, "height": 9});
    let template = send_as(&emulator, "a", "POST /templates", &template).await.json()["template"]["uid"].take();
    let source = json!({"type": "static", "staticData": {}});
    let binding = json!({"templateId": template, "mapping": {}, "dataSource": source});
    let binding = send_as(&emulator, "a", "POST /bindings", &binding).await.json()["binding"]["uid"].take();
    let image = send_as(&emulator, "b", "POST /image", &image()).await.json()["url"].take();
    let file = image.as_str().unwrap().strip_prefix(emulator.url()).unwrap().to_owned();
    let (template, binding) = (template.as_str().unwrap(), binding.as_str().unwrap());
    for (path, status) in [
        (file, 200),
        (format!("/b/{binding}.png"), 200),
        (format!("/r/{template}.png?token=a"), 200),
        (format!("/r/{template}.png?token=b"), 404),
        (format!("/r/{template}.png?token=new"), 404),
        ("/media/none.png".to_owned(), 404),
    ] {
        assert_eq!(get_without_key(&emulator, &path, &[]).await.status, status, "{path}");
    }
    assert_eq!(emulator.for_key("a").unwrap().billed_renders(), 2, "the links of a are billed to a");
}

#[tokio::test]
async fn a_header_selects_the_key_of_the_admin_api() {
    let emulator = isolating().await;
    let fail_next = br#"{"operation": "createImage", "status": 503}"#;
    let headers = ["X-Emulator-Key: a", JSON];
    assert_eq!(send(&emulator, "POST /_emulator/faults/next", &headers, fail_next).await.status, 200);
    assert_eq!(send_as(&emulator, "b", "POST /image", &image()).await.status, 200);
    assert_eq!(send_as(&emulator, "a", "POST /image", &image()).await.status, 503);
    assert_eq!(send_as(&emulator, "a", "POST /image", &image()).await.status, 200);
    for (headers, renders) in [(&["X-Emulator-Key: a"][..], 1), (&["X-Emulator-Key: c"], 0), (&[], 0)] {
        let ledger = get_without_key(&emulator, "/_emulator/ledger", headers).await.json();
        assert_eq!(ledger["renders"], renders, "{headers:?}");
    }
}

#[tokio::test]
async fn unknown_keys_get_no_data_and_old_keys_lose_theirs() {
    let emulator = Emulator::builder().isolate_keys(true).api_keys(["known"]).start().await.unwrap();
    assert_eq!(send_as(&emulator, "unknown", "GET /image", &Value::Null).await.status, 401);
    assert_eq!(send_as(&emulator, "known", "GET /image", &Value::Null).await.status, 200);

    let emulator = isolating().await;
    for key in ["old", "kept"] {
        send_as(&emulator, key, "POST /templates", &json!({"name": "t", "html": "x"})).await;
    }
    for number in 0..255 {
        emulator.for_key("kept").unwrap();
        emulator.for_key(&format!("new {number}")).unwrap();
    }
    for (key, total) in [("kept", 1), ("old", 0)] {
        let list = send_as(&emulator, key, "GET /templates", &Value::Null).await.json();
        assert_eq!(list["pagination"]["total"], total, "{key}");
    }
}

#[tokio::test]
async fn isolated_data_are_in_memory_only() {
    let folder = tempfile::tempdir().unwrap();
    let started = Emulator::builder().isolate_keys(true).data_dir(folder.path()).start().await;
    assert!(matches!(started, Err(StartError::DataDir { .. })), "{started:?}");
    let shared = Emulator::start().await.unwrap();
    send_as(&shared, "a", "POST /image", &image()).await;
    assert_eq!(shared.for_key("b").unwrap().billed_renders(), 1, "without isolation all keys share their data");
}
