//! Rate limits: the limit that the service states, and a limiter that stays below it.

#[cfg(feature = "rate-limit")]
mod limiter;

#[cfg(feature = "rate-limit")]
pub(crate) use limiter::RateLimitGate;
#[cfg(feature = "rate-limit")]
pub use limiter::RateLimiter;

mod times;

pub(crate) use times::{read_date, read_reset};

use http::HeaderMap;
use std::time::SystemTime;

/// Rate limit that a response states in `X-RateLimit-*` headers. The service does not always send them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitStatus {
    /// Number of requests allowed in a window.
    pub limit: u64,
    /// Number of requests left in this window.
    pub remaining: u64,
    /// End of the window (`X-RateLimit-Reset`), if stated: in seconds or milliseconds since 1970, in seconds from now, or
    /// as a date.
    pub reset: Option<SystemTime>,
}

impl RateLimitStatus {
    pub(crate) fn read(headers: &HeaderMap, now: SystemTime) -> Option<Self> {
        let text = |name: &str| headers.get(name)?.to_str().ok();
        let number = |name: &str| text(name)?.trim().parse::<u64>().ok();
        Some(Self {
            limit: number("x-ratelimit-limit")?,
            remaining: number("x-ratelimit-remaining")?,
            reset: text("x-ratelimit-reset").and_then(|text| read_reset(text, now)),
        })
    }
}
