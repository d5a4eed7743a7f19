//! How much one evaluation may do, so that no expression runs for ever or takes all memory.

use super::error::Fault;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How long an expression may be, in bytes.
pub(super) const LONGEST: usize = 10_000;

/// How deep parentheses, calls, `?:` and signs may nest. Parsing and evaluating recurse as deep.
pub(super) const DEEPEST: usize = 64;

/// How many units of work a scope has: about one a step, a byte of text read or made, an item looked at.
const WORK: usize = 64 * 1024 * 1024;

/// How many items a list that a function makes may have.
pub(crate) const ITEMS: usize = 100_000;

/// The work that is left.
///
/// What a function makes is paid for before it is made, so this bounds memory as well as time.
#[derive(Debug)]
pub(crate) struct Budget(AtomicUsize);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicUsize::new(WORK))
    }
}

impl Budget {
    /// Pays for some work.
    pub(crate) fn charge(&self, work: usize) -> Result<(), Fault> {
        // One evaluation runs on one thread: nobody else pays between the two.
        let left = self.0.load(Ordering::Relaxed).checked_sub(work);
        self.0.store(left.unwrap_or_default(), Ordering::Relaxed);
        left.map(drop).ok_or_else(|| {
            Fault::limit("The expressions ask for more work than the emulator does in one go: make them shorter")
        })
    }
}
