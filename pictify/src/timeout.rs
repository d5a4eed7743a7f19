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
    let mut timer = clock.timeout_timer(limit);
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        timer.as_mut().poll(context).map(|()| Err(Elapsed))
    })
    .await
}
