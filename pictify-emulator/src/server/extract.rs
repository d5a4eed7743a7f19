//! Extraction and validation of the query string and the body.

use crate::{api_error::ApiError, contract::Operation, query_string::query_pairs};
use axum::{
    body::{Body, HttpBody},
    http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use bytes::{Bytes, BytesMut};
use serde_json::Value;
use std::{collections::BTreeMap, future::poll_fn, pin::Pin, time::Duration};

/// Maximum size of a request body, in bytes. Large enough for HTML with inlined images.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Name for objects that a request does not name.
const DEFAULT_NAME: &str = "Untitled";

/// Timeout for receiving a request body.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

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

/// Parses and validates the body.
pub(super) fn read_body(
    operation: &Operation,
    parts: &Parts,
    body: Result<Bytes, ApiError>,
) -> Result<Value, ApiError> {
    if parts.method == Method::GET {
        // The service ignores the body of a GET, so that clients may send their usual headers.
        return Ok(Value::Null);
    }
    let bytes = body?;
    if !operation.accepts_body() {
        // A client may send nothing, an empty object, or only the header of a body.
        return Ok(Value::Null);
    }
    let is_json = parts.headers.get(CONTENT_TYPE).is_some_and(is_json);
    if bytes.is_empty() {
        if is_json {
            let message = "Body cannot be empty when content-type is set to 'application/json'";
            return Err(unreadable_body(StatusCode::BAD_REQUEST, "FST_ERR_CTP_EMPTY_JSON_BODY", message));
        }
        // The service reads a POST without a body as an empty object.
        return validate_body(operation, Value::Object(serde_json::Map::new()));
    }
    let is_json_as_text =
        || operation.also_accepts("text/plain") && parts.headers.get(CONTENT_TYPE).is_some_and(is_text);
    if !is_json && !is_json_as_text() {
        let message = "Unsupported Media Type: send application/json";
        return Err(unreadable_body(StatusCode::UNSUPPORTED_MEDIA_TYPE, "FST_ERR_CTP_INVALID_MEDIA_TYPE", message));
    }
    match serde_json::from_slice(&bytes) {
        Ok(value) => validate_body(operation, to_declared_form(operation, value)),
        Err(error) => {
            let message = format!("Body is not valid JSON but content-type is set to 'application/json': {error}");
            Err(unreadable_body(StatusCode::BAD_REQUEST, "FST_ERR_CTP_INVALID_JSON_BODY", message))
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

/// Reads the whole body within its limits of size and time.
pub(super) async fn read_all(mut body: Body) -> Result<Bytes, ApiError> {
    let read = async {
        let mut bytes = BytesMut::new();
        let mut discarded = 0;
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let frame = frame.map_err(|error| {
                unreadable_body(StatusCode::BAD_REQUEST, "FST_ERR_CTP_INVALID_CONTENT_LENGTH", error.to_string())
            })?;
            let data = frame.into_data().unwrap_or_default();
            if bytes.len() + data.len() <= MAX_BODY_BYTES && discarded == 0 {
                bytes.extend_from_slice(&data);
                continue;
            }
            // Keep reading: a client that is still sending does not read yet and would see a broken connection instead
            // of the response.
            discarded += data.len();
            if discarded > 2 * MAX_BODY_BYTES {
                break;
            }
        }
        if discarded > 0 {
            let message = format!("Request body is too large: the limit is {MAX_BODY_BYTES} bytes");
            return Err(unreadable_body(StatusCode::PAYLOAD_TOO_LARGE, "FST_ERR_CTP_BODY_TOO_LARGE", message));
        }
        Ok(bytes.freeze())
    };
    let late =
        || unreadable_body(StatusCode::REQUEST_TIMEOUT, "FST_ERR_REQUEST_TIMEOUT", "The body was not received in time");
    tokio::time::timeout(BODY_TIMEOUT, read).await.map_err(|_| late())?
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

fn unreadable_body(status: StatusCode, code: &str, message: impl Into<String>) -> ApiError {
    ApiError::framework(status, Some(code), message)
}

fn validate_body(operation: &Operation, body: Value) -> Result<Value, ApiError> {
    match operation.body_error(&body) {
        None => Ok(body),
        Some(message) => Err(ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), message)),
    }
}
