//! Webhooks: what happened is told to the subscriptions that ask for it.
//!
//! A delivery is a document from the first: its body as text, so that each attempt sends the same bytes, and what came of
//! each attempt. `sender.rs` makes the attempts.

mod sender;

pub(crate) use sender::{again, send};

use crate::{
    areas::SUBSCRIPTION,
    server::Service,
    store::{Filter, Order, StoreError},
    uid,
};
use serde_json::{Value, json};
use std::sync::Arc;

/// The kind of the documents that deliveries are.
pub(crate) const DELIVERY: &str = "delivery";

/// Tells all who asked for it that something happened.
pub(crate) fn emit(service: &Arc<Service>, event: &str, data: &Value) -> Result<(), StoreError> {
    let asked = Filter::default().and("$.event", Some(event)).and("$.status", Some("active"));
    for subscription in service.store.all(SUBSCRIPTION, &asked, Order::Oldest)? {
        if wants(&subscription["filters"], data) {
            deliver(service, &subscription, event, data)?;
        }
    }
    Ok(())
}

/// Whether an event matches every filter.
fn wants(filters: &Value, data: &Value) -> bool {
    filters.as_object().into_iter().flatten().all(|(name, wanted)| wanted.is_null() || data[name] == *wanted)
}

/// Sends an event to one subscription, whatever it filters.
pub(crate) fn deliver(
    service: &Arc<Service>,
    subscription: &Value,
    event: &str,
    data: &Value,
) -> Result<(), StoreError> {
    let (id, now) = (format!("del_{}", uid::new(16)), service.now_text());
    let body = json!({"event": event, "timestamp": now, "data": data});
    let delivery = json!({
        "id": id,
        "subscription": subscription["uid"],
        "event": event,
        "url": subscription["targetUrl"],
        "status": "pending",
        "createdAt": now,
        "nextAttemptAt": now,
        "retries": 0,
        "attempts": [],
        "body": body.to_string(),
    });
    service.store.insert(DELIVERY, &id, &delivery)?;
    send(service, id, std::time::Duration::ZERO);
    Ok(())
}

/// Goes on with what was under way when the server stopped.
pub(crate) fn resume(service: &Arc<Service>) -> Result<(), StoreError> {
    let pending = Filter::default().and("$.status", Some("pending"));
    for delivery in service.store.all(DELIVERY, &pending, Order::Oldest)? {
        let due = delivery["nextAttemptAt"].as_str().and_then(|at| at.parse().ok());
        let wait = due.map_or(jiff::SignedDuration::ZERO, |due| service.now().duration_until(due));
        send(service, delivery["id"].as_str().unwrap_or_default().to_owned(), wait.try_into().unwrap_or_default());
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
            assert_eq!(wants(&filters, &data), expected, "{filters}");
        }
    }
}
