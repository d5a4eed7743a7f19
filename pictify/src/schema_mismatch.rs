//! Noticing that the service answers something else than the document says.

pub use pictify_api::{CheckSchema, SchemaMismatch, SchemaMismatchKind, SchemaMismatches};
use std::fmt;

/// An answer in which something is not as the document says, as
/// [`ClientBuilder::on_schema_mismatch`](crate::ClientBuilder::on_schema_mismatch) shows it.
///
/// No value of the answer is in it but that of an unknown enumeration. Displays as one line:
///
/// ```text
/// createImage: colour: unknown field; format: unknown value "avif" (request req_123)
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SchemaMismatchReport {
    /// The id of the operation.
    pub operation: &'static str,
    /// What is different, and where.
    pub mismatches: SchemaMismatches,
    /// The service's name for the request, if it gave one.
    pub request_id: Option<String>,
}

impl fmt::Display for SchemaMismatchReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.mismatches)?;
        self.request_id.as_ref().map_or(Ok(()), |id| write!(f, " (request {id})"))
    }
}
