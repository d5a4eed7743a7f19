//! When a variant of a scheduled experiment is shown.
//!
//! `startAt` and `endAt` are one showing. A recurrence repeats it: each day or week from the first on, or each time that
//! a cron expression says. Without both bounds there is nothing to repeat, and the bound that is there decides.

use super::cron::Cron;
use jiff::{SignedDuration, Span, Timestamp, ZonedDateTime, tz::TimeZone};
use serde_json::Value;

/// What is wrong with a schedule.
pub(crate) fn check(schedule: &Value) -> Result<(), String> {
    let (start, end) = bounds(schedule)?;
    if let (Some(start), Some(end)) = (start, end)
        && start >= end
    {
        return Err("endAt must be after startAt".to_owned());
    }
    let recurrence = &schedule["recurrence"];
    zone(recurrence)?;
    match recurrence["type"].as_str().unwrap_or("none") {
        "none" | "daily" | "weekly" => Ok(()),
        "cron" => cron(recurrence).map(|_| ()),
        other => Err(format!("recurrence.type {other} is not one of none, daily, weekly, cron")),
    }
}

/// Whether a schedule covers a time.
pub(crate) fn covers(schedule: &Value, now: Timestamp) -> bool {
    try_covers(schedule, now).unwrap_or(false)
}

/// Whether a schedule will never cover a time again.
pub(crate) fn is_over(schedule: &Value, now: Timestamp) -> bool {
    let once = matches!(schedule["recurrence"]["type"].as_str(), None | Some("none"));
    once && matches!(bounds(schedule), Ok((_, Some(end))) if end <= now)
}

fn try_covers(schedule: &Value, now: Timestamp) -> Result<bool, String> {
    if !schedule.is_object() {
        return Ok(false);
    }
    let (start, end) = match bounds(schedule)? {
        (Some(start), Some(end)) => (start, end),
        (start, end) => return Ok(start.is_none_or(|start| start <= now) && end.is_none_or(|end| now < end)),
    };
    if now < start {
        return Ok(false);
    }
    let recurrence = &schedule["recurrence"];
    let zone = zone(recurrence)?;
    let (first, local) = (start.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone));
    let days = match recurrence["type"].as_str().unwrap_or("none") {
        "daily" => 1,
        "weekly" => 7,
        "cron" => return Ok(cron(recurrence)?.fired_within(&local, end.duration_since(start))),
        _ => return Ok(now < end),
    };
    Ok(repeats(&first, end.duration_since(start), &local, days).unwrap_or(false))
}

/// Whether a showing that begins every so many days at the same hour of the clock covers a time.
fn repeats(first: &ZonedDateTime, length: SignedDuration, now: &ZonedDateTime, days: i64) -> Option<bool> {
    let passed = first.date().until(now.date()).ok()?.get_days();
    let latest = i64::from(passed) / days * days;
    // A showing of some days may have begun more than one turn ago; before the first there is none.
    let begins = |ago: i64| {
        let begun = first.checked_add(Span::new().try_days(latest - ago * days).ok()?).ok()?;
        Some(begun <= *now && now.duration_since(&begun) < length)
    };
    let turns = length.as_hours() / 24 / days + 1;
    Some((0..=turns.min(latest / days)).any(|ago| begins(ago).unwrap_or(false)))
}

fn bounds(schedule: &Value) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    let time = |name: &str| match schedule[name].as_str() {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| format!("{name} is no time: {text}")),
    };
    Ok((time("startAt")?, time("endAt")?))
}

fn zone(recurrence: &Value) -> Result<TimeZone, String> {
    let name = recurrence["timezone"].as_str().unwrap_or("UTC");
    TimeZone::get(name).map_err(|_| format!("recurrence.timezone {name} is not known"))
}

fn cron(recurrence: &Value) -> Result<Cron, String> {
    let text = recurrence["cronExpression"].as_str().ok_or("recurrence.cronExpression is missing")?;
    Cron::read(text).map_err(|error| format!("recurrence.cronExpression cannot be read: {text}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_showing_repeats_by_the_clock_of_its_place() {
        // In Paris the clocks go forward on 29 March 2026 at 2.
        let bounds = |kind: &str| {
            json!({"startAt": "2026-03-14T00:00:00+01:00", "endAt": "2026-03-16T00:00:00+01:00",
                "recurrence": {"type": kind, "cronExpression": "0 0 * * 6", "timezone": "Europe/Paris"}})
        };
        let hour = |kind: &str| {
            json!({"startAt": "2026-03-14T09:00:00+01:00", "endAt": "2026-03-14T10:00:00+01:00",
                "recurrence": {"type": kind, "timezone": "Europe/Paris"}})
        };
        for (schedule, now, expected) in [
            (bounds("none"), "2026-03-13T22:59:59Z", false),
            (bounds("none"), "2026-03-13T23:00:00Z", true),
            (bounds("none"), "2026-03-15T23:00:00Z", false),
            (bounds("weekly"), "2026-03-22T22:00:00Z", true),
            (bounds("weekly"), "2026-03-24T00:00:00Z", false),
            (bounds("cron"), "2026-04-04T12:00:00Z", true),
            (bounds("cron"), "2026-04-05T21:59:59Z", true),
            (bounds("cron"), "2026-04-05T22:00:00Z", false),
            (bounds("cron"), "2026-03-07T12:00:00Z", false),
            (hour("daily"), "2026-03-28T08:30:00Z", true),
            (hour("daily"), "2026-03-30T08:30:00Z", false),
            (hour("daily"), "2026-03-30T07:30:00Z", true),
            (hour("weekly"), "2026-04-04T07:30:00Z", true),
            (hour("weekly"), "2026-04-03T07:30:00Z", false),
            (json!({"endAt": "2026-03-14T00:00:00Z"}), "2020-01-01T00:00:00Z", true),
            (json!({"startAt": "2026-03-14T00:00:00Z"}), "2020-01-01T00:00:00Z", false),
            (Value::Null, "2026-03-14T00:00:00Z", false),
        ] {
            assert_eq!(covers(&schedule, now.parse().unwrap()), expected, "{now} {schedule}");
        }
    }
}
