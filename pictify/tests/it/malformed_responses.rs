//! Malformed responses: a typed error with the received response, never a panic.

use pictify::{ErrorKind, images::Source, templates::Size};
use pictify_test_support::{KEY, Reply, ScriptedServer, TestClock, client, client_of};
use serde_json::json;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

/// Creates an image on a server that responds with `response`.
async fn create(response: ResponseTemplate) -> Result<pictify::images::Image, pictify::Error> {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/image")).respond_with(response).mount(&server).await;
    client_of(server.uri(), &TestClock::default()).images().create(Source::html("<p>")).send().await
}

fn json(status: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_raw(body, "application/json")
}

#[tokio::test]
async fn an_unexpected_body_of_a_success_is_a_decode_error_with_the_body() {
    for (body, message) in [
        (
            "<html><title>Welcome</title></html>",
            "the response is HTML, not JSON: check that the base URL is that of the API",
        ),
        ("", "the response is empty"),
        ("{}", "missing field `url`"),
        (r#"{"url": 7}"#, "url: `7` is not an absolute http or https URL"),
        (r#"{"url": false}"#, "url: invalid type: boolean `false`, expected a string"),
        (r#"{"url": null, "id": 7}"#, "url: invalid type: null, expected a string"),
        (r#"["url"]"#, "invalid type"),
        (r#"{"url": "https://media.pictify.io/a.png"} trailing"#, "trailing characters"),
    ] {
        let error = create(json(200, body)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(error.to_string().contains(message), "{body}: {error}");
        assert_eq!(error.body().unwrap(), body, "the render exists, so the error contains its response");
        assert_eq!(error.status().unwrap(), 200);
        let is_paid = error.to_string().contains("the render was probably billed");
        assert_eq!(is_paid, !body.starts_with('<'), "HTML does not come from the API: {error}");
        assert!(!error.is_retryable() && !error.outcome_unknown());
    }
}

/// Creates an image on a server that responds with `body`. Also returns the reported schema mismatches.
async fn create_with_reports(body: &str) -> (Result<pictify::images::Image, pictify::Error>, String) {
    let server = ScriptedServer::start([Reply::json(200, body)]).await;
    let reports = Arc::new(Mutex::new(String::new()));
    let seen = reports.clone();
    let client = pictify::Client::builder()
        .api_key(KEY)
        .base_url(server.url())
        .on_schema_mismatch(move |report| *seen.lock().unwrap() = report.mismatches.to_string())
        .build()
        .unwrap();
    let image = client.images().create(Source::html("<p>")).send().await;
    let reports = reports.lock().unwrap().clone();
    (image, reports)
}

#[tokio::test]
async fn an_unusual_member_does_not_lose_a_billed_image() {
    const U: &str = r#""url":"https://media.pictify.io/a.png","createdAt":"2026-08-04T09:15:27Z""#;
    for (members, expected, mismatches) in [
        (r#""id":7"#, json!({"id": "7"}), "id: another type than documented"),
        (r#""uid":7.5"#, json!({"id": "7.5"}), "uid: another type than documented"),
        (r#""id":{"$oid":"A"}"#, json!({}), "id: another type than documented"),
        (r#""id":"A","id":"B""#, json!({"id": "B"}), "id: repeated field"),
        (r#""id":"A","width":1,"width":2"#, json!({"id": "A", "width": 2}), "width: repeated field"),
        (r#""id":"A","url":"https://media.pictify.io/a.png""#, json!({"id": "A"}), "url: repeated field"),
        (r#""id":"A","userStorageUrl":false"#, json!({"id": "A"}), "userStorageUrl: another type than documented"),
        (r#""id":"A","width":"auto""#, json!({"id": "A"}), "width: another type than documented"),
        (
            r#""id":"A","width":[],"height":{}"#,
            json!({"id": "A"}),
            "width: another type than documented; height: another type than documented",
        ),
        (r#""id":"A","width":null,"format":null"#, json!({"id": "A"}), ""),
        (
            r#""id":"A","format":5"#,
            json!({"id": "A", "format": "5"}),
            "format: another type than documented; format: unknown value \"5\"",
        ),
        (
            r#""id":true,"format":[],"#,
            json!({}),
            "format: another type than documented; id: another type than documented",
        ),
    ] {
        let body = format!("{{{U},{}}}", members.trim_end_matches(','));
        let (image, reported) = create_with_reports(&body).await;
        let image = image.unwrap_or_else(|error| panic!("{body}: {error}"));
        assert_eq!(image.url, "https://media.pictify.io/a.png", "{body}");
        let mut image = serde_json::to_value(image).unwrap();
        for known in ["url", "createdAt"] {
            image.as_object_mut().unwrap().remove(known);
        }
        assert_eq!(image, expected, "{body}");
        assert_eq!(reported, mismatches, "{body}");
    }
}

#[tokio::test]
async fn with_strict_responses_an_unusual_member_is_an_error_with_the_body() {
    let body = r#"{"url":"https://media.pictify.io/a.png","createdAt":"2026-08-04T09:15:27Z","id":7}"#;
    let server = ScriptedServer::start([Reply::json(200, body)]).await;
    let client = pictify::Client::builder().api_key(KEY).base_url(server.url()).strict_responses(true).build().unwrap();
    let error = client.images().create(Source::html("<p>")).send().await.unwrap_err();
    assert_eq!(error.to_string(), "create image: schema mismatch after status 200: id: another type than documented");
    assert_eq!(error.body().unwrap(), body);
}

#[tokio::test]
async fn a_bad_item_costs_itself_and_not_its_list() {
    let item = |id: &str| format!(r#"{{"url":"u","id":"{id}","createdAt":"2026-08-04T09:15:27Z"}}"#);
    let items = [item("A"), r#"{"id":"B"}"#.to_owned(), "null".to_owned(), item("E")].join(",");
    let first = format!(r#"{{"images":[{items}],"pagination":[]}}"#);
    let last = format!(r#"{{"images":[{}],"pagination":{{}}}}"#, item("F"));
    let server = ScriptedServer::start([Reply::json(200, &first), Reply::json(200, &last)]).await;
    let reports = Arc::new(Mutex::new(Vec::new()));
    let seen = reports.clone();
    let client = pictify::Client::builder()
        .api_key(KEY)
        .base_url(server.url())
        .on_schema_mismatch(move |report| seen.lock().unwrap().push(report.mismatches.to_string()))
        .build()
        .unwrap();
    let mut pages = client.images().list().limit(4).pages();
    let page = pages.try_next().await.unwrap().unwrap();
    let ids: Vec<_> = page.images.iter().map(|image| image.id.as_deref().unwrap()).collect();
    assert_eq!(ids, ["A", "E"]);
    assert_eq!(
        *reports.lock().unwrap(),
        ["images[1]: left out, because it cannot be read; images[2]: left out, because it cannot be read; \
          pagination: another type than documented"]
    );
    // The page was full: the items that were left out count.
    let request = serde_json::to_string(pages.next_request().unwrap()).unwrap();
    assert_eq!(request, r#"{"limit":4,"offset":4}"#);
    assert_eq!(pages.try_next().await.unwrap().unwrap().images.len(), 1);
    assert!(pages.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_list_without_a_readable_item_is_an_error() {
    for (body, message) in [
        (r#"{"images":"none"}"#, "images: invalid type: string \"none\", expected a sequence"),
        (r#"{"images":{"0":{"url":"u"}}}"#, "images: invalid type: map, expected a sequence"),
        (r#"{"images":[{"id":"A"},{"id":"B"}]}"#, "images[0]: missing field `url`"),
    ] {
        let server = ScriptedServer::start([Reply::json(200, body)]).await;
        let error = client(&server, &TestClock::default()).images().list().send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(error.to_string().contains(message), "{body}: {error}");
    }
}

#[tokio::test]
async fn an_empty_list_in_place_of_an_object_is_an_empty_object() {
    let template = r#"{"uid":7,"name":"N","layouts":[],"tags":{},"variables":"none","pages":[{"name":5},"p"]}"#;
    let list = format!(r#"{{"templates":[{template}],"pagination":[]}}"#);
    let server = ScriptedServer::start([Reply::json(200, template), Reply::json(200, &list)]).await;
    let client = client(&server, &TestClock::default());
    let single = client.templates().get("7").send().await.unwrap();
    assert_eq!((&*single.uid, single.name.as_deref()), ("7", Some("N")));
    assert!(single.layouts.as_ref().is_some_and(|layouts| layouts.is_empty()), "{single:?}");
    assert!(single.tags.is_empty() && single.variables.is_empty() && single.pages.len() == 1, "{single:?}");
    let page = client.templates().list().send().await.unwrap();
    assert_eq!(page.templates, [single]);
    assert!(page.pagination.is_some());
}

#[tokio::test]
async fn an_empty_response_is_the_success_of_a_call_that_returns_only_a_message() {
    for reply in
        [Reply::new(204, &[], b""), Reply::new(200, &[], b""), Reply::json(200, " \r\n"), Reply::json(202, "{}")]
    {
        let calls = 8;
        let server = ScriptedServer::start(vec![reply; calls]).await;
        let client = client(&server, &TestClock::default());
        client.templates().delete("A").send().await.unwrap();
        client.webhooks().delete("A").send().await.unwrap();
        client.bindings().delete("A").send().await.unwrap();
        client.experiments().delete("A").send().await.unwrap();
        client.videos().delete("A").send().await.unwrap();
        client.media().delete("A").send().await.unwrap();
        client.workflows().delete_hook("A").send().await.unwrap();
        client.webhooks().test("A").send().await.unwrap();
        assert_eq!(server.requests().len(), calls);
    }
    // The response to the deletion of a token is the token.
    let script = [Reply::new(204, &[], b""), Reply::json(200, r#"{"uid":"B","active":false}"#)];
    let server = ScriptedServer::start(script).await;
    let client = pictify_test_support::client(&server, &TestClock::default());
    assert_eq!(client.account().delete_token("A").send().await.unwrap().uid, "A");
    assert_eq!(client.account().delete_token("B").send().await.unwrap().active, Some(false));
    // A change of a named resource is confirmed by the status as well, unless the response must have an ID.
    let server = ScriptedServer::start(vec![Reply::new(204, &[], b""); 3]).await;
    let client = pictify_test_support::client(&server, &TestClock::default());
    assert_eq!(client.webhooks().update("A").send().await.unwrap().uid, None);
    assert_eq!(client.bindings().pause_via_endpoint("A").send().await.unwrap().uid, None);
    let error = client.templates().update("A").name("N").send().await.unwrap_err();
    assert!(error.to_string().contains("the response is empty"), "{error}");
    // An empty list, or an empty image, cannot be assumed.
    let server = ScriptedServer::start(vec![Reply::new(204, &[], b""); 2]).await;
    let client = pictify_test_support::client(&server, &TestClock::default());
    for error in [
        client.images().list().send().await.unwrap_err(),
        client.images().create(Source::html("<p>")).send().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("the response is empty"), "{error}");
    }
}

#[tokio::test]
async fn a_file_without_an_absolute_url_is_an_error() {
    for url in
        ["", " ", "/a.png", "a.png", "//media.pictify.io/a.png", "ftp://h/a.png", "javascript:x", "data:,x", "https://"]
    {
        let file = json!({"url": url, "id": "A"});
        let layouts = json!({"results": [file]});
        let script = [&file, &file, &file, &file, &file, &layouts, &layouts, &layouts, &file];
        let server = ScriptedServer::start(script.map(|body| Reply::json(200, &body.to_string()))).await;
        let client = client(&server, &TestClock::default());
        let none = json!({});
        for error in [
            client.images().create(Source::html("<p>")).send().await.unwrap_err(),
            client.gifs().create(Source::html("<p>")).send().await.unwrap_err(),
            client.images().get("A").send().await.unwrap_err(),
            client.videos().render("A").send().await.unwrap_err(),
            client.templates().render("A", &none).send().await.unwrap_err(),
            client.templates().render("A", &none).send().await.unwrap_err(),
            client.templates().render_layouts("A", &none, ["default"]).send().await.unwrap_err(),
            client.templates().render_sizes("A", &none, [Size::px(10, 10)]).send().await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Decode, "{url}: {error}");
            let text = error.to_string();
            assert!(text.contains(&format!("url: `{url}` is not an absolute http or https URL")), "{url}: {text}");
            assert!(error.body().is_some() && !error.is_retryable() && !error.outcome_unknown(), "{url}: {text}");
        }
    }
}

#[tokio::test]
async fn a_layout_without_a_url_costs_itself_and_not_the_others() {
    let good = json!({"layout": "a", "url": "https://media.pictify.io/a.png"});
    let body = json!({"results": [good, {"layout": "b", "url": ""}, {"layout": "c"}], "errors": []});
    let server = ScriptedServer::start(vec![Reply::json(200, &body.to_string()); 2]).await;
    let client = client(&server, &TestClock::default());
    let render = client.templates().render_layouts("A", &json!({}), ["a", "b", "c"]).send().await.unwrap();
    let urls: Vec<_> = render.results.iter().map(|layout| &*layout.url).collect();
    assert_eq!(urls, ["https://media.pictify.io/a.png"]);
}

#[tokio::test]
async fn deviations_from_the_schema_are_decoded() {
    for body in [
        r#"{"url":"https://media.pictify.io/a.png","id":"A"}"#,
        r#"{"url":"https://media.pictify.io/a.png","uid":"A"}"#,
        r#"{"url":"https://media.pictify.io/a.png","id":"A","uid":"B"}"#,
        r#"{"url":"https://media.pictify.io/a.png","id":"A","createdAt":"yesterday","format":"avif","new":{"x":1},"width":null}"#,
        r#"{"url":"https://media.pictify.io/a.png","id":"A","width":1200.0,"height":"630","size":1234.5}"#,
    ] {
        let image = create(json(200, body)).await.unwrap();
        assert_eq!((image.url.as_str(), image.id.as_deref()), ("https://media.pictify.io/a.png", Some("A")), "{body}");
    }
}

#[tokio::test]
async fn unknown_values_are_preserved() {
    let body = r#"{"url":"https://media.pictify.io/a.png","id":"A","uid":"B","createdAt":"yesterday","format":"avif","new":{"x":1}}"#;
    let image = create(json(200, body)).await.unwrap();
    assert_eq!(image.created_at.as_ref().unwrap().as_str(), "yesterday");
    assert_eq!(image.format.as_ref().unwrap().to_string(), "avif");
    assert_eq!(image.extra["new"]["x"], 1);
    assert_eq!(image.extra["uid"], "B");
    let serialized: serde_json::Value = serde_json::to_value(&image).unwrap();
    assert_eq!(serialized, serde_json::from_str::<serde_json::Value>(body).unwrap());
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for (status, location) in [
        (301, "http://elsewhere.example/image?token=secret"),
        (302, "https://elsewhere.example/"),
        (307, "/v2/image"),
        (308, "http://elsewhere.example/"),
    ] {
        let error = create(ResponseTemplate::new(status).insert_header("location", location)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Redirect);
        assert!(error.to_string().contains("the server redirects to"), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(error.headers().unwrap()["location"], location);
    }
}

#[tokio::test]
async fn an_error_contains_the_operation_the_message_and_the_request_id() {
    let body = r#"{"error":"width must be positive","code":"bad_width","errors":[{"field":"width","message":"m"}]}"#;
    let error = create(json(422, body).insert_header("x-request-id", "req_9")).await.unwrap_err();
    assert_eq!(error.to_string(), "create image: 422 invalid request: width must be positive (request req_9)");
    assert_eq!(error.operation(), Some("createImage"));
    assert_eq!((error.code(), error.request_id()), (Some("bad_width"), Some("req_9")));
    assert_eq!(error.field_errors()[0].field.as_deref(), Some("width"));
    assert_eq!(error.errors(), error.field_errors());
    assert_eq!(error.body().unwrap(), body);
}

#[tokio::test]
async fn an_invalid_call_fails_before_it_is_sent() {
    let server = MockServer::start().await;
    let client = client_of(server.uri(), &TestClock::default());
    let images = client.images();
    let html = || Source::html("<p>");
    let errors = [
        (images.create(html()).width(0).send().await.unwrap_err(), "width: must be at least 1, is 0"),
        (images.create(Source::html("")).send().await.unwrap_err(), "html: must not be empty"),
        (images.create(html()).selector("").send().await.unwrap_err(), "selector: must not be empty"),
        (
            images.create(html()).format("pdf".into()).send().await.unwrap_err(),
            "fileExtension: must be png, jpg, jpeg or webp, is pdf",
        ),
        (
            images.create(html()).with_header("Authorization", "Bearer x").send().await.unwrap_err(),
            "Authorization: is not a header that a call can set",
        ),
        (
            images.create(html()).with_header("Idempotency-Key", "x").send().await.unwrap_err(),
            "Idempotency-Key: is not a header that a call can set",
        ),
        (
            images.create(html()).with_header("a b", "c").send().await.unwrap_err(),
            "a b: is not a header that a call can set",
        ),
        (
            images.create(html()).with_header("Connection", "close").send().await.unwrap_err(),
            "Connection: is not a header that a call can set",
        ),
        (
            images.create(html()).with_header("expect", "100-continue").send().await.unwrap_err(),
            "expect: is not a header that a call can set",
        ),
        (
            images.create(html()).with_timeout(Duration::ZERO).send().await.unwrap_err(),
            "timeout: must be longer than 0 s",
        ),
        (images.list().limit(0).send().await.unwrap_err(), "limit: must be 1 to 100, is 0"),
        (images.get("..").send().await.unwrap_err(), "uid: must not be `..`"),
        (images.get("").send().await.unwrap_err(), "uid: must not be empty"),
    ];
    for (error, message) in errors {
        assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.operation().is_some() && error.attempts().is_empty() && !error.outcome_unknown());
    }
    let queued = r#"{"html":"<p>","url":"https://example.com"}"#;
    let both: pictify::images::CreateImage = serde_json::from_str(queued).unwrap();
    let error = client.call(both).send().await.unwrap_err();
    assert!(error.to_string().contains("exactly one of html, url and template must be set, 2 are"), "{error}");
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_large_error_body_is_read_up_to_a_limit() {
    // The list of errors of a large batch is read.
    let errors: Vec<_> = (0..5000).map(|row| format!("row {row}: the title is too long")).collect();
    let body = serde_json::json!({"message": "no", "errors": errors}).to_string();
    let error = create(json(422, &body)).await.unwrap_err();
    assert_eq!((error.message(), error.field_errors().len()), ("no", 5000));
    assert_eq!(error.body().unwrap().len(), pictify::Error::MAX_BODY_BYTES);

    // A larger body is not stored in memory.
    let body = serde_json::json!({"message": "no", "trace": "x".repeat(3_000_000)}).to_string();
    let error = create(json(422, &body)).await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Validation, "Unprocessable Entity"));
    assert!(error.details().raw().is_empty());
    assert_eq!(error.body().unwrap().len(), pictify::Error::MAX_BODY_BYTES);
}
