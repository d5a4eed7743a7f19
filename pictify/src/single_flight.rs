//! Single flight (request coalescing): identical requests at the same time share one request.

use crate::transport::BoxFuture;
use bytes::Bytes;
use futures_util::future::{FutureExt, Shared, WeakShared};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Key of identical requests.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RequestKey {
    pub(crate) operation: &'static str,
    pub(crate) url: String,
    pub(crate) body: Bytes,
}

type InFlight<T> = BoxFuture<'static, T>;

/// Requests in flight. A request continues as long as any caller waits for it, even if the first caller has gone.
pub(crate) struct InFlightRequests<K, T: Clone>(Arc<Mutex<InFlightMap<K, T>>>);

struct InFlightMap<K, T: Clone> {
    requests: HashMap<K, (u64, WeakShared<InFlight<T>>)>,
    /// Number of requests started so far; the number of the latest one.
    started: u64,
}

impl<K, T: Clone> Default for InFlightRequests<K, T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(InFlightMap { requests: HashMap::new(), started: 0 })))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Clone + Eq + Hash + Send + 'static, T: Clone + Send + Sync + 'static> InFlightRequests<K, T> {
    /// Joins the identical request in flight, or starts one.
    pub(crate) fn join(&self, route: K, start: impl FnOnce() -> InFlight<T>) -> Shared<InFlight<T>> {
        let mut in_flight = lock(&self.0);
        // A completed request is not joined, even if a caller has not read its result yet.
        let known = in_flight.requests.get(&route).and_then(|(_, request)| request.upgrade());
        if let Some(request) = known.filter(|request| request.peek().is_none()) {
            return request;
        }
        let request = start();
        in_flight.started += 1;
        let number = in_flight.started;
        let entry = Entry { requests: self.0.clone(), route: route.clone(), number };
        let request: InFlight<T> = Box::pin(async move {
            let _entry = entry;
            request.await
        });
        let request = request.shared();
        if let Some(weak) = request.downgrade() {
            in_flight.requests.insert(route, (number, weak));
        }
        request
    }
}

/// Removes a request from the map when it has completed or its last caller has gone. So the map needs no cleanup and
/// stores no old request bodies.
struct Entry<K: Eq + Hash, T: Clone> {
    requests: Arc<Mutex<InFlightMap<K, T>>>,
    route: K,
    number: u64,
}

impl<K: Eq + Hash, T: Clone> Drop for Entry<K, T> {
    fn drop(&mut self) {
        let mut in_flight = lock(&self.requests);
        // A newer request may have the same key.
        if in_flight.requests.get(&self.route).is_some_and(|(number, _)| *number == self.number) {
            in_flight.requests.remove(&self.route);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    fn route(body: &'static str) -> RequestKey {
        RequestKey {
            operation: "createImage",
            url: "http://localhost/image".to_owned(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[tokio::test]
    async fn a_request_is_joined_only_while_it_is_in_flight() {
        let requests = InFlightRequests::default();
        let (complete, completed) = oneshot::channel();
        let first = requests.join(route("a"), || Box::pin(async move { completed.await.unwrap_or(0) }));
        let same = requests.join(route("a"), || unreachable!("it is in flight"));
        let other = requests.join(route("b"), || Box::pin(async { 2 }));
        assert_eq!(other.await, 2);
        // The first caller may drop its future.
        drop(first);
        complete.send(1).unwrap();
        assert_eq!(same.clone().await, 1);
        assert_eq!(requests.join(route("a"), || Box::pin(async { 3 })).await, 3);
        assert_eq!(same.await, 1);
        drop(requests.join(route("c"), || Box::pin(async { 4 })));
        assert!(lock(&requests.0).requests.is_empty(), "completed requests are removed");
    }

    #[tokio::test]
    async fn a_request_that_ends_late_does_not_remove_a_newer_one() {
        let requests = InFlightRequests::default();
        let old = requests.join(route("a"), || Box::pin(async { 1 }));
        let number = lock(&requests.0).requests[&route("a")].0;
        assert_eq!(old.await, 1);
        let (complete, completed) = oneshot::channel();
        let new = requests.join(route("a"), || Box::pin(async move { completed.await.unwrap_or(0) }));
        // As if the old request were dropped on another thread only now.
        drop(Entry { requests: requests.0.clone(), route: route("a"), number });
        let same = requests.join(route("a"), || unreachable!("it is in flight"));
        complete.send(2).unwrap();
        assert_eq!((new.await, same.await), (2, 2));
    }

    #[tokio::test]
    async fn a_panic_reaches_the_joined_callers_only() {
        let requests = InFlightRequests::default();
        let joined = requests.join(route("a"), || Box::pin(async { panic!("in the request") }));
        assert!(tokio::spawn(joined.clone()).await.unwrap_err().is_panic());
        assert_eq!(requests.join(route("b"), || Box::pin(async { 1 })).await, 1);
        assert_eq!(requests.join(route("a"), || Box::pin(async { 2 })).await, 2);
        drop(joined);
    }
}
