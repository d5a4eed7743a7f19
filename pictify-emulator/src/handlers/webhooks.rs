//! Handlers for webhook subscriptions.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    response::{ApiResponse, ApiResult},
    store::{Filter, Order},
    uid,
    webhooks::{self, SUBSCRIPTION},
};
use axum::http::StatusCode;
use serde_json::{Value, json};

handlers! {
    "listWebhookSubscriptions" => sync list,
    "createWebhookSubscription" => sync create,
    "getWebhookSubscription" => sync get,
    "updateWebhookSubscription" => sync update,
    "deleteWebhookSubscription" => sync delete,
    "testWebhookSubscription" => sync test,
}

/// Page size of the list of subscriptions when the request gives none.
const DEFAULT_PAGE_SIZE: usize = 20;

fn list(context: &RequestContext) -> ApiResult {
    let filter = ["event", "status", "platform"].into_iter().zip(["$.event", "$.status", "$.platform"]);
    let filter = filter.fold(Filter::default(), |filter, (name, path)| filter.eq(path, context.query_text(name)));
    context.list_by_page("subscriptions", SUBSCRIPTION, &filter, Order::Newest, DEFAULT_PAGE_SIZE, to_response)
}

fn create(context: &RequestContext) -> ApiResult {
    let body = &context.body;
    let uid = uid::new(10);
    let mut subscription = json!({
        "uid": uid,
        "event": body["event"],
        "targetUrl": body["targetUrl"],
        "platform": body["platform"].as_str().unwrap_or("custom"),
        "status": "active",
        "createdAt": context.state.now_text(),
        "deliveryCount": 0,
        "failureCount": 0,
        "secret": format!("whsec_{}", uid::new(24)),
    });
    if body["filters"].is_object() {
        subscription["filters"] = body["filters"].clone();
    }
    context.state.store.insert(SUBSCRIPTION, &uid, &subscription)?;
    Ok(ApiResponse::json(StatusCode::CREATED, json!({"subscription": subscription})))
}

fn get(context: &RequestContext) -> ApiResult {
    let found = context.state.store.get(SUBSCRIPTION, context.parameter("uid"))?;
    Ok(json!({"subscription": to_response(found.ok_or_else(not_found)?)}).into())
}

fn update(context: &RequestContext) -> ApiResult {
    let changed = context.state.store.update(SUBSCRIPTION, context.parameter("uid"), |subscription| {
        for name in ["targetUrl", "filters", "status"] {
            if !context.body[name].is_null() {
                subscription[name] = context.body[name].clone();
            }
        }
        Ok::<_, ApiError>(subscription.clone())
    })?;
    Ok(json!({"subscription": to_response(changed.ok_or_else(not_found)?)}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    if !context.state.store.remove(SUBSCRIPTION, context.parameter("uid"))? {
        return Err(not_found());
    }
    Ok(json!({"deleted": true}).into())
}

/// Sends an example event to the subscription, regardless of its filters.
fn test(context: &RequestContext) -> ApiResult {
    let subscription = context.state.store.get(SUBSCRIPTION, context.parameter("uid"))?.ok_or_else(not_found)?;
    if subscription["status"] != "active" {
        return Err(ApiError::with_message(StatusCode::CONFLICT, "The subscription is not active"));
    }
    let event = subscription["event"].as_str().unwrap_or_default();
    webhooks::deliver(&context.state, &subscription, event, &example_data(event, &context.state.now_text()))?;
    Ok(json!({"success": true}).into())
}

/// Returns example data for an event.
fn example_data(event: &str, now: &str) -> Value {
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

/// Returns a subscription as the API shows it after creation, without its secret.
fn to_response(mut subscription: Value) -> Value {
    if let Some(object) = subscription.as_object_mut() {
        object.remove("secret");
    }
    subscription
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Webhook subscription not found")
}
