//! A running server, and how it ends.

mod builder;
mod error;

pub use builder::EmulatorBuilder;
pub use error::StartError;

use crate::{
    faults::{Fault, Script},
    rendering::BILLED,
    server::{self, AppState},
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
use std::{io, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// The port that the commands listen on unless they are told otherwise.
pub const DEFAULT_PORT: u16 = 4040;

/// How long a shutdown waits.
const LAST_REQUESTS: Duration = Duration::from_secs(60);

/// A running server. It stops when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    url: String,
    state: Arc<AppState>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Emulator {
    /// Starts on a free port of this machine, accepting any key.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Sets up a server step by step.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// Where it listens, for example `http://127.0.0.1:4040`: the base URL for a client.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Lets other things go wrong from here on. The first fault that means a call decides. One that could never happen,
    /// such as one for an operation that does not exist, is not refused here, as it is by [`EmulatorBuilder::start`].
    pub fn set_faults(&self, seed: u64, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults.set(Script { seed, faults: faults.into_iter().collect() });
    }

    /// How many renders were billed so far, over all keys. `GET /_emulator/ledger` tells for what.
    #[must_use]
    pub fn billed_renders(&self) -> u64 {
        self.state.store.sum(BILLED, "$.renders", "$.at", "").unwrap_or(0)
    }

    /// Stops listening and waits for the requests under way, at most a minute: as long as one may take to come and to be
    /// served. So a client that holds a request back does not hold up the end of a test for ever.
    pub async fn shutdown(mut self) {
        drop(self.stop.take());
        // The task only ends; it returns nothing that could be lost.
        let _ = tokio::time::timeout(LAST_REQUESTS, &mut self.task).await;
        self.state.stop();
        self.state.render_pool.shutdown().await;
        self.state.store.unlock();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Dropping the sender is the signal; the requests under way end by themselves.
        self.stop.take();
        self.state.stop();
        self.state.store.unlock();
    }
}

/// How long to wait when there is no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(100);

/// Serves connections until it is told to stop, and then those that are under way.
async fn accept(listener: TcpListener, state: Arc<AppState>, mut stopped: oneshot::Receiver<()>) {
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of files, for example: others may end meanwhile.
            tokio::time::sleep(NO_ROOM).await;
            continue;
        };
        // An answer in two pieces must not wait for the first to be acknowledged.
        let _ = stream.set_nodelay(true);
        let state = state.clone();
        let answer = service_fn(move |request: hyper::Request<Incoming>| {
            server::serve(state.clone(), request.map(axum::body::Body::new))
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), answer);
        // What ends a connection is its client's business, or was asked for.
        let connection = connections.watch(connection);
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    connections.shutdown().await;
}

/// Waits until this process is asked to stop: by Ctrl-C, or as service managers and containers do it.
///
/// # Errors
/// When the system cannot tell.
pub async fn shutdown_signal() -> io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            asked = tokio::signal::ctrl_c() => asked,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
