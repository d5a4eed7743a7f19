//! The response of a call: the value, and its status, headers and attempts.

use crate::{Attempt, IdempotencyKey, rate_limit::RateLimitStatus};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::{fmt, ops::Deref};

/// The response of a call. Dereferences to the value.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Response<T> {
    /// The decoded value.
    pub value: T,
    /// Status, headers, body and attempts.
    pub meta: ResponseMeta,
}

impl<T> Response<T> {
    /// Returns the value without the rest.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T> crate::trace::HasStatus for Response<T> {
    fn status(&self) -> StatusCode {
        self.meta.status
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Metadata of a response. `Debug` shows the length of the body, not the body: it may hold a secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct ResponseMeta {
    /// HTTP status.
    pub status: StatusCode,
    /// HTTP headers. The key is replaced by `[key]` if the service repeats it, here and in the body.
    pub headers: HeaderMap,
    /// Body as it was received.
    pub body: Bytes,
    /// Attempts of the call, the successful one last.
    pub attempts: Vec<Attempt>,
    /// Idempotency key that every attempt carried; none for calls that only read.
    pub idempotency_key: Option<IdempotencyKey>,
    /// True if this is the response of an identical call that was already in flight.
    pub shared: bool,
    /// Number of items that were left out of a page of a list, because they cannot be read. `body` has them.
    pub left_out: usize,
    pub(crate) rate_limit: Option<RateLimitStatus>,
}

impl ResponseMeta {
    /// Returns the service's ID of the request, for its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.headers.get("x-request-id")?.to_str().ok()
    }

    /// Returns the rate limit that the response states, if it does.
    #[must_use]
    pub fn rate_limit(&self) -> Option<RateLimitStatus> {
        self.rate_limit
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
            .field("left_out", &self.left_out)
            .field("rate_limit", &self.rate_limit)
            .finish()
    }
}
