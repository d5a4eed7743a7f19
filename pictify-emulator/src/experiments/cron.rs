//! Cron expressions with five fields, evaluated in a time zone.

use croner::{
    CivilDate, CivilDateTime, CivilTime, CronDateTime, Resolution, Weekday,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};
use jiff::{SignedDuration, ZonedDateTime, civil, tz::AmbiguousOffset};
use std::cmp::Ordering;

/// Parsed cron expression.
#[derive(Clone, Debug)]
pub(super) struct Cron(croner::Cron);

impl Cron {
    /// Parses an expression.
    pub(super) fn parse(text: &str) -> Result<Self, CronError> {
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        parser.parse(text).map(Self)
    }

    /// Returns true if the expression fired at `now` or less than `length` before it.
    pub(super) fn fired_within(&self, now: &ZonedDateTime, length: SignedDuration) -> bool {
        let last = self.0.find_previous_occurrence(&Moment(now.clone()), true);
        last.is_ok_and(|Moment(fired)| now.duration_since(&fired) < length)
    }
}

/// Adapter from jiff to croner. The one in croner is for an older version of jiff.
#[derive(Clone)]
struct Moment(ZonedDateTime);

impl CronDateTime for Moment {
    fn to_civil(&self) -> CivilDateTime {
        let unsigned = |number: i8| u32::from(number.unsigned_abs());
        let (date, time) = (self.0.date(), self.0.time());
        CivilDateTime::new(
            CivilDate::from_parts_unchecked(date.year().into(), unsigned(date.month()), unsigned(date.day())),
            CivilTime::from_parts_unchecked(unsigned(time.hour()), unsigned(time.minute()), unsigned(time.second())),
        )
    }

    fn civil_weekday(&self) -> Weekday {
        Weekday::from_days_from_sunday(self.0.weekday().to_sunday_zero_offset().unsigned_abs().into())
    }

    fn resolve_civil(&self, civil: CivilDateTime) -> Result<Resolution<Self>, CronError> {
        let ambiguous =
            self.0.time_zone().to_ambiguous_zoned_datetime(to_civil_datetime(civil).ok_or(CronError::InvalidDate)?);
        let offset = ambiguous.offset();
        let moment = |found: Result<ZonedDateTime, jiff::Error>| found.map(Self).map_err(|_| CronError::InvalidTime);
        Ok(match offset {
            AmbiguousOffset::Gap { .. } => Resolution::Gap,
            AmbiguousOffset::Unambiguous { .. } => Resolution::Single(moment(ambiguous.unambiguous())?),
            AmbiguousOffset::Fold { .. } => {
                Resolution::Ambiguous(moment(ambiguous.clone().earlier())?, moment(ambiguous.later())?)
            }
        })
    }

    fn checked_add_seconds(&self, seconds: i64) -> Option<Self> {
        self.0.checked_add(SignedDuration::from_secs(seconds)).ok().map(Self)
    }

    fn cmp_instant(&self, other: &Self) -> Ordering {
        self.0.timestamp().cmp(&other.0.timestamp())
    }
}

/// Converts a date and time of croner.
fn to_civil_datetime(civil: CivilDateTime) -> Option<civil::DateTime> {
    let part = |number: u32| i8::try_from(number).ok();
    let (month, day) = (part(civil.month())?, part(civil.day())?);
    let (hour, minute, second) = (part(civil.hour())?, part(civil.minute())?, part(civil.second())?);
    civil::DateTime::new(civil.year().try_into().ok()?, month, day, hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_expressions_with_five_fields_are_valid() {
        for (text, valid) in [
            ("*/20 9-17 * * MON-FRI", true),
            ("0 0 1 JAN *", true),
            ("0 0 * * 7", true),
            ("50/5 * * * *", false),
            ("* * * *", false),
            ("* * * * * *", false),
            ("60 * * * *", false),
            ("3-1 * * * *", false),
            ("*/0 * * * *", false),
            ("x * * * *", false),
            ("", false),
        ] {
            assert_eq!(Cron::parse(text).is_ok(), valid, "{text}");
        }
    }

    #[test]
    fn the_last_occurrence_decides() {
        for (now, text, minutes, expected) in [
            ("2026-03-14T09:30:00[UTC]", "30 9 * * *", 1, true),
            ("2026-03-14T09:30:00[UTC]", "0 9 * * *", 30, false),
            ("2026-03-14T09:30:00[UTC]", "0 9 * * *", 31, true),
            ("2026-03-14T09:30:00[UTC]", "0 10 * * *", 24 * 60, true),
            ("2026-03-14T09:30:30.5[UTC]", "30 9 * * *", 1, true),
            // A Saturday that is not the 1st.
            ("2026-03-14T09:30:00[UTC]", "0 9 1 * 6", 60, true),
            ("2026-03-14T09:30:00[UTC]", "0 9 1 * *", 60, false),
            ("2026-03-14T09:30:00[UTC]", "0 9 30 2 *", 60 * 24 * 400, false),
            // When the clocks change, 2:30 is skipped on the first of these days, and occurs twice on the second.
            ("2026-03-29T03:10:00[Europe/Paris]", "30 1 * * *", 41, true),
            ("2026-03-29T03:10:00[Europe/Paris]", "30 1 * * *", 40, false),
            ("2026-10-25T02:40:00+01:00[Europe/Paris]", "30 * * * *", 11, true),
            ("2026-10-25T02:20:00+01:00[Europe/Paris]", "30 * * * *", 51, true),
            ("2026-10-25T02:20:00+01:00[Europe/Paris]", "30 * * * *", 50, false),
        ] {
            let local: ZonedDateTime = now.parse().unwrap();
            let fired = Cron::parse(text).unwrap().fired_within(&local, SignedDuration::from_mins(minutes));
            assert_eq!(fired, expected, "{now} {text} {minutes}");
        }
    }
}
