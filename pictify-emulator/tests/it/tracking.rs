//! Tracking: events, pixels and clicks of experiments.

use crate::support::{JSON, get, post, send};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

const WRITE_KEY: &str = "X-Write-Key: wk_1";

/// Starts an experiment that assigns all visitors to `a`, and returns its path.
async fn start_experiment(emulator: &Emulator) -> String {
    let body = json!({
        "name": "Hero", "type": "ab_test", "slug": "hero",
        "goalConfig": {"type": "click_through", "destinationUrl": "https://example.com/landing"},
        "variants": [{"id": "a", "weight": 10000}, {"id": "b", "weight": 0}],
    });
    let created = post(emulator, "/experiments/api", &body).await.json();
    let path = format!("/experiments/api/{}", created["experiment"]["uid"].as_str().unwrap());
    assert_eq!(post(emulator, &format!("{path}/start"), &json!({})).await.status, 200);
    path
}

/// Returns the impressions and the clicks of both variants.
async fn counts(emulator: &Emulator, path: &str) -> [u64; 4] {
    let variants = get(emulator, path).await.json()["experiment"]["variants"].clone();
    [("a", "impressions"), ("a", "clicks"), ("b", "impressions"), ("b", "clicks")].map(|(id, counter)| {
        let variant = variants.as_array().unwrap().iter().find(|variant| variant["id"] == id).unwrap();
        variant[counter].as_u64().unwrap()
    })
}

#[tokio::test]
async fn events_are_accepted_single_or_batched_as_json_or_text() {
    let emulator = Emulator::start().await.unwrap();
    let path = start_experiment(&emulator).await;
    let event = |name: &str, id: &str| json!({"event": name, "experiment": "hero", "variantId": id});
    let text = "Content-Type: text/plain;charset=UTF-8";
    let key_in_body = json!({"event": "view", "experiment": "hero", "variantId": "a", "writeKey": "wk_1"});
    for (headers, body, processed, warns, expected_counts) in [
        (&[JSON, WRITE_KEY][..], json!([event("impression", "a"), event("click", "b")]), 2, false, [1, 0, 0, 1]),
        (&[JSON], event("click", "a"), 1, true, [1, 1, 0, 1]),
        (&[text, WRITE_KEY], event("view", "b"), 1, false, [1, 1, 1, 1]),
        (&[text], json!([event("conversion", "b")]), 1, true, [1, 1, 1, 1]),
        (&[JSON], key_in_body, 1, false, [2, 1, 1, 1]),
        (&[JSON, WRITE_KEY], json!({"event": "click", "experiment": "hero"}), 1, false, [2, 2, 1, 1]),
    ] {
        let response = send(&emulator, "POST /s/events", headers, body.to_string().as_bytes()).await;
        let receipt = response.json();
        assert_eq!((response.status, &receipt["processed"], &receipt["ok"]), (200, &json!(processed), &json!(true)));
        assert_eq!(receipt["warning"].as_str(), warns.then_some("write_key_recommended"), "{body}");
        assert_eq!(counts(&emulator, &path).await, expected_counts, "{body}");
    }
}

#[tokio::test]
async fn invalid_events_are_rejected_individually() {
    let emulator = Emulator::start().await.unwrap();
    let path = start_experiment(&emulator).await;
    let with = |name: &str, value: Value| {
        let mut event = json!({"event": "impression", "experiment": "hero", "variantId": "a"});
        event[name] = value;
        event
    };
    let wide: Value = (0..51).map(|index| (index.to_string(), json!(1))).collect::<serde_json::Map<_, _>>().into();
    let limits = "metadata: at most 10240 bytes, 3 levels and 50 properties";
    let body = json!([
        with("experiment", json!("unknown")),
        with("variantId", json!("c")),
        with("event", json!("purchase")),
        with("metadata", json!({"a": {"b": {"c": 1}}})),
        with("metadata", json!({"a": {"b": {"c": {"d": 1}}}})),
        with("metadata", json!({"a": "x".repeat(10240)})),
        with("metadata", wide),
    ]);
    let receipt = send(&emulator, "POST /s/events", &[JSON, WRITE_KEY], body.to_string().as_bytes()).await.json();
    let errors: Vec<_> =
        receipt["errors"].as_array().unwrap().iter().map(|one| (&one["index"], &one["error"])).collect();
    let expected = [
        (0, "Unknown experiment"),
        (1, "Unknown variant"),
        (2, "Unknown event"),
        (4, limits),
        (5, limits),
        (6, limits),
    ]
    .map(|(index, error)| (json!(index), json!(error)));
    assert_eq!(errors, expected.each_ref().map(|(index, error)| (index, error)));
    assert_eq!((&receipt["processed"], counts(&emulator, &path).await), (&json!(1), [1, 0, 0, 0]));

    let many: Value = (0..101).map(|_| with("channel", json!("web"))).collect();
    for (headers, body, status) in [
        (&[JSON][..], many.to_string(), 400),
        (&[JSON], "[]".to_owned(), 400),
        (&[JSON], json!({"experiment": "hero"}).to_string(), 400),
        (&["Content-Type: text/plain"], "not json".to_owned(), 400),
        (&["Content-Type: text/html"], with("channel", json!("web")).to_string(), 415),
    ] {
        assert_eq!(send(&emulator, "POST /s/events", headers, body.as_bytes()).await.status, status, "{body:.60}");
    }
    post(&emulator, &format!("{path}/pause"), &json!({})).await;
    let body = with("channel", json!("web")).to_string();
    let receipt = send(&emulator, "POST /s/events", &[JSON], body.as_bytes()).await.json();
    assert_eq!(receipt["errors"], json!([{"index": 0, "error": "Experiment is not running"}]));
}

#[tokio::test]
async fn only_events_are_accepted_as_text() {
    let emulator = Emulator::start().await.unwrap();
    let headers = &["Authorization: Bearer k", "Content-Type: text/plain"];
    assert_eq!(send(&emulator, "POST /image", headers, br#"{"html":"x"}"#).await.status, 415);
}

#[tokio::test]
async fn clicks_redirect_and_pixels_are_always_served() {
    let emulator = Emulator::start().await.unwrap();
    let path = start_experiment(&emulator).await;
    for (slug, expected_counts) in [("hero", [1, 0, 0, 0]), ("unknown", [1, 0, 0, 0])] {
        let pixel = send(&emulator, &format!("GET /s/{slug}/pixel.gif"), &[], b"").await;
        assert_eq!((pixel.status, pixel.header("content-type")), (200, Some("image/gif")));
        assert_eq!(pixel.header("cache-control"), Some("no-cache, no-store, must-revalidate"));
        let image = image::load_from_memory(&pixel.body).unwrap().to_rgba8();
        assert_eq!((image.dimensions(), image.get_pixel(0, 0).0[3]), ((1, 1), 0));
        assert_eq!(counts(&emulator, &path).await, expected_counts, "{slug}");
    }
    let click = send(&emulator, "GET /s/hero/click", &[], b"").await;
    assert_eq!((click.status, click.header("location")), (302, Some("https://example.com/landing")));
    assert_eq!(counts(&emulator, &path).await, [1, 1, 0, 0]);
    assert_eq!(send(&emulator, "GET /s/unknown/click", &[], b"").await.status, 404);
    post(&emulator, &format!("{path}/complete"), &json!({"winnerVariantId": "a"})).await;
    assert_eq!(send(&emulator, "GET /s/hero/click", &[], b"").await.status, 302);
    assert_eq!(counts(&emulator, &path).await, [1, 1, 0, 0], "a completed experiment counts no clicks");
}
