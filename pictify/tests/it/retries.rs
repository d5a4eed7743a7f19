//! Retries: delays, deadlines, idempotency keys, the retry budget. The tests of which faults are retried are in `faults.rs`.

use pictify::{AttemptOutcome, ErrorKind, IdempotencyKey, RetryPolicy, images::Source};
use pictify_test_support::{Reply, ScriptedServer, TestClock, client, joined};
use std::time::Duration;

const IMAGE: &str = r#"{"url":"https://media.pictify.io/a.png","id":"A","createdAt":"2026-08-04T09:15:27.482Z"}"#;
const LIST: &str = r#"{"images":[]}"#;

fn ok() -> Reply {
    Reply::json(200, IMAGE)
}

fn status(status: u16) -> Reply {
    Reply::json(status, r#"{"message":"no"}"#)
}

fn with_header(status: u16, name: &str, value: &str) -> Reply {
    Reply::new(status, &[(name, value)], br#"{"message":"no"}"#)
}

#[tokio::test]
async fn an_unreachable_server_is_retried_and_nothing_was_sent() {
    // No program listens on this port. A port that was just released may already belong to another test.
    let client = pictify::Client::builder()
        .api_key("k")
        .base_url("http://127.0.0.1:9")
        .jitter(|| 1.0)
        .clock(TestClock::default())
        .build()
        .unwrap();
    let error = client.images().create(Source::html("<p>")).send().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown(), error.is_retryable()), (ErrorKind::Connect, false, true));
    assert_eq!(error.attempts().len(), 4);
    assert!(matches!(error.attempts()[0].outcome, AttemptOutcome::NotSent(_)));
}

#[tokio::test]
async fn may_bill_twice_retries_a_render_and_its_failure_has_an_unknown_outcome() {
    let server = ScriptedServer::start([status(500), ok(), status(500), status(422)]).await;
    let client = client(&server, &TestClock::default());
    let create = || client.images().create(Source::html("<p>")).with_retry(RetryPolicy::default().may_bill_twice(true));
    assert!(create().send().await.is_ok());
    let error = create().send().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Validation, true), "the 500 may have been billed");
}

#[tokio::test]
async fn delays_grow_and_are_never_shorter_than_retry_after() {
    let seconds = Duration::from_secs;
    let script = [status(429), with_header(429, "retry-after", "9"), with_header(429, "Retry-After", "0"), ok()];
    let server = ScriptedServer::start(script).await;
    let clock = TestClock::default();
    let call = client(&server, &clock).images().create(Source::html("<p>")).send_with_response();
    let response = call.await.unwrap();
    assert_eq!(clock.sleeps(), [Duration::from_millis(250), seconds(9), seconds(1)]);
    assert_eq!(response.meta.attempts.len(), 4);
    assert_eq!(response.meta.attempts[2].delay, seconds(9));
}

#[tokio::test]
async fn a_retry_after_beyond_the_timeout_fails_immediately() {
    for (retry_after, timeout, message) in [
        ("61", 300, "longer than allowed"),
        ("50", 40, "too late for the call's 40 s"),
        ("Tue, 04 Aug 2026 09:16:17 GMT", 40, "too late for the call's 40 s"),
    ] {
        let server = ScriptedServer::start([with_header(429, "retry-after", retry_after), ok()]).await;
        let clock = TestClock::default();
        let call = client(&server, &clock).images().create(Source::html("<p>"));
        let error = call.with_timeout(Duration::from_secs(timeout)).send().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::RateLimited);
        assert!(error.to_string().contains(message), "{error}");
        assert!(error.retry_after().unwrap() >= Duration::from_secs(50));
        assert!(error.is_retryable());
        assert_eq!((server.requests().len(), clock.sleeps().len()), (1, 0));
    }
}

#[tokio::test]
async fn a_timed_out_attempt_of_a_render_is_not_retried() {
    let server = ScriptedServer::start([Reply::Hang, ok()]).await;
    let clock = TestClock::default();
    let call = tokio::spawn(client(&server, &clock).images().create(Source::html("<p>")).send());
    server.arrived().await;
    clock.advance(Duration::from_secs(30));
    let error = joined(call).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Timeout, true));
    assert_eq!(error.attempts()[0].outcome, AttemptOutcome::TimedOut);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_timed_out_attempt_of_a_read_only_call_is_retried() {
    let server = ScriptedServer::start([Reply::Hang, Reply::json(200, LIST)]).await;
    let clock = TestClock::default();
    let call =
        tokio::spawn(client(&server, &clock).images().list().with_attempt_timeout(Duration::from_secs(5)).send());
    server.arrived().await;
    clock.advance(Duration::from_secs(5));
    assert!(joined(call).await.is_ok());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn every_attempt_of_a_render_has_the_same_idempotency_key_and_body() {
    let server = ScriptedServer::start([status(429), ok(), ok(), ok()]).await;
    let client = client(&server, &TestClock::default());
    let create = || client.images().create(Source::html("<p>é</p>")).size(10, 20);
    let response = create().send_with_response().await.unwrap();
    create().send().await.unwrap();
    create().with_idempotency_key(IdempotencyKey::new("mine").unwrap()).send().await.unwrap();
    let requests = server.requests();
    let keys: Vec<_> = requests.iter().map(|request| request.header("idempotency-key").unwrap()).collect();
    assert_eq!(keys[0], keys[1], "two attempts of one call");
    assert_eq!(keys[0], response.meta.idempotency_key.as_ref().unwrap().as_str());
    assert_ne!(keys[1], keys[2], "two calls");
    assert_eq!(keys[3], "mine");
    assert!(requests.windows(2).all(|pair| pair[0].body == pair[1].body));
}

#[tokio::test]
async fn a_client_whose_calls_all_fail_stops_retrying() {
    let server = ScriptedServer::start(std::iter::repeat_with(|| status(500)).take(500)).await;
    let client = client(&server, &TestClock::default());
    for _ in 0..100 {
        assert!(client.images().list().send().await.is_err());
    }
    assert_eq!(server.requests().len(), 150, "100 calls and the 50 retries of the budget");
    let error = client.images().list().send().await.unwrap_err();
    assert!(error.to_string().contains("too many calls fail"), "{error}");
}

#[tokio::test]
async fn retries_with_retry_after_do_not_use_the_retry_budget() {
    let rate_limited = || Reply::new(429, &[("retry-after", "1")], b"{}");
    let server = ScriptedServer::start((0..100).flat_map(|_| [rate_limited(), ok()])).await;
    let client = client(&server, &TestClock::default());
    for number in 0..100 {
        let result = client.images().create(Source::html("<p>")).send().await;
        assert!(result.is_ok(), "call {number}: {result:?}");
    }
}

#[tokio::test]
async fn a_call_after_its_deadline_is_not_sent() {
    let server = ScriptedServer::start([ok(), ok()]).await;
    let clock = TestClock::default();
    let client = client(&server, &clock);
    // Opens a connection, over which the next call could be sent without a delay.
    client.images().create(Source::html("<p>")).send().await.unwrap();
    let deadline = client.deadline(Duration::from_secs(5));
    clock.advance(Duration::from_secs(5));
    let error = client.images().create(Source::html("<p>")).with_deadline(deadline).send().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown(), error.is_retryable()), (ErrorKind::Timeout, false, true));
    assert_eq!(error.attempts().len(), 0);
    assert_eq!(server.requests().len(), 1);
    let zero = pictify::Client::builder().api_key("k").timeout(Duration::ZERO).build().unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn the_error_of_a_truncated_response_contains_the_received_part() {
    let headers = [("content-type", "application/json"), ("x-request-id", "req_7")];
    let server = ScriptedServer::start([Reply::cut_with(200, &headers, 500, br#"{"url":"https://m"#)]).await;
    let error = client(&server, &TestClock::default()).images().create(Source::html("<p>")).send().await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Transport, true));
    assert_eq!((error.status().unwrap().as_u16(), error.request_id()), (200, Some("req_7")));
    assert_eq!(&error.body().unwrap()[..], br#"{"url":"https://m"#);
}

#[tokio::test]
async fn a_failed_read_waits_as_long_as_the_response_says() {
    let server = ScriptedServer::start([with_header(500, "retry-after", "9"), Reply::json(200, LIST)]).await;
    let clock = TestClock::default();
    client(&server, &clock).images().list().send().await.unwrap();
    assert_eq!(clock.sleeps(), [Duration::from_secs(9)]);
}

#[tokio::test]
async fn a_success_refunds_a_tenth_of_a_retry() {
    let script = (0..60).flat_map(|_| [status(500), Reply::json(200, LIST)]);
    let server = ScriptedServer::start(script).await;
    let client = client(&server, &TestClock::default());
    // 50 retries are in the budget, and 55 successes refund 5 more.
    for number in 0..55 {
        let response = client.images().list().send_with_response().await;
        let response = response.unwrap_or_else(|error| panic!("call {number}: {error}"));
        assert_eq!(response.meta.attempts.len(), 2);
    }
    assert!(client.images().list().send().await.is_err());
}

#[tokio::test]
async fn see_other_after_a_render_has_an_unknown_outcome() {
    for (status, unknown) in [(303, true), (302, false)] {
        let server = ScriptedServer::start([with_header(status, "location", "/a")]).await;
        let call = client(&server, &TestClock::default()).images().create(Source::html("<p>"));
        let error = call.send().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Redirect, unknown), "{status}");
    }
}

#[tokio::test]
async fn the_longest_allowed_retry_after_is_waited_for() {
    let server = ScriptedServer::start([with_header(429, "retry-after", "60"), ok()]).await;
    let clock = TestClock::default();
    let call = client(&server, &clock).images().create(Source::html("<p>"));
    call.with_timeout(Duration::from_secs(300)).send().await.unwrap();
    assert_eq!(clock.sleeps(), [Duration::from_secs(60)]);
}

#[tokio::test]
async fn a_retry_after_of_the_whole_remaining_time_is_too_long() {
    let server = ScriptedServer::start([with_header(429, "retry-after", "40"), ok()]).await;
    let clock = TestClock::default();
    let call = client(&server, &clock).images().create(Source::html("<p>"));
    let error = call.with_timeout(Duration::from_secs(40)).send().await.unwrap_err();
    assert!(error.to_string().contains("too late for the call's 40 s"), "{error}");
    assert_eq!((server.requests().len(), clock.sleeps().len()), (1, 0));
}

#[tokio::test]
async fn an_attempt_ends_with_its_call() {
    let server = ScriptedServer::start([Reply::Hang]).await;
    let clock = TestClock::default();
    let call = client(&server, &clock).images().list().with_retry(RetryPolicy::never());
    let call = tokio::spawn(call.with_timeout(Duration::from_secs(10)).send());
    server.arrived().await;
    clock.advance(Duration::from_secs(10));
    let error = joined(call).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("no response within 10 s"), "{error}");
}

#[tokio::test]
async fn a_retry_after_of_zero_uses_the_retry_budget() {
    let server = ScriptedServer::with_responses(|_| with_header(429, "retry-after", "0")).await;
    let client = client(&server, &TestClock::default());
    let call = client.images().list().with_retry(RetryPolicy::default().with_max_attempts(200));
    let error = call.with_timeout(Duration::from_secs(100_000)).send().await.unwrap_err();
    assert!(error.to_string().contains("too many calls fail"), "{error}");
    assert_eq!(server.requests().len(), 51, "one call and the 50 retries of the budget");
}
