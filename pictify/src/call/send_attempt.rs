//! One attempt: what goes out, what comes back, and what it may have done.

use super::{Attempt, AttemptOutcome, Deadline, retry_loop::Attempts};
use crate::{
    Error, ErrorKind, Result,
    error::{ErrorDetails, Received},
    retry::{FailureClass, failure_of_response, retry_after_of},
    timeout::{TimedOut, within},
    trace,
    transport::NotAnswered,
};
use bytes::{Bytes, BytesMut};
use pictify_api::{Body, Operation as OperationInfo, Response};
use reqwest::{
    Request, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use std::time::Duration;

/// How much of an answer that is no success is read, in bytes: its words are kept in memory by errors, and by what remembers
/// them.
const MAX_ERROR_RESPONSE_BYTES: usize = 1024 * 1024;

/// How long the words of such an answer are waited for: its status has said what counts.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// An attempt that failed, and what it may have done.
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) failure: FailureClass,
    pub(super) stated: Option<Duration>,
}

impl Attempts {
    /// Puts on what every attempt carries.
    pub(super) fn dress(&self, request: &mut Request, info: &OperationInfo) -> Result<()> {
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if info.needs_key {
            headers.insert(AUTHORIZATION, self.shared.key.header());
        }
        if let Some(key) = &self.idempotency_key {
            let value =
                HeaderValue::from_str(key.as_str()).map_err(|_| Error::config("the idempotency key cannot be sent"))?;
            headers.insert("idempotency-key", value);
        }
        Ok(())
    }

    /// Makes one attempt and remembers it.
    pub(super) async fn attempt(
        &self,
        request: Request,
        waited: Duration,
        info: &OperationInfo,
    ) -> Result<Response, Failed> {
        let clock = &*self.shared.clock;
        let started = clock.now();
        let number = self.lock_history().len() + 1;
        let limit = self.attempt_timeout.min(self.time_left());
        let result = trace::attempt(info, number, self.exchange(request, info, limit)).await;
        let took = clock.now().saturating_duration_since(started);
        let remember = |outcome, request_id| {
            self.lock_history().push(Attempt { waited, took, outcome, request_id });
        };
        match result {
            Ok(response) => {
                remember(AttemptOutcome::Response(response.status), request_id(&response.headers));
                self.judge(response)
            }
            Err(broken) => {
                let (outcome, failure, error) = self.broken(broken, limit);
                remember(outcome, error.headers().and_then(request_id));
                Err(Failed { error, failure, stated: None })
            }
        }
    }

    /// What is said of an attempt that brought no whole answer, and what it may have done.
    fn broken(&self, broken: Broken, limit: Duration) -> (AttemptOutcome, FailureClass, Error) {
        let network = |source| {
            let error = Error::from_network(source).with_context(&format!("the server is {}", self.host()));
            (error.message().to_owned(), error)
        };
        match broken {
            Broken::Network(source) => match network(source) {
                (text, error) if error.kind() == ErrorKind::Connect => {
                    (AttemptOutcome::NotSent(text), FailureClass::NotSent, error)
                }
                (text, error) => (AttemptOutcome::ConnectionLost(text), FailureClass::Ambiguous, error),
            },
            Broken::TimedOut => {
                let text = format!("no answer within {} s", limit.as_secs_f64());
                (AttemptOutcome::TimedOut, FailureClass::Ambiguous, Error::new(ErrorKind::Timeout, text))
            }
            Broken::NotWhole(received, why) => {
                let (outcome, error) = match why {
                    NotWhole::Cut(source) => {
                        let (text, error) = network(source);
                        (AttemptOutcome::ConnectionLost(text), error)
                    }
                    NotWhole::TooLarge => {
                        let text = format!("the answer is larger than {} bytes", self.shared.max_response_bytes);
                        (AttemptOutcome::ConnectionLost(text.clone()), Error::new(ErrorKind::TooLarge, text))
                    }
                    NotWhole::Stalled => {
                        let text = format!("the answer did not end within {} s", limit.as_secs_f64());
                        (AttemptOutcome::TimedOut, Error::new(ErrorKind::Timeout, text))
                    }
                };
                (outcome, FailureClass::Ambiguous, error.with_received(self.redacted(*received)))
            }
            #[cfg(feature = "testing")]
            Broken::NotRecorded(error) => {
                (AttemptOutcome::NotSent(error.message().to_owned()), FailureClass::Permanent, error)
            }
        }
    }

    /// Sends a request and reads the whole answer, unless the answer is a stream.
    async fn exchange(&self, request: Request, info: &OperationInfo, limit: Duration) -> Result<Response, Broken> {
        let clock = &*self.shared.clock;
        let deadline = Deadline::after(limit, clock);
        let answer = within(clock, limit, self.shared.call(request)).await.map_err(|TimedOut| Broken::TimedOut)?;
        let mut response = answer.map_err(|why| match why {
            NotAnswered::Network(error) => Broken::Network(error),
            #[cfg(feature = "testing")]
            NotAnswered::NotRecorded(_) => Broken::NotRecorded(why.into()),
        })?;
        let status = response.status();
        if info.events && is_event_stream(&response) && status.is_success() {
            return Ok(Response::streaming(response));
        }
        let (most, patience) = if status.is_success() {
            (self.shared.max_response_bytes, deadline.left(clock))
        } else {
            (MAX_ERROR_RESPONSE_BYTES, deadline.left(clock).min(ERROR_BODY_TIMEOUT))
        };
        let mut body = BytesMut::new();
        let read = within(clock, patience, read(&mut response, &mut body, most)).await;
        let (headers, body) = (std::mem::take(response.headers_mut()), body.freeze());
        let why = match read {
            // What is no success says so in its status, whether or not all of its words come.
            _ if !status.is_success() => return Ok(Response::new(status, headers, body)),
            Ok(Ok(())) => return Ok(Response::new(status, headers, body)),
            Ok(Err(why)) => why,
            Err(TimedOut) => NotWhole::Stalled,
        };
        Err(Broken::NotWhole(Box::new(Received { status, headers, body }), why))
    }

    /// Lets successes and redirects through; the generated method knows which of them it expects.
    fn judge(&self, response: Response) -> Result<Response, Failed> {
        if response.status.is_success() || response.status.is_redirection() {
            return Ok(response);
        }
        let received = self.redacted(received(response.status, response.headers, response.body));
        let details = ErrorDetails::read(received.status, &received.headers, &received.body);
        let failure = failure_of_response(received.status, &received.headers, &details);
        let stated = match failure {
            FailureClass::Throttled | FailureClass::Ambiguous => {
                retry_after_of(&received.headers, &details, self.shared.clock.system_time())
            }
            FailureClass::NotSent | FailureClass::Permanent => None,
        };
        Err(Failed { error: Error::from_response(received), failure, stated })
    }

    /// What is kept of an answer that becomes an error: without the key, should a server repeat it.
    pub(super) fn redacted(&self, received: Received) -> Received {
        Received { body: self.shared.key.redact(received.body), ..received }
    }

    fn host(&self) -> String {
        let url = &self.shared.base_url;
        let host = url.host_str().unwrap_or("?");
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// Reads an answer's words into `body`, where they stay if this is dropped.
async fn read(response: &mut reqwest::Response, body: &mut BytesMut, most: usize) -> Result<(), NotWhole> {
    while let Some(chunk) = response.chunk().await.map_err(NotWhole::Cut)? {
        if body.len() + chunk.len() > most {
            return Err(NotWhole::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(())
}

/// Why an attempt brought no whole answer.
pub(crate) enum Broken {
    Network(reqwest::Error),
    /// The time was over before anything came.
    TimedOut,
    /// This came of a success, and no more.
    NotWhole(Box<Received>, NotWhole),
    /// Nor will it: a cassette that has none is replayed.
    #[cfg(feature = "testing")]
    NotRecorded(Error),
}

/// Why the words of an answer were not read to their end.
pub(crate) enum NotWhole {
    Cut(reqwest::Error),
    Stalled,
    TooLarge,
}

#[cfg(feature = "tracing")]
impl Broken {
    /// Its name for those who watch.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::TimedOut | Self::NotWhole(_, NotWhole::Stalled) => "timeout",
            _ => "connection",
        }
    }
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned)
}

fn is_event_stream(response: &reqwest::Response) -> bool {
    let content_type = response.headers().get(reqwest::header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

pub(super) fn received(status: StatusCode, headers: HeaderMap, body: Body) -> Received {
    let body = match body {
        Body::Full(body) => body,
        _ => Bytes::new(),
    };
    Received { status, headers, body }
}
