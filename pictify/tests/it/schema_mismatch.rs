//! Schema mismatches: a report by default, an error with strict responses.

use pictify::{ErrorKind, images::Source};
use pictify_test_support::KEY;
use std::sync::{Arc, Mutex};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{method, path},
};

const NEW: &str = r#"{"url":"http://u","id":"A","createdAt":"2026-08-04T09:15:27.482Z","colour":"hunter2"}"#;

/// Starts a server that responds to one render with `body`, and checks that it receives no second request.
async fn server(body: &str) -> MockServer {
    let server = MockServer::start().await;
    let response = ResponseTemplate::new(200).set_body_raw(body, "application/json");
    let response = response.insert_header("x-request-id", "req_1");
    Mock::given(method("POST")).and(path("/image")).respond_with(response).expect(1).mount(&server).await;
    server
}

#[tokio::test]
async fn a_new_field_is_reported_and_does_not_fail_the_call() {
    let server = server(NEW).await;
    let (reports, log) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (seen, attempts) = (reports.clone(), log.clone());
    let builder = pictify::Client::builder().api_key(KEY).base_url(server.uri());
    let builder = builder.on_schema_mismatch(move |report| seen.lock().unwrap().push(report.to_string()));
    let client = builder.on_attempt(move |report| attempts.lock().unwrap().push(report.number)).build().unwrap();
    let image = client.images().create(Source::html("x")).send().await.unwrap();
    assert_eq!(image.extra["colour"], "hunter2");
    assert_eq!(*reports.lock().unwrap(), ["createImage: colour: unknown field (request req_1)"]);
    assert_eq!(*log.lock().unwrap(), [1]);
}

#[tokio::test]
async fn with_strict_responses_a_mismatch_is_an_error_with_the_response_body() {
    let missing = r#"{"url":"http://u","createdAt":"soon"}"#;
    for (body, message) in [
        (NEW, "create image: schema mismatch after status 200: colour: unknown field (request req_1)"),
        (
            missing,
            "create image: schema mismatch after status 200: id: missing; createdAt: not a date and time (request req_1)",
        ),
    ] {
        let server = server(body).await;
        let client =
            pictify::Client::builder().api_key(KEY).base_url(server.uri()).strict_responses(true).build().unwrap();
        let error = client.images().create(Source::html("x")).send().await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::SchemaMismatch, message));
        assert_eq!(error.body().unwrap(), body);
    }
}
