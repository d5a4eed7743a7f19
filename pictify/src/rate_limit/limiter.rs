//! Spreading requests, so that the service's limit is not run into.

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

/// The longest that requests are held back because the service said so; a mistaken date must not stop a client for ever.
const MAX_BLOCKED: Duration = Duration::from_secs(600);

/// The largest burst; beyond it governor's arithmetic would overflow at low rates.
const MAX_BURST: NonZeroU32 = NonZeroU32::new(1_000_000).unwrap();

/// What requests are counted over.
const MINUTE: Duration = Duration::from_secs(60);

/// A rate limiter for a client and all its clones.
///
/// A request waits for its turn, within its call's deadline; one whose turn would come too late fails with
/// [`RateLimited`](crate::ErrorKind::RateLimited) before it is sent. When the service answers that it is too much, or that
/// nothing is left in this window, all requests wait until it says that there is room again.
///
/// ```
/// # fn run() -> pictify::Result<()> {
/// use pictify::{Client, RateLimiter};
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
    /// At max this many requests in any minute, evenly spread; up to a tenth of them at once.
    #[must_use]
    pub fn per_minute(requests: NonZeroU32) -> Self {
        Self { per_minute: Some(requests), burst: None }
    }

    /// No limit until the service states one in `X-RateLimitStatus-*` headers; then that one, taken to be for a minute. The
    /// service does not always send them.
    #[must_use]
    pub fn from_headers() -> Self {
        Self { per_minute: None, burst: None }
    }

    /// How many requests may go at once after a pause, up to a million. More than the limit of a minute raises that to as
    /// many.
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

/// A rate limiter at work.
pub(crate) struct RateLimitGate {
    settings: RateLimiter,
    clock: ClockAdapter,
    state: Mutex<State>,
}

struct State {
    gcra: Option<Gcra>,
    per_minute: Option<NonZeroU32>,
    blocked_until: Option<Instant>,
    /// When the requests of the last minute sent_at. Evenly spread requests and a burst before them would be more than the
    /// limit.
    sent_at: VecDeque<Instant>,
}

/// The client's clock, as governor wants it.
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

    /// Waits for a turn, for less than `patience`.
    pub(crate) async fn acquire(&self, timeout: Duration) -> Result<()> {
        let give_up = self.clock.now().checked_add(timeout);
        loop {
            let Some(wait) = self.try_acquire() else { return Ok(()) };
            let left = give_up.map_or(Duration::MAX, |end| end.saturating_duration_since(self.clock.now()));
            if wait >= left {
                let text =
                    format!("not sent: its turn comes in {} s, too late for the call", wait.as_secs_f64().ceil());
                return Err(Error::new(ErrorKind::RateLimited, text)
                    .with_retry_after(Some(wait))
                    .with_outcome(false, true));
            }
            self.clock.0.sleep(wait).await;
        }
    }

    /// Takes a turn, or says how long to wait before the next try.
    fn try_acquire(&self) -> Option<Duration> {
        let now = self.clock.now();
        let mut state = self.lock();
        if let Some(blocked_until) = state.blocked_until.filter(|until| *until > now) {
            return Some(blocked_until - now);
        }
        // Never zero, or a coarse clock makes a busy loop.
        let at_least = |wait: Duration| wait.max(Duration::from_millis(1));
        let per_minute = state.per_minute?;
        let max = self.settings.burst.map_or(per_minute, |burst| burst.max(per_minute)).get();
        if let Some(wait) = state.time_until_free(now, usize::try_from(max).unwrap_or(usize::MAX)) {
            return Some(at_least(wait));
        }
        if let Err(refused) = state.gcra.as_ref()?.check() {
            return Some(at_least(refused.wait_time_from(now)));
        }
        state.sent_at.push_back(now);
        None
    }

    /// Learns from what an answer said.
    pub(crate) fn update_from_headers(&self, said: Option<RateLimitStatus>, blocked_for: Option<Duration>) {
        let to_reset = said.filter(|said| said.remaining == 0).and_then(|said| said.reset);
        let to_reset = to_reset.and_then(|reset| reset.duration_since(self.clock.0.system_time()).ok());
        if let Some(until) =
            blocked_for.or(to_reset).and_then(|closed| self.clock.now().checked_add(closed.min(MAX_BLOCKED)))
        {
            let mut state = self.lock();
            state.blocked_until = state.blocked_until.max(Some(until));
        }
        let stated = said.and_then(|said| NonZeroU32::new(u32::try_from(said.limit).unwrap_or(u32::MAX)));
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
                // A new limit is no new burst: answers may state one limit and another in turn. It fits, so it is taken.
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
    /// How long until fewer than `max` requests sent_at within a minute, if it is not so already.
    fn time_until_free(&mut self, now: Instant, max: usize) -> Option<Duration> {
        while self.sent_at.front().is_some_and(|sent_at| now.saturating_duration_since(*sent_at) >= MINUTE) {
            self.sent_at.pop_front();
        }
        // A limit that was lowered leaves more than that: it is the one whose end makes room that counts.
        let excess = self.sent_at.len().checked_sub(max)?;
        self.sent_at.get(excess).map(|sent_at| MINUTE.saturating_sub(now.saturating_duration_since(*sent_at)))
    }
}

impl fmt::Debug for RateLimitGate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.settings.fmt(f)
    }
}
