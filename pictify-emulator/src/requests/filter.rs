//! Selection of recorded requests.

use super::log::LoggedRequest;
use crate::contract::CONTRACT;

/// Selection of recorded requests. Without conditions it selects all.
///
/// ```
/// use pictify_emulator::RequestFilter;
///
/// let failed_renders = RequestFilter::default().operation("createImage").status(503);
/// let of_templates = RequestFilter::default().method("GET").path("/templates/*");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RequestFilter {
    operation: Option<String>,
    method: Option<String>,
    path: Option<String>,
    status: Option<u16>,
    since: Option<u64>,
}

impl RequestFilter {
    /// Selects the requests for an operation, by its ID in the contract.
    pub fn operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Selects the requests with a method.
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into());
        self
    }

    /// Selects the requests with a path, without the query string and with or without the prefix `/v1`. A `*` at the end
    /// stands for anything.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Selects the requests with a response status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Selects the requests after the one with this [sequence number](super::RecordedRequest::sequence).
    pub fn since(mut self, sequence: u64) -> Self {
        self.since = Some(sequence);
        self
    }

    /// Returns the operation of the filter if the contract does not have it: nothing would ever match.
    pub(crate) fn unknown_operation(&self) -> Option<&str> {
        self.operation.as_deref().filter(|id| CONTRACT.operation(id).is_none())
    }

    /// Returns the number after which requests are selected.
    pub(crate) fn start(&self) -> Option<u64> {
        self.since
    }

    pub(super) fn matches(&self, request: &LoggedRequest) -> bool {
        let path = request.uri.path();
        let is_path = |wanted: &str| {
            matches_path(wanted, path) || path.strip_prefix("/v1").is_some_and(|path| matches_path(wanted, path))
        };
        self.operation.as_deref().is_none_or(|id| request.operation == Some(id))
            && self.method.as_deref().is_none_or(|method| request.method.as_str().eq_ignore_ascii_case(method))
            && self.path.as_deref().is_none_or(is_path)
            && self
                .status
                .is_none_or(|status| request.response.as_ref().is_some_and(|(found, _)| found.as_u16() == status))
            && self.since.is_none_or(|since| request.sequence > since)
    }
}

fn matches_path(wanted: &str, path: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => path == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_at_the_end_stands_for_anything() {
        for (wanted, path, expected) in [
            ("/image", "/image", true),
            ("/image", "/image/A", false),
            ("/image*", "/image", true),
            ("/image/*", "/image", false),
            ("/image/*", "/image/A", true),
            ("*", "/", true),
        ] {
            assert_eq!(matches_path(wanted, path), expected, "{wanted} {path}");
        }
    }
}
