//! Interface between generated methods, which build requests and decode responses, and the [`Transport`] that sends
//! them.

use crate::{Client, Error, OperationInfo, Response};
use std::{fmt, future::Future, pin::Pin, sync::Arc};

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Any error that can move between threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sends the requests that generated methods build.
///
/// A transport serves one [`Client`]. `pictify` creates a client for each call, so its transport can hold the options
/// and attempts of that call.
///
/// # Contract
/// Return every received response as a [`Response`], whatever its status, with its body read to the end unless the
/// caller wants a stream: a truncated body is an error of the transport, not of the decoder. The caller gets an error
/// unchanged, inside [`Error::Transport`].
pub trait Transport: Send + Sync {
    /// Sends one request of `operation` and returns the response.
    fn send<'a>(
        &'a self,
        request: reqwest::Request,
        operation: &'static OperationInfo,
    ) -> BoxFuture<'a, Result<Response, BoxError>>;
}

/// Transport of a generated client.
#[derive(Clone)]
pub struct Inner(Arc<dyn Transport>);

impl Inner {
    /// Wraps a transport.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>) -> Self {
        Self(transport)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inner(..)")
    }
}

impl Client {
    /// Creates a client that builds requests for `base_url` (without a slash at the end) and sends them with
    /// `transport`.
    ///
    /// `http` only builds requests; it never sends them.
    #[must_use]
    pub fn with_transport(base_url: &str, http: reqwest::Client, transport: Arc<dyn Transport>) -> Self {
        Self::new_with_client(base_url, http, Inner::new(transport))
    }

    /// Returns the base URL without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.baseurl
    }

    pub(crate) async fn send(
        &self,
        request: reqwest::Request,
        operation: &'static OperationInfo,
    ) -> Result<Response, Error> {
        let mut response = self.inner.0.send(request, operation).await.map_err(Error::Transport)?;
        response.envelope = operation.envelope;
        Ok(response)
    }
}
