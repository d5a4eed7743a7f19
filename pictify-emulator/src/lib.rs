//! A local Pictify: a server that speaks the same HTTP API and really renders, without an account and without a network.
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
//! What a request must look like is not written here: it is read from `openapi.yaml`, the contract. Every operation of it is
//! served; what cannot be made here (pictures by a prompt, MP4, timelines) is refused as the contract does.
//!
//! | file | holds |
//! |---|---|
//! | `emulator/`, `options.rs` | starting and stopping |
//! | `server/` | the way of a request: route, key, body, handler |
//! | `house.rs`, `faults.rs`, `admin.rs` | limits, what goes wrong on demand, and what only tests ask for |
//! | `contract/` | the document as routes and validators |
//! | `answer.rs`, `problem.rs` | the shapes of answers and refusals |
//! | `page/`, `log.rs` | the page for people |
//! | `areas/` | the handlers, a file for each area of the contract |
//! | `batches/` | a template rendered for many sets of variables |
//! | `bindings/` | data had, mapped and shown |
//! | `deliveries/` | webhooks: what happened is told |
//! | `live/` | live pages, and what pages need from elsewhere |
//! | `fetch/` | requests of the server's own, and where they may go |
//! | `experiments/` | which variant a visitor sees |
//! | `pictures.rs` | pictures at permanent addresses |
//! | `renders.rs` | a page rendered, kept, listed and billed |
//! | `demo.rs` | the template that examples name |
//! | `source.rs` | a template and values made a page |
//! | `store/` | what was made |
//! | `variables.rs` | what definitions say of the values of templates |
//! | `expressions/` | the expression language |
//! | `html_templates/` | templates in Handlebars |
//! | `video/` | scenes of code to moving pictures |
//! | `workflows/` | documents made of rows |
//! | `render/` | from HTML to bytes |
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]

mod admin;
mod api_error;
mod batches;
mod bindings;
mod config;
mod contract;
mod dashboard;
mod demo_template;
mod emulator;
mod experiments;
pub mod expressions;
mod faults;
mod fetch;
mod handlers;
pub mod html_templates;
mod limits;
mod options;
mod page_loader;
mod problem_details;
mod quota;
pub mod render;
mod rendering;
mod request_log;
mod response;
mod server;
mod store;
mod uid;
pub mod variables;
mod video;
mod webhooks;
mod workflows;

pub use config::{Profile, VersionPrefix};
pub use emulator::{DEFAULT_PORT, Emulator, EmulatorBuilder, StartError, shutdown_signal};
pub use faults::Fault;
pub use fetch::EgressPolicy;
pub use options::{Engine, Options};
