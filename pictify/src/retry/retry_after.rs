//! The delay before a retry that a response asks for, in all its formats.

use crate::{
    error::ErrorDetails,
    rate_limit::{read_date, read_reset},
};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::time::{Duration, SystemTime};

/// Returns the delay that the service stated: from the `Retry-After` header (seconds, whole or decimal, or an HTTP
/// date); else from the body; else, if no requests remain in the window, from the time in `X-RateLimit-Reset`. Dates
/// may have any format that HTTP had.
pub(crate) fn retry_after_of(headers: &HeaderMap, details: &ErrorDetails, now: SystemTime) -> Option<Duration> {
    header(headers, RETRY_AFTER.as_str())
        .and_then(|text| retry_after(text, now))
        .or_else(|| details.retry_after())
        .or_else(|| rate_limit_reset(headers, now))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    // A date in the past means an immediate retry.
    Some(read_date(text)?.duration_since(now).unwrap_or_default())
}

fn rate_limit_reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let remaining = header(headers, "x-ratelimit-remaining").and_then(|text| text.parse::<u64>().ok());
    if remaining.is_some_and(|remaining| remaining > 0) {
        return None;
    }
    read_reset(header(headers, "x-ratelimit-reset")?, now)?.duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use reqwest::StatusCode;
    use std::time::UNIX_EPOCH;

    #[test]
    fn a_stated_delay_is_read_in_all_its_formats() {
        let now = UNIX_EPOCH + Duration::from_secs(1_785_834_927); // Tue, 04 Aug 2026 09:15:27 GMT
        for (headers, body, expected) in [
            (&[("retry-after", "30")][..], "", Some(30.0)),
            (&[("Retry-After", " 0.5 ")], "", Some(0.5)),
            (&[("retry-after", "Tue, 04 Aug 2026 09:15:37 GMT")], "", Some(10.0)),
            (&[("retry-after", "Mon, 03 Aug 2026 09:15:37 GMT")], "", Some(0.0)),
            (&[("retry-after", "Tuesday, 04-Aug-26 09:15:37 GMT")], "", Some(10.0)),
            (&[("retry-after", "Tue Aug  4 09:15:37 2026")], "", Some(10.0)),
            (&[("retry-after", "2026-08-04T09:15:37Z")], "", Some(10.0)),
            (&[("retry-after", "Sunday, 06-Nov-94 08:49:37 GMT")], "", Some(0.0)),
            (&[("x-ratelimit-reset", "1785834932000")], "", Some(5.0)),
            (&[("x-ratelimit-reset", "2026-08-04T09:15:37Z"), ("x-ratelimit-remaining", "0")], "", Some(10.0)),
            (&[("x-ratelimit-reset", "1785834000000")], "", None),
            (&[("retry-after", "soon")], r#"{"retryAfter": 7}"#, Some(7.0)),
            (&[("retry-after", "-3")], r#"{"retry_after": 8}"#, Some(8.0)),
            (&[("retry-after", "3")], r#"{"retryAfter": 7}"#, Some(3.0)),
            (&[("retry-after", "NaN")], "", None),
            (&[("retry-after", "1e99")], "", None),
            (&[("x-ratelimit-reset", "1785834932")], "", Some(5.0)),
            (&[("x-ratelimit-reset", "1785834932"), ("x-ratelimit-remaining", "0")], "", Some(5.0)),
            (&[("x-ratelimit-reset", "1785834932"), ("x-ratelimit-remaining", "4")], "", None),
            (&[("x-ratelimit-reset", "1785834000")], "", None),
            (&[("x-ratelimit-reset", "99999999999999999999")], "", None),
            (&[], "", None),
        ] {
            let map = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            let body = Bytes::from_static(body.as_bytes());
            let details = ErrorDetails::read(StatusCode::TOO_MANY_REQUESTS, &map, &body);
            let delay = retry_after_of(&map, &details, now).map(|delay| delay.as_secs_f64());
            assert_eq!(delay, expected, "{headers:?}");
        }
    }
}
