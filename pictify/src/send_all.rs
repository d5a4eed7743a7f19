//! SendAll calls side by side.
//!
//! ```no_run
//! # async fn run(client: pictify::Client) -> pictify::Result<()> {
//! use pictify::images::Source;
//!
//! let cards = (1..=1000).map(|n| client.images().create(Source::html(format!("<h1>{n}</h1>"))).size(1200, 630));
//! let mut made = pictify::send_all(cards).concurrency(16);
//! while let Some(done) = made.next().await {
//!     match done.result {
//!         Ok(image) => println!("{}: {}", done.index, image.url),
//!         Err(error) => eprintln!("{}: {error}", done.index),
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! Calls are taken from an iterator when there is room for them, so a million rows need no more memory than those under
//! way. One that fails does not end the others, with three exceptions after which no further call is taken, as it would
//! fail the same way: a key that is refused, a quota that is used up, and a [spending limit](crate::SpendLimit) that is
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

/// How many calls are under way at once unless the caller says otherwise.
const CONCURRENCY: usize = 8;

/// Sends many calls with bounded concurrency. Nothing is sent before the first result is asked for.
///
/// Items are calls, or the `Result`s that make them: a call that cannot be made is a result like any other. The client is
/// in the calls.
pub fn send_all<'a, O, C, I>(calls: I) -> SendAll<'a, O, C>
where
    O: ApiRequest,
    C: 'static,
    I: IntoIterator<Item: TryIntoCall<O, C> + 'a>,
    I::IntoIter: Send + 'a,
{
    SendAll {
        calls: Box::new(calls.into_iter().fuse().map(TryIntoCall::try_into_call)),
        concurrency: CONCURRENCY,
        in_order: true,
        stopped: false,
        taken: 0,
        given: 0,
        under_way: 0,
        done: BTreeMap::new(),
        futures: FuturesUnordered::new(),
        #[cfg(feature = "blocking")]
        background: blocking::BackgroundCalls::default(),
    }
}

/// A call, or the error of making it.
pub trait TryIntoCall<O, C> {
    /// Makes one of the other.
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

/// What came of one of many calls.
#[derive(Debug)]
#[non_exhaustive]
pub struct Completed<T> {
    /// The call's place among the calls, from 0.
    pub index: u64,
    /// What came of it.
    pub result: Result<T>,
}

/// SendAll calls, sent as their results are asked for: a `Stream` of [`Completed`] with the async client, an `Iterator` with the
/// blocking one.
///
/// Dropping it abandons what is under way; the service may still do, and bill, it.
#[must_use = "nothing is sent before the first result is asked for"]
pub struct SendAll<'a, O: ApiRequest, C> {
    calls: Box<dyn Iterator<Item = Result<Call<O, C>>> + Send + 'a>,
    concurrency: usize,
    in_order: bool,
    stopped: bool,
    /// How many calls were taken, and how many results were given.
    taken: u64,
    given: u64,
    under_way: usize,
    /// Results that wait for their turn.
    done: BTreeMap<u64, Result<O::Response>>,
    futures: FuturesUnordered<BoxFuture<'static, Completed<O::Response>>>,
    #[cfg(feature = "blocking")]
    background: blocking::BackgroundCalls<O::Response>,
}

impl<'a, O: ApiRequest, C> SendAll<'a, O, C> {
    /// How many calls are under way at once, at least 1. 8 by default. The service limits both renders at once and requests
    /// per minute.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Changes each call before it is sent: sets a format, a timeout, an idempotency key of one's own.
    pub fn map_call(mut self, change: impl Fn(O::Call<C>) -> O::Call<C> + Send + 'a) -> Self
    where
        C: 'a,
    {
        self.calls = Box::new(self.calls.map(move |call| call.map(|call| change(call.into()).into())));
        self
    }

    /// Gives results as they come, each with its index, and not in the order of the calls.
    pub fn unordered(mut self) -> Self {
        self.in_order = false;
        self
    }

    /// The next call, if there is room for it. Results that wait for their turn take room, too.
    fn next_call(&mut self) -> Option<(u64, Result<Call<O, C>>)> {
        if self.stopped || self.under_way + self.done.len() >= self.concurrency {
            return None;
        }
        let call = self.calls.next()?;
        self.taken += 1;
        Some((self.taken - 1, call))
    }

    fn settle(&mut self, Completed { index, result }: Completed<O::Response>) {
        self.stopped |= result.as_ref().is_err_and(ends_all);
        self.done.insert(index, result);
    }

    /// The next result, if it is there.
    fn ready(&mut self) -> Option<Completed<O::Response>> {
        let (index, result) =
            if self.in_order { (self.given, self.done.remove(&self.given)?) } else { self.done.pop_first()? };
        self.given += 1;
        Some(Completed { index, result })
    }
}

/// Whether the calls after this one would fail like it.
fn ends_all(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Authentication | ErrorKind::QuotaExceeded | ErrorKind::SpendLimit)
}

impl<O: ApiRequest> SendAll<'_, O, Client> {
    /// The next result; none after the last.
    pub async fn next(&mut self) -> Option<Completed<O::Response>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Completed<O::Response>>> {
        loop {
            while let Some((index, call)) = self.next_call() {
                match call {
                    Ok(call) => {
                        self.under_way += 1;
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
                    self.under_way -= 1;
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

// Nothing in it is borrowed from itself.
impl<O: ApiRequest, C> Unpin for SendAll<'_, O, C> {}

#[cfg(feature = "blocking")]
mod blocking {
    use super::{ApiRequest, Completed, Error, ErrorKind, Result, SendAll};
    use crate::blocking::Client;
    use std::sync::mpsc;
    use tokio::task::JoinSet;

    /// The calls under way on the background thread. They are abandoned when it is dropped.
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

    /// Sends a result, or, dropped without one, that there will be none. So nobody waits for ever.
    struct ResultGuard<T> {
        index: u64,
        sender: Option<mpsc::Sender<Completed<T>>>,
    }

    impl<T> ResultGuard<T> {
        fn send(&mut self, result: Result<T>) {
            if let Some(sender) = self.sender.take() {
                // Nobody listens any more if the iterator was dropped.
                let _ = sender.send(Completed { index: self.index, result });
            }
        }
    }

    impl<T> Drop for ResultGuard<T> {
        fn drop(&mut self) {
            let error = Error::new(ErrorKind::Transport, "the client's background thread has dropped the call");
            // Nobody knows how far it had come.
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
                            self.under_way += 1;
                            let mut report = ResultGuard { index, sender: Some(self.background.sender.clone()) };
                            call.spawn(&mut self.background.tasks, move |result| report.send(result));
                        }
                        Err(error) => self.settle(Completed { index, result: Err(error) }),
                    }
                }
                if let Some(done) = self.ready() {
                    return Some(done);
                }
                if self.under_way == 0 {
                    return None;
                }
                let done = self.background.receiver.recv().ok()?;
                while self.background.tasks.try_join_next().is_some() {}
                self.under_way -= 1;
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
            .field("given", &self.given)
            .finish_non_exhaustive()
    }
}
