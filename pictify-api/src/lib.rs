//! The low-level crate of [`pictify`](https://docs.rs/pictify): one method per operation of the Pictify HTTP API and one
//! type per schema, generated from `openapi.yaml` by `cargo xtask generate`.
//!
//! It knows nothing of keys, retries, timeouts or error bodies: all of that sits behind [`Transport`], which
//! `pictify` implements. Depend on `pictify`, not on this crate, unless you are writing another SDK on top of it.
//!
//! | module | is |
//! |---|---|
//! | [`types`], [`Client`] | generated: `generated.rs` |
//! | [`operations`] | generated: a row per operation, with what the document says of it beyond its types |
//! | [`Drift`] | where an answer is not what the document says: the trait is here, its implementations are generated |
//! | [`Validate`] | the document's bounds on requests: the trait is here, its implementations are generated |
//! | [`Transport`], [`Response`], [`Error`], [`ResponseValue`] | by hand: the seam between generated code and whoever sends |
//! | [`Timestamp`], [`Secret`] | by hand: a date that never fails an answer, a text that is not printed |
#![cfg_attr(docsrs, feature(doc_cfg))]
// Nearly everything asks for `client`, and has it by default: a badge on each would say nothing.
#![cfg_attr(docsrs, doc(auto_cfg(hide(feature = "client"))))]

// The generated code names the types that it borrows from this crate by the crate's own name.
extern crate self as pictify_api;

#[doc(hidden)]
pub mod de;
mod drift;
#[cfg(feature = "schemars")]
mod json_schemas;
#[cfg(feature = "client")]
mod operation;
#[cfg(feature = "client")]
mod runtime;
mod secret;
mod timestamp;
#[cfg(feature = "client")]
mod transport;
mod validate;

pub use drift::{Drift, DriftKind, Drifts, Finding};
#[cfg(feature = "schemars")]
pub use json_schemas::json_schemas;
#[cfg(feature = "client")]
pub use operation::{Availability, Operation, Pagination, PaginationStyle, Safety};
#[cfg(feature = "client")]
pub use runtime::{Body, ByteStream, DecodeError, Error, Response, ResponseValue};
pub use secret::Secret;
pub use timestamp::Timestamp;
#[cfg(feature = "client")]
pub use transport::{BoxError, BoxFuture, Inner, Transport};
pub use validate::{Validate, Violation, Violations};

#[rustfmt::skip]
#[allow(clippy::all, clippy::pedantic)]
mod generated;
#[rustfmt::skip]
#[allow(clippy::all, clippy::pedantic)]
#[cfg(feature = "client")]
pub mod operations;
#[rustfmt::skip]
#[allow(clippy::all, clippy::pedantic)]
mod bounds;
#[rustfmt::skip]
#[allow(clippy::all, clippy::pedantic)]
mod drifts;

#[cfg(feature = "client")]
pub use generated::Client;
pub use generated::types;
