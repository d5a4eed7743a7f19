//! What the service does not have and tests need: faults, the ledger of what was billed, and deliveries. Under `/_emulator/`, without
//! a key: who reaches this server may use it.

use crate::{
    api_error::ApiError,
    faults::Script,
    rendering::BILLED,
    response::{ApiResponse, ApiResult},
    server::AppState,
    store::{Filter, Order},
    webhooks::{self, DELIVERY},
};
use axum::http::{Method, StatusCode, request::Parts};
use serde_json::{Value, json};
use std::sync::Arc;

/// Where these endpoints are.
pub(crate) const PREFIX: &str = "/_emulator/";

/// Serves one of them.
pub(crate) fn answer(state: &Arc<AppState>, parts: &Parts, name: &str, body: &[u8]) -> ApiResult {
    match (&parts.method, name) {
        (&Method::GET, "ledger") => Ok(ledger(state)?.into()),
        (&Method::GET, "deliveries") => {
            Ok(json!({"deliveries": state.store.all(DELIVERY, &Filter::default(), Order::Newest)?}).into())
        }
        (&Method::PUT, "faults") => {
            let unusable =
                |why: String| ApiError::with_message(StatusCode::BAD_REQUEST, format!("No script of faults: {why}"));
            let script: Script = serde_json::from_slice(body).map_err(|error| unusable(error.to_string()))?;
            script.check().map_err(unusable)?;
            let count = script.faults.len();
            state.faults.set(script);
            Ok(ApiResponse::from(json!({"faults": count})))
        }
        (&Method::DELETE, "faults") => {
            state.faults.set(Script::default());
            Ok(ApiResponse::from(json!({"faults": 0})))
        }
        (&Method::POST, name) => {
            let id = name.strip_prefix("deliveries/").and_then(|rest| rest.strip_suffix("/resend"));
            let renewed = id.map(|id| webhooks::redeliver(state, id)).transpose()?.flatten();
            Ok(ApiResponse::from(renewed.ok_or_else(|| ApiError::route_not_found(parts))?))
        }
        _ => Err(ApiError::route_not_found(parts)),
    }
}

/// Everything that was billed, oldest first.
fn ledger(state: &AppState) -> Result<Value, ApiError> {
    let entries = state.store.all(BILLED, &Filter::default(), Order::Oldest)?;
    let renders: u64 = entries.iter().filter_map(|entry| entry["renders"].as_u64()).sum();
    Ok(json!({"renders": renders, "entries": entries}))
}
