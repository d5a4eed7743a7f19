//! Sending many calls with bounded concurrency.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::images::Source;
//!
//! let cards = (1..=1000).map(|n| client.images().create(Source::html(format!("<h1>{n}</h1>"))).size(1200, 630));
//! let mut results = pictify::send_all(cards).concurrency(16);
//! while let Some(done) = results.next().await {
//!     match done.result {
//!         Ok(image) => println!("{}: {}", done.index, image.url),
//!         Err(error) => eprintln!("{}: {error}", done.index),
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! Calls are taken from an iterator as results are read, so a million rows need no more memory than the calls in flight. A
//! call that fails does not end the others, with three exceptions after which no further call is taken, since it would fail in
//! the same way: an invalid key, an exceeded quota, and a [spending limit](crate::SpendLimit). With the blocking client
//! [`SendAll`] is an `Iterator`.

use crate::{ApiRequest, Call, Client, Error, ErrorKind, Result};
use futures_util::{Stream, StreamExt, stream};
use std::{
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

/// Default number of calls in flight.
const DEFAULT_CONCURRENCY: usize = 8;

pub(crate) use start::send_all;

/// The function, which is public at the root of the crate.
pub(crate) mod start {
    use super::{DEFAULT_CONCURRENCY, SendAll, TryIntoCall};
    use crate::ApiRequest;

    /// Sends many calls with bounded concurrency. Nothing is sent before the first result is read.
    ///
    /// Items are calls, or `Result`s of calls: an error becomes a result like any other. The client is in the calls.
    pub fn send_all<'a, O, C, I>(calls: I) -> SendAll<'a, O, C>
    where
        O: ApiRequest,
        C: 'static,
        I: IntoIterator<Item: TryIntoCall<O, C> + 'a>,
        I::IntoIter: Send + 'a,
    {
        SendAll {
            calls: Some(Box::new(calls.into_iter().map(TryIntoCall::try_into_call))),
            concurrency: DEFAULT_CONCURRENCY,
            in_order: true,
            results: None,
            #[cfg(feature = "blocking")]
            background: super::blocking::BackgroundCalls::default(),
        }
    }
}

/// A call, or the error of making one.
pub trait TryIntoCall<O, C> {
    /// Returns the call or the error.
    #[expect(clippy::missing_errors_doc, reason = "it passes on what it is")]
    fn try_into_call(self) -> Result<Call<O, C>>;
}

impl<O, C> TryIntoCall<O, C> for Call<O, C> {
    fn try_into_call(self) -> Result<Self> {
        Ok(self)
    }
}

impl<O, C, T: TryIntoCall<O, C>> TryIntoCall<O, C> for Result<T> {
    fn try_into_call(self) -> Result<Call<O, C>> {
        self?.try_into_call()
    }
}

/// Result of one of many calls.
#[derive(Debug)]
#[non_exhaustive]
pub struct Completed<T> {
    /// Position of the call, from 0.
    pub index: u64,
    /// Result of the call.
    pub result: Result<T>,
}

type Calls<'a, O, C> = Box<dyn Iterator<Item = Result<Call<O, C>>> + Send + 'a>;
type Results<'a, T> = Pin<Box<dyn Stream<Item = Completed<T>> + Send + 'a>>;

/// Many calls, sent as their results are read: a `Stream` of [`Completed`] with the async client, an `Iterator` with the
/// blocking one.
///
/// Dropping it abandons the calls in flight; the service may still process, and bill, them.
#[must_use = "nothing is sent before the first result is read"]
pub struct SendAll<'a, O: ApiRequest, C> {
    /// Calls that are not taken yet; `None` once the stream has them, or the blocking client has taken the last.
    calls: Option<Calls<'a, O, C>>,
    concurrency: usize,
    in_order: bool,
    results: Option<Results<'a, O::Response>>,
    #[cfg(feature = "blocking")]
    background: blocking::BackgroundCalls<O::Response>,
}

impl<'a, O: ApiRequest, C> SendAll<'a, O, C> {
    /// Sets the maximum number of calls in flight, at least 1. Default: 8. The service limits both concurrent renders and
    /// requests per minute.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Changes each call before it is sent: its format, its timeout, its idempotency key.
    pub fn map_call(mut self, change: impl Fn(O::Call<C>) -> O::Call<C> + Send + 'a) -> Self
    where
        C: 'a,
    {
        self.calls = self.calls.take().map(|calls| -> Calls<'a, O, C> {
            Box::new(calls.map(move |call| call.map(|call| change(call.into()).into())))
        });
        self
    }

    /// Returns results as they complete, each with its index, instead of in the order of the calls.
    pub fn unordered(mut self) -> Self {
        self.in_order = false;
        self
    }
}

/// Returns true if the calls after this error would fail in the same way.
fn ends_all(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Authentication | ErrorKind::QuotaExceeded | ErrorKind::SpendLimit)
}

impl<O: ApiRequest> SendAll<'_, O, Client> {
    /// Returns the next result; `None` after the last.
    pub async fn next(&mut self) -> Option<Completed<O::Response>> {
        StreamExt::next(self).await
    }
}

impl<'a, O: ApiRequest> SendAll<'a, O, Client> {
    /// Makes the stream of results. No further call is taken after an error that ends all.
    fn stream(calls: Calls<'a, O, Client>, concurrency: usize, in_order: bool) -> Results<'a, O::Response> {
        let has_ended = Arc::new(AtomicBool::new(false));
        let (mut calls, taking) = (calls, has_ended.clone());
        let calls = std::iter::from_fn(move || if taking.load(Ordering::Relaxed) { None } else { calls.next() });
        let sent = stream::iter((0..).zip(calls)).map(move |(index, call)| {
            let has_ended = has_ended.clone();
            async move {
                let result = match call {
                    Ok(call) => call.send().await,
                    Err(error) => Err(error),
                };
                if result.as_ref().is_err_and(ends_all) {
                    has_ended.store(true, Ordering::Relaxed);
                }
                Completed { index, result }
            }
        });
        if in_order { Box::pin(sent.buffered(concurrency)) } else { Box::pin(sent.buffer_unordered(concurrency)) }
    }
}

impl<O: ApiRequest> Stream for SendAll<'_, O, Client> {
    type Item = Completed<O::Response>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if let Some(calls) = this.calls.take() {
            this.results = Some(Self::stream(calls, this.concurrency, this.in_order));
        }
        let Some(results) = &mut this.results else { return Poll::Ready(None) };
        let next = results.as_mut().poll_next(context);
        if let Poll::Ready(None) = next {
            this.results = None;
        }
        next
    }
}

// It holds no reference to itself.
impl<O: ApiRequest, C> Unpin for SendAll<'_, O, C> {}

#[cfg(feature = "blocking")]
mod blocking {
    use super::{ApiRequest, Completed, Error, ErrorKind, Result, SendAll, ends_all};
    use crate::blocking::Client;
    use std::{collections::BTreeMap, sync::mpsc};
    use tokio::task::JoinSet;

    /// Calls in flight on the background thread. They are abandoned when it is dropped.
    pub(crate) struct BackgroundCalls<T> {
        tasks: JoinSet<()>,
        sender: mpsc::Sender<Completed<T>>,
        receiver: mpsc::Receiver<Completed<T>>,
        /// Number of calls taken, results returned, and calls in flight.
        taken: u64,
        returned: u64,
        in_flight: usize,
        /// Results that wait for an earlier one.
        completed: BTreeMap<u64, Result<T>>,
    }

    impl<T> Default for BackgroundCalls<T> {
        fn default() -> Self {
            let (sender, receiver) = mpsc::channel();
            let completed = BTreeMap::new();
            Self { tasks: JoinSet::new(), sender, receiver, taken: 0, returned: 0, in_flight: 0, completed }
        }
    }

    /// Sends the result of a call; when it is dropped without one, an error. So the iterator never waits for ever.
    struct ResultGuard<T> {
        index: u64,
        sender: Option<mpsc::Sender<Completed<T>>>,
    }

    impl<T> ResultGuard<T> {
        fn send(&mut self, result: Result<T>) {
            if let Some(sender) = self.sender.take() {
                // The iterator may have been dropped.
                let _ = sender.send(Completed { index: self.index, result });
            }
        }
    }

    impl<T> Drop for ResultGuard<T> {
        fn drop(&mut self) {
            let error = Error::new(ErrorKind::Transport, "the client's background thread has dropped the call");
            // The call may have been sent.
            self.send(Err(error.with_outcome(true, false)));
        }
    }

    impl<O: ApiRequest> SendAll<'_, O, Client> {
        fn start_calls(&mut self) {
            // Results that wait for an earlier one count as well, or memory would grow.
            while self.background.in_flight + self.background.completed.len() < self.concurrency {
                let Some(call) = self.calls.as_mut().and_then(Iterator::next) else {
                    self.calls = None;
                    return;
                };
                let background = &mut self.background;
                let index = background.taken;
                background.taken += 1;
                match call {
                    Ok(call) => {
                        background.in_flight += 1;
                        let mut guard = ResultGuard { index, sender: Some(background.sender.clone()) };
                        call.spawn(&mut background.tasks, move |result| guard.send(result));
                    }
                    Err(error) => self.complete(index, Err(error)),
                }
            }
        }

        fn complete(&mut self, index: u64, result: Result<O::Response>) {
            if result.as_ref().is_err_and(ends_all) {
                self.calls = None;
            }
            self.background.completed.insert(index, result);
        }

        /// Returns the next result if it is complete.
        fn take_completed(&mut self) -> Option<Completed<O::Response>> {
            let background = &mut self.background;
            let (index, result) = if self.in_order {
                (background.returned, background.completed.remove(&background.returned)?)
            } else {
                background.completed.pop_first()?
            };
            background.returned += 1;
            Some(Completed { index, result })
        }
    }

    impl<O: ApiRequest> Iterator for SendAll<'_, O, Client> {
        type Item = Completed<O::Response>;

        fn next(&mut self) -> Option<Self::Item> {
            loop {
                self.start_calls();
                if let Some(completed) = self.take_completed() {
                    return Some(completed);
                }
                if self.background.in_flight == 0 {
                    return None;
                }
                let Completed { index, result } = self.background.receiver.recv().ok()?;
                while self.background.tasks.try_join_next().is_some() {}
                self.background.in_flight -= 1;
                self.complete(index, result);
            }
        }
    }
}

impl<O: ApiRequest, C> fmt::Debug for SendAll<'_, O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAll")
            .field("concurrency", &self.concurrency)
            .field("in_order", &self.in_order)
            .finish_non_exhaustive()
    }
}
