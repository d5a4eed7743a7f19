//! Error responses, in the formats of the service.

use crate::store::StoreError;
use axum::{
    body::Body,
    http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use serde_json::{Value, json};

/// Failures of the store are internal errors.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::framework(StatusCode::INTERNAL_SERVER_ERROR, None, format!("The store failed: {error}"))
    }
}

/// Error response.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    body: Value,
}

impl ApiError {
    /// Creates `{error}` or `{error, code}`, the format of the rendering endpoints.
    pub(crate) fn rendering(status: StatusCode, code: Option<&str>, error: impl Into<String>) -> Self {
        let mut body = json!({"error": error.into()});
        if let Some(code) = code {
            body["code"] = code.into();
        }
        Self { status, body }
    }

    /// Creates the rendering endpoints' error that nothing was done and that a retry may succeed.
    pub(crate) fn overloaded(error: impl Into<String>) -> Self {
        let mut error = Self::rendering(StatusCode::SERVICE_UNAVAILABLE, Some("BROWSER_POOL_UNAVAILABLE"), error);
        error.body["retriable"] = true.into();
        error
    }

    /// Creates `{message}`, the format of the other endpoints.
    pub(crate) fn with_message(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, body: json!({"message": message.into()}) }
    }

    /// Creates an error with this body.
    pub(crate) fn with_body(status: StatusCode, body: Value) -> Self {
        Self { status, body }
    }

    /// Creates the error for a source that cannot be rendered.
    pub(crate) fn unprocessable(error: impl Into<String>) -> Self {
        Self::rendering(StatusCode::UNPROCESSABLE_ENTITY, Some("render_failed"), error)
    }

    /// Creates an internal error.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::framework(StatusCode::INTERNAL_SERVER_ERROR, None, message)
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the error code, if there is one.
    pub(crate) fn code(&self) -> Option<&str> {
        self.body["code"].as_str()
    }

    /// Returns the seconds to wait before a retry, if the error has them.
    pub(crate) fn retry_after(&self) -> Option<Value> {
        self.body.get("retry_after").cloned()
    }

    /// Returns the human-readable message.
    pub(crate) fn message(&self) -> String {
        let text = self.body["message"].as_str().or(self.body["error"].as_str());
        let sentences = || self.body["errors"].as_array().into_iter().flatten().filter_map(Value::as_str);
        match (text, self.body["details"].as_str()) {
            (Some(text), Some(details)) => format!("{text}: {details}"),
            (Some(text), None) => text.to_owned(),
            (None, _) => sentences().collect::<Vec<_>>().join("; "),
        }
    }

    /// Creates `{message, code}`, the format of limits and templates.
    pub(crate) fn with_message_and_code(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, body: json!({"message": message.into(), "code": code}) }
    }

    /// Adds a field to the body.
    pub(crate) fn with_field(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.body[name] = value.into();
        self
    }

    /// Creates the error for every missing or invalid API key.
    pub(crate) fn unauthorized() -> Self {
        Self::with_message(StatusCode::UNAUTHORIZED, "Invalid Request")
    }

    /// Creates an error in the format of the service's framework: unknown routes, malformed bodies, failed validation.
    pub(crate) fn framework(status: StatusCode, code: Option<&str>, message: impl Into<String>) -> Self {
        let mut body = json!({"statusCode": status.as_u16()});
        if let Some(code) = code {
            body["code"] = code.into();
        }
        body["error"] = status.canonical_reason().unwrap_or("Error").into();
        body["message"] = message.into().into();
        Self { status, body }
    }

    /// Creates the framework's error for an unknown route.
    pub(crate) fn route_not_found(request: &Parts) -> Self {
        Self::framework(StatusCode::NOT_FOUND, None, format!("Route {}:{} not found", request.method, request.uri))
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        json_response(self.status, &self.body)
    }
}

/// Creates a response with a JSON body.
pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
