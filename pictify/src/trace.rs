//! Spans for `tracing`: one per call, one per attempt, with the field names of OpenTelemetry's HTTP conventions.
//!
//! Spans contain the path template, not the URL: a URL contains uids and, for one operation, a secret. Spans contain no body.

#[cfg(feature = "tracing")]
pub(crate) use on::{attempt, call};

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{attempt, call};

#[cfg(feature = "tracing")]
mod on {
    use crate::{call::Broken, operation::OperationInfo};
    use pictify_api::{Error, Response, ResponseValue};
    use reqwest::Url;
    use tracing::{Instrument, Span, field::Empty, info_span};

    /// Runs a call in its span.
    pub(crate) async fn call<T>(
        info: &OperationInfo,
        base_url: &Url,
        work: impl Future<Output = Result<ResponseValue<T>, Error>>,
    ) -> Result<ResponseValue<T>, Error> {
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
            Ok(value) => drop(span.record("http.response.status_code", value.status.as_u16())),
            Err(error) => record_error(&span, error),
        }
        result
    }

    fn record_error(span: &Span, error: &Error) {
        span.record("otel.status_code", "ERROR");
        let (status, kind) = match error {
            Error::Transport(error) => match error.downcast_ref::<crate::Error>() {
                Some(error) => (error.status(), error.kind().to_string()),
                None => (None, "Transport".to_owned()),
            },
            Error::Status(response) => (Some(response.status), response.status.as_u16().to_string()),
            Error::Decode { response, .. } => (Some(response.status), "Decode".to_owned()),
            _ => (None, "Validation".to_owned()),
        };
        if let Some(status) = status {
            span.record("http.response.status_code", status.as_u16());
        }
        span.record("error.type", kind);
    }

    /// Runs an attempt, the `number`th of its call, in its span.
    pub(crate) async fn attempt(
        info: &OperationInfo,
        number: usize,
        work: impl Future<Output = Result<Response, Broken>>,
    ) -> Result<Response, Broken> {
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
                span.record("http.response.status_code", response.status.as_u16());
                if response.status.is_client_error() || response.status.is_server_error() {
                    span.record("error.type", response.status.as_str());
                }
            }
            Err(broken) => drop(span.record("error.type", broken.kind())),
        }
        result
    }
}

#[cfg(not(feature = "tracing"))]
mod off {
    use crate::operation::OperationInfo;
    use reqwest::Url;

    pub(crate) fn call<F: Future>(_info: &OperationInfo, _base_url: &Url, work: F) -> F {
        work
    }

    pub(crate) fn attempt<F: Future>(_info: &OperationInfo, _number: usize, work: F) -> F {
        work
    }
}
