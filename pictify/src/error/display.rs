//! Formatting of errors.

use super::Error;
use bytes::Bytes;
use std::fmt;

/// Maximum length of a displayed message, in characters. [`Error::message`] returns the whole message.
const MAX_MESSAGE_LEN: usize = 1000;

/// Maximum length of a displayed request ID, in characters.
const MAX_ID_LEN: usize = 100;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.0.operation {
            write!(f, "{}: ", spaced(operation))?;
        }
        let words = self.0.kind.words();
        match self.0.received.as_ref().map(|received| received.status) {
            // The status of a success is not the reason.
            Some(status) if status.is_success() => write!(f, "{words} after status {}: ", status.as_u16())?,
            Some(status) => write!(f, "{} {words}: ", status.as_u16())?,
            None => write!(f, "{words}: ")?,
        }
        f.write_str(&one_line(&self.0.message, MAX_MESSAGE_LEN))?;
        let mut notes = Vec::new();
        if let Some(id) = self.request_id() {
            notes.push(format!("request {}", one_line(id, MAX_ID_LEN)));
        }
        if self.0.attempts.len() > 1 {
            notes.push(format!("{} attempts", self.0.attempts.len()));
        }
        if let Some(delay) = self.0.retry_after {
            notes.push(format!("retry after {} s", delay.as_secs_f64().ceil()));
        }
        if self.0.outcome_unknown {
            notes.push("outcome unknown: the request may have taken effect and may have been billed".to_owned());
        }
        if notes.is_empty() { Ok(()) } else { write!(f, " ({})", notes.join(", ")) }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The body may contain data of the caller. It is available through `body`, but must not appear in logs by
        // accident.
        f.debug_struct("Error")
            .field("display", &format_args!("{self}"))
            .field("kind", &self.0.kind)
            .field("code", &self.code())
            .field("attempts", &self.0.attempts)
            .field("idempotency_key", &self.0.idempotency_key)
            .field("body_bytes", &self.body().map(Bytes::len))
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

/// Formats a text of the service as one line of limited length, without control characters, which a terminal could
/// execute.
fn one_line(text: &str, max_len: usize) -> String {
    let mut letters = text.chars();
    let clean = |letter: char| if letter.is_control() { ' ' } else { letter };
    let mut line: String = letters.by_ref().take(max_len).map(clean).collect();
    if letters.next().is_some() {
        line.push_str("...");
    }
    line
}

/// Formats an operation ID with spaces: `createImage` becomes `create image`.
fn spaced(id: &str) -> String {
    id.chars()
        .flat_map(|letter| {
            let space = letter.is_ascii_uppercase().then_some(' ');
            space.into_iter().chain([letter.to_ascii_lowercase()])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{ErrorKind, Received};
    use pictify_api::operations;
    use reqwest::{StatusCode, header::HeaderMap};
    use std::time::Duration;

    #[test]
    fn an_error_displays_as_one_line_with_the_operation_the_reason_and_the_next_step() {
        let received = |status: u16, body: &'static str| Received {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::from_static(body.as_bytes()),
        };
        let validation = received(422, r#"{"message": "width must be positive", "requestId": "req_123"}"#);
        let limited = received(429, r#"{"message": "Too many requests"}"#);
        for (error, line) in [
            (Error::config("no API key"), "configuration error: no API key"),
            (
                Error::from_response(validation).with_operation(&operations::CREATE_IMAGE),
                "create image: 422 invalid request: width must be positive (request req_123)",
            ),
            (
                Error::from_response(limited).with_retry_after(Some(Duration::from_millis(1200))),
                "429 rate limited: Too many requests (retry after 2 s)",
            ),
            (
                Error::new(ErrorKind::Timeout, "no response within 30 s").with_outcome(true, false),
                "timeout: no response within 30 s \
                 (outcome unknown: the request may have taken effect and may have been billed)",
            ),
        ] {
            assert_eq!(error.to_string(), line);
        }
    }

    #[test]
    fn an_error_displays_as_one_short_line_for_any_text_of_the_service() {
        let error = Error::new(ErrorKind::Server, "a\r\nb\u{1b}[31m");
        assert_eq!(error.to_string(), "server error: a  b [31m");
        assert_eq!(error.message(), "a\r\nb\u{1b}[31m");
        let body = format!(r#"{{"error": "no", "requestId": "req\n\u001b[31m{}"}}"#, "9".repeat(100_000));
        let (status, headers) = (StatusCode::BAD_GATEWAY, HeaderMap::new());
        let named = Error::from_response(Received { status, headers, body: body.into() }).to_string();
        assert!(named.starts_with("502 server error: no (request req  [31m999"), "{named:.80}");
        assert!(named.ends_with("9...)") && named.chars().count() < 200);
        let long = Error::new(ErrorKind::Server, "ü".repeat(100_000)).to_string();
        assert!(long.ends_with("ü...") && long.chars().count() < 1100);
    }
}
