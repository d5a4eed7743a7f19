//! The seam: generated methods build a request and decode an answer; whoever implements [`Transport`] sends.

use crate::{Client, Error, OperationInfo, Response};
use std::{fmt, future::Future, pin::Pin, sync::Arc};

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Any error that can move between threads.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Sends the requests that generated methods build.
///
/// One transport serves one [`Client`]. `pictify` makes a client for each logical call, so its transport can hold that
/// call's options and the history of its attempts.
///
/// # Contract
/// Return every answer that was received as a [`Response`], whatever its status, with its body read to the end unless
/// the caller asked for a stream: a body that breaks off is a failure of the transport, not of the decoder. An error
/// is handed to the caller unchanged, inside [`Error::Transport`].
pub trait Transport: Send + Sync {
    /// Sends one request of `operation` and returns what came back.
    fn send<'a>(
        &'a self,
        request: reqwest::Request,
        operation: &'static OperationInfo,
    ) -> BoxFuture<'a, Result<Response, BoxError>>;
}

/// What a generated client carries: the transport.
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
    /// Makes a client that builds requests for `base_url` (without a slash at its end) and sends them with `transport`.
    ///
    /// `http` only builds requests; it never sends them.
    #[must_use]
    pub fn with_transport(base_url: &str, http: reqwest::Client, transport: Arc<dyn Transport>) -> Self {
        Self::new_with_client(base_url, http, Inner::new(transport))
    }

    /// Where its requests go, without a slash at the end.
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
