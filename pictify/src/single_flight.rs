//! Single flight: identical calls at the same time are one call.

use crate::transport::BoxFuture;
use bytes::Bytes;
use futures_util::future::{FutureExt, Shared, WeakShared};
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What makes two calls identical.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct RequestKey {
    pub(crate) operation: &'static str,
    pub(crate) url: String,
    pub(crate) body: Bytes,
}

type InFlight<T> = BoxFuture<'static, T>;

/// What is under way. A request goes on for as long as anyone waits for it, whoever began it.
pub(crate) struct InFlightRequests<K, T: Clone>(Arc<Mutex<InFlightMap<K, T>>>);

struct InFlightMap<K, T: Clone> {
    requests: HashMap<K, (u64, WeakShared<InFlight<T>>)>,
    /// How many were started: each has a number.
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
    /// Joins the request that is under way, or starts one.
    pub(crate) fn join(&self, route: K, start: impl FnOnce() -> InFlight<T>) -> Shared<InFlight<T>> {
        let mut under_way = lock(&self.0);
        // One that has landed is a thing of the past, even when somebody has yet to look at it.
        let known = under_way.requests.get(&route).and_then(|(_, request)| request.upgrade());
        if let Some(request) = known.filter(|request| request.peek().is_none()) {
            return request;
        }
        let request = start();
        under_way.started += 1;
        let number = under_way.started;
        let entry = Entry { requests: self.0.clone(), route: route.clone(), number };
        let request: InFlight<T> = Box::pin(async move {
            let _entry = entry;
            request.await
        });
        let request = request.shared();
        if let Some(weak) = request.downgrade() {
            under_way.requests.insert(route, (number, weak));
        }
        request
    }
}

/// Forgets a request when it has landed, or nobody waits for it any more: nobody has to look through all of them for it,
/// and what it was asked with is not kept.
struct Entry<K: Eq + Hash, T: Clone> {
    requests: Arc<Mutex<InFlightMap<K, T>>>,
    route: K,
    number: u64,
}

impl<K: Eq + Hash, T: Clone> Drop for Entry<K, T> {
    fn drop(&mut self) {
        let mut under_way = lock(&self.requests);
        // Another may have started since.
        if under_way.requests.get(&self.route).is_some_and(|(number, _)| *number == self.number) {
            under_way.requests.remove(&self.route);
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
    async fn a_request_is_joined_while_it_is_under_way_and_by_nobody_after() {
        let requests = InFlightRequests::default();
        let (land, landed) = oneshot::channel();
        let first = requests.join(route("a"), || Box::pin(async move { landed.await.unwrap_or(0) }));
        let same = requests.join(route("a"), || unreachable!("it is under way"));
        let other = requests.join(route("b"), || Box::pin(async { 2 }));
        assert_eq!(other.await, 2);
        // Who began it may leave.
        drop(first);
        land.send(1).unwrap();
        assert_eq!(same.clone().await, 1);
        assert_eq!(requests.join(route("a"), || Box::pin(async { 3 })).await, 3);
        assert_eq!(same.await, 1);
        drop(requests.join(route("c"), || Box::pin(async { 4 })));
        assert!(lock(&requests.0).requests.is_empty(), "what is over is not kept");
    }

    #[tokio::test]
    async fn a_request_that_panics_troubles_those_on_board_and_nobody_else() {
        let requests = InFlightRequests::default();
        let on_board = requests.join(route("a"), || Box::pin(async { panic!("in the request") }));
        assert!(tokio::spawn(on_board.clone()).await.unwrap_err().is_panic());
        assert_eq!(requests.join(route("b"), || Box::pin(async { 1 })).await, 1);
        assert_eq!(requests.join(route("a"), || Box::pin(async { 2 })).await, 2);
        drop(on_board);
    }
}
