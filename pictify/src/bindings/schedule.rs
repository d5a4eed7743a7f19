//! Conversion of a cron expression to the time between two refreshes.

use crate::{Error, Result};
use croner::Cron;
use croner_jiff::civil::{DateTime, date};
use std::{str::FromStr, time::Duration};

/// Shortest refresh time that the service accepts.
const MIN_REFRESH: Duration = Duration::from_secs(60);
/// Longest refresh time that the service accepts: a week.
const MAX_REFRESH: Duration = Duration::from_secs(604_800);

/// Number of firings to compare. Covers every minute for some hours, and every day for a year.
const MAX_FIRINGS: usize = 500;

/// Returns the shortest time between two firings, limited to one minute to one week.
pub(super) fn shortest_gap(expression: &str) -> Result<Duration> {
    let invalid = |reason: &str| Error::invalid_field("schedule", format!("`{expression}` {reason}"));
    if expression.split_whitespace().count() != 5 {
        return Err(invalid("is not a cron expression of five fields"));
    }
    let cron = Cron::from_str(expression)
        .map_err(|error| invalid(&format!("is not a cron expression: {error}")).with_source(error))?;
    // Any start date works, since only the time between firings matters; this one is the first day of a leap year.
    let firings: Vec<DateTime> = cron.iter_after(date(2024, 1, 1).at(0, 0, 0, 0)).take(MAX_FIRINGS).collect();
    let gaps = firings.windows(2).filter_map(|pair| Duration::try_from(pair[1].duration_since(pair[0])).ok());
    let gap = gaps.min().ok_or_else(|| invalid("does not fire twice"))?;
    Ok(gap.clamp(MIN_REFRESH, MAX_REFRESH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_gap_is_the_refresh_time() {
        for (cron, seconds) in [
            ("* * * * *", 60),
            ("*/5 * * * *", 300),
            ("0 * * * *", 3600),
            ("0 */6 * * *", 21_600),
            ("0 0 * * *", 86_400),
            ("0 0 * * 0", 604_800),
            ("0 0 1 * *", 604_800),
            ("0 9-17 * * MON-FRI", 3600),
            ("0,50 * * * *", 600),
        ] {
            assert_eq!(shortest_gap(cron).unwrap(), Duration::from_secs(seconds), "{cron}");
        }
    }

    #[test]
    fn an_invalid_schedule_is_rejected() {
        for (cron, error) in [
            ("", "schedule: `` is not a cron expression of five fields"),
            ("hourly", "schedule: `hourly` is not a cron expression of five fields"),
            ("* * * * * *", "schedule: `* * * * * *` is not a cron expression of five fields"),
            ("61 * * * *", "schedule: `61 * * * *` is not a cron expression: "),
            ("0 0 30 2 *", "schedule: `0 0 30 2 *` does not fire twice"),
        ] {
            let found = shortest_gap(cron).unwrap_err();
            assert!(found.message().starts_with(error), "{found}");
        }
    }
}
