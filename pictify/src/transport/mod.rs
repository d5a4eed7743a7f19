//! The transport: the one place where requests leave the client.
//!
//! By default it is [`ReqwestTransport`]. [`ClientBuilder::transport`](crate::ClientBuilder::transport) takes any other
//! [`Transport`]: a test double, a tower service with the feature `tower`, a transport of an application's own.

mod body;
mod error;
mod progress;
mod reqwest;
#[cfg(feature = "tower")]
mod tower;

pub use self::reqwest::ReqwestTransport;
#[cfg(feature = "tower")]
pub use self::tower::TowerTransport;
pub use body::Body;
pub use error::TransportError;
pub(crate) use error::TransportErrorKind;
pub(crate) use progress::SendProgress;

use bytes::Bytes;
use std::{future::Future, pin::Pin, sync::Arc};
use url::Url;

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends HTTP requests.
///
/// # Contract
/// - Send the request once. The client decides about retries, and a transport that retries by itself may bill twice.
/// - Do not follow redirects: a followed redirect may take the API key to another host or turn a POST into a GET.
/// - Return every response, whatever its status.
/// - Fail with [`TransportError::not_sent`] only when the server cannot have seen the request. Everything else is
///   [`TransportError::connection_lost`]: a call that bills is then not sent again.
/// - Do not limit the time; the client drops the future when an attempt takes too long.
///
/// ```
/// use bytes::Bytes;
/// use pictify::transport::{Body, BoxFuture, Transport, TransportError};
///
/// /// Responds to every request with one image.
/// #[derive(Debug)]
/// struct Fixed;
///
/// impl Transport for Fixed {
///     fn send(&self, _: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
///         let body = r#"{"url": "https://example.com/a.png"}"#;
///         Box::pin(std::future::ready(Ok(http::Response::new(Body::from(body)))))
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> pictify::Result<()> {
/// use pictify::{Client, images::Source};
///
/// let client = Client::builder().api_key("0123456789abcdef").transport(Fixed).build()?;
/// let image = client.images().create(Source::html("<h1>Hello</h1>")).send().await?;
/// assert_eq!(image.url, "https://example.com/a.png");
/// # Ok(()) }
/// ```
pub trait Transport: Send + Sync + 'static {
    /// Sends one request and returns the response when its head has arrived.
    ///
    /// # Errors
    /// [`TransportError`] when no response arrives.
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>>;
}

/// Stands between a client and its transport, for example to record what it sends.
#[cfg_attr(not(feature = "testing"), allow(dead_code))]
pub(crate) trait TransportWrapper: Send + Sync {
    /// Returns the transport that the client uses in place of `inner`. `is_local` means that the API is on this machine.
    fn wrap(self: Arc<Self>, base_url: &Url, is_local: bool, inner: Arc<dyn Transport>) -> Arc<dyn Transport>;
}

/// Checks that the trait stays object safe.
const _: fn(&dyn Transport) = |_| {};
