//! Malformed responses: a typed error with the received response, never a panic.

use pictify::{ErrorKind, images::Source};
use pictify_test_support::{TestClock, client_of};
use std::time::Duration;
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
        (r#"{"url": 7}"#, "url: invalid type: integer `7`, expected a string"),
        (r#"{"url": "u", "width": "wide"}"#, "width: invalid type: string \"wide\""),
        (r#"["url"]"#, "invalid type"),
        (r#"{"url": "u"} trailing"#, "trailing characters"),
    ] {
        let error = create(json(200, body)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        assert!(error.to_string().contains(message), "{body}: {error}");
        assert_eq!(error.body().unwrap(), body, "the render exists, so the error contains its response");
        assert_eq!(error.status().unwrap(), 200);
        assert!(!error.is_retryable());
    }
}

#[tokio::test]
async fn deviations_from_the_schema_are_decoded() {
    for body in [
        r#"{"url":"u","id":"A"}"#,
        r#"{"url":"u","uid":"A"}"#,
        r#"{"url":"u","id":"A","uid":"B"}"#,
        r#"{"url":"u","id":"A","createdAt":"yesterday","format":"avif","new":{"x":1},"width":null}"#,
        r#"{"url":"u","id":"A","width":1200.0,"height":"630","size":1234.5}"#,
    ] {
        let image = create(json(200, body)).await.unwrap();
        assert_eq!((image.url.as_str(), image.id.as_deref()), ("u", Some("A")), "{body}");
    }
}

#[tokio::test]
async fn unknown_values_are_preserved() {
    let body = r#"{"url":"u","id":"A","uid":"B","createdAt":"yesterday","format":"avif","new":{"x":1}}"#;
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
    assert_eq!(error.to_string(), "create image: 422 Validation: width must be positive (request req_9)");
    assert_eq!(error.operation(), Some("createImage"));
    assert_eq!((error.code(), error.request_id()), (Some("bad_width"), Some("req_9")));
    assert_eq!(error.field_errors()[0].field.as_deref(), Some("width"));
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
        (images.get("..").send().await.unwrap_err(), "`..` cannot be an identifier"),
        (images.get("").send().await.unwrap_err(), "`` cannot be an identifier"),
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
