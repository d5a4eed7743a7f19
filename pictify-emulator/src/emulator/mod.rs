//! Running server and its shutdown.

mod builder;
mod control;
mod error;
#[cfg(test)]
mod growth_tests;
mod records;
mod snapshots;

pub use builder::EmulatorBuilder;
pub use control::ControlError;
pub use error::StartError;
pub use records::{BilledRenders, DeliveryAttempt, DeliveryStatus, RecordedDelivery};

use crate::{
    context::AppState,
    faults::{Fault, FaultScript},
    ledger,
    server::IsolatedStates,
};
use std::{sync::Arc, time::Duration};
use tokio::{sync::oneshot, task::JoinHandle};

/// Default port of the commands.
pub const DEFAULT_PORT: u16 = 4040;

/// Target of the log events of a run: its start, its end and its failures.
pub(crate) const RUN: &str = "pictify_emulator::run";

/// Maximum time that a shutdown waits for requests in progress.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(60);

/// Running server. It stops when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    url: String,
    state: Arc<AppState>,
    /// States of API keys, if they are isolated.
    isolated: Option<Arc<IsolatedStates>>,
    /// None for the view of one API key, which does not stop the server.
    server: Option<RunningServer>,
}

/// Task that accepts connections. It ends when the sender is dropped.
#[derive(Debug)]
struct RunningServer {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Emulator {
    /// Starts on a free port of this machine, accepting any API key.
    ///
    /// # Errors
    /// If no port is available.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Returns a builder to configure a server.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder::default()
    }

    /// Returns the base URL for clients, for example `http://127.0.0.1:4040`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Replaces the configured faults. The first fault that matches a request is applied. Unlike
    /// [`EmulatorBuilder::start`], this does not check that the faults can occur: one for an unknown operation never
    /// does.
    pub fn set_faults(&self, seed: u64, faults: impl IntoIterator<Item = Fault>) {
        self.state.faults.set(FaultScript { seed, faults: faults.into_iter().collect() });
    }

    /// Returns the number of renders billed so far, over all API keys. `GET /_emulator/ledger` lists them.
    #[must_use]
    pub fn billed_renders(&self) -> u64 {
        ledger::billed_renders(&self.state.store).unwrap_or(0)
    }

    /// Stops listening and waits for the requests in progress, at most a minute, so that a client which holds a request
    /// open cannot block a test forever.
    pub async fn shutdown(mut self) {
        let Some(RunningServer { stop, task }) = self.server.take() else { return };
        drop(stop);
        self.close_events();
        // The task returns nothing; on timeout it is cancelled below.
        let _ = tokio::time::timeout(SHUTDOWN_TIMEOUT, task).await;
        self.state.stop();
        self.state.render_pool.shutdown().await;
        self.state.store.unlock();
    }
}

impl Emulator {
    /// Returns the server as the clients with one API key see it, for a server with
    /// [`isolate_keys`](EmulatorBuilder::isolate_keys). Its methods, such as [`reset`](Self::reset) and
    /// [`billed_renders`](Self::billed_renders), are about the data of this key. Dropping it does not stop the server.
    /// Without isolation the data are those of all keys.
    ///
    /// # Errors
    /// If the data of a new key cannot be created.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(async {
    /// use pictify_emulator::Emulator;
    ///
    /// let emulator = Emulator::builder().isolate_keys(true).start().await.unwrap();
    /// let mine = emulator.for_key("key of this test").unwrap();
    /// assert_eq!(mine.billed_renders(), 0);
    /// # });
    /// ```
    pub fn for_key(&self, key: &str) -> Result<Self, ControlError> {
        let state = match &self.isolated {
            Some(states) => states.of_key(key)?,
            None => self.state.clone(),
        };
        Ok(Self { url: self.url.clone(), state, isolated: self.isolated.clone(), server: None })
    }

    /// Ends streams of events, which would keep their connections open.
    fn close_events(&self) {
        self.state.events.close();
        if let Some(states) = &self.isolated {
            states.close_events();
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Dropping the sender stops the listener; requests in progress end by themselves.
        if self.server.take().is_none() {
            return;
        }
        self.close_events();
        self.state.stop();
        self.state.store.unlock();
    }
}
