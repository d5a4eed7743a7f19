//! Time, behind a trait so that tests are fast and deterministic.

use crate::transport::BoxFuture;
use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

/// Source of time for the client: it measures durations and waits.
///
/// The default is [`SystemClock`]. A test passes its own to [`ClientBuilder::clock`](crate::ClientBuilder::clock) and
/// observes every wait without waiting.
///
/// # Contract
/// [`sleep`](Self::sleep) and [`timeout_timer`](Self::timeout_timer) must complete when [`now`](Self::now) has advanced
/// by their duration, and not earlier.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// Returns the time of a monotonic clock.
    fn now(&self) -> Instant;

    /// Returns the system time, to compare with dates that the service sends.
    fn system_time(&self) -> SystemTime;

    /// Waits for a duration, for example between attempts.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Starts the timer that limits work in progress. It is separate from [`sleep`](Self::sleep) for test clocks that
    /// skip waits: the timer must not fire while the work makes progress.
    fn timeout_timer(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sleep(duration)
    }
}

/// The system clock and tokio's timer.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        // tokio's clock, so that a test with paused tokio time sees the same deadlines as its timers.
        tokio::time::Instant::now().into_std()
    }

    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}
