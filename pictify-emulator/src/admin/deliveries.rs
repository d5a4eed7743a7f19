//! Webhook deliveries: list, read, resend.

use super::{AdminError, AdminResult, JsonBody, parse_query};
use crate::{
    context::AppState,
    requests::without_url_secrets,
    store::{Filter, Order},
    webhooks::{self, Delivery, DeliveryStatus},
};
use axum::{
    extract::{Path, State},
    http::Uri,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Number of deliveries in a page if the query gives none.
const DEFAULT_LIMIT: usize = 100;

/// Query parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveryQuery {
    status: Option<DeliveryStatus>,
    event: Option<String>,
    subscription: Option<String>,
    limit: Option<usize>,
    offset: Option<usize>,
}

pub(super) async fn list(State(state): State<Arc<AppState>>, uri: Uri) -> AdminResult {
    let query: DeliveryQuery = parse_query(&uri)?;
    let filter = Filter::default()
        .eq("$.status", query.status.map(DeliveryStatus::name))
        .eq("$.event", query.event.as_deref())
        .eq("$.subscription", query.subscription.as_deref());
    let (offset, limit) = (query.offset.unwrap_or(0), query.limit.unwrap_or(DEFAULT_LIMIT));
    let (deliveries, total) = state.store.list::<Delivery>(&filter, Order::Newest, offset, limit)?;
    let deliveries: Vec<_> = deliveries.into_iter().map(to_json).collect();
    Ok(JsonBody(json!({"deliveries": deliveries, "total": total})))
}

pub(super) async fn get(State(state): State<Arc<AppState>>, Path(id): Path<String>) -> AdminResult {
    let delivery: Delivery = state.store.find(&id)?.ok_or_else(not_found)?;
    Ok(JsonBody(to_json(delivery)))
}

pub(super) async fn resend(State(state): State<Arc<AppState>>, Path(id): Path<String>) -> AdminResult {
    let delivery = webhooks::redeliver(&state, &id)?.ok_or_else(not_found)?;
    Ok(JsonBody(to_json(delivery)))
}

/// Returns a delivery as it is listed. Its URL may have a secret.
fn to_json(mut delivery: Delivery) -> Value {
    delivery.url = without_url_secrets(delivery.url);
    json!(delivery)
}

fn not_found() -> AdminError {
    AdminError::not_found("No such delivery")
}
