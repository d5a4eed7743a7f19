//! The shapes of answers and refusals, as the service has them.

use axum::{
    body::Body,
    http::{Response, StatusCode, header::CONTENT_TYPE, request::Parts},
};
use serde_json::{Value, json};

/// What a handler returns: JSON with a status, or a refusal.
pub(crate) type Answer = Result<Value, Refusal>;

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

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CONTENT_TYPE, axum::http::HeaderValue::from_static("application/json; charset=utf-8"));
    response
}
