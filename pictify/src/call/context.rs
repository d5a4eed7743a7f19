//! The state that all clones of a client share.

use super::coalesce::CoalescedResult;
#[cfg(feature = "rate-limit")]
use crate::rate_limit::RateLimitGate;
use crate::{
    RetryPolicy,
    clock::Clock,
    connection_limit::ConnectionLimit,
    credentials::ClientCredentials,
    hooks::{OnAttempt, OnSchemaMismatch},
    proxies::Proxies,
    retry::{Jitter, RetryBudget},
    single_flight::{InFlightRequests, RequestKey},
    spend_limit::SpendTracker,
    transport::Transport,
};
use std::{sync::Arc, time::Duration};
use url::Url;

/// The settings and the state of a client and all its clones.
pub(crate) struct ClientInner {
    pub(crate) base_url: Url,
    pub(crate) credentials: ClientCredentials,
    pub(crate) user_agent: http::HeaderValue,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) connections: ConnectionLimit,
    /// Proxies of the default transport.
    pub(crate) proxies: Proxies,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) retry: RetryPolicy,
    pub(crate) budget: RetryBudget,
    pub(crate) jitter: Jitter,
    pub(crate) timeout: Option<Duration>,
    pub(crate) max_response_bytes: usize,
    pub(crate) spend: Arc<SpendTracker>,
    #[cfg(feature = "rate-limit")]
    pub(crate) rate_limit_gate: Option<RateLimitGate>,
    pub(crate) single_flight: bool,
    pub(crate) in_flight: InFlightRequests<RequestKey, CoalescedResult>,
    pub(crate) on_attempt: Option<OnAttempt>,
    pub(crate) on_schema_mismatch: Option<OnSchemaMismatch>,
    pub(crate) strict_responses: bool,
}
