//! Errors of the endpoints, in the shapes of the service.

use crate::{response::json_response, store::StoreError};
use axum::{
    body::Body,
    http::{Response, StatusCode, request::Parts},
};
use serde_json::{Value, json};

/// The store's failures are the server's own.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::framework(StatusCode::INTERNAL_SERVER_ERROR, None, format!("The store failed: {error}"))
    }
}

/// Why a request is not served.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    /// `{error}` or `{error, code}`: how the rendering endpoints speak.
    pub(crate) fn rendering(status: StatusCode, code: Option<&str>, error: impl Into<String>) -> Self {
        let mut body = json!({"error": error.into()});
        if let Some(code) = code {
            body["code"] = code.into();
        }
        Self { status, body }
    }

    /// The rendering endpoints' word that nothing was done and that it may be tried again.
    pub(crate) fn overloaded(error: impl Into<String>) -> Self {
        let mut refusal = Self::rendering(StatusCode::SERVICE_UNAVAILABLE, Some("BROWSER_POOL_UNAVAILABLE"), error);
        refusal.body["retriable"] = true.into();
        refusal
    }

    /// `{message}`: how the other endpoints speak.
    pub(crate) fn with_message(status: StatusCode, message: impl Into<String>) -> Self {
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
    pub(crate) fn retry_after(&self) -> Option<Value> {
        self.body.get("retry_after").cloned()
    }

    /// What it says to people, for where it is one of several.
    pub(crate) fn message(&self) -> String {
        let text = self.body["message"].as_str().or(self.body["error"].as_str());
        let sentences = || self.body["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
        text.map_or_else(|| sentences().collect::<Vec<_>>().join("; "), str::to_owned)
    }

    /// `{message, code}`: how limits and templates speak.
    pub(crate) fn with_message_and_code(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, body: json!({"message": message.into(), "code": code}) }
    }

    /// With another member.
    pub(crate) fn with_field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body[name] = value.into();
        self
    }

    /// The one answer to every wrong key.
    pub(crate) fn unauthorized() -> Self {
        Self::with_message(StatusCode::UNAUTHORIZED, "Invalid Request")
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
    pub(crate) fn route_not_found(request: &Parts) -> Self {
        Self::framework(StatusCode::NOT_FOUND, None, format!("Route {}:{} not found", request.method, request.uri))
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        json_response(self.status, &self.body)
    }
}
