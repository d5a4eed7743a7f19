//! Rate limits: a client with a rate limiter stays below the limit, and a client without one obeys `Retry-After`.

use super::oracle::request_json;
use pictify::{AttemptOutcome, Client, clock::Clock, images::Source, rate_limit::RateLimiter};
use pictify_emulator::Emulator;
use pictify_test_support::{KEY, Reply, ScriptedServer, TestClock};
use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_secs(60);

/// Starts a server that limits the requests of the last minute, by the client's clock, and does not send the limit.
async fn limited_server(clock: &TestClock, per_minute: usize) -> ScriptedServer {
    let (clock, times) = (clock.clone(), Mutex::new(Vec::<Instant>::new()));
    ScriptedServer::with_responses(move |_| {
        let (now, mut times) = (clock.now(), times.lock().unwrap());
        times.retain(|time| now - *time < MINUTE);
        if times.len() >= per_minute {
            return Reply::new(429, &[("retry-after", "1")], b"{}");
        }
        times.push(now);
        Reply::json(200, r#"{"url":"http://u","id":"A"}"#)
    })
    .await
}

/// Returns the maximum number of requests within a minute.
fn max_per_minute(times: &[Instant]) -> usize {
    let within = |from: &Instant| times.iter().filter(|time| *time >= from && **time - *from < MINUTE).count();
    times.iter().map(within).max().unwrap_or(0)
}

#[tokio::test]
async fn a_client_with_a_rate_limiter_never_exceeds_the_limit() {
    for per_minute in [1, 7, 60, 300] {
        let clock = TestClock::default();
        let server = limited_server(&clock, per_minute).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, at) = (seen.clone(), clock.clone());
        let limit = NonZeroU32::new(u32::try_from(per_minute).unwrap()).unwrap();
        let builder = Client::builder().api_key(KEY).base_url(server.url()).jitter(|| 1.0).clock(clock.clone());
        let builder = builder.rate_limiter(RateLimiter::per_minute(limit)).on_attempt(move |event| {
            log.lock().unwrap().push((at.now(), event.attempt.outcome.clone()));
        });
        let client = builder.build().unwrap();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..3 * per_minute + 2 {
            client.images().create(Source::html("x")).with_timeout(MINUTE * 10).send().await.unwrap();
            // A random pause, after which a burst is possible.
            if random.u8(..10) == 0 {
                clock.advance(Duration::from_millis(random.u64(..20_000)));
            }
        }
        let seen = seen.lock().unwrap();
        let is_rejected =
            |outcome: &AttemptOutcome| !matches!(outcome, AttemptOutcome::Response(status) if status.is_success());
        assert!(!seen.iter().any(|(_, outcome)| is_rejected(outcome)), "{per_minute} per minute");
        let times: Vec<_> = seen.iter().map(|(time, _)| *time).collect();
        let max = max_per_minute(&times);
        assert!(max <= per_minute, "{max} requests within a minute, the limit is {per_minute}");
    }
}

#[tokio::test]
async fn a_client_without_a_rate_limiter_obeys_retry_after() {
    let emulator =
        Emulator::builder().renderer(super::fake_renderer::FakeRenderer(Arc::default())).requests_per_minute(5);
    let emulator = emulator.start().await.unwrap();
    let waits = Arc::new(Mutex::new(Vec::new()));
    let log = waits.clone();
    let builder = Client::builder().api_key(KEY).base_url(emulator.url()).jitter(|| 1.0).clock(TestClock::default());
    let client = builder.on_attempt(move |event| {
        if matches!(event.attempt.outcome, AttemptOutcome::Response(status) if status.as_u16() == 429) {
            log.lock().unwrap().push(event.retry_in);
        }
    });
    let client = client.build().unwrap();
    let mut rejected = 0;
    for _ in 0..8 {
        let result = client.images().create(Source::html("x")).size(9, 9).with_timeout(MINUTE * 10).send().await;
        let Err(error) = result else { continue };
        rejected += 1;
        // The emulator measures real time, so its minute does not end during the test: each attempt is rejected.
        let retry_after = error.retry_after().expect("the response has `Retry-After`");
        assert!(
            error.attempts().iter().skip(1).all(|attempt| attempt.delay >= retry_after),
            "{retry_after:?}: {error:?}"
        );
        assert!(!error.outcome_unknown(), "{error}");
    }
    assert_eq!((rejected, waits.lock().unwrap().len()), (3, 12), "four attempts each");
    let ledger = request_json(&emulator, "GET", "/_emulator/ledger", "").await;
    assert_eq!(ledger["renders"], 5);
}
