//! Previews: renders that are neither stored nor billed.

use super::{not_found, request::PageRequest};
use crate::{
    api_error::ApiError,
    operations,
    response::{ApiResponse, ApiResult},
    store::Document as _,
    templates::{Source, Template},
};
use axum::http::{StatusCode, header::CACHE_CONTROL};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Renders a stored template with the values of the query string: `values` is a JSON object, and every other parameter
/// is the text of a variable, except `v`, which only makes the address change with the template.
pub(super) async fn of_template(request: &PageRequest<'_>, uid: &str) -> ApiResult {
    let template = request.state.store.get(Template::KIND, uid)?.ok_or_else(not_found)?;
    let values = serde_json::from_str(request.parameter("values")).unwrap_or_else(|_| json!({}));
    let preview = operations::call(request.state, "previewTemplate", &[], &[], draft(&template, &values)).await?;
    let encoded = preview["dataUrl"].as_str().and_then(|url| url.split_once(";base64,")).map(|(_, bytes)| bytes);
    let bytes = STANDARD.decode(encoded.unwrap_or_default()).map_err(|error| ApiError::internal(error.to_string()))?;
    Ok(ApiResponse::bytes("image/png", bytes).header(CACHE_CONTROL, "private, max-age=86400"))
}

/// Returns the body of a preview of a stored template.
fn draft(template: &Value, values: &Value) -> Value {
    let mut body = json!({"variables": values, "format": "png"});
    for name in ["html", "fabricJSData", "width", "height", "variableDefinitions", "strictVariables"] {
        if !template[name].is_null() {
            body[name] = template[name].clone();
        }
    }
    body
}

/// Renders the draft of the editor. Returns the image and the names of its variables, or the error as a sentence.
pub(super) async fn of_draft(request: &PageRequest<'_>) -> ApiResult {
    let mut draft = request.json()?;
    draft["format"] = "png".into();
    let source = serde_json::from_value::<Source>(draft.clone()).unwrap_or_default();
    let names = match (Template { source, ..Template::default() }).used_variables() {
        Ok(names) => names,
        Err(error) => return Ok(failure(&error)),
    };
    match operations::call(request.state, "previewTemplate", &[], &[], draft).await {
        Ok(preview) => Ok(ApiResponse::from(json!({
            "image": preview["dataUrl"],
            "width": preview["width"],
            "height": preview["height"],
            "milliseconds": preview["totalMs"],
            "variables": names,
        }))),
        Err(error) => Ok(failure(&error)),
    }
}

/// Returns an error for a script, which shows it beside its cause.
pub(super) fn failure(error: &ApiError) -> ApiResponse {
    ApiResponse::json(StatusCode::UNPROCESSABLE_ENTITY, json!({"error": error.message()}))
}
