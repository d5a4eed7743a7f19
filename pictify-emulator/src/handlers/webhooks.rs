//! Handlers for webhook subscriptions.

use super::handlers;
use crate::{
    api_error::ApiError,
    context::RequestContext,
    response::{ApiResponse, ApiResult},
    secret::Secret,
    store::{Filter, Order},
    uid,
    webhooks::{self, Subscription},
};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

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
    context.list_by_page("subscriptions", &filter, Order::Newest, DEFAULT_PAGE_SIZE, to_response)
}

/// Request for a new subscription.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionRequest {
    event: String,
    target_url: String,
    platform: Option<String>,
    filters: Option<Map<String, Value>>,
}

fn create(context: &RequestContext) -> ApiResult {
    let SubscriptionRequest { event, target_url, platform, filters } = context.read_body()?;
    let subscription = Subscription {
        uid: uid::new(10),
        event,
        target_url,
        platform: platform.unwrap_or_else(|| "custom".to_owned()),
        status: "active".to_owned(),
        created_at: context.state.now_text(),
        secret: Some(Secret::new(format!("whsec_{}", uid::new(24)))),
        filters,
        ..Subscription::default()
    };
    context.state.store.create(&subscription.uid, &subscription)?;
    Ok(ApiResponse::json(StatusCode::CREATED, json!({"subscription": subscription})))
}

fn get(context: &RequestContext) -> ApiResult {
    Ok(json!({"subscription": to_response(find(context)?)}).into())
}

/// Request that changes a subscription.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionChange {
    target_url: Option<String>,
    filters: Option<Map<String, Value>>,
    status: Option<String>,
}

fn update(context: &RequestContext) -> ApiResult {
    let SubscriptionChange { target_url, filters, status } = context.read_body()?;
    let changed = context.state.store.change(context.parameter("uid"), |subscription: &mut Subscription| {
        subscription.filters = filters.or(subscription.filters.take());
        if let Some(target_url) = target_url {
            subscription.target_url = target_url;
        }
        if let Some(status) = status {
            subscription.status = status;
        }
        Ok::<_, ApiError>(subscription.clone())
    })?;
    Ok(json!({"subscription": to_response(changed.ok_or_else(not_found)?)}).into())
}

fn delete(context: &RequestContext) -> ApiResult {
    if !context.state.store.delete::<Subscription>(context.parameter("uid"))? {
        return Err(not_found());
    }
    Ok(json!({"deleted": true}).into())
}

/// Sends an example event to the subscription, regardless of its filters.
fn test(context: &RequestContext) -> ApiResult {
    let subscription = find(context)?;
    if !subscription.is_active() {
        return Err(ApiError::with_message(StatusCode::CONFLICT, "The subscription is not active"));
    }
    let event = subscription.event.clone();
    let data = example_data(&event, &context.state.now_text());
    webhooks::deliver(&context.state, subscription, &event, &data)?;
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
fn to_response(subscription: Subscription) -> Value {
    json!(Subscription { secret: None, ..subscription })
}

fn find(context: &RequestContext) -> Result<Subscription, ApiError> {
    context.state.store.find(context.parameter("uid"))?.ok_or_else(not_found)
}

fn not_found() -> ApiError {
    ApiError::with_message(StatusCode::NOT_FOUND, "Webhook subscription not found")
}
