//! What is remembered of each attempt.

use reqwest::StatusCode;
use std::time::Duration;

/// One attempt of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// How long the client waited before it.
    pub waited: Duration,
    /// How long it took.
    pub took: Duration,
    /// How it ended.
    pub outcome: AttemptOutcome,
    pub(crate) request_id: Option<String>,
}

impl Attempt {
    /// The service's name for the attempt's request, when its answer had one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// An answer came, whole.
    Response(StatusCode),
    /// It was not sent: no connection came about.
    NotSent(String),
    /// It was sent and no whole answer came; the service may have done what was asked.
    ConnectionLost(String),
    /// No answer came in time; the service may have done what was asked.
    TimedOut,
}
