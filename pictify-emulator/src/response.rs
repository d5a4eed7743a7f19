//! The shapes of answers and refusals, as the service has them.

use crate::{api_error::ApiError, contract::Operation};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE},
};
use bytes::Bytes;
use serde_json::Value;

/// What a handler returns: what was asked for, or a refusal.
pub(crate) type ApiResult = Result<ApiResponse, ApiError>;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Content,
}

#[derive(Debug)]
enum Content {
    Json(Value),
    Bytes(Bytes),
}

impl From<Value> for ApiResponse {
    fn from(body: Value) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: Content::Json(body) }
    }
}

impl ApiResponse {
    /// JSON with another status than 200.
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, ..Self::from(body) }
    }

    /// A file in the answer itself.
    pub(crate) fn bytes(content_type: &str, bytes: impl Into<Bytes>) -> Self {
        let (status, headers) = (StatusCode::OK, vec![(CONTENT_TYPE, content_type.to_owned())]);
        Self { status, headers, body: Content::Bytes(bytes.into()) }
    }

    /// Its status and body, if that is JSON.
    pub(crate) fn as_json(&self) -> Option<(StatusCode, &Value)> {
        match &self.body {
            Content::Json(body) => Some((self.status, body)),
            Content::Bytes(_) => None,
        }
    }

    /// An answer that is all in its head.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Content::Bytes(Bytes::new()) }
    }

    /// With a header.
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Holds the answer against the contract. Only builds for tests and development do, where a slip of ours is to be
    /// found: they answer 500 and say what is wrong.
    pub(crate) fn checked(self, operation: &Operation) -> ApiResult {
        if !cfg!(debug_assertions) {
            return Ok(self);
        }
        let body = match &self.body {
            Content::Json(body) => Some(body),
            Content::Bytes(_) => None,
        };
        match operation.wrong_answer(self.status.as_u16(), body) {
            None => Ok(self),
            Some(wrong) => {
                let message = format!("The emulator's answer to {} breaks the contract: {wrong}", operation.id);
                Err(ApiError::with_message(StatusCode::INTERNAL_SERVER_ERROR, message))
            }
        }
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let mut response = match self.body {
            Content::Json(body) => json_response(self.status, &body),
            Content::Bytes(bytes) => {
                let mut response = Response::new(Body::from(bytes));
                *response.status_mut() = self.status;
                response
            }
        };
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
