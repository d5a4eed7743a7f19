//! Client-side rate limiter, which keeps requests below the service's limit.

use super::RateLimitStatus;
use crate::{Error, ErrorKind, Result, clock::Clock};
use governor::{Quota, clock::Clock as GovernorClock, state::InMemoryState};
use std::{
    collections::VecDeque,
    fmt,
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Maximum time that the service can block requests, so that a wrong date does not stop a client for ever.
const MAX_BLOCKED: Duration = Duration::from_secs(600);

/// Maximum burst: governor's arithmetic would overflow for larger ones at low rates.
const MAX_BURST: NonZeroU32 = NonZeroU32::new(1_000_000).unwrap();

/// Period in which requests are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Rate limiter of a client and all its clones.
///
/// A request waits for its turn within its call's deadline. If its turn would come too late, it fails with
/// [`RateLimited`](crate::ErrorKind::RateLimited) before it is sent. When the service responds that the limit is
/// exceeded, or that no request is left in the window, all requests wait until the time that it states.
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
    /// Limits requests to this many in any minute, evenly spread, with bursts of up to a tenth of them.
    #[must_use]
    pub fn per_minute(requests: NonZeroU32) -> Self {
        Self { per_minute: Some(requests), burst: None }
    }

    /// Limits requests to the limit that the service states in `X-RateLimit-*` headers, taken as a limit for one
    /// minute. Until a response states one, there is no limit. The service does not always send these headers.
    #[must_use]
    pub fn from_headers() -> Self {
        Self { per_minute: None, burst: None }
    }

    /// Sets the number of requests that may be sent in one burst after a pause, up to a million. A burst above the
    /// limit for one minute raises that limit to the burst.
    #[must_use]
    pub fn burst(mut self, requests: NonZeroU32) -> Self {
        self.burst = Some(requests);
        self
    }

    fn quota(self, per_minute: NonZeroU32) -> Quota {
        let tenth = NonZeroU32::new(per_minute.get() / 10).unwrap_or(NonZeroU32::MIN);
        Quota::per_minute(per_minute).allow_burst(self.burst.unwrap_or(tenth).min(MAX_BURST))
    }
}

type Gcra = governor::RateLimiter<governor::state::NotKeyed, InMemoryState, ClockAdapter>;

/// Running rate limiter.
pub(crate) struct RateLimitGate {
    settings: RateLimiter,
    clock: ClockAdapter,
    state: Mutex<State>,
}

struct State {
    gcra: Option<Gcra>,
    per_minute: Option<NonZeroU32>,
    blocked_until: Option<Instant>,
    /// Times of the requests in the last minute. Evenly spread requests after a burst could exceed the limit; these
    /// times prevent that.
    sent_at: VecDeque<Instant>,
}

/// Adapter of the client's clock for governor.
#[derive(Clone)]
struct ClockAdapter(Arc<dyn Clock>);

impl GovernorClock for ClockAdapter {
    type Instant = Instant;

    fn now(&self) -> Instant {
        self.0.now()
    }
}

impl RateLimitGate {
    pub(crate) fn new(settings: RateLimiter, clock: Arc<dyn Clock>) -> Self {
        let gate = Self {
            settings,
            clock: ClockAdapter(clock),
            state: Mutex::new(State { gcra: None, per_minute: None, blocked_until: None, sent_at: VecDeque::new() }),
        };
        if let Some(per_minute) = settings.per_minute {
            gate.set(per_minute);
        }
        gate
    }

    /// Waits for a turn, for less than `timeout`.
    pub(crate) async fn acquire(&self, timeout: Duration) -> Result<()> {
        let end = self.clock.now().checked_add(timeout);
        loop {
            let Some(wait) = self.try_acquire() else { return Ok(()) };
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(self.clock.now()));
            if wait >= left {
                let text = format!(
                    "not sent: the rate limiter allows it in {} s, after the call's deadline",
                    wait.as_secs_f64().ceil()
                );
                return Err(Error::new(ErrorKind::RateLimited, text)
                    .with_retry_after(Some(wait))
                    .with_outcome(false, true));
            }
            self.clock.0.sleep(wait).await;
        }
    }

    /// Takes a turn, or returns the time to wait before the next try.
    fn try_acquire(&self) -> Option<Duration> {
        let now = self.clock.now();
        let mut state = self.lock();
        if let Some(blocked_until) = state.blocked_until.filter(|until| *until > now) {
            return Some(blocked_until - now);
        }
        // Never zero: with a coarse clock that would be a busy loop.
        let at_least = |wait: Duration| wait.max(Duration::from_millis(1));
        let per_minute = state.per_minute?;
        let max = self.settings.burst.map_or(per_minute, |burst| burst.max(per_minute)).get();
        if let Some(wait) = state.time_until_free(now, usize::try_from(max).unwrap_or(usize::MAX)) {
            return Some(at_least(wait));
        }
        if let Err(not_yet) = state.gcra.as_ref()?.check() {
            return Some(at_least(not_yet.wait_time_from(now)));
        }
        state.sent_at.push_back(now);
        None
    }

    /// Updates the limit and the blocked time from a response.
    pub(crate) fn update_from_headers(&self, status: Option<RateLimitStatus>, blocked_for: Option<Duration>) {
        let to_reset = status.filter(|status| status.remaining == 0).and_then(|status| status.reset);
        let to_reset = to_reset.and_then(|reset| reset.duration_since(self.clock.0.system_time()).ok());
        if let Some(until) =
            blocked_for.or(to_reset).and_then(|blocked| self.clock.now().checked_add(blocked.min(MAX_BLOCKED)))
        {
            let mut state = self.lock();
            state.blocked_until = state.blocked_until.max(Some(until));
        }
        let stated = status.and_then(|status| NonZeroU32::new(u32::try_from(status.limit).unwrap_or(u32::MAX)));
        if let (None, Some(stated)) = (self.settings.per_minute, stated) {
            self.set(stated);
        }
    }

    fn set(&self, per_minute: NonZeroU32) {
        let mut state = self.lock();
        if state.per_minute != Some(per_minute) {
            let quota = self.settings.quota(per_minute);
            let gcra = Gcra::direct_with_clock(quota, self.clock.clone());
            if state.per_minute.is_some() {
                // A new limit must not allow a new burst, because responses may state different limits in turn. So
                // the burst is used up here; it always fits the quota.
                let _ = gcra.check_n(quota.burst_size());
            }
            state.gcra = Some(gcra);
            state.per_minute = Some(per_minute);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the time until fewer than `max` requests are in the last minute, if there are more now.
    fn time_until_free(&mut self, now: Instant, max: usize) -> Option<Duration> {
        while self.sent_at.front().is_some_and(|sent_at| now.saturating_duration_since(*sent_at) >= MINUTE) {
            self.sent_at.pop_front();
        }
        // After the limit was lowered, there may be more than `max`: wait for the one whose expiry brings it below.
        let excess = self.sent_at.len().checked_sub(max)?;
        self.sent_at.get(excess).map(|sent_at| MINUTE.saturating_sub(now.saturating_duration_since(*sent_at)))
    }
}

impl fmt::Debug for RateLimitGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}
