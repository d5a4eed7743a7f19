//! Idempotency keys, where they are honoured.

use super::context::{AppState, RequestContext};
use crate::{api_error::ApiError, response::ApiResponse};
use axum::http::StatusCode;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::sync::OwnedMutexGuard;

/// The requests with a key that are being served: who comes again meanwhile waits for the answer of the first.
#[derive(Debug, Default)]
pub(super) struct KeyedLocks(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

/// An answer that is given again to the same idempotency key with the same request.
pub(super) struct IdempotencyRecord(String);

impl IdempotencyRecord {
    /// The kind of the documents that answers are kept as.
    const KIND: &'static str = "replay";

    pub(super) fn of(context: &RequestContext) -> Option<Self> {
        let key = context.header("idempotency-key")?;
        Some(Self(format!("{key} {} {:?} {}", context.operation.id, context.path, context.body)))
    }

    /// Waits until nobody else serves the same request.
    pub(super) async fn turn(&self, state: &AppState) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = state.turns.0.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| turn.strong_count() > 0);
            let known = turns.get(&self.0).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                turns.insert(self.0.clone(), Arc::downgrade(&turn));
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

    pub(super) fn store(&self, state: &AppState, reply: &ApiResponse) -> Result<(), ApiError> {
        if let Some((status, body)) = reply.as_json() {
            let stored = serde_json::json!({"status": status.as_u16(), "body": body});
            state.store.insert(Self::KIND, &self.0, &stored)?;
        }
        Ok(())
    }
}
