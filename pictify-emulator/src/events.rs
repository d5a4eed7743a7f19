//! Events of the server as a stream: requests, and changes of renders, templates, batches, deliveries and other
//! documents.

use jiff::Timestamp;
use serde_json::{Value, json};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::broadcast::{self, error::RecvError};
use tokio_util::sync::CancellationToken;

/// Maximum number of events that a slow reader may be behind, and that a reader which reconnects can catch up on.
const MAX_BACKLOG: usize = 256;

/// Event.
#[derive(Debug)]
pub(crate) struct Event {
    /// Number of the event, counted from 1 since the start of the server.
    pub(crate) id: u64,
    /// Subject, such as `render`.
    pub(crate) name: &'static str,
    pub(crate) data: Value,
}

/// Events of the server.
#[derive(Debug)]
pub(crate) struct Events {
    recent: Mutex<Recent>,
    sender: broadcast::Sender<Arc<Event>>,
    closed: CancellationToken,
}

#[derive(Debug, Default)]
struct Recent {
    last_id: u64,
    events: VecDeque<Arc<Event>>,
}

/// Reader of events.
#[derive(Debug)]
pub(crate) struct Subscription {
    missed: u64,
    backlog: VecDeque<Arc<Event>>,
    receiver: broadcast::Receiver<Arc<Event>>,
    closed: CancellationToken,
}

/// Item of a subscription.
#[derive(Debug)]
pub(crate) enum Notice {
    Event(Arc<Event>),
    /// So many events were dropped, because the reader is too slow or was away for too long.
    Lagged(u64),
}

impl Default for Events {
    fn default() -> Self {
        Self { recent: Mutex::default(), sender: broadcast::Sender::new(MAX_BACKLOG), closed: CancellationToken::new() }
    }
}

impl Events {
    /// Sends an event to all readers. `data` is an object, to which the time is added.
    pub(crate) fn emit(&self, name: &'static str, at: Timestamp, mut data: Value) {
        data["at"] = format!("{at:.3}").into();
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.last_id += 1;
        let event = Arc::new(Event { id: recent.last_id, name, data });
        recent.events.push_back(event.clone());
        if recent.events.len() > MAX_BACKLOG {
            recent.events.pop_front();
        }
        // Sent under the lock, so that all readers see the events in the order of their numbers. It fails if there is
        // no reader.
        let _ = self.sender.send(event);
    }

    /// Starts reading: from now on, or after the event with this number.
    pub(crate) fn subscribe(&self, after: Option<u64>) -> Subscription {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.sender.subscribe();
        // A number from the future is that of another run of the server.
        let after = after.filter(|after| *after <= recent.last_id);
        let backlog: VecDeque<_> = after.map_or_else(VecDeque::new, |after| {
            recent.events.iter().filter(|event| event.id > after).cloned().collect()
        });
        let missed = after.map_or(0, |after| (recent.last_id - after).saturating_sub(backlog.len() as u64));
        Subscription { missed, backlog, receiver, closed: self.closed.clone() }
    }

    /// Ends all subscriptions, because the server stops.
    pub(crate) fn close(&self) {
        self.closed.cancel();
    }

    /// Returns a token that is cancelled when the server stops.
    pub(crate) fn closed(&self) -> CancellationToken {
        self.closed.clone()
    }
}

impl Subscription {
    /// Waits for the next event. Returns `None` when the server stops.
    pub(crate) async fn next(&mut self) -> Option<Notice> {
        if self.missed > 0 {
            return Some(Notice::Lagged(std::mem::take(&mut self.missed)));
        }
        if let Some(event) = self.backlog.pop_front() {
            return Some(Notice::Event(event));
        }
        let received = self.closed.run_until_cancelled(self.receiver.recv()).await?;
        match received {
            Ok(event) => Some(Notice::Event(event)),
            Err(RecvError::Lagged(missed)) => Some(Notice::Lagged(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

/// Returns the name and the data of the event for a change of a stored document; `None` for internal documents.
pub(crate) fn of_document(kind: &str, id: &str, change: &'static str) -> Option<(&'static str, Value)> {
    let (name, id) = match kind {
        "render" => ("render", id),
        "template" => ("template", id),
        "batch" => ("batch", id),
        "delivery" => ("delivery", id),
        "subscription" => ("subscription", id),
        "binding" => ("binding", id),
        "experiment" => ("experiment", id),
        "video_template" => ("video", id),
        "workflow_run" | "workflow_hook" => ("workflow", id),
        "billed" => ("ledger", id),
        // An item of a batch is progress of the batch.
        kind => return Some(("batch", json!({"id": kind.strip_prefix("batch-item ")?, "change": "updated"}))),
    };
    Some((name, json!({"id": id, "change": change})))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::broadcast::error::TryRecvError;

    fn emit(events: &Events, count: usize) {
        for _ in 0..count {
            events.emit("render", Timestamp::UNIX_EPOCH, json!({"id": "A"}));
        }
    }

    /// Returns the numbers of the available events; the negative number of dropped ones.
    fn available(subscription: &mut Subscription) -> Vec<i64> {
        let mut found = Vec::new();
        if subscription.missed > 0 {
            found.push(-i64::try_from(std::mem::take(&mut subscription.missed)).unwrap());
        }
        found.extend(subscription.backlog.drain(..).map(|event| i64::try_from(event.id).unwrap()));
        loop {
            match subscription.receiver.try_recv() {
                Ok(event) => found.push(i64::try_from(event.id).unwrap()),
                Err(TryRecvError::Lagged(missed)) => found.push(-i64::try_from(missed).unwrap()),
                Err(_) => return found,
            }
        }
    }

    #[test]
    fn a_reader_starts_now_or_after_an_event() {
        for (after, expected) in [
            (None, vec![4]),
            (Some(0), vec![1, 2, 3, 4]),
            (Some(2), vec![3, 4]),
            (Some(3), vec![4]),
            (Some(99), vec![4]),
        ] {
            let events = Events::default();
            emit(&events, 3);
            let mut subscription = events.subscribe(after);
            emit(&events, 1);
            assert_eq!(available(&mut subscription), expected, "{after:?}");
        }
    }

    #[test]
    fn a_slow_reader_is_told_how_many_events_it_missed() {
        let events = Events::default();
        let mut slow = events.subscribe(None);
        emit(&events, MAX_BACKLOG + 10);
        let found = available(&mut slow);
        assert_eq!((found[0], found.len()), (-10, MAX_BACKLOG + 1));
        let found = available(&mut events.subscribe(Some(4)));
        assert_eq!((found[0], found[1], found.len()), (-6, 11, MAX_BACKLOG + 1));
    }

    #[tokio::test]
    async fn subscriptions_end_when_the_server_stops() {
        let events = Events::default();
        let mut subscription = events.subscribe(None);
        events.close();
        assert!(subscription.next().await.is_none());
    }

    #[test]
    fn changes_of_public_documents_are_events() {
        for (kind, expected) in [
            ("template", Some(("template", "X"))),
            ("workflow_run", Some(("workflow", "X"))),
            ("batch-item B1", Some(("batch", "B1"))),
            ("cached-image", None),
            ("idempotency-record", None),
        ] {
            let event = of_document(kind, "X", "created");
            assert_eq!(event.as_ref().map(|(name, data)| (*name, data["id"].as_str().unwrap())), expected, "{kind}");
        }
    }
}
