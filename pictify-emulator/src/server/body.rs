//! Request bodies: their limits of size, time and memory, and parsing of large ones outside the async threads.

use super::{ServerState, extract};
use crate::{
    api_error::ApiError,
    contract::{KeyUse, Operation},
};
use axum::{
    body::{Body, HttpBody, to_bytes},
    extract::{Request, State},
    http::{Method, StatusCode, header::AUTHORIZATION, request::Parts},
    middleware::Next,
    response::Response,
};
use bytes::Bytes;
use http_body_util::LengthLimitError;
use serde_json::Value;
use std::{error::Error, num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum size of a request body, in bytes. Large enough for HTML with inlined images.
pub(super) const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// Maximum size of a body that needs no API key, in bytes.
const MAX_KEYLESS_BODY_BYTES: usize = 256 * 1024;

/// Timeout for receiving a request body.
pub(super) const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Timeout for the memory of a large body.
const MEMORY_TIMEOUT: Duration = Duration::from_secs(30);

/// Memory for all large bodies that are being received, and for all that are being handled, in bytes.
const MEMORY_BYTES: usize = 96 * 1024 * 1024;

/// Size of a body that does not count towards that memory, in bytes. The number of connections limits these.
const FREE_BYTES: usize = 256 * 1024;

/// Size of the bodies that are parsed on an async thread, in bytes. Larger ones take longer than a millisecond.
const MAX_INLINE_BYTES: usize = 64 * 1024;

/// Maximum number of values in a JSON body: texts, numbers, lists, objects and their members.
const MAX_VALUES: usize = 250_000;

/// Estimate of the memory of a parsed JSON value, in bytes.
const VALUE_BYTES: usize = 128;

/// Unit of the semaphores, in bytes: they count in 32 bits.
const UNIT: usize = 1024;

/// Memory and threads for the bodies of all requests.
#[derive(Debug)]
pub(super) struct BodyBudgets {
    receiving: Arc<Semaphore>,
    handling: Arc<Semaphore>,
    parsing: Semaphore,
}

/// Body as it was received, with its share of the memory.
pub(super) struct ReceivedBody {
    bytes: Bytes,
    memory: Option<OwnedSemaphorePermit>,
}

impl ReceivedBody {
    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

/// Parsed and validated body, with its share of the memory.
pub(super) struct ParsedBody {
    pub(super) value: Value,
    /// Kept until the response, because the handler holds the value.
    pub(super) memory: Option<OwnedSemaphorePermit>,
}

impl Default for BodyBudgets {
    fn default() -> Self {
        let memory = || Arc::new(Semaphore::new(MEMORY_BYTES / UNIT));
        let threads = available_parallelism().map_or(1, NonZero::get);
        Self { receiving: memory(), handling: memory(), parsing: Semaphore::new(threads) }
    }
}

impl BodyBudgets {
    /// Reads the body of a request for an operation within its limits of size and time.
    pub(super) async fn receive(
        &self,
        operation: &Operation,
        parts: &Parts,
        body: Body,
    ) -> Result<ReceivedBody, ApiError> {
        let has_token = || parts.uri.query().is_some_and(|query| query.contains("token="));
        let has_key = parts.headers.contains_key(AUTHORIZATION) || has_token();
        let limit = if has_key && operation.key != KeyUse::None { MAX_BODY_BYTES } else { MAX_KEYLESS_BODY_BYTES };
        self.read(body, limit).await
    }

    /// Reads a body within these limits of size and time.
    async fn read(&self, body: Body, limit: usize) -> Result<ReceivedBody, ApiError> {
        let announced = body.size_hint().exact().map(|size| usize::try_from(size).unwrap_or(usize::MAX));
        if announced.is_some_and(|size| size > limit) {
            return Err(too_large(limit));
        }
        let mut memory = reserve(&self.receiving, announced.unwrap_or(limit)).await?;
        let read = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, limit));
        let late = |_| {
            framework_error(StatusCode::REQUEST_TIMEOUT, "FST_ERR_REQUEST_TIMEOUT", "The body was not received in time")
        };
        let bytes = read.await.map_err(late)?.map_err(|error| {
            let is_too_large = error.source().is_some_and(<dyn Error>::is::<LengthLimitError>);
            if is_too_large {
                return too_large(limit);
            }
            framework_error(StatusCode::BAD_REQUEST, "FST_ERR_CTP_INVALID_CONTENT_LENGTH", error.to_string())
        })?;
        // Return what a body of unknown size has not used.
        if let Some(memory) = &mut memory {
            let unused = memory.num_permits().saturating_sub(units(bytes.len()));
            drop(memory.split(unused));
        }
        Ok(ReceivedBody { bytes, memory })
    }

    /// Parses and validates a body.
    pub(super) async fn parse(
        &self,
        operation: &'static Operation,
        parts: &Parts,
        body: Result<ReceivedBody, ApiError>,
    ) -> Result<ParsedBody, ApiError> {
        let without_memory = |value| ParsedBody { value, memory: None };
        // The service ignores the body of a GET, so that clients may send their usual headers.
        if parts.method == Method::GET {
            return Ok(without_memory(Value::Null));
        }
        let ReceivedBody { bytes, memory: receiving } = body?;
        // A client may send nothing, an empty object, or only the header of a body.
        if !operation.accepts_body() {
            return Ok(without_memory(Value::Null));
        }
        if bytes.is_empty() {
            return extract::empty_body(operation, &parts.headers).map(without_memory);
        }
        extract::check_content_type(operation, &parts.headers)?;
        let size = bytes.len();
        let counted = bytes.clone();
        let values = self.run(size, move || count_values(&counted)).await?;
        if values > MAX_VALUES {
            let message = format!("Request body has too many values: the limit is {MAX_VALUES}");
            return Err(framework_error(StatusCode::PAYLOAD_TOO_LARGE, "FST_ERR_CTP_BODY_TOO_LARGE", message));
        }
        let memory = reserve(&self.handling, size + values * VALUE_BYTES).await?;
        let value = self.run(size, move || extract::parse_body(operation, &bytes)).await??;
        drop(receiving);
        Ok(ParsedBody { value, memory })
    }

    /// Runs work on a body: here if the body is small, else on a blocking thread.
    async fn run<T: Send + 'static>(
        &self,
        size: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ApiError> {
        if size <= MAX_INLINE_BYTES {
            return Ok(work());
        }
        let _thread = self.parsing.acquire().await.map_err(|error| ApiError::internal(error.to_string()))?;
        tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::internal(error.to_string()))
    }
}

/// Reads the body of a request to the page or to the admin API before its handler runs.
pub(super) async fn read_first(State(server): State<ServerState>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match server.bodies.read(body, MAX_BODY_BYTES).await {
        Ok(ReceivedBody { bytes, memory: _memory }) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(error) => server.error_response(error, &Request::from_parts(parts, Body::empty())),
    }
}

/// Waits for memory, if the body is not small.
async fn reserve(budget: &Arc<Semaphore>, size: usize) -> Result<Option<OwnedSemaphorePermit>, ApiError> {
    if size <= FREE_BYTES {
        return Ok(None);
    }
    let permits = u32::try_from(units(size)).unwrap_or(u32::MAX);
    match tokio::time::timeout(MEMORY_TIMEOUT, budget.clone().acquire_many_owned(permits)).await {
        Ok(Ok(permit)) => Ok(Some(permit)),
        _ => Err(ApiError::overloaded("Too many large requests are running: try again later")),
    }
}

fn units(size: usize) -> usize {
    size.div_ceil(UNIT)
}

/// Returns an upper limit of the number of values in a JSON text, which need not be valid.
fn count_values(json: &[u8]) -> usize {
    let (mut values, mut is_text, mut is_escaped) = (1, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_text,
            b'"' => is_text = !is_text,
            b',' | b'[' | b'{' if !is_text => values += 1,
            _ => {}
        }
    }
    values
}

fn too_large(limit: usize) -> ApiError {
    let message = format!("Request body is too large: the limit is {limit} bytes");
    framework_error(StatusCode::PAYLOAD_TOO_LARGE, "FST_ERR_CTP_BODY_TOO_LARGE", message)
}

pub(super) fn framework_error(status: StatusCode, code: &str, message: impl Into<String>) -> ApiError {
    ApiError::framework(status, Some(code), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_texts() {
        for (json, values) in [
            ("0", 1),
            ("[]", 2),
            ("[0,0,0]", 4),
            (r#"{"a": {"b": [1, 2]}}"#, 5),
            (r#""[,{,[""#, 1),
            (r#"["\",[", "\\", 1]"#, 4),
            (r#"\",["#, 1),
        ] {
            assert_eq!(count_values(json.as_bytes()), values, "{json}");
        }
        let text = r#"{"a": [{}, {"b": null}], "c": "d"}"#;
        let nodes = |value: &Value| {
            fn count(value: &Value) -> usize {
                match value {
                    Value::Array(items) => 1 + items.iter().map(count).sum::<usize>(),
                    Value::Object(members) => 1 + members.values().map(count).sum::<usize>(),
                    _ => 1,
                }
            }
            count(value)
        };
        assert!(count_values(text.as_bytes()) >= nodes(&serde_json::from_str(text).unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_wait_for_memory_a_limited_time() {
        let budgets = BodyBudgets::default();
        let all = reserve(&budgets.receiving, MEMORY_BYTES).await.unwrap();
        assert!(all.is_some());
        assert!(reserve(&budgets.receiving, FREE_BYTES).await.unwrap().is_none(), "small bodies need none");
        let rejected = reserve(&budgets.receiving, FREE_BYTES + 1).await.unwrap_err();
        assert_eq!(rejected.status(), StatusCode::SERVICE_UNAVAILABLE);
        drop(all);
        assert!(reserve(&budgets.receiving, MAX_BODY_BYTES).await.unwrap().is_some());
    }
}
