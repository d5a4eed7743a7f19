//! Delivery attempts on the published schedule: immediately, then after 1, 5 and 30 minutes, 2 hours and a day. After
//! the last failure the subscription is paused.

use super::{DELIVERY, SUBSCRIPTION};
use crate::{api_error::ApiError, context::AppState, fetch, store::StoreError};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use pictify::webhooks::{DELIVERY_ID_HEADER, EVENT_HEADER, SIGNATURE_HEADER, Signer};
use reqwest::{
    Method, Request,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

/// Delays between a failed attempt and the next one, in seconds.
const RETRY_DELAYS_SECONDS: [u64; 5] = [60, 300, 1800, 7200, 86400];

/// Timeout of one delivery attempt.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);

/// State of a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeliveryState {
    Delivered,
    /// The attempt failed; the next one follows at this time.
    RetryAt(Timestamp),
    /// The last attempt failed.
    Failed,
}

/// Runs the attempts of a delivery in the background, the first one at `due`.
pub(crate) fn send(state: &Arc<AppState>, id: String, due: Timestamp) {
    let own = state.clone();
    state.spawn(async move {
        let mut due = Some(due);
        while let Some(time) = due {
            own.clock.sleep_until(time).await;
            let _place = own.delivery_permits.acquire().await;
            // If the store fails, stop. The delivery stays pending until the next start.
            due = make_attempt(&own, &id).await.unwrap_or_default();
        }
    });
}

/// Sends a delivery again, with all its retries.
pub(crate) fn redeliver(state: &Arc<AppState>, id: &str) -> Result<Option<Value>, ApiError> {
    let redelivered = state.store.update(DELIVERY, id, |delivery| {
        if delivery["status"] == "pending" {
            return Err(ApiError::with_message(StatusCode::CONFLICT, "The delivery is in progress"));
        }
        delivery["status"] = "pending".into();
        delivery["retries"] = 0.into();
        delivery["nextAttemptAt"] = state.now_text().into();
        Ok(delivery.clone())
    })?;
    if redelivered.is_some() {
        send(state, id.to_owned(), state.now());
    }
    Ok(redelivered)
}

/// Makes one attempt. Returns the time of the next one, if there is one.
async fn make_attempt(state: &Arc<AppState>, id: &str) -> Result<Option<Timestamp>, StoreError> {
    let Some(delivery) = state.store.get(DELIVERY, id)? else { return Ok(None) };
    let mut target = Target { url: delivery["url"].clone(), secret: None };
    let uid = delivery["subscription"].as_str();
    if let Some(uid) = uid {
        let subscription = state.store.get(SUBSCRIPTION, uid)?;
        let Some(subscription) = subscription.filter(|subscription| subscription["status"] == "active") else {
            let attempt = json!({"at": state.now_text(), "error": "The subscription is deleted or not active"});
            record_attempt(state, id, &attempt, DeliveryState::Failed)?;
            return Ok(None);
        };
        // Use the current target URL: the subscription may have changed since the first attempt.
        let secret = subscription["secret"].as_str().unwrap_or_default().to_owned();
        target = Target { url: subscription["targetUrl"].clone(), secret: Some(secret) };
    }
    let (started, at) = (std::time::Instant::now(), state.now_text());
    let response = match build_request(state, &delivery, &target) {
        Ok(request) => state.outbound.webhooks.post(request, DELIVERY_TIMEOUT).await.map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    #[allow(clippy::cast_precision_loss, reason = "microseconds of at most half a minute")]
    let duration = started.elapsed().as_micros() as f64 / 1000.0;
    let mut attempt = json!({"at": at, "duration": duration});
    match &response {
        Ok(status) => attempt["responseCode"] = (*status).into(),
        Err(error) => attempt["error"] = error.as_str().into(),
    }
    let retries = delivery["retries"].as_u64().and_then(|done| usize::try_from(done).ok()).unwrap_or_default();
    let outcome = match (response, RETRY_DELAYS_SECONDS.get(retries)) {
        (Ok(200..300), _) => DeliveryState::Delivered,
        (_, Some(seconds)) => DeliveryState::RetryAt(time_after(state, state.scale_retry_delay(*seconds))),
        (_, None) => DeliveryState::Failed,
    };
    record_attempt(state, id, &attempt, outcome)?;
    if let Some(uid) = uid {
        record_in_subscription(state, uid, &delivery, &attempt, outcome)?;
    }
    Ok(match outcome {
        DeliveryState::RetryAt(due) => Some(due),
        DeliveryState::Delivered | DeliveryState::Failed => None,
    })
}

/// Receiver of a delivery.
struct Target {
    url: Value,
    /// Secret of the subscription. Without one the delivery has no signature.
    secret: Option<String>,
}

fn build_request(state: &AppState, delivery: &Value, target: &Target) -> Result<Request, String> {
    let body = delivery["body"].as_str().unwrap_or_default().to_owned();
    let url = fetch::parse_url(target.url.as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
    let signed_at = UNIX_EPOCH + Duration::try_from(state.now().as_duration()).unwrap_or_default();
    let signature = match &target.secret {
        Some(secret) => {
            let signer = Signer::new(secret.as_str()).map_err(|error| error.to_string())?;
            Some(signer.header_at(body.as_bytes(), signed_at))
        }
        None => None,
    };
    let mut request = Request::new(Method::POST, url);
    let headers = [
        (CONTENT_TYPE.as_str(), "application/json"),
        (EVENT_HEADER, delivery["event"].as_str().unwrap_or_default()),
        (DELIVERY_ID_HEADER, delivery["id"].as_str().unwrap_or_default()),
    ];
    for (name, value) in headers.into_iter().chain(signature.as_deref().map(|value| (SIGNATURE_HEADER, value))) {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        request.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
    }
    *request.body_mut() = Some(body.into());
    Ok(request)
}

/// Records an attempt in the delivery, with the time of the next one.
fn record_attempt(state: &AppState, id: &str, attempt: &Value, outcome: DeliveryState) -> Result<(), StoreError> {
    state.store.update(DELIVERY, id, |delivery| {
        if let Some(attempts) = delivery["attempts"].as_array_mut() {
            attempts.push(attempt.clone());
        }
        let (name, next) = match outcome {
            DeliveryState::Delivered => ("delivered", Value::Null),
            DeliveryState::Failed => ("failed", Value::Null),
            DeliveryState::RetryAt(due) => {
                delivery["retries"] = (delivery["retries"].as_u64().unwrap_or_default() + 1).into();
                ("pending", format!("{due:.3}").into())
            }
        };
        delivery["status"] = name.into();
        delivery["nextAttemptAt"] = next;
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// Records the outcome of the last attempt in the subscription.
fn record_in_subscription(
    state: &AppState,
    uid: &str,
    delivery: &Value,
    attempt: &Value,
    outcome: DeliveryState,
) -> Result<(), StoreError> {
    state.store.update(SUBSCRIPTION, uid, |subscription| {
        let mut add = |name: &str| subscription[name] = (subscription[name].as_u64().unwrap_or_default() + 1).into();
        add("deliveryCount");
        let is_delivered = outcome == DeliveryState::Delivered;
        if !is_delivered {
            add("failureCount");
        }
        let status = if is_delivered { "delivered" } else { "failed" };
        let mut last = json!({"status": status, "timestamp": attempt["at"], "retryCount": delivery["retries"]});
        for name in ["responseCode", "duration", "error"] {
            if !attempt[name].is_null() {
                last[name] = attempt[name].clone();
            }
        }
        match outcome {
            DeliveryState::Delivered => {}
            DeliveryState::RetryAt(due) => last["nextRetry"] = format!("{due:.3}").into(),
            DeliveryState::Failed => subscription["status"] = "paused".into(),
        }
        subscription["lastDeliveryAt"] = attempt["at"].clone();
        subscription["lastDelivery"] = last;
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// Returns the time after a delay, or the last time that can be written.
fn time_after(state: &AppState, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    state.now().saturating_add(wait).unwrap_or(Timestamp::MAX)
}
