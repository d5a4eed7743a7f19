//! The spinner: on a terminal only, and never on standard output.

use indicatif::{ProgressBar, ProgressDrawTarget};
use std::time::Duration;

/// Shows `message` with a spinner while `work` goes on.
pub async fn during<T>(message: &'static str, work: impl Future<Output = T>) -> T {
    // indicatif draws nothing by itself when standard error is not a terminal.
    let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message(message);
    spinner.enable_steady_tick(Duration::from_millis(100));
    let output = work.await;
    spinner.finish_and_clear();
    output
}
