//! The attempt loop: what stands between a generated method and the network.

use super::{Answer, Attempt, AttemptOutcome, CallOptions, Deadline, Meta, RateLimit};
use crate::{
    DriftReport, Error, ErrorKind, IdempotencyKey, Operation, Result, RetryPolicy,
    client::Shared,
    error::{ErrorDetails, Received},
    flight::Route,
    observe::AttemptReport,
    race::{TimedOut, within},
    retry::{Failure, Verdict, failure_of_answer, stated_delay, verdict},
    spend::Payment,
    trace,
    wire::NotAnswered,
};
use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use pictify_api::{
    Body, BoxError, BoxFuture, Drift, Operation as OperationInfo, Response, ResponseValue, Safety, Transport,
};
use reqwest::{
    Request, StatusCode,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

/// Sends an operation by its generated method, with the attempt loop as the transport below it.
pub(super) async fn send<O: Operation>(
    shared: &Arc<Shared>,
    operation: &O,
    options: CallOptions,
) -> Result<Answer<O::Output>> {
    let attempts = Arc::new(Attempts::new(shared.clone(), &O::INFO, operation.renders(), options));
    let prefix = crate::base_url::as_prefix(&shared.base_url);
    let api = pictify_api::Client::with_transport(prefix, shared.http.clone(), Arc::new(Way(attempts.clone())));
    let result = trace::call(&O::INFO, &shared.base_url, operation.send(&api)).await;
    attempts.conclude(result, &O::INFO)
}

/// One logical call: its options, its deadline and the history of its attempts.
pub(crate) struct Attempts {
    shared: Arc<Shared>,
    policy: RetryPolicy,
    /// How many renders it bills, as far as is known.
    renders: u64,
    /// When the whole call ends.
    deadline: Deadline,
    attempt_timeout: Duration,
    idempotency_key: Option<IdempotencyKey>,
    headers: HeaderMap,
    /// Whether an identical call at the same time may stand for it.
    shareable: bool,
    history: Mutex<Vec<Attempt>>,
    /// The identical call that stood for it.
    stood_in: OnceLock<Arc<Attempts>>,
}

/// What came of a call that others may have joined.
#[derive(Clone)]
pub(crate) struct Landed {
    by: Arc<Attempts>,
    result: Result<(StatusCode, HeaderMap, Bytes)>,
}

/// An attempt that failed, and what it may have done.
struct Failed {
    error: Error,
    failure: Failure,
    stated: Option<Duration>,
}

impl Attempts {
    fn new(shared: Arc<Shared>, info: &OperationInfo, renders: u64, options: CallOptions) -> Self {
        let timeout = options.timeout.or(shared.timeout).unwrap_or(info.timeout * 2);
        let end = Deadline::after(timeout, &*shared.clock);
        // A call that was given its own key or headers is meant to be told apart.
        let plain = options.idempotency_key.is_none() && options.headers.is_empty();
        let shareable = plain && options.single_flight.unwrap_or(shared.single_flight);
        let idempotency_key = options
            .idempotency_key
            .or_else(|| (info.method == "POST" && !is_read_only(info)).then(IdempotencyKey::random));
        Self {
            policy: options.retry.unwrap_or_else(|| shared.retry.clone()),
            renders,
            deadline: options.deadline.map_or(end, |deadline| deadline.min(end)),
            attempt_timeout: options.attempt_timeout.unwrap_or(info.timeout),
            idempotency_key,
            headers: options.headers,
            shareable: shareable && info.safety == Safety::Billed && !info.events,
            history: Mutex::default(),
            stood_in: OnceLock::new(),
            shared,
        }
    }

    /// Joins an identical call that is under way, or begins it.
    async fn fly(self: &Arc<Self>, request: Request, info: &'static OperationInfo) -> Result<Response> {
        let body = request.body().and_then(reqwest::Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default();
        let route = Route { operation: info.id, url: request.url().to_string(), body };
        let by = self.clone();
        let begin = || -> BoxFuture<'static, Landed> {
            Box::pin(async move {
                // A panic, as of a hook, would leave those who have joined waiting for what never comes.
                let result = AssertUnwindSafe(by.pay_and_run(request, info)).catch_unwind().await;
                let result = result.unwrap_or_else(|_| Err(panicked())).map(|response| {
                    let Received { status, headers, body } = received(response.status, response.headers, response.body);
                    (status, headers, body)
                });
                Landed { by, result }
            })
        };
        let flight = self.shared.flights.join(route, begin);
        let Ok(Landed { by, result }) = within(&*self.shared.clock, self.time_left(), flight).await else {
            let text = format!("the identical call that this one joined did not end within {}", self.deadline_text());
            return Err(Error::new(ErrorKind::Timeout, text).with_outcome(true, false));
        };
        if !Arc::ptr_eq(&by, self) {
            // Set once, here.
            let _ = self.stood_in.set(by);
        }
        result.map(|(status, headers, body)| Response::new(status, headers, body))
    }

    /// Tries within the spending limit.
    async fn pay_and_run(&self, request: Request, info: &OperationInfo) -> Result<Response> {
        if info.safety != Safety::Billed {
            return self.run(request, info, None).await;
        }
        let mut payment = self.shared.purse.take(self.renders)?;
        let result = self.run(request, info, Some(&mut payment)).await;
        match &result {
            Err(error) if !error.outcome_unknown() => payment.give_back(),
            _ => drop(payment),
        }
        result
    }

    /// Tries until an answer comes that is not worth another try, and returns that, or fails.
    async fn run(&self, request: Request, info: &OperationInfo, mut payment: Option<&mut Payment>) -> Result<Response> {
        let mut request = request;
        self.dress(&mut request, info)?;
        let mut waited = Duration::ZERO;
        // Once an attempt may have been done, a later refusal does not make the outcome known.
        let mut may_have_been_done = false;
        loop {
            self.turn().await.map_err(|error| {
                let unknown = may_have_been_done && !crate::retry::harmless(info.safety);
                error.with_outcome(unknown, !unknown)
            })?;
            if self.time_left().is_zero() {
                let unknown = may_have_been_done && !crate::retry::harmless(info.safety);
                let text = format!("not sent: the time for {} is over", self.deadline_text());
                return Err(Error::new(ErrorKind::Timeout, text).with_outcome(unknown, !unknown));
            }
            let attempt =
                request.try_clone().ok_or_else(|| Error::config("the request's body cannot be sent twice"))?;
            let failed = match self.attempt(attempt, waited, info).await {
                Ok(response) => {
                    self.shared.budget.refund();
                    self.learn(&response.headers, None);
                    self.report(info, &response.headers, None);
                    return Ok(response);
                }
                Err(failed) => failed,
            };
            // What an earlier attempt has deleted or started is not there any more, or cannot be started again.
            let maybe_by_us = may_have_been_done
                && info.safety != Safety::ReadOnly
                && matches!(failed.error.kind(), ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Gone);
            may_have_been_done |= failed.failure == Failure::Ambiguous;
            let unknown = maybe_by_us || may_have_been_done && !crate::retry::harmless(info.safety);
            let headers = failed.error.headers().cloned().unwrap_or_default();
            self.learn(&headers, failed.stated.filter(|_| failed.error.kind() == ErrorKind::RateLimited));
            match self.next(&failed, info, payment.as_deref_mut()) {
                Next::Wait(wait) => {
                    self.report(info, &headers, Some(wait));
                    self.shared.clock.sleep(wait).await;
                    waited = wait;
                }
                Next::Stop { why, retryable } => {
                    self.report(info, &headers, None);
                    let error =
                        failed.error.with_retry_after(failed.stated).with_outcome(unknown, retryable && !unknown);
                    return Err(if let Some(why) = why { error.explain(&why) } else { error });
                }
            }
        }
    }

    /// Waits for a turn, if the client spreads its requests.
    #[cfg(feature = "rate-limit")]
    async fn turn(&self) -> Result<()> {
        match &self.shared.turnstile {
            Some(turnstile) => turnstile.turn(self.time_left()).await,
            None => Ok(()),
        }
    }

    #[cfg(feature = "rate-limit")]
    fn learn(&self, headers: &HeaderMap, refused_for: Option<Duration>) {
        if let Some(turnstile) = &self.shared.turnstile {
            turnstile.learn(RateLimit::read(headers), refused_for);
        }
    }

    #[cfg(not(feature = "rate-limit"))]
    #[allow(clippy::unused_async, clippy::unused_self, reason = "it stands for what the feature does")]
    async fn turn(&self) -> Result<()> {
        Ok(())
    }

    #[cfg(not(feature = "rate-limit"))]
    #[allow(clippy::unused_self, reason = "it stands for what the feature does")]
    fn learn(&self, _headers: &HeaderMap, _refused_for: Option<Duration>) {}

    /// Shows the last attempt to who wants to see it.
    fn report(&self, info: &OperationInfo, headers: &HeaderMap, next_in: Option<Duration>) {
        let Some(hook) = &self.shared.on_attempt else { return };
        let history = self.lock_history().clone();
        if let Some(attempt) = history.last() {
            let rate_limit = RateLimit::read(headers);
            hook.get()(&AttemptReport { operation: info, number: history.len(), attempt, rate_limit, next_in });
        }
    }

    /// What follows from a failed attempt.
    fn next(&self, failed: &Failed, info: &OperationInfo, payment: Option<&mut Payment>) -> Next {
        match verdict(failed.failure, info.safety, self.policy.accepts_double_billing()) {
            Verdict::Stop | Verdict::StopOutcomeUnknown => return Next::stop(None, false),
            Verdict::Retry => {}
        }
        let made = u32::try_from(self.lock_history().len()).unwrap_or(u32::MAX);
        if made >= self.policy.attempts() {
            return Next::stop(None, true);
        }
        let wait = match self.policy.wait(made, failed.stated, self.shared.clock.random()) {
            Ok(wait) => wait,
            Err(stated) => {
                let seconds = stated.as_secs_f64();
                return Next::stop(Some(format!("the service asks to wait {seconds} s, longer than allowed")), true);
            }
        };
        let left = self.time_left();
        if wait >= left {
            return Next::stop(Some(format!("the next attempt would be too late for {}", self.deadline_text())), true);
        }
        // A refusal that says when to come back is no failure, and the wait keeps the service from harm.
        let told = failed.failure == Failure::Rejected && failed.stated.is_some_and(|stated| !stated.is_zero());
        if !told && !self.shared.budget.take() {
            return Next::stop(Some("not retried: too many calls fail".to_owned()), true);
        }
        if let (Some(payment), Failure::Ambiguous) = (payment, failed.failure) {
            if let Err(why) = payment.again(self.renders) {
                return Next::stop(Some(format!("not retried: {why}")), false);
            }
        }
        Next::Wait(wait)
    }

    /// Makes one attempt and remembers it.
    async fn attempt(&self, request: Request, waited: Duration, info: &OperationInfo) -> Result<Response, Failed> {
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
                        (AttemptOutcome::Broken(text), Failure::Ambiguous, error.with_received(*received))
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
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= self.shared.answer_limit => {
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
    fn without_key(&self, received: Received) -> Received {
        Received { body: self.shared.key.redact(received.body), ..received }
    }

    /// Puts on what every attempt carries.
    fn dress(&self, request: &mut Request, info: &OperationInfo) -> Result<()> {
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

    /// Turns what the generated method returned into what the caller gets.
    fn conclude<T: Drift>(
        &self,
        result: Result<ResponseValue<T>, pictify_api::Error>,
        info: &OperationInfo,
    ) -> Result<Answer<T>> {
        let by = self.stood_in.get().map_or(self, |by| by);
        let attempts = by.lock_history().clone();
        let idempotency_key = by.idempotency_key.clone();
        let shared = self.stood_in.get().is_some();
        let error = match result {
            Ok(ResponseValue { value, status, headers, body, .. }) => {
                let received = || self.without_key(Received { status, headers: headers.clone(), body: body.clone() });
                if let Err(error) = self.watch(&value, received, info) {
                    return Err(error.with_operation(info).with_attempts(attempts, idempotency_key));
                }
                return Ok(Answer { value, meta: Meta { status, headers, body, attempts, idempotency_key, shared } });
            }
            Err(pictify_api::Error::Transport(error)) => unbox(error),
            Err(pictify_api::Error::Status(response)) => {
                // "See other" is what is said when something was done; and an earlier attempt may have done it.
                let unknown = !crate::retry::harmless(info.safety)
                    && (response.status == StatusCode::SEE_OTHER
                        || by.policy.accepts_double_billing() && attempts.len() > 1);
                let received = received(response.status, response.headers, response.body);
                let error = unexpected_status(self.without_key(received));
                error.with_outcome(unknown, false)
            }
            Err(pictify_api::Error::Decode { response, source, .. }) => {
                let received = received(response.status, response.headers, response.body);
                Error::decode(self.without_key(received), source)
            }
            Err(pictify_api::Error::PathSegment(segment)) => {
                Error::invalid_field("id", format!("`{segment}` cannot be an identifier"))
            }
            Err(pictify_api::Error::Request(error)) => {
                Error::new(ErrorKind::Validation, "the request cannot be built").with_source(error)
            }
            Err(other) => Error::new(ErrorKind::Transport, other.to_string()).with_source(other),
        };
        Err(error.with_operation(info).with_attempts(attempts, idempotency_key))
    }

    /// Holds an answer against the document, for whoever wants to know.
    fn watch(&self, value: &impl Drift, received: impl FnOnce() -> Received, info: &OperationInfo) -> Result<()> {
        let (on_drift, strict) = (&self.shared.on_drift, self.shared.strict);
        if on_drift.is_none() && !strict {
            return Ok(());
        }
        let findings = value.findings();
        if findings.is_empty() {
            return Ok(());
        }
        let received = received();
        if let Some(hook) = on_drift {
            let request_id = received.headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
            hook.get()(&DriftReport { operation: info.id, findings: findings.clone(), request_id });
        }
        if strict {
            return Err(Error::new(ErrorKind::Drift, findings.to_string()).with_received(received));
        }
        Ok(())
    }

    fn time_left(&self) -> Duration {
        self.deadline.left(&*self.shared.clock)
    }

    fn deadline_text(&self) -> String {
        format!("the call's {} s", self.deadline.total().as_secs_f64())
    }

    fn host(&self) -> String {
        let url = &self.shared.base_url;
        let host = url.host_str().unwrap_or("?");
        url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    fn lock_history(&self) -> std::sync::MutexGuard<'_, Vec<Attempt>> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The transport of one call.
struct Way(Arc<Attempts>);

impl Transport for Way {
    fn send<'a>(&'a self, request: Request, info: &'static OperationInfo) -> BoxFuture<'a, Result<Response, BoxError>> {
        Box::pin(async move {
            let Self(call) = self;
            let result =
                if call.shareable { call.fly(request, info).await } else { call.pay_and_run(request, info).await };
            result.map_err(BoxError::from)
        })
    }
}

enum Next {
    Wait(Duration),
    Stop { why: Option<String>, retryable: bool },
}

impl Next {
    fn stop(why: Option<String>, retryable: bool) -> Self {
        Self::Stop { why, retryable }
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

fn panicked() -> Error {
    Error::new(ErrorKind::Transport, "the call has panicked, maybe in a hook").with_outcome(true, false)
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned)
}

fn is_read_only(info: &OperationInfo) -> bool {
    info.safety == Safety::ReadOnly
}

fn is_event_stream(response: &reqwest::Response) -> bool {
    let content_type = response.headers().get(reqwest::header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/event-stream"))
}

fn received(status: StatusCode, headers: HeaderMap, body: Body) -> Received {
    let body = match body {
        Body::Full(body) => body,
        _ => Bytes::new(),
    };
    Received { status, headers, body }
}

fn unexpected_status(received: Received) -> Error {
    if !received.status.is_redirection() {
        return Error::answered(received);
    }
    let to = received.headers.get(reqwest::header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
    // A query may hold a token.
    let to = to.split(['?', '#']).next().unwrap_or_default();
    let text = format!("the server redirects to {to}; calls do not follow, set the base URL to where the API is");
    Error::new(ErrorKind::Redirect, text).with_received(received)
}

fn unbox(error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(other) => Error::new(ErrorKind::Transport, other.to_string()).with_source(other),
    }
}
