//! Metadata of the operations behind requests. Requests as data are in the module of their resource; all of them implement
//! [`ApiRequest`].

pub(crate) mod api_request;
mod extra;
mod prepared;

pub use pictify_api::{Evidence, OperationInfo, Pagination, PaginationStyle, RetrySafety};

// Public at the root of the crate.
pub(crate) use api_request::ApiRequest;
pub(crate) use extra::Extra;
pub(crate) use prepared::{Prepare, Prepared, ReadResponse, ResponseParts, check_file_url, url_of};

/// Returns the metadata of every operation of the document.
#[must_use]
pub fn operations() -> &'static [OperationInfo] {
    pictify_api::operations::ALL
}
