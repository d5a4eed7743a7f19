//! Concurrent sending of many calls.
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
//! Calls are taken from an iterator only when they can be sent, so a million rows need no more memory than the calls in
//! flight. A failed call does not end the others, with three exceptions, after which no further call is taken because
//! it would fail the same way: a rejected API key, an exceeded quota, and a [spending limit](crate::SpendLimit) that is
//! reached. With the blocking client [`SendAll`] is an `Iterator`.

use crate::transport::BoxFuture;
use crate::{ApiRequest, Call, Client, Error, ErrorKind, Result};
use futures_util::stream::{FuturesUnordered, Stream};
use std::{
    collections::BTreeMap,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Default number of calls in flight.
const DEFAULT_CONCURRENCY: usize = 8;

/// Sends many calls with bounded concurrency. Nothing is sent before the first result is read.
///
/// Items are calls or `Result`s of calls: an `Err` is returned as the result at its index. The calls contain the
/// client.
pub fn send_all<'a, O, C, I>(calls: I) -> SendAll<'a, O, C>
where
    O: ApiRequest,
    C: 'static,
    I: IntoIterator<Item: TryIntoCall<O, C> + 'a>,
    I::IntoIter: Send + 'a,
{
    SendAll {
        calls: Box::new(calls.into_iter().fuse().map(TryIntoCall::try_into_call)),
        concurrency: DEFAULT_CONCURRENCY,
        in_order: true,
        stopped: false,
        taken: 0,
        returned: 0,
        in_flight: 0,
        done: BTreeMap::new(),
        futures: FuturesUnordered::new(),
        #[cfg(feature = "blocking")]
        background: blocking::BackgroundCalls::default(),
    }
}

/// Conversion to a call; it may fail.
pub trait TryIntoCall<O, C> {
    /// Converts to a call.
    #[expect(clippy::missing_errors_doc, reason = "it returns the error of the value")]
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

/// Result of one of the calls.
#[derive(Debug)]
#[non_exhaustive]
pub struct Completed<T> {
    /// Index of the call, from 0.
    pub index: u64,
    /// Result of the call.
    pub result: Result<T>,
}

/// Many calls, sent while their results are read: a `Stream` of [`Completed`] with the async client, an `Iterator` with
/// the blocking one. Created by [`send_all`].
///
/// Dropping it abandons the calls in flight; the service may still process, and bill, them.
#[must_use = "nothing is sent before the first result is read"]
pub struct SendAll<'a, O: ApiRequest, C> {
    calls: Box<dyn Iterator<Item = Result<Call<O, C>>> + Send + 'a>,
    concurrency: usize,
    in_order: bool,
    stopped: bool,
    /// Number of calls that were taken.
    taken: u64,
    /// Number of results that were returned.
    returned: u64,
    in_flight: usize,
    /// Results that were not returned yet.
    done: BTreeMap<u64, Result<O::Response>>,
    futures: FuturesUnordered<BoxFuture<'static, Completed<O::Response>>>,
    #[cfg(feature = "blocking")]
    background: blocking::BackgroundCalls<O::Response>,
}

impl<'a, O: ApiRequest, C> SendAll<'a, O, C> {
    /// Sets the maximum number of calls in flight, at least 1. Default: 8. The service limits both concurrent renders
    /// and requests per minute.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Changes each call before it is sent, for example its format, timeout or idempotency key.
    pub fn map_call(mut self, change: impl Fn(O::Call<C>) -> O::Call<C> + Send + 'a) -> Self
    where
        C: 'a,
    {
        self.calls = Box::new(self.calls.map(move |call| call.map(|call| change(call.into()).into())));
        self
    }

    /// Returns results as soon as they arrive, instead of in the order of the calls. Each has its index.
    pub fn unordered(mut self) -> Self {
        self.in_order = false;
        self
    }

    /// Returns the next call, if it may be sent now. Results that were not returned yet count as calls in flight.
    fn next_call(&mut self) -> Option<(u64, Result<Call<O, C>>)> {
        if self.stopped || self.in_flight + self.done.len() >= self.concurrency {
            return None;
        }
        let call = self.calls.next()?;
        self.taken += 1;
        Some((self.taken - 1, call))
    }

    fn settle(&mut self, Completed { index, result }: Completed<O::Response>) {
        self.stopped |= result.as_ref().is_err_and(stops_all);
        self.done.insert(index, result);
    }

    /// Returns the next result, if it has arrived.
    fn ready(&mut self) -> Option<Completed<O::Response>> {
        let (index, result) =
            if self.in_order { (self.returned, self.done.remove(&self.returned)?) } else { self.done.pop_first()? };
        self.returned += 1;
        Some(Completed { index, result })
    }
}

/// Returns true if all further calls would fail with the same error.
fn stops_all(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Authentication | ErrorKind::QuotaExceeded | ErrorKind::SpendLimit)
}

impl<O: ApiRequest> SendAll<'_, O, Client> {
    /// Returns the next result; `None` after the last.
    pub async fn next(&mut self) -> Option<Completed<O::Response>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Completed<O::Response>>> {
        loop {
            while let Some((index, call)) = self.next_call() {
                match call {
                    Ok(call) => {
                        self.in_flight += 1;
                        self.futures.push(Box::pin(async move { Completed { index, result: call.send().await } }));
                    }
                    Err(error) => self.settle(Completed { index, result: Err(error) }),
                }
            }
            if let Some(done) = self.ready() {
                return Poll::Ready(Some(done));
            }
            match ready!(Pin::new(&mut self.futures).poll_next(context)) {
                Some(done) => {
                    self.in_flight -= 1;
                    self.settle(done);
                }
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<O: ApiRequest> Stream for SendAll<'_, O, Client> {
    type Item = Completed<O::Response>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

// `SendAll` contains no references to itself.
impl<O: ApiRequest, C> Unpin for SendAll<'_, O, C> {}

#[cfg(feature = "blocking")]
mod blocking {
    use super::{ApiRequest, Completed, Error, ErrorKind, Result, SendAll};
    use crate::blocking::Client;
    use std::sync::mpsc;
    use tokio::task::JoinSet;

    /// Calls in flight on the background thread. Dropping it abandons them.
    pub(super) struct BackgroundCalls<T> {
        tasks: JoinSet<()>,
        sender: mpsc::Sender<Completed<T>>,
        receiver: mpsc::Receiver<Completed<T>>,
    }

    impl<T> Default for BackgroundCalls<T> {
        fn default() -> Self {
            let (sender, receiver) = mpsc::channel();
            Self { tasks: JoinSet::new(), sender, receiver }
        }
    }

    /// Sends one result. If it is dropped without one, it sends an error, so that the receiver never waits for ever.
    struct ResultGuard<T> {
        index: u64,
        sender: Option<mpsc::Sender<Completed<T>>>,
    }

    impl<T> ResultGuard<T> {
        fn send(&mut self, result: Result<T>) {
            if let Some(sender) = self.sender.take() {
                // The receiver is gone if the iterator was dropped.
                let _ = sender.send(Completed { index: self.index, result });
            }
        }
    }

    impl<T> Drop for ResultGuard<T> {
        fn drop(&mut self) {
            let error = Error::new(ErrorKind::Transport, "the client's background thread dropped the call");
            // The call may have been sent.
            self.send(Err(error.with_outcome(true, false)));
        }
    }

    impl<O: ApiRequest> Iterator for SendAll<'_, O, Client> {
        type Item = Completed<O::Response>;

        fn next(&mut self) -> Option<Self::Item> {
            loop {
                while let Some((index, call)) = self.next_call() {
                    match call {
                        Ok(call) => {
                            self.in_flight += 1;
                            let mut report = ResultGuard { index, sender: Some(self.background.sender.clone()) };
                            call.spawn(&mut self.background.tasks, move |result| report.send(result));
                        }
                        Err(error) => self.settle(Completed { index, result: Err(error) }),
                    }
                }
                if let Some(done) = self.ready() {
                    return Some(done);
                }
                if self.in_flight == 0 {
                    return None;
                }
                let done = self.background.receiver.recv().ok()?;
                while self.background.tasks.try_join_next().is_some() {}
                self.in_flight -= 1;
                self.settle(done);
            }
        }
    }
}

impl<O: ApiRequest, C> fmt::Debug for SendAll<'_, O, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendAll")
            .field("concurrency", &self.concurrency)
            .field("taken", &self.taken)
            .field("returned", &self.returned)
            .finish_non_exhaustive()
    }
}
