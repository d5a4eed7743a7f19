//! Attempts to deliver, on the published schedule: at once, then after 1, 5 and 30 minutes, 2 hours and a day. When the
//! last has failed, the subscription is paused.

use super::DELIVERY;
use crate::{answer::Refusal, areas::SUBSCRIPTION, fetch, server::Service, store::StoreError};
use axum::http::StatusCode;
use jiff::SignedDuration;
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

/// How long after each failure the next attempt is, in seconds.
const SCHEDULE: [u64; 5] = [60, 300, 1800, 7200, 86400];

/// How long a target may take.
const TIME: Duration = Duration::from_secs(30);

/// How things stand after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Delivered,
    /// It failed, and is tried again after this long.
    Again(Duration),
    /// It failed for the last time.
    Failed,
}

/// Makes the attempts of a delivery, the first after this long, in the background.
pub(crate) fn send(service: &Arc<Service>, id: String, wait: Duration) {
    let own = service.clone();
    service.spawn(async move {
        let mut wait = Some(wait);
        while let Some(time) = wait {
            tokio::time::sleep(time).await;
            let _place = own.deliveries_at_once.acquire().await;
            // A store that fails has nothing to go on with; the delivery stays pending for the next start.
            wait = attempt(&own, &id).await.unwrap_or_default();
        }
    });
}

/// Sends a delivery once more, with all its retries.
pub(crate) fn again(service: &Arc<Service>, id: &str) -> Result<Option<Value>, Refusal> {
    let renewed = service.store.change(DELIVERY, id, |delivery| {
        if delivery["status"] == "pending" {
            return Err(Refusal::message(StatusCode::CONFLICT, "The delivery is under way"));
        }
        delivery["status"] = "pending".into();
        delivery["retries"] = 0.into();
        delivery["nextAttemptAt"] = service.now_text().into();
        Ok(delivery.clone())
    })?;
    if renewed.is_some() {
        send(service, id.to_owned(), Duration::ZERO);
    }
    Ok(renewed)
}

/// One attempt; says after how long the next is to be, if one is.
async fn attempt(service: &Arc<Service>, id: &str) -> Result<Option<Duration>, StoreError> {
    let Some(delivery) = service.store.get(DELIVERY, id)? else { return Ok(None) };
    let uid = delivery["subscription"].as_str().unwrap_or_default();
    let subscription = service.store.get(SUBSCRIPTION, uid)?;
    let Some(subscription) = subscription.filter(|subscription| subscription["status"] == "active") else {
        let attempt = json!({"at": service.now_text(), "error": "The subscription is gone or not active"});
        note(service, id, &attempt, State::Failed)?;
        return Ok(None);
    };
    let (started, at) = (std::time::Instant::now(), service.now_text());
    let outcome = match request(service, &delivery, &subscription) {
        Ok(request) => service.network.courier.post(request, TIME).await.map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    #[allow(clippy::cast_precision_loss, reason = "microseconds of half a minute")]
    let duration = started.elapsed().as_micros() as f64 / 1000.0;
    let mut attempt = json!({"at": at, "duration": duration});
    match &outcome {
        Ok(status) => attempt["responseCode"] = (*status).into(),
        Err(error) => attempt["error"] = error.as_str().into(),
    }
    let retries = delivery["retries"].as_u64().and_then(|done| usize::try_from(done).ok()).unwrap_or_default();
    let state = match (outcome, SCHEDULE.get(retries)) {
        (Ok(200..300), _) => State::Delivered,
        (_, Some(seconds)) => State::Again(service.scaled(*seconds)),
        (_, None) => State::Failed,
    };
    note(service, id, &attempt, state)?;
    note_subscription(service, uid, &delivery, &attempt, state)?;
    Ok(match state {
        State::Again(wait) => Some(wait),
        State::Delivered | State::Failed => None,
    })
}

fn request(service: &Service, delivery: &Value, subscription: &Value) -> Result<Request, String> {
    let body = delivery["body"].as_str().unwrap_or_default().to_owned();
    let secret = subscription["secret"].as_str().unwrap_or_default();
    let signer = Signer::new(secret).map_err(|error| error.to_string())?;
    // The target of now: a subscription may have been changed since.
    let url = fetch::url(subscription["targetUrl"].as_str().unwrap_or_default()).map_err(|error| error.to_string())?;
    let signed_at = UNIX_EPOCH + Duration::try_from(service.now().as_duration()).unwrap_or_default();
    let mut request = Request::new(Method::POST, url);
    for (name, value) in [
        (CONTENT_TYPE.as_str(), "application/json"),
        (SIGNATURE_HEADER, signer.header_at(body.as_bytes(), signed_at).as_str()),
        (EVENT_HEADER, delivery["event"].as_str().unwrap_or_default()),
        (DELIVERY_ID_HEADER, delivery["id"].as_str().unwrap_or_default()),
    ] {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        request.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
    }
    *request.body_mut() = Some(body.into());
    Ok(request)
}

/// Writes an attempt down, and when the next one is.
fn note(service: &Service, id: &str, attempt: &Value, state: State) -> Result<(), StoreError> {
    service.store.change(DELIVERY, id, |delivery| {
        if let Some(attempts) = delivery["attempts"].as_array_mut() {
            attempts.push(attempt.clone());
        }
        let (name, next) = match state {
            State::Delivered => ("delivered", Value::Null),
            State::Failed => ("failed", Value::Null),
            State::Again(wait) => {
                delivery["retries"] = (delivery["retries"].as_u64().unwrap_or_default() + 1).into();
                ("pending", after(service, wait))
            }
        };
        delivery["status"] = name.into();
        delivery["nextAttemptAt"] = next;
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// Writes into the subscription how the last delivery went.
fn note_subscription(
    service: &Service,
    uid: &str,
    delivery: &Value,
    attempt: &Value,
    state: State,
) -> Result<(), StoreError> {
    service.store.change(SUBSCRIPTION, uid, |subscription| {
        let mut add = |name: &str| subscription[name] = (subscription[name].as_u64().unwrap_or_default() + 1).into();
        add("deliveryCount");
        let is_delivered = state == State::Delivered;
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
        match state {
            State::Delivered => {}
            State::Again(wait) => last["nextRetry"] = after(service, wait),
            State::Failed => subscription["status"] = "paused".into(),
        }
        subscription["lastDeliveryAt"] = attempt["at"].clone();
        subscription["lastDelivery"] = last;
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

fn after(service: &Service, wait: Duration) -> Value {
    let wait = SignedDuration::try_from(wait).ok();
    wait.and_then(|wait| service.now().checked_add(wait).ok()).map_or(Value::Null, |at| format!("{at:.3}").into())
}
