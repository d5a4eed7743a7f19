//! Faults: read, set, clear, fail the next requests.

use super::{AdminError, AdminResult, JsonBody, parse_body};
use crate::{
    context::AppState,
    faults::{Fault, FaultScript},
};
use axum::{body::Bytes, extract::State, http::StatusCode};
use serde_json::{Map, Value, json};
use std::sync::Arc;

pub(super) async fn get(State(state): State<Arc<AppState>>) -> JsonBody {
    JsonBody(json!({"faults": state.faults.list()}))
}

pub(super) async fn set(State(state): State<Arc<AppState>>, body: Bytes) -> AdminResult {
    let script: FaultScript = serde_json::from_slice(&body).map_err(|error| invalid(&error.to_string()))?;
    script.check().map_err(|reason| invalid(&reason))?;
    let count = script.faults.len();
    state.faults.set(script);
    Ok(JsonBody(json!({"faults": count})))
}

pub(super) async fn clear(State(state): State<Arc<AppState>>) -> JsonBody {
    state.faults.set(FaultScript::default());
    JsonBody(json!({"faults": 0}))
}

pub(super) async fn fail_next(State(state): State<Arc<AppState>>, body: Bytes) -> AdminResult {
    let mut members: Map<String, Value> = parse_body(&body)?;
    let count = match members.remove("count") {
        None => 1,
        Some(count) => {
            count.as_u64().filter(|count| *count > 0).ok_or_else(|| invalid("count is not a number from 1"))?
        }
    };
    let fault: Fault = serde_json::from_value(members.into()).map_err(|error| invalid(&error.to_string()))?;
    state.faults.fail_next(fault, count).map_err(|reason| invalid(&reason))?;
    Ok(get(State(state)).await)
}

fn invalid(reason: &str) -> AdminError {
    AdminError::new(StatusCode::BAD_REQUEST, format!("Invalid fault script: {reason}"))
}
