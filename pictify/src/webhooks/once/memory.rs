//! Handled deliveries in the memory of this process.

use super::{Claim, ClaimToken, DeliveryStore, StoreFuture};
use moka::{Expiry, ops::compute::Op, policy::EvictionPolicy, sync::Cache};
use std::{fmt, time::Duration};
use tokio::time::Instant;

/// How many deliveries are remembered unless it is said otherwise: some 50 MB of them.
const CAPACITY: u64 = 250_000;

/// Remembers handled deliveries in memory, some 200 bytes each until they are forgotten. Clones share them.
///
/// Where there are too many, those go first that were not heard of for longest: up to 250,000 are kept unless
/// [`with_capacity`](Self::with_capacity) says otherwise. A repeat of one that is gone is handled again.
///
/// It knows nothing of other processes, and forgets all with this one.
#[derive(Clone)]
pub struct MemoryStore(Cache<String, Entry>);

#[derive(Clone, Copy)]
struct Entry {
    state: State,
    until: Instant,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Claimed(ClaimToken),
    Done,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// An empty store of at most this many deliveries, at least one. It must have room for those of a day, as the service
    /// repeats for longer than that.
    #[must_use]
    pub fn with_capacity(deliveries: u64) -> Self {
        // The policy that always has room for what is new: another might forget a claim as soon as it is granted.
        let cache = Cache::builder().max_capacity(deliveries.max(1)).eviction_policy(EvictionPolicy::lru());
        Self(cache.expire_after(ByEntry).build())
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl DeliveryStore for MemoryStore {
    fn claim<'a>(&'a self, id: &'a str, token: ClaimToken, lease: Duration) -> StoreFuture<'a, Claim> {
        Box::pin(async move {
            let mut claim = Claim::Granted;
            self.0.entry_by_ref(id).and_compute_with(|entry| {
                let live = entry.map(|entry| *entry.value()).filter(|entry| entry.until > Instant::now());
                match live.map(|entry| entry.state) {
                    None => return Op::Put(Entry::new(State::Claimed(token), lease)),
                    Some(State::Claimed(_)) => claim = Claim::UnderWay,
                    Some(State::Done) => claim = Claim::Done,
                }
                Op::Nop
            });
            Ok(claim)
        })
    }

    fn complete<'a>(&'a self, id: &'a str, _token: ClaimToken, remembered: Duration) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.0.insert(id.to_owned(), Entry::new(State::Done, remembered));
            Ok(())
        })
    }

    fn release<'a>(&'a self, id: &'a str, token: ClaimToken) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.0.entry_by_ref(id).and_compute_with(|entry| match entry {
                Some(entry) if entry.value().state == State::Claimed(token) => Op::Remove,
                _ => Op::Nop,
            });
            Ok(())
        })
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("entries", &self.0.entry_count()).finish()
    }
}

impl Entry {
    fn new(state: State, lasts: Duration) -> Self {
        let now = Instant::now();
        // A duration beyond the end of time lasts a century.
        Self { state, until: now.checked_add(lasts).unwrap_or_else(|| now + CENTURY) }
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Frees the memory of entries that have ended.
struct ByEntry;

impl Expiry<String, Entry> for ByEntry {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: std::time::Instant) -> Option<Duration> {
        Some(entry.left())
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: std::time::Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.left())
    }
}
