//! Cron expressions as the time between two refreshes.

use crate::{Error, Result};
use croner::Cron;
use croner_jiff::civil::{DateTime, date};
use std::{str::FromStr, time::Duration};

/// What the service takes: a minute to a week.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(604_800);

/// How many firings are looked at. Enough for the minutes of some hours, and for the days of a year.
const FIRINGS: usize = 500;

/// The shortest time between two firings, from a minute to a week.
pub(super) fn shortest_gap(expression: &str) -> Result<Duration> {
    let wrong = |what: &str| Error::invalid_field("schedule", format!("`{expression}` {what}"));
    if expression.split_whitespace().count() != 5 {
        return Err(wrong("is not a cron expression of five fields"));
    }
    let cron = Cron::from_str(expression)
        .map_err(|error| wrong(&format!("is not a cron expression: {error}")).with_source(error))?;
    // Any day does, since only the time between firings counts; this one is the first of a leap year.
    let firings: Vec<DateTime> = cron.iter_after(date(2024, 1, 1).at(0, 0, 0, 0)).take(FIRINGS).collect();
    let gaps = firings.windows(2).filter_map(|pair| Duration::try_from(pair[1].duration_since(pair[0])).ok());
    let gap = gaps.min().ok_or_else(|| wrong("does not fire twice"))?;
    Ok(gap.clamp(SHORTEST, LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_as_often_as_its_shortest_gap() {
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
    fn what_is_no_schedule_is_refused() {
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
