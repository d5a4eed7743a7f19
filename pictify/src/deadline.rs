//! Deadline that several calls share.

use crate::clock::Clock;
use std::time::{Duration, Instant};

/// Time by which calls must have ended, for work that takes several calls.
///
/// ```no_run
/// # async fn run(client: pictify::Client) -> pictify::Result<()> {
/// use std::time::Duration;
///
/// let deadline = client.deadline(Duration::from_secs(20));
/// let page = client.images().list().with_deadline(deadline).send().await?;
/// let pdfs = client.renders().list().with_deadline(deadline).send().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    at: Instant,
    /// Original duration until the deadline, for messages.
    total: Duration,
}

impl Deadline {
    pub(crate) fn after(total: Duration, clock: &dyn Clock) -> Self {
        let now = clock.now();
        // A duration that the clock cannot represent counts as no limit.
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
