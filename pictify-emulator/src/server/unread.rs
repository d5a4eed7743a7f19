//! Rest of a request body that no handler has read.
//!
//! hyper closes a connection with unread bytes: a client that is still sending would see a broken connection instead of
//! the response, and its next request on the connection would fail. So the rest is read and discarded, within limits.

use super::{
    body::{BODY_TIMEOUT, MAX_BODY_BYTES},
    connections::Connection,
};
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
};
use tokio::time::Instant;

/// Maximum size of the rest of a body that is read, in bytes.
const MAX_DISCARDED_BYTES: usize = 2 * MAX_BODY_BYTES;

/// Request body. Its clones read the same bytes: what the handler leaves, the server discards.
#[derive(Clone)]
pub(super) struct SharedBody {
    body: Arc<Mutex<Body>>,
    connection: Arc<Connection>,
}

impl SharedBody {
    pub(super) fn new(body: Body, connection: Arc<Connection>) -> Self {
        Self { body: Arc::new(Mutex::new(body)), connection }
    }

    /// Reads the rest of the body, if the client sends it in time.
    pub(super) async fn discard(mut self, started: Instant) {
        let read = async {
            let mut discarded = 0;
            while let Some(Ok(frame)) = poll_fn(|context| Pin::new(&mut self).poll_frame(context)).await {
                discarded += frame.into_data().map_or(0, |data| data.len());
                if discarded > MAX_DISCARDED_BYTES {
                    break;
                }
            }
        };
        // If the rest is not read, hyper closes the connection.
        let _ = tokio::time::timeout_at(started + BODY_TIMEOUT, read).await;
    }

    fn lock(&self) -> MutexGuard<'_, Body> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HttpBody for SharedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut *self.lock()).poll_frame(context));
        if frame.is_none() || self.is_end_stream() {
            self.connection.has_request();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().size_hint()
    }
}
