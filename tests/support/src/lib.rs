//! Test support: a scripted server that can fail at the level of bytes, a transport without a network, a clock on which waits take no time, and clients.

mod clock;
mod http;
mod offline;
mod server;
mod wait;

pub use clock::TestClock;
pub use http::http_client;
pub use offline::OfflineTransport;
pub use server::{Reply, Request, ScriptedServer};
pub use wait::{MAX_WAIT, joined, wait_until, within_bound};

/// API key of every test. Tests assert that it appears in the `authorization` header only.
pub const KEY: &str = "test-key-5f1d0c9b";

/// Builds a client of `server` with `clock`, on which waits take no time.
///
/// # Panics
/// If the client cannot be built.
#[must_use]
pub fn client(server: &ScriptedServer, clock: &TestClock) -> pictify::Client {
    client_of(server.url(), clock)
}

/// Builds a client of the server at `base_url` with `clock`, on which waits take no time.
///
/// # Panics
/// If the client cannot be built.
#[must_use]
pub fn client_of(base_url: impl Into<String>, clock: &TestClock) -> pictify::Client {
    builder_of(base_url.into(), clock).build().expect("the configuration of the test client is valid")
}

/// Returns the builder of [`client`], for more settings.
pub fn client_builder(server: &ScriptedServer, clock: &TestClock) -> pictify::ClientBuilder {
    builder_of(server.url(), clock)
}

fn builder_of(base_url: String, clock: &TestClock) -> pictify::ClientBuilder {
    pictify::Client::builder().api_key(KEY).base_url(base_url).jitter(|| 1.0).clock(clock.clone())
}
