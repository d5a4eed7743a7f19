//! The retry loop: attempts until a response comes, or until another attempt must not or cannot help.

use super::{CallOptions, ClientInner, attempt::AttemptFailure, coalesce};
use crate::seconds::seconds;
use crate::{
    ApiKey, ApiRequest, Attempt, Deadline, Error, ErrorKind, IdempotencyKey, Result, RetryPolicy,
    call::Response,
    hooks::AttemptEvent,
    rate_limit::RateLimitStatus,
    redaction::{Redaction, SecretPattern},
    retry::{FailureClass, MAX_RETRIES_WHILE_BUSY, RetryDecision, decide, is_idempotent},
    spend_limit::SpendPermit,
    timeout::{Elapsed, timeout},
    trace,
    transport::{Body, SendProgress},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use pictify_api::{OperationInfo, RetrySafety};
use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

/// Sends a request and returns the decoded response.
pub(crate) async fn send<R: ApiRequest>(
    client: &Arc<ClientInner>,
    request: &R,
    options: CallOptions,
) -> Result<Response<R::Response>> {
    let prepared = options
        .check()
        .and_then(|()| request.check())
        .and_then(|()| request.prepare(crate::base_url::as_prefix(&client.base_url)))
        .map_err(|error| error.with_operation(&R::OPERATION))?;
    let state = Arc::new(CallState::new(client.clone(), &R::OPERATION, request.renders(), options));
    trace::call(&R::OPERATION, &client.base_url, async {
        let received = if state.is_shareable {
            coalesce::send(&state, prepared.http).await
        } else {
            state.run_within_spend_limit(prepared.http).await
        };
        state.finish(received, prepared.decoder)
    })
    .await
}

/// One logical call: its options, its deadline and the history of its attempts.
pub(crate) struct CallState {
    pub(super) client: Arc<ClientInner>,
    pub(super) operation: &'static OperationInfo,
    pub(super) policy: RetryPolicy,
    /// Number of renders that the call bills, as far as is known before it is sent.
    renders: u64,
    /// The end of the whole call.
    deadline: Deadline,
    pub(super) attempt_timeout: Duration,
    pub(super) idempotency_key: Option<IdempotencyKey>,
    pub(super) headers: HeaderMap,
    /// Allows an identical call at the same time to share the response.
    is_shareable: bool,
    /// The keys and other secrets that the call was sent with, to keep them out of errors.
    secrets: Mutex<Redaction>,
    history: Mutex<Vec<Attempt>>,
    /// The identical call whose response this one shares.
    pub(super) leader: OnceLock<Arc<CallState>>,
}

impl CallState {
    fn new(client: Arc<ClientInner>, operation: &'static OperationInfo, renders: u64, options: CallOptions) -> Self {
        let timeout = options.timeout.or(client.timeout).unwrap_or(operation.timeout * 2);
        let end = Deadline::after(timeout, &*client.clock);
        // A call with its own key or headers is meant to be told apart from others.
        let is_plain = options.idempotency_key.is_none() && options.headers.is_empty();
        let is_shareable = is_plain && options.single_flight.unwrap_or(client.single_flight);
        let needs_key = operation.method == "POST" && operation.safety != RetrySafety::ReadOnly;
        let idempotency_key = options.idempotency_key.or_else(|| needs_key.then(IdempotencyKey::random));
        Self {
            policy: options.retry.unwrap_or_else(|| client.retry.clone()),
            renders,
            deadline: options.deadline.map_or(end, |deadline| deadline.min(end)),
            attempt_timeout: options.attempt_timeout.unwrap_or(operation.timeout),
            idempotency_key,
            headers: options.headers,
            is_shareable: is_shareable && operation.safety == RetrySafety::Billed && !operation.events,
            secrets: Mutex::default(),
            history: Mutex::default(),
            leader: OnceLock::new(),
            operation,
            client,
        }
    }

    /// Runs the loop within the spending limit.
    pub(super) async fn run_within_spend_limit(&self, request: http::Request<Bytes>) -> Result<http::Response<Body>> {
        if self.operation.safety != RetrySafety::Billed {
            return self.run(request, None).await;
        }
        let mut permit = self.client.spend.reserve(self.renders)?;
        self.run(request, Some(&mut permit)).await
    }

    /// Sends attempts until one succeeds, or another one is not allowed or of no use.
    async fn run(
        &self,
        request: http::Request<Bytes>,
        mut permit: Option<&mut SpendPermit>,
    ) -> Result<http::Response<Body>> {
        let safety = self.operation.safety;
        self.remember_secrets(&request);
        let mut key = if self.operation.needs_key { Some(self.current_key().await?) } else { None };
        let mut is_key_replaced = false;
        let mut delay = Duration::ZERO;
        // Once an attempt may have succeeded, a later rejection does not make the outcome known.
        let mut may_have_succeeded = false;
        let mut retries_while_busy = 0;
        let is_unknown = |may_have_succeeded: bool| may_have_succeeded && !is_idempotent(safety);
        loop {
            let unknown = is_unknown(may_have_succeeded);
            self.acquire_rate_limit().await.map_err(|error| error.with_outcome(unknown, !unknown))?;
            let connection = timeout(&*self.client.clock, self.time_left(), self.client.connections.for_call()).await;
            let connection = connection.map_err(|Elapsed| {
                let text = format!("not sent: no connection was free within {}", self.deadline_text());
                Error::new(ErrorKind::Timeout, text).with_outcome(unknown, !unknown)
            })?;
            if self.time_left().is_zero() {
                let text = format!("not sent: the time for {} is over", self.deadline_text());
                return Err(Error::new(ErrorKind::Timeout, text).with_outcome(unknown, !unknown));
            }
            let mut attempt = self.apply_headers(&request, key.as_ref())?;
            let progress = SendProgress::default();
            attempt.extensions_mut().insert(progress.clone());
            if let Some(permit) = permit.as_deref_mut() {
                permit.start_attempt(progress.clone());
            }
            let result = self.attempt(attempt, delay, connection, &progress).await;
            if let Some(permit) = permit.as_deref_mut() {
                permit.end_attempt(match &result {
                    // Of the redirects, only "See Other" means that something was done.
                    Ok(response) => !response.status().is_redirection() || response.status() == StatusCode::SEE_OTHER,
                    Err(failed) => failed.class == FailureClass::Ambiguous,
                });
            }
            let failed = match result {
                Ok(response) => {
                    self.client.budget.refund();
                    self.update_rate_limit(response.headers(), None);
                    self.emit_attempt_event(response.headers(), None);
                    return Ok(response);
                }
                Err(failed) => failed,
            };
            let is_unauthorized = failed.error.kind() == ErrorKind::Authentication;
            // An earlier attempt may have deleted or started what is now gone or cannot be started again.
            let maybe_by_us = may_have_succeeded
                && safety != RetrySafety::ReadOnly
                && matches!(failed.error.kind(), ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Gone);
            may_have_succeeded |= failed.class == FailureClass::Ambiguous;
            let unknown = maybe_by_us || is_unknown(may_have_succeeded);
            let headers = failed.error.headers().cloned().unwrap_or_default();
            let blocked_for = failed.retry_after.filter(|_| failed.error.kind() == ErrorKind::RateLimited);
            self.update_rate_limit(&headers, blocked_for);
            if let (true, false, Some(rejected)) = (is_unauthorized, is_key_replaced, &key) {
                if let Some(replacement) = self.replacement_key(rejected).await {
                    self.emit_attempt_event(&headers, Some(Duration::ZERO));
                    (key, is_key_replaced, delay) = (Some(replacement), true, Duration::ZERO);
                    continue;
                }
            }
            match self.next(&failed, &mut retries_while_busy, permit.as_deref_mut()) {
                Next::Retry(wait) => {
                    self.emit_attempt_event(&headers, Some(wait));
                    self.client.clock.sleep(wait).await;
                    delay = wait;
                }
                Next::Stop { reason, retryable } => {
                    self.emit_attempt_event(&headers, None);
                    let error = failed.error.with_retry_after(failed.retry_after);
                    let error = error.with_outcome(unknown, retryable && !unknown);
                    return Err(if let Some(reason) = reason { error.with_context(&reason) } else { error });
                }
            }
        }
    }

    async fn current_key(&self) -> Result<ApiKey> {
        let limit = self.time_left();
        let key = timeout(&*self.client.clock, limit, self.client.credentials.current()).await;
        let key = key.unwrap_or_else(|Elapsed| {
            let text = format!("not sent: the credentials did not come within {}", self.deadline_text());
            Err(Error::new(ErrorKind::Timeout, text).with_outcome(false, true))
        })?;
        self.remember_key(&key);
        Ok(key)
    }

    /// Returns another key after a 401. If none comes, the caller gets the 401.
    async fn replacement_key(&self, rejected: &ApiKey) -> Option<ApiKey> {
        let replacement = self.client.credentials.replacement(rejected);
        let key = timeout(&*self.client.clock, self.time_left(), replacement).await.ok()?.ok()??;
        self.remember_key(&key);
        Some(key)
    }

    fn remember_key(&self, key: &ApiKey) {
        self.add_secret(key.pattern());
    }

    fn add_secret(&self, secret: SecretPattern) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).add(secret);
    }

    /// Remembers the secrets that a request has beside the key: in its path and in a header.
    fn remember_secrets(&self, request: &http::Request<Bytes>) {
        if let Some(key) = request.headers().get("x-write-key") {
            self.add_secret(SecretPattern::new(key.as_bytes()));
        }
        let names = self.operation.path.rsplit('/');
        for (_, value) in names.zip(request.uri().path().rsplit('/')).filter(|(name, _)| *name == "{secret}") {
            self.add_secret(SecretPattern::new(value.as_bytes()));
        }
    }

    /// Returns the secrets that the call was sent with, or the call that it has joined.
    pub(super) fn redaction(&self) -> Redaction {
        let state = self.leader.get().map_or(self, |leader| leader);
        state.secrets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the rate limiter lets the request go, if there is one.
    #[cfg(feature = "rate-limit")]
    async fn acquire_rate_limit(&self) -> Result<()> {
        match &self.client.rate_limit_gate {
            Some(gate) => gate.acquire(self.time_left()).await,
            None => Ok(()),
        }
    }

    #[cfg(feature = "rate-limit")]
    fn update_rate_limit(&self, headers: &HeaderMap, blocked_for: Option<Duration>) {
        if let Some(gate) = &self.client.rate_limit_gate {
            let status = RateLimitStatus::read(headers, self.client.clock.system_time());
            gate.update_from_headers(status, blocked_for);
        }
    }

    #[cfg(not(feature = "rate-limit"))]
    #[allow(clippy::unused_async, clippy::unused_self, reason = "the counterpart of the feature's function")]
    async fn acquire_rate_limit(&self) -> Result<()> {
        Ok(())
    }

    #[cfg(not(feature = "rate-limit"))]
    #[allow(clippy::unused_self, reason = "the counterpart of the feature's function")]
    fn update_rate_limit(&self, _headers: &HeaderMap, _blocked_for: Option<Duration>) {}

    /// Calls the hook for the last attempt.
    fn emit_attempt_event(&self, headers: &HeaderMap, retry_in: Option<Duration>) {
        let Some(hook) = &self.client.on_attempt else { return };
        let history = self.lock_history().clone();
        if let Some(attempt) = history.last() {
            let (operation, number) = (self.operation, history.len());
            let rate_limit = RateLimitStatus::read(headers, self.client.clock.system_time());
            hook.get()(&AttemptEvent { operation, number, attempt, rate_limit, retry_in });
        }
    }

    /// Decides what follows a failed attempt.
    fn next(&self, failed: &AttemptFailure, retries_while_busy: &mut u32, permit: Option<&mut SpendPermit>) -> Next {
        match decide(failed.class, self.operation.safety, self.policy.accepts_double_billing()) {
            RetryDecision::Stop | RetryDecision::StopOutcomeUnknown => return Next::stop(None, false),
            RetryDecision::Retry => {}
        }
        let attempts = u32::try_from(self.lock_history().len()).unwrap_or(u32::MAX);
        if attempts >= self.policy.max_attempts() {
            return Next::stop(None, true);
        }
        let is_trusted = is_idempotent(self.operation.safety) || self.policy.accepts_double_billing();
        if failed.class == FailureClass::Busy && !is_trusted {
            if *retries_while_busy == MAX_RETRIES_WHILE_BUSY {
                let reason = format!("not retried: {MAX_RETRIES_WHILE_BUSY} retries have met a busy service");
                return Next::stop(Some(reason), true);
            }
            *retries_while_busy += 1;
        }
        let wait = match self.policy.wait(attempts, failed.retry_after, self.client.jitter.sample()) {
            Ok(wait) => wait,
            Err(stated) => {
                let text = format!("the service asks to wait {}, longer than allowed", seconds(stated));
                return Next::stop(Some(text), true);
            }
        };
        if wait >= self.time_left() {
            let reason = format!("the next attempt would be too late for {}", self.deadline_text());
            return Next::stop(Some(reason), true);
        }
        // A response that states when to come back is not a failure of the service, and the wait protects it.
        let is_rejected = matches!(failed.class, FailureClass::Throttled | FailureClass::Busy)
            || failed.error.status() == Some(StatusCode::SERVICE_UNAVAILABLE);
        let is_throttled = is_rejected && failed.retry_after.is_some_and(|it| !it.is_zero());
        if !is_throttled && !self.client.budget.take() {
            return Next::stop(Some("not retried: too many calls fail".to_owned()), true);
        }
        if let (Some(permit), FailureClass::Ambiguous) = (permit, failed.class) {
            if let Err(reason) = permit.reserve_more() {
                return Next::stop(Some(format!("not retried: {reason}")), false);
            }
        }
        Next::Retry(wait)
    }

    pub(super) fn time_left(&self) -> Duration {
        self.deadline.left(&*self.client.clock)
    }

    pub(super) fn deadline_text(&self) -> String {
        format!("the call's {}", seconds(self.deadline.total()))
    }

    pub(super) fn lock_history(&self) -> std::sync::MutexGuard<'_, Vec<Attempt>> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The step after a failed attempt.
enum Next {
    Retry(Duration),
    Stop { reason: Option<String>, retryable: bool },
}

impl Next {
    fn stop(reason: Option<String>, retryable: bool) -> Self {
        Self::Stop { reason, retryable }
    }
}
