//! Replay of responses by idempotency key, if the server is configured to honour keys.

use crate::{
    api_error::ApiError,
    context::{AppState, RequestContext},
    response::ApiResponse,
};
use axum::http::StatusCode;
use tokio::sync::OwnedMutexGuard;

/// Stored response of a request with an idempotency key.
pub(super) struct IdempotencyRecord(String);

impl IdempotencyRecord {
    /// Document kind of stored responses.
    const KIND: &'static str = "idempotency-record";

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
        let stored = state.store.get(Self::KIND, &self.0).ok().flatten()?;
        let status =
            stored["status"].as_u64().and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok())?;
        Some(ApiResponse::json(status, stored["body"].clone()))
    }

    /// Stores the response, if it is JSON.
    pub(super) fn store(&self, state: &AppState, response: &ApiResponse) -> Result<(), ApiError> {
        if let Some((status, body)) = response.as_json() {
            let stored = serde_json::json!({"status": status.as_u16(), "body": body});
            state.store.insert(Self::KIND, &self.0, &stored)?;
        }
        Ok(())
    }
}
