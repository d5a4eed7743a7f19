//! Waits with a time limit.

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// Maximum time that a test waits for something: a test that would hang fails instead.
pub const MAX_WAIT: Duration = Duration::from_secs(60);

/// Yields to other tasks until `condition` is true.
///
/// # Panics
/// If that takes longer than [`MAX_WAIT`].
pub async fn wait_until(mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < MAX_WAIT, "the condition is still false after {MAX_WAIT:?}");
        tokio::task::yield_now().await;
    }
}

/// Waits for `future`.
///
/// # Panics
/// If that takes longer than [`MAX_WAIT`].
pub async fn within_bound<T>(future: impl Future<Output = T>, what: &str) -> T {
    tokio::time::timeout(MAX_WAIT, future).await.unwrap_or_else(|_| panic!("{what} after {MAX_WAIT:?}"))
}

/// Waits for a task and returns its result.
///
/// # Panics
/// If that takes longer than [`MAX_WAIT`], or the task panics.
pub async fn joined<T>(task: tokio::task::JoinHandle<T>) -> T {
    within_bound(task, "the task has not ended").await.expect("the task does not panic")
}
