//! The shapes of answers and refusals, as the service has them.

use crate::{contract::Operation, store::StoreError};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use bytes::Bytes;
use serde_json::{Value, json};

/// What a handler returns: what was asked for, or a refusal.
pub(crate) type Answer = Result<Reply, Refusal>;

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: Vec<(HeaderName, String)>,
    body: Content,
}

#[derive(Debug)]
enum Content {
    Json(Value),
    Bytes(Bytes),
}

impl From<Value> for Reply {
    fn from(body: Value) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: Content::Json(body) }
    }
}

impl Reply {
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
    pub(crate) fn checked(self, operation: &Operation) -> Answer {
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
                Err(Refusal::message(StatusCode::INTERNAL_SERVER_ERROR, message))
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

/// The store's failures are the server's own.
impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::framework(StatusCode::INTERNAL_SERVER_ERROR, None, format!("The store failed: {error}"))
    }
}

/// Why a request is not served.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    body: Value,
}

impl Refusal {
    /// `{error}` or `{error, code}`: how the rendering endpoints speak.
    pub(crate) fn rendering(status: StatusCode, code: Option<&str>, error: impl Into<String>) -> Self {
        let mut body = json!({"error": error.into()});
        if let Some(code) = code {
            body["code"] = code.into();
        }
        Self { status, body }
    }

    /// The rendering endpoints' word that nothing was done and that it may be tried again.
    pub(crate) fn busy(error: impl Into<String>) -> Self {
        let mut refusal = Self::rendering(StatusCode::SERVICE_UNAVAILABLE, Some("BROWSER_POOL_UNAVAILABLE"), error);
        refusal.body["retriable"] = true.into();
        refusal
    }

    /// `{message}`: how the other endpoints speak.
    pub(crate) fn message(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, body: json!({"message": message.into()}) }
    }

    /// With a body that was made elsewhere.
    pub(crate) fn with_body(status: StatusCode, body: Value) -> Self {
        Self { status, body }
    }

    /// A source that cannot be rendered.
    pub(crate) fn unprocessable(error: impl Into<String>) -> Self {
        Self::rendering(StatusCode::UNPROCESSABLE_ENTITY, Some("render_failed"), error)
    }

    /// A fault of the server's own.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::framework(StatusCode::INTERNAL_SERVER_ERROR, None, message)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// The name of what is wrong, if it has one.
    pub(crate) fn code(&self) -> Option<&str> {
        self.body["code"].as_str()
    }

    /// How many seconds to wait, if it says so.
    pub(crate) fn wait(&self) -> Option<Value> {
        self.body.get("retry_after").cloned()
    }

    /// What it says to people, for where it is one of several.
    pub(crate) fn text(&self) -> String {
        let text = self.body["message"].as_str().or(self.body["error"].as_str());
        let sentences = || self.body["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
        text.map_or_else(|| sentences().collect::<Vec<_>>().join("; "), str::to_owned)
    }

    /// `{message, code}`: how limits and templates speak.
    pub(crate) fn message_code(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, body: json!({"message": message.into(), "code": code}) }
    }

    /// With another member.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body[name] = value.into();
        self
    }

    /// The one answer to every wrong key.
    pub(crate) fn unauthorized() -> Self {
        Self::message(StatusCode::UNAUTHORIZED, "Invalid Request")
    }

    /// How the service's framework speaks: unknown routes, bodies that are no JSON or break the schema.
    pub(crate) fn framework(status: StatusCode, code: Option<&str>, message: impl Into<String>) -> Self {
        let mut body = json!({"statusCode": status.as_u16()});
        if let Some(code) = code {
            body["code"] = code.into();
        }
        body["error"] = status.canonical_reason().unwrap_or("Error").into();
        body["message"] = message.into().into();
        Self { status, body }
    }

    /// What the framework says of a route that it does not know.
    pub(crate) fn no_route(request: &Parts) -> Self {
        Self::framework(StatusCode::NOT_FOUND, None, format!("Route {}:{} not found", request.method, request.uri))
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        json_response(self.status, &self.body)
    }
}

fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
