//! A point in time that several calls share.

use crate::clock::Clock;
use std::time::{Duration, Instant};

/// A point in time by which calls must have ended, for work that takes several of them.
///
/// ```no_run
/// # async fn run(client: pictify::Client) -> pictify::Result<()> {
/// use std::time::Duration;
///
/// let deadline = client.deadline(Duration::from_secs(20));
/// let page = client.images().list().deadline(deadline).send().await?;
/// let pdfs = client.renders().list().deadline(deadline).send().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    at: Instant,
    /// How far away it was when it was made, for messages.
    total: Duration,
}

impl Deadline {
    pub(crate) fn after(total: Duration, clock: &dyn Clock) -> Self {
        let now = clock.now();
        // What no clock can count is as good as never.
        let at = now.checked_add(total).unwrap_or_else(|| now + Duration::from_secs(u32::MAX.into()));
        Self { at, total }
    }

    pub(crate) fn left(self, clock: &dyn Clock) -> Duration {
        self.at.saturating_duration_since(clock.now())
    }

    pub(crate) fn total(self) -> Duration {
        self.total
    }
}
