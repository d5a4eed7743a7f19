//! The rate limiter of a client.

use super::RateLimitStatus;
use crate::{Error, ErrorKind, Result, clock::Clock};
use std::{
    collections::VecDeque,
    fmt,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Maximum time for which the service can block requests. A wrong date must not stop a client for ever.
const MAX_BLOCKED: Duration = Duration::from_secs(600);

/// Maximum burst, in requests.
const MAX_BURST: u32 = 1_000_000;

/// Window of the limit.
const MINUTE: Duration = Duration::from_secs(60);

/// Rate limiter for a client and all its clones.
///
/// A request waits until the limit allows it, within the deadline of its call. If that would be too late, the call fails with
/// [`RateLimited`](crate::ErrorKind::RateLimited) before it is sent. When the service responds with 429, or states that no
/// request is left in its window, all requests wait for the time that it states.
///
/// ```
/// # fn run() -> pictify::Result<()> {
/// use pictify::{Client, rate_limit::RateLimiter};
/// use std::num::NonZeroU32;
///
/// let limiter = RateLimiter::per_minute(NonZeroU32::new(300).unwrap()).burst(NonZeroU32::new(20).unwrap());
/// let client = Client::builder().api_key("0123456789abcdef").rate_limiter(limiter).build()?;
/// # Ok(()) }
/// # run().unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimiter {
    per_minute: Option<NonZeroU32>,
    burst: Option<NonZeroU32>,
}

impl RateLimiter {
    /// Limits the requests in any minute. They are spread evenly, except for a burst of a tenth of them.
    #[must_use]
    pub fn per_minute(requests: NonZeroU32) -> Self {
        Self { per_minute: Some(requests), burst: None }
    }

    /// Sets no limit until the service states one in `X-RateLimit-*` headers, and then that one, per minute. The service does
    /// not always send them.
    #[must_use]
    pub fn from_headers() -> Self {
        Self { per_minute: None, burst: None }
    }

    /// Sets the number of requests that may be sent at a time after a pause, up to a million. A burst above the limit of a
    /// minute raises that limit to the burst.
    #[must_use]
    pub fn burst(mut self, requests: NonZeroU32) -> Self {
        self.burst = Some(requests);
        self
    }

    fn pace(self, per_minute: NonZeroU32) -> Pace {
        let tenth = (per_minute.get() / 10).max(1);
        let burst = self.burst.map_or(tenth, NonZeroU32::get).min(MAX_BURST);
        Pace {
            interval: MINUTE / per_minute.get(),
            burst,
            max_per_minute: usize::try_from(burst.max(per_minute.get())).unwrap_or(usize::MAX),
            next_even: None,
        }
    }
}

/// Rate limiter in use by a client.
pub(crate) struct RateLimitGate {
    settings: RateLimiter,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct State {
    per_minute: Option<NonZeroU32>,
    pace: Option<Pace>,
    blocked_until: Option<Instant>,
    /// Times of the requests in the last minute.
    sent_at: VecDeque<Instant>,
}

/// Spacing of requests: even, with a burst after a pause (GCRA), and never more than the limit in any minute.
///
/// The two rules are needed together: evenly spaced requests with a burst in front of them exceed the limit of that minute.
struct Pace {
    /// Time between evenly spaced requests.
    interval: Duration,
    burst: u32,
    max_per_minute: usize,
    /// Time at which the next request is due if all were evenly spaced: the "theoretical arrival time".
    next_even: Option<Instant>,
}

impl Pace {
    /// Returns the delay until a request is evenly spaced, or within the burst; `None` if it is now.
    fn spacing_delay(&self, now: Instant) -> Option<Duration> {
        let ahead = self.next_even?.checked_duration_since(now)?;
        let allowed = self.interval.checked_mul(self.burst - 1).unwrap_or(Duration::MAX);
        Some(ahead.saturating_sub(allowed)).filter(|delay| !delay.is_zero())
    }

    /// Returns the delay until fewer requests than the limit were sent within a minute; `None` if it is so now.
    fn window_delay(&self, now: Instant, sent_at: &VecDeque<Instant>) -> Option<Duration> {
        // After the limit was lowered, more requests than the limit may be in the window.
        let oldest_that_counts = sent_at.len().checked_sub(self.max_per_minute)?;
        let age = now.saturating_duration_since(*sent_at.get(oldest_that_counts)?);
        Some(MINUTE.saturating_sub(age))
    }

    fn record(&mut self, now: Instant) {
        self.next_even = Some(self.next_even.map_or(now, |even| even.max(now)) + self.interval);
    }
}

impl RateLimitGate {
    pub(crate) fn new(settings: RateLimiter, clock: Arc<dyn Clock>) -> Self {
        let state = State { per_minute: None, pace: None, blocked_until: None, sent_at: VecDeque::new() };
        let gate = Self { settings, clock, state: Mutex::new(state) };
        if let Some(per_minute) = settings.per_minute {
            gate.set_limit(per_minute);
        }
        gate
    }

    /// Waits until the limit allows a request, for less than `timeout`.
    pub(crate) async fn acquire(&self, timeout: Duration) -> Result<()> {
        let end = self.clock.now().checked_add(timeout);
        loop {
            let Some(delay) = self.try_acquire() else { return Ok(()) };
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(self.clock.now()));
            if delay >= left {
                let seconds = delay.as_secs_f64().ceil();
                let text = format!("not sent: the rate limit allows it in {seconds} s, too late for the call");
                let error = Error::new(ErrorKind::RateLimited, text);
                return Err(error.with_retry_after(Some(delay)).with_outcome(false, true));
            }
            self.clock.sleep(delay).await;
        }
    }

    /// Takes a request from the limit, or returns the delay before the next try.
    fn try_acquire(&self) -> Option<Duration> {
        let now = self.clock.now();
        let mut state = self.lock();
        if let Some(blocked_until) = state.blocked_until.filter(|until| *until > now) {
            return Some(blocked_until - now);
        }
        let State { pace, sent_at, .. } = &mut *state;
        let pace = pace.as_mut()?;
        while sent_at.front().is_some_and(|sent| now.saturating_duration_since(*sent) >= MINUTE) {
            sent_at.pop_front();
        }
        if let Some(delay) = pace.window_delay(now, sent_at).max(pace.spacing_delay(now)) {
            // Never zero, because a coarse clock would turn the loop into a busy one.
            return Some(delay.max(Duration::from_millis(1)));
        }
        pace.record(now);
        sent_at.push_back(now);
        None
    }

    /// Adopts the limit that a response states, and blocks requests for as long as it says.
    pub(crate) fn update_from_headers(&self, status: Option<RateLimitStatus>, blocked_for: Option<Duration>) {
        let reset = status.filter(|status| status.remaining == 0).and_then(|status| status.reset);
        let until_reset = reset.and_then(|reset| reset.duration_since(self.clock.system_time()).ok());
        if let Some(blocked) = blocked_for.or(until_reset) {
            let until = self.clock.now().checked_add(blocked.min(MAX_BLOCKED));
            let mut state = self.lock();
            state.blocked_until = state.blocked_until.max(until);
        }
        let stated = status.and_then(|status| NonZeroU32::new(u32::try_from(status.limit).unwrap_or(u32::MAX)));
        if let (None, Some(stated)) = (self.settings.per_minute, stated) {
            self.set_limit(stated);
        }
    }

    fn set_limit(&self, per_minute: NonZeroU32) {
        let now = self.clock.now();
        let mut state = self.lock();
        if state.per_minute != Some(per_minute) {
            let mut pace = self.settings.pace(per_minute);
            if state.per_minute.is_some() {
                // A new limit is not a new burst: responses may state two limits in turn.
                pace.next_even = now.checked_add(pace.interval.checked_mul(pace.burst).unwrap_or(MINUTE));
            }
            state.pace = Some(pace);
            state.per_minute = Some(per_minute);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RateLimitGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}
