//! Health, documents and metrics of the server.

use super::{AdminError, AdminResult, DOCUMENT, JsonBody, text};
use crate::{context::AppState, contract, metrics::CurrentValues, store::Filter, webhooks::Delivery};
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{Response, StatusCode},
};
use serde_json::json;
use std::sync::{Arc, LazyLock};

/// Content type of the text format of Prometheus.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const JSON: &str = "application/json; charset=utf-8";

/// Contract of the service, with this server as the only one.
static SERVICE_DOCUMENT: LazyLock<Option<Bytes>> = LazyLock::new(|| {
    let mut document: serde_json::Value = serde_json::from_str(contract::DOCUMENT).ok()?;
    // Relative to the address of the document, whatever name the client knows this server by.
    document["servers"] = json!([{"url": "/", "description": "Emulator"}]);
    Some(document.to_string().into())
});

pub(super) async fn health(State(state): State<Arc<AppState>>) -> JsonBody {
    JsonBody(json!({
        "status": "ok",
        "version": env!("CARGO_PKG_VERSION"),
        "rendersInProgress": state.render_pool.in_progress(),
    }))
}

pub(super) async fn admin_api() -> Response<Body> {
    text(JSON, DOCUMENT)
}

pub(super) async fn service_api() -> AdminResult<Response<Body>> {
    let document = SERVICE_DOCUMENT.as_ref();
    let document =
        document.ok_or_else(|| AdminError::new(StatusCode::INTERNAL_SERVER_ERROR, "The contract is not JSON"))?;
    Ok(text(JSON, document.clone()))
}

pub(super) async fn metrics(State(state): State<Arc<AppState>>) -> AdminResult<Response<Body>> {
    let mut deliveries = ["pending", "delivered", "failed"].map(|status| (status, 0));
    for (status, count) in &mut deliveries {
        *count = state.store.count_of::<Delivery>(&Filter::default().eq("$.status", Some(status)))?;
    }
    let current = CurrentValues {
        renders_in_progress: state.render_pool.in_progress(),
        file_bytes: state.store.file_bytes()?,
        deliveries,
    };
    let metrics = state.metrics.to_text(current);
    let metrics = metrics.map_err(|error| AdminError::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(text(METRICS_TYPE, metrics))
}
