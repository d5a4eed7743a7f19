//! Limits on the work and memory of one evaluation, so that every expression ends.

use super::error::UnlocatedError;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Maximum length of an expression, in bytes.
pub(super) const MAX_EXPRESSION_BYTES: usize = 10_000;

/// Maximum nesting depth of parentheses, calls, `?:` and signs. Parsing and evaluating recurse to the same depth.
pub(super) const MAX_NESTING_DEPTH: usize = 64;

/// Initial fuel of a scope. One unit is about one step, one byte of text read or made, or one item visited.
const INITIAL_FUEL: usize = 64 * 1024 * 1024;

/// Maximum number of items of an array that a function creates.
pub(crate) const MAX_ARRAY_ITEMS: usize = 100_000;

/// Fuel that is left for an evaluation.
///
/// A function consumes fuel for its result before it creates the result. This bounds memory as well as time.
#[derive(Debug)]
pub(crate) struct Fuel(AtomicUsize);

impl Default for Fuel {
    fn default() -> Self {
        Self(AtomicUsize::new(INITIAL_FUEL))
    }
}

impl Fuel {
    /// Consumes fuel.
    ///
    /// # Errors
    /// When less than `amount` is left.
    pub(crate) fn consume(&self, amount: usize) -> Result<(), UnlocatedError> {
        // One evaluation runs on one thread, so the load and the store need not be one atomic operation.
        let left = self.0.load(Ordering::Relaxed).checked_sub(amount);
        self.0.store(left.unwrap_or_default(), Ordering::Relaxed);
        left.map(drop).ok_or_else(|| {
            UnlocatedError::limit("The expressions exceed the work limit of the emulator: make them shorter")
        })
    }
}
