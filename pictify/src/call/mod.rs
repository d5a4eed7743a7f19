//! A call: an operation, the options of this one sending of it, and the client that will send it.

mod attempt;
mod coalesce;
mod deadline;
mod finish;
mod response;
mod retry_loop;
mod send_attempt;

pub use attempt::{Attempt, AttemptOutcome};
pub(crate) use coalesce::Landed;
pub use deadline::Deadline;
pub use response::{RateLimitStatus, Response, ResponseMeta};
#[cfg(feature = "tracing")]
pub(crate) use send_attempt::Broken;

use crate::{Client, Error, IdempotencyKey, Operation, Result, RetryPolicy};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::{fmt, time::Duration};

/// A call that is ready to be sent.
///
/// It is a value: the operation is plain data, the options are this call's own, and `C` is the client that will send it,
/// [`Client`] or `blocking::Client`. Setters are the same for both; only `send` differs.
/// Nothing happens before `send`.
#[derive(Clone)]
#[must_use = "a call does nothing before it is sent"]
pub struct Call<O, C> {
    pub(crate) client: C,
    pub(crate) operation: O,
    pub(crate) options: CallOptions,
}

/// The headers that a call cannot set: they are the client's, or the connection's.
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
    timeout: Option<Duration>,
    deadline: Option<Deadline>,
    attempt_timeout: Option<Duration>,
    retry: Option<RetryPolicy>,
    idempotency_key: Option<IdempotencyKey>,
    single_flight: Option<bool>,
    headers: HeaderMap,
    wrong_header: Option<String>,
}

impl CallOptions {
    fn check(&self) -> Result<()> {
        if let Some(name) = &self.wrong_header {
            return Err(Error::invalid_field(name, "is not a header that a call can set"));
        }
        if [self.timeout, self.attempt_timeout].contains(&Some(Duration::ZERO)) {
            return Err(Error::invalid_field("timeout", "must be longer than 0 s"));
        }
        Ok(())
    }
}

impl<O, C> Call<O, C> {
    pub(crate) fn new(client: C, operation: O) -> Self {
        Self { client, operation, options: CallOptions::default() }
    }

    /// How long the whole call may take, waits and retries included.
    ///
    /// By default what [`ClientBuilder::timeout`](crate::ClientBuilder::timeout) says, else twice what the document
    /// gives one attempt of the operation.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// When the call must have ended, beside its timeout: whichever comes first. For work that takes several calls; see
    /// [`Client::deadline`].
    pub fn deadline(mut self, deadline: Deadline) -> Self {
        self.options.deadline = Some(deadline);
        self
    }

    /// How long one attempt may take. By default what the document says of the operation: 30 seconds for most.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.options.attempt_timeout = Some(timeout);
        self
    }

    /// How often and how patiently to try again, in place of the client's policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = Some(policy);
        self
    }

    /// The idempotency key to send, in place of a fresh random one.
    pub fn idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.options.idempotency_key = Some(key);
        self
    }

    /// Whether identical renders at the same time share one call, in place of what
    /// [`ClientBuilder::single_flight`](crate::ClientBuilder::single_flight) says.
    pub fn single_flight(mut self, shared: bool) -> Self {
        self.options.single_flight = Some(shared);
        self
    }

    /// A further header, in place of one of that name. `Authorization`, `Idempotency-Key`, `Content-Type` and what
    /// belongs to the connection, such as `Host`, `Connection` and `Expect`, cannot be set: `send` then fails with
    /// [`Validation`](crate::ErrorKind::Validation).
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) if !RESERVED_HEADERS.contains(&name.as_str()) => {
                self.options.headers.insert(name, value);
            }
            _ => self.options.wrong_header = Some(name.to_owned()),
        }
        self
    }

    /// The operation as plain data.
    pub fn operation(&self) -> &O {
        &self.operation
    }

    /// Gives the operation back, to be stored or sent elsewhere.
    pub fn into_operation(self) -> O {
        self.operation
    }

    /// Changes the operation; the setters of each operation go through it.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut O)) -> Self {
        change(&mut self.operation);
        self
    }
}

impl<O: Operation> Call<O, Client> {
    /// Sends the call and returns what came out.
    ///
    /// # Errors
    /// [`Validation`](crate::ErrorKind::Validation) before anything is sent when the operation is known to be wrong; else
    /// any [`ErrorKind`](crate::ErrorKind) of the network and the service. When
    /// [`outcome_unknown`](Error::outcome_unknown) is true, what was asked may have been done.
    ///
    /// # Cancellation
    /// Dropping the future abandons the attempt under way; the service may still do, and bill, what was asked.
    pub async fn send(self) -> Result<O::Output> {
        self.send_with_response().await.map(Response::into_value)
    }

    /// As [`send`](Self::send), with the status, headers, body, rate limit and attempts beside the value.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn send_with_response(self) -> Result<Response<O::Output>> {
        let Self { client, operation, options } = self;
        options.check().and_then(|()| operation.check()).map_err(|error| error.with_operation(&O::INFO))?;
        retry_loop::send(&client.0, &operation, options).await
    }
}

impl<O: Operation> IntoFuture for Call<O, Client> {
    type Output = Result<O::Output>;
    type IntoFuture = pictify_api::BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<O: fmt::Debug, C> fmt::Debug for Call<O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("operation", &self.operation).finish_non_exhaustive()
    }
}
