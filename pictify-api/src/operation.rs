//! What the document says of an operation beyond its types.

use std::time::Duration;

/// A row of the table in [`operations`](crate::operations): everything that the document says of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The operation id of the document, for example `createImage`.
    pub id: &'static str,
    /// The HTTP method in capitals.
    pub method: &'static str,
    /// The path template, for example `/image/{uid}`.
    pub path: &'static str,
    /// The area that it belongs to, for example `images`.
    pub tag: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
    /// What sending the same request a second time may do.
    pub safety: RetrySafety,
    /// How sure we are that an API key can call it today.
    pub evidence: Evidence,
    /// Whether it takes the API key. Operations that do not must not be sent one.
    pub needs_key: bool,
    /// How long one call may take by default.
    pub timeout: Duration,
    /// The member of the answer that holds the value, if there is one.
    pub envelope: Option<&'static str>,
    /// How its list goes on, if it answers a list in pages.
    pub pagination: Option<Pagination>,
    /// Whether it answers a stream of events.
    pub events: bool,
}

impl OperationInfo {
    /// Makes a row. `const`, so that the generated table costs nothing at run time.
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
    ) -> Self {
        let timeout = Duration::from_secs(timeout_seconds);
        Self { id, method, path, tag, summary, safety, evidence, needs_key, timeout, envelope, pagination, events }
    }
}

/// What sending the same request a second time may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RetrySafety {
    /// Nothing: it only reads.
    ReadOnly,
    /// Nothing more than the first time: it sets or removes a named thing.
    Idempotent,
    /// Make a second thing, without a bill.
    Creating,
    /// Render, and bill, a second time.
    Billed,
}

/// How sure we are that an API key can call an operation today.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Evidence {
    /// Called with a key by a current official client, or tested against the live service.
    Live,
    /// Documented for keys and consistent with other evidence; no live test seen.
    Documented,
    /// Only prose documents it, and at least one source doubts it.
    Disputed,
    /// Documented and once real; the newest evidence says that it was withdrawn.
    Retired,
    /// Needs no credentials.
    Public,
}

/// How a list goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Pagination {
    /// The way in which pages are asked for and described.
    pub style: PaginationStyle,
    /// The member of the answer that holds the items.
    pub items: &'static str,
}

impl Pagination {
    /// Makes a description of a list.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(style: PaginationStyle, items: &'static str) -> Self {
        Self { style, items }
    }
}

/// The ways in which the service's lists are paged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PaginationStyle {
    /// `page` and `limit` in the query, a `pagination` object in the answer.
    Page,
    /// `offset` and `limit` in the query, a `pagination` object in the answer.
    Offset,
    /// `page` and `limit` in the query, `total`, `page` and `limit` beside the items.
    Flat,
}
