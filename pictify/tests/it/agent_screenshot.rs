//! The event stream of an agent screenshot: both formats, and all ways in which a stream can end.

use pictify::{
    Error, ErrorKind, blocking,
    images::{AgentScreenshotEvent, AgentScreenshotEventType as Type},
};
use pictify_test_support::{Reply, ScriptedServer, TestClock, client, wait_until};
use std::time::Duration;

const SAVED: &str = "data: {\"type\":\"saved\",\"data\":{\"url\":\"https://m/a.png\"}}\n\n";
const PROGRESS: &str = "data: {\"type\":\"progress\",\"data\":{\"message\":\"opening page\"}}\n\n";
const END: &str = "data: {\"type\":\"end\",\"data\":{}}\n\n";

/// Returns a response whose content length is `more` bytes longer than its body.
fn stream(body: &str, more: usize) -> Vec<u8> {
    let length = body.len() + more;
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n{body}").into_bytes()
}

/// Returns all events of a stream, and the error that ended it, if any.
async fn read_events(reply: Reply) -> (Vec<AgentScreenshotEvent>, Option<Error>) {
    let server = ScriptedServer::start([reply]).await;
    let client = client(&server, &TestClock::default());
    let mut events = client.images().agent_screenshot_stream("The hero of example.com").events();
    let mut received = Vec::new();
    let error = loop {
        match events.try_next().await {
            Ok(Some(event)) => received.push(event),
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(events.try_next().await.unwrap().is_none(), "a stream that has ended stays ended");
    assert_eq!(server.requests().len(), 1, "a stream is requested only once");
    (received, error)
}

fn types(events: &[AgentScreenshotEvent]) -> Vec<&str> {
    events.iter().map(|event| event.type_.as_ref().map_or("", Type::as_str)).collect()
}

#[tokio::test]
async fn both_formats_return_the_file() {
    let named = "event: connected\ndata: {}\n\nevent: step\ndata: {\"step\":\"navigating\",\"message\":\"opening page\"}\n\n\
                 event: nap\ndata: {\"minutes\":5}\n\nevent: saved\ndata: {\"url\":\"https://m/a.png\",\"id\":\"A\"}\n\n";
    let whole = [PROGRESS, SAVED, END].concat();
    let done = [SAVED, "data: [DONE]\n\n", PROGRESS].concat();
    for (body, expected) in [
        (named, &["connected", "step", "nap", "saved"][..]),
        (&whole, &["progress", "saved", "end"]),
        (&done, &["saved"]),
    ] {
        let (events, error) = read_events(Reply::Bytes(stream(body, 0))).await;
        assert!(error.is_none(), "{error:?}");
        assert_eq!(types(&events), expected);
        let saved = events.iter().find(|event| event.type_ == Some(Type::Saved)).unwrap();
        assert_eq!(saved.data.as_ref().unwrap().url.as_deref(), Some("https://m/a.png"));
    }
}

#[tokio::test]
async fn an_interrupted_stream_is_an_error() {
    let wrong = "data: {\"type\":\"progress\",\"data\":{\"url\":5}}\n\n";
    let failed = "event: error\ndata: {\"error\":\"page not found\"}\n\n";
    let large = format!("data: {}", "x".repeat(1024 * 1024));
    let cut = |body: &str| Reply::CutAfter(stream(body, 100));
    let whole = |body: &str| Reply::Bytes(stream(body, 0));
    for (reply, events, kind, unknown, message) in [
        (whole(PROGRESS), 1, ErrorKind::Transport, true, "ended before the screenshot was saved"),
        (whole(""), 0, ErrorKind::Transport, true, "ended before the screenshot was saved"),
        (cut(PROGRESS), 1, ErrorKind::Transport, true, "connection lost"),
        (cut(SAVED), 1, ErrorKind::Transport, false, "connection lost"),
        (whole(&large), 0, ErrorKind::TooLarge, true, "an event is larger than 1048576 bytes"),
        // A member of an unusual type does not end the stream.
        (whole(wrong), 1, ErrorKind::Transport, true, "ended before the screenshot was saved"),
        (whole(failed), 0, ErrorKind::RenderFailed, false, "page not found"),
    ] {
        let (received, error) = read_events(reply).await;
        let error = error.unwrap();
        assert_eq!((received.len(), error.kind(), error.outcome_unknown()), (events, kind, unknown), "{error}");
        assert!(error.message().contains(message), "{error}");
        assert_eq!(error.operation(), Some("agentScreenshotStream"));
    }
}

#[tokio::test]
async fn an_error_before_the_stream_is_an_error_of_the_service() {
    let (events, error) = read_events(Reply::json(402, r#"{"error":"Quota exceeded"}"#)).await;
    assert!(events.is_empty());
    assert_eq!(error.unwrap().kind(), ErrorKind::QuotaExceeded);
}

#[tokio::test]
async fn a_stream_without_new_events_times_out() {
    let server = ScriptedServer::start([Reply::Bytes(stream(PROGRESS, 100))]).await;
    let clock = TestClock::default();
    let mut events = client(&server, &clock).images().agent_screenshot_stream("The hero").events();
    assert!(events.try_next().await.unwrap().is_some());
    let next = tokio::spawn(async move { events.try_next().await });
    // A separate task waits for the event. Advance the time until its timeout fires.
    wait_until(|| {
        clock.advance(Duration::from_secs(60));
        next.is_finished()
    })
    .await;
    let error = next.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Timeout, true));
    assert!(error.message().contains("no event within 120 s"), "{error}");
}

#[test]
fn the_blocking_client_iterates() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let body = [PROGRESS, SAVED].concat();
    let script = [Reply::Bytes(stream(&body, 0)), Reply::CutAfter(stream(PROGRESS, 100)), Reply::json(403, "{}")];
    let server = runtime.block_on(ScriptedServer::start(script));
    let client = blocking::Client::builder().api_key("k").base_url(server.url()).build_blocking().unwrap();
    let events = || client.images().agent_screenshot_stream("The hero").size(800, 600).events();
    let whole: Vec<_> = events().collect::<Result<_, _>>().unwrap();
    assert_eq!(types(&whole), ["progress", "saved"]);
    let mut cut = events();
    assert!(cut.next().unwrap().is_ok());
    assert_eq!(cut.next().unwrap().unwrap_err().kind(), ErrorKind::Transport);
    assert!(cut.next().is_none());
    let mut rejected = events();
    assert_eq!(rejected.next().unwrap().unwrap_err().kind(), ErrorKind::Permission);
    assert!(rejected.next().is_none());
}
