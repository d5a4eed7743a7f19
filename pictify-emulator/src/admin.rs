//! Admin API for tests, which the service does not have: faults, the ledger of billed renders, and webhook deliveries.
//! Its paths start with `/_emulator/`. It needs no API key: anyone who can reach the server may use it.

use crate::{
    api_error::ApiError,
    context::AppState,
    faults::FaultScript,
    ledger,
    response::{ApiResponse, ApiResult},
    store::{Filter, Order},
    webhooks::{self, DELIVERY},
};
use axum::http::{Method, StatusCode, request::Parts};
use serde_json::{Value, json};
use std::sync::Arc;

/// Path prefix of the admin API.
pub(crate) const PREFIX: &str = "/_emulator/";

/// Handles a request to the admin API.
pub(crate) fn handle(state: &Arc<AppState>, parts: &Parts, name: &str, body: &[u8]) -> ApiResult {
    match (&parts.method, name) {
        (&Method::GET, "ledger") => Ok(list_ledger(state)?.into()),
        (&Method::GET, "deliveries") => {
            Ok(json!({"deliveries": state.store.all(DELIVERY, &Filter::default(), Order::Newest)?}).into())
        }
        (&Method::PUT, "faults") => {
            let invalid_script =
                |why: String| ApiError::with_message(StatusCode::BAD_REQUEST, format!("Invalid fault script: {why}"));
            let script: FaultScript =
                serde_json::from_slice(body).map_err(|error| invalid_script(error.to_string()))?;
            script.check().map_err(invalid_script)?;
            let count = script.faults.len();
            state.faults.set(script);
            Ok(ApiResponse::from(json!({"faults": count})))
        }
        (&Method::DELETE, "faults") => {
            state.faults.set(FaultScript::default());
            Ok(ApiResponse::from(json!({"faults": 0})))
        }
        (&Method::POST, name) => {
            let id = name.strip_prefix("deliveries/").and_then(|rest| rest.strip_suffix("/resend"));
            let resent = id.map(|id| webhooks::redeliver(state, id)).transpose()?.flatten();
            Ok(ApiResponse::from(resent.ok_or_else(|| ApiError::route_not_found(parts))?))
        }
        _ => Err(ApiError::route_not_found(parts)),
    }
}

/// Returns all ledger entries, oldest first.
fn list_ledger(state: &AppState) -> Result<Value, ApiError> {
    let entries = ledger::entries(&state.store)?;
    let renders: u64 = entries.iter().filter_map(|entry| entry["renders"].as_u64()).sum();
    Ok(json!({"renders": renders, "entries": entries}))
}
