//! Bodies that take memory or time to validate, and URLs that must not be stored.

use crate::support::{JSON, KEY, Response, post, send};
use pictify_emulator::Emulator;
use serde_json::json;
/// Returns a list of as many zeros as fit into 16 MB.
#[cfg(target_os = "linux")]
fn zeros() -> String {
    format!("[{}0]", "0,".repeat(8 * 1024 * 1024 - 64))
}

fn status_and_code(response: &Response) -> (u16, String) {
    (response.status, response.json()["code"].as_str().unwrap_or_default().to_owned())
}

/// Without limits, each of these bodies took gigabytes and stopped all other requests for seconds.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn lists_of_millions_of_items_take_little_memory_and_no_time_from_others() {
    use crate::support::program::Program;
    use std::time::{Duration, Instant};

    const MEBIBYTE: u64 = 1024 * 1024;

    let program = Program::start(&["--log", "off"]);
    let zeros = zeros();
    let batch = format!(r#"{{"variableSets": {zeros}}}"#);
    let template = format!(r#"{{"html": "x", "variableDefinitions": {zeros}}}"#);
    let pages = format!(r#"{{"templateUid": "T", "variableSets": {zeros}}}"#);
    let requests = [
        ("POST /s/events", &[JSON][..], &zeros),
        ("POST /s/events", &["Content-Type: text/plain"], &zeros),
        ("POST /templates/T/batch-render", &[KEY, JSON], &batch),
        ("POST /templates", &[KEY, JSON], &template),
        ("POST /pdf/multi-page", &[KEY, JSON], &pages),
        ("POST /templates", &[KEY, JSON], &template),
    ];
    let before = program.tree_memory();
    let hostile = async {
        let all = requests.map(|(line, headers, body)| program.send(line, headers, body.as_bytes()));
        futures_util::future::join_all(all).await
    };
    let health = async {
        let (mut slowest, mut most) = (Duration::ZERO, 0);
        for _ in 0..50 {
            let started = Instant::now();
            assert_eq!(program.send("GET /healthcheck", &[], b"").await.unwrap().status, 200);
            slowest = slowest.max(started.elapsed());
            most = most.max(program.tree_memory());
        }
        (slowest, most)
    };
    let (responses, (slowest, most)) = tokio::join!(hostile, health);
    for ((line, ..), response) in requests.iter().zip(responses) {
        let response = response.unwrap();
        assert_eq!(status_and_code(&response), (413, "FST_ERR_CTP_BODY_TOO_LARGE".to_owned()), "{line}");
        assert!(response.body.len() < 1_000, "{line}");
    }
    assert!(slowest < Duration::from_secs(3), "the health check took {slowest:?}");
    let peak = program.tree_memory().max(most);
    assert!(peak < before + 256 * MEBIBYTE, "{} MiB, {} before", peak / MEBIBYTE, before / MEBIBYTE);
}

#[tokio::test]
async fn invalid_items_are_reported_once_and_briefly() {
    let emulator = Emulator::start().await.unwrap();
    let many = vec![0; 200_000];
    for (line, body, place) in [
        ("POST /templates/T/batch-render", json!({"variableSets": many}), "body/variableSets"),
        ("POST /templates", json!({"html": "x", "variableDefinitions": many}), "body/variableDefinitions"),
    ] {
        let response = send(&emulator, line, &[KEY, JSON], body.to_string().as_bytes()).await;
        let (status, message) = response.status_and_message();
        assert!(status == 400 && message.starts_with(place) && message.len() < 400, "{line}: {status} {message}");
    }
    let too_many = json!({"variableSets": vec![0; 300_000]});
    let response = post(&emulator, "/templates/T/batch-render", &too_many).await;
    assert_eq!(
        response.status_and_message(),
        (413, "Request body has too many values: the limit is 250000".to_owned())
    );
}

#[tokio::test]
async fn bodies_without_a_key_are_small() {
    let emulator = Emulator::start().await.unwrap();
    let event = |size| json!([{"event": "impression", "experiment": "none", "metadata": {"text": "x".repeat(size)}}]);
    for (size, status) in [(200_000, 200), (300_000, 413)] {
        let body = event(size).to_string();
        let response = send(&emulator, "POST /s/events", &[JSON], body.as_bytes()).await;
        assert_eq!(response.status, status, "{size}: {response:?}");
    }
    let image = json!({"html": "x".repeat(300_000)}).to_string();
    assert_eq!(send(&emulator, "POST /image", &[JSON], image.as_bytes()).await.status, 401, "the key comes first");
}

/// The server sends webhooks to these URLs, or redirects browsers to them.
#[tokio::test]
async fn urls_must_be_of_the_web() {
    let emulator = Emulator::start().await.unwrap();
    let webhook = |url: &str| ("/webhook-subscriptions", json!({"event": "render.completed", "targetUrl": url}));
    let batch = |url: &str| ("/templates/T/batch-render", json!({"variableSets": [{}], "webhookUrl": url}));
    let goal = |url: &str| {
        let variants =
            json!([{"id": "a", "templateUid": "T", "weight": 50}, {"id": "b", "templateUid": "T", "weight": 50}]);
        (
            "/experiments/api",
            json!({"name": "E", "slug": "exp", "type": "smart_link", "variants": variants, "goalConfig": {"destinationUrl": url}}),
        )
    };
    for url in ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "ftp://a.example/x", "//a.example"] {
        for (path, body) in [webhook(url), batch(url), goal(url)] {
            let response = post(&emulator, path, &body).await;
            let (status, message) = response.status_and_message();
            assert!(
                status == 400 && message.contains(&format!("\"{url}\" is not a")),
                "{path} {url}: {status} {message}"
            );
        }
    }
    let (path, body) = webhook("HTTPS://hooks.example/x");
    assert_eq!(post(&emulator, path, &body).await.status, 201);
}
