//! A delivery is handled once, however often it comes: the same for both stores.

use futures_util::FutureExt;
use pictify::webhooks::{
    Claim, ClaimToken, DeliveryStore, ExactlyOnce, HandleError, Handled, MemoryStore, RedisStore, StoreError,
    StoreFuture,
};
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

/// A Redis server of this test's own, at a socket in a folder of its own.
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
        // The rest of what it says is read to its end, or it would wait for a reader.
        let (ready, is_ready) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if line.contains("The server is now ready to accept connections") {
                    let _ = ready.send(());
                }
            }
        });
        is_ready.recv().expect("it starts");
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

/// A handler that succeeds.
fn well() -> Ready<Result<&'static str, Infallible>> {
    ready(Ok("done"))
}

/// A handler that panics.
fn badly() -> impl Future<Output = Result<(), Infallible>> {
    std::future::poll_fn(|_| panic!("in the handler"))
}

async fn ten_thousand_copies_of_a_thousand_deliveries_are_handled_a_thousand_times(store: impl DeliveryStore) {
    let (once, runs) = (ExactlyOnce::new(store), Arc::new(AtomicUsize::new(0)));
    let copies = (0..10_000).map(|copy| {
        let (once, runs) = (once.clone(), runs.clone());
        tokio::spawn(async move {
            let handler = async {
                runs.fetch_add(1, Ordering::Relaxed);
                // Others get their turn while this one is at work.
                tokio::task::yield_now().await;
                Ok::<_, Infallible>(())
            };
            once.handle(format!("del_{}", copy % 1000), handler).await.unwrap()
        })
    });
    let copies: Vec<_> = copies.collect();
    let mut handled = 0;
    for copy in copies {
        handled += usize::from(copy.await.unwrap() == Handled::Now(()));
    }
    assert_eq!((runs.load(Ordering::Relaxed), handled), (1000, 1000));
    for id in 0..1000 {
        assert_eq!(once.handle(format!("del_{id}"), well()).await.unwrap(), Handled::Before);
    }
}

/// Handles the delivery as soon as its claim is given back.
async fn handled_at_last(once: &ExactlyOnce, id: &str) {
    for _ in 0..100_000 {
        match once.handle(id, well()).await.unwrap() {
            Handled::Now(_) => return,
            Handled::Elsewhere => tokio::task::yield_now().await,
            Handled::Before => panic!("{id}: nobody has handled it"),
        }
    }
    panic!("{id}: the claim is never given back");
}

async fn a_handler_that_does_not_succeed_gives_its_claim_back(store: impl DeliveryStore) {
    let once = ExactlyOnce::new(store);
    let error = once.handle("fails", async { Err::<(), _>("no disk") }).await.unwrap_err();
    assert!(matches!(error, HandleError::Handler("no disk")));
    assert_eq!(error.to_string(), "webhook: the handler has failed: no disk");
    assert_eq!(once.handle("fails", well()).await.unwrap(), Handled::Now("done"));
    assert_eq!(once.handle("fails", well()).await.unwrap(), Handled::Before);

    let other = once.clone();
    let handling = async move { other.handle("panics", badly()).await };
    assert!(tokio::spawn(handling).await.unwrap_err().is_panic());
    handled_at_last(&once, "panics").await;

    let mut dropped = Box::pin(once.handle("dropped", pending::<Result<(), Infallible>>()));
    loop {
        tokio::select! {
            biased;
            _ = &mut dropped => unreachable!("it is pending"),
            () = tokio::task::yield_now() => {}
        }
        if once.handle("dropped", pending::<Result<(), Infallible>>()).await.unwrap() == Handled::Elsewhere {
            break;
        }
    }
    drop(dropped);
    handled_at_last(&once, "dropped").await;
}

async fn a_claim_is_only_given_back_by_its_holder_and_ends_by_itself(store: impl DeliveryStore) {
    let [first, second] = [ClaimToken::random(), ClaimToken::random()];
    let hour = Duration::from_secs(3600);
    assert_eq!(store.claim("a", first, hour).await.unwrap(), Claim::Granted);
    store.release("a", second).await.unwrap();
    assert_eq!(store.claim("a", second, hour).await.unwrap(), Claim::UnderWay);
    store.release("a", first).await.unwrap();
    assert_eq!(store.claim("a", second, hour).await.unwrap(), Claim::Granted);
    store.complete("a", second, hour).await.unwrap();
    store.release("a", second).await.unwrap();
    assert_eq!(store.claim("a", first, hour).await.unwrap(), Claim::Done);

    assert_eq!(store.claim("b", first, Duration::from_millis(1)).await.unwrap(), Claim::Granted);
    let mut claims = 0;
    while store.claim("b", second, hour).await.unwrap() == Claim::UnderWay {
        claims += 1;
        assert!(claims < 1_000_000, "the claim does not end");
        tokio::task::yield_now().await;
    }
    // Who was too slow has handled it all the same.
    store.complete("b", first, hour).await.unwrap();
    store.release("b", second).await.unwrap();
    assert_eq!(store.claim("b", second, hour).await.unwrap(), Claim::Done);
}

/// A store that never says that it has noted a success, and counts what it is told.
#[derive(Clone, Default)]
struct Unanswering {
    completions: Arc<AtomicUsize>,
    releases: Arc<AtomicUsize>,
}

impl DeliveryStore for Unanswering {
    fn claim<'a>(&'a self, _: &'a str, _: ClaimToken, _: Duration) -> StoreFuture<'a, Claim> {
        Box::pin(ready(Ok(Claim::Granted)))
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
async fn a_handler_that_has_succeeded_never_gives_its_claim_back() {
    let store = Unanswering::default();
    let once = ExactlyOnce::new(store.clone());
    let mut handling = Box::pin(once.handle("a", well()));
    assert!((&mut handling).now_or_never().is_none(), "the store does not answer");
    drop(handling);
    // What was left to the runtime gets its turn.
    while store.completions.load(Ordering::Relaxed) + store.releases.load(Ordering::Relaxed) < 2 {
        tokio::task::yield_now().await;
    }
    let told = (store.completions.load(Ordering::Relaxed), store.releases.load(Ordering::Relaxed));
    assert_eq!(told, (2, 0), "it is said again that it was handled, as nobody heard the answer");
}

/// A store that fails the first time that it is told of a success.
struct FailsOnce {
    has_failed: AtomicBool,
    store: MemoryStore,
}

impl DeliveryStore for FailsOnce {
    fn claim<'a>(&'a self, id: &'a str, token: ClaimToken, lease: Duration) -> StoreFuture<'a, Claim> {
        self.store.claim(id, token, lease)
    }

    fn complete<'a>(&'a self, id: &'a str, token: ClaimToken, remembered: Duration) -> StoreFuture<'a, ()> {
        if self.has_failed.swap(true, Ordering::Relaxed) {
            return self.store.complete(id, token, remembered);
        }
        Box::pin(ready(Err(StoreError::new("no answer"))))
    }

    fn release<'a>(&'a self, id: &'a str, token: ClaimToken) -> StoreFuture<'a, ()> {
        self.store.release(id, token)
    }
}

#[tokio::test]
async fn a_store_that_could_not_be_told_is_told_once_more() {
    let once = ExactlyOnce::new(FailsOnce { has_failed: AtomicBool::new(false), store: MemoryStore::new() });
    let error = once.handle("a", well()).await.unwrap_err();
    assert!(matches!(error, HandleError::Store(_)), "{error}");
    for _ in 0..1000 {
        match once.handle("a", badly()).await.unwrap() {
            Handled::Before => return,
            Handled::Elsewhere => tokio::task::yield_now().await,
            Handled::Now(()) => unreachable!("the handler panics"),
        }
    }
    panic!("the store is never told");
}

async fn every_lease_and_every_memory_can_be_kept(store: impl DeliveryStore + Clone) {
    let durations = [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(u64::MAX / 1000), Duration::MAX];
    for (number, duration) in durations.into_iter().enumerate() {
        let once = ExactlyOnce::new(store.clone()).lease(duration).remember_for(duration);
        let id = format!("duration {number}");
        assert_eq!(once.handle(&id, well()).await.unwrap(), Handled::Now("done"), "{duration:?}");
        if duration > Duration::from_secs(1) {
            assert_eq!(once.handle(&id, well()).await.unwrap(), Handled::Before, "{duration:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory() {
    ten_thousand_copies_of_a_thousand_deliveries_are_handled_a_thousand_times(MemoryStore::new()).await;
    a_handler_that_does_not_succeed_gives_its_claim_back(MemoryStore::new()).await;
    a_claim_is_only_given_back_by_its_holder_and_ends_by_itself(MemoryStore::new()).await;
    every_lease_and_every_memory_can_be_kept(MemoryStore::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_redis() {
    let Some(redis) = Redis::start() else { return };
    ten_thousand_copies_of_a_thousand_deliveries_are_handled_a_thousand_times(redis.store().await).await;
    a_handler_that_does_not_succeed_gives_its_claim_back(redis.store().await.prefix("second:")).await;
    a_claim_is_only_given_back_by_its_holder_and_ends_by_itself(redis.store().await.prefix("third:")).await;
    every_lease_and_every_memory_can_be_kept(redis.store().await.prefix("fourth:")).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_handled_is_forgotten_in_time() {
    let once = ExactlyOnce::in_memory().remember_for(Duration::from_secs(60));
    assert_eq!(once.handle("a", well()).await.unwrap(), Handled::Now("done"));
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(once.handle("a", well()).await.unwrap(), Handled::Before);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(once.handle("a", well()).await.unwrap(), Handled::Now("done"));
    let forever = ExactlyOnce::in_memory().remember_for(Duration::MAX);
    assert_eq!(forever.handle("a", well()).await.unwrap(), Handled::Now("done"));
}

#[tokio::test]
async fn too_many_are_forgotten_the_oldest_first() {
    let once = ExactlyOnce::new(MemoryStore::with_capacity(100));
    for id in 0..10_000 {
        assert_eq!(once.handle(id.to_string(), well()).await.unwrap(), Handled::Now("done"));
        assert_eq!(once.handle(id.to_string(), well()).await.unwrap(), Handled::Before, "{id} is new");
    }
    assert_eq!(once.handle("0", well()).await.unwrap(), Handled::Now("done"));
}

#[tokio::test]
async fn nothing_is_handled_while_the_store_is_away() {
    let Some(mut redis) = Redis::start() else { return };
    let once = ExactlyOnce::new(redis.store().await);
    redis.stop();
    let error = once.handle("a", badly()).await.unwrap_err();
    assert!(matches!(error, HandleError::Store(_)), "{error}");
    assert!(error.to_string().starts_with("webhook: the store of handled deliveries: "), "{error}");

    let nowhere = redis.folder.path().join("nothing");
    let error: StoreError = RedisStore::connect(&format!("redis+unix://{}", nowhere.display())).await.unwrap_err();
    assert!(error.to_string().starts_with("the store of handled deliveries: "), "{error}");
}
