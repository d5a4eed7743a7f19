//! Options of one call: everything that is not part of the request.

use crate::{Deadline, Error, IdempotencyKey, Result, RetryPolicy};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

/// Headers that a call cannot set: they belong to the client or to the connection.
const RESERVED_HEADERS: [&str; 13] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The options of one call.
#[derive(Clone, Default)]
pub(crate) struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    pub(crate) single_flight: Option<bool>,
    pub(crate) headers: HeaderMap,
    /// The first invalid value that a setter was given. It is reported when the call is sent.
    pub(crate) invalid: Option<Error>,
}

impl CallOptions {
    /// Adds a header, or keeps the error for later.
    pub(crate) fn insert_header(&mut self, name: &str, value: &str) {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) if !RESERVED_HEADERS.contains(&name.as_str()) => {
                self.headers.insert(name, value);
            }
            _ => self.reject(Error::invalid_field(name, "is not a header that a call can set")),
        }
    }

    /// Keeps the first error of building the call.
    pub(crate) fn reject(&mut self, error: Error) {
        self.invalid.get_or_insert(error);
    }

    /// Returns the first error of building the call.
    pub(crate) fn check(&self) -> Result<()> {
        if let Some(error) = &self.invalid {
            return Err(error.clone());
        }
        if [self.timeout, self.attempt_timeout].contains(&Some(Duration::ZERO)) {
            return Err(Error::invalid_field("timeout", "must be longer than 0 s"));
        }
        Ok(())
    }
}
