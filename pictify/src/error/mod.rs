//! The error type of the client.

mod attempt;
mod body;
mod display;
mod kind;

pub use attempt::{Attempt, AttemptOutcome};
pub use body::{ErrorDetails, FieldError};
pub(crate) use body::{is_error_member, looks_like_html};
pub use kind::ErrorKind;

use crate::{
    IdempotencyKey,
    redaction::Redaction,
    transport::{TransportError, TransportErrorKind},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use pictify_api::{BoxError, DecodeError, OperationInfo, ValidationErrors};
use std::{error::Error as StdError, sync::Arc, time::Duration};

/// Result type of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Error of a call, with everything that was received.
///
/// It is one pointer wide. [`kind`](Self::kind) tells the caller what to do next. The other methods give the details:
/// the status, headers and body of the last response, the error code and field errors of the service, the request ID
/// for its support, and each attempt. `Display` prints one line for an operator:
///
/// ```text
/// create image: 422 invalid request: width must be positive (request req_123, 2 attempts)
/// ```
///
/// That line has the cause. Therefore [`source`](std::error::Error::source) is always `None`: a library that prints an error
/// and its sources, such as anyhow with `{:#}`, prints each cause once. [`get_ref`](Self::get_ref) returns the cause as a
/// value.
///
/// ```no_run
/// # async fn run(client: pictify::Client) -> pictify::Result<()> {
/// use pictify::{ErrorKind, images::Source};
///
/// match client.images().create(Source::html("<h1>Hello</h1>")).send().await {
///     Ok(image) => println!("{}", image.url),
///     Err(error) if error.outcome_unknown() => eprintln!("may have been billed: look for the image before a retry"),
///     Err(error) if error.kind() == ErrorKind::RateLimited => eprintln!("retry later: {error}"),
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
    validation_errors: ValidationErrors,
    retry_after: Option<Duration>,
    attempts: Vec<Attempt>,
    idempotency_key: Option<IdempotencyKey>,
    outcome_unknown: bool,
    retryable: bool,
    /// Shared, because coalesced calls share one error.
    source: Option<Arc<dyn StdError + Send + Sync>>,
}

/// A received response.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    /// Returns the response without secrets, in case the server repeats them.
    pub(crate) fn redacted(mut self, redaction: &Redaction) -> Self {
        redaction.headers(&mut self.headers);
        self.body = redaction.bytes(self.body);
        self
    }
}

impl Error {
    /// Maximum size of the body that an error keeps, in bytes.
    pub const MAX_BODY_BYTES: usize = 64 * 1024;

    /// Makes the error of a request without a complete response.
    pub(crate) fn from_transport(error: TransportError) -> Self {
        let cause = error.root_cause();
        match error.kind {
            TransportErrorKind::NotSent => Self::new(ErrorKind::Connect, format!("no connection: {cause}")),
            TransportErrorKind::ConnectionLost => Self::new(ErrorKind::Transport, format!("connection lost: {cause}")),
            #[cfg(feature = "testing")]
            TransportErrorKind::CassetteMiss => return Self::new(ErrorKind::CassetteMiss, cause),
            TransportErrorKind::Runtime => Self::new(ErrorKind::Config, cause),
        }
        .with_named_source(error)
    }

    /// Removes secrets from everything that the error shows.
    pub(crate) fn redacted(mut self, redaction: &Redaction) -> Self {
        let inner = &mut *self.0;
        inner.message = redaction.text(std::mem::take(&mut inner.message));
        for attempt in &mut inner.attempts {
            attempt.redact(redaction);
        }
        if let Some(source) = &inner.source {
            let shown = format!("{source} {source:?}");
            if redaction.text(shown.clone()) != shown {
                inner.source = None;
            }
        }
        if let Some(received) = inner.received.take() {
            let shown = (received.headers.clone(), received.body.clone());
            let received = received.redacted(redaction);
            // Read again only if necessary: the error keeps only the first part of a large body.
            if (&received.headers, &received.body) != (&shown.0, &shown.1) {
                inner.details = ErrorDetails::read(received.status, &received.headers, &received.body);
            }
            inner.received = Some(received);
        }
        self
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            operation: None,
            received: None,
            details: ErrorDetails::default(),
            validation_errors: ValidationErrors::default(),
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

    pub(crate) fn invalid(validation_errors: ValidationErrors) -> Self {
        let mut error = Self::new(ErrorKind::Validation, validation_errors.to_string());
        error.0.validation_errors = validation_errors;
        error
    }

    pub(crate) fn invalid_field(field: &str, message: impl Into<String>) -> Self {
        let mut validation_errors = ValidationErrors::default();
        validation_errors.push(field, message);
        Self::invalid(validation_errors)
    }

    /// Creates an error for an unsuccessful response.
    pub(crate) fn from_response(received: Received) -> Self {
        let details = ErrorDetails::read(received.status, &received.headers, &received.body);
        let kind = ErrorKind::from_response(received.status, &received.headers, &details);
        let mut error = Self::new(kind, details.message().to_owned());
        error.0.details = details;
        error.with_received(received)
    }

    /// Creates an error for a successful response that cannot be decoded.
    pub(crate) fn decode(received: Received, source: DecodeError) -> Self {
        let message = if received.body.is_empty() {
            "the response is empty".to_owned()
        } else if body::looks_like_html(&received.body) {
            "the response is HTML, not JSON: check that the base URL is that of the API".to_owned()
        } else {
            format!("the response cannot be decoded: {source}")
        };
        Self::new(ErrorKind::Decode, message).with_received(received).with_named_source(source)
    }

    pub(crate) fn with_received(mut self, mut received: Received) -> Self {
        if received.body.len() > Error::MAX_BODY_BYTES {
            // A copy, so that the error does not keep the whole body in memory.
            received.body = Bytes::copy_from_slice(&received.body[..Error::MAX_BODY_BYTES]);
        }
        self.0.received = Some(received);
        self
    }

    /// Sets the cause, and adds its text to the message unless it is there.
    pub(crate) fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        let source = source.into();
        let (mut texts, mut cause) = (Vec::new(), Some(&*source as &(dyn StdError + 'static)));
        while let Some(error) = cause {
            texts.push(error.to_string());
            cause = error.source();
        }
        if !texts.last().is_some_and(|root| self.0.message.contains(root)) {
            for text in texts.iter().filter(|text| !text.is_empty()) {
                if !self.0.message.contains(text) {
                    self.0.message = format!("{}: {text}", self.0.message);
                }
            }
        }
        self.with_named_source(source)
    }

    /// Sets the cause, whose text the message has in its own words.
    pub(crate) fn with_named_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into().into());
        self
    }

    pub(crate) fn with_operation(mut self, operation: &OperationInfo) -> Self {
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

    /// Returns the kind of the error, which tells the caller what to do next.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the error message; that of the service, if it sent one.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the operation ID of the failed call in the API document, for example `createImage`.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// Returns the status of the last response; `None` if there was no response.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.received.as_ref().map(|received| received.status)
    }

    /// Returns the headers of the last response; `None` if there was no response.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.0.received.as_ref().map(|received| &received.headers)
    }

    /// Returns the first [`MAX_BODY_BYTES`](Self::MAX_BODY_BYTES) bytes of the last response body; `None` if there was no response.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.0.received.as_ref().map(|received| &received.body)
    }

    /// Returns the parsed error body of the service, whatever its format.
    #[must_use]
    pub fn details(&self) -> &ErrorDetails {
        &self.0.details
    }

    /// Returns the error code of the service, for example `quota_exceeded`. The service may add new codes.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.details.code()
    }

    /// Returns the errors of single fields that the service found.
    #[must_use]
    pub fn field_errors(&self) -> &[FieldError] {
        self.0.details.field_errors()
    }

    /// Returns the errors of single fields that the client found before it sent anything.
    #[must_use]
    pub fn validation_errors(&self) -> &ValidationErrors {
        &self.0.validation_errors
    }

    /// Returns the errors of single fields, whoever found them: those of the service, and those that the client found
    /// before it sent anything.
    #[must_use]
    pub fn errors(&self) -> Vec<FieldError> {
        let of_client = self.0.validation_errors.iter().map(|error| FieldError {
            field: Some(error.field.clone()).filter(|field| !field.is_empty()),
            message: error.message.clone(),
            code: None,
        });
        of_client.chain(self.field_errors().iter().cloned()).collect()
    }

    /// Returns the type of the error as the service names it: the field `type` or `error_type` of the body, or else its
    /// [`code`](Self::code). [`kind`](Self::kind) is the classification of this crate, which is always set.
    #[must_use]
    pub fn error_type(&self) -> Option<&str> {
        let field = |name: &str| self.0.details.raw().get(name)?.as_str().filter(|text| !text.is_empty());
        field("type").or_else(|| field("error_type")).or_else(|| self.code())
    }

    /// Returns the request ID of the service. Give it to the support of the service.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.details.request_id().or_else(|| self.0.attempts.iter().rev().find_map(Attempt::request_id))
    }

    /// Returns the delay before a retry that the service asked for.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns the idempotency key, which is the same for all attempts of the call.
    #[must_use]
    pub fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.0.idempotency_key.as_ref()
    }

    /// Returns the attempts of the call, in order; empty if nothing was sent.
    #[must_use]
    pub fn attempts(&self) -> &[Attempt] {
        &self.0.attempts
    }

    /// Returns the cause, for example to downcast it: an [`io::Error`](std::io::Error), a
    /// [`TransportError`](crate::transport::TransportError), a [`VariableErrors`](crate::templates::VariableErrors).
    ///
    /// ```
    /// use pictify::templates::VariableErrors;
    ///
    /// fn variables(error: &pictify::Error) -> Option<&VariableErrors> {
    ///     error.get_ref()?.downcast_ref()
    /// }
    /// ```
    #[must_use]
    pub fn get_ref(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.source.as_deref()
    }

    /// Returns `true` if the same call may succeed later, without the risk of being billed twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// Returns `true` if the request may have taken effect, and may have been billed, although the call failed.
    ///
    /// The request was sent, but there is no usable response: the connection was lost, an attempt timed out, or the
    /// service failed in a way that does not show how much was done. Look for the result (for an image, in
    /// [`images().list()`](crate::images::Images::list)) before sending the call again.
    #[must_use]
    pub fn outcome_unknown(&self) -> bool {
        self.0.outcome_unknown
    }
}

/// Has no `source`: `Display` names the cause, and [`Error::get_ref`] returns it.
impl StdError for Error {}

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
    fn an_error_of_every_kind_names_its_cause_once() {
        for &kind in ErrorKind::ALL {
            let root = || std::io::Error::other("the disk is full");
            let nested = || TransportError::connection_lost(root());
            for error in [
                Error::new(kind, "no").with_source(root()),
                Error::new(kind, "no: the disk is full").with_source(root()),
                Error::new(kind, "no").with_source(nested()),
                Error::new(kind, "the connection was lost: the disk is full").with_named_source(nested()),
            ] {
                let mut printed = error.to_string();
                let mut source = StdError::source(&error);
                while let Some(cause) = source {
                    printed.extend([": ".to_owned(), cause.to_string()]);
                    source = cause.source();
                }
                assert_eq!(printed.matches("the disk is full").count(), 1, "{printed}");
                assert!(printed.matches("the connection was lost").count() <= 1, "{printed}");
                assert!(error.get_ref().is_some(), "{printed}");
            }
        }
    }

    #[test]
    fn an_error_keeps_the_first_part_of_a_large_body() {
        let body = Bytes::from(vec![b'x'; Error::MAX_BODY_BYTES + 1]);
        let error = Error::from_response(Received { status: StatusCode::BAD_GATEWAY, headers: HeaderMap::new(), body });
        assert_eq!(error.body().unwrap().len(), Error::MAX_BODY_BYTES);
    }
}
