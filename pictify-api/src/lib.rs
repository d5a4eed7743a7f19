//! The low-level crate of [`pictify`](https://docs.rs/pictify): one method per operation of the Pictify HTTP API and one
//! type per schema, generated from `openapi.yaml` by `cargo xtask generate`.
//!
//! It knows nothing of keys, retries, timeouts or error bodies: all of that sits behind [`Transport`], which
//! `pictify` implements. Depend on `pictify`, not on this crate, unless you are writing another SDK on top of it.
//!
//! | module | is |
//! |---|---|
//! | [`types`] | generated: a type for each schema |
//! | [`requests`] | generated: a pure function for each operation, which builds its request and the decoder of its response |
//! | [`operations`] | generated: a constant per operation with its method, path, retry safety and default timeout |
//! | [`CheckSchema`] | differences between a response and the document; the implementations are generated |
//! | [`Validate`] | the document's limits on requests; the implementations are generated |
//! | [`Request`], [`Decoder`] | a request as a value, and the decoder of its response |
//! | [`Timestamp`], [`Secret`] | by hand: a date that never fails an answer, a text that is not printed |
#![cfg_attr(docsrs, feature(doc_cfg))]
// Nearly everything asks for `client`, and has it by default: a badge on each would say nothing.
#![cfg_attr(docsrs, doc(auto_cfg(hide(feature = "client"))))]

// The generated code names the types that it borrows from this crate by the crate's own name.
extern crate self as pictify_api;

#[doc(hidden)]
pub mod de;
#[cfg(feature = "client")]
mod decode;
#[cfg(feature = "schemars")]
mod json_schemas;
#[cfg(feature = "client")]
mod operation;
#[cfg(feature = "client")]
mod request;
mod schema_mismatch;
mod secret;
mod timestamp;
mod validate;

#[cfg(feature = "schemars")]
pub use json_schemas::json_schemas;
#[cfg(feature = "client")]
pub use operation::{Evidence, OperationInfo, Pagination, PaginationStyle, RetrySafety};
#[cfg(feature = "client")]
pub use request::{BuildError, DecodeError, Decoder, RawBody, Request};
pub use schema_mismatch::{CheckSchema, SchemaMismatch, SchemaMismatchKind, SchemaMismatches};
pub use secret::Secret;
pub use timestamp::Timestamp;
pub use validate::{Validate, ValidationError, ValidationErrors};

#[rustfmt::skip]
#[allow(clippy::all, clippy::pedantic)]
mod generated;

pub use generated::types;
#[cfg(feature = "client")]
pub use generated::{operations, requests};

/// A boxed error that can move between threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
