//! Quota: renders in a month.

use crate::{
    api_error::ApiError,
    contract::Operation,
    rendering::billed_this_month,
    server::{AppState, RequestContext},
};
use axum::http::StatusCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many renders are under way that will be billed.
#[derive(Debug, Default)]
pub(crate) struct ReservedRenders(Mutex<u64>);

/// The place that renders under way have in the month. Without it, as many as are asked for at once would go beyond it.
#[derive(Debug)]
pub(crate) struct QuotaReservation {
    state: Arc<AppState>,
    renders: u64,
}

impl QuotaReservation {
    /// Takes a place for so many renders, if the month has them left.
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

    /// Does what bills these renders. Nobody counts them twice meanwhile, or not at all.
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

/// What a render beyond the month's is told; videos have a status of their own.
pub(crate) fn quota_exceeded(operation: &Operation) -> ApiError {
    let is_video = operation.id.contains("Video");
    let status = if is_video { StatusCode::PAYMENT_REQUIRED } else { StatusCode::TOO_MANY_REQUESTS };
    ApiError::with_message_and_code(status, "quota_exceeded", "Monthly renders used up.")
        .with_field("upgradeUrl", "https://pictify.io/pricing")
}
