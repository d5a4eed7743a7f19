//! Spans for `tracing`: one per call, one per attempt, with the field names of OpenTelemetry's HTTP conventions.
//!
//! They hold no URL, only the path's template: a URL holds IDs and, for one operation, a secret. They hold no body.

#[cfg(feature = "tracing")]
pub(crate) use on::{attempt, call};

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{attempt, call};

/// A name for an error in the field `error.type`.
pub(crate) trait ErrorType {
    #[cfg_attr(not(feature = "tracing"), allow(dead_code))]
    fn error_type(&self) -> &'static str;
}

/// A response with a status for the field `http.response.status_code`.
pub(crate) trait HasStatus {
    #[cfg_attr(not(feature = "tracing"), allow(dead_code))]
    fn status(&self) -> http::StatusCode;
}

impl<B> HasStatus for http::Response<B> {
    fn status(&self) -> http::StatusCode {
        http::Response::status(self)
    }
}

#[cfg(feature = "tracing")]
mod on {
    use super::{ErrorType, HasStatus};
    use crate::{Error, ErrorKind, Result};
    use pictify_api::OperationInfo;
    use tracing::{Instrument, Span, field::Empty, info_span};
    use url::Url;

    /// Runs a call in its span.
    pub(crate) async fn call<T: HasStatus>(
        info: &OperationInfo,
        base_url: &Url,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let span = info_span!(
            "pictify.call",
            otel.name = %format_args!("{} {}", info.method, info.path),
            otel.kind = "client",
            otel.status_code = Empty,
            http.request.method = info.method,
            url.template = info.path,
            server.address = base_url.host_str(),
            server.port = base_url.port_or_known_default(),
            http.response.status_code = Empty,
            error.type = Empty,
            pictify.operation = info.id,
        );
        let result = work.instrument(span.clone()).await;
        match &result {
            Ok(value) => drop(span.record("http.response.status_code", value.status().as_u16())),
            Err(error) => record_error(&span, error),
        }
        result
    }

    fn record_error(span: &Span, error: &Error) {
        span.record("otel.status_code", "ERROR");
        if let Some(status) = error.status() {
            span.record("http.response.status_code", status.as_u16());
        }
        match (error.kind(), error.status()) {
            (ErrorKind::Redirect, Some(status)) => span.record("error.type", status.as_str()),
            (kind, _) => span.record("error.type", kind.to_string()),
        };
    }

    /// Runs an attempt, the `number`th of its call, in its span.
    pub(crate) async fn attempt<T: HasStatus, E: ErrorType>(
        info: &OperationInfo,
        number: usize,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let span = info_span!(
            "pictify.attempt",
            http.request.method = info.method,
            url.template = info.path,
            http.request.resend_count = number - 1,
            http.response.status_code = Empty,
            error.type = Empty,
        );
        let result = work.instrument(span.clone()).await;
        match &result {
            Ok(response) => {
                let status = response.status();
                span.record("http.response.status_code", status.as_u16());
                if status.is_client_error() || status.is_server_error() {
                    span.record("error.type", status.as_str());
                }
            }
            Err(error) => drop(span.record("error.type", error.error_type())),
        }
        result
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use pictify_api::OperationInfo;
    use url::Url;

    pub(crate) fn call<F: Future>(_info: &OperationInfo, _base_url: &Url, work: F) -> F {
        work
    }

    pub(crate) fn attempt<F: Future>(_info: &OperationInfo, _number: usize, work: F) -> F {
        work
    }
}
