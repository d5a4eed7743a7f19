//! Rate limits: fixed windows of one minute for each API key, for all operations or for one.

use crate::api_error::ApiError;
use axum::http::StatusCode;
use jiff::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// Rate limiter with a fixed window for each name, such as an API key.
#[derive(Debug, Default)]
pub(crate) struct FixedWindowLimiter(Mutex<HashMap<String, Window>>);

#[derive(Clone, Copy, Debug)]
struct Window {
    started: Timestamp,
    requests: u32,
}

/// State of a rate limit after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimitStatus {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// Start of the next window, in seconds since 1970.
    pub(crate) reset: i64,
    /// Seconds to wait, if the request is rejected.
    pub(crate) retry_after: Option<i64>,
}

/// Length of a window, in seconds.
const MINUTE: i64 = 60;

impl FixedWindowLimiter {
    /// Counts a request and returns the state of its limit.
    pub(crate) fn count_request(&self, key: &str, limit: u32, now: Timestamp) -> RateLimitStatus {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = |window: &Window| now.as_second() - window.started.as_second();
        // A window from the future was started before the clock was set back.
        windows.retain(|_, window| (0..MINUTE).contains(&passed(window)));
        let window = windows.entry(key.to_owned()).or_insert(Window { started: now, requests: 0 });
        let reset = window.started.as_second() + MINUTE;
        let is_limited = window.requests >= limit;
        if !is_limited {
            window.requests += 1;
        }
        let retry_after = is_limited.then(|| (reset - now.as_second()).max(1));
        RateLimitStatus { limit, remaining: limit - window.requests, reset, retry_after }
    }
}

impl RateLimitStatus {
    /// Returns the headers `X-RateLimit-*` and `Retry-After`.
    pub(crate) fn headers(self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", self.remaining.to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
        ];
        headers.extend(self.retry_after.map(|retry_after| ("retry-after", retry_after.to_string())));
        headers
    }
}

/// Returns the error for a request over the rate limit.
pub(crate) fn rate_limited(retry_after: i64) -> ApiError {
    ApiError::with_message(StatusCode::TOO_MANY_REQUESTS, "Too many requests").with_field("retry_after", retry_after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_starts_with_its_first_request() {
        let (windows, at) = (FixedWindowLimiter::default(), |second| Timestamp::from_second(second).unwrap());
        for (key, second, remaining, retry_after) in [
            ("a", 100, 1, None),
            ("a", 110, 0, None),
            ("a", 120, 0, Some(40)),
            ("b", 120, 1, None),
            ("a", 159, 0, Some(1)),
            ("a", 160, 1, None),
        ] {
            let standing = windows.count_request(key, 2, at(second));
            assert_eq!((standing.remaining, standing.retry_after), (remaining, retry_after), "{key} at {second}");
        }
    }
}
