//! Local Pictify: a server with the same HTTP API and real renders, without an account or a network.
//!
//! ```
//! # #[tokio::main] async fn main() -> Result<(), pictify_emulator::StartError> {
//! use pictify_emulator::Emulator;
//!
//! let emulator = Emulator::start().await?; // on a free port of this machine
//! println!("PICTIFY_BASE_URL={}", emulator.url());
//! emulator.shutdown().await;
//! # Ok(()) }
//! ```
//!
//! The rules for requests are not repeated in this crate: it reads them from `openapi.yaml`, the contract. Every operation
//! of the contract is served. Those that cannot work locally (MP4, timelines) return the error that the contract has for
//! it.
//!
//! | file | content |
//! |---|---|
//! | `emulator/`, `options.rs`, `config.rs` | start, shutdown, command-line options, settings |
//! | `program/` | program around a server: its log and its signals |
//! | `server/` | HTTP server: connections, routing, hosts and origins, validation, idempotency |
//! | `context.rs`, `keyed_locks.rs` | state that all requests share, and what a request and a render carry |
//! | `limits.rs`, `faults.rs` | rate limit, fault injection |
//! | `quota.rs`, `ledger.rs` | monthly quota, billed renders |
//! | `handlers/` | handlers, a file for each tag of the contract |
//! | `admin/` | admin API for tests |
//! | `requests/` | recorded requests |
//! | `snapshots.rs`, `seed.rs` | reset and snapshots, templates to start with |
//! | `clock.rs`, `events.rs`, `metrics.rs` | clock, stream of events, metrics |
//! | `dashboard/` | HTML dashboard |
//! | `response.rs`, `api_error.rs`, `problem_details.rs` | responses and errors |
//! | `contract/` | the contract as routes and validators |
//! | `rendering/` | render service: filling templates, storing and billing files, cached images |
//! | `templates/` | templates and the rules for their content |
//! | `batches/` | batches of renders in the background |
//! | `bindings/` | data sources, mapping and refresh of bindings |
//! | `experiments/` | assignment of visitors to variants |
//! | `workflows/` | documents from rows |
//! | `webhooks/` | webhook events and deliveries |
//! | `agent/` | screenshots from a prompt: choice of the element |
//! | `page_loader/` | loading of live pages and of the resources of pages |
//! | `fetch/` | outgoing HTTP requests, and the addresses that they may reach |
//! | `demo/` | demo templates and samples |
//! | `operations.rs` | calls of operations from inside the server |
//! | `store/` | storage of documents and files |
//! | `query_string.rs`, `json.rs`, `secret.rs` | reading of query strings and of JSON values, secrets in documents |
//! | `variables.rs` | definitions of template variables |
//! | `expressions/` | expression language |
//! | `html_templates/` | Handlebars templates |
//! | `video/` | video templates in code |
//! | `render/` | render engines: from HTML to files; the pool of renders |
//! | `worker/` | worker process, which runs renders for the programs |
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod admin;
mod agent;
mod api_error;
mod batches;
mod bindings;
mod clock;
mod config;
mod context;
mod contract;
mod dashboard;
mod demo;
mod emulator;
mod events;
mod experiments;
pub mod expressions;
mod faults;
mod fetch;
mod handlers;
mod html_rewriter;
pub mod html_templates;
mod json;
mod keyed_locks;
mod ledger;
mod limits;
mod metrics;
mod operations;
mod options;
mod page_loader;
mod private_files;
mod problem_details;
#[cfg(feature = "program")]
mod program;
mod query_string;
mod quota;
pub mod render;
mod rendering;
mod requests;
mod response;
mod secret;
mod seed;
mod server;
mod snapshots;
mod store;
mod templates;
#[cfg(test)]
mod tests;
mod uid;
pub mod variables;
mod video;
mod webhooks;
pub mod worker;
mod workflows;

pub use config::{Profile, VersionPrefix};
pub use emulator::{
    BilledRenders, ControlError, DEFAULT_PORT, DeliveryAttempt, DeliveryStatus, Emulator, EmulatorBuilder,
    RecordedDelivery, StartError,
};
pub use faults::Fault;
pub use fetch::EgressPolicy;
pub use options::{Engine, LogFormat, Options};
#[cfg(feature = "program")]
#[cfg_attr(docsrs, doc(cfg(feature = "program")))]
pub use program::run;
pub use requests::{RecordedBody, RecordedRequest, RequestFilter};
pub use snapshots::SnapshotError;
