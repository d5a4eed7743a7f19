//! Seeing every attempt.

use crate::{Attempt, rate_limit::RateLimitStatus, schema_mismatch::SchemaMismatchReport};
use pictify_api::OperationInfo;
use std::{fmt, sync::Arc, time::Duration};

/// One attempt of a call, as [`ClientBuilder::on_attempt`](crate::ClientBuilder::on_attempt) shows it. There is no key, no
/// HTML and no URL in it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AttemptEvent<'a> {
    /// What was asked: id, method, path, safety.
    pub operation: &'a OperationInfo,
    /// Which attempt of its call it is, from 1.
    pub number: usize,
    /// How it went.
    pub attempt: &'a Attempt,
    /// What the answer said of the rate limit, if it did.
    pub rate_limit: Option<RateLimitStatus>,
    /// How long the client waits before the next attempt, if there is one.
    pub retry_in: Option<Duration>,
}

/// Something that is called with every report of its kind.
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

/// A hook for answers that are not what the document says.
pub(crate) type OnSchemaMismatch = Hook<dyn Fn(&SchemaMismatchReport) + Send + Sync>;

/// A hook for attempts.
pub(crate) type OnAttempt = Hook<dyn Fn(&AttemptEvent<'_>) + Send + Sync>;
