//! What follows from each fault, for each safety class: what the caller gets, and how many requests the server saw.

use pictify::{
    Client, Error, ErrorKind,
    ErrorKind::*,
    images::Source,
    request::RetrySafety::{self, *},
    webhooks::WebhookEventType,
};
use pictify_test_support::{Reply, ScriptedServer, TestClock, client};
use std::time::Duration;

/// What the second attempt is answered, if there is one. It reads as an answer of each of the four operations.
const DONE: &str = r#"{"url":"https://media.pictify.io/a.png","uid":"A","images":[],"deleted":true}"#;

/// What comes of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Then {
    /// It is tried again, and that succeeds.
    Again,
    /// It fails, and surely nothing was done.
    Fails(ErrorKind),
    /// It fails, and nobody knows whether it was done.
    Unknown(ErrorKind),
}
use Then::{Again, Fails, Unknown};

async fn call(client: Client, safety: RetrySafety) -> Result<(), Error> {
    match safety {
        ReadOnly => client.images().list().send().await.map(drop),
        Idempotent => client.webhooks().delete("A").send().await.map(drop),
        Creating => {
            let url = "https://hooks.example.net/";
            client.webhooks().create(WebhookEventType::RenderCompleted, url).send().await.map(drop)
        }
        Billed => client.images().create(Source::html("<p>")).send().await.map(drop),
        _ => unreachable!("there are four classes"),
    }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Reply {
    Reply::new(status, headers, body.as_bytes())
}

/// An answer that begins and never ends.
fn stalled(status: u16) -> Reply {
    Reply::stall_with(status, &[("content-type", "application/json")], 500, b"{\"mess")
}

/// A fault, what comes of it for a call that reads, for one that sets or removes, and for one that creates or bills; and
/// what the error says.
type Row = (&'static str, Reply, [Then; 3], &'static str);

fn table() -> Vec<Row> {
    let no = r#"{"message":"no"}"#;
    let html = ("content-type", "text/html");
    vec![
        ("reset after the request", Reply::Reset, [Again, Again, Unknown(Transport)], "connection lost"),
        ("cut body", Reply::cut(200, 500, b"{\"url\""), [Again, Again, Unknown(Transport)], "connection lost"),
        ("cut refusal", Reply::cut(422, 500, b"{\"mess"), [Fails(Validation); 3], "422 Validation"),
        ("cut rate limit", Reply::cut(429, 500, b"{\"mess"), [Again; 3], ""),
        ("cut 502", Reply::cut(502, 500, b"<html>"), [Again, Again, Unknown(Server)], "502 Server"),
        ("stalled body", stalled(200), [Again, Again, Unknown(Timeout)], "the response did not end within 30 s"),
        ("stalled refusal", stalled(422), [Fails(Validation); 3], "422 Validation"),
        ("stalled rate limit", stalled(429), [Again; 3], ""),
        ("stall", Reply::Hang, [Again, Again, Unknown(Timeout)], "no response within 30 s"),
        ("408", answer(408, &[], no), [Again; 3], ""),
        (
            "408 of the render itself",
            answer(408, &[], r#"{"message":"no","code":"render_timeout"}"#),
            [Again, Again, Unknown(RenderFailed)],
            "408 RenderFailed: no",
        ),
        ("429", answer(429, &[], no), [Again; 3], ""),
        ("429 with Retry-After", answer(429, &[("retry-after", "2")], no), [Again; 3], ""),
        ("429 that waits too long", answer(429, &[("retry-after", "9999")], no), [Fails(RateLimited); 3], "9999 s"),
        (
            "429 for a quota",
            answer(429, &[], r#"{"code":"quota_exceeded","message":"all used"}"#),
            [Fails(QuotaExceeded); 3],
            "429 QuotaExceeded: all used",
        ),
        ("500", answer(500, &[], no), [Again, Again, Unknown(Server)], "500 Server: no"),
        ("HTML 502", answer(502, &[html], "<h1>Bad gateway</h1>"), [Again, Again, Unknown(Server)], "502 Server"),
        ("503", answer(503, &[], no), [Again, Again, Unknown(Server)], "503 Server: no"),
        ("503 with Retry-After", answer(503, &[("retry-after", "1")], no), [Again; 3], ""),
        ("503 that may be retried", answer(503, &[], r#"{"error":"busy","retriable":true}"#), [Again; 3], ""),
        (
            "503 that may not be retried",
            answer(503, &[("retry-after", "1")], r#"{"error":"busy","retriable":false}"#),
            [Again, Again, Unknown(Server)],
            "503 Server: busy",
        ),
        ("504", answer(504, &[], no), [Again, Again, Unknown(Server)], "504 Server: no"),
        (
            "a status beyond 5xx",
            answer(999, &[], no),
            [Again, Again, Unknown(UnexpectedStatus)],
            "999 UnexpectedStatus",
        ),
        ("501", answer(501, &[], no), [Fails(NotImplemented); 3], "501 NotImplemented: no"),
        ("400", answer(400, &[], no), [Fails(Validation); 3], "400 Validation: no"),
        ("401", answer(401, &[], no), [Fails(Authentication); 3], "401 Authentication: no"),
        ("402", answer(402, &[], no), [Fails(QuotaExceeded); 3], "402 QuotaExceeded: no"),
        ("403", answer(403, &[], no), [Fails(Permission); 3], "403 Permission: no"),
        ("404", answer(404, &[], no), [Fails(NotFound); 3], "404 NotFound: no"),
        ("409", answer(409, &[], no), [Fails(Conflict); 3], "409 Conflict: no"),
        ("422", answer(422, &[], no), [Fails(Validation); 3], "422 Validation: no"),
        // It was done, so it is not done again; the answer is on the error.
        ("200 with wrong JSON", answer(200, &[], "[1, 2"), [Fails(Decode); 3], "cannot be decoded"),
        ("200 with HTML", answer(200, &[html], "<html>"), [Fails(Decode); 3], "HTML, not JSON"),
        (
            "redirect to another host",
            answer(307, &[("location", "https://elsewhere.example/image?token=hunter2")], ""),
            [Fails(Redirect); 3],
            "redirects to https://elsewhere.example/image;",
        ),
    ]
}

#[tokio::test]
async fn the_class_of_an_operation_decides_what_follows_from_a_fault() {
    for (fault, reply, [reads, sets, makes], says) in table() {
        for (safety, expected) in [(ReadOnly, reads), (Idempotent, sets), (Creating, makes), (Billed, makes)] {
            let row = format!("{fault}, {safety:?}");
            let server = ScriptedServer::start([reply.clone(), Reply::json(200, DONE)]).await;
            let clock = TestClock::default();
            let call = tokio::spawn(call(client(&server, &clock), safety));
            match &reply {
                Reply::Hang => {
                    server.arrived().await;
                    clock.advance(Duration::from_secs(30));
                }
                Reply::StallAfter(words) => {
                    // The second alarm is that for the words of the answer; those of a refusal do not count for much.
                    clock.wait_for_timers(2).await;
                    clock.advance(Duration::from_secs(if words.starts_with(b"HTTP/1.1 200") { 30 } else { 5 }));
                }
                _ => {}
            }
            let result = call.await.unwrap();

            let then = match &result {
                Ok(()) => Again,
                Err(error) if error.outcome_unknown() => Unknown(error.kind()),
                Err(error) => Fails(error.kind()),
            };
            assert_eq!(then, expected, "{row}: {result:?}");
            let again = usize::from(expected == Again);
            assert_eq!(server.requests().len(), 1 + again, "{row}");
            if let Err(error) = result {
                let text = error.to_string();
                assert!(text.contains(says) && !text.contains("hunter2"), "{row}: {text}");
                assert_eq!(text.contains("may have been billed"), matches!(expected, Unknown(_)), "{text}");
                assert_eq!(error.attempts().len(), 1, "{row}");
                if error.status().is_some() {
                    assert!(error.body().is_some() && error.headers().is_some(), "{row}: nothing received is lost");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_reset_before_the_request_is_tried_again_unless_the_request_may_have_been_on_its_way() {
    for safety in [ReadOnly, Idempotent, Creating, Billed] {
        let server = ScriptedServer::start([Reply::ResetUnread, Reply::json(200, DONE)]).await;
        let result = call(client(&server, &TestClock::default()), safety).await;
        match (&result, safety) {
            (Ok(()), _) => assert_eq!(server.requests().len(), 1),
            // Whether the bytes had left when the reset came is up to the machine.
            (Err(error), Creating | Billed) => {
                assert!(error.outcome_unknown() && server.requests().is_empty(), "{error}");
            }
            (Err(error), _) => panic!("{safety:?}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_tried_again_by_every_class() {
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
async fn faults_without_end_end_after_four_attempts() {
    for (reply, safety, kind) in [
        (answer(500, &[], "{}"), ReadOnly, Server),
        (Reply::Reset, Idempotent, Transport),
        (answer(429, &[], "{}"), Creating, RateLimited),
        (answer(408, &[], "{}"), Billed, Timeout),
    ] {
        let server = ScriptedServer::start(std::iter::repeat_n(reply, 9)).await;
        let error = call(client(&server, &TestClock::default()), safety).await.unwrap_err();
        assert_eq!((error.kind(), server.requests().len()), (kind, 4), "{safety:?}");
        assert!(error.is_retryable() && !error.outcome_unknown(), "{error}");
        assert!(error.to_string().contains("4 attempts"), "{error}");
    }
}

#[tokio::test]
async fn what_an_earlier_attempt_may_have_removed_is_not_called_missing_for_sure() {
    for lost in [Reply::Reset, answer(500, &[], "{}")] {
        let server = ScriptedServer::start([lost, answer(404, &[], "{}")]).await;
        let error = call(client(&server, &TestClock::default()), Idempotent).await.unwrap_err();
        assert_eq!((error.kind(), error.outcome_unknown()), (NotFound, true));
    }
}

#[tokio::test]
async fn a_later_refusal_does_not_make_the_outcome_of_an_earlier_attempt_known() {
    let script = [answer(429, &[], "{}"), answer(500, &[], "{}")];
    let server = ScriptedServer::start(script).await;
    let error = call(client(&server, &TestClock::default()), Billed).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown(), server.requests().len()), (Server, true, 2));
}

#[tokio::test]
async fn of_an_answer_that_is_not_whole_nothing_is_lost() {
    let headers = [("content-type", "application/json"), ("x-request-id", "req_1")];
    let words = vec![b' '; 64 * 1024 * 1024 + 1];
    for (reply, kind, stalls, kept) in [
        (Reply::cut_with(200, &headers, 500, b"{\"url\""), Transport, false, 0..=6),
        (Reply::stall_with(200, &headers, 500, b"{\"url\""), Timeout, true, 0..=6),
        (Reply::new(200, &headers, &words), TooLarge, false, Error::MAX_BODY_BYTES..=Error::MAX_BODY_BYTES),
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
        // How much had come when it ended is the network's affair.
        assert!(error.body().is_some_and(|body| kept.contains(&body.len())), "{error}");
    }
}
