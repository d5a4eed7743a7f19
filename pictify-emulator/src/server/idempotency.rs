//! Replay of responses by idempotency key, if the server is configured to honour keys.

use crate::{
    api_error::ApiError,
    context::{AppState, RequestContext},
    response::ApiResponse,
    store::Document,
};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;

/// Identity of a request with an idempotency key.
pub(super) struct IdempotencyRecord(String);

/// Stored response.
#[derive(Serialize, Deserialize)]
struct StoredResponse {
    status: u16,
    body: Value,
}

impl Document for StoredResponse {
    const KIND: &'static str = "idempotency-record";
}

impl IdempotencyRecord {
    /// Returns the record of a request, if it has an idempotency key.
    pub(super) fn for_request(context: &RequestContext) -> Option<Self> {
        let key = context.render.idempotency_key.as_deref()?;
        Some(Self(format!("{key} {} {:?} {}", context.render.operation.id, context.path, context.body)))
    }

    /// Waits until no other task handles the same request, and locks it.
    pub(super) async fn lock(&self, state: &AppState) -> OwnedMutexGuard<()> {
        state.request_locks.lock(&self.0).await
    }

    /// Returns the stored response, if there is one.
    pub(super) fn stored(&self, state: &AppState) -> Option<ApiResponse> {
        let StoredResponse { status, body } = state.store.find(&self.0).ok().flatten()?;
        Some(ApiResponse::json(StatusCode::from_u16(status).ok()?, body))
    }

    /// Stores the response, if it is JSON.
    pub(super) fn store(&self, state: &AppState, response: &ApiResponse) -> Result<(), ApiError> {
        if let Some((status, body)) = response.as_json() {
            let response = StoredResponse { status: status.as_u16(), body: body.clone() };
            state.store.create(&self.0, &response)?;
        }
        Ok(())
    }
}
