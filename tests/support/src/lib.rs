//! What the tests of this workspace share: a server that misbehaves to order, and a clock that needs no waiting.
//!
//! The tests themselves are in `tests/`, a file per story.
#![cfg_attr(doctest, doc = include_str!("../../README.md"))]

mod clock;
mod http;
mod server;

pub use clock::TestClock;
pub use http::{RawAnswer, request};
pub use server::{Reply, Request, ScriptedServer};

/// The key that every test uses. Tests assert that it appears nowhere but in the header that it belongs in.
pub const KEY: &str = "test-key-5f1d0c9b";

/// A client of `server` that never waits: its clock is `clock`.
///
/// # Panics
/// When the client cannot be built.
#[must_use]
pub fn client(server: &ScriptedServer, clock: &TestClock) -> pictify::Client {
    pictify::Client::builder()
        .api_key(KEY)
        .base_url(server.url())
        .clock(clock.clone())
        .build()
        .expect("the test client is set up rightly")
}
