//! The limit of connections of a client.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Number of connections to one host unless the caller sets another.
///
/// More renders at a time than any published plan allows, and few enough that a process with 100 file descriptors does not
/// run out of them.
pub(crate) const DEFAULT_MAX_CONNECTIONS: usize = 32;

/// Limits the requests that are on the wire at a time, which with HTTP/1.1 is the number of connections. Calls and
/// downloads go to different hosts, so they have a limit each.
#[derive(Debug)]
pub(crate) struct ConnectionLimit {
    calls: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
}

/// One connection in use; released when it is dropped.
pub(crate) type ConnectionPermit = Option<OwnedSemaphorePermit>;

impl ConnectionLimit {
    pub(crate) fn new(connections: usize) -> Self {
        let connections = connections.clamp(1, Semaphore::MAX_PERMITS);
        Self { calls: Arc::new(Semaphore::new(connections)), downloads: Arc::new(Semaphore::new(connections)) }
    }

    /// Waits for a connection to the API.
    pub(crate) async fn for_call(&self) -> ConnectionPermit {
        // The semaphore is never closed.
        self.calls.clone().acquire_owned().await.ok()
    }

    /// Waits for a connection to a file host.
    pub(crate) async fn for_download(&self) -> ConnectionPermit {
        self.downloads.clone().acquire_owned().await.ok()
    }
}
