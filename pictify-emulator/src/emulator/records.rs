//! Ledger and webhook deliveries of a running server.

use super::{ControlError, Emulator};
use crate::{
    clock::to_system_time,
    ledger::{self, LedgerEntry},
    store::{Filter, Order},
    webhooks::{Attempt, Delivery, DeliveryStatus as StoredStatus},
};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// Renders that were billed together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BilledRenders {
    /// ID of the request.
    pub request_id: String,
    /// ID of the operation in the contract.
    pub operation: String,
    /// Number of renders.
    pub renders: u64,
    /// Time, by the clock of the server.
    pub at: SystemTime,
    /// Idempotency key of the request.
    pub idempotency_key: Option<String>,
}

/// Webhook delivery with its attempts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecordedDelivery {
    /// ID, the header `X-Pictify-Delivery-Id`.
    pub id: String,
    /// Name of the event, such as `render.completed`.
    pub event: String,
    /// URL that it is sent to.
    pub url: String,
    /// Status.
    pub status: DeliveryStatus,
    /// Time of the event, by the clock of the server.
    pub created_at: SystemTime,
    /// Time of the next attempt, if there is one.
    pub next_attempt_at: Option<SystemTime>,
    /// Attempts, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// Body as it is sent.
    pub body: Value,
}

/// Status of a webhook delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryStatus {
    /// There will be another attempt.
    Pending,
    /// An attempt was successful.
    Delivered,
    /// All attempts have failed.
    Failed,
}

/// Attempt of a webhook delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryAttempt {
    /// Time, by the clock of the server.
    pub at: SystemTime,
    /// Status of the response; `None` if there was none.
    pub status: Option<u16>,
    /// Reason why there was no response.
    pub error: Option<String>,
    /// Time until the response.
    pub duration: Duration,
}

impl Emulator {
    /// Returns all ledger entries, oldest first.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let emulator = pictify_emulator::Emulator::start().await?;
    /// // Let the code under test render.
    /// let images = emulator.ledger()?.into_iter().filter(|entry| entry.operation == "createImage").count();
    /// assert_eq!(images, 0);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the data cannot be read.
    pub fn ledger(&self) -> Result<Vec<BilledRenders>, ControlError> {
        let (entries, _) = ledger::page(&self.state.store, &Filter::default(), 0, usize::MAX)?;
        Ok(entries.into_iter().map(Into::into).collect())
    }

    /// Returns all webhook deliveries, oldest first.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use pictify_emulator::{DeliveryStatus, Emulator};
    ///
    /// let emulator = Emulator::start().await?;
    /// assert!(emulator.deliveries()?.iter().all(|delivery| delivery.status == DeliveryStatus::Delivered));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the data cannot be read.
    pub fn deliveries(&self) -> Result<Vec<RecordedDelivery>, ControlError> {
        let deliveries: Vec<Delivery> = self.state.store.list_all(&Filter::default(), Order::Oldest)?;
        Ok(deliveries.into_iter().map(Into::into).collect())
    }
}

impl From<LedgerEntry> for BilledRenders {
    fn from(entry: LedgerEntry) -> Self {
        let LedgerEntry { request_id, operation, renders, at, idempotency_key } = entry;
        Self { request_id, operation, renders, at: to_time(&at), idempotency_key }
    }
}

impl From<Delivery> for RecordedDelivery {
    fn from(delivery: Delivery) -> Self {
        let status = match delivery.status {
            StoredStatus::Pending => DeliveryStatus::Pending,
            StoredStatus::Delivered => DeliveryStatus::Delivered,
            StoredStatus::Failed => DeliveryStatus::Failed,
        };
        let attempt = |attempt: Attempt| DeliveryAttempt {
            at: to_time(&attempt.at),
            status: attempt.outcome.response_code,
            error: attempt.outcome.error,
            duration: Duration::try_from_secs_f64(attempt.outcome.duration.unwrap_or_default() / 1000.0)
                .unwrap_or_default(),
        };
        Self {
            id: delivery.id,
            event: delivery.event,
            url: delivery.url,
            status,
            created_at: to_time(&delivery.created_at),
            next_attempt_at: delivery.next_attempt_at.as_deref().map(to_time),
            attempts: delivery.attempts.into_iter().map(attempt).collect(),
            body: serde_json::from_str(&delivery.body).unwrap_or(Value::String(delivery.body)),
        }
    }
}

/// Converts a stored time.
fn to_time(text: &str) -> SystemTime {
    text.parse().map_or(SystemTime::UNIX_EPOCH, to_system_time)
}
