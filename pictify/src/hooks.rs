//! Hooks that observe every attempt.

use crate::{Attempt, rate_limit::RateLimitStatus, schema_mismatch::SchemaMismatchReport};
use pictify_api::OperationInfo;
use std::{fmt, sync::Arc, time::Duration};

/// One attempt of a call, passed to [`ClientBuilder::on_attempt`](crate::ClientBuilder::on_attempt). It contains no API
/// key, no HTML and no URL.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttemptEvent<'a> {
    /// Operation: ID, method, path, retry safety.
    pub operation: &'a OperationInfo,
    /// Number of the attempt within its call, from 1.
    pub number: usize,
    /// Duration and outcome of the attempt.
    pub attempt: &'a Attempt,
    /// Rate limit that the response states, if it does.
    pub rate_limit: Option<RateLimitStatus>,
    /// Delay before the next attempt; `None` if there is none.
    pub retry_in: Option<Duration>,
}

/// Callback for the reports of one kind.
#[derive(Clone)]
pub(crate) struct Hook<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Hook<T> {
    pub(crate) fn new(hook: Arc<T>) -> Self {
        Self(hook)
    }

    pub(crate) fn get(&self) -> &T {
        &self.0
    }
}

impl<T: ?Sized> fmt::Debug for Hook<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hook")
    }
}

/// Hook for responses that differ from the API document.
pub(crate) type OnSchemaMismatch = Hook<dyn Fn(&SchemaMismatchReport) + Send + Sync>;

/// Hook for attempts.
pub(crate) type OnAttempt = Hook<dyn Fn(&AttemptEvent<'_>) + Send + Sync>;
