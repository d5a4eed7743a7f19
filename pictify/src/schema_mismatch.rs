//! Detection of responses that differ from the API document.

pub use pictify_api::{CheckSchema, SchemaMismatch, SchemaMismatchKind, SchemaMismatches};
use std::fmt;

/// Differences of a response from the API document, passed to
/// [`ClientBuilder::on_schema_mismatch`](crate::ClientBuilder::on_schema_mismatch).
///
/// It contains no values of the response, except unknown values of enumerations. Displays as one line:
///
/// ```text
/// createImage: colour: unknown field; format: unknown value "avif" (request req_123)
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SchemaMismatchReport {
    /// ID of the operation.
    pub operation: &'static str,
    /// Differences, with their positions in the response.
    pub mismatches: SchemaMismatches,
    /// Request ID from the response, if it has one.
    pub request_id: Option<String>,
}

impl fmt::Display for SchemaMismatchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.mismatches)?;
        self.request_id.as_ref().map_or(Ok(()), |id| write!(f, " (request {id})"))
    }
}
