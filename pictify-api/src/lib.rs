//! Low-level crate of [`pictify`](https://docs.rs/pictify): one method per operation of the Pictify HTTP API and one
//! type per schema, generated from `openapi.yaml` by `cargo xtask generate`.
//!
//! It has no API keys, retries, timeouts or error bodies. `pictify` adds them by implementing [`Transport`]. Depend on
//! `pictify`, not on this crate, unless you write another SDK on top of it.
//!
//! | item | origin and purpose |
//! |---|---|
//! | [`types`], [`Client`] | generated: a type per schema, a method per operation |
//! | [`operations`] | generated: a constant per operation with its method, path, retry safety and default timeout |
//! | [`CheckSchema`] | differences between a response and its schema; the implementations are generated |
//! | [`Validate`] | bounds on requests; the implementations are generated |
//! | [`Transport`], [`Response`], [`Error`], [`ResponseValue`] | by hand: interface between generated code and the transport |
//! | [`Timestamp`], [`Secret`] | by hand: a lenient date, a text that is not printed |
#![cfg_attr(docsrs, feature(doc_cfg))]
// Nearly everything needs the feature `client`, which is on by default. A badge on each item would be noise.
#![cfg_attr(docsrs, doc(auto_cfg(hide(feature = "client"))))]

// The generated code refers to types of this crate by the name of the crate.
extern crate self as pictify_api;

#[doc(hidden)]
pub mod de;
#[cfg(feature = "schemars")]
mod json_schemas;
#[cfg(feature = "client")]
mod operation;
#[cfg(feature = "client")]
mod runtime;
mod schema_mismatch;
mod secret;
mod timestamp;
#[cfg(feature = "client")]
mod transport;
mod validate;

#[cfg(feature = "schemars")]
pub use json_schemas::json_schemas;
#[cfg(feature = "client")]
pub use operation::{Evidence, OperationInfo, Pagination, PaginationStyle, RetrySafety};
#[cfg(feature = "client")]
pub use runtime::{Body, ByteStream, DecodeError, Error, Response, ResponseValue};
pub use schema_mismatch::{CheckSchema, SchemaMismatch, SchemaMismatchKind, SchemaMismatches};
pub use secret::Secret;
pub use timestamp::Timestamp;
#[cfg(feature = "client")]
pub use transport::{BoxError, BoxFuture, Inner, Transport};
pub use validate::{Validate, ValidationError, ValidationErrors};

#[rustfmt::skip]
#[allow(clippy::all, clippy::pedantic)]
mod generated;

pub use generated::types;
#[cfg(feature = "client")]
pub use generated::{client::Client, operations};
