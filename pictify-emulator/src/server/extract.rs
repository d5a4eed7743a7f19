//! The query and the body of a request, read and held against the contract.

use crate::{api_error::ApiError, contract::Operation};
use axum::{
    body::{Body, HttpBody},
    http::{HeaderValue, Method, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use bytes::{Bytes, BytesMut};
use serde_json::Value;
use std::{collections::BTreeMap, future::poll_fn, pin::Pin, time::Duration};

/// How large a body may be, in bytes. HTML with its pictures inside is the largest that makes sense.
const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// What is called so has no name.
const UNNAMED: &str = "Untitled";

/// How long a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(30);
pub(super) fn query(operation: &Operation, text: &str) -> Result<BTreeMap<String, Value>, ApiError> {
    let mut query = BTreeMap::new();
    for (name, value) in query_pairs(text) {
        let Some(schema) = operation.query.get(&name) else {
            // Of most operations it is nothing; of those that render by URL it is a variable.
            query.insert(name, Value::String(value));
            continue;
        };
        let value = schema.read(&value);
        if let Some(wrong) = schema.wrong(&format!("querystring/{name}"), &value) {
            return Err(ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), wrong));
        }
        query.insert(name, value);
    }
    Ok(query)
}

/// The names and values of a query, decoded.
pub(crate) fn query_pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

fn decode(text: &str) -> String {
    let spaces = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaces).decode_utf8_lossy().into_owned()
}

pub(super) fn read_body(
    operation: &Operation,
    parts: &Parts,
    body: Result<Bytes, ApiError>,
) -> Result<Value, ApiError> {
    if parts.method == Method::GET {
        // The service does not look at it, so that a client may send its usual headers.
        return Ok(Value::Null);
    }
    let bytes = body?;
    let is_json = parts.headers.get(CONTENT_TYPE).is_some_and(is_json);
    if bytes.is_empty() {
        if is_json {
            let message = "Body cannot be empty when content-type is set to 'application/json'";
            return Err(unreadable(StatusCode::BAD_REQUEST, "FST_ERR_CTP_EMPTY_JSON_BODY", message));
        }
        // A POST without a body means an empty object to the service.
        return validated(operation, Value::Object(serde_json::Map::new()));
    }
    if !operation.takes_body() {
        return Ok(Value::Null);
    }
    let is_json_as_text = || operation.also_takes("text/plain") && parts.headers.get(CONTENT_TYPE).is_some_and(is_text);
    if !is_json && !is_json_as_text() {
        let message = "Unsupported Media Type: send application/json";
        return Err(unreadable(StatusCode::UNSUPPORTED_MEDIA_TYPE, "FST_ERR_CTP_INVALID_MEDIA_TYPE", message));
    }
    match serde_json::from_slice(&bytes) {
        Ok(value @ Value::Object(_)) if operation.also_takes("one item") => {
            validated(operation, Value::Array(vec![value]))
        }
        Ok(Value::Object(mut body)) if operation.also_takes("no name") => {
            body.entry("name").or_insert_with(|| UNNAMED.into());
            validated(operation, body.into())
        }
        Ok(value) => validated(operation, value),
        Err(error) => {
            let message = format!("Body is not valid JSON but content-type is set to 'application/json': {error}");
            Err(unreadable(StatusCode::BAD_REQUEST, "FST_ERR_CTP_INVALID_JSON_BODY", message))
        }
    }
}

pub(super) async fn read_all(mut body: Body) -> Result<Bytes, ApiError> {
    let read = async {
        let mut bytes = BytesMut::new();
        let mut dropped = 0;
        while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            let frame = frame.map_err(|error| {
                unreadable(StatusCode::BAD_REQUEST, "FST_ERR_CTP_INVALID_CONTENT_LENGTH", error.to_string())
            })?;
            let data = frame.into_data().unwrap_or_default();
            if bytes.len() + data.len() <= BODY_LIMIT && dropped == 0 {
                bytes.extend_from_slice(&data);
                continue;
            }
            // A client that is still sending does not listen: an answer now would be a broken connection to it.
            dropped += data.len();
            if dropped > 2 * BODY_LIMIT {
                break;
            }
        }
        if dropped > 0 {
            let message = format!("Request body is too large: the limit is {BODY_LIMIT} bytes");
            return Err(unreadable(StatusCode::PAYLOAD_TOO_LARGE, "FST_ERR_CTP_BODY_TOO_LARGE", message));
        }
        Ok(bytes.freeze())
    };
    let late = || unreadable(StatusCode::REQUEST_TIMEOUT, "FST_ERR_REQUEST_TIMEOUT", "The body did not come in time");
    tokio::time::timeout(BODY_TIME, read).await.map_err(|_| late())?
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

fn unreadable(status: StatusCode, code: &str, message: impl Into<String>) -> ApiError {
    ApiError::framework(status, Some(code), message)
}

fn validated(operation: &Operation, body: Value) -> Result<Value, ApiError> {
    match operation.wrong_body(&body) {
        None => Ok(body),
        Some(wrong) => Err(ApiError::framework(StatusCode::BAD_REQUEST, Some("FST_ERR_VALIDATION"), wrong)),
    }
}
