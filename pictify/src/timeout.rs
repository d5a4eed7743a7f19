//! Timeouts by the injected clock.

use crate::clock::Clock;
use std::{future::Future, pin::pin, task::Poll, time::Duration};

/// The error of work that did not end in time.
pub(crate) struct Elapsed;

/// Runs `work` for at most `limit` of `clock`'s time, then drops it.
pub(crate) async fn timeout<T>(
    clock: &dyn Clock,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, Elapsed> {
    let mut work = pin!(work);
    // Work that is ready at once needs no timer.
    let mut timer = None;
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        timer.get_or_insert_with(|| clock.timeout_timer(limit)).as_mut().poll(context).map(|()| Err(Elapsed))
    })
    .await
}
