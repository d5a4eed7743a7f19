//! What a failed call tells.

mod body;
mod display;
mod kind;

pub use body::{ErrorDetails, FieldError};
pub use kind::ErrorKind;

use crate::{IdempotencyKey, call::Attempt};
use bytes::Bytes;
use pictify_api::{BoxError, DecodeError, Operation, Violations};
use reqwest::{StatusCode, header::HeaderMap};
use std::{
    error::Error as StdError,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How much of an answer's body an error keeps, in bytes.
pub const MAX_ERROR_BODY_BYTES: usize = 64 * 1024;

/// Why a call failed, with everything that was received.
///
/// It is one pointer wide. [`kind`](Self::kind) says what to do next; the rest says what happened: the status, headers
/// and body of the last answer, the service's own code and field errors, the request id to give to support, and each
/// attempt. Its `Display` is one line for an operator:
///
/// ```text
/// create image: 422 Validation: width must be positive (request req_123, 2 attempts)
/// ```
///
/// ```no_run
/// # async fn run(client: pictify::Client) -> pictify::Result<()> {
/// use pictify::{ErrorKind, images::Source};
///
/// match client.images().create(Source::html("<h1>Hello</h1>")).send().await {
///     Ok(image) => println!("{}", image.url),
///     Err(error) if error.outcome_unknown() => eprintln!("may have been billed: look it up before you try again"),
///     Err(error) if error.kind() == ErrorKind::RateLimited => eprintln!("try again in {:?}", error.retry_after()),
///     Err(error) => return Err(error),
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    message: String,
    operation: Option<&'static str>,
    received: Option<Received>,
    details: ErrorDetails,
    violations: Violations,
    retry_after: Option<Duration>,
    attempts: Vec<Attempt>,
    idempotency_key: Option<IdempotencyKey>,
    outcome_unknown: bool,
    retryable: bool,
    /// ClientInner, since identical calls may share a failure.
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// What an answer consisted of.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// The wait that the answer asks for.
    pub(crate) fn retry_after_of(&self, now: SystemTime) -> Option<Duration> {
        let details = ErrorDetails::read(self.status, &self.headers, &self.body);
        crate::retry::retry_after_of(&self.headers, &details, now)
    }
}

impl Error {
    /// No answer, or not a whole one.
    pub(crate) fn from_network(error: reqwest::Error) -> Self {
        // A URL may be signed or hold a secret; it stays out of messages and logs.
        let error = error.without_url();
        // Only what failed to connect is sure not to have been sent.
        let (kind, what) = if error.is_connect() || error.is_builder() {
            (ErrorKind::Connect, "no connection")
        } else {
            (ErrorKind::Transport, "the connection broke")
        };
        Self::new(kind, format!("{what}: {}", root_cause(&error))).with_source(error)
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            received: None,
            details: ErrorDetails::default(),
            violations: Violations::default(),
            retry_after: None,
            attempts: Vec::new(),
            idempotency_key: None,
            outcome_unknown: false,
            retryable: false,
            source: None,
        }))
    }

    pub(crate) fn config(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message)
    }

    pub(crate) fn invalid(violations: Violations) -> Self {
        let mut error = Self::new(ErrorKind::Validation, violations.to_string());
        error.0.violations = violations;
        error
    }

    pub(crate) fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        let mut violations = Violations::default();
        violations.push(field, message);
        Self::invalid(violations)
    }

    /// An answer that is not a success.
    pub(crate) fn from_response(received: Received) -> Self {
        let details = ErrorDetails::read(received.status, &received.headers, &received.body);
        let kind = ErrorKind::from_response(received.status, &details);
        let mut error = Self::new(kind, details.message().to_owned());
        error.0.details = details;
        error.with_received(received)
    }

    /// A success that does not decode.
    pub(crate) fn decode(received: Received, source: DecodeError) -> Self {
        let what = if received.body.is_empty() {
            "the answer is empty".to_owned()
        } else if body::looks_like_html(&received.body) {
            "the answer is HTML, not JSON: does the base URL point at the API?".to_owned()
        } else {
            format!("the answer does not decode: {source}")
        };
        Self::new(ErrorKind::Decode, what).with_received(received).with_source(source)
    }

    pub(crate) fn with_received(mut self, mut received: Received) -> Self {
        if received.body.len() > MAX_ERROR_BODY_BYTES {
            // A copy, so that the error does not hold on to the whole body.
            received.body = Bytes::copy_from_slice(&received.body[..MAX_ERROR_BODY_BYTES]);
        }
        self.0.received = Some(received);
        self
    }

    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    pub(crate) fn with_operation(mut self, operation: &Operation) -> Self {
        self.0.operation = Some(operation.id);
        self
    }

    pub(crate) fn with_retry_after(mut self, delay: Option<Duration>) -> Self {
        self.0.retry_after = delay;
        self
    }

    pub(crate) fn with_attempts(mut self, attempts: Vec<Attempt>, key: Option<IdempotencyKey>) -> Self {
        self.0.attempts = attempts;
        self.0.idempotency_key = key;
        self
    }

    pub(crate) fn with_outcome(mut self, unknown: bool, retryable: bool) -> Self {
        self.0.outcome_unknown = unknown;
        self.0.retryable = retryable;
        self
    }

    pub(crate) fn with_context(mut self, more: &str) -> Self {
        self.0.message = format!("{}; {more}", self.0.message);
        self
    }

    /// What kind of failure it is: what to do next.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What went wrong, in the service's words where it had any.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The operation that failed, by the document's id, for example `createImage`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The status of the last answer; `None` when nothing was received.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.received.as_ref().map(|received| received.status)
    }

    /// The headers of the last answer; `None` when nothing was received.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.received.as_ref().map(|received| &received.headers)
    }

    /// The first [`MAX_ERROR_BODY_BYTES`] bytes of the last answer's body; `None` when nothing was received.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.0.received.as_ref().map(|received| &received.body)
    }

    /// Everything that the service's error body said, whichever of its forms it had.
    #[must_use]
    pub fn details(&self) -> &ErrorDetails {
        &self.0.details
    }

    /// The service's code for the failure, for example `quota_exceeded`. The list is open.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.details.code()
    }

    /// What is wrong with single fields, found by the service.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        self.0.details.field_errors()
    }

    /// What is wrong with single fields, found before anything was sent.
    #[must_use]
    pub fn validation_errors(&self) -> &Violations {
        &self.0.violations
    }

    /// The service's name for the request, to give to its support.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.details.request_id().or_else(|| self.0.attempts.iter().rev().find_map(Attempt::request_id))
    }

    /// How long the service asked to wait before another try.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The idempotency key that every attempt of the call carried.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.0.idempotency_key.as_ref()
    }

    /// Each attempt of the call, in order; empty when nothing was sent.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// Whether the same call may succeed later without a risk of being billed twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Whether the service may have done what was asked, and billed it, although the call failed.
    ///
    /// The request was sent and no usable answer came: the connection broke, an attempt took too long, or the service
    /// failed in a way that does not say how far it had come. Look for the result (for an image, in
    /// [`images().list()`](crate::images::Images::list)) before sending the call again.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

/// The innermost reason, which is the one that an operator can act on.
fn root_cause(error: &dyn StdError) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_wide_and_moves_between_threads() {
        fn moves<T: Send + Sync + 'static>() {}
        moves::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn an_error_keeps_the_first_part_of_a_large_body() {
        let body = Bytes::from(vec![b'x'; MAX_ERROR_BODY_BYTES + 1]);
        let error = Error::from_response(Received { status: StatusCode::BAD_GATEWAY, headers: HeaderMap::new(), body });
        assert_eq!(error.body().unwrap().len(), MAX_ERROR_BODY_BYTES);
    }
}
