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
//! What a request must look like is not written here: it is read from `openapi.yaml`, the contract. An operation that the
//! contract has and this server does not answers 501 and says so.
//!
//! | file | holds |
//! |---|---|
//! | `emulator.rs` | starting and stopping |
//! | `server.rs` | the way of a request: route, key, body, handler |
//! | `contract.rs` | the document as routes and validators |
//! | `answer.rs` | the shapes of answers and refusals |
//! | `images.rs` | the handlers of the images area |
//! | `store.rs` | what was made |
//! | `variables.rs` | what definitions say of the values of templates |
//! | `expressions/` | the expression language |
//! | `html_templates/` | templates in Handlebars |
//! | `render/` | from HTML to bytes |
#![forbid(unsafe_code)]

mod answer;
mod contract;
mod emulator;
pub mod expressions;
pub mod html_templates;
mod images;
pub mod render;
mod server;
mod store;
pub mod variables;

pub use emulator::{DEFAULT_PORT, Emulator, EmulatorBuilder, StartError};
