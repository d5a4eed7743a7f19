//! Experiments: validation, the JSON of conditions, weights and schedules, URLs of pages, events.

use pictify::{
    ErrorKind,
    events::Event,
    experiments::{Attribute, Condition, ExperimentType, Schedule, Variant, Weight},
};
use pictify_test_support::{TestClock, client_of};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

fn variant(id: &str, percent: f64) -> Variant {
    Variant::new(id, Weight::percent(percent))
}

#[tokio::test]
async fn an_invalid_experiment_is_rejected_before_it_is_sent() {
    let halves = || vec![variant("a", 50.0), variant("b", 50.0)];
    let nested = (0..4).fold(Attribute::DeviceType.is("mobile"), |inner, _| Condition::all([inner]));
    let server = MockServer::start().await;
    let client = client_of(server.uri(), &TestClock::default());
    let reversed = json!({"startAt": "2026-03-16T00:00:00Z", "endAt": "2026-03-14T00:00:00Z"});
    for (slug, variants, message) in [
        ("ok-slug", vec![variant("a", 100.0)], "variants: must have at least 2 variants"),
        ("ok-slug", vec![variant("a", 50.0), variant("b", 49.99)], "must have weights that sum to 10000"),
        ("ok-slug", vec![variant("a", 50.0), variant("a", 50.0)], "variants[1]: must have a unique id"),
        ("ok-slug", vec![variant("a b", 50.0), variant("b", 50.0)], "variants[0]: must have an id of letters"),
        ("ok-slug", vec![variant("a", 50.0).when(Condition::any([])), variant("b", 50.0)], "an empty group"),
        ("ok-slug", vec![variant("a", 50.0).when(nested), variant("b", 50.0)], "more than 3 levels deep"),
        ("-slug", halves(), "slug: must be 3 to 60 lower-case letters"),
        ("Slug", halves(), "slug: must be 3 to 60 lower-case letters"),
        ("x", halves(), "slug: must be 3 to 60 lower-case letters"),
        ("pixel", halves(), "the service reserves it"),
    ] {
        let call = client.experiments().create("Name", ExperimentType::AbTest, slug, variants);
        let error = call.send().await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Validation, None));
        assert!(error.to_string().contains(message), "{error}");
    }
    // A request from a queue was not built with the types that reject this.
    let mut queued = serde_json::to_value(
        client.experiments().create("Name", ExperimentType::Scheduled, "ok-slug", halves()).request(),
    )
    .unwrap();
    queued["variants"][0]["schedule"] = reversed;
    let queued: pictify::experiments::CreateExperiment = serde_json::from_value(queued).unwrap();
    let error = client.call(queued).send().await.unwrap_err();
    assert!(error.to_string().contains("variants[0]: must end after it starts"), "{error}");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[test]
fn conditions_serialize_to_the_json_of_the_service() {
    let when = Condition::all([
        Attribute::DeviceType.is("mobile"),
        Condition::any([
            Attribute::GeoCountry.is_in(["US", "CA"]),
            Attribute::UrlParam("utm_source".to_owned()).is("mail"),
            Attribute::TimeHour.at_least(9),
        ]),
    ]);
    let rule = |property: &str, operator: &str, value: Value| json!({"type": "rule", "property": property, "operator": operator, "value": value});
    let mut parameter = rule("url.param", "eq", json!("mail"));
    parameter["paramName"] = json!("utm_source");
    let inner = [rule("geo.country", "in", json!(["US", "CA"])), parameter, rule("time.hour", "gte", json!(9))];
    let expected = json!({"type": "group", "operator": "AND", "children": [
        rule("device.type", "eq", json!("mobile")),
        {"type": "group", "operator": "OR", "children": inner},
    ]});
    assert_eq!(serde_json::to_value(&when).unwrap(), expected);
}

#[test]
fn weights_sum_to_the_total_and_invalid_schedules_are_rejected() {
    for variants in [2, 3, 7, 20] {
        assert_eq!(Weight::even(variants).map(Weight::get).sum::<u64>(), 10_000, "{variants}");
    }
    assert_eq!((Weight::percent(33.33).get(), Weight::percent(-1.0).get()), (3333, 0));
    for (start, end) in [("2026-03-16T00:00:00Z", "2026-03-16T00:00:00Z"), ("soon", "2026-03-16T00:00:00Z")] {
        assert_eq!(Schedule::between(start, end).unwrap_err().kind(), ErrorKind::Validation);
    }
}

#[tokio::test]
async fn a_click_returns_its_destination_and_building_a_url_sends_nothing() {
    let server = MockServer::start().await;
    for location in [Some("https://example.com/landing"), Some("/x"), None] {
        let mut redirect = ResponseTemplate::new(302);
        if let Some(location) = location {
            redirect = redirect.insert_header("location", location);
        }
        let click = Mock::given(method("GET")).and(path("/s/homepage-hero/click"));
        click.respond_with(redirect).up_to_n_times(1).expect(1).mount(&server).await;
    }
    let client = client_of(server.uri(), &TestClock::default());
    let click = || client.events().click("homepage-hero");
    assert_eq!(click().url().unwrap().as_str(), format!("{}/s/homepage-hero/click", server.uri()));
    let pixel = client.events().pixel("homepage-hero").url().unwrap();
    assert_eq!(pixel.as_str(), format!("{}/s/homepage-hero/pixel.gif", server.uri()));
    assert!(server.received_requests().await.unwrap().is_empty());
    assert_eq!(click().send().await.unwrap().as_str(), "https://example.com/landing");
    assert_eq!(click().send().await.unwrap().as_str(), format!("{}/x", server.uri()));
    assert_eq!(click().send().await.unwrap_err().kind(), ErrorKind::Decode);
    let requests = server.received_requests().await.unwrap();
    assert!(requests.iter().all(|request| !request.headers.contains_key("authorization")));
}

#[tokio::test]
async fn events_have_limits_and_the_write_key_is_secret() {
    let server = MockServer::start().await;
    let response = json!({"ok": true, "errors": [{"index": 0, "error": "unknown"}]});
    let response = ResponseTemplate::new(200).set_body_json(response);
    let request = Mock::given(method("POST")).and(path("/s/events")).and(header("x-write-key", "hunter2"));
    request.respond_with(response).expect(1).mount(&server).await;
    let client = client_of(server.uri(), &TestClock::default());
    let many = (0..101).map(|_| Event::impression("homepage-hero"));
    assert_eq!(client.events().track(many).send().await.unwrap_err().kind(), ErrorKind::Validation);
    let large = Event::click("a-slug").metadata(&json!({"x": "x".repeat(10_300)})).unwrap();
    let error = client.events().track([large]).send().await.unwrap_err();
    assert!(error.to_string().contains("events[0].metadata: must be at most 10240 bytes"), "{error}");
    let call = client.events().track([Event::click("a-slug")]).write_key("hunter2");
    assert!(!format!("{call:?}").contains("hunter2"));
    assert_eq!(call.send().await.unwrap().errors.len(), 1);
}
