//! A clock for the replay of a cassette: waits return immediately.

use crate::clock::{Clock, SystemClock};
use crate::transport::BoxFuture;
use std::{
    future::ready,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

/// System clock that each wait advances instead of sleeping.
#[derive(Debug, Default)]
pub(crate) struct ReplayClock {
    skipped: Mutex<Duration>,
}

impl ReplayClock {
    fn skipped(&self) -> Duration {
        *self.skipped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ReplayClock {
    fn now(&self) -> Instant {
        let now = SystemClock::default().now();
        now.checked_add(self.skipped()).unwrap_or(now)
    }

    fn system_time(&self) -> SystemTime {
        let now = SystemTime::now();
        now.checked_add(self.skipped()).unwrap_or(now)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut skipped = self.skipped.lock().unwrap_or_else(PoisonError::into_inner);
        *skipped = skipped.saturating_add(duration);
        Box::pin(ready(()))
    }

    fn timeout_timer(&self, duration: Duration) -> BoxFuture<'static, ()> {
        SystemClock::default().sleep(duration)
    }
}
