//! Retries are a loan: a service that fails everything must not be sent everything four times.

use std::sync::atomic::{AtomicU32, Ordering};

const FULL: u32 = 500;
const COST: u32 = 10;
const REFUND: u32 = 1;

/// What a client, with all its clones, may spend on retries.
///
/// A retry takes 10 from it and a success gives 1 back, so that in the long run at most one call in ten is a retry while a
/// short outage can still be ridden out. What the service turned away with a time to come back is none of it.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicU32);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicU32::new(FULL))
    }
}

impl RetryBudget {
    /// Takes the price of a retry, if there is enough.
    pub(crate) fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(COST)).is_ok()
    }

    /// Gives back what a success earns.
    pub(crate) fn refund(&self) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some((left + REFUND).min(FULL)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_spends_the_budget_and_successes_earn_it_back() {
        let budget = RetryBudget::default();
        assert_eq!((0..1000).filter(|_| budget.take()).count(), 50);
        for _ in 0..9 {
            budget.refund();
        }
        assert!(!budget.take());
        budget.refund();
        assert!(budget.take());
        for _ in 0..10_000 {
            budget.refund();
        }
        assert_eq!((0..1000).filter(|_| budget.take()).count(), 50);
    }
}
