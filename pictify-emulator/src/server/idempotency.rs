//! Replay of responses by idempotency key, if the server is configured to honour keys.

use super::context::{AppState, RequestContext};
use crate::{api_error::ApiError, response::ApiResponse};
use axum::http::StatusCode;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::OwnedMutexGuard;

/// Locks of the requests in progress. A second request with the same key waits for the response to the first.
#[derive(Debug, Default)]
pub(super) struct KeyedLocks(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

/// Stored response of a request with an idempotency key.
pub(super) struct IdempotencyRecord(String);

impl IdempotencyRecord {
    /// Document kind of stored responses.
    const KIND: &'static str = "replay";

    pub(super) fn of(context: &RequestContext) -> Option<Self> {
        let key = context.header("idempotency-key")?;
        Some(Self(format!("{key} {} {:?} {}", context.operation.id, context.path, context.body)))
    }

    /// Waits until no other task handles the same request, and locks it.
    pub(super) async fn turn(&self, state: &AppState) -> OwnedMutexGuard<()> {
        let turn = {
            let mut request_locks = state.request_locks.0.lock().unwrap_or_else(PoisonError::into_inner);
            request_locks.retain(|_, turn| turn.strong_count() > 0);
            let known = request_locks.get(&self.0).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                request_locks.insert(self.0.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }

    pub(super) fn stored(&self, state: &AppState) -> Option<ApiResponse> {
        let stored = state.store.get(Self::KIND, &self.0).ok().flatten()?;
        let status =
            stored["status"].as_u64().and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok())?;
        Some(ApiResponse::json(status, stored["body"].clone()))
    }

    pub(super) fn store(&self, state: &AppState, response: &ApiResponse) -> Result<(), ApiError> {
        if let Some((status, body)) = response.as_json() {
            let stored = serde_json::json!({"status": status.as_u16(), "body": body});
            state.store.insert(Self::KIND, &self.0, &stored)?;
        }
        Ok(())
    }
}
