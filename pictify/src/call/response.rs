//! What comes with an answer beside its value.

use super::Attempt;
use crate::IdempotencyKey;
use bytes::Bytes;
use reqwest::{StatusCode, header::HeaderMap};
use std::{
    fmt,
    ops::Deref,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A value with what it came in. Dereferences to the value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response<T> {
    /// What came out.
    pub value: T,
    /// What it came in.
    pub meta: ResponseMeta,
}

impl<T> Response<T> {
    /// Drops what the value came in.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// What a value came in. `Debug` shows how long the body is, and not the body: it may hold a secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct ResponseMeta {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it was received, whatever became of it.
    pub body: Bytes,
    /// Each attempt of the call, the successful one last.
    pub attempts: Vec<Attempt>,
    /// The idempotency key that every attempt carried; none for calls that only read.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Whether this is the answer of an identical call that was under way.
    pub shared: bool,
}

impl ResponseMeta {
    /// The service's name for the request, to give to its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.headers.get("x-request-id")?.to_str().ok()
    }

    /// What the answer said of the rate limit, if it did.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimitStatus> {
        RateLimitStatus::read(&self.headers)
    }
}

impl fmt::Debug for ResponseMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseMeta")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .field("body_bytes", &self.body.len())
            .field("attempts", &self.attempts)
            .field("idempotency_key", &self.idempotency_key)
            .field("shared", &self.shared)
            .finish()
    }
}

/// What an answer said of the rate limit. The service does not always say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimitStatus {
    /// Requests allowed per window.
    pub limit: u64,
    /// Requests left in this window.
    pub remaining: u64,
    /// When the window ends, if it was said.
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
