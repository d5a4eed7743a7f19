//! Webhooks: subscriptions, and deliveries with their attempts. Secrets are not shown.

use super::{
    PREFIX, not_found, redirect,
    request::{PAGE_SIZE, PageRequest},
    view,
};
use crate::{
    contract::CONTRACT,
    operations,
    response::ApiResult,
    store::{Document as _, Filter, Order, Search},
    webhooks::{self, DELIVERY, Subscription},
};
use serde_json::{Value, json};

/// Filters of the deliveries: statuses and their titles.
const STATUSES: &[(&str, &str)] =
    &[("", "All"), ("delivered", "Delivered"), ("pending", "Pending"), ("failed", "Failed")];

/// Maximum number of listed subscriptions.
const MAX_SUBSCRIPTIONS: usize = 100;

/// Shows the subscriptions and the deliveries.
pub(super) fn list(request: &PageRequest<'_>) -> ApiResult {
    let (store, text, status) = (&request.state.store, request.parameter("q"), request.parameter("status"));
    let filter = Filter::default().eq("$.status", Some(status).filter(|status| !status.is_empty()));
    let search = Search { text, ..Search::default() };
    let (deliveries, total) = store.search(DELIVERY, filter, search, request.offset(), PAGE_SIZE)?;
    let deliveries: Vec<_> = deliveries.iter().map(delivery).collect();
    let mut statuses = Vec::new();
    for (name, title) in STATUSES {
        let filter = Filter::default().eq("$.status", Some(*name).filter(|name| !name.is_empty()));
        let count = store.count(DELIVERY, &filter)?;
        statuses.push(json!({"name": name, "title": title, "count": count, "isCurrent": *name == status}));
    }
    let (subscriptions, _) = store.page(Subscription::KIND, &Filter::default(), Order::Newest, 0, MAX_SUBSCRIPTIONS)?;
    let subscriptions: Vec<_> = subscriptions.iter().map(subscription).collect();
    let data = json!({
        "subscriptions": subscriptions,
        "deliveries": deliveries,
        "statuses": statuses,
        "status": status,
        "events": CONTRACT.webhook_events(),
        "search": {"text": text, "label": "Search deliveries by event, URL or content"},
        "pages": request.pages(total),
        "problem": request.parameter("problem"),
    });
    view::page(request.state, "webhooks", "webhooks", "Webhooks", data)
}

fn subscription(subscription: &Value) -> Value {
    json!({
        "uid": subscription["uid"],
        "event": subscription["event"],
        "targetUrl": view::shown_url(&subscription["targetUrl"]),
        "status": subscription["status"],
        "isActive": subscription["status"] == "active",
        "deliveryCount": subscription["deliveryCount"],
        "failureCount": subscription["failureCount"],
        "filters": subscription["filters"].as_object().filter(|filters| !filters.is_empty())
            .map(|_| subscription["filters"].to_string()),
    })
}

/// Returns what the pages show of a delivery.
fn delivery(delivery: &Value) -> Value {
    let attempts = delivery["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let last = attempts.last().cloned().unwrap_or_default();
    json!({
        "id": delivery["id"],
        "event": delivery["event"],
        "url": view::shown_url(&delivery["url"]),
        "status": delivery["status"],
        "isOver": delivery["status"] != "pending",
        "createdAt": delivery["createdAt"],
        "nextAttemptAt": delivery["nextAttemptAt"],
        "attemptCount": attempts.len(),
        "last": if last["error"].is_null() { last["responseCode"].clone() } else { view::shown_url(&last["error"]).into() },
    })
}

/// Shows a delivery.
pub(super) fn show(request: &PageRequest<'_>, id: &str) -> ApiResult {
    let stored = request.state.store.get(DELIVERY, id)?.ok_or_else(not_found)?;
    let text = stored["body"].as_str().unwrap_or_default();
    let body = serde_json::from_str::<Value>(text).ok();
    let render = body.as_ref().and_then(|body| body["data"]["imageId"].as_str()).map(str::to_owned);
    let is_signed = stored["subscription"].is_string();
    let mut headers = vec![
        json!({"name": "Content-Type", "value": "application/json"}),
        json!({"name": pictify::webhooks::EVENT_HEADER, "value": stored["event"]}),
        json!({"name": pictify::webhooks::DELIVERY_ID_HEADER, "value": id}),
    ];
    if is_signed {
        headers.push(json!({"name": pictify::webhooks::SIGNATURE_HEADER, "value": "signed anew for each attempt"}));
    }
    let attempts: Vec<_> = stored["attempts"]
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(index, attempt)| {
            let is_success = attempt["responseCode"].as_u64().is_some_and(|code| (200..300).contains(&code));
            json!({"number": index + 1, "at": attempt["at"], "responseCode": attempt["responseCode"],
                "error": attempt["error"].as_str().map(|_| view::shown_url(&attempt["error"])), "duration": attempt["duration"], "isSuccess": is_success})
        })
        .collect();
    let data = json!({
        "delivery": delivery(&stored),
        "subscription": stored["subscription"],
        "render": render,
        "isSigned": is_signed,
        "headers": headers,
        "attempts": attempts,
        "body": body.map_or_else(|| text.to_owned(), |body| serde_json::to_string_pretty(&body).unwrap_or_default()),
    });
    view::page(request.state, "webhooks", "delivery", &format!("Delivery {id}"), data)
}

/// Sends a delivery again.
pub(super) fn resend(request: &PageRequest<'_>, id: &str) -> ApiResult {
    webhooks::redeliver(request.state, id)?.ok_or_else(not_found)?;
    Ok(redirect(&format!("{PREFIX}webhooks/{id}")))
}

/// Creates a subscription.
pub(super) async fn subscribe(request: &PageRequest<'_>) -> ApiResult {
    let form = request.form();
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let body = json!({"event": field("event"), "targetUrl": field("targetUrl")});
    let created = operations::call(request.state, "createWebhookSubscription", &[], &[], body).await;
    Ok(redirect(&match created {
        Ok(_) => view::path("webhooks"),
        Err(error) => {
            let problem = form_urlencoded::byte_serialize(error.message().as_bytes()).collect::<String>();
            format!("{}?problem={problem}", view::path("webhooks"))
        }
    }))
}

/// Pauses, resumes, tests or deletes a subscription.
pub(super) async fn change_subscription(request: &PageRequest<'_>, uid: &str, action: &str) -> ApiResult {
    let (operation, body) = match action {
        "pause" => ("updateWebhookSubscription", json!({"status": "paused"})),
        "resume" => ("updateWebhookSubscription", json!({"status": "active"})),
        "test" => ("testWebhookSubscription", json!({})),
        "delete" => ("deleteWebhookSubscription", Value::Null),
        _ => return Err(not_found()),
    };
    operations::call(request.state, operation, &[("uid", uid)], &[], body).await?;
    Ok(redirect(&view::path("webhooks")))
}
