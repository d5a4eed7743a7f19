//! Connections: accepting them, their number, and their end.
//!
//! A connection waits for its client while the client sends a request, reads a response or does nothing. Clients that
//! open many connections and then wait cannot keep others out: when all places are taken, the connection that has
//! waited longest is closed.

use super::{fault_injection::ConnectionAborted, unread::SharedBody};
use axum::{
    Router,
    body::{Body, HttpBody},
    http::{Request, Response},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Default maximum number of open connections.
const DEFAULT_MAX_CONNECTIONS: usize = 512;

/// Timeout for the head of a request, and for the next request on an idle connection.
const HEAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Maximum size of the head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 128 * 1024;

/// Delay after a failed accept.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// Returns the maximum number of connections: the configured one, or the default, but never more than half of the files
/// that the process may open. The other half is for the store, the engines and outgoing requests.
pub(crate) fn max_connections(configured: Option<usize>) -> usize {
    let wanted = configured.unwrap_or(DEFAULT_MAX_CONNECTIONS);
    wanted.min(max_open_files().map_or(usize::MAX, |files| files / 2)).max(1)
}

#[cfg(unix)]
fn max_open_files() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    limit.and_then(|files| usize::try_from(files).ok())
}

#[cfg(not(unix))]
fn max_open_files() -> Option<usize> {
    None
}

/// Open connections.
struct Connections {
    places: Arc<Semaphore>,
    open: Mutex<Vec<Arc<Connection>>>,
    /// Notified when a connection begins to wait for its client.
    begins_to_wait: Arc<Notify>,
}

/// Open connection.
pub(super) struct Connection {
    /// Start of the wait for the client; none while the server works on a request.
    waiting_since: Mutex<Option<Instant>>,
    begins_to_wait: Arc<Notify>,
    close: CancellationToken,
}

impl Connection {
    /// Notes that a request is complete: the server works on it.
    pub(super) fn has_request(&self) {
        *self.waiting_since.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Notes that the response is ready: the client has to read it, and to send the next request.
    fn has_response(&self) {
        *self.waiting_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        self.begins_to_wait.notify_one();
    }

    fn waiting_since(&self) -> Option<Instant> {
        *self.waiting_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    fn new(max: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(max)), open: Mutex::default(), begins_to_wait: Arc::default() }
    }

    /// Returns a place for a new connection. If there is none, closes the connection that has waited longest for its
    /// client.
    async fn place(&self) -> OwnedSemaphorePermit {
        loop {
            if let Ok(place) = self.places.clone().try_acquire_owned() {
                return place;
            }
            self.close_longest_waiting();
            tokio::select! {
                Ok(place) = self.places.clone().acquire_owned() => return place,
                () = self.begins_to_wait.notified() => {}
            }
        }
    }

    fn close_longest_waiting(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.iter().any(|connection| connection.close.is_cancelled()) {
            // Its place is free in a moment.
            return;
        }
        let waiting = open.iter().filter_map(|connection| Some((connection.waiting_since()?, connection)));
        if let Some((_, connection)) = waiting.min_by_key(|(since, _)| *since) {
            tracing::debug!("closing a connection for a new one: all places are taken");
            connection.close.cancel();
        }
    }

    fn add(&self) -> Arc<Connection> {
        let connection = Arc::new(Connection {
            waiting_since: Mutex::new(Some(Instant::now())),
            begins_to_wait: self.begins_to_wait.clone(),
            close: CancellationToken::new(),
        });
        self.open.lock().unwrap_or_else(PoisonError::into_inner).push(connection.clone());
        connection
    }

    fn remove(&self, connection: &Arc<Connection>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|other| !Arc::ptr_eq(other, connection));
    }
}

/// Accepts connections until the stop signal, then waits for those in progress.
pub(crate) async fn serve(listener: TcpListener, router: Router, max: usize, mut stopped: oneshot::Receiver<()>) {
    let (graceful, connections) = (GracefulShutdown::new(), Arc::new(Connections::new(max)));
    let accept = async {
        let mut has_failed = false;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    has_failed = false;
                    let place = connections.place().await;
                    spawn(stream, place, &connections, router.clone(), &graceful);
                }
                // For example too many open files: other connections may close in the meantime.
                Err(error) => {
                    if !std::mem::replace(&mut has_failed, true) {
                        tracing::error!(%error, "cannot accept connections");
                    }
                    tokio::time::sleep(ACCEPT_RETRY_DELAY).await;
                }
            }
        }
    };
    tokio::select! {
        _ = &mut stopped => {}
        () = accept => {}
    }
    drop(listener);
    graceful.shutdown().await;
}

/// Serves a connection on a task of its own.
fn spawn(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    connections: &Arc<Connections>,
    router: Router,
    graceful: &GracefulShutdown,
) {
    // Disable Nagle's algorithm: the second part of a response must not wait until the first is acknowledged.
    let _ = stream.set_nodelay(true);
    let connection = connections.add();
    let handler = {
        let connection = connection.clone();
        service_fn(move |request| respond(router.clone(), connection.clone(), request))
    };
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_buf_size(MAX_HEAD_BYTES);
    let served = graceful.watch(builder.serve_connection(TokioIo::new(stream), handler));
    let connections = connections.clone();
    tokio::spawn(async move {
        // An error here is a client that disconnected, or an injected fault.
        let _ = connection.close.run_until_cancelled(served).await;
        connections.remove(&connection);
        drop(place);
    });
}

/// Handles a request. Returns an error if a fault closes the connection.
async fn respond(
    router: Router,
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<Body>, ConnectionAborted> {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        connection.has_request();
    }
    let body = SharedBody::new(Body::new(body), connection.clone());
    let Ok(response) = router.oneshot(Request::from_parts(parts, Body::new(body.clone()))).await;
    if response.extensions().get::<ConnectionAborted>().is_some() {
        return Err(ConnectionAborted);
    }
    body.discard(started).await;
    connection.has_response();
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_full_server_closes_the_connection_that_has_waited_longest() {
        let connections = Connections::new(3);
        let mut open = Vec::new();
        for _ in 0..3 {
            open.push((connections.place().await, connections.add()));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        open[0].1.has_request();
        open[1].1.has_response();
        // The third connection has waited longest: the first works, and the second was used last.
        let place = connections.place();
        tokio::pin!(place);
        let waits = tokio::time::timeout(Duration::from_secs(1), &mut place).await;
        assert!(waits.is_err(), "the place is taken until the connection has ended");
        let closed: Vec<_> = open.iter().map(|(_, connection)| connection.close.is_cancelled()).collect();
        assert_eq!(closed, [false, false, true]);
        connections.remove(&open[2].1);
        drop(open.remove(2));
        drop(place.await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_works_is_closed_when_it_begins_to_wait() {
        let connections = Connections::new(1);
        let (place, connection) = (connections.place().await, connections.add());
        connection.has_request();
        let next = connections.place();
        tokio::pin!(next);
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut next).await.is_err());
        assert!(!connection.close.is_cancelled(), "it works");
        connection.has_response();
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut next).await.is_err());
        assert!(connection.close.is_cancelled());
        drop(place);
        drop(next.await);
    }

    #[test]
    fn open_files_limit_the_connections() {
        assert_eq!(max_connections(Some(0)), 1);
        assert_eq!(max_connections(Some(2)), 2);
        assert!(max_connections(None) <= DEFAULT_MAX_CONNECTIONS);
        if let Some(files) = max_open_files() {
            assert_eq!(max_connections(Some(usize::MAX)), (files / 2).max(1));
        }
    }
}
