//! Admin API: the clock, and everything that follows it.

use crate::support::{JSON, KEY, call, create, get, ok, post, receiver::Receiver, send};
use pictify_emulator::Emulator;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

async fn freeze(emulator: &Emulator, at: &str) {
    ok(emulator, "PUT /_emulator/clock", json!({"freeze": at})).await;
}

async fn advance(emulator: &Emulator, duration: &str) {
    ok(emulator, "POST /_emulator/clock/advance", json!({"duration": duration})).await;
}

#[tokio::test]
async fn the_clock_can_be_frozen_advanced_set_and_resumed() {
    let emulator = Emulator::start().await.unwrap();
    for (line, body, now) in [
        ("PUT /_emulator/clock", json!({"freeze": "2026-01-31T10:00:00Z"}), "2026-01-31T10:00:00.000Z"),
        ("POST /_emulator/clock/advance", json!({"seconds": 1.5}), "2026-01-31T10:00:01.500Z"),
        ("POST /_emulator/clock/advance", json!({"duration": "P1M"}), "2026-02-28T10:00:01.500Z"),
        ("POST /_emulator/clock/advance", json!({"duration": "PT30M"}), "2026-02-28T10:30:01.500Z"),
        ("PUT /_emulator/clock", json!({"freeze": "now"}), "2026-02-28T10:30:01.500Z"),
        ("GET /_emulator/clock", Value::Null, "2026-02-28T10:30:01.500Z"),
    ] {
        let clock = ok(&emulator, line, body.clone()).await;
        assert_eq!((&clock["now"], &clock["frozen"]), (&json!(now), &json!(true)), "{line} {body}");
    }
    let running = ok(&emulator, "PUT /_emulator/clock", json!({"set": "2100-01-01T00:00:00Z"})).await;
    assert!(running["now"].as_str().unwrap().starts_with("2100-01-01T00:0") && running["frozen"] == false, "{running}");
    let resumed = ok(&emulator, "DELETE /_emulator/clock", Value::Null).await;
    assert_eq!((&resumed["frozen"], &resumed["offsetSeconds"]), (&json!(false), &json!(0)));
}

#[tokio::test]
async fn times_that_make_no_sense_are_rejected() {
    let emulator = Emulator::start().await.unwrap();
    freeze(&emulator, "2026-01-31T10:00:00Z").await;
    for (line, body, message) in [
        ("PUT /_emulator/clock", json!({}), "Give either freeze or set"),
        ("PUT /_emulator/clock", json!({"freeze": "now", "set": "now"}), "Give either freeze or set"),
        ("PUT /_emulator/clock", json!({"freeze": "yesterday"}), "yesterday is not a time"),
        ("PUT /_emulator/clock", json!({"freeze": "1960-01-01T00:00:00Z"}), "the clock shows times from the year 1970"),
        ("PUT /_emulator/clock", json!({"at": "now"}), "Invalid body: unknown field `at`"),
        ("POST /_emulator/clock/advance", json!({}), "Give either seconds or duration"),
        ("POST /_emulator/clock/advance", json!({"seconds": -1}), "seconds is out of range"),
        ("POST /_emulator/clock/advance", json!({"seconds": 1e300}), "seconds is out of range"),
        ("POST /_emulator/clock/advance", json!({"duration": "-P1D"}), "The clock can only be advanced"),
        ("POST /_emulator/clock/advance", json!({"duration": "P9999Y"}), "the clock shows times from the year 1970"),
        ("POST /_emulator/clock/advance", json!({"duration": "soon"}), "soon is not an ISO 8601 duration"),
    ] {
        let (status, response) = call(&emulator, line, &body).await;
        let found = response["message"].as_str().unwrap_or_default();
        assert!(status == 400 && found.starts_with(message), "{line} {body}: {status} {response}");
    }
    assert_eq!(ok(&emulator, "GET /_emulator/clock", Value::Null).await["now"], "2026-01-31T10:00:00.000Z");
}

#[tokio::test]
async fn the_quota_is_renewed_when_the_clock_reaches_the_next_month() {
    let emulator = Emulator::builder().renders_per_month(1).start().await.unwrap();
    freeze(&emulator, "2026-01-31T23:00:00Z").await;
    assert_eq!(create(&emulator, "x", 9, 9).await.status, 200);
    assert_eq!(create(&emulator, "x", 9, 9).await.status, 429);
    advance(&emulator, "PT1H").await;
    let image = create(&emulator, "x", 9, 9).await.json();
    assert_eq!(image["createdAt"], "2026-02-01T00:00:00.000Z", "{image}");
    assert_eq!(create(&emulator, "x", 9, 9).await.status, 429);
}

#[tokio::test]
async fn the_rate_limit_is_renewed_when_the_clock_reaches_the_next_window() {
    let emulator = Emulator::builder().requests_per_minute(1).start().await.unwrap();
    for (step, status) in [("PT0S", 200), ("PT59S", 429), ("PT1S", 200), ("PT1S", 429)] {
        advance(&emulator, step).await;
        freeze(&emulator, "now").await;
        assert_eq!(get(&emulator, "/image").await.status, status, "after {step}");
    }
    freeze(&emulator, "2020-01-01T00:00:00Z").await;
    assert_eq!(get(&emulator, "/image").await.status, 200, "a clock that is set back starts a new window");
}

#[tokio::test]
async fn a_webhook_retry_is_sent_when_the_clock_reaches_its_time() {
    let emulator = Emulator::builder().webhook_retry_speedup(1.0).start().await.unwrap();
    freeze(&emulator, "2026-01-01T00:00:00Z").await;
    let failures = ["500 Internal Server Error", "500 Internal Server Error", "200 OK"];
    let mut receiver = Receiver::start(failures.map(|head| (head, String::new())).to_vec()).await;
    let body = json!({"event": "render.completed", "targetUrl": receiver.url});
    assert_eq!(post(&emulator, "/webhook-subscriptions", &body).await.status, 201);
    create(&emulator, "x", 9, 9).await;
    for (attempts, next, step) in [
        (1, json!("2026-01-01T00:01:00.000Z"), "PT1M"),
        (2, json!("2026-01-01T00:06:00.000Z"), "P1D"),
        (3, Value::Null, "PT0S"),
    ] {
        receiver.next().await;
        let delivery = delivery_with_attempts(&emulator, attempts).await;
        assert_eq!(delivery["nextAttemptAt"], next, "after {attempts} attempts");
        assert!(receiver.is_quiet());
        advance(&emulator, step).await;
    }
}

/// Waits until the only delivery has so many attempts, and returns it.
async fn delivery_with_attempts(emulator: &Emulator, attempts: usize) -> Value {
    let recorded = async {
        loop {
            let delivery = get(emulator, "/_emulator/deliveries").await.json()["deliveries"][0].clone();
            if delivery["attempts"].as_array().is_some_and(|made| made.len() == attempts) {
                return delivery;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), recorded).await.expect("the attempt is recorded")
}

#[tokio::test]
async fn the_data_of_a_binding_grow_old_by_the_clock() {
    let mut source =
        Receiver::start(vec![("200 OK\r\nContent-Type: application/json", r#"{"n": 1}"#.to_owned())]).await;
    let emulator = Emulator::builder().egress_policy(pictify_emulator::EgressPolicy::Loopback).start().await.unwrap();
    freeze(&emulator, "2026-01-01T00:00:00Z").await;
    let template = json!({"name": "Card", "html": "<p>{{n}}", "width": 9, "height": 9});
    let template = ok(&emulator, "POST /templates", template).await["template"]["uid"].clone();
    let binding = json!({"name": "Counter", "templateId": template,
        "dataSource": {"type": "http", "url": source.url}, "refreshPolicy": {"type": "ttl", "ttlSeconds": 3600},
        "mapping": {"n": "n"}});
    let created = ok(&emulator, "POST /bindings", binding).await;
    let uid = created["binding"]["uid"].as_str().unwrap_or_else(|| panic!("{created}")).to_owned();
    let mut fetches = 0;
    for (step, expected) in [("PT0S", 1), ("PT3599S", 1), ("PT1S", 2), ("P1M", 3)] {
        advance(&emulator, step).await;
        assert_eq!(send(&emulator, &format!("GET /b/{uid}.png"), &[KEY], b"").await.status, 200);
        while !source.is_quiet() {
            fetches += 1;
        }
        assert!(fetches >= 1, "the binding is fetched");
        assert_eq!(fetches, expected, "after {step}");
    }
}

#[tokio::test]
async fn a_scheduled_experiment_follows_the_clock() {
    let emulator = Emulator::start().await.unwrap();
    freeze(&emulator, "2026-03-01T00:00:00Z").await;
    let template = json!({"name": "Card", "html": "<p>x", "width": 9, "height": 9});
    let template = ok(&emulator, "POST /templates", template).await["template"]["uid"].clone();
    let schedule = json!({"startAt": "2026-03-02T00:00:00Z", "endAt": "2026-03-03T00:00:00Z"});
    let variant = |id: &str| json!({"id": id, "weight": 5000, "schedule": schedule});
    let experiment = json!({"name": "Sale", "slug": "sale", "type": "scheduled", "templateUid": template,
        "variants": [variant("a"), variant("b")]});
    let created = ok(&emulator, "POST /experiments/api", experiment).await;
    let uid = created["experiment"]["uid"].as_str().unwrap_or_else(|| panic!("{created}"));
    ok(&emulator, &format!("POST /experiments/api/{uid}/start"), json!({})).await;
    for (step, status) in [("PT0S", 404), ("P1D", 200), ("PT23H59M", 200), ("PT1M", 410)] {
        advance(&emulator, step).await;
        let image = send(&emulator, "GET /s/sale.png", &[], b"").await;
        assert_eq!(image.status, status, "after {step}: {}", image.head);
    }
}

#[tokio::test]
async fn the_clock_is_also_set_in_rust() {
    let emulator = Emulator::start().await.unwrap();
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_785_000_000);
    emulator.freeze(at).unwrap();
    assert_eq!(emulator.now(), at);
    emulator.advance(Duration::from_secs(60)).unwrap();
    assert_eq!(emulator.now(), at + Duration::from_secs(60));
    assert!(emulator.advance(Duration::MAX).unwrap_err().to_string().contains("the year 8999"));
    emulator.resume_clock();
    assert!(SystemTime::now().duration_since(emulator.now()).unwrap_or_default() < Duration::from_secs(60));
    let image = send(&emulator, "POST /image", &[KEY, JSON], br#"{"html":"x","width":9,"height":9}"#).await;
    assert_eq!(image.status, 200);
}
