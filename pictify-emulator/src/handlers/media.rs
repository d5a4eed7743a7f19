//! Handlers for media files and the health check.

use super::handlers;
use crate::{api_error::ApiError, context::RequestContext, rendering::RenderRecord, response::ApiResult};
use axum::http::StatusCode;
use serde_json::json;

handlers! {
    "deleteMedia" => sync delete,
    "healthCheck" => sync health,
}

fn delete(context: &RequestContext) -> ApiResult {
    let (store, uid) = (&context.state.store, context.parameter("mediaUid"));
    let Some(render) = store.find::<RenderRecord>(uid)? else {
        return Err(ApiError::with_message(StatusCode::NOT_FOUND, "Media not found"));
    };
    store.delete::<RenderRecord>(uid)?;
    store.remove_file(&render.file)?;
    Ok(json!({"message": "Media deleted successfully"}).into())
}

fn health(_: &RequestContext) -> ApiResult {
    Ok(json!({"message": "ok"}).into())
}
