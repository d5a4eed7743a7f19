//! Record of one attempt.

use crate::redaction::Redaction;
use http::StatusCode;
use std::time::Duration;

/// One attempt of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// Delay before the attempt.
    pub delay: Duration,
    /// Duration of the attempt.
    pub duration: Duration,
    /// Outcome.
    pub outcome: AttemptOutcome,
    pub(crate) request_id: Option<String>,
}

impl Attempt {
    /// Removes secrets.
    pub(crate) fn redact(&mut self, redaction: &Redaction) {
        self.request_id = self.request_id.take().map(|id| redaction.text(id));
        if let AttemptOutcome::NotSent(text) | AttemptOutcome::ConnectionLost(text) = &mut self.outcome {
            *text = redaction.text(std::mem::take(text));
        }
    }

    /// Returns the request ID from the attempt's response, if it has one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

/// Outcome of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptOutcome {
    /// A complete response arrived.
    Response(StatusCode),
    /// Nothing was sent, because no connection was made.
    NotSent(String),
    /// The connection was lost before a complete response arrived; the request may have taken effect.
    ConnectionLost(String),
    /// No response arrived in time; the request may have taken effect.
    TimedOut,
}
