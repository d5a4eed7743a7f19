//! Idempotency keys, where they are honoured.

use super::service::{Call, Service};
use crate::answer::{Refusal, Reply};
use axum::http::StatusCode;

/// An answer that is given again to the same idempotency key with the same request.
pub(super) struct Replay(String);

impl Replay {
    /// The kind of the documents that answers are kept as.
    const KIND: &'static str = "replay";

    pub(super) fn of(call: &Call) -> Option<Self> {
        let key = call.header("idempotency-key")?;
        Some(Self(format!("{key} {} {:?} {}", call.operation.id, call.path, call.body)))
    }

    pub(super) fn stored(&self, service: &Service) -> Option<Reply> {
        let stored = service.store.get(Self::KIND, &self.0).ok().flatten()?;
        let status =
            stored["status"].as_u64().and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok())?;
        Some(Reply::json(status, stored["body"].clone()))
    }

    pub(super) fn store(&self, service: &Service, reply: &Reply) -> Result<(), Refusal> {
        if let Some((status, body)) = reply.as_json() {
            let stored = serde_json::json!({"status": status.as_u16(), "body": body});
            service.store.insert(Self::KIND, &self.0, &stored)?;
        }
        Ok(())
    }
}
