//! Cron expressions of five fields: minute, hour, day of the month, month, day of the week.

use jiff::{SignedDuration, ToSpan, ZonedDateTime};

/// How many days are looked back for the last time.
const FARTHEST: usize = 366;

/// An expression that has been read.
#[derive(Clone, Debug)]
pub(super) struct Cron {
    minutes: Vec<i8>,
    hours: Vec<i8>,
    days: Vec<i8>,
    months: Vec<i8>,
    weekdays: Vec<i8>,
    /// As cron has it, of two fields that both name days one is enough.
    either_day: bool,
}

impl Cron {
    pub(super) fn read(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields[..] else { return None };
        // Sunday is 0 and 7.
        let mut week = field(weekdays, 0, 7)?;
        for day in &mut week {
            *day %= 7;
        }
        Some(Self {
            minutes: field(minutes, 0, 59)?,
            hours: field(hours, 0, 23)?,
            days: field(days, 1, 31)?,
            months: field(months, 1, 12)?,
            weekdays: week,
            either_day: !days.starts_with('*') && !weekdays.starts_with('*'),
        })
    }

    /// Whether it has fired in the time before `now`, or does now.
    pub(super) fn fired_within(&self, now: &ZonedDateTime, length: SignedDuration) -> bool {
        let mut day = now.clone();
        for _ in 0..FARTHEST {
            if self.is_day(&day) {
                for hour in self.hours.iter().rev() {
                    for minute in self.minutes.iter().rev() {
                        let Ok(fired) = day.date().at(*hour, *minute, 0, 0).to_zoned_datetime(day.time_zone().clone())
                        else {
                            continue;
                        };
                        if fired <= *now {
                            return now.duration_since(&fired) < length;
                        }
                    }
                }
            }
            match day.checked_sub(1.day()) {
                Ok(before) => day = before,
                Err(_) => return false,
            }
        }
        false
    }

    fn is_day(&self, day: &ZonedDateTime) -> bool {
        let in_month = self.days.contains(&day.day());
        let in_week = self.weekdays.contains(&day.weekday().to_sunday_zero_offset());
        let is_day = if self.either_day { in_month || in_week } else { in_month && in_week };
        is_day && self.months.contains(&day.month())
    }
}

/// The numbers that a field means, in order.
fn field(text: &str, least: i8, most: i8) -> Option<Vec<i8>> {
    let mut numbers = Vec::new();
    for part in text.split(',') {
        let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
        let step = step.map_or(Some(1), |step| step.parse::<u8>().ok().filter(|step| *step > 0))?;
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (least, most),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            // `5/10` is from 5 to the end.
            None if step > 1 => (range.parse().ok()?, most),
            None => (range.parse().ok()?, range.parse().ok()?),
        };
        if from < least || to > most || from > to {
            return None;
        }
        numbers.extend((from..=to).step_by(usize::from(step)));
    }
    numbers.sort_unstable();
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_numbers_ranges_steps_and_lists() {
        for (text, numbers) in [
            ("5", Some(vec![5])),
            ("*/20", Some(vec![0, 20, 40])),
            ("50/5", Some(vec![50, 55])),
            ("1-3,2,58", Some(vec![1, 2, 2, 3, 58])),
            ("60", None),
            ("3-1", None),
            ("*/0", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(field(text, 0, 59), numbers, "{text}");
        }
        assert!(Cron::read("* * * *").is_none());
    }

    #[test]
    fn the_last_time_counts() {
        let now: ZonedDateTime = "2026-03-14T09:30:00[UTC]".parse().unwrap();
        for (text, minutes, expected) in [
            ("30 9 * * *", 1, true),
            ("0 9 * * *", 30, false),
            ("0 9 * * *", 31, true),
            ("0 10 * * *", 24 * 60, true),
            // A Saturday that is not the 1st.
            ("0 9 1 * 6", 60, true),
            ("0 9 1 * *", 60, false),
            ("0 9 30 2 *", 60 * 24 * 400, false),
        ] {
            let fired = Cron::read(text).unwrap().fired_within(&now, SignedDuration::from_mins(minutes));
            assert_eq!(fired, expected, "{text} {minutes}");
        }
    }
}
