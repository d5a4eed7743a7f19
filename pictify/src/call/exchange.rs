//! One attempt: what goes out, what comes back, and what it may have done.

use super::{Attempt, AttemptOutcome, attempts::Attempts};
use crate::{
    Error, ErrorKind, Result,
    error::{ErrorDetails, Received},
    race::{TimedOut, within},
    retry::{Failure, failure_of_answer, stated_delay},
    trace,
    wire::NotAnswered,
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
const REFUSAL_LIMIT: usize = 1024 * 1024;

/// An attempt that failed, and what it may have done.
pub(super) struct Failed {
    pub(super) error: Error,
    pub(super) failure: Failure,
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
        let result = match trace::attempt(info, number, within(clock, limit, self.exchange(request, info))).await {
            Ok(result) => result,
            Err(TimedOut) => Err(Broken::TimedOut),
        };
        let took = clock.now().saturating_duration_since(started);
        let remember = |outcome, request_id| {
            self.lock_history().push(Attempt { waited, took, outcome, request_id });
        };
        match result {
            Ok(response) => {
                remember(AttemptOutcome::Answered(response.status), request_id(&response.headers));
                self.judge(response)
            }
            Err(broken) => {
                let mut id = None;
                let (outcome, failure, error) = match broken {
                    Broken::TimedOut => {
                        let text = format!("no answer within {} s", limit.as_secs_f64());
                        (AttemptOutcome::TimedOut, Failure::Ambiguous, Error::new(ErrorKind::Timeout, text))
                    }
                    Broken::Network(source) => {
                        let error = Error::from_network(source).explain(&format!("the server is {}", self.host()));
                        let text = error.message().to_owned();
                        if error.kind() == ErrorKind::Connect {
                            (AttemptOutcome::NotSent(text), Failure::NotSent, error)
                        } else {
                            (AttemptOutcome::Broken(text), Failure::Ambiguous, error)
                        }
                    }
                    Broken::Cut(received, source) => {
                        let error = Error::from_network(source).explain(&format!("the server is {}", self.host()));
                        let text = error.message().to_owned();
                        id = request_id(&received.headers);
                        (
                            AttemptOutcome::Broken(text),
                            Failure::Ambiguous,
                            error.with_received(self.without_key(*received)),
                        )
                    }
                    #[cfg(feature = "testing")]
                    Broken::NotRecorded(error) => {
                        (AttemptOutcome::NotSent(error.message().to_owned()), Failure::Refused, error)
                    }
                    Broken::TooLarge => {
                        let text = format!("the answer is larger than {} bytes", self.shared.answer_limit);
                        let error = Error::new(ErrorKind::TooLarge, text.clone());
                        (AttemptOutcome::Broken(text), Failure::Ambiguous, error)
                    }
                };
                remember(outcome, id);
                Err(Failed { error, failure, stated: None })
            }
        }
    }

    /// Sends a request and reads the whole answer, unless the answer is a stream.
    async fn exchange(&self, request: Request, info: &OperationInfo) -> Result<Response, Broken> {
        let mut response = self.shared.call(request).await.map_err(|why| match why {
            NotAnswered::Network(error) => Broken::Network(error),
            #[cfg(feature = "testing")]
            NotAnswered::NotRecorded(_) => Broken::NotRecorded(why.into()),
        })?;
        if info.events && is_event_stream(&response) && response.status().is_success() {
            return Ok(Response::streaming(response));
        }
        let status = response.status();
        let limit = if status.is_success() { self.shared.answer_limit } else { REFUSAL_LIMIT };
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= limit => {
                    body.extend_from_slice(&chunk);
                }
                Ok(None) => break,
                // What is no success says so in its status, whether or not all of its words come.
                _ if !status.is_success() => break,
                Ok(Some(_)) => return Err(Broken::TooLarge),
                Err(error) => {
                    let headers = std::mem::take(response.headers_mut());
                    return Err(Broken::Cut(Box::new(Received { status, headers, body: body.freeze() }), error));
                }
            }
        }
        Ok(Response::new(status, std::mem::take(response.headers_mut()), body.freeze()))
    }

    /// Lets successes and redirects through; the generated method knows which of them it expects.
    fn judge(&self, response: Response) -> Result<Response, Failed> {
        if response.status.is_success() || response.status.is_redirection() {
            return Ok(response);
        }
        let received = self.without_key(received(response.status, response.headers, response.body));
        let details = ErrorDetails::read(received.status, &received.headers, &received.body);
        let failure = failure_of_answer(received.status, &received.headers, &details);
        let stated = match failure {
            Failure::Rejected | Failure::Ambiguous => {
                stated_delay(&received.headers, &details, self.shared.clock.time_of_day())
            }
            Failure::NotSent | Failure::Refused => None,
        };
        Err(Failed { error: Error::answered(received), failure, stated })
    }

    /// What is kept of an answer that becomes an error: without the key, should a server repeat it.
    pub(super) fn without_key(&self, received: Received) -> Received {
        Received { body: self.shared.key.redact(received.body), ..received }
    }

    fn host(&self) -> String {
        let url = &self.shared.base_url;
        let host = url.host_str().unwrap_or("?");
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

/// Why an attempt brought no answer.
enum Broken {
    Network(reqwest::Error),
    /// In the middle of an answer, of which this much came.
    Cut(Box<Received>, reqwest::Error),
    TimedOut,
    TooLarge,
    /// Nor will it: a cassette that has none is replayed.
    #[cfg(feature = "testing")]
    NotRecorded(Error),
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
