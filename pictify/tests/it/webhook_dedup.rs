//! Deduplication of deliveries, with the same tests for both stores.

use futures_util::FutureExt;
use pictify::webhooks::{
    Claim, ClaimToken, DeliveryDeduplicator, DeliveryStore, HandleError, HandleOutcome, MemoryStore, RedisStore,
    StoreError, StoreFuture,
};
use pictify_test_support::{MAX_WAIT, wait_until};
use std::{
    convert::Infallible,
    future::{Ready, pending, ready},
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tempfile::TempDir;

/// A Redis server for one test, at a socket in its own folder.
struct Redis {
    process: Child,
    folder: TempDir,
}

impl Redis {
    /// Starts a server; `None` if tests with Redis are left out.
    fn start() -> Option<Self> {
        if !test_requirements::require("redis") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", "socket", "--dir"])
            .arg(folder.path())
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        // Read all of its output, or it would block on a full pipe.
        let (ready, is_ready) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if line.contains("The server is now ready to accept connections") {
                    let _ = ready.send(());
                }
            }
        });
        is_ready.recv_timeout(MAX_WAIT).expect("it starts");
        Some(Self { process, folder })
    }

    async fn store(&self) -> RedisStore {
        let socket = self.folder.path().join("socket");
        RedisStore::connect(&format!("redis+unix://{}", socket.display())).await.unwrap()
    }

    fn stop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns a handler that succeeds.
fn succeeding_handler() -> Ready<Result<&'static str, Infallible>> {
    ready(Ok("done"))
}

/// Returns a handler that panics.
fn panicking_handler() -> impl Future<Output = Result<(), Infallible>> {
    std::future::poll_fn(|_| panic!("in the handler"))
}

async fn ten_thousand_copies_of_a_thousand_deliveries_are_processed_a_thousand_times(store: impl DeliveryStore) {
    let (deduplicator, runs) = (DeliveryDeduplicator::new(store), Arc::new(AtomicUsize::new(0)));
    let copies = (0..10_000).map(|copy| {
        let (deduplicator, runs) = (deduplicator.clone(), runs.clone());
        tokio::spawn(async move {
            let handler = async {
                runs.fetch_add(1, Ordering::Relaxed);
                // Let other copies run while this one is being processed.
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(())
            };
            deduplicator.handle(format!("del_{}", copy % 1000), handler).await.unwrap()
        })
    });
    let copies: Vec<_> = copies.collect();
    let mut processed = 0;
    for copy in copies {
        processed += usize::from(copy.await.unwrap() == HandleOutcome::Processed(()));
    }
    assert_eq!((runs.load(Ordering::Relaxed), processed), (1000, 1000));
    for id in 0..1000 {
        assert_eq!(
            deduplicator.handle(format!("del_{id}"), succeeding_handler()).await.unwrap(),
            HandleOutcome::Duplicate
        );
    }
}

/// Waits until the claim of the delivery is released, and processes it.
async fn process_after_release(deduplicator: &DeliveryDeduplicator, id: &str) {
    for _ in 0..100_000 {
        match deduplicator.handle(id, succeeding_handler()).await.unwrap() {
            HandleOutcome::Processed(_) => return,
            HandleOutcome::InProgress => tokio::task::yield_now().await,
            HandleOutcome::Duplicate => panic!("{id}: no handler has succeeded"),
        }
    }
    panic!("{id}: the claim is never released");
}

async fn a_handler_that_does_not_succeed_releases_its_claim(store: impl DeliveryStore) {
    let deduplicator = DeliveryDeduplicator::new(store);
    let error = deduplicator.handle("fails", async { Err::<(), _>("no disk") }).await.unwrap_err();
    assert!(matches!(error, HandleError::Handler("no disk")));
    assert_eq!(error.to_string(), "webhook: the handler has failed: no disk");
    assert_eq!(deduplicator.handle("fails", succeeding_handler()).await.unwrap(), HandleOutcome::Processed("done"));
    assert_eq!(deduplicator.handle("fails", succeeding_handler()).await.unwrap(), HandleOutcome::Duplicate);

    let other = deduplicator.clone();
    let handling = async move { other.handle("panics", panicking_handler()).await };
    assert!(tokio::spawn(handling).await.unwrap_err().is_panic());
    process_after_release(&deduplicator, "panics").await;

    let mut dropped = Box::pin(deduplicator.handle("dropped", pending::<Result<(), Infallible>>()));
    let mut is_claimed = false;
    for _ in 0..100_000 {
        tokio::select! {
            biased;
            _ = &mut dropped => unreachable!("it is pending"),
            () = tokio::task::yield_now() => {}
        }
        if deduplicator.handle("dropped", pending::<Result<(), Infallible>>()).await.unwrap()
            == HandleOutcome::InProgress
        {
            is_claimed = true;
            break;
        }
    }
    assert!(is_claimed, "the claim is never made");
    drop(dropped);
    process_after_release(&deduplicator, "dropped").await;
}

async fn a_claim_is_released_only_with_its_token_and_expires(store: impl DeliveryStore) {
    let [first, second] = [ClaimToken::random(), ClaimToken::random()];
    let hour = Duration::from_secs(3600);
    assert_eq!(store.claim("a", first, hour).await.unwrap(), Claim::Acquired);
    store.release("a", second).await.unwrap();
    assert_eq!(store.claim("a", second, hour).await.unwrap(), Claim::InProgress);
    store.release("a", first).await.unwrap();
    assert_eq!(store.claim("a", second, hour).await.unwrap(), Claim::Acquired);
    store.complete("a", second, hour).await.unwrap();
    store.release("a", second).await.unwrap();
    assert_eq!(store.claim("a", first, hour).await.unwrap(), Claim::Completed);

    assert_eq!(store.claim("b", first, Duration::from_millis(1)).await.unwrap(), Claim::Acquired);
    let mut claims = 0;
    while store.claim("b", second, hour).await.unwrap() == Claim::InProgress {
        claims += 1;
        assert!(claims < 1_000_000, "the claim does not expire");
        tokio::task::yield_now().await;
    }
    // A completion counts even if the claim has expired.
    store.complete("b", first, hour).await.unwrap();
    store.release("b", second).await.unwrap();
    assert_eq!(store.claim("b", second, hour).await.unwrap(), Claim::Completed);
}

/// A store that never confirms a completion, and counts the calls.
#[derive(Clone, Default)]
struct NeverConfirms {
    completions: Arc<AtomicUsize>,
    releases: Arc<AtomicUsize>,
}

impl DeliveryStore for NeverConfirms {
    fn claim<'a>(&'a self, _: &'a str, _: ClaimToken, _: Duration) -> StoreFuture<'a, Claim> {
        Box::pin(ready(Ok(Claim::Acquired)))
    }

    fn complete<'a>(&'a self, _: &'a str, _: ClaimToken, _: Duration) -> StoreFuture<'a, ()> {
        self.completions.fetch_add(1, Ordering::Relaxed);
        Box::pin(pending())
    }

    fn release<'a>(&'a self, _: &'a str, _: ClaimToken) -> StoreFuture<'a, ()> {
        self.releases.fetch_add(1, Ordering::Relaxed);
        Box::pin(ready(Ok(())))
    }
}

#[tokio::test]
async fn a_handler_that_has_succeeded_never_releases_its_claim() {
    let store = NeverConfirms::default();
    let deduplicator = DeliveryDeduplicator::new(store.clone());
    let mut handling = Box::pin(deduplicator.handle("a", succeeding_handler()));
    assert!((&mut handling).now_or_never().is_none(), "the store does not respond");
    drop(handling);
    // Let the background task of the guard run.
    wait_until(|| store.completions.load(Ordering::Relaxed) + store.releases.load(Ordering::Relaxed) >= 2).await;
    let calls = (store.completions.load(Ordering::Relaxed), store.releases.load(Ordering::Relaxed));
    assert_eq!(calls, (2, 0), "the completion is reported again, because it was not confirmed");
}

/// A store whose first completion fails.
struct FailsOnce {
    has_failed: AtomicBool,
    store: MemoryStore,
}

impl DeliveryStore for FailsOnce {
    fn claim<'a>(&'a self, id: &'a str, token: ClaimToken, lease: Duration) -> StoreFuture<'a, Claim> {
        self.store.claim(id, token, lease)
    }

    fn complete<'a>(&'a self, id: &'a str, token: ClaimToken, retention: Duration) -> StoreFuture<'a, ()> {
        if self.has_failed.swap(true, Ordering::Relaxed) {
            return self.store.complete(id, token, retention);
        }
        Box::pin(ready(Err(StoreError::new("no response"))))
    }

    fn release<'a>(&'a self, id: &'a str, token: ClaimToken) -> StoreFuture<'a, ()> {
        self.store.release(id, token)
    }
}

#[tokio::test]
async fn a_failed_completion_is_reported_again() {
    let deduplicator =
        DeliveryDeduplicator::new(FailsOnce { has_failed: AtomicBool::new(false), store: MemoryStore::new() });
    let error = deduplicator.handle("a", succeeding_handler()).await.unwrap_err();
    assert!(matches!(error, HandleError::Store(_)), "{error}");
    for _ in 0..1000 {
        match deduplicator.handle("a", panicking_handler()).await.unwrap() {
            HandleOutcome::Duplicate => return,
            HandleOutcome::InProgress => tokio::task::yield_now().await,
            HandleOutcome::Processed(()) => unreachable!("the handler panics"),
        }
    }
    panic!("the completion is never reported again");
}

async fn every_lease_and_retention_is_accepted(store: impl DeliveryStore + Clone) {
    let durations = [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(u64::MAX / 1000), Duration::MAX];
    for (number, duration) in durations.into_iter().enumerate() {
        let deduplicator = DeliveryDeduplicator::new(store.clone()).lease(duration).retention(duration);
        let id = format!("duration {number}");
        assert_eq!(
            deduplicator.handle(&id, succeeding_handler()).await.unwrap(),
            HandleOutcome::Processed("done"),
            "{duration:?}"
        );
        if duration > Duration::from_secs(1) {
            assert_eq!(
                deduplicator.handle(&id, succeeding_handler()).await.unwrap(),
                HandleOutcome::Duplicate,
                "{duration:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    ten_thousand_copies_of_a_thousand_deliveries_are_processed_a_thousand_times(MemoryStore::new()).await;
    a_handler_that_does_not_succeed_releases_its_claim(MemoryStore::new()).await;
    a_claim_is_released_only_with_its_token_and_expires(MemoryStore::new()).await;
    every_lease_and_retention_is_accepted(MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_redis() {
    let Some(redis) = Redis::start() else { return };
    ten_thousand_copies_of_a_thousand_deliveries_are_processed_a_thousand_times(redis.store().await).await;
    a_handler_that_does_not_succeed_releases_its_claim(redis.store().await.prefix("second:")).await;
    a_claim_is_released_only_with_its_token_and_expires(redis.store().await.prefix("third:")).await;
    every_lease_and_retention_is_accepted(redis.store().await.prefix("fourth:")).await;
    let store = redis.store().await.prefix("fifth:");
    assert_eq!(format!("{store:?}"), "RedisStore { prefix: \"fifth:\", .. }");
    // The connection repeats a command whose response it has lost.
    let (token, lease) = (ClaimToken::random(), Duration::from_secs(60));
    for _ in 0..2 {
        assert_eq!(store.claim("a", token, lease).await.unwrap(), Claim::Acquired);
    }
    assert_eq!(store.claim("a", ClaimToken::random(), lease).await.unwrap(), Claim::InProgress);
}

#[tokio::test(start_paused = true)]
async fn a_processed_delivery_expires_after_the_retention() {
    let deduplicator = DeliveryDeduplicator::in_memory().retention(Duration::from_secs(60));
    assert_eq!(deduplicator.handle("a", succeeding_handler()).await.unwrap(), HandleOutcome::Processed("done"));
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(deduplicator.handle("a", succeeding_handler()).await.unwrap(), HandleOutcome::Duplicate);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(deduplicator.handle("a", succeeding_handler()).await.unwrap(), HandleOutcome::Processed("done"));
    let forever = DeliveryDeduplicator::in_memory().retention(Duration::MAX);
    assert_eq!(forever.handle("a", succeeding_handler()).await.unwrap(), HandleOutcome::Processed("done"));
}

#[tokio::test]
async fn the_oldest_deliveries_are_evicted_at_the_capacity() {
    let deduplicator = DeliveryDeduplicator::new(MemoryStore::with_capacity(100));
    for id in 0..10_000 {
        assert_eq!(
            deduplicator.handle(id.to_string(), succeeding_handler()).await.unwrap(),
            HandleOutcome::Processed("done")
        );
        assert_eq!(
            deduplicator.handle(id.to_string(), succeeding_handler()).await.unwrap(),
            HandleOutcome::Duplicate,
            "{id} is new"
        );
    }
    assert_eq!(deduplicator.handle("0", succeeding_handler()).await.unwrap(), HandleOutcome::Processed("done"));
}

#[tokio::test]
async fn nothing_is_processed_while_the_store_is_unreachable() {
    let Some(mut redis) = Redis::start() else { return };
    let deduplicator = DeliveryDeduplicator::new(redis.store().await);
    redis.stop();
    let error = deduplicator.handle("a", panicking_handler()).await.unwrap_err();
    assert!(matches!(error, HandleError::Store(_)), "{error}");
    assert!(error.to_string().starts_with("webhook: the delivery store failed: "), "{error}");

    let nowhere = redis.folder.path().join("nothing");
    let error: StoreError = RedisStore::connect(&format!("redis+unix://{}", nowhere.display())).await.unwrap_err();
    assert!(error.to_string().starts_with("the delivery store failed: "), "{error}");
}
