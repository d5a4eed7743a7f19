//! Handling each delivery once, though it may come several times.
//!
//! The service repeats a delivery whose answer it did not get, and several copies of it may be under way at once.

mod memory;
#[cfg(feature = "redis")]
mod redis;
mod store;

#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
pub use memory::MemoryStore;
pub use store::{Claim, ClaimToken, DeliveryStore, StoreError, StoreFuture};

use std::{error::Error, fmt, sync::Arc, time::Duration};

/// How long a handler may take before its delivery may be given to another.
const LEASE: Duration = Duration::from_secs(300);

/// How long a handled delivery is remembered: longer than the service repeats it, which is documented as some 27 hours.
const REMEMBERED: Duration = Duration::from_secs(3 * 24 * 3600);

/// Runs a handler for each delivery once, whoever it comes to and however often.
///
/// The first copy of a delivery claims its id in a [`DeliveryStore`]. When its handler succeeds the id is remembered, and
/// later copies are answered without it. When it fails, panics or is dropped, the claim is given back, so that the next
/// copy is handled. A process that dies leaves a claim that ends by itself, after the [`lease`](Self::lease).
///
/// No store can see whether a process died before or after its handler's last effect: handlers should still bear to be
/// run twice where that matters. Clones share the store.
///
/// # The id is not signed
/// The signature covers the body and the time, and not the header that the id comes in. Whoever has a copy of a signed
/// delivery, out of a log or a proxy, can send it again for as long as the verifier's tolerance lasts, 5 minutes by default:
/// under new ids, or without one, and each time it is handled; or under the id of a delivery to come, which then counts as
/// handled. Where others might have copies, make the key of what is signed:
#[cfg_attr(
    any(feature = "actix", feature = "axum", feature = "tower"),
    doc = "[`SignedDelivery::digest`](super::SignedDelivery::digest),"
)]
#[cfg_attr(
    not(any(feature = "actix", feature = "axum", feature = "tower")),
    doc = "a hash of the body, for example SHA-256,"
)]
/// and remember it for [longer](Self::remember_for) than the tolerance. A repeat whose body differs in a byte is then handled
/// again; whether the service sends such repeats is not published.
///
/// ```
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use pictify::webhooks::{ExactlyOnce, Handled};
///
/// let once = ExactlyOnce::in_memory();
/// let first = once.handle("del_9fQ2", async { Ok::<_, std::io::Error>("invoice stored") }).await?;
/// assert_eq!(first, Handled::Now("invoice stored"));
/// let repeat = once.handle("del_9fQ2", async { Ok::<_, std::io::Error>("invoice stored") }).await?;
/// assert_eq!((repeat.status(), repeat), (200, Handled::Before));
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ExactlyOnce {
    store: Arc<dyn DeliveryStore>,
    lease: Duration,
    remembered: Duration,
}

impl ExactlyOnce {
    /// With a store; several processes that share one share the deliveries.
    #[must_use]
    pub fn new(store: impl DeliveryStore) -> Self {
        Self { store: Arc::new(store), lease: LEASE, remembered: REMEMBERED }
    }

    /// With a [`MemoryStore`]: for a single process.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::new(MemoryStore::new())
    }

    /// How long a handler may take before another copy of its delivery may be handled. 5 minutes by default.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long a handled delivery is remembered. 3 days by default; the service repeats for about 27 hours.
    #[must_use]
    pub fn remember_for(mut self, duration: Duration) -> Self {
        self.remembered = duration;
        self
    }

    /// Runs the handler, unless another copy of the delivery was handled or is being handled. `id` is
    #[cfg_attr(
        any(feature = "actix", feature = "axum", feature = "tower"),
        doc = "[`SignedDelivery::key`](super::SignedDelivery::key)."
    )]
    #[cfg_attr(
        not(any(feature = "actix", feature = "axum", feature = "tower")),
        doc = "what came in the header `X-Pictify-Delivery-Id`."
    )]
    ///
    /// Response the delivery with [`Handled::status`], and an error with 500: the service then sends it again.
    ///
    /// # Errors
    /// [`HandleError::Handler`] with the handler's own error, its claim given back; [`HandleError::Store`] when the store
    /// could not be asked, the handler not run, or when it could not be told that the handler has succeeded.
    pub async fn handle<T, E>(
        &self,
        id: impl AsRef<str>,
        handler: impl Future<Output = Result<T, E>>,
    ) -> Result<Handled<T>, HandleError<E>> {
        let id = id.as_ref();
        let token = ClaimToken::random();
        // Guarded from here on: who stops waiting for the store's word may have been given the claim.
        let mut guard = Guard { store: Some(self.store.clone()), id, token, handled: None };
        match self.store.claim(id, token, self.lease).await {
            Ok(Claim::Granted) => {}
            Ok(Claim::UnderWay) => return Ok(guard.end(Handled::Elsewhere)),
            Ok(Claim::Done) => return Ok(guard.end(Handled::Before)),
            Err(error) => return Err(HandleError::Store(error)),
        }
        match handler.await {
            Ok(value) => {
                // Handled it is, whatever the store says and whoever still listens: the claim is not given back.
                guard.handled = Some(self.remembered);
                self.store.complete(id, token, self.remembered).await.map_err(HandleError::Store)?;
                Ok(guard.end(Handled::Now(value)))
            }
            Err(error) => {
                // Once here; the guard would do it behind the caller's back.
                let released = self.store.release(id, token).await;
                if released.is_ok() {
                    guard.end(());
                }
                Err(HandleError::Handler(error))
            }
        }
    }
}

impl fmt::Debug for ExactlyOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lease, remembered) = (&self.lease, &self.remembered);
        f.debug_struct("ExactlyOnce").field("lease", lease).field("remember_for", remembered).finish_non_exhaustive()
    }
}

/// Ends a claim when its handler panics, or nobody waits for it any more: servers drop the handlers of clients that have
/// gone. It gives the claim back, or, when the handler has succeeded and the store has not confirmed that it knows, tells
/// the store once more.
struct Guard<'a> {
    store: Option<Arc<dyn DeliveryStore>>,
    id: &'a str,
    token: ClaimToken,
    /// For how long the delivery is remembered, once it is handled.
    handled: Option<Duration>,
}

impl Guard<'_> {
    fn end<T>(&mut self, value: T) -> T {
        self.store = None;
        value
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        let (Some(store), Ok(runtime)) = (self.store.take(), tokio::runtime::Handle::try_current()) else { return };
        let (id, token, handled) = (self.id.to_owned(), self.token, self.handled);
        // Where this fails the claim ends with its lease.
        runtime.spawn(async move {
            match handled {
                Some(remembered) => store.complete(&id, token, remembered).await,
                None => store.release(&id, token).await,
            }
        });
    }
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled<T> {
    /// It was handled now: what the handler returned.
    Now(T),
    /// Another copy was handled before.
    Before,
    /// Another copy is being handled at this moment, and may fail: the service should ask again.
    Elsewhere,
}

impl<T> Handled<T> {
    /// The HTTP status to answer the delivery with: 200 when it is handled, 503 when only another copy might be.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Now(_) | Self::Before => 200,
            Self::Elsewhere => 503,
        }
    }
}

/// Why a delivery is not known to be handled.
#[derive(Debug)]
pub enum HandleError<E> {
    /// The handler has failed.
    Handler(E),
    /// The store could not be asked or told.
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
