//! Spans of `tracing`: one for each call and each attempt, with OpenTelemetry's names, without secrets and bodies.
//!
//! These tests need a process of their own. `tracing` remembers for each span whether a subscriber wants it. Another test
//! that reaches a span first, in a thread without a subscriber, would switch the span off for these tests too.

use pictify::images::Source;
use pictify_test_support::{KEY, Reply, ScriptedServer, TestClock, client};
use std::{
    io,
    sync::{Arc, Mutex},
};
use tracing_subscriber::fmt::format::FmtSpan;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// Returns the lines that report the end of the SDK's spans with this name.
    fn closed(&self, span: &str) -> Vec<String> {
        let ours = |line: &&str| line.contains(": pictify::") && line.contains("close") && line.contains(span);
        self.text().lines().filter(ours).map(str::to_owned).collect()
    }
}

/// Captures everything that is logged, including the trace events of the HTTP library.
fn capture() -> (Log, tracing::subscriber::DefaultGuard) {
    let log = Log::default();
    let writer = log.clone();
    let builder = tracing_subscriber::fmt().with_ansi(false).with_max_level(tracing::Level::TRACE);
    let subscriber = builder.with_span_events(FmtSpan::CLOSE).with_writer(move || writer.clone()).finish();
    (log, tracing::subscriber::set_default(subscriber))
}

#[tokio::test]
async fn a_call_and_its_attempts_are_spans_with_the_names_of_opentelemetry() {
    let limited = Reply::new(429, &[("retry-after", "2")], b"{}");
    let server =
        ScriptedServer::start([limited, Reply::json(200, r#"{"url":"https://media.pictify.io/a.png"}"#)]).await;
    let client = client(&server, &TestClock::default());
    let (log, guard) = capture();
    client.images().create(Source::html("<h1>private page</h1>")).send().await.unwrap();
    drop(guard);

    let calls = log.closed("pictify.call");
    let attempts: Vec<_> = log.closed("pictify.attempt");
    let (call, attempts): (Vec<_>, Vec<_>) =
        (calls.into_iter().filter(|line| !attempts.contains(line)).collect(), attempts);
    assert_eq!((call.len(), attempts.len()), (1, 2), "{}", log.text());
    for field in [
        "otel.name=POST /image",
        "otel.kind=\"client\"",
        "http.request.method=\"POST\"",
        "url.template=\"/image\"",
        "server.address=\"127.0.0.1\"",
        "http.response.status_code=200",
        "pictify.operation=\"createImage\"",
    ] {
        assert!(call[0].contains(field), "{field} is not in {}", call[0]);
    }
    assert!(
        attempts[0].contains("http.request.resend_count=0") && attempts[0].contains("http.response.status_code=429")
    );
    assert!(
        attempts[1].contains("http.request.resend_count=1") && attempts[1].contains("http.response.status_code=200")
    );
    assert!(!log.text().contains(KEY) && !log.text().contains("private page"));
}

#[tokio::test]
async fn a_key_that_the_server_repeats_is_in_no_event_of_the_sdk() {
    let body = format!(r#"{{"message":"no {KEY}","requestId":"{KEY}"}}"#);
    let server = ScriptedServer::start([Reply::new(403, &[("x-request-id", KEY)], body.as_bytes())]).await;
    let client = client(&server, &TestClock::default());
    let (log, guard) = capture();
    client.images().create(Source::html("<p>")).send().await.unwrap_err();
    drop(guard);
    let ours: Vec<_> = log.text().lines().filter(|line| line.contains("pictify::")).map(str::to_owned).collect();
    assert!(ours.iter().any(|line| line.contains("403")) && !ours.iter().any(|line| line.contains(KEY)), "{ours:?}");
}

#[tokio::test]
async fn a_failed_span_has_an_error_status_and_no_secret_of_the_path() {
    let server = ScriptedServer::start([Reply::json(403, "{}")]).await;
    let client = client(&server, &TestClock::default());
    let (log, guard) = capture();
    let row = serde_json::json!({"name": "Ada"});
    client.workflows().send_to_hook("HK1", "hunter2", &row).send().await.unwrap_err();
    drop(guard);
    let closed = log.closed("pictify.call");
    let call =
        closed.iter().find(|line| line.contains("error.type=Permission") || line.contains("error.type=\"Permission\""));
    let call = call.unwrap_or_else(|| panic!("{}", log.text()));
    assert!(call.contains("otel.status_code=\"ERROR\"") && call.contains("http.response.status_code=403"), "{call}");
    assert!(call.contains("url.template=\"/workflow/hooks/{hookUid}/{secret}\""), "{call}");
    let ours: String = log.text().lines().filter(|line| line.contains("pictify::")).collect();
    assert!(!ours.contains("hunter2"), "{ours}");
}
