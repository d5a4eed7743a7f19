//! Client without `async`.
//!
//! ```no_run
//! # fn run() -> pictify::Result<()> {
//! use pictify::{blocking::Client, images::Source};
//!
//! let client = Client::from_env()?;
//! let image = client.images().create(Source::html("<h1>Hello</h1>")).size(1200, 630).send()?;
//! client.download(&image).to_file("hello.png")?;
//! # Ok(()) }
//! ```
//!
//! Requests, setters and errors have the same types as in the async client; only `send`, downloads and iteration over
//! results block. The work runs on one background thread of the client. The client can be used from any other thread: a
//! call from a hook of the same client, which runs on the background thread, fails with [`Config`](ErrorKind::Config).
//! Inside an async runtime it works, but blocks the calling thread: use [`crate::Client`] there.

use crate::{ApiRequest, AsClient, Call, ClientBuilder, Deadline, Error, ErrorKind, Response, Result};
use std::{
    fmt,
    future::Future,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};
use tokio::{
    runtime,
    sync::oneshot,
    task::{AbortHandle, JoinSet},
};

/// Blocking client of the Pictify API.
///
/// Cloning is cheap; clones share connections and the background thread, which ends with the last clone.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: crate::Client,
    background: Arc<Background>,
}

impl Client {
    /// Creates a client for the hosted service, whatever `PICTIFY_BASE_URL` says.
    ///
    /// # Errors
    /// As [`crate::Client::new`].
    pub fn new(api_key: impl AsRef<str>) -> Result<Self> {
        crate::Client::builder().api_key(api_key).base_url(crate::Client::DEFAULT_BASE_URL).build_blocking()
    }

    /// Creates a client from the environment: `PICTIFY_API_KEY`, and `PICTIFY_BASE_URL` if it is set and not empty.
    ///
    /// # Errors
    /// As [`crate::Client::from_env`].
    pub fn from_env() -> Result<Self> {
        crate::Client::builder().build_blocking()
    }

    /// Returns a builder of a client; end with [`ClientBuilder::build_blocking`].
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// Returns a deadline from now, by this client's clock, for [`Call::with_deadline`] of several calls.
    #[must_use]
    pub fn deadline(&self, within: Duration) -> Deadline {
        self.inner.deadline(within)
    }

    /// Returns the renders that this client and its clones have spent, as counted by [`SpendLimit`](crate::SpendLimit).
    #[must_use]
    pub fn renders_spent(&self) -> u64 {
        self.inner.renders_spent()
    }

    /// Returns the base URL of the service, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.inner.base_url()
    }

    /// Creates a call from a request that was built, stored or received elsewhere.
    pub fn call<R: ApiRequest>(&self, request: R) -> R::Call<Self> {
        Call::new(self.clone(), request).into()
    }

    /// Runs a future on the background thread and waits for it.
    pub(crate) fn wait<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        self.start(work).wait()
    }

    /// Starts a future on the background thread.
    pub(crate) fn start<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> BackgroundResult<T> {
        let (sender, receiver) = mpsc::sync_channel(1);
        let rejected = self.background.reentrancy_error();
        let task = rejected.is_none().then(|| {
            self.background.runtime.spawn(async move {
                // The receiver is gone only if the caller has dropped its result.
                let _ = sender.send(work.await);
            })
        });
        BackgroundResult { receiver, task: task.map(|task| task.abort_handle()), rejected }
    }
}

impl AsClient for Client {}

impl crate::client::SealedAsClient for Client {
    fn as_async(&self) -> &crate::Client {
        &self.inner
    }
}

/// Result of a future on the background thread. Dropping it abandons the future.
pub(crate) struct BackgroundResult<T> {
    receiver: mpsc::Receiver<Result<T>>,
    task: Option<AbortHandle>,
    /// Error if the future was not started.
    rejected: Option<Error>,
}

impl<T> BackgroundResult<T> {
    pub(crate) fn wait(mut self) -> Result<T> {
        if let Some(error) = self.rejected.take() {
            return Err(error);
        }
        self.receiver
            .recv()
            // The work may have been done in part.
            .unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Transport, "the client's background thread dropped the call")
                    .with_outcome(true, false))
            })
    }
}

impl<T> Drop for BackgroundResult<T> {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

impl ClientBuilder {
    /// Builds a blocking client. Nothing is sent.
    ///
    /// # Errors
    /// As [`build`](Self::build); also [`Config`](ErrorKind::Config) if the background thread cannot be started.
    pub fn build_blocking(self) -> Result<Client> {
        Ok(Client { inner: self.build()?, background: Arc::new(Background::start()?) })
    }
}

/// Background thread that does the work of a client.
///
/// It has its own tokio runtime: a runtime must be neither entered nor dropped inside another one, and the caller may
/// be inside one without knowing it.
struct Background {
    runtime: runtime::Handle,
    thread: thread::ThreadId,
    /// Stops the thread when dropped.
    _stop: oneshot::Sender<()>,
}

impl Background {
    fn start() -> Result<Self> {
        let failed = |error| Error::config("the background thread cannot be started").with_source(error);
        let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new()
            .name("pictify".to_owned())
            .spawn(move || {
                let _ = runtime.block_on(stopped);
            })
            .map_err(failed)?;
        Ok(Self { runtime: handle, thread: thread.thread().id(), _stop: stop })
    }

    /// Returns an error if the current thread is the background thread: a call from it would wait for itself for ever.
    fn reentrancy_error(&self) -> Option<Error> {
        let text = "a blocking call from a hook of the same client would wait for itself; make it on another thread";
        (thread::current().id() == self.thread).then(|| Error::config(text))
    }
}

impl<O: ApiRequest> Call<O, Client> {
    /// Sends the call and returns the value of the response.
    ///
    /// # Errors
    /// As [`send`](crate::Call::send) of the async client.
    pub fn send(self) -> Result<O::Response> {
        self.send_with_response().map(Response::into_value)
    }

    /// Sends the call and returns the value with the status, headers, body, rate limit and attempts.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_with_response(self) -> Result<Response<O::Response>> {
        let (client, call) = self.split();
        client.wait(call.send_with_response())
    }

    /// Sends the call on the background thread.
    pub(crate) fn start(self) -> BackgroundResult<Response<O::Response>> {
        let (client, call) = self.split();
        client.start(call.send_with_response())
    }

    /// Sends the call on the background thread as one of `tasks`, and passes the result to `done` there.
    pub(crate) fn spawn(self, tasks: &mut JoinSet<()>, done: impl FnOnce(Result<O::Response>) + Send + 'static) {
        let (client, call) = self.split();
        if let Some(error) = client.background.reentrancy_error() {
            return done(Err(error));
        }
        let runtime = client.background.runtime.clone();
        let work = async move {
            done(call.send().await);
            // The thread ends with the last client, so this clone must live until the task is done.
            drop(client);
        };
        tasks.spawn_on(work, &runtime);
    }

    fn split(self) -> (Client, Call<O, crate::Client>) {
        let inner = self.client.inner.clone();
        self.with_client(inner)
    }
}
