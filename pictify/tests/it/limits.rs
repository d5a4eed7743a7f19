//! Limits of a client: renders, identical calls, requests per minute.

use pictify::transport::BoxFuture;
use pictify::{
    AttemptOutcome, Client, ClientBuilder, ErrorKind, IdempotencyKey, RetryPolicy, SpendLimit, clock::Clock,
    images::Source, rate_limit::RateLimiter, send_all,
};
use pictify_test_support::{KEY, Reply, ScriptedServer, TestClock, joined, within_bound};
use std::{
    future::{Future, poll_fn},
    num::NonZeroU32,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::Poll,
    time::{Duration, Instant, SystemTime},
};

const IMAGE: &str = r#"{"url":"http://u","id":"A"}"#;

fn ok() -> Reply {
    Reply::json(200, IMAGE)
}

fn builder(server: &ScriptedServer, clock: &TestClock) -> ClientBuilder {
    Client::builder().api_key(KEY).base_url(server.url()).jitter(|| 1.0).clock(clock.clone())
}

#[tokio::test]
async fn the_spend_limit_stops_calls_and_counts_only_renders_that_may_be_billed() {
    let script = [ok(), Reply::json(422, "{}"), Reply::json(500, "{}")];
    let server = ScriptedServer::start(script).await;
    let client = builder(&server, &TestClock::default()).spend_limit(SpendLimit::renders(2)).build().unwrap();
    let render = || client.images().create(Source::html("x")).send();
    render().await.unwrap();
    assert_eq!(client.renders_spent(), 1);
    assert_eq!(render().await.unwrap_err().kind(), ErrorKind::Validation);
    assert_eq!(client.renders_spent(), 1, "a rejected call is not billed");
    assert!(render().await.unwrap_err().outcome_unknown());
    assert_eq!(client.renders_spent(), 2, "an ambiguous call may have been billed");
    let error = render().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SpendLimit);
    assert!(!error.outcome_unknown() && server.requests().len() == 3, "{error}");
    // A call that only reads is not billed.
    server.then(Reply::json(200, r#"{"images":[]}"#));
    client.images().list().send().await.unwrap();
}

/// Drops a call as soon as `reached` is true.
async fn drop_when(call: impl Future, mut reached: impl FnMut() -> bool) {
    let mut call = pin!(call);
    let is_reached = poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending(), "the call ends");
        context.waker().wake_by_ref();
        if reached() { Poll::Ready(()) } else { Poll::Pending }
    });
    tokio::time::timeout(Duration::from_secs(10), is_reached).await.expect("the call gets there");
}

#[tokio::test]
async fn a_call_dropped_before_it_is_sent_is_not_spent() {
    /// Clock whose sleeps never end.
    #[derive(Clone, Debug)]
    struct Endless(TestClock, Arc<AtomicBool>);

    impl Clock for Endless {
        fn now(&self) -> Instant {
            self.0.now()
        }

        fn system_time(&self) -> SystemTime {
            self.0.system_time()
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            self.1.store(true, Relaxed);
            Box::pin(std::future::pending())
        }

        fn timeout_timer(&self, duration: Duration) -> BoxFuture<'static, ()> {
            self.0.timeout_timer(duration)
        }
    }

    let sleeps = Arc::new(AtomicBool::new(false));
    let clock = Endless(TestClock::default(), sleeps.clone());
    let new = |url: String| Client::builder().api_key(KEY).base_url(url).clock(clock.clone());
    let render = |client: &Client| client.images().create(Source::html("x")).send();
    let is_asleep = || sleeps.swap(false, Relaxed);

    // No program listens on this port: the call waits before its second attempt.
    let client = new("http://127.0.0.1:9".to_owned()).build().unwrap();
    drop_when(render(&client), is_asleep).await;
    assert_eq!(client.renders_spent(), 0, "a rejected connection");

    let server = ScriptedServer::start([ok()]).await;
    let limiter = RateLimiter::per_minute(NonZeroU32::new(2).unwrap());
    let client = new(server.url()).rate_limiter(limiter).build().unwrap();
    render(&client).await.unwrap();
    drop_when(render(&client), is_asleep).await;
    assert_eq!((client.renders_spent(), server.requests().len()), (1, 1), "the rate limiter");

    for reply in [Reply::json(429, "{}"), Reply::json(503, r#"{"retriable":true}"#)] {
        let server = ScriptedServer::start([reply]).await;
        let client = new(server.url()).build().unwrap();
        drop_when(render(&client), is_asleep).await;
        assert_eq!((client.renders_spent(), server.requests().len()), (0, 1), "a rejected attempt");
    }

    let server = ScriptedServer::start([Reply::json(500, "{}")]).await;
    let client = new(server.url()).retry(RetryPolicy::default().may_bill_twice(true)).build().unwrap();
    drop_when(render(&client), is_asleep).await;
    assert_eq!(client.renders_spent(), 1, "one attempt may have been billed, the next was not sent");

    let server = ScriptedServer::start([Reply::Hang]).await;
    let client = new(server.url()).max_connections(1).build().unwrap();
    let first = tokio::spawn(render(&client));
    server.arrived().await;
    let mut polls = 0;
    drop_when(render(&client), || (polls += 1, polls > 50).1).await;
    assert_eq!(client.renders_spent(), 1, "no free connection");
    first.abort();
    let _ = first.await;
    assert_eq!(client.renders_spent(), 1, "the request of the first call was sent");

    // A proxy that makes no connection.
    let proxy = ScriptedServer::start([Reply::Hang]).await;
    let client = new("https://api.pictify.io".to_owned()).proxy(proxy.url()).build().unwrap();
    drop_when(render(&client), || !proxy.requests().is_empty()).await;
    assert_eq!(client.renders_spent(), 0, "no connection yet");
}

#[tokio::test]
async fn an_attempt_that_times_out_before_it_is_sent_is_retried_and_not_spent() {
    let proxy = ScriptedServer::start([Reply::Hang, Reply::json(407, "{}")]).await;
    let clock = TestClock::default();
    let base = "https://api.pictify.io";
    let builder = Client::builder().api_key(KEY).base_url(base).jitter(|| 1.0).clock(clock.clone());
    let client = builder.proxy(proxy.url()).retry(RetryPolicy::default().with_max_attempts(2)).build().unwrap();
    let call = tokio::spawn(client.images().create(Source::html("x")).send());
    proxy.arrived().await;
    clock.advance(Duration::from_secs(30));
    let error = call.await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown(), error.is_retryable()), (ErrorKind::Connect, false, true));
    assert!(matches!(error.attempts()[0].outcome, AttemptOutcome::NotSent(_)), "{:?}", error.attempts());
    assert_eq!((error.attempts().len(), client.renders_spent()), (2, 0));
}

#[tokio::test]
async fn a_redirected_render_is_not_spent() {
    let server = ScriptedServer::start([Reply::new(307, &[("location", "/x")], b"")]).await;
    let client = builder(&server, &TestClock::default()).build().unwrap();
    let error = client.images().create(Source::html("x")).send().await.unwrap_err();
    assert_eq!((error.kind(), client.renders_spent()), (ErrorKind::Redirect, 0));
}

#[tokio::test]
async fn a_retry_that_may_be_billed_again_counts_as_another_render() {
    for (limit, requests, spent, is_ok) in [(1, 1, 1, false), (2, 2, 2, false), (3, 3, 3, true), (9, 3, 3, true)] {
        let script = [Reply::json(500, "{}"), Reply::json(500, "{}"), ok()];
        let server = ScriptedServer::start(script).await;
        let client = builder(&server, &TestClock::default())
            .spend_limit(SpendLimit::renders(limit).max_concurrent(1))
            .retry(RetryPolicy::default().may_bill_twice(true))
            .build()
            .unwrap();
        let result = client.images().create(Source::html("x")).send().await;
        assert_eq!(
            (server.requests().len(), client.renders_spent(), result.is_ok()),
            (requests, spent, is_ok),
            "{limit}"
        );
        if let Err(error) = result {
            assert!(error.outcome_unknown() && error.to_string().contains("would exceed the limit"), "{error}");
        }
    }
    // A rate-limited attempt is not billed, so its retries do not count.
    let server = ScriptedServer::start([Reply::json(429, "{}"), ok()]).await;
    let client = builder(&server, &TestClock::default()).spend_limit(SpendLimit::renders(1)).build().unwrap();
    client.images().create(Source::html("x")).send().await.unwrap();
    assert_eq!((server.requests().len(), client.renders_spent()), (2, 1));
}

#[tokio::test]
async fn a_batch_counts_its_rows_and_the_limit_ends_send_all() {
    let server = ScriptedServer::start([ok(), ok()]).await;
    let client = builder(&server, &TestClock::default()).spend_limit(SpendLimit::renders(2)).build().unwrap();
    let rows = vec![serde_json::json!({}); 3];
    let batch = client.batches().create("T", rows);
    assert_eq!(batch.send().await.unwrap_err().kind(), ErrorKind::SpendLimit);

    let mut results = send_all((0..99).map(|_| client.images().create(Source::html("x")))).concurrency(1);
    let mut successes = 0;
    while let Some(done) = results.next().await {
        successes += usize::from(done.result.is_ok());
    }
    assert_eq!((successes, server.requests().len()), (2, 2));
}

#[tokio::test]
async fn concurrent_identical_renders_share_one_request() {
    let server = ScriptedServer::start([ok(), ok(), ok()]).await;
    let client = builder(&server, &TestClock::default()).single_flight(true).build().unwrap();
    let render = |html: &str| client.images().create(Source::html(html)).send_with_response();
    let (first, same, other) = tokio::join!(render("a"), render("a"), render("b"));
    let (first, same) = (first.unwrap(), same.unwrap());
    other.unwrap();
    assert_eq!(server.requests().len(), 2);
    assert_eq!((first.meta.shared, same.meta.shared), (false, true));
    assert_eq!(first.meta.idempotency_key, same.meta.idempotency_key);
    assert_eq!((first.meta.attempts.len(), first.value), (1, same.value));
    assert_eq!(client.renders_spent(), 2);
    render("a").await.unwrap();
    assert_eq!(server.requests().len(), 3, "a later render is sent separately");
}

#[tokio::test]
async fn identical_renders_share_a_failure_and_continue_without_the_first_caller() {
    let server = ScriptedServer::start([Reply::json(500, r#"{"message":"oh"}"#)]).await;
    let client = builder(&server, &TestClock::default()).single_flight(true).build().unwrap();
    let render = || client.images().create(Source::html("a")).send();
    let (first, second) = tokio::join!(render(), render());
    for error in [first.unwrap_err(), second.unwrap_err()] {
        assert!(error.outcome_unknown() && error.attempts().len() == 1, "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
    assert_eq!(server.requests().len(), 1);

    server.then(ok());
    let (first, second) = (tokio::spawn(render()), render());
    server.arrived().await;
    first.abort();
    within_bound(second, "the call has not ended").await.unwrap();
}

#[tokio::test]
async fn a_panic_in_a_hook_ends_all_callers_of_a_shared_call() {
    let server = ScriptedServer::start([ok()]).await;
    let builder = builder(&server, &TestClock::default()).single_flight(true);
    let client = builder.on_attempt(|_| panic!("in the hook")).build().unwrap();
    let render = || tokio::time::timeout(Duration::from_secs(10), client.images().create(Source::html("a")).send());
    let (first, second) = tokio::join!(render(), render());
    for result in [first, second] {
        let error = result.expect("the call ends").unwrap_err();
        assert!(error.outcome_unknown() && error.to_string().contains("panicked"), "{error}");
    }
    assert_eq!((server.requests().len(), client.renders_spent()), (1, 1));
}

#[tokio::test]
async fn requests_are_delayed_to_stay_below_the_rate_limit() {
    let server = ScriptedServer::start(std::iter::repeat_n(ok(), 7)).await;
    let clock = TestClock::default();
    let limiter = RateLimiter::per_minute(NonZeroU32::new(60).unwrap()).burst(NonZeroU32::new(5).unwrap());
    let client = builder(&server, &clock).rate_limiter(limiter).build().unwrap();
    for _ in 0..7 {
        client.images().create(Source::html("x")).send().await.unwrap();
    }
    assert_eq!(clock.sleeps(), [Duration::from_secs(1); 2]);
}

#[tokio::test]
async fn a_rate_limit_delay_beyond_the_timeout_is_an_error_before_the_request() {
    let server = ScriptedServer::start([ok()]).await;
    let limiter = RateLimiter::per_minute(NonZeroU32::MIN);
    let client = builder(&server, &TestClock::default()).rate_limiter(limiter).build().unwrap();
    client.images().create(Source::html("x")).send().await.unwrap();
    let error =
        client.images().create(Source::html("x")).with_timeout(Duration::from_secs(10)).send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)));
    assert!(error.is_retryable() && !error.outcome_unknown() && server.requests().len() == 1, "{error}");
}

#[tokio::test]
async fn the_rate_limit_is_read_from_headers_and_delays_every_clone() {
    let reset = (TestClock::START + Duration::from_secs(30)).as_secs().to_string();
    let exhausted = |status| {
        let headers = [("x-ratelimit-limit", "60"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &reset)];
        Reply::new(status, &headers, IMAGE.as_bytes())
    };
    for script in [[exhausted(200), ok()], [Reply::new(429, &[("retry-after", "30")], b"{}"), ok()]] {
        let server = ScriptedServer::start(script).await;
        let clock = TestClock::default();
        let client =
            builder(&server, &clock).rate_limiter(RateLimiter::from_headers()).retry(pictify::RetryPolicy::never());
        let client = client.build().unwrap();
        let _ = client.images().create(Source::html("x")).send().await;
        client.clone().images().create(Source::html("x")).send().await.unwrap();
        assert_eq!(clock.sleeps(), [Duration::from_secs(30)]);
    }
}

#[tokio::test]
async fn a_limit_that_changes_with_every_response_does_not_allow_a_burst() {
    let states =
        |limit| Reply::new(200, &[("x-ratelimit-limit", limit), ("x-ratelimit-remaining", "9")], IMAGE.as_bytes());
    let script = ["60", "120"].into_iter().cycle().take(21).map(states);
    let server = ScriptedServer::start(script).await;
    let clock = TestClock::default();
    let client = builder(&server, &clock).rate_limiter(RateLimiter::from_headers()).build().unwrap();
    for _ in 0..21 {
        client.images().create(Source::html("x")).send().await.unwrap();
    }
    // The lower limit allows one request per second, the higher limit two.
    let waited: Duration = clock.sleeps().iter().sum();
    assert!(waited >= Duration::from_secs(7), "{waited:?}");
}

#[tokio::test]
async fn any_rate_limit_and_burst_are_accepted() {
    for (per_minute, burst) in [(1, u32::MAX), (u32::MAX, u32::MAX), (u32::MAX, 1)] {
        let [per_minute, burst] = [per_minute, burst].map(|number| NonZeroU32::new(number).unwrap());
        let server = ScriptedServer::start(std::iter::repeat_n(ok(), 3)).await;
        let clock = TestClock::default();
        let client = builder(&server, &clock).rate_limiter(RateLimiter::per_minute(per_minute).burst(burst)).build();
        let client = client.unwrap();
        for _ in 0..3 {
            client.images().create(Source::html("x")).send().await.unwrap();
        }
        assert!(clock.sleeps().iter().sum::<Duration>() < Duration::from_secs(1), "{per_minute} {burst}");
    }
}

#[tokio::test]
async fn the_hook_gets_every_attempt() {
    let limited =
        Reply::new(429, &[("x-ratelimit-limit", "60"), ("x-ratelimit-remaining", "3"), ("retry-after", "2")], b"{}");
    let server = ScriptedServer::start([limited, Reply::Reset]).await;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    let builder = builder(&server, &TestClock::default()).on_attempt(move |event| {
        let remaining = event.rate_limit.map(|limit| limit.remaining);
        let wait = event.retry_in.map(|wait| wait.as_secs());
        log.lock().unwrap().push((event.operation.id, event.number, remaining, wait));
    });
    builder.build().unwrap().images().create(Source::html("secret page")).send().await.unwrap_err();
    assert_eq!(*seen.lock().unwrap(), [("createImage", 1, Some(3), Some(2)), ("createImage", 2, None, None)]);
}

/// Clock whose first timer fires one millisecond early, like a rounded timer of a real clock.
#[derive(Clone, Debug)]
struct EarlyClock(TestClock, Arc<AtomicBool>);

impl Clock for EarlyClock {
    fn now(&self) -> Instant {
        self.0.now()
    }

    fn system_time(&self) -> SystemTime {
        self.0.system_time()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.sleep(duration)
    }

    fn timeout_timer(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let early = if self.1.swap(false, Relaxed) { Duration::from_millis(1) } else { Duration::ZERO };
        self.0.timeout_timer(duration.saturating_sub(early))
    }
}

#[tokio::test]
async fn the_first_caller_of_a_shared_call_gets_its_error_even_if_a_timer_fires_early() {
    let server = ScriptedServer::start([Reply::Hang]).await;
    let clock = TestClock::default();
    let builder = Client::builder().api_key(KEY).base_url(server.url()).single_flight(true);
    let client =
        builder.jitter(|| 1.0).clock(EarlyClock(clock.clone(), Arc::new(AtomicBool::new(true)))).build().unwrap();
    let call = client.images().create(Source::html("a")).with_timeout(Duration::from_secs(10)).send();
    let call = tokio::spawn(call);
    server.arrived().await;
    clock.advance(Duration::from_millis(9_999));
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    clock.advance(Duration::from_millis(1));
    let error = joined(call).await.unwrap_err();
    assert!(error.outcome_unknown() && error.to_string().contains("no response within 10 s"), "{error}");
    assert_eq!(error.attempts().len(), 1);
}

#[tokio::test]
async fn renders_that_differ_in_url_or_key_are_not_shared() {
    let server = ScriptedServer::with_responses(|_| ok()).await;
    let client = builder(&server, &TestClock::default()).single_flight(true).build().unwrap();
    // The URL has the template. The bodies are equal.
    let variables = serde_json::json!({"a": 1});
    let render = |uid: &str| client.templates().render(uid, &variables).send();
    let _ = tokio::join!(render("A"), render("B"));
    assert_eq!(server.requests().len(), 2);

    let create = |key: &str| {
        let key = IdempotencyKey::new(key).unwrap();
        client.images().create(Source::html("a")).with_idempotency_key(key).send()
    };
    let (first, second) = tokio::join!(create("k1"), create("k2"));
    first.and(second).unwrap();
    assert_eq!(server.requests().len(), 4);

    let create = |value: &str| client.images().create(Source::html("a")).with_header("x-tenant", value).send();
    let (first, second) = tokio::join!(create("1"), create("2"));
    first.and(second).unwrap();
    assert_eq!(server.requests().len(), 6);
}

#[tokio::test]
async fn a_caller_that_joined_with_a_shorter_timeout_does_not_know_the_outcome() {
    let server = ScriptedServer::start([Reply::Hang]).await;
    let clock = TestClock::default();
    let client = builder(&server, &clock).single_flight(true).build().unwrap();
    let render = |seconds| client.images().create(Source::html("a")).with_timeout(Duration::from_secs(seconds)).send();
    let first = tokio::spawn(render(300));
    server.arrived().await;
    let before = clock.timers();
    let second = tokio::spawn(render(10));
    clock.wait_for_timers(before + 1).await;
    clock.advance(Duration::from_secs(10));
    let error = joined(second).await.unwrap_err();
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Timeout, true));
    assert!(error.to_string().contains("did not end within the call's 10 s"), "{error}");
    first.abort();
}

#[tokio::test]
async fn a_batch_and_a_render_count_each_layout() {
    let server = ScriptedServer::start([Reply::json(202, r#"{"batchId":"B"}"#)]).await;
    let client = builder(&server, &TestClock::default()).build().unwrap();
    let rows = vec![serde_json::json!({}); 3];
    client.batches().create("T", rows).layouts(["x", "y"]).send().await.unwrap();
    assert_eq!(client.renders_spent(), 6);

    server.then(Reply::json(200, r#"{"results":[]}"#));
    client.templates().render_layouts("T", &serde_json::json!({}), ["x", "y"]).send().await.unwrap();
    assert_eq!(client.renders_spent(), 8);
}
