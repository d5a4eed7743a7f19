//! Observations of clients, which the oracle compares with the state of the emulator.

use pictify::{Attempt, AttemptOutcome, Error, ErrorKind, Response, Result};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Outcome of a call as its client observes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Observed {
    /// The service did not do it.
    Failed,
    /// The outcome is unknown, or the caller has dropped the call.
    Unknown,
    /// The service did it.
    Done,
}

impl Observed {
    pub fn of<T>(result: &Result<T>) -> Self {
        match result {
            Ok(_) => Self::Done,
            // A successful response that cannot be decoded is a success.
            Err(error) if error.kind() == ErrorKind::Decode => Self::Done,
            Err(error) if error.outcome_unknown() => Self::Unknown,
            Err(_) => Self::Failed,
        }
    }
}

/// Returns the idempotency key of a call.
pub fn key<T>(result: &Result<Response<T>>) -> Option<String> {
    let key = match result {
        Ok(response) => response.meta.idempotency_key.as_ref(),
        Err(error) => error.idempotency_key(),
    };
    key.map(|key| key.as_str().to_owned())
}

/// Returns the sum of the delays between the attempts of a call.
pub fn total_delay<T>(result: &Result<Response<T>>) -> Duration {
    match result {
        Ok(response) => sum_of_delays(&response.meta.attempts),
        Err(error) => sum_of_delays(error.attempts()),
    }
}

/// Returns the sum of the delays before a call failed.
pub fn delays_before_error(error: &Error) -> Duration {
    sum_of_delays(error.attempts())
}

fn sum_of_delays(attempts: &[Attempt]) -> Duration {
    attempts.iter().map(|attempt| attempt.delay).sum()
}

/// Status of a busy service.
const BUSY: u16 = 503;

/// Returns true if the service rejected each attempt of a call before the work. A 503 whose body does not say that nothing
/// was done may come after the work; no client may send a billed call again after it, so only the last attempt can be one.
pub fn is_rejected<T>(result: &Result<T>) -> bool {
    let Err(error) = result else { return false };
    let is_explained = error.status().is_none_or(|status| status.as_u16() != BUSY)
        || error.body().is_some_and(|body| String::from_utf8_lossy(body).contains("\"retriable\":true"));
    let is_rejection = |attempt: &Attempt| match &attempt.outcome {
        AttemptOutcome::Response(status) => status.is_client_error() || status.as_u16() == BUSY,
        outcome => matches!(outcome, AttemptOutcome::NotSent(_)),
    };
    is_explained && !error.attempts().is_empty() && error.attempts().iter().all(is_rejection)
}

/// Requested render: by one caller, or by several that share it.
#[derive(Clone, Debug)]
pub struct Render {
    pub number: u64,
    pub what: &'static str,
    /// Number of renders that are billed for it.
    pub renders: u64,
    /// Outcome that each caller observed, with the idempotency key that it got. The first caller sends the request, the
    /// others join it.
    pub observed: Vec<(Observed, String)>,
    /// True if the service rejected each attempt before the work, so that the outcome is known.
    pub is_rejected: bool,
    /// Further observations if it is a batch.
    pub batch: Option<BatchRecord>,
}

/// Batch that an actor created.
#[derive(Clone, Debug, Default)]
pub struct BatchRecord {
    /// ID, if the client got it.
    pub id: Option<String>,
    pub is_cancel_sent: bool,
    /// True if the client reports that the batch is cancelled.
    pub is_cancelled: bool,
    /// Number of rendered rows that the client reports.
    pub rendered: u64,
}

impl Render {
    /// Creates a record of one caller.
    pub fn new<T>(number: u64, what: &'static str, renders: u64, result: &Result<Response<T>>) -> Self {
        let observed = vec![(Observed::of(result), key(result).unwrap_or_default())];
        Self { number, what, renders, observed, is_rejected: is_rejected(result), batch: None }
    }

    /// Returns the outcome that the caller who sent the request observed.
    pub fn outcome(&self) -> Observed {
        self.observed.first().map_or(Observed::Failed, |(observed, _)| *observed)
    }

    /// Returns the first outcome of a caller that joined which contradicts the outcome of the request. A caller that joined
    /// may give up earlier; then its outcome is unknown.
    pub fn contradicting_joiner(&self) -> Option<Observed> {
        let outcomes = self.observed.iter().map(|(observed, _)| *observed);
        outcomes.skip(1).find(|observed| *observed != self.outcome() && *observed != Observed::Unknown)
    }

    /// Returns the idempotency keys that the callers got, each once.
    pub fn keys(&self) -> BTreeSet<&str> {
        self.observed.iter().map(|(_, key)| key.as_str()).filter(|key| !key.is_empty()).collect()
    }

    /// Returns true if the caller has dropped the call, perhaps before it was sent.
    pub fn is_dropped(&self) -> bool {
        self.what == DROPPED && self.outcome() == Observed::Unknown
    }
}

/// Kind of the calls whose caller drops them.
pub const DROPPED: &str = "dropped image";

/// Template that an actor tried to create.
#[derive(Clone, Debug)]
pub struct TemplateRecord {
    pub name: String,
    pub created: Observed,
    pub deleted: Option<Observed>,
}

/// All observations of an actor.
#[derive(Clone, Debug, Default)]
pub struct ActorLog {
    pub renders: Vec<Render>,
    pub templates: Vec<TemplateRecord>,
    /// ID of the template of the actor.
    pub template: String,
    /// ID of another template with the same content.
    pub other_template: String,
    /// Names that the template of the actor may have.
    pub names: Vec<String>,
    /// Number of spent renders that the client reports.
    pub spent: u64,
    /// Violations that the actor found itself.
    pub findings: Vec<String>,
    /// Number of calls of each kind.
    pub count: BTreeMap<&'static str, u64>,
}
