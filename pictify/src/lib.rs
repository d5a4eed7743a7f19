//! The SDK of [Pictify](https://pictify.io), the API that renders HTML, live pages and templates to images.
//!
//! ```no_run
//! # async fn run() -> pictify::Result<()> {
//! use pictify::{Client, images::Source};
//!
//! let client = Client::from_env()?; // PICTIFY_API_KEY, and PICTIFY_BASE_URL if set
//! let image = client.images().create(Source::html("<h1>Hello</h1>")).size(1200, 630).send().await?;
//! client.download(&image).to_file("hello.png").await?;
//! # Ok(()) }
//! ```
//!
//! | to | see |
//! |---|---|
//! | set up a client | [`Client::from_env`], [`ClientBuilder`] |
//! | make a picture from HTML, a live page, a canvas, a prompt | [`images`] |
//! | make moving pictures | [`gifs`], [`videos`] |
//! | make PDFs | [`pdfs`] |
//! | store a design and render it, check values before that is paid for | [`templates`], [`expressions`] |
//! | render rows by the hundred | [`batches`] at the service, [`send_all()`] or [`render_many`] from here |
//! | deliver a document for each row | [`workflows`] |
//! | put URLs that answer with a picture into pages | [`links`], [`bindings`] |
//! | find out which picture works better | [`experiments`], [`events`] |
//! | serve link preview images from URLs of your own | `og_image`, behind the feature `og-image` |
//! | be told of what happened, and trust it | [`webhooks`] |
//! | see what was rendered, by whom, on which plan | [`renders`], [`account`], [`media`], [`health`] |
//! | fetch a rendered file | [`Client::download`] |
//! | read a list to its end | [`pagination`] |
//! | do all of it without `async` | `blocking`, behind the feature of that name |
//! | know what went wrong, and whether it was billed | [`Error`], [`ErrorKind`], [`Error::outcome_unknown`] |
//! | decide how often a call is tried again, and until when | [`retry`], [`RetryPolicy`], [`Deadline`] |
//! | keep costs and requests down | [`SpendLimit`], [`ClientBuilder::single_flight`], `RateLimiter` |
//! | see what it does | [`ClientBuilder::on_attempt`], [`ClientBuilder::on_schema_mismatch`], the feature `tracing` |
//! | test what is built on it | `testing`, behind the feature of that name |
//! | keep a request for later | every [`Operation`] is plain data: [`Client::call`] |
//!
//! [`render_many`]: templates::Templates::render_many
//!
//! # Features
//! | feature | default | is |
//! |---|---|---|
//! | `client` | yes | the HTTP client |
//! | `rustls` | yes | TLS by rustls on ring |
//! | `rustls-no-provider` | | TLS by rustls with the crypto provider that the application installs |
//! | `native-tls` | | TLS by the platform's own library |
//! | `webhook` | | verification and parsing of webhook deliveries, without the HTTP client |
//! | `axum`, `actix`, `tower` | | extractors of signed deliveries, and a layer for any server on hyper |
//! | `delivery-store`, `redis` | | handling each delivery once, in one process or in many |
//! | `og-image` | | `og_image`, link preview images as routes of axum and actix-web |
//! | `blocking` | | the same surface without `async` |
//! | `cron` | | cron expressions for the refresh of bindings |
//! | `rate-limit` | | `RateLimiter`, which spreads requests below a limit |
//! | `tracing` | | spans and events for `tracing` |
//! | `testing` | | recorded responses, redactions, and checks of structs against templates, for tests |
//! | `schemars` | | JSON Schemas of the types of the API |
// The tables above name what the default features have.
#![cfg_attr(not(feature = "client"), allow(rustdoc::broken_intra_doc_links))]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "client")]
pub mod account;
#[cfg(feature = "client")]
mod address;
#[cfg(feature = "client")]
mod base_url;
#[cfg(feature = "client")]
pub mod batches;
#[cfg(feature = "client")]
pub mod bindings;
#[cfg(feature = "blocking")]
pub mod blocking;
#[cfg(feature = "client")]
mod call;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "client")]
pub mod clock;
#[cfg(feature = "client")]
pub mod download;
#[cfg(feature = "client")]
mod error;
#[cfg(feature = "client")]
mod event_stream;
#[cfg(feature = "client")]
pub mod events;
#[cfg(feature = "client")]
pub mod experiments;
#[cfg(feature = "client")]
pub mod expressions;
#[cfg(feature = "client")]
pub mod gifs;
#[cfg(feature = "client")]
pub mod health;
#[cfg(feature = "client")]
mod hooks;
#[cfg(feature = "client")]
mod idempotency;
#[cfg(feature = "client")]
pub mod images;
#[cfg(feature = "client")]
mod key;
#[cfg(feature = "client")]
pub mod links;
#[cfg(feature = "client")]
pub mod media;
#[cfg(feature = "og-image")]
pub mod og_image;
#[cfg(feature = "client")]
pub mod operation;
#[cfg(feature = "client")]
pub mod pagination;
#[cfg(feature = "client")]
pub mod pdfs;
#[cfg(feature = "rate-limit")]
mod rate_limiter;
#[cfg(feature = "client")]
pub mod renders;
#[cfg(feature = "client")]
mod resources;
#[cfg(feature = "client")]
pub mod retry;
#[cfg(feature = "client")]
mod schema_mismatch;
#[cfg(feature = "client")]
pub mod send_all;
#[cfg(feature = "client")]
mod single_flight;
#[cfg(feature = "client")]
mod source;
#[cfg(feature = "client")]
mod spend_limit;
#[cfg(feature = "client")]
pub mod templates;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "client")]
mod timeout;
#[cfg(feature = "client")]
mod tls;
#[cfg(feature = "client")]
mod trace;
#[cfg(feature = "client")]
mod transport;
#[cfg(feature = "client")]
mod variables;
#[cfg(feature = "client")]
pub mod videos;
#[cfg(any(feature = "client", feature = "webhook"))]
pub mod webhooks;
#[cfg(feature = "client")]
pub mod workflows;

#[cfg(feature = "client")]
pub use crate::{
    base_url::DEFAULT_BASE_URL,
    call::{Attempt, AttemptOutcome, Call, Deadline, RateLimitStatus, Response, ResponseMeta},
    client::{AsClient, Client, ClientBuilder, USER_AGENT},
    clock::Clock,
    error::{Error, ErrorDetails, ErrorKind, FieldError, MAX_ERROR_BODY_BYTES, Result},
    hooks::AttemptEvent,
    idempotency::IdempotencyKey,
    key::ApiKey,
    operation::Operation,
    retry::RetryPolicy,
    schema_mismatch::SchemaMismatchReport,
    send_all::send_all,
    spend_limit::SpendLimit,
};
#[cfg(feature = "schemars")]
pub use pictify_api::json_schemas;
#[cfg(feature = "client")]
pub use pictify_api::{Availability, Drift, DriftKind, Drifts, Finding, Safety, Timestamp, Violation, Violations};
#[cfg(feature = "rate-limit")]
pub use rate_limiter::RateLimiter;

#[cfg(feature = "client")]
pub(crate) use pictify_api::operations;
