//! Extraction and validation of the query string and the body.

use super::body::framework_error;
use crate::{api_error::ApiError, contract::Operation, query_string::query_pairs};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;
use std::collections::BTreeMap;

/// Name for objects that a request does not name.
const DEFAULT_NAME: &str = "Untitled";

/// Parses and validates the query string.
pub(super) fn parse_query(operation: &Operation, text: &str) -> Result<BTreeMap<String, Value>, ApiError> {
    let mut query = BTreeMap::new();
    for (name, value) in query_pairs(text) {
        let Some(schema) = operation.query.get(&name) else {
            // Most operations ignore unknown parameters; those that render by URL use them as variables.
            query.insert(name, Value::String(value));
            continue;
        };
        let value = schema.read(&value);
        if let Some(message) = schema.validation_error(&format!("querystring/{name}"), &value) {
            return Err(ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), message));
        }
        query.insert(name, value);
    }
    if let Some(name) = operation.required_query.iter().find(|name| !query.contains_key(*name)) {
        let message = format!("querystring must have required property '{name}'");
        return Err(ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), message));
    }
    Ok(query)
}

/// Returns the value of a request without a body.
pub(super) fn empty_body(operation: &Operation, headers: &HeaderMap) -> Result<Value, ApiError> {
    if headers.get(CONTENT_TYPE).is_some_and(is_json) {
        let message = "Body cannot be empty when content-type is set to 'application/json'";
        return Err(framework_error(StatusCode::BAD_REQUEST, "FST_ERR_CTP_EMPTY_JSON_BODY", message));
    }
    // The service reads a POST without a body as an empty object.
    validate_body(operation, Value::Object(serde_json::Map::new()))
}

/// Checks that the body is JSON, or text where the service reads text as JSON.
pub(super) fn check_content_type(operation: &Operation, headers: &HeaderMap) -> Result<(), ApiError> {
    let kind = headers.get(CONTENT_TYPE);
    let is_json_as_text = || operation.also_accepts("text/plain") && kind.is_some_and(is_text);
    if kind.is_some_and(is_json) || is_json_as_text() {
        return Ok(());
    }
    let message = "Unsupported Media Type: send application/json";
    Err(framework_error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "FST_ERR_CTP_INVALID_MEDIA_TYPE", message))
}

/// Parses and validates a body.
pub(super) fn parse_body(operation: &Operation, bytes: &[u8]) -> Result<Value, ApiError> {
    match serde_json::from_slice(bytes) {
        Ok(value) => validate_body(operation, to_declared_form(operation, value)),
        Err(error) => {
            let message = format!("Body is not valid JSON but content-type is set to 'application/json': {error}");
            Err(framework_error(StatusCode::BAD_REQUEST, "FST_ERR_CTP_INVALID_JSON_BODY", message))
        }
    }
}

/// Converts a body to the form that the contract declares, from the other forms that the service accepts.
fn to_declared_form(operation: &Operation, mut body: Value) -> Value {
    if body.is_object() && operation.also_accepts("one item") {
        body = Value::Array(vec![body]);
    }
    operation.remove_absent_members(&mut body);
    let Value::Object(members) = &mut body else { return body };
    if operation.also_accepts("no name") {
        members.entry("name").or_insert_with(|| DEFAULT_NAME.into());
    }
    if operation.also_accepts("numeric quality")
        && let Some(quality) = members.get_mut("quality")
        && let Some(percent) = quality.as_f64()
    {
        *quality = nearest_quality_preset(percent).into();
    }
    body
}

/// Returns the GIF quality for a quality of 0 to 100, the scale of the documents of 2024. The presets stand for 0, 50 and
/// 100.
fn nearest_quality_preset(percent: f64) -> &'static str {
    if percent < 25.0 {
        "low"
    } else if percent <= 75.0 {
        "medium"
    } else {
        "high"
    }
}

fn is_json(kind: &HeaderValue) -> bool {
    is_of_type(kind, "application/json")
}

fn is_text(kind: &HeaderValue) -> bool {
    is_of_type(kind, "text/plain")
}

fn is_of_type(kind: &HeaderValue, media_type: &str) -> bool {
    let kind = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(media_type)
}

fn validate_body(operation: &Operation, body: Value) -> Result<Value, ApiError> {
    match operation.body_error(&body) {
        None => Ok(body),
        Some(message) => Err(ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), message)),
    }
}
