//! Whether and when a failed attempt is followed by another.
//!
//! A render is billed, so what decides is not how an attempt failed but what may have happened on the other side:
//!
//! | the attempt | reads | sets or removes | creates or renders |
//! |---|---|---|---|
//! | was not sent (connect, DNS, TLS) | again | again | again |
//! | was rejected before any work (408, rate limit, a 503 that says so) | again, after the stated wait | same | same |
//! | was refused (other 4xx, quota, 501) | stop | stop | stop |
//! | may have been done (timeout, reset, cut body, other 5xx) | again | again | **stop**: [`outcome_unknown`] |
//! | succeeded, but the answer does not decode | stop | stop | stop: the render exists |
//!
//! [`outcome_unknown`]: crate::Error::outcome_unknown

mod budget;
mod decision;
mod retry_after;

pub(crate) use budget::RetryBudget;
pub(crate) use decision::{FailureClass, RetryDecision, decide, failure_of_response, is_idempotent};
pub(crate) use retry_after::retry_after_of;

use std::time::Duration;

/// How often and how patiently a call is tried again.
///
/// ```
/// use pictify::RetryPolicy;
/// use std::time::Duration;
///
/// let persistent = RetryPolicy::default().with_max_attempts(8).max_backoff(Duration::from_secs(30));
/// let once = RetryPolicy::never();
/// assert_eq!((persistent.max_attempts(), once.max_attempts()), (8, 1));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    max_attempts: u32,
    base: Duration,
    cap: Duration,
    longest_stated: Duration,
    may_bill_twice: bool,
}

impl Default for RetryPolicy {
    /// Four attempts, waits of up to 250 ms, 500 ms, 1 s and so on to 8 s, stated waits of up to 60 s.
    fn default() -> Self {
        Self {
            max_attempts: 4,
            base: Duration::from_millis(250),
            cap: Duration::from_secs(8),
            longest_stated: Duration::from_secs(60),
            may_bill_twice: false,
        }
    }
}

impl RetryPolicy {
    /// One attempt, whatever happens.
    #[must_use]
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// How many attempts a call may take in all; at least 1. 4 by default.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// The longest wait before the first retry; it doubles with each further one. 250 ms by default.
    #[must_use]
    pub fn initial_backoff(mut self, wait: Duration) -> Self {
        self.base = wait;
        self
    }

    /// The longest wait before any retry that the service did not ask for. 8 s by default.
    #[must_use]
    pub fn max_backoff(mut self, wait: Duration) -> Self {
        self.cap = wait;
        self
    }

    /// The longest wait that the service may ask for; a longer one ends the call at once, with the wait on the error.
    /// 60 s by default.
    #[must_use]
    pub fn max_retry_after(mut self, wait: Duration) -> Self {
        self.longest_stated = wait;
        self
    }

    /// Accepts that a render may be made, and billed, twice: retries billed and creating calls also when an attempt may
    /// have been done. Off by default.
    ///
    /// An idempotency key does not make this safe: the newest evidence is that the service ignores it on renders.
    #[must_use]
    pub fn may_bill_twice(mut self, accepted: bool) -> Self {
        self.may_bill_twice = accepted;
        self
    }

    /// How many attempts a call may take in all.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    pub(crate) fn accepts_double_billing(&self) -> bool {
        self.may_bill_twice
    }

    /// How long to wait before retry `retry` (1 for the first), or, if the stated wait is longer than allowed, that wait.
    pub(crate) fn wait(&self, retry: u32, stated: Option<Duration>, random: f64) -> Result<Duration, Duration> {
        let ceiling = self.base.saturating_mul(1_u32.checked_shl(retry - 1).unwrap_or(u32::MAX)).min(self.cap);
        // Not `mul_f64`, which panics when a clock's random number is not what it should be.
        let backoff = Duration::try_from_secs_f64(ceiling.as_secs_f64() * random).map_or(ceiling, |it| it.min(ceiling));
        match stated {
            Some(stated) if stated > self.longest_stated => Err(stated),
            Some(stated) => Ok(stated.max(backoff)),
            None => Ok(backoff),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_full_jitter_below_a_doubling_ceiling_and_never_less_than_what_was_stated() {
        let ms = Duration::from_millis;
        let policy = RetryPolicy::default();
        for (retry, stated, random, expected) in [
            (1, None, 0.0, Ok(ms(0))),
            (1, None, 1.0, Ok(ms(250))),
            (2, None, 1.0, Ok(ms(500))),
            (6, None, 1.0, Ok(ms(8000))),
            (60, None, 1.0, Ok(ms(8000))),
            (1, Some(ms(2000)), 1.0, Ok(ms(2000))),
            (6, Some(ms(2000)), 1.0, Ok(ms(8000))),
            (1, Some(ms(60_001)), 0.5, Err(ms(60_001))),
        ] {
            assert_eq!(policy.wait(retry, stated, random), expected, "retry {retry}, stated {stated:?}");
        }
        let longest = policy.initial_backoff(Duration::MAX).max_backoff(Duration::MAX);
        for random in [1.0, 1.5, -1.0, f64::NAN] {
            assert_eq!(longest.wait(1, None, random), Ok(Duration::MAX), "{random}");
        }
    }
}
