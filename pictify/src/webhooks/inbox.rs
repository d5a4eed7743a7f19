//! What was delivered, for those who wait for it.

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

/// How many renders are kept unless it is said otherwise.
const CAPACITY: usize = 10_000;

/// Joins what comes by webhook with what waits for it.
///
/// A webhook handler [puts](Self::put) deliveries in; elsewhere [`BatchJob::wait`](crate::batches::BatchJob::wait) takes
/// the pictures of its rows out, and [`renders_of`](Self::renders_of) sees all of a template. It keeps the renders of
/// late, in memory, the oldest going first. Clones share it.
///
/// It only knows what came to this process, and keeps nothing beyond it.
///
/// ```no_run
/// # async fn run(client: pictify::Client) -> pictify::Result<()> {
/// use pictify::webhooks::{Delivery, Inbox};
///
/// let inbox = Inbox::new(); // before anything is started, and known to the handler
/// let handler_inbox = inbox.clone();
/// let handler = move |delivery: &Delivery| handler_inbox.put(delivery);
///
/// # let rows = [serde_json::json!({"title": "Post 1"})];
/// let mut job = client.batches().create("XK4P2M9QZT", rows)?.into_job();
/// job.start(&client).await?;
/// for row in job.wait(&client).with(&inbox).await? {
///     println!("{} {:?}", row.index, row.urls());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Inbox(Arc<Mutex<State>>);

struct State {
    /// The renders, oldest first; the first one has number `first`.
    renders: VecDeque<Entry>,
    first: u64,
    capacity: usize,
    /// Who waits, by the number that it was given.
    waiting: HashMap<u64, Waker>,
    readers: u64,
}

struct Entry {
    event: Event,
    /// Whether it was joined with the row of a batch.
    taken: bool,
}

impl Inbox {
    /// An inbox that keeps the latest 10,000 renders.
    #[must_use]
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// An inbox that keeps the latest `renders`, at least one.
    #[must_use]
    pub fn with_capacity(renders: usize) -> Self {
        let (renders, capacity) = (VecDeque::new(), renders.max(1));
        Self(Arc::new(Mutex::new(State { renders, first: 0, capacity, waiting: HashMap::new(), readers: 0 })))
    }

    /// Puts in what was delivered, if it is a render, completed or failed; says whether it was.
    ///
    /// Put each delivery in once: a repeat would count as another picture.
    pub fn put(&self, delivery: &Delivery) -> bool {
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

    /// The renders of a template from now on, completed and failed, in the order in which they came. It never ends.
    pub fn renders_of(&self, template_uid: impl Into<String>) -> Renders {
        let mut reader = self.reader();
        let state = self.lock();
        reader.next = state.first + state.renders.len() as u64;
        drop(state);
        Renders { reader, template: template_uid.into() }
    }

    /// One who reads from the oldest that is kept.
    pub(crate) fn reader(&self) -> Reader {
        let mut state = self.lock();
        state.readers += 1;
        Reader { inbox: self.clone(), number: state.readers, next: state.first }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Inbox {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("renders", &self.lock().renders.len()).finish_non_exhaustive()
    }
}

/// A place in an inbox.
pub(crate) struct Reader {
    inbox: Inbox,
    number: u64,
    next: u64,
}

impl Reader {
    /// Shows the completed renders that came since the last time, and takes those of which `take` says so. What others
    /// have taken is not shown.
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

    /// Ready when something came that this reader has not seen.
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

/// The renders of a template as they come: [`Inbox::renders_of`]. A `Stream` of [`Event::RenderCompleted`] and
/// [`Event::RenderFailed`].
///
/// ```no_run
/// # async fn run(inbox: pictify::webhooks::Inbox) {
/// use pictify::webhooks::Event;
///
/// let mut renders = inbox.renders_of("XK4P2M9QZT");
/// while let Ok(event) = renders.next().await {
///     if let Event::RenderCompleted(render) = event {
///         println!("{:?} {:?}", render.url, render.variables);
///     }
/// }
/// # }
/// ```
#[must_use = "nothing is read before next"]
pub struct Renders {
    reader: Reader,
    template: String,
}

impl Renders {
    /// The next one.
    ///
    /// # Errors
    /// [`Missed`] when the inbox had no room any more for what came since the last call; the call after it goes on with
    /// the oldest that is kept.
    pub async fn next(&mut self) -> Result<Event, Missed> {
        std::future::poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Result<Event, Missed>> {
        let reader = &mut self.reader;
        loop {
            let state = reader.inbox.lock();
            if reader.next < state.first {
                let missed = Missed { renders: state.first - reader.next };
                reader.next = state.first;
                return Poll::Ready(Err(missed));
            }
            let place = usize::try_from(reader.next - state.first).unwrap_or(usize::MAX);
            let entry = state.renders.get(place).map(|entry| &entry.event);
            let Some(event) = entry else {
                drop(state);
                // Something may have come since the lock was let go.
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

impl Stream for Renders {
    type Item = Result<Event, Missed>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context).map(Some)
    }
}

impl fmt::Debug for Renders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renders").field("template", &self.template).finish_non_exhaustive()
    }
}

/// Renders came faster than they were read, and the inbox has forgotten some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missed {
    /// How many, of any template.
    pub renders: u64,
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "webhook inbox: {} renders were forgotten before they were read: give it a larger capacity",
            self.renders
        )
    }
}

impl Error for Missed {}
