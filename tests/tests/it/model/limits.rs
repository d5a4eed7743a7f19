//! Limits: a client that spreads its requests never asks more than it may, and one that does not comes again when told to.

use super::judge::ask;
use pictify::{AttemptOutcome, Client, clock::Clock, images::Source, rate_limit::RateLimiter};
use pictify_emulator::Emulator;
use pictify_test_support::{KEY, Reply, ScriptedServer, TestClock};
use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

const MINUTE: Duration = Duration::from_secs(60);

/// A service that counts the requests of the last minute, by the client's clock, and says nothing of its limit.
async fn service(clock: &TestClock, per_minute: usize) -> ScriptedServer {
    let (clock, times) = (clock.clone(), Mutex::new(Vec::<Instant>::new()));
    ScriptedServer::answering(move |_| {
        let (now, mut times) = (clock.now(), times.lock().unwrap());
        times.retain(|time| now - *time < MINUTE);
        if times.len() >= per_minute {
            return Reply::new(429, &[("retry-after", "1")], b"{}");
        }
        times.push(now);
        Reply::json(200, r#"{"url":"u","id":"A"}"#)
    })
    .await
}

/// Most requests within any minute.
fn most_in_a_minute(times: &[Instant]) -> usize {
    let within = |from: &Instant| times.iter().filter(|time| *time >= from && **time - *from < MINUTE).count();
    times.iter().map(within).max().unwrap_or(0)
}

#[tokio::test]
async fn a_client_that_spreads_its_requests_is_never_refused() {
    for per_minute in [1, 7, 60, 300] {
        let clock = TestClock::default();
        let server = service(&clock, per_minute).await;
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, at) = (seen.clone(), clock.clone());
        let limit = NonZeroU32::new(u32::try_from(per_minute).unwrap()).unwrap();
        let builder = Client::builder().api_key(KEY).base_url(server.url()).clock(clock.clone());
        let builder = builder.rate_limiter(RateLimiter::per_minute(limit)).on_attempt(move |report| {
            log.lock().unwrap().push((at.now(), report.attempt.outcome.clone()));
        });
        let client = builder.build().unwrap();
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..3 * per_minute + 2 {
            client.images().create(Source::html("x")).timeout(MINUTE * 10).send().await.unwrap();
            // Now and then there is a pause, after which several may go at once.
            if random.u8(..10) == 0 {
                clock.advance(Duration::from_millis(random.u64(..20_000)));
            }
        }
        let seen = seen.lock().unwrap();
        let is_refused =
            |outcome: &AttemptOutcome| !matches!(outcome, AttemptOutcome::Response(status) if status.is_success());
        assert!(!seen.iter().any(|(_, outcome)| is_refused(outcome)), "{per_minute} a minute");
        let times: Vec<_> = seen.iter().map(|(time, _)| *time).collect();
        let most = most_in_a_minute(&times);
        assert!(most <= per_minute, "{most} in a minute, of {per_minute}");
    }
}

#[tokio::test]
async fn a_client_without_a_limiter_comes_again_when_it_is_told_to() {
    let emulator = Emulator::builder().renderer(super::studio::Studio(Arc::default())).requests_per_minute(5);
    let emulator = emulator.start().await.unwrap();
    let waits = Arc::new(Mutex::new(Vec::new()));
    let log = waits.clone();
    let builder = Client::builder().api_key(KEY).base_url(emulator.url()).clock(TestClock::default());
    let client = builder.on_attempt(move |report| {
        if matches!(report.attempt.outcome, AttemptOutcome::Response(status) if status.as_u16() == 429) {
            log.lock().unwrap().push(report.retry_in);
        }
    });
    let client = client.build().unwrap();
    let mut refused = 0;
    for _ in 0..8 {
        let result = client.images().create(Source::html("x")).size(9, 9).timeout(MINUTE * 10).send().await;
        let Err(error) = result else { continue };
        refused += 1;
        // The emulator's minute is a real one, which does not pass here: each attempt is refused.
        let stated = error.retry_after().expect("it says when");
        assert!(error.attempts().iter().skip(1).all(|attempt| attempt.waited >= stated), "{stated:?}: {error:?}");
        assert!(!error.outcome_unknown(), "{error}");
    }
    assert_eq!((refused, waits.lock().unwrap().len()), (3, 12), "four attempts each");
    let ledger = ask(&emulator, "GET", "/_emulator/ledger", "").await;
    assert_eq!(ledger["renders"], 5);
}
