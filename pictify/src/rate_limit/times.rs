//! Times in headers, in the formats that servers use.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Reads an HTTP date in each of its three formats (RFC 9110), or an ISO 8601 date.
pub(crate) fn read_date(text: &str) -> Option<SystemTime> {
    let timestamp = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let timestamp = timestamp.or_else(|| text.parse().ok()).or_else(|| obsolete_date(text));
    SystemTime::try_from(timestamp?).ok()
}

/// Reads the formats of RFC 850 (`Tuesday, 04-Aug-26 09:15:37 GMT`) and of asctime (`Tue Aug  4 09:15:37 2026`).
fn obsolete_date(text: &str) -> Option<jiff::Timestamp> {
    let words: Vec<_> = text.split_ascii_whitespace().collect();
    let (day, month, year, time) = match words[..] {
        [_, date, time, "GMT" | "UTC"] => {
            let mut parts = date.split('-');
            let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?.parse::<u16>().ok()?);
            // Two digits mean a year of at most half a century from now.
            (
                day,
                month,
                if year < 70 {
                    year + 2000
                } else if year < 100 {
                    year + 1900
                } else {
                    year
                },
                time,
            )
        }
        [_, month, day, time, year] => (day, month, year.parse().ok()?, time),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? + 1;
    format!("{year:04}-{month:02}-{:02}T{time}Z", day.parse::<u8>().ok()?).parse().ok()
}

/// Reads the end of a window: seconds, milliseconds or smaller parts since 1970, a date, or the seconds from now.
pub(crate) fn read_reset(text: &str, now: SystemTime) -> Option<SystemTime> {
    let text = text.trim();
    let Ok(number) = text.parse::<f64>() else { return read_date(text) };
    // Each unit has numbers of its own: in seconds, these are the years 1970 to 2001 and 2001 to 5138.
    let (start, unit) = match number {
        _ if number < 1e9 => (now, 1.0),
        _ if number < 1e11 => (UNIX_EPOCH, 1.0),
        _ if number < 1e14 => (UNIX_EPOCH, 1e3),
        _ if number < 1e17 => (UNIX_EPOCH, 1e6),
        _ if number < 1e20 => (UNIX_EPOCH, 1e9),
        _ => return None,
    };
    start.checked_add(Duration::try_from_secs_f64(number / unit).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_is_read_in_all_units_and_formats() {
        let now = UNIX_EPOCH + Duration::from_secs(1_785_834_927); // Tue, 04 Aug 2026 09:15:27 GMT
        for (text, expected) in [
            ("1785834932", Some(5.0)),
            (" 1785834932.5 ", Some(5.5)),
            ("1785834932000", Some(5.0)),
            ("1785834932250", Some(5.25)),
            ("1785834932000000", Some(5.0)),
            ("1785834932000000000", Some(5.0)),
            ("30", Some(30.0)),
            ("0", Some(0.0)),
            ("2026-08-04T09:15:37Z", Some(10.0)),
            ("2026-08-04T11:15:37.500+02:00", Some(10.5)),
            ("Tue, 04 Aug 2026 09:15:37 GMT", Some(10.0)),
            ("Tuesday, 04-Aug-26 09:15:37 GMT", Some(10.0)),
            ("Tue Aug  4 09:15:37 2026", Some(10.0)),
            ("1785834900", Some(-27.0)),
            ("-5", None),
            ("NaN", None),
            ("inf", None),
            ("1e300", None),
            ("99999999999999999999", None),
            ("soon", None),
            ("", None),
        ] {
            let reset = read_reset(text, now).map(|reset| match reset.duration_since(now) {
                Ok(later) => later.as_secs_f64(),
                Err(earlier) => -earlier.duration().as_secs_f64(),
            });
            let is_near = match (reset, expected) {
                (Some(reset), Some(expected)) => (reset - expected).abs() < 0.001,
                (reset, expected) => reset.is_none() && expected.is_none(),
            };
            assert!(is_near, "{text}: {reset:?}");
        }
    }

    #[test]
    fn a_date_that_is_none_is_not_read() {
        for text in [
            "Tuesday, 04-Aug-26 09:15:37 PST",
            "Tuesday, 04-Foo-26 09:15:37 GMT",
            "Tuesday, 99-Aug-26 09:15:37 GMT",
            "Tuesday, Aug 09:15:37 GMT",
            "Tue Aug 4 25:15:37 2026",
            "Tue Aug 4 2026",
            "é é é é é",
        ] {
            assert_eq!(read_date(text), None, "{text}");
        }
        let past = read_date("Sunday, 06-Nov-94 08:49:37 GMT").unwrap();
        assert_eq!(past.duration_since(UNIX_EPOCH).unwrap().as_secs(), 784_111_777);
    }
}
