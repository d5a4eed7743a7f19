//! Output on standard error: messages, and on a terminal a spinner.

use indicatif::{ProgressBar, ProgressDrawTarget};
use std::{
    io::{self, Write},
    time::Duration,
};

/// Shows `message` with a spinner until `work` completes.
pub async fn during<T>(message: &'static str, work: impl Future<Output = T>) -> T {
    // indicatif draws nothing when standard error is not a terminal.
    let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message(message);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let output = work.await;
    spinner.finish_and_clear();
    output
}

/// Writes a line to standard error. Write errors are ignored.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
