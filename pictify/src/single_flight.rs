//! Single flight: identical calls at the same time are one call.

use bytes::Bytes;
use futures_util::future::{FutureExt, Shared, WeakShared};
use pictify_api::BoxFuture;
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// What makes two calls identical.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    pub(crate) operation: &'static str,
    pub(crate) url: String,
    pub(crate) body: Bytes,
}

type Flight<T> = BoxFuture<'static, T>;

/// What is under way. A flight goes on for as long as anyone waits for it, whoever began it.
pub(crate) struct Flights<K, T: Clone>(Arc<Mutex<UnderWay<K, T>>>);

struct UnderWay<K, T: Clone> {
    flights: HashMap<K, (u64, WeakShared<Flight<T>>)>,
    /// How many were begun: each has a number.
    begun: u64,
}

impl<K, T: Clone> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(UnderWay { flights: HashMap::new(), begun: 0 })))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<K: Clone + Eq + Hash + Send + 'static, T: Clone + Send + Sync + 'static> Flights<K, T> {
    /// Joins the flight that is under way, or begins one.
    pub(crate) fn join(&self, route: K, begin: impl FnOnce() -> Flight<T>) -> Shared<Flight<T>> {
        let mut under_way = lock(&self.0);
        // One that has landed is a thing of the past, even when somebody has yet to look at it.
        let known = under_way.flights.get(&route).and_then(|(_, flight)| flight.upgrade());
        if let Some(flight) = known.filter(|flight| flight.peek().is_none()) {
            return flight;
        }
        let flight = begin();
        under_way.begun += 1;
        let number = under_way.begun;
        let entry = Entry { flights: self.0.clone(), route: route.clone(), number };
        let flight: Flight<T> = Box::pin(async move {
            let _entry = entry;
            flight.await
        });
        let flight = flight.shared();
        if let Some(weak) = flight.downgrade() {
            under_way.flights.insert(route, (number, weak));
        }
        flight
    }
}

/// Forgets a flight when it has landed, or nobody waits for it any more: nobody has to look through all of them for it,
/// and what it was asked with is not kept.
struct Entry<K: Eq + Hash, T: Clone> {
    flights: Arc<Mutex<UnderWay<K, T>>>,
    route: K,
    number: u64,
}

impl<K: Eq + Hash, T: Clone> Drop for Entry<K, T> {
    fn drop(&mut self) {
        let mut under_way = lock(&self.flights);
        // Another may have begun since.
        if under_way.flights.get(&self.route).is_some_and(|(number, _)| *number == self.number) {
            under_way.flights.remove(&self.route);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    fn route(body: &'static str) -> Route {
        Route {
            operation: "createImage",
            url: "http://localhost/image".to_owned(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    #[tokio::test]
    async fn a_flight_is_joined_while_it_is_under_way_and_by_nobody_after() {
        let flights = Flights::default();
        let (land, landed) = oneshot::channel();
        let first = flights.join(route("a"), || Box::pin(async move { landed.await.unwrap_or(0) }));
        let same = flights.join(route("a"), || unreachable!("it is under way"));
        let other = flights.join(route("b"), || Box::pin(async { 2 }));
        assert_eq!(other.await, 2);
        // Who began it may leave.
        drop(first);
        land.send(1).unwrap();
        assert_eq!(same.clone().await, 1);
        assert_eq!(flights.join(route("a"), || Box::pin(async { 3 })).await, 3);
        assert_eq!(same.await, 1);
        drop(flights.join(route("c"), || Box::pin(async { 4 })));
        assert!(lock(&flights.0).flights.is_empty(), "what is over is not kept");
    }

    #[tokio::test]
    async fn a_flight_that_panics_troubles_those_on_board_and_nobody_else() {
        let flights = Flights::default();
        let on_board = flights.join(route("a"), || Box::pin(async { panic!("in the flight") }));
        assert!(tokio::spawn(on_board.clone()).await.unwrap_err().is_panic());
        assert_eq!(flights.join(route("b"), || Box::pin(async { 1 })).await, 1);
        assert_eq!(flights.join(route("a"), || Box::pin(async { 2 })).await, 2);
        drop(on_board);
    }
}
