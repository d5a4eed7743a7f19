//! Limits on the renders that a client may spend.

use crate::{Error, ErrorKind, Result};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// Limit on the renders that a client and its clones may spend, as protection against endless loops.
///
/// A call that would exceed it fails with [`SpendLimit`](crate::ErrorKind::SpendLimit) before anything is sent. A call
/// counts the renders that are known before it is sent: one for most calls, one for each row and layout of a batch, one
/// for each page of a PDF with many pages. The rows of a CSV file are not known, so it counts as one render. The
/// renders of a call that certainly had no effect are returned. The renders of a call with an unknown outcome stay
/// counted, and each further attempt that [`may_bill_twice`](crate::RetryPolicy::may_bill_twice) allows counts again.
/// ```
/// # fn run() -> pictify::Result<()> {
/// use pictify::{Client, SpendLimit};
///
/// let limit = SpendLimit::renders(500).max_concurrent(4);
/// let client = Client::builder().api_key("0123456789abcdef").spend_limit(limit).build()?;
/// assert_eq!(client.renders_spent(), 0);
/// # Ok(()) }
/// # run().unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendLimit {
    renders: u64,
    max_concurrent: u64,
}

impl SpendLimit {
    /// Limits the renders for the lifetime of the client.
    #[must_use]
    pub fn renders(renders: u64) -> Self {
        Self { renders, max_concurrent: u64::MAX }
    }

    /// Limits the billed calls in flight. A call beyond the limit fails; it does not wait. Set the concurrency of
    /// [`send_all`](crate::send_all()) to at most this number: a call that fails for this reason ends the others.
    #[must_use]
    pub fn max_concurrent(mut self, calls: u64) -> Self {
        self.max_concurrent = calls;
        self
    }
}

impl Default for SpendLimit {
    /// Sets no limit.
    fn default() -> Self {
        Self { renders: u64::MAX, max_concurrent: u64::MAX }
    }
}

/// Renders spent by a client and its clones.
#[derive(Debug, Default)]
pub(crate) struct SpendTracker {
    limit: SpendLimit,
    state: Mutex<SpendState>,
    /// Copy of `state.renders` that is read without a lock.
    spent: AtomicU64,
}

#[derive(Debug, Default)]
struct SpendState {
    renders: u64,
    calls_in_flight: u64,
}

impl SpendTracker {
    pub(crate) fn new(limit: SpendLimit) -> Self {
        Self { limit, ..Self::default() }
    }

    pub(crate) fn spent(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }

    /// Reserves the renders that a call may bill, or fails.
    pub(crate) fn reserve(self: &Arc<Self>, renders: u64) -> Result<SpendPermit> {
        let max_concurrent = self.limit.max_concurrent;
        self.with(|spent| {
            if spent.calls_in_flight >= max_concurrent {
                let text = format!(
                    "{max_concurrent} billed calls are in flight, and the limit allows no more; nothing was sent"
                );
                return Err(Error::new(ErrorKind::SpendLimit, text));
            }
            self.add(spent, renders)
                .map_err(|text| Error::new(ErrorKind::SpendLimit, format!("{text}; nothing was sent")))?;
            spent.calls_in_flight += 1;
            Ok(SpendPermit { tracker: self.clone(), renders })
        })
    }

    /// Adds to the spent renders, or returns the reason against it.
    fn add(&self, spent: &mut SpendState, renders: u64) -> Result<(), String> {
        let limit = self.limit.renders;
        if renders > limit - spent.renders.min(limit) {
            let (spent, s) = (spent.renders, if renders == 1 { "" } else { "s" });
            return Err(format!("{renders} more render{s} would exceed the limit of {limit}, {spent} are spent"));
        }
        spent.renders += renders;
        Ok(())
    }

    fn with<T>(&self, change: impl FnOnce(&mut SpendState) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        self.spent.store(state.renders, Ordering::Relaxed);
        result
    }
}

/// Reserved renders of a call in flight. If it is dropped, as when the call is abandoned, they stay spent.
#[derive(Debug)]
pub(crate) struct SpendPermit {
    tracker: Arc<SpendTracker>,
    renders: u64,
}

impl SpendPermit {
    /// Reserves the same number again, for another attempt after one that may have been billed, or returns the reason
    /// against it.
    pub(crate) fn reserve_more(&mut self, renders: u64) -> Result<(), String> {
        self.tracker.with(|spent| self.tracker.add(spent, renders))?;
        self.renders += renders;
        Ok(())
    }

    /// Returns the reserved renders, because the call had no effect.
    pub(crate) fn release(mut self) {
        let renders = std::mem::take(&mut self.renders);
        self.tracker.with(|spent| spent.renders -= renders);
    }
}

impl Drop for SpendPermit {
    fn drop(&mut self) {
        self.tracker.with(|spent| spent.calls_in_flight -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_without_effect_are_returned_and_others_are_not() {
        let tracker = Arc::new(SpendTracker::new(SpendLimit::renders(3)));
        drop(tracker.reserve(1).unwrap());
        tracker.reserve(2).unwrap().release();
        assert_eq!(tracker.spent(), 1);
        assert_eq!(
            tracker.reserve(3).unwrap_err().to_string(),
            "SpendLimit: 3 more renders would exceed the limit of 3, 1 are spent; nothing was sent"
        );
        drop(tracker.reserve(2).unwrap());
        assert_eq!(tracker.reserve(1).unwrap_err().kind(), ErrorKind::SpendLimit);
    }

    #[test]
    fn renders_that_are_reserved_later_count_and_are_returned_too() {
        let tracker = Arc::new(SpendTracker::new(SpendLimit::renders(8)));
        let mut permit = tracker.reserve(3).unwrap();
        permit.reserve_more(4).unwrap();
        assert_eq!(tracker.spent(), 7);
        assert!(permit.reserve_more(2).unwrap_err().contains("limit of 8, 7 are spent"));
        assert_eq!(tracker.spent(), 7);
        permit.release();
        assert_eq!(tracker.spent(), 0);
    }

    #[test]
    fn calls_in_flight_are_limited() {
        let tracker = Arc::new(SpendTracker::new(SpendLimit::default().max_concurrent(2)));
        let (first, second) = (tracker.reserve(1).unwrap(), tracker.reserve(100).unwrap());
        assert_eq!(tracker.reserve(1).unwrap_err().kind(), ErrorKind::SpendLimit);
        first.release();
        let third = tracker.reserve(1).unwrap();
        assert_eq!(tracker.spent(), 101);
        drop((second, third));
        assert_eq!(tracker.with(|spent| spent.calls_in_flight), 0);
    }
}
