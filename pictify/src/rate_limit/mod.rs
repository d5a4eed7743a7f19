//! Rate limits: the limit that the service states, and a limiter that stays below it.

#[cfg(feature = "rate-limit")]
mod limiter;

#[cfg(feature = "rate-limit")]
pub(crate) use limiter::RateLimitGate;
#[cfg(feature = "rate-limit")]
pub use limiter::RateLimiter;

use http::HeaderMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Rate limit that a response states in `X-RateLimit-*` headers. The service does not always send them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitStatus {
    /// Number of requests allowed in a window.
    pub limit: u64,
    /// Number of requests left in this window.
    pub remaining: u64,
    /// End of the window (`X-RateLimit-Reset`), if stated.
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
