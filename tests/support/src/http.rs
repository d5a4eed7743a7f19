//! HTTP client for requests to the servers under test.

/// Builds an HTTP client that follows no redirects, for requests that the SDK does not make.
///
/// # Panics
/// If the client cannot be built.
#[must_use]
pub fn http_client() -> reqwest::Client {
    // reqwest is built without a crypto provider and needs one, also for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    builder.build().expect("the configuration is valid")
}
