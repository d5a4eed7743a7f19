//! Experiments: life cycle, validation, and the image that each visitor gets.

use crate::support::{Response, call, get_without_key, ok};
use pictify_emulator::Emulator;
use serde_json::{Value, json};

fn colour(response: &Response) -> [u8; 3] {
    image::load_from_memory(&response.body).unwrap().to_rgb8().get_pixel(5, 5).0
}

const RED: [u8; 3] = [255, 0, 0];
const BLUE: [u8; 3] = [0, 0, 255];

async fn template(emulator: &Emulator) -> Value {
    let html = r#"<body style="margin:0;background:{{colour}}"></body>"#;
    let body = json!({"name": "Card", "html": html, "width": 20, "height": 20});
    ok(emulator, "POST /templates", body).await["template"]["uid"].clone()
}

/// Returns the body of an experiment with a red and a blue variant, and with additional members.
fn experiment(template: &Value, slug: &str, weights: [u32; 2], more: &Value) -> Value {
    let variants = json!([
        {"id": "red", "weight": weights[0], "variables": {"colour": "#ff0000"}},
        {"id": "blue", "weight": weights[1], "variables": {"colour": "#0000ff"}},
    ]);
    let mut body =
        json!({"name": "Hero", "type": "ab_test", "slug": slug, "templateUid": template, "variants": variants});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    body
}

/// Creates an experiment, and returns the path of its operations.
async fn create(emulator: &Emulator, body: Value) -> String {
    let created = ok(emulator, "POST /experiments/api", body).await;
    format!("/experiments/api/{}", created["experiment"]["uid"].as_str().unwrap())
}

#[tokio::test]
async fn only_allowed_status_transitions_succeed() {
    let emulator = Emulator::start().await.unwrap();
    let path = create(&emulator, experiment(&json!("T"), "hero", [4000, 6000], &Value::Null)).await;
    let draft = ok(&emulator, &format!("GET {path}"), Value::Null).await["experiment"].clone();
    assert_eq!((&draft["status"], &draft["winnerVariantId"]), (&json!("draft"), &Value::Null));
    assert_eq!((&draft["minimumSampleSize"], &draft["goalConfig"]["type"]), (&json!(1000), &json!("impressions_only")));
    assert_eq!((&draft["variants"][0]["isDefault"], &draft["variants"][1]["clicks"]), (&json!(true), &json!(0)));
    let winner = json!({"winnerVariantId": "blue"});
    for (verb, body, status, then) in [
        ("pause", json!({}), 409, ("draft", json!(["running"]))),
        ("complete", winner.clone(), 409, ("draft", json!(["running"]))),
        ("start", json!({}), 200, ("running", json!(null))),
        ("start", json!({}), 409, ("running", json!(["paused", "completed"]))),
        ("pause", json!({}), 200, ("paused", json!(null))),
        ("start", json!({}), 200, ("running", json!(null))),
        ("complete", json!({"winnerVariantId": "green"}), 400, ("", json!(null))),
        ("complete", winner.clone(), 200, ("completed", json!(null))),
        ("complete", winner, 409, ("completed", json!([]))),
        ("start", json!({}), 409, ("completed", json!([]))),
    ] {
        let (found, response) = call(&emulator, &format!("POST {path}/{verb}"), &body).await;
        assert_eq!(found, status, "{verb}: {response}");
        match status {
            200 => assert_eq!(response["experiment"]["status"], then.0, "{verb}"),
            409 => {
                assert_eq!((&response["currentStatus"], &response["allowedTransitions"]), (&json!(then.0), &then.1));
                assert_eq!(response["message"], format!("Cannot {verb} a {} experiment", then.0));
            }
            _ => assert!(response["message"].as_str().unwrap().contains("green"), "{response}"),
        }
    }
    let done = ok(&emulator, &format!("GET {path}"), Value::Null).await["experiment"].clone();
    assert_eq!(done["winnerVariantId"], "blue");
    assert!(done["winnerDeclaredAt"].is_string());
}

#[tokio::test]
async fn invalid_experiments_are_rejected() {
    let emulator = Emulator::start().await.unwrap();
    let body = |slug: &str, weights, more: &Value| experiment(&json!("T"), slug, weights, more);
    create(&emulator, body("taken", [5000, 5000], &Value::Null)).await;
    let one = json!({"variants": [{"id": "a", "weight": 10000}]});
    let twice = json!({"variants": [{"id": "a", "weight": 5000}, {"id": "a", "weight": 5000}]});
    let with = |name: &str, value: Value| json!({"variants": [{"id": "a", "weight": 5000, name: value}, {"id": "b", "weight": 5000}]});
    let rule = json!({"property": "device.type", "operator": "eq", "value": "mobile"});
    let deep = (0..3).fold(rule, |inner, _| json!({"type": "group", "operator": "AND", "children": [inner]}));
    let backwards = json!({"startAt": "2026-03-16T00:00:00Z", "endAt": "2026-03-14T00:00:00Z"});
    let nowhere = json!({"recurrence": {"type": "daily", "timezone": "Mars/Base"}});
    let cron = json!({"recurrence": {"type": "cron", "cronExpression": "often"}});
    for (request, status, message) in [
        (body("taken", [5000, 5000], &Value::Null), 409, "in use"),
        (body("events", [5000, 5000], &Value::Null), 400, "reserved"),
        (body("-x-", [5000, 5000], &Value::Null), 400, "body/slug"),
        (body("sums", [5000, 4999], &Value::Null), 400, "must sum to 10000, not 9999"),
        (body("kind", [5000, 5000], &json!({"type": "lottery"})), 400, "type must be one of ab_test"),
        (body("one", [0, 0], &one), 400, "body/variants"),
        (body("twice", [0, 0], &twice), 400, "duplicate id a"),
        (body("deep", [0, 0], &with("conditions", deep)), 400, "variants[0].conditions: at most 3 levels"),
        (body("backwards", [0, 0], &with("schedule", backwards)), 400, "endAt must be after startAt"),
        (body("nowhere", [0, 0], &with("schedule", nowhere)), 400, "Mars/Base is unknown"),
        (body("cron", [0, 0], &with("schedule", cron)), 400, "often is invalid"),
    ] {
        let (found, response) = call(&emulator, "POST /experiments/api", &request).await;
        assert_eq!(found, status, "{response}");
        assert!(response["message"].as_str().unwrap().contains(message), "{response}");
    }
    assert_eq!(ok(&emulator, "GET /experiments/api", Value::Null).await["total"], 1);
}

#[tokio::test]
async fn experiments_are_listed_changed_and_deleted() {
    let emulator = Emulator::start().await.unwrap();
    let path = create(&emulator, experiment(&json!("T"), "one", [5000, 5000], &Value::Null)).await;
    create(&emulator, experiment(&json!("T"), "two", [5000, 5000], &json!({"type": "smart_link"}))).await;
    for (query, total, first) in [
        ("", 2, Some("two")),
        ("?type=ab_test", 1, Some("one")),
        ("?status=running", 0, None),
        ("?page=2&limit=1", 2, Some("one")),
    ] {
        let list = ok(&emulator, &format!("GET /experiments/api{query}"), Value::Null).await;
        assert_eq!((&list["total"], list["experiments"][0]["slug"].as_str()), (&json!(total), first), "{query}");
    }
    let quota = ok(&emulator, "GET /experiments/api/quota", Value::Null).await["quota"].clone();
    assert_eq!((&quota["ab_test"]["used"], &quota["scheduled"]["used"]), (&json!(1), &json!(0)));

    assert_eq!(call(&emulator, &format!("PUT {path}"), &json!({"slug": "two"})).await.0, 409);
    let change = json!({"slug": "three", "goalConfig": {"type": "click_through"}});
    let changed = ok(&emulator, &format!("PUT {path}"), change).await["experiment"].clone();
    assert_eq!((&changed["slug"], &changed["goalConfig"]["type"]), (&json!("three"), &json!("click_through")));
    ok(&emulator, &format!("POST {path}/start"), json!({})).await;
    for (change, status) in [
        (json!({"slug": "four"}), 400),
        (json!({"goalConfig": {"destinationUrl": "https://example.com/"}}), 200),
        (json!({"name": "Other", "confidenceThreshold": 0.9, "minimumRunDays": 2}), 200),
        (json!({"hypothesis": "late"}), 400),
    ] {
        assert_eq!(call(&emulator, &format!("PUT {path}"), &change).await.0, status, "{change}");
    }
    let (status, response) = call(&emulator, &format!("DELETE {path}"), &Value::Null).await;
    assert_eq!((status, &response["currentStatus"]), (409, &json!("running")));
    ok(&emulator, &format!("POST {path}/pause"), json!({})).await;
    assert_eq!(ok(&emulator, &format!("DELETE {path}"), Value::Null).await, json!({"deleted": true}));
    assert_eq!(call(&emulator, &format!("GET {path}"), &Value::Null).await.0, 404);
    // All slugs are available again, including that of the rejected change.
    for slug in ["one", "three", "four"] {
        create(&emulator, experiment(&json!("T"), slug, [5000, 5000], &Value::Null)).await;
    }
}

#[tokio::test]
async fn a_link_serves_the_assigned_variant() {
    let emulator = Emulator::start().await.unwrap();
    let template = template(&emulator).await;
    let path = create(&emulator, experiment(&template, "hero", [10000, 0], &Value::Null)).await;
    assert_eq!(get_without_key(&emulator, "/s/hero.png", &[]).await.status, 404, "a draft is not served");
    assert_eq!(get_without_key(&emulator, "/s/unknown.png", &[]).await.status, 404);
    ok(&emulator, &format!("POST {path}/start"), json!({})).await;
    for format in ["png", "webp", "png"] {
        let response = get_without_key(&emulator, &format!("/s/hero.{format}"), &[]).await;
        assert_eq!((response.status, response.header("content-type")), (200, Some(format!("image/{format}").as_str())));
        assert_eq!(response.header("cache-control"), Some("no-store, no-cache, must-revalidate, private"));
        let [red, ..] = colour(&response);
        assert!(red > 250);
    }
    let running = ok(&emulator, &format!("GET {path}"), Value::Null).await["experiment"].clone();
    assert_eq!(
        (&running["variants"][0]["impressions"], &running["variants"][1]["impressions"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(emulator.billed_renders(), 2, "the same image is rendered once for each format");
    let winner = json!({"winnerVariantId": "blue"});
    ok(&emulator, &format!("POST {path}/complete"), winner).await;
    assert_eq!(colour(&get_without_key(&emulator, "/s/hero.png", &[]).await), BLUE);
    let done = ok(&emulator, &format!("GET {path}"), Value::Null).await["experiment"].clone();
    assert_eq!(done["variants"][1]["impressions"], 0, "a completed experiment counts no impressions");
}

#[tokio::test]
async fn a_smart_link_targets_visitors() {
    let emulator = Emulator::start().await.unwrap();
    let template = template(&emulator).await;
    let conditions = json!({"type": "group", "operator": "AND", "children": [
        {"type": "rule", "property": "device.type", "operator": "eq", "value": "mobile"},
        {"type": "rule", "property": "url.param", "paramName": "utm_source", "operator": "eq", "value": "mail"},
    ]});
    let variants = json!([
        {"id": "red", "weight": 5000, "variables": {"colour": "#ff0000"}, "conditions": conditions},
        {"id": "blue", "weight": 5000, "variables": {"colour": "#0000ff"}, "isDefault": true},
    ]);
    let body = json!({"type": "smart_link", "variants": variants});
    let path = create(&emulator, experiment(&template, "smart", [0, 0], &body)).await;
    ok(&emulator, &format!("POST {path}/start"), json!({})).await;
    let (phone, desktop) = ("User-Agent: X (iPhone) Mobile", "User-Agent: X (Windows NT 10.0)");
    for (agent, query, expected, id) in [
        (phone, "?utm_source=mail", RED, "red"),
        (phone, "", BLUE, "blue"),
        (desktop, "?utm_source=mail", BLUE, "blue"),
    ] {
        assert_eq!(
            colour(&get_without_key(&emulator, &format!("/s/smart.png{query}"), &[agent]).await),
            expected,
            "{agent}"
        );
        let resolved = get_without_key(&emulator, &format!("/s/smart/resolve{query}"), &[agent]).await;
        assert_eq!(resolved.json(), json!({"variantId": id}));
    }
}

#[tokio::test]
async fn unavailable_variants_fall_back() {
    let emulator = Emulator::start().await.unwrap();
    let template = template(&emulator).await;
    let ended = json!({"startAt": "2020-01-01T00:00:00Z", "endAt": "2020-01-02T00:00:00Z"});
    let variants = |schedule: &Value| json!([{"id": "a", "weight": 5000, "schedule": schedule}, {"id": "b", "weight": 5000, "schedule": schedule}]);
    let later = json!({"startAt": "2199-01-01T00:00:00Z"});
    let image = json!({"fallbackImageUrl": "https://example.com/fallback.png"});
    for (slug, kind, variants, fallback, status) in [
        ("ended", "scheduled", variants(&ended), Value::Null, 410),
        ("later", "scheduled", variants(&later), Value::Null, 404),
        ("ended-but", "scheduled", variants(&ended), image, 302),
        ("template", "scheduled", variants(&later), json!({"fallbackTemplateUid": template}), 200),
        ("unknown", "ab_test", variants(&Value::Null), json!({"templateUid": "NOBODY"}), 404),
    ] {
        let mut more = json!({"type": kind, "variants": variants});
        for variant in more["variants"].as_array_mut().unwrap() {
            if variant["schedule"].is_null() {
                variant.as_object_mut().unwrap().remove("schedule");
            }
        }
        for (name, value) in fallback.as_object().into_iter().flatten() {
            more[name] = value.clone();
        }
        let path = create(&emulator, experiment(&template, slug, [0, 0], &more)).await;
        ok(&emulator, &format!("POST {path}/start"), json!({})).await;
        let response = get_without_key(&emulator, &format!("/s/{slug}.png"), &[]).await;
        assert_eq!(response.status, status, "{slug}: {response:?}");
        if status == 302 {
            assert_eq!(response.header("location"), Some("https://example.com/fallback.png"));
        }
    }
}
