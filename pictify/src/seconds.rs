//! Durations in messages.

use std::{fmt, time::Duration};

/// Displays a duration in seconds with at most three significant digits, and with its unit: `0.113 s`, `30 s`.
pub(crate) fn seconds(duration: Duration) -> impl fmt::Display {
    Seconds(duration)
}

struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        // Decimal places for three significant digits: 2 from 1 s on, one more for each further zero.
        let places = (0..=11).find(|places| seconds * 10_f64.powi(*places) >= 99.95).unwrap_or(0);
        let text = format!("{seconds:.*}", usize::try_from(places).unwrap_or_default());
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        write!(f, "{text} s")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_at_most_three_significant_digits() {
        for (nanoseconds, text) in [
            (0, "0 s"),
            (1, "0.000000001 s"),
            (113_090_981, "0.113 s"),
            (1_000_000, "0.001 s"),
            (999_900_000, "1 s"),
            (1_250_000_000, "1.25 s"),
            (12_345_678_901, "12.3 s"),
            (99_960_000_000, "100 s"),
            (30_000_000_000, "30 s"),
            (3_600_000_000_000, "3600 s"),
            (3_661_400_000_000, "3661 s"),
        ] {
            assert_eq!(seconds(Duration::from_nanos(nanoseconds)).to_string(), text);
        }
        assert_eq!(seconds(Duration::MAX).to_string(), "18446744073709551616 s");
    }
}
