//! The random part of delays between attempts.

use std::{fmt, sync::Arc};

/// Source of random numbers from 0 to below 1, which spread the retries of many clients.
#[derive(Clone)]
pub(crate) struct Jitter(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Jitter {
    pub(crate) fn new(source: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// Returns the next number.
    pub(crate) fn sample(&self) -> f64 {
        (self.0)().clamp(0.0, 1.0)
    }
}

impl Default for Jitter {
    fn default() -> Self {
        Self::new(fastrand::f64)
    }
}

impl fmt::Debug for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jitter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_the_source_are_limited_to_0_and_1() {
        for (number, expected) in [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0), (7.5, 1.0), (-0.5, 0.0)] {
            let jitter = Jitter::new(move || number);
            assert!((jitter.sample() - expected).abs() < f64::EPSILON, "{number}");
            assert_eq!(format!("{jitter:?}"), "Jitter");
        }
    }
}
