//! Time and chance, behind a trait so that tests need neither to wait nor to guess.

use crate::transport::BoxFuture;
use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

/// What the client knows of time and chance: how long something took, how to wait, and how to spread retries.
///
/// The default is the machine's. A test gives another one to
/// [`ClientBuilder::clock`](crate::ClientBuilder::clock) and sees every wait without waiting.
///
/// # Contract
/// [`sleep`](Self::sleep) and [`alarm`](Self::alarm) end when [`now`](Self::now) has moved on by their duration, and no
/// earlier.
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// A point in time that never goes back.
    fn now(&self) -> Instant;

    /// The time of day, for dates that the service sends.
    fn system_time(&self) -> SystemTime;

    /// Waits between attempts.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Limits work that is under way. It is apart from [`sleep`](Self::sleep) for the sake of test clocks that jump over
    /// waits: an alarm must not go off while the work is making progress.
    fn timeout_timer(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.sleep(duration)
    }

    /// A random number from 0 to below 1.
    fn random(&self) -> f64;
}

/// The machine's clock, tokio's timer and a thread-local random generator.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        // tokio's, so that a test with paused tokio time sees the deadline that its timers see.
        tokio::time::Instant::now().into_std()
    }

    fn system_time(&self) -> SystemTime {
        SystemTime::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn random(&self) -> f64 {
        fastrand::f64()
    }
}
