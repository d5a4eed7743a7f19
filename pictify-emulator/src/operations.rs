//! Calls of operations from inside the server: for the forms of the dashboard, and for the demo data.

use crate::{
    api_error::ApiError,
    context::{AppState, RenderContext, RequestContext},
    contract::CONTRACT,
    handlers, uid,
};
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use std::sync::Arc;

/// Runs an operation as if a client with an API key had sent this request, and returns its JSON. Rate limits and faults
/// do not apply.
pub(crate) async fn call(
    state: &Arc<AppState>,
    operation: &str,
    path: &[(&str, &str)],
    query: &[(&str, Value)],
    mut body: Value,
) -> Result<Value, ApiError> {
    let unknown = || ApiError::internal(format!("{operation} is not an operation"));
    let handler = handlers::handler(operation).ok_or_else(unknown)?;
    let operation = CONTRACT.operation(operation).ok_or_else(unknown)?;
    operation.remove_absent_members(&mut body);
    if operation.accepts_body()
        && let Some(message) = operation.body_error(&body)
    {
        return Err(ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), message));
    }
    if let Some(quota) = state.exhausted_quota().filter(|_| operation.is_billed) {
        return Err(quota.exceeded_error(operation));
    }
    let render = RenderContext {
        state: state.clone(),
        operation,
        request_id: format!("req_{}", uid::new(16).to_ascii_lowercase()),
        base_url: state.url().to_owned(),
        idempotency_key: None,
    };
    let context = RequestContext {
        state: state.clone(),
        path: path.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        body,
        headers: HeaderMap::new(),
        render,
    };
    let response = handler(context).await?;
    Ok(response.as_json().map(|(_, body)| body.clone()).unwrap_or_default())
}
