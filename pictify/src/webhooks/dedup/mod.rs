//! Deduplication: each delivery is processed once, even if it arrives several times.
//!
//! The service repeats a delivery if it does not receive a response, and several copies may be processed at the same
//! time.

mod memory;
#[cfg(feature = "redis")]
mod redis;
mod store;

#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use memory::MemoryStore;
pub use store::{Claim, ClaimToken, DeliveryStore, StoreError, StoreFuture};

use std::{error::Error, fmt, sync::Arc, time::Duration};

/// Default lease: time until another copy of a delivery may be processed while its handler still runs.
const DEFAULT_LEASE: Duration = Duration::from_secs(300);

/// Default retention of processed deliveries. The service documents that it repeats a delivery for about 27 hours.
const DEFAULT_RETENTION: Duration = Duration::from_secs(3 * 24 * 3600);

/// Runs a handler once for each delivery, even if several processes receive several copies.
///
/// The first copy of a delivery claims its ID in a [`DeliveryStore`]. If the handler succeeds, the ID is stored as
/// completed and later copies are [duplicates](HandleOutcome::Duplicate). If the handler fails, panics or is dropped,
/// the claim is released, so that the next copy is processed. If the process dies, the claim expires after the
/// [`lease`](Self::lease).
///
/// This is not an exactly-once guarantee: a store cannot see whether a process died before or after the last effect of
/// its handler. Make handlers idempotent where that matters. Clones share the store.
/// # The ID is not signed
/// The signature covers the body and the timestamp, but not the header with the ID. Anybody with a copy of a signed
/// delivery, for example from a log or a proxy, can send it again within the tolerance of the verifier, 5 minutes by
/// default. With a new ID or without one, the copy is processed again; with the ID of a future delivery, that delivery
/// counts as a duplicate. If others might have copies, derive the key from the signed content instead:
#[cfg_attr(
    any(feature = "actix", feature = "axum", feature = "tower"),
    doc = "[`SignedDelivery::digest`](super::SignedDelivery::digest),"
)]
#[cfg_attr(
    not(any(feature = "actix", feature = "axum", feature = "tower")),
    doc = "a hash of the body, for example SHA-256,"
)]
/// with a [`retention`](Self::retention) longer than the tolerance. A repeat whose body differs in one byte is then
/// processed again; whether the service sends such repeats is not published.
///
/// ```
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use pictify::webhooks::{DeliveryDeduplicator, HandleOutcome};
///
/// let deduplicator = DeliveryDeduplicator::in_memory();
/// let first = deduplicator.handle("del_9fQ2", async { Ok::<_, std::io::Error>("invoice stored") }).await?;
/// assert_eq!(first, HandleOutcome::Processed("invoice stored"));
/// let repeat = deduplicator.handle("del_9fQ2", async { Ok::<_, std::io::Error>("invoice stored") }).await?;
/// assert_eq!((repeat.status(), repeat), (200, HandleOutcome::Duplicate));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct DeliveryDeduplicator {
    store: Arc<dyn DeliveryStore>,
    lease: Duration,
    retention: Duration,
}

impl DeliveryDeduplicator {
    /// Creates a deduplicator with a store. Processes with the same store share the deliveries.
    #[must_use]
    pub fn new(store: impl DeliveryStore) -> Self {
        Self { store: Arc::new(store), lease: DEFAULT_LEASE, retention: DEFAULT_RETENTION }
    }

    /// Creates a deduplicator with a [`MemoryStore`], for a single process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(MemoryStore::new())
    }

    /// Sets how long a claim lasts. After that, another copy of the delivery may be processed. 5 minutes by default.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets how long a processed delivery is stored. 3 days by default; the service repeats a delivery for about 27
    /// hours.
    #[must_use]
    pub fn retention(mut self, duration: Duration) -> Self {
        self.retention = duration;
        self
    }

    /// Runs the handler unless another copy of the delivery was processed or is being processed. `id` is
    #[cfg_attr(
        any(feature = "actix", feature = "axum", feature = "tower"),
        doc = "[`SignedDelivery::dedup_key`](super::SignedDelivery::dedup_key)."
    )]
    #[cfg_attr(
        not(any(feature = "actix", feature = "axum", feature = "tower")),
        doc = "the value of the header `X-Pictify-Delivery-Id`."
    )]
    ///
    /// Respond to the delivery with [`HandleOutcome::status`], and with 500 on an error: the service then sends it
    /// again. With the feature `axum` or `actix`, the outcome and the error are responses: return them from the handler.
    ///
    /// # Errors
    /// [`HandleError::Handler`] with the error of the handler; its claim is released. [`HandleError::Store`] if the
    /// store failed: either before the handler ran, or when the store could not record that the handler succeeded.
    pub async fn handle<T, E>(
        &self,
        id: impl AsRef<str>,
        handler: impl Future<Output = Result<T, E>>,
    ) -> Result<HandleOutcome<T>, HandleError<E>> {
        let id = id.as_ref();
        let token = ClaimToken::random();
        // The guard exists before the claim: if this future is dropped during `claim`, the store may have granted it
        // already.
        let mut guard = Guard { store: Some(self.store.clone()), id, token, completed: None };
        match self.store.claim(id, token, self.lease).await {
            Ok(Claim::Acquired) => {}
            Ok(Claim::InProgress) => return Ok(guard.disarm(HandleOutcome::InProgress)),
            Ok(Claim::Completed) => return Ok(guard.disarm(HandleOutcome::Duplicate)),
            Err(error) => return Err(HandleError::Store(error)),
        }
        match handler.await {
            Ok(value) => {
                // The handler succeeded: the claim must never be released now, even if the store fails or the caller
                // leaves.
                guard.completed = Some(self.retention);
                self.store.complete(id, token, self.retention).await.map_err(HandleError::Store)?;
                Ok(guard.disarm(HandleOutcome::Processed(value)))
            }
            Err(error) => {
                // Release here, so that the claim is free when this call returns. The guard would release it in the
                // background.
                let released = self.store.release(id, token).await;
                if released.is_ok() {
                    guard.disarm(());
                }
                Err(HandleError::Handler(error))
            }
        }
    }
}

impl fmt::Debug for DeliveryDeduplicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lease, retention) = (&self.lease, &self.retention);
        f.debug_struct("DeliveryDeduplicator")
            .field("lease", lease)
            .field("retention", retention)
            .finish_non_exhaustive()
    }
}

/// Ends a claim if its handler panics or its future is dropped, as servers do when a client disconnects. It releases
/// the claim; or, if the handler succeeded and the store has not confirmed the completion, it reports the completion
/// again.
struct Guard<'a> {
    store: Option<Arc<dyn DeliveryStore>>,
    id: &'a str,
    token: ClaimToken,
    /// Retention of the delivery, once its handler has succeeded.
    completed: Option<Duration>,
}

impl Guard<'_> {
    fn disarm<T>(&mut self, value: T) -> T {
        self.store = None;
        value
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let (Some(store), Ok(runtime)) = (self.store.take(), tokio::runtime::Handle::try_current()) else { return };
        let (id, token, completed) = (self.id.to_owned(), self.token, self.completed);
        // If this fails, the claim expires after its lease.
        runtime.spawn(async move {
            match completed {
                Some(retention) => store.complete(&id, token, retention).await,
                None => store.release(&id, token).await,
            }
        });
    }
}

/// Outcome of [`DeliveryDeduplicator::handle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandleOutcome<T> {
    /// The delivery was processed now; the value is the return value of the handler.
    Processed(T),
    /// Another copy was processed before.
    Duplicate,
    /// Another copy is being processed and may still fail. The service should send the delivery again.
    InProgress,
}

impl<T> HandleOutcome<T> {
    /// Returns the HTTP status for the response: 200 if the delivery is processed, 503 if another copy is in progress.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Processed(_) | Self::Duplicate => 200,
            Self::InProgress => 503,
        }
    }
}

/// Reason why a delivery is not known to be processed.
#[derive(Debug)]
pub enum HandleError<E> {
    /// The handler has failed.
    Handler(E),
    /// The store failed.
    Store(StoreError),
}

impl<E: fmt::Display> fmt::Display for HandleError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Handler(error) => write!(f, "webhook: the handler has failed: {error}"),
            Self::Store(error) => write!(f, "webhook: {error}"),
        }
    }
}

impl<E: Error + 'static> Error for HandleError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Handler(error) => Some(error),
            Self::Store(error) => Some(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    #[test]
    fn the_default_lease_is_5_minutes_and_the_default_retention_3_days() {
        let expected = "DeliveryDeduplicator { lease: 300s, retention: 259200s, .. }";
        assert_eq!(format!("{:?}", DeliveryDeduplicator::in_memory()), expected);
    }

    #[test]
    fn only_a_copy_in_progress_is_to_be_sent_again() {
        for (outcome, expected) in
            [(HandleOutcome::Processed(1), 200), (HandleOutcome::Duplicate, 200), (HandleOutcome::InProgress, 503)]
        {
            assert_eq!(outcome.status(), expected, "{outcome:?}");
        }
    }

    #[test]
    fn errors_keep_their_cause() {
        let store = StoreError::new(io::Error::other("no space"));
        assert_eq!(store.source().unwrap().to_string(), "no space");
        let cases: [(HandleError<io::Error>, &str); 2] = [
            (HandleError::Handler(io::Error::other("no rows")), "no rows"),
            (HandleError::Store(store), "the delivery store failed: no space"),
        ];
        for (error, expected) in cases {
            assert_eq!(error.source().unwrap().to_string(), expected);
        }
    }
}
