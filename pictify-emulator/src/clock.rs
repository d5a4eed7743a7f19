//! Clock of the server. Tests can freeze it, set it and advance it.

use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};
use tokio::sync::watch;

/// Earliest and latest time that the clock can be set to, in seconds since 1970. Within them, adding the longest delay
/// of the server cannot overflow.
const RANGE_SECONDS: std::ops::RangeInclusive<i64> = 0..=221_845_392_000;

/// Clock of the server.
#[derive(Debug)]
pub(crate) struct Clock {
    mode: Mutex<Mode>,
    /// Wakes the tasks that wait for a time after each change of the clock.
    changes: watch::Sender<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Runs at normal speed, so much ahead of the clock of the machine.
    Running(SignedDuration),
    /// Stands still.
    Frozen(Timestamp),
}

/// State of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClockState {
    pub(crate) now: Timestamp,
    pub(crate) is_frozen: bool,
    /// Time by which the clock is ahead of that of the machine.
    pub(crate) offset: SignedDuration,
}

/// Time that the clock cannot show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfRange;

impl std::fmt::Display for OutOfRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the clock shows times from the year 1970 to the year 8999")
    }
}

impl std::error::Error for OutOfRange {}

impl Default for Clock {
    fn default() -> Self {
        Self { mode: Mutex::new(Mode::Running(SignedDuration::ZERO)), changes: watch::Sender::new(()) }
    }
}

impl Mode {
    fn now(self) -> Timestamp {
        match self {
            Self::Running(offset) => Timestamp::now().saturating_add(offset).unwrap_or(Timestamp::MAX),
            Self::Frozen(at) => at,
        }
    }

    /// Returns the mode at another time: a frozen clock stays frozen.
    fn at(self, time: Timestamp) -> Self {
        match self {
            Self::Running(_) => Self::Running(time.duration_since(Timestamp::now())),
            Self::Frozen(_) => Self::Frozen(time),
        }
    }
}

impl Clock {
    /// Returns the current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.lock().now()
    }

    /// Returns the state of the clock.
    pub(crate) fn state(&self) -> ClockState {
        let mode = *self.lock();
        let now = mode.now();
        let (is_frozen, offset) = match mode {
            Mode::Running(offset) => (false, offset),
            Mode::Frozen(at) => (true, at.duration_since(Timestamp::now())),
        };
        ClockState { now, is_frozen, offset }
    }

    /// Stops the clock at a time.
    pub(crate) fn freeze(&self, at: Timestamp) -> Result<(), OutOfRange> {
        let at = in_range(at)?;
        self.change(|_| Ok(Mode::Frozen(at)))
    }

    /// Sets the clock to a time, from which it runs.
    pub(crate) fn set(&self, time: Timestamp) -> Result<(), OutOfRange> {
        let time = in_range(time)?;
        self.change(|_| Ok(Mode::Running(time.duration_since(Timestamp::now()))))
    }

    /// Moves the clock forward. A frozen clock stays frozen.
    pub(crate) fn advance(&self, by: Duration) -> Result<(), OutOfRange> {
        let by = SignedDuration::try_from(by).map_err(|_| OutOfRange)?;
        self.change(|mode| Ok(mode.at(in_range(mode.now().checked_add(by).map_err(|_| OutOfRange)?)?)))
    }

    /// Moves the clock forward by calendar units in UTC, such as a month.
    pub(crate) fn advance_by_span(&self, by: Span) -> Result<(), OutOfRange> {
        self.change(|mode| {
            let later = mode.now().to_zoned_datetime(TimeZone::UTC).checked_add(by).map_err(|_| OutOfRange)?;
            Ok(mode.at(in_range(later.timestamp())?))
        })
    }

    /// Lets the clock show the time of the machine again.
    pub(crate) fn resume(&self) {
        *self.lock() = Mode::Running(SignedDuration::ZERO);
        self.changes.send_replace(());
    }

    /// Waits until the clock shows a time.
    pub(crate) async fn sleep_until(&self, due: Timestamp) {
        let mut changes = self.changes.subscribe();
        loop {
            let mode = *self.lock();
            let Ok(wait) = Duration::try_from(due.duration_since(mode.now())) else { return };
            let elapsed = async {
                match mode {
                    Mode::Running(_) => tokio::time::sleep(wait).await,
                    Mode::Frozen(_) if wait.is_zero() => {}
                    Mode::Frozen(_) => std::future::pending().await,
                }
            };
            tokio::select! {
                () = elapsed => return,
                // The sender lives as long as `self`.
                _ = changes.changed() => {}
            }
        }
    }

    fn change(&self, change: impl FnOnce(Mode) -> Result<Mode, OutOfRange>) -> Result<(), OutOfRange> {
        let mut mode = self.lock();
        *mode = change(*mode)?;
        drop(mode);
        self.changes.send_replace(());
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Mode> {
        self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Converts a time to that of the standard library. All platforms can represent the times of the clock.
pub(crate) fn to_system_time(time: Timestamp) -> SystemTime {
    SystemTime::try_from(time).unwrap_or(SystemTime::UNIX_EPOCH)
}

fn in_range(time: Timestamp) -> Result<Timestamp, OutOfRange> {
    if RANGE_SECONDS.contains(&time.as_second()) { Ok(time) } else { Err(OutOfRange) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::ToSpan;
    use std::{future::Future, pin::pin, task::Poll};

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_frozen_clock_moves_only_when_it_is_told_to() {
        let clock = Clock::default();
        clock.freeze(time("2026-01-31T12:00:00Z")).unwrap();
        assert_eq!(clock.now(), time("2026-01-31T12:00:00Z"));
        clock.advance(Duration::from_millis(1500)).unwrap();
        assert_eq!(clock.now(), time("2026-01-31T12:00:01.5Z"));
        clock.advance_by_span(1.month()).unwrap();
        assert_eq!(clock.now(), time("2026-02-28T12:00:01.5Z"), "the last day of a shorter month");
        assert!(clock.state().is_frozen);
    }

    #[test]
    fn a_running_clock_goes_on_from_the_time_that_it_is_set_to() {
        let clock = Clock::default();
        let ahead = |clock: &Clock| clock.state().offset.as_hours();
        clock.advance(Duration::from_secs(7200)).unwrap();
        assert!((1..=2).contains(&ahead(&clock)));
        clock.set(time("2100-01-01T00:00:00Z")).unwrap();
        assert!(clock.now() >= time("2100-01-01T00:00:00Z") && !clock.state().is_frozen);
        clock.resume();
        assert_eq!(clock.state().offset, SignedDuration::ZERO);
    }

    #[test]
    fn times_that_the_clock_cannot_show_are_rejected_and_change_nothing() {
        let clock = Clock::default();
        let start = time("2026-08-01T00:00:00Z");
        clock.freeze(start).unwrap();
        assert_eq!(clock.freeze(time("1969-12-31T23:59:59Z")), Err(OutOfRange));
        assert_eq!(clock.set(time("9999-01-01T00:00:00Z")), Err(OutOfRange));
        assert_eq!(clock.advance(Duration::MAX), Err(OutOfRange));
        assert_eq!(clock.advance_by_span(9000.years()), Err(OutOfRange));
        assert_eq!(clock.now(), start);
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_clock_shows_its_time() {
        let clock = Clock::default();
        clock.freeze(time("2026-08-01T00:00:00Z")).unwrap();
        let mut wait = pin!(clock.sleep_until(time("2026-08-01T01:00:00Z")));
        let mut is_over =
            async || std::future::poll_fn(|context| Poll::Ready(wait.as_mut().poll(context).is_ready())).await;
        assert!(!is_over().await);
        clock.advance(Duration::from_secs(3599)).unwrap();
        assert!(!is_over().await);
        clock.advance(Duration::from_secs(1)).unwrap();
        assert!(is_over().await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_running_clock_waits_for_the_rest_of_the_time() {
        let clock = Clock::default();
        let started = tokio::time::Instant::now();
        clock.sleep_until(clock.now() + SignedDuration::from_secs(60)).await;
        let waited = started.elapsed();
        assert!((59..=61).contains(&waited.as_secs()), "{waited:?}");
        clock.sleep_until(clock.now() - SignedDuration::from_secs(60)).await;
    }
}
