//! What visitors do with experiments is counted.

use crate::support::{JSON, get, post, send};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

const WRITE_KEY: &str = "X-Write-Key: wk_1";

/// A running experiment that shows `a` to all, and its path.
async fn running(emulator: &Emulator) -> String {
    let body = json!({
        "name": "Hero", "type": "ab_test", "slug": "hero",
        "goalConfig": {"type": "click_through", "destinationUrl": "https://example.com/landing"},
        "variants": [{"id": "a", "weight": 10000}, {"id": "b", "weight": 0}],
    });
    let made = post(emulator, "/experiments/api", &body).await.json();
    let path = format!("/experiments/api/{}", made["experiment"]["uid"].as_str().unwrap());
    assert_eq!(post(emulator, &format!("{path}/start"), &json!({})).await.status, 200);
    path
}

/// Impressions and clicks of both variants.
async fn counts(emulator: &Emulator, path: &str) -> [u64; 4] {
    let variants = get(emulator, path).await.json()["experiment"]["variants"].clone();
    [("a", "impressions"), ("a", "clicks"), ("b", "impressions"), ("b", "clicks")].map(|(id, what)| {
        let variant = variants.as_array().unwrap().iter().find(|variant| variant["id"] == id).unwrap();
        variant[what].as_u64().unwrap()
    })
}

#[tokio::test]
async fn events_come_one_or_many_as_json_or_as_text() {
    let emulator = Emulator::start().await.unwrap();
    let path = running(&emulator).await;
    let event = |name: &str, id: &str| json!({"event": name, "experiment": "hero", "variantId": id});
    let text = "Content-Type: text/plain;charset=UTF-8";
    let key_inside = json!({"event": "view", "experiment": "hero", "variantId": "a", "writeKey": "wk_1"});
    for (headers, body, processed, warns, then) in [
        (&[JSON, WRITE_KEY][..], json!([event("impression", "a"), event("click", "b")]), 2, false, [1, 0, 0, 1]),
        (&[JSON], event("click", "a"), 1, true, [1, 1, 0, 1]),
        (&[text, WRITE_KEY], event("view", "b"), 1, false, [1, 1, 1, 1]),
        (&[text], json!([event("conversion", "b")]), 1, true, [1, 1, 1, 1]),
        (&[JSON], key_inside, 1, false, [2, 1, 1, 1]),
        (&[JSON, WRITE_KEY], json!({"event": "click", "experiment": "hero"}), 1, false, [2, 2, 1, 1]),
    ] {
        let answer = send(&emulator, "POST /s/events", headers, body.to_string().as_bytes()).await;
        let receipt = answer.json();
        assert_eq!((answer.status, &receipt["processed"], &receipt["ok"]), (200, &json!(processed), &json!(true)));
        assert_eq!(receipt["warning"].as_str(), warns.then_some("write_key_recommended"), "{body}");
        assert_eq!(counts(&emulator, &path).await, then, "{body}");
    }
}

#[tokio::test]
async fn wrong_events_are_refused_one_by_one() {
    let emulator = Emulator::start().await.unwrap();
    let path = running(&emulator).await;
    let with = |name: &str, value: Value| {
        let mut event = json!({"event": "impression", "experiment": "hero", "variantId": "a"});
        event[name] = value;
        event
    };
    let wide: Value = (0..51).map(|index| (index.to_string(), json!(1))).collect::<serde_json::Map<_, _>>().into();
    let limits = "metadata: at most 10240 bytes, 3 levels and 50 properties";
    let body = json!([
        with("experiment", json!("nobody")),
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
        (&["Content-Type: text/plain"], "no json".to_owned(), 400),
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
async fn only_events_may_come_as_text() {
    let emulator = Emulator::start().await.unwrap();
    let headers = &["Authorization: Bearer k", "Content-Type: text/plain"];
    assert_eq!(send(&emulator, "POST /image", headers, br#"{"html":"x"}"#).await.status, 415);
}

#[tokio::test]
async fn clicks_lead_on_and_pixels_always_come() {
    let emulator = Emulator::start().await.unwrap();
    let path = running(&emulator).await;
    for (slug, then) in [("hero", [1, 0, 0, 0]), ("nobody", [1, 0, 0, 0])] {
        let pixel = send(&emulator, &format!("GET /s/{slug}/pixel.gif"), &[], b"").await;
        assert_eq!((pixel.status, pixel.header("content-type")), (200, Some("image/gif")));
        assert_eq!(pixel.header("cache-control"), Some("no-cache, no-store, must-revalidate"));
        let picture = image::load_from_memory(&pixel.body).unwrap().to_rgba8();
        assert_eq!((picture.dimensions(), picture.get_pixel(0, 0).0[3]), ((1, 1), 0));
        assert_eq!(counts(&emulator, &path).await, then, "{slug}");
    }
    let click = send(&emulator, "GET /s/hero/click", &[], b"").await;
    assert_eq!((click.status, click.header("location")), (302, Some("https://example.com/landing")));
    assert_eq!(counts(&emulator, &path).await, [1, 1, 0, 0]);
    assert_eq!(send(&emulator, "GET /s/nobody/click", &[], b"").await.status, 404);
    post(&emulator, &format!("{path}/complete"), &json!({"winnerVariantId": "a"})).await;
    assert_eq!(send(&emulator, "GET /s/hero/click", &[], b"").await.status, 302);
    assert_eq!(counts(&emulator, &path).await, [1, 1, 0, 0], "what has ended is not counted");
}
