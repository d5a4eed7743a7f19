//! Retries of failed attempts.

mod budget;
mod decision;
mod jitter;
mod retry_after;

pub(crate) use budget::RetryBudget;
pub(crate) use decision::{
    FailureClass, MAX_RETRIES_WHILE_BUSY, RetryDecision, decide, failure_of_response, is_idempotent,
};
pub(crate) use jitter::Jitter;
pub(crate) use retry_after::retry_after_of;

use std::time::Duration;

/// Number of attempts of a call, and the delays between them.
///
/// Renders are billed. The decision to retry therefore depends on what the failed attempt may have done at the service:
///
/// | the attempt | read-only operation | sets or removes | creates or renders |
/// |---|---|---|---|
/// | was not sent (connect, DNS, TLS) | retry | retry | retry |
/// | was rejected before any work (408, rate limit) | retry after the stated delay | same | same |
/// | met a busy service (503 with `retriable: true` in its body) | retry after the stated delay | same | same, at most twice |
/// | was rejected (other 4xx, quota, 501) | stop | stop | stop |
/// | may have taken effect (timeout, reset, truncated body, other 5xx, also with `Retry-After`) | retry | retry | **stop**: [`outcome_unknown`] |
/// | succeeded, but the response cannot be decoded | stop | stop | stop: the render exists |
///
/// [`outcome_unknown`]: crate::Error::outcome_unknown
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
    initial_backoff: Duration,
    max_backoff: Duration,
    max_retry_after: Duration,
    may_bill_twice: bool,
}

impl Default for RetryPolicy {
    /// Returns the default policy: four attempts; delays of up to 250 ms, 500 ms, 1 s and so on to 8 s; delays that the
    /// service asks for of up to 60 s.
    fn default() -> Self {
        Self {
            max_attempts: 4,
            initial_backoff: Duration::from_millis(250),
            max_backoff: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(60),
            may_bill_twice: false,
        }
    }
}

impl RetryPolicy {
    /// Returns a policy of one attempt and no retries.
    #[must_use]
    pub fn never() -> Self {
        Self { max_attempts: 1, ..Self::default() }
    }

    /// Sets the maximum number of attempts of a call, at least 1. 4 by default.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = attempts.max(1);
        self
    }

    /// Sets the maximum delay before the first retry; it doubles with each further retry. 250 ms by default.
    #[must_use]
    pub fn initial_backoff(mut self, delay: Duration) -> Self {
        self.initial_backoff = delay;
        self
    }

    /// Sets the maximum delay before any retry for which the service did not ask for a delay. 8 s by default.
    #[must_use]
    pub fn max_backoff(mut self, delay: Duration) -> Self {
        self.max_backoff = delay;
        self
    }

    /// Sets the maximum delay that the service may ask for. A longer one ends the call immediately, with the delay in
    /// the error. 60 s by default.
    #[must_use]
    pub fn max_retry_after(mut self, delay: Duration) -> Self {
        self.max_retry_after = delay;
        self
    }

    /// Allows retries of billed and creating calls after an attempt that may have taken effect. A render may then be
    /// made and billed twice. Off by default.
    ///
    /// Such a call is also retried more than twice while the service is busy.
    ///
    /// An idempotency key does not prevent that: the newest evidence is that the service ignores it on renders.
    #[must_use]
    pub fn may_bill_twice(mut self, accepted: bool) -> Self {
        self.may_bill_twice = accepted;
        self
    }

    /// Returns the maximum number of attempts of a call.
    #[must_use]
    pub fn max_attempts(&self) -> u32 {
        self.max_attempts
    }

    pub(crate) fn accepts_double_billing(&self) -> bool {
        self.may_bill_twice
    }

    /// Returns the delay before retry `retry` (1 for the first one), or as an error the stated delay if it exceeds the
    /// maximum.
    pub(crate) fn wait(&self, retry: u32, stated: Option<Duration>, random: f64) -> Result<Duration, Duration> {
        let ceiling =
            self.initial_backoff.saturating_mul(1_u32.checked_shl(retry - 1).unwrap_or(u32::MAX)).min(self.max_backoff);
        // `mul_f64` would panic if the random number of a custom clock is out of range.
        let backoff = Duration::try_from_secs_f64(ceiling.as_secs_f64() * random).map_or(ceiling, |it| it.min(ceiling));
        match stated {
            Some(stated) if stated > self.max_retry_after => Err(stated),
            Some(stated) => Ok(stated.max(backoff)),
            None => Ok(backoff),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_full_jitter_below_a_doubling_ceiling_and_at_least_the_stated_delay() {
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

    #[test]
    fn a_setter_changes_its_setting_and_no_other() {
        let second = Duration::from_secs(1);
        let default = RetryPolicy::default;
        for (policy, expected) in [
            (RetryPolicy::never(), RetryPolicy { max_attempts: 1, ..default() }),
            (default().with_max_attempts(7), RetryPolicy { max_attempts: 7, ..default() }),
            (default().with_max_attempts(0), RetryPolicy { max_attempts: 1, ..default() }),
            (default().initial_backoff(second), RetryPolicy { initial_backoff: second, ..default() }),
            (default().max_backoff(second), RetryPolicy { max_backoff: second, ..default() }),
            (default().max_retry_after(second), RetryPolicy { max_retry_after: second, ..default() }),
            (default().may_bill_twice(true), RetryPolicy { may_bill_twice: true, ..default() }),
        ] {
            assert_eq!(policy, expected);
            assert_eq!(policy.max_attempts(), expected.max_attempts);
            assert_eq!(policy.accepts_double_billing(), expected.may_bill_twice);
        }
    }
}
