//! Problem documents of RFC 9457, the error format of older documents.

use crate::api_error::ApiError;
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE},
};
use serde_json::{Value, json};

/// Prefix of problem types.
const PREFIX: &str = "https://docs.pictify.io/errors/";

/// Converts an error to a problem document. `path` is the path of the request.
pub(crate) fn response(error: &ApiError, path: &str, request_id: &str) -> Response<Body> {
    let (status, detail) = (error.status(), error.message());
    let (slug, title) = kind(status, error.code().unwrap_or_default(), &detail);
    let mut body = json!({
        "type": format!("{PREFIX}{slug}"),
        "title": title,
        "status": status.as_u16(),
        "detail": detail,
        "instance": path,
        "requestId": request_id,
    });
    if let Some(error) = field_error(&detail).filter(|_| slug == "validation-error") {
        body["errors"] = Value::Array(vec![error]);
    }
    if let Some(wait) = error.retry_after() {
        body["retryAfter"] = wait;
    }
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// Returns the slug and the title of a problem type.
fn kind(status: StatusCode, code: &str, detail: &str) -> (&'static str, &'static str) {
    match (status.as_u16(), code) {
        (401, _) => ("invalid-api-key", "Invalid API Key"),
        (404, _) if detail.starts_with("Template") => ("template-not-found", "Template Not Found"),
        (404, _) if detail.starts_with("Binding") => ("binding-not-found", "Binding Not Found"),
        (404, _) => ("not-found", "Not Found"),
        (429, _) => ("rate-limit-exceeded", "Rate Limit Exceeded"),
        (422, "EXPRESSION_ERROR") => ("expression-error", "Expression Error"),
        (422 | 500.., _) => ("render-failed", "Render Failed"),
        _ => ("validation-error", "Validation Error"),
    }
}

/// Parses a validation message about one field: `body/width 0 is less than the minimum of 1`.
fn field_error(detail: &str) -> Option<Value> {
    let (place, message) = detail.split_once(' ')?;
    let field = place.strip_prefix("body/").or_else(|| place.strip_prefix("querystring/"))?.replace('/', ".");
    let code = if message.contains("is not of type") { "invalid_type" } else { "out_of_range" };
    Some(json!({"field": field, "message": message, "code": code}))
}
