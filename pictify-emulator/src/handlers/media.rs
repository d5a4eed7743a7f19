//! Handlers for media files and the health check.

use super::handlers;
use crate::{api_error::ApiError, context::RequestContext, rendering::RENDER, response::ApiResult};
use axum::http::StatusCode;
use serde_json::json;

handlers! {
    "deleteMedia" => sync delete,
    "healthCheck" => sync health,
}

fn delete(context: &RequestContext) -> ApiResult {
    let (store, uid) = (&context.state.store, context.parameter("mediaUid"));
    let Some(render) = store.get(RENDER, uid)? else {
        return Err(ApiError::with_message(StatusCode::NOT_FOUND, "Media not found"));
    };
    store.remove(RENDER, uid)?;
    store.remove_file(render["file"].as_str().unwrap_or_default())?;
    Ok(json!({"message": "Media deleted successfully"}).into())
}

fn health(_: &RequestContext) -> ApiResult {
    Ok(json!({"message": "ok"}).into())
}
