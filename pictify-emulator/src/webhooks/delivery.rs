//! Delivery attempts on the published schedule: immediately, then after 1, 5 and 30 minutes, 2 hours and a day. After
//! the last failure the subscription is paused.

use super::documents::{Attempt, Delivery, DeliveryStatus, LastDelivery, Outcome, Subscription};
use crate::{api_error::ApiError, context::AppState, fetch, secret::Secret, store::StoreError};
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use pictify::webhooks::{DELIVERY_ID_HEADER, EVENT_HEADER, SIGNATURE_HEADER, Signer};
use reqwest::{
    Method, Request,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
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
pub(crate) fn redeliver(state: &Arc<AppState>, id: &str) -> Result<Option<Delivery>, ApiError> {
    let redelivered = state.store.change(id, |delivery: &mut Delivery| {
        if delivery.status == DeliveryStatus::Pending {
            return Err(ApiError::with_message(StatusCode::CONFLICT, "The delivery is in progress"));
        }
        (delivery.status, delivery.retries) = (DeliveryStatus::Pending, 0);
        delivery.next_attempt_at = Some(state.now_text());
        Ok(delivery.clone())
    })?;
    if redelivered.is_some() {
        send(state, id.to_owned(), state.now());
    }
    Ok(redelivered)
}

/// Makes one attempt. Returns the time of the next one, if there is one.
async fn make_attempt(state: &Arc<AppState>, id: &str) -> Result<Option<Timestamp>, StoreError> {
    let Some(delivery) = state.store.find::<Delivery>(id)? else { return Ok(None) };
    let at = state.now_text();
    let Some(target) = find_target(state, &delivery)? else {
        let error = Some("The subscription is deleted or not active".to_owned());
        let attempt = Attempt { at, outcome: Outcome { error, ..Outcome::default() } };
        record_attempt(state, id, &attempt, DeliveryState::Failed)?;
        return Ok(None);
    };
    let started = std::time::Instant::now();
    let response = match build_request(state, &delivery, &target) {
        Ok(request) => state.outbound.webhooks.post(request, DELIVERY_TIMEOUT).await.map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    #[allow(clippy::cast_precision_loss, reason = "microseconds of at most half a minute")]
    let duration = Some(started.elapsed().as_micros() as f64 / 1000.0);
    let next = match (&response, RETRY_DELAYS_SECONDS.get(delivery.retries)) {
        (Ok(200..300), _) => DeliveryState::Delivered,
        (_, Some(seconds)) => DeliveryState::RetryAt(time_after(state, state.scale_retry_delay(*seconds))),
        (_, None) => DeliveryState::Failed,
    };
    let outcome = Outcome { duration, response_code: response.as_ref().ok().copied(), error: response.err() };
    let attempt = Attempt { at, outcome };
    record_attempt(state, id, &attempt, next)?;
    record_in_subscription(state, delivery, attempt, next)?;
    Ok(match next {
        DeliveryState::RetryAt(due) => Some(due),
        DeliveryState::Delivered | DeliveryState::Failed => None,
    })
}

/// Receiver of a delivery.
struct Target {
    url: String,
    /// Secret of the subscription. Without one the delivery has no signature.
    secret: Option<Secret>,
}

/// Returns the receiver of a delivery, unless its subscription is gone or paused.
fn find_target(state: &AppState, delivery: &Delivery) -> Result<Option<Target>, StoreError> {
    let Some(uid) = &delivery.subscription else {
        return Ok(Some(Target { url: delivery.url.clone(), secret: None }));
    };
    let subscription = state.store.find::<Subscription>(uid)?.filter(Subscription::is_active);
    // Use the current target URL: the subscription may have changed since the first attempt.
    Ok(subscription.map(|subscription| Target {
        url: subscription.target_url,
        secret: Some(subscription.secret.unwrap_or_default()),
    }))
}

fn build_request(state: &AppState, delivery: &Delivery, target: &Target) -> Result<Request, String> {
    let url = fetch::parse_url(&target.url).map_err(|error| error.to_string())?;
    let signed_at = UNIX_EPOCH + Duration::try_from(state.now().as_duration()).unwrap_or_default();
    let signature = match &target.secret {
        Some(secret) => {
            let signer = Signer::new(secret.expose()).map_err(|error| error.to_string())?;
            Some(signer.header_at(delivery.body.as_bytes(), signed_at))
        }
        None => None,
    };
    let mut request = Request::new(Method::POST, url);
    let headers = [
        (CONTENT_TYPE.as_str(), "application/json"),
        (EVENT_HEADER, delivery.event.as_str()),
        (DELIVERY_ID_HEADER, delivery.id.as_str()),
    ];
    for (name, value) in headers.into_iter().chain(signature.as_deref().map(|value| (SIGNATURE_HEADER, value))) {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        request.headers_mut().insert(name, HeaderValue::try_from(value).map_err(|error| error.to_string())?);
    }
    *request.body_mut() = Some(delivery.body.clone().into());
    Ok(request)
}

/// Records an attempt in the delivery, with the time of the next one.
fn record_attempt(state: &AppState, id: &str, attempt: &Attempt, next: DeliveryState) -> Result<(), StoreError> {
    state.store.change(id, |delivery: &mut Delivery| {
        delivery.attempts.push(attempt.clone());
        (delivery.status, delivery.next_attempt_at) = match next {
            DeliveryState::Delivered => (DeliveryStatus::Delivered, None),
            DeliveryState::Failed => (DeliveryStatus::Failed, None),
            DeliveryState::RetryAt(due) => {
                delivery.retries += 1;
                (DeliveryStatus::Pending, Some(format!("{due:.3}")))
            }
        };
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// Records the outcome of the last attempt in the subscription, if there is one.
fn record_in_subscription(
    state: &AppState,
    delivery: Delivery,
    attempt: Attempt,
    next: DeliveryState,
) -> Result<(), StoreError> {
    let Some(uid) = delivery.subscription else { return Ok(()) };
    state.store.change(&uid, |subscription: &mut Subscription| {
        let is_delivered = next == DeliveryState::Delivered;
        subscription.delivery_count += 1;
        subscription.failure_count += u64::from(!is_delivered);
        let next_retry = match next {
            DeliveryState::RetryAt(due) => Some(format!("{due:.3}")),
            DeliveryState::Delivered | DeliveryState::Failed => None,
        };
        if next == DeliveryState::Failed {
            "paused".clone_into(&mut subscription.status);
        }
        subscription.last_delivery_at = Some(attempt.at.clone());
        subscription.last_delivery = Some(LastDelivery {
            status: if is_delivered { "delivered" } else { "failed" }.to_owned(),
            timestamp: attempt.at,
            retry_count: delivery.retries,
            outcome: attempt.outcome,
            next_retry,
        });
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// Returns the time after a delay, or the last time that can be written.
fn time_after(state: &AppState, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    state.now().saturating_add(wait).unwrap_or(Timestamp::MAX)
}
