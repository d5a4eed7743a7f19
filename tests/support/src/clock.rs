//! Clock for tests: sleeps take no real time, and time advances only when a test or a sleep advances it.

use crate::wait::within_bound;
use pictify::clock::Clock;
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Poll, Waker},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::watch;

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Clock whose sleeps advance it immediately and are recorded. Its timeouts fire when the clock is advanced past them.
#[derive(Clone, Debug)]
pub struct TestClock {
    state: Arc<Mutex<State>>,
    /// Number of timers that were set.
    set: Arc<watch::Sender<usize>>,
}

#[derive(Debug)]
struct State {
    start: Instant,
    elapsed: Duration,
    sleeps: Vec<Duration>,
    timers: Vec<Waker>,
}

impl Default for TestClock {
    fn default() -> Self {
        let start = Instant::now();
        let state = State { start, elapsed: Duration::ZERO, sleeps: Vec::new(), timers: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)), set: Arc::default() }
    }
}

impl TestClock {
    /// System time at which every test clock starts: 2026-08-04 09:15:27 UTC.
    pub const START: Duration = Duration::from_secs(1_785_834_927);

    /// Advances the clock and fires the timers that it passes.
    pub fn advance(&self, by: Duration) {
        let timers = self.with(|state| {
            state.elapsed += by;
            std::mem::take(&mut state.timers)
        });
        timers.into_iter().for_each(Waker::wake);
    }

    /// Returns the durations of all sleeps so far, in order.
    #[must_use]
    pub fn sleeps(&self) -> Vec<Duration> {
        self.with(|state| state.sleeps.clone())
    }

    /// Returns the number of timers that were set so far.
    #[must_use]
    pub fn timers(&self) -> usize {
        *self.set.borrow()
    }

    /// Waits until `count` timers were set in total.
    ///
    /// # Panics
    /// If that takes longer than [`MAX_WAIT`](crate::MAX_WAIT).
    pub async fn wait_for_timers(&self, count: usize) {
        let mut set = self.set.subscribe();
        let enough = set.wait_for(|set| *set >= count);
        within_bound(enough, "too few timers are set").await.expect("the clock owns the sender");
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Instant {
        self.with(|state| state.start + state.elapsed)
    }

    fn system_time(&self) -> SystemTime {
        UNIX_EPOCH + Self::START + self.with(|state| state.elapsed)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<()> {
        self.with(|state| state.sleeps.push(duration));
        self.advance(duration);
        Box::pin(std::future::ready(()))
    }

    fn timeout_timer(&self, duration: Duration) -> BoxFuture<()> {
        let clock = self.clone();
        let due = self.with(|state| state.elapsed + duration);
        self.set.send_modify(|set| *set += 1);
        Box::pin(std::future::poll_fn(move |context| {
            clock.with(|state| {
                if state.elapsed >= due {
                    return Poll::Ready(());
                }
                state.timers.push(context.waker().clone());
                Poll::Pending
            })
        }))
    }
}
