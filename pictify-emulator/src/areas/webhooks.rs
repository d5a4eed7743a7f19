//! Webhook subscriptions.

use super::handlers;
use crate::{
    answer::{Answer, Refusal, Reply},
    deliveries,
    server::Call,
    store::{Filter, Order},
    uid,
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "listWebhookSubscriptions" => now list,
    "createWebhookSubscription" => now create,
    "getWebhookSubscription" => now get,
    "updateWebhookSubscription" => now update,
    "deleteWebhookSubscription" => now delete,
    "testWebhookSubscription" => now test,
}

/// The kind of the documents that this file keeps.
pub(crate) const SUBSCRIPTION: &str = "subscription";

/// How many subscriptions a page has when the request says nothing.
const LIMIT: usize = 20;

fn list(call: &Call) -> Answer {
    let filter = ["event", "status", "platform"].into_iter().zip(["$.event", "$.status", "$.platform"]);
    let filter = filter.fold(Filter::default(), |filter, (name, path)| filter.and(path, call.text(name)));
    call.list_by_page("subscriptions", SUBSCRIPTION, &filter, Order::Newest, LIMIT, shown)
}

fn create(call: &Call) -> Answer {
    let body = &call.body;
    let uid = uid::new(10);
    let mut subscription = json!({
        "uid": uid,
        "event": body["event"],
        "targetUrl": body["targetUrl"],
        "platform": body["platform"].as_str().unwrap_or("custom"),
        "status": "active",
        "createdAt": call.service.now_text(),
        "deliveryCount": 0,
        "failureCount": 0,
        "secret": format!("whsec_{}", uid::new(24)),
    });
    if body["filters"].is_object() {
        subscription["filters"] = body["filters"].clone();
    }
    call.service.store.insert(SUBSCRIPTION, &uid, &subscription)?;
    Ok(Reply::json(StatusCode::CREATED, json!({"subscription": subscription})))
}

fn get(call: &Call) -> Answer {
    let found = call.service.store.get(SUBSCRIPTION, call.parameter("uid"))?;
    Ok(json!({"subscription": shown(found.ok_or_else(not_found)?)}).into())
}

fn update(call: &Call) -> Answer {
    let changed = call.service.store.change(SUBSCRIPTION, call.parameter("uid"), |subscription| {
        for name in ["targetUrl", "filters", "status"] {
            if !call.body[name].is_null() {
                subscription[name] = call.body[name].clone();
            }
        }
        Ok::<_, Refusal>(subscription.clone())
    })?;
    Ok(json!({"subscription": shown(changed.ok_or_else(not_found)?)}).into())
}

fn delete(call: &Call) -> Answer {
    if !call.service.store.remove(SUBSCRIPTION, call.parameter("uid"))? {
        return Err(not_found());
    }
    Ok(json!({"deleted": true}).into())
}

/// Sends an example of what the subscription is for, past its filters.
fn test(call: &Call) -> Answer {
    let subscription = call.service.store.get(SUBSCRIPTION, call.parameter("uid"))?.ok_or_else(not_found)?;
    if subscription["status"] != "active" {
        return Err(Refusal::message(StatusCode::CONFLICT, "The subscription is not active"));
    }
    let event = subscription["event"].as_str().unwrap_or_default();
    deliveries::deliver(&call.service, &subscription, event, &example(event, &call.service.now_text()))?;
    Ok(json!({"success": true}).into())
}

/// What an event of this name says.
fn example(event: &str, now: &str) -> Value {
    match event.split_once('.').unwrap_or_default() {
        ("render", "failed") => json!({"type": "image", "source": "test", "error": "An example of a failure"}),
        ("render", _) => json!({
            "type": "image", "source": "test", "imageId": "TEST", "url": "https://example.com/test.png",
            "width": 1200, "height": 630, "format": "png", "renderedAt": now,
        }),
        ("batch", outcome) => json!({
            "batchId": "TEST", "status": outcome, "totalCount": 2,
            "completedCount": if outcome == "failed" { 0 } else { 2 },
            "failedCount": if outcome == "failed" { 2 } else { 0 },
        }),
        ("binding", "failed") => json!({"bindingId": "TEST", "error": "An example of a failure"}),
        ("binding", _) => json!({"bindingId": "TEST", "newData": {"example": true}}),
        _ => json!({"experimentId": "TEST", "slug": "test"}),
    }
}

/// As it is shown after its creation: without its secret.
fn shown(mut subscription: Value) -> Value {
    if let Some(object) = subscription.as_object_mut() {
        object.remove("secret");
    }
    subscription
}

fn not_found() -> Refusal {
    Refusal::message(StatusCode::NOT_FOUND, "Webhook subscription not found")
}
