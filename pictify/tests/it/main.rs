//! Behaviour of the SDK against servers on this machine. The tests that need the emulator are in `tests/tests/it`.
//!
//! Run them with `cargo test -p pictify --all-features`. Without the features that `Cargo.toml` lists for this program, cargo
//! leaves it out.

mod agent_screenshot;
mod batches;
mod blocking;
mod cassettes;
mod client_builder;
mod dependency_budget;
mod downloads;
mod environment;
mod errors;
mod experiments;
mod extra;
mod faults;
mod images;
mod inbox;
mod limits;
mod links;
mod malformed_responses;
mod numbers;
mod og_image;
mod pagination;
mod retries;
mod runtimes;
mod schema_mismatch;
mod secrets;
mod send_all;
mod templates;
mod transport;
mod webhook_dedup;
mod webhook_servers;
mod webhooks;
