//! Rate limit: requests for each key in fixed windows of a minute.

use crate::api_error::ApiError;
use axum::http::StatusCode;
use jiff::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// How many requests each key has made in its minute.
#[derive(Debug, Default)]
pub(crate) struct FixedWindowLimiter(Mutex<HashMap<String, Window>>);

#[derive(Clone, Copy, Debug)]
struct Window {
    started: Timestamp,
    requests: u32,
}

/// Where a key stands in its minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RateLimitStatus {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    /// When the next minute begins, in seconds since 1970.
    pub(crate) reset: i64,
    /// Seconds to wait, for a request that came too soon.
    pub(crate) wait: Option<i64>,
}

/// How long a window is, in seconds.
const MINUTE: i64 = 60;

impl FixedWindowLimiter {
    /// Counts a request.
    pub(crate) fn count(&self, key: &str, limit: u32, now: Timestamp) -> RateLimitStatus {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = |window: &Window| now.as_second() - window.started.as_second();
        windows.retain(|_, window| passed(window) < MINUTE);
        let window = windows.entry(key.to_owned()).or_insert(Window { started: now, requests: 0 });
        let reset = window.started.as_second() + MINUTE;
        let is_limited = window.requests >= limit;
        if !is_limited {
            window.requests += 1;
        }
        let wait = is_limited.then(|| (reset - now.as_second()).max(1));
        RateLimitStatus { limit, remaining: limit - window.requests, reset, wait }
    }
}

impl RateLimitStatus {
    /// The headers that tell it.
    pub(crate) fn headers(self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("x-ratelimit-limit", self.limit.to_string()),
            ("x-ratelimit-remaining", self.remaining.to_string()),
            ("x-ratelimit-reset", self.reset.to_string()),
        ];
        headers.extend(self.wait.map(|wait| ("retry-after", wait.to_string())));
        headers
    }
}

/// What a request that came too soon is told.
pub(crate) fn rate_limited(wait: i64) -> ApiError {
    ApiError::with_message(StatusCode::TOO_MANY_REQUESTS, "Too many requests").with_field("retry_after", wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_begins_with_its_first_request() {
        let (windows, at) = (FixedWindowLimiter::default(), |second| Timestamp::from_second(second).unwrap());
        for (key, second, remaining, wait) in [
            ("a", 100, 1, None),
            ("a", 110, 0, None),
            ("a", 120, 0, Some(40)),
            ("b", 120, 1, None),
            ("a", 159, 0, Some(1)),
            ("a", 160, 1, None),
        ] {
            let standing = windows.count(key, 2, at(second));
            assert_eq!((standing.remaining, standing.wait), (remaining, wait), "{key} at {second}");
        }
    }
}
