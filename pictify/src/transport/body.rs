//! Response bodies.

use super::TransportError;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use std::{any::Any, fmt, pin::Pin};

/// The body of a response: complete, or a stream that is still to be read.
pub struct Body {
    inner: Inner,
    /// Held until the body is dropped, for example a permit of the connection limit.
    guard: Option<Box<dyn Any + Send>>,
}

enum Inner {
    Full(Bytes),
    Stream(Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>),
}

impl Body {
    /// Makes a body of a stream of chunks.
    pub fn from_stream(stream: impl Stream<Item = Result<Bytes, TransportError>> + Send + 'static) -> Self {
        Self { inner: Inner::Stream(Box::pin(stream)), guard: None }
    }

    /// Reads the next chunk; `None` at the end.
    ///
    /// # Errors
    /// [`TransportError`] when the connection breaks off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        match &mut self.inner {
            Inner::Full(bytes) if bytes.is_empty() => Ok(None),
            Inner::Full(bytes) => Ok(Some(std::mem::take(bytes))),
            Inner::Stream(stream) => stream.next().await.transpose(),
        }
    }

    /// Reads the body to its end.
    ///
    /// # Errors
    /// [`TransportError`] when the connection breaks off.
    pub async fn collect(mut self) -> Result<Bytes, TransportError> {
        let Some(first) = self.chunk().await? else { return Ok(Bytes::new()) };
        let Some(second) = self.chunk().await? else { return Ok(first) };
        let mut all = BytesMut::from(&first[..]);
        all.extend_from_slice(&second);
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// Returns the bytes of a complete body without taking them; empty for a stream.
    pub(crate) fn bytes(&self) -> Bytes {
        match &self.inner {
            Inner::Full(bytes) => bytes.clone(),
            Inner::Stream(_) => Bytes::new(),
        }
    }

    /// Returns the bytes of a complete body; empty for a stream.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self.inner {
            Inner::Full(bytes) => bytes,
            Inner::Stream(_) => Bytes::new(),
        }
    }

    /// Returns true for a body that is still to be read.
    pub(crate) fn is_stream(&self) -> bool {
        matches!(self.inner, Inner::Stream(_))
    }

    /// Holds `guard` until the body is dropped.
    pub(crate) fn with_guard(mut self, guard: impl Any + Send) -> Self {
        self.guard = Some(Box::new(guard));
        self
    }
}

impl Default for Body {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { inner: Inner::Full(bytes), guard: None }
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Bytes::from(text).into()
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

/// Shows the length, not the content: a body may hold a secret.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner {
            Inner::Full(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Inner::Stream(_) => f.write_str("Body(stream)"),
        }
    }
}
