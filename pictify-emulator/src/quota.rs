//! Quota of renders per month.

use crate::{
    api_error::ApiError,
    contract::Operation,
    rendering::billed_this_month,
    server::{AppState, RequestContext},
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
        if let Some(limit) = state.config.renders_per_month {
            let mut reserved_renders = state.reserved_renders.lock();
            let billed = billed_this_month(&state.store, state.now())?;
            if billed.saturating_add(*reserved_renders).saturating_add(renders.max(1)) > limit {
                return Err(quota_exceeded(context.operation));
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

/// Returns the error for a render over the quota; video operations have a status of their own.
pub(crate) fn quota_exceeded(operation: &Operation) -> ApiError {
    let is_video = operation.id.contains("Video");
    let status = if is_video { StatusCode::PAYMENT_REQUIRED } else { StatusCode::TOO_MANY_REQUESTS };
    ApiError::with_message_and_code(status, "quota_exceeded", "Monthly renders used up.")
        .with_field("upgradeUrl", "https://pictify.io/pricing")
}
