//! Quota of renders per month.

use crate::{
    api_error::ApiError,
    config::Config,
    context::{AppState, RequestContext},
    contract::Operation,
    rendering::billed_this_month,
};
use axum::http::StatusCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Number of renders in progress that will be billed.
#[derive(Debug, Default)]
pub(crate) struct ReservedRenders(Mutex<u64>);

/// Reservation of renders in progress. Without it, concurrent requests would exceed the quota.
#[derive(Debug)]
pub(crate) struct QuotaReservation {
    state: Arc<AppState>,
    renders: u64,
}

impl QuotaReservation {
    /// Reserves renders, if the quota of the month allows them.
    pub(crate) fn reserve(context: &RequestContext, renders: u64) -> Result<Self, ApiError> {
        let state = context.state.clone();
        if let Some((limit, quota)) = state.config.quota() {
            let mut reserved_renders = state.reserved_renders.lock();
            let billed = billed_this_month(&state.store, state.now())?;
            if billed.saturating_add(*reserved_renders).saturating_add(renders.max(1)) > limit {
                return Err(quota.exceeded_error(context.operation));
            }
            *reserved_renders += renders;
            drop(reserved_renders);
            return Ok(Self { state, renders });
        }
        Ok(Self { state, renders: 0 })
    }

    /// Runs `bill`, which stores the ledger entry, and releases the reservation in one step, so that no other request
    /// counts these renders twice or not at all.
    pub(crate) fn bill<T>(mut self, bill: impl FnOnce() -> T) -> T {
        let state = self.state.clone();
        let mut reserved_renders = state.reserved_renders.lock();
        *reserved_renders = reserved_renders.saturating_sub(std::mem::take(&mut self.renders));
        bill()
    }
}

impl ReservedRenders {
    fn lock(&self) -> MutexGuard<'_, u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QuotaReservation {
    fn drop(&mut self) {
        if self.renders > 0 {
            let mut reserved_renders = self.state.reserved_renders.lock();
            *reserved_renders = reserved_renders.saturating_sub(self.renders);
        }
    }
}

/// Reason why the renders of a month are limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quota {
    /// The plan has so many renders.
    Plan,
    /// The account has set the limit itself.
    SpendingCap,
}

impl Config {
    /// Returns the lower limit of the renders per month, and its reason.
    pub(crate) fn quota(&self) -> Option<(u64, Quota)> {
        let plan = self.renders_per_month.map(|limit| (limit, Quota::Plan));
        let cap = self.spending_cap.map(|limit| (limit, Quota::SpendingCap));
        plan.into_iter().chain(cap).min_by_key(|(limit, _)| *limit)
    }
}

impl Quota {
    /// Returns the error for a render over the quota; video operations have a status of their own.
    pub(crate) fn exceeded_error(self, operation: &Operation) -> ApiError {
        let is_video = operation.id.contains("Video");
        let status = if is_video { StatusCode::PAYMENT_REQUIRED } else { StatusCode::TOO_MANY_REQUESTS };
        let (code, message) = match self {
            Self::Plan => ("quota_exceeded", "Monthly renders used up."),
            Self::SpendingCap => ("spending_cap_reached", "The spending cap of the account is reached."),
        };
        ApiError::with_message_and_code(status, code, message).with_field("upgradeUrl", "https://pictify.io/pricing")
    }
}
