//! A store of processed deliveries in the memory of this process.

use super::{Claim, ClaimToken, DeliveryStore, StoreFuture};
use moka::{Expiry, ops::compute::Op, policy::EvictionPolicy, sync::Cache};
use std::{fmt, time::Duration};
use tokio::time::Instant;

/// Default maximum number of stored deliveries. They take about 50 MB.
const DEFAULT_CAPACITY: u64 = 250_000;

/// Stores processed deliveries in memory, about 200 bytes for each until it expires. Clones share the store.
///
/// At the capacity, 250,000 unless [`with_capacity`](Self::with_capacity) changes it, the least recently used
/// deliveries are evicted first. A repeat of an evicted delivery is processed again.
///
/// The store does not share data with other processes, and loses it when the process ends.
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
    /// Creates an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// Creates an empty store of at most this many deliveries, at least one. The capacity must cover more than one day
    /// of deliveries, because the service repeats a delivery for longer than a day.
    #[must_use]
    pub fn with_capacity(deliveries: u64) -> Self {
        // LRU always admits a new entry. Another policy might evict a claim immediately after it was acquired.
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
            let mut claim = Claim::Acquired;
            self.0.entry_by_ref(id).and_compute_with(|entry| {
                let live = entry.map(|entry| *entry.value()).filter(|entry| entry.until > Instant::now());
                match live.map(|entry| entry.state) {
                    None => return Op::Put(Entry::new(State::Claimed(token), lease)),
                    Some(State::Claimed(_)) => claim = Claim::InProgress,
                    Some(State::Done) => claim = Claim::Completed,
                }
                Op::Nop
            });
            Ok(claim)
        })
    }

    fn complete<'a>(&'a self, id: &'a str, _token: ClaimToken, retention: Duration) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.0.insert(id.to_owned(), Entry::new(State::Done, retention));
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
        // A duration beyond the range of `Instant` lasts a century.
        Self { state, until: now.checked_add(lasts).unwrap_or_else(|| now + CENTURY) }
    }

    fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

/// Frees the memory of expired entries.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_entry_is_freed_when_its_time_is_over() {
        let years = |years: u64| Duration::from_secs(years * 365 * 24 * 3600);
        for (duration, expected) in [
            (Duration::ZERO, Duration::ZERO),
            (Duration::from_secs(60), Duration::from_secs(60)),
            (Duration::MAX, years(100)),
        ] {
            let entry = Entry::new(State::Done, duration);
            let now = std::time::Instant::now();
            assert_eq!(ByEntry.expire_after_create(&String::new(), &entry, now), Some(expected), "{duration:?}");
            assert_eq!(ByEntry.expire_after_update(&String::new(), &entry, now, None), Some(expected), "{duration:?}");
        }
    }

    #[tokio::test]
    async fn the_debug_output_has_the_number_of_entries_and_no_id() {
        let store = MemoryStore::new();
        store.complete("dlv_1", ClaimToken::random(), Duration::from_secs(60)).await.unwrap();
        store.0.run_pending_tasks();
        assert_eq!(format!("{store:?}"), "MemoryStore { entries: 1 }");
    }
}
