//! Ledger and webhook deliveries of a running server.

use super::{ControlError, Emulator};
use crate::{
    clock::to_system_time,
    ledger,
    store::{Filter, Order, from_json, to_json},
    webhooks::Delivery,
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, DeserializeOwned},
};
use serde_json::Value;
use std::time::{Duration, SystemTime};

/// Renders that were billed together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct BilledRenders {
    /// ID of the request.
    pub request_id: String,
    /// ID of the operation in the contract.
    pub operation: String,
    /// Number of renders.
    pub renders: u64,
    /// Time, by the clock of the server.
    #[serde(deserialize_with = "time")]
    pub at: SystemTime,
    /// Idempotency key of the request.
    pub idempotency_key: Option<String>,
}

/// Webhook delivery with its attempts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecordedDelivery {
    /// ID, the header `X-Pictify-Delivery-Id`.
    pub id: String,
    /// Name of the event, such as `render.completed`.
    pub event: String,
    /// URL that it is sent to.
    pub url: String,
    /// `pending`, `delivered` or `failed`.
    pub status: String,
    /// Time of the event, by the clock of the server.
    #[serde(deserialize_with = "time")]
    pub created_at: SystemTime,
    /// Time of the next attempt, if there is one.
    #[serde(deserialize_with = "optional_time", default)]
    pub next_attempt_at: Option<SystemTime>,
    /// Attempts, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// Body as it is sent.
    #[serde(deserialize_with = "body")]
    pub body: Value,
}

/// Attempt of a webhook delivery.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeliveryAttempt {
    /// Time, by the clock of the server.
    #[serde(deserialize_with = "time")]
    pub at: SystemTime,
    /// Status of the response; `None` if there was none.
    #[serde(rename = "responseCode", default)]
    pub status: Option<u16>,
    /// Reason why there was no response.
    #[serde(default)]
    pub error: Option<String>,
    /// Time until the response.
    #[serde(deserialize_with = "millis", default)]
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
        read_all(ledger::page(&self.state.store, &Filter::default(), 0, usize::MAX)?.0)
    }

    /// Returns all webhook deliveries, oldest first.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let emulator = pictify_emulator::Emulator::start().await?;
    /// assert!(emulator.deliveries()?.iter().all(|delivery| delivery.status == "delivered"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// If the data cannot be read.
    pub fn deliveries(&self) -> Result<Vec<RecordedDelivery>, ControlError> {
        read_all(self.state.store.list_all::<Delivery>(&Filter::default(), Order::Oldest)?)
    }
}

fn read_all<T: DeserializeOwned>(documents: Vec<impl Serialize>) -> Result<Vec<T>, ControlError> {
    let read = |document| from_json(to_json(&document)?);
    Ok(documents.into_iter().map(read).collect::<Result<_, _>>()?)
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SystemTime, D::Error> {
    parse_time(&String::deserialize(deserializer)?)
}

fn optional_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SystemTime>, D::Error> {
    Option::<String>::deserialize(deserializer)?.as_deref().map(parse_time).transpose()
}

fn parse_time<E: de::Error>(text: &str) -> Result<SystemTime, E> {
    text.parse().map(to_system_time).map_err(E::custom)
}

fn millis<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    f64::deserialize(deserializer).map(|millis| Duration::try_from_secs_f64(millis / 1000.0).unwrap_or_default())
}

/// Parses the stored text of a body.
fn body<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok(serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
