//! Webhooks: events are delivered to the subscriptions that match them, and to the URL that a batch was started with.
//!
//! A delivery is stored as a document from the start. It holds the body as text, so that each attempt sends the same
//! bytes, and the result of each attempt. `delivery.rs` makes the attempts.

mod delivery;
mod documents;

pub(crate) use delivery::{redeliver, send};
pub(crate) use documents::{Attempt, Delivery, DeliveryStatus, Subscription};

use crate::{
    context::AppState,
    store::{Document as _, Filter, Order, StoreError},
    uid,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// Document kind of deliveries.
pub(crate) const DELIVERY: &str = Delivery::KIND;

/// Emits an event to all active subscriptions that match it.
pub(crate) fn emit(state: &Arc<AppState>, event: &str, data: &Value) -> Result<(), StoreError> {
    let subscribed = Filter::default().eq("$.event", Some(event)).eq("$.status", Some("active"));
    for subscription in state.store.list_all::<Subscription>(&subscribed, Order::Oldest)? {
        if subscription.matches(data) {
            deliver(state, subscription, event, data)?;
        }
    }
    Ok(())
}

/// Sends an event to one subscription, regardless of its filters.
pub(crate) fn deliver(
    state: &Arc<AppState>,
    subscription: Subscription,
    event: &str,
    data: &Value,
) -> Result<(), StoreError> {
    insert(state, Some(subscription.uid), subscription.target_url, event, data)
}

/// Sends an event to a URL of a single request. No subscription means no secret, so the delivery has no signature.
pub(crate) fn deliver_unsigned(state: &Arc<AppState>, url: &str, event: &str, data: &Value) -> Result<(), StoreError> {
    insert(state, None, url.to_owned(), event, data)
}

/// Stores a delivery and starts its attempts.
fn insert(
    state: &Arc<AppState>,
    subscription: Option<String>,
    url: String,
    event: &str,
    data: &Value,
) -> Result<(), StoreError> {
    let (id, now) = (format!("del_{}", uid::new(16)), state.now_text());
    let delivery = Delivery {
        body: json!({"event": event, "timestamp": now, "data": data}).to_string(),
        id,
        subscription,
        event: event.to_owned(),
        url,
        status: DeliveryStatus::Pending,
        created_at: now.clone(),
        next_attempt_at: Some(now),
        ..Delivery::default()
    };
    state.store.create(&delivery.id, &delivery)?;
    send(state, delivery.id, state.now());
    Ok(())
}

/// Resumes the deliveries that were pending when the server stopped.
pub(crate) fn resume(state: &Arc<AppState>) -> Result<(), StoreError> {
    let pending = Filter::default().eq("$.status", Some(DeliveryStatus::Pending.name()));
    for delivery in state.store.list_all::<Delivery>(&pending, Order::Oldest)? {
        let due = delivery.next_attempt_at.and_then(|at| at.parse().ok());
        send(state, delivery.id, due.unwrap_or_else(|| state.now()));
    }
    Ok(())
}
