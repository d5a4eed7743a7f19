//! Functions that format dates and times.

use super::{
    super::{
        error::UnlocatedError,
        values::{computed, describe},
    },
    Arguments, Category, Function, FunctionResult,
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time, Weekday},
    fmt::rfc2822,
    tz::Offset,
};
use serde_json::Value;
use std::fmt::Write;

pub(super) const TABLE: &[Function] = &[
    Function::new(
        Category::Format,
        "date(value, pattern?)",
        (1, 2),
        date,
        "A date formatted with a pattern such as MMMM D, YYYY, or in the style short or long; the value is a date as text or milliseconds since 1970. Times are UTC.",
    ),
    Function::new(
        Category::Format,
        "time(value)",
        (1, 1),
        |arguments| Ok(computed(format_datetime(read_datetime(arguments)?, "h:mm A"))),
        "The time of day, as in 2:05 PM; the value is the same as for date, or a time. Times are UTC.",
    ),
];

fn date<'a>(arguments: &mut Arguments<'a, '_>) -> FunctionResult<'a> {
    let datetime = read_datetime(arguments)?;
    let pattern = arguments.text_or(1, "short")?;
    // `MMMM` expands to at most nine letters, `M` to two.
    arguments.fuel.consume(pattern.len().saturating_mul(3))?;
    let pattern = STYLES.iter().find(|(name, _)| *name == pattern).map_or(&*pattern, |(_, pattern)| *pattern);
    Ok(computed(format_datetime(datetime, pattern)))
}

/// Named styles of dates, and their patterns.
const STYLES: [(&str, &str); 2] = [("short", "MMM D, YYYY"), ("long", "MMMM D, YYYY")];

/// Reads the first argument as a date, in UTC.
fn read_datetime(arguments: &Arguments<'_, '_>) -> Result<DateTime, UnlocatedError> {
    let value = arguments.get(0);
    let datetime = match value {
        Some(Value::Number(milliseconds)) => milliseconds.as_f64().and_then(parse_milliseconds),
        Some(Value::String(text)) => parse_text(text.trim()),
        _ => None,
    };
    let hint = "write it as 2026-01-29, as 2026-01-29T10:30:00Z, or as milliseconds since 1970";
    datetime.ok_or_else(|| arguments.error(&format!("{} is not a date: {hint}", describe(value))))
}

fn parse_milliseconds(milliseconds: f64) -> Option<DateTime> {
    #[allow(clippy::cast_possible_truncation, reason = "a number that is out of range becomes the nearest integer")]
    let timestamp = Timestamp::from_millisecond(milliseconds as i64).ok()?;
    Some(Offset::UTC.to_datetime(timestamp))
}

/// Parses ISO 8601, RFC 2822 and common written dates. A time with an offset is converted to UTC.
fn parse_text(text: &str) -> Option<DateTime> {
    const MAX_DATE_BYTES: usize = 64;
    if text.len() > MAX_DATE_BYTES {
        return None;
    }
    let utc = |timestamp: Timestamp| Offset::UTC.to_datetime(timestamp);
    let patterns = ["%Y-%m-%d", "%Y/%m/%d", "%m/%d/%Y", "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y"];
    text.parse::<Timestamp>().ok().map(utc).or_else(|| {
        text.parse::<DateTime>()
            .ok()
            .or_else(|| rfc2822::parse(text).ok().map(|zoned| utc(zoned.timestamp())))
            .or_else(|| patterns.iter().find_map(|pattern| Date::strptime(pattern, text).ok()).map(Date::into))
            .or_else(|| text.parse::<Time>().ok().map(|time| Date::constant(1970, 1, 1).to_datetime(time)))
    })
}

/// Pattern letters, with the maximum length of a token of each, as in day.js.
const PATTERN_LETTERS: &[(char, usize)] = &[
    ('Y', 4),
    ('M', 4),
    ('D', 2),
    ('d', 4),
    ('H', 2),
    ('h', 2),
    ('m', 2),
    ('s', 2),
    ('S', 3),
    ('A', 1),
    ('a', 1),
    ('Z', 2),
];

fn format_datetime(datetime: DateTime, pattern: &str) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        // Text in brackets is copied unchanged.
        if let Some((literal, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            text.push_str(literal);
            rest = after;
            continue;
        }
        let max = PATTERN_LETTERS.iter().find(|(letter, _)| *letter == first).map_or(0, |(_, max)| *max);
        let count = rest.chars().take(max).take_while(|letter| *letter == first).count();
        let length = if count == 0 { first.len_utf8() } else { count };
        let (token, after) = rest.split_at(length);
        if !write_token(&mut text, token, datetime) {
            text.push_str(token);
        }
        rest = after;
    }
    text
}

/// Writes the value of a token. Returns false if the token is not known.
fn write_token(text: &mut String, token: &str, datetime: DateTime) -> bool {
    let month = datetime.strftime("%B").to_string();
    let weekday = datetime.strftime("%A").to_string();
    let hour = (datetime.hour() + 11) % 12 + 1;
    let half = if datetime.hour() < 12 { "AM" } else { "PM" };
    let written = match token {
        "YYYY" => write!(text, "{:04}", datetime.year()),
        "YY" => write!(text, "{:02}", datetime.year().rem_euclid(100)),
        "MMMM" => write!(text, "{month}"),
        "MMM" => write!(text, "{}", &month[..3]),
        "MM" => write!(text, "{:02}", datetime.month()),
        "M" => write!(text, "{}", datetime.month()),
        "DD" => write!(text, "{:02}", datetime.day()),
        "D" => write!(text, "{}", datetime.day()),
        "dddd" => write!(text, "{weekday}"),
        "ddd" => write!(text, "{}", &weekday[..3]),
        "dd" => write!(text, "{}", &weekday[..2]),
        "d" => write!(text, "{}", Weekday::to_sunday_zero_offset(datetime.weekday())),
        "HH" => write!(text, "{:02}", datetime.hour()),
        "H" => write!(text, "{}", datetime.hour()),
        "hh" => write!(text, "{hour:02}"),
        "h" => write!(text, "{hour}"),
        "mm" => write!(text, "{:02}", datetime.minute()),
        "m" => write!(text, "{}", datetime.minute()),
        "ss" => write!(text, "{:02}", datetime.second()),
        "s" => write!(text, "{}", datetime.second()),
        "SSS" => write!(text, "{:03}", datetime.millisecond()),
        "A" => write!(text, "{half}"),
        "a" => write!(text, "{}", half.to_lowercase()),
        "ZZ" => write!(text, "+0000"),
        "Z" => write!(text, "+00:00"),
        _ => return false,
    };
    written.is_ok()
}
