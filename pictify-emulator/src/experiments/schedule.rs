//! Schedules of the variants of scheduled experiments.
//!
//! `startAt` and `endAt` bound one time window. A recurrence repeats the window: every day or week from the first one, or
//! at each occurrence of a cron expression. If one of the bounds is missing, the window is open and does not repeat.

use super::cron::Cron;
use jiff::{SignedDuration, Span, Timestamp, ZonedDateTime, tz::TimeZone};
use serde_json::Value;

/// Checks a schedule.
pub(crate) fn check(schedule: &Value) -> Result<(), String> {
    let (start, end) = read_bounds(schedule)?;
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

/// Returns true if a schedule covers a time.
pub(crate) fn covers(schedule: &Value, now: Timestamp) -> bool {
    try_covers(schedule, now).unwrap_or(false)
}

/// Returns true if a schedule covers no time from `now` on.
pub(crate) fn has_ended(schedule: &Value, now: Timestamp) -> bool {
    let is_single = matches!(schedule["recurrence"]["type"].as_str(), None | Some("none"));
    is_single && matches!(read_bounds(schedule), Ok((_, Some(end))) if end <= now)
}

fn try_covers(schedule: &Value, now: Timestamp) -> Result<bool, String> {
    if !schedule.is_object() {
        return Ok(false);
    }
    let (start, end) = match read_bounds(schedule)? {
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
    Ok(covers_repeated(&first, end.duration_since(start), &local, days).unwrap_or(false))
}

/// Returns true if a window that repeats every `days` days, at the same local time, covers `now`.
fn covers_repeated(first: &ZonedDateTime, length: SignedDuration, now: &ZonedDateTime, days: i64) -> Option<bool> {
    let passed = first.date().until(now.date()).ok()?.get_days();
    let latest = i64::from(passed) / days * days;
    // A window longer than one interval can have started several intervals ago, but not before the first.
    let covers_now = |ago: i64| {
        let start = first.checked_add(Span::new().try_days(latest - ago * days).ok()?).ok()?;
        Some(start <= *now && now.duration_since(&start) < length)
    };
    let intervals = length.as_hours() / 24 / days + 1;
    Some((0..=intervals.min(latest / days)).any(|ago| covers_now(ago).unwrap_or(false)))
}

fn read_bounds(schedule: &Value) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    let time = |name: &str| match schedule[name].as_str() {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| format!("{name} is not a time: {text}")),
    };
    Ok((time("startAt")?, time("endAt")?))
}

fn zone(recurrence: &Value) -> Result<TimeZone, String> {
    let name = recurrence["timezone"].as_str().unwrap_or("UTC");
    TimeZone::get(name).map_err(|_| format!("recurrence.timezone {name} is unknown"))
}

fn cron(recurrence: &Value) -> Result<Cron, String> {
    let text = recurrence["cronExpression"].as_str().ok_or("recurrence.cronExpression is missing")?;
    Cron::parse(text).map_err(|error| format!("recurrence.cronExpression {text} is invalid: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_window_repeats_at_local_time() {
        // In Paris, daylight saving time starts on 29 March 2026 at 2:00.
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
