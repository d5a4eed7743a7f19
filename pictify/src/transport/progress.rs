//! Knowledge about a request that has no response yet: whether any of it may have left.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// The transport does not report, so the request counts as sent.
const UNKNOWN: u8 = 0;
/// The transport has the request, and has not begun to send its body.
const HELD: u8 = 1;
/// The transport has begun to send the body.
const STARTED: u8 = 2;

/// Progress of one request, which the transport reports. It travels with the request as an extension.
///
/// A server cannot execute a request whose body did not begin to arrive. This is the only knowledge about an attempt that
/// is dropped or times out, or whose connection fails in a way that does not show how far it came.
#[derive(Clone, Debug)]
pub(crate) struct SendProgress(Arc<AtomicU8>);

impl Default for SendProgress {
    fn default() -> Self {
        Self(Arc::new(AtomicU8::new(UNKNOWN)))
    }
}

impl SendProgress {
    /// Returns the progress of a request, for its transport. It is of no use if nobody asked for it.
    pub(crate) fn of<B>(request: &http::Request<B>) -> Self {
        request.extensions().get().cloned().unwrap_or_default()
    }

    /// Reports that nothing was sent yet. The transport must report the start.
    pub(crate) fn hold(&self) {
        self.0.store(HELD, Ordering::Release);
    }

    /// Reports that sending begins.
    pub(crate) fn start(&self) {
        self.0.store(STARTED, Ordering::Release);
    }

    /// Returns true if the server cannot have executed the request.
    pub(crate) fn is_certainly_unsent(&self) -> bool {
        self.0.load(Ordering::Acquire) == HELD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_reporting_transport_makes_it_certain_that_nothing_was_sent() {
        let mut request = http::Request::new(());
        let progress = SendProgress::default();
        request.extensions_mut().insert(progress.clone());
        assert!(!progress.is_certainly_unsent(), "before the transport has it");
        SendProgress::of(&request).hold();
        assert!(progress.is_certainly_unsent());
        SendProgress::of(&request).start();
        assert!(!progress.is_certainly_unsent());
    }
}
