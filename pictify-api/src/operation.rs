//! Metadata of an operation.

use std::time::Duration;

/// Metadata of an operation, as declared in the document. The constants are in the module `operations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// Operation ID in the document, for example `createImage`.
    pub id: &'static str,
    /// HTTP method in upper case.
    pub method: &'static str,
    /// Path template, for example `/image/{uid}`.
    pub path: &'static str,
    /// Resource that it belongs to, for example `images`.
    pub tag: &'static str,
    /// One-line description.
    pub summary: &'static str,
    /// Effect of sending the same request twice.
    pub safety: RetrySafety,
    /// Evidence that an API key can call it.
    pub evidence: Evidence,
    /// `true` if it takes the API key. Other operations must be sent without a key.
    pub needs_key: bool,
    /// Default timeout of a call.
    pub timeout: Duration,
    /// Member of the response body that holds the value, if there is one.
    pub envelope: Option<&'static str>,
    /// Pagination of the list, if the response is a page of a list.
    pub pagination: Option<Pagination>,
    /// `true` if the response is a stream of events.
    pub events: bool,
    /// Names of the request's fields: those of its JSON body and of its query. Empty if it takes any fields.
    pub fields: &'static [&'static str],
}

impl OperationInfo {
    /// Creates the metadata of an operation. `const`, so that the generated constants cost nothing at run time.
    #[doc(hidden)]
    #[must_use]
    #[allow(clippy::too_many_arguments, reason = "only generated code calls it, once per operation")]
    pub const fn new(
        id: &'static str,
        method: &'static str,
        path: &'static str,
        tag: &'static str,
        summary: &'static str,
        safety: RetrySafety,
        evidence: Evidence,
        needs_key: bool,
        timeout_seconds: u64,
        envelope: Option<&'static str>,
        pagination: Option<Pagination>,
        events: bool,
        fields: &'static [&'static str],
    ) -> Self {
        let timeout = Duration::from_secs(timeout_seconds);
        Self {
            id,
            method,
            path,
            tag,
            summary,
            safety,
            evidence,
            needs_key,
            timeout,
            envelope,
            pagination,
            events,
            fields,
        }
    }
}

/// Effect of sending the same request twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetrySafety {
    /// No effect: the request only reads.
    ReadOnly,
    /// The same as once: the request sets or removes a named resource.
    Idempotent,
    /// A second resource is created, without a charge.
    Creating,
    /// A second render is made and billed.
    Billed,
}

/// Evidence that an API key can call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// A current official client calls it with a key, or it was tested against the live service.
    Live,
    /// Documented for keys and consistent with other evidence. Not tested live.
    Documented,
    /// Only documented in prose, and at least one source contradicts it.
    Disputed,
    /// Documented and formerly available. The newest evidence says that it was withdrawn.
    Retired,
    /// Needs no credentials.
    Public,
}

/// Pagination of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Pagination {
    /// Style of the request parameters and the response.
    pub style: PaginationStyle,
    /// Member of the response body that holds the items.
    pub items: &'static str,
}

impl Pagination {
    /// Creates the pagination of a list.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(style: PaginationStyle, items: &'static str) -> Self {
        Self { style, items }
    }
}

/// Pagination styles of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PaginationStyle {
    /// `page` and `limit` in the query, a `pagination` object in the response.
    Page,
    /// `offset` and `limit` in the query, a `pagination` object in the response.
    Offset,
    /// `page` and `limit` in the query, `total`, `page` and `limit` beside the items.
    Flat,
}
