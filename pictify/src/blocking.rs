//! The same surface without `async`.
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
//! Requests, setters and errors are the very same types as in the async client; only `send` and the ends of a download
//! block. The work is done on one background thread of the client, so it may be used from any thread but that one: a call
//! from a hook of the same client fails with [`Config`](ErrorKind::Config). Inside an async runtime it works too, but it holds
//! up the thread that calls it: use [`crate::Client`] there.

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

/// A client of the Pictify API that blocks.
///
/// It is cheap to clone; clones share connections and the background thread, which ends with the last of them.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: crate::Client,
    background: Arc<Background>,
}

impl Client {
    /// A client for the hosted service.
    ///
    /// # Errors
    /// As [`crate::Client::new`].
    pub fn new(api_key: impl AsRef<str>) -> Result<Self> {
        crate::Client::builder().api_key(api_key).build_blocking()
    }

    /// A client from the environment: `PICTIFY_API_KEY`, and `PICTIFY_BASE_URL` if it is set.
    ///
    /// # Errors
    /// As [`crate::Client::from_env`].
    pub fn from_env() -> Result<Self> {
        crate::Client::builder().build_blocking()
    }

    /// Sets up a client step by step; end with [`ClientBuilder::build_blocking`].
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A point in time from now, by this client's clock, for [`Call::deadline`] of several calls.
    #[must_use]
    pub fn deadline(&self, within: Duration) -> Deadline {
        self.inner.deadline(within)
    }

    /// How many renders this client and its clones have asked for, as [`SpendLimit`](crate::SpendLimit) counts them.
    #[must_use]
    pub fn renders_spent(&self) -> u64 {
        self.inner.renders_spent()
    }

    /// Where this client sends its calls, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.inner.base_url()
    }

    /// Makes a call of an operation that was built, stored or received elsewhere.
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
        let refused = self.background.reentrancy_error();
        let task = refused.is_none().then(|| {
            self.background.runtime.spawn(async move {
                // Nobody waits any more only if the caller has given up.
                let _ = sender.send(work.await);
            })
        });
        BackgroundResult { receiver, task: task.map(|task| task.abort_handle()), refused }
    }
}

impl AsClient for Client {}

impl crate::client::SealedAsClient for Client {
    fn as_async(&self) -> &crate::Client {
        &self.inner
    }
}

/// What the background thread works on. It is abandoned when it is dropped.
pub(crate) struct BackgroundResult<T> {
    receiver: mpsc::Receiver<Result<T>>,
    task: Option<AbortHandle>,
    /// Why it was not begun.
    refused: Option<Error>,
}

impl<T> BackgroundResult<T> {
    pub(crate) fn wait(mut self) -> Result<T> {
        if let Some(error) = self.refused.take() {
            return Err(error);
        }
        self.receiver
            .recv()
            // Nobody knows how far the work had come.
            .unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Transport, "the client's background thread has dropped the call")
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
    /// Builds a client that blocks. Nothing is sent.
    ///
    /// # Errors
    /// As [`build`](Self::build); also [`Config`](ErrorKind::Config) when the background thread cannot be started.
    pub fn build_blocking(self) -> Result<Client> {
        Ok(Client { inner: self.build()?, background: Arc::new(Background::start()?) })
    }
}

/// The thread that does the work.
///
/// A thread of its own, because a runtime must be neither entered nor dropped inside another one, and a caller may well
/// be inside another one without knowing.
struct Background {
    runtime: runtime::Handle,
    thread: thread::ThreadId,
    /// Dropping it ends the thread.
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

    /// Why a call from this thread would wait for ever, if it would: a hook runs on the thread that does the work.
    fn reentrancy_error(&self) -> Option<Error> {
        let text = "a blocking call from a hook of the same client would wait for itself: make it on another thread";
        (thread::current().id() == self.thread).then(|| Error::config(text))
    }
}

impl<O: ApiRequest> Call<O, Client> {
    /// Sends the call and returns what came out.
    ///
    /// # Errors
    /// As [`send`](crate::Call::send) of the async client.
    pub fn send(self) -> Result<O::Response> {
        self.send_with_response().map(Response::into_value)
    }

    /// As [`send`](Self::send), with the status, headers, body, rate limit and attempts beside the value.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn send_with_response(self) -> Result<Response<O::Response>> {
        let (client, call) = self.split();
        client.wait(call.send_with_response())
    }

    /// Starts to send the call from the background thread.
    pub(crate) fn start(self) -> BackgroundResult<O::Response> {
        let (client, call) = self.split();
        client.start(call.send())
    }

    /// Sends the call from the background thread as one of `tasks`, and hands the result to `done` there.
    pub(crate) fn spawn(self, tasks: &mut JoinSet<()>, done: impl FnOnce(Result<O::Response>) + Send + 'static) {
        let (client, call) = self.split();
        if let Some(error) = client.background.reentrancy_error() {
            return done(Err(error));
        }
        let runtime = client.background.runtime.clone();
        let work = async move {
            done(call.send().await);
            // The thread ends with the last client, so this one must be there until now.
            drop(client);
        };
        tasks.spawn_on(work, &runtime);
    }

    fn split(self) -> (Client, Call<O, crate::Client>) {
        let inner = self.client.inner.clone();
        self.with_client(inner)
    }
}
