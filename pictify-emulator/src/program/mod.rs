//! Program around a server: what it prints, its log, and the signals that stop it.

mod logging;
mod run_log;
mod signals;

use crate::{Options, StartError, emulator::RUN};
use signals::Signals;
use std::io::{self, Write};

/// Runs a server until a signal stops it, as the commands `pictify-emulator` and `pictify emulator` do.
///
/// Prints its URL to standard output, and a line for each request to standard error; [`Options::log`] and `RUST_LOG`
/// change that. With a data folder, the start, the end and failures are also written to `emulator.log` in it. Sets the
/// panic hook and the `tracing` subscriber of the process, so that it is for programs only.
///
/// # Errors
/// [`StartError`]: as [`Options::start`], or if the signals cannot be awaited.
pub async fn run(options: Options) -> Result<(), StartError> {
    let options = options.merged_with_file()?;
    let mut signals = Signals::new().map_err(|source| StartError::Signals { source })?;
    logging::init(options.log.unwrap_or_default(), options.data_dir.as_deref());
    let (opens_page, has_keys) = (options.open, !options.api_keys.is_empty());
    let emulator = options.start().await?;
    let url = emulator.url();
    let page = format!("{}/", reachable(url));
    tracing::info!(target: RUN, version = env!("CARGO_PKG_VERSION"), process = std::process::id(), url, "started");
    // Output errors are ignored: the server also runs when nothing reads its output.
    let key = if has_keys { "KEY" } else { "anything" };
    let _ = writeln!(io::stdout(), "Pictify emulator listening on {url}");
    let _ = writeln!(io::stdout(), "Open {page} in a browser to see renders, templates and requests.");
    let _ = writeln!(io::stdout(), "Use it with PICTIFY_API_KEY={key} PICTIFY_BASE_URL={url}; stop it with Ctrl-C.");
    if opens_page && let Err(error) = open::that_detached(&page) {
        tracing::warn!(%error, "cannot open the page in a browser");
    }
    let signal = signals.next().await;
    tracing::info!(target: RUN, signal, "stopping");
    tokio::select! {
        () = emulator.shutdown() => tracing::info!(target: RUN, "stopped"),
        signal = signals.next() => tracing::warn!(target: RUN, signal, "stopped before all requests had ended"),
    }
    Ok(())
}

/// Returns the URL for a browser on this machine: the address for "all interfaces" is none that a browser can open.
fn reachable(url: &str) -> String {
    url.replace("//0.0.0.0:", "//localhost:").replace("//[::]:", "//localhost:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_url_that_a_browser_can_open() {
        for (url, page) in [
            ("http://127.0.0.1:4040", "http://127.0.0.1:4040"),
            ("http://0.0.0.0:4040", "http://localhost:4040"),
            ("http://[::]:80", "http://localhost:80"),
            ("http://10.0.0.0:4040", "http://10.0.0.0:4040"),
        ] {
            assert_eq!(reachable(url), page);
        }
    }
}
