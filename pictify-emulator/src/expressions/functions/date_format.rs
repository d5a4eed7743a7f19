//! Functions that write dates and times for people.

use super::{
    super::{
        error::Fault,
        values::{Item, made, shown},
    },
    Arguments, Category, Function,
};
use jiff::{
    Timestamp,
    civil::{Date, DateTime, Time, Weekday},
    fmt::rfc2822,
    tz::Offset,
};
use serde_json::Value;
use std::fmt::Write;

type Outcome<'a> = Result<Item<'a>, Fault>;

pub(super) const TABLE: &[Function] = &[
    Function::new(
        Category::Format,
        "date(value, pattern)",
        (2, 2),
        date,
        "A date in a pattern such as MMMM D, YYYY; the value is a date as text or milliseconds since 1970. Times are UTC.",
    ),
    Function::new(
        Category::Format,
        "time(value)",
        (1, 1),
        |arguments| Ok(made(formatted(moment(arguments)?, "h:mm A"))),
        "The time of day, as in 2:05 PM; the value is as in date, or a time. Times are UTC.",
    ),
];

fn date<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let moment = moment(arguments)?;
    let pattern = arguments.text(1)?;
    // `MMMM` becomes at most nine letters, `M` two.
    arguments.budget.charge(pattern.len().saturating_mul(3))?;
    Ok(made(formatted(moment, &pattern)))
}

fn moment(arguments: &Arguments<'_, '_>) -> Result<DateTime, Fault> {
    let value = arguments.get(0);
    let moment = match value {
        Some(Value::Number(milliseconds)) => milliseconds.as_f64().and_then(from_milliseconds),
        Some(Value::String(text)) => from_text(text.trim()),
        _ => None,
    };
    let wanted = "write it as 2026-01-29, as 2026-01-29T10:30:00Z, or as milliseconds since 1970";
    moment.ok_or_else(|| arguments.fault(&format!("{} is no date: {wanted}", shown(value))))
}

fn from_milliseconds(milliseconds: f64) -> Option<DateTime> {
    #[allow(clippy::cast_possible_truncation, reason = "a number that is out of range becomes the nearest")]
    let timestamp = Timestamp::from_millisecond(milliseconds as i64).ok()?;
    Some(Offset::UTC.to_datetime(timestamp))
}

/// What ISO 8601, the mail standard and people write. A time with an offset is brought to UTC.
fn from_text(text: &str) -> Option<DateTime> {
    const LONGEST: usize = 64;
    if text.len() > LONGEST {
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

/// The longest row of each letter that means something, as in day.js.
const TOKENS: &[(char, usize)] = &[
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

fn formatted(moment: DateTime, pattern: &str) -> String {
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        // What stands in brackets stays as it is.
        if let Some((kept, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            text.push_str(kept);
            rest = after;
            continue;
        }
        let most = TOKENS.iter().find(|(letter, _)| *letter == first).map_or(0, |(_, most)| *most);
        let count = rest.chars().take(most).take_while(|letter| *letter == first).count();
        let length = if count == 0 { first.len_utf8() } else { count };
        let (token, after) = rest.split_at(length);
        if !write_token(&mut text, token, moment) {
            text.push_str(token);
        }
        rest = after;
    }
    text
}

/// Writes what a token means; nothing when it means nothing.
fn write_token(text: &mut String, token: &str, moment: DateTime) -> bool {
    let month = moment.strftime("%B").to_string();
    let weekday = moment.strftime("%A").to_string();
    let hour = (moment.hour() + 11) % 12 + 1;
    let half = if moment.hour() < 12 { "AM" } else { "PM" };
    let written = match token {
        "YYYY" => write!(text, "{:04}", moment.year()),
        "YY" => write!(text, "{:02}", moment.year().rem_euclid(100)),
        "MMMM" => write!(text, "{month}"),
        "MMM" => write!(text, "{}", &month[..3]),
        "MM" => write!(text, "{:02}", moment.month()),
        "M" => write!(text, "{}", moment.month()),
        "DD" => write!(text, "{:02}", moment.day()),
        "D" => write!(text, "{}", moment.day()),
        "dddd" => write!(text, "{weekday}"),
        "ddd" => write!(text, "{}", &weekday[..3]),
        "dd" => write!(text, "{}", &weekday[..2]),
        "d" => write!(text, "{}", Weekday::to_sunday_zero_offset(moment.weekday())),
        "HH" => write!(text, "{:02}", moment.hour()),
        "H" => write!(text, "{}", moment.hour()),
        "hh" => write!(text, "{hour:02}"),
        "h" => write!(text, "{hour}"),
        "mm" => write!(text, "{:02}", moment.minute()),
        "m" => write!(text, "{}", moment.minute()),
        "ss" => write!(text, "{:02}", moment.second()),
        "s" => write!(text, "{}", moment.second()),
        "SSS" => write!(text, "{:03}", moment.millisecond()),
        "A" => write!(text, "{half}"),
        "a" => write!(text, "{}", half.to_lowercase()),
        "ZZ" => write!(text, "+0000"),
        "Z" => write!(text, "+00:00"),
        _ => return false,
    };
    written.is_ok()
}
