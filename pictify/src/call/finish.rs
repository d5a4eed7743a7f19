//! What the caller gets of what the generated method returned.

use super::{Response, ResponseMeta, retry_loop::Attempts, send_attempt::received};
use crate::{Error, ErrorKind, Result, SchemaMismatchReport, error::Received};
use pictify_api::{BoxError, Drift, Operation as OperationInfo, ResponseValue};
use reqwest::StatusCode;

impl Attempts {
    /// Turns what the generated method returned into what the caller gets.
    pub(super) fn conclude<T: Drift>(
        &self,
        result: Result<ResponseValue<T>, pictify_api::Error>,
        info: &OperationInfo,
    ) -> Result<Response<T>> {
        let by = self.stood_in.get().map_or(self, |by| by);
        let attempts = by.lock_history().clone();
        let idempotency_key = by.idempotency_key.clone();
        let shared = self.stood_in.get().is_some();
        let error = match result {
            Ok(ResponseValue { value, status, headers, body, .. }) => {
                let received = || self.redacted(Received { status, headers: headers.clone(), body: body.clone() });
                if let Err(error) = self.watch(&value, received, info) {
                    return Err(error.with_operation(info).with_attempts(attempts, idempotency_key));
                }
                return Ok(Response {
                    value,
                    meta: ResponseMeta { status, headers, body, attempts, idempotency_key, shared },
                });
            }
            Err(pictify_api::Error::Transport(error)) => unbox(error),
            Err(pictify_api::Error::Status(response)) => {
                // "See other" is what is said when something was done; and an earlier attempt may have done it.
                let unknown = !crate::retry::is_idempotent(info.safety)
                    && (response.status == StatusCode::SEE_OTHER
                        || by.policy.accepts_double_billing() && attempts.len() > 1);
                let received = received(response.status, response.headers, response.body);
                let error = unexpected_status(self.redacted(received));
                error.with_outcome(unknown, false)
            }
            Err(pictify_api::Error::Decode { response, source, .. }) => {
                let received = received(response.status, response.headers, response.body);
                Error::decode(self.redacted(received), source)
            }
            Err(pictify_api::Error::PathSegment(segment)) => {
                Error::invalid_field("id", format!("`{segment}` cannot be an identifier"))
            }
            Err(pictify_api::Error::Request(error)) => {
                Error::new(ErrorKind::Validation, "the request cannot be built").with_source(error)
            }
            Err(other) => Error::new(ErrorKind::Transport, other.to_string()).with_source(other),
        };
        Err(error.with_operation(info).with_attempts(attempts, idempotency_key))
    }

    /// Holds an answer against the document, for whoever wants to know.
    fn watch(&self, value: &impl Drift, received: impl FnOnce() -> Received, info: &OperationInfo) -> Result<()> {
        let (on_schema_mismatch, strict) = (&self.shared.on_schema_mismatch, self.shared.strict);
        if on_schema_mismatch.is_none() && !strict {
            return Ok(());
        }
        let findings = value.findings();
        if findings.is_empty() {
            return Ok(());
        }
        let received = received();
        if let Some(hook) = on_schema_mismatch {
            let request_id = received.headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
            hook.get()(&SchemaMismatchReport { operation: info.id, findings: findings.clone(), request_id });
        }
        if strict {
            return Err(Error::new(ErrorKind::SchemaMismatch, findings.to_string()).with_received(received));
        }
        Ok(())
    }
}

fn unexpected_status(received: Received) -> Error {
    if !received.status.is_redirection() {
        return Error::from_response(received);
    }
    let to = received.headers.get(reqwest::header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
    // A query may hold a token.
    let to = to.split(['?', '#']).next().unwrap_or_default();
    let text = format!("the server redirects to {to}; calls do not follow, set the base URL to where the API is");
    Error::new(ErrorKind::Redirect, text).with_received(received)
}

fn unbox(error: BoxError) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => *error,
        Err(other) => Error::new(ErrorKind::Transport, other.to_string()).with_source(other),
    }
}
