//! Webhook subscriptions.

use super::handlers;
use crate::{
    answer::{Answer, Refusal, Reply},
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
