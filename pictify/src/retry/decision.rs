//! The decision table for retries.

use crate::error::{ErrorDetails, ErrorKind};
use pictify_api::RetrySafety;
use reqwest::{StatusCode, header::HeaderMap};

/// Class of a failed attempt, by what it may have done at the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FailureClass {
    /// Nothing: the request was not sent.
    NotSent,
    /// Nothing: the service rejected the request before any work, and a later one may succeed.
    Throttled,
    /// Nothing, as the body says: the service was too busy. A call that bills or creates takes its word only
    /// [`MAX_RETRIES_WHILE_BUSY`] times.
    Busy,
    /// Nothing: the service rejected the request, and would reject it again.
    Permanent,
    /// Unknown: the request may have taken effect.
    Ambiguous,
}

/// Maximum number of retries of a call that bills or creates after responses of a busy service.
pub(crate) const MAX_RETRIES_WHILE_BUSY: u32 = 2;

/// Decision after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    Retry,
    Stop,
    StopOutcomeUnknown,
}

pub(crate) fn decide(failure: FailureClass, safety: RetrySafety, accepts_double_billing: bool) -> RetryDecision {
    match failure {
        FailureClass::NotSent | FailureClass::Throttled | FailureClass::Busy => RetryDecision::Retry,
        FailureClass::Permanent => RetryDecision::Stop,
        FailureClass::Ambiguous if is_idempotent(safety) || accepts_double_billing => RetryDecision::Retry,
        FailureClass::Ambiguous => RetryDecision::StopOutcomeUnknown,
    }
}

/// Returns `true` if sending the same request twice has the same effect as sending it once.
pub(crate) fn is_idempotent(safety: RetrySafety) -> bool {
    matches!(safety, RetrySafety::ReadOnly | RetrySafety::Idempotent)
}

/// Classifies an unsuccessful response.
pub(crate) fn failure_of_response(status: StatusCode, headers: &HeaderMap, details: &ErrorDetails) -> FailureClass {
    let kind = ErrorKind::from_response(status, headers, details);
    match details.effective_status(status) {
        200..=299 if details.server_says_retryable() == Some(true) => FailureClass::Busy,
        _ if kind == ErrorKind::QuotaExceeded => FailureClass::Permanent,
        // The code says that the render timed out or failed, not that the request was late, throttled or not begun.
        408 | 429 | 503 if kind == ErrorKind::RenderFailed => FailureClass::Ambiguous,
        408 | 429 => FailureClass::Throttled,
        // `retriable: false` means that a retry is useless; it does not mean that nothing was done. `Retry-After` alone
        // does not mean that either: a proxy adds it to a request that a server behind it may have executed.
        503 if details.server_says_retryable() == Some(true) => FailureClass::Busy,
        300..=499 | 501 => FailureClass::Permanent,
        // The effect of a nonstandard status is unknown.
        _ => FailureClass::Ambiguous,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn the_failure_class_and_the_safety_decide() {
        use {FailureClass::*, RetryDecision::*, RetrySafety::*};
        for (failure, safety, expected) in [
            (NotSent, ReadOnly, Retry),
            (NotSent, Idempotent, Retry),
            (NotSent, Creating, Retry),
            (NotSent, Billed, Retry),
            (Throttled, ReadOnly, Retry),
            (Throttled, Idempotent, Retry),
            (Throttled, Creating, Retry),
            (Throttled, Billed, Retry),
            (Busy, ReadOnly, Retry),
            (Busy, Idempotent, Retry),
            (Busy, Creating, Retry),
            (Busy, Billed, Retry),
            (Permanent, ReadOnly, Stop),
            (Permanent, Idempotent, Stop),
            (Permanent, Creating, Stop),
            (Permanent, Billed, Stop),
            (Ambiguous, ReadOnly, Retry),
            (Ambiguous, Idempotent, Retry),
            (Ambiguous, Creating, StopOutcomeUnknown),
            (Ambiguous, Billed, StopOutcomeUnknown),
        ] {
            assert_eq!(decide(failure, safety, false), expected, "{failure:?} {safety:?}");
        }
        assert_eq!(decide(Ambiguous, Billed, true), Retry, "when the caller accepts the risk");
        assert_eq!(decide(Permanent, ReadOnly, true), Stop);
    }

    #[test]
    fn a_response_is_classified_by_status_headers_and_body() {
        use FailureClass::*;
        for (status, header, body, expected) in [
            (400, false, "", Permanent),
            (401, false, "", Permanent),
            (402, false, "", Permanent),
            (403, false, "", Permanent),
            (404, false, "", Permanent),
            (408, false, "", Throttled),
            (409, false, "", Permanent),
            (422, false, "", Permanent),
            (429, false, r#"{"message":"Too many requests","retry_after":30}"#, Throttled),
            (429, true, "", Throttled),
            (429, true, r#"{"message":"x","code":"quota_exceeded"}"#, Permanent),
            (429, false, r#"{"message":"You have exhausted your plan limit"}"#, Permanent),
            (500, true, "", Ambiguous),
            (501, false, "", Permanent),
            (502, true, "", Ambiguous),
            (503, false, "", Ambiguous),
            (503, true, "", Ambiguous),
            (503, false, r#"{"error":"busy","retriable":true}"#, Busy),
            (503, true, r#"{"error":"busy","retriable":true}"#, Busy),
            (503, true, r#"{"error":"busy","code":"BROWSER_POOL_UNAVAILABLE"}"#, Ambiguous),
            (503, true, r#"{"error":"slow","code":"RENDER_TIMEOUT","retriable":true}"#, Ambiguous),
            (500, false, r#"{"error":"busy","retriable":true}"#, Ambiguous),
            (503, true, r#"{"error":"busy","retriable":false}"#, Ambiguous),
            (504, false, "", Ambiguous),
            (302, false, "", Permanent),
            (408, false, r#"{"code":"RENDER_TIMEOUT"}"#, Ambiguous),
            (101, false, "", Ambiguous),
            (200, false, r#"{"error":"x"}"#, Ambiguous),
            (200, false, r#"{"error":"x","retriable":true}"#, Busy),
            (200, false, r#"{"error":"x","retriable":false}"#, Ambiguous),
            (200, false, r#"{"error":"x","code":"quota_exceeded"}"#, Permanent),
            (200, false, r#"{"error":"x","code":"BROWSER_POOL_UNAVAILABLE"}"#, Ambiguous),
            (200, false, r#"{"error":"x","code":"BROWSER_POOL_UNAVAILABLE","retriable":true}"#, Busy),
            (200, false, r#"{"statusCode":404,"error":"Not Found","message":"x"}"#, Permanent),
            (200, false, r#"{"type":"https://docs.pictify.io/errors/rate-limit","title":"x"}"#, Throttled),
            (200, false, r#"{"error":"x","code":"RENDER_TIMEOUT"}"#, Ambiguous),
            (600, true, "", Ambiguous),
        ] {
            let mut headers = HeaderMap::new();
            if header {
                headers.insert("retry-after", "1".parse().unwrap());
            }
            let status = StatusCode::from_u16(status).unwrap();
            let details = ErrorDetails::read(status, &headers, &Bytes::from_static(body.as_bytes()));
            assert_eq!(failure_of_response(status, &headers, &details), expected, "{status} {body}");
        }
    }
}
