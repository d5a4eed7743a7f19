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
//! | serve the pictures of links from your own addresses | `og_image`, behind the feature `og-image` |
//! | receive webhooks, verified | [`webhooks`] |
//! | see what was rendered, by whom, on which plan | [`renders`], [`account`], [`media`], [`health`] |
//! | fetch a rendered file | [`Client::download`] |
//! | read a list to its end | [`pagination`] |
//! | do all of it without `async` | `blocking`, behind the feature of that name |
//! | know what went wrong, and whether it was billed | [`Error`], [`ErrorKind`], [`Error::outcome_unknown`] |
//! | decide how often a call is tried again, and until when | [`retry`], [`RetryPolicy`], [`Deadline`] |
//! | keep costs and requests down | [`SpendLimit`], [`ClientBuilder::single_flight`], `RateLimiter` |
//! | see what it does | [`ClientBuilder::on_attempt`], [`ClientBuilder::on_schema_mismatch`], the feature `tracing` |
//! | test what is built on it | `testing`, behind the feature of that name |
//! | keep a request for later | every [`ApiRequest`] is plain data: [`Client::call`] |
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
//! | `webhook` | | verifying and reading webhook deliveries, without the HTTP client |
//! | `axum`, `actix`, `tower` | | extractors of signed deliveries, and a layer for any server on hyper |
//! | `delivery-store`, `redis` | | handling each delivery once, in one process or in many |
//! | `og-image` | | `og_image`, the pictures of links as routes of axum and actix-web |
//! | `blocking` | | the same surface without `async` |
//! | `cron` | | cron expressions for the refresh of bindings |
//! | `rate-limit` | | `RateLimiter`, which spreads requests below a limit |
//! | `tracing` | | spans and events for `tracing` |
//! | `testing` | | recorded answers, redactions, and checks of structs against templates, for tests |
//! | `schemars` | | JSON Schemas of the types of the API |
// The tables above name what the default features have.
#![cfg_attr(not(feature = "client"), allow(rustdoc::broken_intra_doc_links))]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "client", feature = "webhook"))]
pub mod webhooks;

cfg_if::cfg_if! {
    if #[cfg(feature = "client")] {
        pub mod account;
        mod base_url;
        pub mod batches;
        pub mod bindings;
        #[cfg(feature = "blocking")]
        pub mod blocking;
        mod call;
        mod client;
        pub mod clock;
        mod connection_limit;
        mod credentials;
        mod deadline;
        pub mod download;
        mod error;
        mod event_stream;
        pub mod events;
        pub mod experiments;
        pub mod expressions;
        pub mod gifs;
        pub mod health;
        pub mod hooks;
        mod idempotency;
        pub mod images;
        mod key;
        pub mod links;
        pub mod media;
        #[cfg(feature = "og-image")]
        pub mod og_image;
        pub mod pagination;
        pub mod pdfs;
        pub mod rate_limit;
        pub mod renders;
        pub mod request;
        mod resources;
        pub mod retry;
        pub mod schema_mismatch;
        pub mod send_all;
        mod single_flight;
        mod source;
        mod spend_limit;
        pub mod templates;
        #[cfg(feature = "testing")]
        pub mod testing;
        mod timeout;
        mod tls;
        mod trace;
        pub mod transport;
        mod variables;
        pub mod videos;
        pub mod workflows;

        pub use crate::{
            call::{Call, Response, ResponseMeta},
            client::{AsClient, Client, ClientBuilder},
            credentials::Credentials,
            deadline::Deadline,
            error::{Attempt, AttemptOutcome, Error, ErrorDetails, ErrorKind, FieldError, Result},
            idempotency::IdempotencyKey,
            key::ApiKey,
            request::ApiRequest,
            send_all::send_all,
            spend_limit::SpendLimit,
        };
        pub use pictify_api::{Timestamp, ValidationError, ValidationErrors};
        #[cfg(feature = "schemars")]
        pub use pictify_api::json_schemas;
        pub use retry::RetryPolicy;
    }
}
