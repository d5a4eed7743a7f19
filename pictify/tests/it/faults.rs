//! Faults: the result of a call and the number of its requests, for each fault and each retry safety class.

use pictify::{
    Client, Error, ErrorKind,
    ErrorKind::*,
    RetryPolicy,
    images::Source,
    request::RetrySafety::{self, *},
    webhooks::WebhookEventType,
};
use pictify_test_support::{Reply, ScriptedServer, TestClock, client, client_builder};
use std::time::Duration;

/// Response body of the second attempt. It decodes as a response of each of the four operations.
const DONE: &str = r#"{"url":"https://media.pictify.io/a.png","uid":"A","images":[],"deleted":true}"#;

/// Result of a call after a fault.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// The call is retried and succeeds.
    Retried,
    /// The call fails, and the service has surely done nothing.
    Fails(ErrorKind),
    /// The call fails, and its outcome is unknown.
    Unknown(ErrorKind),
}
use Outcome::{Fails, Retried, Unknown};

async fn call(client: Client, safety: RetrySafety) -> Result<(), Error> {
    match safety {
        ReadOnly => client.images().list().send().await.map(drop),
        Idempotent => client.webhooks().delete("A").send().await.map(drop),
        Creating => {
            let url = "https://hooks.example.net/";
            client.webhooks().create(WebhookEventType::RenderCompleted, url).send().await.map(drop)
        }
        Billed => client.images().create(Source::html("<p>")).send().await.map(drop),
        _ => unreachable!("there are four retry safety classes"),
    }
}

fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    Reply::new(status, headers, body.as_bytes())
}

/// Returns a response whose body stalls.
fn stalled(status: u16) -> Reply {
    Reply::stall_with(status, &[("content-type", "application/json")], 500, b"{\"mess")
}

/// Name of a fault, the fault, the outcomes of a read-only call, of an idempotent call, and of a creating or billed call, and a
/// part of the error message.
type Row = (&'static str, Reply, [Outcome; 3], &'static str);

fn table() -> Vec<Row> {
    let no = r#"{"message":"no"}"#;
    vec![
        ("reset after the request", Reply::Reset, [Retried, Retried, Unknown(Transport)], "connection lost"),
        ("cut body", Reply::cut(200, 500, b"{\"url\""), [Retried, Retried, Unknown(Transport)], "connection lost"),
        ("cut error response", Reply::cut(422, 500, b"{\"mess"), [Fails(Validation); 3], "422 invalid request"),
        ("cut rate limit", Reply::cut(429, 500, b"{\"mess"), [Retried; 3], ""),
        ("cut 502", Reply::cut(502, 500, b"<html>"), [Retried, Retried, Unknown(Server)], "502 server error"),
        ("stalled body", stalled(200), [Retried, Retried, Unknown(Timeout)], "the response did not end within 30 s"),
        ("stalled error response", stalled(422), [Fails(Validation); 3], "422 invalid request"),
        ("stalled rate limit", stalled(429), [Retried; 3], ""),
        ("stall", Reply::Hang, [Retried, Retried, Unknown(Timeout)], "no response within 30 s"),
        ("408", response(408, &[], no), [Retried; 3], ""),
        (
            "408 of the render itself",
            response(408, &[], r#"{"message":"no","code":"render_timeout"}"#),
            [Retried, Retried, Unknown(RenderFailed)],
            "408 render failed: no",
        ),
        ("429", response(429, &[], no), [Retried; 3], ""),
        ("429 with Retry-After", response(429, &[("retry-after", "2")], no), [Retried; 3], ""),
        (
            "429 with a too long Retry-After",
            response(429, &[("retry-after", "9999")], no),
            [Fails(RateLimited); 3],
            "9999 s",
        ),
        (
            "429 for a quota",
            response(429, &[], r#"{"code":"quota_exceeded","message":"all used"}"#),
            [Fails(QuotaExceeded); 3],
            "429 quota exceeded: all used",
        ),
        (
            "429 with Retry-After whose words name a quota",
            response(429, &[("retry-after", "1")], r#"{"message":"Monthly quota of requests per minute exceeded"}"#),
            [Retried; 3],
            "",
        ),
        (
            "429 whose body states a delay and names a quota",
            response(429, &[], r#"{"message":"request quota exceeded","retry_after":1}"#),
            [Retried; 3],
            "",
        ),
        (
            "429 of a window whose words name a quota",
            response(429, &[("x-ratelimit-remaining", "0")], r#"{"message":"request quota exceeded"}"#),
            [Retried; 3],
            "",
        ),
        (
            "429 with the code of a rate limit whose words name a quota",
            response(429, &[], r#"{"message":"request quota exceeded","code":"rate_limit_exceeded"}"#),
            [Retried; 3],
            "",
        ),
        (
            "429 whose words name a quota",
            response(429, &[], r#"{"message":"Monthly quota exceeded"}"#),
            [Fails(QuotaExceeded); 3],
            "429 quota exceeded: Monthly quota exceeded",
        ),
        (
            "429 for a quota, with Retry-After",
            response(429, &[("retry-after", "1")], r#"{"code":"quota_exceeded","message":"all used"}"#),
            [Fails(QuotaExceeded); 3],
            "429 quota exceeded: all used",
        ),
        (
            "429 for a spending cap",
            response(429, &[("retry-after", "1")], r#"{"code":"spending_cap_reached","message":"cap"}"#),
            [Fails(QuotaExceeded); 3],
            "429 quota exceeded: cap",
        ),
    ]
}

/// Rows of server errors, client errors, and successes that cannot be read.
fn other_statuses() -> Vec<Row> {
    let no = r#"{"message":"no"}"#;
    let html = ("content-type", "text/html");
    vec![
        ("500", response(500, &[], no), [Retried, Retried, Unknown(Server)], "500 server error: no"),
        (
            "HTML 502",
            response(502, &[html], "<h1>Bad gateway</h1>"),
            [Retried, Retried, Unknown(Server)],
            "502 server error",
        ),
        ("503", response(503, &[], no), [Retried, Retried, Unknown(Server)], "503 server error: no"),
        // The header says when to come back, not that nothing was rendered.
        (
            "503 with Retry-After",
            response(503, &[("retry-after", "1")], no),
            [Retried, Retried, Unknown(Server)],
            "503 server error: no",
        ),
        ("503 that may be retried", response(503, &[], r#"{"error":"busy","retriable":true}"#), [Retried; 3], ""),
        (
            "503 that may be retried, with Retry-After",
            response(
                503,
                &[("retry-after", "1")],
                r#"{"error":"busy","code":"BROWSER_POOL_UNAVAILABLE","retriable":true}"#,
            ),
            [Retried; 3],
            "",
        ),
        (
            "503 with a code alone",
            response(503, &[], r#"{"error":"busy","code":"BROWSER_POOL_UNAVAILABLE"}"#),
            [Retried, Retried, Unknown(Server)],
            "503 server error: busy",
        ),
        (
            "503 of a render that had begun",
            response(503, &[], r#"{"error":"slow","code":"RENDER_TIMEOUT","retriable":true}"#),
            [Retried, Retried, Unknown(RenderFailed)],
            "503 render failed: slow",
        ),
        (
            "503 that may not be retried",
            response(503, &[("retry-after", "1")], r#"{"error":"busy","retriable":false}"#),
            [Retried, Retried, Unknown(Server)],
            "503 server error: busy",
        ),
        ("504", response(504, &[], no), [Retried, Retried, Unknown(Server)], "504 server error: no"),
        (
            "a status above 599",
            response(999, &[], no),
            [Retried, Retried, Unknown(UnexpectedStatus)],
            "999 unexpected status",
        ),
        ("501", response(501, &[], no), [Fails(NotImplemented); 3], "501 not implemented: no"),
        ("400", response(400, &[], no), [Fails(Validation); 3], "400 invalid request: no"),
        ("401", response(401, &[], no), [Fails(Authentication); 3], "401 not authenticated: no"),
        ("402", response(402, &[], no), [Fails(QuotaExceeded); 3], "402 quota exceeded: no"),
        ("403", response(403, &[], no), [Fails(Permission); 3], "403 no permission: no"),
        ("404", response(404, &[], no), [Fails(NotFound); 3], "404 not found: no"),
        ("409", response(409, &[], no), [Fails(Conflict); 3], "409 conflict: no"),
        ("422", response(422, &[], no), [Fails(Validation); 3], "422 invalid request: no"),
        // The service did the work, so the call is not retried. The error contains the response.
        ("200 with wrong JSON", response(200, &[], "[1, 2"), [Fails(Decode); 3], "cannot be decoded"),
        ("200 with HTML", response(200, &[html], "<html>"), [Fails(Decode); 3], "HTML, not JSON"),
        (
            "redirect to another host",
            response(307, &[("location", "https://elsewhere.example/image?token=hunter2")], ""),
            [Fails(Redirect); 3],
            "redirects to https://elsewhere.example/image;",
        ),
    ]
}

/// Rows of errors that only the body shows, and of bodies that proxies and gateways change.
fn errors_in_bodies() -> Vec<Row> {
    vec![
        (
            "429 for a quota in an error object",
            response(429, &[], r#"{"error":{"code":"quota_exceeded","message":"all used"}}"#),
            [Fails(QuotaExceeded); 3],
            "429 quota exceeded: all used",
        ),
        (
            "429 for a quota after a byte order mark",
            response(429, &[], "\u{feff}{\"code\":\"quota_exceeded\",\"message\":\"all used\"}"),
            [Fails(QuotaExceeded); 3],
            "429 quota exceeded: all used",
        ),
        (
            "503 that may be retried, after a byte order mark",
            response(503, &[], "\u{feff}{\"error\":\"busy\",\"retriable\":true}"),
            [Retried; 3],
            "",
        ),
        (
            "200 with a quota error",
            response(200, &[], r#"{"error":"all used","code":"quota_exceeded"}"#),
            [Fails(QuotaExceeded); 3],
            "quota exceeded after status 200: all used",
        ),
        (
            "200 with a nested error",
            response(200, &[], r#"{"success":false,"error":{"code":"HELPER_NOT_ALLOWED","message":"no such helper"}}"#),
            [Fails(Validation); 3],
            "invalid request after status 200: no such helper",
        ),
        (
            "200 with a status in its body",
            response(200, &[], r#"{"statusCode":404,"error":"Not Found","message":"Route x"}"#),
            [Fails(NotFound); 3],
            "not found after status 200: Route x",
        ),
        (
            "200 with a problem document",
            response(
                200,
                &[],
                r#"{"type":"https://docs.pictify.io/errors/invalid-api-key","title":"Invalid","status":401}"#,
            ),
            [Fails(Authentication); 3],
            "not authenticated after status 200: Invalid",
        ),
        (
            "200 with an error that may be retried",
            response(200, &[], r#"{"error":"busy","code":"BROWSER_POOL_UNAVAILABLE","retriable":true}"#),
            [Retried; 3],
            "",
        ),
        (
            "200 with an error of the render",
            response(200, &[], r#"{"error":"too slow","code":"RENDER_TIMEOUT"}"#),
            [Fails(RenderFailed), Fails(RenderFailed), Unknown(RenderFailed)],
            "render failed after status 200: too slow",
        ),
        (
            "200 with an error without a code",
            response(200, &[], r#"{"error":"went wrong"}"#),
            [Fails(UnexpectedStatus), Fails(UnexpectedStatus), Unknown(UnexpectedStatus)],
            "unexpected status after status 200: went wrong",
        ),
        (
            "200 with a list of errors",
            response(200, &[], r#"{"errors":["a","b"]}"#),
            [Fails(UnexpectedStatus), Fails(UnexpectedStatus), Unknown(UnexpectedStatus)],
            "unexpected status after status 200: a; b",
        ),
    ]
}

#[tokio::test]
async fn the_retry_safety_of_an_operation_determines_the_outcome_of_a_fault() {
    for (fault, reply, [read_only, idempotent, billed], message) in
        table().into_iter().chain(other_statuses()).chain(errors_in_bodies())
    {
        for (safety, expected) in
            [(ReadOnly, read_only), (Idempotent, idempotent), (Creating, billed), (Billed, billed)]
        {
            let row = format!("{fault}, {safety:?}");
            let server = ScriptedServer::start([reply.clone(), Reply::json(200, DONE)]).await;
            let clock = TestClock::default();
            let call = tokio::spawn(call(client(&server, &clock), safety));
            match &reply {
                Reply::Hang => {
                    server.arrived().await;
                    clock.advance(Duration::from_secs(30));
                }
                Reply::StallAfter(bytes) => {
                    // The second timer is the timeout of the body, which is shorter for error responses.
                    clock.wait_for_timers(2).await;
                    clock.advance(Duration::from_secs(if bytes.starts_with(b"HTTP/1.1 200") { 30 } else { 5 }));
                }
                _ => {}
            }
            let result = call.await.unwrap();

            let outcome = match &result {
                Ok(()) => Retried,
                Err(error) if error.outcome_unknown() => Unknown(error.kind()),
                Err(error) => Fails(error.kind()),
            };
            assert_eq!(outcome, expected, "{row}: {result:?}");
            let retries = usize::from(expected == Retried);
            assert_eq!(server.requests().len(), 1 + retries, "{row}");
            if let Err(error) = result {
                let text = error.to_string();
                assert!(text.contains(message) && !text.contains("hunter2"), "{row}: {text}");
                assert_eq!(text.contains("may have been billed"), matches!(expected, Unknown(_)), "{text}");
                assert_eq!(error.attempts().len(), 1, "{row}");
                if error.status().is_some() {
                    assert!(
                        error.body().is_some() && error.headers().is_some(),
                        "{row}: the error contains the response"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_reset_before_the_request_is_retried_unless_the_request_may_have_been_sent() {
    for safety in [ReadOnly, Idempotent, Creating, Billed] {
        let server = ScriptedServer::start([Reply::ResetUnread, Reply::json(200, DONE)]).await;
        let result = call(client(&server, &TestClock::default()), safety).await;
        match (&result, safety) {
            (Ok(()), _) => assert_eq!(server.requests().len(), 1),
            // The operating system decides if the request was sent before the reset.
            (Err(error), Creating | Billed) => {
                assert!(error.outcome_unknown() && server.requests().is_empty(), "{error}");
            }
            (Err(error), _) => panic!("{safety:?}: {error}"),
        }
    }
}

#[tokio::test]
async fn an_unreachable_server_is_retried_for_every_retry_safety() {
    for safety in [ReadOnly, Idempotent, Creating, Billed] {
        let server = ScriptedServer::start([]).await;
        let client = client(&server, &TestClock::default());
        drop(server);
        tokio::task::yield_now().await;
        let error = call(client, safety).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown(), error.is_retryable()), (Connect, false, true), "{safety:?}");
        assert_eq!(error.attempts().len(), 4);
    }
}

#[tokio::test]
async fn repeated_faults_fail_after_four_attempts() {
    for (reply, safety, kind) in [
        (response(500, &[], "{}"), ReadOnly, Server),
        (Reply::Reset, Idempotent, Transport),
        (response(429, &[], "{}"), Creating, RateLimited),
        (response(408, &[], "{}"), Billed, Timeout),
    ] {
        let server = ScriptedServer::start(std::iter::repeat_n(reply, 9)).await;
        let error = call(client(&server, &TestClock::default()), safety).await.unwrap_err();
        assert_eq!((error.kind(), server.requests().len()), (kind, 4), "{safety:?}");
        assert!(error.is_retryable() && !error.outcome_unknown(), "{error}");
        assert!(error.to_string().contains("4 attempts"), "{error}");
    }
}

#[tokio::test]
async fn a_busy_service_gets_a_render_at_most_three_times() {
    let busy = || response(503, &[("retry-after", "1")], r#"{"error":"busy","retriable":true}"#);
    let limited = || response(429, &[], "{}");
    for (script, safety, attempts, expected) in [
        (vec![busy(), busy(), busy(), busy()], Billed, 4, (3, Err(Server))),
        (vec![busy(), busy(), busy(), busy()], Creating, 9, (3, Err(Server))),
        // The limit is that of the call, whatever comes between.
        (vec![busy(), limited(), busy(), limited(), busy()], Billed, 9, (5, Err(Server))),
        (vec![busy(), limited(), busy()], Billed, 9, (4, Ok(()))),
        (vec![busy(), busy(), busy(), busy()], ReadOnly, 9, (5, Ok(()))),
        (vec![busy(), busy(), busy(), busy()], Idempotent, 9, (5, Ok(()))),
    ] {
        let script = script.into_iter().chain([Reply::json(200, DONE)]);
        let server = ScriptedServer::start(script).await;
        let policy = RetryPolicy::default().with_max_attempts(attempts);
        let client = client_builder(&server, &TestClock::default()).retry(policy).build().unwrap();
        let result = call(client.clone(), safety).await;
        let kind = result.as_ref().map(|&()| ()).map_err(Error::kind);
        assert_eq!((server.requests().len(), kind), expected, "{safety:?}: {result:?}");
        if let Err(error) = result {
            assert!(error.is_retryable() && !error.outcome_unknown(), "{error}");
            assert!(error.to_string().contains("2 retries"), "{error}");
            assert_eq!(client.renders_spent(), 0, "{error}");
        }
    }
}

#[tokio::test]
async fn a_404_after_an_ambiguous_attempt_has_an_unknown_outcome() {
    for lost in [Reply::Reset, response(500, &[], "{}")] {
        let server = ScriptedServer::start([lost, response(404, &[], "{}")]).await;
        let error = call(client(&server, &TestClock::default()), Idempotent).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (NotFound, true));
    }
}

#[tokio::test]
async fn an_ambiguous_attempt_after_a_rejected_one_has_an_unknown_outcome() {
    let script = [response(429, &[], "{}"), response(500, &[], "{}")];
    let server = ScriptedServer::start(script).await;
    let error = call(client(&server, &TestClock::default()), Billed).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown(), server.requests().len()), (Server, true, 2));
}

#[tokio::test]
async fn the_error_of_an_incomplete_response_contains_the_received_part() {
    let headers = [("content-type", "application/json"), ("x-request-id", "req_1")];
    let large = vec![b' '; 64 * 1024 * 1024 + 1];
    for (reply, kind, stalls, lengths) in [
        (Reply::cut_with(200, &headers, 500, b"{\"url\""), Transport, false, 0..=6),
        (Reply::stall_with(200, &headers, 500, b"{\"url\""), Timeout, true, 0..=6),
        (Reply::new(200, &headers, &large), TooLarge, false, Error::MAX_BODY_BYTES..=Error::MAX_BODY_BYTES),
    ] {
        let server = ScriptedServer::start([reply]).await;
        let clock = TestClock::default();
        let call = tokio::spawn(call(client(&server, &clock), Billed));
        if stalls {
            clock.wait_for_timers(2).await;
            clock.advance(Duration::from_secs(30));
        }
        let error = call.await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (kind, true), "{error}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(200), "{error}");
        assert!(error.headers().is_some_and(|headers| headers.contains_key("content-type")), "{error}");
        assert_eq!(error.attempts()[0].request_id(), Some("req_1"), "{error}");
        // The network determines how much of the body arrives.
        assert!(error.body().is_some_and(|body| lengths.contains(&body.len())), "{error}");
    }
}
