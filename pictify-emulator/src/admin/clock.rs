//! Clock: read, freeze, set, advance, resume.

use super::{AdminError, AdminResult, JsonBody, parse_body};
use crate::context::AppState;
use axum::{body::Bytes, extract::State};
use jiff::{Span, Timestamp};
use serde::Deserialize;
use serde_json::json;
use std::{sync::Arc, time::Duration};

/// Body that freezes or sets the clock.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetClock {
    freeze: Option<String>,
    set: Option<String>,
}

/// Body that advances the clock.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceClock {
    seconds: Option<f64>,
    duration: Option<String>,
}

pub(super) async fn get(State(state): State<Arc<AppState>>) -> JsonBody {
    let clock = state.clock.state();
    JsonBody(json!({
        "now": format!("{:.3}", clock.now),
        "frozen": clock.is_frozen,
        "offsetSeconds": clock.offset.as_secs(),
    }))
}

pub(super) async fn set(State(state): State<Arc<AppState>>, body: Bytes) -> AdminResult {
    let time = |text: String| match text.as_str() {
        "now" => Ok(state.clock.now()),
        text => {
            text.parse::<Timestamp>().map_err(|error| AdminError::bad_request(format!("{text} is not a time: {error}")))
        }
    };
    match parse_body(&body)? {
        SetClock { freeze: Some(at), set: None } => state.clock.freeze(time(at)?)?,
        SetClock { freeze: None, set: Some(at) } => state.clock.set(time(at)?)?,
        _ => {
            return Err(AdminError::bad_request(
                "Give either freeze or set, a time such as 2026-08-01T00:00:00Z or now",
            ));
        }
    }
    Ok(get(State(state)).await)
}

pub(super) async fn advance(State(state): State<Arc<AppState>>, body: Bytes) -> AdminResult {
    match parse_body(&body)? {
        AdvanceClock { seconds: Some(seconds), duration: None } => {
            let by = Duration::try_from_secs_f64(seconds);
            let by = by.map_err(|error| AdminError::bad_request(format!("seconds is out of range: {error}")))?;
            state.clock.advance(by)?;
        }
        AdvanceClock { seconds: None, duration: Some(duration) } => {
            let by: Span = duration.parse().map_err(|error| {
                AdminError::bad_request(format!("{duration} is not an ISO 8601 duration such as PT90S or P1M: {error}"))
            })?;
            if by.is_negative() {
                return Err(AdminError::bad_request("The clock can only be advanced: set or freeze it to go back"));
            }
            state.clock.advance_by_span(by)?;
        }
        _ => return Err(AdminError::bad_request("Give either seconds or duration, such as P1M")),
    }
    Ok(get(State(state)).await)
}

pub(super) async fn resume(State(state): State<Arc<AppState>>) -> JsonBody {
    state.clock.resume();
    get(State(state)).await
}
