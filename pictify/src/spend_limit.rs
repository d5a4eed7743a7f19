//! Limits on the renders that a client may spend.

use crate::{Error, ErrorKind, Result, transport::SendProgress};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// Limit on the renders that a client and its clones may spend, as protection against endless loops.
///
/// A call that would exceed it fails with [`SpendLimit`](crate::ErrorKind::SpendLimit) before anything is sent. A call
/// counts the renders that are known before it is sent: one for most calls, one for each row and layout of a batch, one
/// for each page of a PDF with many pages. The rows of a CSV file are not known, so it counts as one render. The
/// renders of a call that certainly had no effect are returned, also those of a call that is dropped before it is sent. The
/// renders of a call with an unknown outcome stay counted, and each further attempt that [`may_bill_twice`](crate::RetryPolicy::may_bill_twice) allows counts again.
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
            Ok(SpendPermit { tracker: self.clone(), renders, reserved: renders, spent: 0, attempt: None })
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

/// Reserved renders of a call in flight. When it is dropped, as when the call is abandoned, only those stay spent that may
/// have been billed.
#[derive(Debug)]
pub(crate) struct SpendPermit {
    tracker: Arc<SpendTracker>,
    /// Renders of one attempt.
    renders: u64,
    reserved: u64,
    /// Renders of the attempts that may have been billed.
    spent: u64,
    /// The attempt that is under way.
    attempt: Option<SendProgress>,
}

impl SpendPermit {
    /// Reserves the same number again, for another attempt after one that may have been billed, or returns the reason
    /// against it.
    pub(crate) fn reserve_more(&mut self) -> Result<(), String> {
        self.tracker.with(|spent| self.tracker.add(spent, self.renders))?;
        self.reserved += self.renders;
        Ok(())
    }

    /// Notes that an attempt begins.
    pub(crate) fn start_attempt(&mut self, progress: SendProgress) {
        self.attempt = Some(progress);
    }

    /// Notes that the attempt has ended.
    pub(crate) fn end_attempt(&mut self, may_be_billed: bool) {
        self.attempt = None;
        if may_be_billed {
            self.spent += self.renders;
        }
    }
}

impl Drop for SpendPermit {
    fn drop(&mut self) {
        let may_be_sent = self.attempt.as_ref().is_some_and(|progress| !progress.is_certainly_unsent());
        self.end_attempt(may_be_sent);
        let unspent = self.reserved.saturating_sub(self.spent);
        self.tracker.with(|spent| {
            spent.calls_in_flight -= 1;
            spent.renders -= unspent;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_without_effect_are_returned_and_others_are_not() {
        let tracker = Arc::new(SpendTracker::new(SpendLimit::renders(3)));
        let billed = |renders| tracker.reserve(renders).map(|mut permit| permit.end_attempt(true));
        billed(1).unwrap();
        drop(tracker.reserve(2).unwrap());
        let mut rejected = tracker.reserve(2).unwrap();
        rejected.start_attempt(SendProgress::default());
        rejected.end_attempt(false);
        drop(rejected);
        let mut unsent = tracker.reserve(2).unwrap();
        let progress = SendProgress::default();
        progress.hold();
        unsent.start_attempt(progress);
        drop(unsent);
        assert_eq!(tracker.spent(), 1);
        assert_eq!(
            tracker.reserve(3).unwrap_err().to_string(),
            "spending limit reached: 3 more renders would exceed the limit of 3, 1 are spent; nothing was sent"
        );
        let mut abandoned = tracker.reserve(1).unwrap();
        abandoned.start_attempt(SendProgress::default());
        drop(abandoned);
        assert_eq!(tracker.spent(), 2, "an attempt that was abandoned may be billed");
        let mut repeated = tracker.reserve(1).unwrap();
        repeated.start_attempt(SendProgress::default());
        repeated.end_attempt(true);
        assert!(repeated.reserve_more().is_err());
        drop(repeated);
        assert_eq!((tracker.spent(), tracker.reserve(1).unwrap_err().kind()), (3, ErrorKind::SpendLimit));
    }

    #[test]
    fn renders_that_are_reserved_later_count_and_are_returned_too() {
        let tracker = Arc::new(SpendTracker::new(SpendLimit::renders(8)));
        let mut permit = tracker.reserve(3).unwrap();
        permit.reserve_more().unwrap();
        assert_eq!(tracker.spent(), 6);
        assert!(permit.reserve_more().unwrap_err().contains("3 more renders would exceed the limit of 8, 6 are spent"));
        assert_eq!(tracker.spent(), 6);
        permit.end_attempt(true);
        drop(permit);
        assert_eq!(tracker.spent(), 3, "one of two attempts may be billed");
    }

    #[test]
    fn calls_in_flight_are_limited() {
        let tracker = Arc::new(SpendTracker::new(SpendLimit::default().max_concurrent(2)));
        let (first, second) = (tracker.reserve(1).unwrap(), tracker.reserve(100).unwrap());
        assert_eq!(tracker.reserve(1).unwrap_err().kind(), ErrorKind::SpendLimit);
        drop(first);
        let third = tracker.reserve(1).unwrap();
        assert_eq!(tracker.spent(), 101);
        drop((second, third));
        assert_eq!((tracker.with(|spent| spent.calls_in_flight), tracker.spent()), (0, 0));
    }
}
