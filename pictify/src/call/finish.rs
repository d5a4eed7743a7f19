//! The end of a call: decodes the response, checks it against the document, and completes errors.

use super::{Response, ResponseMeta, attempt::to_received, error_body::ErrorBody, retry_loop::CallState};
use crate::{
    Error, ErrorKind, Result,
    error::{ErrorDetails, Received, looks_like_html},
    rate_limit::RateLimitStatus,
    redaction::Redaction,
    request::{ReadResponse, ResponseParts, check_file_url},
    retry::{FailureClass, failure_of_response, is_idempotent},
    schema_mismatch::SchemaMismatchReport,
    transport::Body,
};
use http::{StatusCode, header::LOCATION};
use pictify_api::{CheckSchema, RetrySafety, SchemaMismatch, SchemaMismatchKind, SchemaMismatches};
use std::mem;

impl CallState {
    /// Returns the response that the caller gets.
    pub(super) fn finish<T: CheckSchema>(
        &self,
        response: Result<http::Response<Body>>,
        decoder: Box<dyn ReadResponse<T>>,
    ) -> Result<Response<T>> {
        let state = self.leader.get().map_or(self, |leader| leader);
        let attempts = state.lock_history().clone();
        let idempotency_key = state.idempotency_key.clone();
        let is_shared = self.leader.get().is_some();
        let result = response.and_then(|response| self.decode(response, decoder, attempts.len()));
        match result {
            Ok((value, received, left_out)) => {
                let Received { status, headers, body } = self.redacted(received);
                let rate_limit = RateLimitStatus::read(&headers, self.client.clock.system_time());
                let shared = is_shared;
                let meta =
                    ResponseMeta { status, headers, body, attempts, idempotency_key, shared, left_out, rate_limit };
                Ok(Response { value, meta })
            }
            Err(error) => {
                let error = error.with_operation(self.operation).with_attempts(attempts, idempotency_key);
                Err(error.redacted(&self.redaction()))
            }
        }
    }

    fn decode<T: CheckSchema>(
        &self,
        response: http::Response<Body>,
        decoder: Box<dyn ReadResponse<T>>,
        attempts: usize,
    ) -> Result<(T, Received, usize)> {
        if !decoder.accepts(response.status()) {
            // 303 "See Other" means that something was done; and an earlier attempt may have succeeded.
            let unknown = !is_idempotent(self.operation.safety)
                && (response.status() == StatusCode::SEE_OTHER
                    || self.leader.get().map_or(self, |it| it).policy.accepts_double_billing() && attempts > 1);
            let received = self.redacted(to_received(response));
            return Err(unexpected_status(received).with_outcome(unknown, false));
        }
        let (head, body) = response.into_parts();
        let mut parts = ResponseParts::new(head.status, head.headers, body, self.redaction());
        // An error with status 200: the service did not do what was asked.
        let error_body = ErrorBody::read(&parts.body.bytes());
        let value = match decoder.read(&mut parts) {
            Ok(value) if error_body.as_ref().is_some_and(|body| body.is_unknown_to(&value)) => {
                return Err(self.error_in_success(parts.into_received()));
            }
            Ok(value) => value,
            Err(error) if error.kind() == ErrorKind::Decode && error_body.is_some() => {
                return Err(self.error_in_success(parts.into_received()));
            }
            Err(error) => return Err(self.decode_error(error)),
        };
        let (mismatches, left_out) = (mem::take(&mut parts.mismatches), parts.left_out);
        let received = parts.into_received();
        check_file_url(&value).map_err(|error| self.decode_error(error.with_received(received.clone())))?;
        self.check_schema(&value, mismatches, &received)?;
        Ok((value, received, left_out))
    }

    /// Returns the error of a success status whose body is an error.
    fn error_in_success(&self, received: Received) -> Error {
        let received = self.redacted(received);
        let details = ErrorDetails::read(received.status, &received.headers, &received.body);
        let class = failure_of_response(received.status, &received.headers, &details);
        let unknown = class == FailureClass::Ambiguous && !is_idempotent(self.operation.safety);
        Error::from_response(received).with_outcome(unknown, false)
    }

    /// Completes the error of a response that cannot be used. It keeps what was received.
    fn decode_error(&self, error: Error) -> Error {
        let is_paid = self.operation.safety == RetrySafety::Billed
            && error.kind() == ErrorKind::Decode
            && error.body().is_some_and(|body| !looks_like_html(body));
        if is_paid {
            error.with_context("the render was probably billed, and `body` has the response: do not send it again")
        } else {
            error
        }
    }

    /// Checks a response against the document, if the caller wants to know the differences.
    fn check_schema(
        &self,
        value: &impl CheckSchema,
        mut mismatches: SchemaMismatches,
        received: &Received,
    ) -> Result<()> {
        let (hook, is_strict) = (&self.client.on_schema_mismatch, self.client.strict_responses);
        if hook.is_none() && !is_strict {
            return Ok(());
        }
        mismatches.merge(value.schema_mismatches());
        if mismatches.is_empty() {
            return Ok(());
        }
        let redaction = self.redaction();
        let mismatches = without_secrets(mismatches, &redaction);
        if let Some(hook) = hook {
            let request_id = received.headers.get("x-request-id").and_then(|id| id.to_str().ok());
            let request_id = request_id.map(|id| redaction.text(id.to_owned()));
            let operation = self.operation.id;
            hook.get()(&SchemaMismatchReport { operation, mismatches: mismatches.clone(), request_id });
        }
        if is_strict {
            let error = Error::new(ErrorKind::SchemaMismatch, mismatches.to_string());
            return Err(error.with_received(self.redacted(received.clone())));
        }
        Ok(())
    }
}

/// Returns mismatches without secrets, which a server may repeat as the name of a field or as a value.
fn without_secrets(found: SchemaMismatches, redaction: &Redaction) -> SchemaMismatches {
    let shown = found.to_string();
    if redaction.text(shown.clone()) == shown {
        return found;
    }
    let mut clean = SchemaMismatches::default();
    for SchemaMismatch { field, kind, .. } in &found {
        let kind = match kind {
            SchemaMismatchKind::UnknownValue(value) => SchemaMismatchKind::UnknownValue(redaction.text(value.clone())),
            kind => kind.clone(),
        };
        clean.push(&redaction.text(field.clone()), kind);
    }
    clean
}

fn unexpected_status(received: Received) -> Error {
    if !received.status.is_redirection() {
        return Error::from_response(received);
    }
    let to = received.headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("nowhere");
    // A query may hold a token.
    let to = to.split(['?', '#']).next().unwrap_or_default();
    let text = format!("the server redirects to {to}; calls do not follow, set the base URL to where the API is");
    Error::new(ErrorKind::Redirect, text).with_received(received)
}
