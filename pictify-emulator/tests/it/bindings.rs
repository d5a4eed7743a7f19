//! Bindings: their image at a stable URL, refresh, fallback and errors.

use crate::support::{JSON, Response, call, get_without_key, ok, receiver::Receiver, send};
use pictify_emulator::{EgressPolicy, Emulator};
use serde_json::{Value, json};
use tokio::net::TcpListener;

fn colour(response: &Response) -> [u8; 3] {
    let image = image::load_from_memory(&response.body).unwrap_or_else(|_| panic!("not an image: {response:?}"));
    image.to_rgb8().get_pixel(5, 5).0
}

const RED: [u8; 3] = [255, 0, 0];
const GREEN: [u8; 3] = [0, 255, 0];
const BLUE: [u8; 3] = [0, 0, 255];

async fn template(emulator: &Emulator) -> Value {
    let html = r#"<body style="margin:0;background:{{colour}}"></body>"#;
    let body = json!({"name": "Card", "html": html, "width": 20, "height": 10});
    ok(emulator, "POST /templates", body).await["template"]["uid"].clone()
}

/// Creates a binding whose colour comes from `theme.colour`, and returns its uid.
async fn create(emulator: &Emulator, source: Value, more: &Value) -> String {
    let mut body = json!({
        "templateId": template(emulator).await, "dataSource": source, "mapping": {"colour": "theme.colour"},
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    ok(emulator, "POST /bindings", body).await["binding"]["uid"].as_str().unwrap().to_owned()
}

async fn push(emulator: &Emulator, uid: &str, data: &Value) -> (u16, Value) {
    let response = send(emulator, &format!("POST /webhooks/{uid}"), &[JSON], data.to_string().as_bytes()).await;
    (response.status, response.json())
}

async fn binding(emulator: &Emulator, uid: &str) -> Value {
    ok(emulator, &format!("GET /bindings/{uid}"), Value::Null).await["binding"].clone()
}

#[tokio::test]
async fn bindings_are_created_changed_listed_and_deleted() {
    let emulator = Emulator::start().await.unwrap();
    let credentials = json!({"type": "bearer_token", "value": "secret-token"});
    let source = json!({"type": "http", "url": "http://example.com/a", "credentials": credentials});
    let uid = create(&emulator, source, &json!({"name": "Stats"})).await;
    let created = binding(&emulator, &uid).await;
    assert!(!created.to_string().contains("secret-token"), "{created}");
    assert_eq!(
        (&created["status"], &created["errorCount"], &created["lastFetchAt"]),
        (&json!("active"), &json!(0), &Value::Null)
    );
    assert_eq!(created["renderUrl"], format!("{}/b/{uid}.png", emulator.url()));
    assert_eq!(created["webhookUrl"], format!("{}/webhooks/{uid}", emulator.url()));
    assert_eq!(created["refreshPolicy"], json!({"type": "ttl", "ttlSeconds": 300, "onError": "serve_stale"}));

    let path = format!("/bindings/{uid}");
    let change = json!({"refreshPolicy": {"ttlSeconds": 600}, "outputConfig": {"format": "webp"}});
    let changed = ok(&emulator, &format!("PUT {path}"), change).await["binding"].clone();
    assert_eq!(changed["refreshPolicy"], json!({"type": "ttl", "ttlSeconds": 600, "onError": "serve_stale"}));
    assert_eq!(changed["renderUrl"], format!("{}/b/{uid}.webp", emulator.url()));
    for (line, body, status) in [
        (format!("POST {path}/pause"), json!({}), "paused"),
        (format!("POST {path}/resume"), json!({}), "active"),
        (format!("PUT {path}"), json!({"status": "paused"}), "paused"),
    ] {
        assert_eq!(ok(&emulator, &line, body).await["binding"]["status"], status, "{line}");
    }
    for (query, total) in [("", 1), ("?status=paused", 1), ("?status=active", 0), ("?templateId=NOBODY", 0)] {
        let list = ok(&emulator, &format!("GET /bindings{query}"), Value::Null).await;
        assert_eq!(list["pagination"]["total"], total, "{query}");
        assert!(!list.to_string().contains("secret-token"), "{list}");
    }
    assert_eq!(ok(&emulator, &format!("DELETE {path}"), Value::Null).await, json!({"deleted": true}));
    let gone = (404, json!({"message": "Binding not found"}));
    for (line, body) in [
        (format!("GET {path}"), Value::Null),
        (format!("DELETE {path}"), Value::Null),
        (format!("PUT {path}"), json!({"name": "x"})),
        (format!("POST {path}/refresh"), json!({})),
        (format!("POST {path}/test"), json!({})),
        (format!("POST {path}/pause"), json!({})),
        (format!("POST /webhooks/{uid}"), json!({})),
        (format!("GET /b/{uid}.png"), Value::Null),
        (format!("GET /b/{uid}.png/url"), Value::Null),
    ] {
        assert_eq!(call(&emulator, &line, &body).await, gone, "{line}");
    }
}

#[tokio::test]
async fn invalid_bindings_are_rejected() {
    let emulator = Emulator::start().await.unwrap();
    let template = template(&emulator).await;
    let webhook = json!({"type": "webhook"});
    let body = |source: &Value| json!({"templateId": template, "dataSource": source, "mapping": {}});
    let mut wrong_path = body(&webhook);
    wrong_path["mapping"] = json!({"colour": "a..b"});
    let mut short_ttl = body(&webhook);
    short_ttl["refreshPolicy"] = json!({"ttlSeconds": 5});
    let mut without_template = body(&webhook);
    without_template["templateId"] = "NOBODY".into();
    for (body, status, message) in [
        (without_template, 404, "Template not found"),
        (wrong_path, 400, "mapping.colour"),
        (short_ttl, 400, "ttlSeconds"),
        (body(&json!({"type": "ftp"})), 400, "dataSource.type ftp"),
        (body(&json!({"type": "http"})), 400, "dataSource.url is required"),
        (body(&json!({"type": "http", "url": "file:///etc/passwd"})), 400, "http:// or https://"),
        (body(&json!({"type": "static"})), 400, "staticData"),
        (body(&json!({"type": "webhook", "credentials": {"type": "api_key"}})), 400, "credentials.value"),
    ] {
        let (found, response) = call(&emulator, "POST /bindings", &body).await;
        assert_eq!(found, status, "{response}");
        assert!(response["message"].as_str().unwrap().contains(message), "{response}");
    }
    let uid = create(&emulator, webhook, &Value::Null).await;
    assert_eq!(call(&emulator, &format!("PUT /bindings/{uid}"), &json!({"status": "error"})).await.0, 400);
    assert_eq!(get_without_key(&emulator, &format!("/b/{uid}.gif"), &[]).await.status, 400);
}

#[tokio::test]
async fn an_image_changes_only_with_its_data() {
    let emulator = Emulator::start().await.unwrap();
    let static_data = |colour: &str| json!({"type": "static", "staticData": {"theme": {"colour": colour}}});
    let policy = json!({"refreshPolicy": {"ttlSeconds": 3600}});
    let uid = create(&emulator, static_data("#ff0000"), &policy).await;
    let address = format!("/b/{uid}.png");
    let info = ok(&emulator, &format!("GET {address}/url"), Value::Null).await;
    assert_eq!((&info["cached"], &info["width"], &info["height"]), (&json!(false), &json!(20), &json!(10)));
    let first = get_without_key(&emulator, &address, &[]).await;
    assert_eq!((colour(&first), first.header("cache-control")), (RED, Some("public, max-age=3600")));
    let etag = first.header("etag").unwrap().to_owned();
    for known in [etag.clone(), format!("\"other\", W/{etag}"), "*".to_owned()] {
        let repeated =
            get_without_key(&emulator, &format!("{address}?_t=1"), &[&format!("If-None-Match: {known}")]).await;
        assert_eq!(
            (repeated.status, repeated.body.len(), repeated.header("etag")),
            (304, 0, Some(etag.as_str())),
            "{known}"
        );
    }
    assert_eq!(emulator.billed_renders(), 1);
    let known = binding(&emulator, &uid).await;
    assert!(known["lastRenderAt"].is_string() && known["lastFetchAt"].is_string(), "{known}");
    let file = ok(&emulator, &format!("GET {address}/url"), Value::Null).await;
    assert_eq!(file["cached"], true);
    let file =
        get_without_key(&emulator, file["url"].as_str().unwrap().strip_prefix(emulator.url()).unwrap(), &[]).await;
    assert_eq!(file.body, first.body);

    let path = format!("/bindings/{uid}");
    ok(&emulator, &format!("PUT {path}"), json!({"dataSource": static_data("#0000ff")})).await;
    let changed = get_without_key(&emulator, &address, &[&format!("If-None-Match: {etag}")]).await;
    assert_eq!((changed.status, colour(&changed)), (200, BLUE));
    let size = json!({"outputConfig": {"width": 40}});
    ok(&emulator, &format!("PUT {path}"), size).await;
    let wide = image::load_from_memory(&get_without_key(&emulator, &address, &[]).await.body).unwrap();
    assert_eq!((wide.width(), wide.height()), (40, 10));
    assert_eq!(emulator.billed_renders(), 3);

    let pdf = get_without_key(&emulator, &format!("/b/{uid}.pdf"), &[]).await;
    assert_eq!((pdf.status, pdf.header("content-type")), (200, Some("application/pdf")));
    assert!(pdf.body.starts_with(b"%PDF"));
    let repeated = get_without_key(&emulator, &format!("/b/{uid}.pdf"), &[]).await;
    assert_eq!((repeated.header("etag"), emulator.billed_renders()), (pdf.header("etag"), 4), "nothing has changed");
}

#[tokio::test]
async fn pushed_data_is_rendered() {
    let emulator = Emulator::start().await.unwrap();
    let uid = create(&emulator, json!({"type": "webhook"}), &Value::Null).await;
    let address = format!("/b/{uid}.png");
    let empty = get_without_key(&emulator, &address, &[]).await;
    assert_eq!((empty.status, empty.status_and_message().1.contains("No data has been pushed yet")), (422, true));
    let known = binding(&emulator, &uid).await;
    assert_eq!((&known["status"], &known["errorCount"]), (&json!("error"), &json!(1)));
    assert!(known["lastError"].as_str().unwrap().contains("No data has been pushed yet"));

    for (data, expected) in [("#ff0000", RED), ("#0000ff", BLUE)] {
        let pushed = push(&emulator, &uid, &json!({"theme": {"colour": data}})).await;
        assert_eq!(pushed, (200, json!({"success": true})));
        assert_eq!(colour(&get_without_key(&emulator, &address, &[]).await), expected);
    }
    let known = binding(&emulator, &uid).await;
    assert_eq!((&known["status"], &known["lastError"]), (&json!("active"), &Value::Null));
    let refreshed = ok(&emulator, &format!("POST /bindings/{uid}/refresh"), json!({})).await;
    assert_eq!(refreshed, json!({"status": "refreshing", "imageUrl": known["renderUrl"]}));

    let fixed = create(&emulator, json!({"type": "static", "staticData": {}}), &Value::Null).await;
    assert_eq!(push(&emulator, &fixed, &json!({})).await.0, 400);
    assert_eq!(send(&emulator, &format!("POST /webhooks/{uid}"), &[JSON], b"[1]").await.status, 400);
}

#[tokio::test]
async fn a_test_returns_the_mapped_variables() {
    let emulator = Emulator::start().await.unwrap();
    let data = json!({"user": {"name": "Ada"}, "items": [{"price": 3}, {"price": 4}]});
    let mapping = json!({"guest": "$.user.name", "count": "items.length", "first": "items[0].price", "none": "a.b"});
    let more = json!({"mapping": mapping, "defaults": {"none": "default", "guest": "unknown", "extra": 1}});
    let uid = create(&emulator, json!({"type": "static", "staticData": data}), &more).await;
    let tested = ok(&emulator, &format!("POST /bindings/{uid}/test"), json!({})).await;
    assert_eq!(tested["fetch"], json!({"success": true, "data": data}));
    assert_eq!(tested["mapping"], json!({"valid": false, "errors": ["none: no value at a.b"]}));
    assert_eq!(tested["variables"], json!({"guest": "Ada", "count": 2, "first": 3, "none": "default", "extra": 1}));
    assert_eq!(tested["availablePaths"], json!(["user.name", "items.length", "items[0].price"]));

    let uid = create(&emulator, json!({"type": "webhook"}), &Value::Null).await;
    let tested = ok(&emulator, &format!("POST /bindings/{uid}/test"), json!({})).await;
    assert_eq!(tested["fetch"]["success"], false);
    assert_eq!(binding(&emulator, &uid).await["errorCount"], 0, "a test does not change the binding");
}

#[tokio::test]
async fn the_policy_selects_the_fallback() {
    let emulator = Emulator::start().await.unwrap();
    for (on_error, expected) in [("serve_stale", None), ("serve_error", None), ("serve_default", Some(GREEN))] {
        let more = json!({"refreshPolicy": {"onError": on_error}, "defaults": {"colour": "#00ff00"}});
        let uid = create(&emulator, json!({"type": "webhook"}), &more).await;
        let response = get_without_key(&emulator, &format!("/b/{uid}.png"), &[]).await;
        match expected {
            Some(expected) => assert_eq!(colour(&response), expected, "{on_error}"),
            None => assert_eq!(response.status, 422, "{on_error}"),
        }
        assert_eq!(binding(&emulator, &uid).await["status"], "error", "{on_error}");
        // A missing value in existing data is not a failure.
        push(&emulator, &uid, &json!({"theme": {}})).await;
        assert_eq!(colour(&get_without_key(&emulator, &format!("/b/{uid}.png"), &[]).await), GREEN, "{on_error}");
        // An image that can no longer be rendered.
        let template = binding(&emulator, &uid).await["templateId"].as_str().unwrap().to_owned();
        ok(&emulator, &format!("DELETE /templates/{template}"), Value::Null).await;
        let response = get_without_key(&emulator, &format!("/b/{uid}.png"), &[]).await;
        match on_error {
            "serve_stale" => assert_eq!(colour(&response), GREEN),
            _ => assert_eq!(response.status_and_message(), (404, "Template not found".to_owned())),
        }
        let known = binding(&emulator, &uid).await;
        assert_eq!((&known["lastError"], &known["errorCount"]), (&json!("Template not found"), &json!(2)));
    }
}

#[tokio::test]
async fn data_requests_have_the_method_headers_and_credentials_of_the_source() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let red = json!({"theme": {"colour": "#ff0000"}}).to_string();
    for (source_more, request_line, expected) in [
        (json!({"headers": {"X-One": "1"}}), "GET /here?q=1 HTTP/1.1", "x-one: 1"),
        (
            json!({"credentials": {"type": "bearer_token", "value": "t"}}),
            "GET /here?q=1 HTTP/1.1",
            "authorization: bearer t",
        ),
        (
            json!({"credentials": {"type": "basic_auth", "username": "u", "value": "p"}}),
            "GET /here?q=1 HTTP/1.1",
            "authorization: basic dtpw",
        ),
        (
            json!({"credentials": {"type": "custom_header", "headerName": "X-Key", "value": "v"}}),
            "GET /here?q=1 HTTP/1.1",
            "x-key: v",
        ),
        (json!({"credentials": {"type": "api_key", "value": "k"}}), "GET /here?q=1 HTTP/1.1", "x-api-key: k"),
        (json!({"method": "POST", "body": {"a": 1}}), "POST /here?q=1 HTTP/1.1", r#"{"a":1}"#),
    ] {
        let mut source = Receiver::start(vec![("200 OK", red.clone())]).await;
        let mut data_source = json!({"type": "http", "url": source.url});
        for (name, value) in source_more.as_object().unwrap() {
            data_source[name] = value.clone();
        }
        let uid = create(&emulator, data_source, &Value::Null).await;
        assert_eq!(colour(&get_without_key(&emulator, &format!("/b/{uid}.png"), &[]).await), RED);
        // Data is not fetched again within its lifetime.
        assert_eq!(colour(&get_without_key(&emulator, &format!("/b/{uid}.png"), &[]).await), RED);
        let request = source.next().await;
        assert!(request.head.starts_with(request_line), "{request:?}");
        let message = format!("{}{}", request.head, String::from_utf8_lossy(&request.body)).to_lowercase();
        assert!(message.contains(expected), "{message}");
        assert!(source.is_quiet());
    }
}

#[tokio::test]
async fn a_failing_source_is_reported_and_its_last_data_is_served() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let data = |colour: &str| json!({"theme": {"colour": colour}}).to_string();
    let mut source = Receiver::start(vec![
        ("200 OK\r\nETag: \"v1\"", data("#ff0000")),
        ("304 Not Modified", String::new()),
        ("500 Internal Server Error", String::new()),
        ("302 Found\r\nLocation: http://example.com/", String::new()),
        ("200 OK", "<p>not json".to_owned()),
        ("200 OK", "x".repeat(1024 * 1024 + 1)),
        ("200 OK", data("#0000ff")),
    ])
    .await;
    let more = json!({"refreshPolicy": {"type": "etag"}});
    let uid = create(&emulator, json!({"type": "http", "url": source.url}), &more).await;
    let refresh = format!("POST /bindings/{uid}/refresh");
    for (status, message, errors, colour_after) in [
        (200, "", 0, RED),
        (200, "", 0, RED),
        (502, "The data source returned status 500", 1, RED),
        (502, "The data source returned status 302", 2, RED),
        (502, "not JSON", 3, RED),
        (502, "127.0.0.1 returned more than 1048576 bytes", 4, RED),
        (200, "", 4, BLUE),
    ] {
        let (found, response) = call(&emulator, &refresh, &json!({})).await;
        assert_eq!(found, status, "{response}");
        assert!(response["message"].as_str().unwrap_or_default().contains(message), "{response}");
        assert_eq!(colour(&get_without_key(&emulator, &format!("/b/{uid}.png"), &[]).await), colour_after);
        let known = binding(&emulator, &uid).await;
        let expected = if status == 200 { "active" } else { "error" };
        assert_eq!((&known["status"], &known["errorCount"]), (&json!(expected), &json!(errors)), "{known}");
        assert_eq!(known["lastError"].is_null(), status == 200, "{known}");
    }
    let (first, second) = (source.next().await, source.next().await);
    assert_eq!((first.header("if-none-match"), second.header("if-none-match")), (None, Some("\"v1\"")));
}

#[tokio::test]
async fn an_unreachable_source_is_a_bad_gateway() {
    let emulator = Emulator::builder().egress_policy(EgressPolicy::Loopback).start().await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://u:secret@{}/", listener.local_addr().unwrap());
    drop(listener);
    let uid = create(&emulator, json!({"type": "http", "url": url}), &Value::Null).await;
    let response = get_without_key(&emulator, &format!("/b/{uid}.png"), &[]).await;
    let (status, message) = response.status_and_message();
    assert_eq!(
        (status, message.contains("127.0.0.1 cannot be reached"), message.contains("secret")),
        (502, true, false),
        "{message}"
    );
}

#[tokio::test]
async fn private_addresses_are_not_fetched_by_default() {
    let emulator = Emulator::start().await.unwrap();
    for (url, status, says) in [
        (emulator.url().to_owned(), 422, "is not an address that the emulator may connect to"),
        ("http://localhost:1/".to_owned(), 422, "is not an address that the emulator may connect to"),
        ("http://[::1]/".to_owned(), 422, "is not an address that the emulator may connect to"),
        ("http://169.254.169.254/latest/".to_owned(), 422, "is not an address that the emulator may connect to"),
        ("http://u:secret@10.0.0.1/".to_owned(), 422, "is not an address that the emulator may connect to"),
        ("https://[fe80::1]/".to_owned(), 422, "is not an address that the emulator may connect to"),
    ] {
        let uid = create(&emulator, json!({"type": "http", "url": url}), &Value::Null).await;
        let (found, response) = call(&emulator, &format!("POST /bindings/{uid}/refresh"), &json!({})).await;
        let message = response["message"].as_str().unwrap();
        assert_eq!((found, message.contains(says), message.contains("secret")), (status, true, false), "{response}");
        let tested = ok(&emulator, &format!("POST /bindings/{uid}/test"), json!({})).await;
        assert_eq!(tested["fetch"]["success"], false);
    }
}
