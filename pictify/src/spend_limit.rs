//! A cap on what a client may spend.

use crate::{Error, ErrorKind, Result};
use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// How much a client and its clones may have rendered, as a guard against loops that run wild.
///
/// What would go past it fails with [`SpendLimit`](crate::ErrorKind::SpendLimit) before anything is sent. A call counts as
/// many renders as can be known before it is sent: one for most, one a row and layout for a batch, one a page for a PDF of
/// many pages. Of a CSV file the rows are not known, so it counts as one. A call that surely did nothing is given back; one
/// whose outcome is unknown is not, and counts once more for each further attempt, where
/// [`may_bill_twice`](crate::RetryPolicy::may_bill_twice) allows one.
///
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
    /// At most this many renders, for as long as the client lives.
    #[must_use]
    pub fn renders(renders: u64) -> Self {
        Self { renders, max_concurrent: u64::MAX }
    }

    /// At most this many calls that bill, at once. One more fails; it does not wait. Give [`many`](crate::send_all()) no greater
    /// concurrency than this: the call that fails ends the rest.
    #[must_use]
    pub fn max_concurrent(mut self, calls: u64) -> Self {
        self.max_concurrent = calls;
        self
    }
}

impl Default for SpendLimit {
    /// No limit.
    fn default() -> Self {
        Self { renders: u64::MAX, max_concurrent: u64::MAX }
    }
}

/// What the clones of a client have spent.
#[derive(Debug, Default)]
pub(crate) struct SpendTracker {
    limit: SpendLimit,
    state: Mutex<SpendState>,
    /// For reading without waiting.
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

    /// Takes out what a call may cost, or says that it is not there.
    pub(crate) fn reserve(self: &Arc<Self>, renders: u64) -> Result<SpendPermit> {
        let max_concurrent = self.limit.max_concurrent;
        self.with(|spent| {
            if spent.calls_in_flight >= max_concurrent {
                let text = format!(
                    "{max_concurrent} calls that bill are under way, and no more are allowed at once; nothing was sent"
                );
                return Err(Error::new(ErrorKind::SpendLimit, text));
            }
            self.add(spent, renders)
                .map_err(|text| Error::new(ErrorKind::SpendLimit, format!("{text}; nothing was sent")))?;
            spent.calls_in_flight += 1;
            Ok(SpendPermit { tracker: self.clone(), renders })
        })
    }

    /// Adds to what is spent, or says why not.
    fn add(&self, spent: &mut SpendState, renders: u64) -> Result<(), String> {
        let all = self.limit.renders;
        if renders > all - spent.renders.min(all) {
            let (spent, s) = (spent.renders, if renders == 1 { "" } else { "s" });
            return Err(format!("{renders} more render{s} would go past the limit of {all}, {spent} are spent"));
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

/// What was taken out for a call that is under way. Dropped, as when the call is abandoned, it stays spent.
#[derive(Debug)]
pub(crate) struct SpendPermit {
    tracker: Arc<SpendTracker>,
    renders: u64,
}

impl SpendPermit {
    /// Takes as much again, for another attempt after one that may have been billed, or says why not.
    pub(crate) fn reserve_more(&mut self, renders: u64) -> Result<(), String> {
        self.tracker.with(|spent| self.tracker.add(spent, renders))?;
        self.renders += renders;
        Ok(())
    }

    /// Gives it back: nothing was done.
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
    fn what_surely_did_nothing_is_given_back_and_the_rest_is_not() {
        let tracker = Arc::new(SpendTracker::new(SpendLimit::renders(3)));
        drop(tracker.reserve(1).unwrap());
        tracker.reserve(2).unwrap().release();
        assert_eq!(tracker.spent(), 1);
        assert_eq!(
            tracker.reserve(3).unwrap_err().to_string(),
            "SpendLimit: 3 more renders would go past the limit of 3, 1 are spent; nothing was sent"
        );
        drop(tracker.reserve(2).unwrap());
        assert_eq!(tracker.reserve(1).unwrap_err().kind(), ErrorKind::SpendLimit);
    }

    #[test]
    fn only_so_many_calls_are_under_way_max_concurrent() {
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
