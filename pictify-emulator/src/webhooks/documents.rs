//! Stored documents of webhooks.

use crate::{secret::Secret, store::Document};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Subscription to an event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Subscription {
    pub(crate) uid: String,
    pub(crate) event: String,
    pub(crate) target_url: String,
    pub(crate) platform: String,
    /// `active` or `paused`.
    pub(crate) status: String,
    pub(crate) created_at: String,
    /// Number of attempts.
    pub(crate) delivery_count: u64,
    /// Number of failed attempts.
    pub(crate) failure_count: u64,
    /// Secret of the signatures. Only the response to the creation has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<Secret>,
    /// Members that the data of an event must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filters: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_delivery: Option<LastDelivery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_delivery_at: Option<String>,
}

impl Document for Subscription {
    const KIND: &'static str = "subscription";
}

impl Subscription {
    pub(crate) fn is_active(&self) -> bool {
        self.status == "active"
    }

    /// Returns true if the data of an event match every filter.
    pub(super) fn matches(&self, data: &Value) -> bool {
        self.filters.iter().flatten().all(|(name, wanted)| wanted.is_null() || data[name] == *wanted)
    }
}

/// Result of the last attempt, in a subscription.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct LastDelivery {
    /// `delivered` or `failed`.
    pub(super) status: String,
    pub(super) timestamp: String,
    pub(super) retry_count: usize,
    #[serde(flatten)]
    pub(super) outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_retry: Option<String>,
}

/// Delivery of an event to one receiver.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Delivery {
    pub(crate) id: String,
    /// ID of the subscription; none for the URL of a batch.
    pub(crate) subscription: Option<String>,
    pub(crate) event: String,
    pub(crate) url: String,
    pub(crate) status: DeliveryStatus,
    pub(crate) created_at: String,
    pub(crate) next_attempt_at: Option<String>,
    /// Number of failed attempts since the delivery was last started.
    pub(crate) retries: usize,
    pub(crate) attempts: Vec<Attempt>,
    /// Body as text, so that each attempt sends the same bytes.
    pub(crate) body: String,
}

impl Document for Delivery {
    const KIND: &'static str = "delivery";
}

/// Status of a delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DeliveryStatus {
    #[default]
    Pending,
    Delivered,
    Failed,
}

impl DeliveryStatus {
    /// Returns the value in documents and in the API.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }
}

/// Attempt of a delivery.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Attempt {
    pub(crate) at: String,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// Outcome of an attempt: a status, or the reason why there is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Outcome {
    /// Milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) duration: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) response_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_must_match_every_filter() {
        let data = json!({"templateId": "T", "type": "image"});
        for (filters, expected) in [
            (json!(null), true),
            (json!({}), true),
            (json!({"templateId": "T"}), true),
            (json!({"templateId": "T", "type": "gif"}), false),
            (json!({"templateId": "U"}), false),
            (json!({"bindingId": "B"}), false),
            (json!({"bindingId": null, "type": "image"}), true),
        ] {
            let subscription: Subscription = serde_json::from_value(json!({"filters": filters})).unwrap();
            assert_eq!(subscription.matches(&data), expected, "{filters}");
        }
    }
}
