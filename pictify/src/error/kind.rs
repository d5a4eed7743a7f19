//! Kinds of errors, and the mapping from responses to kinds.

use super::ErrorDetails;
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use std::fmt;

/// Kind of an [`Error`](crate::Error). It tells the caller what to do next.
///
/// The troubleshooting texts describe the last attempt. [`Error::outcome_unknown`](crate::Error::outcome_unknown) also
/// covers earlier attempts of the call: if it is `true`, the request may have taken effect and may have been billed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Invalid configuration of the client: a missing key, a malformed base URL, a missing feature.
    ///
    /// # Troubleshooting
    /// Nothing was sent or billed. Correct the setting that the message names; a retry does not help.
    Config,
    /// No connection to the server.
    ///
    /// # Troubleshooting
    /// The request was not sent and not billed. Check the base URL, DNS, proxy and TLS certificates. A retry is safe.
    Connect,
    /// No response in time, or a 408 response.
    ///
    /// # Troubleshooting
    /// The request may have reached the service, and may have been billed if
    /// [`outcome_unknown`](crate::Error::outcome_unknown) is `true`: look for the result before sending it again. For
    /// slow renders, set a longer timeout on the call.
    Timeout,
    /// The connection failed after the request was sent, or the response body is incomplete.
    ///
    /// # Troubleshooting
    /// The request may have reached the service, and may have been billed if
    /// [`outcome_unknown`](crate::Error::outcome_unknown) is `true`: look for the result before sending it again.
    Transport,
    /// A redirect response. Calls do not follow redirects, so that the key and the data are not sent to another host.
    ///
    /// # Troubleshooting
    /// The request reached a server but was not executed or billed. Usually the base URL is wrong: use the final https
    /// URL of the API.
    Redirect,
    /// 401: the key is missing, wrong or revoked, or the operation does not accept API keys.
    ///
    /// # Troubleshooting
    /// The service rejected the request; nothing was billed. Check the key, and that it belongs to the server of the
    /// base URL.
    Authentication,
    /// 403: the key has no permission for this.
    ///
    /// # Troubleshooting
    /// The service rejected the request; nothing was billed. Check the scopes of the key and the features of the plan.
    Permission,
    /// 404: the resource or file does not exist, or belongs to another team.
    ///
    /// # Troubleshooting
    /// Nothing was billed. Check the ID, the team of the key and the path of the base URL. The service does not offer
    /// every documented operation to every account.
    NotFound,
    /// 409: the state of the resource does not allow this.
    ///
    /// # Troubleshooting
    /// The service rejected the request; nothing was billed. Read the resource and check its state before trying again.
    Conflict,
    /// 410: the resource is permanently gone.
    ///
    /// # Troubleshooting
    /// Nothing was billed. Do not retry; remove the reference to the resource.
    Gone,
    /// An invalid request: found by the client before it was sent (no status), or by the service (400, 413, 415, 422).
    ///
    /// # Troubleshooting
    /// Nothing was billed. Correct the fields in [`validation_errors`](crate::Error::validation_errors) (client) or
    /// [`field_errors`](crate::Error::field_errors) (service).
    Validation,
    /// 429: too many requests.
    ///
    /// # Troubleshooting
    /// The service rejected the request; nothing was billed. Wait for [`retry_after`](crate::Error::retry_after), send
    /// fewer requests concurrently, or use a `RateLimiter`.
    RateLimited,
    /// The renders, templates, credits or spending limit of the plan are exhausted.
    ///
    /// # Troubleshooting
    /// The service rejected the request; nothing was billed. A short wait does not help: upgrade the plan, raise its
    /// spending limit, or wait for the next billing period.
    QuotaExceeded,
    /// The client's own [`SpendLimit`](crate::SpendLimit) is reached.
    ///
    /// # Troubleshooting
    /// Nothing was sent or billed by this call. Raise the limit if the renders are intended.
    SpendLimit,
    /// The service could not render this input.
    ///
    /// # Troubleshooting
    /// The request reached the service; if it may have been billed, [`outcome_unknown`](crate::Error::outcome_unknown)
    /// is `true`. Check the HTML, URL or template: pages that load slowly and missing resources are common causes.
    RenderFailed,
    /// 501: the service does not offer this operation.
    ///
    /// # Troubleshooting
    /// Nothing was billed. Do not retry.
    NotImplemented,
    /// 5xx: the service failed.
    ///
    /// # Troubleshooting
    /// The request reached the service, and may have been billed if [`outcome_unknown`](crate::Error::outcome_unknown)
    /// is `true`: look for the result before sending it again. It is `false` for a 503 whose body says `retriable: true`:
    /// the service was busy and rendered nothing. Give the [`request_id`](crate::Error::request_id) to support.
    Server,
    /// Any other unsuccessful status, or a success status whose body is an error that is not of another kind.
    ///
    /// # Troubleshooting
    /// The request reached a server, perhaps a proxy; see [`outcome_unknown`](crate::Error::outcome_unknown). Check the
    /// status, headers and body.
    UnexpectedStatus,
    /// A successful response that cannot be used: it is not JSON, or lacks what is needed, such as the absolute URL of a
    /// file. Unusual types of other members are no error.
    ///
    /// # Troubleshooting
    /// The request took effect and may have been billed: do not send it again. The response is in
    /// [`body`](crate::Error::body). Check that the base URL is that of the API, and update this crate.
    Decode,
    /// A successful response that differs from the API document, in [strict mode](crate::ClientBuilder::strict_responses).
    ///
    /// # Troubleshooting
    /// The request took effect and may have been billed: do not send it again. The response is in
    /// [`body`](crate::Error::body). Report the difference, or switch strict mode off.
    SchemaMismatch,
    /// A list that does not proceed: a page repeats an earlier one, reports the position of the page before it, or is one
    /// of many empty pages in a row, while the service reports that more pages follow.
    ///
    /// # Troubleshooting
    /// Lists are never billed. The pages and items before the error were returned. To continue, send the request that
    /// [`Pages::next_request`](crate::pagination::Pages::next_request) or
    /// [`Items::next_request`](crate::pagination::Items::next_request) returns. A list that changes while it is read may
    /// repeat a small page: use a larger `limit`. Report the list to the service if it happens again.
    RepeatedPage,
    /// A download that is not a file of a type that the service renders, most likely an error page; or a compressed
    /// response, which was not asked for and would be stored as it is.
    ///
    /// # Troubleshooting
    /// A download is never billed. Check the URL and the [`body`](crate::Error::body); the file may have expired.
    ContentType,
    /// A response or file that is larger than allowed.
    ///
    /// # Troubleshooting
    /// A download is never billed; raise its [`max_size`](crate::download::Download::max_size). A call may have taken
    /// effect: see [`outcome_unknown`](crate::Error::outcome_unknown).
    TooLarge,
    /// A file or writer that cannot be written.
    ///
    /// # Troubleshooting
    /// Check the path, permissions and free space. The download can be repeated; it is never billed.
    Io,
    /// The cassette of a test has no matching response for the request.
    ///
    /// # Troubleshooting
    /// Nothing was sent or billed. If the request is right, record the cassette again with `PICTIFY_RECORD=1`.
    CassetteMiss,
}

/// Displays the name of the variant, for metrics and filters. The line of an [`Error`](crate::Error) has words instead.
impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Error codes for an exhausted quota of the plan.
const QUOTA_CODES: [&str; 5] =
    ["quota_exceeded", "spending_cap_reached", "template_limit_reached", "ai_quota_exceeded", "stock_unavailable"];

/// Error codes for an input that could not be rendered.
const RENDER_CODES: [&str; 4] = ["render-failed", "render_timeout", "RENDER_TIMEOUT", "NO_FRAMES_CAPTURED"];

/// Gives each kind its words. A kind without words does not compile, so that [`ErrorKind::ALL`] is complete.
macro_rules! words {
    ($($kind:ident => $words:literal,)*) => {
        impl ErrorKind {
            /// All kinds.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$kind),*];

            /// Returns the kind in words, for a line that a person reads.
            pub(super) fn words(self) -> &'static str {
                match self {
                    $(Self::$kind => $words,)*
                }
            }
        }
    };
}

words! {
    Config => "configuration error",
    Connect => "connection error",
    Timeout => "timeout",
    Transport => "incomplete response",
    Redirect => "redirect",
    Authentication => "not authenticated",
    Permission => "no permission",
    NotFound => "not found",
    Conflict => "conflict",
    Gone => "gone",
    Validation => "invalid request",
    RateLimited => "rate limited",
    QuotaExceeded => "quota exceeded",
    SpendLimit => "spending limit reached",
    RenderFailed => "render failed",
    NotImplemented => "not implemented",
    Server => "server error",
    UnexpectedStatus => "unexpected status",
    Decode => "unreadable response",
    SchemaMismatch => "schema mismatch",
    RepeatedPage => "repeated page",
    ContentType => "wrong content type",
    TooLarge => "too large",
    Io => "input or output error",
    CassetteMiss => "no recorded response",
}

impl ErrorKind {
    pub(crate) fn from_response(status: StatusCode, headers: &HeaderMap, details: &ErrorDetails) -> Self {
        let code = details.code().unwrap_or_default();
        if QUOTA_CODES.contains(&code) {
            return Self::QuotaExceeded;
        }
        if RENDER_CODES.contains(&code) {
            return Self::RenderFailed;
        }
        match details.effective_status(status) {
            300..=399 => Self::Redirect,
            401 => Self::Authentication,
            402 => Self::QuotaExceeded,
            403 => Self::Permission,
            404 => Self::NotFound,
            408 => Self::Timeout,
            409 => Self::Conflict,
            410 => Self::Gone,
            400 | 413 | 415 | 422 => Self::Validation,
            // Older servers report an exhausted quota only in the message. Retries would be useless load. What is meant
            // for programs comes first: the words of a rate limit may name a quota of requests.
            200..=299 | 429 if is_quota_message(details.message()) && !states_rate_limit(headers, details) => {
                Self::QuotaExceeded
            }
            429 => Self::RateLimited,
            501 => Self::NotImplemented,
            500..=599 => Self::Server,
            _ => Self::UnexpectedStatus,
        }
    }
}

/// Returns `true` if a header or field that only a rate limit has is present.
fn states_rate_limit(headers: &HeaderMap, details: &ErrorDetails) -> bool {
    let code = details.code().unwrap_or_default().to_ascii_lowercase();
    headers.contains_key(RETRY_AFTER)
        || details.retry_after().is_some()
        || headers.get("x-ratelimit-remaining").is_some_and(|left| left.as_bytes().trim_ascii() == b"0")
        || code.contains("rate") && code.contains("limit")
        || code.starts_with("too") && code.ends_with("requests")
}

fn is_quota_message(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["plan limit", "quota", "monthly"].iter().any(|part| message.contains(part))
}
