//! Rate limits: what the service states, and a limiter that keeps below it.

#[cfg(feature = "rate-limit")]
mod limiter;

#[cfg(feature = "rate-limit")]
pub(crate) use limiter::RateLimitGate;
#[cfg(feature = "rate-limit")]
pub use limiter::RateLimiter;

use http::HeaderMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Rate limit as a response states it in `X-RateLimit-*` headers. The service does not always send them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitStatus {
    /// Requests allowed per window.
    pub limit: u64,
    /// Requests left in this window.
    pub remaining: u64,
    /// End of the window, if stated.
    pub reset: Option<SystemTime>,
}

impl RateLimitStatus {
    pub(crate) fn read(headers: &HeaderMap) -> Option<Self> {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        Some(Self {
            limit: number("x-ratelimit-limit")?,
            remaining: number("x-ratelimit-remaining")?,
            reset: number("x-ratelimit-reset").and_then(|at| UNIX_EPOCH.checked_add(Duration::from_secs(at))),
        })
    }
}
