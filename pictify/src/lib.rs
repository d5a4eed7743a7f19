//! SDK of [Pictify](https://pictify.io), the API that renders HTML, live web pages and templates to images, GIFs, PDF files
//! and videos.
//!
//! ```no_run
//! # async fn run() -> pictify::Result<()> {
//! use pictify::{Client, images::Source};
//!
//! let client = Client::from_env()?; // reads PICTIFY_API_KEY, and PICTIFY_BASE_URL if it is set
//! let image = client.images().create(Source::html("<h1>Hello</h1>")).size(1200, 630).send().await?;
//! client.download(&image).to_file("hello.png").await?;
//! # Ok(()) }
//! ```
//!
//! Every operation works like this one:
//!
//! 1. A [`Client`] has a method for each resource of the API, here [`images`](Client::images).
//! 2. The resource has a method for each operation, here [`create`](images::Images::create). It returns a call, here
//!    [`CreateImageCall`](images::CreateImageCall), with a setter for each optional field, such as
//!    [`size`](images::CreateImageCall::size), and options that begin with `with_`, such as
//!    [`with_timeout`](images::CreateImageCall::with_timeout).
//! 3. [`send`](images::CreateImageCall::send) sends the request, retries it where that is safe, and returns the value of
//!    the response.
//!
//! # Tasks
//!
//! | to | see |
//! |---|---|
//! | create and configure a client | [`Client::from_env`], [`ClientBuilder`] |
//! | render an image from HTML, a live page, a canvas or a prompt | [`images`] |
//! | render animations and videos | [`gifs`], [`videos`] |
//! | render PDF files | [`pdfs`] |
//! | store a design with variables and render it | [`templates`], [`expressions`] |
//! | check values before a render is paid for | [`Templates::validate_variables`](templates::Templates::validate_variables) |
//! | render many rows | [`batches`] at the service; [`send_all()`] or [`render_many`] with concurrent calls |
//! | render a document for each row and deliver it | [`workflows`] |
//! | put image URLs into web pages | [`links`], [`bindings`] |
//! | test which image works better | [`experiments`], [`events`] |
//! | serve link preview images from your own server | `og_image`, behind the feature `og-image` |
//! | receive and verify webhooks | [`webhooks`] |
//! | list earlier renders, read the plan, manage API keys | [`renders`], [`account`], [`media`], [`health`] |
//! | download a rendered file | [`Client::download`] |
//! | read a list to its end | [`pagination`] |
//! | work without `async` | `blocking`, behind the feature of the same name |
//! | find out what failed, and if it may be billed | [`Error`], [`ErrorKind`], [`Error::outcome_unknown`] |
//! | configure retries and deadlines | [`RetryPolicy`], [`Deadline`] |
//! | limit costs and requests | [`SpendLimit`], [`ClientBuilder::single_flight`], `rate_limit::RateLimiter` |
//! | observe calls | [`ClientBuilder::on_attempt`], [`ClientBuilder::on_schema_mismatch`], the feature `tracing` |
//! | test an application | `testing`, behind the feature of the same name |
//! | store a request and send it later | [`ApiRequest`]: every request is plain data; [`Client::call`] |
//!
//! [`render_many`]: templates::Templates::render_many
//!
//! # Invalid values
//!
//! - Constructors of values return a [`Result`]: [`Source::url`](images::Source::url), [`ApiKey::new`],
//!   [`IdempotencyKey::new`], [`BindingSource::http`](bindings::BindingSource::http) and others.
//! - Resource methods and setters never fail. `send` checks the whole request before anything is sent, and reports all
//!   problems that it finds in one [`Validation`](ErrorKind::Validation) error, with
//!   [`validation_errors`](Error::validation_errors).
//! - The service checks the request again. Its [`Validation`](ErrorKind::Validation) errors have a
//!   [`status`](Error::status).
//!
//! # Evidence for endpoints
//!
//! Not every endpoint is documented completely. The documentation of each operation states the
//! [evidence](request::Evidence):
//!
//! - *live*: an official client uses it with an API key, or it was tested against the service;
//! - *documented*: the official documentation describes it for API keys, but it was not tested;
//! - *public*: it needs no API key;
//! - *retired*: the service has removed it, or is about to.
//!
//! # Features
//!
//! | feature | default | description |
//! |---|---|---|
//! | `client` | yes | HTTP client |
//! | `rustls` | yes | TLS by rustls with ring |
//! | `rustls-no-provider` | | TLS by rustls with the crypto provider that the application installs |
//! | `native-tls` | | TLS by the platform's library |
//! | `webhook` | | verification and parsing of webhook deliveries, without the HTTP client |
//! | `axum`, `actix`, `tower` | | extractors of verified deliveries, and a layer for any server based on hyper |
//! | `delivery-store`, `redis` | | deduplication of deliveries, in one process or in many |
//! | `og-image` | | `og_image`: link preview images as routes of axum and actix-web |
//! | `blocking` | | client without `async` |
//! | `cron` | | cron expressions for the refresh of bindings |
//! | `rate-limit` | | `rate_limit::RateLimiter`, which keeps requests below a limit |
//! | `tracing` | | spans and events for `tracing` |
//! | `testing` | | recorded responses, redaction, and checks of structs against templates, for tests |
//! | `schemars` | | JSON Schemas of the types of the API |
// Without the client, the links of the tables above lead nowhere.
#![cfg_attr(not(feature = "client"), allow(rustdoc::broken_intra_doc_links))]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "client", feature = "webhook"))]
mod seconds;
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
        mod environment;
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
        mod numbers;
        #[cfg(feature = "og-image")]
        pub mod og_image;
        pub mod pagination;
        pub mod pdfs;
        mod proxies;
        pub mod rate_limit;
        mod redaction;
        pub mod renders;
        pub mod request;
        mod resources;
        mod retry;
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
            request::api_request::ApiRequest,
            retry::RetryPolicy,
            send_all::start::send_all,
            source::escape_html,
            spend_limit::SpendLimit,
        };
        pub use pictify_api::{Timestamp, ValidationError, ValidationErrors, types::{Acknowledgement, Deletion}};
        #[cfg(feature = "schemars")]
        pub use pictify_api::json_schemas;
    }
}
