//! Single flight: identical calls at the same time are one call.

use bytes::Bytes;
use futures_util::future::{FutureExt, Shared, WeakShared};
use pictify_api::BoxFuture;
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, PoisonError},
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
pub(crate) struct Flights<K, T: Clone>(Mutex<HashMap<K, WeakShared<Flight<T>>>>);

impl<K, T: Clone> Default for Flights<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, T: Clone> Flights<K, T> {
    /// Joins the flight that is under way, or begins one.
    pub(crate) fn join(&self, route: K, begin: impl FnOnce() -> Flight<T>) -> Shared<Flight<T>> {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // One that has landed is a thing of the past, even when somebody has yet to look at it.
        let under_way = |flight: &WeakShared<Flight<T>>| flight.upgrade().filter(|flight| flight.peek().is_none());
        if let Some(flight) = flights.get(&route).and_then(under_way) {
            return flight;
        }
        flights.retain(|_, flight| under_way(flight).is_some());
        let flight = begin().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(route, weak);
        }
        flight
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
        assert_eq!(flights.0.lock().unwrap().len(), 1, "what is over is not kept");
    }
}
