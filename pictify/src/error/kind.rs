//! The kinds of failure, and which answer is which.

use super::ErrorDetails;
use reqwest::StatusCode;
use std::fmt;

/// What kind of failure an [`Error`](crate::Error) is: what its caller can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client was set up wrongly: no key, a malformed base URL, a missing feature. Nothing was sent.
    Config,
    /// No connection could be made; nothing was sent. Is the base URL right, and does something listen there?
    Connect,
    /// No answer in time. For a billed call, see [`outcome_unknown`](crate::Error::outcome_unknown).
    Timeout,
    /// The connection broke after the request was sent, or the answer's body broke off.
    Transport,
    /// The server redirects to another place. Calls do not follow, so that the key and the data stay where they belong.
    Redirect,
    /// 401: the key is missing, wrong or revoked, or the operation takes no keys.
    Authentication,
    /// 403: the key may not do this.
    Permission,
    /// 404: it does not exist, or belongs to another team.
    NotFound,
    /// 409: it is not in a state that allows this.
    Conflict,
    /// 410: it is gone for good.
    Gone,
    /// The request is wrong: found here before anything was sent (no status), or by the service (400, 413, 415, 422).
    Validation,
    /// 429: too many requests. See [`retry_after`](crate::Error::retry_after).
    RateLimited,
    /// The plan's renders, templates, credits or spending limit are used up. Waiting for a moment does not help.
    QuotaExceeded,
    /// The client's own [`SpendLimit`](crate::SpendLimit) is reached; nothing was sent.
    SpendLimit,
    /// The service could not render this input.
    RenderFailed,
    /// 501: the service does not offer this.
    NotImplemented,
    /// 5xx: the service failed.
    Server,
    /// Another status that is not a success.
    UnexpectedStatus,
    /// A success that does not decode. What was asked was done: the body is on the error.
    Decode,
    /// A success that is not as the document says, in [strict mode](crate::ClientBuilder::strict). What was asked was done.
    SchemaMismatch,
    /// What was downloaded is not a file of the kinds that the service renders; most likely it is an error page.
    ContentType,
    /// An answer or a file is larger than allowed.
    TooLarge,
    /// A file could not be written.
    Io,
    /// The cassette that is replayed, in tests, has no answer for the request; nothing was sent.
    CassetteMiss,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// The codes which say that something of the plan is used up.
const QUOTA_CODES: [&str; 5] =
    ["quota_exceeded", "spending_cap_reached", "template_limit_reached", "ai_quota_exceeded", "stock_unavailable"];

/// The codes which say that the input could not be rendered.
const RENDER_CODES: [&str; 4] = ["render-failed", "render_timeout", "RENDER_TIMEOUT", "NO_FRAMES_CAPTURED"];

impl ErrorKind {
    pub(crate) fn from_response(status: StatusCode, details: &ErrorDetails) -> Self {
        let code = details.code().unwrap_or_default();
        if QUOTA_CODES.contains(&code) {
            return Self::QuotaExceeded;
        }
        if RENDER_CODES.contains(&code) {
            return Self::RenderFailed;
        }
        match status.as_u16() {
            300..=399 => Self::Redirect,
            401 => Self::Authentication,
            402 => Self::QuotaExceeded,
            403 => Self::Permission,
            404 => Self::NotFound,
            408 => Self::Timeout,
            409 => Self::Conflict,
            410 => Self::Gone,
            400 | 413 | 415 | 422 => Self::Validation,
            // An older server said "quota" with nothing but words; waiting and trying again would hammer it for nothing.
            429 if says_quota(details.message()) => Self::QuotaExceeded,
            429 => Self::RateLimited,
            501 => Self::NotImplemented,
            500..=599 => Self::Server,
            _ => Self::UnexpectedStatus,
        }
    }
}

fn says_quota(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["plan limit", "quota", "monthly"].iter().any(|words| message.contains(words))
}
