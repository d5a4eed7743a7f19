//! Rate limit, quota, idempotency keys, fault injection, and the ledger.

use crate::support::{JSON, KEY, connect, create, get, post, send};
use pictify_emulator::{Emulator, Fault, Profile};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn image() -> Value {
    json!({"html": "x", "width": 9, "height": 9})
}

#[tokio::test]
async fn the_rate_limit_rejects_further_requests_and_sets_its_headers() {
    let emulator = Emulator::builder().requests_per_minute(2).start().await.unwrap();
    for remaining in ["1", "0"] {
        let response = get(&emulator, "/image").await;
        assert_eq!((response.status, response.header("x-ratelimit-remaining")), (200, Some(remaining)));
        assert_eq!(response.header("x-ratelimit-limit"), Some("2"));
    }
    let rejected = get(&emulator, "/image").await;
    let wait: u32 = rejected.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!((rejected.status, rejected.json()), (429, json!({"message": "Too many requests", "retry_after": wait})));
    assert_eq!(send(&emulator, "GET /image", &["Authorization: Bearer other"], b"").await.status, 200);
}

#[tokio::test]
async fn the_quota_counts_renders_only_and_rejects_further_ones() {
    let emulator = Emulator::builder().renders_per_month(1).start().await.unwrap();
    assert_eq!(post(&emulator, "/image", &json!({"html": "x", "width": 0})).await.status, 400);
    assert_eq!(create(&emulator, "x", 9, 9).await.status, 200);
    let rejected = create(&emulator, "x", 9, 9).await;
    assert_eq!((rejected.status, rejected.json()["code"].as_str()), (429, Some("quota_exceeded")));
    assert_eq!(rejected.header("retry-after"), None);
    assert_eq!(get(&emulator, "/image").await.status, 200);
    let plan = get(&emulator, "/api/users/plans").await.json();
    assert_eq!((&plan["monthlyLimit"], &plan["hasExceededMonthlyLimit"]), (&json!(1), &json!(true)));
    assert_eq!(emulator.billed_renders(), 1);
}

#[tokio::test]
async fn idempotency_keys_replay_responses_only_if_enabled() {
    for (honoured, billed) in [(true, 2), (false, 3)] {
        let emulator = Emulator::builder().idempotency_keys(honoured).start().await.unwrap();
        let send = async |body: Value| {
            let headers = [KEY, JSON, "Idempotency-Key: k1"];
            send(&emulator, "POST /image", &headers, body.to_string().as_bytes()).await.json()
        };
        let (first, repeated) = (send(image()).await, send(image()).await);
        assert_eq!(first == repeated, honoured);
        assert_ne!(send(json!({"html": "other", "width": 9, "height": 9})).await["id"], first["id"]);
        assert_eq!(emulator.billed_renders(), billed);
    }
}

#[tokio::test]
async fn an_idempotency_key_belongs_to_one_path() {
    let emulator = Emulator::builder().idempotency_keys(true).start().await.unwrap();
    let mut ids = Vec::new();
    for html in ["<p>a", "<p>b"] {
        let template = json!({"name": "t", "html": html, "width": 9, "height": 9});
        let template = post(&emulator, "/templates", &template).await.json();
        let line = format!("POST /templates/{}/render", template["template"]["uid"].as_str().unwrap());
        let headers = [KEY, JSON, "Idempotency-Key: k1"];
        let response = send(&emulator, &line, &headers, br#"{"variables":{}}"#).await;
        assert_eq!(response.status, 200, "{response:?}");
        ids.push(response.json());
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(emulator.billed_renders(), 2);
}

#[tokio::test]
async fn a_document_needs_a_quota_for_each_of_its_pages() {
    let emulator = Emulator::builder().renders_per_month(2).start().await.unwrap();
    let template = post(&emulator, "/templates", &json!({"name": "t", "html": "<p>{{a}}"})).await.json();
    let pages = |count| {
        let sets = vec![json!({"a": 1}); count];
        json!({"templateUid": template["template"]["uid"], "variableSets": sets})
    };
    let rejected = post(&emulator, "/pdf/multi-page", &pages(3)).await;
    assert_eq!((rejected.status, rejected.json()["code"].as_str()), (429, Some("quota_exceeded")), "{rejected:?}");
    assert_eq!(emulator.billed_renders(), 0);
    assert_eq!(post(&emulator, "/pdf/multi-page", &pages(2)).await.status, 200);
    assert_eq!(emulator.billed_renders(), 2);
}

#[tokio::test]
async fn a_concurrent_request_with_the_same_key_waits_for_the_first_response() {
    let emulator = Emulator::builder().idempotency_keys(true).start().await.unwrap();
    let send = async || {
        let headers = [KEY, JSON, "Idempotency-Key: k1"];
        send(&emulator, "POST /image", &headers, image().to_string().as_bytes()).await.json()["id"].clone()
    };
    let (one, two, three) = tokio::join!(send(), send(), send());
    assert_eq!((&one, &two), (&two, &three));
    assert_eq!(emulator.billed_renders(), 1);
}

#[tokio::test]
async fn a_replay_succeeds_even_if_the_quota_is_used_up() {
    let emulator = Emulator::builder().idempotency_keys(true).renders_per_month(1).start().await.unwrap();
    let send = async || {
        let headers = [KEY, JSON, "Idempotency-Key: k1"];
        send(&emulator, "POST /image", &headers, image().to_string().as_bytes()).await
    };
    let (first, repeated) = (send().await, send().await);
    assert_eq!((repeated.status, repeated.json()), (200, first.json()));
    assert_eq!(create(&emulator, "other", 9, 9).await.status, 429);
}

#[tokio::test]
async fn concurrent_renders_do_not_exceed_the_quota() {
    let emulator = Emulator::builder().renders_per_month(2).start().await.unwrap();
    let make = |_| async { create(&emulator, "x", 9, 9).await.status };
    let mut statuses = futures_util::future::join_all((0..6).map(make)).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 429, 429, 429, 429]);
    assert_eq!(emulator.billed_renders(), 2);
}

#[tokio::test]
async fn a_fault_responds_before_or_after_the_handler() {
    let busy = Fault::status(503).body(json!({"error": "busy", "retriable": true})).header("retry-after", "7");
    let lost = Fault::status(502).body("<h1>Bad gateway").header("content-type", "text/html");
    let faults = [
        busy.for_operation("createImage").on_calls([1]),
        lost.for_operation("createImage").on_calls([2]).after_handler(),
    ];
    let emulator = Emulator::builder().faults(faults).start().await.unwrap();
    let first = create(&emulator, "x", 9, 9).await;
    assert_eq!((first.status, first.header("retry-after"), emulator.billed_renders()), (503, Some("7"), 0));
    let second = create(&emulator, "x", 9, 9).await;
    assert_eq!((second.status, &second.body[..], emulator.billed_renders()), (502, &b"<h1>Bad gateway"[..], 1));
    assert_eq!(create(&emulator, "x", 9, 9).await.status, 200);
    let ledger = get(&emulator, "/_emulator/ledger").await.json();
    assert_eq!((&ledger["renders"], &ledger["entries"][0]["operation"]), (&json!(2), &json!("createImage")));
    assert_eq!(ledger["entries"][0]["requestId"].as_str(), second.header("x-request-id"));
}

#[tokio::test]
async fn faults_close_the_connection_without_a_response_or_within_one() {
    let faults = [
        Fault::reset().for_operation("listImages").on_calls([1]),
        Fault::truncate_after(10).for_operation("listImages").on_calls([2]),
    ];
    let emulator = Emulator::builder().faults(faults).start().await.unwrap();
    let request_image_list = async || {
        let mut stream = connect(&emulator).await;
        let request = format!("GET /image HTTP/1.1\r\nHost: localhost\r\n{KEY}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = Vec::new();
        let _ = stream.read_to_end(&mut response).await;
        String::from_utf8(response).unwrap()
    };
    assert_eq!(request_image_list().await, "");
    let cut = request_image_list().await;
    let (head, body) = cut.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(body, r#"{"images":"#);
    assert_eq!(get(&emulator, "/image").await.status, 200);
}

#[tokio::test]
async fn faults_can_be_set_and_removed_while_the_server_runs() {
    let emulator = Emulator::start().await.unwrap();
    let script = json!({"seed": 3, "faults": [{"operation": "listImages", "status": 500, "body": {"error": "no"}}]});
    let put = |body: Value| {
        let emulator = &emulator;
        async move { send(emulator, "PUT /_emulator/faults", &[JSON], body.to_string().as_bytes()).await }
    };
    assert_eq!(put(script).await.json(), json!({"faults": 1}));
    assert_eq!(get(&emulator, "/image").await.json(), json!({"error": "no"}));
    assert_eq!(send(&emulator, "DELETE /_emulator/faults", &[], b"").await.status, 200);
    assert_eq!(get(&emulator, "/image").await.status, 200);
    let rejected = put(json!({"faults": [{"stats": 500}]})).await;
    assert_eq!(rejected.status, 400);
    assert!(rejected.json()["message"].as_str().unwrap().contains("unknown field `stats`"), "{rejected:?}");
    emulator.set_faults(0, [Fault::delay(Duration::from_millis(1)), Fault::status(500)]);
    assert_eq!(get(&emulator, "/image").await.status, 200, "the first fault that matches is applied");
    assert_eq!(get(&emulator, "/_emulator/other").await.status, 404);
}

#[tokio::test]
async fn the_documented_profile_returns_problem_documents() {
    let emulator = Emulator::builder().profile(Profile::Documented).requests_per_minute(5).start().await.unwrap();
    for (line, body, status, slug) in [
        ("GET /templates/T1", json!(null), 404, "template-not-found"),
        ("POST /image", json!({"html": "x", "width": 0}), 400, "validation-error"),
        ("POST /gif", json!({"html": "x", "width": 9, "height": 9}), 422, "render-failed"),
        ("GET /nothing", json!(null), 404, "not-found"),
    ] {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let response = send(&emulator, line, &[KEY, JSON], text.as_bytes()).await;
        let problem = response.json();
        assert_eq!(
            (response.status, response.header("content-type")),
            (status, Some("application/problem+json")),
            "{line}"
        );
        assert_eq!(problem["type"], format!("https://docs.pictify.io/errors/{slug}"), "{line}");
        assert_eq!(problem["requestId"].as_str(), response.header("x-request-id"));
        if status == 400 {
            let expected =
                json!([{"field": "width", "message": "0 is less than the minimum of 1", "code": "out_of_range"}]);
            assert_eq!(problem["errors"], expected);
        }
    }
    assert_eq!(send(&emulator, "GET /image", &[], b"").await.json()["title"], "Invalid API Key");
    while get(&emulator, "/image").await.status == 200 {}
    let rejected = get(&emulator, "/image").await.json();
    assert_eq!((&rejected["title"], rejected["retryAfter"].is_u64()), (&json!("Rate Limit Exceeded"), true));
}
