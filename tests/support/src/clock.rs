//! A clock for tests: waits take no time, and work takes as long as the test says.

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

/// Sleeping moves this clock on at once and is recorded; alarms go off only when the clock has been moved past them.
#[derive(Clone, Debug)]
pub struct TestClock {
    state: Arc<Mutex<State>>,
    /// How many alarms were set.
    set: Arc<watch::Sender<usize>>,
}

#[derive(Debug)]
struct State {
    start: Instant,
    elapsed: Duration,
    slept: Vec<Duration>,
    random: f64,
    alarms: Vec<Waker>,
}

impl Default for TestClock {
    fn default() -> Self {
        let start = Instant::now();
        let state = State { start, elapsed: Duration::ZERO, slept: Vec::new(), random: 1.0, alarms: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)), set: Arc::default() }
    }
}

impl TestClock {
    /// The time of day at which every test clock starts: 2026-08-04 09:15:27 UTC.
    pub const START: Duration = Duration::from_secs(1_785_834_927);

    /// Moves the clock on and sets off the alarms that it passes.
    pub fn advance(&self, by: Duration) {
        let alarms = self.with(|state| {
            state.elapsed += by;
            std::mem::take(&mut state.alarms)
        });
        alarms.into_iter().for_each(Waker::wake);
    }

    /// Every wait so far, in order.
    #[must_use]
    pub fn slept(&self) -> Vec<Duration> {
        self.with(|state| state.slept.clone())
    }

    /// Waits until so many alarms were set, counted from the beginning.
    ///
    /// # Panics
    /// If that takes longer than [`MAX_WAIT`](crate::MAX_WAIT).
    pub async fn alarms(&self, count: usize) {
        let mut set = self.set.subscribe();
        let enough = set.wait_for(|set| *set >= count);
        within_bound(enough, "too few alarms are set").await.expect("the clock holds the sender");
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
        self.with(|state| state.slept.push(duration));
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
                state.alarms.push(context.waker().clone());
                Poll::Pending
            })
        }))
    }

    fn random(&self) -> f64 {
        // Full jitter at its most patient, so that the recorded waits are the ceilings.
        self.with(|state| state.random)
    }
}
