//! The end of a call: decodes the response, checks it against the document, and completes errors.

use super::{Response, ResponseMeta, attempt::to_received, retry_loop::CallState};
use crate::{
    Error, ErrorKind, Result,
    error::Received,
    request::{ReadResponse, ResponseParts},
    retry::is_idempotent,
    schema_mismatch::SchemaMismatchReport,
    transport::Body,
};
use http::{StatusCode, header::LOCATION};
use pictify_api::CheckSchema;

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
            Ok((value, Received { status, headers, body })) => {
                let meta = ResponseMeta { status, headers, body, attempts, idempotency_key, shared: is_shared };
                Ok(Response { value, meta })
            }
            Err(error) => Err(error.with_operation(self.operation).with_attempts(attempts, idempotency_key)),
        }
    }

    fn decode<T: CheckSchema>(
        &self,
        response: http::Response<Body>,
        decoder: Box<dyn ReadResponse<T>>,
        attempts: usize,
    ) -> Result<(T, Received)> {
        if !decoder.accepts(response.status()) {
            // 303 "See Other" means that something was done; and an earlier attempt may have succeeded.
            let unknown = !is_idempotent(self.operation.safety)
                && (response.status() == StatusCode::SEE_OTHER
                    || self.leader.get().map_or(self, |it| it).policy.accepts_double_billing() && attempts > 1);
            let received = self.redacted(to_received(response));
            return Err(unexpected_status(received).with_outcome(unknown, false));
        }
        let (head, body) = response.into_parts();
        let mut parts = ResponseParts { status: head.status, headers: head.headers, body };
        let value = decoder.read(&mut parts).map_err(|error| {
            // The error keeps what was received.
            error.map_received(|received| self.redacted(received))
        })?;
        let received = parts.into_received();
        self.check_schema(&value, &received)?;
        Ok((value, received))
    }

    /// Checks a response against the document, if the caller wants to know the differences.
    fn check_schema(&self, value: &impl CheckSchema, received: &Received) -> Result<()> {
        let (hook, is_strict) = (&self.client.on_schema_mismatch, self.client.strict_responses);
        if hook.is_none() && !is_strict {
            return Ok(());
        }
        let mismatches = value.schema_mismatches();
        if mismatches.is_empty() {
            return Ok(());
        }
        if let Some(hook) = hook {
            let request_id = received.headers.get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
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
