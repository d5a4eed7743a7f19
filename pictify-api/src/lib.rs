//! Low-level crate of [`pictify`](https://docs.rs/pictify): one function per operation of the Pictify HTTP API that
//! builds its request, and one type per schema, generated from `openapi.yaml` by `cargo xtask generate`.
//!
//! It sends nothing: API keys, retries, timeouts, error bodies and the transport are the SDK's. Depend on `pictify`, not on
//! this crate, unless you write another SDK on top of it.
//!
//! | item | origin and purpose |
//! |---|---|
//! | [`types`] | generated: a type for each schema |
//! | [`requests`] | generated: a pure function for each operation, which builds its request and the decoder of its response |
//! | [`operations`] | generated: a constant per operation with its method, path, retry safety and default timeout |
//! | [`CheckSchema`] | differences between a response and its schema; the implementations are generated |
//! | [`Validate`] | bounds on requests; the implementations are generated |
//! | [`Request`], [`Decoder`] | a request as a value, and the decoder of its response |
//! | [`Timestamp`], [`Secret`] | by hand: a lenient date, a text that is not printed |
#![cfg_attr(docsrs, feature(doc_cfg))]
// Nearly everything needs the feature `client`, which is on by default. A badge on each item would be noise.
#![cfg_attr(docsrs, doc(auto_cfg(hide(feature = "client"))))]

// The generated code refers to types of this crate by the name of the crate.
extern crate self as pictify_api;

#[doc(hidden)]
pub mod de;
#[cfg(feature = "client")]
mod decode;
#[cfg(feature = "schemars")]
mod json_schemas;
#[cfg(feature = "client")]
mod lenient;
#[cfg(feature = "client")]
mod operation;
mod preview;
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
pub use request::{BuildError, DecodeError, Decoded, Decoder, RawBody, Request};
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
