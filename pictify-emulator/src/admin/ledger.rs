//! Ledger of billed renders.

use super::{AdminResult, JsonBody, check_operation, parse_query};
use crate::{context::AppState, ledger, store::Filter};
use axum::{extract::State, http::Uri};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

/// Number of entries in a page if the query gives none.
const DEFAULT_LIMIT: usize = 1000;

/// Query parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LedgerQuery {
    operation: Option<String>,
    #[serde(rename = "requestId")]
    request_id: Option<String>,
    #[serde(rename = "idempotencyKey")]
    idempotency_key: Option<String>,
    limit: Option<usize>,
    offset: Option<usize>,
}

pub(super) async fn list(State(state): State<Arc<AppState>>, uri: Uri) -> AdminResult {
    let query: LedgerQuery = parse_query(&uri)?;
    check_operation(query.operation.as_deref())?;
    let filter = Filter::default()
        .eq("$.operation", query.operation.as_deref())
        .eq("$.requestId", query.request_id.as_deref())
        .eq("$.idempotencyKey", query.idempotency_key.as_deref());
    let (offset, limit) = (query.offset.unwrap_or(0), query.limit.unwrap_or(DEFAULT_LIMIT));
    let (entries, total) = ledger::page(&state.store, &filter, offset, limit)?;
    Ok(JsonBody(json!({"renders": ledger::billed_renders(&state.store)?, "entries": entries, "total": total})))
}
