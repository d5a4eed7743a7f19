//! A buffer of delivered renders for the code that waits for them.

use super::{Delivery, Event, RenderCompleted};
use futures_util::stream::Stream;
use std::{
    collections::{HashMap, VecDeque},
    error::Error,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

/// Default number of renders that an inbox stores.
const DEFAULT_CAPACITY: usize = 10_000;

/// Buffer that joins webhook deliveries with the code that waits for them.
///
/// A webhook handler [pushes](Self::push) deliveries into the inbox. Elsewhere,
/// [`BatchJob::wait`](crate::batches::BatchJob::wait) takes the images of its rows from it, and
/// [`subscribe`](Self::subscribe) returns all renders of a template. The inbox stores the latest renders in memory and
/// drops the oldest first. Clones share the same inbox.
///
/// The inbox has only the deliveries that this process received, and loses them when the process ends.
///
/// ```no_run
/// # async fn run(client: pictify::Client) -> pictify::Result<()> {
/// use pictify::webhooks::{Delivery, RenderInbox};
///
/// let inbox = RenderInbox::new(); // before the first job starts; the webhook handler has a clone
/// let handler_inbox = inbox.clone();
/// let handler = move |delivery: &Delivery| handler_inbox.push(delivery);
///
/// # let rows = [serde_json::json!({"title": "Post 1"})];
/// let mut job = client.batches().create("XK4P2M9QZT", rows).into_job();
/// job.start(&client).send().await?;
/// for row in job.wait(&client).with_inbox(&inbox).send().await? {
///     println!("{} {:?}", row.index, row.urls());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RenderInbox(Arc<Mutex<State>>);

struct State {
    /// Renders, oldest first. The first one has the sequence number `first`.
    renders: VecDeque<Entry>,
    first: u64,
    capacity: usize,
    /// Wakers of the waiting readers, by reader ID.
    waiting: HashMap<u64, Waker>,
    /// Number of readers created so far; the source of reader IDs.
    readers: u64,
}

struct Entry {
    event: Event,
    /// True after a batch job has taken this render for one of its rows.
    taken: bool,
}

impl RenderInbox {
    /// Creates an inbox that stores the latest 10,000 renders.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(DEFAULT_CAPACITY)
    }

    /// Creates an inbox that stores the latest `renders`, at least one.
    #[must_use]
    pub fn with_capacity(renders: usize) -> Self {
        let (renders, capacity) = (VecDeque::new(), renders.max(1));
        Self(Arc::new(Mutex::new(State { renders, first: 0, capacity, waiting: HashMap::new(), readers: 0 })))
    }

    /// Adds a delivery if it is a completed or failed render. Returns `true` if it was added.
    ///
    /// Push each delivery only once: a repeat would count as another image.
    pub fn push(&self, delivery: &Delivery) -> bool {
        if !matches!(delivery.event, Event::RenderCompleted(_) | Event::RenderFailed(_)) {
            return false;
        }
        let mut state = self.lock();
        state.renders.push_back(Entry { event: delivery.event.clone(), taken: false });
        if state.renders.len() > state.capacity {
            state.renders.pop_front();
            state.first += 1;
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_values().for_each(Waker::wake);
        true
    }

    /// Subscribes to the renders of a template, completed and failed, in order of arrival. Earlier renders are not
    /// included. The subscription never ends.
    pub fn subscribe(&self, template_uid: impl Into<String>) -> RenderSubscription {
        let mut reader = self.reader();
        let state = self.lock();
        reader.next = state.first + state.renders.len() as u64;
        drop(state);
        RenderSubscription { reader, template: template_uid.into() }
    }

    /// Creates a reader that starts at the oldest stored render.
    pub(crate) fn reader(&self) -> Reader {
        let mut state = self.lock();
        state.readers += 1;
        Reader { inbox: self.clone(), number: state.readers, next: state.first }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for RenderInbox {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RenderInbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderInbox").field("renders", &self.lock().renders.len()).finish_non_exhaustive()
    }
}

/// A reading position in an inbox.
pub(crate) struct Reader {
    inbox: RenderInbox,
    number: u64,
    next: u64,
}

impl Reader {
    /// Passes each completed render since the last call to `take`, and marks it as taken if `take` returns `true`.
    /// Skips renders that are already taken.
    pub(crate) fn take(&mut self, mut take: impl FnMut(&RenderCompleted) -> bool) {
        let mut state = self.inbox.lock();
        let (first, seen) = (state.first, usize::try_from(self.next.saturating_sub(state.first)).unwrap_or(usize::MAX));
        for entry in state.renders.iter_mut().skip(seen).filter(|entry| !entry.taken) {
            if let Event::RenderCompleted(render) = &entry.event {
                entry.taken = take(render);
            }
        }
        self.next = first + state.renders.len() as u64;
    }

    /// Returns ready if there are renders that this reader has not seen; else registers the waker.
    pub(crate) fn poll_more(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.inbox.lock();
        if self.next < state.first + state.renders.len() as u64 {
            return Poll::Ready(());
        }
        state.waiting.insert(self.number, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.inbox.lock().waiting.remove(&self.number);
    }
}

/// Subscription to the renders of a template: [`RenderInbox::subscribe`]. A `Stream` of [`Event::RenderCompleted`] and
/// [`Event::RenderFailed`].
///
/// ```no_run
/// # async fn run(inbox: pictify::webhooks::RenderInbox) {
/// use pictify::webhooks::Event;
///
/// let mut renders = inbox.subscribe("XK4P2M9QZT");
/// while let Ok(event) = renders.next().await {
///     if let Event::RenderCompleted(render) = event {
///         println!("{:?} {:?}", render.url, render.variables);
///     }
/// }
/// # }
/// ```
#[must_use = "a subscription returns renders only through `next` or as a stream"]
pub struct RenderSubscription {
    reader: Reader,
    template: String,
}

impl RenderSubscription {
    /// Waits for the next render and returns it.
    ///
    /// # Errors
    /// [`Lagged`] if the inbox dropped renders before this subscription read them. The next call continues with the
    /// oldest stored render.
    pub async fn next(&mut self) -> Result<Event, Lagged> {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Event, Lagged>> {
        let reader = &mut self.reader;
        loop {
            let state = reader.inbox.lock();
            if reader.next < state.first {
                let lagged = Lagged { renders: state.first - reader.next };
                reader.next = state.first;
                return Poll::Ready(Err(lagged));
            }
            let index = usize::try_from(reader.next - state.first).unwrap_or(usize::MAX);
            let entry = state.renders.get(index).map(|entry| &entry.event);
            let Some(event) = entry else {
                drop(state);
                // A render may have arrived after the lock was released.
                std::task::ready!(reader.poll_more(context));
                continue;
            };
            reader.next += 1;
            let template = match event {
                Event::RenderCompleted(data) => data.template_id.as_deref(),
                Event::RenderFailed(data) => data.template_id.as_deref(),
                _ => None,
            };
            if template == Some(&self.template) {
                return Poll::Ready(Ok(event.clone()));
            }
        }
    }
}

impl Stream for RenderSubscription {
    type Item = Result<Event, Lagged>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context).map(Some)
    }
}

impl fmt::Debug for RenderSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RenderSubscription").field("template", &self.template).finish_non_exhaustive()
    }
}

/// Error of a subscription that reads too slowly: the inbox dropped renders before they were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lagged {
    /// Number of dropped renders, of any template.
    pub renders: u64,
}

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "webhook inbox: {} renders were dropped before they were read: use a larger capacity", self.renders)
    }
}

impl Error for Lagged {}
