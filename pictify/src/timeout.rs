//! A future against the clock.

use crate::clock::Clock;
use std::{future::Future, pin::pin, task::Poll, time::Duration};

/// The limit came first.
pub(crate) struct TimedOut;

/// Runs `work` for at most `limit` of `clock`'s time, then drops it.
pub(crate) async fn within<T>(
    clock: &dyn Clock,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Result<T, TimedOut> {
    let mut work = pin!(work);
    let mut alarm = clock.timeout_timer(limit);
    std::future::poll_fn(|context| {
        if let Poll::Ready(output) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        alarm.as_mut().poll(context).map(|()| Err(TimedOut))
    })
    .await
}
