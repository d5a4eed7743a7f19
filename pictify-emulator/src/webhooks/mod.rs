//! Webhooks: events are delivered to the subscriptions that match them, and to the URL that a batch was started with.
//!
//! A delivery is stored as a document from the start. It holds the body as text, so that each attempt sends the same
//! bytes, and the result of each attempt. `delivery.rs` makes the attempts.

mod delivery;

pub(crate) use delivery::{redeliver, send};

use crate::{
    context::AppState,
    store::{Filter, Order, StoreError},
    uid,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Document kind of webhook subscriptions.
pub(crate) const SUBSCRIPTION: &str = "subscription";

/// Document kind of deliveries.
pub(crate) const DELIVERY: &str = "delivery";

/// Emits an event to all active subscriptions that match it.
pub(crate) fn emit(state: &Arc<AppState>, event: &str, data: &Value) -> Result<(), StoreError> {
    let subscribed = Filter::default().eq("$.event", Some(event)).eq("$.status", Some("active"));
    for subscription in state.store.all(SUBSCRIPTION, &subscribed, Order::Oldest)? {
        if matches_filters(&subscription["filters"], data) {
            deliver(state, &subscription, event, data)?;
        }
    }
    Ok(())
}

/// Returns true if the data match every filter.
fn matches_filters(filters: &Value, data: &Value) -> bool {
    filters.as_object().into_iter().flatten().all(|(name, wanted)| wanted.is_null() || data[name] == *wanted)
}

/// Sends an event to one subscription, regardless of its filters.
pub(crate) fn deliver(
    state: &Arc<AppState>,
    subscription: &Value,
    event: &str,
    data: &Value,
) -> Result<(), StoreError> {
    insert(state, &subscription["uid"], &subscription["targetUrl"], event, data)
}

/// Sends an event to a URL of a single request. No subscription means no secret, so the delivery has no signature.
pub(crate) fn deliver_unsigned(state: &Arc<AppState>, url: &str, event: &str, data: &Value) -> Result<(), StoreError> {
    insert(state, &Value::Null, &url.into(), event, data)
}

/// Stores a delivery and starts its attempts.
fn insert(
    state: &Arc<AppState>,
    subscription: &Value,
    url: &Value,
    event: &str,
    data: &Value,
) -> Result<(), StoreError> {
    let (id, now) = (format!("del_{}", uid::new(16)), state.now_text());
    let body = json!({"event": event, "timestamp": now, "data": data});
    let delivery = json!({
        "id": id,
        "subscription": subscription,
        "event": event,
        "url": url,
        "status": "pending",
        "createdAt": now,
        "nextAttemptAt": now,
        "retries": 0,
        "attempts": [],
        "body": body.to_string(),
    });
    state.store.insert(DELIVERY, &id, &delivery)?;
    send(state, id, state.now());
    Ok(())
}

/// Resumes the deliveries that were pending when the server stopped.
pub(crate) fn resume(state: &Arc<AppState>) -> Result<(), StoreError> {
    let pending = Filter::default().eq("$.status", Some("pending"));
    for delivery in state.store.all(DELIVERY, &pending, Order::Oldest)? {
        let due = delivery["nextAttemptAt"].as_str().and_then(|at| at.parse().ok());
        let due = due.unwrap_or_else(|| state.now());
        send(state, delivery["id"].as_str().unwrap_or_default().to_owned(), due);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(matches_filters(&filters, &data), expected, "{filters}");
        }
    }
}
