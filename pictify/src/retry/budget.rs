//! A budget for retries, so that during an outage a client does not send every request four times.

use std::sync::atomic::{AtomicU32, Ordering};

/// Size of a full budget.
const FULL: u32 = 500;
/// Cost of one retry.
const COST: u32 = 10;
/// Refund for one successful call.
const REFUND: u32 = 1;

/// Budget for the retries of a client and its clones.
///
/// A retry costs 10 and a success refunds 1. In the long run, at most one call in ten is a retry, but a short outage can
/// still be bridged. Retries after a delay that the service asked for cost nothing.
#[derive(Debug)]
pub(crate) struct RetryBudget(AtomicU32);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicU32::new(FULL))
    }
}

impl RetryBudget {
    /// Withdraws the cost of a retry. Returns `false` if the budget is too small.
    pub(crate) fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(COST)).is_ok()
    }

    /// Refunds the amount of one success.
    pub(crate) fn refund(&self) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some((left + REFUND).min(FULL)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_uses_the_budget_up_and_successes_refill_it() {
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
