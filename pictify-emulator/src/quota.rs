//! Quota of renders per month.

use crate::{
    api_error::ApiError,
    config::Config,
    contract::Operation,
    ledger::billed_this_month,
    store::{Epoch, Store, StoreError},
};
use axum::http::StatusCode;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Quota of a server. It counts the renders in progress, too, because concurrent requests could exceed it otherwise.
#[derive(Debug)]
pub(crate) struct MonthlyQuota {
    limit: Option<(u64, Quota)>,
    reserved: Arc<ReservedRenders>,
}

/// Number of renders in progress that will be billed.
#[derive(Debug, Default)]
struct ReservedRenders(Mutex<u64>);

/// Reservation of renders in progress. It ends when it is billed or dropped.
#[derive(Debug)]
pub(crate) struct QuotaReservation {
    reserved: Arc<ReservedRenders>,
    renders: u64,
    epoch: Epoch,
}

impl MonthlyQuota {
    pub(crate) fn new(config: &Config) -> Self {
        Self { limit: config.quota(), reserved: Arc::default() }
    }

    /// Reserves renders for an operation, if the quota of the month allows them.
    pub(crate) fn reserve(
        &self,
        store: &Store,
        now: Timestamp,
        operation: &Operation,
        renders: u64,
    ) -> Result<QuotaReservation, ApiError> {
        let (reserved, epoch) = (self.reserved.clone(), store.epoch());
        let Some((limit, quota)) = self.limit else { return Ok(QuotaReservation { reserved, renders: 0, epoch }) };
        let mut count = self.reserved.lock();
        let billed = billed_this_month(store, now)?;
        if billed.saturating_add(*count).saturating_add(renders.max(1)) > limit {
            return Err(quota.exceeded_error(operation));
        }
        *count += renders;
        drop(count);
        Ok(QuotaReservation { reserved, renders, epoch })
    }

    /// Returns the quota that is used up this month, if one is.
    pub(crate) fn exhausted(&self, store: &Store, now: Timestamp) -> Result<Option<Quota>, StoreError> {
        let Some((limit, quota)) = self.limit else { return Ok(None) };
        Ok((billed_this_month(store, now)? >= limit).then_some(quota))
    }
}

impl QuotaReservation {
    /// Runs `bill`, which stores the ledger entry, and releases the reservation in one step, so that no other request
    /// counts these renders twice or not at all. `bill` gets the epoch of the store in which the renders began.
    pub(crate) fn bill<T>(mut self, bill: impl FnOnce(Epoch) -> T) -> T {
        let reserved = self.reserved.clone();
        let mut count = reserved.lock();
        *count = count.saturating_sub(std::mem::take(&mut self.renders));
        bill(self.epoch)
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
            let mut count = self.reserved.lock();
            *count = count.saturating_sub(self.renders);
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
    fn quota(&self) -> Option<(u64, Quota)> {
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
