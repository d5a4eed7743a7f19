//! Noticing that the service has changed: never a failure in production, always one in strict mode.

use pictify::{ErrorKind, images::Source};
use pictify_test_support::{KEY, Reply, ScriptedServer};
use std::sync::{Arc, Mutex};

const NEW: &str = r#"{"url":"u","id":"A","createdAt":"2026-08-04T09:15:27.482Z","colour":"hunter2"}"#;

#[tokio::test]
async fn a_new_field_is_reported_and_fails_no_call() {
    let reply = Reply::new(200, &[("x-request-id", "req_1")], NEW.as_bytes());
    let server = ScriptedServer::start([reply]).await;
    let (reports, log) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
    let (seen, attempts) = (reports.clone(), log.clone());
    let builder = pictify::Client::builder().api_key(KEY).base_url(server.url());
    let builder = builder.on_schema_mismatch(move |report| seen.lock().unwrap().push(report.to_string()));
    let client = builder.on_attempt(move |report| attempts.lock().unwrap().push(report.number)).build().unwrap();
    let image = client.images().create(Source::html("x")).send().await.unwrap();
    assert_eq!(image.extra["colour"], "hunter2");
    assert_eq!(*reports.lock().unwrap(), ["createImage: colour: unknown field (request req_1)"]);
    assert_eq!(*log.lock().unwrap(), [1]);
}

#[tokio::test]
async fn in_strict_mode_it_is_an_error_that_keeps_the_answer() {
    let missing = r#"{"url":"u","createdAt":"soon"}"#;
    for (answer, says) in [
        (NEW, "create image: 200 SchemaMismatch: colour: unknown field"),
        (missing, "create image: 200 SchemaMismatch: id: missing; createdAt: not a date and time"),
    ] {
        let server = ScriptedServer::start([Reply::json(200, answer), Reply::json(200, answer)]).await;
        let client =
            pictify::Client::builder().api_key(KEY).base_url(server.url()).strict_responses(true).build().unwrap();
        let error = client.images().create(Source::html("x")).send().await.unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::SchemaMismatch, says));
        assert_eq!(error.body().unwrap(), answer);
        assert_eq!(server.requests().len(), 1, "it was done");
    }
}
