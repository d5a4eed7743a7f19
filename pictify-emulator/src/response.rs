//! Responses of the handlers.

use crate::{
    api_error::{ApiError, json_response},
    contract::Operation,
};
use axum::{
    body::Body,
    http::{
        HeaderName, HeaderValue, Response, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;
use std::convert::Infallible;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Result of a handler.
pub(crate) type ApiResult = Result<ApiResponse, ApiError>;

/// Successful response.
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
    Events(UnboundedReceiver<Bytes>),
}

/// Sender of the events of a response. The response ends when it is dropped.
#[derive(Clone, Debug)]
pub(crate) struct EventSender(UnboundedSender<Bytes>);

impl EventSender {
    /// Sends an event. Nothing happens if the client no longer reads.
    pub(crate) fn send(&self, data: &Value) {
        let _ = self.0.send(format!("data: {data}\n\n").into());
    }
}

impl From<Value> for ApiResponse {
    fn from(body: Value) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body: Content::Json(body) }
    }
}

impl ApiResponse {
    /// Creates a JSON response with a status other than 200.
    pub(crate) fn json(status: StatusCode, body: Value) -> Self {
        Self { status, ..Self::from(body) }
    }

    /// Creates a response whose body is a file.
    pub(crate) fn bytes(content_type: &str, bytes: impl Into<Bytes>) -> Self {
        let (status, headers) = (StatusCode::OK, vec![(CONTENT_TYPE, content_type.to_owned())]);
        Self { status, headers, body: Content::Bytes(bytes.into()) }
    }

    /// Creates a stream of server-sent events, with the sender of the events.
    pub(crate) fn events() -> (EventSender, Self) {
        let (sender, receiver) = unbounded_channel();
        let headers =
            vec![(CONTENT_TYPE, "text/event-stream; charset=utf-8".to_owned()), (CACHE_CONTROL, "no-cache".to_owned())];
        (EventSender(sender), Self { status: StatusCode::OK, headers, body: Content::Events(receiver) })
    }

    /// Returns the status and the body, if it is JSON.
    pub(crate) fn as_json(&self) -> Option<(StatusCode, &Value)> {
        match &self.body {
            Content::Json(body) => Some((self.status, body)),
            Content::Bytes(_) | Content::Events(_) => None,
        }
    }

    /// Creates a response without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Content::Bytes(Bytes::new()) }
    }

    /// Replaces the status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Adds a header.
    pub(crate) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Checks the response against the contract. Only debug builds do this, to find bugs of the emulator: they return
    /// 500 with the reason.
    pub(crate) fn check_contract(self, operation: &Operation) -> ApiResult {
        if !cfg!(debug_assertions) {
            return Ok(self);
        }
        let body = match &self.body {
            Content::Json(body) => Some(body),
            Content::Bytes(_) | Content::Events(_) => None,
        };
        match operation.response_error(self.status.as_u16(), body) {
            None => Ok(self),
            Some(violation) => {
                let message = format!("The emulator's response to {} violates the contract: {violation}", operation.id);
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
            Content::Events(receiver) => {
                let events = stream::unfold(receiver, |mut receiver| async {
                    receiver.recv().await.map(|event| (Ok::<_, Infallible>(event), receiver))
                });
                let mut response = Response::new(Body::from_stream(events));
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
