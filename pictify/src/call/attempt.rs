//! One attempt: sends the request once, reads the response, and classifies the failure.

use super::{error_body::ErrorBody, retry_loop::CallState};
use crate::seconds::seconds;
use crate::{
    ApiKey, Attempt, AttemptOutcome, Deadline, Error, ErrorKind, Result,
    connection_limit::ConnectionPermit,
    error::{ErrorDetails, Received},
    retry::{FailureClass, failure_of_response, retry_after_of},
    timeout::{Elapsed, timeout},
    trace::{self, ErrorType},
    transport::{Body, SendProgress, TransportError, TransportErrorKind},
};
use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, HeaderValue,
    header::{AUTHORIZATION, USER_AGENT},
};
use std::time::Duration;

/// Maximum size of an error body, in bytes. Errors keep it in memory.
const MAX_ERROR_RESPONSE_BYTES: usize = 1024 * 1024;

/// Timeout for reading an error body. The status alone decides the outcome.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// A failed attempt, and what may have happened.
pub(super) struct AttemptFailure {
    pub(super) error: Error,
    pub(super) class: FailureClass,
    pub(super) retry_after: Option<Duration>,
}

impl CallState {
    /// Returns the request of one attempt: the request with the headers that every attempt carries.
    pub(super) fn apply_headers(
        &self,
        request: &http::Request<Bytes>,
        key: Option<&ApiKey>,
    ) -> Result<http::Request<Bytes>> {
        let mut request = request.clone();
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, self.client.user_agent.clone());
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if let Some(key) = key {
            headers.insert(AUTHORIZATION, key.header());
        }
        if let Some(key) = &self.idempotency_key {
            let value =
                HeaderValue::from_str(key.as_str()).map_err(|_| Error::config("the idempotency key cannot be sent"))?;
            headers.insert("idempotency-key", value);
        }
        Ok(request)
    }

    /// Makes one attempt and records it.
    pub(super) async fn attempt(
        &self,
        request: http::Request<Bytes>,
        delay: Duration,
        connection: ConnectionPermit,
        progress: &SendProgress,
    ) -> Result<http::Response<Body>, AttemptFailure> {
        let clock = &*self.client.clock;
        let started = clock.now();
        let number = self.lock_history().len() + 1;
        let limit = self.attempt_timeout.min(self.time_left());
        let result = trace::attempt(self.operation, number, self.exchange(request, limit, connection)).await;
        let duration = clock.now().saturating_duration_since(started);
        let record = |outcome, request_id| {
            let mut attempt = Attempt { delay, duration, outcome, request_id };
            attempt.redact(&self.redaction());
            self.lock_history().push(attempt);
        };
        match result {
            Ok(response) => {
                record(AttemptOutcome::Response(response.status()), request_id(response.headers()));
                self.classify_response(response)
            }
            Err(error) => {
                let (outcome, class, error) = self.classify_error(error, limit, progress);
                record(outcome, error.headers().and_then(request_id));
                Err(AttemptFailure { error, class, retry_after: None })
            }
        }
    }

    /// Sends a request and reads the whole response, unless the response is a stream of events.
    async fn exchange(
        &self,
        request: http::Request<Bytes>,
        limit: Duration,
        connection: ConnectionPermit,
    ) -> Result<http::Response<Body>, AttemptError> {
        let clock = &*self.client.clock;
        let deadline = Deadline::after(limit, clock);
        let response = timeout(clock, limit, self.client.transport.send(request)).await;
        let response = response.map_err(|Elapsed| AttemptError::TimedOut)?.map_err(AttemptError::Transport)?;
        let (head, mut body) = response.into_parts();
        let is_success = head.status.is_success();
        if self.operation.events && is_success && is_event_stream(&head.headers) {
            return Ok(http::Response::from_parts(head, body.with_guard(connection)));
        }
        let (max, limit) = if is_success {
            (self.client.max_response_bytes, deadline.left(clock))
        } else {
            (MAX_ERROR_RESPONSE_BYTES, deadline.left(clock).min(ERROR_BODY_TIMEOUT))
        };
        let mut bytes = BytesMut::new();
        let error = match timeout(clock, limit, read(&mut body, &mut bytes, max)).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error),
            Err(Elapsed) => Some(BodyError::Stalled),
        };
        drop(connection);
        match error {
            // An error status decides by itself, even if its body is incomplete.
            Some(error) if is_success => {
                let received = Received { status: head.status, headers: head.headers, body: bytes.freeze() };
                Err(AttemptError::Body(Box::new(received), error))
            }
            _ => Ok(http::Response::from_parts(head, bytes.freeze().into())),
        }
    }

    /// Describes an attempt without a complete response, and what may have happened.
    fn classify_error(
        &self,
        error: AttemptError,
        limit: Duration,
        progress: &SendProgress,
    ) -> (AttemptOutcome, FailureClass, Error) {
        let network = |source: TransportError| {
            let error = Error::from_transport(source).with_context(&self.route());
            (error.message().to_owned(), error)
        };
        match error {
            #[cfg(feature = "testing")]
            AttemptError::Transport(source) if source.kind == TransportErrorKind::CassetteMiss => {
                let error = Error::from_transport(source);
                (AttemptOutcome::NotSent(error.message().to_owned()), FailureClass::Permanent, error)
            }
            AttemptError::Transport(source) if source.kind == TransportErrorKind::Runtime => {
                let error = Error::from_transport(source);
                (AttemptOutcome::NotSent(error.message().to_owned()), FailureClass::Permanent, error)
            }
            AttemptError::Transport(mut source) => {
                if progress.is_certainly_unsent() {
                    source.kind = TransportErrorKind::NotSent;
                }
                let is_not_sent = source.kind == TransportErrorKind::NotSent;
                let (text, error) = network(source);
                if is_not_sent {
                    (AttemptOutcome::NotSent(text), FailureClass::NotSent, error)
                } else {
                    (AttemptOutcome::ConnectionLost(text), FailureClass::Ambiguous, error)
                }
            }
            AttemptError::TimedOut if progress.is_certainly_unsent() => {
                let text = format!("no connection within {}", seconds(limit));
                let error = Error::new(ErrorKind::Connect, text.clone());
                let error = error.with_context(&self.route());
                (AttemptOutcome::NotSent(text), FailureClass::NotSent, error)
            }
            AttemptError::TimedOut => {
                let text = format!("no response within {}", seconds(limit));
                (AttemptOutcome::TimedOut, FailureClass::Ambiguous, Error::new(ErrorKind::Timeout, text))
            }
            AttemptError::Body(received, error) => {
                let (outcome, error) = match error {
                    BodyError::Truncated(source) => {
                        let (text, error) = network(source);
                        (AttemptOutcome::ConnectionLost(text), error)
                    }
                    BodyError::TooLarge => {
                        let text = format!("the response is larger than {} bytes", self.client.max_response_bytes);
                        (AttemptOutcome::ConnectionLost(text.clone()), Error::new(ErrorKind::TooLarge, text))
                    }
                    BodyError::Stalled => {
                        let text = format!("the response did not end within {}", seconds(limit));
                        (AttemptOutcome::TimedOut, Error::new(ErrorKind::Timeout, text))
                    }
                };
                (outcome, FailureClass::Ambiguous, error.with_received(self.redacted(*received)))
            }
        }
    }

    /// Passes successes and redirects on; the decoder knows which of them the operation expects. A success status whose
    /// body is an error with a code, or one that may be retried, is a failure here: the service rejected the request.
    fn classify_response(&self, response: http::Response<Body>) -> Result<http::Response<Body>, AttemptFailure> {
        let is_rejection = || ErrorBody::read(&response.body().bytes()).is_some_and(|body| body.is_rejection());
        if response.status().is_redirection() || response.status().is_success() && !is_rejection() {
            return Ok(response);
        }
        let received = self.redacted(to_received(response));
        let details = ErrorDetails::read(received.status, &received.headers, &received.body);
        let class = failure_of_response(received.status, &received.headers, &details);
        let retry_after = match class {
            FailureClass::Throttled | FailureClass::Busy | FailureClass::Ambiguous => {
                retry_after_of(&received.headers, &details, self.client.clock.system_time())
            }
            FailureClass::NotSent | FailureClass::Permanent => None,
        };
        Err(AttemptFailure { error: Error::from_response(received), class, retry_after })
    }

    /// Returns a response without the secrets of the call, in case the server repeats them.
    pub(super) fn redacted(&self, received: Received) -> Received {
        received.redacted(&self.redaction())
    }

    /// Names the server, and the proxy on the way to it.
    fn route(&self) -> String {
        let url = &self.client.base_url;
        let host = url.host_str().unwrap_or("?");
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let proxy = self.client.proxies.name_for(url).map(|proxy| format!(", through the proxy {proxy}"));
        format!("the server is {host}{port}{}", proxy.unwrap_or_default())
    }
}

/// Reads a body into `bytes`, which keeps what was read if this future is dropped.
async fn read(body: &mut Body, bytes: &mut BytesMut, max: usize) -> Result<(), BodyError> {
    while let Some(chunk) = body.chunk().await.map_err(BodyError::Truncated)? {
        if bytes.len() + chunk.len() > max {
            return Err(BodyError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(())
}

/// The error of an attempt without a complete response.
enum AttemptError {
    Transport(TransportError),
    /// No response arrived in time.
    TimedOut,
    /// The head and a part of the body of a success arrived.
    Body(Box<Received>, BodyError),
}

/// The error of a body that was not read to its end.
enum BodyError {
    Truncated(TransportError),
    Stalled,
    TooLarge,
}

impl ErrorType for AttemptError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::TimedOut | Self::Body(_, BodyError::Stalled) => "timeout",
            _ => "connection",
        }
    }
}

/// Returns the status, headers and bytes of a response that was read to its end.
pub(super) fn to_received(response: http::Response<Body>) -> Received {
    let (head, body) = response.into_parts();
    Received { status: head.status, headers: head.headers, body: body.into_bytes() }
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned)
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let content_type = headers.get(http::header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}
