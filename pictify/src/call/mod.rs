//! A call: a request, the options of this one call, and the client that sends it.
//!
//! The path of a call is one line: [`retry_loop::send`] checks and builds the request, [`coalesce`] may join an identical
//! call, [`retry_loop`] repeats what [`attempt`] does once, and [`finish`] decodes the response.

mod attempt;
mod coalesce;
mod context;
mod error_body;
mod finish;
mod options;
mod response;
mod retry_loop;

pub(crate) use context::ClientInner;
pub(crate) use options::CallOptions;
pub use response::{Response, ResponseMeta};
pub(crate) use retry_loop::send;

use crate::{ApiRequest, Deadline, IdempotencyKey, RetryPolicy};
use serde::Serialize;
use std::{fmt, time::Duration};

/// A request that is bound to a client, with the options of this one call.
///
/// Each operation has a builder of its own with the setters of its fields, such as
/// [`CreateImageCall`](crate::images::CreateImageCall); this is what all of them hold, for code that handles calls of any
/// operation. `R` is the request as data, `C` the client: [`Client`](crate::Client) or `blocking::Client`.
#[derive(Clone)]
#[must_use = "a call does nothing before it is sent"]
pub struct Call<R, C> {
    pub(crate) client: C,
    pub(crate) request: R,
    pub(crate) options: CallOptions,
}

impl<R, C> Call<R, C> {
    pub(crate) fn new(client: C, request: R) -> Self {
        Self { client, request, options: CallOptions::default() }
    }

    /// Returns the request as data.
    pub fn request(&self) -> &R {
        &self.request
    }

    /// Returns the request, to be stored or sent elsewhere. The options are dropped.
    pub fn into_request(self) -> R {
        self.request
    }

    /// Limits the whole call, waits and retries included.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Sets the time by which the call must have ended, in addition to its timeout.
    pub fn with_deadline(mut self, deadline: Deadline) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// Limits each attempt.
    pub fn with_attempt_timeout(mut self, timeout: Duration) -> Self {
        self.options.attempt_timeout = Some(timeout);
        self
    }

    /// Replaces the client's retry policy.
    pub fn with_retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = Some(policy);
        self
    }

    /// Sets the idempotency key.
    pub fn with_idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.options.idempotency_key = Some(key);
        self
    }

    /// Allows or forbids that identical renders at the same time share one request.
    pub fn with_single_flight(mut self, shared: bool) -> Self {
        self.options.single_flight = Some(shared);
        self
    }

    /// Adds a header, or replaces it.
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.options.insert_header(name, value);
        self
    }

    /// Adds a field that this version of the SDK does not know, to the JSON body or to the query of a request without a
    /// body.
    pub fn extra(mut self, field: impl Into<String>, value: impl Serialize) -> Self
    where
        R: ApiRequest,
    {
        self.request.extra_mut().insert(field.into(), &value);
        self
    }

    /// Moves the call to another client.
    #[cfg(feature = "blocking")]
    pub(crate) fn with_client<D>(self, client: D) -> (C, Call<R, D>) {
        (self.client, Call { client, request: self.request, options: self.options })
    }
}

impl<R: fmt::Debug, C> fmt::Debug for Call<R, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("request", &self.request).finish_non_exhaustive()
    }
}
