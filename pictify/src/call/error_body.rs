//! Errors with a success status: the service reports in the body that it did not do what was asked.

use crate::{
    error::{ErrorDetails, is_error_member},
    retry::{FailureClass, failure_of_response},
};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use pictify_api::{CheckSchema, SchemaMismatchKind};
use serde_json::Value;

/// The error that the body of a success status consists of.
pub(super) struct ErrorBody {
    details: ErrorDetails,
}

impl ErrorBody {
    /// Maximum size, in bytes. Larger bodies are results.
    const MAX_BYTES: usize = 16 * 1024;

    /// Reads a body that has an error and nothing else.
    pub(super) fn read(body: &Bytes) -> Option<Self> {
        let may_be_error =
            || [&b"\"error"[..], b"\"code\"", b"\"title\"", b"\"detail\""].iter().any(|it| contains(body, it));
        if body.len() > Self::MAX_BYTES || !may_be_error() {
            return None;
        }
        let details = ErrorDetails::read(StatusCode::OK, &HeaderMap::new(), body);
        let has = |name: &str| details.raw().get(name).is_some_and(|value| !is_blank(value));
        let is_error = has("error")
            || has("errors")
            || details.code().is_some() && (has("message") || has("title") || has("detail"));
        (is_error && details.raw().keys().all(|name| is_error_member(name))).then_some(Self { details })
    }

    /// Returns `true` if the service rejected the request before any work: it may be retried, or has a code that says
    /// so.
    pub(super) fn is_rejection(&self) -> bool {
        let class = failure_of_response(StatusCode::OK, &HeaderMap::new(), &self.details);
        match class {
            FailureClass::Throttled | FailureClass::Busy => true,
            FailureClass::Permanent => self.details.code().is_some(),
            FailureClass::NotSent | FailureClass::Ambiguous => false,
        }
    }

    /// Returns `true` if the type of the response has no place for the error. Some responses document one.
    pub(super) fn is_unknown_to(&self, value: &impl CheckSchema) -> bool {
        let mismatches = value.schema_mismatches();
        let is_unknown =
            |name: &str| mismatches.iter().any(|it| it.field == name && it.kind == SchemaMismatchKind::UnknownField);
        let names = ["error", "errors", "code", "title", "detail"];
        names.iter().any(|name| self.details.raw().contains_key(*name) && is_unknown(name))
    }
}

/// Returns `true` for a value that says nothing.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

fn contains(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_body_that_is_nothing_but_an_error_is_one() {
        for (body, is_error, is_rejection) in [
            (r#"{"error":"x"}"#, true, false),
            (r#"{"error":{"message":"x"}}"#, true, false),
            (r#"{"errors":["x"]}"#, true, false),
            (r#"{"error":"x","code":"quota_exceeded"}"#, true, true),
            (r#"{"message":"x","code":"quota_exceeded","upgradeUrl":"u"}"#, true, true),
            (r#"{"error":"x","retriable":true}"#, true, true),
            (r#"{"error":"x","retriable":false}"#, true, false),
            (r#"{"error":"x","code":"RENDER_TIMEOUT"}"#, true, false),
            (r#"{"success":false,"error":"x"}"#, true, false),
            (r#"{"message":"Template deleted"}"#, false, false),
            (r#"{"deleted":true,"error":null}"#, false, false),
            (r#"{"error":"x","url":"u"}"#, false, false),
            (r#"{"valid":false,"expression":"x","error":"x"}"#, false, false),
            (r#"{"errors":[],"success":true}"#, false, false),
            (r#"{"error":""}"#, false, false),
            ("[]", false, false),
            ("", false, false),
        ] {
            let read = ErrorBody::read(&Bytes::from_static(body.as_bytes()));
            let found = (read.is_some(), read.is_some_and(|error| error.is_rejection()));
            assert_eq!(found, (is_error, is_rejection), "{body}");
        }
    }
}
