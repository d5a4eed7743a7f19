//! What is said on standard error: the spinner, on a terminal only, and lines.

use indicatif::{ProgressBar, ProgressDrawTarget};
use std::{
    io::{self, Write},
    time::Duration,
};

/// Shows `message` with a spinner while `work` goes on.
pub async fn during<T>(message: &'static str, work: impl Future<Output = T>) -> T {
    // indicatif draws nothing by itself when standard error is not a terminal.
    let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message(message);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let output = work.await;
    spinner.finish_and_clear();
    output
}

/// Writes a line to standard error. Nobody may be there to read it, which is no failure.
pub fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
