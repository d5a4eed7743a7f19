//! The attempt loop: what stands between a generated method and the network.

use super::{Attempt, CallOptions, Deadline, RateLimitStatus, send_attempt::Failed};
use crate::{
    Error, ErrorKind, IdempotencyKey, Operation, Result, RetryPolicy,
    client::ClientInner,
    hooks::AttemptEvent,
    retry::{FailureClass, RetryDecision, decide},
    spend_limit::SpendPermit,
    trace,
};
use pictify_api::{BoxError, BoxFuture, Operation as OperationInfo, Response, Safety, Transport};
use reqwest::{Request, header::HeaderMap};
use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

/// Sends an operation by its generated method, with the attempt loop as the transport below it.
pub(super) async fn send<O: Operation>(
    shared: &Arc<ClientInner>,
    operation: &O,
    options: CallOptions,
) -> Result<super::Response<O::Output>> {
    let attempts = Arc::new(Attempts::new(shared.clone(), &O::INFO, operation.renders(), options));
    let prefix = crate::base_url::as_prefix(&shared.base_url);
    let api = pictify_api::Client::with_transport(prefix, shared.http.clone(), Arc::new(Way(attempts.clone())));
    let result = trace::call(&O::INFO, &shared.base_url, operation.send(&api)).await;
    attempts.conclude(result, &O::INFO)
}

/// One logical call: its options, its deadline and the history of its attempts.
pub(crate) struct Attempts {
    pub(super) shared: Arc<ClientInner>,
    pub(super) policy: RetryPolicy,
    /// How many renders it bills, as far as is known.
    renders: u64,
    /// When the whole call ends.
    deadline: Deadline,
    pub(super) attempt_timeout: Duration,
    pub(super) idempotency_key: Option<IdempotencyKey>,
    pub(super) headers: HeaderMap,
    /// Whether an identical call at the same time may stand for it.
    shareable: bool,
    history: Mutex<Vec<Attempt>>,
    /// The identical call that stood for it.
    pub(super) stood_in: OnceLock<Arc<Attempts>>,
}

impl Attempts {
    fn new(shared: Arc<ClientInner>, info: &OperationInfo, renders: u64, options: CallOptions) -> Self {
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

    /// Tries within the spending limit.
    pub(super) async fn pay_and_run(&self, request: Request, info: &OperationInfo) -> Result<Response> {
        if info.safety != Safety::Billed {
            return self.run(request, info, None).await;
        }
        let mut payment = self.shared.purse.take(self.renders)?;
        let result = self.run(request, info, Some(&mut payment)).await;
        match &result {
            Err(error) if !error.outcome_unknown() => payment.release(),
            _ => drop(payment),
        }
        result
    }

    /// Tries until an answer comes that is not worth another try, and returns that, or fails.
    async fn run(
        &self,
        request: Request,
        info: &OperationInfo,
        mut payment: Option<&mut SpendPermit>,
    ) -> Result<Response> {
        let mut request = request;
        self.dress(&mut request, info)?;
        let mut waited = Duration::ZERO;
        // Once an attempt may have been done, a later refusal does not make the outcome known.
        let mut may_have_been_done = false;
        loop {
            self.turn().await.map_err(|error| {
                let unknown = may_have_been_done && !crate::retry::is_idempotent(info.safety);
                error.with_outcome(unknown, !unknown)
            })?;
            if self.time_left().is_zero() {
                let unknown = may_have_been_done && !crate::retry::is_idempotent(info.safety);
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
            may_have_been_done |= failed.failure == FailureClass::Ambiguous;
            let unknown = maybe_by_us || may_have_been_done && !crate::retry::is_idempotent(info.safety);
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
                    return Err(if let Some(why) = why { error.with_context(&why) } else { error });
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
            turnstile.learn(RateLimitStatus::read(headers), refused_for);
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
    fn report(&self, info: &OperationInfo, headers: &HeaderMap, retry_in: Option<Duration>) {
        let Some(hook) = &self.shared.on_attempt else { return };
        let history = self.lock_history().clone();
        if let Some(attempt) = history.last() {
            let rate_limit = RateLimitStatus::read(headers);
            hook.get()(&AttemptEvent { operation: info, number: history.len(), attempt, rate_limit, retry_in });
        }
    }

    /// What follows from a failed attempt.
    fn next(&self, failed: &Failed, info: &OperationInfo, payment: Option<&mut SpendPermit>) -> Next {
        match decide(failed.failure, info.safety, self.policy.accepts_double_billing()) {
            RetryDecision::Stop | RetryDecision::StopOutcomeUnknown => return Next::stop(None, false),
            RetryDecision::Retry => {}
        }
        let made = u32::try_from(self.lock_history().len()).unwrap_or(u32::MAX);
        if made >= self.policy.max_attempts() {
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
        let told = failed.failure == FailureClass::Throttled && failed.stated.is_some_and(|stated| !stated.is_zero());
        if !told && !self.shared.budget.take() {
            return Next::stop(Some("not retried: too many calls fail".to_owned()), true);
        }
        if let (Some(payment), FailureClass::Ambiguous) = (payment, failed.failure) {
            if let Err(why) = payment.again(self.renders) {
                return Next::stop(Some(format!("not retried: {why}")), false);
            }
        }
        Next::Wait(wait)
    }

    pub(super) fn time_left(&self) -> Duration {
        self.deadline.left(&*self.shared.clock)
    }

    pub(super) fn deadline_text(&self) -> String {
        format!("the call's {} s", self.deadline.total().as_secs_f64())
    }

    pub(super) fn lock_history(&self) -> std::sync::MutexGuard<'_, Vec<Attempt>> {
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

fn is_read_only(info: &OperationInfo) -> bool {
    info.safety == Safety::ReadOnly
}
