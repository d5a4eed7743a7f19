//! Schedules of the variants of scheduled experiments.
//!
//! `startAt` and `endAt` bound one time window. A recurrence repeats the window: every day or week from the first one, or
//! at each occurrence of a cron expression. If one of the bounds is missing, the window is open and does not repeat.

use super::cron::Cron;
use crate::json::lenient;
use jiff::{SignedDuration, Span, Timestamp, ZonedDateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Schedule of a variant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Schedule {
    #[serde(skip_serializing_if = "Option::is_none")]
    start_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurrence: Option<Recurrence>,
    /// Members that the contract does not name.
    #[serde(flatten)]
    extra: Map<String, Value>,
}

/// Repetition of a window. The contract does not declare its members.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Recurrence {
    /// `none`, `daily`, `weekly` or `cron`.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
    cron_expression: Option<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Schedule {
    /// Checks the schedule.
    pub(super) fn check(&self) -> Result<(), String> {
        let (start, end) = self.bounds()?;
        if let (Some(start), Some(end)) = (start, end)
            && start >= end
        {
            return Err("endAt must be after startAt".to_owned());
        }
        let Some(recurrence) = &self.recurrence else { return Ok(()) };
        recurrence.zone()?;
        match recurrence.kind() {
            "none" | "daily" | "weekly" => Ok(()),
            "cron" => recurrence.cron().map(|_| ()),
            other => Err(format!("recurrence.type {other} is not one of none, daily, weekly, cron")),
        }
    }

    /// Returns true if the schedule covers a time.
    pub(super) fn covers(&self, now: Timestamp) -> bool {
        self.try_covers(now).unwrap_or(false)
    }

    /// Returns true if the schedule covers no time from `now` on.
    pub(super) fn has_ended(&self, now: Timestamp) -> bool {
        let is_single = self.recurrence.as_ref().is_none_or(|recurrence| recurrence.kind() == "none");
        is_single && matches!(self.bounds(), Ok((_, Some(end))) if end <= now)
    }

    fn try_covers(&self, now: Timestamp) -> Result<bool, String> {
        let (start, end) = match self.bounds()? {
            (Some(start), Some(end)) => (start, end),
            (start, end) => return Ok(start.is_none_or(|start| start <= now) && end.is_none_or(|end| now < end)),
        };
        if now < start {
            return Ok(false);
        }
        let Some(recurrence) = &self.recurrence else { return Ok(now < end) };
        let zone = recurrence.zone()?;
        let (first, local) = (start.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone));
        let days = match recurrence.kind() {
            "daily" => 1,
            "weekly" => 7,
            "cron" => return Ok(recurrence.cron()?.fired_within(&local, end.duration_since(start))),
            _ => return Ok(now < end),
        };
        Ok(covers_repeated(&first, end.duration_since(start), &local, days).unwrap_or(false))
    }

    fn bounds(&self) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
        let time = |name: &str, text: Option<&String>| {
            let text = text.map(|text| text.parse().map_err(|_| format!("{name} is not a time: {text}")));
            text.transpose()
        };
        Ok((time("startAt", self.start_at.as_ref())?, time("endAt", self.end_at.as_ref())?))
    }
}

impl Recurrence {
    fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("none")
    }

    fn zone(&self) -> Result<TimeZone, String> {
        let name = self.timezone.as_deref().unwrap_or("UTC");
        TimeZone::get(name).map_err(|_| format!("recurrence.timezone {name} is unknown"))
    }

    fn cron(&self) -> Result<Cron, String> {
        let text = self.cron_expression.as_ref().ok_or("recurrence.cronExpression is missing")?;
        Cron::parse(text).map_err(|error| format!("recurrence.cronExpression {text} is invalid: {error}"))
    }
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
        ] {
            let parsed: Schedule = serde_json::from_value(schedule.clone()).unwrap();
            assert_eq!(parsed.covers(now.parse().unwrap()), expected, "{now} {schedule}");
        }
    }
}
